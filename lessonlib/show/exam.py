"""What an exam came to, and the learner's numbers across the course: two blocks that show the learner's own record."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from statistics import median
from typing import Any, ClassVar

from lessonlib.base.text import printable
from lessonlib.lesson.block import Block
from lessonlib.lesson.concepts import load_listing
from lessonlib.lesson.exam import Exam
from lessonlib.lesson.fragments import NAME, TEXT, Schema
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.judge import CLOSE, apart, times
from lessonlib.lesson.kinds.choice import Choice
from lessonlib.lesson.kinds.range import WIDE
from lessonlib.lesson.kinds.settings import AS_GOOD, Settings
from lessonlib.lesson.source import is_checkpoint, lesson_title
from lessonlib.lesson.views import DrawnView
from lessonlib.record.journal import Journal
from lessonlib.review.course_factors import LessonFactor, course_factors
from lessonlib.review.summary import RANGE, summarise
from lessonlib.show.score_card import still_open_html

_LINE_END = "\n"
#: The axis of the chart: from spot on to so many times off; what is further off stands at its end.
MOST = 10.0
_GOAL, _LINE = 'stroke-opacity="0.75" stroke-dasharray="5 4"', 'stroke-opacity="0.18"'


class ExamCard(Block):
    """Which set of the exam is drawn, and once all of it is revealed what it came to."""

    kind = "exam"
    sealed = False
    keys: ClassVar[Mapping[str, Schema]] = {"beside": NAME, "text": TEXT}

    def draw(self) -> DrawnView:
        """How many are committed; at the end the table, what it says, and the next set."""
        exam = self.lesson.exam
        if exam is None:
            return {"html": "<p>This lesson has no exam.</p>"}
        about = self.lesson.words.html(self.raw["text"], self.where)
        if not exam.over:
            return {"html": f"{about}<p><strong>Set {exam.name}.</strong> {_standing(exam)}</p>"}
        following = "ABCDEFGH"[(exam.drawn + 1) % len(exam.sets)]
        return {
            "html": f"<p><strong>Set {exam.name} is over.</strong> {_came_to(exam)}</p>{_table(exam, self.raw['beside'])}",
            "more": f"Take it again, with set {following}",
        }

    def draw_for_nobody(self) -> DrawnView | None:
        """What the exam is."""
        return {"html": self.lesson.words.html(self.raw["text"], self.where)}

    def handle(self, event: Mapping[str, Any]) -> bool:
        """Draw another set."""
        if event.get("event") != "more":
            return False
        self.lesson.take_again()
        return True


def _standing(exam: Exam) -> str:
    done = len(exam.items) - exam.left
    if exam.left:
        return f"{done} of {len(exam.items)} committed. Nothing opens before all are."
    return f"All {done} committed: reveal them one by one."


def _came_to(exam: Exam) -> str:
    """The median factor and what the ranges were worth, in words."""
    guesses = [pair for item in exam.items if item.step.guess for pair in _forecasts(item)]
    if not guesses:
        return "Nothing was forecast, so there is nothing to judge."
    off = median(apart(guess["value"], truth) for guess, truth in guesses)
    held = sum(guess["low"] <= truth <= guess["high"] for guess, truth in guesses)
    width = median(guess["high"] / guess["low"] for guess, _ in guesses)
    due = RANGE * len(guesses)
    worth = (
        "they were too narrow for what you know"
        if held < due
        else "so wide that they commit to little"
        if width > WIDE
        else "that is honest"
    )
    goal = "within" if off <= CLOSE else "beyond"
    return _settings_came_to(exam) + (
        f"Your median factor is <strong>{times(off)}</strong>, {goal} the {times(CLOSE)} of the checkpoint. Your ranges held {held} of {len(guesses)}; "
        f"ranges of 80 % hold about {due:.0f}, and yours span {times(width)} in the middle: {worth}."
    )


def _forecasts(item: StepItem) -> list[tuple[Mapping[str, Any], float]]:
    """Each forecast of a question with what came out; a choice forecasts nothing."""
    question, guess = item.step.question, item.step.guess or {}
    if isinstance(question, Choice):
        return []
    if isinstance(question, Settings):
        return [(typed, truth.base) for _, typed, truth, _ in question.verdicts(guess)]
    return [(guess, question.truth().base)]


def _settings_came_to(exam: Exam) -> str:
    """How many of the lines reach the best, and how many choices are right, where they were asked for."""
    lines = [
        item.step.question.judged(item.step.guess["line"]).of_best
        for item in exam.items
        if item.step.guess and isinstance(item.step.question, Settings)
    ]
    said = ""
    if lines:
        good = sum(share >= AS_GOOD for share in lines)
        said = f"Of {len(lines)} lines {good} reach nine tenths of the best found. "
    choices = [item.step for item in exam.items if item.step.guess and isinstance(item.step.question, Choice)]
    if choices:
        right = sum(bool(step.question.score(step.guess or {})["right"]) for step in choices)
        said += f"Of {len(choices)} choices {right} {'is' if right == 1 else 'are'} right. "
    return said


def _settings_table(exam: Exam, items: Sequence[StepItem], beside: str) -> str:
    """A row for each line: what it reaches, and its forecasts; the line itself stands in its panel."""
    asked = [one["label"] for one in items[0].raw["asks"]]
    head = "".join(
        f'<th scope="col">{escape(name)}</th>'
        for name in ("Service", "Your line reaches", *asked, "The card's line reaches")
    )
    rows = "".join(_settings_row(item, len(asked), beside) for item in items)
    return (
        f'<div class="ll-wide" role="group" aria-label="Exam" tabindex="0"><table class="ll-score ll-exam"><caption>Set {exam.name}, of the best line found, and forecasts against your own run</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _settings_row(item: StepItem, asked: int, beside: str) -> str:
    question, guess = item.step.question, item.step.guess
    cells = ["skipped", *["–"] * asked]
    if guess and isinstance(question, Settings):
        cells = [f"{100 * question.judged(guess['line']).of_best:.0f} %"]
        for _, typed, truth, verdict in question.verdicts(guess):
            held = "held" if verdict.held else "missed"
            cells.append(f"{truth}\nyours {typed['text']}, {_off(verdict.factor)}\nrange {held}")
    told = "".join(f"<td>{escape(cell).replace(_LINE_END, '<br>')}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(printable(question.words.lab.title))}</th>{told}<td>{escape(str(question.number(beside)))}</td></tr>'


def _off(factor: float) -> str:
    off = apart(factor, 1.0)
    return "spot on" if off < 1.005 else f"{times(off)} {'high' if factor > 1 else 'low'}"


def _table(exam: Exam, beside: str) -> str:
    """A table for each kind of question that the exam has: lines, forecasts, choices."""
    lines, choices = (
        [item for item in exam.items if item.raw["kind"] == kind] for kind in (Settings.kind, Choice.kind)
    )
    numbers = [item for item in exam.items if item not in lines and item not in choices]
    return (
        (_settings_table(exam, lines, beside) if lines else "")
        + (_numbers_table(exam, numbers, beside) if numbers else "")
        + (_choices_table(exam, choices) if choices else "")
    )


def _choices_table(exam: Exam, items: Sequence[StepItem]) -> str:
    """A row for each choice: what was chosen, and what is so."""
    head = "".join(f'<th scope="col">{name}</th>' for name in ("About", "You said", "What is so"))
    return (
        f'<div class="ll-wide" role="group" aria-label="Exam, choices" tabindex="0"><table class="ll-score ll-exam ll-choices"><caption>Set {exam.name}, choices</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(map(_choice_row, items))}</tbody></table></div>"
    )


def _choice_row(item: StepItem) -> str:
    question, guess = item.step.question, item.step.guess
    said = "skipped"
    if guess:
        said = next(option["html"] for option in question.ask()["options"] if option["key"] == guess["key"])
        said = f"{'✓' if question.score(guess)['right'] else '✗'} {said}"
    return f'<tr><th scope="row">{escape(printable(question.words.lab.title))}</th><td>{said}</td><td>{question.truth()}</td></tr>'


def _numbers_table(exam: Exam, items: Sequence[StepItem], beside: str) -> str:
    """A row for each forecast."""
    head = "".join(
        f'<th scope="col">{name}</th>'
        for name in ("System", "Your forecast", "Your range", "What came out", "Off", "By the card")
    )
    return (
        f'<div class="ll-wide" role="group" aria-label="Exam" tabindex="0"><table class="ll-score ll-exam"><caption>Set {exam.name}, forecast and truth</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(_row(item, beside) for item in items)}</tbody></table></div>"
    )


def _row(item: StepItem, beside: str) -> str:
    question, guess = item.step.question, item.step.guess
    truth, card = question.truth(), question.number(beside)
    cells = ["skipped", "–", "–"]
    if guess:
        factor = guess["value"] / truth.base
        held = "held" if guess["low"] <= truth.base <= guess["high"] else "missed"
        cells = [
            escape(question.guess_view(guess)["shown"]),
            f"{escape(guess['low_text'])} to {escape(guess['high_text'])}, {held}",
            _off(factor),
        ]
    return (
        f'<tr><th scope="row">{escape(printable(question.words.lab.title))}</th><td>{cells[0]}</td><td>{cells[1]}</td>'
        f"<td>{escape(str(truth))}</td><td>{cells[2]}</td><td>{escape(str(card))}, {times(apart(float(card), float(truth)))}</td></tr>"
    )


class CourseChart(Block):
    """How far off the learner's numbers were, lesson by lesson, and which misconceptions are still open."""

    kind = "chart"
    sealed = False
    subtitle = "your numbers across the course"

    def draw(self) -> DrawnView:
        """The chart, its table, and the open misconceptions."""
        journal = self.lesson.journal
        attempts = journal.attempts() if isinstance(journal, Journal) else []
        listing = load_listing()
        met = summarise(attempts)
        return {"html": factors_html(course_factors(attempts)) + still_open_html(met, listing.misconceptions)}

    def draw_for_nobody(self) -> DrawnView | None:
        """That it is drawn from a journal."""
        return {"html": factors_html(())}


