"""Lesson 1's explorer: whose GPU time it is, reading or writing, by batch, traffic and GPU. At the roofs, nothing fitted."""

from __future__ import annotations

from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_01.whose_time import reading_share_of
from lessonlib.draw.explored import Axis, Bar, Explored, Line, Part, Point, Value
from lessonlib.roofline import Lab, decode, load_gpu, max_batch, prefill

_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def batch_stops(lab: Lab) -> list[int]:
    """Batches that the lab's own memory has room for, 2 at least."""
    most = max(max_batch(lab.system, lab.prompt), 2)
    return [batch for batch in _BATCHES if batch <= most]


def explore_time(lab: Lab, *, batch: int, ratio: float, gpu: str) -> Explored:
    """GPU time of one written token and of the prompt tokens that go with it, ``ratio`` of them, with ``batch`` requests written together.

    Prompts and steps are taken to follow one another. Times in s, shares 0 to 1.
    """
    system = lab.system if gpu == lab.system.gpu.name else replace(lab.system, gpu=load_gpu(gpu))
    here = replace(lab, system=system)
    step = decode(system, batch, lab.prompt)
    reading = ratio * prefill(system, lab.prompt).ceiling_s / lab.prompt
    writing = step.ceiling_s / batch
    share = reading / (reading + writing)
    most = max_batch(system, lab.prompt)
    room = "" if batch <= most else f" It would not fit: there is room for {most}."
    stops = batch_stops(lab)
    return Explored(
        finding=f"{batch} request{'s' * (batch > 1)} written together, {ratio:g} prompt tokens a written one: reading takes "
        f"{Quantity(100 * share, '%', 2)} of the GPU time, writing {Quantity(100 - 100 * share, '%', 2)}.{room}",
        values=[
            Value("reading", "▲ Reading", Quantity(reading, "s"), f"for {ratio:g} prompt tokens"),
            Value("writing", "■ Writing", Quantity(writing, "s"), "for one written token"),
            Value("share", "Share that is reading", Quantity(100 * share, "%", 2)),
            Value(
                "written", "Written, all users", Quantity(1 / (reading + writing), "tok/s"), "ceiling, prompts included"
            ),
            Value("each", "A user's own answer", Quantity(1 / step.ceiling_s, "tok/s"), "ceiling, between prompts"),
        ],
        bars=[
            Bar("▲ reading", [Part("prompt tokens", reading, "compute")]),
            Bar("■ writing", [Part("one written token", writing, "memory")]),
        ],
        unit="s",
        x=Axis("requests written together", "requests", log=True, low=stops[0], high=stops[-1]),
        y=Axis("share of GPU time that is reading", "%", low=0, high=100),
        lines=[
            Line("half", [stops[0], stops[-1]], [50, 50], "ideal"),
            Line("reading", stops, [100 * reading_share_of(here, size, ratio) for size in stops], "main"),
        ],
        points=[Point("here", batch, 100 * share, "compute" if share > 0.5 else "memory")],
    )
