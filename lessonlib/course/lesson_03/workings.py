"""Lesson 3, the roofline: every number its words name.

Peaks are dense data-sheet peaks, and crossings are computed from them. What was measured is in timed_layer.py,
the six operations of the last step are in six_operations.py, other cards in other_cards.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_03 import six_operations
from lessonlib.course.lesson_03.other_cards import (
    h100_fp8_crossing,
    h100_ridge,
)
from lessonlib.course.lesson_03.timed_layer import (
    _timed,
)
from lessonlib.course.shared import intensity
from lessonlib.course.shared.experts import latent, ridge_in_16, spread
from lessonlib.course.shared.intensity import intensity_of_one, intensity_of_prompt, per_byte, place_on_axis
from lessonlib.course.shared.lab_numbers import is_mixture
from lessonlib.roofline import Lab, prefill

FOLKLORE = 32
INTENSITIES = [1, 4, 16, 64, 256, 1024, 4096]


# --- the roof


def _attainable(lab: Lab, work: float) -> float:
    """The smaller of peak and bandwidth times intensity, FLOP/s."""
    return min(lab.system.flops, lab.system.bandwidth * work)


def roof_curve(lab: Lab) -> dict[str, Sequence[float]]:
    """The most TFLOP/s that work can reach, by its FLOPs for each byte."""
    return {"x": INTENSITIES, "y": [_attainable(lab, work) / 1e12 for work in INTENSITIES]}


def curve_without_peak(lab: Lab) -> dict[str, Sequence[float]]:
    """Bandwidth times intensity, without end."""
    return {"x": INTENSITIES, "y": [lab.system.bandwidth * work / 1e12 for work in INTENSITIES]}


def curve_at_peak(lab: Lab) -> dict[str, Sequence[float]]:
    """The data sheet's FLOP/s, whatever the work."""
    return {"x": INTENSITIES, "y": [lab.system.flops / 1e12 for _ in INTENSITIES]}


# --- the ridge


def ridge(lab: Lab) -> Quantity:
    """Dense peak over bandwidth: the FLOPs for each byte at which both take equally long."""
    return per_byte(lab.system.flops / lab.system.bandwidth)


def ridge_sparse(lab: Lab) -> Quantity:
    """Takes the data sheet's sparse peak, twice the dense one."""
    return per_byte(2 * float(ridge(lab)))


def ridge_in_bits(lab: Lab) -> Quantity:
    """Takes the bandwidth to be in bits per second."""
    return per_byte(8 * float(ridge(lab)))


def ridge_of_one_peak(lab: Lab) -> Quantity:
    """One GPU's peak over the bandwidth of all of them."""
    return per_byte(float(ridge(lab)) / lab.system.tp)


# --- from which batch


def layer_bits(lab: Lab) -> Quantity:
    """Bits of a weight in the layers, scales included."""
    return Quantity(lab.system.weight_format.bits_per_value(lab.system.model.hidden), "bits")


def _at_one_matrix(lab: Lab) -> float:
    """Tokens at a matrix with which it has as many FLOPs for each byte as the ridge asks for."""
    return float(ridge(lab)) / (2 / (float(layer_bits(lab)) / 8))


def crossing(lab: Lab) -> Quantity:
    """Ridge over the FLOPs that one token gives to a byte of weights; with experts, times the tokens for one at each."""
    return Quantity(ceil(_at_one_matrix(lab) * spread(lab)), "tokens")


def crossing_without_spread(lab: Lab) -> Quantity:
    """Lets every token go to every expert; the same as the truth where there are none."""
    return Quantity(ceil(_at_one_matrix(lab)), "tokens")


def crossing_of_attention(lab: Lab) -> Quantity:
    """The crossing of attention's matrices, which every token uses."""
    kept = "attention" in lab.system.model.sixteen_bit_parts
    return Quantity(ceil(float(ridge_in_16(lab))), "tokens") if kept else crossing_without_spread(lab)


def intensity_at_32(lab: Lab) -> Quantity:
    """What a byte of a matrix gets from 32 tokens in a step; with experts, from the share of them that comes to one."""
    return per_byte(FOLKLORE / spread(lab) * 2 / (float(layer_bits(lab)) / 8))


