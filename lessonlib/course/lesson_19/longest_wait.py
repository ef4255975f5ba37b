"""The queue that a start leaves: who waits longest, when requests are sent to a replica as they come and stay there.

What comes beyond what the one replica serves piles up for the length of the start. The second replica takes new requests; those that
wait stay with the first.
"""

from __future__ import annotations

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_19.jump import AFTER, first_ready_s, scaled
from lessonlib.course.lesson_19.service import carried
from lessonlib.roofline import Lab

#: seconds of a start whose image is on the node already
QUICK_S = 180.0


def quick_start(lab: Lab) -> Quantity:
    """From the decision until the replica takes requests, image on the node."""
    return Quantity(QUICK_S / 60, "minutes")


def quick_queue(lab: Lab) -> Quantity:
    """Requests that wait at the first replica when the second one is ready."""
    return Quantity((AFTER - 1) * carried(lab.system) * QUICK_S, "requests")


def longest_wait(lab: Lab) -> Quantity:
    """That queue over what the first replica serves."""
    return Quantity((AFTER - 1) * QUICK_S, "s")


def wait_of_a_start(lab: Lab) -> Quantity:
    """As if everybody waited for the new replica, and no longer."""
    return Quantity(QUICK_S, "s", digits=2)


def wait_if_shared(lab: Lab) -> Quantity:
    """As if both replicas worked on the queue."""
    return Quantity((AFTER - 1) * QUICK_S / 2, "s", digits=2)


def longest_in_run(lab: Lab) -> Quantity:
    """The longest wait for a first token of those who came before a second replica was ready, in the run of the jump."""
    run = scaled(lab.system)
    early = run.requests["arrival_s"] < first_ready_s(run)
    return Quantity(float(np.nanmax(run.requests["ttft_s"][early])), "s", digits=2)


def waits_past_the_start(lab: Lab) -> bool:
    """In the run somebody waits longer than the start, and about as long as the queue over what one replica serves."""
    computed = float(longest_wait(lab)) * 300.0 / QUICK_S
    return 0.75 < float(longest_in_run(lab)) / computed < 1.25 and float(longest_in_run(lab)) > 1.2 * 300.0
