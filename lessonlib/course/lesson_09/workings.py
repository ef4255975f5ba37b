"""Lesson 9, continuous batching: two rules on one run, what the gain is made of, what it costs, and the claims of its words.

The runs are those of ``runs``; their seconds are computed from expected ones, not measured.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.base.versions import vllm
from lessonlib.course.lesson_09.runs import (
    CONTINUOUS,
    FEW,
    INSIDE,
    MANY,
    REQUESTS,
    STATIC,
    arrival_rate,
    backlog,
    mean_lengths,
    prompt_steps,
    quarter_hour,
    written_share,
)
from lessonlib.roofline import Lab
from lessonlib.roofline.band import band

# --- the requests


def requests_of_the_run(lab: Lab) -> Quantity:
    return Quantity(REQUESTS, "requests", digits=4)


def mean_prompt_of_the_run(lab: Lab) -> Quantity:
    return Quantity(mean_lengths()[0], "tokens")


def mean_answer_of_the_run(lab: Lab) -> Quantity:
    return Quantity(mean_lengths()[1], "tokens")


def run_arrivals(lab: Lab) -> Quantity:
    return Quantity(arrival_rate(lab), "requests/s")


def few_seats(lab: Lab) -> int:
    """Seats of the run with arrivals."""
    return FEW


def many_seats(lab: Lab) -> int:
    """Seats of the backlog that is looked at closely."""
    return MANY


def inside_seats(lab: Lab) -> int:
    """Seats of the backlog whose gaps are asked for."""
    return INSIDE


# --- two servers, one traffic


def rate_of_a(lab: Lab) -> Quantity:
    """Tokens of all answers over the seconds of the run."""
    return Quantity(quarter_hour(lab, STATIC).throughput_tokens_per_s, "tok/s")


def rate_of_b(lab: Lab) -> Quantity:
    return Quantity(quarter_hour(lab, CONTINUOUS).throughput_tokens_per_s, "tok/s")


def first_of_a(lab: Lab) -> Quantity:
    """Median time to first token."""
    return Quantity(quarter_hour(lab, STATIC).percentile("ttft_s", 50), "s")


def first_of_b(lab: Lab) -> Quantity:
    return Quantity(quarter_hour(lab, CONTINUOUS).percentile("ttft_s", 50), "s")


def a_over_b(lab: Lab) -> Quantity:
    return Quantity(float(first_of_a(lab)) / float(first_of_b(lab)), "x", digits=2)


# --- batches of eight from answers of two lengths

#: tokens, and of how many answers one is long
SHORT, LONG, ONE_IN = 100, 1000, 10


def short_answer(lab: Lab) -> Quantity:
    return Quantity(SHORT, "tokens")


def long_answer(lab: Lab) -> Quantity:
    return Quantity(LONG, "tokens", digits=4)


def _mean_of_mixed() -> float:
    return SHORT + (LONG - SHORT) / ONE_IN


def _no_long_one() -> float:
    return (1 - 1 / ONE_IN) ** FEW


def no_long_one(lab: Lab) -> str:
    """Chance that none of eight answers is long."""
    return f"{_no_long_one():.2f}"


def no_long_share(lab: Lab) -> Quantity:
    """The same in per cent of the batches."""
    return Quantity(100 * _no_long_one(), "%", digits=2)


def mean_of_mixed(lab: Lab) -> Quantity:
    """Mean tokens of an answer."""
    return Quantity(_mean_of_mixed(), "tokens")


def longest_of_mixed(lab: Lab) -> Quantity:
    """Mean tokens of the longest of eight, which is how many steps a batch takes."""
    return Quantity(LONG - (LONG - SHORT) * _no_long_one(), "tokens")


def mixed_busy(lab: Lab) -> Quantity:
    """Of 100 seats in steps, how many write a token: tokens of an answer over steps of a batch, both on average."""
    return Quantity(100 * _mean_of_mixed() / float(longest_of_mixed(lab)), "%", digits=2)


def mixed_idle(lab: Lab) -> Quantity:
    return Quantity(100 - float(mixed_busy(lab)), "%", digits=2)


def mixed_half(lab: Lab) -> Quantity:
    """As it would be if lengths were spread evenly between nothing and the longest."""
    return Quantity(50.0, "%")


def mixed_one_long(lab: Lab) -> Quantity:
    """As if each batch held one long answer and seven short ones."""
    return Quantity(100 * ((FEW - 1) * SHORT + LONG) / (FEW * LONG), "%", digits=2)


# --- the picture: eight answers in one batch

ANSWERS = (20, 40, 60, 90, 130, 200, 360, 800)


def tokens_of_eight(lab: Lab) -> Quantity:
    """Tokens of all eight."""
    return Quantity(sum(ANSWERS), "tokens", digits=4)


def seats_times_steps(lab: Lab) -> Quantity:
    """Eight seats, as many steps as the longest answer has tokens."""
    return Quantity(len(ANSWERS) * max(ANSWERS), "seat-steps", digits=4)


def eight_steps(lab: Lab) -> Quantity:
    return Quantity(max(ANSWERS), "steps")


def eight_busy(lab: Lab) -> Quantity:
    """Of 100 seats in steps, how many write a token."""
    return Quantity(100 * sum(ANSWERS) / (len(ANSWERS) * max(ANSWERS)), "%")


# --- joining


@lru_cache(maxsize=32)
def _waits_beside_answers(lab: Lab) -> np.ndarray:
    """Seconds from the queue to a step, of those who came in the middle of a step of answers without a prompt in it."""
    result = quarter_hour(lab, CONTINUOUS)
    runs, rows = result.runs, result.requests
    came = rows["started_s"] - rows["queue_s"]
    at = np.maximum(np.searchsorted(runs["start_s"], came, side="right") - 1, 0)
    inside = (came >= runs["start_s"][at]) & (came < runs["end_s"][at])
    waits: np.ndarray = rows["queue_s"][inside & (runs["prefill_tokens"][at] == 0) & (runs["decoding"][at] > 0)]
    return waits


def came_beside_answers(lab: Lab) -> int:
    return len(_waits_beside_answers(lab))


def join_wait(lab: Lab) -> Quantity:
    """Their median."""
    return Quantity(float(np.median(_waits_beside_answers(lab))), "s")


def usual_gap(lab: Lab) -> Quantity:
    """The median gap between two tokens of an answer: one step."""
    return Quantity(quarter_hour(lab, CONTINUOUS).percentile("itl_s", 50), "s")


def half_a_step(lab: Lab) -> Quantity:
    return Quantity(float(usual_gap(lab)) / 2, "s")


def join_when_the_batch_ends(lab: Lab) -> Quantity:
    """The median wait for a seat under the other rule."""
    return Quantity(quarter_hour(lab, STATIC).percentile("queue_s", 50), "s")


def join_by_timer(lab: Lab) -> Quantity:
    """The delay in the example of TorchServe's guide to batches of eight."""
    return Quantity(0.05, "s")


