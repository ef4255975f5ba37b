"""The units of the course: how a quantity prints them, what a person may type for them, what they are called.

One table for all: the quantities that print themselves, the reader of typed guesses, the linter, and the scripts of
the page, which are sent the steps of an axis by :func:`tick_steps`. Bytes are bytes (GB = 1e9 B); binary units are
understood when somebody types them, and never printed.
"""

from __future__ import annotations

import re

#: SI prefixes as they are printed, by power of 1000.
PREFIX_POWERS = {"n": -3, "µ": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}

#: Units that take an SI prefix when printed, with the prefixes that the field really says.
PREFIXED = {
    "B": ("", "k", "M", "G", "T", "P"),
    "B/s": ("", "k", "M", "G", "T", "P"),
    "FLOP": ("", "k", "M", "G", "T", "P", "E"),
    "FLOP/s": ("", "k", "M", "G", "T", "P", "E"),
    "parameters": ("", "k", "M", "B"),
    "s": ("n", "µ", "m", ""),
}

#: Units that stand right behind the number.
GLUED = {"x": "×", "": ""}

#: A prefix as typed -> its factor. B is what people write for a billion.
TYPED_PREFIXES = {"": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "B": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
BINARY_PREFIXES = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
NUMBER_WORDS = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}

_TIME = {
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ns": 1e-9,
    "min": 60.0,
    "minute": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "hours": 3600.0,
}
#: other spellings -> the unit as the course writes it; none of them takes a prefix
_SPELLINGS = {
    spelling: unit
    for unit, spellings in {
        "tok/s": "tok/s|tokens/s|token/s|t/s|tps|toks/s|tokens per second|tok/sec|tokens/sec",
        "x": "x|×|times|fold",
        "%": "%|percent|per cent",
        "FLOP/byte": "flop/byte|flops/byte|flop/b|flops per byte|flop per byte",
        "tokens": "tokens|token|tok",
        "sequences": "sequences|sequence|requests|seqs",
    }.items()
    for spelling in spellings.split("|")
}
_SIZED = re.compile(
    r"^(?P<prefix>[kKMGTPE]i?)?\s*(?P<name>[Bb]ytes?|B|[Bb]its?|b|FLOPS|FLOPs?|flops?)(?P<per>/s|/sec|ps| per second)?$"
)

#: dimension -> what a person calls it in an error message
DIMENSION_WORDS = {
    "tok/s": "tokens per second (tok/s)",
    "B": "bytes (such as GB)",
    "B/s": "bytes per second (such as GB/s)",
    "FLOP": "floating-point operations (such as GFLOP)",
    "FLOP/s": "FLOP/s (such as TFLOP/s)",
    "s": "a time (such as ms)",
    "x": "a factor (such as 3x)",
    "%": "a percentage",
    "FLOP/byte": "FLOP per byte",
    "bit": "bits (such as Gbit)",
    "bit/s": "bits per second",
}


def base_unit(unit: str) -> str:
    """The dimension of ``unit``, named by its base unit: ``GB`` -> ``B``, ``ms`` -> ``s``."""
    known = read_unit(unit)
    return known[0] if known else unit


def unit_scale(unit: str) -> float:
    """How many base units one ``unit`` is: ``GB`` -> 1e9, ``tok/s`` -> 1."""
    known = read_unit(unit)
    return known[1] if known else 1.0


def read_unit(written: str) -> tuple[str, float] | None:
    """(base unit, how many of it) of a unit as a person writes it, or None if it is not known."""
    if not written:
        return ("", 1.0)
    low = written.lower()
    if low in _SPELLINGS:
        return (_SPELLINGS[low], 1.0)
    seconds = _TIME.get(written, _TIME.get(low))
    return _sized_unit(written) if seconds is None else ("s", seconds)


def unit_label(unit: str) -> str:
    """How a form names the unit that it asks in: ``x`` is the sign ×, a plain number has none."""
    return {"x": "×"}.get(unit, unit)


def with_unit(text: str, unit: str) -> str:
    """A number that stands as text, with the label of its unit behind it: ``250 tok/s``, ``3×``, ``1 request``."""
    if not unit:
        return text
    return f"{text}{unit}" if unit == "×" else f"{text} {counted(text, unit)}"


def counted(text: str, unit: str) -> str:
    """The unit behind a number that is printed as ``text``: one of many is no plural (``1 request``)."""
    plural = len(unit) > 2 and unit.endswith("s") and not unit.endswith("ss") and "/" not in unit
    return unit[:-1] if plural and text == "1" else unit


def tick_steps(unit: str) -> list[tuple[float, str]]:
    """The units in which an axis of ``unit`` is labelled, as (base units, name) from small to large.

    Empty for a unit without prefixes. The last step that a value reaches is the one to write it in.
    """
    if unit not in PREFIXED or unit == "parameters":
        return []
    return [(1000.0 ** PREFIX_POWERS[prefix], f"{prefix}{unit}") for prefix in PREFIXED[unit]]


def _sized_unit(written: str) -> tuple[str, float] | None:
    """Bytes, bits and FLOPs, with a prefix and perhaps per second. ``TFLOPS`` is a rate."""
    shape = _SIZED.match(written)
    if shape is None:
        return None
    prefix, name = shape["prefix"] or "", shape["name"]
    scale = BINARY_PREFIXES.get(prefix, TYPED_PREFIXES.get(prefix))
    if scale is None:
        return None
    dimension = "FLOP" if "flop" in name.lower() else "bit" if name == "b" or "bit" in name.lower() else "B"
    return (dimension + ("/s" if shape["per"] or name == "FLOPS" else ""), scale)
