"""One input tried: it gives a result, or one line; anything else falls short."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lessonlib.base.errors import LessonlibError

SECONDS = 20


class TooLong(BaseException):
    """It hung. Not an Exception, so that no handler on the way takes it for one of its own."""


@contextmanager
def within(seconds: float = SECONDS) -> Iterator[None]:
    """A hang becomes TooLong."""
    if threading.current_thread() is not threading.main_thread():
        yield  # a signal reaches the main thread alone; pytest's own workers run tests there
        return

    def ring(*_: object) -> None:
        raise TooLong(f"more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def outcome(use: Callable[[], Any], seconds: float = SECONDS) -> str:
    """What came of it: "result", "one line", or how it fell short (another exception, several lines, a hang)."""
    try:
        with within(seconds):
            use()
    except LessonlibError as error:
        lines = str(error).splitlines()
        fit = len(lines) == 1 and lines[0].strip() and str(error).isprintable()
        return "one line" if fit else f"not one line: {str(error)[:200]!r}"
    except TooLong as error:
        return f"hangs: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return "result"