# --- a backlog


def tokens_static(lab: Lab) -> Quantity:
    """The backlog under static batching, with many seats."""
    return Quantity(backlog(lab, STATIC, MANY).throughput_tokens_per_s, "tok/s")


def tokens_continuous(lab: Lab) -> Quantity:
    return Quantity(backlog(lab, CONTINUOUS, MANY).throughput_tokens_per_s, "tok/s")


def batching_gain(lab: Lab) -> Quantity:
    """Tokens a second of one over the other."""
    return Quantity(float(tokens_continuous(lab)) / float(tokens_static(lab)), "x")


def seats_that_write(lab: Lab) -> Quantity:
    """Of 100 seats in decode steps of the static run, how many write a token."""
    return Quantity(100 * written_share(backlog(lab, STATIC, MANY)), "%", digits=2)


def prompts_share(lab: Lab) -> Quantity:
    """The share of its time in which the static run reads prompts."""
    return Quantity(100 * _reading(lab, STATIC, MANY), "%", digits=2)


def prompts_share_after(lab: Lab) -> Quantity:
    """The same under continuous batching."""
    return Quantity(100 * _reading(lab, CONTINUOUS, MANY), "%", digits=2)


def _reading(lab: Lab, batching: str, seats: int) -> float:
    return backlog(lab, batching, seats).gpu_split()["reading"]


def gain_by_hand(lab: Lab) -> Quantity:
    """Reading stays; of the decode steps only the share that writes is left (Amdahl 1967)."""
    reading, write = float(prompts_share(lab)) / 100, float(seats_that_write(lab)) / 100
    return Quantity(1 / (reading + (1 - reading) * write), "x", digits=2)


def what_is_left(lab: Lab) -> Quantity:
    """The time that remains, as a share."""
    return Quantity(100 / float(gain_by_hand(lab)), "%", digits=2)


def gain_of_idle_seats(lab: Lab) -> Quantity:
    """As if all of the time went into decode steps."""
    return Quantity(100 / float(seats_that_write(lab)), "x")


def gain_of_the_headline(lab: Lab) -> Quantity:
    """From the title of a post of 2023 on what vLLM reached as a whole."""
    return Quantity(23, "x")


