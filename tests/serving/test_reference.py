"""Beside a second, naive simulator: lists, one step at a time, the engine asked anew at every step."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.roofline import mixed
from lessonlib.serving import Geometric, LogNormal, Poisson, Scheduler, Workload, simulate
from tests.serving.systems import hybrid, large, small, windowed


def naive(system, requests, seats: int, budget: int):
    """(first token times, finish times) of continuous batching without a limit on the cache."""
    jobs = [{"at": row.arrival_s, "left": row.prompt, "context": 0, "tokens": row.output} for row in requests]
    waiting, running, now = list(jobs), [], 0.0
    while waiting or running:
        if not running:
            now = max(now, waiting[0]["at"])
        room = budget - sum(not job["left"] for job in running)
        batch = []
        for job in running:
            new = min(job["left"], room) if job["left"] else 1
            room -= new if job["left"] else 0
            batch.append((job, new))
        while waiting and waiting[0]["at"] <= now and len(running) < seats and room > 0:
            job = waiting.pop(0)
            running.append(job)
            new = min(job["left"], room)
            room -= new
            batch.append((job, new))
        batch = [(job, new) for job, new in batch if new]
        now += mixed(system, [(new, job["context"]) for job, new in batch]).expected_s
        for job, new in batch:
            job["context"] += new
            job["left"] = max(0, job["left"] - new)
            if not job["left"]:
                job["tokens"] -= 1
                job.setdefault("first", now)
                job["last"] = now
        running = [job for job in running if job["tokens"]]
    return np.array([job["first"] for job in jobs]), np.array([job["last"] for job in jobs])


@pytest.mark.parametrize("system", [small(), large(), hybrid(), windowed()], ids=lambda system: system.model.name)
@pytest.mark.parametrize(("seats", "budget", "rate"), [(256, 8192, 20.0), (8, 1024, 40.0)])
def test_the_same_times_as_a_naive_simulator(system, seats, budget, rate) -> None:
    workload = Workload(40, LogNormal(600, 1.0, most=5000), Geometric(40), Poisson(rate), seed=9)
    scheduler = Scheduler(max_num_seqs=seats, max_num_batched_tokens=budget, prefix_caching=False)
    result = simulate(system, workload, scheduler)
    first, last = naive(system, list(workload), seats, budget)
    assert result.preemptions == 0
    np.testing.assert_allclose(result.requests["first_token_s"], first, rtol=1e-6)
    np.testing.assert_allclose(result.requests["finished_s"], last, rtol=1e-6)
