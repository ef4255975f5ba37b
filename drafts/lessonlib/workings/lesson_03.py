"""Lesson 3, the roofline: every number its words name.

Peaks are dense data-sheet peaks, crossings are computed from them, times of the timed layer are measured (NVIDIA
aiconfigurator 0.12.0: one 16-bit layer of 8192 x 8192 on an H100 SXM, vLLM 0.24's kernel).
"""

from __future__ import annotations

from functools import cache
from math import ceil

from lessonlib.quantity import Quantity
from lessonlib.roofline import Lab, load_gpu, prefill
from lessonlib.roofline.calibration import Row, fitted_rows
from lessonlib.roofline.precision import weight_format
from lessonlib.workings import intensity
from lessonlib.workings.intensity import per_byte, place_on_axis

TIMED_ON, TIMED = "h100-sxm", "8192x8192"
FEW, MORE, MANY = 16, 64, 1024
FOLKLORE = 32
INTENSITIES = [1, 4, 16, 64, 256, 1024, 4096]
BETWEEN = 250


# --- the timed layer (measured)

@cache
def _timed() -> dict[int, Row]:
    """The measured rows of the layer, by the number of tokens that went through it together."""
    rows = (row for row in fitted_rows() if row.kind == "gemm" and row.name.endswith(f"x{TIMED}"))
    return {row.batch: row for row in rows if row.system.gpu.name == TIMED_ON and row.system.weights == "bf16"}


def time_of_few(lab: Lab) -> Quantity:
    return Quantity(_timed()[FEW].seconds, "s")


def time_of_more(lab: Lab) -> Quantity:
    return Quantity(_timed()[MORE].seconds, "s")


def time_of_many(lab: Lab) -> Quantity:
    return Quantity(_timed()[MANY].seconds, "s")


def time_of_256(lab: Lab) -> Quantity:
    return Quantity(_timed()[256].seconds, "s")


def time_of_512(lab: Lab) -> Quantity:
    return Quantity(_timed()[512].seconds, "s")


def many_over_more(lab: Lab) -> Quantity:
    """How much longer 1,024 tokens took than 64."""
    return Quantity(float(time_of_many(lab)) / float(time_of_more(lab)), "x", digits=2)


def timed_share_of_peak(lab: Lab) -> Quantity:
    """FLOP/s that 32 tokens reached, as a share of the dense peak."""
    row = _timed()[FOLKLORE]
    return Quantity(100 * row.parts[0].compute_s / row.seconds, "%", digits=2)


def timed_share_of_bandwidth(lab: Lab) -> Quantity:
    """Bytes per second that 32 tokens reached, as a share of the bandwidth."""
    row = _timed()[FOLKLORE]
    return Quantity(100 * row.parts[0].memory_s / row.seconds, "%", digits=2)


# --- the roof

def _attainable(lab: Lab, work: float) -> float:
    """The smaller of peak and bandwidth times intensity, FLOP/s."""
    return min(lab.system.flops, lab.system.bandwidth * work)


def roof_curve(lab: Lab) -> dict[str, list[float]]:
    """The most TFLOP/s that work can reach, by its FLOPs for each byte."""
    return {"x": INTENSITIES, "y": [_attainable(lab, work) / 1e12 for work in INTENSITIES]}


def curve_without_peak(lab: Lab) -> dict[str, list[float]]:
    """Bandwidth times intensity, without end."""
    return {"x": INTENSITIES, "y": [lab.system.bandwidth * work / 1e12 for work in INTENSITIES]}


def curve_at_peak(lab: Lab) -> dict[str, list[float]]:
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


# --- more bandwidth: H100 and H200, 16 bits

def h100_bandwidth(lab: Lab) -> Quantity:
    return Quantity(load_gpu("h100-sxm").bandwidth, "B/s")


def h200_bandwidth(lab: Lab) -> Quantity:
    return Quantity(load_gpu("h200-sxm").bandwidth, "B/s")


def h100_peak(lab: Lab) -> Quantity:
    return Quantity(load_gpu("h100-sxm").flops["bf16"], "FLOP/s")


def h100_ridge(lab: Lab) -> Quantity:
    return per_byte(load_gpu("h100-sxm").ridge())


def h200_ridge(lab: Lab) -> Quantity:
    return per_byte(load_gpu("h200-sxm").ridge())


def between(lab: Lab) -> Quantity:
    return per_byte(float(BETWEEN))


def h100_between(lab: Lab) -> Quantity:
    """What work at 250 FLOP/byte can reach on an H100."""
    gpu = load_gpu("h100-sxm")
    return Quantity(min(gpu.flops["bf16"], gpu.bandwidth * BETWEEN), "FLOP/s")


