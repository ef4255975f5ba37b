"""Three questions to the planner, each confirmed by judging the whole grid: every set-up with every number of replicas.

    python benchmarks/plan_brute_force.py                  # all three: minutes to an hour
    python benchmarks/plan_brute_force.py rag chat          # some of them
    python benchmarks/plan_brute_force.py --times           # only how long the planner takes, by processes here and by Dask workers

Brute force knows no ceilings, no bisection, no shared runs and no early end of a run. It must find the same set-ups for the
same money with the same times, up to what the planner tells of, and the same fronts.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Iterator
from itertools import product
from typing import Any

from lessonlib.base.parallel import results
from lessonlib.cli.main import build_parser
from lessonlib.cli.plan import asked
from lessonlib.plan import Outcome, Question, SetUp, answer_data, judge, plan
from lessonlib.plan.answer import name_of
from lessonlib.plan.report import answer_text

QUESTIONS = {
    "rag": "--lab qwen3.5-27b-2xh100-sxm --weights bf16,fp8 --gpu h100-sxm,h200-sxm --preset rag --rate 4 --slo 2,0.05 --share 0.95 "
    "--tp 1,2,4 --max-num-seqs 32,128 --max-num-batched-tokens 2048 --most-gpus 6",
    "chat": "--model llama-3.1-8b --weights bf16,fp8,int4 --gpu rtx-4090 --preset conversation --rate 12 --slo 1,0.04 --share 0.95 "
    "--tp 1,2 --max-num-seqs 32,128 --max-num-batched-tokens 2048 --most-gpus 6",
    "deepseek": "--model deepseek-v3 --weights fp8 --gpu h200-sxm --rate 4 --prompt 3000 --output 400 --spread 0.5 --slo 2,0.05 --share 0.95 "
    "--tp 8 --max-num-seqs 32,128 --max-num-batched-tokens 8192,16384 --most-gpus 24",
}  # fmt: skip
#: Asked for the times alone, three times each way; the least counts, for a shared machine only ever adds.
TIMED = "--model llama-3.1-8b --weights bf16,fp8 --gpu l40s,h100-sxm --rate 8 --slo 1,0.03 --tp 1,2 --pools one --requests 2000"
REPEATS = 3


def question_of(line: str) -> tuple[Question, tuple[SetUp, ...]]:
    """The question and the grid of a line of `lessonlib plan`."""
    return asked(build_parser().parse_args(["plan", *shlex.split(line)]))


def sizes(question: Question, set_up: SetUp) -> Iterator[tuple[int, int]]:
    """Every number of replicas that may be used."""
    most = question.most_gpus
    first, later = set_up.systems[0].gpus, set_up.systems[-1].gpus
    if not set_up.two_pools:
        yield from ((count, 0) for count in range(1, most // first + 1))
        return
    for prompts, answers in product(range(1, most // first + 1), range(1, most // later + 1)):
        if set_up.gpus((prompts, answers)) <= most:
            yield prompts, answers


def judged(question: Question, at: int, set_up: SetUp, size: tuple[int, int]) -> tuple[int, Outcome]:
    """One run, to its end."""
    return at, judge(question, set_up, size, whole=True)


def brute_force(question: Question, grid: tuple[SetUp, ...], jobs: int) -> tuple[dict[int, list[Outcome]], int]:
    """All outcomes that hold, by place in the grid; and how many runs there were."""
    tasks = [(question, at, set_up, size) for at, set_up in enumerate(grid) for size in sizes(question, set_up)]
    found: dict[int, list[Outcome]] = {}
    for count, (at, outcome) in enumerate(results(judged, tasks, jobs), 1):
        if outcome.holds:
            found.setdefault(at, []).append(outcome)
        if count % 100 == 0:
            print(f"  {count:,} of {len(tasks):,} runs", file=sys.stderr, flush=True)
    return found, len(tasks)


def compare(question: Question, grid: tuple[SetUp, ...], answer: Any, every: dict[int, list[Outcome]]) -> list[str]:
    """What differs, one line each; nothing if the planner is right."""
    price = {at: question.prices[set_up.system.gpu.called].usd for at, set_up in enumerate(grid)}
    best = {at: min(grid[at].gpus(one.size) for one in outcomes) * price[at] for at, outcomes in every.items()}
    if not best:
        return [] if not answer.winners else ["the planner found what does not hold"]
    most = min(best.values()) * question.within * (1 + 1e-9)
    wanted = {at: usd for at, usd in best.items() if usd <= most}
    told = {found.at: found for found in answer.winners}
    wrong = [f"not told of: {name_of(grid[at])} for ${usd:.2f}" for at, usd in wanted.items() if at not in told]
    for at, found in told.items():
        if at not in wanted:
            wrong.append(f"does not hold for that money: {name_of(grid[at])} for ${found.usd:.2f}")
        elif abs(found.usd - wanted[at]) > 1e-9:
            wrong.append(f"costs ${wanted[at]:.2f}, not ${found.usd:.2f}: {name_of(grid[at])}")
        elif not any(
            (one.size, one.ttft, one.tpot) == (found.outcome.size, found.outcome.ttft, found.outcome.tpot)
            for one in every[at]
        ):
            wrong.append(f"other times: {name_of(grid[at])}")
    return wrong


def not_monotone(question: Question, grid: tuple[SetUp, ...], every: dict[int, list[Outcome]]) -> int:
    """Set-ups of one pool that hold with some number of replicas and not with a larger one."""
    count = 0
    for at, outcomes in every.items():
        if not grid[at].two_pools:
            least = min(one.size[0] for one in outcomes)
            count += len(outcomes) != question.most_gpus // grid[at].system.gpus - least + 1
    return count


def confirm(name: str, jobs: int) -> bool:
    """Ask one question both ways and print what came of it."""
    question, grid = question_of(QUESTIONS[name])
    print(f"## {name}\nlessonlib plan {QUESTIONS[name]}\n", flush=True)
    begun = time.perf_counter()
    answer = plan(question, grid, jobs)
    took = time.perf_counter() - begun
    print(answer_text(answer_data(answer)), flush=True)
    print(
        f"\nplanner: {took:.0f} s in {jobs} processes, {answer.runs:,} runs, {answer.dropped:,} of {len(grid):,} set-ups without one",
        flush=True,
    )
    begun = time.perf_counter()
    every, runs = brute_force(question, grid, jobs)
    print(
        f"brute force: {time.perf_counter() - begun:.0f} s in {jobs} processes, {runs:,} runs; {len(every):,} set-ups hold with some number of replicas"
    )
    print(f"set-ups that hold with fewer but not with some more replicas: {not_monotone(question, grid, every)}")
    wrong = compare(question, grid, answer, every)
    print("\n".join(wrong) or f"the same {len(answer.winners):,} set-ups, costs and times", flush=True)
    return not wrong


def least_seconds(
    question: Question, grid: tuple[SetUp, ...], jobs: int | None = None, dask: str | None = None
) -> float:
    """Of some runs of the planner."""
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        plan(question, grid, jobs, dask)
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def times() -> None:
    """How long the planner takes, here and on a cluster of this machine."""
    from distributed import LocalCluster

    question, grid = question_of(TIMED)
    print(f"lessonlib plan {TIMED}", flush=True)
    here = [least_seconds(question, grid, jobs) for jobs in (1, 2)]
    print(f"1 process {here[0]:.1f} s, 2 processes {here[1]:.1f} s: {here[0] / here[1]:.2f} times as quick", flush=True)
    there = []
    for workers in (1, 2):
        settings = {"threads_per_worker": 1, "processes": True, "dashboard_address": None, "host": "127.0.0.1"}
        with LocalCluster(n_workers=workers, silence_logs=50, **settings) as cluster:
            there.append(least_seconds(question, grid, dask=cluster.scheduler_address))
    print(
        f"1 worker {there[0]:.1f} s, 2 workers {there[1]:.1f} s: {there[0] / there[1]:.2f} times as quick", flush=True
    )


def main() -> int:
    """1 if brute force found something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="QUESTION", help=f"{', '.join(QUESTIONS)} [all]")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time [2]")
    parser.add_argument("--times", action="store_true", help="only how long the planner takes")
    args = parser.parse_args()
    names = args.names or list(QUESTIONS)
    for name in names:
        if name not in QUESTIONS:
            parser.error(f"no question {name}: there are {', '.join(QUESTIONS)}")
    if args.times:
        times()
        return 0
    right = [confirm(name, args.jobs) for name in names]
    return int(not all(right))


if __name__ == "__main__":
    sys.exit(main())
