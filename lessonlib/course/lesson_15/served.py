"""A steady crowd on the lab of the questions, with and without drafts: gaps between outputs, time per token, tokens a second."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.checking import CHANCE, DRAFTS, dense_lab, draft_seconds, seats
from lessonlib.roofline import Lab, System
from lessonlib.serving import LogNormal, Result, Scheduler, Speculation, Workload, simulate

#: mean tokens of prompts and answers, most users, requests of each
PROMPT, ANSWER, _MOST, _EACH = 1000, 500, 16, 8


def speculation_of(system: System, drafts: int) -> Speculation | None:
    """So many drafts, each with the chance of the questions; None for none."""
    return Speculation(drafts, CHANCE, draft_seconds(system)) if drafts else None


def steady_users(lab: Lab) -> int:
    """Users who each have one request under way: all of them find room."""
    return max(1, min(_MOST, int(0.6 * seats(dense_lab(lab).system, DRAFTS, PROMPT + ANSWER))))


@lru_cache(maxsize=32)
def _crowd(lab: Lab, drafts: int) -> Result:
    system, users = dense_lab(lab).system, steady_users(lab)
    drawn = Workload(_EACH * users, LogNormal(PROMPT, 0.3), LogNormal(ANSWER, 0.5), None, seed=2)
    scheduler = Scheduler(prefix_caching=False, speculation=speculation_of(system, drafts))
    return simulate(system, drawn, scheduler, concurrency=users, record="summary")


def _both(lab: Lab, name: str) -> list[Quantity]:
    return [Quantity(_crowd(lab, drafts).percentile(name, 50), "s") for drafts in (0, DRAFTS)]


def steady_gaps(lab: Lab) -> list[Quantity]:
    """Median time between outputs, without and with three drafts."""
    return _both(lab, "itl_s")


def steady_per_token(lab: Lab) -> list[Quantity]:
    """Median time per token."""
    return _both(lab, "tpot_s")


def steady_rates(lab: Lab) -> list[Quantity]:
    """Tokens a second, all answers together."""
    return [Quantity(_crowd(lab, drafts).throughput_tokens_per_s, "tok/s") for drafts in (0, DRAFTS)]


def gaps_grow_all_the_same(lab: Lab) -> bool:
    """Longer gaps while tokens come sooner."""
    gaps, each = [float(one) for one in steady_gaps(lab)], [float(one) for one in steady_per_token(lab)]
    return gaps[1] > 1.05 * gaps[0] and each[1] < 0.9 * each[0]
