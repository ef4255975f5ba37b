"""Who waits for a replica, and in which order they go in."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush

from lessonlib.serving.replica.job import Job


class FirstCome:
    """First come, first served; a preempted job goes back to the front."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()

    def __len__(self) -> int:
        return len(self._jobs)

    def push(self, job: Job) -> None:
        """At the end."""
        self._jobs.append(job)

    def push_back(self, job: Job) -> None:
        """To the front, after a preemption."""
        self._jobs.appendleft(job)

    def peek(self) -> Job:
        """The job that is next."""
        return self._jobs[0]

    def pop(self) -> Job:
        """Take the job that is next."""
        return self._jobs.popleft()

    def clear(self) -> list[Job]:
        """Take all, in order."""
        jobs = list(self._jobs)
        self._jobs.clear()
        return jobs


class ByPriority:
    """The lowest priority number first, then the earliest arrival."""

    def __init__(self) -> None:
        self._jobs: list[tuple[int, float, int, Job]] = []

    def __len__(self) -> int:
        return len(self._jobs)

    def push(self, job: Job) -> None:
        """Where its priority puts it."""
        heappush(self._jobs, (job.priority, job.arrival, job.number, job))

    push_back = push

    def peek(self) -> Job:
        """The job that is next."""
        return self._jobs[0][3]

    def pop(self) -> Job:
        """Take the job that is next."""
        return heappop(self._jobs)[3]

    def clear(self) -> list[Job]:
        """Take all, in order."""
        jobs = [entry[3] for entry in sorted(self._jobs, key=lambda entry: entry[:3])]
        self._jobs.clear()
        return jobs


def job_queue(policy: str) -> FirstCome | ByPriority:
    """The queue of a policy of settings.py."""
    return ByPriority() if policy == "priority" else FirstCome()


class WaitMeter:
    """Mean length of a queue while one run of steps goes on, in which requests come but none goes in."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A run begins."""
        self._came, self._sum = 0, 0.0

    def came(self, now: float) -> None:
        """A request has joined the queue."""
        self._came += 1
        self._sum += now

    def mean(self, length: int, start: float, end: float) -> float:
        """The mean from `start` to `end`, where the queue is `length` long: who came meanwhile waited for the rest only."""
        rest = self._came * end - self._sum
        return length - self._came + (rest / (end - start) if end > start else 0.0)
