"""The numbers behind the score card in words, with a drawing and the table beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from lessonlib.lesson.judge import times
from lessonlib.lesson.question import CONFIDENCE
from lessonlib.review.tally import CLAIMED, RANGE, Tally

#: The axis of factors runs this far to both sides; what is further off stands at its end.
MOST = 100.0
#: So many dots stand on one another before the column is full.
HIGHEST = 7


def card_html(found: Tally, spent_minutes: float | None = None, beliefs: Mapping[str, str] | None = None) -> str:
    """Sentences first, then how far off the numbers were and what "certain" was worth, each with its table."""
    if not found.guesses:
        return "<p>No prediction revealed yet. A skipped question counts as not attempted, never as wrong.</p>"
    parts = [
        f"<p>{' '.join(_sentences(found, spent_minutes))}</p>",
        _factors(found.factors),
        _confidence(found),
        _met(found, beliefs or {}),
    ]
    return "".join(parts)


def _sentences(found: Tally, spent_minutes: float | None) -> list[str]:
    words = [f"{found.guesses} prediction{'s' * (found.guesses != 1)} made, {found.right} of them right."]
    if found.factors:
        off = _typical(found.factors)
        words.append(
            f"Your numbers were typically {times(off)} off."
            if off > 1.1
            else "Your numbers were typically spot on, within 10 %."
        )
    asked, held = found.ranges
    if asked:
        words.append(
            f"Of {asked} range{'s' * (asked != 1)}, {held} held the truth; an honest {RANGE:.0%} range does so four times in five.".replace(
                "80%", "80 %"
            )
        )
    if spent_minutes is not None and spent_minutes >= 1:
        words.append(f"About {spent_minutes:.0f} minutes went into it, longer pauses left out.")
    return words


def _typical(factors: Sequence[float]) -> float:
    """The median of how far off, whichever side."""
    off = sorted(max(factor, 1 / factor) for factor in factors)
    return off[len(off) // 2]


# --- how far off --------------------------------------------------------------------------------------------------


def _factors(factors: Sequence[float]) -> str:
    if not factors:
        return ""
    bands = [
        ("within 10 %", 1.0, 1.1),
        ("up to ×1.25", 1.1, 1.25),
        ("up to ×2", 1.25, 2.0),
        ("up to ×10", 2.0, 10.0),
        ("more", 10.0, math.inf),
    ]
    rows = []
    for name, low, high in bands:
        low_side = sum(1 / high <= factor < 1 / low for factor in factors) if low > 1 else 0
        high_side = sum(low < factor <= high for factor in factors) if low > 1 else 0
        near = sum(max(factor, 1 / factor) <= high for factor in factors) if low == 1 else low_side + high_side
        rows.append(
            f'<tr><th scope="row">{name}</th><td>{low_side or ""}</td><td>{near}</td><td>{high_side or ""}</td></tr>'
        )
    table = (
        '<table class="ll-score"><caption>How far off your numbers were</caption><thead><tr><th scope="col">off by</th>'
        f'<th scope="col">too low</th><th scope="col">in all</th><th scope="col">too high</th></tr></thead><tbody>{"".join(rows)}</tbody></table>'
    )
    return _strip(factors) + f"<details><summary>As a table</summary>{table}</details>"


def _strip(factors: Sequence[float]) -> str:
    """Each number as a dot on a log axis of guess over truth; dots that would cover each other are stacked."""
    ticks = [(0.01, "÷100"), (0.1, "÷10"), (0.5, "÷2"), (1.0, "true"), (2.0, "×2"), (10.0, "×10"), (100.0, "×100")]
    lines = "".join(
        f'<line x1="{_x(at):.1f}" x2="{_x(at):.1f}" y1="8" y2="78" stroke="currentColor" stroke-opacity="{0.7 if at == 1 else 0.2}"/>'
        f'<text x="{_x(at):.1f}" y="94" text-anchor="middle">{name}</text>'
        for at, name in ticks
    )
    heights: dict[int, int] = {}
    dots = []
    for factor in sorted(factors):
        x = _x(min(MOST, max(1 / MOST, factor)))
        column = round(x / 9)
        heights[column] = heights.get(column, 0) + 1
        shape = "right" if 1 / 1.1 <= factor <= 1.1 else "off"
        if heights[column] <= HIGHEST:
            dots.append(_dot(x, 74 - 9 * heights[column], shape))
    covered = len(factors) - len(dots)
    more = (
        f" {covered} more stand{'s' * (covered == 1)} on full columns and {'is' if covered == 1 else 'are'} not drawn."
        if covered
        else ""
    )
    low, high = sum(factor < 1 / 1.1 for factor in factors), sum(factor > 1.1 for factor in factors)
    alt = (
        f"{len(factors)} numbers on a log axis of guess over truth: {len(factors) - low - high} within 10 %, {low} too low, {high} too high; "
        f"typically {times(_typical(factors))} off."
    )
    return (
        f'<figure class="ll-strip"><svg viewBox="0 0 480 100" role="img" aria-label="{escape(alt, quote=True)}" fill="currentColor">'
        f"{lines}{''.join(dots)}</svg><figcaption>Each number you guessed, over the truth. ● within 10 %, ◇ further off.{more}</figcaption></figure>"
    )


def _x(factor: float) -> float:
    return 240 + 220 * math.log10(factor) / math.log10(MOST)


def _dot(x: float, y: float, shape: str) -> str:
    if shape == "right":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    return f'<path d="M{x:.1f} {y - 4.5:.1f} l4.5 4.5 l-4.5 4.5 l-4.5 -4.5 z" fill="none" stroke="currentColor" stroke-width="1.6"/>'


# --- how sure -----------------------------------------------------------------------------------------------------


def _confidence(found: Tally) -> str:
    said = [(level, guesses, right) for level, (guesses, right) in enumerate(found.levels) if guesses]
    if not said or found.brier is None:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{CONFIDENCE[level]}</th><td>{CLAIMED[level]:.0%}</td><td>{right} of {guesses}</td><td>{right / guesses:.0%}</td></tr>'.replace(
            "%</td>", " %</td>"
        )
        for level, guesses, right in said
    )
    return (
        f'<table class="ll-score"><caption>What your certainty was worth</caption><thead><tr><th scope="col">you said</th><th scope="col">taken to claim</th>'
        f'<th scope="col">right</th><th scope="col">share</th></tr></thead><tbody>{rows}</tbody></table><p>{_verdict(said)} '
        f"<small>Brier score {found.brier:.2f}: 0 is perfect foresight, 0.25 is what saying “fifty-fifty” every time gives.</small></p>"
    )


def _verdict(said: Sequence[tuple[int, int, int]]) -> str:
    """One sentence on the level that says most: the surest one that was used often enough."""
    for level, guesses, right in reversed(said):
        if guesses >= 4:
            share, claimed = right / guesses, CLAIMED[level]
            if share < claimed - 0.15:
                return f"When you say “{CONFIDENCE[level]}” you are right less often than that sounds: a pause before you say it pays."
            if share > claimed + 0.15:
                return f"When you say “{CONFIDENCE[level]}” you are right more often than that sounds: you may trust yourself more."
            return f"“{CONFIDENCE[level].capitalize()}” is well chosen: it comes out about as often as it sounds."
    return "Too few guesses yet to say how well you know what you know."


def _met(found: Tally, beliefs: Mapping[str, str]) -> str:
    if not found.met:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(beliefs.get(name) or name.replace("-", " "))}</th><td>{count}</td><td>{"✓ cleared" if name in found.cleared else "still open"}</td></tr>'
        for name, count in sorted(found.met.items(), key=lambda entry: (entry[0] in found.cleared, -entry[1], entry[0]))
    )
    return (
        '<table class="ll-score ll-met"><caption>Ideas you met that are not so</caption><thead><tr><th scope="col">the idea</th><th scope="col">times</th>'
        f'<th scope="col">since</th></tr></thead><tbody>{rows}</tbody></table>'
    )
