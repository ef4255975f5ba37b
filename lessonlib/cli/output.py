"""What leaves by standard output and standard error, whatever these are: closed, full, narrow, a pipe whose reader has gone."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import reason
from lessonlib.base.formats import dumps


def print_json(value: Any) -> None:
    """Print a value as JSON. Where the output cannot hold a character, JSON's own escapes stand for it."""
    text = dumps(value)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = dumps(value, ensure_ascii=True)
    print(text)


def agreed(question: str, yes: bool) -> bool:
    """Whether whoever is here says yes; ``yes``: it was said already. LessonlibError where nobody is here to ask."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise LessonlibError("nobody here to ask: say --yes if you mean it")
    print(f"{question} [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def prepare() -> None:
    """Make the three streams fit to be used. LessonlibError if standard output is closed: the first file that is opened
    would take its place, and what we say would go into it.
    """
    # Whoever closed these does not want to be asked or told anything. They stay open as long as we live.
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        raise LessonlibError("standard output is closed; send it to a file, or to /dev/null")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def failed(error: OSError) -> str:
    """What a call of the system failed at, in one line. Files say theirs themselves (`base.files`), so that one without a
    name was standard output, where nothing more is tried.
    """
    if error.filename is not None:
        return f"{error.filename}: {reason(error)}"
    abandon_stdout()
    return f"standard output cannot be written: {reason(error)}"


def abandon_stdout() -> None:
    """Send what is left to nowhere: Python would complain again when it flushes standard output at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
