"""The seal: a short fingerprint of what a step will reveal.

It stands in the stored output of a notebook, so that a changed number, sentence or figure fails the
comparison there without the file giving anything away. :func:`lesson_parts` gives the same content part by
part, for a test that says *which* part changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lessonlib.lesson.fingerprint import fingerprintable

if TYPE_CHECKING:
    from lessonlib.lesson.lesson import Lesson

#: the ids in a drawing end in a hash of all digits of its numbers; the drawing itself shows the few that count
_DRAWING_ID = re.compile(r"\b(picture-[a-z][a-z-]*)-[0-9a-f]{8}\b")

#: a text longer than this is written with each of its tags on a line of its own
_LONG = 100
_NEAR = 160


def seal(parts: Mapping[str, Any]) -> str:
    """Ten hexadecimal digits that change when any part does (numbers count to 4 digits)."""
    text = json.dumps(_steady(parts), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def question_parts(question: Any) -> dict[str, Any]:
    """All that a question can ever say after its reveal."""
    parts: dict[str, Any] = {
        "truth": question.truth(),
        "skipped": question.result(None),
        "explanation": question.explanation(),
    }
    if not question.only_kept:
        parts["right"] = question.result(question.accept(question.right()))
    for name, given in question.mistakes():
        parts[f"mistake {name}"] = question.result(question.accept(given))
    for raw in question.raw.get("wrong", ()):
        parts[f"refutation {raw['misconception']}"] = question.refute(raw["refutation"], "wrong.refutation")
    observe = question.observe()
    if observe:
        parts["observe"] = observe
    working = question.working()
    if working:
        parts["working"] = {"name": working["name"], "value": working["value"]}
    return {**parts, **question.also_sealed()}


def _steady(parts: Mapping[str, Any]) -> dict[str, Any]:
    """``parts`` ready for JSON, without digits that differ from one processor to another."""
    steady: dict[str, Any] = json.loads(_DRAWING_ID.sub(r"\1", json.dumps(fingerprintable(parts), ensure_ascii=False)))
    return steady


# --- part by part --------------------------------------------------------------------------------------------


def lesson_parts(lesson: Lesson) -> dict[str, dict[str, Any]]:
    """For each sealed item its parts, ready for JSON and for a diff that a person reads.

    What an answer is told is given once, by the part ``skipped``; a right or wrong guess lists only what differs.
    """
    return {
        item_id: _readable(item.parts())
        for item_id, item in lesson.items.items()
        if item.sealed and item.kind != "note"
    }


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """One line for each part that differs between two results of :func:`lesson_parts`, with old and new."""
    before, after = (dict(_flat(parts)) for parts in (old, new))
    lines = []
    for path in dict.fromkeys([*before, *after]):
        one, other = before.get(path, "(nothing)"), after.get(path, "(nothing)")
        if one != other:
            lines.append(f"{path}: was {_excerpt(one, other)}, is {_excerpt(other, one)}")
    return lines


def _readable(parts: Mapping[str, Any]) -> dict[str, Any]:
    said = _steady(parts)
    common = said.get("skipped")
    for name in said:
        if not isinstance(common, dict):
            break
        if name == "right" or name.startswith("mistake "):
            said[name] = {key: value for key, value in said[name].items() if common.get(key) != value}
    for name in [name for name in said if name.startswith("refutation ")]:
        told = said.get(name.replace("refutation ", "mistake ", 1), {})
        if said[name] in told.get("feedback", ""):
            del said[name]
    return {name: _lines(part) for name, part in said.items()}


def _lines(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lines(part) for key, part in value.items()}
    if isinstance(value, list):
        numbers = all(isinstance(part, (int, float)) for part in value)
        return json.dumps(value) if numbers else [_lines(part) for part in value]
    if isinstance(value, str) and (len(value) > _LONG or "\n" in value):
        return [line for line in re.split(r"\n|(?<=>)(?=<)", value) if line]
    return value


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, text) of each part; a list counts as one text."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _flat(part, f"{path}: {key}" if path else str(key))
    elif isinstance(value, list) and all(isinstance(line, str) for line in value):
        yield path, "".join(value)
    else:
        yield path, value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _excerpt(text: str, other: str) -> str:
    """The text around the first character in which it differs from the other."""
    start = next(
        (place for place, (one, two) in enumerate(zip(text, other, strict=False)) if one != two),
        min(len(text), len(other)),
    )
    first, last = max(0, start - _NEAR // 2), start + _NEAR
    return f"“{'…' if first else ''}{text[first:last]}{'…' if last < len(text) else ''}”"
