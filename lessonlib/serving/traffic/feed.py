"""When each request is due: at its own time, after another one, or when one ends (a closed loop)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lessonlib.base.checks import whole
from lessonlib.base.errors import LessonlibError
from lessonlib.serving.traffic.request import Request, check_request
from lessonlib.serving.traffic.workload import Trace, Workload

#: Takes (seconds, (position of the request, the request)) of a request that is due then.
Schedule = Callable[[float, tuple[int, Request]], None]


class RequestFeed:
    """Reads one request ahead, so that a long workload is never held as a whole.

    concurrency: None for an open loop (requests come at their own times); else so many are always under way.
    schedule: called for each request as soon as it is known when it comes. came: requests that have come so far.
    Raises LessonlibError, here or later, for what is no request or cannot be fed so.
    """

    def __init__(self, requests: Iterable[Request], concurrency: int | None, schedule: Schedule) -> None:
        self._schedule = schedule
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
        self.came = self._scheduled = 0
        for _ in range(self.concurrency or 1):
            self._pull(0.0)
        if self.exhausted and not self._scheduled:
            raise LessonlibError("requests: there is none to simulate")

    @property
    def pending(self) -> bool:
        """Whether any request is still to come."""
        return not self.exhausted or bool(self._followers) or self._scheduled > 0

    def _pull(self, now: float) -> None:
        """Schedule the next request that follows no other."""
        for number, request in self._numbered:
            if request.follows < 0:
                when = request.arrival_s if self.concurrency is None else now
                self._scheduled += 1
                self._schedule(when, (number, request))
                return
            if self.concurrency is not None:
                raise LessonlibError("concurrency: a closed loop takes single requests, not sessions of several turns")
            if not self._listed:
                self._followers.setdefault(request.follows, []).append((number, request))
        self.exhausted = True

    def arrived(self, now: float) -> None:
        """A request has come: in an open loop the next one is scheduled."""
        self.came += 1
        self._scheduled -= 1
        if self.concurrency is None:
            self._pull(now)

    def ended(self, number: int, now: float) -> None:
        """A request has its answer: what waited for that may come."""
        if self.concurrency is not None:
            self._pull(now)
        for following, request in self._followers.pop(number, ()):
            self._scheduled += 1
            self._schedule(now + request.think_s, (following, request))


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
