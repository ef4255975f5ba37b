"""The small trace of lesson 8: its stated statistics, its clocks, its windows and buckets, and Little's law to the last digit."""

from __future__ import annotations

import math
import statistics
from itertools import pairwise

import pytest

from lessonlib.course.lesson_08 import small_trace as small
from lessonlib.course.lesson_08.small_trace import (
    GAP_BUCKETS,
    SmallTrace,
    bucket_counts,
    histogram_quantile,
    in_system,
    lengths,
    percentile,
    small_trace,
    tokens_between,
    unit_arrivals,
)
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


def trace_of(name: str) -> SmallTrace:
    return small_trace(load_lab(name))


def test_lengths_have_the_stated_median_and_spread():
    for values, (median, sigma, least, most) in zip(
        zip(*lengths(), strict=True), (small.PROMPT, small.ANSWER), strict=True
    ):
        assert len(values) == small.REQUESTS and min(values) >= least and max(values) <= most
        assert statistics.median(values) == pytest.approx(median, rel=0.1)
        assert statistics.stdev(map(math.log, values)) == pytest.approx(sigma, rel=0.1)
        assert statistics.mean(values) > 1.2 * statistics.median(values)


def test_arrivals_are_poisson_with_rate_one():
    arrivals = unit_arrivals()
    apart = [after - before for before, after in pairwise(arrivals)]
    assert arrivals[0] == 0 and len(arrivals) == small.REQUESTS and min(apart) > 0
    assert statistics.mean(apart) == pytest.approx(1, rel=0.1)
    assert statistics.stdev(apart) == pytest.approx(1, rel=0.15)


@every_lab
def test_the_same_seed_gives_the_same_trace(name):
    lab = load_lab(name)
    before = small_trace(lab)
    small_trace.cache_clear()
    assert small_trace(lab) == before and lengths() == lengths()


@every_lab
def test_little_holds_exactly_over_the_whole_run(name):
    trace = trace_of(name)
    rate = len(trace.requests) / trace.seconds
    stay = statistics.fmean(request.end_to_end for request in trace.requests)
    assert in_system(trace) == pytest.approx(rate * stay, rel=1e-12)


@every_lab
def test_clocks_are_in_order_and_prompts_are_read_one_at_a_time(name):
    requests = trace_of(name).requests
    assert all(request.arrived <= request.started < request.first < request.last for request in requests)
    assert all(before.first <= after.started for before, after in pairwise(requests)), "first come, first served"


@every_lab
def test_there_are_never_more_than_the_slots_inside(name):
    requests = trace_of(name).requests
    for request in requests:
        beside = sum(other.started <= request.started < other.last for other in requests)
        assert beside <= small.SLOTS


@every_lab
def test_every_token_but_the_first_ends_a_gap(name):
    trace = trace_of(name)
    assert sum(count for _, count in trace.gaps) == sum(request.answer - 1 for request in trace.requests)
    decoding = sum(request.last - request.first for request in trace.requests)
    assert sum(gap * count for gap, count in trace.gaps) == pytest.approx(decoding, rel=1e-9)


@every_lab
def test_the_load_is_the_stated_one(name):
    """The time to do all work with full batches, over the time in which it arrives."""
    trace, lab = trace_of(name), load_lab(name)
    read = small._reading(lab)
    work = sum(
        read(request.prompt) + (request.answer - 1) * trace.step_s[-1] / small.SLOTS for request in trace.requests
    )
    arrived = trace.requests[-1].arrived * small.REQUESTS / unit_arrivals()[-1]
    assert work / arrived == pytest.approx(small.LOAD)


@every_lab
def test_windows_hold_each_token_once(name):
    trace = trace_of(name)
    tokens = sum(request.answer for request in trace.requests)
    assert sum(tokens_between(trace, start, start + 10) for start in range(0, int(trace.seconds) + 1, 10)) == tokens


def test_reading_passes_through_what_the_engine_says_and_has_a_floor():
    from lessonlib.roofline import prefill

    lab = load_lab()
    read = small._reading(lab)
    for prompt in (128, 1024, 16384):
        assert read(prompt) == pytest.approx(prefill(lab.system, prompt=prompt).expected_s)
    assert read(1) == pytest.approx(read(32))


@pytest.mark.parametrize(("percent", "wanted"), [(50, 2), (75, 3), (76, 4), (99, 4), (100, 4), (1, 1)])
def test_percentile_is_a_value_that_occurred(percent, wanted):
    assert percentile([4, 1, 3, 2], percent) == wanted


def test_counts_of_buckets_are_cumulative_and_end_with_all():
    counts = bucket_counts([(0.01, 3), (0.0101, 2), (100.0, 1)])
    assert counts[0] == 3 and counts[1] == 5 and counts[-2] == 5 and counts[-1] == 6
    assert len(counts) == len(GAP_BUCKETS) + 1


@pytest.mark.parametrize(
    ("values", "quantile", "wanted"),
    [
        ([(0.009, 1000)], 0.5, 0.005),
        ([(0.001, 1000)], 0.5, 0.005),
        ([(0.003, 7)], 0.99, 0.0099),
        ([(0.012, 10)], 0.5, 0.0175),
        ([(0.009, 50), (0.012, 50)], 0.5, 0.01),
        ([(0.009, 50), (0.012, 50)], 0.75, 0.0175),
        ([(1000.0, 5)], 0.5, 80.0),
    ],
)
def test_histogram_quantile_is_a_line_within_the_bucket(values, quantile, wanted):
    assert histogram_quantile(quantile, bucket_counts(values)) == pytest.approx(wanted)


def test_the_documented_example_of_a_sharp_spike():
    """Prometheus' own example: all durations near 220 ms, bounds 0.1, 0.2, 0.3, 0.45: p95 is said to be 295 ms."""
    bounds = (0.1, 0.2, 0.3, 0.45)
    assert histogram_quantile(0.95, bucket_counts([(0.22, 100)], bounds), bounds) == pytest.approx(0.295)
    assert histogram_quantile(0.95, bucket_counts([(0.32, 100)], bounds), bounds) == pytest.approx(0.4425)
