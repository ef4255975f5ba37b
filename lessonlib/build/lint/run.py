"""The linter over lessons as they lie on disk: files, code, every lab, the notebook, and the course around them."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import is_file, read_bytes
from lessonlib.base.paths import checkout_dir
from lessonlib.build.lint.course import course_findings
from lessonlib.build.lint.files import Words, read_listing, read_notebook, read_words
from lessonlib.build.lint.finding import Finding, shown
from lessonlib.build.lint.lesson import lint
from lessonlib.build.notebooks import build
from lessonlib.build.places import Place, of_course, of_file
from lessonlib.lesson.budget import Budget, budget
from lessonlib.lesson.code import (
    SHARED,
    LessonCodeError,
    code_for,
    package_name,
    place_of,
    twice,
    whole_course,
    workings_of,
)
from lessonlib.lesson.concepts import FILE
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import is_checkpoint, is_form, lesson_names
from lessonlib.roofline import lab_names, load_lab
from lessonlib.show.blocks import BLOCKS

#: so many lessons are worth a second process
_WORTH_A_POOL = 3


@dataclass(frozen=True)
class Report:
    """What there is to say of one lesson. ``budget`` is None where it does not open."""

    name: str
    budget: Budget | None
    findings: tuple[Finding, ...]


def lint_places(places: Sequence[Place]) -> tuple[list[Report], list[Finding]]:
    """A report for each lesson, and what is wrong with the course (or the folder) that they are in."""
    jobs = min(os.cpu_count() or 1, len(places), 4)
    reports = (
        _in_pool(places, jobs) if len(places) >= _WORTH_A_POOL and jobs > 1 else [lint_place(one) for one in places]
    )
    return reports, list(dict.fromkeys(_around(places)))


def _in_pool(places: Sequence[Place], jobs: int) -> list[Report]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_leave_ctrl_c)
    try:
        # The newest lessons are the largest: they go first, so that none is left to run alone.
        waiting = {place: pool.submit(lint_place, place) for place in reversed(places)}
        return [waiting[place].result() for place in places]
    except BrokenProcessPool as error:
        raise LessonlibError("a process of the linter was killed (out of memory?): name fewer lessons") from error
    except BaseException:
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_ctrl_c() -> None:
    """Ctrl-C is for the process that prints."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


# --- one lesson ------------------------------------------------------------------------------------------------------


def lint_place(place: Place) -> Report:
    """Everything about one lesson that needs no other."""
    words = read_words(place)
    found = list(words.findings)
    if not words.raw:
        return Report(place.stem, None, tuple(found))
    of_code = list(_of_code(words))
    found += [*_of_number(words), *of_code]
    lessons: list[Lesson] = []
    if words.whole and not of_code:
        lessons, cannot = _opened(words)
        found += cannot
    notebook, starts, of_notebook = read_notebook(place)
    found += of_notebook
    if words.whole and notebook is not None:
        found += _of_notebook(place, notebook)
    found += lint(
        words.raw,
        lessons,
        notebook,
        file=words.file,
        lines=words.lines,
        notebook_file=shown(place.notebook),
        notebook_lines=starts,
    )
    return Report(place.stem, _budget(lessons), tuple(dict.fromkeys(found)))


def _of_number(words: Words) -> Iterator[Finding]:
    number, told = words.raw.get("number"), words.place.stem[:2]
    if isinstance(number, int) and told.isdigit() and number != int(told):
        text = f"number: {number} in a file whose name says {told}; give both the same"
        yield Finding(words.file, words.lines.of(("number",)), "number", text)


def _of_code(words: Words) -> Iterator[Finding]:
    """Modules that do not import, and a package that is not there."""
    number = words.raw.get("number")
    if not isinstance(number, int) and not isinstance(words.raw.get("after"), int):
        return
    package = _package(words.place.stem if number is None else f"{number:02}-")
    if words.place.in_course and not package.is_dir():
        text = f"the package {shown(package)}/ with its workings is missing; make it, or start again with lessonlib new"
        yield Finding(words.file, words.lines.of(("number",)), "package", text)
    good, bad = code_for(words.place.name, number).faults()
    yield from (code_finding(error) for error in bad)
    yield from _twice((good,))


