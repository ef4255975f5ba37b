"""The serving simulator: speed at full load, cost of more replicas, memory of long runs, and plain event code beside it."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

from benchmarks.result import Result

PROMPT, OUTPUT = 1000, 200
#: Requests per second that keep one replica of the benchmark's system (8B on one H100) near its limit.
FULL_LOAD = 23.0
ROUNDS = 5
#: Requests for each replica where fleets are compared.
EACH = 400


def _seconds(run: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    begun = clock()
    run()
    return clock() - begun


def measure() -> Iterator[Result]:
    """Each measurement after one run that warms up."""
    from lessonlib.roofline import System, load_gpu, load_model
    from lessonlib.serving import Fleet, Poisson, fixed, simulate

    system = System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))

    def run(requests: int, replicas: int = 1, rate: float = FULL_LOAD, **options: Any) -> Any:
        return simulate(
            system, fixed(PROMPT, OUTPUT, requests, Poisson(rate * replicas)), fleet=Fleet(replicas), **options
        )

    run(300)
    slider = median(_seconds(lambda: run(300)) for _ in range(ROUNDS))
    yield Result("simulate 300 requests", slider, 0.15, "s", "a slider's run, full record")
    found: list[Any] = []
    wall = _seconds(lambda: found.append(run(10_000)))
    speed = f"{found[0].simulated_s / wall:,.0f} simulated seconds a second, {10_000 / wall:,.0f} requests/s, {found[0].steps / wall:,.0f} steps/s"
    yield Result("simulate 10,000 requests of 1,000/200", wall, 5.0, "s", speed)
    over = _seconds(lambda: run(10_000, rate=2 * FULL_LOAD))
    yield Result("the same at twice the load", over, 5.0, "s", f"{10_000 / over:,.0f} requests/s")
    # Equally many requests for each replica, so that their batches are equally large and only the fleet differs.
    # Time of this process alone, for these runs are too long to hope that nobody else wants the processor meanwhile.
    rounds = ((1, 9), (8, 3), (64, 3))
    each = {
        count: median(_seconds(lambda: run(EACH * count, count), time.process_time) for _ in range(times))
        / (EACH * count)
        for count, times in rounds
    }
    for count in (8, 64):
        detail = f"{each[count] * 1e6:.0f} us, {each[1] * 1e6:.0f} us of processor time"
        yield Result(f"cost of a request, {count} replicas over 1", each[count] / each[1], 1.5, "x", detail)
    yield _prefix_router(system)
    short, long = (_peak(lambda: run(count, record="summary")) for count in (2000, 12_000))
    yield Result(
        "peak memory, 12,000 over 2,000 requests", long / short, 1.2, "x", f"summaries only; {long / 1e6:.1f} MB"
    )
    yield from _beside_simpy(system, run)


def _prefix_router(system: Any) -> Result:
    """Choosing by what 256 replicas hold, over choosing by their load: the same requests, of one system prompt and many documents."""
    from lessonlib.serving import Fixed, Fleet, Poisson, Sharing, Workload, simulate

    sharing = Sharing(512, 1, 1024, 2000, zipf=0.8)
    workload = Workload(8000, Fixed(2000), Fixed(100), Poisson(10.0 * 256), sharing)
    seconds = {
        router: median(
            _seconds(lambda router=router: simulate(system, workload, fleet=Fleet(256, router)), time.process_time)  # type: ignore[misc]
            for _ in range(3)
        )
        for router in ("least-requests", "prefix-aware")
    }
    ratio = seconds["prefix-aware"] / seconds["least-requests"]
    detail = ", ".join(f"{name} {8000 / value:,.0f} requests/s" for name, value in seconds.items())
    return Result("prefix-aware over least-requests, 256 replicas", ratio, 1.5, "x", detail)


def _peak(run: Callable[[], Any]) -> int:
    tracemalloc.start()
    run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def _beside_simpy(system: Any, run: Callable[..., Any]) -> Iterator[Result]:
    """The same queue as SimPy processes, one event a token; skipped where SimPy is not installed."""
    try:
        import simpy  # type: ignore[import-not-found]
    except ImportError:
        print("simulator beside SimPy: SimPy is not installed, skipped")
        return
    from lessonlib.serving import Poisson, StepCost, fixed

    count = 600
    requests = list(fixed(PROMPT, OUTPUT, count, Poisson(FULL_LOAD)))
    waits: list[float] = []
    plain = _seconds(lambda: waits.extend(_simpy_queue(simpy, StepCost(system), requests)))
    found: list[Any] = []
    ours = _seconds(lambda: found.append(run(count)))
    ratio = found[0].mean("ttft_s") / (sum(waits) / len(waits))
    detail = f"{plain:.2f} s, {ours:.2f} s; mean TTFT agrees to {abs(ratio - 1):.1e}"
    yield Result("SimPy over this simulator, 600 requests", plain / ours, 3.0, "x", detail, at_least=True)


class _Queue:
    """Continuous batching as one would write it at first: a process a request, a server that goes step by step.

    first: seconds to the first token of each request. Without a limit on the cache, which this load does not reach.
    """

    def __init__(self, env: Any, cost: Any, seats: int = 256, budget: int = 8192) -> None:
        self.env, self.cost, self.seats, self.budget = env, cost, seats, budget
        self.waiting: list[dict[str, Any]] = []
        self.running: list[dict[str, Any]] = []
        self.first: list[float] = []
        self.wake = env.event()

    def client(self, request: Any) -> Iterator[Any]:
        """Comes at its time and waits for one event a token."""
        yield self.env.timeout(request.arrival_s)
        job = {"left": request.prompt, "context": 0, "tokens": request.output, "event": self.env.event()}
        self.waiting.append(job)
        if not self.wake.triggered:
            self.wake.succeed()
        for token in range(request.output):
            yield job["event"]
            if not token:
                self.first.append(self.env.now - request.arrival_s)

    def server(self) -> Iterator[Any]:
        """Steps for ever."""
        while True:
            if not self.waiting and not self.running:
                self.wake = self.env.event()
                yield self.wake
            shares = self._shares()
            yield self.env.timeout(self.cost.mixed([(new, job["context"]) for job, new in shares if new]))
            for job, new in shares:
                self._advance(job, new)
            self.running = [job for job in self.running if job["tokens"]]

    def _shares(self) -> list[tuple[dict[str, Any], int]]:
        """Tokens of each running request in the next step."""
        room = self.budget - sum(1 for job in self.running if not job["left"])
        while self.waiting and len(self.running) < self.seats:
            self.running.append(self.waiting.pop(0))
        shares = []
        for job in self.running:
            new = min(job["left"], room) if job["left"] else 1
            room -= new if job["left"] else 0
            shares.append((job, new))
        return shares

    def _advance(self, job: dict[str, Any], new: int) -> None:
        job["context"] += new
        if job["left"]:
            job["left"] -= new
        if not job["left"] and new:
            job["tokens"] -= 1
            event, job["event"] = job["event"], self.env.event()
            event.succeed()


def _simpy_queue(simpy: Any, cost: Any, requests: list[Any]) -> list[float]:
    """Seconds to the first token of each request."""
    env = simpy.Environment()
    queue = _Queue(env, cost)
    for request in requests:
        env.process(queue.client(request))
    env.process(queue.server())
    env.run(until=max(request.arrival_s for request in requests) + 120.0)
    return queue.first
