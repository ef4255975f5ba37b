"""The course as a whole: what one lesson cannot know of itself.

Every idea of the list is asked, recalled and transferred; no question runs ahead of the lesson that teaches its idea;
every closing quiz brings something back from before; and wrong answers name their misconception from one list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from lessonlib.build.lint.finding import Finding, Found, Path, rule, rules_of
from lessonlib.build.lint.lines import Lines
from lessonlib.build.lint.shape import Raw, is_step, placed
from lessonlib.lesson.concepts import FILE, Listing
from lessonlib.lesson.source import place_in_course

#: what each idea needs in the course, and how a question comes to count
_WAYS = {
    "asked": "no step asks it; add it to the `concepts` of a step, or write one",
    "recalled": "nothing recalls it; add it to a recall card, a text with gaps or a quiz item",
    "transferred": "no question transfers it; add it to one with `transfer: true`",
}


class _Use(NamedTuple):
    """A question that names an idea."""

    name: str
    lesson: int
    path: Path
    where: str
    ways: tuple[str, ...]
    concept: str


@dataclass(frozen=True)
class Course:
    """The YAML of all lessons by name, also where the schema would refuse it, and the list that they name from."""

    lessons: Mapping[str, Raw]
    listing: Listing

    @cached_property
    def uses(self) -> list[_Use]:
        """Every question that names an idea, lesson by lesson."""
        return [use for name in sorted(self.lessons) for use in _uses(name, self.lessons[name])]

    @cached_property
    def taught(self) -> dict[int, str]:
        """Number -> name of the lesson."""
        return {int(raw["number"]): name for name, raw in self.lessons.items() if "number" in raw}

    def questions(self) -> Iterator[tuple[str, Path, str, Raw]]:
        """(lesson, place, kind, body) of every item of every lesson."""
        for name in sorted(self.lessons):
            yield from ((name, path, kind, body) for path, kind, body in placed(self.lessons[name]))


def course_findings(
    lessons: Mapping[str, Raw],
    listing: Listing,
    lines: Mapping[str, tuple[str, Lines]] | None = None,
) -> list[Finding]:
    """Every finding about the course, with file and what to do.

    ``lessons`` is the YAML of all lessons by name, ``01-prefill-vs-decode`` and so on. ``lines`` gives the file and the
    lines of each, and under ``concepts.yaml`` those of the list.
    """
    course, known = Course(lessons, listing), lines or {}
    found = []
    for one in rules_of("course"):
        for path, text in one.check(course):
            name, place = str(path[0]), path[1:]
            file, where = known.get(name, (name if name == FILE else f"{name}.yaml", Lines()))
            found.append(Finding(file, where.of(place, text), one.name, text))
    return found


def _uses(name: str, raw: Raw) -> Iterator[_Use]:
    for path, kind, body in placed(raw):
        ways = [
            way
            for way, holds in (
                ("asked", is_step(kind, body)),
                ("recalled", kind in ("recall", "blanks") or bool(body.get("quiz"))),
                ("transferred", bool(body.get("transfer") or body.get("exam"))),
            )
            if holds
        ]
        for concept in body.get("concepts", ()):
            yield _Use(
                name, place_in_course(raw), (name, *path, "concepts"), f"{kind} {body.get('id')}", tuple(ways), concept
            )


# --- ideas: the first part of each place is the lesson, or the list -------------------------------------------------


@rule("course", "names-an-idea")
def names_an_idea(course: Course) -> Iterator[Found]:
    """Every question names an idea of the list."""
    for name, path, kind, body in course.questions():
        if kind in ("predict", "recall", "blanks", "explain") and not body.get("concepts"):
            yield Found(
                (name, *path),
                f"{kind} {body.get('id')}: concepts: it names no idea; name those of {FILE} that it is about",
            )
    for use in course.uses:
        if use.concept not in course.listing.concepts:
            yield Found(
                use.path,
                f"{use.where}: concepts: “{use.concept}” is not in {FILE}; list it there with its lesson and needs, or name another",
            )


@rule("course", "not-too-early")
def not_too_early(course: Course) -> Iterator[Found]:
    """No question is about an idea of a later lesson."""
    for use in course.uses:
        concept = course.listing.concepts.get(use.concept)
        if concept and concept.lesson > use.lesson:
            yield Found(
                use.path,
                f"{use.where}: concepts: “{use.concept}” is taught later, in lesson {concept.lesson}; take it out here, or move it in {FILE}",
            )


@rule("course", "three-ways")
def three_ways(course: Course) -> Iterator[Found]:
    """Every idea is asked, recalled and transferred somewhere in the course."""
    done = {(use.concept, way) for use in course.uses for way in use.ways}
    for key, concept in course.listing.concepts.items():
        if concept.lesson not in course.taught:
            yield Found((FILE, "concepts", key), f"{key}: there is no lesson {concept.lesson} to teach it")
            continue
        for way, todo in _WAYS.items():
            if (key, way) not in done:
                yield Found((course.taught[concept.lesson], "steps"), f"concept {key}: {todo}")


@rule("course", "asked-at-home")
def asked_at_home(course: Course) -> Iterator[Found]:
    """An idea is asked first in its own lesson."""
    first: dict[str, _Use] = {}
    for use in course.uses:
        if "asked" in use.ways:
            first.setdefault(use.concept, use)
    for key, use in first.items():
        concept = course.listing.concepts.get(key)
        if concept and concept.lesson < use.lesson and concept.lesson in course.taught:
            yield Found(
                use.path,
                f"{use.where}: concepts: the first step that asks “{key}”, which {FILE} gives to lesson {concept.lesson}; ask it there, or move it",
            )


@rule("course", "quiz-looks-back")
def quiz_looks_back(course: Course) -> Iterator[Found]:
    """A closing quiz brings back an idea of an earlier lesson (but for the first lesson that there is)."""
    concepts = course.listing.concepts
    for name in sorted(course.lessons):
        number = place_in_course(course.lessons[name])
        quiz = [(path, body) for path, _, body in placed(course.lessons[name]) if body.get("quiz")]
        asked = {concept for _, body in quiz for concept in body.get("concepts", ())}
        earlier = any(key in concepts and concepts[key].lesson < number for key in asked)
        if number > min(course.taught) and asked and not earlier:
            yield Found(
                (name, *quiz[0][0]),
                "quiz: all of its items are about this lesson; mix in one about an idea of an earlier lesson",
            )


# --- misconceptions --------------------------------------------------------------------------------------------------


@rule("course", "misconceptions")
def misconceptions(course: Course) -> Iterator[Found]:
    """Every wrong answer names a misconception of the list, and each of the list is named."""
    used: set[str] = set()
    for name, path, where, key in _beliefs(course):
        used.add(key)
        if key not in course.listing.misconceptions:
            yield Found(
                (name, *path),
                f"{where}: misconception: “{key}” is not in {FILE}; list it there with one line that says what is believed, or name another",
            )
    for key in course.listing.misconceptions:
        if key not in used:
            yield Found((FILE, "misconceptions", key), f"misconceptions.{key}: no wrong answer names it; take it out")


@rule("course", "evidence")
def evidence(course: Course) -> Iterator[Found]:
    """Every misconception says in one line where people were seen to hold it."""
    for key in course.listing.misconceptions:
        if key not in course.listing.evidence:
            yield Found(
                (FILE, "misconceptions", key),
                f"misconceptions.{key}: seen: where do people hold this? One line, and an address if there is one",
            )


def _beliefs(course: Course) -> Iterator[tuple[str, Path, str, Any]]:
    for name, path, kind, body in course.questions():
        for part in ("options", "wrong"):
            for index, entry in enumerate(body.get(part, ())):
                if entry.get("misconception"):
                    place = (*path, part, index, "misconception")
                    yield name, place, f"{kind} {body.get('id')}: {part}[{index}]", entry["misconception"]
