"""One thread that has a store to itself, and answers who awaits it.

What is to be written and waits at the same moment goes into one transaction, so that a thousand votes within a second cost
a few dozen commits, and none of them is told to be kept before it is on the disk.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from lessonlib.classroom.store import Store, StoreError

T = TypeVar("T")
#: jobs in one transaction
_MOST_TOGETHER = 256
#: seconds after which a store that could not be opened is tried again
_DOWN_S = 1.0


@dataclass(slots=True)
class _Job:
    """Something to do with the store; ``result`` or ``fault`` once it is done."""

    do: Callable[[Store], Any]
    told: asyncio.Future[Any]
    result: Any = None
    fault: BaseException | None = None


class Worker:
    """Does jobs with the store that ``opens`` gives. writes: in transactions, several together.

    A job may be run twice (alone, if the transaction with others fails), so it changes nothing but the store.
    """

    def __init__(self, opens: Callable[[], Store], writes: bool):
        self._opens, self._writes = opens, writes
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._store: Store | None = opens()
        #: whether other processes may change the same rows
        self.shared = self._store.shared
        self._down_until = 0.0
        self._thread = threading.Thread(
            target=self._work, name="class-writer" if writes else "class-reader", daemon=True
        )
        self._thread.start()

    async def do(self, job: Callable[[Store], T]) -> T:
        """What ``job`` returns, once it is kept. Raises StoreError where it could not be, or what the job raises."""
        told: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(job, told))
        return await told

    def stop(self, wait: bool = True) -> None:
        """Do what waits, and let go of the store; without ``wait``, some time later."""
        self._jobs.put(None)
        if wait:
            self._thread.join()

    # --- in the thread --------------------------------------------------------------------------------

    def _work(self) -> None:
        going = True
        while going:
            jobs, going = self._waiting()
            self._done_with(jobs)
            _tell(jobs)
        if self._store is not None:
            self._store.close()

    def _waiting(self) -> tuple[list[_Job], bool]:
        """The next jobs, at least one; whether there will be more."""
        jobs, job = [], self._jobs.get()
        while job is not None:
            jobs.append(job)
            if len(jobs) == _MOST_TOGETHER:
                break
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
        return jobs, job is not None

    def _done_with(self, jobs: Sequence[_Job]) -> None:
        if not self._writes or not self._together(jobs):
            for job in jobs:
                self._alone(job)

    def _together(self, jobs: Sequence[_Job]) -> bool:
        """Do all in one transaction; False if that failed, and nothing was changed."""
        if len(jobs) < 2:
            return False
        try:
            store = self._opened()
            with store.transaction():
                for job in jobs:
                    job.result = job.do(store)
        except Exception:
            self._after_a_fault()
            return False
        return True

    def _alone(self, job: _Job) -> None:
        """Do one; a second time on a new connection, where the old one turns out to be gone since it was used last."""
        for last in (False, True):
            try:
                self._do(job)
                return
            except Exception as error:
                faults = self._store.faults if self._store is not None else ()
                told = " ".join(str(error).split()) or type(error).__name__
                job.fault = StoreError(f"the store failed: {told}") if isinstance(error, faults) else error
                if last or not self._after_a_fault():
                    return

    def _do(self, job: _Job) -> None:
        store = self._opened()
        if self._writes:
            with store.transaction():
                job.result = job.do(store)
        else:
            job.result = job.do(store)
        job.fault = None

    def _opened(self) -> Store:
        if self._store is None:
            if (
                time.monotonic() < self._down_until
            ):  # who waits is told so now, and not one after the other each after a try
                raise StoreError("the store cannot be reached")
            try:
                self._store = self._opens()
            except StoreError:
                self._down_until = time.monotonic() + _DOWN_S
                raise
        return self._store

    def _after_a_fault(self) -> bool:
        """A connection that is gone, or stands in half a transaction, is opened anew for the next try; whether this one was."""
        store = self._store
        if store is None or store.healthy():
            return False
        self._store = None
        with suppress(Exception):
            store.close()
        return True


def _tell(jobs: Sequence[_Job]) -> None:
    """Answer who awaits; once for all that wait in one event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        by_loop.setdefault(job.told.get_loop(), []).append(job)
    for loop, those in by_loop.items():
        with suppress(RuntimeError):  # its loop is closed: nobody awaits any more
            loop.call_soon_threadsafe(_answer, those)


def _answer(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.told.done():
            continue
        if job.fault is not None:
            job.told.set_exception(job.fault)
        else:
            job.told.set_result(job.result)
