"""Histograms of lesson 8: cumulative counts, and Prometheus' straight line within a bucket."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_08.buckets import bucket_counts, bucket_p50, histogram_quantile, run_bucket_p50
from lessonlib.course.lesson_08.service_run import service_run
from lessonlib.roofline import lab_names, load_lab
from lessonlib.serving.results.telemetry import BETWEEN_BOUNDS

every_lab = pytest.mark.parametrize("name", lab_names())


def test_counts_of_buckets_are_cumulative_and_end_with_all():
    counts = bucket_counts([0.01] * 3 + [0.0101] * 2 + [100.0])
    assert counts[0] == 3 and counts[1] == 5 and counts[-2] == 5 and counts[-1] == 6
    assert len(counts) == len(BETWEEN_BOUNDS) + 1


@pytest.mark.parametrize(
    ("values", "quantile", "wanted"),
    [
        ([0.009] * 1000, 0.5, 0.005),
        ([0.001] * 1000, 0.5, 0.005),
        ([0.003] * 7, 0.99, 0.0099),
        ([0.012] * 10, 0.5, 0.0175),
        ([0.009] * 50 + [0.012] * 50, 0.5, 0.01),
        ([0.009] * 50 + [0.012] * 50, 0.75, 0.0175),
        ([1000.0] * 5, 0.5, 80.0),
    ],
)
def test_histogram_quantile_is_a_line_within_the_bucket(values, quantile, wanted):
    assert histogram_quantile(quantile, bucket_counts(values)) == pytest.approx(wanted)


def test_the_documented_example_of_a_sharp_spike():
    """Prometheus' own example: all durations near 220 ms, bounds 0.1, 0.2, 0.3, 0.45: p95 is said to be 295 ms."""
    bounds = (0.1, 0.2, 0.3, 0.45)
    assert histogram_quantile(0.95, bucket_counts([0.22] * 100, bounds), bounds) == pytest.approx(0.295)
    assert histogram_quantile(0.95, bucket_counts([0.32] * 100, bounds), bounds) == pytest.approx(0.4425)


@every_lab
def test_a_server_like_clockwork_is_drawn_at_half_the_lowest_bound(name):
    assert float(bucket_p50(load_lab(name))) == pytest.approx(0.005)
    gaps = service_run(load_lab(name)).gaps
    place = next(place for place, bound in enumerate(BETWEEN_BOUNDS) if (gaps <= bound).mean() >= 0.5)
    low = BETWEEN_BOUNDS[place - 1] if place else 0.0
    assert low <= float(run_bucket_p50(load_lab(name))) <= BETWEEN_BOUNDS[place]
