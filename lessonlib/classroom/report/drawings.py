"""The drawings of a report: bars of both rounds, who changed to what, and how hard questions are. Each says its finding in
words, and a table with the same numbers stands beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from lessonlib.classroom.report.figures import Switches
from lessonlib.classroom.report.parts import share
from lessonlib.draw.marks import circle, line, path, points, rect, text

#: The look of the marks. The first round is an outline and the second is filled, so that no colour is needed to tell them.
STYLE = """
body { max-width: 64rem; } main > p, main > ul { max-width: 46rem; } h2 small { font-weight: 400; } .beside { display: grid; gap: 0 2rem; align-items: start; } .beside > * { min-width: 0; }
@media (min-width: 56rem) { .beside { grid-template-columns: 26rem 1fr; } }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
svg text { fill: var(--ink); } .bar-first { fill: var(--wash); stroke: var(--first); stroke-width: 1.6; } .bar-second { fill: var(--second); }
.axis { stroke: var(--line); } .middle { fill: var(--wash); stroke: var(--line); } .interval { stroke: var(--first); stroke-width: 3; } .dot { fill: var(--first); stroke: var(--page); stroke-width: 1.5; }
.stay { fill: var(--soft); fill-opacity: .3; } .won { fill: var(--true); fill-opacity: .85; } .lost { fill: none; stroke: var(--second); stroke-width: 1.6; stroke-dasharray: 5 4; } .block { fill: var(--soft); }
"""

_WIDTH, _LEFT, _RIGHT = 480.0, 34.0, 56.0
_ACROSS = _WIDTH - _LEFT - _RIGHT


class BarRow(NamedTuple):
    """A row of bars. label: short, as in the table beside it. true: it is marked as the true answer."""

    label: str
    first: float | None
    second: float | None
    true: bool = False


def bars(
    rows: Sequence[BarRow],
    alt: str,
    twice: bool,
    true: str = "what is true",
    end: str = "second vote",
    begin: str = "first vote",
) -> str:
    """A bar for each round of each row, from 0 to 100 %. ``twice``: whether there was a second round; ``true``: what a row
    that is marked ✓ is; ``begin``, ``end``: what the rounds are called.
    """
    high = 34.0 if twice else 22.0
    marks = _ticks(len(rows) * high + 6)
    for number, row in enumerate(rows):
        top = 6 + number * high
        marks.append(text(_LEFT - 8, top + high / 2, f"{'✓ ' * row.true}{row.label}", at="end"))
        marks += _bar(top + 1, row.first, "bar-first")
        if twice:
            marks += _bar(top + 15, row.second, "bar-second")
    legend = f" □ {begin}, ■ {end}." if twice else ""
    marked = f" ✓ {true}." if any(row.true for row in rows) else ""
    return _figure(marks, len(rows) * high + 28, alt, f"{alt}{legend}{marked}")


def _bar(top: float, part: float | None, look: str) -> list[str]:
    if part is None:
        return [text(_LEFT + 4, top + 11, "too few to tell", at="start")]
    bar = [rect(_LEFT, top, _ACROSS * part, 12, look, 2)] if part else []
    return [*bar, text(_LEFT + _ACROSS * part + 5, top + 11, share(part), at="start")]


def _ticks(bottom: float) -> list[str]:
    marks = []
    for tenth in (0, 2, 4, 6, 8, 10):
        x = _LEFT + _ACROSS * tenth / 10
        marks += [line(x, 0, x, bottom, "axis"), text(x, bottom + 16, share(tenth / 10) if tenth else "0")]
    return marks


def difficulty(rows: Sequence[tuple[str, float, float, float]], alt: str) -> str:
    """For each question (label, share right, low, high) a dot with its interval; where a class splits is shaded."""
    high = 22.0
    bottom = len(rows) * high + 6
    marks = [rect(_LEFT + 0.4 * _ACROSS, 0, 0.2 * _ACROSS, bottom, "middle", 0), *_ticks(bottom)]
    for number, (label, right, low, up) in enumerate(rows):
        y = 6 + (number + 0.5) * high
        marks += [
            text(_LEFT - 8, y + 4, label, at="end"),
            line(_LEFT + low * _ACROSS, y, _LEFT + up * _ACROSS, y, "interval"),
            circle(_LEFT + right * _ACROSS, y, 5, "dot"),
        ]
    return _figure(marks, bottom + 22, alt, f"{alt} The line is the 95 % interval; shaded: 40 to 60 %.")


def changes(found: Switches, alt: str) -> str:
    """From what to what the voters of both rounds went: as wide as they are many."""
    stayed, won, lost, still = found["right_right"], found["wrong_right"], found["right_wrong"], found["wrong_wrong"]
    voters, before, after = stayed + won + lost + still, stayed + lost, stayed + won
    unit, gap, top = 110 / voters, 16.0, 8.0
    low_before, low_after = top + before * unit + gap, top + after * unit + gap
    marks = [
        _band(top, top, stayed * unit, "stay"),
        _band(low_before + won * unit, low_after + lost * unit, still * unit, "stay"),
        _band(low_before, top + stayed * unit, won * unit, "won"),
        _band(top + stayed * unit, low_after, lost * unit, "lost"),
        *_block(110, top, before * unit, f"right {before}", "end"),
        *_block(110, low_before, (voters - before) * unit, f"wrong {voters - before}", "end"),
        *_block(358, top, after * unit, f"right {after}", "start"),
        *_block(358, low_after, (voters - after) * unit, f"wrong {voters - after}", "start"),
    ]
    return _figure(marks, 142, alt, f"{alt} Left: the first vote, right: the second. Dashed: away from what is true.")


def _block(x: float, y: float, high: float, words: str, at: str) -> list[str]:
    """A block of voters with its words on the outer side; nothing where there are none."""
    beside = x - 8 if at == "end" else x + 20
    return [rect(x, y, 12, high, "block", 1), text(beside, y + high / 2 + 4, words, at=at)] if high else []


def _band(left: float, right: float, thick: float, look: str) -> str:
    """A band from the left blocks to the right ones; nothing where nobody went."""
    if not thick:
        return ""
    over = f"M{points(122, left)} C{points(240, left, 240, right, 358, right)}"
    back = f"L{points(358, right + thick)} C{points(240, right + thick, 240, left + thick, 122, left + thick)} Z"
    return path(f"{over} {back}", look)


def _figure(marks: Sequence[str], height: float, alt: str, caption: str) -> str:
    box = f'viewBox="0 0 {_WIDTH:.0f} {height:.0f}" role="img" aria-label="{escape(alt, quote=True)}"'
    return f"<figure><svg {box}>{''.join(marks)}</svg><figcaption>{escape(caption)}</figcaption></figure>"
