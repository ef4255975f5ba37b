"""What a replica of a run would tell a monitoring system: counters, gauges and histograms under vLLM's names.

Names, labels and bounds are those of data/versions.toml. As in vLLM, prompt tokens are credited
in one lump when the first token comes, times of phases when the request ends, and blocks that could be reused count as free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lessonlib.base.errors import LessonlibError
from lessonlib.base.versions import vllm
from lessonlib.serving.results.outputs import Outputs, outputs
from lessonlib.serving.results.result import Result


def bounds_of(name: str, longest: int) -> tuple[float, ...]:
    """Upper bounds of the buckets of vLLM's histogram `name` (with ``vllm:``), for a model of so many tokens."""
    family = vllm().metric(name).buckets
    return token_bounds(longest) if family == "request_tokens" else vllm().bounds[family]


def token_bounds(most: int) -> tuple[float, ...]:
    """1, 2, 5, 10, ... up to the longest context."""
    steps = (digit * 10.0**power for power in range(9) for digit in (1, 2, 5))
    return tuple(bound for bound in steps if bound <= most)


@dataclass(frozen=True)
class Events:
    """Times (seconds) of what was counted, ascending, and how much each time."""

    time: np.ndarray
    value: np.ndarray

    def total(self, until: float) -> float:
        """The sum up to a moment, that moment included."""
        return float(self.value[: np.searchsorted(self.time, until, side="right")].sum())

    def values(self, after: float, until: float) -> np.ndarray:
        """All values in a stretch of time, its end included."""
        first, last = np.searchsorted(self.time, (after, until), side="right")
        return self.value[first:last]


def _events(time: np.ndarray, value: np.ndarray | float, keep: np.ndarray) -> Events:
    keep = keep & np.isfinite(time)
    values = np.broadcast_to(np.asarray(value, dtype=float), time.shape)[keep]
    order = np.argsort(time[keep], kind="stable")
    return Events(time[keep][order], values[order])


class OnDemand(Mapping[str, Events]):
    """Events by name, made when they are first asked for: those of every token of a long run take a while."""

    def __init__(self, makers: Mapping[str, Callable[[], Events]]) -> None:
        self._makers = makers
        self._made: dict[str, Events] = {}

    def __getitem__(self, name: str) -> Events:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


