"""Small parts of a report's page: a table of texts, a share, a count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from lessonlib.draw.given import percent


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of texts; the first cell of a row names it. A column without a name has an empty head."""
    columns = "".join(f'<th scope="col">{escape(name)}</th>' if name else "<td></td>" for name in head)
    body = "".join(f"<tr>{_row(cells)}</tr>" for cells in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"


def _row(cells: Sequence[str]) -> str:
    return f'<th scope="row">{escape(cells[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells[1:])


def share(value: float | None) -> str:
    """A share in per cent; a dash where it is hidden."""
    return "–" if value is None else percent(value)


def signed(value: float | None) -> str:
    """A gain or a correlation to 2 decimals; a dash where there is none."""
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def many(count: int, one: str, several: str = "") -> str:
    """A count with its noun: "1 voter", "3,000 voters"."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"
