"""Percentiles: cumulative counts, Prometheus' straight line within a bucket, and the nearest rank."""

from __future__ import annotations

import math

import pytest

from lessonlib.base.versions import vllm
from lessonlib.serving.results.quantiles import bucket_counts, histogram_quantile, percentile

BETWEEN_BOUNDS = vllm().bounds["inter_token_latency"]


def test_counts_of_buckets_are_cumulative_and_end_with_all():
    counts = bucket_counts([0.01] * 3 + [0.0101] * 2 + [100.0], BETWEEN_BOUNDS)
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
    counts = bucket_counts(values, BETWEEN_BOUNDS)
    assert histogram_quantile(quantile, counts, BETWEEN_BOUNDS) == pytest.approx(wanted)


def test_the_documented_example_of_a_sharp_spike():
    """Prometheus' own example: all durations near 220 ms, bounds 0.1, 0.2, 0.3, 0.45: p95 is said to be 295 ms."""
    bounds = (0.1, 0.2, 0.3, 0.45)
    assert histogram_quantile(0.95, bucket_counts([0.22] * 100, bounds), bounds) == pytest.approx(0.295)
    assert histogram_quantile(0.95, bucket_counts([0.32] * 100, bounds), bounds) == pytest.approx(0.4425)


def test_nothing_has_no_quantile():
    assert math.isnan(histogram_quantile(0.5, bucket_counts([], BETWEEN_BOUNDS), BETWEEN_BOUNDS))
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


@pytest.mark.parametrize(("percent", "wanted"), [(50, 2), (75, 3), (76, 4), (99, 4), (100, 4), (1, 1)])
def test_percentile_is_a_value_that_occurred(percent, wanted):
    assert percentile([4, 1, 3, 2], percent) == wanted