def gain_of_a_busy_gpu(lab: Lab) -> Quantity:
    return Quantity(1, "x")


#: seats of the curve; at the many of the question before it the answer is known
SEATS = (1, 4, 16, 64, 256)


def _tokens(lab: Lab, batching: str) -> list[float]:
    return [backlog(lab, batching, seats).throughput_tokens_per_s for seats in SEATS]


def _curve(y: list[float]) -> dict[str, list[float]]:
    return {"x": [float(seats) for seats in SEATS], "y": y}


def continuous_by_seats(lab: Lab) -> dict[str, list[float]]:
    """Tokens a second of the backlog, by seats."""
    return _curve(_tokens(lab, CONTINUOUS))


def by_seats_parallel(lab: Lab) -> dict[str, list[float]]:
    """The one gain everywhere."""
    return _curve([float(batching_gain(lab)) * tokens for tokens in _tokens(lab, STATIC)])


def by_seats_all_written(lab: Lab) -> dict[str, list[float]]:
    """All seats write, and nothing else takes time."""
    written = [written_share(backlog(lab, STATIC, seats)) for seats in SEATS]
    return _curve([tokens / share for tokens, share in zip(_tokens(lab, STATIC), written, strict=True)])


def by_seats_doubling(lab: Lab) -> dict[str, list[float]]:
    """As many times the tokens as seats."""
    one = _tokens(lab, CONTINUOUS)[0]
    return _curve([one * seats for seats in SEATS])


def static_by_seats(lab: Lab) -> list[Quantity]:
    """Tokens a second under static batching, one for each number of seats."""
    return [Quantity(tokens, "tok/s") for tokens in _tokens(lab, STATIC)]


def continuous_written(lab: Lab) -> list[Quantity]:
    """The same under continuous batching."""
    return [Quantity(tokens, "tok/s") for tokens in _tokens(lab, CONTINUOUS)]


def _gains(lab: Lab) -> list[float]:
    pairs = zip(_tokens(lab, CONTINUOUS), _tokens(lab, STATIC), strict=True)
    return [one / other for one, other in pairs]


def gains_by_seats(lab: Lab) -> list[Quantity]:
    """Continuous over static batching."""
    return [Quantity(gain, "x") for gain in _gains(lab)]


def idle_gains_by_seats(lab: Lab) -> list[Quantity]:
    """What the empty seats alone would promise."""
    written = [written_share(backlog(lab, STATIC, seats)) for seats in SEATS]
    return [Quantity(1 / share, "x", digits=2) for share in written]


def prompts_by_seats(lab: Lab) -> list[Quantity]:
    """The share of its time in which continuous batching reads prompts."""
    return [Quantity(100 * _reading(lab, CONTINUOUS, seats), "%", digits=2) for seats in SEATS]


def seats_tried(lab: Lab) -> list[int]:
    return list(SEATS)


def gain_with_most_seats(lab: Lab) -> Quantity:
    return Quantity(_gains(lab)[-1], "x")


def idle_gain_with_most_seats(lab: Lab) -> Quantity:
    """What the empty seats alone would promise there."""
    return Quantity(1 / written_share(backlog(lab, STATIC, SEATS[-1])), "x")


def prompts_with_most_seats(lab: Lab) -> Quantity:
    return Quantity(100 * _reading(lab, CONTINUOUS, SEATS[-1]), "%", digits=2)


def most_seats(lab: Lab) -> int:
    return SEATS[-1]


def memory_ends_it(lab: Lab) -> bool:
    """Whether the cache is full before the last seats are taken."""
    return backlog(lab, CONTINUOUS, SEATS[-1]).kv_peak > 0.97


# --- those inside


def gaps_with_a_prompt(lab: Lab) -> Quantity:
    """Of 100 gaps between tokens, in how many a prompt is read, while others wait for a seat."""
    return Quantity(100 * prompt_steps(backlog(lab, CONTINUOUS, INSIDE), while_some_wait=True), "%", digits=2)


def gaps_by_hand(lab: Lab) -> Quantity:
    """Each other seat takes somebody new once in an answer's length."""
    return Quantity(100 * (INSIDE - 1) / mean_lengths()[1], "%", digits=2)


def gaps_of_one_prompt(lab: Lab) -> Quantity:
    """One prompt in an answer's length."""
    return Quantity(100 / mean_lengths()[1], "%", digits=2)


def all_gaps(lab: Lab) -> Quantity:
    return Quantity(100, "%")


def other_seats(lab: Lab) -> int:
    return INSIDE - 1


def static_gap_p99(lab: Lab) -> Quantity:
    return Quantity(backlog(lab, STATIC, INSIDE).percentile("itl_s", 99), "s")