def h200_between(lab: Lab) -> Quantity:
    """The same on an H200."""
    gpu = load_gpu("h200-sxm")
    return Quantity(min(gpu.flops["bf16"], gpu.bandwidth * BETWEEN), "FLOP/s")


# --- from which batch

def layer_bits(lab: Lab) -> Quantity:
    """Bits of a weight in the layers, scales included."""
    return Quantity(lab.system.weight_format.bits_per_value(lab.system.model.hidden), "bits")


def crossing(lab: Lab) -> Quantity:
    """Ridge over the FLOPs that one token gives to a byte of a layer's weights, in whole tokens."""
    of_one_token = 2 / (float(layer_bits(lab)) / 8)
    return Quantity(ceil(float(ridge(lab)) / of_one_token), "tokens")


def crossing_folklore(lab: Lab) -> Quantity:
    """The number that is handed on."""
    return Quantity(FOLKLORE, "tokens")


def crossing_bytes_forgotten(lab: Lab) -> Quantity:
    """Two FLOPs for each token, the bytes of a weight left out."""
    return Quantity(float(ridge(lab)) / 2, "tokens")


def crossing_as_16(lab: Lab) -> Quantity:
    """Reads the ridge as tokens, which holds for weights of 16 bits alone."""
    return Quantity(float(ridge(lab)), "tokens")


# --- four bits on an A100

def _a100(weights: str) -> float:
    gpu, stored = load_gpu("a100-80gb-sxm"), weight_format(weights)
    return gpu.ridge() * stored.bits_per_value(4096) / 16


def a100_peak(lab: Lab) -> Quantity:
    return Quantity(load_gpu("a100-80gb-sxm").flops["bf16"], "FLOP/s")


def a100_bandwidth(lab: Lab) -> Quantity:
    return Quantity(load_gpu("a100-80gb-sxm").bandwidth, "B/s")


def four_bit_crossing(lab: Lab) -> Quantity:
    """The crossing in 16 bits, times 4.125 over 16: fewer bytes, so fewer tokens do."""
    return Quantity(ceil(_a100("int4")), "tokens")


def sixteen_bit_crossing(lab: Lab) -> Quantity:
    """The same card with weights of 16 bits."""
    return Quantity(ceil(_a100("bf16")), "tokens")


def four_bit_upside_down(lab: Lab) -> Quantity:
    """Multiplies by four instead of dividing."""
    return Quantity(4 * _a100("bf16"), "tokens")


# --- fp8 on both sides, H100

def h100_fp8_ridge(lab: Lab) -> Quantity:
    return per_byte(load_gpu("h100-sxm").ridge("fp8"))


def h100_fp8_crossing(lab: Lab) -> Quantity:
    """A byte for each weight: two FLOPs for each byte and token, against the fp8 ridge."""
    return Quantity(float(h100_fp8_ridge(lab)) / 2, "tokens")


def h100_mixed_crossing(lab: Lab) -> Quantity:
    """Eight-bit weights multiplied in 16 bits."""
    return Quantity(float(h100_ridge(lab)) / 2, "tokens")


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


def intensity_of_one(lab: Lab) -> Quantity:
    return per_byte(intensity.of_weights(lab.system))


def intensity_of_prompt(lab: Lab) -> Quantity:
    return per_byte(prefill(lab.system, prompt=lab.prompt).intensity)


def intensity_of_attention(lab: Lab) -> Quantity:
    return per_byte(intensity.of_kind(intensity.step(lab, 1), "attention"), digits=2)


# --- claims: true on every shipped lab -------------------------------------------------------------------------


def timed_layer_is_flat_then_rises(lab: Lab) -> bool:
    """From 8 to 256 tokens within 15 %, from 512 to 1,024 nearly twice."""
    flat = _timed()[256].seconds / _timed()[8].seconds
    return flat < 1.15 and 1.8 < _timed()[1024].seconds / _timed()[512].seconds < 2


def no_measurement_beats_its_roof(lab: Lab) -> bool:
    return all(row.seconds >= row.ceiling_s for row in _timed().values())


def fp8_on_both_sides_changes_nothing(lab: Lab) -> bool:
    return abs(float(h100_fp8_crossing(lab)) / float(h100_ridge(lab)) - 1) < 0.01


def short_prompt_is_near_the_crossing(lab: Lab) -> bool:
    """Within a third: the output head and the caches are what differs."""
    return 1 <= float(shortest_prompt(lab)) / float(crossing(lab)) < 4 / 3


def attention_is_far_left(lab: Lab) -> bool:
    """Attention over the caches has less than a tenth of the ridge."""
    return float(intensity_of_attention(lab)) < float(ridge(lab)) / 10
