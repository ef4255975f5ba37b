"""All notebooks through papermill, beside as many that only import what these import."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.result import Result
from lessonlib.build import check

JOBS = 2
ROUNDS = 3
TIMEOUT_S = 300
# Modules of others, in the order in which a lesson came to import them.
SHOW_IMPORTS = """
import json, sys
_theirs = [name for name in sys.modules if name.partition(".")[0] not in sys.stdlib_module_names | {"lessonlib", "__main__"}]
with open(TARGET, "w", encoding="utf-8") as file:
    json.dump(_theirs, file)
"""
IMPORT_ALL = """
import importlib
for name in NAMES:
    try:
        importlib.import_module(name)
    except Exception:  # a part of a package that only the package itself may import
        pass
"""


def _run(paths: Sequence[Path]) -> float:
    begun = time.perf_counter()
    failed = [check.report(outcome) for outcome in check.execute_all(paths, {}, JOBS, TIMEOUT_S) if outcome.failure]
    if failed:
        raise SystemExit("\n".join(failed))
    return time.perf_counter() - begun


def _imported_by(path: Path, folder: Path) -> list[str]:
    """The modules that a notebook has imported when it ends."""
    notebook = nbformat.read(path, as_version=4)
    probe, listed = folder / f"probe-{path.name}", folder / f"{path.stem}.json"
    notebook.cells.append(new_code_cell(SHOW_IMPORTS.replace("TARGET", repr(str(listed)))))
    nbformat.write(notebook, probe)
    _run([probe])
    return json.loads(listed.read_text(encoding="utf-8"))


def _import_only(path: Path, folder: Path) -> Path:
    bare = new_notebook(metadata=nbformat.read(path, as_version=4).metadata)
    bare.cells = [new_code_cell(IMPORT_ALL.replace("NAMES", repr(_imported_by(path, folder))))]
    target = folder / f"imports-{path.name}"
    nbformat.write(bare, target)
    return target


def measure() -> Iterator[Result]:
    """The median ratio over rounds that take turns."""
    lessons = check.find([])
    with tempfile.TemporaryDirectory() as folder:
        bare = [_import_only(path, Path(folder)) for path in lessons]
        rounds = [(_run(lessons), _run(bare)) for _ in range(ROUNDS)]
    ours, theirs = (median(column) for column in zip(*rounds, strict=True))
    detail = f"{len(lessons)} notebooks, {JOBS} at a time: {ours:.1f} s, imports alone {theirs:.1f} s"
    yield Result("all notebooks over import-only notebooks", ours / theirs, 1.3, "x", detail)
