"""The figure of the stall: a dot for each user, a square for each request of the load test, and none of those inside."""

from __future__ import annotations

import pytest

from lessonlib.base.quantity import rounded
from lessonlib.course.lesson_08.service_run import STALL_AT_S, STALL_S, service_run
from lessonlib.roofline import lab_names, load_lab
from tests.course.found import plot

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_dots_and_squares_are_those_of_the_run(name):
    lab = load_lab(name)
    figure = plot("waits-in-the-stall", lab)
    run = service_run(lab)
    data = figure.data
    assert data["stall_s"] == [STALL_AT_S, STALL_AT_S + STALL_S]
    drawn = (run.user_arrivals >= 100) & (run.user_arrivals <= 180)
    assert data["users_came_s"] == [rounded(value) for value in run.user_arrivals[drawn]]
    assert len(data["users_waited_s"]) == drawn.sum() and len(data["test_came_s"]) > 10
    assert data["users_in_it"] == 27 and "27 users" in figure.alt
    assert data["test_in_it"] <= 1, "at most the one that was sent within the step that still ran"
    assert "<svg" in figure.html
