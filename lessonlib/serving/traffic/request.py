"""One request, and what may be wrong with it."""

from __future__ import annotations

from collections.abc import Hashable
from numbers import Integral, Real
from typing import NamedTuple

from lessonlib.base.errors import LessonlibError
from lessonlib.serving.traffic.lengths import MOST_TOKENS


class Request(NamedTuple):
    """One request.

    arrival_s: seconds from the start; not used in a closed loop, nor when it `follows` another request.
    prompt, output: tokens; the output includes the first token, which the prefill makes.
    prefix: what the prompt starts with, as runs (key, tokens) of blocks that always come together. A key stands for
    the whole prompt up to the end of its run, as a block hash does, so equal keys mean equal beginnings.
    own: key under which prompt and answer together can be found again (the next turn of a session).
    follows: position of the request whose answer it waits for, then `think_s` seconds; -1 for none.
    priority: lower goes first, where the scheduler looks at it.
    """

    arrival_s: float
    prompt: int
    output: int
    priority: int = 0
    prefix: tuple[tuple[Hashable, int], ...] = ()
    own: Hashable | None = None
    follows: int = -1
    think_s: float = 0.0


def check_request(row: int, request: object, before: float, where: str) -> float:
    """Check the request at position `row`, after one that came at `before` seconds; returns the time that the next must not
    precede. Raises LessonlibError, which names `where`, the position and the field.
    """
    if not isinstance(request, Request):
        raise _bad(row, f"expected a Request(arrival_s, prompt, output), not {request!r}", where)
    _check_numbers(row, request, where)
    _check_prefix(row, request, where)
    if request.follows >= 0:
        return before
    if request.arrival_s < before:
        raise _bad(
            row,
            f"arrives at {request.arrival_s:g} s, before the one above it ({before:g} s): sort the trace by arrival",
            where,
        )
    return request.arrival_s


def _check_numbers(row: int, request: Request, where: str) -> None:
    for name in ("prompt", "output"):
        if not _whole(getattr(request, name), 1, MOST_TOKENS):
            raise _bad(
                row,
                f"{name}: expected a whole number of tokens from 1 up to {MOST_TOKENS:,}, not {getattr(request, name)!r}",
                where,
            )
    for name in ("arrival_s", "think_s"):
        value = getattr(request, name)
        if not isinstance(value, Real) or not 0.0 <= float(value) < float("inf"):
            raise _bad(row, f"{name}: expected seconds from 0 up, not {value!r}", where)
    if not _whole(request.priority, -(10**9), 10**9):
        raise _bad(row, f"priority: expected a whole number, 0 for the first, not {request.priority!r}", where)
    if not _whole(request.follows, -1, row - 1):
        raise _bad(row, f"follows: expected the position of an earlier request, or -1, not {request.follows!r}", where)
    if not _hashable(request.own):
        raise _bad(row, f"own: expected a name such as session-7, not {request.own!r}", where)


def _check_prefix(row: int, request: Request, where: str) -> None:
    try:
        runs = [(_hashable(key), tokens) for key, tokens in request.prefix]
    except (TypeError, ValueError):
        runs = [(False, 0)]
    if (
        not all(fit and _whole(tokens, 1, MOST_TOKENS) for fit, tokens in runs)
        or sum(tokens for _, tokens in runs) > request.prompt
    ):
        most = f"together at most the prompt of {request.prompt}"
        raise _bad(
            row, f"prefix: expected runs (key, tokens) of at least one token, {most}, not {request.prefix!r}", where
        )


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and least <= int(value) <= most


def _hashable(value: object) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _bad(row: int, what: str, where: str) -> LessonlibError:
    return LessonlibError(f"{where or 'trace'}: request {row}: {what}")
