"""`make` says in one line what a machine lacks, before it makes anything."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

OLD = """#!/bin/sh
case "$*" in
  *version_info*) exit 1 ;;
  --version) echo "Python 3.9.2" ;;
  *) echo "went on with an old Python" >&2; exit 3 ;;
esac
"""
NO_VENV = """#!/bin/sh
case "$*" in
  *version_info*) exit 0 ;;
  *ensurepip*) exit 1 ;;
  *) echo "went on without venv" >&2; exit 3 ;;
esac
"""


def make(repo: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    for name in ("Makefile", "requirements.lock", "requirements-test.lock", "pyproject.toml"):
        shutil.copy(repo / name, folder / name)
    return subprocess.run(["make", *arguments], cwd=folder, capture_output=True, text=True, check=False)


def stand_in(folder: Path, script: str) -> str:
    python = folder / "stand-in-python"
    python.write_text(script, encoding="utf-8")
    python.chmod(0o755)
    return str(python)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (OLD, "Python 3.9.2 is too old: Python 3.11 or newer is needed"),
        (NO_VENV, "apt install python3-venv"),
        (None, "no 'no-such-python' here"),
    ],
    ids=["old", "without venv", "missing"],
)
def test_what_is_missing_is_said_in_one_line(repo: Path, tmp_path: Path, script: str | None, said: str) -> None:
    python = stand_in(tmp_path, script) if script else "no-such-python"
    done = make(repo, tmp_path, "env", f"PYTHON={python}")
    # The last line is make's own.
    *ours, _ = done.stderr.strip().splitlines()
    assert done.returncode != 0
    assert len(ours) == 1 and said in ours[0], done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    ("target", "locks"),
    [
        ("lab", {"requirements.lock"}),
        ("notebooks", {"requirements.lock"}),
        ("wheel", {"requirements.lock"}),
        ("check", {"requirements.lock", "requirements-test.lock"}),
        ("test", {"requirements.lock", "requirements-test.lock"}),
    ],
)
def test_only_what_tests_installs_what_tests_need(repo: Path, tmp_path: Path, target: str, locks: set[str]) -> None:
    planned = make(repo, tmp_path, "--dry-run", target).stdout
    assert set(re.findall(r"--require-hashes -r (\S+)", planned)) == locks
