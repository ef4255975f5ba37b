"""The runs of lesson 9 against hand computations, limits and one another."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from lessonlib.course.lesson_09 import runs
from lessonlib.course.lesson_09.runs import CONTINUOUS, STATIC, answer_lengths, backlog, quarter_hour, requests
from lessonlib.roofline import lab_names, load_lab
from lessonlib.serving import Request, Trace, simulate

every_lab = pytest.mark.parametrize("name", lab_names())
some_labs = pytest.mark.parametrize("name", ["qwen3.5-27b-2xh100-sxm", "gpt-oss-120b-h100-mxfp4", "qwen3-32b-h200"])


def test_lengths_are_skewed_and_of_the_stated_law():
    lengths = answer_lengths()
    assert len(lengths) == runs.REQUESTS and lengths.min() >= 2 and lengths.max() <= 1024
    assert lengths.mean() == pytest.approx(150, rel=0.05) and np.median(lengths) < 0.75 * lengths.mean()
    assert runs.mean_lengths() == (np.mean([request.prompt for request in requests()]), lengths.mean())


@every_lab
def test_every_lab_meets_the_same_requests_and_serves_them_all(name):
    for batching in (STATIC, CONTINUOUS):
        result = quarter_hour(load_lab(name), batching)
        assert result.finished == runs.REQUESTS and not result.warnings
        assert np.array_equal(result.requests["output"], answer_lengths())
        spread = result.requests["arrival_s"] * runs.arrival_rate(load_lab(name))
        assert np.allclose(spread, [request.arrival_s for request in requests()])


@some_labs
def test_one_seat_is_one_seat_under_either_rule(name):
    one, other = (backlog(load_lab(name), batching, 1) for batching in (STATIC, CONTINUOUS))
    assert other.throughput_tokens_per_s == pytest.approx(one.throughput_tokens_per_s, rel=2e-3)


@some_labs
def test_answers_of_one_length_need_no_other_rule(name):
    """In a backlog: whoever began together ends together, so a freed seat is as soon free under either rule."""
    lab = load_lab(name)
    same = Trace(tuple(Request(0.0, 500, 100) for _ in range(64)))
    rates = [
        simulate(lab.system, same, replace(runs.scheduler(lab, batching, 8), server_s=0.0)).throughput_tokens_per_s
        for batching in (STATIC, CONTINUOUS)
    ]
    assert rates[0] == pytest.approx(rates[1], rel=0.02)


@pytest.mark.parametrize("seats", [4, 16, 32])
def test_seats_that_write_are_those_of_the_lengths(seats):
    """Static batches of a backlog are the requests in order. Whoever is first through the server's own work goes in alone."""
    left = answer_lengths() - 1  # the first token comes with the prompt
    batches = [left[:1], *(left[first : first + seats] for first in range(1, len(left), seats))]
    by_hand = left.sum() / sum(len(batch) * batch.max() for batch in batches)
    assert runs.written_share(backlog(load_lab(), STATIC, seats)) == pytest.approx(by_hand, rel=1e-9)


@some_labs
def test_nobody_joins_a_static_batch(name):
    rows = quarter_hour(load_lab(name), STATIC).requests
    begins = np.unique(rows["started_s"])
    for begin, following in itertools.pairwise(begins):
        batch = rows["started_s"] == begin
        assert batch.sum() <= runs.FEW and rows["finished_s"][batch].max() <= following + 1e-9


@some_labs
def test_a_free_seat_is_taken_at_the_end_of_the_step(name):
    """Under continuous batching nobody waits for longer than a step while a seat is free and nobody is before them."""
    result = quarter_hour(load_lab(name), CONTINUOUS)
    rows, steps = result.requests, result.step_columns()
    came = rows["started_s"] - rows["queue_s"]
    longest = float(steps["seconds"].max())
    for moment, wait in zip(came, rows["queue_s"], strict=True):
        inside = int(((rows["started_s"] <= moment) & (rows["finished_s"] > moment)).sum())
        before = int(((came < moment) & (rows["started_s"] > moment)).sum())
        if inside + before < runs.FEW:
            assert wait <= longest + 1e-9


@some_labs
def test_gaps_with_a_prompt_counted_from_single_steps(name):
    result = backlog(load_lab(name), CONTINUOUS, runs.MANY)
    steps = result.step_columns()
    mixed = steps["decoding"][steps["prefill_tokens"] > 0].sum() / steps["decoding"].sum()
    assert runs.prompt_steps(result) == pytest.approx(mixed, rel=1e-9)


@every_lab
def test_below_saturation_arrivals_set_the_throughput(name):
    lab = load_lab(name)
    for batching in (STATIC, CONTINUOUS):
        assert runs.arrival_rate(lab) < 0.8 * backlog(lab, batching, runs.FEW).requests_per_s
        asked = runs.arrival_rate(lab) * float(answer_lengths().mean())
        assert quarter_hour(lab, batching).throughput_tokens_per_s == pytest.approx(asked, rel=0.05)


def test_a_server_that_was_measured_follows_arrivals_and_then_saturates():
    """vllm#2423: 7B in fp16 on one GPU, asked for and served requests/s; mean latency leaps where the two part."""
    asked, served, latency = (2.0, 5.0, 6.0, 10.0), (1.99, 4.93, 5.76, 5.91), (1.18, 3.1, 6.13, 37.62)
    assert all(math.isclose(a, b, rel_tol=0.05) for a, b in zip(asked[:3], served[:3], strict=True))
    assert served[3] < 1.05 * served[2] and latency[3] > 5 * latency[2]


def test_a_slow_lab_has_a_rate_too(monkeypatch):
    monkeypatch.setattr(runs, "LOAD", 0.01)
    assert 0 < runs.arrival_rate(load_lab()) < 0.05
