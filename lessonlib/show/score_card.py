"""The score card: what was guessed and what came out, in words, with a drawing and the table beside it. Never a grade."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from lessonlib.lesson.concepts import load_listing
from lessonlib.lesson.items import BlockItem, StepItem
from lessonlib.lesson.judge import apart, band_limits, band_of, times
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.question import CONFIDENCE
from lessonlib.lesson.source import lesson_names
from lessonlib.lesson.written import Write
from lessonlib.record.attempts import Attempt, attempts_of
from lessonlib.record.event import events_of
from lessonlib.review.summary import CLAIMED, RANGE, Summary, summarise

#: The axis of factors runs this far to both sides; what is further off stands at its end.
MOST = 100.0
#: So many dots stand on one another before the column is full, and so many have room above the axis without more height.
HIGHEST, USUAL = 16, 7

# --- of a lesson --------------------------------------------------------------------------------------------------


def score_html(lesson: Lesson) -> str:
    """How many were made; how far off and how sure; then a table with a row for each prediction."""
    asked = [(item, _attempt(lesson, item)) for item in lesson.asked if item.step.question.sure]
    made, beliefs = summarise(attempt for _, attempt in asked if attempt), _beliefs(lesson)
    rows = "".join(_row(item, attempt, beliefs) for item, attempt in asked)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Prediction", "Your guess", "How sure", "What came out"))
    missed = [item for item, attempt in asked if attempt and attempt.certain_miss]
    whole = f"<p>{len(asked)} predictions in this lesson.</p>" if made.guesses < len(asked) else ""
    return (
        f'{whole}{summary_html(made, beliefs=beliefs)}<table class="ll-score ll-guesses"><caption>Your predictions in this lesson</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{_certain_misses(missed)}{_written(lesson)}"
    )


def _beliefs(lesson: Lesson) -> Mapping[str, str]:
    """What each misconception holds, for a lesson of the course; one of somebody's own is told by the names it gives them."""
    return load_listing().misconceptions if lesson.name in lesson_names() else {}


def _believed(name: str, beliefs: Mapping[str, str]) -> str:
    """A misconception in its own words, or its name in words."""
    return escape(beliefs.get(name) or name.replace("-", " "))


def _written(lesson: Lesson) -> str:
    """How many functions of one's own are within 1 %, where a lesson asks for some; a closed one is not told apart."""
    items = [item for item in lesson.items.values() if isinstance(item, BlockItem) and isinstance(item.block, Write)]
    finished = sum(not item.lock and item.block.finished for item in items if isinstance(item.block, Write))
    if not items:
        return ""
    return f"<p>{len(items)} function{'s' * (len(items) != 1)} of your own to write, {finished} of them within 1 %.</p>"


def _attempt(lesson: Lesson, item: StepItem) -> Attempt | None:
    """The attempt as the journal would tell it, if it is revealed; a lesson also has a score where no journal is kept."""
    step = item.step
    if not step.revealed or step.guess is None:
        return None
    address = {"lesson": lesson.name, "question": item.id, "hash": "", "lab": lesson.lab.name, "event": "reveal"}
    record = {**address, "confidence": step.confidence, **step.question.score(step.guess)}
    return attempts_of(events_of([record]))[0]


