"""The simulator beside a published concurrency sweep (data/measured/serving.csv).

    python -m lessonlib.serving.validation

The sweep was measured on TensorRT-LLM, so its documented defaults stand: prompts whole, not in chunks; a request goes in
only if its whole answer has room; 90 % of the memory that the weights leave for the cache, which is in FP8 here.
"""

from __future__ import annotations

from dataclasses import dataclass

from lessonlib.base.files import read_csv
from lessonlib.base.paths import data_dir
from lessonlib.roofline import System, load_gpu, load_model, weight_bytes
from lessonlib.serving.fleet.fleet import Fleet
from lessonlib.serving.replica.scheduler import Scheduler
from lessonlib.serving.simulation import simulate
from lessonlib.serving.traffic.workload import fixed

#: Same shapes as Llama-3.3-70B.
MODEL = "llama-3.1-70b"
FREE_SHARE = 0.9
ROUNDS = 8


@dataclass(frozen=True)
class Point:
    """One concurrency: seconds to the first token, mean seconds between tokens, output tokens per second."""

    concurrency: int
    ttft_s: float
    itl_s: float
    tokens_per_s: float


def published() -> list[Point]:
    """The measured sweep, by concurrency."""
    rows = [row for row in read_csv(data_dir() / "measured" / "serving.csv") if row["sweep"] == "nim-70b-fp8"]
    return [
        Point(int(row["concurrency"]), *(float(row[key]) for key in ("ttft_s", "itl_s", "tokens_per_s")))
        for row in rows
    ]


def sweep_system() -> System:
    """The system of the sweep."""
    return System(load_model(MODEL), load_gpu("h100-sxm"), tp=2, weights="fp8", kv="fp8")


def tensorrt_llm(system: System) -> Scheduler:
    """The scheduler's documented defaults of TensorRT-LLM: GUARANTEED_NO_EVICT, 0.9 of the free memory, 2,048 requests, 8,192 tokens."""
    held, memory = weight_bytes(system), system.gpu.memory_bytes * system.gpus
    share = (held + FREE_SHARE * (memory - held)) / memory
    return Scheduler(
        "in-flight",
        max_num_seqs=2048,
        max_num_batched_tokens=8192,
        memory_share=share,
        reserve_output=True,
        prefix_caching=False,
    )


def simulated(concurrency: int, slowdown: float = 1.0, scheduler: Scheduler | None = None) -> Point:
    """The same point from the simulator, in the middle of a long closed loop. slowdown: a factor on every step.

    Tokens per second by Little's law, concurrency x tokens / time of an answer, which does not depend on where a window cuts.
    """
    system = sweep_system()
    requests = fixed(5000, 500, max(16, ROUNDS * concurrency))
    result = simulate(
        system, requests, scheduler or tensorrt_llm(system), Fleet(slow={0: slowdown}), concurrency=concurrency
    )
    middle = result.steady(0.3)
    return Point(concurrency, middle["ttft_s"], middle["tpot_s"], concurrency * 500 / middle["e2e_s"])


def table() -> str:
    """The sweep measured, simulated, and simulated with every step scaled so that the first point's tokens agree."""
    measured = published()
    first = simulated(1)
    factor = measured[0].itl_s / first.itl_s
    lines = [
        f"{'':>11}  {'TTFT, s':^26}  {'between tokens, ms':^22}  {'tokens/s':^20}",
        f"{'concurrency':>11}" + f"  {'measured':>8} {'simulated':>9} {'scaled':>7}" * 3,
    ]
    for point in measured:
        ours, scaled = simulated(point.concurrency), simulated(point.concurrency, factor)
        cells = [f"{point.concurrency:>11}"]
        for key, scale, digits in (("ttft_s", 1.0, 2), ("itl_s", 1e3, 1), ("tokens_per_s", 1.0, 0)):
            cells.append(
                " ".join(
                    f"{getattr(item, key) * scale:>{width}.{digits}f}"
                    for item, width in ((point, 8), (ours, 9), (scaled, 7))
                )
            )
        lines.append("  ".join(cells))
    return "\n".join(
        [
            *lines,
            f"scaled: every step takes {factor:.2f} times as long, so that the time between tokens agrees at concurrency 1",
        ]
    )


if __name__ == "__main__":
    print(table())