def factors_html(found: Sequence[LessonFactor]) -> str:
    """The chart and the same as a table."""
    if not found:
        return "<p>No number of yours is in the journal yet. Each lesson puts a dot here: the median of how far off its numbers were.</p>"
    rows = "".join(
        f'<tr><th scope="row">{escape(_name(one))}</th><td>{times(one.median)}</td><td>{one.numbers}</td></tr>'
        for one in found
    )
    table = (
        '<details><summary>As a table</summary><table class="ll-score"><thead><tr><th scope="col">Lesson</th><th scope="col">median factor</th>'
        f'<th scope="col">numbers</th></tr></thead><tbody>{rows}</tbody></table></details>'
    )
    return _chart(found) + table


def _name(one: LessonFactor) -> str:
    title = lesson_title(one.lesson)
    return f"{title}, exam" if one.exam else title


def _short(one: LessonFactor) -> str:
    if not is_checkpoint(one.lesson):
        return one.lesson[:2].lstrip("0") or "0"
    return f"{'E' if one.exam else 'C'}{one.lesson.rpartition('-')[2]}"


def _chart(found: Sequence[LessonFactor]) -> str:
    """A dot for each lesson: how far off its numbers were in the middle, on a log axis; further down is nearer to the truth."""
    left, right, top, bottom = 46.0, 12.0, 12.0, 158.0
    step = (480 - left - right) / max(len(found), 6)

    def x(place: int) -> float:
        return left + step * (place + 0.5)

    def y(factor: float) -> float:
        return bottom - (bottom - top) * math.log10(min(factor, MOST)) / math.log10(MOST)

    grid = "".join(
        f'<line x1="{left}" x2="{480 - right}" y1="{y(at):.1f}" y2="{y(at):.1f}" stroke="currentColor" {_GOAL if at == CLOSE else _LINE}/>'
        f'<text x="{left - 6}" y="{y(at) + 4:.1f}" text-anchor="end">×{at:g}</text>'
        for at in (1.0, CLOSE, 2.0, 5.0, 10.0)
    )
    path = "".join(f"{'L' if place else 'M'}{x(place):.1f} {y(one.median):.1f}" for place, one in enumerate(found))
    dots = "".join(_dot(x(place), y(one.median), one) for place, one in enumerate(found))
    last, first = found[-1], found[0]
    alt = (
        f"Median factor off, for {len(found)} of the course's parts: {times(first.median)} in {_name(first)}, "
        f"{times(last.median)} in {_name(last)}; the dashed line is {times(CLOSE)}."
    )
    return (
        f'<figure class="ll-strip"><svg viewBox="0 0 480 186" role="img" aria-label="{escape(alt, quote=True)}" fill="currentColor">{grid}'
        f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="1.6" stroke-opacity="0.6"/>{dots}</svg>'
        f"<figcaption>How far off your numbers were in the middle, lesson by lesson. The lower, the nearer to the truth. Dashed: {times(CLOSE)}. "
        f"C1, C2: the checkpoints; ◆ E1, E2: their exams.</figcaption></figure>"
    )


def _dot(x: float, y: float, one: LessonFactor) -> str:
    mark = (
        f'<path d="M{x:.1f} {y - 7:.1f} l7 7 l-7 7 l-7 -7 z"/>'
        if one.exam
        else f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    )
    return f'{mark}<text x="{x:.1f}" y="178" text-anchor="middle">{_short(one)}</text>'
