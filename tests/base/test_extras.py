"""A package that is missing is named in one line, with what to install."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from lessonlib.base.errors import LessonlibError
from lessonlib.base.extras import require


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
    assert {package for package, _ in named} >= {"papermill", "openai"}
    assert [(package, extra) for package, extra in named if package not in extras[extra]] == []
