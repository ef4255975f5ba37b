"""Seats: how many requests of one traffic the memory of a lab holds at once.

vLLM cuts what weights leave into pages. A request holds whole pages for its tokens, more of them as its answer grows, and
some whatever its length: for recurrent states, or for windows as if full (``serving.replica.pages`` has the rules and their
sources). Settings are vLLM's defaults.
"""

from __future__ import annotations

import math
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.base.versions import vllm
from lessonlib.course.shared.hybrid import hybrid_of
from lessonlib.course.shared.seats import held_on_average
from lessonlib.roofline import Lab, sequence_bytes
from lessonlib.serving import Scheduler
from lessonlib.serving.replica.pages import Pages, pages

#: tokens of a prompt, and of an answer that thinks aloud
PROMPT, ANSWER = 2_048, 8_192


@lru_cache(maxsize=64)
def pages_of(lab: Lab) -> Pages:
    """The pages of the lab's cache at vLLM's defaults."""
    return pages(lab.system, Scheduler())


def held_pages(lab: Lab, prompt: int, answer: int) -> float:
    """Pages that a request holds on average while its answer grows from 1 token to `answer`, one a step."""
    return held_on_average(pages_of(lab), prompt, answer)


def seats_for(lab: Lab, prompt: int, answer: int) -> float:
    """Requests that run at once when the cache is full: all pages over those that one holds on average."""
    return pages_of(lab).total / held_pages(lab, prompt, answer)


# --- requests that think aloud


def thinking_prompt(lab: Lab) -> Quantity:
    return Quantity(PROMPT, "tokens", digits=4)


def thinking_answer(lab: Lab) -> Quantity:
    return Quantity(ANSWER, "tokens", digits=4)


def all_pages(lab: Lab) -> Quantity:
    """Pages of the whole cache."""
    return Quantity(pages_of(lab).total, "pages", digits=6)


def tokens_of_a_page(lab: Lab) -> Quantity:
    return Quantity(pages_of(lab).tokens, "tokens")


def pages_at_any_length(lab: Lab) -> Quantity:
    """Pages that a request holds whatever its length."""
    return Quantity(pages_of(lab).fixed, "pages")


def holds_more_than_tokens(lab: Lab) -> bool:
    """Whether a request holds pages besides those of its tokens."""
    return pages_of(lab).fixed > 0


def pages_held(lab: Lab) -> Quantity:
    """Pages of such a request on average: an answer that is being written is half written."""
    return Quantity(held_pages(lab, PROMPT, ANSWER), "pages")


def thinking_seats(lab: Lab) -> Quantity:
    """All pages over what such a request holds on average."""
    return Quantity(seats_for(lab, PROMPT, ANSWER), "requests")


def seats_if_reserved(lab: Lab) -> Quantity:
    """As if each held the pages of its whole answer from the start."""
    cut = pages_of(lab)
    return Quantity(cut.total / (cut.fixed + math.ceil((PROMPT + ANSWER) / cut.tokens)), "requests")


def seats_by_prompts(lab: Lab) -> Quantity:
    """As if answers took no room."""
    cut = pages_of(lab)
    return Quantity(cut.total / (cut.fixed + math.ceil(PROMPT / cut.tokens)), "requests")


def seats_by_bytes(lab: Lab) -> Quantity:
    """As if memory were handed out by the byte: the truth where pages are small, too many where they are as large as a state."""
    cut = pages_of(lab)
    return Quantity(cut.total * cut.bytes / sequence_bytes(lab.system, PROMPT + ANSWER // 2), "requests")


# --- three of those inside, when no page is left

#: tokens of the answer that each has written, in the order in which they were let in; of the second, about so many
WRITTEN = (8_000, 5_500, 1_200)


def _written(lab: Lab) -> list[int]:
    """The second has filled its last page to the end, so that its next token needs another."""
    first, about, last = WRITTEN
    size = pages_of(lab).tokens
    return [first, round((PROMPT + about) / size) * size - PROMPT, last]


def written_by_three(lab: Lab) -> list[Quantity]:
    return [Quantity(written, "tokens", digits=4) for written in _written(lab)]


def _pages_with(lab: Lab, written: int) -> Quantity:
    cut = pages_of(lab)
    return Quantity(cut.fixed + math.ceil((PROMPT + written) / cut.tokens), "pages")


def pages_taken(lab: Lab) -> Quantity:
    """All pages of the last one let in: whom vLLM preempts (v1/core/sched/scheduler.py takes the end of its list of those that run)."""
    return _pages_with(lab, _written(lab)[2])


def pages_of_who_needs(lab: Lab) -> Quantity:
    """As if the one that needs a page lost its own."""
    return _pages_with(lab, _written(lab)[1])


def pages_of_the_oldest(lab: Lab) -> Quantity:
    """As if the cache of the one let in first were moved out."""
    return _pages_with(lab, _written(lab)[0])


# --- the line that vLLM logs at its start, on a hybrid (get_max_concurrency_for_kv_cache_config and get_kv_cache_capacity
# of vllm/v1/core/kv_cache_utils.py, 0.33.0)

CHAT = 600


def _longest(lab: Lab) -> int:
    return lab.system.model.max_context or 0


def _pages_of_the_longest(lab: Lab) -> int:
    cut = pages_of(hybrid_of(lab))
    return cut.fixed + math.ceil(_longest(hybrid_of(lab)) / cut.tokens)


def logged_concurrency(lab: Lab) -> Quantity:
    """All pages over those of a request of the longest length."""
    return Quantity(pages_of(hybrid_of(lab)).total / _pages_of_the_longest(lab), "x")


def logged_tokens(lab: Lab) -> Quantity:
    """That concurrency times that length."""
    return Quantity(int(float(logged_concurrency(lab)) * _longest(hybrid_of(lab))), "tokens", digits=7)


def logged_page(lab: Lab) -> Quantity:
    return Quantity(pages_of(hybrid_of(lab)).tokens, "tokens")


def logged_states(lab: Lab) -> Quantity:
    """Pages that a request of the hybrid holds for its states."""
    return Quantity(pages_of(hybrid_of(lab)).fixed, "pages")


def logged_line(lab: Lab) -> str:
    """What vLLM says at its start."""
    return (
        vllm()
        .lines["cache_size"]
        .text.format(
            tokens=int(float(logged_tokens(lab))),
            longest=_longest(hybrid_of(lab)),
            requests=float(logged_concurrency(lab)),
        )
    )


def logged_pages(lab: Lab) -> Quantity:
    """What the line comes to in pages."""
    return Quantity(pages_of(hybrid_of(lab)).total, "pages", digits=5)


def short_chat(lab: Lab) -> Quantity:
    return Quantity(CHAT, "tokens")


def short_chats(lab: Lab) -> Quantity:
    """Chats of so many tokens that run at once: each holds one page of tokens, and those of its states."""
    cut = pages_of(hybrid_of(lab))
    return Quantity(cut.total / (cut.fixed + math.ceil(CHAT / cut.tokens)), "requests")


def chats_by_the_line(lab: Lab) -> Quantity:
    """The line's tokens over the tokens of a chat."""
    return Quantity(float(logged_tokens(lab)) / CHAT, "requests")


def chats_by_the_factor(lab: Lab) -> Quantity:
    """The line's concurrency, for a request of any length."""
    return Quantity(float(logged_concurrency(lab)), "requests")


def chats_without_states(lab: Lab) -> Quantity:
    """As if a chat held the pages of its tokens and nothing else."""
    cut = pages_of(hybrid_of(lab))
    return Quantity(cut.total / math.ceil(CHAT / cut.tokens), "requests")
