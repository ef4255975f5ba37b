"""The notebooks in a folder of the learner's: written once, never over a change of theirs.

Each notebook that is written keeps in its metadata which one it is and a hash of its cells as written. JupyterLab
rewrites a file whenever it saves (outputs, counts, layout), so the hash is of what a learner can change on purpose:
the type, id and text of each cell, in order. Same hash: nobody has touched it, and a newer edition may take its place.
Answers are not in these files but in the journal, so a newer edition keeps them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import TooLargeError, is_file, is_folder, make_folder, read_bytes, write_text
from lessonlib.base.formats import parse_json
from lessonlib.build import notebooks, pages
from lessonlib.lesson.source import lesson_names

#: Where our mark stands in a notebook's metadata: {"notebook": its name, "source": the hash of its cells as written}.
MARK = "lessonlib"

Notebook = dict[str, Any]


class State(Enum):
    """How a notebook in the folder stands to the edition that this package writes."""

    MISSING = "is not there"
    CURRENT = "has the cells of this edition"
    CHANGED = "is of this edition, with changes of the learner's"
    OLD = "is of another edition, as it was written"
    OLD_CHANGED = "is of another edition or of unknown origin, with changes"
    GONE = "is as it was written, by an edition that still had this notebook"


@dataclass(frozen=True)
class Entry:
    """One notebook of the folder. name: without the suffix."""

    name: str
    path: Path
    state: State


def names() -> list[str]:
    """All notebooks of the course: the lessons in order, then the pages that are no lessons."""
    return [*lesson_names(), *pages.PAGES]


def source_hash(notebook: Mapping[str, Any]) -> str:
    """A hash of the cells' types, ids and texts, in order. An empty cell (Shift-Enter leaves one at the end) is none."""
    kept = [
        (cell["cell_type"], cell.get("id"), "".join(cell["source"]))
        for cell in notebook["cells"]
        if "".join(cell["source"]).strip()
    ]
    return hashlib.sha256(json.dumps(kept, ensure_ascii=False).encode()).hexdigest()


def edition(name: str) -> Notebook:
    """The notebook `name` as this package writes it into a learner's folder: not executed, marked."""
    built = pages.build(name) if name in pages.PAGES else notebooks.build(name)
    tidy = notebooks.normalise(built)  # gives a page its kernel, too
    cells = [cell | {"execution_count": None} if cell["cell_type"] == "code" else cell for cell in tidy["cells"]]
    mark = {MARK: {"notebook": name, "source": source_hash(tidy)}}
    return {**tidy, "cells": cells, "metadata": tidy["metadata"] | mark}


def look(folder: Path, editions: Mapping[str, Notebook]) -> list[Entry]:
    """How each notebook stands; those of the course in their order, then those that are no longer in it.

    Raises LessonlibError if a file stands in the place of the folder, or a folder in the place of a notebook; OSError.
    """
    if os.path.lexists(folder) and not is_folder(folder):
        raise LessonlibError(f"{folder} is a file: move it away, or name another folder with --folder")
    found = [Entry(name, _path(folder, name), _state(_path(folder, name), new)) for name, new in editions.items()]
    return [*found, *_gone(folder, editions)]


def _path(folder: Path, name: str) -> Path:
    return folder / f"{name}.ipynb"


def _state(path: Path, new: Notebook) -> State:
    if not os.path.lexists(path):
        return State.MISSING
    there = _read(path)
    if there is None:
        return State.OLD_CHANGED
    is_now, was, will_be = source_hash(there), _mark(there).get("source"), source_hash(new)
    if is_now == will_be:
        return State.CURRENT
    if is_now == was:
        return State.OLD
    return State.CHANGED if was == will_be else State.OLD_CHANGED


def _gone(folder: Path, editions: Mapping[str, Notebook]) -> Iterator[Entry]:
    """Notebooks that we wrote, that nobody has changed, and that the course no longer has."""
    for path in sorted(folder.glob("*.ipynb")):
        if path.stem in editions or not is_file(path):
            continue
        there = _read(path)
        mark = _mark(there) if there else {}
        if there and mark.get("notebook") == path.stem and mark.get("source") == source_hash(there):
            yield Entry(path.stem, path, State.GONE)


