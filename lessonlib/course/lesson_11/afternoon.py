"""One afternoon of the case: the same requests, at the same moments, on seven machines, and what the log of each says.

The requests are the team's kind (19 to 47 prompt tokens for each written one), 0.52 a second on average, with no beginning in
common. Seconds of a step are the engine's expected ones, of one machine those of perfect software: computed, not measured.
None of it depends on the learner's lab.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.base.versions import vllm
from lessonlib.roofline import DEFAULT_LAB, Lab, System, load_gpu, load_lab
from lessonlib.serving import Result, Scheduler, Telemetry, preset, simulate
from lessonlib.serving.results.log_lines import rates

REQUESTS, RATE, SEED = 600, 0.52, 3
_SCHEDULER = Scheduler(prefix_caching=False)


def line_s() -> float:
    """Seconds that one line of the log is about."""
    return vllm().log_every_s


@dataclass(frozen=True)
class Machine:
    """letter: what the logs call it. title: what it is. cost: whose seconds its steps take, as `simulate` has it."""

    letter: str
    title: str
    system: System
    cost: str = "expected"


def case_system() -> System:
    """The hardware of the report as the default lab reads it: two H100 SXM in bf16."""
    return load_lab(DEFAULT_LAB).system


@lru_cache(maxsize=1)
def machines() -> tuple[Machine, ...]:
    """All seven, in the order of their letters."""
    base = case_system()
    return (
        Machine("A", "two H100 SXM", base),
        Machine("B", "two H100 PCIe", replace(base, gpu=load_gpu("h100-pcie"))),
        Machine("C", "two H100 NVL", replace(base, gpu=load_gpu("h100-nvl"))),
        Machine("D", "A with weights in fp8", replace(base, weights="fp8")),
        Machine("E", "two H200", replace(base, gpu=load_gpu("h200-sxm"))),
        Machine("F", "four H100 SXM", replace(base, tp=4)),
        Machine("G", "A with perfect software", base, "ceiling"),
    )


@dataclass(frozen=True)
class Afternoon:
    """A run, and what is told of it."""

    machine: Machine
    result: Result

    @cached_property
    def telemetry(self) -> Telemetry:
        """What the server tells its monitoring."""
        return Telemetry(self.result)

    @property
    def begin_s(self) -> float:
        """Of the first arrival, in the run's own seconds."""
        return float(self.result.requests["arrival_s"].min())

    @cached_property
    def lines(self) -> np.ndarray:
        """Computed prompt tokens and generated tokens a second of each line of the log while requests come, shape (lines, 2)."""
        last = float(self.result.requests["arrival_s"].max()) - self.begin_s
        ends = self.begin_s + line_s() * np.arange(1, int(last / line_s()) + 1)
        return np.array([rates(self.telemetry, end - line_s(), end) for end in ends.tolist()])

    @property
    def prompt_rate(self) -> float:
        """Mean of the lines, tokens/s."""
        return float(self.lines[:, 0].mean())

    @property
    def generation_rate(self) -> float:
        """Mean of the lines, tokens/s."""
        return float(self.lines[:, 1].mean())

    @property
    def busy(self) -> float:
        """Share of the time in which a step runs, 0 to 1."""
        return self.result.busy_s / self.result.simulated_s

    @property
    def gap_s(self) -> float:
        """Mean seconds between two tokens of an answer."""
        return self.result.mean("itl_s")

    @property
    def inside(self) -> float:
        """Requests that have come and are not answered, on average."""
        return self.result.requests_in_system


@lru_cache(maxsize=8)
def afternoon(letter: str) -> Afternoon:
    """The afternoon of one machine."""
    machine = next(one for one in machines() if one.letter == letter)
    work = preset("rag", REQUESTS, rate=RATE, seed=SEED)
    return Afternoon(machine, simulate(machine.system, work, _SCHEDULER, cost=machine.cost))


@lru_cache(maxsize=1)
def cached_afternoon() -> Result:
    """The afternoon of machine A with prefix caching, as vLLM's default is."""
    return simulate(case_system(), preset("rag", REQUESTS, rate=RATE, seed=SEED), Scheduler())


# --- what the words name: the mystery and the lines


def afternoon_rate(lab: Lab) -> Quantity:
    """Requests a second."""
    return Quantity(RATE, "requests/s")


def afternoon_lines(lab: Lab) -> int:
    """Lines of the log while requests come."""
    return len(afternoon("A").lines)


def afternoon_prompt(lab: Lab) -> Quantity:
    """Mean tokens of a prompt."""
    return Quantity(float(afternoon("A").result.requests["prompt"].mean()), "tokens")


def all_log_prompts(lab: Lab) -> Quantity:
    """What the log of every machine says of prompts, on average over its lines, to two digits."""
    return Quantity(afternoon("A").prompt_rate, "tok/s", digits=2)


def all_log_answers(lab: Lab) -> Quantity:
    """The same of answers."""
    return Quantity(afternoon("A").generation_rate, "tok/s", digits=2)


def gap_of_a(lab: Lab) -> Quantity:
    """Mean time between two tokens of an answer."""
    return Quantity(afternoon("A").gap_s, "s")


def gap_of_b(lab: Lab) -> Quantity:
    return Quantity(afternoon("B").gap_s, "s")


def gap_of_g(lab: Lab) -> Quantity:
    return Quantity(afternoon("G").gap_s, "s", digits=2)


# --- exhibit 1: the highest of its lines


