"""The example in aiconfigurator's README, asked here too, side by side.

    python benchmarks/plan_aiconfigurator.py

Its example: Qwen3-32B-FP8 on 32 H200, prompts of 4,000 tokens of which 500 are a shared beginning, answers of 500, TTFT 300 ms, 10 ms
a token (README of github.com/ai-dynamo/aiconfigurator, results printed there on 2026-02-08). First its own best rows, run here as
closed loops with its concurrency; then the planner's answer for the rate that its best row claims.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from lessonlib.base.tables import aligned
from lessonlib.cli.main import build_parser
from lessonlib.cli.plan import asked
from lessonlib.plan import SetUp, answer_data, plan
from lessonlib.plan.report import answer_text
from lessonlib.roofline import System, load_gpu, load_model
from lessonlib.serving import Fixed, LogNormal, Sharing, Workload, simulate

PROMPT, SHARED, OUTPUT = 4000, 500, 500
GPUS = 32
#: Requests a second of 684.79 tokens/s on each of 32 GPUs, 500 tokens an answer.
RATE = 684.79 * GPUS / OUTPUT


@dataclass(frozen=True)
class Row:
    """A row of the README: pools as (replicas, TP) of one unit, how many units fill 32 GPUs, requests in a unit at once."""

    name: str
    pools: tuple[tuple[int, int], ...]
    at_once: int
    ttft_ms: float
    tokens_per_s_per_user: float
    tokens_per_s_per_gpu: float


ROWS = (
    Row("TP4", ((1, 4),), 16, 251.10, 108.48, 410.22),
    Row("TP8", ((1, 8),), 28, 224.48, 107.43, 361.33),
    Row("2 x TP2 + TP4", ((2, 2), (1, 4)), 68, 295.71, 100.31, 684.79),
    Row("4 x TP2 + TP8", ((4, 2), (1, 8)), 120, 295.71, 100.16, 684.79),
)


def run(row: Row, kv: str) -> tuple[str, ...]:
    """One unit of a row in a closed loop, for ten rounds; its middle, without the beginning in which all come at once. Answers
    differ a little in length, or all would end and come together for ever.
    """
    model, gpu = load_model("qwen3-32b"), load_gpu("h200-sxm")
    parts = [System(model, gpu, tp=tp, weights="fp8", kv=kv) for _, tp in row.pools]
    set_up = SetUp(parts[0], decode=parts[1] if len(parts) > 1 else None)
    size = (row.pools[0][0], row.pools[1][0] if len(parts) > 1 else 0)
    requests = Workload(
        10 * row.at_once, Fixed(PROMPT), LogNormal(OUTPUT, 0.3), None, Sharing(system_tokens=SHARED), seed=1
    )
    result = simulate(
        parts[0], requests, set_up.scheduler(parts[0]), set_up.fleet(size, "least-requests"), concurrency=row.at_once
    )
    middle, gpus = result.steady(0.3), set_up.gpus(size)
    ours = (1e3 * middle["ttft_s"], 1e3 * middle["tpot_s"], middle["throughput_tokens_per_s"] / gpus)
    theirs = (row.ttft_ms, 1e3 / row.tokens_per_s_per_user, row.tokens_per_s_per_gpu)
    return (
        row.name,
        str(row.at_once),
        f"{theirs[0]:.0f}",
        f"{ours[0]:.0f}",
        f"{theirs[1]:.1f}",
        f"{ours[1]:.1f}",
        f"{theirs[2]:.0f}",
        f"{ours[2]:.0f}",
    )


def main() -> int:
    """Print both halves."""
    heads = (
        "unit",
        "at once",
        "TTFT theirs, ms",
        "ours",
        "a token theirs, ms",
        "ours",
        "tokens/s a GPU theirs",
        "ours",
    )
    for kv in ("bf16", "fp8"):
        print(f"closed loops, KV cache in {kv}, means of the middle")
        print(aligned([heads, *(run(row, kv) for row in ROWS)]), flush=True)
        print()
    for share in sys.argv[1:] or ("0.99",):
        line = (
            f"--model qwen3-32b --weights fp8 --gpu h200-sxm --prompt {PROMPT} --output {OUTPUT} --shared {SHARED} --rate {RATE:.1f} --slo 0.3,0.01 "
            f"--share {share} --tp 2,4,8 --max-num-seqs 64 --max-num-batched-tokens 8192 --most-gpus 72 --within 1.5"
        )
        print(f"lessonlib plan {line}\n")
        question, grid = asked(build_parser().parse_args(["plan", *line.split()]))
        print(answer_text(answer_data(plan(question, grid))), flush=True)
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
