"""Tables as text."""

from __future__ import annotations

from collections.abc import Sequence

from lessonlib.base.text import printable


def aligned(rows: Sequence[Sequence[str]], text_columns: frozenset[int] = frozenset({0})) -> str:
    """Rows of equally many cells as lines with aligned columns; those in `text_columns` to the left, the others to the
    right. A cell is one line, whatever is in it.
    """
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in shown) for i in range(len(shown[0]))]
    lines = []
    for row in shown:
        cells = [
            cell.ljust(width) if i in text_columns else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
