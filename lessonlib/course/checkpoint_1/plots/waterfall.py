"""From the ceiling down to the measured speed of one request on eight A100, cause by cause."""

from __future__ import annotations

from lessonlib.course.checkpoint_1.workings import CONTEXT, eight_gpus, small_on
from lessonlib.course.engine import roofline_waterfall
from lessonlib.draw import style
from lessonlib.roofline import Lab
from lessonlib.roofline.lab import Measured


def describe(lab: Lab) -> style.Described:
    """The numbers of the figure and what it shows, the same on every lab."""
    return roofline_waterfall.describe(_eight())


def draw(lab: Lab) -> style.Figure:
    """The figure."""
    return roofline_waterfall.draw(_eight(), "waterfall")


def _eight() -> Lab:
    """Llama-2-7B on eight A100, with what was measured of it."""
    speed = Measured(1 / small_on(8).seconds, "tok/s", "one request", "gpt-fast, README.md")
    return Lab(
        name="llama-2-7b-8xa100",
        title="Llama-2-7B on 8 x A100 80 GB",
        system=eight_gpus(),
        prompt=CONTEXT,
        context=CONTEXT,
        gpus_in_lab=8,
        measured={"decode_tokens_per_s": speed},
    )
