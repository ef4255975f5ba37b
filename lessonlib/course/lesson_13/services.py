"""Two services with the same prompts and the same hits; one answers in a word, the other at length. What the cache is worth to each.

Closed loops, simulated once for each lab at vLLM's defaults and the engine's expected step times: computed, not measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab
from lessonlib.serving import LogNormal, Scheduler, Sharing, Telemetry, Workload, simulate

SEED = 13
#: tokens of a prompt, and of the beginning that all share (three pages of the default lab)
PROMPT, SHARED = 2_560, 2_352
#: mean answer of the service that sorts, and of the one that writes
WORD, ESSAY = 16, 450
#: times the requests a second that the quiz wants
WANTED = 4 / 3
#: users at once, and how many requests each sends
USERS, TURNS = 32, 5


@dataclass(frozen=True)
class Served:
    """Requests and answers' tokens a second while the server was full, share of prompt tokens that were found, share of the GPU's
    time in which prompts were read (of the same stretch as the rates: the start and the end of a run are made of other work), and
    median seconds to the first token.
    """

    requests_per_s: float
    tokens_per_s: float
    hits: float
    reading: float
    first_s: float


@lru_cache(maxsize=512)
def served(lab: Lab, shared: int, own: int, answer: int, users: int, caching: bool) -> Served:
    """So many users, each of whom asks again as soon as an answer is there; what comes first is left out."""
    prompt = shared + own
    work = Workload(
        TURNS * users,
        LogNormal(prompt, 0.02, shared + own // 2),
        LogNormal(answer, 0.4),
        None,
        Sharing(system_tokens=shared),
        seed=SEED,
    )
    result = simulate(lab.system, work, Scheduler(prefix_caching=caching), concurrency=users)
    rows = result.requests
    ends = np.sort(rows["finished_s"])
    begin, end = ends[len(ends) // 4], ends[7 * len(ends) // 8]
    done = (rows["finished_s"] > begin) & (rows["finished_s"] <= end)
    later = rows["arrival_s"] > rows["arrival_s"].min()
    return Served(
        float(done.sum() / (end - begin)),
        float(rows["output"][done].sum() / (end - begin)),
        float(rows["cached"][later].sum() / rows["prompt"][later].sum()),
        Telemetry(result).busy(begin, end)["reading_s"] / (end - begin),
        float(np.median(rows["ttft_s"][later])),
    )


def _served(lab: Lab, answer: int, caching: bool) -> Served:
    return served(lab, SHARED, PROMPT - SHARED, answer, USERS, caching)


def _gain(lab: Lab, answer: int) -> Quantity:
    return Quantity(
        _served(lab, answer, True).requests_per_s / _served(lab, answer, False).requests_per_s, "x", digits=3
    )


def service_prompt(lab: Lab) -> Quantity:
    return Quantity(PROMPT, "tokens", digits=4)


def service_shared(lab: Lab) -> Quantity:
    return Quantity(SHARED, "tokens", digits=4)


def service_users(lab: Lab) -> int:
    return USERS


def word_answer(lab: Lab) -> Quantity:
    return Quantity(WORD, "tokens")


def essay_answer(lab: Lab) -> Quantity:
    return Quantity(ESSAY, "tokens")


def service_hits(lab: Lab) -> Quantity:
    """Share of the prompt tokens that are found, in both services."""
    return Quantity(100 * _served(lab, ESSAY, True).hits, "%", digits=2)


def essay_reading(lab: Lab) -> Quantity:
    """Share of the GPU's time in which prompts are read, without the cache, in the service that writes."""
    return Quantity(100 * _served(lab, ESSAY, False).reading, "%", digits=2)


def word_reading(lab: Lab) -> Quantity:
    """The same in the service that sorts."""
    return Quantity(100 * _served(lab, WORD, False).reading, "%", digits=2)


