"""What came out of a simulation: plain columns, percentiles, goodput, cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lessonlib.base.checks import number as checked
from lessonlib.base.errors import LessonlibError, listed
from lessonlib.serving.replica.step_log import EngineStep, StepLog
from lessonlib.serving.results.fleet_log import FleetLog
from lessonlib.serving.results.recorder import TIMES
from lessonlib.serving.results.samples import Sample, weighted_percentiles

#: Part of an answer: replica, its first run, the run behind its last (-1: still going on), tokens before, tokens a step.
Span = tuple[int, int, int, int, float]
#: Time and replica of a token that came from a prefill.
Mark = tuple[float, int]
LEVELS = (50.0, 90.0, 99.0)


@dataclass(frozen=True)
class Result:
    """One run.

    settings: all that is needed to repeat it ("system", "scheduler", "fleet", "workload", "concurrency", "cost", "kv_blocks", "block_tokens" (both of replica 0),
    "kv_blocks_of", "pools", "first_states" (each replica),
    "record", "seed"). requests: a column for each of recorder.REQUEST_COLUMNS, one row a request
    that came, nan for what did not come to pass. runs: a column for each of recorder.RUN_COLUMNS, one row for each run of
    alike steps. Both are empty where the record was "summary". samples: weighted samples of seconds by name.
    simulated_s: from the first arrival to the last event. requests_in_system: mean number. area_s: that number summed
    over time; by Little's law the sum of all end-to-end times when every request has finished. replicas: (time, replicas
    that take requests). kv_peak: highest share of the KV cache in use on any replica. stopped: "", "limit" or
    "interrupted". warnings: one line each. writing_s: of busy_s what steps would take without prompts. aborted: requests that a replica dropped when it stopped. replica_seconds: gpu_seconds with each replica counted once. preemption_times: (time, replica).
    log: of single steps, where the record was "steps". fleet_log: of two replicas or more, where the record was not "summary".
    """

    settings: Mapping[str, Any] = field(repr=False)
    requests: Mapping[str, np.ndarray] = field(repr=False)
    runs: Mapping[str, np.ndarray] = field(repr=False)
    samples: Mapping[str, Sample] = field(repr=False)
    finished: int
    unfinished: int
    output_tokens: int
    prompt_tokens: int
    hit_tokens: int
    tokens_made: int
    preemptions: int
    steps: int
    simulated_s: float
    busy_s: float
    area_s: float
    e2e_sum_s: float
    mean_batch: float
    kv_peak: float
    gpu_seconds: float
    replicas: tuple[tuple[float, int], ...]
    stopped: str
    warnings: tuple[str, ...]
    spans: Mapping[int, tuple[tuple[Mark, ...], tuple[Span, ...]]] = field(repr=False)
    writing_s: float = 0.0
    replica_seconds: float = 0.0
    aborted: int = 0
    preemption_times: tuple[Mark, ...] = field(default=(), repr=False)
    log: StepLog | None = field(default=None, repr=False)
    fleet_log: FleetLog | None = field(default=None, repr=False)

    @property
    def throughput_tokens_per_s(self) -> float:
        """Output tokens of finished requests over the whole run."""
        return self.output_tokens / self.simulated_s if self.simulated_s else 0.0

    @property
    def requests_per_s(self) -> float:
        """Finished requests over the whole run."""
        return self.finished / self.simulated_s if self.simulated_s else 0.0

    @property
    def requests_in_system(self) -> float:
        """Mean number of requests that have come and are not finished."""
        return self.area_s / self.simulated_s if self.simulated_s else 0.0

    @property
    def prefix_hit_rate(self) -> float:
        """Share of the prompt tokens of finished requests that were found in the cache when first scheduled."""
        return self.hit_tokens / self.prompt_tokens if self.prompt_tokens else 0.0

    def mean(self, name: str) -> float:
        """Mean of one of recorder.TIMES, seconds."""
        return self._sample(name).mean()

    def percentile(self, name: str, level: float) -> float:
        """Seconds that `level` per cent of one of recorder.TIMES do not exceed."""
        return self._sample(name).percentiles((checked("level", level, least=0.0, most=100.0),))[0]

    def _sample(self, name: str) -> Sample:
        if name not in self.samples:
            raise LessonlibError(f"times: expected {listed(TIMES)}, not {name!r}")
        return self.samples[name]

    def metrics(self) -> dict[str, Any]:
        """The run in a few numbers, under the keys of `lessonlib simulate --json`; None where there is nothing to say."""
        numbers: dict[str, Any] = {
            "throughput_tokens_per_s": self.throughput_tokens_per_s,
            "requests_per_s": self.requests_per_s,
        }
        for name in ("ttft_s", "itl_s", "e2e_s", "queue_s", "tpot_s"):
            sample = self.samples[name]
            values = (sample.mean(), *sample.percentiles(LEVELS))
            numbers[name] = {
                key: _known(value) for key, value in zip(("mean", "p50", "p90", "p99"), values, strict=True)
            }
        return numbers | {
            "preemptions": self.preemptions,
            "prefix_hit_rate": self.prefix_hit_rate,
            "kv_peak": self.kv_peak,
            "simulated_s": self.simulated_s,
            "finished": self.finished,
            "unfinished": self.unfinished,
            "aborted": self.aborted,
            "steps": self.steps,
            "mean_batch": self.mean_batch,
            "gpu_seconds": self.gpu_seconds,
            "gpu_split": self.gpu_split(),
            "stopped": self.stopped,
            "warnings": list(self.warnings),
        }

    def _need_full(self, what: str) -> None:
        if not self.requests or self.settings.get("record") not in ("full", "steps"):
            raise LessonlibError(f'{what}: needs every request: simulate with record = "full"')

    def goodput(
        self, ttft_s: float = math.inf, tpot_s: float = math.inf, e2e_s: float = math.inf
    ) -> tuple[float, float]:
        """(requests per second that meet all limits, their share of all requests that came).

        tpot_s: mean seconds for each token after the first; an answer of one token has none and meets it.
        """
        self._need_full("goodput")
        for name, limit in (("ttft_s", ttft_s), ("tpot_s", tpot_s), ("e2e_s", e2e_s)):
            if limit != math.inf:
                checked(name, limit, least=0.0)
        rows = self.requests
        with np.errstate(invalid="ignore"):
            good = (
                (rows["ttft_s"] <= ttft_s)
                & (rows["e2e_s"] <= e2e_s)
                & ((rows["tpot_s"] <= tpot_s) | (rows["output"] == 1))
            )
        count = int(good.sum())
        return count / self.simulated_s if self.simulated_s else 0.0, count / max(1, len(good))

    def gpu_split(self) -> dict[str, float]:
        """Shares of the time of all replicas (starting and idle replicas included) in which prompts were read, answers written, nothing done.

        A step with both counts as writing as long as it would take without the prompts, the rest as reading.
        """
        total = self.replica_seconds
        if not total:
            return {"reading": 0.0, "writing": 0.0, "idle": 0.0}
        reading, writing = (self.busy_s - self.writing_s) / total, self.writing_s / total
        return {"reading": reading, "writing": writing, "idle": max(0.0, 1.0 - reading - writing)}

    def cost(self, per_gpu_hour: float) -> dict[str, float]:
        """Cost of all GPU time of the run (starting and idle replicas included): in all, for each finished request, and
        for a million output tokens, prompts included in that price. In the currency of `per_gpu_hour`.
        """
        total = self.gpu_seconds / 3600.0 * checked("per_gpu_hour", per_gpu_hour, least=0.0)
        return {
            "total": total,
            "per_request": total / self.finished if self.finished else math.nan,
            "per_million_output_tokens": total / self.output_tokens * 1e6 if self.output_tokens else math.nan,
        }

    def steady(self, skip: float = 0.25) -> dict[str, float]:
        """The middle of a run, without its first and last requests (`skip` of them at either end, by time of finish).

        Output tokens per second between the two times; means of the columns of the requests that finished there.
        """
        self._need_full("steady")
        rows = self.requests
        ends = np.sort(rows["finished_s"][np.isfinite(rows["finished_s"])])
        cut = int(len(ends) * checked("skip", skip, least=0.0, most=0.49))
        if len(ends) - 2 * cut < 2:
            raise LessonlibError("steady: too few finished requests; simulate more")
        first, last = ends[cut], ends[len(ends) - 1 - cut]
        inside = (rows["finished_s"] > first) & (rows["finished_s"] <= last)
        seconds = last - first
        means = {
            name: float(np.nanmean(rows[name][inside]))
            for name in ("ttft_s", "tpot_s", "e2e_s", "queue_s")
            if inside.any()
        }
        rate = float(rows["output"][inside].sum() / seconds) if seconds else math.nan
        return {"throughput_tokens_per_s": rate, "seconds": float(seconds), **means}

    def step_columns(self, replica: int = 0) -> dict[str, np.ndarray]:
        """Every step of one replica: start_s, seconds, decoding (requests), prefill_tokens, kv_used (blocks), compute_bound."""
        self._need_full("step_columns")
        rows = self.runs["replica"] == replica
        most = self.settings["fleet"].most
        if replica not in range(most):
            raise LessonlibError(f"step_columns: no replica {replica!r}: there are 0 to {most - 1}")
        runs = {name: column[rows] for name, column in self.runs.items()}
        count = runs["steps"]
        place = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        slope = (runs["last_s"] - runs["first_s"]) / np.maximum(1, count - 1)
        lasts = np.repeat(runs["first_s"], count) + place * np.repeat(slope, count)
        begun = (
            np.repeat(runs["start_s"], count)
            + place * np.repeat(runs["first_s"], count)
            + np.repeat(slope, count) * place * (place - 1) / 2.0
        )
        found = {
            name: np.repeat(runs[name], count) for name in ("decoding", "prefill_tokens", "kv_used", "compute_bound")
        }
        return {"start_s": begun, "seconds": lasts, **found}

    def engine_steps(
        self, replica: int = 0, from_s: float = -math.inf, until_s: float = math.inf
    ) -> tuple[EngineStep, ...]:
        """The single steps of a replica with who read and who wrote in each: those that end after `from_s` and begin before
        `until_s`, seconds of the simulation.
        """
        return tuple(self.step_log("engine_steps").steps(replica, from_s, until_s))

    def step_log(self, what: str = "step_log") -> StepLog:
        """The log of single steps. Raises LessonlibError, which names `what` asks, where none was kept."""
        if self.log is None:
            raise LessonlibError(f'{what}: needs every step: simulate with record = "steps"')
        return self.log

    def token_times(self, number: int) -> np.ndarray:
        """Times at which the tokens of one request's answer were made, seconds, ascending, shape (tokens,)."""
        self._need_full("token_times")
        if number not in self.spans:
            raise LessonlibError(f"token_times: no request {number!r} among the {len(self.spans)} that came")
        marks, spans = self.spans[number]
        return _times_of(marks, spans, self.runs)

    def window_percentiles(self, name: str, edges: np.ndarray, level: float) -> np.ndarray:
        """A percentile of a request column by time of arrival, between neighbouring `edges` (seconds), shape (edges - 1,)."""
        self._need_full("window_percentiles")
        if name not in self.requests:
            times = listed(item for item in TIMES if item in self.requests)
            raise LessonlibError(f"window_percentiles: expected a column of requests such as {times}, not {name!r}")
        checked("level", level, least=0.0, most=100.0)
        values, when = self.requests[name], self.requests["arrival_s"]
        known = np.isfinite(values)
        slots = np.searchsorted(edges, when, side="right") - 1
        chosen = (values[known & (slots == slot)] for slot in range(len(edges) - 1))
        return np.array([weighted_percentiles(part, np.ones(len(part)), (level,))[0] for part in chosen])


