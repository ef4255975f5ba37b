"""Which blocks a lesson has, how many, and that their names are well formed."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lessonlib.build.lint.finding import Found, Path, rule
from lessonlib.lesson.budget import case_entries

Raw = Mapping[str, Any]
Item = tuple[str, Raw]

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_INSTRUCTOR = {
    "Timing": "how long each part takes",
    "Wait for": "which wrong answer to wait for",
    "Discussion": "the question for the discussion",
    "Board": "a sketch for the board",
}
#: kinds of question whose answer the learner makes, not picks
MADE = ("number", "range", "curve", "place", "settings")


def placed(raw: Raw) -> list[tuple[Path, str, Raw]]:
    """(place, kind, body) of everything but the Markdown texts, in order."""
    entries = ((index, *next(iter(entry.items()))) for index, entry in enumerate(raw["steps"]))
    return [(("steps", index, kind), kind, body) for index, kind, body in entries if isinstance(body, Mapping)]


def items(raw: Raw) -> list[Item]:
    """(kind, body) of everything but the Markdown texts, in order."""
    return items_of(raw["steps"])


def items_of(entries: Iterable[Mapping[str, Any]]) -> list[Item]:
    """The same of some entries of a lesson."""
    found = (next(iter(entry.items())) for entry in entries)
    return [(kind, body) for kind, body in found if isinstance(body, Mapping)]


def before_epilogue(raw: Raw) -> list[Raw]:
    """The entries of a lesson up to its epilogue, which has a budget of its own."""
    return list(itertools.takewhile(lambda entry: "epilogue" not in entry, raw["steps"]))


def is_step(kind: str, body: Raw) -> bool:
    """Whether an item is one of the numbered steps: a prediction that is neither quiz nor transfer nor sealed."""
    return kind == "predict" and not any(body.get(key) for key in ("quiz", "transfer", "exam", "sealed"))


@rule("words", "opening")
def opening(raw: Raw) -> Iterator[Found]:
    """The first cell is a text with the title and **Today's win**."""
    first = raw["steps"][0].get("text", "") if raw["steps"] else ""
    if not re.match(r"# \S", first):
        yield Found(("steps", 0), "steps[0]: the first cell must be a text that starts with the title (# …)")
    if "Today's win" not in first:
        yield Found(
            ("steps", 0),
            "steps[0]: the first cell must state **Today's win**: what the learner can say at the end",
        )


@rule("words", "names")
def names(raw: Raw) -> Iterator[Found]:
    """Ids, ideas and misconceptions are named in a-z, 0-9 and single hyphens."""
    for path, kind, body in placed(raw):
        named = [("id", (*path, "id"), body.get("id", ""))]
        named += [("concepts", (*path, "concepts", index), name) for index, name in enumerate(body.get("concepts", ()))]
        named += [
            (f"{part}.misconception", (*path, part, index, "misconception"), entry["misconception"])
            for part in ("options", "wrong")
            for index, entry in enumerate(body.get(part, ()))
            if "misconception" in entry
        ]
        for key, place, name in named:
            if not _NAME.fullmatch(str(name)):
                yield Found(
                    place,
                    f"{kind} {body.get('id')}: {key}: the name “{name}” must be of a-z, 0-9 and single hyphens",
                )


@rule("words", "id-once")
def id_once(raw: Raw) -> Iterator[Found]:
    """Each id names one item."""
    places = {body.get("id"): path for path, _, body in placed(raw)}
    for name, count in Counter(body.get("id") for _, body in items(raw)).items():
        if count > 1:
            yield Found((*places[name], "id"), f"the id “{name}” is used {count} times; each id names one item")


@rule("words", "case")
def case_ends(raw: Raw) -> Iterator[Found]:
    """A lesson has one case at most, and it ends with a later entry."""
    entries = placed(raw)
    cases = [(place, path, body) for place, (path, kind, body) in enumerate(entries) if kind == "case"]
    for _, path, _ in cases[1:]:
        yield Found(path, "case: a second one; a lesson has one case at most")
    for place, path, body in cases[:1]:
        if body["until"] not in [other.get("id") for _, _, other in entries[place + 1 :]]:
            yield Found((*path, "until"), f"case {body['id']}: until: no later entry has the id “{body['until']}”")


