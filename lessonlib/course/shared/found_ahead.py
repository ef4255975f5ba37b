"""What an exam needs and takes minutes to find: found ahead, kept in data/exams/json, and read there by the lessons."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_json, write_text
from lessonlib.base.paths import data_dir


def found_ahead(file: str, name: str, module: str) -> Any:
    """What ``file`` keeps under ``name``. Raises LessonlibError with how to find it anew, which ``module`` does, where it keeps nothing."""
    known = read_json(data_dir() / "exams" / "json" / file).get(name)
    if known is None:
        raise LessonlibError(f"data/exams/json/{file} has nothing of {name}: python -m {module} --write")
    return known


def write_or_print(file: str, found: Mapping[str, Any]) -> None:
    """Keep it in ``file`` if the command line says --write, else print it."""
    text = json.dumps(found, indent=1, sort_keys=True) + "\n"
    path = data_dir() / "exams" / "json" / file
    if "--write" in sys.argv[1:]:
        path.parent.mkdir(exist_ok=True)
        write_text(path, text)
    else:
        sys.stdout.write(text)
