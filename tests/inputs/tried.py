"""One input tried: it gives a result, or one line; anything else falls short."""

from __future__ import annotations

import io
import json
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.cli.main import main

SECONDS = 20
RESULT, ONE_LINE = "result", "one line"


class TooLong(BaseException):
    """It hung. Not an Exception, so that no handler on the way takes it for one of its own."""


@dataclass(frozen=True)
class Kind:
    """A kind of input. tries: (what it is, how it is used) of each; `use` gives a result, or raises LessonlibError."""

    group: str
    name: str
    tries: Callable[[], Iterator[tuple[str, Callable[[], Any]]]]


@contextmanager
def within(seconds: float = SECONDS) -> Iterator[None]:
    """A hang becomes TooLong."""
    if threading.current_thread() is not threading.main_thread():
        yield  # a signal reaches the main thread alone
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
        return ONE_LINE if is_one_line(str(error)) else f"not one line: {str(error)[:200]!r}"
    except TooLong as error:
        return f"hangs: {error}"
    except (Exception, SystemExit) as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return RESULT


def is_one_line(text: str) -> bool:
    """Whether a person can read that: something is said, in one line, by signs that print."""
    return bool(text.strip()) and text.isprintable() and len(text) < 2500


def command(*argv: str) -> Callable[[], Any]:
    """A use: `lessonlib` with these arguments. One line with status 2 is raised; anything but that or a result is an
    AssertionError. What is printed with --json is read as strictly as JSON can be.
    """

    def use() -> Any:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))  # as Python's own streams
        with redirect_stdout(out), redirect_stderr(err):
            status = main(argv)
        printed, said = (_read(stream) for stream in (out, err))
        if status == 2:
            assert not printed, "wrong use, but something was printed"
            assert said.endswith("\n"), said
            raise SaidError(said.removesuffix("\n"))
        assert status in (0, 1), f"status {status}: {said}"
        assert "Traceback" not in said, said
        return json.loads(printed, parse_constant=_refuse) if "--json" in argv else printed

    return use


def _read(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()  # type: ignore[attr-defined]


class SaidError(LessonlibError):
    """What a command said on standard error, as it was: not made one line by LessonlibError."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def __str__(self) -> str:
        return self.text


def _refuse(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


def sums(kind: Kind, most: int | None = None) -> tuple[int, int, list[tuple[str, str]]]:
    """(tried, of which one line, [(what, how it fell short)]) of a kind, of about `most` of its inputs spread over all."""
    tries: Sequence[tuple[str, Callable[[], Any]]] = list(kind.tries())
    if most is not None and len(tries) > most:
        tries = [tries[index * len(tries) // most] for index in range(most)]
    found = [(what, outcome(use)) for what, use in tries]
    lines = sum(came == ONE_LINE for _, came in found)
    return len(found), lines, [(what, came) for what, came in found if came not in (RESULT, ONE_LINE)]
