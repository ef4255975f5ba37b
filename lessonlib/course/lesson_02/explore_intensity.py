"""Lesson 2's explorer: FLOPs for each byte of a decode step over the batch, by context and by the bits of weights and cache."""

from __future__ import annotations

import functools
from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.intensity import of_kind, of_weights, per_byte
from lessonlib.draw.explored import Axis, Explored, Line, Point, Value
from lessonlib.roofline import Estimate, Lab, System, decode, weight_bytes_read

#: batches of the curve, two in each doubling
_PLACES = tuple(sorted({round(2 ** (half / 2)) for half in range(21)}))
_CONTEXTS = (512, *(2**power for power in range(11, 18)))
#: batches between which the first guess asks for the growth
_FEW, _MANY = 1, 64


def intensity_contexts(lab: Lab) -> list[int]:
    """Tokens: powers of two within the model's reach, and the lab's usual prompt."""
    most = lab.system.model.max_context or max(_CONTEXTS)
    return sorted({lab.prompt, *(context for context in _CONTEXTS if context <= most)})


def longest_context(lab: Lab) -> Quantity:
    """The longest context of the explorer."""
    return Quantity(intensity_contexts(lab)[-1], "tokens", digits=6)


def usual_context(lab: Lab) -> int:
    """The context that the lesson's steps have."""
    return lab.prompt


def explore_intensity(lab: Lab, *, batch: int, context: int, weights: str, kv: str) -> Explored:
    """The step's intensity, its parts, and the limit that no batch gets past."""
    system = replace(lab.system, weights=weights, kv=kv)
    step, limit = decode(system, batch, context), _limit(system, context)
    share = 100 * step.intensity / limit
    return Explored(
        finding=f"{batch} request{'s' * (batch > 1)} of {context:,} tokens: {per_byte(step.intensity)} for the whole step, "
        f"{share:.0f} % of the limit of {per_byte(limit)} that no batch gets past.",
        values=[
            Value("step", "The whole step", per_byte(step.intensity), f"{share:.0f} % of the limit"),
            Value("limit", "Limit at any batch", per_byte(limit)),
            Value("weights", "Weights alone", per_byte(of_weights(system, batch))),
            Value("attention", "Attention over the caches", per_byte(of_kind(step, "attention")), "at any batch"),
            Value("flops", "FLOPs of the step", Quantity(step.flops, "FLOP")),
            Value("bytes", "Bytes of the step", Quantity(step.bytes, "B"), _own_share(step)),
        ],
        x=Axis("requests in the batch", "", log=True, low=_PLACES[0], high=_PLACES[-1]),
        y=Axis("FLOP for each byte", "", log=True),
        lines=[
            Line("limit at any batch", [_PLACES[0], _PLACES[-1]], [limit, limit], "limit"),
            Line("weights alone", _PLACES, _weights(system), "weights"),
            Line("attention over the caches", [_PLACES[0], _PLACES[-1]], [of_kind(step, "attention")] * 2, "kv"),
            Line("the whole step", _PLACES, _steps(system, context), "main"),
        ],
        points=[Point("here", batch, step.intensity)],
    )


def _limit(system: System, context: int) -> float:
    """FLOPs of one request over the bytes that it alone brings."""
    one = decode(system, 1, context)
    return one.flops / (one.bytes - weight_bytes_read(system))


def _own_share(step: Estimate) -> str:
    own = sum(part.bytes - part.weight_bytes for part in step.operations)
    return f"{100 * own / step.bytes:.0f} % of them the requests' own"


@functools.lru_cache(maxsize=32)
def _weights(system: System) -> tuple[float, ...]:
    return tuple(of_weights(system, batch) for batch in _PLACES)


@functools.lru_cache(maxsize=64)
def _steps(system: System, context: int) -> tuple[float, ...]:
    return tuple(decode(system, batch, context).intensity for batch in _PLACES)


def long_contexts_hold_the_step_down(lab: Lab) -> bool:
    """Claim: at the longest context of the explorer, 64 requests have more than one request's intensity and less than ten times it."""
    longest = intensity_contexts(lab)[-1]
    few, many = (decode(lab.system, batch, longest).intensity for batch in (_FEW, _MANY))
    return 1.1 < many / few < 10
