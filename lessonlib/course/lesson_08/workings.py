"""Lesson 8, what users feel: the reports of one run, its percentiles, Little's law, and the claims of its words.

The run is that of ``service_run``; its seconds are computed from expected ones, not measured.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_08.alarms import waiting_by_gauge
from lessonlib.course.lesson_08.buckets import run_bucket_p50, run_gap_p50
from lessonlib.course.lesson_08.incident import (
    mean_wait_back,
    scrapes,
    silent_windows,
    stall_length,
    twice_the_mean_wait,
)
from lessonlib.course.lesson_08.load_test import tests_held_up, tests_p99, users_held_up
from lessonlib.course.lesson_08.service_run import STALL_AT_S, STALL_S, mean, service_run
from lessonlib.course.lesson_08.user_clocks import faster_than_reading, short_first_share
from lessonlib.roofline import Lab, decode
from lessonlib.roofline.calibrate.rows import calibration_rows
from lessonlib.serving.results.quantiles import percentile

# --- the reports


def users_came(lab: Lab) -> int:
    return len(service_run(lab).user_waits)


def dashboard_ttft(lab: Lab) -> Quantity:
    """Sum over count of all times to first token, users and load test alike: the server knows no difference."""
    return Quantity(service_run(lab).result.mean("ttft_s"), "s")


def run_rate(lab: Lab) -> Quantity:
    """All tokens of the run over its seconds."""
    return Quantity(service_run(lab).result.throughput_tokens_per_s, "tok/s")


# --- the users' waits


def users_mean(lab: Lab) -> Quantity:
    return Quantity(mean(service_run(lab).user_waits), "s")


def users_deviation(lab: Lab) -> Quantity:
    """Standard deviation."""
    return Quantity(float(service_run(lab).user_waits.std()), "s")


def users_p50(lab: Lab) -> Quantity:
    return Quantity(percentile(service_run(lab).user_waits, 50), "s")


def users_p95(lab: Lab) -> Quantity:
    return Quantity(percentile(service_run(lab).user_waits, 95), "s")


def users_p99(lab: Lab) -> Quantity:
    """The wait that 99 of 100 users do not exceed."""
    return Quantity(percentile(service_run(lab).user_waits, 99), "s")


def p99_over_mean(lab: Lab) -> Quantity:
    return Quantity(float(users_p99(lab)) / float(users_mean(lab)), "x", digits=2)


def hidden_factor(lab: Lab) -> Quantity:
    """The users' p99 over the load test's."""
    return Quantity(float(users_p99(lab)) / float(tests_p99(lab)), "x", digits=2)


def above_mean(lab: Lab) -> Quantity:
    """How many users wait longer than the mean."""
    waits = service_run(lab).user_waits
    return Quantity(100 * float((waits > waits.mean()).mean()), "%", digits=2)


#: one user in so many waits longer than the curve says
ONE_IN = (2, 5, 10, 20, 50, 100, 200)


def tail_curve(lab: Lab) -> dict[str, list[float]]:
    """What one user in 2, 5, ... waits longer than: the p50, p80, ... of the waits."""
    waits = service_run(lab).user_waits
    return {"x": [float(many) for many in ONE_IN], "y": [percentile(waits, 100 - 100 / many) for many in ONE_IN]}


def tail_of_a_bell(lab: Lab) -> dict[str, list[float]]:
    """Mean and standard deviations, as if waits were spread like heights of people."""
    middle, wide = float(users_mean(lab)), float(users_deviation(lab))
    return {
        "x": [float(many) for many in ONE_IN],
        "y": [middle + NormalDist().inv_cdf(1 - 1 / many) * wide for many in ONE_IN],
    }


def tail_near_the_mean(lab: Lab) -> dict[str, list[float]]:
    return {"x": [float(many) for many in ONE_IN], "y": [float(users_mean(lab))] * len(ONE_IN)}


def users_p80(lab: Lab) -> Quantity:
    return Quantity(percentile(service_run(lab).user_waits, 80), "s")


def bell_p80(lab: Lab) -> Quantity:
    return Quantity(tail_of_a_bell(lab)["y"][ONE_IN.index(5)], "s")


def bell_p99(lab: Lab) -> Quantity:
    return Quantity(tail_of_a_bell(lab)["y"][ONE_IN.index(100)], "s")


def one_in_held_up(lab: Lab) -> int:
    """One user in so many came while nothing moved."""
    return round(users_came(lab) / float(users_held_up(lab)))


def slowest_hundredth(lab: Lab) -> int:
    """Users beyond the p99, and the one at it."""
    return users_came(lab) - math.ceil(0.99 * users_came(lab)) + 1


def beyond_p99(lab: Lab) -> int:
    """Users who wait longer than it."""
    return slowest_hundredth(lab) - 1


def p99_by_hand(lab: Lab) -> Quantity:
    """The stall, less the seconds in which those came, about one in each."""
    return Quantity(float(stall_length(lab)) - beyond_p99(lab), "s", digits=2)


def p99_if_half(lab: Lab) -> Quantity:
    """The same of a stall half as long."""
    return Quantity(float(stall_length(lab)) / 2 - beyond_p99(lab), "s", digits=1)


def half_the_p99(lab: Lab) -> Quantity:
    """As if the percentile shrank as the stall does."""
    return Quantity(float(users_p99(lab)) / 2, "s", digits=2)


# --- Little's law


def run_requests(lab: Lab) -> Quantity:
    return Quantity(service_run(lab).result.finished, "requests", digits=5)


def run_seconds(lab: Lab) -> Quantity:
    return Quantity(service_run(lab).result.simulated_s, "s")


def inside(lab: Lab) -> Quantity:
    """Requests in the server on average, waiting or served: the area under their number over the time."""
    return Quantity(service_run(lab).result.requests_in_system, "requests")


def through(lab: Lab) -> Quantity:
    """Requests a second."""
    return Quantity(service_run(lab).result.requests_per_s, "requests/s")


def mean_end_to_end(lab: Lab) -> Quantity:
    """W = L / lambda."""
    return Quantity(float(inside(lab)) / float(through(lab)), "s")


def stopwatch_mean(lab: Lab) -> Quantity:
    """The same from every request's own clock."""
    return Quantity(service_run(lab).result.mean("e2e_s"), "s")


