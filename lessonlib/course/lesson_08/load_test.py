"""What a load test that waits for its answers records of a server that stands still, against everybody who came."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_08 import service_run as run
from lessonlib.course.lesson_08.service_run import STALL_AT_S, STALL_S, service_run
from lessonlib.roofline import Lab
from lessonlib.serving import fixed, simulate
from lessonlib.serving.results.quantiles import percentile


def tests_sent(lab: Lab) -> Quantity:
    """Requests of the load test."""
    return Quantity(run.TESTS, "requests")


def test_prompt(lab: Lab) -> Quantity:
    return Quantity(run.TEST_PROMPT, "tokens", digits=4)


def test_answer(lab: Lab) -> Quantity:
    return Quantity(run.TEST_ANSWER, "tokens")


def tests_p99(lab: Lab) -> Quantity:
    """p99 of the load test's times to first token."""
    return Quantity(percentile(service_run(lab).test_waits, 99), "s")


def tests_usual(lab: Lab) -> Quantity:
    """Median end to end of one of its requests."""
    return Quantity(percentile(service_run(lab).test_stays, 50), "s")


def tests_held_up(lab: Lab) -> Quantity:
    """Its requests that were inside while the server stood still."""
    asked = service_run(lab)
    ends = asked.test_arrivals + asked.test_stays
    held = (asked.test_arrivals < STALL_AT_S + STALL_S) & (ends > STALL_AT_S + STALL_S)
    return Quantity(int(held.sum()), "requests")


def tests_slow_firsts(lab: Lab) -> int:
    """Its requests whose first token took longer than half of the stall."""
    return int((service_run(lab).test_waits > STALL_S / 2).sum())


def users_held_up(lab: Lab) -> Quantity:
    """Users who came while the server stood still."""
    arrivals = service_run(lab).user_arrivals
    return Quantity(int(((arrivals > STALL_AT_S) & (arrivals < STALL_AT_S + STALL_S)).sum()), "requests")


def tests_on_schedule(lab: Lab) -> Quantity:
    """Its requests if it went on sending at its usual pace."""
    return Quantity(STALL_S / float(tests_usual(lab)), "requests", digits=2)


def tests_in_proportion(lab: Lab) -> Quantity:
    """Its requests in the share of the users who were held up."""
    users = len(service_run(lab).user_waits)
    return Quantity(run.TESTS * float(users_held_up(lab)) / users, "requests", digits=2)


#: places of the other test, which sends as many times the requests
PLACES = 8


def held_of_eight(lab: Lab) -> Quantity:
    """Requests of eight places that would be held up: one of each."""
    return Quantity(PLACES * float(tests_held_up(lab)), "requests")


def sent_by_eight(lab: Lab) -> Quantity:
    """Requests that eight places send, if each sends as many as the one did."""
    return Quantity(PLACES * run.TESTS, "requests", digits=4)


def share_held_up(lab: Lab) -> Quantity:
    """Of the requests sent, those held up, in either test."""
    return Quantity(100 * float(tests_held_up(lab)) / run.TESTS, "%", digits=2)


# --- a rate and a limit on how many are under way

ASKED_RATE, AT_ONCE, BENCH, PROMPTS = 20, 8, 64, 200


@lru_cache(maxsize=32)
def _closed_loop_stay(lab: Lab) -> float:
    """Mean seconds from end to end with eight under way at all times."""
    requests = fixed(run.TEST_PROMPT, run.TEST_ANSWER, BENCH)
    return simulate(lab.system, requests, concurrency=AT_ONCE, record="summary").mean("e2e_s")


def bench_stay(lab: Lab) -> Quantity:
    """How long a request stays inside with so many beside it."""
    return Quantity(_closed_loop_stay(lab), "s")


def bench_rate(lab: Lab) -> Quantity:
    """Little's law turned round: so many inside, each so long."""
    return Quantity(AT_ONCE / _closed_loop_stay(lab), "requests/s")


def bench_due(lab: Lab) -> Quantity:
    """When the last prompt would be sent at the rate that was asked for."""
    return Quantity(PROMPTS / ASKED_RATE, "s")


def bench_late(lab: Lab) -> Quantity:
    """By how much later it is sent: when all but the last eight are through."""
    return Quantity((PROMPTS - AT_ONCE) / float(bench_rate(lab)) - float(bench_due(lab)), "s")


def bench_next_place(lab: Lab) -> Quantity:
    """As if it waited for one place only."""
    return bench_stay(lab)


def bench_places_as_rate(lab: Lab) -> Quantity:
    """As if eight at a time were eight a second."""
    return Quantity(PROMPTS / AT_ONCE - float(bench_due(lab)), "s")


def bench_one_after_another(lab: Lab) -> Quantity:
    """As if one were under way at a time."""
    return Quantity(PROMPTS * float(bench_stay(lab)) - float(bench_due(lab)), "s")
