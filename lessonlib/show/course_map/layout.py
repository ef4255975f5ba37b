"""Where everything on the map stands: a column for each lesson, a cell for each idea, a line for each need.

Cells keep the order of the list, so a need within a lesson always points down and one between lessons always points
right. Each stands as near as that allows to what it is tied to. A line that passes lessons runs level through each of
them on a lane between the cells, and all lines of one idea share their lanes. Lengths are in user units of the drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from lessonlib.lesson.concepts import Concept, direct_needs

CELL_WIDTH, CELL_HEIGHT = 105.0, 60.0
GUTTER, MARGIN = 27.0, 4.0
_LEAST_GAP, _GAP = 15.0, 34.0  # between two cells of a column: at least, and where there is room
_CLEAR, _LANE = 7.0, 7.0  # from a lane to a cell, and from lane to lane
_PORT = 9.0  # between two lines that end at one cell
_STEP = 1.0
_ROUNDS = 40

Point = tuple[float, float]


@dataclass(frozen=True)
class Cell:
    """An idea's box: its upper left corner. ``needs`` are those to which lines are drawn."""

    concept: Concept
    needs: tuple[str, ...]
    x: float
    y: float

    @property
    def middle(self) -> float:
        """The height of its middle, where its lines begin and end."""
        return self.y + CELL_HEIGHT / 2


@dataclass(frozen=True)
class Edge:
    """A line along ``points`` from the idea ``source`` to ``target``; "" where it only goes on to a lane.

    Every other stretch, from the first on, is a bend through a gutter; those between are level. ``way`` is "right" from
    lesson to lesson; within one it is "down" to the next cell, "around" past others.
    """

    source: str
    target: str
    way: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Layout:
    """The whole drawing: its size, the left edge of each lesson's column, the boxes and the lines."""

    width: float
    height: float
    columns: Mapping[int, float]
    cells: Mapping[str, Cell]
    edges: Sequence[Edge]


def lay_out(concepts: Mapping[str, Concept]) -> Layout:
    """The places of all ``concepts``, which are in the order of teaching."""
    lessons = sorted({concept.lesson for concept in concepts.values()})
    columns = {lesson: MARGIN + index * (CELL_WIDTH + GUTTER) for index, lesson in enumerate(lessons)}
    needs = direct_needs(concepts)
    most = max(sum(concept.lesson == lesson for concept in concepts.values()) for lesson in lessons)
    height = most * CELL_HEIGHT + (most + 1) * _LEAST_GAP
    heights = settle(concepts, needs, height)
    cells = {key: Cell(concept, needs[key], columns[concept.lesson], heights[key]) for key, concept in concepts.items()}
    width = columns[lessons[-1]] + CELL_WIDTH + MARGIN
    return Layout(width, height, columns, cells, [*_between(cells, lessons, columns, height), *_within(cells)])


# --- cells -------------------------------------------------------------------------------------------------------


def settle(concepts: Mapping[str, Concept], needs: Mapping[str, Sequence[str]], height: float) -> dict[str, float]:
    """The upper edge of each cell: every one drawn towards its ties in other lessons, in order and apart from each other."""
    ties: dict[str, list[str]] = {key: [] for key in concepts}
    for key, above in needs.items():
        for need in above:
            if concepts[need].lesson != concepts[key].lesson:
                ties[key].append(need)
                ties[need].append(key)
    by_lesson: dict[int, list[str]] = {}
    for key, concept in concepts.items():
        by_lesson.setdefault(concept.lesson, []).append(key)
    places = {
        key: y for taught in by_lesson.values() for key, y in zip(taught, _even(len(taught), height), strict=True)
    }
    for _ in range(_ROUNDS):
        for taught in by_lesson.values():
            wanted = [(sum(places[tie] for tie in ties[key]) + places[key]) / (len(ties[key]) + 1) for key in taught]
            places |= zip(taught, _apart(wanted, height), strict=True)
    return {key: float(round(y)) for key, y in places.items()}


def _even(count: int, height: float) -> list[float]:
    gap = (height - count * CELL_HEIGHT) / (count + 1)
    return [gap + index * (CELL_HEIGHT + gap) for index in range(count)]


def _apart(wanted: Sequence[float], height: float) -> list[float]:
    """The places nearest to ``wanted`` that keep their order and a gap, all within the height (pool adjacent violators)."""
    first = _even(len(wanted), height)[0]
    pitch = CELL_HEIGHT + max(min(_GAP, first), _LEAST_GAP)
    pools: list[list[float]] = []
    for index, place in enumerate(wanted):
        pools.append([place - index * pitch])
        while len(pools) > 1 and fmean(pools[-2]) > fmean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    level = [fmean(pool) for pool in pools for _ in pool]
    lowest, highest = _LEAST_GAP, height - _LEAST_GAP - CELL_HEIGHT - (len(wanted) - 1) * pitch
    return [min(max(y, lowest), max(highest, lowest)) + index * pitch for index, y in enumerate(level)]


