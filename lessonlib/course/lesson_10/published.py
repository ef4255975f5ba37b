"""What others measured, and what Little's law makes of it. Values as published; the addresses stand in the words' sources."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import GPU, Lab, System, capacity, load_gpu, load_model, weight_bytes
from lessonlib.serving.replica.pages import pages
from lessonlib.serving.validation import Point, published, sweep_system, tensorrt_llm

# --- one model on two cards (SGLang's benchmark of Qwen3.6-27B, drafts on, share of the memory 0.8)


class Served(NamedTuple):
    """16 users at once: seconds to the first token and between tokens of an answer, tokens a second, prompts and answers together."""

    first_s: float
    gap_s: float
    all_tokens_per_s: float


USERS, READ, WRITTEN, SHARE = 16, 8_192, 1_024, 0.8
H100, H100_FP8, H200 = Served(67.026, 0.00876, 1_898), Served(8.322, 0.01127, 7_001), Served(1.198, 0.01728, 7_083)
#: between two tokens of a single user on the H100
H100_ALONE_S = 0.00741


def _written(served: Served) -> float:
    """Tokens of answers a second: their share of all tokens."""
    return served.all_tokens_per_s * WRITTEN / (READ + WRITTEN)


def _running(served: Served) -> float:
    """Little's law in tokens: each request that is being written makes one every `gap_s`."""
    return _written(served) * served.gap_s


def two_cards_users(lab: Lab) -> int:
    return USERS


def two_cards_prompt(lab: Lab) -> Quantity:
    return Quantity(READ, "tokens", digits=4)


def two_cards_answer(lab: Lab) -> Quantity:
    return Quantity(WRITTEN, "tokens", digits=4)


def _card(name: str) -> GPU:
    return load_gpu(name)


def small_card_peak(lab: Lab) -> Quantity:
    """Dense peak in 16 bits; that of the large card is the same."""
    return Quantity(_card("h100-sxm").flops["bf16"], "FLOP/s")


def large_card_peak(lab: Lab) -> Quantity:
    return Quantity(_card("h200-sxm").flops["bf16"], "FLOP/s")


def small_card_memory(lab: Lab) -> Quantity:
    return Quantity(_card("h100-sxm").memory_bytes, "B", digits=2)


def large_card_memory(lab: Lab) -> Quantity:
    return Quantity(_card("h200-sxm").memory_bytes, "B")


def faster_memory(lab: Lab) -> Quantity:
    """How much more bandwidth the large card has."""
    return Quantity(100 * (_card("h200-sxm").bandwidth / _card("h100-sxm").bandwidth - 1), "%", digits=2)


def small_card_first(lab: Lab) -> Quantity:
    return Quantity(H100.first_s, "s")


def large_card_first(lab: Lab) -> Quantity:
    return Quantity(H200.first_s, "s", digits=2)


def small_card_gap(lab: Lab) -> Quantity:
    return Quantity(H100.gap_s, "s")


def large_card_gap(lab: Lab) -> Quantity:
    return Quantity(H200.gap_s, "s")


def small_card_rate(lab: Lab) -> Quantity:
    return Quantity(_written(H100), "tok/s")


def large_card_rate(lab: Lab) -> Quantity:
    return Quantity(_written(H200), "tok/s")


def first_token_factor(lab: Lab) -> Quantity:
    """How many times as long the small card lets wait."""
    return Quantity(H100.first_s / H200.first_s, "x", digits=2)


def small_card_running(lab: Lab) -> Quantity:
    """Requests that the small card writes at once: tokens a second, times the seconds of each."""
    return Quantity(_running(H100), "requests")


def large_card_running(lab: Lab) -> Quantity:
    return Quantity(_running(H200), "requests")


def all_are_running(lab: Lab) -> Quantity:
    """Everybody who has sent a request."""
    return Quantity(USERS, "requests")


def running_by_speed(lab: Lab) -> Quantity:
    """As if those who are written divided one speed: half the time a token, half of the users."""
    return Quantity(USERS * H100.gap_s / H200.gap_s, "requests")


def small_card_alone(lab: Lab) -> Quantity:
    return Quantity(H100_ALONE_S, "s")