def continuous_gap_p99(lab: Lab) -> Quantity:
    return Quantity(backlog(lab, CONTINUOUS, INSIDE).percentile("itl_s", 99), "s")


def static_gap_p50(lab: Lab) -> Quantity:
    return Quantity(backlog(lab, STATIC, INSIDE).percentile("itl_s", 50), "s")


def continuous_gap_p50(lab: Lab) -> Quantity:
    return Quantity(backlog(lab, CONTINUOUS, INSIDE).percentile("itl_s", 50), "s")


def run_gap_p99(lab: Lab) -> Quantity:
    """In the run with arrivals, under continuous batching."""
    return Quantity(quarter_hour(lab, CONTINUOUS).percentile("itl_s", 99), "s")


def run_gap_p99_static(lab: Lab) -> Quantity:
    return Quantity(quarter_hour(lab, STATIC).percentile("itl_s", 99), "s")


def pauses_show_with_few_seats(lab: Lab) -> bool:
    """Whether the p99 gap of that run is one with a prompt in it: on an idle server fewer than one in a hundred are."""
    return float(run_gap_p99(lab)) > 1.5 * float(run_gap_p99_static(lab))


# --- ceiling beside expectation


def tokens_ceiling(lab: Lab) -> Quantity:
    """The same backlog with steps of perfect software."""
    return Quantity(backlog(lab, CONTINUOUS, MANY, cost="ceiling").throughput_tokens_per_s, "tok/s")


def _tokens_band(lab: Lab) -> tuple[float, float]:
    """Seconds for each token, from and to, in which nine of ten measured throughputs lie."""
    return band(lab.system, "throughput").around(1 / float(tokens_continuous(lab)), 1 / float(tokens_ceiling(lab)))


def tokens_low(lab: Lab) -> Quantity:
    """The slow end of the 90 % band."""
    return Quantity(1 / _tokens_band(lab)[1], "tok/s")


def tokens_high(lab: Lab) -> Quantity:
    """The fast end, never above the ceiling."""
    return Quantity(1 / _tokens_band(lab)[0], "tok/s")


def queue_first_bound(lab: Lab) -> Quantity:
    """Where the lowest bucket of vLLM's histogram of queue times ends."""
    return Quantity(vllm().bounds["request_latency"][0], "s")


# --- claims: true on every shipped lab, or the text would have to say otherwise


def both_write_as_much(lab: Lab) -> bool:
    """The two runs with arrivals are within one in a hundred, although one waits more than three times as long."""
    return abs(float(rate_of_a(lab)) / float(rate_of_b(lab)) - 1) < 0.01 and float(a_over_b(lab)) > 3


def joins_within_a_step(lab: Lab) -> bool:
    """The wait is half of a step, to a tenth."""
    return abs(float(join_wait(lab)) / float(half_a_step(lab)) - 1) < 0.1


def gain_is_what_is_left(lab: Lab) -> bool:
    """The sum by hand is within a tenth of the run, and far from what empty seats promise."""
    off = float(gain_by_hand(lab)) / float(batching_gain(lab))
    return 0.9 < off < 1.1 and float(gain_of_idle_seats(lab)) > 1.2 * float(batching_gain(lab))


def one_seat_is_one_seat(lab: Lab) -> bool:
    """With one seat the two rules write the same, to one in a hundred."""
    return abs(_tokens(lab, CONTINUOUS)[0] / _tokens(lab, STATIC)[0] - 1) < 0.01


def prompts_take_over(lab: Lab) -> bool:
    """The more seats, the larger the share of prompts and the further the gain falls behind what empty seats promise."""
    shares = [_reading(lab, CONTINUOUS, seats) for seats in SEATS]
    promised = [1 / written_share(backlog(lab, STATIC, seats)) for seats in SEATS]
    kept = [gain / promise for gain, promise in zip(_gains(lab), promised, strict=True)]
    return shares == sorted(shares) and kept == sorted(kept, reverse=True) and kept[-1] < 0.6


def gaps_follow_the_seats(lab: Lab) -> bool:
    """By hand and in the run it is the same to a fifth."""
    return abs(float(gaps_with_a_prompt(lab)) / float(gaps_by_hand(lab)) - 1) < 0.2


def only_the_tail_moves(lab: Lab) -> bool:
    """The median gap is that of static batching to a twentieth, the p99 five times as long or more."""
    same = abs(float(continuous_gap_p50(lab)) / float(static_gap_p50(lab)) - 1) < 0.05
    return same and float(continuous_gap_p99(lab)) > 5 * float(static_gap_p99(lab))
