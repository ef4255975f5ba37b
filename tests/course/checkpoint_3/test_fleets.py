"""The fleets of the exam: dealt apart, none solved by today's line or by one recipe, the card near the best, incidents that their panels tell."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import replace

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.paths import data_dir
from lessonlib.base.quantity import Quantity
from lessonlib.cli import plan as plan_command
from lessonlib.course.checkpoint_3 import workings
from lessonlib.course.checkpoint_3.card import BUDGETS, by_card, forecast, idle, mean_prompt, not_found, one_pool
from lessonlib.course.checkpoint_3.exam import (
    exam_fleets,
    fleet_best_less_one,
    fleet_best_line,
    fleet_traffic,
    offer_tests,
    rival_loses_by,
)
from lessonlib.course.checkpoint_3.fleets import (
    SET,
    FleetLab,
    all_fleets,
    fleet_pool,
    fleet_sets,
    practice_fleet,
    worked_fleet,
)
from lessonlib.course.checkpoint_3.incident import CAUSES, day_of, incident_panels
from lessonlib.course.checkpoint_3.judge import FALLS, KEPT, LEAST, MOST, Run, requests_of, run
from lessonlib.course.checkpoint_3.lines import Plan, read_plan
from lessonlib.course.checkpoint_3.outcome import good_share, judge_fleet_line, what_bound
from lessonlib.course.checkpoint_3.planner import asked, plan_line, planner_answer
from lessonlib.course.checkpoint_3.plots.price_of_a_limit import LIMITS_MS, costs
from lessonlib.course.checkpoint_3.search import AS_GOOD, best_of, search, tried
from lessonlib.roofline import decode, load_lab, prefill
from lessonlib.serving.replica.defaults import server_seconds

POOL = fleet_pool()
each_fleet = pytest.mark.parametrize("fleet", POOL, ids=lambda each: each.name)


def test_sets_of_three_without_a_model_or_what_decides_twice_and_with_one_incident() -> None:
    assert [len(one) for one in fleet_sets()] == [SET] * 3 and len(POOL) == 9
    assert sorted(each.name for one in fleet_sets() for each in one) == sorted(each.name for each in POOL)
    for one in fleet_sets():
        assert len({each.system.model.name for each in one}) == len({each.binds for each in one}) == SET
        assert sum(each.incident is not None for each in one) == 1
    assert worked_fleet() not in POOL and practice_fleet() not in POOL


def test_an_exam_asks_of_each_fleet_then_of_the_ill_one_then_of_another() -> None:
    for asked_of, dealt in zip(exam_fleets(load_lab()), fleet_sets(), strict=True):
        assert asked_of[:SET] == dealt and asked_of[3].incident and asked_of[4] in dealt and asked_of[4] != asked_of[3]


def test_incidents_and_rivals_come_out_in_different_ways() -> None:
    sets = exam_fleets(load_lab())
    assert len({one[3].incident.cause for one in sets if one[3].incident}) == len(sets)
    assert len({rival_loses_by(one[4]) for one in sets}) == len(sets)


@each_fleet
def test_todays_line_is_not_as_good_as_the_best(fleet: FleetLab) -> None:
    assert judge_fleet_line(fleet, fleet.line).of_best < AS_GOOD


@each_fleet
def test_the_cards_line_is_near_the_best(fleet: FleetLab) -> None:
    assert run(fleet, by_card(fleet)).per_dollar >= 0.75 * best_of(fleet).per_dollar


def test_the_cards_forecasts_are_of_the_right_size() -> None:
    for each in POOL:
        card = by_card(each)
        ran, reckoned = run(each, card), forecast(each, card)
        assert 0.6 < reckoned.gap_s / ran.tpot_mean_s < 1.7, each.name
        assert 0.5 < reckoned.ttft_s / ran.ttft_p99_s < 2.0, each.name


@pytest.mark.parametrize("fleet", all_fleets(), ids=lambda each: each.name)
def test_the_best_lines_of_the_file_are_those_of_today(fleet: FleetLab) -> None:
    """They are made by `python -m lessonlib.course.checkpoint_3.search --write`, after any change of a fleet, the engine, a price or the simulator."""
    best = best_of(fleet)
    assert run(fleet, best.plan).per_dollar == pytest.approx(best.per_dollar, abs=1e-8)
    assert read_plan(fleet, fleet_best_line(fleet)) == best.plan


@pytest.mark.parametrize("name", ["contracts", "drafting"])
def test_one_replica_less_of_the_best_is_worth_less(name: str) -> None:
    fleet = next(each for each in POOL if each.name == name)
    plan = best_of(fleet).plan
    less = replace(plan, pools=(plan.pools[0] - 1, plan.pools[1])) if plan.pools else replace(plan, replicas=plan.replicas - 1)  # fmt: skip
    assert tried(fleet, less) < AS_GOOD * best_of(fleet).per_dollar


@pytest.mark.parametrize("fleet", all_fleets(), ids=lambda each: each.name)
def test_the_best_line_counts_in_full(fleet: FleetLab) -> None:
    assert run(fleet, best_of(fleet).plan).holds


def test_a_share_below_the_bar_never_reads_as_the_bar() -> None:
    assert good_share(replace(made(0), requests=1200, good=1135)) == "94.5 % good"
    assert good_share(replace(made(0), requests=10_000, good=9_499)) == "94.9 % good"
    assert good_share(made(95)) == "95.0 % good" and good_share(made(80)) == "80 % good"


def settings_apart(one: Plan, other: Plan) -> int:
    """Settings that differ: replica, how many and in which pools, router, budget."""
    counts = [(each.replicas, each.pools, each.scale) for each in (one, other)]
    return sum(
        (one.offer != other.offer, counts[0] != counts[1], one.router != other.router, one.tokens != other.tokens)
    )


def test_no_line_that_an_exam_shows_is_near_one_that_it_asks_for() -> None:
    for asked_of in exam_fleets(load_lab()):
        ill, other = asked_of[3:]
        assert ill.incident
        for fleet, line in ((ill, ill.incident.line), (other, other.rival)):
            shown = read_plan(fleet, line)
            assert all(settings_apart(shown, known) >= 2 for known in (best_of(fleet).plan, by_card(fleet))), line
        assert run(ill, read_plan(ill, ill.incident.line)).cost > 1.35 * run(ill, best_of(ill).plan).cost


def test_the_first_line_is_none_that_the_page_has_shown() -> None:
    fleet, lab = practice_fleet(), load_lab()
    best = best_of(fleet).plan
    assert (best.offer.tp, best.replicas) not in {
        (1, int(float(workings.clinic_with_hits(lab)))),
        (1, workings.pair_small(lab)),
        (2, workings.pair_large(lab)),
        (2, round(float(workings.tight_costs(lab)) / worked_fleet().price(worked_fleet().offers[1]))),
    }
    assert settings_apart(best, by_card(fleet)) <= 1


def test_one_rule_counts_the_replicas_in_text_plot_and_card() -> None:
    lab, small, large = load_lab(), *worked_fleet().offers
    tight = replace(worked_fleet(), name="clinic-tight-again", tpot_s=workings.TIGHT_S)
    for offer, told in ((small, workings.tight_small_costs(lab)), (large, workings.tight_costs(lab))):
        plan = one_pool(tight, offer)
        assert plan and plan.replicas * tight.price(offer) == pytest.approx(float(told))
    plotted = {name: dict(zip(LIMITS_MS, row, strict=True))[20] for name, row in costs().items()}
    assert plotted["1 GPU a replica"] == pytest.approx(float(workings.tight_small_costs(lab)), abs=0.01)
    assert float(workings.tight_without_margin(lab)) < float(workings.tight_costs(lab))


def test_the_share_of_the_steps_follows_from_what_is_printed() -> None:
    lab = load_lab()
    tokens, inside, full = (float(one(lab)) for one in (workings.large_less_tokens, workings.large_inside, workings.large_full_step))  # fmt: skip
    reckoned = tokens / (workings.BUDGET - inside) * full
    assert reckoned == pytest.approx(float(workings.large_less_reading(lab)), rel=0.01) and reckoned > 1


def test_a_forecast_of_the_gap_is_of_the_mean_that_the_card_has() -> None:
    fleet = worked_fleet()
    plan = by_card(fleet)
    judged = judge_fleet_line(practice_fleet(), fleet_best_line(practice_fleet())).numbers["gap"]
    assert judged.base == run(practice_fleet(), best_of(practice_fleet()).plan).tpot_mean_s
    assert forecast(fleet, plan).gap_s == pytest.approx(run(fleet, plan).tpot_mean_s, rel=0.1)


def test_the_traffic_of_bursts_prints_their_spread() -> None:
    bursty = next(each for each in POOL if each.burst > 1)
    assert f"spread {bursty.burst:g} times as much as their mean" in fleet_traffic(bursty)


@pytest.mark.parametrize("fleet", [each for each in all_fleets() if each.shared], ids=lambda each: each.name)
def test_what_is_found_of_the_shared_is_near_the_cards_share(fleet: FleetLab) -> None:
    plan = by_card(fleet)
    shared = fleet.shared / mean_prompt(fleet)
    assert (1 - not_found(fleet, plan)) / shared == pytest.approx(run(fleet, plan).hits / shared, abs=0.06)


def test_what_a_lost_replica_takes_is_told_for_pools_scalers_and_the_last_one() -> None:
    told = {each.name: fleet_best_less_one(each) for each in POOL}
    assert all(text.endswith("% good") or "scaler" in text or "nothing" in text for text in told.values())
    assert "scaler" in told["counter"] and told["contracts"].startswith("one that reads")


def test_a_search_finds_what_the_file_has() -> None:
    assert search(worked_fleet()) == best_of(worked_fleet())


def test_files_hold_the_fleets_and_no_others() -> None:
    names = {each.name for each in all_fleets()}
    for file in ("checkpoint-3", "checkpoint-3-plans"):
        assert set(json.loads((data_dir() / "exams" / "json" / f"{file}.json").read_text(encoding="utf-8"))) == names
    for what in (best_of, planner_answer):
        with pytest.raises(LessonlibError, match="--write"):
            what(replace(POOL[0], name="another"))  # type: ignore[operator]


def test_names_and_titles_tell_fleets_apart() -> None:
    assert max(Counter(each.name for each in all_fleets()).values()) == 1
    assert len({each.title for each in all_fleets()}) == len(all_fleets())


@pytest.mark.parametrize("fleet", all_fleets(), ids=lambda each: each.name)
def test_runs_are_long_enough_and_not_too_long(fleet: FleetLab) -> None:
    """Of a day, past its peak and down again for half of the way."""
    count = len(requests_of(fleet))
    assert LEAST <= count <= MOST and count >= 0.74 * fleet.rate * fleet.day_s * bool(fleet.swing)


@pytest.mark.parametrize("fleet", all_fleets(), ids=lambda each: each.name)
def test_the_short_tests_say_what_the_card_reckons_with(fleet: FleetLab) -> None:
    for place, offer in enumerate(fleet.offers):
        tests, told = idle(fleet, offer), offer_tests(fleet, place)
        numbers = [tests.read_s, tests.first_s, tests.each_s, *tests.beside_s]
        assert all(str(Quantity(part, "s")) in told for part in numbers)
        assert all(f"{budget:,}: " in told for budget in BUDGETS) and f"${fleet.price(offer):.2f}" in told


@pytest.mark.parametrize("fleet", all_fleets(), ids=lambda each: each.name)
def test_the_planners_line_asks_what_was_asked(fleet: FleetLab) -> None:
    parser = argparse.ArgumentParser()
    plan_command.add_parser(parser.add_subparsers())
    question, grid = plan_command.asked(parser.parse_args(plan_line(fleet).split()[1:]))
    mine, tried_ones = asked(fleet)
    assert question.requests == mine.requests and question.slo == mine.slo and question.router == mine.router
    assert question.prices == mine.prices and len(grid) == len(tried_ones)
    assert {one.system.gpu.name for one in grid} == {one.system.gpu.name for one in tried_ones}


def test_without_load_each_request_has_what_an_idle_replica_gives() -> None:
    fleet = replace(
        worked_fleet(), name="no-load", rate=0.05, prompts=(1000, 0.0), answers=(101, 0.0), shared=0, ways=1
    )
    plan = Plan(fleet.offers[0], 2)
    found, system = run(fleet, plan), fleet.replica(fleet.offers[0])
    assert found.ttft_p50_s == pytest.approx(server_seconds(system)[0] + prefill(system, 1000).expected_s, rel=0.01)
    assert found.tpot_p50_s == pytest.approx(decode(system, 1, 1050).expected_s, rel=0.02)
    assert found.cost == pytest.approx(2 * fleet.price(fleet.offers[0])) and found.good == found.requests


def made(good: int, cost: float = 10.0, late: int = 0, slow: int = 0, thrown: int = 0) -> Run:
    return Run(100, good, late, slow, 1.0, 0.5, 0.05, 0.04, 0.04, cost, 0.0, 2.0, thrown)


def test_worth_counts_in_full_from_the_kept_share_on_and_falls_below() -> None:
    assert made(100).per_dollar == made(95).per_dollar == pytest.approx(0.1)
    assert made(90).per_dollar == pytest.approx(0.1 * (1 - FALLS * (KEPT - 0.9)))
    assert made(70).per_dollar == 0.0


def test_what_bound_is_said_by_what_was_missed() -> None:
    assert "both limits hold." in what_bound(made(99), 10.0)
    assert "what is left is the price" in what_bound(made(99), 5.0)
    assert "Reading binds" in what_bound(made(50, late=40, slow=10), 5.0)
    assert "The steps bind" in what_bound(made(50, late=10, slow=40), 5.0)
    assert "Room binds" in what_bound(made(50, late=10, slow=40, thrown=9), 5.0)


def test_cost_counts_the_starting_replicas_and_only_those_that_are_there() -> None:
    counter = next(each for each in POOL if each.name == "counter")
    plan = best_of(counter).plan
    assert plan.scale is not None
    found = run(counter, plan)
    assert plan.scale.least < found.replicas < plan.scale.most
    assert found.cost == pytest.approx(found.replicas * counter.price(plan.offer))


@pytest.mark.parametrize("fleet", [each for each in POOL if each.incident], ids=lambda each: each.name)
def test_an_incident_breaks_the_service_and_its_panels_tell_what_it_is(fleet: FleetLab) -> None:
    day, shown = day_of(fleet), incident_panels(fleet)
    limits = fleet.ttft_s, fleet.tpot_s
    assert day.before.goodput(*limits)[1] >= KEPT > 0.9 > day.today.goodput(*limits)[1]
    means = {
        chart.title: tuple(sum(value or 0.0 for value in row) / len(row) for row in (chart.values, chart.compare))
        for chart in shown.charts
    }

    def grew(title: str) -> float:
        today, before = means[title]
        return today / before if before else 1.0

    cause = fleet.incident.cause if fleet.incident else ""
    assert cause in CAUSES
    assert (grew("Requests") > 1.15) == (cause == "tenant")
    assert (grew("Tokens of an answer, mean") > 1.2) == (cause == "longer")
    assert (grew("Prompt tokens found in a cache") < 0.85) == (cause in ("picker", "tenant"))
    slowest, middle = grew("Time of a token, slowest replica"), grew("Time of a token, middle replica")
    assert (slowest > 1.6 and middle < 1.35) == (cause == "slow")
    shown.refuse()


def test_a_mean_prompt_of_a_conversation_is_its_middle_turn() -> None:
    fleet = replace(worked_fleet(), prompts=(1000, 0.0), answers=(100, 0.0), turns=3, turn_tokens=50)
    assert mean_prompt(fleet) == 1000 + 150
