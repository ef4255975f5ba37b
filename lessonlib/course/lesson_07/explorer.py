"""Lesson 7's explorer: one decode step passes the gate to the chip, weights once and a cache for each request."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_07 import long_context as lc
from lessonlib.draw.explored import Explored, Gate, Value
from lessonlib.roofline import Lab, System, decode, max_batch

#: how many times slower than the chip the scene plays
SLOWED = 200.0
#: what a number in the cache may be kept in
PRECISIONS = ("bf16", "fp8")
#: weights that every GPU can unpack
FEWER_BITS = "int4"


def cache_precisions(lab: Lab) -> list[dict[str, str]]:
    """What a number in the cache may be kept in."""
    return [{"value": name, "label": label} for name, label in zip(PRECISIONS, ("16 bits", "8 bits"), strict=True)]


def cache_precision_start(lab: Lab) -> str:
    return lab.system.kv if lab.system.kv in PRECISIONS else PRECISIONS[0]


def weight_precisions(lab: Lab) -> list[dict[str, str]]:
    """The lab's own precision of the weights, and 4 bits; 16 where it has 4."""
    own = lab.system.weights
    other = ("bf16", "16 bits") if own == FEWER_BITS else (FEWER_BITS, "4 bits")
    return [{"value": own, "label": f"as in this lab ({own})"}, {"value": other[0], "label": other[1]}]


def weight_precision_start(lab: Lab) -> str:
    return lab.system.weights


def explore_context(lab: Lab, *, context: float, requests: float, kv: str, weights: str) -> Explored:
    """One step of so many requests with that context: what passes the gate, and how long that takes at best."""
    tokens, many, here = round(context), round(requests), lab.system
    system = System(here.model, here.gpu, tp=here.tp, weights=weights, kv=kv, head=here.head)
    step = decode(system, many, tokens)
    shared, own = lc.weights_at(system, many), lc.own_at(system, tokens)
    share = Quantity(100 * many * own / (shared + many * own), "%", digits=2)
    each = Quantity(1 / step.roof_s, "tok/s")
    fits = many <= max_batch(system, tokens)
    return Explored(
        finding=(
            f"A step of {Quantity(step.roof_s, 's')} at best: {each} for each of {many:,}; "
            f"{share} of its bytes belong to one request alone{'' if fits else '; this does not fit in memory'}."
        ),
        values=[
            Value("step", "Least time of a step", Quantity(step.roof_s, "s"), "" if fits else "✕ does not fit"),
            Value("each", "Tokens for each request", each),
            Value("all", "Tokens of all together", Quantity(many / step.roof_s, "tok/s")),
            Value("own", "Caches and states in the bytes", share),
            Value("busy", "Arithmetic busy", Quantity(100 * step.compute_s / step.roof_s, "%", digits=2)),
        ],
        gate=Gate(
            weights=shared,
            caches=[own] * many,
            bandwidth=system.bandwidth,
            seconds=step.roof_s,
            compute_s=step.compute_s,
            slowed=SLOWED,
            bits=system.weight_format.bits,
        ),
    )
