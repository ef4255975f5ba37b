"""The figure of lesson 8: every request in one bar, and the marks where the run has them."""

from __future__ import annotations

import pytest

from lessonlib.base.quantity import Quantity, rounded
from lessonlib.course.lesson_08.service_run import service_run
from lessonlib.roofline import lab_names, load_lab
from lessonlib.serving.results.quantiles import percentile
from tests.course.found import plot

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_each_request_is_in_the_bar_that_its_wait_belongs_to(name):
    lab = load_lab(name)
    data = plot("ttft-spread", lab).data
    waits = service_run(lab).user_waits.tolist()
    edges = data["edges_s"]
    assert sum(data["requests"]) == len(waits) and len(edges) == len(data["requests"]) + 1
    assert edges[0] <= min(waits) * 1.001 and max(waits) <= edges[-1] * 1.001
    middle = len(edges) // 2
    assert sum(data["requests"][:middle]) == pytest.approx(sum(wait < edges[middle] for wait in waits), abs=1)


@every_lab
def test_marks_and_words_are_those_of_the_trace(name):
    lab = load_lab(name)
    figure = plot("ttft-spread", lab)
    waits = service_run(lab).user_waits.tolist()
    for percent in (50, 95, 99):
        assert figure.data[f"p{percent}_s"] == rounded(percentile(waits, percent))
        assert str(Quantity(percentile(waits, percent), "s")) in figure.alt
    assert figure.data["p50_s"] < figure.data["mean_s"] < figure.data["p99_s"]
    assert str(Quantity(figure.data["mean_s"], "s")) in figure.alt and "<svg" in figure.html
