"""The clocks of one request on one line of time: the wait, prefill, the first token, the gaps, the end."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import circle, group, line, path, place, points, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "wait": "how long the request waits for its turn, such as '0.31 s'",
    "wait_share": "the same as a share of the whole, 0 to 1",
    "reading": "how long its prompt is read, such as '0.25 s'",
    "reading_share": "the same as a share of the whole, 0 to 1",
    "first": "time to first token, such as '0.56 s'",
    "gap": "mean time between two of its tokens, such as '14 ms'",
    "tokens": "tokens of its answer, such as '42 tokens'",
    "end": "from its arrival to the last token, such as '1.1 s'",
}
DURATION_S = 5.0
_LEFT, _RIGHT, _LINE = 44, 676, 206
_DRAWN = 9


def _span(
    left: float, right: float, y: float, words: str, look: str, at: float | None = None, side: str = "middle"
) -> str:
    """A bracket from ``left`` to ``right`` with its words above (``y`` above the line of time) or below."""
    tick = 9 if y < _LINE else -9
    ends = path(
        f"M{points(left, y + tick)} V{points(y)} H{points(right)} V{points(y + tick)}",
        f"{look}-line" if look else "ink",
    )
    beside = y - 12 if y < _LINE else y + 26
    return ends + text((left + right) / 2 if at is None else at, beside, words, f"strong {look}".strip(), side)


def _stretch(left: float, right: float, look: str) -> str:
    return rect(left, _LINE - 22, max(right - left, 3), 44, look, 4)


def _tokens(sheet: Sheet, left: float, right: float, starts: tuple[float, float]) -> str:
    """The answer's tokens, the first at ``left``, the last at ``right``; they come between ``starts`` (seconds)."""
    pitch, pause = (right - left) / (_DRAWN - 1), (starts[1] - starts[0]) / (_DRAWN - 1)
    marks = []
    for index in range(_DRAWN):
        tile = place(parts.token("compute" if not index else "memory", 26), left + pitch * index, _LINE + 13)
        marks.append(group(tile, look=sheet.appear(starts[0] + pause * index, 0.15)))
    return "".join(marks)


def draw(given: Given, prefix: str) -> dict[str, object]:
    wait, reading, first = given.text("wait"), given.text("reading"), given.text("first")
    gap, tokens, end = given.text("gap"), given.text("tokens"), given.text("end")
    sheet = Sheet("one-request", prefix, DURATION_S)
    width = _RIGHT - _LEFT
    served = _LEFT + width * min(given.share("wait_share"), 0.9)
    starts = min(served + width * given.share("reading_share"), _RIGHT - 40)
    sheet.add(
        text(_LEFT - 16, 38, "One request", "big", "start"),
        line(_LEFT, _LINE, _RIGHT, _LINE, "thin"),
        group(
            _stretch(_LEFT, served, "ink dashed paper"),
            _span(_LEFT, served, 268, f"waits {wait}", "", _LEFT - 10, "start"),
            look=sheet.appear(0.2),
        ),
        circle(_LEFT, _LINE, 7, "solid"),
        group(
            _stretch(served, starts, "compute-line compute-soft"),
            _span(served, starts, 318, f"prefill {reading}", "compute"),
            look=sheet.appear(1.2),
        ),
        _tokens(sheet, starts, _RIGHT, (2.0, 4.0)),
        group(
            _span(_LEFT, starts, 142, f"time to first token {first}", "compute", _LEFT - 10, "start"),
            look=sheet.appear(2.0),
        ),
        group(
            _span(starts, _RIGHT, 268, f"{tokens}, {gap} apart", "memory", _RIGHT + 10, "end"), look=sheet.appear(3.4)
        ),
        group(_span(_LEFT, _RIGHT, 92, f"end to end {end}", "", _RIGHT + 10, "end"), look=sheet.appear(4.2)),
        text(_RIGHT + 10, 384, "time runs to the right; not every token is drawn", "", "end"),
    )
    alt = (
        f"One request on a line of time, to scale: it waits {wait}, its prompt is read for {reading}, so its time to first token is {first}. "
        f"Its answer of {tokens} comes with a gap of {gap} on average; end to end it takes {end}."
    )
    steps = [
        (1.1, f"It arrives and waits for its turn: {wait}."),
        (2.0, f"Its prompt is read: {reading}."),
        (2.4, f"With the first token the first clock stops: time to first token, {first}, the wait included."),
        (4.0, f"The other tokens follow, with a gap of {gap} on average: the inter-token latency."),
        (5.0, f"The last of {tokens} ends the request: end to end, {end}."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
