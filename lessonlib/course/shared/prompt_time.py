"""The least time to the first token: FLOPs over dense data-sheet peaks. Computed ceilings, nothing measured."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab, prefill, weight_bytes

#: length of the prompt that is timed
TIMED = 32_768
#: data sheets print a peak for matrices half of which are zeros
SPARSE = 2.0


def timed_tokens(lab: Lab) -> Quantity:
    return Quantity(TIMED, "tokens", digits=6)


def _rates(lab: Lab) -> set[str]:
    return {
        part.precision
        for part in prefill(lab.system, TIMED).operations
        if part.kind in ("matmul", "attention") and part.name != "output head"
    }


def two_rates(lab: Lab) -> bool:
    """Whether attention multiplies in 16 bits and the layers in 8."""
    return "fp8" in _rates(lab)


def peak_in_16(lab: Lab) -> Quantity:
    """Dense bf16 peak of all its GPUs together."""
    return Quantity(lab.system.gpu.flops["bf16"] * lab.system.tp, "FLOP/s")


def flops_for_prompt_token(lab: Lab) -> Quantity:
    """Two for each weight that a token of a prompt uses; the output head is used once a prompt and left out."""
    return Quantity(2.0 * (lab.system.model.parameters_read - lab.system.model.head.size), "FLOP")


def first_token_time(lab: Lab) -> Quantity:
    """Each part's FLOPs over the dense peak of its precision, added up."""
    return Quantity(prefill(lab.system, TIMED).ceiling_s, "s")


def fits(lab: Lab) -> bool:
    """Whether all GPUs together can hold the weights."""
    return weight_bytes(lab.system) < lab.system.gpu.memory_bytes * lab.system.tp
