"""Lesson 3 on cards other than the lab's own: an H100 beside an H200 (or two A100s), a card with 4-bit weights, fp8 on both sides."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.intensity import per_byte
from lessonlib.roofline import GPU, Lab, load_gpu, weight_format

# --- more bandwidth, the same FLOP/s in 16 bits: H100 and H200; two A100s where the lab itself has H200s


def _pair(lab: Lab) -> tuple[GPU, GPU]:
    names = ("a100-40gb-sxm", "a100-80gb-sxm") if lab.system.gpu.name == "h200-sxm" else ("h100-sxm", "h200-sxm")
    return load_gpu(names[0]), load_gpu(names[1])


def slower_is_known(lab: Lab) -> bool:
    """Whether the ridge of the slower of the two has been told before: that of the H100 has."""
    return _pair(lab)[0].name == "h100-sxm"


def slower_card(lab: Lab) -> str:
    return _pair(lab)[0].title


def faster_card(lab: Lab) -> str:
    return _pair(lab)[1].title


def slower_bandwidth(lab: Lab) -> Quantity:
    return Quantity(_pair(lab)[0].bandwidth, "B/s")


def faster_bandwidth(lab: Lab) -> Quantity:
    return Quantity(_pair(lab)[1].bandwidth, "B/s")


def slower_ridge(lab: Lab) -> Quantity:
    """Dense peak in 16 bits over bandwidth."""
    return per_byte(_pair(lab)[0].ridge())


def faster_ridge(lab: Lab) -> Quantity:
    """The same peak over more bandwidth."""
    return per_byte(_pair(lab)[1].ridge())


def bandwidth_gain(lab: Lab) -> Quantity:
    """How many times the bandwidth the faster one has."""
    slower, faster = _pair(lab)
    return Quantity(faster.bandwidth / slower.bandwidth, "x")


def between(lab: Lab) -> Quantity:
    """An intensity between the two ridges, a round one."""
    slower, faster = _pair(lab)
    return per_byte(10.0 * round((slower.ridge() + faster.ridge()) / 20))


def slower_between(lab: Lab) -> Quantity:
    """What work of that intensity can reach on the slower of the two."""
    return _attainable(_pair(lab)[0], float(between(lab)))


def faster_between(lab: Lab) -> Quantity:
    """The same on the faster one."""
    return _attainable(_pair(lab)[1], float(between(lab)))


def between_gain(lab: Lab) -> Quantity:
    """How many times as fast such work can be on the faster one."""
    return Quantity(float(faster_between(lab)) / float(slower_between(lab)), "x")


def between_lies_between(lab: Lab) -> bool:
    """Left of the ridge of the slower one, right of that of the faster one, and left of it again with twice the FLOP/s."""
    work = float(between(lab))
    return float(faster_ridge(lab)) < work < min(float(slower_ridge(lab)), 2 * float(faster_ridge(lab)))


def _attainable(gpu: GPU, work: float) -> Quantity:
    return Quantity(min(gpu.flops["bf16"], gpu.bandwidth * work), "FLOP/s")


def h100_ridge(lab: Lab) -> Quantity:
    return per_byte(load_gpu("h100-sxm").ridge())


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
    return Quantity(round(_crossing_on_card(lab, "int4")), "tokens")


def sixteen_bit_crossing(lab: Lab) -> Quantity:
    """The same card with weights of 16 bits."""
    return Quantity(round(_crossing_on_card(lab, "bf16")), "tokens")


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
