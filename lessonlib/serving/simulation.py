"""The simulation: requests through a fleet, event by event."""

from __future__ import annotations

import math
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from heapq import heappop, heappush
from typing import Any

from lessonlib.base.checks import kind, whole
from lessonlib.base.checks import number as checked
from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import System, kv_bytes, state_bytes
from lessonlib.serving.fleet.fleet import Failure, Fleet, Stall
from lessonlib.serving.fleet.members import DRAINING, FAILED, OFF, READY, STARTING, Members
from lessonlib.serving.fleet.rolling import Rolling
from lessonlib.serving.fleet.routers import Loads, Router, Sight, make_router
from lessonlib.serving.fleet.scaler import Scaler
from lessonlib.serving.replica.job import Job
from lessonlib.serving.replica.replica import Replica
from lessonlib.serving.replica.scheduler import Scheduler
from lessonlib.serving.results.fleet_log import FleetLog
from lessonlib.serving.results.recorder import Recorder
from lessonlib.serving.results.result import Result
from lessonlib.serving.traffic.feed import RequestFeed
from lessonlib.serving.traffic.request import Request

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
    "ceiling" seconds for each step. limit_s: stop at this simulated time, whatever is unfinished. record: "full",
    "steps" (each single step too: Result.engine_steps), or "summary", whose memory does not grow with the run. seed: of routers and of drafts. A KeyboardInterrupt ends the
    run early and the result says so. Raises LessonlibError for what cannot be served.
    """
    kind("system", system, System, 'System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))')
    kind("scheduler", scheduler or Scheduler(), Scheduler, "Scheduler(max_num_seqs=64)")
    kind("fleet", fleet or Fleet(), Fleet, "Fleet(replicas=2)")
    simulation = Simulation(
        system, requests, scheduler or Scheduler(), fleet or Fleet(), concurrency, cost, record, seed
    )
    return simulation.run(checked("limit_s", limit_s, above=0.0) if limit_s is not None else float("inf"), progress)


# --- the clock --------------------------------------------------------------------------------------------------------

#: A request comes; it is through the server's own work; a replica is warm; a replica stops; it stalls; it is back; a KV cache has crossed the link; the scaler looks;
#: the router looks; the router fails; a rollout begins; the time to drain is over; a beginning has come from the host's memory; a run of steps ends; an idle replica has something to do. In this order at one time, so that requests that come
#: together start together.
(
    ARRIVAL,
    SEND,
    WARM,
    FAILURE,
    STALL,
    RECOVERY,
    DELIVERY,
    LOOK,
    SCRAPE,
    ROUTER_FAILS,
    ROLL,
    DEADLINE,
    LOADED,
    RUN_END,
    PLAN,
) = range(15)


class Events:
    """A queue of (time, kind, payload); equal ones leave in the order in which they came."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, int, Any]] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._heap)

    def push(self, time: float, what: int, payload: Any = None) -> None:
        """Add an event of the kind `what` at `time`, seconds."""
        self._count += 1
        heappush(self._heap, (time, what, self._count, payload))

    def pop(self) -> tuple[float, int, Any]:
        """The next event: its time, its kind, and what came with it."""
        time, what, _, payload = heappop(self._heap)
        return time, what, payload


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Yields a function that says whether Ctrl-C has been pressed since, so that a run stops between two events and its
    sums stay right. A second Ctrl-C interrupts at once, as ever.

    Outside the main thread, and where somebody else already handles the signal, nothing is changed.
    """
    asked = False

    def remember(_signal: int, _frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    mine = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if mine:
        signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: asked
    finally:
        if mine:
            signal.signal(signal.SIGINT, signal.default_int_handler)


# --- the run ----------------------------------------------------------------------------------------------------------


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
        self.system, self.scheduler, self.fleet, self.cost = system, scheduler.resolved(system, cost), fleet, cost
        self._server_s, self._busy_s = self.scheduler.server_s or 0.0, self.scheduler.busy_server_s or 0.0
        self.seed = whole("seed", seed, 0, 2**63)
        self.workload, self.concurrency = requests, concurrency
        self.recorder = Recorder(record)
        self.fleet_log = FleetLog() if self.recorder.full and fleet.most > 1 else None
        tell = self.fleet_log.changes if self.fleet_log else None
        self.members = Members(system, scheduler, fleet, cost, self.recorder, self.seed, tell)
        self.loads = Loads(fleet.scrape_s)
        self._routers = [self._router(fleet.router, place) for place in range(2)]
        self.events = Events()
        self.feed = RequestFeed(requests, concurrency, self._schedule_arrival)
        self.scaler = Scaler(fleet.autoscaler, self.members) if fleet.autoscaler else None
        if self.scaler:
            self.events.push(self.scaler.settings.every_s, LOOK, self.scaler)
        self.jobs: dict[int, Job] = {}
        self.held: deque[Job] = deque()
        self.now = self.area = self._counted = self.began = self.last_s = 0.0
        self.backlog: list[tuple[int, float, int]] = []
        self.stopped, self.too_long = "", 0
        self._planned: set[int] = set()
        #: What a request needs room in: (blocks, blocks of any sequence, tokens of a block, speculation) of each kind of replica.
        self._rooms = {
            (replica.kv.total, replica.kv.fixed, replica.kv.size, replica.scheduler.speculation)
            for replica in self.members.replicas
        }
        self._known = [0] * len(self.members.replicas)
        self._failing: dict[int, float] = {}
        self._undelivered: list[tuple[Replica, Job, int]] = []
        self._link_free = [0.0] * len(self.members.replicas)
        self.rolling = Rolling(fleet.rollout, self.members, fleet.replicas) if fleet.rollout else None
        self._aborting: set[int] = set()
        if fleet.rollout:
            self.events.push(fleet.rollout.at_s, ROLL)
        if fleet.scrape_s:
            self.events.push(0.0, SCRAPE)
        if fleet.router_fails_at_s is not None:
            self.events.push(fleet.router_fails_at_s, ROUTER_FAILS)
        for failure in fleet.failures:
            self.events.push(failure.at_s, FAILURE, failure)
        for stall in fleet.stalls:
            self.events.push(stall.at_s, STALL, stall)

    def run(self, limit_s: float, progress: Progress | None) -> Result:
        """All events until the last answer, the limit or an interrupt."""
        handlers: dict[int, Callable[[float, Any], None]] = {
            ARRIVAL: self._arrival,
            SEND: self._through,
            WARM: self._warm,
            FAILURE: self._failure,
            STALL: self._stall,
            RECOVERY: self._recovery,
            DELIVERY: self._delivery,
            LOOK: self._look,
            SCRAPE: self._scrape,
            ROUTER_FAILS: self._router_fails,
            ROLL: self._roll,
            DEADLINE: self._deadline,
            LOADED: self._load_done,
            RUN_END: self._run_end,
            PLAN: self._plan,
        }
        turns = 0
        try:
            with deferred_interrupt() as interrupted:
                while self.events and (self.jobs or self.feed.pending):
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
        if not self.stopped and (self.jobs or self.feed.pending):
            raise RuntimeError(f"the simulation has no event left, but {len(self.jobs)} requests are unfinished")
        return self._result()

    def _schedule_arrival(self, time: float, arrival: tuple[int, Request]) -> None:
        self.events.push(time, ARRIVAL, arrival)

    def _count(self, now: float) -> None:
        """Bring the sum over time of the jobs in the system up to date."""
        self.area += len(self.jobs) * (now - self._counted)
        self._counted = self.last_s = now

    def _arrival(self, now: float, payload: tuple[int, Request]) -> None:
        number, request = payload
        if not self.feed.came:
            self._counted = self.began = now
            self.members.begin(now)
        job = Job(number, request, now)
        self._check_fit(job)
        self._count(now)
        server_s = self._server_s + (self._busy_s if self.jobs else 0.0)
        self.jobs[number] = job
        self.feed.arrived(now)
        if self.scaler:
            self.scaler.arrived(job.prompt)
        if self.feed.came & (self.feed.came - 1) == 0 or self.feed.exhausted:
            self.backlog.append((self.feed.came, now, len(self.held) + self.members.waiting))
        if server_s:
            job.queued = now + server_s
            self.events.push(job.queued, SEND, job)
        else:
            self._send(job, now)

    def _through(self, now: float, job: Job) -> None:
        self._send(job, now)

    def _router(self, name: str, place: int) -> Router:
        fleet = self.fleet
        sight = Sight(self.seed + place, fleet.load_bound, fleet.connections, self.members.index, self.loads)
        return make_router(name, sight)

    def _scrape(self, now: float, _: Any) -> None:
        self.loads.scrape(self.members.replicas)
        self.events.push(now + self.fleet.scrape_s, SCRAPE)

    def _router_fails(self, _now: float, _: Any) -> None:
        """A picker that is away is passed by: requests go anywhere."""
        self._routers = [self._router("random", place) for place in range(2)]

    def _check_fit(self, job: Job) -> None:
        self.too_long += job.prompt + job.output > (self.system.model.max_context or float("inf"))
        for blocks, fixed, size, speculation in self._rooms:
            need = -(-(job.prompt + job.output) // size) + fixed
            if speculation:
                # Blocks come at the mean pace of an answer, so an unlucky one needs more than its tokens fill.
                pace = max(1, int(size / speculation.tokens_per_step))
                need = -(-job.prompt // size) + fixed + 1 + (job.output - 1) // pace
            if need > blocks:
                raise LessonlibError(
                    f"request {job.number}: {job.prompt:,} prompt and {job.output:,} output tokens need {need:,} blocks of {size} tokens, the whole KV "
                    f"cache has {blocks:,}: shorten them, raise tp, take fewer bits for weights or KV cache, or a larger GPU"
                )

    def _send(self, job: Job, now: float) -> None:
        """To a replica, or into the gateway's hands while there is none."""
        if self.members.prompts:
            replica = self._routers[0].choose(job, self.members.prompts)
            if self.fleet_log:
                self.fleet_log.routed.append((now, replica.number, job.number))
            self._submit(replica, job, now)
            return
        self.held.append(job)
        if self.fleet_log:
            self.fleet_log.holds(now, len(self.held))
        if self.scaler and not self.members.count(STARTING, DRAINING, FAILED):
            self._warm_up(self.scaler, self.scaler.start(1, now), now)
            if self.fleet_log:
                self.fleet_log.desired.append((now, self.members.count(READY, STARTING)))
            self._release_held(now)

    def _release_held(self, now: float) -> None:
        if self._undelivered and self.members.answers:
            for payload in self._undelivered:
                self.events.push(now, DELIVERY, payload)
            self._undelivered.clear()
        while self.held and self.members.prompts:
            self._send(self.held.popleft(), now)
        if self.fleet_log:
            self.fleet_log.holds(now, len(self.held))

    def _submit(self, replica: Replica, job: Job, now: float) -> None:
        replica.submit(job, now)
        self._follow(replica, now)

    def _follow(self, replica: Replica, now: float) -> None:
        """Schedule what comes next for a replica whose queue or run has changed."""
        if replica.idle:
            if replica.number not in self._planned:
                self._planned.add(replica.number)
                self.events.push(now, PLAN, replica)
        elif self._known[replica.number] != replica.version:
            self._known[replica.number] = replica.version
            self.events.push(replica.run.end, RUN_END, (replica, replica.version))

    def _load_done(self, now: float, payload: tuple[Replica, Job]) -> None:
        replica, job = payload
        replica.load_done(job, now)
        self._follow(replica, now)

    def _planned_run(self, replica: Replica, now: float) -> None:
        """Plan, and schedule what comes of it."""
        replica.plan(now)
        for when, job in replica.loads:
            self.events.push(when, LOADED, (replica, job))
        replica.loads.clear()
        if not replica.idle:
            self._follow(replica, now)
        self._rests(replica, now)

    def _rests(self, replica: Replica, now: float) -> None:
        """Note the blocks that an idle replica of prompts keeps for what waits for the link."""
        if self.fleet_log and replica.pool == "prefill" and replica.idle:
            self.fleet_log.resting.append((now, replica.number, replica.kv.used))

    def _plan(self, now: float, replica: Replica) -> None:
        self._planned.discard(replica.number)
        if replica.idle:
            self._planned_run(replica, now)

    def _run_end(self, now: float, payload: tuple[Replica, int]) -> None:
        replica, version = payload
        if replica.version != version:
            return
        for job in replica.complete():
            if math.isnan(job.finished):
                self._transfer(replica, job, now)
            else:
                self._finish(job, now)
        if replica.number in self._failing:
            self._fail(replica, now)
        elif replica.number in self._aborting:
            self._abort(replica, now)
        elif self.members.states[replica.number] == DRAINING and not replica.in_flight:
            replica.run.stop()
            self._gone(replica.number, now)
        else:
            self._planned_run(replica, now)

    def _gone(self, number: int, now: float) -> None:
        """A replica has drained."""
        self.members.set(number, OFF, now)
        self._roll_on(now)

    def _roll(self, now: float, _: Any) -> None:
        if self.rolling:
            self.rolling.begin()
            self._roll_on(now)

    def _roll_on(self, now: float) -> None:
        """Start and drain what the rollout asks for."""
        if self.rolling is None:
            return
        settings = self.rolling.settings
        while True:
            starts, drains = self.rolling.next_steps()
            for number in starts:
                self.members.set(number, STARTING, now)
                self.events.push(now + settings.start_s, WARM, (number, self.members.changes[number]))
            for number in drains:
                self.members.set(number, DRAINING, now)
                if not self.members.replicas[number].in_flight:
                    self.members.set(number, OFF, now)
                else:
                    self.events.push(now + settings.drain_s, DEADLINE, (number, self.members.changes[number]))
            if not drains:
                return

    def _deadline(self, now: float, payload: tuple[int, int]) -> None:
        """The time to drain is over: what a replica still has is aborted at the end of its step."""
        number, change = payload
        if self.members.changes[number] != change:
            return
        replica = self.members.replicas[number]
        self._aborting.add(number)
        if replica.idle:
            self._abort(replica, now)
            return
        replica.interrupt(now)
        self._follow(replica, now)

    def _abort(self, replica: Replica, now: float) -> None:
        self._aborting.discard(replica.number)
        for job in self._lost(replica, now):
            self._count(now)
            del self.jobs[job.number]
            self.recorder.abort(job)
            self.feed.ended(job.number, now)
        self._gone(replica.number, now)

    def _finish(self, job: Job, now: float) -> None:
        self._count(now)
        del self.jobs[job.number]
        self.recorder.leave(job)
        if self.scaler:
            self.scaler.first_token(job.first_token - job.arrival)
        self.feed.ended(job.number, now)

    def _transfer(self, replica: Replica, job: Job, now: float) -> None:
        """Send the cache of a computed prompt over the replica's link, behind what is already on it."""
        pools = self.fleet.disaggregation
        if pools is None:
            raise RuntimeError(f"replica {replica.number} hands over a prompt, but there is no pool for answers")
        system = self.members.systems[replica.number]
        payload = kv_bytes(system, job.target) + sum(state_bytes(system).values())
        begun = max(now, self._link_free[replica.number])
        sent = begun + payload / pools.link_bytes_per_second
        self._link_free[replica.number] = sent
        if self.fleet_log:
            self.fleet_log.leaves(job.number, begun, payload)
        self.events.push(sent + pools.latency_s, DELIVERY, (replica, job, replica.parked[job.number]))

    def _delivery(self, now: float, payload: tuple[Replica, Job, int]) -> None:
        source, job, parking = payload
        if not self.members.answers:
            # Nobody to take it: it stays where it is until a replica of the pool is back.
            self._undelivered.append(payload)
            return
        if not source.unpark(job, parking):
            return
        if self.recorder.log:
            self.recorder.log.leave(source.number, job.number, now)
        if source.queue:
            self._follow(source, now)
        job.transferred = True
        target = self._routers[1].choose(job, self.members.answers)
        if self.fleet_log:
            self.fleet_log.arrives(job.number, now, source.number, target.number)
            self._rests(source, now)
        self._submit(target, job, now)

    def _failure(self, now: float, failure: Failure) -> None:
        number, back = failure.replica, now + failure.for_s
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

    def _stall(self, now: float, stall: Stall) -> None:
        replica = self.members.replicas[stall.replica]
        replica.stall(now, now + stall.for_s)
        if not replica.idle:
            self._follow(replica, now)

    def _fail(self, replica: Replica, now: float) -> None:
        back = self._failing.pop(replica.number)
        self.events.push(max(back, now), RECOVERY, replica.number)
        for job in self._lost(replica, now):
            self._send(job, now)

    def _lost(self, replica: Replica, now: float) -> list[Job]:
        """What a replica had when it stopped, oldest first."""
        lost = replica.fail()
        self._rests(replica, now)
        if self.recorder.log:
            for job in lost:
                self.recorder.log.leave(replica.number, job.number, now)
        return lost

    def _recovery(self, now: float, number: int) -> None:
        self.members.set(number, READY, now)
        self._release_held(now)

    def _warm(self, now: float, payload: tuple[int, int]) -> None:
        number, change = payload
        if self.members.changes[number] != change:
            return
        self.members.set(number, READY, now)
        self._roll_on(now)
        self._release_held(now)

    def _look(self, now: float, scaler: Scaler) -> None:
        self._warm_up(scaler, scaler.look(now, len(self.held)), now)
        if self.fleet_log:
            self.fleet_log.desired.append((now, self.members.count(READY, STARTING)))
        self.events.push(now + scaler.settings.every_s, LOOK, scaler)
        self._release_held(now)

    def _warm_up(self, scaler: Scaler, cold: list[int], now: float) -> None:
        """Replicas that start cold take requests later."""
        for number in cold:
            self.events.push(now + scaler.settings.start_s, WARM, (number, self.members.changes[number]))

    # --- what came out ------------------------------------------------------------------------------------------------

    def _warnings(self) -> list[str]:
        """What a reader must know before believing the numbers."""
        found = []
        marks = self.backlog
        if self.concurrency is None and len(marks) >= 2:
            (came, when, waited), (_, _, before) = marks[-1], marks[len(marks) // 2 - 1 if len(marks) < 4 else -3]
            seconds = when - self.began
            # A queue below capacity has a length of its own; one above it doubles with the requests that came.
            if waited > max(16, 2 * before, 0.02 * came) and seconds > 0:
                done = self.recorder.finished / (self.last_s - self.began)
                found.append(
                    f"the queue grows without bound: {(came - 1) / seconds:.3g} requests/s come, {done:.3g} are finished, {waited:,} wait "
                    "at the last arrival: lower the rate, or add replicas"
                )
        if self.too_long:
            model = self.system.model
            found.append(
                f"{self.too_long:,} requests are longer than the {model.max_context:,} tokens of context of {model.name}, "
                "and an engine would refuse them: shorten prompt or output"
            )
        if self.stopped:
            why = "stopped at the time limit" if self.stopped == "limit" else "interrupted"
            known = len(self.workload) - self.feed.came if isinstance(self.workload, Sized) else 0
            found.append(
                f"{why}: {len(self.jobs):,} requests are unfinished"
                + (f", {known:,} have not come yet" if known else "")
            )
        return found

    def _result(self) -> Result:
        """The result of a simulation that has come to its end, or was stopped."""
        recorder, members = self.recorder, self.members
        jobs = [*recorder.jobs, *self.jobs.values()]
        now = self.last_s
        running = members.running_seconds(now)
        settings = {
            "system": self.system,
            "scheduler": self.scheduler,
            "fleet": self.fleet,
            "workload": self.workload,
            "concurrency": self.concurrency,
            "cost": self.cost,
            "kv_blocks": members.replicas[0].kv.total,
            "block_tokens": members.replicas[0].kv.size,
            "kv_blocks_of": tuple(replica.kv.total for replica in members.replicas),
            "pools": tuple(replica.pool for replica in members.replicas),
            "first_states": members.first_states,
            "record": recorder.record,
            "seed": self.seed,
        }
        unfinished = list(self.jobs.values())
        return Result(
            settings=settings,
            requests=recorder.request_columns(unfinished),
            runs=recorder.run_columns(),
            samples=recorder.samples,
            finished=recorder.finished,
            unfinished=len(unfinished),
            output_tokens=recorder.output,
            prompt_tokens=recorder.prompt,
            hit_tokens=recorder.hits,
            tokens_made=recorder.made,
            aborted=recorder.aborted,
            preemptions=recorder.preemptions + sum(job.preempted for job in unfinished),
            steps=recorder.steps,
            simulated_s=now - self.began,
            busy_s=recorder.busy_s,
            area_s=self.area,
            e2e_sum_s=recorder.e2e_sum,
            mean_batch=recorder.batch_seconds / recorder.busy_s if recorder.busy_s else 0.0,
            kv_peak=max(replica.kv.high / replica.kv.total for replica in members.replicas),
            gpu_seconds=sum(seconds * system.gpus for seconds, system in zip(running, members.systems, strict=True)),
            replica_seconds=sum(running),
            replicas=tuple(members.timeline),
            stopped=self.stopped,
            warnings=tuple(self._warnings()),
            writing_s=recorder.writing_s,
            preemption_times=tuple(recorder.preemption_times),
            log=recorder.log,
            fleet_log=self.fleet_log,
            spans={job.number: (tuple(job.marks), tuple(job.spans)) for job in jobs} if recorder.full else {},
        )