@rule("words", "counts")
def counts(raw: Raw) -> Iterator[Found]:
    """A full lesson has 4 to 8 steps (beside the exhibits of its case), half of them numbers, curves or dots, two of them surprises, and 2 to 4 quiz items."""
    if raw.get("short"):
        return
    steps = [body for kind, body in items_of(before_epilogue(raw)) if is_step(kind, body)]
    exhibits = [body for kind, body in items_of(case_entries(raw["steps"])) if is_step(kind, body)]
    quiz = [body for kind, body in items(raw) if kind == "predict" and body.get("quiz")]
    at: Path = ("steps",)
    if not 4 <= len(steps) - len(exhibits) <= 8:
        beside = f" beside the {len(exhibits)} of its case" if exhibits else ""
        yield Found(
            at,
            f"steps: {len(steps) - len(exhibits)} predictions{beside} that are neither quiz nor transfer; a lesson has 4 to 8",
        )
    if 2 * sum(body.get("kind") in MADE for body in steps) < len(steps):
        yield Found(at, "steps: at least half of the steps must ask for a number, a curve or a dot")
    if sum(bool(body.get("surprise")) for body in steps) < 2:
        yield Found(
            at,
            "steps: at least two steps must be marked `surprise: true`, those whose answers surprise a working engineer",
        )
    if "after" not in raw and not 2 <= len(quiz) <= 4:
        yield Found(at, f"steps: {len(quiz)} quiz items; the closing quiz has 2 to 4")


@rule("words", "blocks")
def blocks(raw: Raw) -> Iterator[Found]:
    """A full lesson has its blocks: mystery, recall card or gaps, explorer, "On your lab", explanation, and the closing panel."""
    if raw.get("short") or "after" in raw:
        return
    kinds = {kind for kind, _ in items(raw)}
    found = {body.get("block") for kind, body in items(raw) if kind == "tell"}
    at: Path = ("steps",)
    if not kinds & {"recall", "blanks"}:
        yield Found(at, "steps: nothing is recalled (`recall:` or `blanks:`)")
    for kind, what in {"explore": "an explorer", "explain": "a cold explanation"}.items():
        if kind not in kinds:
            yield Found(at, f"steps: {what} is missing (`{kind}:`)")
    if "closing" not in kinds:
        for kind, what in {"score": "the score card", "sources": "the list of sources"}.items():
            if kind not in kinds:
                yield Found(at, f"steps: {what} is missing (`closing:`, or `{kind}:`)")
    for block, what in {"mystery": "the mystery", "your-lab": "“On your lab”"}.items():
        if block not in found:
            yield Found(at, f"steps: {what} is missing (a `tell` with `block: {block}`)")


@rule("words", "notes")
def notes(raw: Raw) -> Iterator[Found]:
    """A full lesson asks for a question to the teacher: in its closing panel, or in a note beside one on the format."""
    if raw.get("short") or "after" in raw or any(kind == "closing" for kind, _ in items(raw)):
        return
    stems = [body.get("stem", "").lower() for kind, body in items(raw) if kind == "note"]
    for word, what in {"teacher": "a note to the teacher", "format": "a note on whether the format helped"}.items():
        if not any(word in stem for stem in stems):
            yield Found(("steps",), f"steps: {what} is missing (a `note` whose stem says “{word}”)")


@rule("words", "votes")
def votes(raw: Raw) -> Iterator[Found]:
    """A full lesson tells the instructor which two questions to vote on in class, by their ids."""
    if raw.get("short"):
        return
    line = next((line for line in raw.get("instructor", "").splitlines() if "**Vote" in line), "")
    named = [body["id"] for kind, body in items(raw) if kind == "predict" and f"`{body.get('id')}`" in line]
    if len(named) < 2:
        yield Found(
            ("instructor",), "instructor: **Vote** is missing: two questions to vote on, as `id` and `id` on that line"
        )


@rule("words", "instructor")
def instructor(raw: Raw) -> Iterator[Found]:
    """A full lesson tells the instructor timing, the wrong answer to wait for, a discussion and a board sketch."""
    if raw.get("short"):
        return
    for word, what in _INSTRUCTOR.items():
        if f"**{word}" not in raw.get("instructor", ""):
            yield Found(("instructor",), f"instructor: **{word}** is missing: {what}")
