"""Lesson 8, what users feel: percentiles of a small trace, buckets, Little's law, and the claims of its words.

The requests are those of ``small_trace``; its seconds are the engine's expected ones, computed and not measured.
"""

from __future__ import annotations

import math

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_08 import small_trace as small
from lessonlib.course.lesson_08.coordinated_omission import (
    STALL_S,
    users_slow,
    waiting_slow,
)
from lessonlib.course.lesson_08.small_trace import (
    bucket_counts,
    histogram_quantile,
    in_system,
    mean,
    percentile,
    small_trace,
    tokens_between,
    weighted_percentile,
)
from lessonlib.course.lesson_08.user_clocks import (
    EVEN_GAP,
    WINDOW,
    faster_than_reading,
    gap_alone,
    logged_end,
    short_first_share,
)
from lessonlib.roofline import Lab

# --- waits for the first token


def _waits(lab: Lab) -> list[float]:
    return [request.ttft for request in small_trace(lab).requests]


def trace_requests(lab: Lab) -> int:
    return small.REQUESTS


def trace_prompt(lab: Lab) -> Quantity:
    """Median prompt of the recipe that the trace is drawn from."""
    return Quantity(small.PROMPT[0], "tokens", digits=4)


def trace_answer(lab: Lab) -> Quantity:
    return Quantity(small.ANSWER[0], "tokens", digits=4)


def trace_load(lab: Lab) -> Quantity:
    return Quantity(100 * small.LOAD, "%", digits=2)


def trace_slots(lab: Lab) -> int:
    return small.SLOTS


def ttft_mean(lab: Lab) -> Quantity:
    return Quantity(mean(_waits(lab)), "s")


def ttft_p50(lab: Lab) -> Quantity:
    return Quantity(percentile(_waits(lab), 50), "s")


def ttft_p90(lab: Lab) -> Quantity:
    return Quantity(percentile(_waits(lab), 90), "s")


def ttft_p99(lab: Lab) -> Quantity:
    """The wait that 99 of 100 requests do not exceed."""
    return Quantity(percentile(_waits(lab), 99), "s")


def p99_over_mean(lab: Lab) -> Quantity:
    return Quantity(float(ttft_p99(lab)) / float(ttft_mean(lab)), "x", digits=2)


def rank_of_p99(lab: Lab) -> int:
    return math.ceil(0.99 * small.REQUESTS)


def below_mean(lab: Lab) -> Quantity:
    """How many requests wait no longer than the mean."""
    average = float(ttft_mean(lab))
    return Quantity(100 * mean(wait <= average for wait in _waits(lab)), "%", digits=2)


def p99_of_a_bell(lab: Lab) -> Quantity:
    """Mean and 2.33 standard deviations, as if waits were spread like heights of people."""
    middle = float(ttft_mean(lab))
    return Quantity(middle + 2.33 * math.sqrt(mean((wait - middle) ** 2 for wait in _waits(lab))), "s")


