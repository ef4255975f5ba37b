"""The ideas of the course and the beliefs that stand in their way: the one list that all questions name from.

``data/concepts.yaml`` says for each idea in which lesson it is taught, what it is called before and after a learner
has met it, and which ideas must be there first; and for each misconception, in one line, what is believed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError, close_matches
from lessonlib.base.files import read_text
from lessonlib.base.paths import data_dir
from lessonlib.lesson.yaml_file import MOST_BYTES, parse_yaml, twin, twin_path, twin_text

FILE = "concepts.yaml"
_PARTS = ("concepts", "misconceptions")
_KEYS = {"lesson": int, "name": str, "title": str, "needs": list}
_BELIEF_KEYS = ("holds", "seen", "url")


@dataclass(frozen=True)
class Concept:
    """One idea. ``name`` gives nothing away; ``title`` may say what is true of it, so it is for who has met it.

    ``needs`` are the ids of the ideas that must be there first.
    """

    id: str
    lesson: int
    name: str
    title: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """Where people hold a misconception, in one line, and the address of that place ("" where there is none)."""

    seen: str
    url: str


@dataclass(frozen=True)
class Listing:
    """All ideas in the order in which they are taught, and by id what each misconception holds and where it was seen.

    ``evidence`` lacks those that the list says in one line alone.
    """

    concepts: Mapping[str, Concept]
    misconceptions: Mapping[str, str]
    evidence: Mapping[str, Evidence]


def load_listing(path: Path | None = None) -> Listing:
    """The course's list, or the one at ``path``. Raises LessonlibError with file, key and what to do."""
    path = path or data_dir() / FILE
    return _loaded(path, read_text(path, path.name, MOST_BYTES))


def twin_of_listing() -> tuple[Path, str]:
    """The JSON twin that belongs to the course's list: its place and its text."""
    path = data_dir() / FILE
    text = read_text(path, path.name, MOST_BYTES)
    raw = parse_yaml(text, path.name)
    _checked(raw, path.name)
    return twin_path(path), twin_text(text, raw)


def parse_listing(text: str, file: str = FILE) -> Listing:
    """Validate the text of a list. ``file`` names it in errors."""
    return _checked(parse_yaml(text, file), file)


@functools.lru_cache(maxsize=8)
def _loaded(path: Path, text: str) -> Listing:
    kept = twin(path, text)
    return _checked(kept, path.name) if kept else parse_listing(text, path.name)


def _checked(raw: Any, file: str) -> Listing:
    problem = next(_problems(raw), None)
    if problem:
        raise LessonlibError(f"{file}: {problem}")
    concepts = {
        key: Concept(key, body["lesson"], body["name"], body["title"], tuple(body["needs"]))
        for key, body in raw["concepts"].items()
    }
    beliefs = raw["misconceptions"]
    return Listing(
        concepts,
        {key: body if isinstance(body, str) else body["holds"] for key, body in beliefs.items()},
        {
            key: Evidence(body["seen"], body.get("url", ""))
            for key, body in beliefs.items()
            if not isinstance(body, str) and "seen" in body
        },
    )


def direct_needs(concepts: Mapping[str, Concept]) -> dict[str, tuple[str, ...]]:
    """For each idea those that it needs without a third one between: what another of its needs brings along is left out."""
    brought: dict[str, set[str]] = {}
    for key, concept in concepts.items():  # needs stand above, so theirs are known
        brought[key] = set(concept.needs).union(*(brought[need] for need in concept.needs))
    return {
        key: tuple(need for need in concept.needs if not any(need in brought[other] for other in concept.needs))
        for key, concept in concepts.items()
    }


# --- what can be wrong -------------------------------------------------------------------------------------------


