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
    link_*: what two GPUs exchange in a step, for each token of it. turns_*: requests a minute. inside_*: requests a second.
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
    context_model: float
    context_conversations: float
    context_ratio: int
    night_rate: int
    night_ratio: int
    stall_users: int
    stall_tokens: int
    guessed: int
    brought: float
    noon_users: int
    link_messages: int
    link_payload: float
    link_wait: float
    link_before: float
    link_after: float
    link_text_tokens: int
    experts: int
    experts_a_token: int
    experts_users: int
    turns_servers: int
    turns_arrivals: int
    turns_served: int
    turns_minutes: int
    turns_usual: int
    inside_arrivals: int
    inside_servers: int
    inside_stay: float
    inside_stay_with_more: float


KB, GB, TB, TERA, BILLION = 1e3, 1e9, 1e12, 1e12, 1e9

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
    context_model=20 * GB,
    context_conversations=20 * GB,
    context_ratio=2,
    night_rate=300,
    night_ratio=2,
    stall_users=20,
    stall_tokens=12_000,
    guessed=4,
    brought=2.2,
    noon_users=400,
    link_messages=96,
    link_payload=10 * KB,
    link_wait=10e-6,
    link_before=70 * GB,
    link_after=7 * GB,
    link_text_tokens=4_000,
    experts=80,
    experts_a_token=8,
    experts_users=60,
    turns_servers=4,
    turns_arrivals=240,
    turns_served=80,
    turns_minutes=10,
    turns_usual=5,
    inside_arrivals=4,
    inside_servers=2,
    inside_stay=15,
    inside_stay_with_more=10,
)
FORM_B = Figures(
    ceiling_parameters=5 * BILLION,
    ceiling_bandwidth=3 * TB,
    ceiling_peak=600 * TERA,
    machine_parameters=12 * BILLION,
    machine_bandwidth=3 * TB,
    machine_peak=600 * TERA,
    text_tokens=6_000,
    answer_tokens=750,
    batch_users=16,
    context_model=30 * GB,
    context_conversations=15 * GB,
    context_ratio=3,
    night_rate=250,
    night_ratio=3,
    stall_users=50,
    stall_tokens=18_000,
    guessed=3,
    brought=1.9,
    noon_users=500,
    link_messages=80,
    link_payload=8 * KB,
    link_wait=12e-6,
    link_before=90 * GB,
    link_after=9 * GB,
    link_text_tokens=9_000,
    experts=120,
    experts_a_token=6,
    experts_users=90,
    turns_servers=3,
    turns_arrivals=270,
    turns_served=120,
    turns_minutes=5,
    turns_usual=4,
    inside_arrivals=6,
    inside_servers=3,
    inside_stay=12,
    inside_stay_with_more=8,
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
