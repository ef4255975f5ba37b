"""Which blocks a lesson has, how many, and that their names are well formed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Raw = Mapping[str, Any]
Item = tuple[str, Raw]

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_INSTRUCTOR = {"Timing": "how long each part takes", "Wait for": "which wrong answer to wait for",
               "Discussion": "the question for the discussion", "Board": "a sketch for the board"}


def items(raw: Raw) -> list[Item]:
    """(kind, body) of everything but the Markdown texts, in order."""
    entries = (next(iter(entry.items())) for entry in raw["steps"])
    return [(kind, body) for kind, body in entries if isinstance(body, Mapping)]


def is_step(kind: str, body: Raw) -> bool:
    """Whether an item is one of the numbered steps: a prediction that is neither quiz nor transfer."""
    return kind == "predict" and not body.get("quiz") and not body.get("transfer")


def shape_findings(raw: Raw) -> list[str]:
    """What is missing, given twice or misnamed."""
    found = [*_opening(raw), *_names(raw), *_twice(raw)]
    return found if raw.get("short") else [*found, *_counts(raw), *_blocks(raw), *_notes(raw), *_instructor(raw)]


def _opening(raw: Raw) -> Iterator[str]:
    first = raw["steps"][0].get("text", "") if raw["steps"] else ""
    if not re.match(r"# \S", first):
        yield "steps[0]: the first cell must be a text that starts with the title (# …)"
    if "Today's win" not in first:
        yield "steps[0]: the first cell must state **Today's win**: what the learner can say at the end"


def _names(raw: Raw) -> Iterator[str]:
    for kind, body in items(raw):
        where = f"{kind} {body.get('id')}"
        named = [("concepts", name) for name in body.get("concepts", ())]
        named += [(f"{part}.misconception", entry["misconception"])
                  for part in ("options", "wrong") for entry in body.get(part, ()) if "misconception" in entry]
        for key, name in [("id", body.get("id", "")), *named]:
            if not _NAME.fullmatch(str(name)):
                yield f"{where}: {key}: the name “{name}” must be of a-z, 0-9 and single hyphens"


def _twice(raw: Raw) -> Iterator[str]:
    for name, count in Counter(body.get("id") for _, body in items(raw)).items():
        if count > 1:
            yield f"the id “{name}” is used {count} times; each id names one item"


def _counts(raw: Raw) -> Iterator[str]:
    steps = [body for kind, body in items(raw) if is_step(kind, body)]
    quiz = [body for kind, body in items(raw) if kind == "predict" and body.get("quiz")]
    if not 5 <= len(steps) <= 8:
        yield f"steps: {len(steps)} predictions that are neither quiz nor transfer; a lesson has 5 to 8"
    if sum(body.get("kind") in ("number", "curve") for body in steps) < 2:
        yield "steps: at least two of the steps must ask for a number or a curve"
    if not any(body.get("surprise") for body in steps):
        yield "steps: at least one step must be marked `surprise: true`, one whose answer surprises a working engineer"
    if not 3 <= len(quiz) <= 5:
        yield f"steps: {len(quiz)} quiz items; the closing quiz has 3 to 5"


def _blocks(raw: Raw) -> Iterator[str]:
    kinds = {kind for kind, _ in items(raw)}
    blocks = {body.get("block") for kind, body in items(raw) if kind == "tell"}
    for kind, what in {"recall": "a recall card", "blanks": "a text with gaps to fill", "picture": "a picture of the pantry", "explore": "an explorer",
                       "explain": "a cold explanation", "score": "the score card", "sources": "the list of sources"}.items():
        if kind not in kinds:
            yield f"steps: {what} is missing (`{kind}:`)"
    for block, what in {"mystery": "the mystery", "kubernetes": "the Kubernetes bridge", "your-lab": "“On your lab”"}.items():
        if block not in blocks:
            yield f"steps: {what} is missing (a `tell` with `block: {block}`)"


def _notes(raw: Raw) -> Iterator[str]:
    stems = [body.get("stem", "").lower() for kind, body in items(raw) if kind == "note"]
    for word, what in {"teacher": "a note to the teacher", "format": "a note on whether the format helped"}.items():
        if not any(word in stem for stem in stems):
            yield f"steps: {what} is missing (a `note` whose stem says “{word}”)"


def _instructor(raw: Raw) -> Iterator[str]:
    for word, what in _INSTRUCTOR.items():
        if f"**{word}" not in raw.get("instructor", ""):
            yield f"instructor: **{word}** is missing: {what}"
