"""The explorer: whom fewer bits help, by format, batch and context."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_14.formats import WEIGHTS_ONLY, both_narrow, reading_of, step_of, stored
from lessonlib.course.shared.seats import requests_with_room
from lessonlib.draw.explored import Axis, Explored, Line, Point, Value
from lessonlib.roofline import Lab

_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_CONTEXTS = (1024, 4096, 16384, 32768, 131072)
_PROMPT = 4096


def format_batches(lab: Lab) -> list[int]:
    return list(_BATCHES)


def format_contexts(lab: Lab) -> list[int]:
    """Tokens behind each request."""
    return list(_CONTEXTS)


def format_weights(lab: Lab) -> list[dict[str, str]]:
    """Formats of the weights, in the words of the lesson."""
    return [
        {"value": "bf16", "label": "16 bits"},
        {"value": "int8", "label": "W8A16"},
        {"value": both_narrow(lab), "label": "W8A8"},
        {"value": WEIGHTS_ONLY, "label": "W4A16"},
    ]


def format_caches(lab: Lab) -> list[dict[str, str]]:
    return [{"value": "bf16", "label": "16 bits"}, {"value": "fp8", "label": "8 bits"}]


@lru_cache(maxsize=256)
def _gains(lab: Lab, weights: str, kv: str, context: int) -> tuple[float, ...]:
    wide, narrow = stored(lab), stored(lab, weights, kv)
    return tuple(
        step_of(wide, batch, context).expected_s / step_of(narrow, batch, context).expected_s for batch in _BATCHES
    )


def explore_formats(lab: Lab, *, weights: str, kv: str, batch: int, context: int) -> Explored:
    """What the chosen formats gain over 16 bits: in the gap, in the first token, in seats."""
    wide, narrow = stored(lab), stored(lab, weights, kv)
    gains = _gains(lab, weights, kv, context)
    here = gains[_BATCHES.index(batch)]
    gap = Quantity(step_of(narrow, batch, context).expected_s, "s")
    prompts = [reading_of(system, _PROMPT).expected_s for system in (wide, narrow)]
    seats = [requests_with_room(system, context) for system in (wide, narrow)]
    room = f"{seats[1]:,} (16 bits: {seats[0]:,})" + ("" if batch <= seats[1] else " ✕ not all of these fit")
    finding = (
        f"{batch} requests with {context:,} tokens each: a token every {gap}, {Quantity(here, 'x')} as fast as in 16 bits. "
        f"A prompt of {_PROMPT:,} alone is read {Quantity(prompts[0] / prompts[1], 'x')} as fast. Room for {seats[1]:,} such requests, "
        f"in 16 bits {seats[0]:,}."
    )
    return Explored(
        finding=finding,
        values=[
            Value("gap", "A token every", gap, "expected"),
            Value("gain", "Times as fast as in 16 bits", Quantity(here, "x"), "expected"),
            Value("first", f"First token of {_PROMPT:,}, alone", Quantity(prompts[1], "s"), "expected"),
            Value("first_gain", "Read times as fast", Quantity(prompts[0] / prompts[1], "x"), "expected"),
            Value("seats", "Room for requests", room, ""),
        ],
        x=Axis("requests in a step", log=True, low=_BATCHES[0], high=_BATCHES[-1]),
        y=Axis("times as fast as in 16 bits", "x", low=0.4, high=2.6),
        lines=[
            Line("your formats", list(_BATCHES), list(gains), "memory"),
            Line(
                "weights alone in 4 bits", list(_BATCHES), list(_gains(lab, WEIGHTS_ONLY, "bf16", context)), "compute"
            ),
        ],
        points=[Point("here", batch, here, "memory")],
    )