class Telemetry:
    """One replica of a run with a record of its requests.

    counters, histograms: events by vLLM's name (without _total, _sum, _count). bounds: of the histograms' buckets.
    """

    def __init__(self, result: Result, replica: int = 0) -> None:
        if result.settings["record"] == "summary":
            raise LessonlibError('telemetry: needs every request: simulate with record = "full"')
        if replica not in range(result.settings["fleet"].most):
            raise LessonlibError(
                f"telemetry: no replica {replica!r}: there are 0 to {result.settings['fleet'].most - 1}"
            )
        self.result, self.replica = result, replica
        self._runs = {name: column[result.runs["replica"] == replica] for name, column in result.runs.items()}
        rows = result.requests
        #: A prompt is read by the replica of the first token; the answer ends at the last one (they differ with two pools).
        self._first = rows["first_replica"] == replica
        self._last = rows["replica"] == replica
        self._rows = rows
        self.counters = OnDemand(self._counters())
        self.histograms = OnDemand(self._histograms())
        most = result.settings["system"].model.max_context or 1_000_000
        self.bounds = {name: bounds_of(name, most) for name in self.histograms}

    def _counters(self) -> dict[str, Callable[[], Events]]:
        rows, first = self._rows, self._first
        at, begun = rows["first_token_s"], rows["started_s"]
        lost = [when for when, replica in self.result.preemption_times if replica == self.replica]
        found: dict[str, Callable[[], Events]] = {
            "vllm:prompt_tokens": lambda: _events(at, rows["prompt"], first),
            "vllm:prompt_tokens_cached": lambda: _events(at, rows["cached"], first),
            "vllm:generation_tokens": lambda: self._of_outputs(lambda made: made.tokens),
            "vllm:prefix_cache_queries": lambda: _events(begun, rows["prompt"], first),
            "vllm:prefix_cache_hits": lambda: _events(begun, rows["cached"] - rows["loaded"], first),
            "vllm:external_prefix_cache_hits": lambda: _events(begun, rows["loaded"], first),
            "vllm:num_preemptions": lambda: Events(np.sort(np.asarray(lost, dtype=float)), np.ones(len(lost))),
            "vllm:request_success": lambda: _events(rows["finished_s"], 1.0, self._last),
        }
        speculation = self.result.settings["scheduler"].speculation
        if speculation:
            # Every output that is no prefill's brings its accepted drafts and one token more.
            found |= {
                "vllm:spec_decode_num_drafts": lambda: self._of_outputs(lambda _: 1.0, first=False),
                "vllm:spec_decode_num_draft_tokens": lambda: self._of_outputs(
                    lambda _: float(speculation.drafts), first=False
                ),
                "vllm:spec_decode_num_accepted_tokens": lambda: self._of_outputs(
                    lambda made: made.tokens - 1.0, first=False
                ),
            }
        return found

    def _histograms(self) -> dict[str, Callable[[], Events]]:
        rows, last = self._rows, self._last
        ends, begun, first = rows["finished_s"], rows["started_s"], rows["first_token_s"]
        return {
            "vllm:time_to_first_token_seconds": lambda: _events(first, rows["ttft_s"], self._first),
            "vllm:inter_token_latency_seconds": lambda: self._of_outputs(lambda made: made.gap, first=False),
            "vllm:request_time_per_output_token_seconds": lambda: _events(ends, np.nan_to_num(rows["tpot_s"]), last),
            "vllm:e2e_request_latency_seconds": lambda: _events(ends, rows["e2e_s"], last),
            "vllm:request_queue_time_seconds": lambda: _events(ends, rows["queue_s"], last),
            "vllm:request_inference_time_seconds": lambda: _events(ends, ends - begun, last),
            "vllm:request_prefill_time_seconds": lambda: _events(ends, first - begun, last),
            "vllm:request_decode_time_seconds": lambda: _events(ends, ends - first, last),
            "vllm:request_prompt_tokens": lambda: _events(ends, rows["prompt"], last),
            "vllm:request_generation_tokens": lambda: _events(ends, rows["output"], last),
            "vllm:request_prefill_kv_computed_tokens": lambda: _events(ends, rows["prompt"] - rows["cached"], last),
            "vllm:request_num_preemptions": lambda: _events(ends, rows["preemptions"], last),
            "vllm:iteration_tokens_total": self._steps,
        }

    @cached_property
    def loaded(self) -> Events:
        """Prompt tokens that came from the host's memory or another server."""
        return _events(self._rows["first_token_s"], self._rows["loaded"], self._first)

    @cached_property
    def _outputs(self) -> tuple[Outputs, np.ndarray]:
        """All outputs of the run, and which of them are this replica's."""
        made = outputs(self.result)
        return made, made.replica == self.replica

    def _of_outputs(self, value: Callable[[Outputs], np.ndarray | float], first: bool = True) -> Events:
        """Something of each output of this replica; without `first`, of those alone that follow another."""
        made, mine = self._outputs
        return _events(made.time, value(made), mine if first else mine & np.isfinite(made.gap))

    def _steps(self) -> Events:
        """Tokens of each step as vLLM counts them: what was handed out, and the prompts of those that got their first token."""
        computed = _events(self._rows["first_token_s"], self._rows["prompt"] - self._rows["cached"], self._first)
        made, mine = self._outputs
        time = np.concatenate([made.time[mine], computed.time])
        value = np.concatenate([made.tokens[mine].astype(float), computed.value])
        # Times of one step differ by rounding only.
        slots, place = np.unique(np.round(time, 9), return_inverse=True)
        return Events(slots, np.bincount(place, weights=value, minlength=len(slots)))

    def gauges(self, at_s: float) -> dict[str, float]:
        """Requests running and waiting and the share of the cache in use, as of the last step that had begun at a moment."""
        rows, runs = self._rows, self._runs
        place = int(np.searchsorted(runs["start_s"], at_s, side="right")) - 1
        running = used = 0.0
        if place >= 0 and at_s <= runs["end_s"][place]:
            running = float(runs["decoding"][place] + runs["prefills"][place])
            used = float(runs["kv_used"][place]) / self.result.settings["kv_blocks_of"][self.replica]
        # Of one that has not started it is not on record whether the server was idle.
        late = rows["arrival_s"] + self.result.settings["scheduler"].server_s
        queued = np.where(np.isfinite(rows["queue_s"]), rows["started_s"] - rows["queue_s"], late)
        begun = np.nan_to_num(rows["started_s"], nan=np.inf)
        mine = self._first | (~np.isfinite(rows["first_token_s"]) & self._last)
        # The scheduler tells its queue with each step: while one step stands still, nobody who comes meanwhile is told.
        told = at_s
        if place >= 0 and at_s <= runs["end_s"][place] and runs["steps"][place] == 1:
            told = float(runs["start_s"][place])
        waiting = float(((queued <= told) & (begun > told) & mine).sum())
        return {
            "vllm:num_requests_running": running,
            "vllm:num_requests_waiting": waiting,
            "vllm:kv_cache_usage_perc": used,
        }

    def busy(self, after: float, until: float) -> dict[str, float]:
        """Seconds of a stretch of time that went into reading prompts, into writing answers, and into nothing."""
        runs = self._runs
        inside = np.clip(np.minimum(runs["end_s"], until) - np.maximum(runs["start_s"], after), 0.0, None)
        length = np.maximum(runs["end_s"] - runs["start_s"], 1e-300)
        writing = float((inside * runs["writing_s"] / length).sum())
        reading = float(inside.sum()) - writing
        return {"reading_s": reading, "writing_s": writing, "idle_s": max(0.0, until - after - reading - writing)}


