"""What a folder of tests sets for itself holds for no other folder: one worker runs files of many, in any order."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FOLDERS = sorted(Path(__file__).resolve().parents[1].glob("*/**/conftest.py"))


def words(call: ast.expr) -> dict[str, object]:
    """The arguments of ``@pytest.fixture(scope="session", autouse=True)`` by their names."""
    if not isinstance(call, ast.Call) or not ast.unparse(call.func).endswith("fixture"):
        return {}
    return {word.arg or "": ast.literal_eval(word.value) for word in call.keywords}


@pytest.mark.parametrize("conftest", FOLDERS, ids=lambda path: path.parent.name)
def test_what_applies_unasked_ends_with_its_file(conftest: Path) -> None:
    """A session's end comes after the files of all other folders."""
    for function in ast.walk(ast.parse(conftest.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef):
            for told in map(words, function.decorator_list):
                assert not told.get("autouse") or told.get("scope", "function") in ("function", "class", "module"), (
                    function.name
                )
