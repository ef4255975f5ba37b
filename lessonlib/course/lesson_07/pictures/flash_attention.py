"""Attention's scores: written out to memory and fetched again, or finished tile by tile on the worktop."""

from __future__ import annotations

from lessonlib.draw.given import Given
from lessonlib.draw.marks import arrow, circle, group, line, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "prompt": "length of the prompt, such as '32,768 tokens'",
    "score_matrix": "bytes of one layer's scores, such as '51.5 GB'",
    "plain_bytes": "what a layer moves at least with the scores written out, such as '207 GB'",
    "fused_bytes": "what it moves at least without, such as '940 MB'",
}
DURATION_S = 5.0
_SIDE, _CELL = 6, 22  # tiles along an edge, and their pitch
_TOP, _SHELF, _BENCH = 52, 214, 306
_LEFT, _RIGHT = 16, 374  # left edges of the two halves
_WIDTH = 330


def _row_at_s(row: int) -> float:
    return 0.5 + 0.5 * row


def _corner(row: int, column: int, left: float) -> tuple[float, float]:
    return left + 22 + _CELL * column, _TOP + 14 + _CELL * row


def _half(left: float, title: str) -> str:
    """Memory above, road between, worktop below."""
    shelf = rect(left, _TOP, _WIDTH, _SHELF - _TOP, "memory-line paper", 8)
    bench = rect(left + 20, _BENCH + 38, _WIDTH - 40, 10, "ink paper", 4)
    legs = line(left + 44, _BENCH + 48, left + 44, _BENCH + 58) + line(
        left + _WIDTH - 44, _BENCH + 48, left + _WIDTH - 44, _BENCH + 58
    )
    return text(left + _WIDTH / 2, 34, title, "strong") + shelf + bench + legs


def _scores(sheet: Sheet) -> str:
    """Left: every tile goes back to the shelf, row by row."""
    rows = []
    for row in range(_SIDE):
        corners = [_corner(row, column, _LEFT) for column in range(_SIDE)]
        tiles = [rect(x, y, _CELL - 3, _CELL - 3, "memory-line memory-soft", 3) for x, y in corners]
        rows.append(group(*tiles, look=sheet.appear(_row_at_s(row))))
    return "".join(rows)


def _ghost(sheet: Sheet) -> str:
    """Right: the same tiles, each done and none kept; a dot says that its work was done."""
    x, y = _corner(0, 0, _RIGHT)
    frame = rect(x - 4, y - 4, _CELL * _SIDE + 5, _CELL * _SIDE + 5, "thin dashed", 4)
    rows = []
    for row in range(_SIDE):
        corners = [_corner(row, column, _RIGHT) for column in range(_SIDE)]
        dots = [circle(left + _CELL / 2 - 1.5, top + _CELL / 2 - 1.5, 2.6, "compute-fill") for left, top in corners]
        rows.append(group(*dots, look=sheet.appear(_row_at_s(row))))
    return frame + "".join(rows)


def _tile(left: float) -> str:
    """The tile in work, on the bench."""
    return rect(left + 60, _BENCH + 8, 30, 30, "compute-line compute-soft", 4)


def _strips(left: float) -> str:
    """Queries, keys and values, and the result: thin beside the scores."""
    return "".join(rect(left, _TOP + 96 + 13 * row, 118, 8, "memory-line memory-soft", 3) for row in range(4))


def _roads(sheet: Sheet) -> str:
    """Thick where the scores travel, both ways."""
    top, end = _SHELF + 8, _BENCH - 4
    back = group(
        rect(_LEFT + 192, top, 30, end - top, "memory-soft", 4),
        arrow(_LEFT + 207, end - 4, _LEFT + 207, top + 4, "memory-line", 14),
        look=sheet.appear(0.8),
    )
    again = group(
        rect(_LEFT + 236, top, 30, end - top, "memory-soft", 4),
        arrow(_LEFT + 251, top + 4, _LEFT + 251, end - 4, "memory-line", 14),
        look=sheet.appear(3.4),
    )
    into = arrow(_RIGHT + 210, top, _RIGHT + 210, end, "thin")
    out = group(arrow(_RIGHT + 250, end, _RIGHT + 250, top, "thin"), look=sheet.appear(3.4))
    return back + again + into + out


def draw(given: Given, prefix: str) -> dict[str, object]:
    prompt, matrix = given.text("prompt"), given.text("score_matrix")
    plain, fused = given.text("plain_bytes"), given.text("fused_bytes")
    sheet = Sheet("on-the-worktop", prefix, DURATION_S)
    left, right = _LEFT + 172, _RIGHT + 172
    sheet.add(
        _half(_LEFT, "scores written out"),
        _half(_RIGHT, "fused kernel"),
        line(360, 48, 360, 380, "thin dashed"),
        _scores(sheet),
        _ghost(sheet),
        text(left, _TOP + 36, "all scores:", "", "start"),
        text(left, _TOP + 64, matrix, "memory big", "start"),
        _strips(left),
        text(right, _TOP + 36, "computed too,", "", "start"),
        text(right, _TOP + 62, "never kept", "compute strong", "start"),
        _strips(right),
        _roads(sheet),
        text(_LEFT + 60, (_SHELF + _BENCH) / 2 + 6, "the road", "", "start"),
        text(_RIGHT + 60, (_SHELF + _BENCH) / 2 + 6, "the road", "", "start"),
        _tile(_LEFT),
        _tile(_RIGHT),
        text(_LEFT + 104, _BENCH + 30, "a tile in work", "compute", "start"),
        text(_RIGHT + 104, _BENCH + 30, "a tile in work", "compute", "start"),
        group(text(_LEFT + _WIDTH / 2, 392, f"at least {plain} moved", "strong"), look=sheet.appear(4.2)),
        group(text(_RIGHT + _WIDTH / 2, 392, f"at least {fused} moved", "strong"), look=sheet.appear(4.2)),
    )
    alt = (
        f"One layer's attention over a prompt of {prompt}. Left, every tile of scores goes back to memory, {matrix} in all, is fetched "
        f"for the softmax, written again, and fetched for the sum: at least {plain} moved. Right, a fused kernel computes the same tiles on the chip and keeps none: at least {fused} moved."
    )
    steps = [
        (
            0.4,
            f"One layer reads a prompt of {prompt}. The thin strips are queries, keys, values and the result; on the chip, a tile of scores is in work.",
        ),
        (
            3.3,
            f"Tile by tile the same work is done, a dot for each on the right. Left, each tile goes back to memory: {matrix} in all. Right, none does.",
        ),
        (
            4.1,
            "Left, all of it is fetched for the softmax, written again, and fetched for the sum. Right, only the result leaves the chip.",
        ),
        (5.0, f"Moved at least: {plain} on the left, {fused} on the right, for the same arithmetic."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
