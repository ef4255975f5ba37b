"""Whose vote it is after a restart: the class that this account joined last, and who its voter is to the server.

One small file beside the classes that are led from here, for its owner alone. It holds a cookie and no name.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_json, write_text
from lessonlib.classroom.class_file import classes_dir
from lessonlib.record.journal_file import make_folder
from lessonlib.record.keeping import journal_path

_MOST_BYTES = 10_000
_KEYS = {"url", "code", "cookie"}
#: where no journal is kept, nothing is written either: this kernel remembers
_here: dict[tuple[str, str], str] = {}


def joined_file() -> Path:
    """Where it lies."""
    return classes_dir() / "joined.json"


def kept_cookie(url: str, code: str) -> str:
    """The cookie under which this account is a voter of that class; "" if it is none yet."""
    if (url, code) in _here:
        return _here[url, code]
    kept = _read()
    same = bool(kept) and (kept["url"], kept["code"]) == (url, code)
    cookie = kept["cookie"] if same else ""
    return cookie if cookie.isascii() and cookie.isprintable() else ""


def keep_cookie(url: str, code: str, cookie: str) -> None:
    """Keep it; where that cannot be, a restarted kernel is another voter."""
    if _here.get((url, code)) == cookie:
        return
    _here[url, code] = cookie
    if journal_path() is None:
        return
    with contextlib.suppress(LessonlibError, OSError):
        make_folder(classes_dir())
        write_text(joined_file(), json.dumps({"url": url, "code": code, "cookie": cookie}) + "\n", mode=0o600)


def holds_our_cookie(path: Path) -> bool:
    """Whether that is our file."""
    return path == joined_file() and bool(_read())


def _read() -> dict[str, str]:
    try:
        kept = read_json(joined_file(), most=_MOST_BYTES)
    except LessonlibError:
        return {}
    ours = isinstance(kept, dict) and kept.keys() == _KEYS and all(isinstance(value, str) for value in kept.values())
    return kept if ours else {}
