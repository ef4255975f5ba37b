"""One long prompt on an idle server, with nothing of it cached and with nearly all of it.

Simulated at vLLM's defaults and the engine's expected step times: computed, not measured.
"""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab
from lessonlib.roofline.band import band
from lessonlib.serving import Request, Result, Scheduler, Trace, simulate

#: tokens of the prompt, of the part that was read before (ten pages of the default lab), and of the answer
PROMPT, SHARED, ANSWER = 8_400, 7_840, 240
#: and of the part that the picture finds
THREE_QUARTERS = 6_272
#: seconds between two requests, so that each is alone; on a hybrid the third is the first that finds its beginning
_APART_S, _SIGHTINGS = 600.0, 3


@lru_cache(maxsize=64)
def one_by_one(lab: Lab, cost: str = "expected", shared: int = SHARED) -> Result:
    """Requests with the same beginning and ends of their own, each alone on the server."""
    work = [Request(_APART_S * turn, PROMPT, ANSWER, prefix=(("document", shared),)) for turn in range(_SIGHTINGS)]
    return simulate(lab.system, Trace(tuple(work), "one by one"), Scheduler(), cost=cost)


def _of(lab: Lab, name: str, turn: int, cost: str = "expected") -> Quantity:
    return Quantity(float(one_by_one(lab, cost).requests[name][turn]), "s")


def alone_prompt(lab: Lab) -> Quantity:
    return Quantity(PROMPT, "tokens", digits=4)


def alone_share(lab: Lab) -> Quantity:
    """The same as a share of the prompt."""
    return Quantity(100 * SHARED / PROMPT, "%", digits=2)


def alone_answer(lab: Lab) -> Quantity:
    return Quantity(ANSWER, "tokens")


def first_uncached(lab: Lab) -> Quantity:
    """Time to first token with nothing cached."""
    return _of(lab, "ttft_s", 0)


def first_cached(lab: Lab) -> Quantity:
    return _of(lab, "ttft_s", -1)


def first_of_a_quarter(lab: Lab) -> Quantity:
    """With about three quarters of the prompt cached (eight pages of the default lab)."""
    return Quantity(float(one_by_one(lab, shared=THREE_QUARTERS).requests["ttft_s"][-1]), "s")


def first_uncached_ceiling(lab: Lab) -> Quantity:
    """With steps of perfect software."""
    return _of(lab, "ttft_s", 0, "ceiling")


def first_cached_ceiling(lab: Lab) -> Quantity:
    return _of(lab, "ttft_s", -1, "ceiling")


def _within(lab: Lab, turn: int) -> tuple[float, float]:
    """Seconds from, to, in which nine of ten measured first tokens lie."""
    expected, ceiling = (float(_of(lab, "ttft_s", turn, cost)) for cost in ("expected", "ceiling"))
    return band(lab.system, "time to first token").around(expected, ceiling)


def first_uncached_low(lab: Lab) -> Quantity:
    """The fast end of the 90 % band, never below the ceiling."""
    return Quantity(_within(lab, 0)[0], "s")


def first_uncached_high(lab: Lab) -> Quantity:
    return Quantity(_within(lab, 0)[1], "s")


def first_cached_low(lab: Lab) -> Quantity:
    """The same with nearly all of the prompt cached."""
    return Quantity(_within(lab, -1)[0], "s")


def first_cached_high(lab: Lab) -> Quantity:
    return Quantity(_within(lab, -1)[1], "s")


def alone_gap(lab: Lab) -> Quantity:
    """Between two tokens of the answer."""
    return _of(lab, "tpot_s", 0)


def whole_uncached(lab: Lab) -> Quantity:
    """From sending to the last token."""
    return _of(lab, "e2e_s", 0)


def whole_cached(lab: Lab) -> Quantity:
    return _of(lab, "e2e_s", -1)


def first_saving(lab: Lab) -> Quantity:
    """By how much the first token comes sooner."""
    return Quantity(100 * (1 - float(first_cached(lab)) / float(first_uncached(lab))), "%", digits=2)


def whole_saving(lab: Lab) -> Quantity:
    """By how much the whole answer comes sooner."""
    return Quantity(100 * (1 - float(whole_cached(lab)) / float(whole_uncached(lab))), "%", digits=2)


def saving_by_hits(lab: Lab) -> Quantity:
    """As if what is cached were saved from the whole answer."""
    return Quantity(100 * SHARED / PROMPT, "%", digits=2)


def first_token_gains_more(lab: Lab) -> bool:
    """Claim: the first token comes at least four times sooner, the whole answer by less than two fifths, and no gap changes."""
    runs = one_by_one(lab).requests
    return (
        float(first_saving(lab)) > 75
        and float(whole_saving(lab)) < 40
        and abs(float(runs["tpot_s"][-1]) / float(runs["tpot_s"][0]) - 1) < 0.01
    )
