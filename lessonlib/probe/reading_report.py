"""A reading as data (for JSON) and as text (for people)."""

from __future__ import annotations

from typing import Any

from lessonlib.base.quantity import Quantity
from lessonlib.base.tables import aligned
from lessonlib.base.text import printable
from lessonlib.probe.reading import TITLES, Reading
from lessonlib.probe.roofs import Roofs, impossible


def reading_data(reading: Reading, roofs: Roofs) -> dict[str, Any]:
    """The reading as plain data; a number that cannot be told is null, with its reason under `reasons`."""
    found = reading.findings
    return {
        **{key: finding.value for key, finding in found.items()},
        "model": reading.model,
        "engines": reading.engines,
        "window_s": reading.window_s,
        "requests": reading.requests,
        "reasons": {key: finding.reason for key, finding in found.items() if finding.value is None},
        "how": {key: finding.how for key, finding in found.items()},
        "clock": {key: finding.clock for key, finding in found.items()},
        "cannot_tell": {key: finding.limits for key, finding in found.items()},
        "roofs": {key: dict(zip(("ceiling", "expected"), values, strict=False)) for key, values in roofs.items()},
        "notes": [*reading.notes, *impossible(reading, roofs)],
    }


def reading_text(reading: Reading, roofs: Roofs) -> str:
    """The reading for a person: numbers first, then what each cannot tell."""
    rows: list[tuple[str, ...]] = [("", "", "clock", "roof", "expected")]
    for key, finding in reading.findings.items():
        if finding.value is not None:
            roof = [
                f"{100 * finding.value / speed:.3g} % of {Quantity(speed, finding.unit)}"
                for speed in roofs.get(key, ())
            ]
            rows.append((TITLES[key], str(finding.quantity()), finding.clock, *[*roof, "", ""][:2]))
    head = f"{printable(reading.model) or 'a model without a name'}, {reading.engines} engine{'s' * (reading.engines != 1)}, "
    head += f"{reading.requests:.0f} requests finished {reading.span}"
    limits = [
        f"{TITLES[key]}: {finding.limits}" for key, finding in reading.findings.items() if finding.value is not None
    ]
    absent = [f"{TITLES[key]}: {finding.reason}" for key, finding in reading.findings.items() if finding.value is None]
    parts = [head, aligned(rows, frozenset({0, 2}))]
    for title, lines in (
        ("What they cannot tell", limits),
        ("Not known", absent),
        ("Note", [*reading.notes, *impossible(reading, roofs)]),
    ):
        if lines:
            parts.append("\n".join([f"{title}:", *(f"  {printable(line)}" for line in lines)]))
    return "\n\n".join(parts)
