"""One layer that somebody timed: 8192 x 8192 in 16 bits on an H100 SXM, vLLM 0.24's kernel (NVIDIA aiconfigurator 0.12.0)."""

from __future__ import annotations

from functools import cache

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab
from lessonlib.roofline.calibrate.rows import Row, fitted_rows

TIMED_ON, TIMED = "h100-sxm", "8192x8192"
FEW, MORE, MANY = 16, 64, 1024
#: the batch that one hears is enough
FOLKLORE = 32


@cache
def timed() -> dict[int, Row]:
    """The measured rows of the layer, by the number of tokens that went through it together."""
    rows = (row for row in fitted_rows() if row.kind == "gemm" and row.name.endswith(f"x{TIMED}"))
    return {row.batch: row for row in rows if row.system.gpu.name == TIMED_ON and row.system.weights == "bf16"}


def time_of_few(lab: Lab) -> Quantity:
    return Quantity(timed()[FEW].seconds, "s")


def time_of_more(lab: Lab) -> Quantity:
    return Quantity(timed()[MORE].seconds, "s")


def time_of_many(lab: Lab) -> Quantity:
    return Quantity(timed()[MANY].seconds, "s")


def time_of_256(lab: Lab) -> Quantity:
    return Quantity(timed()[256].seconds, "s")


def time_of_512(lab: Lab) -> Quantity:
    return Quantity(timed()[512].seconds, "s")


def many_tokens(lab: Lab) -> Quantity:
    return Quantity(float(MANY), "tokens", digits=4)


def time_of_one_of_many(lab: Lab) -> Quantity:
    """What each of the 1,024 tokens cost, once the time rises in proportion."""
    return Quantity(float(time_of_many(lab)) / MANY, "s")


def flat_over_sheet(lab: Lab) -> Quantity:
    """How many times the sheet's time for the fetch the flat part took."""
    return Quantity(float(time_of_more(lab)) / timed()[MORE].parts[0].memory_s, "x")


def rise_over_sheet(lab: Lab) -> Quantity:
    """How many times the sheet's time for the arithmetic the rising part took."""
    return Quantity(float(time_of_many(lab)) / timed()[MANY].parts[0].compute_s, "x")


def corner_from_times(lab: Lab) -> Quantity:
    """Where the flat time meets the rising one: the time for 64 tokens over the time for each of 1,024."""
    return Quantity(float(time_of_more(lab)) / float(time_of_one_of_many(lab)), "tokens")


def corner_last_flat(lab: Lab) -> Quantity:
    """The last number of tokens in the table that is still flat."""
    return Quantity(float(MORE), "tokens")


def corner_halfway(lab: Lab) -> Quantity:
    """Halfway between the last flat one and the next."""
    return Quantity((MORE + MANY) / 2, "tokens")


def corner_folklore(lab: Lab) -> Quantity:
    """The batch that one hears."""
    return Quantity(float(FOLKLORE), "tokens")


def many_over_more(lab: Lab) -> Quantity:
    """How much longer 1,024 tokens took than 64."""
    return Quantity(float(time_of_many(lab)) / float(time_of_more(lab)), "x", digits=2)


def timed_share_of_peak(lab: Lab) -> Quantity:
    """FLOP/s that 32 tokens reached, as a share of the dense peak."""
    row = timed()[FOLKLORE]
    return Quantity(100 * row.parts[0].compute_s / row.seconds, "%", digits=2)


def timed_share_of_peak_with_512(lab: Lab) -> Quantity:
    """The same of 512 tokens."""
    row = timed()[512]
    return Quantity(100 * row.parts[0].compute_s / row.seconds, "%", digits=2)


def timed_share_of_bandwidth(lab: Lab) -> Quantity:
    """Bytes per second that 32 tokens reached, as a share of the bandwidth."""
    row = timed()[FOLKLORE]
    return Quantity(100 * row.parts[0].memory_s / row.seconds, "%", digits=2)
