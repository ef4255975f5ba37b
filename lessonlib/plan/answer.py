"""An answer as one mapping, ready for JSON: what was asked, what holds, the fronts, why the others lose."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from lessonlib.plan.found import Found
from lessonlib.plan.front import fronts, unlike, worth_telling
from lessonlib.plan.grid import SetUp
from lessonlib.plan.question import Question
from lessonlib.plan.sweep import Answer
from lessonlib.roofline import System
from lessonlib.roofline.band import Band, band

#: Metric of the engine's bands -> key of a set-up's numbers.
METRICS = {"time to first token": "ttft_s", "time per token": "tpot_s", "throughput": "goodput_per_s"}
#: Kind of reason -> what it says; in the order in which they are told.
REASONS: Mapping[str, str] = {
    "memory": "no room in the memory",
    "context": "requests longer than the model's context",
    "first token": "the first token comes too late",
    "time per token": "tokens come too slowly",
    "queue": "the queue grows without bound",
    "GPUs": "more GPUs than may be used",
    "budget": "dearer than the budget",
    "cost": "dearer than is told of",
}


def answer_data(answer: Answer) -> dict[str, Any]:
    """Everything that `plan --json` prints."""
    alike = {found.at: more for found, more in unlike(answer.winners)}
    told = worth_telling(answer.winners)
    places = {found.at: place for place, found in enumerate(told)}
    return {
        "question": _question(answer.question),
        "tried": len(answer.winners) + len(answer.losers),
        "dropped_by_ceilings": answer.dropped,
        "runs": answer.runs,
        "interrupted": answer.interrupted,
        "not_judged": answer.open,
        "holding": len(answer.winners),
        "set_ups": [set_up_data(answer.question, found) | {"alike": alike.get(found.at, 0)} for found in told],
        "fronts": {name: [places[found.at] for found in part] for name, part in fronts(answer.winners).items()},
        "all_that_hold": [_point(found) for found, _ in unlike(answer.winners)],
        "losers": losers_data(answer),
    }


def _point(found: Found) -> dict[str, Any]:
    """Where a set-up that holds lies in the plots; of those that come to the same one is there."""
    outcome = found.outcome
    if outcome is None:
        raise ValueError("a set-up that was not run has no numbers")
    return {
        "set_up": name_of(found.set_up),
        "replicas": list(outcome.size[: 2 if found.set_up.two_pools else 1]),
        "usd_per_hour": found.usd,
        "ttft_p99_s": outcome.ttft[1],
        "tpot_p99_s": outcome.tpot[1],
        "goodput_per_s": outcome.goodput,
    }


def _question(question: Question) -> dict[str, Any]:
    requests = question.requests
    return {
        "requests": len(requests),
        "requests_per_s": question.rate if math.isfinite(question.rate) else None,
        "label": question.label,
        "prompt_mean": sum(request.prompt for request in requests) / len(requests),
        "output_mean": sum(request.output for request in requests) / len(requests),
        "slo": asdict(question.slo),
        "budget_usd_per_hour": question.budget,
        "most_gpus": question.most_gpus,
        "within": question.within,
        "router": question.router,
        "seed": question.seed,
        "prices": {gpu: asdict(price) for gpu, price in question.prices.items()},
    }


def _system(system: System, set_up: SetUp) -> dict[str, Any]:
    seats, tokens = set_up.limits(system)
    return {
        "tp": system.tp,
        "dp": system.dp,
        "ep": system.ep,
        "gpus": system.gpus,
        "max_num_seqs": seats // system.dp,
        "max_num_batched_tokens": tokens // system.dp,
    }


def set_up_data(question: Question, found: Found) -> dict[str, Any]:
    """One set-up that holds: what it is, what it costs, what users feel, each with the engine's band."""
    outcome, system = found.outcome, found.set_up.system
    if outcome is None:
        raise ValueError("a set-up that was not run has no numbers")
    pools = [
        _system(part, found.set_up) | {"replicas": count, "for": use}
        for part, count, use in zip(
            found.set_up.systems,
            outcome.size,
            ("prompts", "answers") if found.set_up.two_pools else ("both",),
            strict=False,
        )
    ]
    bands = {key: held(found.set_up, metric) for metric, key in METRICS.items()}
    unseen = dict.fromkeys(item for one in bands.values() for item in one.unseen)
    goodput = bands["goodput_per_s"]
    return {
        "model": system.model.name,
        "gpu": system.gpu.called,
        "weights": system.weights,
        "kv": system.kv,
        "pools": pools,
        "limits_given": {
            "max_num_seqs": found.set_up.seats is not None,
            "max_num_batched_tokens": found.set_up.tokens is not None,
        },
        "gpus": found.set_up.gpus(outcome.size),
        "usd_per_hour": found.usd,
        "usd_per_1000_good_requests": found.usd / 3.6 / outcome.goodput if outcome.goodput else None,
        "share": outcome.share,
        "share_at_slow_end": found.slow_end,
        "goodput_per_s": {
            "expected": outcome.goodput,
            "low": outcome.goodput / goodput.factor,
            "high": min(outcome.goodput * goodput.factor, question.rate),
        },
        "ttft_s": _times(outcome.ttft, bands["ttft_s"]),
        "tpot_s": _times(outcome.tpot, bands["tpot_s"]),
        "bands": {key: one.factor for key, one in bands.items()},
        "extrapolated": bool(unseen),
        "unseen": list(unseen),
        "one_replica_more_does_not_hold": found.wavers,
    }


def held(set_up: SetUp, metric: str) -> Band:
    """The wider band of its pools."""
    return max((band(system, metric) for system in set_up.systems), key=lambda one: one.factor)


def _times(pair: tuple[float, float], one: Band) -> dict[str, float | None]:
    found: dict[str, float | None] = {}
    for name, value in zip(("p50", "p99"), pair, strict=True):
        known = not math.isnan(value)
        found |= {
            name: value if known else None,
            f"{name}_low": value / one.factor if known else None,
            f"{name}_high": value * one.factor if known else None,
        }
    return found


def losers_data(answer: Answer) -> list[dict[str, Any]]:
    """Kinds of reasons with their numbers, the models, GPUs and precisions that they hit, and an example."""
    found = []
    for why, says in REASONS.items():
        hit = [one for one in answer.losers if one.why == why]
        if hit:
            groups = Counter(_group(one.set_up) for one in hit)
            ruled = sum(not one.judged for one in hit)
            example = next((one for one in hit if one.detail), None)
            found.append(
                {
                    "why": why,
                    "says": says,
                    "set_ups": len(hit),
                    "by_ceilings": 0 if why == "cost" else ruled,
                    "which": dict(groups.most_common()),
                    "example": example and {"set_up": name_of(example.set_up), "detail": example.detail},
                }
            )
    return found


def _group(set_up: SetUp) -> str:
    return f"{set_up.system.model.name} {set_up.system.weights} on {set_up.system.gpu.called}"


def name_of(set_up: SetUp) -> str:
    """A set-up in a line."""
    return f"{_group(set_up)}, {' + '.join(map(layout_of, set_up.systems))}"


def layout_of(system: System) -> str:
    """How a replica is spread: TP4, or DP8 EP8."""
    return f"TP{system.tp}" if system.dp == 1 else f"DP{system.dp} EP{system.ep}"