def _share(lab: Lab, work: float) -> Quantity:
    """Share of the peak that work of so many FLOPs for each byte can reach."""
    return Quantity(100 * min(work / float(ridge(lab)), 1), "%")


def share_at_32(lab: Lab) -> Quantity:
    """The matrix's intensity with 32 tokens in the step, over the ridge."""
    return _share(lab, float(intensity_at_32(lab)))


def share_folklore(lab: Lab) -> Quantity:
    """As if 32 tokens filled the arithmetic of any card."""
    return Quantity(100.0, "%")


def share_bytes_forgotten(lab: Lab) -> Quantity:
    """Two FLOPs for each token, the bytes of a weight left out."""
    return _share(lab, FOLKLORE / spread(lab) * 2)


def share_as_16(lab: Lab) -> Quantity:
    """Reads the ridge as tokens, which holds for weights of 16 bits alone."""
    return _share(lab, FOLKLORE / spread(lab))


def share_without_spread(lab: Lab) -> Quantity:
    """Lets every token go to every expert; the same as the truth where there are none."""
    return _share(lab, float(intensity_at_32(lab)) * spread(lab))


# --- a short prompt


def shortest_prompt(lab: Lab) -> Quantity:
    """The fewest tokens whose prefill, alone and in one piece, is bound by compute; found by halving."""
    low, high = 0, lab.prompt
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if prefill(lab.system, middle).bound == "compute" else (middle, high)
    return Quantity(high, "tokens")


def shortest_is_one(lab: Lab) -> Quantity:
    """As if prefill were bound by compute because it is prefill."""
    return Quantity(1.0, "tokens")


def shortest_is_usual(lab: Lab) -> Quantity:
    """As if only prompts of the usual length were."""
    return Quantity(lab.prompt, "tokens")


# --- the picture and the table


def ridge_at(lab: Lab) -> float:
    return place_on_axis(ridge(lab))


def one_at(lab: Lab) -> float:
    return place_on_axis(intensity_of_one(lab))


def prompt_at(lab: Lab) -> float:
    return place_on_axis(intensity_of_prompt(lab))


def intensity_of_attention(lab: Lab) -> Quantity:
    """FLOPs of attention over the bytes of the caches, at any batch."""
    return per_byte(intensity.of_kind(intensity.step(lab, 1), "attention"))


def attention_in_one_copy(lab: Lab) -> Quantity:
    """The same with a single copy of the cache instead of one for each GPU (a latent is copied, heads are divided)."""
    return per_byte(float(intensity_of_attention(lab)) * (lab.system.tp if latent(lab) else 1))


# --- claims: true on every shipped lab -------------------------------------------------------------------------


def fp8_on_both_sides_changes_nothing(lab: Lab) -> bool:
    return abs(float(h100_fp8_crossing(lab)) / float(h100_ridge(lab)) - 1) < 0.01


def short_prompt_is_near_the_crossing(lab: Lab) -> bool:
    """Up to a third more, for the output head and the caches; with experts sooner, for attention brings its arithmetic."""
    share = float(shortest_prompt(lab)) / float(crossing(lab))
    return 0.4 < share < 1 if is_mixture(lab) else 1 <= share < 4 / 3


def attention_waits_for_memory_at_any_batch(lab: Lab) -> bool:
    """Below a sixth of the ridge of the arithmetic that it is done in, for one request and for 256."""
    both = (intensity.of_kind(intensity.step(lab, batch), "attention") for batch in (1, 256))
    return all(value < float(ridge_in_16(lab)) / 6 for value in both)


def timed_layer_is_flat_then_rises(lab: Lab) -> bool:
    """From 1 to 256 tokens within 15 %, from 512 to 1,024 nearly twice."""
    flat = [row.seconds for tokens, row in _timed().items() if tokens <= 256]
    return max(flat) / min(flat) < 1.15 and 1.8 < _timed()[1024].seconds / _timed()[512].seconds < 2


def no_measurement_beats_its_roof(lab: Lab) -> bool:
    return all(row.seconds >= row.ceiling_s for row in _timed().values())


def only_two_of_six_wait_for_arithmetic(lab: Lab) -> bool:
    """D and E, and nothing else."""
    return [part.letter for part in six_operations.six(lab) if part.bound == "compute"] == ["D", "E"]