def code_finding(error: LessonCodeError) -> Finding:
    """The finding for code that cannot be used."""
    rule = "name-once" if "one name has one meaning" in error.fault else "code"
    return Finding(
        shown(Path(error.file)),
        error.line,
        rule,
        f"{error.fault}{'' if rule == 'name-once' else '; mend it and lint again'}",
    )


def _twice(parts: Sequence[Sequence[Any]]) -> Iterator[Finding]:
    """A name with two meanings, at the second."""
    for module in dict.fromkeys(module for modules in parts for module in modules):
        yield from _written_twice(Path(str(module.__file__)))
    known: dict[str, Any] = {}
    for name, working in (pair for modules in parts for module in modules for pair in workings_of(module)):
        other = known.setdefault(name, working)
        if other is not working and place_of(other) != place_of(working):
            yield code_finding(twice(name, other, working))


def _written_twice(file: Path) -> Iterator[Finding]:
    """Functions of one file that have one name: Python keeps the last and says nothing."""
    first: dict[str, int] = {}
    for node in ast.parse(read_bytes(file)).body:
        if isinstance(node, ast.FunctionDef) and first.setdefault(node.name, node.lineno) != node.lineno:
            text = f"“{node.name}” is defined in line {first[node.name]} already, and only this one counts; rename one"
            yield Finding(shown(file), node.lineno, "name-once", text)


def _opened(words: Words) -> tuple[list[Lesson], list[Finding]]:
    """The lesson on each lab; a fault that keeps it from opening, placed at the item that the message names."""
    lessons: list[Lesson] = []
    faults: dict[str, list[str]] = {}
    for name in lab_names():
        try:
            lessons.append(Lesson(words.place.name, load_lab(name), None, BLOCKS))
        except LessonlibError as error:
            said = str(error).removeprefix(f"{words.place.name} ")
            faults.setdefault(said, []).append(name)
    found = []
    for said, labs in faults.items():
        named = next((index for index, entry in enumerate(words.raw["steps"]) for body in entry.values()
                      if isinstance(body, dict) and said.startswith(f"{body.get('id')} ")), None)  # fmt: skip
        line = words.lines.of(("steps", named) if named is not None else (), said)
        found.append(Finding(words.file, line, "opens", f"{said} (on lab {', '.join(labs)})"))
    return lessons, found


def _budget(lessons: Sequence[Lesson]) -> Budget | None:
    try:
        return budget(lessons[0]) if lessons else None
    except Exception:  # a text that does not render is a finding
        return None


def _of_notebook(place: Place, notebook: dict[str, Any]) -> Iterator[Finding]:
    """A notebook that was built from other words than those there are now."""

    def bare(cells: Any) -> list[tuple[str, str]]:
        return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]

    if bare(build(place.name)["cells"]) != bare(notebook["cells"]):
        again = place.stem if place.in_course else shown(place.file)
        yield Finding(
            shown(place.notebook), 1, "notebook", f"its cells are not those of the words; run lessonlib build {again}"
        )


# --- what is around it -----------------------------------------------------------------------------------------------


def _around(places: Sequence[Place]) -> Iterator[Finding]:
    if any(place.in_course for place in places):
        asked = {shown(place.file) for place in places}
        mine = [_package(place.stem) for place in places if place.in_course]
        course = [of_course(name) for name in lesson_names()]
        everything = set(course) <= set(places)
        packages = _packages() if everything else ()
        for finding in [*_numbers(course), *packages, *_names(mine, everything), *_ideas(course)]:
            lesson = finding.rule in _OF_LESSONS and not finding.file.endswith(FILE)
            if everything or not lesson or finding.file in asked:
                yield finding
    for folder in dict.fromkeys(place.file.parent for place in places if not place.in_course):
        if is_file(folder / FILE):
            files = [of_file(file) for file in sorted(folder.glob("[0-9][0-9]-*.y*ml"))]
            yield from [*_numbers(files), *_ideas(files)]
        else:
            yield from _numbers([place for place in places if place.file.parent == folder])


