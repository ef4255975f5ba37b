"""Numbers as people type them: what is read as what, and what is refused in one line."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessonlib.base.units import base_unit, unit_scale
from lessonlib.lesson.guess import (
    LARGEST,
    MOST_IN_A_NUMBER,
    SMALLEST,
    GuessError,
    parse_number,
    refuse_large,
    refuse_long,
    shorten,
)

READ = [
    # plain numbers, taken in the unit asked in
    ("250", "tok/s", 250),
    ("1.2e3", "tok/s", 1200),
    ("1E3", "tok/s", 1000),
    (".5", "s", 0.5),
    ("5.", "s", 5),
    ("+5", "s", 5),
    ("  250 ", "tok/s", 250),
    ("51.2", "GB", 51.2e9),
    ("7.6", "ms", 7.6e-3),
    ("~130", "tok/s", 130),
    ("≈130", "tok/s", 130),
    ("about 130", "tok/s", 130),
    ("About 130", "tok/s", 130),
    # decimal commas and marks between thousands
    ("12,5", "tok/s", 12.5),
    ("0,125", "s", 0.125),
    ("1,000", "tok/s", 1000),
    ("1.000.000", "tok/s", 1e6),
    ("1,000,000", "tok/s", 1e6),
    ("1 000 000", "tok/s", 1e6),
    ("1_000", "tok/s", 1000),
    ("1,234.5", "tok/s", 1234.5),
    ("1.234,5", "tok/s", 1234.5),
    ("1 234,5", "tok/s", 1234.5),
    ("3.350", "TB/s", 3.35e12),
    ("1.000", "tok/s", 1),
    # fractions
    ("1/3", "x", 1 / 3),
    ("3350/51.2", "tok/s", 3350 / 51.2),
    ("1e3 / 1e1", "tok/s", 100),
    # units
    ("131 tok/s", "tok/s", 131),
    ("131 tokens per second", "tok/s", 131),
    ("131 TPS", "tok/s", 131),
    ("131t/s", "tok/s", 131),
    ("3 GB", "GB", 3e9),
    ("3GB", "GB", 3e9),
    ("3 GB", "MB", 3e9),
    ("3e9 bytes", "GB", 3e9),
    ("3 kB", "GB", 3e3),
    ("3 KB", "GB", 3e3),
    ("3.35 TB/s", "GB/s", 3.35e12),
    ("3.35 TBps", "GB/s", 3.35e12),
    ("3350 GB per second", "GB/s", 3.35e12),
    ("1 GByte/s", "GB/s", 1e9),
    ("12 ms", "s", 12e-3),
    ("12 µs", "s", 12e-6),
    ("12 μs", "s", 12e-6),
    ("12 us", "s", 12e-6),
    ("2 min", "s", 120),
    ("990 TFLOP/s", "TFLOP/s", 990e12),
    ("990 TFLOPS", "TFLOP/s", 990e12),
    ("54 GFLOP", "GFLOP", 54e9),
    ("3 GFLOPs", "FLOP", 3e9),
    ("120 FLOP/byte", "FLOP/byte", 120),
    ("100 Gbit", "bit", 1e11),
    ("1 request", "requests", 1.0),
    ("1 minute", "minutes", 60.0),
    ("1.5 h", "minutes", 5400.0),
    ("2 hours", "s", 7200.0),
    ("100 Gb/s", "bit/s", 1e11),
    ("45 %", "%", 45),
    ("45 percent", "%", 45),
    ("8 requests", "sequences", 8),
    ("2048 tokens", "tokens", 2048),
    ("3x", "x", 3),
    ("×3", "x", 3),
    ("x3", "x", 3),
    ("3 times", "x", 3),
    ("3 GPUs", "GPUs", 3),
    ("3", "GPUs", 3),
    ("3", "", 3),
    # binary units are what they say
    ("1 KiB", "B", 1024),
    ("3 GiB", "GB", 3 * 2**30),
    ("1 TiB/s", "GB/s", 2**40),
    # multipliers, where the unit asked in leaves no doubt
    ("3k", "tok/s", 3000),
    ("3 thousand", "tok/s", 3000),
    ("3 million", "FLOP", 3e6),
    ("3 billion bytes", "GB", 3e9),
    ("3 k tok/s", "tok/s", 3000),
    ("2 million tokens", "tokens", 2e6),
    # other scripts, spaces and signs
    ("１２", "tok/s", 12),
    ("١٢", "tok/s", 12),
    ("१२,५", "tok/s", 12.5),
    ("1\u00a0000", "tok/s", 1000),
    ("1\u202f000", "tok/s", 1000),
    ("1\u2009000\u2009tok/s", "tok/s", 1000),
    ("1e\u22123", "s", 1e-3),
    ("\u3000７\u3000GB", "GB", 7e9),
    ("3\tGB\n", "GB", 3e9),
]

REFUSED = [
    # no number
    ("", "GB", "Type a number first in GB"),
    ("   \n ", "GB", "Type a number first"),
    ("abc", "GB", "does not start with a number"),
    ("GB 3", "GB", "does not start"),
    ("--3", "GB", "does not start"),
    (",", "GB", "does not start"),
    ("e5", "x", "does not start"),
    ("½", "x", "does not start"),
    ("²", "x", "does not start"),
    ("<b>3</b>", "GB", "does not start"),
    ("<script>alert(1)</script>", "GB", "does not start"),
    ("3<img src=x onerror=alert(1)>", "GB", "unit"),
    ("3; import os", "GB", "unit"),
    ("NaN", "GB", "not a number that can be compared"),
    ("nan", "GB", "not a number"),
    ("inf", "GB", "not a number"),
    ("-inf", "GB", "not a number"),
    ("Infinity", "GB", "not a number"),
    ("∞", "GB", "not a number"),
    # numbers that no factor compares
    ("-3", "GB", "less than zero"),
    ("\u22123", "GB", "less than zero"),
    ("-1e400", "GB", "less than zero"),
    ("1/-3", "x", "less than zero"),
    ("0", "GB", "zero"),
    ("-0", "GB", "zero"),
    ("0,0", "GB", "zero"),
    ("1e-400", "GB", "zero or next to it"),
    ("5e-324", "s", "zero or next to it"),
    ("1e400", "GB", "too large"),
    ("1e300", "GB", "too large"),
    ("1e400/1e400", "x", "too large"),
    ("1/0", "x", "divides by zero"),
    ("1/0,0", "x", "divides by zero"),
    ("0/0", "x", "divides by zero"),
    # marks that leave it open which number is meant
    ("1,2,3", "GB", "more than one number"),
    ("1.2.3", "GB", "more than one number"),
    ("1 2", "GB", "more than one number"),
    ("3\n4", "GB", "more than one number"),
    ("1,234.5.6", "GB", "more than one number"),
    ("10,00,000", "GB", "more than one number"),
    # another dimension, bits for bytes, an unknown unit
    ("3 s", "GB", "a time (such as ms); this asks for bytes"),
    ("131 tok/s", "GB", "tokens per second"),
    ("3 GB/s", "GB", "bytes per second"),
    ("3 GB", "GB/s", "asks for bytes per second"),
    ("3 Gbit", "GB", "is bits"),
    ("3 Gb", "GB", "is bits"),
    ("400 Gb/s", "GB/s", "is bits per second"),
    ("400 Gbps", "GB/s", "is bits per second"),
    ("3 GB", "bit", "asks for bits"),
    ("3 GB", "", "a plain number"),
    ("3 GB", "x", "a factor"),
    ("×3", "tok/s", "a factor"),
    ("990 TFLOP", "TFLOP/s", "floating-point operations"),
    ("3 gb", "GB", "“gb” is not known"),
    ("3 parsecs", "GB", "not known"),
    ("3 µGB", "GB", "not known"),
    ("1e5e5", "GB", "not known"),
    ("3 Zi B", "GB", "not known"),
    ("3 %", "GB", "a percentage"),
    # a multiplier beside a unit that has one of its own
    ("3k", "GB/s", "not known"),
    ("3 thousand", "GB/s", "not known"),
    ("3 B", "GB/s", "is bytes"),
    ("3 T", "GB", "not known"),
    ("3 million", "ms", "not known"),
]


@pytest.mark.parametrize(("text", "unit", "value"), READ)
def test_what_is_read(text: str, unit: str, value: float) -> None:
    assert parse_number(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("text", "unit", "why"), REFUSED)
def test_what_is_refused(text: str, unit: str, why: str) -> None:
    with pytest.raises(GuessError) as refused:
        parse_number(text, unit)
    line = str(refused.value)
    assert why in line
    assert line.endswith(".") and len(line.splitlines()) == 1 and len(line) < 200


@pytest.mark.parametrize(
    "text",
    [
        "1" * 10_000,
        "x" * 10_000,
        "1 " * 5_000 + "a",
        "1," * 5_000,
        "1" * 5_000 + "e" + "9" * 5_000,
        "<b>" * 3_000,
        "-" * 10_000,
    ],
)
def test_ten_thousand_characters_are_refused_for_their_length(text: str) -> None:
    with pytest.raises(GuessError, match="too long for a number") as refused:
        parse_number(text, "GB")
    assert len(str(refused.value)) < 200


def test_white_space_does_not_count_for_the_length() -> None:
    assert (
        parse_number("1" + " " * 10_000 + "\n GB", "GB") == 1e9
    )  # nor does it send the pattern on a walk of 1e12 steps


UNITS = [
    "",
    "tok/s",
    "B",
    "kB",
    "GB",
    "TB",
    "GiB",
    "B/s",
    "GB/s",
    "TB/s",
    "FLOP",
    "TFLOP",
    "TFLOP/s",
    "s",
    "ms",
    "µs",
    "x",
    "%",
    "FLOP/byte",
    "tokens",
    "sequences",
    "bit",
    "Gbit/s",
    "GPUs",
]


@pytest.mark.parametrize("unit", UNITS)
@given(value=st.floats(1e-60, 1e60))
def test_a_number_comes_back_as_it_was_printed(unit: str, value: float) -> None:
    for text in (repr(value), f"{value!r} {unit}"):
        assert math.isclose(parse_number(text, unit), value * unit_scale(unit), rel_tol=1e-12)


TYPED = st.text(max_size=80) | st.text("0123456789.,eE+-/ _×x~kKMGTBbits%µ∞", max_size=40) | st.floats().map(repr)


@given(TYPED, st.sampled_from(UNITS))
def test_anything_typed_is_read_or_refused_in_one_line(text: str, unit: str) -> None:
    try:
        value = parse_number(text, unit)
    except GuessError as refused:
        assert len(str(refused).splitlines()) == 1
    else:
        assert 0 < value < math.inf


@given(st.integers(1, 10**15))
def test_marks_between_thousands_change_nothing(count: int) -> None:
    for text in (f"{count:,}", f"{count:_}", f"{count:,}".replace(",", " "), f"{count:,}.5"[:-2]):
        assert parse_number(text, "tok/s") == pytest.approx(count, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "base", "scale"),
    [
        ("GB", "B", 1e9),
        ("GiB", "B", 2**30),
        ("tok/s", "tok/s", 1),
        ("ms", "s", 1e-3),
        ("TFLOP/s", "FLOP/s", 1e12),
        ("TFLOPS", "FLOP/s", 1e12),
        ("", "", 1),
        ("GPUs", "GPUs", 1),
        ("Gbit/s", "bit/s", 1e9),
    ],
)
def test_units(unit: str, base: str, scale: float) -> None:
    assert (base_unit(unit), unit_scale(unit)) == (base, scale)


def test_a_long_guess_is_shortened_in_the_message() -> None:
    assert shorten("a\n b\u2028c") == "a b c"
    assert shorten("x" * 100) == "x" * 39 + "…"
    assert shorten("x" * 40) == "x" * 40 and shorten("x" * 41) == "x" * 39 + "…"
    assert shorten("abc", 3) == "abc" and shorten("abcd", 3) == "ab…"


# --- how much is taken ----------------------------------------------------------------------------------------------


def test_a_number_has_room_in_sixty_characters() -> None:
    assert parse_number("1." + "0" * 58, "tok/s") == 1
    with pytest.raises(GuessError, match="too long for a number"):
        parse_number("1." + "0" * 59, "tok/s")


def test_a_field_takes_twenty_thousand_characters_white_space_counted() -> None:
    assert parse_number(" " * 19_999 + "5", "tok/s") == 5
    refuse_long("x" * 20_000)
    for refuses in (refuse_long, lambda text: parse_number(text, "tok/s")):
        with pytest.raises(GuessError) as told:
            refuses(" " * 20_000 + "5")
        assert str(told.value).startswith("That is 20,001 characters; at most 20,000 are kept.")


def test_the_field_of_a_number_takes_two_hundred_characters() -> None:
    assert MOST_IN_A_NUMBER == 200
    refuse_long("x" * 200, MOST_IN_A_NUMBER)
    with pytest.raises(GuessError, match="201 characters; at most 200 are kept"):
        refuse_long("x" * 201, MOST_IN_A_NUMBER)


#: just as much as is taken, in each way in which a message can hold it: a character counts one, anything else one, at any depth
AS_MUCH_AS_IS_TAKEN = {
    "a text": "x" * 100_000,
    "texts": ["x" * 50_000, "x" * 49_999],
    "a pair of texts": ("x" * 99_999,),
    "numbers": [0] * 99_999,
    "what a name holds": {"": "x" * 99_999},
    "names": {"x" * 99_000: 0, "y" * 997: None},
    "nested": [[["x" * 99_997]]],
}


@pytest.mark.parametrize("form", AS_MUCH_AS_IS_TAKEN)
def test_one_message_takes_a_hundred_thousand_characters(form: str) -> None:
    message = AS_MUCH_AS_IS_TAKEN[form]
    refuse_large(message)
    more = {"text": lambda it: it + "x", "dict": lambda it: {**it, "z": ""}}.get(type(message).__name__)
    for larger in ([message], {"": message}, *([more(message)] if more else [[*message, 0]])):
        with pytest.raises(GuessError, match="too much for one answer: at most 100,000 characters"):
            refuse_large(larger)


def test_a_number_at_the_limits_is_compared_up_to_the_smallest_and_below_the_largest() -> None:
    assert parse_number("1e-100", "tok/s") == SMALLEST == 1e-100
    assert parse_number("9.9e99", "tok/s") < LARGEST == 1e100
    with pytest.raises(GuessError, match="too large to compare"):
        parse_number("1e100", "tok/s")
    with pytest.raises(GuessError, match="zero or next to it"):
        parse_number("9.9e-101", "tok/s")


#: a unit of each dimension -> what a person calls the dimension
CALLED = {
    "tok/s": "tokens per second (tok/s)",
    "GB": "bytes (such as GB)",
    "GB/s": "bytes per second (such as GB/s)",
    "GFLOP": "floating-point operations (such as GFLOP)",
    "TFLOP/s": "FLOP/s (such as TFLOP/s)",
    "ms": "a time (such as ms)",
    "x": "a factor (such as 3x)",
    "%": "a percentage",
    "FLOP/byte": "FLOP per byte",
    "tokens": "tokens",
    "sequences": "sequences",
    "Gbit": "bits (such as Gbit)",
    "Gbit/s": "bits per second",
    "": "a plain number",
}


@pytest.mark.parametrize("asked", CALLED)
def test_another_dimension_is_refused_by_the_names_of_both(asked: str) -> None:
    for typed, called in CALLED.items():
        if typed and typed != asked:
            with pytest.raises(GuessError) as told:
                parse_number(f"3 {typed}", asked)
            assert f"is {called}; this asks for {CALLED[asked]}." in str(told.value)


@pytest.mark.parametrize(
    ("asked", "said"), [("", "."), ("x", " as a factor, such as 3."), ("GB", " in GB."), ("tok/s", " in tok/s.")]
)
def test_what_to_type_is_said_in_the_unit_that_is_asked(asked: str, said: str) -> None:
    with pytest.raises(GuessError) as told:
        parse_number(" ", asked)
    assert str(told.value) == f"Type a number first{said}"


@pytest.mark.parametrize(("typed", "asked"), [("3 k", "B"), ("3 M", "B/s"), ("3 k", "s"), ("3 k", "GB")])
def test_a_prefix_alone_is_no_unit_where_units_have_prefixes(typed: str, asked: str) -> None:
    with pytest.raises(GuessError, match="is not known here"):
        parse_number(typed, asked)
    assert parse_number(typed, "tok/s") in (3e3, 3e6)


def test_an_unknown_unit_is_quoted_up_to_twenty_characters() -> None:
    for unit, quoted in (("u" * 20, "u" * 20), ("u" * 21, "u" * 19 + "…")):
        with pytest.raises(GuessError, match=f"the unit “{quoted}” is not known here"):
            parse_number(f"3 {unit}", "GB")
