"""The author's commands: what they print, and how they end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lessonlib.cli import build as building
from lessonlib.cli import main
from lessonlib.lesson.source import load_source
from tests.build.conftest import course_code_stays  # noqa: F401 - used by itself
from tests.build.tea import change, tea


def run(*args: str) -> int:
    try:
        return main.main(args)
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["lint", "77"], "there is no lesson “77”"),
        (["lint", "--strct"], "unknown argument --strct"),
        (["build", "nonsense"], "there is no lesson “nonsense”"),
        (["build", "no/such.yaml"], "there is no file"),
        (["try"], "required: LESSON"),
        (["try", "77"], "there is no lesson “77”"),
        (["new", "9"], "required: SLUG"),
        (["new", "9", "Not A Slug"], "is no slug"),
        (["new", "x", "slug"], "expected a whole number from 0 to 99"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*args) == 2
    told = capsys.readouterr()
    assert told.out == "" and said in told.err and told.err.startswith("lessonlib") and told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_lint_prints_the_findings_the_budget_and_how_many(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = tea(tmp_path / "pot")
    assert run("lint", "pot") == 0
    assert capsys.readouterr().out.splitlines() == [
        "07-tea  252 words, 2 predictions, 4 minutes",
        "no findings in 1 lesson",
    ]
    change(place.file, "truth: tea_read_time", "truth: tea_red_time")
    assert run("lint", "pot") == 1
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("pot/07-tea.yaml:23: workings: ") and last == "1 finding in 1 lesson"


def test_lint_lists_its_rules(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("lint", "--rules") == 0
    told = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert "refutes it in four parts" in told["refuted"] and "2,200 words" in told["budget"]


def test_new_builds_a_notebook_that_runs_and_lints(tmp_path: Path) -> None:
    """The whole way, as an author goes it, outside of any checkout."""

    def lessonlib(*args: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lessonlib", *args]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    made = lessonlib("new", "7", "tea", "--folder", "a pot", "--short")
    assert (made.returncode, made.stderr) == (0, "")
    assert "wrote a pot/07-tea.ipynb" in made.stdout and "lessonlib lint 'a pot'" in made.stdout
    notebook = (tmp_path / "a pot" / "07-tea.ipynb").read_text(encoding="utf-8")
    assert "seal " in notebook
    linted = lessonlib("lint", "a pot")
    assert (linted.returncode, linted.stderr) == (0, ""), linted.stdout
    again = lessonlib("build", "a pot")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", ""), "a second build changes nothing"


def test_a_cell_that_fails_is_one_line_and_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tea(tmp_path / "pot")
    before = place.notebook.read_text(encoding="utf-8")
    (place.folder / "more.py").write_text("def x(:", encoding="utf-8")
    assert run("build", str(place.folder)) == 1
    told = capsys.readouterr()
    assert told.err.count("\n") == 1 and "07-tea.ipynb: the cell lesson failed: LessonCodeError: more.py:1:" in told.err
    assert place.notebook.read_text(encoding="utf-8") == before


def test_try_stops_at_findings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "build", lambda places: 0)
    monkeypatch.setattr("os.execve", lambda *args: pytest.fail("opened"))
    place = tea(tmp_path / "pot")
    change(place.file, "title: ", "#title: ")
    assert run("try", str(place.file)) == 1
    assert "“title” is missing" in capsys.readouterr().out


def test_try_opens_the_notebook_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "build", lambda places: 0)
    started: list[list[str]] = []
    monkeypatch.setattr("os.execve", lambda program, argv, env: started.append(argv) or sys.exit(0))
    place = tea(tmp_path / "a pot")
    assert run("try", str(place.folder), "--no-browser", "--port", "9999") == 0
    [argv] = started
    assert f"--ServerApp.root_dir={place.folder}" in argv and argv[-3:] == ["--no-browser", "--port", "9999"]
    assert [part for part in argv if "default_url" in part] == ["--LabApp.default_url=/lab/tree/07-tea.ipynb"]


def test_a_lesson_keeps_its_data_after_the_linter(tmp_path: Path) -> None:
    """The linter looks; what other code has read is not changed by it."""
    before = str(load_source("00-start-here"))
    run("lint", "00")
    assert str(load_source("00-start-here")) == before
