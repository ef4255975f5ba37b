"""What the words say of the learner's own lab: a prompt alone, and the names in the manifests."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab
from lessonlib.roofline.band import band
from lessonlib.serving import Request, Scheduler, Trace, simulate

#: tokens of a prompt, and of its answer
_PROMPT, _ANSWER = 5_000, 2


def routed_app(lab: Lab) -> str:
    """The name of the service in the manifests: Kubernetes allows no dot in it."""
    return lab.system.model.name.replace(".", "-")


@lru_cache(maxsize=64)
def _alone(lab: Lab, cost: str) -> float:
    """Seconds to the first token of one prompt on an idle replica."""
    one = Trace((Request(0.0, _PROMPT, _ANSWER),), "one prompt")
    return float(simulate(lab.system, one, Scheduler(), cost=cost).requests["ttft_s"][0])


def routed_alone(lab: Lab) -> Quantity:
    """Expected time to first token, on an idle replica."""
    return Quantity(_alone(lab, "expected"), "s")


def routed_alone_ceiling(lab: Lab) -> Quantity:
    """The same with steps of perfect software."""
    return Quantity(_alone(lab, "ceiling"), "s")


def first_tokens_are_surer(lab: Lab) -> bool:
    """Claim: the band of a first token is narrower than that of reading a prompt alone (Lesson 16)."""
    first, reading = (band(lab.system, metric).factor for metric in ("time to first token", "prefill"))
    return first < 0.95 * reading


def _within(lab: Lab) -> tuple[float, float]:
    return band(lab.system, "time to first token").around(_alone(lab, "expected"), _alone(lab, "ceiling"))


def routed_alone_low(lab: Lab) -> Quantity:
    """The fast end of the 90 % band, never below the ceiling."""
    return Quantity(_within(lab)[0], "s")


def routed_alone_high(lab: Lab) -> Quantity:
    return Quantity(_within(lab)[1], "s")
