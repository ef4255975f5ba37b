"""Standard output, error and input as a shell may hand them over: closed, full, narrow, a reader that has gone."""

from __future__ import annotations

import ast
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lessonlib.base.paths import data_dir
from lessonlib.roofline import DEFAULT_LAB

#: as a shell hands it over: Python keeps what is printed until there is enough of it
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `lessonlib …` (as $L) in a shell; what it says is read as UTF-8."""
    return subprocess.run(
        command,
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        env={**_ENVIRONMENT, "L": f"{sys.executable} -m lessonlib", **environment},
    )


@pytest.mark.parametrize(
    "command",
    [
        "gpus",
        "gpus --json",
        "estimate",
        "estimate --json",
        "estimate --sweep batch=1:9999",
        "--help",
        "estimate --help",
    ],
)
@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
def test_a_full_disk_behind_standard_output_is_one_line(command: str, environment: dict[str, str]) -> None:
    done = shell(f"$L {command} > /dev/full", **environment)
    assert done.returncode == 2
    assert "standard output cannot be written: No space left on device" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["gpus", "estimate --json", "--help"])
def test_a_closed_standard_output_is_one_line(command: str) -> None:
    done = shell(f"$L {command} >&-")
    assert done.returncode == 2
    assert done.stderr == "lessonlib: standard output is closed; send it to a file, or to /dev/null\n"


def test_closed_input_and_error_are_no_matter() -> None:
    done = shell("$L gpus <&- 2>&-")
    assert done.returncode == 0 and "h100-sxm" in done.stdout
    done = shell("$L gpus --jsn 2>&-")
    assert done.returncode == 2 and done.stdout == ""


def test_what_is_said_of_a_wrong_line_needs_no_standard_output() -> None:
    done = shell("$L estimate --gpu h900 > /dev/full")
    assert done.returncode == 2 and "unknown GPU" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["ascii", "C"],
)
def test_a_narrow_terminal_gets_escapes_and_json_stays_json(environment: dict[str, str], tmp_path: Path) -> None:
    lab = (data_dir() / "labs" / f"{DEFAULT_LAB}.toml").read_text(encoding="utf-8")
    folder = tmp_path / "Prüfung 第一 😀"
    folder.mkdir()
    (folder / "lab.toml").write_text(lab, encoding="utf-8")
    for command in ("gpus", "models", "labs", f"estimate --lab '{folder}/lab.toml'"):
        done = shell(f"$L {command}", **environment)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.isascii()
        done = shell(f"$L {command} --json", **environment)
        assert done.returncode == 0 and json.loads(done.stdout)
    done = shell(f"$L estimate --lab '{folder}'", **environment)
    assert done.returncode == 2 and done.stderr.isascii() and done.stderr.count("\n") == 1


def test_an_interrupt_in_the_first_moments_is_no_traceback() -> None:
    """Ctrl-C while the command line is still being imported ends the process, as it does a program that is no Python."""
    code = """
import os, signal, sys
class Interrupted:
    def find_spec(name, *_):
        if name == "lessonlib.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupted)
signal.signal(signal.SIGINT, signal.{handler})
import lessonlib.__main__
raise SystemExit(lessonlib.__main__.main())
"""
    for handler, status in (("default_int_handler", -signal.SIGINT), ("SIG_IGN", 0)):
        command = [sys.executable, "-c", code.replace("{handler}", handler), "gpus"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (status, "")


def test_little_is_imported_before_an_interrupt_is_heard() -> None:
    code = "import sys; before = set(sys.modules); import lessonlib.__main__; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert not {"typing", "argparse", "re", "json"} & set(ast.literal_eval(done.stdout)), done.stdout
