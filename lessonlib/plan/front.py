"""Which set-ups are worth their price: the Pareto fronts of cost against first token, time per token and goodput."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lessonlib.base.quantity import rounded
from lessonlib.plan.found import Found

#: What a front is of -> the value of a set-up, less is better.
MEASURES: dict[str, Callable[[Found], float]] = {
    "first token": lambda found: found.outcome.ttft[1] if found.outcome else float("inf"),
    "time per token": lambda found: found.outcome.tpot[1] if found.outcome else float("inf"),
    "goodput": lambda found: -found.outcome.goodput if found.outcome else float("inf"),
}
#: Nobody tells two set-ups apart that differ by less than three digits.
_DIGITS = 3
_FIRST = 5


def front(winners: Sequence[Found], measure: str) -> tuple[Found, ...]:
    """The set-ups that no other one beats in cost without being beaten in the measure, the cheapest first; of equal ones the first."""
    value = MEASURES[measure]
    kept: list[Found] = []
    for found in sorted(winners, key=lambda one: (one.usd, rounded(value(one), _DIGITS), one.at)):
        if not kept or rounded(value(found), _DIGITS) < rounded(value(kept[-1]), _DIGITS):
            kept.append(found)
    return tuple(kept)


def fronts(winners: Sequence[Found]) -> dict[str, tuple[Found, ...]]:
    """All of them by what they are of."""
    return {measure: front(winners, measure) for measure in MEASURES}


def worth_telling(winners: Sequence[Found], first: int = _FIRST) -> tuple[Found, ...]:
    """The cheapest set-ups that differ from each other, and those on any front; in the order of cost."""
    chosen = {found.at for one in fronts(winners).values() for found in one}
    chosen |= {found.at for found, _ in unlike(winners)[:first]}
    return tuple(found for found in winners if found.at in chosen)


def unlike(winners: Sequence[Found]) -> list[tuple[Found, int]]:
    """Set-ups that differ, each with the number of those after it that come to the same: same cost, same times, same systems."""
    seen: dict[tuple[object, ...], list[Found]] = {}
    for found in winners:
        outcome = found.outcome
        labels = tuple(
            (system.model.name, system.gpu.called, system.weights, system.kv, system.tp, system.dp)
            for system in found.set_up.systems
        )
        key = (labels, outcome.size, outcome.ttft, outcome.tpot) if outcome else (found.at,)
        seen.setdefault(key, []).append(found)
    return [(same[0], len(same) - 1) for same in seen.values()]
