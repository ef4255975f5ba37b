"""Execute notebooks from top to bottom and say which cell fails first.

Each notebook runs in a kernel of its own through papermill, a few at a time in worker processes. What they
produce goes to a temporary folder; the notebooks themselves are only read.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.base.files import is_file, is_folder, read_json
from lessonlib.base.paths import data_dir
from lessonlib.build.notebooks import MOST_OF_A_NOTEBOOK

AUTO = ("truth", "each", "skip")
_ERROR_WIDTH = 160  # characters of an error's message that are worth a look; the traceback is in the notebook


@dataclass(frozen=True)
class CellFailure:
    """The first cell that failed. cell: its number, counting every cell of the notebook from 1; 0 when
    no cell was reached (then `code` is empty). code: its first line; two when the first is a comment.
    """

    cell: int
    code: str
    error: str


@dataclass(frozen=True)
class NotebookRun:
    """What became of one notebook. seconds: from kernel start to shutdown."""

    notebook: Path
    seconds: float
    failure: CellFailure | None


# --- what to run -----------------------------------------------------------------------------------------


def find(given: Sequence[str]) -> list[Path]:
    """The notebooks that the arguments name, in their order; a folder stands for those in it.

    Raises LessonlibError for a name that is no notebook, and when nothing is left to run.
    """
    folders = given or [str(data_dir().parent / "notebooks")]
    found = [path for name in folders for path in _notebooks_at(Path(name))]
    if not found:
        raise LessonlibError(f"no notebook (*.ipynb) in {listed(folders)}")
    return list(dict.fromkeys(found))


def _notebooks_at(path: Path) -> list[Path]:
    if is_folder(path):
        return sorted(path.resolve().glob("*.ipynb"))
    if not is_file(path):
        raise LessonlibError(f"no notebook {path}: name an .ipynb file or a folder that holds some")
    if path.suffix != ".ipynb":
        raise LessonlibError(f"{path} is not a notebook: its name must end in .ipynb")
    return [path.resolve()]


def parameters(auto: str | None, lab: str | None) -> dict[str, str]:
    """What goes into the cell tagged `parameters`. Raises LessonlibError for a lab that does not load."""
    given = {}
    if auto:
        given["auto"] = auto
    if lab is not None:
        from lessonlib.roofline import load_lab

        load_lab(lab)
        # The notebook runs in its own folder, so a file must be named from the root.
        given["lab"] = str(Path(lab).resolve()) if is_file(lab) else lab
    return given


# --- running ---------------------------------------------------------------------------------------------


def execute_all(
    notebooks: Sequence[Path], settings: Mapping[str, str], jobs: int, timeout: int
) -> Iterator[NotebookRun]:
    """Execute the notebooks, `jobs` at a time, and give each outcome as it comes. timeout: seconds a cell."""
    import multiprocessing
    import tempfile
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    with tempfile.TemporaryDirectory(prefix="lessonlib-check-") as folder:
        pool = ProcessPoolExecutor(
            min(jobs, len(notebooks)), mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker
        )
        try:
            waiting = [
                pool.submit(execute, path, Path(folder) / f"{number}-{path.name}", settings, timeout)
                for number, path in enumerate(notebooks)
            ]
            for done in as_completed(waiting):
                yield done.result()
        except BrokenProcessPool as error:
            raise LessonlibError(
                "a process that executed notebooks was killed (out of memory?): try --jobs 1"
            ) from error
        except BaseException:
            # Also after Ctrl-C: a kernel ends by itself once the process that started it is gone.
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def execute_on_cluster(
    notebooks: Sequence[Path], settings: Mapping[str, str], timeout: int, address: str
) -> Iterator[NotebookRun]:
    """The same on the workers of a Dask cluster, which must see the notebooks under the same paths. address: of its scheduler.

    Raises LessonlibError where no scheduler or worker answers.
    """
    from lessonlib.base.parallel import results

    yield from results(execute_alone, [(path, dict(settings), timeout) for path in notebooks], dask=address)


def execute_alone(notebook: Path, settings: Mapping[str, str], timeout: int) -> NotebookRun:
    """Execute one notebook and keep nothing of it but what became of it. timeout: seconds a cell."""
    import tempfile

    os.environ.pop("JPY_SESSION_NAME", None)
    with tempfile.TemporaryDirectory(prefix="lessonlib-check-") as folder:
        return execute(notebook, Path(folder) / notebook.name, settings, timeout)


def _start_worker() -> None:
    """Leave Ctrl-C and stderr to the parent, and let no kernel think that it belongs to a person."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.pop("JPY_SESSION_NAME", None)
    # Kernels talk of their transport on stderr; what went wrong in a cell comes back in the NotebookRun.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def execute(notebook: Path, output: Path, settings: Mapping[str, str], timeout: int) -> NotebookRun:
    """Execute one notebook in its own folder, write the result to `output`. timeout: seconds a cell."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    begun = time.perf_counter()
    failure = None
    try:
        papermill.execute_notebook(
            notebook,
            output,
            parameters=dict(settings),
            cwd=notebook.parent,
            progress_bar=False,
            store_widget_state=False,
            execution_timeout=timeout,
        )
    except PapermillExecutionError as error:
        failure = _failed_cell(output, _clipped(f"{error.ename}: {error.evalue}"))
    except Exception as error:  # a dead kernel, a cell out of time, a file that is not a notebook
        failure = _failed_cell(output, _explained(error, timeout))
    return NotebookRun(notebook, time.perf_counter() - begun, failure)


def _explained(error: Exception, timeout: int) -> str:
    """One line for what stops a run from outside its cells."""
    kind = type(error).__name__
    if kind == "CellTimeoutError":
        return f"still running after {timeout} s (--timeout)"
    if kind == "DeadKernelError":
        return "the kernel died"
    return _clipped(f"{kind}: {error}")


def _clipped(text: str) -> str:
    """The first line of a message, and not all of it when it is long."""
    line = next(iter(text.strip().splitlines()), "")
    return line if len(line) <= _ERROR_WIDTH else f"{line[: _ERROR_WIDTH - 1]}…"


def _failed_cell(output: Path, error: str) -> CellFailure:
    """Where the run in `output` ended: papermill stamps each cell that it starts, and stops at a failure."""
    try:
        cells = read_json(output, most=MOST_OF_A_NOTEBOOK)["cells"]
    except (LessonlibError, KeyError):
        return CellFailure(0, "", error)
    cells = [cell for cell in cells if not _added_by_papermill(cell)]
    started = [
        number for number, cell in enumerate(cells, 1) if cell["metadata"].get("papermill", {}).get("start_time")
    ]
    if not started:
        return CellFailure(0, "", error)
    return CellFailure(started[-1], _opening(cells[started[-1] - 1]["source"]), error)


def _added_by_papermill(cell: Mapping[str, Any]) -> bool:
    ours = {"injected-parameters", "papermill-error-cell-tag"}
    return bool(ours & set(cell["metadata"].get("tags", ())))


def _opening(source: str | Iterable[str]) -> str:
    """The first line of a cell, and the comments' first line of code."""
    lines = [line for line in "".join(source).splitlines() if line.strip()]
    code = next((line for line in lines if not line.lstrip().startswith("#")), None)
    return "\n".join(dict.fromkeys([*lines[:1], *([code] if code else [])]))
