"""The way through the course: its parts, what each lesson takes, what it took this learner, and what is only planned."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from lessonlib.lesson.course_plan import Part, PlannedLesson
from lessonlib.review.pace import Pace


def way_html(parts: Iterable[Part], pace: Pace) -> str:
    """One list a part. A lesson that was taken says the learner's own minutes beside those of the formula."""
    return f'<div class="ll-way">{"".join(_part(part, pace) for part in parts)}<p>{_sentence(pace)}</p></div>'


def way_text(parts: Iterable[Part], pace: Pace) -> str:
    """The same as plain text: a line for each part."""
    lines = []
    for part in parts:
        told = [f"{_called(one)} ({_minutes(one, pace)})" for one in part.lessons if not one.planned]
        planned = [_called(one) for one in part.lessons if one.planned]
        lines.append(f"{part.title}: {'; '.join(told + (['planned: ' + ', '.join(planned)] if planned else []))}")
    return "\n".join([*lines, _sentence(pace)])


def _part(part: Part, pace: Pace) -> str:
    rows = "".join(
        f'<li><a href="{escape(one.name)}.ipynb" target="_blank">{escape(_called(one))}</a><span>{_minutes(one, pace)}</span></li>'
        for one in part.lessons
        if not one.planned
    )
    planned = ", ".join(escape(_called(one)) for one in part.lessons if one.planned)
    later = f'<p class="ll-way-planned"><b>Planned:</b> {planned}</p>' if planned else ""
    return f"<section><h4>{escape(part.title)}</h4>{f'<ol>{rows}</ol>' if rows else ''}{later}</section>"


def _called(one: PlannedLesson) -> str:
    """Its number and title, such as 3 · The roofline; a checkpoint has no number."""
    number = one.name[:2]
    return f"{int(number)} · {one.title}" if number.isdigit() else one.title


def _minutes(one: PlannedLesson, pace: Pace) -> str:
    formula = f"{one.minutes:.0f} min"
    return f"{formula}, you {pace.spent[one.name]:.0f}" if one.name in pace.spent else formula


def _sentence(pace: Pace) -> str:
    how = "Minutes are counted by one formula from words, questions and explorers."
    if pace.factor is None:
        return how
    lessons = f"{len(pace.spent)} lesson{'s' * (len(pace.spent) != 1)}"
    return f"{how} Over {lessons} your own median is {pace.factor:.2g} times that."
