"""Notebooks executed by papermill, two at a time, in processes that know nothing of whoever runs the tests."""

from __future__ import annotations

import json
import multiprocessing
import os
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from lessonlib.build import check
from lessonlib.build import notebooks as stage

TIMEOUT_SECONDS = 120


class Job(NamedTuple):
    """A notebook, a mode ("" for a person who does nothing) and a lab ("" for the default)."""

    notebook: str
    mode: str
    lab: str

    def __str__(self) -> str:
        return "-".join(part for part in (self.notebook, self.mode or "unset", self.lab) if part)


class Runs:
    """Results of jobs. All wanted jobs start at once, so that one runs while another is looked at."""

    def __init__(self, folder: Path, wanted: list[Job]):
        self._pool = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))
        self._waiting: dict[Job, Future[tuple[dict[str, Any], float]]] = {
            job: self._pool.submit(execute, job, str(folder / f"{job}.ipynb")) for job in wanted
        }

    def result(self, job: Job) -> dict[str, Any]:
        """The executed notebook. Fails with the cell and the error if a cell failed."""
        return self._waiting[job].result()[0]

    def processor_seconds(self, job: Job) -> float:
        """What the run took, its kernel included, in seconds of processor time."""
        return self._waiting[job].result()[1]

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def execute(job: Job, output: str) -> tuple[dict[str, Any], float]:
    """Run one job; in a process of its own, because it changes the environment. The notebook, and its processor time in seconds."""
    begun = _processor_seconds()
    for name in ("LESSON_AUTO", "LESSON_LAB", "JPY_SESSION_NAME"):
        os.environ.pop(name, None)
    os.environ["LESSON_JOURNAL"] = "off"
    settings = {key: value for key, value in (("auto", job.mode), ("lab", job.lab)) if value}
    outcome = check.execute(stage.notebooks_dir() / f"{job.notebook}.ipynb", Path(output), settings, TIMEOUT_SECONDS)
    if outcome.failure:
        raise AssertionError(f"{job}: cell {outcome.failure.cell}: {outcome.failure.error}")
    return json.loads(Path(output).read_text(encoding="utf-8")), _processor_seconds() - begun


def _processor_seconds() -> float:
    """Of this process and of the kernels that it has waited for."""
    return sum(os.times()[:4])
