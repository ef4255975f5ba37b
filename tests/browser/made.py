"""Notebooks that a test writes: of some cells, and of a lesson of its own."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tests.browser.clicks import KERNEL


def write_notebook(path: Path, *cells: str) -> Path:
    """A notebook with these code cells."""
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells], metadata=KERNEL), path)
    return path


def own_lesson(folder: Path, name: str, words: str, workings: str, *cells: str) -> Path:
    """A lesson of one's own in the folder `name`, and a notebook that opens it as `lesson` and runs the cells."""
    home = folder / name
    home.mkdir()
    (home / f"01-{name}.yaml").write_text(words, encoding="utf-8")
    (home / "workings.py").write_text(workings, encoding="utf-8")
    opening = f'import lessonlib\nlesson = lessonlib.open_lesson("{home / f"01-{name}.yaml"}")'
    return write_notebook(folder / f"{name}.ipynb", opening, *cells)
