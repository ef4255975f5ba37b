"""Files are opened in one place: no module beside `base/files.py` calls what opens, reads or writes one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import lessonlib

PACKAGE = Path(lessonlib.__file__).parent
OPENING = {
    "open",
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
    "fdopen",
    "mkstemp",
    "NamedTemporaryFile",
    "savefig",
}
LOADING = {("json", "load"), ("json", "loads"), ("tomllib", "load"), ("tomllib", "loads"), ("csv", "reader"), ("csv", "DictReader"), ("yaml", "load"), ("yaml", "safe_load"), ("yaml", "compose"), ("yaml", "load_all")}  # fmt: skip
#: Who may, and why.
EXCEPTIONS = {
    "base/files.py": "the one place",
    "base/formats.py": "the one parser",
    "cli/output.py": "stands in for a closed stream",
    "build/notebooks.py": "sends what kernels say to nowhere",
    "build/check.py": "sends what kernels say to nowhere",
    "draw/style.py": "draws into memory",
    "lesson/yaml_file.py": "the one parser of YAML",
    "lesson/seal.py": "reads back what it wrote in memory",
    "classroom/sqlite.py": "makes the database's file for its owner alone, and locks one beside it",
    "classroom/store.py": "reads back the guesses that it wrote",
    "show/class_pages.py": "the package's own pages",
    "show/scripts.py": "the package's own scripts and styles",
    "show/typescript.py": "the package's own declarations, for whoever works on it",
    "show/course_map/__init__.py": "the package's own style",
    "record/journal_file.py": "appends under a lock, and reads what was appended",
    "record/lines.py": "a line of the journal, with a guard of its own",
    "record/ours.py": "looks whether a file is our journal, however large it is",
}


def _calls(file: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    imported = {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lessonlib.base.files")
        for name in node.names
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in OPENING - imported:
            yield node.lineno, node.func.id
        elif isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            if node.func.attr in OPENING or (owner, node.func.attr) in LOADING:
                yield node.lineno, f"{owner}.{node.func.attr}"


def test_nobody_opens_a_file_beside_the_one_place() -> None:
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        if calls := list(_calls(file)):
            found[name] = calls
    assert {name: calls for name, calls in found.items() if name not in EXCEPTIONS} == {}
    assert sorted(EXCEPTIONS) == sorted(found), "an exception that is none any more"
