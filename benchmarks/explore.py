"""What an explorer computes for one move of a knob, in every lesson: what remains is the way to the page and back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.result import Result
from lessonlib.lesson.items import BlockItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import lesson_names
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.explorer import Explore

BUDGET_MS, BUDGET_KB = 100, 40


def _moves(block: Explore) -> Iterator[dict[str, int]]:
    """Every stop of every knob, the others where they start."""
    for knob in block.knobs:
        yield from ({**block.start, knob.name: place} for place in range(len(knob.stops)))


def measure() -> Iterator[Result]:
    """Median milliseconds of the processor for a move that the block has not kept, and the largest answer."""
    for name in lesson_names():
        lesson = Lesson(name, load_lab(), blocks=BLOCKS)
        for item in lesson.items.values():
            if not isinstance(item, BlockItem) or not isinstance(item.block, Explore):
                continue
            times, sizes = [], []
            for picks in _moves(item.block):
                block = Explore(item.block.raw, lesson)
                begun = time.process_time()
                shown = block.explored(picks).view()
                times.append(1e3 * (time.process_time() - begun))
                sizes.append(len(json.dumps(shown)) / 1e3)
            detail = f"{len(times)} moves, slowest {max(times):.0f} ms"
            yield Result(f"{name[:2]} {item.id}: a move computed, median", median(times), BUDGET_MS, "ms", detail)
            yield Result(f"{name[:2]} {item.id}: the largest answer", max(sizes), BUDGET_KB, "kB")
