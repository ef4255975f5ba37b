"""Published measurements that the words name, and what the course's simulator makes of one of them.

Qwen3.8-27B, whose layers are those of Qwen3.5-27B, in bf16 on one GB300, SGLang, prompts and answers of 1,024 tokens, three drafts, 64
prompts for 1 and 16 users and 256 for 64. GSM8K on one server with one draft and with eight, 64 at once (vLLM pull request 48892).
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.checking import DRAFTS, chance_of, draft_seconds
from lessonlib.roofline import Lab, System, load_gpu, load_lab
from lessonlib.serving import Request, Result, Scheduler, Speculation, Trace, simulate

USERS = (1, 16, 64)
#: users -> first token and time per token in ms, tokens a second; without drafts and with them
PUBLISHED = {
    1: ((72.0, 10.3, 97.0), (76.0, 4.0, 245.0)),
    16: ((490.0, 12.5, 1235.0), (211.0, 6.3, 2306.0)),
    64: ((1622.0, 18.4, 3208.0), (3894.0, 10.9, 3995.0)),
}
#: users -> prompts that were sent
SENT = {1: 64, 16: 64, 64: 256}
LENGTH, TOKENS = 3.22, 1024
#: drafts, median gap between outputs and per token in ms, tokens a second, tokens a step
ONE_DRAFT, EIGHT_DRAFTS = (1, 22.40, 37.18, 1646.15, 1.84), (8, 159.60, 27.48, 2148.42, 4.40)
#: Llama-3.1-8B on one H100, SGLang, three drafts: requests in a step -> tokens a second over those without
EAGLE, EAGLE_3 = {2: 1.40, 16: 1.02, 24: 0.93, 64: 0.99}, {2: 1.81, 16: 1.48, 24: 1.39, 64: 1.38}


def _ms(users: int, drafts: bool, place: int) -> Quantity:
    return Quantity(PUBLISHED[users][int(drafts)][place] / 1e3, "s", digits=4 if place == 0 else 3)


def _each(drafts: bool, place: int) -> list[Quantity]:
    return [_ms(users, drafts, place) for users in USERS]


def first_token_without(lab: Lab) -> list[Quantity]:
    """First token of 1, 16 and 64 users without drafts."""
    return _each(False, 0)


def first_token_with(lab: Lab) -> list[Quantity]:
    return _each(True, 0)


def token_without(lab: Lab) -> list[Quantity]:
    """Time per token of 1, 16 and 64 users without drafts."""
    return _each(False, 1)


def token_with(lab: Lab) -> list[Quantity]:
    return _each(True, 1)


def token_gains(lab: Lab) -> list[Quantity]:
    """Without over with."""
    return [Quantity(PUBLISHED[users][0][1] / PUBLISHED[users][1][1], "x") for users in USERS]


def published_step_ratios(lab: Lab) -> list[Quantity]:
    """How many times as long a step must have taken: its tokens over how many times as often they came."""
    return [Quantity(LENGTH / float(each), "x") for each in token_gains(lab)]


def published_length(lab: Lab) -> Quantity:
    """Tokens of a step, on average."""
    return Quantity(LENGTH, "tokens")


def published_tokens(lab: Lab) -> Quantity:
    """Of each prompt, and of each answer."""
    return Quantity(TOKENS, "tokens", digits=4)


def crowd_without(lab: Lab) -> Quantity:
    """64 users, all answers together, without drafts."""
    return Quantity(PUBLISHED[64][0][2], "tok/s", digits=4)


def crowd_with(lab: Lab) -> Quantity:
    return Quantity(PUBLISHED[64][1][2], "tok/s", digits=4)


def crowd_by_token_gain(lab: Lab) -> Quantity:
    """As if tokens a second gained what the time per token gains."""
    return Quantity(PUBLISHED[64][0][2] * float(token_gains(lab)[2]), "tok/s", digits=4)


def crowd_by_length(lab: Lab) -> Quantity:
    """As if they gained the tokens of a step."""
    return Quantity(PUBLISHED[64][0][2] * LENGTH, "tok/s", digits=5)


def crowd_gain(lab: Lab) -> Quantity:
    return Quantity(PUBLISHED[64][1][2] / PUBLISHED[64][0][2], "x")


def alone_rate_gain(lab: Lab) -> Quantity:
    """One user: tokens a second with drafts over those without."""
    return Quantity(PUBLISHED[1][1][2] / PUBLISHED[1][0][2], "x")


def _stay(drafts: bool) -> float:
    first, token, _ = PUBLISHED[64][int(drafts)]
    return (first + (TOKENS - 1) * token) / 1e3


def request_time_without_drafts(lab: Lab) -> Quantity:
    """From sending to the last token without drafts: first token, and all others."""
    return Quantity(_stay(False), "s")


def request_time_with_drafts(lab: Lab) -> Quantity:
    """And with them."""
    return Quantity(_stay(True), "s")


def crowd_by_stay(lab: Lab) -> Quantity:
    """Tokens a second by Little's law: 64 users, each with an answer a stay."""
    return Quantity(64 * TOKENS / _stay(True), "tok/s", digits=4)


