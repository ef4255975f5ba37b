"""The incident: two pools whose link has become slow, and the same minutes with the link as it was.

Three replicas read, one writes, as at the peak. The slow link is the fastest Ethernet that is below what crosses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_20.fleets import BEST, LINK, drawn, felt, first_limit_s, fleet, rate_at_peak, scheduler
from lessonlib.course.lesson_20.workings import bytes_of_prompt
from lessonlib.draw.monitor import Chart, Monitor
from lessonlib.roofline import Lab
from lessonlib.serving import Result, simulate

#: speeds of Ethernet, Gbit/s; the slow one carries at most this share of what crosses
SPEEDS, AT_MOST = (1.0, 2.5, 5.0, 10.0, 25.0), 0.93
#: seconds between scrapes, and scrapes that are drawn
EVERY_S, SCRAPES = 10.0, 14
READERS, WRITERS = BEST


def _crosses(lab: Lab) -> float:
    """Bytes a second that one replica sends at the peak."""
    return rate_at_peak(lab) / READERS * float(bytes_of_prompt(lab))


def _slow(lab: Lab) -> float:
    """Bytes a second of the slow link."""
    fitting = [speed for speed in SPEEDS if speed * 1e9 / 8 <= AT_MOST * _crosses(lab)]
    return (max(fitting) if fitting else AT_MOST * _crosses(lab) * 8e-9) * 1e9 / 8


@lru_cache(maxsize=16)
def minutes(lab: Lab, mended: bool) -> Result:
    """The run; `mended`: with the link as it was."""
    requests = drawn(rate_at_peak(lab), int(rate_at_peak(lab) * EVERY_S * (SCRAPES + 1)))
    return simulate(lab.system, requests, scheduler(), fleet(BEST, link=LINK if mended else _slow(lab)))


class _Seen:
    """What monitoring says of a run in a window, over both pools."""

    def __init__(self, result: Result) -> None:
        self.runs = result.runs
        self.begin = float(result.requests["arrival_s"].min())
        self.blocks = result.settings["kv_blocks_of"]
        told = felt(result)
        came = result.requests["arrival_s"] - self.begin
        #: when a prompt was read, how long that took; when the user had the first token, and how long that took
        self.read_at, self.read_s = result.requests["first_token_s"] - self.begin, result.requests["ttft_s"]
        self.first_at, self.first_s = came + told.first_s, told.first_s
        times = [result.token_times(int(number))[1:] - self.begin for number in result.requests["number"]]
        self.gap_at, self.gap_s = np.concatenate([each[1:] for each in times]), told.gaps_s

    def first_token(self, after: float, until: float) -> float:
        """Median of those that had it in the window."""
        return _median(self.first_s, self.first_at, after, until)

    def first_token_of_pods(self, after: float, until: float) -> float:
        """The same as the pods that read tell it: until the prompt is read."""
        return _median(self.read_s, self.read_at, after, until)

    def gap99(self, after: float, until: float) -> float:
        inside = (self.gap_at > after) & (self.gap_at <= until)
        return float(np.percentile(self.gap_s[inside], 99)) if inside.any() else np.nan

    def running(self, after: float, until: float) -> float:
        """Mean number of answers that the pod that writes has in a step."""
        runs = self._runs(after, until, lambda replica: replica >= READERS)
        seconds = runs["end_s"] - runs["start_s"]
        return float(np.average(runs["decoding"], weights=seconds)) if len(seconds) else 0.0

    def waiting(self, after: float, until: float) -> float:
        """Requests whose prompt is read and that have no token from the pod that writes, the mean of both ends of the window."""
        counts = [float(((self.read_at <= end) & (self.first_at > end)).sum()) for end in (after, until)]
        return sum(counts) / 2

    def held(self, after: float, until: float) -> float:
        """The most of the cache in use on any pod that reads."""
        runs = self._runs(after, until, lambda replica: replica < READERS)
        return 100 * float(runs["kv_used"].max()) / self.blocks[0] if len(runs["end_s"]) else np.nan

    def _runs(self, after: float, until: float, of: Callable[[np.ndarray], np.ndarray]) -> dict[str, np.ndarray]:
        start, end = self.runs["start_s"] - self.begin, self.runs["end_s"] - self.begin
        inside = of(self.runs["replica"]) & (start < until) & (end > after)
        found = {name: column[inside] for name, column in self.runs.items()}
        found["start_s"] = np.maximum(found["start_s"] - self.begin, after)
        found["end_s"] = np.minimum(found["end_s"] - self.begin, until)
        return found


def _median(values: np.ndarray, at: np.ndarray, after: float, until: float) -> float:
    inside = (at > after) & (at <= until)
    return float(np.median(values[inside])) if inside.any() else np.nan


def _quantile(name: str, quantile: float, role: str) -> str:
    return f'histogram_quantile({quantile:g}, sum by (le) (rate(vllm:{name}_bucket{{role="{role}"}}[{EVERY_S:g}s])))'


_At = Callable[[_Seen, float, float], float]
_FIRST, _READ, _GAP, _RUNNING = (
    "First token, gateway, p50",
    "First token, prefill pods, p50",
    "Gap, p99",
    "Running, decode pod",
)
_CHARTS: tuple[tuple[str, str, str, _At, float | None], ...] = (
    (_FIRST, "measured at the gateway", "s", _Seen.first_token, None),
    (_READ, _quantile("time_to_first_token_seconds", 0.5, "prefill"), "s", _Seen.first_token_of_pods, None),
    (_GAP, _quantile("inter_token_latency_seconds", 0.99, "decode"), "s", _Seen.gap99, None),
    (_RUNNING, 'vllm:num_requests_running{role="decode"}', "", _Seen.running, None),
    ("Waiting, decode pod", 'vllm:num_requests_waiting{role="decode"}', "", _Seen.waiting, None),
    ("KV cache, prefill pods, most", 'max(vllm:kv_cache_usage_perc{role="prefill"})', "%", _Seen.held, 100.0),
)


def _values(seen: _Seen, at: _At) -> list[float | None]:
    ends = [EVERY_S * (turn + 1) for turn in range(SCRAPES)]
    found = [at(seen, end - EVERY_S, end) for end in ends]
    return [value if np.isfinite(value) else None for value in found]


@lru_cache(maxsize=16)
def _monitor(lab: Lab, mended: bool) -> Monitor:
    seen = _Seen(minutes(lab, False))
    other = _Seen(minutes(lab, True)) if mended else None
    charts = [
        Chart(title, query, _values(seen, at), unit, _values(other, at) if other else (), most)
        for title, query, unit, at, most in _CHARTS
    ]
    of = {chart.title: (_told(chart.values), _told(chart.compare if mended else chart.values)) for chart in charts}
    if mended:
        finding = (
            f"Over the fast wire the median first token at the gateway ends at {of[_FIRST][1][1]} in place of {of[_FIRST][0][1]}, with prompts read "
            f"after {of[_READ][1][1]} in place of {of[_READ][0][1]}. The p99 gap ends at {of[_GAP][1][1]}, before at {of[_GAP][0][1]}; the decode "
            f"pod runs {running_before(lab)} at once in place of {running_slow(lab)}."
        )
    else:
        first, read, gap = (of[title][0] for title in (_FIRST, _READ, _GAP))
        finding = (
            f"In {SCRAPES} scrapes of {EVERY_S:g} s the median first token goes from {first[0]} to {first[1]} at the gateway, from {read[0]} "
            f"to {read[1]} on the prefill pods; the p99 gap from {gap[0]} to {gap[1]}. Requests running and waiting and the cache: in the charts."
        )
    return Monitor(
        finding,
        [EVERY_S * (turn + 1) for turn in range(SCRAPES)],
        charts,
        begins="10:00",
        from_s=0.0,
        alerts=() if mended else ("First token p50 above its limit",),
    )


def _told(values: Sequence[float | None]) -> tuple[Quantity, Quantity]:
    known = [value for value in values if value is not None]
    return Quantity(known[0], "s", digits=2), Quantity(known[-1], "s", digits=2)


def pools_monitor(lab: Lab) -> Monitor:
    """The minutes as they were."""
    return _monitor(lab, False)


def mended_pools_monitor(lab: Lab) -> Monitor:
    """The same requests over the fast link beside them."""
    return _monitor(lab, True)


def slow_link(lab: Lab) -> Quantity:
    """What the interface had negotiated."""
    return Quantity(8 * _slow(lab) / 1e9, "Gbit/s", digits=2)


def crossing_flow(lab: Lab) -> Quantity:
    """What one replica sends at the peak."""
    return Quantity(8 * _crosses(lab) / 1e9, "Gbit/s")


def _course(lab: Lab, title: str) -> list[float]:
    return [value for value in pools_monitor(lab).chart(title).values if value is not None]


def first_at_the_end(lab: Lab) -> Quantity:
    """Median first token at the gateway in the last scrape."""
    return Quantity(_course(lab, _FIRST)[-1], "s", digits=2)


def read_at_the_end(lab: Lab) -> Quantity:
    """The same as the prefill pods tell it."""
    return Quantity(_course(lab, _READ)[-1], "s", digits=2)


def _other(lab: Lab, title: str) -> list[float]:
    return [value for value in mended_pools_monitor(lab).chart(title).compare if value is not None]


def running_before(lab: Lab) -> Quantity:
    """Answers that the decode pod writes at once with the link as it was."""
    return _running(lab, True)


def running_slow(lab: Lab) -> Quantity:
    """The same with the slow link."""
    return _running(lab, False)


def _running(lab: Lab, mended: bool) -> Quantity:
    """The mean over the scrapes."""
    seen = _Seen(minutes(lab, mended))
    return Quantity(float(np.mean([value or 0.0 for value in _values(seen, _Seen.running)])), "answers", digits=2)


def gap99_slow(lab: Lab) -> Quantity:
    """The p99 gap in the last scrape."""
    return Quantity(_course(lab, _GAP)[-1], "s")


def pods_fill(lab: Lab) -> bool:
    """Whether the caches that wait have filled the prefill pods before the end, so that prompts wait too."""
    return max(_course(lab, "KV cache, prefill pods, most")) > 99


def link_hides(lab: Lab) -> bool:
    """The first token at the gateway ends five times over its limit or more; the decode pod runs fewer answers, with gaps no longer than before."""
    late = float(first_at_the_end(lab)) > 5 * first_limit_s(lab)
    emptier = float(running_slow(lab)) < 0.98 * float(running_before(lab))
    return late and emptier and float(gap99_slow(lab)) < 1.1 * max(_other(lab, _GAP))
