"""A steady crowd on the lab of the questions, with and without drafts: gaps between outputs, time per token, tokens a second."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.checking import CHANCE, DRAFTS, dense_lab, draft_seconds, seats, tokens_of_a_step
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


def steady_gap_over_tokens(lab: Lab) -> Quantity:
    """The median gap with drafts over the tokens of a step: what the time per token would be if no step read a prompt."""
    return Quantity(float(steady_gaps(lab)[1]) / tokens_of_a_step(CHANCE, DRAFTS), "s")


def _rate(lab: Lab, drafts: int) -> float:
    return float(_crowd(lab, drafts).throughput_tokens_per_s)


def steady_rate_without(lab: Lab) -> Quantity:
    """Tokens a second, all answers together, without drafts."""
    return Quantity(_rate(lab, 0), "tok/s")


def steady_rate_with(lab: Lab) -> Quantity:
    """With three."""
    return Quantity(_rate(lab, DRAFTS), "tok/s")


def _gap_ratio(lab: Lab) -> float:
    before, after = (float(each) for each in steady_gaps(lab))
    return after / before


def steady_rate_by_gap(lab: Lab) -> Quantity:
    """As if the gap were the time of one token."""
    return Quantity(_rate(lab, 0) / _gap_ratio(lab), "tok/s")


def steady_rate_by_length(lab: Lab) -> Quantity:
    """As if the tokens of a step were the speedup."""
    return Quantity(_rate(lab, 0) * tokens_of_a_step(CHANCE, DRAFTS), "tok/s")


def steady_rate_by_both(lab: Lab) -> Quantity:
    """Tokens of a step over how many times as long a gap takes."""
    return Quantity(_rate(lab, 0) * tokens_of_a_step(CHANCE, DRAFTS) / _gap_ratio(lab), "tok/s")


def gaps_grow_all_the_same(lab: Lab) -> bool:
    """Longer gaps while tokens come sooner; worked out from gap and tokens the rate is close, and by either alone it is not."""
    gaps, each = [float(one) for one in steady_gaps(lab)], [float(one) for one in steady_per_token(lab)]
    rate, found = _rate(lab, DRAFTS), float(steady_rate_by_both(lab))
    slips = float(steady_rate_by_gap(lab)) < rate / 1.25 and float(steady_rate_by_length(lab)) > 1.25 * rate
    return gaps[1] > 1.05 * gaps[0] and each[1] < 0.9 * each[0] and 0.8 < found / rate < 1.25 and slips