# --- lines from lesson to lesson ---------------------------------------------------------------------------------


def _between(
    cells: Mapping[str, Cell], lessons: Sequence[int], columns: Mapping[int, float], height: float
) -> list[Edge]:
    taken: dict[int, list[float]] = {lesson: [] for lesson in lessons}
    targets = {key: _later_targets(cell.concept, cells) for key, cell in cells.items()}
    lanes = {key: _lanes(cells[key], targets[key], cells, lessons, taken, height) for key in cells}
    origin = {
        (key, target.concept.id): _last_place(cells[key], target, lanes[key], columns)
        for key in cells
        for target in targets[key]
    }
    edges = []
    for key, cell in cells.items():
        trunk = [(cell.x + CELL_WIDTH, cell.middle)]
        for lesson, y in lanes[key].items():
            trunk += [(columns[lesson], y), (columns[lesson] + CELL_WIDTH, y)]
        if len(trunk) > 1:
            edges.append(Edge(key, "", "right", tuple(trunk)))
        edges += [
            Edge(key, target.concept.id, "right", (origin[key, target.concept.id], _port(key, target, cells, origin)))
            for target in targets[key]
        ]
    return edges


def _later_targets(concept: Concept, cells: Mapping[str, Cell]) -> list[Cell]:
    return [cell for cell in cells.values() if concept.id in cell.needs and cell.concept.lesson > concept.lesson]


def _lanes(
    cell: Cell,
    targets: Sequence[Cell],
    cells: Mapping[str, Cell],
    lessons: Sequence[int],
    taken: Mapping[int, list[float]],
    height: float,
) -> dict[int, float]:
    """At which height the lines of an idea pass each lesson on their way."""
    lanes: dict[int, float] = {}
    y = cell.middle
    for lesson in lessons:
        ahead = [target for target in targets if target.concept.lesson > lesson]
        if lesson <= cell.concept.lesson or not ahead:
            continue
        nearest = min(ahead, key=lambda target: target.concept.lesson)
        wanted = y + (nearest.middle - y) / (nearest.concept.lesson - lesson + 1)
        blocked = [
            (other.y - _CLEAR, other.y + CELL_HEIGHT + _CLEAR)
            for other in cells.values()
            if other.concept.lesson == lesson
        ]
        blocked += [(other - _LANE, other + _LANE) for other in taken[lesson]]
        y = lanes[lesson] = _free(wanted, blocked, height)
        taken[lesson].append(y)
    return lanes


def _free(wanted: float, blocked: Sequence[tuple[float, float]], height: float) -> float:
    """The height nearest to ``wanted`` at which nothing is in the way."""
    for steps in range(int(2 * height / _STEP)):
        for y in (wanted - steps * _STEP, wanted + steps * _STEP):
            if _LANE <= y <= height - _LANE and not any(low < y < high for low, high in blocked):
                return y
    return wanted


def _last_place(cell: Cell, target: Cell, lanes: Mapping[int, float], columns: Mapping[int, float]) -> Point:
    """Where the line to ``target`` leaves the lesson before it."""
    passed = [lesson for lesson in lanes if lesson < target.concept.lesson]
    return (columns[passed[-1]] + CELL_WIDTH, lanes[passed[-1]]) if passed else (cell.x + CELL_WIDTH, cell.middle)


def _port(key: str, target: Cell, cells: Mapping[str, Cell], origin: Mapping[tuple[str, str], Point]) -> Point:
    """Where a line ends: those of one cell side by side, in the order in which they come."""
    arriving = [need for need in target.needs if cells[need].concept.lesson < target.concept.lesson]
    arriving.sort(key=lambda need: origin[need, target.concept.id][1])
    place = arriving.index(key) - (len(arriving) - 1) / 2
    return target.x, target.middle + place * _PORT


# --- lines within a lesson ---------------------------------------------------------------------------------------


def _within(cells: Mapping[str, Cell]) -> list[Edge]:
    """From one cell down to the next; past other cells, around them on the left."""
    neighbours = {(one.concept.id, other.concept.id) for one, other in pairwise(cells.values())}
    edges = []
    for cell in cells.values():
        for need in cell.needs:
            source = cells[need]
            if source.x != cell.x:
                continue
            if (need, cell.concept.id) in neighbours:
                middle = cell.x + CELL_WIDTH / 2
                edges.append(Edge(need, cell.concept.id, "down", ((middle, source.y + CELL_HEIGHT), (middle, cell.y))))
            else:
                edges.append(
                    Edge(
                        need,
                        cell.concept.id,
                        "around",
                        ((source.x, source.y + CELL_HEIGHT * 0.8), (cell.x, cell.y + CELL_HEIGHT * 0.2)),
                    )
                )
    return edges
