"""The whole grid: ceilings first, then the simulator over all that is left, the cheapest first, on all cores or on a cluster.

A set-up that costs more than the question tells of is not judged to the end. Which one is the cheapest may be known only later,
so what is told is cut at the end: the answer does not depend on who was done first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from lessonlib.base.parallel import cores, results
from lessonlib.plan.bounds import Bound, Bounds, many
from lessonlib.plan.found import Found
from lessonlib.plan.front import worth_telling
from lessonlib.plan.grid import SetUp, Size
from lessonlib.plan.judge import Outcome, judge
from lessonlib.plan.question import Question
from lessonlib.plan.search import fewest
from lessonlib.roofline.band import band

#: Called with (set-ups done, of how many, dollars an hour of the cheapest that holds so far).
Tell = Callable[[int, int, float | None], None]
#: Requests that may hold a seat without being in a step.
_MARGIN = 4


@dataclass(frozen=True)
class Answer:
    """winners: what holds, the cheapest first. losers: the rest of what was tried. open: set-ups that were not judged, because
    somebody broke it off (interrupted). dropped: how many of the losers by ceilings alone. runs: of the simulator.
    """

    question: Question
    winners: tuple[Found, ...]
    losers: tuple[Found, ...]
    open: int = 0
    interrupted: bool = False

    @property
    def dropped(self) -> int:
        """Set-ups that ceilings alone ruled out."""
        return sum(not found.judged for found in self.losers)

    @property
    def runs(self) -> int:
        """Runs of the simulator."""
        return sum(found.tries for found in (*self.winners, *self.losers))


def plan(
    question: Question,
    grid: Sequence[SetUp],
    jobs: int | None = None,
    dask: str | None = None,
    tell: Tell | None = None,
    pruned: bool = True,
) -> Answer:
    """Judge the grid. jobs: processes at a time, None for all cores. dask: address of a scheduler. pruned: False judges
    everything, as far as the question allows, without ceilings and without regard to the cheapest (to check the rest).

    Ctrl-C ends it early, and the answer says what is known by then. Raises LessonlibError where no cluster answers.
    """
    bounds = Bounds(question)
    known = [bounds.of(set_up) if pruned else Bound(least_of(set_up)) for set_up in grid]
    done = [Found(at, grid[at], why=bound.why, detail=bound.detail) for at, bound in enumerate(known) if bound.why]
    groups = _groups(question, grid, known, apart=not pruned)
    state = _State(question, len(grid), done, tell, pruned)

    def tasks() -> Iterator[tuple[Any, ...]]:
        for group in groups:
            limit = bounds.most(grid[group[0]], state.most_usd)
            able = [at for at in group if grid[at].gpus(known[at].least) <= limit]
            for at in set(group) - set(able):
                state.take(_dear(Found(at, grid[at])))
            if able:
                yield [(at, grid[at], known[at].least) for at in able], limit, bounds.most(grid[able[0]]), question

    state.said()
    try:
        with closing(results(_judged, tasks(), _jobs(len(groups), jobs), dask)) as judged:
            for several in judged:
                for found in several:
                    state.take(found)
        state.finish_winners(jobs, dask)
    except KeyboardInterrupt:
        return replace(state.answer(), interrupted=True)
    return state.answer()


def _jobs(tasks: int, jobs: int | None) -> int:
    """Processes for so many tasks; two are done sooner than a process starts."""
    return 1 if tasks <= 2 else min(tasks, jobs or cores())


def least_of(set_up: SetUp) -> tuple[int, int]:
    """One replica of each pool."""
    return (1, 1) if set_up.two_pools else (1, 0)


def _usd(question: Question, set_up: SetUp, size: tuple[int, int]) -> float:
    return set_up.gpus(size) * question.prices[set_up.system.gpu.called].usd


def _groups(question: Question, grid: Sequence[SetUp], known: Sequence[Bound], apart: bool) -> list[list[int]]:
    """Places of what is to be judged, those together that differ in their seats alone; what may be cheapest comes first.

    apart: each by itself.
    """
    together: dict[tuple[int, ...], list[int]] = {}
    for at, bound in enumerate(known):
        if not bound.why:
            one = grid[at]
            key = (at,) if apart else (*map(id, one.systems), one.tokens or 0)
            together.setdefault(key, []).append(at)
    return sorted(
        together.values(), key=lambda group: (min(_usd(question, grid[at], known[at].least) for at in group), group[0])
    )


class _Shared:
    """Outcomes of set-ups that differ in their seats alone. A run in which the seats were never all taken is the same with any
    other number of seats that would not have been.
    """

    def __init__(self) -> None:
        self.known: dict[Size, list[tuple[int, Outcome]]] = {}
        self.runs = 0

    def judge(self, question: Question, set_up: SetUp, size: Size) -> Outcome:
        """As `judge`, by a run that is known where there is one."""
        seats = min(set_up.limits(system)[0] for system in set_up.systems)
        for others, outcome in self.known.get(size, ()):
            if others == seats or outcome.peak + _MARGIN < min(seats, others):
                return outcome
        self.runs += 1
        outcome = judge(question, set_up, size)
        self.known.setdefault(size, []).append((seats, outcome))
        return outcome


def _judged(
    several: Sequence[tuple[int, SetUp, Size]], most_gpus: int, allowed: int, question: Question
) -> list[Found]:
    """Of set-ups that differ in their seats alone, anywhere: of each the fewest replicas that hold. most_gpus: for what is told
    of; allowed: by the question.
    """
    shared, found = _Shared(), []
    for at, set_up, least in several:
        before = shared.runs
        one = _searched(at, set_up, least, (most_gpus, allowed), question, shared)
        found.append(replace(one, tries=shared.runs - before))
    return found


def _searched(
    at: int, set_up: SetUp, least: Size, limits: tuple[int, int], question: Question, shared: _Shared
) -> Found:
    most_gpus, allowed = limits
    found = fewest(set_up, least, most_gpus, lambda size: shared.judge(question, set_up, size))
    if found.best is not None:
        return Found(at, set_up, found.best, _usd(question, set_up, found.best.size), judged=True, wavers=found.wavers)
    widest = shared.judge(question, set_up, _widest(set_up, least, allowed))
    if widest.holds:
        why, detail = ("cost" if most_gpus < allowed else "GPUs"), ""
    else:
        why, detail = _reason(question, set_up, widest)
    return Found(at, set_up, widest, why=why, detail=detail, judged=True)


def _widest(set_up: SetUp, least: Size, gpus: int) -> Size:
    """As many replicas as may be used; with two pools about half of the GPUs for each."""
    first = set_up.systems[0].gpus
    if not set_up.two_pools:
        return gpus // first, 0
    prompts = max(least[0], gpus // 2 // first)
    return prompts, max(least[1], (gpus - prompts * first) // set_up.systems[1].gpus)


def _reason(question: Question, set_up: SetUp, widest: Outcome) -> tuple[str, str]:
    """Why as many replicas as may be used do not hold either."""
    if widest.refused:
        return "memory", widest.refused
    gpus = many(set_up.gpus(widest.size))
    where = f"with {widest.size[0]} + {widest.size[1]} replicas, {gpus}," if set_up.two_pools else f"even with {gpus}"
    missed, limit = 100.0 * (1.0 - widest.share), 100.0 * (1.0 - question.slo.share)
    if widest.grows and missed <= limit:
        return "queue", f"{where} the queue still grows at the end"
    told = f"{where} {'at least ' * widest.early}{missed:.3g} % of the requests miss a limit, {limit:.3g} % may"
    if widest.slow > widest.late:
        return "time per token", f"{told}; most for their time per token"
    return "first token", f"{told}; most for their first token"


def _dear(found: Found) -> Found:
    return replace(found, why="cost", outcome=None, detail="", usd=math.nan)


class _State:
    """What has come back, and the cheapest of it."""

    def __init__(self, question: Question, total: int, done: list[Found], tell: Tell | None, pruned: bool) -> None:
        self.question, self.total, self.tell, self.pruned = question, total, tell, pruned
        self.found = {one.at: one for one in done}
        self.cheapest: float | None = None

    @property
    def most_usd(self) -> float:
        """What a set-up may cost to be told of, as far as is known."""
        return math.inf if self.cheapest is None or not self.pruned else self.cheapest * self.question.within

    def said(self) -> None:
        """Tell how far it is."""
        if self.tell:
            self.tell(len(self.found), self.total, self.cheapest)

    def take(self, found: Found) -> None:
        """Keep what became of a set-up."""
        self.found[found.at] = found
        if found.holds and (self.cheapest is None or found.usd < self.cheapest):
            self.cheapest = found.usd
        self.said()

    def finish_winners(self, jobs: int | None, dask: str | None) -> None:
        """Ask of the first winners and of those on the front whether they hold at the slow end of the engine's band."""
        chosen = worth_telling(self.answer().winners)
        tasks = [(self.question, one) for one in chosen]
        with closing(results(_at_slow_end, tasks, _jobs(len(tasks), jobs), dask)) as judged:
            for found in judged:
                self.found[found.at] = found

    def answer(self) -> Answer:
        """All of it, cut at what may cost how much."""
        most = self.most_usd * (1 + 1e-9)
        every = [self.found[at] for at in sorted(self.found)]
        winners = [one for one in every if one.holds and one.usd <= most]
        losers = [one if not one.holds else _dear(one) for one in every if not one.holds or one.usd > most]
        order = sorted(winners, key=lambda one: (one.usd, one.outcome.ttft[1] if one.outcome else 0.0, one.at))
        return Answer(self.question, tuple(order), tuple(losers), self.total - len(self.found))


def _at_slow_end(question: Question, found: Found) -> Found:
    if found.outcome is None:
        return found
    factor = max(band(system, "time per token").factor for system in found.set_up.systems)
    return replace(found, slow_end=judge(question, found.set_up, found.outcome.size, factor, whole=True).share)
