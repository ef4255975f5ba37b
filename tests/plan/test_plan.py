"""The planner's answer is that of judging everything."""

from __future__ import annotations

import itertools
import json
import math

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.plan import Outcome, Question, Slo, answer_data, answer_text, judge, plan, set_ups
from lessonlib.plan.front import MEASURES, front, fronts, unlike
from lessonlib.plan.question import enough_requests
from lessonlib.plan.search import fewest
from lessonlib.serving import Poisson, fixed, preset, simulate
from tests.plan.cases import PRICES, grid, question, spread
from tests.plan.test_bounds import sizes

SMALL = {"gpus": ("l40s", "h100-sxm"), "tp": (1, 2), "seats": (None, 8)}
QUESTIONS = {
    "chat": (question(rate=10.0), grid(**SMALL, weights=("bf16", "fp8"), pools="one")),
    "two pools": (question(rate=10.0, most_gpus=4), grid(gpus=("l40s",), weights=("fp8",), seats=(None,))),
    "shared beginnings": (question(traffic=spread(8.0), ttft=0.4), grid(**SMALL, weights=("fp8",), pools="one")),
    "hybrid": (
        question(traffic=preset("rag", 60, rate=1.5), ttft=2.0, tpot=0.05, most_gpus=4),
        grid("qwen3.5-27b", gpus=("h100-sxm",), weights=("bf16", "fp8"), seats=(None,), pools="one"),
    ),
}


def by_brute_force(asked: Question, tried) -> dict[int, tuple[float, Outcome]]:
    """Place in the grid -> the least cost at which it holds, by every number of replicas that is allowed."""
    found = {}
    for at, set_up in enumerate(tried):
        outcomes = [judge(asked, set_up, size, whole=True) for size in sizes(asked, set_up, 6)]
        holding = [one for one in outcomes if one.holds]
        if holding:
            price = asked.prices[set_up.system.gpu.called].usd
            best = min(holding, key=lambda one: (set_up.gpus(one.size), -one.share))
            found[at] = (set_up.gpus(best.size) * price, best)
    return found


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_answer_is_that_of_brute_force(name: str) -> None:
    asked, tried = QUESTIONS[name]
    answer = plan(asked, tried, jobs=1)
    every = by_brute_force(asked, tried)
    cheapest = min(usd for usd, _ in every.values())
    wanted = {at: usd for at, (usd, _) in every.items() if usd <= asked.within * cheapest + 1e-9}
    assert {found.at: found.usd for found in answer.winners} == pytest.approx(wanted)
    assert answer.winners[0].usd == cheapest
    for found in answer.winners:
        usd, best = every[found.at]
        assert found.outcome is not None and (usd == found.usd)
        if not found.set_up.two_pools:
            assert (found.outcome.size, found.outcome.ttft, found.outcome.tpot) == (best.size, best.ttft, best.tpot)
    assert len(answer.winners) + len(answer.losers) == len(tried)


def test_an_outcome_has_the_simulators_own_numbers() -> None:
    asked, one = question(), grid(gpus=("l40s",), weights=("fp8",), tp=(1,), seats=(None,), pools="one")[0]
    found = judge(asked, one, (2, 0))
    result = simulate(
        one.system, asked.traffic, one.scheduler(one.system), one.fleet((2, 0), asked.router), seed=asked.seed
    )
    rate, share = result.goodput(asked.slo.ttft_s, asked.slo.tpot_s)
    assert (found.goodput, found.share) == pytest.approx((rate, share))
    assert found.ttft == (result.percentile("ttft_s", 50), result.percentile("ttft_s", 99))
    assert found.tpot == (result.percentile("tpot_s", 50), result.percentile("tpot_s", 99))


def test_a_run_that_is_broken_off_would_not_have_held() -> None:
    one = grid(gpus=("l40s",), weights=("bf16",), tp=(1,), seats=(8,), pools="one")[0]
    for rate in (2.0, 6.0, 12.0, 20.0, 40.0):
        asked = question(traffic=fixed(800, 60, 500, Poisson(rate)))
        looked, whole = judge(asked, one, (1, 0)), judge(asked, one, (1, 0), whole=True)
        assert looked.holds == whole.holds
        assert not looked.early or looked.share >= whole.share
    assert looked.early


def test_more_replicas_that_do_worse_do_not_hide_fewer_that_hold() -> None:
    one = grid(gpus=("l40s",), weights=("bf16",), tp=(1,), seats=(None,), pools="one")[0]

    def judged(size):
        return Outcome(size, holds=size[0] in (4, 5, 6, 7), share=0.5, ttft=(1.0, 1.0), tpot=(1.0, 1.0))

    found = fewest(one, (1, 0), 64, judged)
    assert found.best is not None and found.best.size == (4, 0) and not found.wavers
    assert fewest(one, (1, 0), 3, judged).best is None
    assert fewest(one, (9, 0), 8, judged).tries == 0
    lonely = fewest(one, (1, 0), 64, lambda size: Outcome(size, holds=size[0] == 4, share=0.5))
    assert lonely.best is not None and lonely.wavers