def p99_of_means(lab: Lab) -> Quantity:
    """The p99 of what a panel of means shows, one mean a minute: the highest of so few."""
    minutes: dict[int, list[float]] = {}
    for request in small_trace(lab).requests:
        minutes.setdefault(int(request.arrived // 60), []).append(request.ttft)
    return Quantity(percentile([mean(waits) for waits in minutes.values()], 99), "s")


def mean_of_p99s(lab: Lab) -> Quantity:
    """The first and the second half of the trace, as if two replicas: the mean of their p99s."""
    half = small.REQUESTS // 2
    return Quantity(mean(percentile(waits, 99) for waits in (_waits(lab)[:half], _waits(lab)[half:])), "s")


# --- the log line of the whole trace


def trace_rate(lab: Lab) -> Quantity:
    """All tokens of the trace over its seconds."""
    trace = small_trace(lab)
    return Quantity(sum(request.answer for request in trace.requests) / trace.seconds, "tok/s")


def rate_upside_down(lab: Lab) -> Quantity:
    return Quantity(1 / float(trace_rate(lab)), "s")


def gap_mean(lab: Lab) -> Quantity:
    """Sum over count of all gaps of the trace."""
    gaps = small_trace(lab).gaps
    return Quantity(sum(gap * count for gap, count in gaps) / sum(count for _, count in gaps), "s")


def busiest_rate(lab: Lab) -> Quantity:
    """The highest line that the log of the trace prints."""
    trace = small_trace(lab)
    starts = range(0, int(trace.seconds), WINDOW)
    return Quantity(max(tokens_between(trace, start, start + WINDOW) for start in starts) / WINDOW, "tok/s")


# --- buckets


def first_bound(lab: Lab) -> Quantity:
    return Quantity(small.GAP_BUCKETS[0], "s")


def second_bound(lab: Lab) -> Quantity:
    return Quantity(small.GAP_BUCKETS[1], "s")


def bucket_p50(lab: Lab) -> Quantity:
    """histogram_quantile(0.5, ...) of a thousand even gaps: half way through the bucket, which starts at 0."""
    return Quantity(histogram_quantile(0.5, bucket_counts([(EVEN_GAP, 1000)])), "s", digits=1)


def alone_p50(lab: Lab) -> Quantity:
    return Quantity(histogram_quantile(0.5, bucket_counts([(float(gap_alone(lab)), 1000)])), "s")


def alone_p99(lab: Lab) -> Quantity:
    """histogram_quantile(0.99, ...) of the lab's own even gaps: 99 hundredths of the way through their bucket."""
    return Quantity(histogram_quantile(0.99, bucket_counts([(float(gap_alone(lab)), 1000)])), "s")


def trace_gap_p50(lab: Lab) -> Quantity:
    return Quantity(weighted_percentile(small_trace(lab).gaps, 50), "s")


def trace_bucket_p50(lab: Lab) -> Quantity:
    return Quantity(histogram_quantile(0.5, bucket_counts(small_trace(lab).gaps)), "s")


# --- Little's law


def inside(lab: Lab) -> Quantity:
    """Requests in the server on average, waiting or served: the area under their number over the time."""
    return Quantity(in_system(small_trace(lab)), "requests")


def arrival_rate(lab: Lab) -> Quantity:
    return Quantity(small.REQUESTS / small_trace(lab).seconds, "requests/s")


def mean_end_to_end(lab: Lab) -> Quantity:
    """W = L / lambda."""
    return Quantity(float(inside(lab)) / float(arrival_rate(lab)), "s")


def stopwatch_mean(lab: Lab) -> Quantity:
    """The same from every request's own clock."""
    return Quantity(mean(request.end_to_end for request in small_trace(lab).requests), "s")


def little_multiplied(lab: Lab) -> Quantity:
    return Quantity(float(inside(lab)) * float(arrival_rate(lab)), "s")


def little_one_over_rate(lab: Lab) -> Quantity:
    return Quantity(1 / float(arrival_rate(lab)), "s")


def little_in_tokens(lab: Lab) -> Quantity:
    return Quantity(float(inside(lab)) / float(trace_rate(lab)), "s")


# --- claims: true on every shipped lab, or the text would have to say otherwise


def waits_are_skewed(lab: Lab) -> bool:
    """Six in ten requests wait less than the mean, and the p99 is more than four times the mean."""
    return (
        float(below_mean(lab)) > 60
        and float(p99_over_mean(lab)) > 4
        and float(ttft_p50(lab)) < float(ttft_mean(lab)) / 1.5
    )


def tail_is_made_in_the_queue(lab: Lab) -> bool:
    """Who waits as long as the p99 or longer spends at least four fifths of it waiting for a place."""
    long = float(ttft_p99(lab))
    slow = [request for request in small_trace(lab).requests if request.ttft >= long]
    return all(request.started - request.arrived > 0.8 * request.ttft for request in slow)


def little_holds(lab: Lab) -> bool:
    return math.isclose(float(mean_end_to_end(lab)), float(stopwatch_mean(lab)), rel_tol=1e-9)


def one_window_holds_it(lab: Lab) -> bool:
    return float(logged_end(lab)) < WINDOW / 2


def gap_is_no_quotient(lab: Lab) -> bool:
    """The mean gap is more than twice one over the throughput."""
    return float(gap_mean(lab)) > 2 * float(rate_upside_down(lab))


def bucket_is_off(lab: Lab) -> bool:
    return abs(float(trace_bucket_p50(lab)) / float(trace_gap_p50(lab)) - 1) > 0.03


def short_answer_is_prefill(lab: Lab) -> bool:
    return float(short_first_share(lab)) > 75


def stall_leaves_one_sample(lab: Lab) -> bool:
    return waiting_slow(lab) == 1 and users_slow(lab) == STALL_S


def anyone_writes_faster_than_one_reads(lab: Lab) -> bool:
    return float(faster_than_reading(lab)) > 4
