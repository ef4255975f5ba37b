"""The names of `import lessonlib`: the ones an editor sees are the ones that are there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lessonlib


def imported_for_editors(repo: Path) -> dict[str, str]:
    """Name -> module, as the block `if TYPE_CHECKING` says."""
    tree = ast.parse((repo / "lessonlib" / "__init__.py").read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If)]
    imports = [node for block in blocks for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names}


def test_an_editor_sees_every_public_name_and_no_other(repo: Path) -> None:
    assert sorted(imported_for_editors(repo)) == sorted(lessonlib.__all__)


def test_each_name_is_the_one_that_the_editor_is_sent_to(repo: Path) -> None:
    for name, module in imported_for_editors(repo).items():
        there = getattr(__import__(module, fromlist=[name]), name)
        assert getattr(lessonlib, name) is there, f"{name} of {module}"


def test_the_package_says_that_it_is_typed(repo: Path) -> None:
    assert (repo / "lessonlib" / "py.typed").read_text(encoding="utf-8") == ""


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    with pytest.raises(AttributeError, match="no attribute 'lab'; it has: GPU, "):
        lessonlib.lab  # noqa: B018 - the look itself is what fails
    assert set(lessonlib.__all__) < set(dir(lessonlib))
