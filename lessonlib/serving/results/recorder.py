"""What a simulation notes down while it runs: every request and step, or sums and bins of fixed size."""

from __future__ import annotations

from typing import Any

import numpy as np

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.serving.replica.job import Job
from lessonlib.serving.replica.step_log import StepLog
from lessonlib.serving.replica.steps import StepRun
from lessonlib.serving.results.samples import BinnedSample, ExactSample, Sample

RECORDS = ("full", "steps", "summary")
#: Waiting times that are summed up: until the first token, between tokens, from end to end, until first scheduled,
#: and mean time per output token after the first.
TIMES = ("ttft_s", "itl_s", "e2e_s", "queue_s", "tpot_s")
REQUEST_COLUMNS = (
    "number", "arrival_s", "started_s", "first_token_s", "finished_s", "queue_s", "ttft_s", "tpot_s", "e2e_s",
    "prompt", "output", "generated", "cached", "preemptions", "priority", "replica", "first_replica", "loaded",
)  # fmt: skip
#: A run of alike steps: seconds of its first and last step; requests that decode, and that have begun their prompts
#: (prefills); tokens of prompts; the mean length of the queue over the run; blocks in use at its start; seconds that it would
#: take without the prompts (all of them where there are none).
RUN_COLUMNS = (
    "replica", "start_s", "end_s", "steps", "first_s", "last_s", "decoding", "prefill_tokens", "prefills", "waiting", "kv_used", "compute_bound", "writing_s",
)  # fmt: skip
_MOST_OUTPUT = 2


class Recorder:
    """full: whether single requests and runs of steps are kept. log: of single steps, where the record is "steps". jobs: finished ones, where they are kept.

    output, prompt, hits: tokens of finished requests. made: tokens made by all steps. busy_s: seconds of all runs, over
    all replicas; writing_s: of these what they would take without prompts. preemption_times: (time, replica). batch_seconds: of each run times the requests that decoded in it. Raises LessonlibError for an unknown
    `record`.
    """

    def __init__(self, record: str = "full") -> None:
        if record not in RECORDS:
            raise LessonlibError(f"record: expected {listed(RECORDS)}, not {record!r}")
        self.record, self.full = record, record != "summary"
        self.log = StepLog() if record == "steps" else None
        self.samples: dict[str, Sample] = {name: ExactSample() if self.full else BinnedSample() for name in TIMES}
        self.jobs: list[Job] = []
        self._runs: list[tuple[Any, ...]] = []
        self.finished = self.output = self.prompt = self.hits = self.made = self.preemptions = self.steps = (
            self.aborted
        ) = 0
        self.busy_s = self.writing_s = self.batch_seconds = self.e2e_sum = 0.0
        self.preemption_times: list[tuple[float, int]] = []
        self._itl = self.samples["itl_s"]

    def gaps(self, weight: int, steps: int, first: float, slope: float) -> None:
        """Gaps between tokens: first, first + slope, ... (`steps` of them), each for `weight` requests."""
        if weight > 0 and steps > 0:
            self._itl.add_run(weight, steps, first, slope)

    def tokens(self, count: int) -> None:
        """Tokens that were made."""
        self.made += count

    def run(
        self, replica: int, run: StepRun, decoding: int, prefill_tokens: int, prefills: int, waiting: float, used: int
    ) -> None:
        """A run of steps of a replica has ended; the arguments are columns of RUN_COLUMNS (used: blocks at its start)."""
        seconds = run.end - run.start
        self.steps += run.steps
        writing = run.writing_s if prefill_tokens else seconds
        self.busy_s += seconds
        self.writing_s += writing
        self.batch_seconds += seconds * decoding
        if self.full:
            self._runs.append(
                (
                    replica,
                    run.start,
                    run.end,
                    run.steps,
                    run.first_s,
                    run.last_s,
                    decoding,
                    prefill_tokens,
                    prefills,
                    waiting,
                    used,
                    run.compute_bound,
                    writing,
                )
            )

    def preempted(self, replica: int, now: float) -> None:
        """A request of a replica has lost its blocks."""
        if self.full:
            self.preemption_times.append((now, replica))

    def leave(self, job: Job) -> None:
        """A job is finished."""
        self.finished += 1
        self.output += job.output
        self.prompt += job.prompt
        self.hits += job.cached
        self.preemptions += job.preempted
        self.e2e_sum += job.finished - job.arrival
        samples = self.samples
        samples["ttft_s"].add(job.first_token - job.arrival)
        samples["e2e_s"].add(job.finished - job.arrival)
        samples["queue_s"].add(job.started - job.queued)
        if job.output >= _MOST_OUTPUT:
            samples["tpot_s"].add((job.finished - job.first_token) / (job.output - 1))
        if self.full:
            self.jobs.append(job)

    def abort(self, job: Job) -> None:
        """A job was dropped: it has no end."""
        self.aborted += 1
        self.preemptions += job.preempted
        if self.full:
            self.jobs.append(job)

    def request_columns(self, unfinished: list[Job]) -> dict[str, np.ndarray]:
        """One array a column of REQUEST_COLUMNS, in the order of the requests; nan for what has not come to pass."""
        jobs = sorted([*self.jobs, *unfinished], key=lambda job: job.number) if self.full else []
        rows = [
            (
                job.number,
                job.arrival,
                job.started,
                job.first_token,
                job.finished,
                job.started - job.queued,
                job.first_token - job.arrival,
                (job.finished - job.first_token) / (job.output - 1) if job.output > 1 else np.nan,
                job.finished - job.arrival,
                job.prompt,
                job.output,
                job.generated,
                job.cached,
                job.preempted,
                job.priority,
                job.replica,
                job.marks[0][1] if job.marks else -1,
                job.loaded,
            )
            for job in jobs
        ]
        columns = np.array(rows, dtype=float).reshape(len(rows), len(REQUEST_COLUMNS)).T
        whole = {
            "number",
            "prompt",
            "output",
            "generated",
            "cached",
            "preemptions",
            "priority",
            "replica",
            "first_replica",
            "loaded",
        }
        return {
            name: column.astype(np.int64) if name in whole else column
            for name, column in zip(REQUEST_COLUMNS, columns, strict=True)
        }

    def run_columns(self) -> dict[str, np.ndarray]:
        """One array a column of RUN_COLUMNS, in the order in which runs ended."""
        columns = np.array(self._runs, dtype=float).reshape(len(self._runs), len(RUN_COLUMNS)).T
        whole = {"replica", "steps", "decoding", "prefill_tokens", "prefills", "kv_used"}
        found: dict[str, np.ndarray] = {}
        for name, column in zip(RUN_COLUMNS, columns, strict=True):
            found[name] = column.astype(np.int64) if name in whole else column
        found["compute_bound"] = found["compute_bound"] > 0
        return found
