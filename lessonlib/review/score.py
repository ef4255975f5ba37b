"""The score card of a lesson: what was guessed, what was true, in plain words. Never a grade."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from lessonlib.lesson.judge import times
from lessonlib.lesson.question import CONFIDENCE
from lessonlib.review.scorecard import card_html
from lessonlib.review.tally import Outcome, tally

if TYPE_CHECKING:
    from lessonlib.lesson.items import StepItem
    from lessonlib.lesson.lesson import Lesson


def score_html(lesson: Lesson) -> str:
    """How many were made; how far off and how sure; then a table with a row for each prediction."""
    judged = [item for item in lesson.asked if item.step.question.sure]
    made = tally([_as_outcome(lesson.name, item) for item in judged if outcome(item)])
    rows = "".join(_row(item) for item in judged)
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Prediction", "Your guess", "How sure", "What came out"))
    return (
        f'<p>{len(judged)} predictions in this lesson.</p>{card_html(made)}<table class="ll-score"><caption>Your predictions in this lesson</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{_confident_misses(judged)}"
    )


def outcome(item: StepItem) -> dict[str, Any]:
    """What the journal would say of a judged guess: right, factor, misconception; empty if there is none yet."""
    step = item.step
    return step.question.score(step.guess) if step.revealed and step.guess is not None else {}


def _as_outcome(lesson: str, item: StepItem) -> Outcome:
    found = outcome(item)
    return Outcome(
        lesson,
        item.id,
        None,
        item.step.confidence,
        bool(found["right"]),
        found.get("factor"),
        found.get("held"),
        found.get("misconception"),
    )


def _row(item: StepItem) -> str:
    step, found = item.step, outcome(item)
    sure = CONFIDENCE[step.confidence] if step.confidence is not None else "–"
    cells = (
        f'<th scope="row">{escape(item.title.split(" · ")[0])}</th>',
        f"<td>{_guessed(item)}</td>",
        f"<td>{sure}</td>",
        f"<td>{_came_out(item, found)}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>"


def _guessed(item: StepItem) -> str:
    step = item.step
    if step.guess is None:
        return "skipped" if step.skipped else "not yet"
    if "key" in step.guess:
        return next(option["html"] for option in step.question.ask()["options"] if option["key"] == step.guess["key"])
    if "y" in step.guess:
        return "a curve"
    unit = step.question.ask()["unit"]
    text = step.guess["text"]
    return escape(text if unit in text or not text[-1:].isdigit() else f"{text} {unit}".strip())


def _came_out(item: StepItem, found: dict[str, Any]) -> str:
    if not item.step.revealed:
        return "not revealed"
    if not found:
        return "not attempted"
    if found["right"]:
        return "✓ right"
    if "factor" in found:
        factor = found["factor"]
        side = "" if item.step.question.kind == "curve" else " too high" if factor > 1 else " too low"
        return f"{times(max(factor, 1 / factor))}{' off' if not side else side}"
    return "✗ another idea: " + escape(found["misconception"].replace("-", " "))


def _confident_misses(judged: list[StepItem]) -> str:
    missed = [item for item in judged if item.step.confidence == 2 and outcome(item) and not outcome(item)["right"]]
    if not missed:
        return ""
    names = ", ".join(escape(item.title.split(" · ")[0].lower()) for item in missed)
    return (
        f"<p>You were certain and it came out otherwise at {names}. Surprises like these are corrected best, "
        "and come back if they are not asked again: look at them tomorrow.</p>"
    )
