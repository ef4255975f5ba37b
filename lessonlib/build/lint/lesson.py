"""One lesson through all rules that need no other lesson."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.build.lint import (  # noqa: F401 - their rules register themselves
    budget,
    cells,
    computed,
    explorers,
    ledger,
    manifests,
    questions,
    shape,
    versions,
    words,
    written,
)
from lessonlib.build.lint.finding import Finding, Found, Rule, Scope, rules_of, shown
from lessonlib.build.lint.lines import Lines
from lessonlib.lesson.code import COURSE, OUTSIDE
from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import DEFAULT_LAB

#: more labs than this are counted, not named
_MOST_NAMED = 3

_Check = Callable[[Rule, Lesson], Iterator[Found]]


def lint(
    raw: Mapping[str, Any],
    lessons: Sequence[Lesson],
    notebook: Mapping[str, Any] | None = None,
    *,
    file: str = "",
    lines: Lines | None = None,
    notebook_file: str = "",
    notebook_lines: Sequence[int] = (),
) -> list[Finding]:
    """Every finding about a lesson.

    ``raw`` is its YAML as data, also where the schema would refuse it. ``lessons`` is the lesson opened on each lab
    (with drawers, so that pictures and plots are looked at too); ``notebook`` is its notebook, with outputs if it has any.
    ``file`` and ``lines`` say where in the YAML, ``notebook_lines`` where each cell starts.
    """
    file = file or (f"{lessons[0].name}.yaml" if lessons else f"lesson {raw.get('number', '?')}")
    where = lines or Lines()

    def in_words(hit: Found) -> tuple[str, int]:
        return file, where.of(hit.path, hit.text)

    def in_notebook(hit: Found) -> tuple[str, int]:
        index = hit.path[1] if len(hit.path) > 1 else -1
        known = isinstance(index, int) and 0 <= index < len(notebook_lines)
        line = notebook_lines[int(index)] if known else 1
        return notebook_file or f"{file.removesuffix('.yaml')}.ipynb", line

    found = [_finding(rule, hit, in_words) for rule, hit in _of_words(raw)]
    found += [
        _finding(rule, hit, in_words)
        for lesson in lessons
        for rule in rules_of("default lab")
        if lesson.lab.name == DEFAULT_LAB
        for hit in _tolerant(rule, lesson)
    ]
    found += _on_labs("lab", lessons, lambda rule, lesson: rule.check(lesson), in_words)
    if notebook is not None:
        found += [_finding(rule, hit, in_notebook) for rule in rules_of("notebook") for hit in rule.check(notebook)]
        found += _on_labs("notebook on a lab", lessons, lambda rule, lesson: rule.check(notebook, lesson), in_notebook)
    return list(dict.fromkeys(found))


def _finding(rule: Rule, hit: Found, place: Callable[[Found], tuple[str, int]]) -> Finding:
    return Finding(*place(hit), rule.name, hit.text)


def _of_words(raw: Mapping[str, Any]) -> Iterator[tuple[Rule, Found]]:
    for rule in rules_of("words"):
        try:
            yield from [(rule, hit) for hit in rule.check(raw)]
        except (AttributeError, KeyError, TypeError, IndexError, ValueError, StopIteration):
            # Words that the schema refuses, and says why: what stands in the way of this rule is among that.
            continue


def _on_labs(
    scope: Scope, lessons: Sequence[Lesson], check: _Check, place: Callable[[Found], tuple[str, int]]
) -> Iterator[Finding]:
    """What the rules find on each lab; the same finding on several labs is one, which names them."""
    labs: dict[Finding, list[str]] = {}
    for lesson in lessons:
        for rule in rules_of(scope):
            try:
                found = [_finding(rule, hit, place) for hit in check(rule, lesson)]
            except Exception as error:  # whatever a working raises on this lab
                found = [_raised(error, place(Found((), "")))]
            for finding in found:
                on = labs.setdefault(finding, [])
                on += [lesson.lab.name] * (lesson.lab.name not in on)
    for finding, on in labs.items():
        many = f"{len(on)} labs, such as {on[0]}" if len(on) > _MOST_NAMED else f"lab {', '.join(on)}"
        said = "every lab" if len(on) == len(lessons) > 1 else many
        yield replace(finding, text=f"{finding.text} (on {said})")


def _tolerant(rule: Rule, lesson: Lesson) -> list[Found]:
    """What a rule finds that only counts; what does not render is a finding of others."""
    try:
        return list(rule.check(lesson))
    except Exception:  # whatever a working raises
        return []


def _raised(error: Exception, fallback: tuple[str, int]) -> Finding:
    """A working that raises is a finding, at its line, and not the end of the linter."""
    said = " ".join((str(error) if isinstance(error, LessonlibError) else f"{type(error).__name__}: {error}").split())
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if frame.f_globals.get("__name__", "").startswith((COURSE, OUTSIDE)):
            return Finding(shown(Path(frame.f_code.co_filename)), line, "working", f"{frame.f_code.co_name}: {said}")
    if isinstance(error, LessonlibError):
        return Finding(*fallback, "working", said)
    return Finding(*fallback, "linter", f"the linter itself failed: {said}")
