"""Lesson 3, the roofline: every number its words name.

Peaks are dense data-sheet peaks, and crossings are computed from them. What was measured is in timed_layer.py,
the six operations of the last step are in six_operations.py, other cards in other_cards.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_03 import six_operations
from lessonlib.course.lesson_03.other_cards import h100_fp8_crossing, h100_ridge
from lessonlib.course.lesson_03.timed_layer import corner_from_times, timed
from lessonlib.course.shared import intensity
from lessonlib.course.shared.experts import ridge_in_16, spread, weights_at_most
from lessonlib.course.shared.intensity import (
    intensity_of_any_batch,
    intensity_of_one,
    intensity_of_prompt,
    per_byte,
    place_on_axis,
)
from lessonlib.course.shared.prompt_time import flops_for_prompt_token
from lessonlib.course.shared.roof import Dot, attainable, on_roof, ridge
from lessonlib.roofline import Lab, prefill

#: requests that write in the step whose matrix is placed on the roof, and tokens of a prompt that it reads
PLACED, CHUNK = 32, 448
INTENSITIES = [1, 4, 16, 64, 256, 1024, 4096]


# --- the roof, drawn as a curve in TFLOP/s


def roof_in_tflops(lab: Lab) -> dict[str, Sequence[float]]:
    """The most TFLOP/s that work can reach, by its FLOPs for each byte."""
    return {"x": INTENSITIES, "y": [attainable(lab, work) / 1e12 for work in INTENSITIES]}


def curve_without_peak(lab: Lab) -> dict[str, Sequence[float]]:
    """Bandwidth times intensity, without end."""
    return {"x": INTENSITIES, "y": [lab.system.bandwidth * work / 1e12 for work in INTENSITIES]}


def curve_at_peak(lab: Lab) -> dict[str, Sequence[float]]:
    """The data sheet's FLOP/s, whatever the work."""
    return {"x": INTENSITIES, "y": [lab.system.flops / 1e12 for _ in INTENSITIES]}


# --- from which batch


def layer_bits(lab: Lab) -> Quantity:
    """Bits of a weight in the layers, scales included."""
    return Quantity(lab.system.weight_format.bits_per_value(lab.system.model.hidden), "bits", digits=4)


def _at_one_matrix(lab: Lab) -> float:
    """Tokens at a matrix with which it has as many FLOPs for each byte as the ridge asks for."""
    return float(ridge(lab)) / (2 / (float(layer_bits(lab)) / 8))


def crossing(lab: Lab) -> Quantity:
    """Ridge over the FLOPs that one token gives to a byte of weights, in whole tokens; with experts, times the tokens for one at each."""
    return Quantity(round(_at_one_matrix(lab) * spread(lab)), "tokens")


def crossing_without_spread(lab: Lab) -> Quantity:
    """Lets every token go to every expert; the same as the truth where there are none."""
    return Quantity(round(_at_one_matrix(lab)), "tokens")


# --- a matrix in a step that writes for 32 and reads a chunk, as a dot


def placed_batch(lab: Lab) -> int:
    return PLACED


def placed_chunk(lab: Lab) -> Quantity:
    """Tokens of a prompt that the step reads."""
    return Quantity(CHUNK, "tokens")


def placed_tokens(lab: Lab) -> Quantity:
    """All tokens that go through the matrices of that step."""
    return Quantity(PLACED + CHUNK, "tokens")


def _at_matrix(lab: Lab, tokens: int) -> float:
    """FLOPs for each byte of a matrix: two for each of the tokens that come to it, over the bytes of a weight."""
    return tokens / spread(lab) * 2 / (float(layer_bits(lab)) / 8)


def intensity_at_placed(lab: Lab) -> Quantity:
    """What a byte of a matrix gets in that step; with experts, from the share of the tokens that comes to one."""
    return per_byte(_at_matrix(lab, PLACED + CHUNK))


def intensity_of_writers(lab: Lab) -> Quantity:
    """The same in a step that only writes."""
    return per_byte(_at_matrix(lab, PLACED))


def reached_at_placed(lab: Lab) -> Quantity:
    """The most FLOP/s that the matrix can reach."""
    return Quantity(attainable(lab, float(intensity_at_placed(lab))), "FLOP/s")


def share_at_placed(lab: Lab) -> Quantity:
    """The same as a share of the peak."""
    return Quantity(100 * float(reached_at_placed(lab)) / lab.system.flops, "%", digits=2)


def placed_at_peak(lab: Lab) -> bool:
    """Whether that is the peak."""
    return float(intensity_at_placed(lab)) >= lab.system.ridge


def place_of_matrix(lab: Lab) -> Dot:
    """A weight matrix (of an expert, where there are some) in that step."""
    return on_roof(lab, float(intensity_at_placed(lab)), f"a matrix, {PLACED} writing + {CHUNK} read")


