"""How every command begins and ends: arguments, errors in one line, exit status."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.cli import main


def lessonlib(*args: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lessonlib", *args], capture_output=True, text=True, check=False, **kwargs
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "required: COMMAND"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["check", "--auto", "maybe"], "invalid choice: 'maybe'"),
        (["check", "--job", "2"], "unknown argument --job"),
        (["check", "--jobs", "many"], "--jobs: expected a whole number from 1 to 256, not 'many'"),
        (["check", "--jobs", "0"], "--jobs: expected a whole number from 1 to 256, not '0'"),
        (["check", "--timeout", "-1"], "--timeout: expected a whole number from 1 to 86,400, not '-1'"),
        (["check", "no/such.ipynb"], "no notebook no/such.ipynb"),
        (["check", "README.md"], "not a notebook"),
        (["check", "--lab", "nowhere"], "unknown lab 'nowhere'"),
        (["gpus", "--jsn"], "unknown argument --jsn"),
        (["estimate", "--gpu", "h100-smx"], "h100-sxm"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "README.md").touch()
    (tmp_path / "a.ipynb").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("lessonlib.build.check.data_dir", lambda: tmp_path / "data")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "a.ipynb").touch()
    status = main.main(args)
    told = capsys.readouterr()
    assert status == 2
    assert told.out == ""
    assert said in told.err and told.err.startswith("lessonlib") and told.err.count("\n") == 1


def test_every_command_knows_its_function() -> None:
    parser = main.build_parser()
    args = {"lab": [], "check": [], "estimate": [], "models": [], "gpus": []}
    runs = {name: parser.parse_args([name, *more]).run.__module__ for name, more in args.items()}
    assert runs == {
        "lab": "lessonlib.cli.lab",
        "check": "lessonlib.cli.check",
        "estimate": "lessonlib.cli.estimate",
        "models": "lessonlib.cli.catalogue",
        "gpus": "lessonlib.cli.catalogue",
    }


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (LessonlibError("the file is torn: mend it"), 2, "lessonlib check: the file is torn: mend it\n"),
        (KeyboardInterrupt(), 130, "lessonlib: stopped\n"),
    ],
)
def test_where_errors_end(
    raised: BaseException, status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise raised

    monkeypatch.setattr("lessonlib.cli.check.run", fail)
    assert main.main(["check"]) == status
    assert capsys.readouterr().err == said


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise KeyError("forgotten")

    monkeypatch.setattr("lessonlib.cli.check.run", fail)
    with pytest.raises(KeyError):
        main.main(["check"])


def test_a_reader_that_leaves_early_is_no_error() -> None:
    # `head` reads one line of a list far longer than a pipe holds; `repeat` makes it long.
    code = "import lessonlib.cli.check as c, lessonlib.cli.main as main; c.run = lambda args: print('x\\n' * 10**6) or 0; raise SystemExit(main.main(['check']))"
    done = subprocess.run(
        f"'{sys.executable}' -c \"{code}\" | head -n 1; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["x", "141"]
    assert done.stderr == ""


def test_help_lists_every_command() -> None:
    done = lessonlib("--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("lab", "check", "estimate", "models", "gpus"))