def _known(value: float) -> float | None:
    """The value, None for nan: JSON has no nan."""
    return None if math.isnan(value) else value


# --- when each token was made, from the runs of steps in which it was written ------------------------------------------


def _times_of(marks: Sequence[Mark], spans: Sequence[Span], runs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Seconds, ascending: `marks` come from prefills, the others from the steps of `spans`."""
    parts = [np.asarray([when for when, _ in marks], dtype=float)]
    for replica, first, last, _, rate in spans:
        rows = np.flatnonzero(runs["replica"] == replica)[first : None if last < 0 else last]
        rows = rows[runs["decoding"][rows] > 0]
        ends = step_ends(rows, runs)
        # The n-th step brings the answer to floor(n rate) tokens; without speculation one each.
        made = np.floor(np.arange(1, len(ends) + 1) * rate + 1e-9).astype(np.int64)
        parts.append(np.repeat(ends, np.diff(made, prepend=0)))
    return np.sort(np.concatenate(parts))


def step_ends(rows: np.ndarray, runs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Times at which the steps of some runs ended."""
    count = runs["steps"][rows]
    done = np.arange(1, int(count.sum()) + 1) - np.repeat(np.cumsum(count) - count, count)
    slope = np.repeat((runs["last_s"][rows] - runs["first_s"][rows]) / np.maximum(1, count - 1), count)
    ends: np.ndarray = (
        np.repeat(runs["start_s"][rows], count)
        + done * np.repeat(runs["first_s"][rows], count)
        + slope * done * (done - 1) / 2.0
    )
    return ends
