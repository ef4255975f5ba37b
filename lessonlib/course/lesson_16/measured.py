"""Published numbers, each as its source has it: what a message takes, what uneven cards do, what one or two replicas hold."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab

#: kilobytes of a message -> microseconds of an all-reduce in a CUDA graph, four of eight H100, no other tenant
#: (nccl-collectives-bench, results/tp_latency_report.md, section 4)
_MESSAGES = {8: 12.3, 256: 14.2, 4096: 43.3}
#: watts of an RTX 5090 beside an RTX 3090, and of that (club-3090 issue 761)
_FAST_W, _SLOW_W = 76.9, 163.0
#: requests of 32,000 tokens that had room: one replica of eight cards, each of two replicas of four (vLLM issue 16011)
_ROOM_OF_ONE, _ROOM_OF_TWO = 21.89, 7.56


def measured_sizes(lab: Lab) -> list[str]:
    """Sizes of the messages that were timed."""
    return [f"{size} kB" if size < 1024 else f"{size // 1024} MB" for size in _MESSAGES]


def measured_messages(lab: Lab) -> list[Quantity]:
    """What each took."""
    return [Quantity(1e-6 * micro, "s") for micro in _MESSAGES.values()]


def fast_card_draws(lab: Lab) -> Quantity:
    """The faster of two uneven cards."""
    return Quantity(_FAST_W, "W", digits=2)


def slow_card_draws(lab: Lab) -> Quantity:
    return Quantity(_SLOW_W, "W")


def room_as_one(lab: Lab) -> Quantity:
    """Requests of 32,000 tokens in one replica of eight cards."""
    return Quantity(_ROOM_OF_ONE, "requests")


def room_as_two(lab: Lab) -> Quantity:
    """In two replicas of four cards, together."""
    return Quantity(2 * _ROOM_OF_TWO, "requests")