def test_two_pools_are_searched_by_cost() -> None:
    one = grid(gpus=("l40s",), weights=("fp8",), tp=(1, 2), seats=(None,), pools="two")[1]
    assert [system.tp for system in one.systems] == [1, 2]
    runs = []

    def judged(size):
        runs.append(size)
        good = size[0] >= 3 and size[1] >= 2 and size[0] + size[1] >= 6
        return Outcome(size, holds=good, share=0.9, ttft=(1.0, 1.0 / size[0]), tpot=(1.0, 1.0))

    found = fewest(one, (1, 1), 20, judged)
    assert found.best is not None and found.best.size == (4, 2)
    assert len(runs) == len(set(runs)) == found.tries < 20
    assert fewest(one, (1, 1), 6, judged).best is None


def test_the_seats_of_a_set_up_change_nothing_where_they_were_never_taken() -> None:
    asked = question(rate=4.0)
    tried = grid(gpus=("l40s",), weights=("fp8",), tp=(1,), seats=(None, 8, 64, 128), pools="one")
    answer, apart = plan(asked, tried, jobs=1), plan(asked, tried, jobs=1, pruned=False)
    assert answer.runs < apart.runs
    pairs = [{found.at: found.outcome for found in each.winners} for each in (answer, apart)]
    assert pairs[0].keys() == pairs[1].keys()
    for at, outcome in pairs[0].items():
        assert outcome.ttft == pairs[1][at].ttft and outcome.tpot == pairs[1][at].tpot
    assert any(more for _, more in unlike(answer.winners))


def test_processes_give_the_same_answer() -> None:
    asked, tried = QUESTIONS["chat"]
    here, spread_out = (answer_data(plan(asked, tried, jobs=jobs)) for jobs in (1, 2))
    for key in ("set_ups", "fronts", "all_that_hold", "holding"):
        assert here[key] == spread_out[key]


def test_no_front_is_beaten() -> None:
    asked, tried = QUESTIONS["chat"]
    winners = plan(asked, tried, jobs=1).winners
    for name, measure in MEASURES.items():
        members = front(winners, name)
        assert members[0].usd == winners[0].usd
        assert all(
            first.usd < later.usd and measure(first) > measure(later) for first, later in itertools.pairwise(members)
        )
        for found in winners:
            assert any(
                one.usd <= found.usd and measure(one) <= measure(found) * (1 + 1e-2 * math.copysign(1, measure(found)))
                for one in members
            )
    assert set(fronts(winners)) == set(MEASURES)


def test_the_answer_is_strict_json_and_text_of_single_lines() -> None:
    asked, tried = QUESTIONS["chat"]
    data = answer_data(plan(asked, tried, jobs=1))
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    for entry in data["set_ups"]:
        for key in ("ttft_s", "tpot_s"):
            for name in ("p50", "p99"):
                assert entry[key][f"{name}_low"] < entry[key][name] < entry[key][f"{name}_high"]
        good = entry["goodput_per_s"]
        assert good["low"] < good["expected"] <= max(good["high"], good["expected"])
        assert 0.0 <= entry["share_at_slow_end"] <= entry["share"] <= 1.0
    text = answer_text(data)
    assert "why the others lose" in text or not data["losers"]
    assert "$" in text and "TTFT" in text


def test_nothing_holds_is_an_answer_too() -> None:
    data = answer_data(plan(question(tpot=0.002), grid(pools="one"), jobs=1))
    assert data["set_ups"] == [] and data["dropped_by_ceilings"] > 0
    assert "none of them holds" in answer_text(data)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Slo(0.0, 0.05), ["first token", "above 0"]),
        (lambda: Slo(1.0, math.nan), ["a token", "number"]),
        (lambda: Slo(1.0, 0.05, 1.5), ["share", "up to 1"]),
        (lambda: question(budget=-1.0), ["budget"]),
        (lambda: question(most_gpus=0), ["most_gpus"]),
        (lambda: question(within=0.5), ["within"]),
        (lambda: question(router="sticky"), ["router"]),
        (lambda: question(traffic=fixed(10, 10, 5)), ["law of arrival"]),
        (lambda: Question([], Slo(1.0, 1.0), PRICES), ["traffic"]),
        (lambda: grid(pools="three"), ["pools", "both"]),
        (lambda: grid("qwen2.5-7b", tp=(8,)), ["no set-up"]),
        (lambda: set_ups([], []), ["no set-up"]),
    ],
)
def test_what_cannot_be_asked(make, words) -> None:
    with pytest.raises(LessonlibError) as raised:
        make()
    for word in words:
        assert word in str(raised.value)


def test_a_run_is_as_long_as_ten_of_the_longest_answers() -> None:
    assert enough_requests(1.0, 200, Slo(1.0, 0.05)) == 1000
    assert enough_requests(50.0, 200, Slo(1.0, 0.05)) == 5500
    assert enough_requests(5000.0, 200, Slo(1.0, 0.05)) == 20_000
