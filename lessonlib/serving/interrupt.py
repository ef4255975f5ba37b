"""Ctrl-C that is heard between two events, so that the books of a run that is cut short still balance."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def heard_between_events() -> Iterator[Callable[[], bool]]:
    """Yields a question: has Ctrl-C been pressed since? A second one interrupts at once, as ever.

    Outside the main thread, and where somebody else already handles the signal, nothing is changed.
    """
    asked = False

    def remember(_signal: int, _frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True

    mine = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if mine:
        signal.signal(signal.SIGINT, remember)
    try:
        yield lambda: asked
    finally:
        if mine:
            signal.signal(signal.SIGINT, signal.default_int_handler)