def place_of_writers(lab: Lab) -> Dot:
    """Counts only the requests that write."""
    return on_roof(lab, float(intensity_of_writers(lab)), f"{PLACED} tokens")


def place_above_roof(lab: Lab) -> Dot:
    """Follows the slope beyond the peak."""
    intensity = float(intensity_at_placed(lab))
    return {"x": intensity, "y": lab.system.bandwidth * intensity, "label": "on the slope"}


def place_as_16(lab: Lab) -> Dot:
    """Reads the tokens as FLOPs for each byte, which holds for weights of 16 bits that all tokens use."""
    return on_roof(lab, float(PLACED + CHUNK), f"{PLACED + CHUNK} FLOP/byte")


# --- the whole step, at any batch


def share_of_any_batch(lab: Lab) -> Quantity:
    """The limit of a whole step's intensity over the ridge: the share of the peak that no batch gets past."""
    return Quantity(100 * min(float(intensity_of_any_batch(lab)) / float(ridge(lab)), 1), "%")


def share_of_a_matrix(lab: Lab) -> Quantity:
    """What a weight matrix alone reaches in a large batch."""
    return Quantity(100.0, "%")


def share_of_attention(lab: Lab) -> Quantity:
    """The intensity of attention over the caches, which no batch changes, over the ridge."""
    return Quantity(100 * intensity.of_kind(intensity.step(lab, 1), "attention") / float(ridge(lab)), "%", digits=2)


# --- a short prompt


def rule_for_prompt(lab: Lab) -> Quantity:
    """By hand: all weights that a prompt fetches, at the ridge, over the FLOPs of a token."""
    return Quantity(float(ridge(lab)) * float(weights_at_most(lab)) / float(flops_for_prompt_token(lab)), "tokens")


def shortest_prompt(lab: Lab) -> Quantity:
    """The fewest tokens whose prefill, alone and in one piece, is bound by compute; found by halving."""
    low, high = 0, lab.prompt
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if prefill(lab.system, middle).bound == "compute" else (middle, high)
    return Quantity(high, "tokens")


def shortest_is_tile(lab: Lab) -> Quantity:
    """As if the rows of one tile of a tensor core were enough."""
    return Quantity(16.0, "tokens")


def shortest_is_usual(lab: Lab) -> Quantity:
    """As if only prompts of the usual length were."""
    return Quantity(lab.prompt, "tokens", digits=6)


def half_the_prompt(lab: Lab) -> str:
    """Tokens of the prompt that a token of it looks back at, on average."""
    return f"{lab.prompt // 2:,}"


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


# --- claims: true on every shipped lab -------------------------------------------------------------------------


def fp8_on_both_sides_changes_nothing(lab: Lab) -> bool:
    return abs(float(h100_fp8_crossing(lab)) / float(h100_ridge(lab)) - 1) < 0.01


def rule_comes_near_the_shortest_prompt(lab: Lab) -> bool:
    """Within a quarter of what the engine finds, which counts attention as well."""
    return 0.8 < float(rule_for_prompt(lab)) / float(shortest_prompt(lab)) < 1.25


def no_batch_reaches_the_ridge(lab: Lab) -> bool:
    """At the lab's usual context the whole step waits for memory, even with a million requests."""
    return float(share_of_any_batch(lab)) < 60 and intensity.step(lab, 1_000_000).bound == "memory"


def stopwatch_meets_the_data_sheet(lab: Lab) -> bool:
    """The corner found from two measured times lies within 2 % of the H100's ridge."""
    return abs(float(corner_from_times(lab)) / float(h100_ridge(lab)) - 1) < 0.02


def attention_waits_for_memory_at_any_batch(lab: Lab) -> bool:
    """Below a sixth of the ridge of the arithmetic that it is done in, for one request and for 256."""
    both = (intensity.of_kind(intensity.step(lab, batch), "attention") for batch in (1, 256))
    return all(value < float(ridge_in_16(lab)) / 6 for value in both)


def timed_layer_is_flat_then_rises(lab: Lab) -> bool:
    """From 1 to 256 tokens within 15 %, from 512 to 1,024 nearly twice."""
    flat = [row.seconds for tokens, row in timed().items() if tokens <= 256]
    return max(flat) / min(flat) < 1.15 and 1.8 < timed()[1024].seconds / timed()[512].seconds < 2


def no_measurement_beats_its_roof(lab: Lab) -> bool:
    return all(row.seconds >= row.ceiling_s for row in timed().values())


def only_two_of_six_wait_for_arithmetic(lab: Lab) -> bool:
    """D and E, and nothing else."""
    return [part.letter for part in six_operations.six(lab) if part.bound == "compute"] == ["D", "E"]