def exposition(telemetry: Telemetry, at_s: float) -> str:
    """The page that the replica would answer with at a moment of the run, in Prometheus' text format."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    labels = {"engine": "0", "model_name": telemetry.result.settings["system"].model.name}
    keys, values = list(labels), list(labels.values())

    class Page:
        def collect(self) -> Iterable[Any]:
            for name, level in telemetry.gauges(at_s).items():
                gauge = GaugeMetricFamily(name, name, labels=keys)
                gauge.add_metric(values, level)
                yield gauge
            for name, events in telemetry.counters.items():
                more, extra = (["finished_reason"], ["length"]) if name == "vllm:request_success" else ([], [])
                counter = CounterMetricFamily(name, name, labels=[*keys, *more])
                counter.add_metric([*values, *extra], events.total(at_s))
                yield counter
            sources = CounterMetricFamily("vllm:prompt_tokens_by_source", "by source", labels=[*keys, "source"])
            for source, count in _by_source(telemetry, at_s).items():
                sources.add_metric([*values, source], count)
            yield sources
            for name, events in telemetry.histograms.items():
                seen = events.values(-np.inf, at_s)
                bounds = telemetry.bounds[name]
                buckets = [(str(float(bound)), float((seen <= bound).sum())) for bound in bounds]
                histogram = HistogramMetricFamily(name, name, labels=keys)
                histogram.add_metric(values, [*buckets, ("+Inf", float(len(seen)))], float(seen.sum()))
                yield histogram

    registry = CollectorRegistry()
    registry.register(Page())
    return generate_latest(registry).decode()


def _by_source(telemetry: Telemetry, at_s: float) -> Mapping[str, float]:
    cached, loaded = telemetry.counters["vllm:prompt_tokens_cached"].total(at_s), telemetry.loaded.total(at_s)
    return {
        "local_compute": telemetry.counters["vllm:prompt_tokens"].total(at_s) - cached,
        "local_cache_hit": cached - loaded,
        "external_kv_transfer": loaded,
    }
