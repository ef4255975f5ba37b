"""The scripts of the panels under Deno: lint, and the types of what Python sends. `python -m tests.show.scripts` prints the findings.

The page gets them joined, and they name each other's functions; so they are checked joined, and a finding is told at
its file and line.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from bisect import bisect_right
from pathlib import Path

from lessonlib.cli import lab
from lessonlib.show.scripts import STATIC, script_files
from lessonlib.show.typescript import FILE

JOINED = "panel.js"
#: what JupyterLab loads of us beside the panels; it stands alone, and is linted alone
LANDING = Path(lab.__file__).parent / "jupyter" / "labextensions" / "lessonlib" / "static" / "landing.js"
_LINT = re.compile(r"/(?P<file>[\w.]+): line (?P<line>\d+), col \d+ - (?P<what>.*)")
_CHECK = re.compile(r"(?P<what>TS\d+ \[ERROR\]: .*?)\n(?:.*\n)*?\s+at file://\S*/(?P<file>[\w.]+):(?P<line>\d+):\d+")


def deno() -> str | None:
    """The Deno beside this Python, or on the PATH. It comes as a Python package; nobody needs Node."""
    return shutil.which("deno", path=str(Path(sys.executable).parent)) or shutil.which("deno")


def findings(program: str) -> list[str]:
    """What `program` (Deno) finds, each as "file:line: what"; nothing if the scripts are clean."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        starts, text = [], ""
        for file in script_files():
            starts.append(text.count("\n"))
            text += file.read_text(encoding="utf-8") + "\n"
        (here / JOINED).write_text(text, encoding="utf-8")
        for file in (STATIC / "deno.jsonc", STATIC / "loader.js", LANDING, FILE):
            shutil.copy(file, here)
        plain = {**os.environ, "NO_COLOR": "1"}
        lint, check = (
            subprocess.run([program, *command], cwd=here, capture_output=True, text=True, env=plain, check=False)
            for command in (["lint", "--compact", JOINED, "loader.js", LANDING.name], ["check", "--no-remote", JOINED])
        )
    told = [(shape["file"], shape["line"], shape["what"]) for shape in _LINT.finditer(lint.stdout + lint.stderr)]
    told += [(shape["file"], shape["line"], shape["what"]) for shape in _CHECK.finditer(check.stdout + check.stderr)]
    if not told and lint.returncode + check.returncode:  # said in words that are not known here
        return [*lint.stderr.splitlines(), *check.stderr.splitlines()]

    def place(file: str, line: int) -> str:
        if file != JOINED:
            return f"{file}:{line}"
        index = bisect_right(starts, line - 1) - 1
        return f"js/{script_files()[index].name}:{line - starts[index]}"

    return [f"{place(file, int(line))}: {what}" for file, line, what in told]


if __name__ == "__main__":
    found_deno = deno()
    if found_deno is None:
        sys.exit("scripts: no Deno here: pip install deno")
    found = findings(found_deno)
    print("\n".join(found))
    sys.exit(bool(found))
