"""What an engine is likely to reach on a lab, beside what it can never pass: expected numbers with their 90 % bands.

A ceiling is computed from data-sheet peaks alone. An expectation takes the shares of those peaks, the launches and the
waits that published measurements show; nine in ten measurements of such a case lie inside its band.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Estimate, Lab, decode, prefill
from lessonlib.roofline.band import Band, band


def _decode_step(lab: Lab) -> tuple[Estimate, Band]:
    return decode(lab.system, 1, lab.context), band(lab.system, "decode step")


def _prefill(lab: Lab) -> tuple[Estimate, Band]:
    return prefill(lab.system, lab.prompt), band(lab.system, "prefill")


def decode_expected(lab: Lab) -> Quantity:
    """Tokens per second that one request alone is likely to be given, with the lab's usual context."""
    return Quantity(1 / _decode_step(lab)[0].expected_s, "tok/s")


def decode_expected_low(lab: Lab) -> Quantity:
    """The slow end of its 90 % band."""
    step, known = _decode_step(lab)
    return Quantity(1 / known.around(step.expected_s, step.ceiling_s)[1], "tok/s")


def decode_expected_high(lab: Lab) -> Quantity:
    """The fast end of its 90 % band, never above the ceiling."""
    step, known = _decode_step(lab)
    return Quantity(1 / known.around(step.expected_s, step.ceiling_s)[0], "tok/s")


def report_beyond_band(lab: Lab) -> bool:
    """Whether the speed of one request that was reported, not measured, lies outside that band."""
    known = lab.measured.get("decode_tokens_per_s")
    low, high = float(decode_expected_low(lab)), float(decode_expected_high(lab))
    return known is not None and known.how.startswith("reported") and not low <= known.value <= high


def decode_step_expected(lab: Lab) -> Quantity:
    """Likely time of one decode step of one request, with the lab's usual context."""
    return Quantity(_decode_step(lab)[0].expected_s, "s")


def decode_step_expected_low(lab: Lab) -> Quantity:
    """The fast end of its 90 % band, never under the ceiling's time."""
    step, known = _decode_step(lab)
    return Quantity(known.around(step.expected_s, step.ceiling_s)[0], "s")


def decode_step_expected_high(lab: Lab) -> Quantity:
    """The slow end of its 90 % band."""
    step, known = _decode_step(lab)
    return Quantity(known.around(step.expected_s, step.ceiling_s)[1], "s")


def decode_extrapolated(lab: Lab) -> bool:
    """Whether no published measurement has all that this lab's decode has, so that its band is wider."""
    return _decode_step(lab)[1].extrapolated


def prefill_expected(lab: Lab) -> Quantity:
    """Tokens per second at which the lab's usual prompt, read alone, is likely to be read."""
    return Quantity(_prefill(lab)[0].expected_tokens_per_s, "tok/s")


def prefill_expected_low(lab: Lab) -> Quantity:
    """The slow end of its 90 % band."""
    pass_, known = _prefill(lab)
    return Quantity(lab.prompt / known.around(pass_.expected_s, pass_.ceiling_s)[1], "tok/s")


def prefill_expected_high(lab: Lab) -> Quantity:
    """The fast end of its 90 % band, never above the ceiling."""
    pass_, known = _prefill(lab)
    return Quantity(lab.prompt / known.around(pass_.expected_s, pass_.ceiling_s)[0], "tok/s")


def prefill_extrapolated(lab: Lab) -> bool:
    """Whether no published measurement has all that this lab's prefill has, so that its band is wider."""
    return _prefill(lab)[1].extrapolated
