"""Lesson 13, prefix caching: what the words say of the lab's own cache.

The numbers stand beside what they are about: ``alone`` (one request), ``sightings`` (pages and states), ``services`` (hits and
gain), ``documents`` (room and replicas), ``new_template`` (the incident), ``published`` (what others measured).
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.base.versions import vllm
from lessonlib.roofline import Lab
from lessonlib.serving import Scheduler
from lessonlib.serving.replica.pages import pages


def own_page(lab: Lab) -> Quantity:
    """Tokens of a page of the lab's own cache."""
    return Quantity(pages(lab.system, Scheduler()).tokens, "tokens")


def block_line(lab: Lab) -> str:
    """The beginning of the line in which vLLM says how large a hybrid's page is."""
    return vllm().lines["hybrid_block"].text.split("{")[0].strip()


def hit_rate_requests(lab: Lab) -> Quantity:
    """Requests over which vLLM's log counts its hit rate (CachingMetrics in v1/metrics/stats.py, 0.33.0)."""
    return Quantity(1_000, "requests", digits=4)