def _problems(raw: Any) -> Iterator[str]:
    """Each fault as "key: what is wrong"; shapes first, so that the later ones may rely on them."""
    if not isinstance(raw, Mapping) or set(raw) != set(_PARTS):
        yield f"the file has two keys, {' and '.join(_PARTS)}, each with ids below it"
        return
    for part in _PARTS:
        if not isinstance(raw[part], Mapping) or not raw[part]:
            yield f"{part}: ids are expected below it"
            return
    for key, body in raw["concepts"].items():
        yield from (f"concepts.{key}: {line}" for line in _shape(body))
    for key, body in raw["misconceptions"].items():
        yield from (f"misconceptions.{key}: {line}" for line in _belief(body))
    yield from _needs(raw["concepts"])
    yield from _order(raw["concepts"])
    yield from _names(raw["concepts"])


def _shape(body: Any) -> Iterator[str]:
    if not isinstance(body, Mapping):
        yield f"expected {', '.join(_KEYS)}"
        return
    for key in body:
        if key not in _KEYS:
            yield f"“{key}” is not a key here; the keys are {', '.join(_KEYS)}"
    for key, kind in _KEYS.items():
        if key not in body:
            yield f"{key}: missing"
        elif kind is str and not _is_line(body[key]):
            yield f"{key}: one line of text is expected"
        elif (
            not isinstance(body[key], kind)
            or isinstance(body[key], bool)
            or (kind is list and not all(isinstance(item, str) for item in body[key]))
        ):
            yield f"{key}: “{body[key]}” is not {'a number of a lesson' if kind is int else 'a list of ids'}"


def _belief(body: Any) -> Iterator[str]:
    """A line that says what is believed, or that line with where it was seen."""
    if not isinstance(body, Mapping):
        if not _is_line(body):
            yield f"one line is expected, which says what is believed, or {', '.join(_BELIEF_KEYS)}"
        return
    for key, text in body.items():
        if key not in _BELIEF_KEYS:
            yield f"“{key}” is not a key here; the keys are {', '.join(_BELIEF_KEYS)}"
        elif not _is_line(text):
            yield f"{key}: one line of text is expected"
        elif key == "url" and not text.startswith("https://"):
            yield f"url: “{text}” does not start with https://"
    if "holds" not in body:
        yield "holds: missing: one line, which says what is believed"


def _is_line(text: Any) -> bool:
    return isinstance(text, str) and bool(text.strip()) and "\n" not in text


def _needs(concepts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for key, body in concepts.items():
        for index, need in enumerate(body["needs"]):
            if need not in concepts:
                near = close_matches(str(need), list(concepts), 1)
                hint = f"did you mean “{near[0]}”?" if near else "list it above, or take it out"
                yield f"concepts.{key}: needs: there is no idea “{need}”; {hint}"
            elif body["needs"].index(need) != index:
                yield f"concepts.{key}: needs: “{need}” is given twice"
            elif concepts[need]["lesson"] > body["lesson"]:
                yield f"concepts.{key}: needs: “{need}” is taught in lesson {concepts[need]['lesson']}, later than this (lesson {body['lesson']})"


def _order(concepts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The list is in the order of teaching; so a circle of needs shows as one that comes too late."""
    for circle in _circles(concepts):
        yield f"concepts.{circle[0]}: needs: in a circle, {' needs '.join(circle)}; take one of them out"
    place = {key: index for index, key in enumerate(concepts)}
    last = 0
    for key, body in concepts.items():
        if body["lesson"] < last:
            yield f"concepts.{key}: lesson: {body['lesson']} stands after lesson {last}; list the ideas in the order in which they are taught"
        last = body["lesson"]
        for need in body["needs"]:
            if place[need] > place[key]:
                yield f"concepts.{key}: needs: “{need}” stands below it; list it above"


def _circles(concepts: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    """The first circle found, as the ids along it; nothing if there is none."""
    done: set[str] = set()

    def walk(key: str, way: list[str]) -> list[str] | None:
        if key in way:
            return [*way[way.index(key) :], key]
        if key in done:
            return None
        found = next((circle for need in concepts[key]["needs"] if (circle := walk(need, [*way, key]))), None)
        done.add(key)
        return found

    yield from (circle for key in concepts if (circle := walk(key, [])))


def _names(concepts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for key, body in concepts.items():
        other = seen.setdefault(body["name"].lower(), key)
        if other != key:
            yield f"concepts.{key}: name: “{body['name']}” is the name of “{other}” already"
