"""What a rate, seats and lengths do to two clocks of the user: 200 requests through the simulator, fast enough for a slider."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.draw.explored import Axis, Explored, Line, Point, Value
from lessonlib.roofline import Lab
from lessonlib.serving import LogNormal, Poisson, Scheduler, Workload, simulate

REQUESTS, SEED, SPREAD = 200, 8, 0.8
#: one request in so many waits longer than a curve says
ONE_IN = (2, 5, 10, 20, 50, 100)
#: requests in the queue, on average, that are as good as none
_FEW = 0.05


@dataclass(frozen=True)
class Latencies:
    """Seconds: percentiles of the time to first token and of the gap between tokens, one for each of ONE_IN; requests waiting
    for a place on average; tokens a second of all; unbounded: more come than are served.
    """

    first_s: tuple[float, ...]
    gap_s: tuple[float, ...]
    waiting: float
    tokens_per_s: float
    unbounded: bool

    def at(self, many: int) -> tuple[float, float]:
        """Time to first token and gap that one in `many` exceeds."""
        place = ONE_IN.index(many)
        return self.first_s[place], self.gap_s[place]


@lru_cache(maxsize=512)
def latencies(lab: Lab, rate: float, seats: int, prompt: int, answer: int) -> Latencies:
    """200 requests with random arrivals and lengths around these means (tokens), `rate` a second, at most `seats` in the batch."""
    longest = lab.system.model.max_context or 1_000_000
    work = Workload(
        REQUESTS,
        LogNormal(prompt, SPREAD, 1, max(1, longest - answer * 8)),
        LogNormal(max(answer, 2), SPREAD, 2, answer * 8),
        Poisson(rate),
        seed=SEED,
    )
    result = simulate(lab.system, work, Scheduler(max_num_seqs=seats), record="summary", seed=SEED)
    levels = tuple(100.0 - 100.0 / many for many in ONE_IN)
    waits = result.samples["queue_s"].mean()
    return Latencies(
        result.samples["ttft_s"].percentiles(levels),
        result.samples["itl_s"].percentiles(levels),
        waits * result.requests_per_s,
        result.throughput_tokens_per_s,
        any("grows without bound" in warning for warning in result.warnings),
    )


#: what the knobs may be: seats in the batch, mean tokens of prompts and of answers
_SEATS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_PROMPTS = (125, 250, 500, 1000, 2000, 4000, 8000)
_ANSWERS = (25, 50, 100, 200, 400, 800)


def seat_stops(lab: Lab) -> list[int]:
    """Requests that may be in the batch at once."""
    return list(_SEATS)


def prompt_stops(lab: Lab) -> list[int]:
    """Mean tokens of a prompt, within the model's reach."""
    most = lab.system.model.max_context or _PROMPTS[-1] * 2
    return [tokens for tokens in _PROMPTS if 2 * tokens <= most]


def answer_stops(lab: Lab) -> list[int]:
    """Mean tokens of an answer."""
    return list(_ANSWERS)


def explore_latency(lab: Lab, *, rate: float, seats: int, prompt: int, answer: int) -> Explored:
    """Time to first token and gap that one request in 2, 5, ... exceeds, of 200 simulated requests."""
    found = latencies(lab, rate, seats, prompt, answer)
    (first_p50, gap_p50), (first_p99, gap_p99) = found.at(2), found.at(100)
    shown = {
        name: Quantity(value, "s")
        for name, value in (("f50", first_p50), ("f99", first_p99), ("g50", gap_p50), ("g99", gap_p99))
    }
    queue = (
        f"{Quantity(found.waiting, 'requests', 2)} wait for a seat on average."
        if found.waiting > _FEW
        else "Hardly anybody waits for a seat."
    )
    grows = " More come than it serves: the queue grows for as long as they do." if found.unbounded else ""
    return Explored(
        finding=f"First token: half within {shown['f50']}, 99 in 100 within {shown['f99']}. Gap between tokens: half within {shown['g50']}, "
        f"99 in 100 within {shown['g99']}. {queue}{grows}",
        values=[
            Value("ttft_p50", "First token, p50", shown["f50"], "expected"),
            Value(
                "ttft_p99", "First token, p99", shown["f99"], "✕ grows without end" if found.unbounded else "expected"
            ),
            Value("gap_p50", "Gap, p50", shown["g50"], "expected"),
            Value("gap_p99", "Gap, p99", shown["g99"], "expected"),
            Value(
                "waiting",
                "Waiting for a seat",
                Quantity(found.waiting, "requests", 2 if found.waiting >= 0.1 else 1),
                "mean",
            ),
            Value("throughput", "All answers together", Quantity(found.tokens_per_s, "tok/s"), "the host's book"),
        ],
        x=Axis("one request in so many", log=True, low=ONE_IN[0], high=ONE_IN[-1]),
        y=Axis("waits longer than", "s", log=True, low=1e-3, high=100.0),
        lines=[
            Line("first token", ONE_IN, found.first_s, "compute"),
            Line("gap between tokens", ONE_IN, found.gap_s, "memory"),
        ],
        points=[
            Point("p99", 100, first_p99, "compute"),
            Point("p99", 100, gap_p99, "memory"),
        ],
    )
