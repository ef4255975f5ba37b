"""The tables of units against what the SI brochure, IEC 80000-13 and the dictionary say, written out here once more."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from lessonlib.base.quantity import Quantity, rounded, significant
from lessonlib.base.units import (
    BINARY_PREFIXES,
    NUMBER_WORDS,
    PREFIX_POWERS,
    TYPED_PREFIXES,
    base_unit,
    read_unit,
    tick_steps,
    unit_label,
    unit_scale,
    with_unit,
)

SI = {
    "n": "1e-9",
    "µ": "1e-6",
    "m": "1e-3",
    "": "1",
    "k": "1e3",
    "M": "1e6",
    "G": "1e9",
    "T": "1e12",
    "P": "1e15",
    "E": "1e18",
}
LARGE = {prefix: float(SI[prefix]) for prefix in ("", "k", "M", "G", "T", "P", "E")}
BINARY = {"Ki": 1024, "Mi": 1024 * 1024, "Gi": 1024 * 1024 * 1024, "Ti": 1024 * 1024 * 1024 * 1024}
WORDS = {"thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000}
SECONDS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "seconds": 1,
    "ms": 0.001,
    "us": 0.000001,
    "µs": 0.000001,
    "\N{GREEK SMALL LETTER MU}s": 0.000001,
    "ns": 0.000000001,
    "min": 60,
    "minute": 60,
    "minutes": 60,
    "h": 3600,
    "hour": 3600,
    "hours": 3600,
}
SPELLINGS = {
    "tok/s": ["tok/s", "tokens/s", "token/s", "t/s", "tps", "toks/s", "tok/sec", "tokens/sec", "tokens per second"],
    "x": ["x", "×", "times", "fold"],
    "%": ["%", "percent", "per cent"],
    "FLOP/byte": ["FLOP/byte", "FLOPs/byte", "FLOP/B", "FLOPs per byte", "FLOP per byte"],
    "tokens": ["tokens", "token", "tok"],
    "sequences": ["sequences", "sequence", "requests", "seqs"],
}


def test_prefixes_are_those_of_the_standards() -> None:
    assert {prefix: Decimal(1000) ** power for prefix, power in PREFIX_POWERS.items()} == {
        prefix: Decimal(value) for prefix, value in SI.items()
    }
    assert TYPED_PREFIXES == {**LARGE, "K": 1000, "B": 1_000_000_000}
    assert BINARY_PREFIXES == BINARY
    assert NUMBER_WORDS == WORDS


@pytest.mark.parametrize(("written", "seconds"), SECONDS.items())
def test_every_spelling_of_a_time(written: str, seconds: float) -> None:
    assert read_unit(written) == ("s", seconds)
    assert read_unit(written.upper()) in (("s", seconds), None), "MS and NS are no other unit"


@pytest.mark.parametrize(("unit", "spelling"), [(unit, one) for unit, ones in SPELLINGS.items() for one in ones])
def test_every_spelling_of_a_unit_without_prefixes(unit: str, spelling: str) -> None:
    assert read_unit(spelling) == read_unit(spelling.upper()) == (unit, 1)


@pytest.mark.parametrize(("prefix", "scale"), {**LARGE, "K": 1000, **BINARY}.items())
@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("B", "B"),
        ("byte", "B"),
        ("Bytes", "B"),
        ("b", "bit"),
        ("bits", "bit"),
        ("Bit", "bit"),
        ("FLOP", "FLOP"),
        ("flops", "FLOP"),
        ("FLOPs", "FLOP"),
    ],
)
def test_every_prefix_before_every_sized_unit(prefix: str, scale: float, name: str, base: str) -> None:
    assert read_unit(prefix + name) == (base, scale)
    for per in ("/s", "/sec", "ps", " per second"):
        assert read_unit(prefix + name + per) == (f"{base}/s", scale)


def test_flops_in_capitals_are_a_rate() -> None:
    assert read_unit("TFLOPS") == ("FLOP/s", 1e12)
    assert read_unit("TFLOPs") == ("FLOP", 1e12)


@pytest.mark.parametrize("written", ["parsecs", "gB/h", "Zi B", "µB", "mFLOP", "EiB", "PiB", "fortnight", "GPU hours"])
def test_what_is_no_unit_of_the_course(written: str) -> None:
    assert read_unit(written) is None
    assert (base_unit(written), unit_scale(written)) == (written, 1.0)


def test_nothing_written_is_a_plain_number() -> None:
    assert read_unit("") == ("", 1.0)


@pytest.mark.parametrize(
    ("unit", "prefixes"),
    [
        ("B", ["", "k", "M", "G", "T", "P"]),
        ("B/s", ["", "k", "M", "G", "T", "P"]),
        ("FLOP", ["", "k", "M", "G", "T", "P", "E"]),
        ("FLOP/s", ["", "k", "M", "G", "T", "P", "E"]),
        ("s", ["n", "µ", "m", ""]),
    ],
)
def test_an_axis_is_labelled_in_every_unit_that_is_printed(unit: str, prefixes: list[str]) -> None:
    assert tick_steps(unit) == [(pytest.approx(float(SI[prefix]), rel=1e-15), prefix + unit) for prefix in prefixes]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1, "B", "1 B"),
        (999, "B", "999 B"),
        (999.4, "B", "999 B"),
        (999.6, "B", "1 kB"),
        (1e3, "B", "1 kB"),
        (2e6, "B", "2 MB"),
        (2e9, "B", "2 GB"),
        (2e12, "B", "2 TB"),
        (2e15, "B", "2 PB"),
        (2e18, "B", "2,000 PB"),
        (0.02, "B", "0.02 B"),
        (2e18, "FLOP", "2 EFLOP"),
        (2e21, "FLOP/s", "2,000 EFLOP/s"),
        (2e-9, "s", "2 ns"),
        (2e-12, "s", "0.002 ns"),
        (2e-6, "s", "2 µs"),
        (2e-3, "s", "2 ms"),
        (2, "s", "2 s"),
        (7200, "s", "7,200 s"),
        (0, "s", "0 s"),
        (-2e9, "B", "-2 GB"),
        (7, "parameters", "7 parameters"),
        (7e3, "parameters", "7 thousand parameters"),
        (7e6, "parameters", "7 million parameters"),
        (7e9, "parameters", "7 billion parameters"),
        (7e12, "parameters", "7,000 billion parameters"),
        (2.5, "x", "2.5×"),
        (25, "%", "25 %"),
        (25, "", "25"),
        (25, "tok/s", "25 tok/s"),
        (float("inf"), "s", "inf s"),
    ],
)
def test_a_quantity_as_the_field_writes_it(value: float, unit: str, shown: str) -> None:
    assert str(Quantity(value, unit)) == shown


@pytest.mark.parametrize(
    ("value", "digits", "text", "number"),
    [
        (0, 3, "0", 0),
        (-0.0, 3, "0", 0),
        (1, 3, "1", 1),
        (8.0, 3, "8", 8),
        (3.35, 3, "3.35", 3.35),
        (3.350, 4, "3.35", 3.35),
        (0.0012345, 3, "0.00123", 0.00123),
        (12.345, 3, "12.3", 12.3),
        (123.45, 3, "123", 123),
        (1234.5, 3, "1,230", 1230),
        (1234567, 2, "1,200,000", 1200000),
        (99.96, 3, "100", 100),
        (-1234.5, 3, "-1,230", -1230),
        (100, 1, "100", 100),
        (float("inf"), 3, "inf", float("inf")),
    ],
)
def test_significant_digits_by_hand(value: float, digits: int, text: str, number: float) -> None:
    assert significant(value, digits) == text
    assert rounded(value, digits) == number


def test_digits_that_nobody_asks_for() -> None:
    """Three in words, four in a fingerprint."""
    assert significant(1.23456) == "1.23" == Quantity(1.23456, "x").bare
    assert str(Quantity(1.23456, "tok/s")) == "1.23 tok/s"
    assert rounded(1.23456) == 1.235


def test_a_count_with_all_its_digits() -> None:
    assert (Quantity(65536, "B").whole, Quantity(1234567).whole) == ("65,536 B", "1,234,567")


def test_a_quantity_cannot_be_changed() -> None:
    """Workings share them; one that changed would change the words of another step."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Quantity(1.0).value = 2.0  # type: ignore[misc]


def test_labels() -> None:
    assert (unit_label("x"), unit_label("%"), unit_label("tok/s")) == ("×", "%", "tok/s")
    assert (with_unit("3", ""), with_unit("3", "×"), with_unit("3", "tok/s")) == ("3", "3×", "3 tok/s")
