"""Checks of what a person typed: the value comes back plain, or one line names the argument and what is allowed."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from lessonlib.base.checks import number, positive, whole
from lessonlib.base.errors import LessonlibError
from lessonlib.base.tables import aligned


@pytest.mark.parametrize("value", [3, 3.0, np.int64(3), np.float32(3.0)])
def test_a_whole_number_comes_back_as_a_plain_int(value: object) -> None:
    found = whole("batch", value)
    assert found == 3 and type(found) is int


@pytest.mark.parametrize(
    ("check", "value", "says"),
    [
        (whole, "3", "batch: expected a whole number from 1 to 1,000,000,000, not '3'"),
        (whole, True, "batch: expected a whole number from 1 to 1,000,000,000, not True"),
        (whole, 2.5, "batch: expected a whole number from 1 to 1,000,000,000, not 2.5"),
        (whole, 0, "batch: expected a whole number from 1 to 1,000,000,000, not 0"),
        (number, None, "batch: expected a number, not None"),
        (number, math.nan, "batch: expected a number, not nan"),
        (number, [1.0], "batch: expected a number, not [1.0]"),
        (positive, 0, "batch: expected a positive number, not 0"),
        (positive, "12", "batch: expected a positive number, not '12'"),
        (positive, math.inf, "batch: expected a positive number, not inf"),
    ],
)
def test_what_is_refused_and_how(check: Callable[[str, object], object], value: object, says: str) -> None:
    with pytest.raises(LessonlibError) as raised:
        check("batch", value)
    assert str(raised.value) == says


@pytest.mark.parametrize("check", [whole, number, positive])
def test_a_number_too_large_for_a_float_is_refused_too(check: Callable[[str, object], object]) -> None:
    with pytest.raises(LessonlibError, match=r"^batch: expected a"):
        check("batch", 10**400)


def test_without_a_limit_of_its_own_a_count_still_ends_somewhere() -> None:
    assert whole("context", 10**11, 1, None) == 10**11
    with pytest.raises(LessonlibError, match=r"^context: expected a whole number from 1 up, not 1e\+13$"):
        whole("context", 10**13, 1, None)


def test_limits_of_a_number() -> None:
    assert number("share", 0.5, above=0.0, most=1.0) == 0.5
    with pytest.raises(LessonlibError, match=r"^share: expected a number above 0, not 0$"):
        number("share", 0, above=0.0)
    with pytest.raises(LessonlibError, match=r"^share: expected a number from 0 up, not -1$"):
        number("share", -1, least=0.0)
    with pytest.raises(LessonlibError, match=r"^share: expected a number up to 1, not 2$"):
        number("share", 2, most=1.0)


def test_columns_stand_under_each_other() -> None:
    rows = [("GPU", "memory", "of"), ("h100-sxm", "80 GB", "a"), ("l4", "24 GB", "bcd")]
    assert aligned(rows, frozenset({0, 2})).splitlines() == [
        "GPU       memory  of",
        "h100-sxm   80 GB  a",
        "l4         24 GB  bcd",
    ]