def _row(item: StepItem, attempt: Attempt | None, beliefs: Mapping[str, str]) -> str:
    sure = CONFIDENCE[item.step.confidence] if item.step.confidence is not None else "–"
    cells = (
        f'<th scope="row">{escape(_short_title(item))}</th>',
        f"<td>{_guessed(item)}</td>",
        f"<td>{sure}</td>",
        f"<td>{_came_out(item, attempt, beliefs)}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>"


def _short_title(item: StepItem) -> str:
    return item.title.split(" · ")[0]


def _guessed(item: StepItem) -> str:
    step = item.step
    if step.guess is None:
        return "skipped" if step.skipped else "not yet"
    if "key" in step.guess:
        return next(option["html"] for option in step.question.ask()["options"] if option["key"] == step.guess["key"])
    if step.question.kind == "curve":
        return "a curve"
    return escape(step.question.guess_view(step.guess)["shown"])


def _came_out(item: StepItem, attempt: Attempt | None, beliefs: Mapping[str, str]) -> str:
    if not item.step.revealed:
        return "not revealed"
    if attempt is None:
        return "not attempted"
    if attempt.right:
        return "✓ right"
    if attempt.factor is not None:
        side = (
            "off" if item.step.question.kind in ("curve", "place") else "too high" if attempt.factor > 1 else "too low"
        )
        return f"{times(apart(attempt.factor, 1))} {side}"
    return f"✗ another idea: {_believed(attempt.misconception or '', beliefs)}"


def _certain_misses(missed: Sequence[StepItem]) -> str:
    if not missed:
        return ""
    names = ", ".join(escape(_short_title(item).lower()) for item in missed)
    return (
        f"<p>You were certain and it came out otherwise at {names}. Surprises like these are corrected best, "
        "and come back if they are not asked again: look at them tomorrow.</p>"
    )


# --- of any number of guesses -------------------------------------------------------------------------------------


def summary_html(found: Summary, spent_minutes: float | None = None, beliefs: Mapping[str, str] | None = None) -> str:
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


def _sentences(found: Summary, spent_minutes: float | None) -> list[str]:
    words = [f"{found.guesses} prediction{'s' * (found.guesses != 1)} made, {found.right} of them right."]
    if found.factors:
        off = _typical(found.factors)
        words.append(
            f"Your numbers were typically {times(off)} off."
            if not _spot_on(off)
            else f"Your numbers were typically spot on, {_NEAR}."
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
    off = sorted(apart(factor, 1) for factor in factors)
    return off[len(off) // 2]


def _spot_on(factor: float) -> bool:
    return band_of(apart(factor, 1)) == 0


#: how far a number may be off to be spot on, in words
_NEAR = f"within {100 * (band_limits()[0] - 1):.0f} %"


# --- how far off --------------------------------------------------------------------------------------------------


def _factors(factors: Sequence[float]) -> str:
    if not factors:
        return ""
    rows = ""
    for band, name in enumerate((_NEAR, *(f"up to {times(most)}" for most in band_limits()[1:-1]), "more")):
        here = [factor for factor in factors if band_of(apart(factor, 1)) == band]
        low, high = (sum(factor < 1 for factor in here), sum(factor > 1 for factor in here)) if band else (0, 0)
        rows += f'<tr><th scope="row">{name}</th><td>{low or ""}</td><td>{len(here)}</td><td>{high or ""}</td></tr>'
    table = (
        '<table class="ll-score"><caption>How far off your numbers were</caption><thead><tr><th scope="col">off by</th>'
        f'<th scope="col">too low</th><th scope="col">in all</th><th scope="col">too high</th></tr></thead><tbody>{rows}</tbody></table>'
    )
    return _strip(factors) + f"<details><summary>As a table</summary>{table}</details>"


def _strip(factors: Sequence[float]) -> str:
    """Each number as a dot on a log axis of guess over truth; dots that would cover each other are stacked."""
    ticks = [(0.01, "÷100"), (0.1, "÷10"), (0.5, "÷2"), (1.0, "true"), (2.0, "×2"), (10.0, "×10"), (100.0, "×100")]
    heights: dict[int, int] = {}
    places = []
    for factor in sorted(factors):
        x = _x(min(MOST, max(1 / MOST, factor)))
        column = round(x / 9)
        heights[column] = heights.get(column, 0) + 1
        if heights[column] <= HIGHEST:
            places.append((x, heights[column], _spot_on(factor)))
    foot = 78 + 9 * max(0, min(HIGHEST, max(heights.values())) - USUAL)
    dots = [_dot(x, foot - 4 - 9 * height, spot_on) for x, height, spot_on in places]
    lines = "".join(
        f'<line x1="{_x(at):.1f}" x2="{_x(at):.1f}" y1="8" y2="{foot}" stroke="currentColor" stroke-opacity="{0.7 if at == 1 else 0.2}"/>'
        f'<text x="{_x(at):.1f}" y="{foot + 16}" text-anchor="middle">{name}</text>'
        for at, name in ticks
    )
    covered = len(factors) - len(dots)
    more = (
        f" {covered} more stand{'s' * (covered == 1)} on full columns and {'is' if covered == 1 else 'are'} not drawn."
        if covered
        else ""
    )
    off = [factor for factor in factors if not _spot_on(factor)]
    low, high = sum(factor < 1 for factor in off), sum(factor > 1 for factor in off)
    alt = (
        f"{len(factors)} numbers on a log axis of guess over truth: {len(factors) - low - high} {_NEAR}, {low} too low, {high} too high; "
        f"typically {times(_typical(factors))} off."
    )
    return (
        f'<figure class="ll-strip"><svg viewBox="0 0 480 {foot + 22}" role="img" aria-label="{escape(alt, quote=True)}" fill="currentColor">'
        f"{lines}{''.join(dots)}</svg><figcaption>Each number you guessed, over the truth. ● {_NEAR}, ◇ further off.{more}</figcaption></figure>"
    )


def _x(factor: float) -> float:
    return 240 + 220 * math.log10(factor) / math.log10(MOST)


def _dot(x: float, y: float, spot_on: bool) -> str:
    if spot_on:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    return f'<path d="M{x:.1f} {y - 4.5:.1f} l4.5 4.5 l-4.5 4.5 l-4.5 -4.5 z" fill="none" stroke="currentColor" stroke-width="1.6"/>'


# --- how sure -----------------------------------------------------------------------------------------------------


def _confidence(found: Summary) -> str:
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
        f'<th scope="col">right</th><th scope="col">share</th></tr></thead><tbody>{rows}</tbody></table><p>{_certainty(said)} '
        f"<small>Brier score {found.brier:.2f}: 0 is perfect foresight, 0.25 is what saying “fifty-fifty” every time gives.</small></p>"
    )


def _certainty(said: Sequence[tuple[int, int, int]]) -> str:
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


def still_open_html(found: Summary, beliefs: Mapping[str, str]) -> str:
    """The misconceptions that were met and that no later right answer cleared, each in its own words."""
    still = {name: count for name, count in found.met.items() if name not in found.cleared}
    if not found.guesses:
        return ""
    if not still:
        return "<p>No misconception that you met is still open.</p>"
    rows = "".join(
        f"<li>{_believed(name, beliefs)} <small>met {count} time{'s' * (count != 1)}</small></li>"
        for name, count in sorted(still.items(), key=lambda entry: (-entry[1], entry[0]))
    )
    return (
        f"<p><strong>Still open</strong>, until the same question comes out right (the review asks):</p><ul>{rows}</ul>"
    )


def _met(found: Summary, beliefs: Mapping[str, str]) -> str:
    if not found.met:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{_believed(name, beliefs)}</th><td>{count}</td><td>{"✓ cleared" if name in found.cleared else "still open"}</td></tr>'
        for name, count in sorted(found.met.items(), key=lambda entry: (entry[0] in found.cleared, -entry[1], entry[0]))
    )
    return (
        '<table class="ll-score ll-met"><caption>Ideas you met that are not so</caption><thead><tr><th scope="col">the idea</th><th scope="col">times</th>'
        f'<th scope="col">since</th></tr></thead><tbody>{rows}</tbody></table>'
    )