def _package(name: str) -> Path:
    """The package of a lesson of the course by its name (its number is enough)."""
    import lessonlib.course

    return Path(lessonlib.course.__file__).parent / package_name(name)


def _numbers(places: Sequence[Place]) -> Iterator[Finding]:
    """Two lessons with one number, at the second."""
    known: dict[str, Place] = {}
    for place in places:
        if is_checkpoint(place.stem) or is_form(place.stem):
            continue
        other = known.setdefault(place.stem[:2], place)
        if other != place:
            text = f"number {place.stem[:2]} is that of {other.file.name} too; a number is one lesson's"
            yield Finding(shown(place.file), 1, "number", text)


def _packages() -> Iterator[Finding]:
    """Packages of lessons that have no words."""
    named = {package_name(name) for name in lesson_names()}
    home = _package("00-").parent
    for folder in sorted([*home.glob("lesson_[0-9][0-9]"), *home.glob("checkpoint_[0-9]")]):
        if folder.name not in named and (folder / "__init__.py").exists() and checkout_dir():
            what = folder.name.replace("_", " ")
            text = f"data/lessons/ has no {what} for this package; write its words, or take the package out"
            yield Finding(shown(folder / "__init__.py"), 1, "package", text)


def _names(mine: Sequence[Path], everything: bool) -> Iterator[Finding]:
    """Names with two meanings across the course, where one of the two is in a package that is asked about."""
    good, bad = whole_course().faults()
    if everything:
        yield from (code_finding(error) for error in bad)
    known: dict[str, Any] = {}
    for name, working in (pair for module in good for pair in workings_of(module)):
        other = known.setdefault(name, working)
        places = [Path(place_of(one)[0]) for one in (other, working)]
        if other is not working and (everything or any(file.is_relative_to(home) for file in places for home in mine)):
            # At the lesson's, not at the one that all lessons share.
            pair = (working, other) if working.__module__.startswith(SHARED) else (other, working)
            yield code_finding(twice(name, *pair))


def _ideas(places: Sequence[Place]) -> Iterator[Finding]:
    """The rules of the course, over those of its lessons that can be read."""
    path = places[0].concepts
    listing, lines, found = read_listing(path)
    yield from found
    if listing is None:
        return
    read = {place.stem: read_words(place, strict=False) for place in places}
    whole = {name: words for name, words in read.items() if _countable(words.raw)}
    known = {name: (words.file, words.lines) for name, words in whole.items()}
    found = course_findings(
        {name: words.raw for name, words in whole.items()}, listing, {**known, FILE: (shown(path), lines)}
    )
    broken = set(read) - set(whole)
    # What a lesson that cannot be read might ask, recall or teach is not missing.
    yield from (finding for finding in found if not broken or finding.rule not in ("three-ways", "misconceptions"))


def _countable(raw: Any) -> bool:
    """Whether the rules of the course can look at a lesson that the schema may refuse."""
    try:
        return isinstance(raw["number"] if "number" in raw else raw["after"], int) and all(
            isinstance(entry, dict) and len(entry) == 1 and all(_named(body) for body in entry.values())
            for entry in raw["steps"]
        )
    except (KeyError, TypeError):
        return False


def _named(body: Any) -> bool:
    """A text, or an item whose lists are lists."""
    if not isinstance(body, dict):
        return isinstance(body, str)
    lists = [body.get(key, []) for key in ("concepts", "options", "wrong")]
    return all(isinstance(one, list) for one in lists) and all(
        isinstance(entry, dict) for one in lists[1:] for entry in one
    )


#: rules whose findings are about one lesson, though they look at all
_OF_LESSONS = (
    "names-an-idea",
    "not-too-early",
    "three-ways",
    "asked-at-home",
    "quiz-looks-back",
    "misconceptions",
    "number",
)
