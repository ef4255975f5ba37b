"""How much faster a decode step is with weights in 4 bits, by the requests in it; and what that makes of one answer.

Gain: seconds of the step in 16 bits over those with fewer. Expected by the engine, computed and not measured.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_14.formats import (
    WEIGHTS_ONLY,
    both_narrow,
    sixteen_bit_lab,
    step_of,
    stored,
    weighed,
    weights_lab,
)
from lessonlib.roofline import Estimate, Lab, weight_bytes_read
from lessonlib.roofline.band import band

BATCHES = (1, 16, 64, 128, 256)
#: tokens that each answer has behind it
CONTEXT = 1024


def _gain(lab: Lab, weights: str, requests: int) -> float:
    wide = step_of(weighed(lab), requests, CONTEXT).expected_s
    return wide / step_of(weighed(lab, weights), requests, CONTEXT).expected_s


def _curve(y: list[float]) -> dict[str, list[float]]:
    return {"x": [float(batch) for batch in BATCHES], "y": y}


def gain_by_batch(lab: Lab) -> dict[str, list[float]]:
    """Times as fast with weights in 4 bits, by requests in the step."""
    return _curve([_gain(lab, WEIGHTS_ONLY, batch) for batch in BATCHES])


def gain_everywhere(lab: Lab) -> dict[str, list[float]]:
    """As if the gain of one request were that of any batch."""
    return _curve([_gain(lab, WEIGHTS_ONLY, 1) for _ in BATCHES])


def gain_of_matrices(lab: Lab) -> dict[str, list[float]]:
    """As if a step were its weights' bytes or its arithmetic, whichever takes longer, and nothing else."""
    wide, narrow = weighed(lab), weighed(lab, WEIGHTS_ONLY)
    bytes_wide, bytes_narrow = weight_bytes_read(wide), weight_bytes_read(narrow)
    # two FLOPs a weight and token: in 16 bits as many as the weights have bytes
    arithmetic = [batch * bytes_wide / (wide.tp * wide.gpu.flops["bf16"]) for batch in BATCHES]
    return _curve(
        [max(bytes_wide / wide.bandwidth, one) / max(bytes_narrow / narrow.bandwidth, one) for one in arithmetic]
    )


def compared_batches(lab: Lab) -> list[Quantity]:
    return [Quantity(batch, "requests") for batch in BATCHES]


def steps_in_16(lab: Lab) -> list[Quantity]:
    """A decode step in 16 bits, one for each of the batches."""
    return [Quantity(step_of(weighed(lab), batch, CONTEXT).expected_s, "s") for batch in BATCHES]


def steps_in_4(lab: Lab) -> list[Quantity]:
    """The same with weights in 4 bits."""
    return [Quantity(step_of(weighed(lab, WEIGHTS_ONLY), batch, CONTEXT).expected_s, "s") for batch in BATCHES]


def gains_in_4(lab: Lab) -> list[Quantity]:
    return [Quantity(_gain(lab, WEIGHTS_ONLY, batch), "x") for batch in BATCHES]


def alone_gain(lab: Lab) -> Quantity:
    """One request, weights in 4 bits."""
    return Quantity(_gain(lab, WEIGHTS_ONLY, 1), "x")


def alone_gain_ceiling(lab: Lab) -> Quantity:
    """The same with perfect software."""
    wide, narrow = (step_of(weighed(lab, name), 1, CONTEXT).ceiling_s for name in ("bf16", WEIGHTS_ONLY))
    return Quantity(wide / narrow, "x")


def _alone(lab: Lab) -> list[Estimate]:
    """One request's step on this lab, in 16 bits and with weights in 4."""
    return [step_of(stored(lab, name), 1, CONTEXT) for name in ("bf16", WEIGHTS_ONLY)]


def alone_ceilings(lab: Lab) -> list[Quantity]:
    """Seconds of that step at the full bandwidth, in 16 bits and in 4."""
    return [Quantity(step.ceiling_s, "s") for step in _alone(weights_lab(lab))]


def alone_over(lab: Lab) -> list[Quantity]:
    """Seconds that are expected on top of those."""
    return [Quantity(step.expected_s - step.ceiling_s, "s", digits=2) for step in _alone(weights_lab(lab))]


def narrow_file(lab: Lab) -> Quantity:
    """Bytes of weights that a step fetches of the 4-bit checkpoint that is assumed, its scales included."""
    return Quantity(weight_bytes_read(weighed(lab, WEIGHTS_ONLY)), "B")


def _left_wide(lab: Lab) -> Quantity:
    parts = _alone(lab)[1].operations
    return Quantity(sum(part.weight_bytes for part in parts if part.stored != WEIGHTS_ONLY), "B", digits=2)


def left_wide(lab: Lab) -> Quantity:
    """Those of them that are still in 16 bits."""
    return _left_wide(weights_lab(lab))


def example_is_split(lab: Lab) -> bool:
    """Whether the example runs on several GPUs."""
    return weighed(lab).tp > 1


def alone_gain_w8a8(lab: Lab) -> Quantity:
    """One request, weights and vectors in 8 bits."""
    return Quantity(_gain(lab, both_narrow(weights_lab(lab)), 1), "x")


def _hardly_shrinks(lab: Lab) -> bool:
    """The part of one request's step over its ceiling loses a third at most, while the ceiling loses more than half."""
    wide, narrow = _alone(weights_lab(lab))
    kept = (narrow.expected_s - narrow.ceiling_s) / (wide.expected_s - wide.ceiling_s)
    return kept > 2 / 3 and narrow.ceiling_s < wide.ceiling_s / 2


def tokens_behind_each(lab: Lab) -> Quantity:
    return Quantity(CONTEXT, "tokens", digits=4)


def gain_fades(lab: Lab) -> bool:
    """Falls all the way, from 1.7 or more alone to a loss at the largest batch; alone, what no format shrinks keeps it below its ceiling."""
    gains = gain_by_batch(lab)["y"]
    return gains == sorted(gains, reverse=True) and gains[0] > 1.7 and gains[-1] < 0.92 and _hardly_shrinks(lab)


# --- the learner's own lab, one request


def own_ceilings(lab: Lab) -> list[Quantity]:
    """Seconds at the full bandwidth, in 16 bits and with weights in 4, on the example that need not pay for unpacking."""
    return [Quantity(step.ceiling_s, "s") for step in _alone(sixteen_bit_lab(lab))]


def own_expected(lab: Lab) -> list[Quantity]:
    return [Quantity(step.expected_s, "s") for step in _alone(sixteen_bit_lab(lab))]


def _own_bands(lab: Lab) -> list[tuple[float, float]]:
    """Seconds from, to, in which nine of ten measured times per token lie, in 16 bits and with weights in 4."""
    names, steps = ("bf16", WEIGHTS_ONLY), _alone(sixteen_bit_lab(lab))
    return [
        band(stored(lab, name), "time per token").around(step.expected_s, step.ceiling_s)
        for name, step in zip(names, steps, strict=True)
    ]


def own_low(lab: Lab) -> list[Quantity]:
    """The fast ends of the 90 % bands, never below the ceiling."""
    return [Quantity(low, "s") for low, _ in _own_bands(lab)]


def own_high(lab: Lab) -> list[Quantity]:
    return [Quantity(high, "s") for _, high in _own_bands(lab)]


def own_left_wide(lab: Lab) -> Quantity:
    """Bytes that are assumed to stay in 16 bits there."""
    return _left_wide(sixteen_bit_lab(lab))