def fp8_running(lab: Lab) -> Quantity:
    """The same card with weights in fp8."""
    return Quantity(_running(H100_FP8), "requests")


def fp8_first(lab: Lab) -> Quantity:
    return Quantity(H100_FP8.first_s, "s")


def _weights(precision: str) -> float:
    return weight_bytes(System(load_model("qwen3.5-27b"), _card("h100-sxm"), weights=precision))


def small_card_given(lab: Lab) -> Quantity:
    """What that server gives to weights and requests."""
    return Quantity(SHARE * _card("h100-sxm").memory_bytes, "B", digits=2)


def small_card_weights(lab: Lab) -> Quantity:
    """Weights of a model of that shape in 16 bits, without its layers for drafts and pictures."""
    return Quantity(_weights("bf16"), "B")


def small_card_fit(lab: Lab) -> Quantity:
    """Such requests, their answers half written, that fit beside the weights by the byte."""
    system = System(load_model("qwen3.5-27b"), _card("h100-sxm"))
    return Quantity(capacity(system, READ + WRITTEN // 2, SHARE).sequences, "requests")


def fp8_weights_saved(lab: Lab) -> Quantity:
    return Quantity(_weights("bf16") - _weights("fp8"), "B", digits=2)


def small_card_requests_rate(lab: Lab) -> Quantity:
    """Requests a second."""
    return Quantity(_written(H100) / WRITTEN, "requests/s")


def small_card_wait_by_hand(lab: Lab) -> Quantity:
    """Who is not written waits until so many have gone through."""
    return Quantity((USERS - _running(H100)) / float(small_card_requests_rate(lab)), "s")


# --- a published sweep (NIM with TensorRT-LLM, Llama-3.3-70B in fp8 on two H100, 5,000 tokens in, 500 out)

FEWER, ROW, ASKED, SWEEP_PROMPT, SWEEP_ANSWER = 50, 100, 150, 5_000, 500


@lru_cache(maxsize=1)
def sweep() -> dict[int, Point]:
    """Its rows by number of users."""
    return {point.concurrency: point for point in published()}


def _inside(row: Point) -> float:
    """Little's law in tokens, as above."""
    return row.tokens_per_s * row.itl_s


def _wait(row: Point, users: int) -> float:
    """From one row of a full server: those outside, over the requests a second."""
    return (users - _inside(row)) / (row.tokens_per_s / SWEEP_ANSWER)


def sweep_row(lab: Lab) -> int:
    """Users of the row that is shown."""
    return ROW


def sweep_fewer(lab: Lab) -> int:
    """Users of a row in which nobody waits for a seat."""
    return FEWER


def sweep_asked(lab: Lab) -> int:
    """Users of the row that is asked for."""
    return ASKED


def sweep_prompt(lab: Lab) -> Quantity:
    return Quantity(SWEEP_PROMPT, "tokens", digits=4)


def sweep_answer(lab: Lab) -> Quantity:
    return Quantity(SWEEP_ANSWER, "tokens")


def sweep_rate(lab: Lab) -> Quantity:
    return Quantity(sweep()[ROW].tokens_per_s, "tok/s")


def sweep_gap(lab: Lab) -> Quantity:
    return Quantity(sweep()[ROW].itl_s, "s")


def sweep_first(lab: Lab) -> Quantity:
    return Quantity(sweep()[ROW].ttft_s, "s", digits=2)


def sweep_first_of_fewer(lab: Lab) -> Quantity:
    return Quantity(sweep()[FEWER].ttft_s, "s", digits=2)


def sweep_running(lab: Lab) -> Quantity:
    """Requests that are being written: tokens a second, times the seconds of each."""
    return Quantity(_inside(sweep()[ROW]), "requests")


def sweep_requests_rate(lab: Lab) -> Quantity:
    return Quantity(sweep()[ROW].tokens_per_s / SWEEP_ANSWER, "requests/s")


def sweep_wait(lab: Lab) -> Quantity:
    """Time to first token of the next row, by one division."""
    return Quantity(_wait(sweep()[ROW], ASKED), "s")


def sweep_measured(lab: Lab) -> Quantity:
    return Quantity(sweep()[ASKED].ttft_s, "s")


def sweep_in_proportion(lab: Lab) -> Quantity:
    """As if the wait grew as the users do."""
    return Quantity(sweep()[ROW].ttft_s * ASKED / ROW, "s")


def sweep_all_wait(lab: Lab) -> Quantity:
    """As if all users were ahead of each."""
    return Quantity(ASKED * SWEEP_ANSWER / sweep()[ROW].tokens_per_s, "s")


def sweep_later_rows(lab: Lab) -> str:
    """Computed from the same row, and measured, at 200 and at 250 users."""
    shown = [
        f"{_wait(sweep()[ROW], users):.1f} s at {users} ({sweep()[users].ttft_s:.1f} s measured)"
        for users in (200, 250)
    ]
    return " and ".join(shown)


def _sweep_seats(kv: str) -> float:
    """Requests of the sweep's lengths that fit, room kept for all of each answer, as that engine does by default."""
    system = replace(sweep_system(), kv=kv)
    cut = pages(system, tensorrt_llm(system))
    return cut.total / math.ceil((SWEEP_PROMPT + SWEEP_ANSWER) / cut.tokens)


def sweep_seats_in_16(lab: Lab) -> Quantity:
    """Seats if the cache were kept in 16 bits."""
    return Quantity(_sweep_seats("bf16"), "requests", digits=2)


def sweep_seats_in_8(lab: Lab) -> Quantity:
    """Seats if it were kept in 8 bits."""
    return Quantity(_sweep_seats("fp8"), "requests", digits=2)


#: the same model and cards with the version before, 1.5.0: its row of 100 users, and the first token measured at 150
OLDER, OLDER_MEASURED_S = Point(100, 17.75493, 0.08755, 777.31), 46.38193


def older_wait(lab: Lab) -> Quantity:
    return Quantity(_wait(OLDER, ASKED), "s")


def older_measured(lab: Lab) -> Quantity:
    return Quantity(OLDER_MEASURED_S, "s")


# --- what preemptions cost: vllm pull request 44594, Qwen2.5-7B on one GB200, share of the blocks kept free: none, 5 %
# and 15 %


class Watermark(NamedTuple):
    """preemptions: of all requests. tokens_per_s: of all answers. first_s: median first token. gap_p99_s: between tokens."""

    preemptions: int
    tokens_per_s: float
    first_s: float
    gap_p99_s: float


WITHOUT, WITH = Watermark(1_065, 11_582, 6.56, 0.04062), Watermark(187, 12_167, 11.20, 0.01770)
#: the widest share that was tried, with its preemptions and tokens a second
WIDEST, PREEMPTIONS_WIDEST, RATE_WIDEST = 0.15, 168, 11_635
#: requests of the run, tokens of a prompt and of an answer (both about), tokens read again at each preemption
RUN, RUN_PROMPT, RUN_ANSWER, READ_AGAIN = 450, 1_000, 5_000, 3_500
#: requests under way, and the share of the blocks that stays free
AT_ONCE, KEPT_FREE = 128, 0.05


def run_requests_measured(lab: Lab) -> int:
    return RUN


def run_at_once(lab: Lab) -> int:
    """Requests that its client keeps under way."""
    return AT_ONCE


def watermark_set(lab: Lab) -> str:
    """The flag's value."""
    return f"{KEPT_FREE:g}"


def watermark_wide(lab: Lab) -> str:
    """The flag's widest value that was tried."""
    return f"{WIDEST:g}"


def preemptions_wide(lab: Lab) -> Quantity:
    return Quantity(PREEMPTIONS_WIDEST, "preemptions")


def rate_wide(lab: Lab) -> Quantity:
    return Quantity(RATE_WIDEST, "tok/s", digits=5)


def watermark_share(lab: Lab) -> Quantity:
    return Quantity(100 * KEPT_FREE, "%")


def run_prompt(lab: Lab) -> Quantity:
    return Quantity(RUN_PROMPT, "tokens", digits=4)


def run_answer(lab: Lab) -> Quantity:
    return Quantity(RUN_ANSWER, "tokens", digits=4)


def run_read_again(lab: Lab) -> Quantity:
    return Quantity(READ_AGAIN, "tokens", digits=4)


def preemptions_without(lab: Lab) -> Quantity:
    return Quantity(WITHOUT.preemptions, "preemptions", digits=4)


def preemptions_with(lab: Lab) -> Quantity:
    return Quantity(WITH.preemptions, "preemptions")


def rate_without(lab: Lab) -> Quantity:
    return Quantity(WITHOUT.tokens_per_s, "tok/s", digits=5)


def rate_with(lab: Lab) -> Quantity:
    return Quantity(WITH.tokens_per_s, "tok/s", digits=5)


def gap_without(lab: Lab) -> Quantity:
    return Quantity(WITHOUT.gap_p99_s, "s")


def gap_with(lab: Lab) -> Quantity:
    return Quantity(WITH.gap_p99_s, "s")


def watermark_gain(lab: Lab) -> Quantity:
    """How much more is written, as measured: what fewer preemptions bring, less what pages that stay free cost."""
    return Quantity(100 * (WITH.tokens_per_s / WITHOUT.tokens_per_s - 1), "%", digits=2)


def run_time(lab: Lab) -> Quantity:
    """Seconds of the run: its written tokens over tokens a second."""
    return Quantity(RUN * RUN_ANSWER / WITHOUT.tokens_per_s, "s")


def rereading_time(lab: Lab) -> Quantity:
    """Seconds of steps in which somebody is read again, each as long as the p99 gap: about, for a gap says nothing of its cause."""
    return Quantity(WITHOUT.preemptions * WITHOUT.gap_p99_s, "s", digits=2)


def rereading_share(lab: Lab) -> Quantity:
    """One over the other."""
    return Quantity(100 * float(rereading_time(lab)) / float(run_time(lab)), "%", digits=2)


def _read_again() -> float:
    return WITHOUT.preemptions * READ_AGAIN


def rereading_by_tokens(lab: Lab) -> Quantity:
    """The tokens that are read again, as a share of all that the server reads and writes."""
    return Quantity(100 * _read_again() / (_read_again() + RUN * (RUN_PROMPT + RUN_ANSWER)), "%", digits=2)


def rereading_of_reading(lab: Lab) -> Quantity:
    """As a share of what it reads."""
    return Quantity(100 * _read_again() / (_read_again() + RUN * RUN_PROMPT), "%", digits=2)


# --- two policies of admission: TensorRT-LLM issue 16827, Llama-3.3-70B in fp8 on H200, 16,384 tokens in, 512 out, 32 users


def policy_prompt(lab: Lab) -> Quantity:
    return Quantity(16_384, "tokens", digits=5)


def policy_answer(lab: Lab) -> Quantity:
    return Quantity(512, "tokens")


def policy_users(lab: Lab) -> int:
    return 32


def reserved_first(lab: Lab) -> Quantity:
    """Median first token where a request is let in only with room for all of its answer."""
    return Quantity(35.8, "s")


def overcommitted_first(lab: Lab) -> Quantity:
    """The same where it is let in as soon as its prompt has room."""
    return Quantity(27.1, "s")


def reserved_rate(lab: Lab) -> Quantity:
    return Quantity(161.0, "tok/s")


def overcommitted_rate(lab: Lab) -> Quantity:
    return Quantity(96.2, "tok/s", digits=2)


# --- same rate, longer answers: Qwen2.5-7B on an RTX 4090, mean first token with answers of 128 and of 1,024 tokens


def short_answers_there(lab: Lab) -> Quantity:
    return Quantity(128, "tokens")


def long_answers_there(lab: Lab) -> Quantity:
    return Quantity(1_024, "tokens", digits=4)


def short_answers_first(lab: Lab) -> Quantity:
    return Quantity(0.196, "s")


def long_answers_first(lab: Lab) -> Quantity:
    return Quantity(144.074, "s")


# --- before paging: Fig. 2 of the PagedAttention paper


def reserved_least(lab: Lab) -> Quantity:
    """Share of the cache that held tokens where the longest length was reserved."""
    return Quantity(20.4, "%", digits=2)


def reserved_most(lab: Lab) -> Quantity:
    """The same with the best of those policies."""
    return Quantity(38.2, "%", digits=2)
