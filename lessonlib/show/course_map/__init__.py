"""The map of the course: all ideas, what leads to what, and where the learner stands.

One page of HTML that needs no script: legend, drawing (a list where there is no room for it) and table, all of the
same facts. What is true of an idea (its title) is told once the learner has met it, never before.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple

from lessonlib.lesson.concepts import Concept, direct_needs
from lessonlib.review.progress import MET, MISSED, RECALLED, STATES, UNMET
from lessonlib.show.course_map.drawing import draw
from lessonlib.show.course_map.layout import CELL_WIDTH, GUTTER, MARGIN, Layout, lay_out
from lessonlib.show.course_map.states import LOOKS, sign

__all__ = ["Chapter", "course_map_html", "course_map_text"]

_TITLE = "The ideas of the course and how they hang together"
_KNOWN = (MET, RECALLED, MISSED)  # answered: the learner has seen what is true


class Chapter(NamedTuple):
    """A lesson on the map. ``notebook`` is its file beside this one, "" if there is none."""

    number: int
    title: str
    notebook: str


def course_map_html(
    concepts: Mapping[str, Concept], chapters: Iterable[Chapter], states: Mapping[str, str], way: str = ""
) -> str:
    """The map with each idea of ``concepts`` in its state (see :mod:`lessonlib.review.progress`); not in ``states``: not met.

    ``way``: HTML of the way through the course, which stands above it.
    """
    listed = _chapters(concepts, chapters)
    layout = _laid_out(tuple(concepts.values()))
    style = (Path(__file__).parents[1] / "static" / "css" / "course_map.css").read_text(encoding="utf-8")
    drawing = draw(layout, states, _TITLE, _description(concepts, states, len(layout.columns)))
    lessons = len(layout.columns)
    track = f"{MARGIN:g}fr " + f" {GUTTER:g}fr ".join([f"minmax(0,{CELL_WIDTH:g}fr)"] * lessons) + f" {MARGIN:g}fr"
    heads = "".join(
        f'<li style="grid-column:{2 * index}">{_link(chapter, "<b>{0}</b>{1}")}</li>'
        for index, chapter in enumerate(listed.values(), 1)
    )
    sheet = f'<div class="ll-map-sheet" style="--ll-map-width:{layout.width:g}px"><ul class="ll-map-heads" style="grid-template-columns:{track}" aria-label="Lessons">{heads}</ul>{drawing}</div>'
    return (
        f'<style>{style}</style><div class="ll-map">{way}<p>{_sentence(concepts, states)}</p>{_legend()}'
        f'<div class="ll-map-scroll" role="group" aria-label="Map" tabindex="0">{sheet}</div>'
        f"{_lists(concepts, listed, states)}{_table(concepts, states)}</div>"
    )


@functools.lru_cache(maxsize=4)
def _laid_out(concepts: tuple[Concept, ...]) -> Layout:
    """The layout does not depend on the learner, so it is found once."""
    return lay_out({concept.id: concept for concept in concepts})


def course_map_text(concepts: Mapping[str, Concept], chapters: Iterable[Chapter], states: Mapping[str, str]) -> str:
    """The same as plain text: a line for each lesson."""
    lines = []
    for number, chapter in _chapters(concepts, chapters).items():
        told = [
            _told(concept.name, states.get(concept.id, UNMET))
            for concept in concepts.values()
            if concept.lesson == number
        ]
        lines.append(f"{number} · {chapter.title}: {', '.join(told)}")
    return "\n".join(lines)


def _told(name: str, state: str) -> str:
    return name if state == UNMET else f"{name} ({LOOKS[state].word})"


def _chapters(concepts: Mapping[str, Concept], chapters: Iterable[Chapter]) -> dict[int, Chapter]:
    """A chapter for each lesson that has ideas."""
    known = {chapter.number: chapter for chapter in chapters}
    return {
        number: known.get(number, Chapter(number, "to come", ""))
        for number in sorted({concept.lesson for concept in concepts.values()})
    }


def _link(chapter: Chapter, shape: str) -> str:
    words = shape.format(chapter.number, escape(chapter.title))
    return f'<a href="{escape(chapter.notebook)}" target="_blank">{words}</a>' if chapter.notebook else words


# --- words ---------------------------------------------------------------------------------------------------------


def _count(concepts: Mapping[str, Concept], states: Mapping[str, str]) -> Counter[str]:
    return Counter(states.get(key, UNMET) for key in concepts)


def _sentence(concepts: Mapping[str, Concept], states: Mapping[str, str]) -> str:
    count = _count(concepts, states)
    known = sum(count[state] for state in _KNOWN)
    if not known:
        return (
            f"{len(concepts)} ideas, lesson by lesson. A line leads from an idea to those that build on it. "
            "What you meet is marked here, from your own journal; until then an idea has a name only."
        )
    again = f" {count[RECALLED]} of them you had when asked again." if count[RECALLED] else ""
    missed = [concept.name for key, concept in concepts.items() if states.get(key) == MISSED]
    look = f" Look again at {escape(_listed(missed))}: you were certain, and it came out otherwise." if missed else ""
    return f"You have met <strong>{known} of {len(concepts)} ideas</strong>.{again}{look}"


def _listed(names: list[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]


def _description(concepts: Mapping[str, Concept], states: Mapping[str, str], lessons: int) -> str:
    lines = sum(map(len, direct_needs(concepts).values()))
    count = _count(concepts, states)
    told = ", ".join(f"{count[state]} {LOOKS[state].word}" for state in STATES if count[state])
    return f"{len(concepts)} ideas in {lessons} columns, one for each lesson from left to right; {lines} lines lead from an idea to those that build on it. {told}. The table below says the same."


def _legend() -> str:
    entries = "".join(
        f"<li>{sign(state)}<b>{LOOKS[state].word}</b><span>{LOOKS[state].meaning}</span></li>" for state in STATES
    )
    return f'<ul class="ll-map-legend" aria-label="Legend">{entries}</ul>'


def _idea(concept: Concept, state: str) -> str:
    """Its name, and what is true of it once that is known."""
    telling = state in _KNOWN and concept.title != concept.name
    return f"{escape(concept.name)}<br><small>{escape(concept.title)}</small>" if telling else escape(concept.name)


def _lists(concepts: Mapping[str, Concept], chapters: Mapping[int, Chapter], states: Mapping[str, str]) -> str:
    body = ""
    for number, chapter in chapters.items():
        taught = [(concept, states.get(concept.id, UNMET)) for concept in concepts.values() if concept.lesson == number]
        rows = "".join(
            f'<li class="ll-map-{state}">{sign(state)}<span>{_idea(concept, state)}</span><i>{LOOKS[state].word}</i></li>'
            for concept, state in taught
        )
        body += f"<h4>{_link(chapter, '{0} · {1}')}</h4><ul>{rows}</ul>"
    return f'<div class="ll-map-list">{body}</div>'


def _table(concepts: Mapping[str, Concept], states: Mapping[str, str]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Lesson", "Idea", "Builds on", "You"))
    needs = direct_needs(concepts)
    rows = "".join(
        _row(concept, [concepts[need].name for need in needs[key]], states.get(key, UNMET))
        for key, concept in concepts.items()
    )
    return (
        f'<details><summary>The map as a table</summary><div class="ll-map-tablebox"><table><caption hidden>{_TITLE}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _row(concept: Concept, needs: list[str], state: str) -> str:
    builds_on = escape(", ".join(needs)) or "–"
    return (
        f'<tr><td>{concept.lesson}</td><th scope="row">{_idea(concept, state)}</th><td>{builds_on}</td>'
        f'<td class="ll-map-state ll-map-{state}">{sign(state)}{LOOKS[state].word}</td></tr>'
    )
