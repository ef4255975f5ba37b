"""Measurements held against ceiling and expectation: errors, by what one may cut them by, as data and as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.tables import aligned
from lessonlib.roofline.band import Band, band
from lessonlib.serving.measured.cases import ceiling_s, expected_s
from lessonlib.serving.measured.rows import Measurement, Refused


@dataclass(frozen=True)
class Held:
    """A measurement beside the engine's numbers, in seconds."""

    row: Measurement
    ceiling_s: float
    expected_s: float
    band: Band

    @property
    def error(self) -> float:
        """Expected time against the measured one, as a share: -0.1 says a tenth too quick."""
        return self.expected_s / self.row.seconds - 1.0

    @property
    def over(self) -> bool:
        """Whether the measurement is quicker than the ceiling allows."""
        return self.row.seconds < self.ceiling_s

    @property
    def inside(self) -> bool:
        """Whether it lies in the band."""
        low, high = self.band.around(self.expected_s)
        return low <= self.row.seconds <= high


def held(rows: Iterable[Measurement]) -> tuple[list[Held], list[Refused]]:
    """Every measurement beside the engine's numbers; those that cannot be computed with the reason."""
    found: list[Held] = []
    refused: list[Refused] = []
    for row in rows:
        try:
            found.append(Held(row, ceiling_s(row), expected_s(row), band(row.system, row.metric)))
        except LessonlibError as error:
            refused.append(Refused(row.id, str(error)))
    return found, refused


#: How errors are cut: title -> the group of a row.
CUTS: Mapping[str, Callable[[Held], str]] = {
    "gpu": lambda item: item.row.system.gpu.title,
    "engine": lambda item: item.row.engine or "not said",
    "precision": lambda item: item.row.system.weights,
    "metric": lambda item: item.row.metric,
    "kind": lambda item: "kernels" if item.row.kernel else "mixtures" if item.row.mixture else "dense",
    "metric and kind": lambda item: (
        item.row.metric if item.row.kernel else f"{item.row.metric}, {'mixtures' if item.row.mixture else 'dense'}"
    ),
    "data": lambda item: "extrapolated" if item.band.extrapolated else "measured before",
    "flag": lambda item: item.row.flag or "not flagged",
}


def errors(items: Sequence[Held]) -> dict[str, Any]:
    """Count, errors as shares of the measured time, rows above the ceiling, share of rows in their band."""
    if not items:
        return {"n": 0, "median_abs_error": None, "bias": None, "worst": None, "over_ceiling": 0, "band_coverage": None}
    shares = [item.error for item in items]
    return {
        "n": len(items),
        "median_abs_error": median(map(abs, shares)),
        "bias": median(shares),
        "worst": max(shares, key=abs),
        "over_ceiling": sum(item.over for item in items),
        "band_coverage": sum(item.inside for item in items) / len(items),
    }


def grouped(items: Sequence[Held], key: Callable[[Held], str]) -> dict[str, list[Held]]:
    """Rows by group, groups by name."""
    found: dict[str, list[Held]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return dict(sorted(found.items()))


def report_data(items: Sequence[Held], refused: Sequence[Refused], each: bool = False) -> dict[str, Any]:
    """What `validate --json` prints; ``each``: with every row under "rows"."""
    whole = errors(items)
    del whole["worst"]
    return {
        "n": whole.pop("n"),
        "refused": [{"id": row.id, "reason": row.reason} for row in refused],
        **({"rows": [_row_data(item) for item in items]} if each else {}),
        **whole,
        "by": {
            title: {name: errors(members) for name, members in grouped(items, key).items()}
            for title, key in CUTS.items()
        },
    }


def _row_data(item: Held) -> dict[str, Any]:
    """One row: measured, ceiling, expected and the ends of its band, in seconds (of a rate: for one token)."""
    low, high = item.band.around(item.expected_s)
    return {
        "id": item.row.id,
        "metric": item.row.metric,
        "measured_s": item.row.seconds,
        "ceiling_s": item.ceiling_s,
        "expected_s": item.expected_s,
        "band_s": [low, high],
        "error": item.error,
        "in_band": item.inside,
        "extrapolated": item.band.extrapolated,
    }


def row_lines(items: Sequence[Held]) -> str:
    """Every row in one aligned table, times in milliseconds."""
    lines = [("row", "metric", "measured ms", "ceiling", "expected", "band", "error", "")]
    for item in items:
        low, high = item.band.around(item.expected_s)
        said = "above the ceiling" if item.over else "" if item.inside else "outside the band"
        measured, least, likely, quick, slow = (
            f"{1e3 * value:.4g}" for value in (item.row.seconds, item.ceiling_s, item.expected_s, low, high)
        )
        lines.append(
            (item.row.id, item.row.metric, measured, least, likely, f"{quick} to {slow}", f"{item.error:+.0%}", said)
        )
    return aligned(lines, frozenset({0, 1, 7}))


def _share(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def error_lines(title: str, groups: Mapping[str, Mapping[str, Any]]) -> str:
    """One aligned table of errors."""
    rows = [(title, "rows", "median error", "bias", "worst", "above ceiling", "in the band")]
    for name, entry in groups.items():
        rows.append(
            (
                name,
                str(entry["n"]),
                _share(entry["median_abs_error"], ".1%"),
                _share(entry["bias"], "+.1%"),
                _share(entry["worst"], "+.0%"),
                str(entry["over_ceiling"]),
                _share(entry["band_coverage"], ".0%"),
            )
        )
    return aligned(rows)


def report_text(items: Sequence[Held], refused: Sequence[Refused]) -> str:
    """What `validate` prints."""
    groups = {"all": errors(items)}
    plain = [item for item in items if not item.row.flag]
    if len(plain) < len(items):
        groups["without flagged rows"] = errors(plain)
    parts = [error_lines("expected against measured time", groups)]
    for title, key in CUTS.items():
        found = grouped(items if title == "flag" else plain, key)
        if title != "flag" or len(found) > 1:
            parts.append(error_lines(title, {name: errors(members) for name, members in found.items()}))
    over = [item for item in items if item.over]
    if over:
        lines = [("above the ceiling", "measured / ceiling", "flag")]
        lines += [(item.row.id, f"{item.ceiling_s / item.row.seconds:.2f}", item.row.flag or "-") for item in over]
        parts.append(aligned(lines, frozenset({0, 2})))
    if refused:
        parts.append(
            aligned([("cannot be computed", "why"), *((row.id, row.reason) for row in refused)], frozenset({0, 1}))
        )
    parts.append("bias: below zero, the expectation is too quick. in the band: nine in ten is what it promises.")
    return "\n\n".join(parts)
