"""Feeds requests into a simulation: at their times, after others, or one for each that ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lessonlib.base.checks import whole
from lessonlib.base.errors import LessonlibError
from lessonlib.serving.events import ARRIVAL, Events
from lessonlib.serving.traffic.request import Request, check_request
from lessonlib.serving.traffic.workload import Trace, Workload


class Source:
    """Reads one request ahead, so that a long workload is never held as a whole.

    concurrency: None for an open loop (requests come at their own times); else so many are always under way.
    """

    def __init__(self, requests: Iterable[Request], concurrency: int | None, events: Events) -> None:
        self._events = events
        if isinstance(requests, (list, tuple)) and requests and not isinstance(requests, Request):
            requests = Trace(tuple(requests), "requests")
        if not hasattr(requests, "__iter__"):
            raise LessonlibError(f"requests: expected a Workload, a Trace or a list of Request, not {requests!r}")
        known = isinstance(requests, (Trace, Workload))
        self._numbered: Iterator[tuple[int, Request]] = enumerate(requests if known else _checked(requests))
        self.concurrency = None if concurrency is None else whole("concurrency", concurrency, 1, 1_000_000)
        self._followers: dict[int, list[tuple[int, Request]]] = {}
        self._listed = isinstance(requests, Trace)
        if self._listed:
            for number, request in enumerate(requests):
                if request.follows >= 0:
                    self._followers.setdefault(request.follows, []).append((number, request))
        self.exhausted = False
        self.came = self._late = 0
        for _ in range(self.concurrency or 1):
            self._pull(0.0)
        if self.exhausted and not self.came and not events:
            raise LessonlibError("requests: there is none to simulate")

    @property
    def pending(self) -> bool:
        """Whether any request is still to come."""
        return not self.exhausted or bool(self._followers) or self._late > 0

    def _pull(self, now: float) -> None:
        """Schedule the next request that follows no other."""
        for number, request in self._numbered:
            if request.follows < 0:
                when = request.arrival_s if self.concurrency is None else now
                self._late += 1
                self._events.push(when, ARRIVAL, (number, request))
                return
            if self.concurrency is not None:
                raise LessonlibError("concurrency: a closed loop takes single requests, not sessions of several turns")
            if not self._listed:
                self._followers.setdefault(request.follows, []).append((number, request))
        self.exhausted = True

    def arrived(self, now: float) -> None:
        """A request has come: in an open loop the next one is scheduled."""
        self.came += 1
        self._late -= 1
        if self.concurrency is None:
            self._pull(now)

    def ended(self, number: int, now: float) -> None:
        """A request has its answer: what waited for that may come."""
        if self.concurrency is not None:
            self._pull(now)
        for following, request in self._followers.pop(number, ()):
            self._late += 1
            self._events.push(now + request.think_s, ARRIVAL, (following, request))


def _checked(requests: Iterable[Request]) -> Iterator[Request]:
    """Requests that come one by one, each checked as it comes."""
    before = 0.0
    for row, request in enumerate(requests):
        before = check_request(row, request, before, "requests")
        if request.follows >= 0:
            raise LessonlibError(
                f"requests: request {row}: follows: an iterator cannot hold sessions; make a Trace of them"
            )
        yield request
