"""How many requests of one length a lab's memory holds, counted as vLLM hands it out: in whole pages, at its defaults.

A request holds pages for its tokens, and some whatever its length: for recurrent states (two of each with prefix caching), or for
windows as if full. ``serving.replica.pages`` has the rules and their sources; the simulator counts by them as well.
"""

from __future__ import annotations

from lessonlib.roofline import Lab
from lessonlib.serving import Scheduler
from lessonlib.serving.replica.pages import pages


def requests_in_pages(lab: Lab, tokens: int) -> int:
    """Requests of so many tokens each that fit beside the weights."""
    cut = pages(lab.system, Scheduler())
    return cut.total // (cut.fixed + -(-tokens // cut.tokens))
