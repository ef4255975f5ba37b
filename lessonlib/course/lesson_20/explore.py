"""The explorer: who keeps both limits, undivided and in each division, by rate, answers, link, and the card of the pool that writes."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_20.fleets import (
    ANSWERS,
    DIVISIONS,
    PROMPTS,
    SEED,
    SMALL_BUDGET,
    Felt,
    felt,
    first_limit_s,
    fleet,
    rate_at_peak,
    scheduler,
    token_limit_s,
)
from lessonlib.draw.explored import Bar, Explored, Part, Value
from lessonlib.roofline import Lab, load_gpu, max_batch
from lessonlib.serving import LogNormal, Poisson, Trace, Workload, simulate

REQUESTS = 100
_SHARES = (0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25)
_ANSWERS = (35, 70, ANSWERS[0], 280, 560)
_LINKS = (1.0, 2.5, 5.0, 10.0, 25.0, 100.0, 400.0)
_CARDS = ("h20", "a100-80gb-sxm", "h200-sxm")
_OWN = "as the others"


def pool_rate_stops(lab: Lab) -> list[float]:
    """Requests a second, round the peak."""
    return sorted({float(f"{share * rate_at_peak(lab):.2g}") for share in _SHARES})


def pool_rate_start(lab: Lab) -> float:
    return rate_at_peak(lab)


def pool_answer_stops(lab: Lab) -> list[int]:
    return list(_ANSWERS)


def pool_link_stops(lab: Lab) -> list[float]:
    """Gbit/s of each replica that reads."""
    return list(_LINKS)


def pool_card_choices(lab: Lab) -> list[dict[str, str]]:
    """Cards for the pool that writes: those that hold the model and four requests."""
    own = [{"value": _OWN, "label": f"{lab.system.gpu.title}, as the others"}]
    found = [name for name in _CARDS if name != lab.system.gpu.name and _holds(lab, name)]
    return own + [{"value": name, "label": load_gpu(name).title} for name in found]


def _holds(lab: Lab, card: str) -> bool:
    try:
        return max_batch(replace(lab.system, gpu=load_gpu(card)), 2 * PROMPTS[0]) >= 4
    except LessonlibError:
        return False


def pool_card_start(lab: Lab) -> str:
    return _OWN


@lru_cache(maxsize=32)
def _drawn(per_s: float, answers: int) -> Trace:
    work = Workload(REQUESTS, LogNormal(*PROMPTS), LogNormal(answers, ANSWERS[1]), Poisson(per_s), seed=SEED)
    return Trace(tuple(work), "prompts and answers")


@lru_cache(maxsize=512)
def _felt(
    lab: Lab, per_s: float, answers: int, division: tuple[int, int] | None, budget: int, link: float, card: str
) -> Felt:
    gpu = "" if card == _OWN else card
    four = fleet(division, link * 1e9 / 8, gpu, lab)
    return felt(simulate(lab.system, _drawn(per_s, answers), scheduler(budget), four))


def explore_pools(lab: Lab, *, per_s: float, answers: int, link: float, card: str) -> Explored:
    """Four or five fleets with one traffic."""
    limits = first_limit_s(lab), token_limit_s(lab)
    fleets = [
        ("undivided", None, 0),
        # A question further down asks what this does to a mixture of experts.
        *([] if lab.system.model.is_mixture else [(f"undivided, {SMALL_BUDGET} a step", None, SMALL_BUDGET)]),
        *((f"{readers} read, {writers} write", (readers, writers), 0) for readers, writers in DIVISIONS),
    ]
    bars, shares = [], {}
    for name, division, budget in fleets:
        # What does not touch an undivided fleet is not computed anew for it.
        told = _felt(lab, per_s, answers, division, budget, *((link, card) if division else (0.0, _OWN)))
        share = told.kept(*limits)
        shares[name] = share
        late = 100 * float((told.first_s > limits[0]).mean())
        bars.append(
            Bar(
                name,
                [Part("within both limits", share, "main"), Part("not", 100 - share, "free")],
                f"{Quantity(share, '%', digits=2)}; first token late for {Quantity(late, '%', digits=2)}",
            )
        )
    best = max(shares, key=lambda name: shares[name])
    return Explored(
        finding=f"At {Quantity(per_s, 'requests/s', digits=2)} with answers of {answers} tokens most are within both limits with the fleet "
        f"“{best}”: {Quantity(shares[best], '%', digits=2)}; undivided {Quantity(shares['undivided'], '%', digits=2)}.",
        values=[
            Value("best", "Best fleet", best, f"of these {len(fleets)}"),
            Value("share", "Within both limits", Quantity(shares[best], "%", digits=2), "expected"),
            Value("first", "Limit, first token", Quantity(limits[0], "s", digits=2), ""),
            Value("token", "Limit, a token", Quantity(limits[1], "s", digits=2), "mean of an answer"),
        ],
        bars=bars,
        unit="%",
    )