def requests_of_a_line(lab: Lab) -> Quantity:
    """Requests that come in the ten seconds of a line, on average."""
    return Quantity(RATE * line_s(), "requests", digits=2)


def highest_line(lab: Lab) -> Quantity:
    """The highest prompt throughput of any line of machine A."""
    return Quantity(float(afternoon("A").lines[:, 0].max()), "tok/s", digits=4)


def lowest_line(lab: Lab) -> Quantity:
    """The lowest."""
    return Quantity(float(afternoon("A").lines[:, 0].min()), "tok/s", digits=4)


def requests_of_highest_line(lab: Lab) -> int:
    """Prompts that were counted in it."""
    found = afternoon("A")
    place = int(found.lines[:, 0].argmax())
    first = found.result.requests["first_token_s"] - found.begin_s
    return int(((first > place * line_s()) & (first <= (place + 1) * line_s())).sum())


def usual_prompts_of_highest_line(lab: Lab) -> Quantity:
    """Prompts of the mean length that would make the highest line."""
    return Quantity(float(highest_line(lab)) * line_s() / float(afternoon_prompt(lab)), "", digits=2)


def line_as_mean(lab: Lab) -> Quantity:
    """The mean of all lines, as if they were all alike."""
    return Quantity(afternoon("A").prompt_rate, "tok/s")


def line_ratio_low(lab: Lab) -> Quantity:
    """Prompt tokens for each written one in a line: one line in ten has less."""
    return Quantity(float(np.percentile(_line_ratios(), 10)), "", digits=2)


def line_ratio_high(lab: Lab) -> Quantity:
    """One line in ten has more."""
    return Quantity(float(np.percentile(_line_ratios(), 90)), "", digits=2)


def _line_ratios() -> np.ndarray:
    lines = afternoon("A").lines
    made = lines[lines[:, 1] > 0]
    ratios: np.ndarray = made[:, 0] / made[:, 1]
    return ratios


def lines_above_report(lab: Lab) -> Quantity:
    """Share of the lines that say more prompt tokens a second than the report."""
    reported = load_lab(DEFAULT_LAB).measured["prefill_tokens_per_s"].value
    return Quantity(100 * float((afternoon("A").lines[:, 0] > reported).mean()), "%", digits=2)


# --- exhibit 3: how busy


def _busy(letter: str) -> Quantity:
    return Quantity(100 * afternoon(letter).busy, "%", digits=2)


def busy_of_a(lab: Lab) -> Quantity:
    """Share of the afternoon in which machine A ran a step."""
    return _busy("A")


def busy_of_g(lab: Lab) -> Quantity:
    """The same of perfect software."""
    return _busy("G")


def busy_share_of_a(lab: Lab) -> float:
    """As a share, 0 to 1, for a drawing."""
    return afternoon("A").busy


def busy_share_of_b(lab: Lab) -> float:
    return afternoon("B").busy


def busy_share_of_g(lab: Lab) -> float:
    return afternoon("G").busy


def _title(letter: str) -> str:
    return next(one.title for one in machines() if one.letter == letter)


def name_of_a(lab: Lab) -> str:
    """What machine A is."""
    return _title("A")


def name_of_b(lab: Lab) -> str:
    return _title("B")


def name_of_g(lab: Lab) -> str:
    return _title("G").removeprefix("A with ")


def faster_steps(lab: Lab) -> Quantity:
    """Time of a token on G, as a share of that on A."""
    return Quantity(100 * afternoon("G").gap_s / afternoon("A").gap_s, "%", digits=2)


def busy_in_proportion(lab: Lab) -> Quantity:
    """As if the time with work shrank as the steps do."""
    return Quantity(100 * afternoon("A").busy * afternoon("G").gap_s / afternoon("A").gap_s, "%", digits=2)


def busy_as_before(lab: Lab) -> Quantity:
    """As if it stayed, as the counters do."""
    return _busy("A")


def inside_machine_a(lab: Lab) -> Quantity:
    """Requests inside, on average."""
    return Quantity(afternoon("A").inside, "requests", digits=3)


def inside_machine_b(lab: Lab) -> Quantity:
    return Quantity(afternoon("B").inside, "requests", digits=3)


def inside_machine_g(lab: Lab) -> Quantity:
    return Quantity(afternoon("G").inside, "requests", digits=3)


def empty_by_chance(lab: Lab) -> Quantity:
    """Chance that nobody is inside where so many are on average and come at random: e to minus that number."""
    return Quantity(100 * float(np.exp(-afternoon("G").inside)), "%", digits=2)


def ratio_with_caching(lab: Lab) -> Quantity:
    """Computed prompt tokens for each written one then."""
    rows = cached_afternoon().requests
    return Quantity(float((rows["prompt"] - rows["cached"]).sum() / rows["output"].sum()), "", digits=2)


# --- claims


def seven_logs_agree(lab: Lab) -> bool:
    """All seven say the same two numbers, within one per cent; one of them is more than twice as slow as another."""
    found = [afternoon(one.letter) for one in machines()]
    prompts, answers = [one.prompt_rate for one in found], [one.generation_rate for one in found]
    gaps = [one.gap_s for one in found]
    return max(prompts) < 1.01 * min(prompts) and max(answers) < 1.01 * min(answers) and max(gaps) > 2 * min(gaps)


def faster_is_not_idle_in_proportion(lab: Lab) -> bool:
    """Perfect software is busy far longer than its shorter steps alone would have it, and less than before."""
    return 1.2 * float(busy_in_proportion(lab)) < float(busy_of_g(lab)) < 0.87 * float(busy_of_a(lab))
