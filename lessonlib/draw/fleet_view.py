"""A simulated fleet over time, without a stroke drawn: a lane for each replica, its router, its scaler, the link between two pools.

A lesson's function returns one :class:`FleetView`, or up to three that share a clock; the page draws and plays them. Times are
in seconds since the first request came. What goes on in a lane is told by windows of equal length, the last may be shorter.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.base.quantity import Quantity, significant
from lessonlib.base.units import tick_steps
from lessonlib.draw.columns import column
from lessonlib.draw.timeline import Waits, waits_view

#: fewer than two replicas are no fleet; more lanes or windows cannot be read, nor more fleets under one clock
LEAST_LANES, MOST_LANES, MOST_WINDOWS, MOST_VIEWS = 2, 16, 240, 3
#: Of more requests, and more caches on the link, every second (third, ...) one is a dot.
MOST_DOTS, MOST_CROSSINGS = 1500, 600
#: Bytes of what is drawn of one view, as JSON
MOST_BYTES = 60_000
#: state -> its letter for the page. A replica that is off is not there: not yet, or gone.
STATES = {"off": "o", "starting": "s", "ready": "r", "draining": "d", "failed": "f", "stalled": "t"}
POOLS = ("", "prefill", "decode")
#: of the table of replicas
COLUMNS = ("replica", "requests", "ready", "running, mean", "waiting, mean", "waiting, most", "cache in use, mean", "prompt found in cache")  # fmt: skip
#: windows of the printed table: a look at it is enough on paper
_MOST_ROWS = 12
_MILLI = 1e3
_FINE = 30


@dataclass(frozen=True)
class Spell:
    """A stretch of time that a replica spends in one of STATES."""

    from_s: float
    until_s: float
    state: str


@dataclass(frozen=True)
class FleetLane:
    """One replica; the columns have a value a window.

    spells: its states, one after the other over the whole view. running, waiting: requests, the mean over the window. cache: share of
    its KV cache in use, the mean. prompt, cached: prompt tokens of the requests that it began, and those of them that it
    found in its cache. came: requests that the router sent it, of a pool of answers those that came over the link. pool: "prefill"
    or "decode" where there are two. slow: factor on its step times. kind: what it is where a fleet mixes kinds.
    """

    number: int
    spells: Sequence[Spell]
    running: Sequence[float]
    waiting: Sequence[float]
    cache: Sequence[float]
    prompt: Sequence[int]
    cached: Sequence[int]
    came: Sequence[int]
    pool: str = ""
    slow: float = 1.0
    kind: str = ""

    @property
    def name(self) -> str:
        """What it is called on the page."""
        return f"{self.pool or 'replica'} {self.number}"

    @property
    def found(self) -> list[float | None]:
        """Share of the prompt tokens found in the cache, None where no request began."""
        return [_share(cached, prompt) for cached, prompt in zip(self.cached, self.prompt, strict=True)]

    @property
    def found_in_all(self) -> float | None:
        """The same of all windows."""
        return _share(sum(self.cached), sum(self.prompt))

    def seconds(self, *states: str) -> float:
        """Seconds in any of these states."""
        return sum(spell.until_s - spell.from_s for spell in self.spells if spell.state in states)


@dataclass(frozen=True)
class Crossing:
    """The KV cache of one prompt on its way over the link, from one replica to another."""

    begun_s: float
    there_s: float
    source: int
    target: int


@dataclass(frozen=True)
class Link:
    """The link between two pools. traffic: bytes a second, the mean of each window; capacity: the most there can be.

    under_way: caches on it or waiting for it, the mean of each window.
    """

    traffic: Sequence[float]
    under_way: Sequence[float]
    capacity: float
    crossings: Sequence[Crossing] = ()


@dataclass(frozen=True)
class FleetView:
    """One run of a fleet, or a stretch of it.

    finding: one or two sentences with numbers that state what is seen; it is the text alternative. edges: of the windows, one
    more than there are windows. arrivals: requests that came in each. ttft_p99_s: of those that came in it, None where none got
    its first token. held: requests in the router's hands, the mean. ready, desired: (time, replicas) at each change; desired is empty without a
    scaler. routed: (time, replica) of each request. waits: percentiles of the whole run. label: what tells it from others under the same
    clock. router: its name. note: what kind of numbers these are.
    """

    finding: str
    edges: Sequence[float]
    lanes: Sequence[FleetLane]
    arrivals: Sequence[int]
    ttft_p99_s: Sequence[float | None]
    held: Sequence[float]
    ready: Sequence[tuple[float, int]]
    routed: Sequence[tuple[float, int]]
    waits: Waits
    desired: Sequence[tuple[float, int]] = ()
    link: Link | None = None
    label: str = ""
    router: str = ""
    note: str = ""

    @property
    def found(self) -> list[float | None]:
        """Share of the prompt tokens that the replicas found in their caches, by window; None where no request began."""
        sums = (
            zip(*(lane.cached for lane in self.lanes), strict=True),
            zip(*(lane.prompt for lane in self.lanes), strict=True),
        )
        return [_share(sum(cached), sum(prompt)) for cached, prompt in zip(*sums, strict=True)]

    def refuse(self) -> None:
        """Raise LessonlibError, in one line, if this cannot be drawn."""
        fault = next(_faults(self), None)
        if fault:
            raise LessonlibError(fault)

    def view(self) -> dict[str, Any]:
        """All of it, ready for JSON: what is printed, and under `drawn` numbers (milliseconds, requests, per cent)."""
        return {
            "label": self.label,
            "finding": self.finding,
            "note": self.note,
            "waits": waits_view(self.waits),
            "facts": _facts(self),
            "columns": list(COLUMNS),
            "rows": [_row(lane) for lane in self.lanes],
            "windows": _windows(self),
            "drawn": _drawn(self),
        }

    @property
    def sealed(self) -> dict[str, Any]:
        """What a seal counts: the words, and the sums of each replica, not each window."""
        lanes = self.lanes
        return {
            "label": self.label,
            "finding": self.finding,
            "note": self.note,
            "router": self.router,
            "waits": waits_view(self.waits),
            "windows": [len(self.edges) - 1, self.edges[0], self.edges[-1]],
            "replicas": [lane.number for lane in lanes],
            "states": [[round(lane.seconds(state), 6) for state in STATES] for lane in lanes],
            **{
                name: [sum(getattr(lane, name)) for lane in lanes]
                for name in ("running", "waiting", "cache", "prompt", "cached", "came")
            },
            "slow": [lane.slow for lane in lanes],
            "arrivals": sum(self.arrivals),
            "held": sum(self.held),
            "p99": sum(value or 0.0 for value in self.ttft_p99_s),
            "desired": sum(count for _, count in self.desired),
            "link": [sum(self.link.traffic), sum(self.link.under_way)] if self.link else [],
        }


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


# --- what cannot be drawn ---------------------------------------------------------------------------------------------


def _faults(shown: FleetView) -> Iterator[str]:
    """What is wrong, one line each."""
    if not isinstance(shown.finding, str) or not shown.finding.strip():
        yield "FleetView.finding is empty: say in a sentence, with its number, what is seen"
    elif not re.search(r"\d", shown.finding):
        yield f"its finding “{shown.finding}” must state what is seen with a number"
    if not LEAST_LANES <= len(shown.lanes) <= MOST_LANES:
        yield f"a fleet has {LEAST_LANES} to {MOST_LANES} replicas here, not {len(shown.lanes)}: one alone is a timeline"
    windows = len(shown.edges) - 1
    if not 1 <= windows <= MOST_WINDOWS:
        yield f"a fleet has 1 to {MOST_WINDOWS} windows, not {max(0, windows)}: take longer ones, or a shorter stretch of time"
    elif any(after <= before for before, after in pairwise(shown.edges)) or shown.edges[0] < 0:
        yield "FleetView.edges: each is above the one before, the first at 0 or later"
    else:
        yield from _faults_of_columns(shown, windows)
        yield from _faults_of_lanes(shown)
        plain = replace(
            shown, router="", lanes=[replace(lane, kind="") for lane in shown.lanes]
        )  # no word is drawn often
        size = len(json.dumps(_drawn(plain), separators=(",", ":")))
        if size > MOST_BYTES:
            yield f"a fleet of {size:,} bytes for the page, at most {MOST_BYTES:,}: take longer windows, or a shorter stretch of time"


def _faults_of_columns(shown: FleetView, windows: int) -> Iterator[str]:
    columns: list[tuple[str, Sequence[float | None]]] = [("arrivals", shown.arrivals), ("ttft_p99_s", shown.ttft_p99_s), ("held", shown.held)]  # fmt: skip
    for lane in shown.lanes:
        columns += [(f"{name} of replica {lane.number}", getattr(lane, name)) for name in ("running", "waiting", "cache", "prompt", "cached", "came")]  # fmt: skip
    if shown.link:
        columns += [("traffic of the link", shown.link.traffic), ("under_way of the link", shown.link.under_way)]
    for name, values in columns:
        if len(values) != windows:
            yield f"{name}: {len(values)} values for {windows} windows"
        elif any(value is not None and not 0 <= value < math.inf for value in values):
            yield f"{name}: a value is below 0 or no number"
    for lane in shown.lanes:
        if any(share > 1 + 1e-9 for share in lane.cache) or any((share or 0) > 1 for share in lane.found):
            yield f"replica {lane.number}: a share of its cache is above 1"


def _faults_of_lanes(shown: FleetView) -> Iterator[str]:
    numbers = [lane.number for lane in shown.lanes]
    if len(set(numbers)) < len(numbers):
        yield "two lanes have one number: each replica is drawn once"
    for lane in shown.lanes:
        unknown = next((spell.state for spell in lane.spells if spell.state not in STATES), "")
        if unknown:
            yield f"replica {lane.number} is {unknown!r}; a state is {listed(STATES)}"
        whole = [shown.edges[0], *(spell.until_s for spell in lane.spells)]
        begins = [*(spell.from_s for spell in lane.spells), shown.edges[-1]]
        if any(abs(one - other) > 1e-6 for one, other in zip(whole, begins, strict=True)):
            yield f"replica {lane.number}: its states follow each other from the first window to the last"
        if lane.pool not in POOLS or bool(lane.pool) != bool(shown.link):
            yield f"replica {lane.number}: the pool is “prefill” or “decode” where there is a link, and else left out"
    others = {number for _, number in shown.routed}
    others |= {number for each in (shown.link.crossings if shown.link else ()) for number in (each.source, each.target)}
    if others - set(numbers):
        yield f"requests go to replica {min(others - set(numbers))}, which has no lane"


# --- what the page gets -----------------------------------------------------------------------------------------------


def _milli(seconds: float) -> int:
    return round(seconds * _MILLI)


def _counts(values: Sequence[float]) -> list[float | int]:
    """Requests: a decimal where they are few."""
    fine = max(values, default=0.0) < _FINE
    return [
        int(value) if value == int(value) else value for value in (round(each, 1 if fine else 0) for each in values)
    ]


def _percents(values: Sequence[float | None]) -> list[int | None]:
    return [None if value is None else round(100 * value) for value in values]


def _drawn(shown: FleetView) -> dict[str, Any]:
    places = {lane.number: place for place, lane in enumerate(shown.lanes)}
    dot = max(1, math.ceil(len(shown.routed) / MOST_DOTS))
    dots: list[int] = []
    before = 0
    for when, number in shown.routed[::dot]:
        dots += [_milli(when) - before, places[number]]
        before = _milli(when)
    return {
        "edges": [_milli(shown.edges[0]), _milli(shown.edges[1] - shown.edges[0]), _milli(shown.edges[-1])],
        "arrivals": column(map(int, shown.arrivals)),
        "ttft": column(None if value is None else _milli(value) for value in shown.ttft_p99_s),
        "held": column(_counts(shown.held)),
        "found": column(_percents(shown.found)),
        "ready": [(_milli(when), count) for when, count in shown.ready],
        "desired": [(_milli(when), count) for when, count in shown.desired],
        "lanes": [_lane(lane) for lane in shown.lanes],
        "dots": dots,
        "dot": dot,
        "link": _link(shown.link, places) if shown.link else None,
        "router": shown.router,
        "times": tick_steps("s"),
    }


def _lane(lane: FleetLane) -> dict[str, Any]:
    return {
        "number": lane.number,
        "pool": lane.pool,
        "kind": lane.kind,
        "slow": lane.slow,
        "states": [(_milli(spell.from_s), STATES[spell.state]) for spell in lane.spells],
        "running": column(_counts(lane.running)),
        "waiting": column(_counts(lane.waiting)),
        "cache": column(_percents(lane.cache)),
        "found": column(_percents(lane.found)),
        "came": column(map(int, lane.came)),
    }


def _link(link: Link, places: dict[int, int]) -> dict[str, Any]:
    dot = max(1, math.ceil(len(link.crossings) / MOST_CROSSINGS))
    sent: list[int] = []
    before = 0
    for each in sorted(link.crossings, key=lambda crossing: crossing.begun_s)[::dot]:
        begun = _milli(each.begun_s)
        sent += [begun - before, _milli(each.there_s - each.begun_s), places[each.source], places[each.target]]
        before = begun
    return {
        "traffic": column(float(significant(value / 1e9, 3).replace(",", "")) for value in link.traffic),
        "under_way": column(_counts(link.under_way)),
        "capacity": link.capacity / 1e9,
        "sent": sent,
        "dot": dot,
        "rates": tick_steps("B/s"),
    }


# --- what is printed ----------------------------------------------------------------------------------------------------


def _seconds(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else str(Quantity(value, "s"))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{significant(100 * share, 2)} %"


def _few(value: float) -> str:
    return significant(value, 3 if value >= 10 else 2)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _facts(shown: FleetView) -> list[str]:
    """What the whole is told in, beside the percentiles."""
    lanes, lasts = shown.lanes, shown.edges[-1] - shown.edges[0]
    found = _share(sum(sum(lane.cached) for lane in lanes), sum(sum(lane.prompt) for lane in lanes))
    there = sum(lane.seconds("starting", "ready", "draining", "stalled", "failed") for lane in lanes)
    ready = sum(lane.seconds("ready", "stalled") for lane in lanes)
    # Replicas that start or drain hold their cards too, and take no requests.
    of_them = f", {_few(ready / lasts)} of them ready" if _few(ready / lasts) != _few(there / lasts) else ""
    facts = [
        f"{_few(sum(shown.arrivals) / lasts)} requests a second",
        f"{_few(there / lasts)} replicas there on average{of_them}",
    ]
    facts += [f"{_percent(found)} of the prompt tokens found in a cache"] if found else []
    facts += [f"{Quantity(_mean(shown.link.traffic), 'B/s')} on the link on average"] if shown.link else []
    return facts


def _row(lane: FleetLane) -> list[str]:
    """The lane in the table of replicas, one text for each of COLUMNS."""
    slow = f", {significant(lane.slow, 2)} times slower" if lane.slow != 1 else ""
    kind = f", {lane.kind}" if lane.kind else ""
    return [
        f"{lane.name}{kind}{slow}",
        f"{sum(lane.came):,}",
        _seconds(lane.seconds("ready", "stalled")),
        _few(_mean(lane.running)),
        _few(_mean(lane.waiting)),
        _few(max(lane.waiting)),
        _percent(_mean(lane.cache)),
        _percent(lane.found_in_all),
    ]


def count_at(steps: Sequence[tuple[float, int]], when: float) -> int:
    """The count of steps (time, count) at a time; that of the first before it."""
    return next((count for since, count in reversed(steps) if since <= when + 1e-9), steps[0][1] if steps else 0)


def _windows(shown: FleetView) -> dict[str, Any]:
    """A few of the windows as a table: what the strips and all lanes together say."""
    edges, lanes = shown.edges, shown.lanes
    last = len(edges) - 2
    kept = [place for place in range(last + 1) if (last - place) % (last // _MOST_ROWS + 1) == 0]
    head = ["window from", "requests/s", "TTFT p99", "ready", *(["desired"] if shown.desired else []), "running, mean", "waiting, mean", "at the router, mean", "prompt found in cache", *(["on the link"] if shown.link else [])]  # fmt: skip
    rows, found = [], shown.found
    for place in kept:
        since, until = edges[place], edges[place + 1]
        cells = [_seconds(since), _few(shown.arrivals[place] / (until - since)), _seconds(shown.ttft_p99_s[place])]
        cells.append(f"{count_at(shown.ready, since)}")
        cells += [f"{count_at(shown.desired, since)}"] if shown.desired else []
        cells += [_few(sum(getattr(lane, name)[place] for lane in lanes)) for name in ("running", "waiting")]
        cells += [_few(shown.held[place]), _percent(found[place])]
        cells += [str(Quantity(shown.link.traffic[place], "B/s"))] if shown.link else []
        rows.append(cells)
    return {"head": head, "rows": rows}
