"""Beside a second, naive simulator: lists, one step at a time, the engine asked anew at every step."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.roofline import mixed
from lessonlib.serving import (
    Fixed,
    Geometric,
    LogNormal,
    Poisson,
    Scheduler,
    Sharing,
    Speculation,
    Workload,
    simulate,
)
from tests.serving.systems import hybrid, large, small, windowed


def naive(system, requests, seats: int, budget: int, *, caching=False, threshold=0, drafts=0):  # noqa: C901
    """(first token times, finish times, tokens found) of vLLM's scheduler without a limit on the cache, written down block by block.

    drafts: a decoding request brings so many more tokens to a step, and none is accepted.
    """
    jobs = [
        {"at": row.arrival_s, "prompt": row.prompt, "left": row.prompt, "context": 0, "tokens": row.output, "row": row, "hit": 0}
        for row in requests
    ]  # fmt: skip
    waiting, running, now, known = list(jobs), [], 0.0, set()

    def hashes(job):
        """One a full block of the prompt: what it holds, and everything before it."""
        owners = [key for key, tokens in job["row"].prefix for _ in range(tokens)]
        owners += [("own", id(job))] * (job["prompt"] - len(owners))
        return [(tuple(dict.fromkeys(owners[: 16 * (n + 1)])), n) for n in range(job["prompt"] // 16)]

    def schedule(job, room):
        new = job["left"] or 1 + drafts
        if cap and job["left"]:
            new = min(new, cap)
        new = min(new, room)
        if caching and job["left"]:
            known.update(hashes(job)[: (job["context"] + new) // 16])
        return new

    while waiting or running:
        if not running:
            now = max(now, waiting[0]["at"])
        came = sum(job["at"] <= now for job in waiting)
        cap = threshold if len(running) + came > 1 else 0
        room, batch = budget, []
        for job in running:
            if room > 0:
                new = schedule(job, room)
                room -= new
                batch.append((job, new))
        while waiting and waiting[0]["at"] <= now and len(running) < seats and room > 0:
            job = waiting.pop(0)
            running.append(job)
            if caching:
                found = 0
                for block in hashes(job)[: (job["prompt"] - 1) // 16]:
                    if block not in known:
                        break
                    found += 16
                job["hit"] = job["context"] = found
                job["left"] -= found
            new = schedule(job, room)
            room -= new
            batch.append((job, new))
        rows = [(new, job["context"], 1 if job["left"] else new) for job, new in batch]
        now += mixed(system, rows).expected_s
        for job, new in batch:
            job["context"] += new if job["left"] else 1
            job["left"] = max(0, job["left"] - new)
            if not job["left"]:
                job["tokens"] -= 1
                job.setdefault("first", now)
                job["last"] = now
        running = [job for job in running if job["tokens"]]
    return tuple(np.array([job[name] for job in jobs]) for name in ("first", "last", "hit"))


@pytest.mark.parametrize("system", [small(), large(), hybrid(), windowed()], ids=lambda system: system.model.name)
@pytest.mark.parametrize(("seats", "budget", "rate"), [(256, 8192, 20.0), (8, 1024, 40.0)])
def test_the_same_times_as_a_naive_simulator(system, seats, budget, rate) -> None:
    workload = Workload(40, LogNormal(600, 1.0, most=5000), Geometric(40), Poisson(rate), seed=9)
    scheduler = Scheduler(max_num_seqs=seats, max_num_batched_tokens=budget, prefix_caching=False)
    result = simulate(system, workload, scheduler)
    first, last, _ = naive(system, list(workload), seats, budget)
    assert result.preemptions == 0
    np.testing.assert_allclose(result.requests["first_token_s"], first, rtol=1e-6)
    np.testing.assert_allclose(result.requests["finished_s"], last, rtol=1e-6)


@pytest.mark.parametrize("arrivals", [None, Poisson(30.0)], ids=["a burst", "one by one"])
@pytest.mark.parametrize("budget", [8192, 1000])
def test_beginnings_are_found_as_soon_as_they_are_scheduled(arrivals, budget) -> None:
    """A burst of requests with one document: who is let in later in the same step already finds its blocks."""
    sharing = Sharing(300, 1, 4000, 2, zipf=0.5)
    workload = Workload(60, Fixed(4500), Geometric(20), arrivals, sharing, seed=4)
    result = simulate(small(), workload, Scheduler(max_num_seqs=64, max_num_batched_tokens=budget))
    first, last, found = naive(small(), list(workload), 64, budget, caching=True)
    assert list(result.requests["cached"]) == list(found) and (found > 4000).sum() > 50
    np.testing.assert_allclose(result.requests["first_token_s"], first, rtol=1e-6)
    np.testing.assert_allclose(result.requests["finished_s"], last, rtol=1e-6)


def test_a_cap_on_long_prompts_is_lifted_for_a_lone_one() -> None:
    workload = Workload(30, LogNormal(3000, 1.0, most=9000), Geometric(40), Poisson(8.0), seed=3)
    # Seats enough and a budget that is never used up, where the order among running prompts would matter.
    scheduler = Scheduler(max_num_seqs=64, max_num_batched_tokens=64_000, long_prefill_tokens=700, prefix_caching=False)
    result = simulate(small(), workload, scheduler)
    first, last, _ = naive(small(), list(workload), 64, 64_000, threshold=700)
    np.testing.assert_allclose(result.requests["first_token_s"], first, rtol=1e-6)
    np.testing.assert_allclose(result.requests["finished_s"], last, rtol=1e-6)
    # Most arrive into company; the first one does not.
    assert result.runs["prefill_tokens"][0] == next(iter(workload)).prompt
    assert 700 in result.runs["prefill_tokens"]


@pytest.mark.parametrize("budget", [32, 64, 256])
def test_a_budget_below_seats_times_drafts_serves_those_who_came_first(budget) -> None:
    """A budget that vLLM accepts: the drafts of twenty requests do not fit into one step."""
    workload = Workload(40, Fixed(24), Geometric(30), Poisson(60.0), seed=2)
    scheduler = Scheduler(
        max_num_seqs=20, max_num_batched_tokens=budget, prefix_caching=False, speculation=Speculation(3, 0.0)
    )
    result = simulate(small(), workload, scheduler)
    first, last, _ = naive(small(), list(workload), 20, budget, drafts=3)
    np.testing.assert_allclose(result.requests["first_token_s"], first, rtol=1e-3)
    np.testing.assert_allclose(result.requests["finished_s"], last, rtol=1e-3)
    tokens = result.runs["decoding"] * 4 + result.runs["prefill_tokens"]
    assert tokens.max() <= budget
