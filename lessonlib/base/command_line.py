"""A typed command line taken apart into words. It is read and never run: what a shell would act on is refused, not interpreted."""

from __future__ import annotations

import re
import shlex

from lessonlib.base.errors import LessonlibError

MOST_CHARACTERS = 1000
_FOR_A_SHELL = re.compile(r"[;|&<>`$\\]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def check_text(line: object, empty: str) -> str:
    """The line on one line. Raises LessonlibError, in one line, for what is too long or meant for a shell, with ``empty`` for none."""
    if not isinstance(line, str) or not line.strip():
        raise LessonlibError(empty)
    if len(line) > MOST_CHARACTERS:
        raise LessonlibError(f"The line has {len(line):,} characters; at most {MOST_CHARACTERS:,} are read.")
    # A backslash at the end of a line goes on with the next one, as in a terminal.
    flat = re.sub(r"\\\r?\n", " ", line).replace("\r\n", "\n").replace("\n", " ").replace("\t", " ")
    if _CONTROL.search(flat):
        raise LessonlibError("The line holds a character that cannot be seen: type it anew.")
    found = _FOR_A_SHELL.search(flat)
    if found:
        raise LessonlibError(f"“{found[0]}” is for a shell; this line is read and never run. Leave it out.")
    return flat


def split_words(flat: str) -> list[str]:
    """Its words, as a shell would part them. Raises LessonlibError for an open quotation mark."""
    try:
        return shlex.split(flat, comments=False, posix=True)
    except ValueError:
        raise LessonlibError("A quotation mark is open: close it.") from None
