"""Ceilings never drop what holds: every set-up of small grids is judged with every number of replicas."""

from __future__ import annotations

from itertools import product

import pytest

from lessonlib.plan import Price, Question, Slo, judge
from lessonlib.plan.bounds import Bounds
from lessonlib.serving import GammaBurst, Poisson, fixed, preset
from tests.plan.cases import PRICES, grid, question, spread

CASES = {
    "chat": (question(), grid()),
    "tight token": (question(tpot=0.012, rate=3.0), grid()),
    "tight first token": (question(ttft=0.09, rate=3.0), grid()),
    "overload": (question(rate=60.0, most_gpus=4), grid(pools="one")),
    "spread and shared beginnings": (question(traffic=spread(), ttft=0.3), grid(pools="one")),
    "bursts": (question(traffic=fixed(2000, 40, 100, GammaBurst(5.0, 3.0))), grid(pools="one")),
    "budget": (question(budget=5.0, rate=20.0), grid(pools="one")),
    "does not fit": (question(), grid("qwen3-32b", weights=("bf16", "int4"), pools="one")),
    "hybrid": (question(traffic=preset("rag", 60, rate=1.5), ttft=2.0, tpot=0.05), grid("qwen3.5-27b", gpus=("h100-sxm",), weights=("fp8",))),
    "mixture": (question(rate=4.0, tpot=0.02), grid("gpt-oss-20b", weights=("mxfp4",), gpus=("h100-sxm",))),
    "sessions": (question(traffic=preset("conversation", 100, rate=4.0)), grid(pools="one")),
}  # fmt: skip


def sizes(asked: Question, set_up, most_replicas: int = 4):
    """All numbers of replicas that the question allows, up to four of a pool."""
    counts = range(1, most_replicas + 1)
    pairs = list(product(counts, counts)) if set_up.two_pools else [(count, 0) for count in counts]
    price = asked.prices[set_up.system.gpu.called].usd
    return [
        size
        for size in pairs
        if set_up.gpus(size) <= asked.most_gpus and (asked.budget is None or set_up.gpus(size) * price <= asked.budget)
    ]


@pytest.mark.parametrize("name", CASES)
def test_nothing_that_holds_is_dropped(name: str) -> None:
    asked, tried = CASES[name]
    bounds = Bounds(asked)
    dropped = 0
    for set_up in tried:
        bound = bounds.of(set_up)
        dropped += bool(bound.why)
        for size in sizes(asked, set_up):
            if bound.why or size[0] < bound.least[0] or size[1] < bound.least[1]:
                assert not judge(asked, set_up, size).holds, (set_up, size, bound)
    if name in ("tight token", "does not fit"):
        assert dropped, "a case in which ceilings have something to drop"


def test_what_is_dropped_has_its_reason_with_numbers() -> None:
    def why(asked: Question, tried) -> set[str]:
        found = [Bounds(asked).of(set_up) for set_up in tried]
        assert all(bound.detail for bound in found if bound.why)
        return {bound.why for bound in found}

    assert why(question(), grid("llama-3.1-70b", weights=("bf16",), tp=(1,))) == {"memory"}
    assert why(question(tpot=0.001), grid()) == {"time per token"}
    assert why(question(ttft=0.002), grid()) == {"first token"}
    flood = fixed(800, 60, 6000, Poisson(2000.0))
    assert why(question(traffic=flood, most_gpus=2), grid(pools="one")) == {"GPUs"}
    assert why(question(traffic=flood, budget=3.0, most_gpus=1024), grid(pools="one")) == {"budget"}
    assert why(question(traffic=fixed(9000, 10, 20, Poisson(1.0)), ttft=9.0), grid("gemma-2-9b", pools="one")) == {
        "context"
    }


def test_a_bound_grows_with_the_traffic_and_is_below_what_the_simulator_needs() -> None:
    one = grid(gpus=("l40s",), weights=("bf16",), tp=(1,), seats=(None,), pools="one")[0]
    least = [
        Bounds(question(traffic=fixed(800, 60, 3000, Poisson(rate)), most_gpus=64)).of(one).least[0]
        for rate in (5.0, 50.0, 500.0)
    ]
    assert least == sorted(least) and least[0] < least[-1]


def test_most_replicas_follow_from_gpus_budget_and_requests() -> None:
    one = grid(gpus=("h100-sxm",), weights=("bf16",), tp=(2,), seats=(None,), pools="one")[0]
    assert Bounds(question(most_gpus=7)).most(one) == 7
    assert Bounds(question(most_gpus=64, budget=13.0)).most(one) == 3
    assert Bounds(question(most_gpus=64)).most(one, 8.0) == 2
    few = Question(fixed(100, 10, 2, Poisson(1.0)), Slo(1.0, 1.0), {"h100-sxm": Price(1.0)}, most_gpus=4096)
    assert Bounds(few).most(one) == 4
    assert PRICES["h100-sxm"].usd == 4.0
