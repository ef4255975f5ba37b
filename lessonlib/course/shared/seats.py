"""Room by the page: how many requests the cache of a system holds at once.

vLLM cuts what weights leave into pages; a request holds whole ones for its tokens, and some whatever its length
(``serving.replica.pages`` has the rules and their sources). By the byte it would be more where pages are large.
"""

from __future__ import annotations

import math

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import System
from lessonlib.serving import Scheduler
from lessonlib.serving.replica.pages import Pages, pages


def requests_with_room(system: System, tokens: int, scheduler: Scheduler | None = None) -> int:
    """Requests of so many tokens each that find room at once; 0 where the weights leave none. scheduler: vLLM's defaults."""
    try:
        cut = pages(system, scheduler or Scheduler())
    except LessonlibError:
        return 0
    return cut.total // (cut.fixed + math.ceil(tokens / cut.tokens))


def held_on_average(cut: Pages, prompt: int, answer: int) -> float:
    """Pages that a request holds on average while its answer grows from 1 token to `answer`, one a step."""
    grown = sum(math.ceil((prompt + token) / cut.tokens) for token in range(1, answer + 1))
    return cut.fixed + grown / answer


def seats_on_average(system: System, prompt: int, answer: int, scheduler: Scheduler | None = None) -> int:
    """Requests that run at once when the cache is full: all pages over those that one holds on average; 0 where there is no room."""
    try:
        cut = pages(system, scheduler or Scheduler())
    except LessonlibError:
        return 0
    return int(cut.total / held_on_average(cut, prompt, answer))
