"""What a line comes to on a fleet: judged against the best line found, with what bound it, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from lessonlib.base.quantity import Quantity
from lessonlib.course.checkpoint_3.fleets import FleetLab, fleet_of
from lessonlib.course.checkpoint_3.judge import KEPT, Run, run
from lessonlib.course.checkpoint_3.lines import Plan, read_plan
from lessonlib.course.checkpoint_3.search import best_of
from lessonlib.roofline import Lab

#: A plan that costs more than so many times the best is said to be too large.
DEAR = 1 / 0.9


@dataclass(frozen=True)
class Outcome:
    """numbers: what the run came to. of_best: its worth over that of the best line found. same_as: what the line sets. told: what bound it."""

    numbers: Mapping[str, Quantity]
    of_best: float
    same_as: Plan
    told: str


def judge_fleet_line(lab: Lab, line: str) -> Outcome:
    """A line, run on the fleet of the exam that `lab` is, or else on the one of the page. Raises LessonlibError for one that cannot run."""
    fleet = fleet_of(lab)
    plan = read_plan(fleet, line)
    found = run(fleet, plan)
    numbers = {"ttft": Quantity(found.ttft_p99_s, "s"), "gap": Quantity(found.tpot_mean_s, "s")}
    best = best_of(fleet)
    # What does not count in full may still be worth a little more than the cheapest that does: it is as good, not better.
    of_best = min(1.0, found.per_dollar / best.per_dollar)
    return Outcome(numbers, of_best, plan, what_bound(found, run(fleet, best.plan).cost))


def what_bound(found: Run, cheapest: float) -> str:
    """What it costs, how many requests missed which limit, and where to look."""
    cost = f"${found.cost:.2f} an hour"
    counted = f"Of {found.requests:,} requests {found.good:,} keep both limits, for {cost}"
    if found.holds:
        dear = found.cost > DEAR * cheapest
        return f"{counted}: {'both limits hold, so what is left is the price' if dear else 'both limits hold'}."
    missed = f"{counted}; {found.late:,} wait too long for the first token, {found.slow:,} have too long a gap. Below {100 * KEPT:.0f} % it does not count in full."
    if found.preemptions > found.requests // 20:
        return f"{missed} Room binds: caches were full, and {found.preemptions:,} times a request was thrown out."
    if found.late > found.slow:
        return f"{missed} Reading binds: prompts wait for the prompts before them."
    return f"{missed} The steps bind: too many answers, or too much of a prompt, in one."


def good_share(found: Run) -> str:
    """Share of good requests in words; near the bar with a decimal, cut and not rounded, so that what is below it never reads as it."""
    percent = 100 * found.share
    near = abs(percent - 100 * KEPT) < 1
    return f"{math.floor(10 * percent + 1e-6) / 10:.1f} % good" if near else f"{percent:.0f} % good"


def judged_run(fleet: FleetLab, line: str) -> Run:
    """The run of a line."""
    return run(fleet, read_plan(fleet, line))
