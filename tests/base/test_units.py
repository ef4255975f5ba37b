"""One table of units: what is printed can be typed back, and an axis is labelled in it."""

from __future__ import annotations

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.base.units import PREFIXED, base_unit, read_unit, tick_steps, unit_label, unit_scale, with_unit


@pytest.mark.parametrize("unit", [unit for unit in PREFIXED if unit != "parameters"])
def test_every_unit_that_is_printed_can_be_typed(unit: str) -> None:
    for power in range(-9, 16, 3):
        number, _, printed = str(Quantity(2 * 10.0**power, unit)).partition(" ")
        value = float(number.replace(",", "")) * unit_scale(printed)
        assert (value, base_unit(printed)) == (pytest.approx(2 * 10.0**power), unit), printed


def test_the_steps_of_an_axis_are_units_that_are_understood() -> None:
    for unit in PREFIXED:
        for size, name in tick_steps(unit):
            assert read_unit(name) == (unit, pytest.approx(size))
    assert tick_steps("B/s")[3:5] == [(1e9, "GB/s"), (1e12, "TB/s")]
    assert tick_steps("tok/s") == tick_steps("parameters") == tick_steps("") == []


def test_a_factor_is_asked_for_and_printed_with_its_sign() -> None:
    assert (unit_label("x"), unit_label("GB"), unit_label("")) == ("×", "GB", "")
    assert (with_unit("3", "×"), with_unit("3", "GB"), with_unit("3", "")) == ("3×", "3 GB", "3")
    assert (with_unit("1", "requests"), with_unit("1.0", "requests"), with_unit("1", "s")) == (
        "1 request",
        "1.0 requests",
        "1 s",
    )


def test_only_a_plural_loses_its_end_before_a_one() -> None:
    assert [with_unit("1", unit) for unit in ("ops", "bits", "ms", "s", "loss", "tok/s", "requests/s")] == [
        *("1 op", "1 bit", "1 ms", "1 s", "1 loss", "1 tok/s", "1 requests/s"),
    ]
