"""The same answers from a real Dask cluster of two workers on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.parallel import results
from lessonlib.cli.main import main
from tests.inputs.tried import within

LINE = "--slo 1,0.05 --rate 6 --requests 120 --output 20 --gpu l40s,h100-sxm --weights fp8,bf16 --tp 1,2 --pools one"
WORKER = "import sys; from distributed.cli.dask_worker import main; sys.exit(main(args=sys.argv[1:]))"
SCHEDULER = "import sys; from distributed.cli.dask_scheduler import main; sys.exit(main(args=sys.argv[1:]))"


def started(code: str, *args: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )


def ended(*programs: subprocess.Popen) -> None:
    for program in programs:
        program.terminate()
    for program in programs:
        try:
            program.wait(10)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory) -> Iterator[str]:
    """The address of a scheduler that nobody works for yet."""
    told = tmp_path_factory.mktemp("dask") / "scheduler.json"
    program = started(SCHEDULER, "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(told))
    try:
        for _ in range(300):
            if told.exists() and told.read_text():
                break
            time.sleep(0.1)
        yield json.loads(told.read_text())["address"]
    finally:
        ended(program)


@pytest.fixture(scope="module")
def cluster(scheduler: str, tmp_path_factory) -> Iterator[str]:
    """The same with two workers, each a process of its own."""
    here = str(tmp_path_factory.mktemp("workers"))
    settings = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--local-directory", here)
    workers = [started(WORKER, scheduler, *settings) for _ in range(2)]
    try:
        yield scheduler
    finally:
        ended(*workers)


def test_a_scheduler_without_workers_is_one_line(scheduler: str, capsys, monkeypatch) -> None:
    monkeypatch.setattr("lessonlib.base.parallel._PATIENCE_S", 1.0)
    with within(60):
        status = main(["plan", *LINE.split(), "--dask", scheduler])
    told = capsys.readouterr()
    assert status == 2 and told.out == "" and told.err.count("\n") == 1 and "no worker" in told.err


def worked(place: int) -> tuple[int, int]:
    import os

    time.sleep(0.3)
    return place, os.getpid()


def test_both_workers_work_and_neither_is_this_process(cluster: str) -> None:
    import os

    wait_for_two(cluster)
    found = list(results(worked, [(place,) for place in range(8)], dask=cluster))
    assert sorted(place for place, _ in found) == list(range(8))
    pids = {pid for _, pid in found}
    assert len(pids) == 2 and os.getpid() not in pids


def wait_for_two(address: str) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)


def test_a_plan_is_the_same_as_here(cluster: str, capsys) -> None:
    assert main(["plan", *LINE.split(), "--jobs", "1", "--json"]) == 0
    here = json.loads(capsys.readouterr().out)
    assert main(["plan", *LINE.split(), "--dask", cluster, "--json"]) == 0
    told = capsys.readouterr()
    there = json.loads(told.out)
    assert told.err == ""
    for key in ("question", "tried", "holding", "set_ups", "fronts", "all_that_hold"):
        assert here[key] == there[key]


def test_an_error_of_a_task_comes_back(cluster: str) -> None:
    with pytest.raises(LessonlibError, match="not three"):
        list(results(refuses_three, [(place,) for place in range(5)], dask=cluster))


def refuses_three(place: int) -> int:
    if place == 3:
        raise LessonlibError("not three")
    return place


def test_notebooks_are_executed_there(cluster: str, capsys, tmp_path, repo) -> None:
    nbformat = pytest.importorskip("nbformat")
    for name, code in (("works", "import os\nos.getcwd()"), ("fails", "1 / 0")):
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(book, tmp_path / f"{name}.ipynb")
    status = main(["check", str(tmp_path), "--dask", cluster])
    told = capsys.readouterr()
    assert status == 1 and "2 notebooks, 1 failed" in told.out
    assert "fails.ipynb: cell 1 failed" in told.err and "ZeroDivisionError" in told.err


@pytest.mark.parametrize("command", [["plan", *LINE.split()], ["check"]])
def test_nobody_at_the_address_is_one_line(command, capsys, monkeypatch) -> None:
    monkeypatch.setattr("lessonlib.base.parallel._PATIENCE_S", 1.0)
    with within(60):
        status = main([*command, "--dask", "tcp://127.0.0.1:1"])
    told = capsys.readouterr()
    assert status == 2 and told.out == "" and told.err.count("\n") == 1 and "no scheduler answers" in told.err
