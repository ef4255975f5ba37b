"""A package that is missing is named in one line, with what to install."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from lessonlib.base.errors import LessonlibError
from lessonlib.base.extras import _PACKAGES, require
from lessonlib.cli.main import main


def test_a_package_that_is_there_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loud_package.py").write_text("raise RuntimeError", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    require("loud_package", "author", "this")


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "papermill", None)
    with pytest.raises(LessonlibError) as caught:
        require("papermill", "author", "lessonlib check")
    assert str(caught.value) == (
        "lessonlib check needs the package papermill, which is not installed: pip install papermill (lessonlib[author] brings it)"
    )


def test_every_extra_named_in_the_code_brings_what_is_said(repo: Path) -> None:
    project = tomllib.loads((repo / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {
        name: {Requirement(line).name for line in lines} for name, lines in project["optional-dependencies"].items()
    }
    code = "".join(path.read_text(encoding="utf-8") for path in (repo / "lessonlib").rglob("*.py"))
    named = re.findall(r'require\(\s*"([\w-]+)", "(\w+)"', code)
    assert {module for module, _ in named} >= {"papermill", "openai", "yaml"}
    assert [(module, extra) for module, extra in named if _PACKAGES.get(module, module) not in extras[extra]] == []


@pytest.mark.parametrize("command", [["new", "42", "a-name"], ["lint"], ["build"], ["try", "01"]])
def test_an_authors_command_says_what_an_author_needs(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert main(command) == 2
    said = capsys.readouterr().err
    assert f"lessonlib {command[0]} needs the package pyyaml" in said and said.count("\n") == 1
