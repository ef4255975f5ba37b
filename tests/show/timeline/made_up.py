"""A made-up run that has something of everything, and a long one of many lanes."""

from __future__ import annotations

from dataclasses import replace

from lessonlib.draw.timeline import Chunk, Lane, Step, Timeline, Waits, Written

#: seven steps of 20 or 50 ms, the engine idle for 40 ms before the last
STEPS = [
    Step(0.00, 0.05, 600, 1, 40, 0, 1, 1),
    Step(0.05, 0.10, 800, 1, 60, 0, 2, 0),
    Step(0.10, 0.15, 400, 3, 95, 0, 2, 0),
    Step(0.15, 0.17, 0, 2, 50, 5, 1, 1),
    Step(0.17, 0.22, 603, 1, 90, 5, 2, 0),
    Step(0.22, 0.24, 0, 3, 92, 5, 2, 0),
    Step(0.28, 0.30, 0, 1, 50, 45, 1, 0),
]
LANES = [
    Lane(
        0, 600, 8, 0.0, chunks=[Chunk(0, 600), Chunk(4, 603, again=True)], preempted_s=[0.15], waits=[(0.15, 0.17)],
        written=[Written(0, [1, 1, 1]), Written(4, [1, 1]), Written(6, [1])], first_token_s=0.05, finished_s=0.30,
    ),
    Lane(
        1, 1500, 6, 0.01, cached=300, waits=[(0.01, 0.05)], chunks=[Chunk(1, 800), Chunk(2, 400)],
        written=[Written(2, [2, 2])], held_s=(0.17, 0.24), first_token_s=0.15, finished_s=0.17,
    ),
    Lane(2, 20, 2, 0.20, waits=[(0.20, 0.22)], written=[Written(5, [2])], first_token_s=0.24, finished_s=0.24),
]  # fmt: skip
WAITS = Waits((0.0, 0.04, 0.04), (0.05, 0.14, 0.14), (0.02, 0.07, 0.1), 46.7, 5)
RUN = Timeline(
    "Three of 5 requests in 7 steps.", LANES, STEPS, 100, WAITS, "Plain <b>", seats=2, budget=800, note="Made up."
)


def other(label: str = "Other") -> Timeline:
    """A run beside it that begins its steps at other times and ends sooner."""
    steps = [replace(STEPS[0], end_s=0.03), replace(STEPS[1], start_s=0.03, end_s=0.08), replace(STEPS[2], start_s=0.08, end_s=0.12)]  # fmt: skip
    lanes = [Lane(0, 600, 3, 0.0, chunks=[Chunk(0, 600)], written=[Written(0, [1, 1, 1])], finished_s=0.12)]
    return Timeline("One request in 3 steps.", lanes, steps, 100, WAITS, label)


def long(lanes: int = 40, steps: int = 600) -> Timeline:
    """Steps of 10 ms in which all lanes write, with a chunk now and then."""
    made = [Step(0.01 * n, 0.01 * (n + 1), 64 * (n % 5 == 0), lanes, 10 * lanes, n % 90, lanes, n % 7) for n in range(steps)]  # fmt: skip
    each = [
        Lane(
            n, 12345, 1000 + n, 0.0, waits=[(0.0, 0.01 * n)], chunks=[Chunk(5 * n, 64)] if 5 * n < steps else [],
            written=[Written(0, [1] * steps)],
        )
        for n in range(lanes)
    ]  # fmt: skip
    return Timeline(f"{lanes} requests in {steps} steps.", each, made, 20 * lanes + 100, WAITS)
