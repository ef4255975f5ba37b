"""The scripts of the pages under Deno: lint, and the types of what Python sends. `python -m tests.show.scripts` prints the findings.

A page gets them joined, and they name each other's functions; so they are checked joined, and a finding is told at
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
from lessonlib.show.class_pages import FOLDER, later_files, phone_files, screen_files
from lessonlib.show.static_files import STATIC, script_files
from lessonlib.show.typescript import FILES

#: what JupyterLab loads of us beside the panels; it stands alone, and is linted alone
LANDING = Path(lab.__file__).parent / "jupyter" / "labextensions" / "lessonlib" / "static" / "landing.js"
_LINT = re.compile(r"/(?P<file>[\w.]+): line (?P<line>\d+), col \d+ - (?P<what>.*)")
_CHECK = re.compile(r"(?P<what>TS\d+ \[ERROR\]: .*?)\n(?:.*\n)*?\s+at file://\S*/(?P<file>[\w.]+):(?P<line>\d+):\d+")


def deno() -> str | None:
    """The Deno beside this Python, or on the PATH. It comes as a Python package; nobody needs Node."""
    return shutil.which("deno", path=str(Path(sys.executable).parent)) or shutil.which("deno")


def joined() -> dict[str, list[Path]]:
    """Name -> the scripts that a page gets in one."""
    phone = [*phone_files(), *later_files("shares")]
    return {"panel.js": script_files(), "phone.js": phone, "screen.js": screen_files()}


def findings(program: str) -> list[str]:
    """What `program` (Deno) finds, each as "file:line: what"; nothing if the scripts are clean."""
    pages = joined()
    starts: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        for name, files in pages.items():
            starts[name], text = [], ""
            for file in files:
                starts[name].append(text.count("\n"))
                text += file.read_text(encoding="utf-8") + "\n"
            (here / name).write_text(text, encoding="utf-8")
        for file in (STATIC / "deno.jsonc", STATIC / "loader.js", LANDING, *FILES):
            shutil.copy(file, here)
        plain = {**os.environ, "NO_COLOR": "1"}
        lint, check = (
            subprocess.run([program, *command], cwd=here, capture_output=True, text=True, env=plain, check=False)
            for command in (["lint", "--compact", *pages, "loader.js", LANDING.name], ["check", "--no-remote", *pages])
        )
    told = [(shape["file"], shape["line"], shape["what"]) for shape in _LINT.finditer(lint.stdout + lint.stderr)]
    told += [(shape["file"], shape["line"], shape["what"]) for shape in _CHECK.finditer(check.stdout + check.stderr)]
    if not told and lint.returncode + check.returncode:  # said in words that are not known here
        return [*lint.stderr.splitlines(), *check.stderr.splitlines()]

    def place(file: str, line: int) -> str:
        if file not in pages:
            return f"{file}:{line}"
        index = bisect_right(starts[file], line - 1) - 1
        found = pages[file][index]
        return f"{'class' if found.parent == FOLDER else 'js'}/{found.name}:{line - starts[file][index]}"

    lines = dict.fromkeys(f"{place(file, int(line))}: {what}" for file, line, what in told if not _spared(file, what))
    return list(lines)


def _spared(file: str, what: str) -> bool:
    """A page that draws fewer things than the panel does leaves some of the toolbox lie; what none uses is found in the panel's."""
    return file != "panel.js" and "no-unused-vars" in what


if __name__ == "__main__":
    found_deno = deno()
    if found_deno is None:
        sys.exit("scripts: no Deno here: pip install deno")
    found = findings(found_deno)
    print("\n".join(found))
    sys.exit(bool(found))
