"""The notebooks that are no lessons: how a list of cells becomes a committed notebook.

``lessonlib build`` builds, executes and writes them; run twice it writes the same bytes.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lessonlib.base.errors import unknown_name
from lessonlib.build.notebooks import PARAMETERS, dumps, execute, normalise, notebooks_dir, write

#: Notebook -> the module that lists its cells as CELLS: (kind, source), the kind "markdown", "code" or "parameters" (those of a lesson if empty).
PAGES = {
    "review": "lessonlib.build.pages.review",
    "validation": "lessonlib.build.pages.validation",
    "your-lab": "lessonlib.build.pages.your_lab",
}

Cells = Sequence[tuple[str, str]]


def build(name: str) -> dict[str, Any]:
    """The notebook as plain data (nbformat 4.5), without outputs."""
    if name not in PAGES:
        raise unknown_name("page", name, PAGES, "lessonlib.build.pages.PAGES")
    cells: Cells = importlib.import_module(PAGES[name]).CELLS
    return {
        "cells": [_cell(name, kind, source) for kind, source in cells],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(name: str, kind: str, source: str) -> dict[str, Any]:
    source = source or PARAMETERS
    cell: dict[str, Any] = {
        "cell_type": "markdown" if kind == "markdown" else "code",
        "id": hashlib.sha256(f"{name}/{source}".encode()).hexdigest()[:12],
        "metadata": {"tags": ["parameters"]} if kind == "parameters" else {},
        "source": source.splitlines(keepends=True),
    }
    return cell if kind == "markdown" else cell | {"execution_count": None, "outputs": []}


def refresh(names: Iterable[str] = ()) -> list[Path]:
    """Build, execute and normalise these notebooks, or all; the files that changed."""
    changed = []
    for name in names or PAGES:
        path = notebooks_dir() / f"{name}.ipynb"
        if write(path, dumps(normalise(execute(build(name))))):
            changed.append(path)
    return changed
