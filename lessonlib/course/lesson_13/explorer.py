"""Lesson 13's explorer: what the prefix cache is worth to a service, by what its prompts share and how long it answers."""

from __future__ import annotations

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_13.services import ESSAY, PROMPT, SHARED, Served, served
from lessonlib.draw.explored import Bar, Explored, Part, Value
from lessonlib.roofline import Lab

SHARED_STOPS, OWN_STOPS = (0, 500, 800, 1_600, SHARED, 6_400), (128, PROMPT - SHARED, 1_024, 4_096)
ANSWER_STOPS, USER_STOPS = (16, 64, 200, ESSAY), (1, 8, 16, 32, 64)


def shared_stops(lab: Lab) -> list[int]:
    """Tokens that all prompts begin with."""
    return list(SHARED_STOPS)


def own_stops(lab: Lab) -> list[int]:
    """Mean tokens that each adds."""
    return list(OWN_STOPS)


def reuse_answer_stops(lab: Lab) -> list[int]:
    """Mean tokens of an answer."""
    return list(ANSWER_STOPS)


def reuse_user_stops(lab: Lab) -> list[int]:
    """Users at once."""
    return list(USER_STOPS)


def explore_reuse(lab: Lab, *, shared: int, own: int, answer: int, users: int) -> Explored:
    """One service without and with the cache."""
    try:
        off, on = (served(lab, shared, own, answer, users, caching) for caching in (False, True))
    except LessonlibError as error:
        return Explored(
            finding=f"That cannot be served here: {error}.",
            values=[Value("gain", "Throughput", "–", "✕ not served")],
            bars=[Bar("GPU time", [Part("none", 0.0, "free")])],
            unit="%",
        )
    gain = Quantity(on.requests_per_s / off.requests_per_s, "x")
    hits = Quantity(100 * on.hits, "%", 2)
    firsts = [Quantity(one.first_s, "s") for one in (off, on)]
    return Explored(
        finding=f"{hits} of the prompt tokens are found; {gain} the requests a second, and half of the first tokens come within "
        f"{firsts[1]} instead of {firsts[0]}.",
        values=[
            Value("hits", "Prompt tokens found", hits, "simulated"),
            Value("gain", "Requests a second", gain, "with over without"),
            Value("first_off", "First token, p50, without", firsts[0], "expected"),
            Value("first_on", "First token, p50, with", firsts[1], "expected"),
            Value("rate_off", "All answers, without", Quantity(off.tokens_per_s, "tok/s"), "expected"),
            Value("rate_on", "All answers, with", Quantity(on.tokens_per_s, "tok/s"), "expected"),
        ],
        bars=[_bar("GPU time of a request, without", off, off), _bar("with", on, off)],
        unit="%",
    )


def _bar(label: str, run: Served, off: Served) -> Bar:
    """Time that the GPU spends on a request, as a share of what it spends without the cache."""
    whole = 100 * off.requests_per_s / run.requests_per_s
    return Bar(
        label,
        [Part("reading", whole * run.reading, "compute"), Part("writing", whole * (1 - run.reading), "memory")],
    )