def essay_gain(lab: Lab) -> Quantity:
    """Requests a second with the cache over those without, in the service that writes."""
    return _gain(lab, ESSAY)


def word_gain(lab: Lab) -> Quantity:
    """The same in the service that sorts."""
    return _gain(lab, WORD)


def gain_by_hits(lab: Lab) -> Quantity:
    """As if the hits were work that is no longer there, all of it: one over the misses."""
    return Quantity(1 / (1 - _served(lab, ESSAY, True).hits), "x", digits=3)


def gain_by_all_tokens(lab: Lab) -> Quantity:
    """As if a token were a token, of a prompt or of an answer."""
    return Quantity((PROMPT + ESSAY) / (PROMPT + ESSAY - SHARED), "x", digits=2)


def _by_hand(lab: Lab, answer: int) -> Quantity:
    """One over what is left of the time: all but the hits' share of reading, from both shares as the words show them."""
    hits, reading = _served(lab, answer, True).hits, _served(lab, answer, False).reading
    return Quantity(1 / (1 - round(hits, 2) * round(reading, 2)), "x", digits=3)


def essay_gain_by_hand(lab: Lab) -> Quantity:
    """The rule's gain in the service that writes."""
    return _by_hand(lab, ESSAY)


def essay_gain_at_most(lab: Lab) -> Quantity:
    """The same if nothing had to be read any more."""
    return Quantity(1 / (1 - _served(lab, ESSAY, False).reading), "x", digits=3)


def word_gain_by_hand(lab: Lab) -> Quantity:
    """The rule's gain in the service that sorts."""
    return _by_hand(lab, WORD)


def left_cost(lab: Lab) -> str:
    """What a prompt token costs that is still read with the cache, against one without it, in the service that writes."""
    off, on = (_served(lab, ESSAY, caching) for caching in (False, True))
    ratio = on.reading / on.requests_per_s / ((1 - on.hits) * off.reading / off.requests_per_s)
    if ratio < 0.9:
        return (
            "the weights are fetched for those anyway, so they cost less, and the gain is a little higher than by hand"
        )
    if ratio > 1.1 and lab.system.model.is_mixture:
        return "each piece fetches nearly all experts, so they cost more, and the gain is a little lower than by hand"
    return "on your lab they cost " + ("more, so the gain is a little lower" if ratio > 1.1 else "about the same")


def time_that_must_go(lab: Lab) -> Quantity:
    """Share of the time that has to go for so many times the requests a second: one less one over that."""
    return Quantity(100 * (1 - 1 / WANTED), "%", digits=2)


def hits_wanted(lab: Lab) -> Quantity:
    """Share of the prompt tokens that must be found for that, by the rule, in the service that writes."""
    return Quantity(100 * float(time_that_must_go(lab)) / float(essay_reading(lab)), "%", digits=2)


def hits_as_wanted(lab: Lab) -> Quantity:
    """As if so many more requests took as large a share of hits."""
    return Quantity(100 * (WANTED - 1), "%", digits=2)


def hits_if_a_third_goes(lab: Lab) -> Quantity:
    """As if as large a share of the time had to go as requests are to be gained."""
    return Quantity(100 * float(hits_as_wanted(lab)) / float(essay_reading(lab)), "%", digits=2)


def gain_follows_reading(lab: Lab) -> bool:
    """Claim: with the same hits the service that sorts gains three times or more, the one that writes less than two and a half times, and for
    that one the division by hand holds within 8 %; it gains no more than if nothing had to be read.
    """
    hits = [_served(lab, answer, True).hits for answer in (WORD, ESSAY)]
    return (
        abs(hits[0] - hits[1]) < 0.01
        and float(word_gain(lab)) > 3
        and float(essay_gain(lab)) < 2.5
        and abs(float(essay_gain_by_hand(lab)) / float(essay_gain(lab)) - 1) < 0.08
        and float(essay_gain(lab)) < float(essay_gain_at_most(lab))
    )
