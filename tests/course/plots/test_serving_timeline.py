"""The figures of a simulation: safe to inline, drawn for both themes, and true."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.course.engine import serving_timeline
from lessonlib.serving import Fleet, Poisson, Request, Scheduler, fixed, simulate
from tests.serving.systems import small

COLOURS = {"#0072b2", "#d55e00", "#009e73", "#56b4e9"}


@pytest.fixture(scope="module")
def runs():
    workload = fixed(1500, 150, 300, Poisson(30.0))
    return {name: simulate(small(), workload, Scheduler(name, max_num_seqs=64)) for name in ("static", "continuous")}


def figures(runs):
    yield from map(serving_timeline.draw, runs.values())


def test_figures_are_whole_and_follow_the_theme(runs) -> None:
    for figure in figures(runs):
        root = ET.fromstring(figure.html)
        assert root.tag == "figure" and root.get("aria-label") == figure.alt == root.find("figcaption").text
        assert re.search(r"\d", figure.alt) and "nan" not in figure.html
        assert set(re.findall(r"#[0-9a-fA-F]{6}\b", figure.html)) <= COLOURS and "currentColor" in figure.html


def test_figures_are_the_same_on_every_run(runs) -> None:
    assert [figure.html for figure in figures(runs)] == [figure.html for figure in figures(runs)]


def test_a_timeline_keeps_the_means(runs) -> None:
    result = runs["continuous"]
    data = serving_timeline.numbers(result)
    seconds = np.diff([0.0, *data["seconds"]])
    end = result.runs["end_s"][-1]
    span = result.runs["end_s"] - result.runs["start_s"]
    assert np.dot(seconds, data["decoding"]) == pytest.approx((span * result.runs["decoding"]).sum(), rel=1e-6)
    assert data["seconds"][-1] == pytest.approx(end - result.requests["arrival_s"][0]) and 0 < data["kv_peak"] <= 1
    assert f"{data['most_waiting']:,} wait" in serving_timeline.finding(data)


def test_what_cannot_be_drawn_is_said(runs, tmp_path) -> None:
    with pytest.raises(LessonlibError, match="replica 3"):
        serving_timeline.draw(simulate(small(), fixed(10, 2, 3, Poisson(1.0)), fleet=Fleet(2)), 3)
    with pytest.raises(LessonlibError, match=r"\.svg"):
        serving_timeline.write(runs["static"], tmp_path / "x.gif")


def test_nobody_waits_who_is_let_in_at_the_next_step() -> None:
    result = simulate(small(), fixed(1000, 200, 3, Poisson(1.0)))
    data = serving_timeline.numbers(result)
    assert max(data["waiting"]) < 0.05 and not data["most_waiting"]
    assert "hardly anybody waits" in serving_timeline.finding(data)


def test_a_timeline_begins_with_the_first_request() -> None:
    rows = [Request(1_764_000_000.0 + n, 100, 50) for n in range(20)]
    data = serving_timeline.numbers(simulate(small(), rows))
    assert data["seconds"][-1] < 30.0 and max(data["decoding"]) > 0.5
