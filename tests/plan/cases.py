"""Small questions whose whole grid can be judged in seconds."""

from __future__ import annotations

from collections.abc import Sequence

from lessonlib.plan import Choice, Price, Question, SetUp, Slo, set_ups
from lessonlib.roofline import load_gpu, load_model
from lessonlib.serving import LogNormal, Poisson, Sharing, Workload, fixed

GPUS = ("h100-sxm", "l40s")
PRICES = {"h100-sxm": Price(4.0), "l40s": Price(1.5), "h200-sxm": Price(5.0), "rtx-4090": Price(0.5)}


def question(rate: float = 8.0, ttft: float = 1.0, tpot: float = 0.03, **more) -> Question:
    """Chat on a small model. more: of the question; or traffic."""
    traffic = more.pop("traffic", None) or fixed(800, 60, 120, Poisson(rate), seed=3)
    settings = {"share": more.pop("share", 0.95)}
    return Question(traffic, Slo(ttft, tpot, **settings), PRICES, **({"most_gpus": 6, "within": 3.0} | more))


def spread(rate: float = 6.0, count: int = 120) -> Workload:
    """Lengths that differ, and a beginning that all share."""
    return Workload(
        count,
        LogNormal(1500, 0.8, least=200, most=6000),
        LogNormal(60, 0.5),
        Poisson(rate),
        Sharing(100, 1, 400, 5),
        seed=7,
    )


def grid(model: str = "llama-3.1-8b", gpus: Sequence[str] = GPUS, weights=("bf16", "fp8"), **more) -> tuple[SetUp, ...]:
    """Its set-ups."""
    settings = {"tp": (1, 2), "seats": (None, 16), "tokens": (None,), "pools": "both"} | more
    return set_ups([Choice(load_model(model), weights)], [load_gpu(name) for name in gpus], **settings)
