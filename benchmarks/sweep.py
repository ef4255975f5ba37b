"""A sweep of a million (batch, context) cells through the roofline engine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from benchmarks.result import Result

SIDE = 1000
ROUNDS = 7


def measure() -> Iterator[Result]:
    """The median of ROUNDS sweeps, beside a plain numpy pass (a multiply and a maximum) over as many cells."""
    import numpy as np

    from lessonlib.roofline import load_lab
    from lessonlib.roofline.sweep import sweep

    system = load_lab("qwen3.5-27b-2xh100-sxm").system
    batches, contexts = range(1, SIDE + 1), range(0, 128 * SIDE, 128)
    grid = np.ones((SIDE, SIDE))

    def seconds(run) -> float:
        begun = time.perf_counter()
        run()
        return time.perf_counter() - begun

    rounds = [
        (seconds(lambda: sweep(system, batches, contexts)), seconds(lambda: np.maximum(grid * 2.0, grid)))
        for _ in range(ROUNDS)
    ]
    ours, plain = (median(column) for column in zip(*rounds, strict=True))
    yield Result(
        "sweep of 1,000,000 cells", ours, 0.2, "s", f"{ours / plain:.0f} x one multiply and one maximum in numpy"
    )
