"""Users on one replica, each of whom asks again as soon as an answer is there: what they wait for, by their number.

Simulated once for each lab at vLLM's defaults; a step takes the engine's expected time, so all seconds are computed and none
is measured. What comes first, when all users ask at once, is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_10.seats import pages_of, seats_for
from lessonlib.roofline import Lab, prefill
from lessonlib.roofline.band import band
from lessonlib.serving import LogNormal, Result, Scheduler, Workload, simulate

SEED = 10
#: mean tokens, and standard deviation as a share of the mean
PROMPT, ANSWER = (4_096, 0.3), (512, 0.5)
#: users as a share of the seats, and how many requests each sends
SHARES, TURNS = (0.125, 0.25, 0.5, 0.75, 1.25, 1.5, 2.0), 6


@dataclass(frozen=True)
class Crowd:
    """A run with so many users. Of the requests that came after the first ones: median seconds to the first token and between
    tokens. Tokens and requests a second while the server was full; mean number of requests in a decode step, and preemptions
    of one request, on average.
    """

    users: int
    first_s: float
    gap_s: float
    tokens_per_s: float
    requests_per_s: float
    running: float
    preemptions: float


def observed(result: Result, users: int) -> Crowd:
    """What a closed loop came to. Rates are those between the end of the first tenth of the requests and that of the seventh."""
    rows = result.requests
    ends = np.sort(rows["finished_s"])
    begin, end = ends[len(ends) // 10], ends[7 * len(ends) // 10]
    done = (rows["finished_s"] > begin) & (rows["finished_s"] <= end)
    later = rows["arrival_s"] > rows["arrival_s"].min()
    later = later if later.any() else ~later
    steps = result.step_columns()
    inside = (steps["start_s"] >= begin) & (steps["start_s"] < end) & (steps["decoding"] > 0)
    return Crowd(
        users,
        float(np.median(rows["ttft_s"][later])),
        float(np.nanmedian(rows["tpot_s"][later])),
        float(rows["output"][done].sum() / (end - begin)),
        float(done.sum() / (end - begin)),
        float(np.average(steps["decoding"][inside], weights=steps["seconds"][inside])),
        result.preemptions / len(ends),
    )


@lru_cache(maxsize=64)
def crowd_run(lab: Lab, users: int) -> Result:
    """The run with so many users."""
    return simulate(lab.system, _work(users), Scheduler(), concurrency=users)


@lru_cache(maxsize=64)
def crowd(lab: Lab, users: int) -> Crowd:
    return observed(crowd_run(lab, users), users)


def seats_in_use(lab: Lab) -> int:
    """Requests of this traffic that the memory holds at once."""
    return int(seats_for(lab, PROMPT[0], ANSWER[0]))


@lru_cache(maxsize=32)
def sweep_of_users(lab: Lab) -> tuple[Crowd, ...]:
    """From an eighth of the seats to twice as many users as seats."""
    return tuple(crowd(lab, round(share * seats_in_use(lab))) for share in SHARES)


# --- the words' numbers


def crowd_prompt(lab: Lab) -> Quantity:
    return Quantity(PROMPT[0], "tokens", digits=4)


def crowd_answer(lab: Lab) -> Quantity:
    return Quantity(ANSWER[0], "tokens")


def crowd_seats(lab: Lab) -> Quantity:
    return Quantity(seats_in_use(lab), "requests")


def alone_first(lab: Lab) -> Quantity:
    """Expected time to read such a prompt on an idle server."""
    return Quantity(prefill(lab.system, prompt=PROMPT[0]).expected_s, "s", digits=2)


def full_requests_rate(lab: Lab) -> Quantity:
    """Requests a second with twice as many users as seats: the tokens of all answers, over the mean answer."""
    return Quantity(sweep_of_users(lab)[-1].tokens_per_s / ANSWER[0], "requests/s")


def most_users(lab: Lab) -> Quantity:
    return Quantity(sweep_of_users(lab)[-1].users, "users")


def _curve(lab: Lab, waits: Sequence[float]) -> dict[str, list[float]]:
    return {"x": [float(run.users) for run in sweep_of_users(lab)], "y": list(waits)}


def wait_curve(lab: Lab) -> dict[str, list[float]]:
    """Median time to first token by users."""
    return _curve(lab, [run.first_s for run in sweep_of_users(lab)])


def wait_in_proportion(lab: Lab) -> dict[str, list[float]]:
    """As if each further user made all wait a little longer."""
    runs = sweep_of_users(lab)
    return _curve(lab, [runs[0].first_s * run.users / runs[0].users for run in runs])


def wait_as_alone(lab: Lab) -> dict[str, list[float]]:
    """As if the first token took the prompt's time, whoever else is there."""
    return _curve(lab, [sweep_of_users(lab)[0].first_s] * len(SHARES))


def wait_at_last(lab: Lab) -> Quantity:
    return Quantity(sweep_of_users(lab)[-1].first_s, "s")