def mean_queue(lab: Lab) -> Quantity:
    """Sum over count of the waits for a place, of users and load test."""
    return Quantity(service_run(lab).result.mean("queue_s"), "s")


def waiting_on_average(lab: Lab) -> Quantity:
    """L = lambda W, for the wait for a place."""
    return Quantity(float(through(lab)) * float(mean_queue(lab)), "requests")


def waiting_of_users_alone(lab: Lab) -> Quantity:
    """As if the users' requests were all."""
    return Quantity(users_came(lab) / float(run_seconds(lab)) * float(mean_queue(lab)), "requests")


def waiting_in_tokens(lab: Lab) -> Quantity:
    """With tokens a second for the rate."""
    return Quantity(float(run_rate(lab)) * float(mean_queue(lab)), "requests")


# --- the gap of one request alone: computed, expected, measured


def step_ceiling(lab: Lab) -> Quantity:
    """The least that a token can take: its bytes over the bandwidth."""
    return Quantity(decode(lab.system, batch=1, context=lab.context).ceiling_s, "s")


def reported_step(lab: Lab) -> Quantity:
    """One over the speed that was reported or measured on this lab; 0 where there is none."""
    known = lab.measured.get("decode_tokens_per_s")
    return Quantity(1 / known.value if known else 0.0, "s")


def kernel_step(lab: Lab) -> Quantity:
    """A step of one request added up from measured kernels, on the same model, GPUs and precision; 0 where nobody published one."""
    system = lab.system
    return Quantity(_kernels(system.model.name, system.gpu.name, system.tp, system.weights), "s")


@lru_cache(maxsize=32)
def _kernels(model: str, gpu: str, tp: int, weights: str) -> float:
    for row in calibration_rows():
        its = row.system
        same = (its.model.name, its.gpu.name, its.tp, its.weights) == (model, gpu, tp, weights)
        if same and row.kind == "decode" and row.batch == 1 and "kernels" in row.note:
            return row.seconds
    return 0.0


def kernel_known(lab: Lab) -> bool:
    return float(kernel_step(lab)) > 0


def speed_known(lab: Lab) -> bool:
    """Whether somebody measured or reported a speed of one request on this lab."""
    return "decode_tokens_per_s" in lab.measured


def spoken_of(lab: Lab) -> str:
    """Which of the two it is: a number without its measurement is a report."""
    known = lab.measured.get("decode_tokens_per_s")
    return "reported" if known is None or known.how.startswith("reported") else "measured"


# --- claims: true on every shipped lab, or the text would have to say otherwise


def few_wait_longer_than_the_mean(lab: Lab) -> bool:
    """At most about one in ten, and the p99 is more than twenty times the mean."""
    return float(above_mean(lab)) < 11 and float(p99_over_mean(lab)) > 20


def p95_sees_nothing(lab: Lab) -> bool:
    """The p95 is a fraction of the stall, the p99 most of it."""
    return float(users_p95(lab)) < 2 and float(users_p99(lab)) > 0.7 * STALL_S


def test_meets_it_once(lab: Lab) -> bool:
    return float(tests_held_up(lab)) == 1 and float(users_held_up(lab)) == 27 and float(tests_p99(lab)) < 1.01


def gauge_of_waiting_says_nothing(lab: Lab) -> bool:
    """No scrape in the stall tells of anybody who waits, and tokens stand still from one to the next."""
    told = [one for one in scrapes(lab) if STALL_AT_S < one.at_s < STALL_AT_S + STALL_S]
    return len(told) == 3 and all(one.waiting == 0 for one in told) and len({one.tokens for one in told}) == 1


def stall_can_be_worked_out(lab: Lab) -> bool:
    """Twice the mean wait of those who came back is within a fifth of it; the silent windows are two."""
    off = float(twice_the_mean_wait(lab)) / float(stall_length(lab))
    return 0.8 < off < 1.25 and float(silent_windows(lab)) == 20 and float(mean_wait_back(lab)) < 17


def bucket_is_off(lab: Lab) -> bool:
    return abs(float(run_bucket_p50(lab)) / float(run_gap_p50(lab)) - 1) > 0.03


def gauge_of_the_queue_is_far_off(lab: Lab) -> bool:
    """The gauge's mean is less than a tenth of the requests that waited on average."""
    return float(waiting_by_gauge(lab)) < 0.1 * float(waiting_on_average(lab))


def little_holds(lab: Lab) -> bool:
    return math.isclose(float(mean_end_to_end(lab)), float(stopwatch_mean(lab)), rel_tol=1e-9)


def short_answer_is_prefill(lab: Lab) -> bool:
    return float(short_first_share(lab)) > 75


def anyone_writes_faster_than_one_reads(lab: Lab) -> bool:
    return float(faster_than_reading(lab)) > 4
