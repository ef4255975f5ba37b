"""A simulated run of several replicas as the fleet that the page draws and plays.

``fleet_view_of(simulate(…, fleet=Fleet(replicas=4)))``: any record but "summary" will do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from lessonlib.base.checks import number as checked
from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity, significant
from lessonlib.course.shared.run_timeline import NOTES
from lessonlib.draw.fleet_view import (
    LEAST_LANES,
    MOST_LANES,
    MOST_WINDOWS,
    Crossing,
    FleetLane,
    FleetView,
    Link,
    Spell,
)
from lessonlib.draw.timeline import LEVELS, Waits
from lessonlib.serving import Disaggregation, Fleet, Result
from lessonlib.serving.results.fleet_log import FleetLog
from lessonlib.serving.results.quantiles import percentile

#: windows that a person reads off a clock, in seconds
_ROUND_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
#: values of one column of all lanes: with more lanes the windows are longer, so that the page stays light
_MOST_VALUES = 1920


def fleet_view_of(
    result: Result,
    *,
    label: str = "",
    from_s: float = 0.0,
    until_s: float | None = None,
    window_s: float | None = None,
    finding: str = "",
) -> FleetView:
    """A run of two replicas or more, or a stretch of it, by windows of time.

    label: what tells it from others under one clock. from_s, until_s: the stretch, seconds since the first request came; None: to
    the end of the run. window_s: seconds of a window; None: a round number that gives at most 240 windows. finding: what is
    seen, in a sentence with its number; "": the run's own numbers. Replicas that are never there in the stretch get no lane.
    Raises LessonlibError for a run of one replica or of no request, one without its requests, and too many replicas or windows.
    """
    log = _log_of(result)
    arrivals = result.requests["arrival_s"]
    begin = float(arrivals.min())
    from_s = checked("fleet_view_of: from_s", from_s, least=0.0)
    until_s = result.simulated_s if until_s is None else min(until_s, result.simulated_s)
    if not from_s < until_s:
        raise LessonlibError(
            f"fleet_view_of: nothing runs from {from_s:g} s on: the run is over after {result.simulated_s:.3g} s"
        )
    if not ((arrivals - begin >= from_s) & (arrivals - begin < until_s)).any():
        raise LessonlibError(f"fleet_view_of: no request comes between {from_s:g} s and {until_s:g} s")
    spells = _spells(result, log, begin, from_s, until_s)
    numbers = _with_lanes(spells)
    edges = _edges(from_s, until_s, window_s, len(numbers))
    run = _Run(result, log, begin, np.asarray(edges))
    fleet: Fleet = result.settings["fleet"]
    ready = _ready(spells, from_s)
    shown = FleetView(
        finding=finding,
        edges=edges,
        lanes=[run.lane(number, spells[number]) for number in numbers],
        arrivals=run.counts(arrivals - begin),
        ttft_p99_s=run.ttft_p99(),
        held=run.held(),
        ready=ready,
        desired=_desired(fleet, log, begin, from_s, until_s),
        routed=[(when - begin, number) for when, number, _ in log.routed if from_s <= when - begin < until_s],
        link=run.link(fleet.disaggregation) if fleet.disaggregation else None,
        waits=_waits(result),
        label=label,
        router=fleet.router,
        note=NOTES[result.settings["cost"]],
    )
    if not finding:
        shown = replace(shown, finding=_finding(shown))
    shown.refuse()
    return shown


def _log_of(result: Result) -> FleetLog:
    """What happened between the replicas. Raises LessonlibError where there is nothing to draw."""
    if result.settings["record"] == "summary":
        raise LessonlibError('fleet_view_of: needs every request: simulate with record = "full"')
    if result.fleet_log is None:
        raise LessonlibError("fleet_view_of: one replica is no fleet: draw it as a timeline, or simulate two or more")
    if not len(result.requests["number"]):
        raise LessonlibError("fleet_view_of: no request came, so there is nothing to see")
    return result.fleet_log


def _spells(result: Result, log: FleetLog, begin: float, from_s: float, until_s: float) -> dict[int, list[Spell]]:
    """The states of each replica in the stretch; one that stands still is stalled where it would be ready."""
    fleet: Fleet = result.settings["fleet"]
    found = {}
    for number, first in enumerate(result.settings["first_states"]):
        spells = [Spell(since - begin, until - begin, state) for since, until, state in log.spells(number, begin, begin + result.simulated_s, first)]  # fmt: skip
        for stall in fleet.stalls:
            if stall.replica == number:
                spells = _stood_still(spells, stall.at_s - begin, stall.at_s + stall.for_s - begin)
        found[number] = [
            Spell(max(spell.from_s, from_s), min(spell.until_s, until_s), spell.state)
            for spell in spells
            if spell.until_s > from_s and spell.from_s < until_s
        ]
    return found


def _stood_still(spells: Sequence[Spell], since: float, until: float) -> list[Spell]:
    found: list[Spell] = []
    for spell in spells:
        inside = max(spell.from_s, since), min(spell.until_s, until)
        if spell.state != "ready" or inside[0] >= inside[1]:
            found.append(spell)
            continue
        cuts = [(spell.from_s, inside[0], "ready"), (*inside, "stalled"), (inside[1], spell.until_s, "ready")]
        found += [Spell(one, other, state) for one, other, state in cuts if other > one]
    return found


def _with_lanes(spells: dict[int, list[Spell]]) -> list[int]:
    """The replicas that are ever there, and as many others as a fleet needs at least."""
    there = [number for number, states in spells.items() if any(spell.state != "off" for spell in states)]
    there += [number for number in spells if number not in there][: max(0, LEAST_LANES - len(there))]
    if len(there) > MOST_LANES:
        raise LessonlibError(f"fleet_view_of: {len(there)} replicas; at most {MOST_LANES} can be drawn")
    return sorted(there)


def _edges(from_s: float, until_s: float, window_s: float | None, lanes: int) -> list[float]:
    """The edges of the windows; a last one shorter than the others where they do not fit."""
    if window_s is None:
        most = min(MOST_WINDOWS, _MOST_VALUES // lanes)
        least = (until_s - from_s) / most
        window_s = next((size for size in _ROUND_S if size >= least), least)
    size = checked("fleet_view_of: window_s", window_s, least=0.001)
    count = math.ceil((until_s - from_s) / size - 1e-6)
    if count > MOST_WINDOWS:
        raise LessonlibError(
            f"fleet_view_of: {count:,} windows of {size:g} s; at most {MOST_WINDOWS} can be drawn: give window_s = {_shortest(until_s - from_s):g} or more"
        )
    edges = [from_s + size * place for place in range(count)] + [until_s]
    return edges if count > 1 else [from_s, until_s]


def _shortest(seconds: float) -> float:
    """The shortest round window that gives few enough of them."""
    return next((size for size in _ROUND_S if seconds / size <= MOST_WINDOWS), math.ceil(seconds / MOST_WINDOWS))


def _ready(spells: dict[int, list[Spell]], from_s: float) -> list[tuple[float, int]]:
    """(time, replicas that take requests) at each change; who stands still is still sent some."""
    moves: dict[float, int] = {from_s: 0}
    for states in spells.values():
        for spell in states:
            if spell.state in ("ready", "stalled"):
                moves[spell.from_s] = moves.get(spell.from_s, 0) + 1
                moves[spell.until_s] = moves.get(spell.until_s, 0) - 1
    count = 0
    found: list[tuple[float, int]] = []
    last = max(spell.until_s for states in spells.values() for spell in states)
    for when in sorted(moves):
        count += moves[when]
        if (not found or found[-1][1] != count) and when < last:
            found.append((when, count))
    return found


def _desired(fleet: Fleet, log: FleetLog, begin: float, from_s: float, until_s: float) -> list[tuple[float, int]]:
    """(time, replicas that the scaler asks for) at each change."""
    if fleet.autoscaler is None:
        return []
    found: list[tuple[float, int]] = []
    for when, count in [(begin, fleet.replicas), *log.desired]:
        at = max(when - begin, from_s)
        if at >= until_s:
            break
        if found and found[-1][0] == at:
            found.pop()
        if not found or found[-1][1] != count:
            found.append((at, count))
    return found


def _waits(result: Result) -> Waits:
    queue, first, gap = (tuple(result.percentile(name, float(level)) for level in LEVELS) for name in ("queue_s", "ttft_s", "itl_s"))  # fmt: skip
    return Waits(queue, first, gap, result.throughput_tokens_per_s, len(result.requests["number"]))


def _finding(shown: FleetView) -> str:
    """The stretch in numbers: how many requests and replicas, how long the slowest waited, how much was found in caches."""
    lasts = Quantity(shown.edges[-1] - shown.edges[0], "s")
    counts = [count for _, count in shown.ready]
    replicas = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else f"{counts[0]}"
    prompt, cached = (sum(sum(getattr(lane, name)) for lane in shown.lanes) for name in ("prompt", "cached"))
    last = shown.waits.first_token_s[-1]
    fullest = max(shown.lanes, key=lambda lane: max(lane.waiting))
    told = f", {significant(100 * cached / prompt, 2)} % of the prompt tokens are found in a cache" if cached else ""
    slowest = (
        f"; 99 % of all requests have their first token after {Quantity(last, 's')} or less"
        if math.isfinite(last)
        else ""
    )
    return (
        f"{shown.label + ': ' if shown.label else ''}{sum(shown.arrivals):,} requests in {lasts} on {replicas} ready replicas{told}. "
        f"At most {significant(max(fullest.waiting), 2)} wait on one ({fullest.name}){slowest}."
    )


# --- sums over windows ------------------------------------------------------------------------------------------------------


class _Run:
    """A run cut into windows; times since its first request came."""

    def __init__(self, result: Result, log: FleetLog, begin: float, edges: np.ndarray) -> None:
        self._result, self._log, self._begin, self._edges = result, log, begin, edges
        self._lasts = np.diff(edges)

    def counts(self, times: np.ndarray, weights: np.ndarray | None = None) -> list[int]:
        """How much happens in each window: of equal things how many, else the sum of their weights."""
        inside = (times >= self._edges[0]) & (times < self._edges[-1])
        slots = np.searchsorted(self._edges, times[inside], side="right") - 1
        found = np.bincount(slots, None if weights is None else weights[inside], minlength=len(self._lasts))
        return [round(value) for value in found.tolist()]

    def means(self, starts: np.ndarray, ends: np.ndarray, values: np.ndarray) -> list[float]:
        """The mean over each window of what has these values from start to end, and is 0 between: no two may overlap."""
        if not len(starts):
            return [0.0] * len(self._lasts)
        order = np.argsort(starts, kind="stable")
        starts, ends, values = starts[order], ends[order], values[order]
        sums = np.concatenate([[0.0], np.cumsum(values * (ends - starts))])
        points = np.column_stack([starts, ends]).ravel()
        heights = np.column_stack([sums[:-1], sums[1:]]).ravel()
        at_edges = np.interp(self._edges, points, heights)
        return np.maximum(0.0, np.diff(at_edges) / self._lasts).tolist()

    def overlaps(self, starts: np.ndarray, ends: np.ndarray, values: np.ndarray | float = 1.0) -> list[float]:
        """The same of what may overlap."""
        weights = np.broadcast_to(np.asarray(values, dtype=float), starts.shape)
        return [
            float(
                (np.clip(np.minimum(ends, until) - np.maximum(starts, since), 0.0, None) * weights).sum()
                / (until - since)
            )
            for since, until in pairwise(self._edges.tolist())
        ]

    def ttft_p99(self) -> list[float | None]:
        """Of the requests that came in each window, the time to the first token that 99 % do not exceed."""
        rows = self._result.requests
        came, waited = rows["arrival_s"] - self._begin, rows["ttft_s"]
        known = np.isfinite(waited)
        slots = np.searchsorted(self._edges, came, side="right") - 1
        parts = (waited[known & (slots == slot)] for slot in range(len(self._lasts)))
        return [percentile(part.tolist(), 99) if len(part) else None for part in parts]

    def held(self) -> list[float]:
        """Requests in the gateway's hands, while no replica is ready."""
        return self.means(*self._steps(self._log.held))

    def _steps(self, steps: Sequence[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Starts, ends and values of what changes at these times."""
        times = np.array([when - self._begin for when, _ in steps] + [self._result.simulated_s], dtype=float)
        return times[:-1], np.maximum(times[1:], times[:-1]), np.array([value for _, value in steps], dtype=float)

    def lane(self, number: int, spells: Sequence[Spell]) -> FleetLane:
        """One replica over the windows."""
        settings, rows, log, begin = self._result.settings, self._result.requests, self._log, self._begin
        runs = {name: column[self._result.runs["replica"] == number] for name, column in self._result.runs.items()}
        starts, ends = runs["start_s"] - begin, runs["end_s"] - begin
        pool = settings["pools"][number]
        # A prompt is looked up where it gives its first token.
        home = np.where(rows["first_replica"] >= 0, rows["first_replica"], rows["replica"])
        begun = np.isfinite(rows["started_s"]) & (home == number)
        when, prompt, cached = rows["started_s"][begun] - begin, rows["prompt"][begun], rows["cached"][begun]
        if pool == "decode":
            came = [each.there_s - begin for each in log.crossings if each.target == number]
        else:
            came = [at - begin for at, replica, _ in log.routed if replica == number]
        return FleetLane(
            number=number,
            spells=spells,
            running=self.means(starts, ends, runs["decoding"] + runs["prefills"]),
            waiting=self.means(starts, ends, runs["waiting"]),
            cache=self._cache(number, starts, ends, runs["kv_used"]),
            prompt=self.counts(when, prompt),
            cached=self.counts(when, cached),
            came=self.counts(np.array(came, dtype=float)),
            pool="" if pool == "both" else pool,
            slow=float(settings["fleet"].slow.get(number, 1.0)),
            kind=self._kind(number),
        )

    def _kind(self, number: int) -> str:
        """The GPU of a replica, in a fleet that mixes kinds."""
        fleet: Fleet = self._result.settings["fleet"]
        if not fleet.kinds:
            return ""
        group = fleet.kind_of(number)
        return str((group.system if group else self._result.settings["system"]).gpu.called)

    def _cache(self, number: int, starts: np.ndarray, ends: np.ndarray, used: np.ndarray) -> list[float]:
        """Share of the cache in use. What waits for the link keeps its blocks while no step runs."""
        rests = [(when - self._begin, blocks) for when, replica, blocks in self._log.resting if replica == number]
        if rests:
            since = np.array([when for when, _ in rests])
            after = np.append(since[1:], self._result.simulated_s)
            place = np.searchsorted(starts, since, side="left")
            again = np.append(starts, self._result.simulated_s)[place]
            until = np.maximum(since, np.minimum(after, again))
            starts, ends = np.concatenate([starts, since]), np.concatenate([ends, until])
            used = np.concatenate([used, [blocks for _, blocks in rests]])
        total = self._result.settings["kv_blocks_of"][number]
        return [min(1.0, value / total) for value in self.means(starts, ends, used)]

    def link(self, pools: Disaggregation) -> Link:
        """The link between two pools."""
        log, begin = self._log, self._begin
        crossings = log.crossings
        begun, there, size = (np.array([getattr(each, name) for each in crossings], dtype=float) for name in ("begun_s", "there_s", "bytes"))  # fmt: skip
        busy = size / pools.link_bytes_per_second
        numbers = self._result.requests["number"]
        read = dict(zip(numbers.tolist(), self._result.requests["first_token_s"].tolist(), strict=True))
        ready = np.array([min(read[each.request], each.begun_s) for each in crossings], dtype=float)
        first, last = self._edges[0], self._edges[-1]
        return Link(
            traffic=self.overlaps(begun - begin, begun - begin + busy, pools.link_bytes_per_second),
            under_way=self.overlaps(ready - begin, there - begin),
            capacity=pools.prefill * pools.link_bytes_per_second,
            crossings=[
                Crossing(each.begun_s - begin, each.there_s - begin, each.source, each.target)
                for each in sorted(crossings, key=lambda crossing: crossing.begun_s)
                if first <= each.begun_s - begin < last
            ],
        )
