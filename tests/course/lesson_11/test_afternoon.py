"""The seven machines of the case, the lone request and the incident, against sums by hand and the simulator's own records."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from lessonlib.course.lesson_11 import afternoon as case
from lessonlib.course.lesson_11 import lone_request as lone
from lessonlib.course.lesson_11 import moved_pod as moved
from lessonlib.course.lesson_11 import two_dashboards
from lessonlib.course.lesson_11.afternoon import afternoon, machines
from lessonlib.roofline import load_lab, prefill
from lessonlib.serving import log_lines

LAB = load_lab()
every_machine = pytest.mark.parametrize("letter", [one.letter for one in machines()])


def test_all_see_the_same_requests_at_the_same_moments():
    rows = [afternoon(one.letter).result.requests for one in machines()]
    for other in rows[1:]:
        for column in ("arrival_s", "prompt", "output"):
            assert np.array_equal(rows[0][column], other[column])


@every_machine
def test_all_that_comes_is_served_and_the_counters_count_it(letter):
    found = afternoon(letter)
    assert found.result.finished == case.REQUESTS and not found.result.warnings
    told = found.telemetry
    end = float("inf")
    assert told.counters["vllm:prompt_tokens"].total(end) == found.result.requests["prompt"].sum()
    assert told.counters["vllm:generation_tokens"].total(end) == found.result.requests["output"].sum()
    assert found.prompt_rate / found.generation_rate == pytest.approx(
        found.result.requests["prompt"].sum() / found.result.requests["output"].sum(), rel=0.02
    )


@every_machine
def test_the_lines_are_those_of_the_log(letter):
    found = afternoon(letter)
    said = [re.findall(r"throughput: ([0-9.]+)", line) for _, line in log_lines(found.telemetry)]
    printed = np.array([[float(value) for value in pair] for pair in said])[: len(found.lines)]
    assert np.allclose(printed, found.lines, atol=0.051)


def test_claims_of_the_afternoon():
    assert case.seven_logs_agree(LAB) and case.faster_is_not_idle_in_proportion(LAB)


@every_machine
def test_littles_law_and_the_chance_of_an_empty_house(letter):
    """Inside = rate x stay; and nobody is inside for about e to minus that: arrivals are random."""
    found = afternoon(letter)
    rate = found.result.requests_per_s
    assert found.inside == pytest.approx(rate * found.result.mean("e2e_s"), rel=1e-6)
    assert 1 - found.busy == pytest.approx(math.exp(-found.inside), abs=0.06)


def test_the_highest_line_holds_the_prompts_it_is_said_to():
    found = afternoon("A")
    place = int(found.lines[:, 0].argmax())
    first = found.result.requests["first_token_s"] - found.begin_s
    inside = (first > 10 * place) & (first <= 10 * (place + 1))
    assert inside.sum() == case.requests_of_highest_line(LAB)
    assert found.result.requests["prompt"][inside].sum() / 10 == pytest.approx(float(case.highest_line(LAB)))


def test_caching_moves_the_ratio_and_nothing_else_of_the_traffic():
    cached, plain = case.cached_afternoon(), afternoon("A").result
    assert np.array_equal(cached.requests["output"], plain.requests["output"])
    found = float(cached.requests["cached"].sum() / cached.requests["prompt"].sum())
    assert float(case.ratio_with_caching(LAB)) == pytest.approx((1 - found) * 28.985, rel=0.01)
    assert cached.mean("ttft_s") < plain.mean("ttft_s")


# --- the lone request


def test_the_lump_falls_into_the_second_line():
    assert lone.lump_falls_into_one_line(LAB)
    assert float(lone.lone_prompt(LAB)) == 30_000 and float(lone.lone_answer(LAB)) == 1_000
    logged = lone.lines_as_logged(LAB).split("; ")
    assert logged[0] == "0 and 0" and logged[1].startswith("3,000 and ") and logged[2].startswith("0 and ")
    written = [int(pair.split(" and ")[1]) for pair in logged]
    assert 10 * sum(written) == pytest.approx(1_000, abs=10)


def test_the_prompt_is_read_as_the_engine_expects():
    """In chunks of the budget of 8,192 tokens, so a little longer than in one piece."""
    system = case.case_system()
    whole = prefill(system, 30_000).expected_s
    assert whole <= float(lone.lone_first(LAB)) < 1.15 * whole
    assert float(lone.lone_reading_speed(LAB)) == pytest.approx(30_000 / float(lone.lone_first(LAB)), rel=1e-6)


def test_all_guesses_of_the_lines_add_up_to_the_same_tokens_but_the_phases():
    def prompts(text: str) -> float:
        return sum(10 * float(pair.split(" and ")[0].replace(",", "")) for pair in text.split("; "))

    assert prompts(lone.lines_as_logged(LAB)) == prompts(lone.lines_as_read(LAB)) == pytest.approx(30_000, abs=10)
    assert prompts(lone.lines_as_phases(LAB)) > 10 * 30_000


# --- monitors


def test_two_dashboards_differ_where_supply_shows():
    shown = two_dashboards.two_dashboards(LAB)
    shown.refuse()
    assert len(shown.log) == 4 * 2 and {line.text[0] for line in shown.log} == set("AB")

    def mean(values: object) -> float:
        return float(np.nanmean([value for value in values if value is not None]))  # type: ignore[attr-defined]

    for title in ("Prompt tokens", "Tokens generated"):
        chart = shown.chart(title)
        assert mean(chart.compare) == pytest.approx(mean(chart.values), rel=0.02)
    for title in ("Requests running", "Time between tokens, mean"):
        chart = shown.chart(title)
        assert mean(chart.compare) > 2 * mean(chart.values)


def test_the_moved_pod_loses_nobody_and_writes_what_it_wrote():
    run = moved.moved_run()
    assert run.finished == case.REQUESTS
    first = run.requests["first_token_s"] - moved.stayed_run().requests["arrival_s"].min()
    on_second = run.requests["first_replica"] == 1
    assert np.all(first[on_second] > moved.MOVED_S) and np.all(first[~on_second] <= moved.MOVED_S + 5)
    assert moved.move_leaves_the_counters(LAB)


def test_the_incident_names_no_cause_and_its_mend_is_the_old_node():
    shown, mended = moved.incident_moved(LAB), moved.incident_moved_back(LAB)
    told = " ".join([shown.finding, *shown.alerts, *(line.text for line in shown.log)])
    assert "RTX" not in told and "H200" not in told and "node" not in told and "001" not in told
    gaps = mended.chart("Time between tokens, mean")
    assert max(value for value in gaps.compare if value) < 0.02 < max(value for value in gaps.values if value)
    # Until the move both are one run.
    assert gaps.values[:9] == pytest.approx(gaps.compare[:9])
