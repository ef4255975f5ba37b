"""The course as a whole: what one lesson cannot know of itself.

Every idea of the list is asked, recalled and transferred; no question runs ahead of the lesson that teaches its idea;
every closing quiz brings something back from before; and wrong answers name their misconception from one list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lessonlib.lesson.concepts import FILE, Listing
from lessonlib.build.lint.shape import Raw, is_step, items

#: what each idea needs in the course, and how a question comes to count
_WAYS = {
    "asked": "no step asks it; add it to the `concepts` of a step, or write one",
    "recalled": "nothing recalls it; add it to a recall card, a text with gaps or a quiz item",
    "transferred": "no question transfers it; add it to one with `transfer: true`",
}


class _Use(NamedTuple):
    """A question that names an idea."""

    file: str
    lesson: int
    where: str
    ways: tuple[str, ...]
    concept: str


def course_findings(lessons: Mapping[str, Raw], listing: Listing) -> list[str]:
    """Every finding about the course: one line with file, question and what to do.

    ``lessons`` is the YAML of all lessons by name, ``01-prefill-vs-decode`` and so on, also where the schema would refuse it.
    """
    uses = [use for name in sorted(lessons) for use in _uses(f"{name}.yaml", lessons[name])]
    taught = {int(raw["number"]): f"{name}.yaml" for name, raw in lessons.items()}
    return [*_nameless(lessons), *_unknown(uses, listing), *_too_early(uses, listing), *_ways(uses, listing, taught),
            *_first_asked(uses, listing, taught), *_quizzes(lessons, listing), *_misconceptions(lessons, listing)]


def _uses(file: str, raw: Raw) -> Iterator[_Use]:
    for kind, body in items(raw):
        ways = [way for way, counts in (
            ("asked", is_step(kind, body)),
            ("recalled", kind in ("recall", "blanks") or bool(body.get("quiz"))),
            ("transferred", bool(body.get("transfer")))) if counts]
        for concept in body.get("concepts", ()):
            yield _Use(file, int(raw["number"]), f"{kind} {body.get('id')}", tuple(ways), concept)


# --- ideas ---------------------------------------------------------------------------------------------------------


def _nameless(lessons: Mapping[str, Raw]) -> Iterator[str]:
    for name in sorted(lessons):
        for kind, body in items(lessons[name]):
            if kind in ("predict", "recall", "blanks", "explain") and not body.get("concepts"):
                yield f"{name}.yaml: {kind} {body.get('id')}: concepts: it names no idea; name those of {FILE} that it is about"


def _unknown(uses: list[_Use], listing: Listing) -> Iterator[str]:
    for use in uses:
        if use.concept not in listing.concepts:
            yield f"{use.file}: {use.where}: concepts: “{use.concept}” is not in {FILE}; list it there with its lesson and needs, or name another"


def _too_early(uses: list[_Use], listing: Listing) -> Iterator[str]:
    for use in uses:
        concept = listing.concepts.get(use.concept)
        if concept and concept.lesson > use.lesson:
            yield f"{use.file}: {use.where}: concepts: “{use.concept}” is taught later, in lesson {concept.lesson}; take it out here, or move it in {FILE}"


def _ways(uses: list[_Use], listing: Listing, taught: Mapping[int, str]) -> Iterator[str]:
    done = {(use.concept, way) for use in uses for way in use.ways}
    for key, concept in listing.concepts.items():
        if concept.lesson not in taught:
            yield f"{FILE}: {key}: there is no lesson {concept.lesson} to teach it"
            continue
        yield from (f"{taught[concept.lesson]}: concept {key}: {todo}" for way, todo in _WAYS.items() if (key, way) not in done)


def _first_asked(uses: list[_Use], listing: Listing, taught: Mapping[int, str]) -> Iterator[str]:
    """An idea is asked first in its own lesson; where it is asked nowhere, or too early, that is a finding already."""
    first: dict[str, _Use] = {}
    for use in uses:
        if "asked" in use.ways:
            first.setdefault(use.concept, use)
    for key, use in first.items():
        concept = listing.concepts.get(key)
        if concept and concept.lesson < use.lesson and concept.lesson in taught:
            yield f"{use.file}: {use.where}: concepts: the first step that asks “{key}”, which {FILE} gives to lesson {concept.lesson}; ask it there, or move it"


def _quizzes(lessons: Mapping[str, Raw], listing: Listing) -> Iterator[str]:
    for name in sorted(lessons):
        number = int(lessons[name]["number"])
        asked = {concept for _, body in items(lessons[name]) if body.get("quiz") for concept in body.get("concepts", ())}
        if number >= 1 and asked and not any(key in listing.concepts and listing.concepts[key].lesson < number for key in asked):
            yield f"{name}.yaml: quiz: all of its items are about this lesson; mix in one about an idea of an earlier lesson"


# --- misconceptions --------------------------------------------------------------------------------------------------


def _misconceptions(lessons: Mapping[str, Raw], listing: Listing) -> Iterator[str]:
    used: set[str] = set()
    for name in sorted(lessons):
        for where, key in _beliefs(lessons[name]):
            used.add(key)
            if key not in listing.misconceptions:
                yield f"{name}.yaml: {where}: misconception: “{key}” is not in {FILE}; list it there with one line that says what is believed, or name another"
    yield from (f"{FILE}: misconceptions.{key}: no wrong answer names it; take it out" for key in listing.misconceptions if key not in used)


def _beliefs(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for kind, body in items(raw):
        for part in ("options", "wrong"):
            for index, entry in enumerate(body.get(part, ())):
                if entry.get("misconception"):
                    yield f"{kind} {body.get('id')}: {part}[{index}]", entry["misconception"]
