"""The map as SVG: cells and lines from :mod:`layout`, each cell in the look of its state."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from lessonlib.draw.marks import number, points
from lessonlib.review.progress import MET, MISSED, RECALLED, UNMET
from lessonlib.show.course_map.layout import CELL_HEIGHT, CELL_WIDTH, GUTTER, Cell, Edge, Layout, Point
from lessonlib.show.course_map.states import LOOKS

MOST_LINES = 2
_LINE, _WIDEST = 17.5, 11  # height of a line of text; characters that fit on it
_HEAD = 5.0  # length of an arrow's head


def draw(layout: Layout, states: Mapping[str, str], title: str, description: str) -> str:
    """The whole drawing as text; the same bytes for the same arguments."""
    behind = [_edge(edge, states) for edge in sorted(layout.edges, key=lambda edge: _walked(edge.source, states))]
    cells = [_cell(cell, states.get(cell.concept.id, UNMET)) for cell in layout.cells.values()]
    head = f'<svg class="ll-map-drawing" viewBox="0 0 {number(layout.width)} {number(layout.height)}" role="img" aria-labelledby="ll-map-title ll-map-desc">'
    named = f'<title id="ll-map-title">{escape(title)}</title><desc id="ll-map-desc">{escape(description)}</desc>'
    return "\n".join([head, named, *behind, *cells, "</svg>"])


def lines_of(name: str) -> list[str]:
    """A name in lines that fit into a cell; a word too long is broken before a capital inside it."""
    lines: list[str] = []
    for word in name.split():
        for piece in [word] if len(word) <= _WIDEST else _pieces(word):
            if lines and len(lines[-1]) + 1 + len(piece) <= _WIDEST and piece is word:
                lines[-1] += f" {piece}"
            else:
                lines.append(piece)
    return lines


def _pieces(word: str) -> list[str]:
    cut = next((place for place, letter in enumerate(word) if place and letter.isupper()), len(word))
    return [piece for piece in (word[:cut], word[cut:]) if piece]


def _cell(cell: Cell, state: str) -> str:
    look, lines = LOOKS[state], lines_of(cell.concept.name)
    told = state != UNMET
    first = cell.middle + 5 - (len(lines) - 1) * _LINE / 2 - 9 * told
    middle = cell.x + CELL_WIDTH / 2
    marks = [
        f'<rect class="ll-map-cell" x="{number(cell.x)}" y="{number(cell.y)}" width="{number(CELL_WIDTH)}" height="{number(CELL_HEIGHT)}" rx="9"/>'
    ]
    marks += [
        f'<text x="{number(middle)}" y="{number(first + index * _LINE)}">{escape(line)}</text>'
        for index, line in enumerate(lines)
    ]
    if told:
        marks.append(
            f'<text class="ll-map-word" x="{number(middle)}" y="{number(cell.y + CELL_HEIGHT - 8)}">{look.word}</text>'
        )
        corner = points(cell.x + CELL_WIDTH - 1, cell.y + 1)
        marks.append(f'<g transform="translate({corner})"><circle class="ll-map-under" r="9.5"/>{look.sign}</g>')
    return f'<g class="ll-map-{state}">{"".join(marks)}</g>'


# --- lines -----------------------------------------------------------------------------------------------------------


def _walked(source: str, states: Mapping[str, str]) -> bool:
    return states.get(source) in (MET, RECALLED, MISSED)


def _edge(edge: Edge, states: Mapping[str, str]) -> str:
    looks = "ll-map-line ll-map-walked" if _walked(edge.source, states) else "ll-map-line"
    (x1, y1), (x2, y2) = edge.points[0], edge.points[-1]
    if not edge.target:
        return _path(_trunk(edge.points), looks)
    if edge.way == "right":
        return _path(_bend((x1, y1), (x2 - _HEAD, y2), start=True), looks) + _head((x2, y2), looks)
    if edge.way == "down":
        return _path(f"M{points(x1, y1)}V{number(y2 - _HEAD)}", looks) + _head((x2, y2), looks, down=True)
    out = GUTTER * 0.62
    turn = f"M{points(x1, y1)}C{points(x1 - out, y1, x1 - out, y2, x2 - _HEAD, y2)}"
    return _path(turn, looks) + _head((x2, y2), looks)


def _trunk(places: tuple[Point, ...]) -> str:
    way = ""
    for index in range(0, len(places) - 1, 2):
        way += _bend(places[index], places[index + 1], start=not way)
        if index + 2 < len(places):
            way += f"H{number(places[index + 2][0])}"
    return way


def _bend(one: Point, other: Point, start: bool) -> str:
    """From one height to another across a gutter: rounded corners, and upright between them where it is far."""
    (x1, y1), (x2, y2) = one, other
    rise, middle = y2 - y1, (x1 + x2) / 2
    begin = f"M{points(x1, y1)}" if start else ""
    if abs(rise) < 1:
        return f"{begin}L{points(x2, y2)}"
    return f"{begin}C{points(middle + 3, y1, middle - 3, y2, x2, y2)}"


def _path(way: str, looks: str) -> str:
    return f'<path class="{looks}" d="{way}"/>'


def _head(tip: Point, looks: str, down: bool = False) -> str:
    x, y = tip
    half = _HEAD * 0.7
    way = (
        f"M{points(x, y)}L{points(x - half, y - _HEAD - 1)}H{number(x + half)}Z"
        if down
        else f"M{points(x, y)}L{points(x - _HEAD - 1, y - half)}V{number(y + half)}Z"
    )
    return f'<path class="{looks.replace("line", "head")}" d="{way}"/>'
