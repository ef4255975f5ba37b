"""Reading a number as a person types it.

``parse_number("12,5 GB", "GB")`` -> 12.5e9 bytes. Everything comes back in the base unit of the
question's dimension (bytes, seconds, tokens per second, ...), so that a guess and a truth compare.
"""

from __future__ import annotations

import re

from lessonlib.base.errors import LessonlibError
from lessonlib.base.units import (
    DIMENSION_WORDS,
    NUMBER_WORDS,
    TYPED_PREFIXES,
    base_unit,
    counted,
    read_unit,
    unit_scale,
)


class GuessError(LessonlibError):
    """A guess that cannot be read. The message is one line, for the learner."""


#: A guess outside of these (in base units) was not meant, and comparing it would overflow.
SMALLEST, LARGEST = 1e-100, 1e100
#: A number with its unit has room in so many characters.
_LONGEST = 60
#: So many characters a learner may type into one field, and so many one message of a page may hold.
MOST_TYPED, MOST_OF_A_MESSAGE = 20_000, 100_000
#: ... and into the field of a number, with the space around it.
MOST_IN_A_NUMBER = 200

_NUMBER = r"[+-]?(?:\d[\d_ ]*(?:[.,]\d+)*\.?|[.,]\d+)(?:[eE][+-]?\d+)?"
_SHAPE = re.compile(
    rf"^(?:[~≈]|(?i:about) )? ?(?P<times>[x×] ?)?(?P<number>{_NUMBER})(?: ?/ ?(?P<under>{_NUMBER}))? ?(?P<unit>\D.*)?$"
)
#: Thousands in groups of three, all with the same mark, then perhaps a decimal part with the other one.
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?P<mark>[., _])\d{3}(?:(?P=mark)\d{3})*(?:(?!(?P=mark))[.,]\d+)?")
_BARE = re.compile(r"[\d.,\s+-]*(?:[eE][+-]?\d+)?")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d*")


def parse_number(text: str, unit: str) -> float:
    """The guess ``text`` as a positive number in the base unit of ``unit``.

    ``unit`` is the unit the question asks in ("GB", "tok/s"): a bare number is taken in it.
    Raises :class:`GuessError` with one line that says what to type instead.
    """
    refuse_long(text)
    cleaned = _cleaned(text)
    if not cleaned:
        raise GuessError(f"Type a number first{_in(unit)}.")
    if cleaned.lower().lstrip("+-") in {"nan", "inf", "infinity", "∞"}:
        raise GuessError(
            f"“{shorten(text)}” is not a number that can be compared. Type one such as 250 or 1.2e3{_in(unit)}."
        )
    if len(cleaned) > _LONGEST:
        raise GuessError(f"“{shorten(text)}” is too long for a number. Type one such as 250 or 1.2e3{_in(unit)}.")
    shape = _SHAPE.match(cleaned)
    if shape is None:
        raise GuessError(
            f"“{shorten(text)}” does not start with a number. Type one such as 250, 1.2e3 or 12,5{_in(unit)}."
        )
    try:
        number, under = _plain(shape["number"]), _plain(shape["under"] or "1")
    except ValueError:
        raise GuessError(
            f"“{shorten(text)}” can be read as more than one number. Type it without marks between thousands{_in(unit)}."
        ) from None
    if not under:
        raise GuessError(f"“{shorten(text)}” divides by zero. Type a number{_in(unit)}.")
    written = (shape["unit"] or "").strip() or ("x" if shape["times"] else "")
    return _checked(number / under * _scale(written, unit, text), text, unit)


def is_bare(text: str) -> bool:
    """Whether ``text`` is a number without a unit."""
    return bool(_BARE.fullmatch(text))


def shorten(text: str, most: int = 40) -> str:
    """``text`` on one line, at most ``most`` characters, for an error message."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def refuse_long(text: str, most: int = MOST_TYPED) -> None:
    """Raise :class:`GuessError` if there is more text than is kept, white space counted."""
    if len(text) > most:
        raise GuessError(f"That is {len(text):,} characters; at most {most:,} are kept. Shorten it, then try again.")


def refuse_large(message: object) -> None:
    """Raise :class:`GuessError` if a message of a page holds more than any answer needs."""
    left, waiting = MOST_OF_A_MESSAGE, [message]
    while waiting:
        part = waiting.pop()
        left -= len(part) if isinstance(part, str) else 1
        if left < 0:
            raise GuessError(f"That is too much for one answer: at most {MOST_OF_A_MESSAGE:,} characters are taken.")
        if isinstance(part, dict):
            waiting += [*part, *part.values()]
        elif isinstance(part, list | tuple):
            waiting += part


def representable(text: str) -> str:
    """``text`` without half characters (a lone surrogate from a cut emoji), which no file and no message can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _cleaned(text: str) -> str:
    """One space for any white space, ASCII digits for those of any script, a hyphen for a minus sign."""
    flat = " ".join(text.split()).replace("\u2212", "-")
    return re.sub(r"\d", lambda digit: str(int(digit[0])), flat)


def _checked(value: float, text: str, unit: str) -> float:
    if value < 0:
        raise GuessError(
            f"“{shorten(text)}” is less than zero. Guesses are compared by factors, so type a positive number{_in(unit)}."
        )
    if value < SMALLEST:
        raise GuessError(
            f"“{shorten(text)}” is zero or next to it. Guesses are compared by factors, so type a larger number{_in(unit)}."
        )
    if not value < LARGEST:
        raise GuessError(f"“{shorten(text)}” is too large to compare. Type a smaller number{_in(unit)}.")
    return value


def _in(unit: str) -> str:
    return {"": "", "x": " as a factor, such as 3"}.get(unit, f" in {unit}")


def _plain(number: str) -> float:
    """A written number as a float: thousands separators out, decimal comma to point. ValueError if they contradict each other."""
    power = number[len(number.partition("e")[0].partition("E")[0]) :]
    mantissa = number.removesuffix(power).strip() if power else number.strip()
    grouped = _GROUPED.fullmatch(mantissa)
    if grouped and not _DECIMAL_POINT.fullmatch(mantissa):
        mantissa = mantissa.replace(grouped["mark"], "")
    return float(mantissa.replace(",", ".") + power)


def _scale(written: str, asked: str, text: str) -> float:
    """Base units per written unit; a bare number is in the asked unit, which one of many writes without its plural."""
    if not written or written in (asked, counted("1", asked)):
        return unit_scale(asked)
    dimension = base_unit(asked)
    multiplier = NUMBER_WORDS.get(written.lower()) or (
        TYPED_PREFIXES.get(written) if dimension not in {"B", "B/s", "s"} else None
    )
    if multiplier and unit_scale(asked) == 1:  # "3 k" of GB could be 3 kB as well as 3,000 GB
        return multiplier
    known = read_unit(written)
    if known is None:
        word, _, rest = written.partition(" ")
        lead = NUMBER_WORDS.get(word.lower(), TYPED_PREFIXES.get(word))
        known = read_unit(rest.strip()) if lead and rest else None
        if known and lead:
            known = (known[0], known[1] * lead)
    if known is None:
        raise GuessError(
            f"“{shorten(text)}”: the unit “{shorten(written, 20)}” is not known here. Type the number alone{_in(asked)}."
        )
    if known[0] != dimension:
        raise GuessError(
            f"“{shorten(text)}” is {DIMENSION_WORDS.get(known[0], known[0])}; this asks for {DIMENSION_WORDS.get(dimension, dimension or 'a plain number')}."
        )
    return known[1]
