"""What others measured or reported of prefix caching; each source stands in the words."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab

# --- coding agents with a store of caches that engines share (vLLM blog, 2026-05-06)


def agent_hits_before(lab: Lab) -> Quantity:
    return Quantity(1.7, "%", digits=2)


def agent_hits(lab: Lab) -> Quantity:
    return Quantity(92.2, "%")


def agent_gain(lab: Lab) -> Quantity:
    return Quantity(3.8, "x", digits=2)


def agent_first_gain(lab: Lab) -> Quantity:
    """Median time to first token, without over with."""
    return Quantity(46.0, "x", digits=2)


def agent_whole_gain(lab: Lab) -> Quantity:
    """End to end."""
    return Quantity(8.6, "x", digits=2)


def agent_ratio(lab: Lab) -> int:
    """Tokens read for each one written, on average."""
    return 131


# --- a short agent workload, 64 at once (vLLM pull request 53395)


def short_agent_hits(lab: Lab) -> Quantity:
    return Quantity(94.59, "%", digits=4)


def short_agent_gain_least(lab: Lab) -> Quantity:
    """More throughput, at least."""
    return Quantity(5.7, "%", digits=2)


def short_agent_gain(lab: Lab) -> Quantity:
    """And at most."""
    return Quantity(6.2, "%", digits=2)


def short_agent_reading(lab: Lab) -> Quantity:
    """Share of the time that reading took at most, if the gain is all that the hits saved."""
    gain, hits = 1 + float(short_agent_gain(lab)) / 100, float(short_agent_hits(lab)) / 100
    return Quantity(100 * (1 - 1 / gain) / hits, "%", digits=1)


# --- one prompt three times, a hybrid (a comment in vLLM issue 45238)


def reported_prompt(lab: Lab) -> Quantity:
    return Quantity(20_000, "tokens", digits=2)


def reported_once(lab: Lab) -> Quantity:
    """To the one token that was asked for."""
    return Quantity(12.80, "s")


def reported_twice(lab: Lab) -> Quantity:
    return Quantity(12.94, "s")


def reported_thrice(lab: Lab) -> Quantity:
    return Quantity(1.67, "s")


# --- two engines on one workload (vLLM pull request 54608)


def short_prompt_reported(lab: Lab) -> Quantity:
    """The system prompt that all share."""
    return Quantity(240, "tokens", digits=2)


# --- sessions pinned to engines by a hash (prime-rl pull request 3255)


def pinned_hits_before(lab: Lab) -> Quantity:
    return Quantity(98, "%", digits=2)


def pinned_hits_after(lab: Lab) -> Quantity:
    return Quantity(5, "%", digits=1)


def pinned_slower(lab: Lab) -> Quantity:
    return Quantity(4, "x", digits=1)


# --- claims


def more_hits_gained_less(lab: Lab) -> bool:
    """Of the two reports the one with more hits gained less, and reading cannot have been a tenth of its time."""
    return (
        float(short_agent_hits(lab)) > float(agent_hits(lab))
        and 1 + float(short_agent_gain(lab)) / 100 < float(agent_gain(lab))
        and float(short_agent_reading(lab)) < 10
    )
