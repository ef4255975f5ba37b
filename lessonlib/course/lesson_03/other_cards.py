"""Lesson 3 on cards other than the lab's own: an H100 beside an H200, a card with 4-bit weights, fp8 on both sides."""

from __future__ import annotations

from math import ceil

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.intensity import per_byte
from lessonlib.roofline import GPU, Lab, load_gpu, weight_format

BETWEEN = 250


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


# --- four bits on an A100; on an H100 where the lab itself has 4 bits, for it has just shown a crossing near that


def _card(lab: Lab) -> GPU:
    return load_gpu("h100-sxm" if lab.system.weights == "int4" else "a100-80gb-sxm")


def _crossing_on_card(lab: Lab, weights: str) -> float:
    return _card(lab).ridge() * weight_format(weights).bits_per_value(4096) / 16


def card(lab: Lab) -> str:
    return _card(lab).title


def card_peak(lab: Lab) -> Quantity:
    return Quantity(_card(lab).flops["bf16"], "FLOP/s")


def card_bandwidth(lab: Lab) -> Quantity:
    return Quantity(_card(lab).bandwidth, "B/s")


def four_bit_crossing(lab: Lab) -> Quantity:
    """The crossing in 16 bits, times 4.125 over 16: fewer bytes, so fewer tokens do."""
    return Quantity(ceil(_crossing_on_card(lab, "int4")), "tokens")


def sixteen_bit_crossing(lab: Lab) -> Quantity:
    """The same card with weights of 16 bits."""
    return Quantity(ceil(_crossing_on_card(lab, "bf16")), "tokens")


def four_bit_upside_down(lab: Lab) -> Quantity:
    """Multiplies by four instead of dividing."""
    return Quantity(4 * _crossing_on_card(lab, "bf16"), "tokens")


# --- fp8 on both sides, H100


def h100_fp8_ridge(lab: Lab) -> Quantity:
    return per_byte(load_gpu("h100-sxm").ridge("fp8"))


def h100_fp8_crossing(lab: Lab) -> Quantity:
    """A byte for each weight: two FLOPs for each byte and token, against the fp8 ridge."""
    return Quantity(float(h100_fp8_ridge(lab)) / 2, "tokens")


def h100_mixed_crossing(lab: Lab) -> Quantity:
    """Eight-bit weights multiplied in 16 bits."""
    return Quantity(float(h100_ridge(lab)) / 2, "tokens")
