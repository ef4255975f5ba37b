"""What a line reaches on a service: judged against the best line found, with what bound it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lessonlib.base.quantity import Quantity
from lessonlib.course.checkpoint_2.judge import Run, run
from lessonlib.course.checkpoint_2.search import best_of
from lessonlib.course.checkpoint_2.services import Service, service_of
from lessonlib.course.checkpoint_2.settings import Settings, read_settings
from lessonlib.roofline import Lab

#: From this share of good requests on nothing is said to bind.
_ENOUGH = 0.98


@dataclass(frozen=True)
class Outcome:
    """numbers: what the run came to. of_best: share of the goodput of the best line found. same_as: what the line sets. told: what bound it."""

    numbers: Mapping[str, Quantity]
    of_best: float
    same_as: Settings
    told: str


def judge_line(lab: Lab, line: str) -> Outcome:
    """A line, run on the service of the exam that `lab` is, or else on the one of the page. Raises LessonlibError for one that cannot run."""
    service = service_of(lab)
    settings = read_settings(service, line)
    found = run(service, settings)
    numbers = {"ttft": Quantity(found.ttft_p99_s, "s"), "goodput": Quantity(found.goodput, "requests/s")}
    return Outcome(numbers, found.share / best_of(service).share, settings, what_bound(found))


def what_bound(found: Run) -> str:
    """How many requests missed which limit, and what they waited for."""
    counted = f"Of {found.requests:,} requests {found.good:,} keep both limits"
    if found.share >= _ENOUGH:
        return f"{counted}: nothing binds."
    missed = f"{counted}; {found.late:,} wait too long for the first token, {found.slow:,} have too long a gap."
    if found.late > found.slow and found.full_seats:
        return f"{missed} Seats bind: at times all were taken, with {_share(found)} of the room in use at most."
    if found.full_room:
        return (
            f"{missed} Room binds: the cache was full, and {found.preemptions:,} requests were thrown out to make room."
        )
    if found.late > found.slow:
        return f"{missed} Reading binds: there are seats and room, but prompts wait for the prompts before them."
    return f"{missed} The steps bind: on average {found.inside:.0f} answers share one, with the prompts that are read beside them."


def _share(found: Run) -> str:
    return f"{100 * found.room:.0f} %"


def judged_run(service: Service, line: str) -> Run:
    """The run of a line."""
    return run(service, read_settings(service, line))
