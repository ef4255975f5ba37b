"""`check` on small notebooks: what it finds, what it says of a failure, what it leaves alone."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lessonlib.build import check
from lessonlib.build.check import CellFailure, NotebookRun
from lessonlib.cli import main
from lessonlib.cli.check import failure_text

PARAMETERS = new_code_cell("lab = None\nauto = None", metadata={"tags": ["parameters"]})
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def write(folder: Path, name: str, *code: str) -> Path:
    cells = [new_markdown_cell("# A title"), PARAMETERS, *map(new_code_cell, code)]
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=cells, metadata=KERNEL), path)
    return path


def run_check(*args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lessonlib", "check", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One run over a notebook of each fate; other tests read what it said."""
    folder = tmp_path_factory.mktemp("mixed")
    write(folder, "1-fine", "assert auto == 'skip' and lab == 'qwen3-32b-h200', (auto, lab)")
    write(folder, "2-wrong", "ready = True", "# Step 2 · predict\nassert not ready, 'was ready'\n", "1 / 0")
    write(folder, "3-slow", "import time; time.sleep(600)")
    write(folder, "4-dead", "import os; os._exit(3)")
    (folder / "5-torn.ipynb").write_text("{", encoding="utf-8")
    before = {path: path.read_bytes() for path in folder.iterdir()}
    done = run_check(folder, "--auto", "skip", "--lab", "qwen3-32b-h200", "--timeout", "4")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before, "check wrote into its sources"
    return folder, done


def test_a_failure_is_status_1(mixed: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    assert mixed[1].returncode == 1, mixed[1].stderr


def test_the_table_has_a_line_for_each_notebook_and_a_sum(mixed: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    *rows, total = mixed[1].stdout.splitlines()
    said = {row.split()[0]: row.split(" s  ")[1] for row in rows}
    assert said == {
        "1-fine.ipynb": "ok",
        "2-wrong.ipynb": "failed in cell 4",
        "3-slow.ipynb": "failed in cell 3",
        "4-dead.ipynb": "failed in cell 3",
        "5-torn.ipynb": "failed",
    }
    assert total.startswith("5 notebooks, 4 failed, ")


def test_the_first_failing_cell_is_named_with_its_code_and_error(
    mixed: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    told = dict(block.strip().split("\n", 1) for block in mixed[1].stderr.strip().split("\n\n"))
    assert (
        told["2-wrong.ipynb: cell 4 failed"]
        == "  # Step 2 · predict\n  assert not ready, 'was ready'\n  AssertionError: was ready"
    )
    assert told["3-slow.ipynb: cell 3 failed"].endswith("still running after 4 s (--timeout)")
    assert told["4-dead.ipynb: cell 3 failed"].endswith("the kernel died")
    assert "JSON" in told["5-torn.ipynb: no cell was executed"]
    assert "1 / 0" not in mixed[1].stderr
    assert "1-fine" not in mixed[1].stderr


def test_all_well_is_status_0_and_nobody_answers_unless_asked(tmp_path: Path) -> None:
    done = run_check(
        write(
            tmp_path,
            "one",
            "assert auto is None and lab is None",
            "import os; assert 'JPY_SESSION_NAME' not in os.environ",
        )
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 notebook, all ran through" in done.stdout


def test_a_terminal_sees_the_bar_move(tmp_path: Path) -> None:
    path = write(tmp_path, "one", "1")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 100))
    child = subprocess.Popen(
        [sys.executable, "-m", "lessonlib", "check", str(path)], stdout=subprocess.DEVNULL, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:  # Linux reports the end of a terminal this way
        pass
    assert child.wait() == 0
    assert b"0/1" in seen and b"1/1" in seen and b"one ok" in seen


def test_a_lab_file_is_named_from_the_root(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_bytes((repo / "data/labs/qwen3-32b-h200.toml").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert check.parameters(None, "mine.toml") == {"lab": str(tmp_path / "mine.toml")}
    assert check.parameters("each", "qwen3-32b-h200") == {"auto": "each", "lab": "qwen3-32b-h200"}
    assert check.parameters(None, None) == {}


def test_folders_stand_for_their_notebooks_and_none_runs_twice(tmp_path: Path) -> None:
    second, first = write(tmp_path, "b", "1"), write(tmp_path, "a", "1")
    (tmp_path / "words.txt").touch()
    assert check.find([str(second), str(tmp_path)]) == [second, first]


def test_the_report_of_a_failure_before_any_cell() -> None:
    text = failure_text(NotebookRun(Path("x.ipynb"), 1.0, CellFailure(0, "", "NoSuchKernel: julia")))
    assert text.splitlines() == ["", "x.ipynb: no cell was executed", "  NoSuchKernel: julia"]


def test_without_papermill_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "papermill", None)
    assert main.main(["check"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("lessonlib check: executing notebooks needs the package papermill") and said.count("\n") == 1
