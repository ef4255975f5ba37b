"""What the engine says of a measurement: the least time, and the time to expect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import System, decode, prefill, weight_bytes
from lessonlib.roofline.cost import estimate
from lessonlib.roofline.efficiency import load_efficiency
from lessonlib.roofline.expectation import operation_seconds
from lessonlib.roofline.load import Load, Requests, decode_load
from lessonlib.serving.measured.rows import Measurement
from lessonlib.serving.replica.scheduler import Scheduler
from lessonlib.serving.results.result import Result
from lessonlib.serving.simulation import simulate
from lessonlib.serving.traffic.lengths import Empirical
from lessonlib.serving.traffic.workload import Workload, fixed

#: Prompts and answers of a closed loop spread evenly over so much of their mean on either side, as benchmarks draw them from
#: 0.8 to 1 of a nominal length. Equal lengths would keep all requests in step for ever.
SPREAD = 1.0 / 9.0
_LEAST_BUDGET = 8192
#: Metrics that are one step.
STEPS = ("decode step", "prefill")


@dataclass(frozen=True)
class Situation:
    """What is simulated once for all metrics of one run; hashable."""

    system: System
    load: str
    concurrency: int
    prompt: int
    output: int
    requests: int
    scheduler: Scheduler


def step_load(row: Measurement) -> Load:
    """The load of a row that is one step: a decode step in the middle of its answer, or a prefill."""
    if row.metric == "decode step":
        return decode_load(row.concurrency, row.prompt + row.output // 2)
    return Load((Requests(row.concurrency, row.prompt, row.depth),))


def tokens_of_step(row: Measurement) -> int:
    """New tokens of such a step."""
    return row.concurrency * (row.prompt if row.metric == "prefill" else 1)


def scheduler_of(row: Measurement) -> Scheduler:
    """The scheduler of the row's engine, with its documented defaults: TensorRT-LLM lets a request in when its whole answer
    has room in 0.9 of the memory beside the weights; the others as vLLM does. Benchmarks switch prefix caching off. The server's
    own time is added afterwards, so that the steps of a run do not depend on it.
    """
    seats = row.seats or max(256, row.concurrency)
    budget = max(row.budget or _LEAST_BUDGET, seats)
    if row.engine.lower().startswith(("tensorrt", "nvidia nim", "trt")):
        held, memory = weight_bytes(row.system), row.system.gpu.memory_bytes * row.system.gpus
        share = (held + 0.9 * (memory - held)) / memory
        if not 0 < share <= 1:
            raise LessonlibError("the weights do not fit in the memory")
        return Scheduler(
            "in-flight",
            seats,
            budget,
            memory_share=share,
            reserve_output=True,
            prefix_caching=False,
            server_s=0.0,
            busy_server_s=0.0,
        )
    return Scheduler(
        max_num_seqs=seats, max_num_batched_tokens=budget, prefix_caching=False, server_s=0.0, busy_server_s=0.0
    )


def situation(row: Measurement) -> Situation:
    """What must be simulated for the row."""
    return Situation(row.system, row.load, row.concurrency, row.prompt, row.output, row.requests, scheduler_of(row))


def _around(mean: int) -> Empirical | int:
    low, high = round(mean * (1 - SPREAD)), round(mean * (1 + SPREAD))
    return Empirical(tuple(range(max(1, low), high + 1))) if high > low else mean


@cache
def run(case: Situation, cost: str) -> Result:
    """The simulated run of a situation."""
    if case.load == "closed loop":
        work = Workload(case.requests, _around(case.prompt), _around(case.output))
        return simulate(case.system, work, case.scheduler, concurrency=case.concurrency, cost=cost)
    return simulate(case.system, fixed(case.prompt, case.output, case.requests), case.scheduler, cost=cost)


def metric_of(result: Result, metric: str) -> float:
    """Seconds of one metric of a run: means over requests; for throughput seconds for each output token."""
    if metric == "throughput":
        return 1.0 / result.throughput_tokens_per_s
    name = {"time per token": "tpot_s", "time to first token": "ttft_s", "whole answer": "e2e_s"}[metric]
    return result.mean(name)


def ceiling_s(row: Measurement) -> float:
    """The least seconds by the datasheet: of the step; of the run with every step at its ceiling; of a first token, that of
    one prompt alone; of a token, at least that of one request alone.
    """
    if row.kernel is not None:
        return max(row.kernel.compute_s, row.kernel.memory_s)
    if row.metric in STEPS:
        return estimate(row.system, step_load(row)).ceiling_s / tokens_of_step(row)
    if row.metric == "time to first token":
        return prefill(row.system, max(1, round(row.prompt * (1 - SPREAD)))).ceiling_s
    if row.metric == "time per token":
        return decode(row.system, 1, row.prompt).ceiling_s
    return metric_of(run(situation(row), "ceiling"), row.metric)


def expected_s(row: Measurement) -> float:
    """The seconds to expect; a first token, and with it a whole answer, has the server's own time in it."""
    constants = load_efficiency()
    if row.kernel is not None:
        return float(operation_seconds(row.system, row.kernel, constants, whole_step=False))
    if row.metric in STEPS:
        return estimate(row.system, step_load(row)).expected_s / tokens_of_step(row)
    server_s = constants.server_s() + is_busy(row) * constants.busy_server_s(row.system.model.is_mixture)
    return metric_of(run(situation(row), "expected"), row.metric) + server_times(row) * server_s


def is_busy(row: Measurement) -> bool:
    """Whether the server had other requests while the measured ones came."""
    return row.concurrency != 1


def server_times(row: Measurement) -> int:
    """How often the server's own time is in a number: once in what a client's clock began with its request."""
    return int(row.metric == "time to first token" or (row.metric == "whole answer" and row.load == "closed loop"))