def crowd_by_stay_without(lab: Lab) -> Quantity:
    return Quantity(64 * TOKENS / _stay(False), "tok/s", digits=4)


# --- what the simulator makes of it


def _as_published() -> System:
    return replace(load_lab().system, gpu=load_gpu("gb300"), tp=1)


@lru_cache(maxsize=16)
def as_simulated(users: int, drafts: bool) -> Result:
    """The published run in the simulator, with the published tokens a step."""
    system = _as_published()
    speculation = Speculation(DRAFTS, chance_of(LENGTH, DRAFTS), draft_seconds(system)) if drafts else None
    sent = Trace(tuple(Request(0.0, TOKENS, TOKENS) for _ in range(SENT[users])), "as published")
    scheduler = Scheduler(prefix_caching=False, speculation=speculation)
    return simulate(system, sent, scheduler, concurrency=users, record="summary")


def _simulated_token_gain(users: int) -> float:
    return as_simulated(users, False).mean("tpot_s") / as_simulated(users, True).mean("tpot_s")


def simulated_token_gains(lab: Lab) -> list[Quantity]:
    return [Quantity(_simulated_token_gain(users), "x") for users in USERS]


def simulated_crowd_gain(lab: Lab) -> Quantity:
    rates = [as_simulated(64, drafts).throughput_tokens_per_s for drafts in (False, True)]
    return Quantity(rates[1] / rates[0], "x")


def simulated_too_high(lab: Lab) -> list[Quantity]:
    """By how many per cent the simulated gains in the time per token are above the measured ones."""
    return [
        Quantity(100 * (_simulated_token_gain(users) / float(measured) - 1), "%", digits=2)
        for users, measured in zip(USERS, token_gains(lab), strict=True)
    ]


def simulated_crowd_too_high(lab: Lab) -> Quantity:
    """The same for the tokens a second of 64 users."""
    return Quantity(100 * (float(simulated_crowd_gain(lab)) / float(crowd_gain(lab)) - 1), "%", digits=2)


# --- gaps


def gaps_measured(lab: Lab) -> list[Quantity]:
    """Median time between outputs with one draft and with eight."""
    return [Quantity(row[1] / 1e3, "s") for row in (ONE_DRAFT, EIGHT_DRAFTS)]


def per_token_measured(lab: Lab) -> list[Quantity]:
    """Median time per token with one draft and with eight."""
    return [Quantity(row[2] / 1e3, "s") for row in (ONE_DRAFT, EIGHT_DRAFTS)]


def rates_measured(lab: Lab) -> list[Quantity]:
    """Tokens a second, all answers together."""
    return [Quantity(row[3], "tok/s", digits=4) for row in (ONE_DRAFT, EIGHT_DRAFTS)]


def lengths_measured(lab: Lab) -> list[Quantity]:
    """Tokens a step."""
    return [Quantity(row[4], "tokens") for row in (ONE_DRAFT, EIGHT_DRAFTS)]


def rate_by_gap(lab: Lab) -> Quantity:
    """Tokens a second of 64 answers that each get the tokens of a step after every median gap, with one draft."""
    return Quantity(64 * ONE_DRAFT[4] / (ONE_DRAFT[1] / 1e3), "tok/s", digits=2)


def rate_growth(lab: Lab) -> Quantity:
    """By how many per cent tokens a second rose."""
    return Quantity(100 * (EIGHT_DRAFTS[3] / ONE_DRAFT[3] - 1), "%", digits=2)


def eagle_gains(lab: Lab) -> list[Quantity]:
    """The first version's head."""
    return [Quantity(value, "x") for value in EAGLE.values()]


def eagle_3_gains(lab: Lab) -> list[Quantity]:
    """The third version's."""
    return [Quantity(value, "x") for value in EAGLE_3.values()]


# --- claims


def simulator_is_kind(lab: Lab) -> bool:
    """Above what was measured, by a tenth or so alone, by more in a crowd, by half in the crowd's tokens a second."""
    high = [float(each) for each in simulated_too_high(lab)]
    return (
        0 < high[0] < 15 and all(10 < each < 35 for each in high[1:]) and 40 < float(simulated_crowd_too_high(lab)) < 70
    )


def stays_explain(lab: Lab) -> bool:
    """By Little's law within a per cent without drafts, and a tenth with them."""
    off = float(crowd_by_stay_without(lab)) / PUBLISHED[64][0][2], float(crowd_by_stay(lab)) / PUBLISHED[64][1][2]
    return abs(off[0] - 1) < 0.01 and 1.0 < off[1] < 1.1
