"""Small parts of a report's page: a table of texts, a share, a count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def beside(title: str, drawn: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A drawing and the table with its numbers, under one heading."""
    return f'<h3>{escape(title)}</h3><div class="beside">{drawn}{table(title, head, rows, "unseen")}</div>'


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], look: str = "") -> str:
    """A table of texts; the first cell of a row names it. A column without a name has an empty head. ``look``: of the caption."""
    columns = "".join(f'<th scope="col">{escape(name)}</th>' if name else "<td></td>" for name in head)
    body = "".join(f"<tr>{_row(cells)}</tr>" for cells in rows)
    named = f'<caption class="{look}">{escape(caption)}</caption>'
    return f"<table>{named}<thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"


def _row(cells: Sequence[str]) -> str:
    return f'<th scope="row">{escape(cells[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells[1:])


def share(value: float | None) -> str:
    """A share in whole per cent, on one line; a dash where it is hidden. What is there and rounds to nothing is under 1 %."""
    if value is None:
        return "–"
    return "under 1\u00a0%" if 0 < value < 0.005 else f"{100 * value:.0f}\u00a0%"


def signed(value: float | None) -> str:
    """A gain or a correlation to 2 decimals; a dash where there is none."""
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def many(count: int, one: str, several: str = "") -> str:
    """A count with its noun: "1 voter", "3,000 voters"."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"
