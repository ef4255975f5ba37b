"""The two forms of the inventory, each with the numbers that its questions state.

The machines are made up and have round numbers, so that each question is answered in the head. No question shares a number with
its twin. A form is a lab, as a system of an exam is one: so every learner, before and after, is asked for the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lessonlib.roofline import DEFAULT_LAB, Lab, load_lab


@dataclass(frozen=True)
class Figures:
    """What the questions of one form state. Sizes in bytes, times in seconds, rates a second; the names begin with the question's.

    machine_*: one model of so many parameters, two bytes each, on one GPU with that bandwidth and that peak. ratio_*: how many times.
    """

    ceiling_parameters: float
    ceiling_bandwidth: float
    ceiling_peak: float
    machine_parameters: float
    machine_bandwidth: float
    machine_peak: float
    text_tokens: int
    answer_tokens: int
    batch_users: int
    bits_text_tokens: int
    room_memory: float
    room_model: float
    room_ratio: int
    context_model: float
    context_conversations: float
    context_ratio: int
    arrivals_a_minute: int
    stay: float
    stay_tokens: int
    night_rate: int
    night_ratio: int
    stall_users: int
    stall_tokens: int
    guessed: int
    brought: float
    noon_users: int


GB, TB, TERA, BILLION = 1e9, 1e12, 1e12, 1e9

FORM_A = Figures(
    ceiling_parameters=10 * BILLION,
    ceiling_bandwidth=2 * TB,
    ceiling_peak=400 * TERA,
    machine_parameters=20 * BILLION,
    machine_bandwidth=2 * TB,
    machine_peak=400 * TERA,
    text_tokens=3_000,
    answer_tokens=300,
    batch_users=8,
    bits_text_tokens=2_000,
    room_memory=60 * GB,
    room_model=40 * GB,
    room_ratio=2,
    context_model=20 * GB,
    context_conversations=20 * GB,
    context_ratio=2,
    arrivals_a_minute=240,
    stay=15,
    stay_tokens=300,
    night_rate=300,
    night_ratio=2,
    stall_users=20,
    stall_tokens=12_000,
    guessed=4,
    brought=2.2,
    noon_users=400,
)
FORM_B = Figures(
    ceiling_parameters=30 * BILLION,
    ceiling_bandwidth=4.2 * TB,
    ceiling_peak=900 * TERA,
    machine_parameters=12 * BILLION,
    machine_bandwidth=3 * TB,
    machine_peak=600 * TERA,
    text_tokens=6_000,
    answer_tokens=750,
    batch_users=16,
    bits_text_tokens=4_000,
    room_memory=45 * GB,
    room_model=30 * GB,
    room_ratio=3,
    context_model=30 * GB,
    context_conversations=15 * GB,
    context_ratio=3,
    arrivals_a_minute=90,
    stay=20,
    stay_tokens=400,
    night_rate=250,
    night_ratio=3,
    stall_users=50,
    stall_tokens=18_000,
    guessed=3,
    brought=1.9,
    noon_users=500,
)


@dataclass(frozen=True)
class FormLab(Lab):
    """A form as a lab: its figures. Name and system are those of the default lab, so that a record of it is found by whoever knows
    the course's labs; no question asks of that system.
    """

    figures: Figures = FORM_A

    def __hash__(self) -> int:
        return hash(self.figures)


@cache
def _form(title: str, figures: Figures) -> FormLab:
    base = load_lab(DEFAULT_LAB)
    return FormLab(base.name, title, base.system, base.prompt, base.context, base.gpus_in_lab, figures=figures)


def form_a(lab: Lab) -> Lab:
    """The lab of form A, whatever the learner's is."""
    return _form("the machines of form A, the same for everybody", FORM_A)


def form_b(lab: Lab) -> Lab:
    """The lab of form B, whatever the learner's is."""
    return _form("the machines of form B, the same for everybody", FORM_B)


def figures_of(lab: Lab) -> Figures:
    """What the questions state on a form's lab; on any other lab what form A states."""
    return lab.figures if isinstance(lab, FormLab) else FORM_A
