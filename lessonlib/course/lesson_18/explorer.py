"""Lesson 18's explorer: four replicas behind a router of one's choice; who gets how much, and what users wait."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_18.traffic import ANSWER, PROMPT, REPLICAS, SLOW, arrivals_at
from lessonlib.draw.explored import Bar, Explored, Part, Value
from lessonlib.roofline import Lab
from lessonlib.serving import Fleet, Result, Scheduler, Sharing, Workload, simulate

SPEEDS, AGES_S = (1.0, 0.75, 0.5), (0.0, 1.0, 5.0, 15.0)
#: how many beginnings there are (0: no two prompts begin alike), and tokens of each (five pages of the default lab)
BEGINNING_STOPS, BEGINNING = (0, 4, 12, 40), 3_920
_SEED, _REQUESTS = 188, 240
#: requests counted: those behind the first quarter
_FROM = _REQUESTS // 4
_NAMES = {
    "service": "Service, 16 connections",
    "random": "random",
    "round-robin": "round robin",
    "two-choices": "emptier of two",
    "least-requests": "fewest requests",
    "prefix-aware": "beginning, then fewest",
}


def router_choices(lab: Lab) -> list[dict[str, str]]:
    """Routers by name."""
    return [{"value": value, "label": label} for value, label in _NAMES.items()]


def speed_stops(lab: Lab) -> list[float]:
    """Speeds of the last replica."""
    return list(SPEEDS)


def age_stops(lab: Lab) -> list[float]:
    """Seconds between two looks at the loads."""
    return list(AGES_S)


def in_play_stops(lab: Lab) -> list[int]:
    """Beginnings in play."""
    return list(BEGINNING_STOPS)


@lru_cache(maxsize=512)
def _run(lab: Lab, router: str, load: float, speed: float, age: float, beginnings: int) -> Result:
    shared = Sharing(document_tokens=BEGINNING, documents=beginnings) if beginnings else Sharing()
    work = Workload(_REQUESTS, PROMPT, ANSWER, arrivals_at(lab, load), shared, seed=_SEED)
    fleet = Fleet(REPLICAS, router, slow={SLOW: 1 / speed}, scrape_s=age, connections=16)
    return simulate(lab.system, work, Scheduler(), fleet)


def explore_routing(lab: Lab, *, router: str, load: float, speed: float, age: float, beginnings: int) -> Explored:
    """One fleet: a few hundred requests at a share of what four healthy replicas carry without hits."""
    rows = _run(lab, router, load, speed, age, beginnings).requests
    where, first = rows["replica"][_FROM:], rows["ttft_s"][_FROM:]
    median, worst = (Quantity(float(np.percentile(first, level)), "s", digits=2) for level in (50, 99))
    shares = [100 * float((where == number).mean()) for number in range(REPLICAS)]
    waits = [float(np.percentile(first[where == number], 99)) if share else 0.0 for number, share in enumerate(shares)]
    found = Quantity(100 * float(rows["cached"][_FROM:].sum() / rows["prompt"][_FROM:].sum()), "%", digits=2)
    token = Quantity(float(np.nanmean(rows["tpot_s"][_FROM:])), "s")
    most = max(range(REPLICAS), key=shares.__getitem__)
    return Explored(
        finding=f"Half of the first tokens come within {median}, 99 of 100 within {worst}. Replica {most} gets {shares[most]:.0f} % of the "
        f"requests, the last one {shares[SLOW]:.0f} %.",
        values=[
            Value("median", "First token, p50", median, "simulated"),
            Value("worst", "First token, p99", worst, "simulated"),
            Value("found", "Prompt tokens found", found, "of all"),
            Value("token", "A token every", token, "mean"),
            Value("last", "Share of the last replica", Quantity(shares[SLOW], "%", digits=2), "of the requests"),
        ],
        bars=[
            Bar(
                f"replica {number}" + (f", speed {speed:g}" if number == SLOW and speed < 1 else ""),
                [Part("p99 of the first token", wait, "main")],
                f"{share:.0f} % of the requests",
            )
            for number, (share, wait) in enumerate(zip(shares, waits, strict=True))
        ],
        unit="s",
    )


def turns_are_hard_to_beat(lab: Lab) -> bool:
    """Claim: where replicas are alike and prompts share nothing, turns have a lower p99 than counts of now."""
    turns, counts = (
        np.percentile(_run(lab, router, 0.68, 1.0, 0.0, 0).requests["ttft_s"][_FROM:], 99)
        for router in ("round-robin", "least-requests")
    )
    return bool(turns < 0.9 * counts)
