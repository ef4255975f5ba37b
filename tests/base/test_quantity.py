"""Numbers print as people of the field say them, and never in E notation."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessonlib.base.quantity import Quantity, in_base_units, rounded, significant


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (130.73, "tok/s", "131 tok/s"),
        (8.0, "x", "8×"),
        (7.4222, "x", "7.42×"),
        (12.5, "%", "12.5 %"),
        (0.5, "", "0.5"),
        (51.249e9, "B", "51.2 GB"),
        (65_536, "B", "65.5 kB"),
        (999, "B", "999 B"),
        (999.4, "B", "999 B"),
        (999.6, "B", "1 kB"),  # rounds up into the next prefix, not to "1,000 B"
        (999.6e9, "B", "1 TB"),
        (3.35e12, "B/s", "3.35 TB/s"),
        (1.979e15, "FLOP/s", "1.98 PFLOP/s"),
        (5e21, "FLOP", "5,000 EFLOP"),  # beyond the last prefix the digits grow
        (5e18, "B", "5,000 PB"),
        (27.8e9, "parameters", "27.8 billion parameters"),
        (15e3, "parameters", "15 thousand parameters"),
        (7, "parameters", "7 parameters"),
        (1e-9, "s", "1 ns"),
        (1e-12, "s", "0.001 ns"),  # below the last prefix, too
        (2.5e-6, "s", "2.5 µs"),
        (0.0076, "s", "7.6 ms"),
        (1.0, "s", "1 s"),
        (90.0, "s", "90 s"),
        (1.0, "requests", "1 request"),
        (0.999, "tokens", "0.999 tokens"),
        (2.0, "requests", "2 requests"),
        (1.0, "requests/s", "1 requests/s"),
        (1.0, "bits", "1 bit"),
        (0.0, "s", "0 s"),
        (0.0, "B", "0 B"),
        (-51.249e9, "B", "-51.2 GB"),
        (-0.0, "tok/s", "0 tok/s"),
        (1, "requests", "1 request"),  # one of many is no plural
        (1.0, "GPUs", "1 GPU"),
        (1.04, "requests", "1.04 requests"),
        (1, "requests/s", "1 requests/s"),
        (1, "tok/s", "1 tok/s"),
        (1e9, "tok/s", "1,000,000,000 tok/s"),
        (math.inf, "B", "inf B"),
        (math.inf, "tok/s", "inf tok/s"),
    ],
)
def test_it_prints_as_people_say_it(value: float, unit: str, text: str) -> None:
    assert str(Quantity(value, unit)) == text


@pytest.mark.parametrize("unit", ["B", "s", "tok/s", "x", "", "parameters"])
def test_what_is_no_number_still_prints(unit: str) -> None:
    assert str(Quantity(math.nan, unit)).startswith("nan")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (999.6, 3, "1,000"),
        (99.96, 3, "100"),
        (9.996, 3, "10"),
        (0.9996, 3, "1"),
        (999.4, 3, "999"),
        (1234.5, 3, "1,230"),
        (1234.5, 6, "1,234.5"),
        (3288, 4, "3,288"),
        (1e-9, 3, "0.000000001"),
        (8.004, 3, "8"),
        (8.05, 3, "8.05"),
        (100.0, 3, "100"),
        (0, 3, "0"),
        (-999.6, 3, "-1,000"),
        (-0.0123, 2, "-0.012"),
    ],
)
def test_significant_digits(value: float, digits: int, text: str) -> None:
    assert significant(value, digits) == text


@given(st.floats(1e-12, 1e18), st.integers(1, 6))
def test_significant_digits_lose_no_more_than_half_a_digit(value: float, digits: int) -> None:
    text = significant(value, digits)
    assert "e" not in text
    assert math.isclose(float(text.replace(",", "")), value, rel_tol=0.501 * 10 ** (1 - digits))


def test_the_digits_of_a_quantity_are_its_own() -> None:
    share = Quantity(66.66, "%", digits=2)
    assert (str(share), share.show(4), share.bare) == ("67 %", "66.66 %", "67")


def test_float_is_the_value_in_the_unit_as_named() -> None:
    assert float(Quantity(51.2e9, "B")) == 51.2e9


@pytest.mark.parametrize(("value", "digits", "seen"), [(0.0120899, 4, 0.01209), (0.0120899, 3, 0.0121), (0.0, 3, 0.0)])
def test_printed_is_the_value_that_a_reader_sees(value: float, digits: int, seen: float) -> None:
    assert Quantity(value, "s", digits).printed == seen


def test_whole_shows_every_digit_of_a_count() -> None:
    assert Quantity(65_536, "B").whole == "65,536 B"
    assert Quantity(51_249_200_128.0, "B").whole == "51,249,200,128 B"
    assert Quantity(8, "").whole == "8"
    assert Quantity(math.inf, "B").whole == "inf B"


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (130.7346, 4, 130.7),
        (0.00123456, 3, 0.00123),
        (-130.7346, 4, -130.7),
        (999_960, 4, 1e6),
        (0, 4, 0),
        (51_249_200_128, 4, 51_250_000_000),
    ],
)
def test_rounded(value: float, digits: int, expected: float) -> None:
    assert rounded(value, digits) == expected
    assert isinstance(rounded(value, digits), float)


def test_rounded_passes_on_what_is_no_number() -> None:
    assert math.isinf(rounded(math.inf))
    assert math.isnan(rounded(math.nan))


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 8))
def test_rounding_twice_changes_nothing(value: float, digits: int) -> None:
    once = rounded(value, digits)
    assert rounded(once, digits) == once


@pytest.mark.parametrize(
    ("value", "unit", "base"),
    [
        (48.0, "minutes", 2880.0),
        (55.0, "Gbit/s", 5.5e10),
        (51.2e9, "B", 51.2e9),
        (2.0, "h", 7200.0),
        (3, "requests", 3.0),
    ],
)
def test_a_value_in_base_units(value: float, unit: str, base: float) -> None:
    quantity = Quantity(value, unit)
    assert quantity.base == base == in_base_units(quantity) and isinstance(quantity.base, float)


def test_a_plain_number_is_in_base_units() -> None:
    assert in_base_units(48) == 48.0 and isinstance(in_base_units(48), float)


@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf])
def test_what_has_no_digits_to_round_stays(value: float) -> None:
    assert rounded(value) == value and math.copysign(1, rounded(value)) == math.copysign(1, value)
    assert math.isnan(rounded(math.nan))
