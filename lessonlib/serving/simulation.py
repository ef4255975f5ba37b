"""The simulation: requests through a fleet, event by event."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from lessonlib.base.checks import kind, whole
from lessonlib.base.checks import number as checked
from lessonlib.base.errors import LessonlibError
from lessonlib.roofline.system import System, kv_bytes, state_bytes
from lessonlib.serving import events as kinds
from lessonlib.serving.events import Events
from lessonlib.serving.fleet.fleet import Fleet
from lessonlib.serving.fleet.members import DRAINING, FAILED, OFF, READY, Members
from lessonlib.serving.fleet.routers import make_router
from lessonlib.serving.fleet.scaler import Scaler
from lessonlib.serving.interrupt import heard_between_events
from lessonlib.serving.replica.job import Job
from lessonlib.serving.replica.replica import Replica
from lessonlib.serving.replica.settings import Scheduler
from lessonlib.serving.results.recorder import Recorder
from lessonlib.serving.results.result import Result, build_result
from lessonlib.serving.traffic.source import Source
from lessonlib.serving.traffic.workload import Request

#: Called with (requests finished, simulated seconds) now and then.
Progress = Callable[[int, float], None]
_TELL_EVERY = 256


def simulate(
    system: System,
    requests: Iterable[Request],
    scheduler: Scheduler | None = None,
    fleet: Fleet | None = None,
    *,
    concurrency: int | None = None,
    cost: str = "expected",
    limit_s: float | None = None,
    record: str = "full",
    seed: int = 0,
    progress: Progress | None = None,
) -> Result:
    """Serve `requests` (a Workload, a Trace, or any iterable of Request) and return what happened.

    concurrency: a closed loop with so many requests under way; None: they come at their own times. cost: "expected" or
    "ceiling" seconds for each step. limit_s: stop at this simulated time, whatever is unfinished. record: "full", or
    "summary", whose memory does not grow with the run. seed: of routers and of drafts. A KeyboardInterrupt ends the
    run early and the result says so. Raises LessonlibError for what cannot be served.
    """
    kind("system", system, System, 'System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))')
    kind("scheduler", scheduler or Scheduler(), Scheduler, "Scheduler(max_num_seqs=64)")
    kind("fleet", fleet or Fleet(), Fleet, "Fleet(replicas=2)")
    simulation = Simulation(
        system, requests, scheduler or Scheduler(), fleet or Fleet(), concurrency, cost, record, seed
    )
    return simulation.run(checked("limit_s", limit_s, above=0.0) if limit_s is not None else float("inf"), progress)


class Simulation:
    """One run. Jobs in the system are those that came and have no answer yet; `area` is their number summed over time."""

    def __init__(
        self,
        system: System,
        requests: Iterable[Request],
        scheduler: Scheduler,
        fleet: Fleet,
        concurrency: int | None,
        cost: str,
        record: str,
        seed: int,
    ) -> None:
        self.system, self.scheduler, self.fleet, self.cost = system, scheduler, fleet, cost
        self.seed = whole("seed", seed, 0, 2**63)
        self.workload, self.concurrency = requests, concurrency
        self.recorder = Recorder(record)
        self.members = Members(system, scheduler, fleet, cost, self.recorder, self.seed)
        self._routers = [make_router(fleet.router, self.seed + place, fleet.load_bound) for place in range(2)]
        self.events = Events()
        self.source = Source(requests, concurrency, self.events)
        self.scaler = Scaler(fleet.autoscaler, self.members, self.events) if fleet.autoscaler else None
        self.jobs: dict[int, Job] = {}
        self.held: deque[Job] = deque()
        self.now = self.area = self._counted = self.began = self.last_s = 0.0
        self.backlog: list[tuple[int, float, int]] = []
        self.stopped, self.too_long = "", 0
        self._planned: set[int] = set()
        self._known = [0] * len(self.members.replicas)
        self._failing: dict[int, float] = {}
        self._link_free = [0.0] * len(self.members.replicas)
        for failure in fleet.failures:
            self.events.push(failure.at_s, kinds.FAILURE, failure)

    def run(self, limit_s: float, progress: Progress | None) -> Result:
        """All events until the last answer, the limit or an interrupt."""
        handlers = (
            self._arrival,
            self._warm,
            self._failure,
            self._recovery,
            self._delivery,
            self._look,
            self._run_end,
            self._plan,
        )
        turns = 0
        try:
            with heard_between_events() as interrupted:
                while self.events and (self.jobs or self.source.pending):
                    now, what, payload = self.events.pop()
                    if now > limit_s:
                        self.stopped = "limit"
                        self._count(limit_s)
                        break
                    self.now = now
                    handlers[what](now, payload)
                    turns += 1
                    if turns % _TELL_EVERY == 0:
                        if progress:
                            progress(self.recorder.finished, now)
                        if interrupted():
                            self.stopped = "interrupted"
                            break
                if progress:
                    progress(self.recorder.finished, self.now)
        except KeyboardInterrupt:
            self.stopped = "interrupted"
        assert self.stopped or not (self.jobs or self.source.pending), "requests are left over"
        return build_result(self)

    def _count(self, now: float) -> None:
        """Bring the sum over time of the jobs in the system up to date."""
        self.area += len(self.jobs) * (now - self._counted)
        self._counted = self.last_s = now

    def _arrival(self, now: float, payload: tuple[int, Request]) -> None:
        number, request = payload
        if not self.source.came:
            self._counted = self.began = now
            self.members.begin(now)
        job = Job(number, request, now)
        self._check_fit(job)
        self._count(now)
        self.jobs[number] = job
        self.source.arrived(now)
        if self.source.came & (self.source.came - 1) == 0 or self.source.exhausted:
            self.backlog.append((self.source.came, now, len(self.held) + self.members.waiting))
        self._send(job, now)

    def _check_fit(self, job: Job) -> None:
        self.too_long += job.prompt + job.output > (self.system.model.max_context or float("inf"))
        blocks, fixed = self.members.blocks
        size, speculation = self.scheduler.block_tokens, self.scheduler.speculation
        need = -(-(job.prompt + job.output) // size) + fixed
        if speculation:
            # Blocks come at the mean pace of an answer, so an unlucky one needs more than its tokens fill.
            need = (
                -(-job.prompt // size) + fixed + 1 + (job.output - 1) // max(1, int(size / speculation.tokens_per_step))
            )
        if need > blocks:
            raise LessonlibError(
                f"request {job.number}: {job.prompt:,} prompt and {job.output:,} output tokens need {need:,} blocks of {size} tokens, the whole KV "
                f"cache has {blocks:,}: shorten them, raise tp, take fewer bits for weights or KV cache, or a larger GPU"
            )

    def _send(self, job: Job, now: float) -> None:
        """To a replica, or into the gateway's hands while there is none."""
        if self.members.prompts:
            self._submit(self._routers[0].choose(job, self.members.prompts), job, now)
            return
        self.held.append(job)
        if self.scaler and not self.members.count("starting", DRAINING, FAILED):
            self.scaler.start(1, now)
            self._release_held(now)

    def _release_held(self, now: float) -> None:
        while self.held and self.members.prompts:
            self._send(self.held.popleft(), now)

    def _submit(self, replica: Replica, job: Job, now: float) -> None:
        replica.submit(job, now)
        self._follow(replica, now)

    def _follow(self, replica: Replica, now: float) -> None:
        """Schedule what comes next for a replica whose queue or run has changed."""
        if replica.idle:
            if replica.number not in self._planned:
                self._planned.add(replica.number)
                self.events.push(now, kinds.PLAN, replica)
        elif self._known[replica.number] != replica.version:
            self._known[replica.number] = replica.version
            self.events.push(replica.run.end, kinds.RUN_END, (replica, replica.version))

    def _plan(self, now: float, replica: Replica) -> None:
        self._planned.discard(replica.number)
        if replica.idle:
            replica.plan(now)
            if not replica.idle:
                self._follow(replica, now)

    def _run_end(self, now: float, payload: tuple[Replica, int]) -> None:
        replica, version = payload
        if replica.version != version:
            return
        for job in replica.complete():
            if job.finished == job.finished:
                self._finish(job, now)
            else:
                self._transfer(replica, job, now)
        if replica.number in self._failing:
            self._fail(replica, now)
        elif self.members.states[replica.number] == DRAINING and not replica.in_flight:
            replica.run.stop()
            self.members.set(replica.number, OFF, now)
        else:
            replica.plan(now)
            if not replica.idle:
                self._follow(replica, now)

    def _finish(self, job: Job, now: float) -> None:
        self._count(now)
        del self.jobs[job.number]
        self.recorder.leave(job)
        if self.scaler:
            self.scaler.first_token(job.first_token - job.arrival)
        self.source.ended(job.number, now)

    def _transfer(self, replica: Replica, job: Job, now: float) -> None:
        """Send the cache of a computed prompt over the replica's link, behind what is already on it."""
        pools = self.fleet.disaggregation
        assert pools is not None
        payload = kv_bytes(self.system, job.target) + sum(state_bytes(self.system).values())
        sent = max(now, self._link_free[replica.number]) + payload / pools.link_bytes_per_second
        self._link_free[replica.number] = sent
        self.events.push(sent + pools.latency_s, kinds.DELIVERY, (replica, job, replica.parked[job.number]))

    def _delivery(self, now: float, payload: tuple[Replica, Job, int]) -> None:
        source, job, parking = payload
        if not self.members.answers:
            # Nobody to take it: it stays where it is until a replica of the pool is back.
            self.events.push(now + 1.0, kinds.DELIVERY, payload)
            return
        if not source.unpark(job, parking):
            return
        if source.queue:
            self._follow(source, now)
        job.transferred = True
        self._submit(self._routers[1].choose(job, self.members.answers), job, now)

    def _failure(self, now: float, failure: object) -> None:
        number, back = failure.replica, now + failure.for_s  # type: ignore[attr-defined]
        if self.members.states[number] not in (READY, DRAINING):
            return
        replica = self.members.replicas[number]
        self._failing[number] = back
        self.members.set(number, FAILED, now)
        if replica.idle:
            self._fail(replica, now)
            return
        replica.interrupt(now)
        self._follow(replica, now)

    def _fail(self, replica: Replica, now: float) -> None:
        back = self._failing.pop(replica.number)
        self.events.push(max(back, now), kinds.RECOVERY, replica.number)
        for job in replica.fail():
            self._send(job, now)

    def _recovery(self, now: float, number: int) -> None:
        self.members.set(number, READY, now)
        self._release_held(now)

    def _warm(self, now: float, number: int) -> None:
        self.members.set(number, READY, now)
        self._release_held(now)

    def _look(self, now: float, _: None) -> None:
        assert self.scaler is not None
        self.scaler.look(now, len(self.held))
        self._release_held(now)
