"""One function over many tasks, on the cores of this machine (a cluster: tests/plan/test_dask.py)."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.parallel import check_address, cores, results


def squared(number: int, seconds: float = 0.0) -> tuple[int, int]:
    time.sleep(seconds)
    return number**2, os.getpid()


def refused(number: int) -> int:
    if number == 2:
        raise LessonlibError("not two")
    return number


def slow(folder: str, number: int) -> int:
    time.sleep(0.0 if number == 0 else 30.0)
    Path(folder, str(number)).touch()
    return number


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_task_is_done_once(jobs: int) -> None:
    found = list(results(squared, [(number,) for number in range(9)], jobs))
    assert sorted(square for square, _ in found) == [number**2 for number in range(9)]
    assert (os.getpid() in {process for _, process in found}) == (jobs == 1)


def test_tasks_are_asked_for_when_somebody_is_free() -> None:
    asked: list[int] = []
    back: list[tuple[int, int]] = []

    def tasks():
        for number in range(12):
            asked.append(len(back))
            yield number, 0.1

    for found in results(squared, tasks(), 2):
        back += [found]
    assert len(back) == 12 and asked[-1] >= 4  # the last were asked for when others were back


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_comes_back(jobs: int) -> None:
    with pytest.raises(LessonlibError, match="not two"):
        list(results(refused, [(number,) for number in range(4)], jobs))


def test_who_stops_early_waits_for_nobody(tmp_path: Path) -> None:
    begun = time.monotonic()
    with closing(results(slow, [(str(tmp_path), number) for number in range(4)], 2)) as running:
        assert next(running) == 0
    assert time.monotonic() - begun < 25
    assert [path.name for path in tmp_path.iterdir()] == ["0"]


def test_cores() -> None:
    assert 1 <= cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:8786",
        "http://a:1",
        "tcp://",
        "tcp://a",
        "tcp://a:b",
        "tcp://a b:1",
        "tcp://u@a:1",
        "tcp://a:1\n",
        "inproc://a/1",
        "\u202e",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(LessonlibError, match="tcp://"):
        check_address("--dask", text)
