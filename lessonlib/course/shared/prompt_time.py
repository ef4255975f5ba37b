"""The least time to the first token: FLOPs over dense data-sheet peaks. Computed ceilings, nothing measured."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab, prefill, weight_bytes, weight_bytes_read

#: length of the prompt that is timed
TIMED = 32_768
#: data sheets print a peak for matrices half of which are zeros
SPARSE = 2.0


def timed_tokens(lab: Lab) -> Quantity:
    return Quantity(TIMED, "tokens", digits=6)


def timed_flops(lab: Lab) -> Quantity:
    return Quantity(prefill(lab.system, TIMED).flops, "FLOP")


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


def first_token_time(lab: Lab) -> Quantity:
    """Each part's FLOPs over the dense peak of its precision, added up."""
    return Quantity(prefill(lab.system, TIMED).ceiling_s, "s")


def time_sparse(lab: Lab) -> Quantity:
    """Takes the data sheet's sparse peak, twice the dense one."""
    return Quantity(float(first_token_time(lab)) / SPARSE, "s")


def time_of_one_gpu(lab: Lab) -> Quantity:
    """One GPU does the work of all."""
    return Quantity(float(first_token_time(lab)) * lab.system.tp, "s")


def time_by_tokens(lab: Lab) -> Quantity:
    """The time of the usual prompt, times the tokens."""
    return Quantity(prefill(lab.system, lab.prompt).compute_s * TIMED / lab.prompt, "s")


def time_full_attention(lab: Lab) -> Quantity:
    """Attention counted for all pairs, those with later tokens included."""
    step = prefill(lab.system, TIMED)
    return Quantity(step.compute_s + sum(part.compute_s for part in step.operations if part.kind == "attention"), "s")


def time_by_fetching(lab: Lab) -> Quantity:
    """The weights fetched anew for each token, as in writing."""
    return Quantity(TIMED * weight_bytes_read(lab.system) / lab.system.bandwidth, "s")


def usual_time(lab: Lab) -> Quantity:
    """The same for the lab's usual prompt."""
    return Quantity(prefill(lab.system, lab.prompt).ceiling_s, "s")


def fits(lab: Lab) -> bool:
    """Whether all GPUs together can hold the weights."""
    return weight_bytes(lab.system) < lab.system.gpu.memory_bytes * lab.system.tp