def wait_below(lab: Lab) -> Quantity:
    """At three quarters of the seats."""
    return Quantity(sweep_of_users(lab)[3].first_s, "s", digits=2)


def wait_just_beyond(lab: Lab) -> Quantity:
    """With a quarter more users than seats."""
    return Quantity(sweep_of_users(lab)[4].first_s, "s")


def wait_by_hand(lab: Lab) -> Quantity:
    """Users without a seat over the requests a second, at the last point."""
    last = sweep_of_users(lab)[-1]
    return Quantity((last.users - seats_in_use(lab)) / float(full_requests_rate(lab)), "s")


def rate_below(lab: Lab) -> Quantity:
    """Tokens a second at three quarters of the seats."""
    return Quantity(sweep_of_users(lab)[3].tokens_per_s, "tok/s")


def rate_beyond(lab: Lab) -> Quantity:
    """Tokens a second with a quarter more users than seats."""
    return Quantity(sweep_of_users(lab)[4].tokens_per_s, "tok/s")


def rate_at_last(lab: Lab) -> Quantity:
    return Quantity(sweep_of_users(lab)[-1].tokens_per_s, "tok/s")


def _work(users: int) -> Workload:
    return Workload(max(40, TURNS * users), LogNormal(*PROMPT), LogNormal(*ANSWER), None, seed=SEED, name="users")


@lru_cache(maxsize=32)
def _ceiling(lab: Lab) -> float:
    users = sweep_of_users(lab)[-1].users
    return observed(
        simulate(lab.system, _work(users), Scheduler(), concurrency=users, cost="ceiling"), users
    ).tokens_per_s


@lru_cache(maxsize=32)
def with_twice_the_pages(lab: Lab) -> Crowd:
    """The most users, with twice as many pages in the cache."""
    users = sweep_of_users(lab)[-1].users
    roomy = Scheduler(kv_blocks=2 * pages_of(lab).total)
    return observed(simulate(lab.system, _work(users), roomy, concurrency=users), users)


def first_with_room(lab: Lab) -> Quantity:
    return Quantity(with_twice_the_pages(lab).first_s, "s", digits=2)


def rate_with_room(lab: Lab) -> Quantity:
    return Quantity(with_twice_the_pages(lab).tokens_per_s, "tok/s")


def reading_at_last(lab: Lab) -> Quantity:
    """Share of the time of a full server in steps that read prompts."""
    steps = crowd_run(lab, sweep_of_users(lab)[-1].users).step_columns()
    return Quantity(100 * float(np.average(steps["prefill_tokens"] > 0, weights=steps["seconds"])), "%", digits=2)


def _full_band(lab: Lab) -> tuple[float, float]:
    """Seconds for each token of a full server, from and to, in which nine of ten measured throughputs lie."""
    return band(lab.system, "throughput").around(1 / float(rate_at_last(lab)), 1 / _ceiling(lab))


def full_low(lab: Lab) -> Quantity:
    """The slow end of the 90 % band."""
    return Quantity(1 / _full_band(lab)[1], "tok/s")


def full_high(lab: Lab) -> Quantity:
    """The fast end, never above the ceiling."""
    return Quantity(1 / _full_band(lab)[0], "tok/s")


def full_ceiling(lab: Lab) -> Quantity:
    """The same run with steps of perfect software."""
    return Quantity(_ceiling(lab), "tok/s")


def gap_below(lab: Lab) -> Quantity:
    return Quantity(sweep_of_users(lab)[3].gap_s, "s")


def gap_beyond(lab: Lab) -> Quantity:
    return Quantity(sweep_of_users(lab)[4].gap_s, "s")


def gap_at_last(lab: Lab) -> Quantity:
    return Quantity(sweep_of_users(lab)[-1].gap_s, "s")


def users_below(lab: Lab) -> int:
    return sweep_of_users(lab)[3].users


def users_beyond(lab: Lab) -> int:
    return sweep_of_users(lab)[4].users


# --- claims


def wait_begins_at_the_seats(lab: Lab) -> bool:
    """Up to three quarters of the seats the first token stays within three times that of an idle server, a quarter beyond them it
    takes ten times as long, and twice the seats are within 15 % of one division.
    """
    runs = sweep_of_users(lab)
    below, beyond, last = runs[3].first_s, runs[4].first_s, runs[-1].first_s
    return (
        below < 3 * float(alone_first(lab)) + 0.1
        and beyond > 5 * below
        and 0.85 < float(wait_by_hand(lab)) / last < 1.15
    )


def throughput_tells_nothing(lab: Lab) -> bool:
    """From three quarters of the seats to twice the seats tokens a second change by less than a fifth; twice the pages end the wait,
    and raise tokens a second by less than two fifths.
    """
    rates = [run.tokens_per_s for run in sweep_of_users(lab)[3:]]
    room, full = with_twice_the_pages(lab), sweep_of_users(lab)[-1]
    return max(rates) < 1.2 * min(rates) and 10 * room.first_s < full.first_s and room.tokens_per_s < 1.4 * rates[-1]