def _read(path: Path) -> Notebook | None:
    """The notebook in a file; None when it is none. Raises LessonlibError for what is no file or cannot be read."""
    if not is_file(path):
        raise LessonlibError(
            f"{path} is {'a folder' if is_folder(path) else 'no ordinary file'}, where a notebook should be: move it away, or use --folder"
        )
    try:
        data = read_bytes(path, most=notebooks.MOST_OF_A_NOTEBOOK)
    except TooLargeError:
        return None
    try:
        there: Notebook = parse_json(data.decode(), str(path))
        source_hash(there)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return there


def is_ours(path: Path) -> bool:
    """Whether the file `path` is a notebook that we wrote under this name, changed or not."""
    there = _read(path) if is_file(path) else None
    return there is not None and _mark(there).get("notebook") == path.stem


def _mark(notebook: Notebook) -> dict[str, Any]:
    """What we wrote into its metadata, or nothing."""
    metadata = notebook.get("metadata")
    mark = metadata.get(MARK) if isinstance(metadata, dict) else None
    return mark if isinstance(mark, dict) else {}


# --- writing -------------------------------------------------------------------------------------------------------


def prepare(folder: Path, update: bool = False, say: Callable[[str], None] = print) -> None:
    """Put the notebooks that are missing into `folder`; with `update` also newer editions of those that are there.

    A notebook with changes of the learner's is never written over: a newer edition takes its name, and theirs is kept
    beside it as “NAME (yours).ipynb”. `say` gets one line for each thing done, or left undone.
    Raises LessonlibError when the folder cannot be read or written.
    """
    editions = {name: edition(name) for name in names()}
    try:
        entries = look(folder, editions)
        missing = [entry for entry in entries if entry.state is State.MISSING]
        if missing:
            make_folder(folder)
        for entry in missing:
            _write(entry.path, editions[entry.name])
        for line in _written(missing, len(editions), folder):
            say(line)
        for line in _update(entries, editions) if update else _waiting(entries):
            say(line)
    except LessonlibError as error:
        hint = "" if "--folder" in str(error) else "; name a folder of yours with --folder"
        raise LessonlibError(f"{error}{hint}") from None
    except OSError as error:
        where = error.filename or folder
        raise LessonlibError(
            f"{where}: cannot be read or written ({error.strerror}); name a folder of yours with --folder"
        ) from None


def _written(missing: list[Entry], of: int, folder: Path) -> list[str]:
    if len(missing) == of:
        return [f"wrote the {of} notebooks into {folder}"]
    return [f"wrote {entry.path.name}" for entry in missing]


def _waiting(entries: list[Entry]) -> list[str]:
    count = sum(entry.state in (State.OLD, State.OLD_CHANGED) for entry in entries)
    noun = "notebook has" if count == 1 else "notebooks have"
    return (
        [f"{count} {noun} another edition: lessonlib lab --update brings it, and keeps your answers"] if count else []
    )


def _update(entries: list[Entry], editions: Mapping[str, Notebook]) -> Iterator[str]:
    for entry in entries:
        name = entry.path.name
        if entry.state is State.OLD:
            _write(entry.path, editions[entry.name])
            yield f"updated {name}"
        elif entry.state is State.OLD_CHANGED:
            kept = _beside(entry.path)
            entry.path.rename(kept)
            _write(entry.path, editions[entry.name])
            yield f"updated {name}; yours, with your changes, is now {kept.name}"
        elif entry.state is State.CHANGED:
            yield f"left {name} alone: it has changes of yours, and nothing is newer"
        elif entry.state is State.GONE:
            yield f"left {name} alone: the course no longer has it"
    if all(entry.state is State.CURRENT for entry in entries):
        yield "nothing to update: every notebook is of this edition"


def _beside(path: Path) -> Path:
    """A free name for the learner's copy."""
    number, kept = 1, path.with_name(f"{path.stem} (yours){path.suffix}")
    while os.path.lexists(kept):
        number += 1
        kept = path.with_name(f"{path.stem} (yours {number}){path.suffix}")
    return kept


def _write(path: Path, notebook: Notebook) -> None:
    write_text(path, notebooks.dumps(notebook))
    _sign(path)


def _sign(path: Path) -> None:
    """Tell Jupyter that this file comes from us, so that it trusts it as if the learner had run it."""
    import nbformat
    from nbformat.sign import NotebookNotary

    # Its data base may be locked, read-only or of another version. Trust is a comfort: without it the learner runs the cells.
    with suppress(Exception):
        NotebookNotary().sign(nbformat.read(path, as_version=4))
