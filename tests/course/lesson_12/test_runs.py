"""The runs of lesson 12: documents under three budgets, the incident and its mend, and the timeline."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.course.lesson_12 import budgets_timeline, incident, traffic
from lessonlib.course.lesson_12.reading import PROMPT
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_smaller_budgets_and_whole_answers(name):
    lab = load_lab(name)
    assert traffic.smaller_is_sooner(lab)
    for budget in (traffic.LARGE, traffic.SMALL):
        result = traffic.documents(traffic.example_of(lab), budget)
        assert result.finished == traffic.REQUESTS and not result.warnings
    assert traffic.is_the_example(lab) or traffic.example_of(lab) == load_lab()
    gaps = [float(run(lab)[1]) for run in (traffic.documents_large, traffic.documents_middle, traffic.documents_small)]
    assert gaps == sorted(gaps, reverse=True)


def test_a_mixture_of_experts_loses_flat_out():
    lab = load_lab("deepseek-v3-8xh200-fp8")
    assert not traffic.is_the_example(lab)
    assert float(traffic.flat_out_small(lab)) < 0.7 * float(traffic.flat_out_large(lab))
    dense = load_lab()
    assert float(traffic.flat_out_small(dense)) == pytest.approx(float(traffic.flat_out_large(dense)), rel=0.15)


@every_lab
def test_the_incident_is_one_of_the_budget_alone(name):
    lab = load_lab(name)
    assert incident.budget_ends_it(lab)
    shown, mended = incident.stutter_monitor(lab), incident.mended_stutter_monitor(lab)
    charts = {chart.title: [value for value in chart.values if value is not None] for chart in shown.charts}
    quiet, late = (
        charts["Time between tokens, p99"][: incident.QUIET],
        charts["Time between tokens, p99"][incident.QUIET :],
    )
    assert max(late) > 2 * max(quiet[1:])
    assert max(charts["KV cache in use"]) < 90 and charts["GPU “utilisation”"][1] > 90
    # The finding says what is to be seen, not what is the cause.
    assert "budget" not in shown.finding and "document" not in shown.finding
    assert len(mended.charts[0].compare) == len(mended.charts[0].values)


@every_lab
def test_three_budgets_read_the_same_prompt(name):
    shown = budgets_timeline.three_budgets(load_lab(name))
    assert [each.label for each in shown] == [f"{budget:,} tokens a step" for budget in budgets_timeline.BUDGETS]
    for each in shown:
        assert sum(step.prompt for step in each.steps) == PROMPT and len(each.steps) < 200
    worst = [max(step.end_s - step.start_s for step in each.steps) for each in shown]
    assert worst == sorted(worst, reverse=True) and worst[0] > 3 * worst[-1]


def test_everybody_meets_the_same_requests():
    lab = load_lab()
    rows = [traffic.documents(lab, budget).requests for budget in (traffic.LARGE, traffic.SMALL)]
    assert np.array_equal(rows[0]["prompt"], rows[1]["prompt"]) and np.array_equal(rows[0]["output"], rows[1]["output"])
