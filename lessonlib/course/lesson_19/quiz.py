"""The closing quiz: how long a queue lasts once enough replicas are ready, and where a scaler on GPU utilisation comes to rest."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_19.service import busy_share, carried
from lessonlib.roofline import Lab, load_lab

#: traffic over what a replica carries, minutes that replicas take to start, replicas once they are ready
_RATE, _START_MIN, _READY = 2.6, 4.0, 3
#: traffic of the second question, and the target of its scaler, as shares
_LOAD, _TARGET, _TOLERANCE, _MOST = 0.8, 0.8, 0.1, 8
_STEPS = (1, 2, 3, 4, 5, 6, 7)
#: the labs of the second question
ELSEWHERE = ("qwen3.5-27b-2xh100-nvl", "deepseek-v3-8xh200-fp8")


@dataclass(frozen=True)
class _Drain:
    """The case of the first question, in the digits that its stem prints: who does the sum by hand ends at the truth.

    comes, serves: requests a second, of the traffic and of one replica. waits: requests at the first replica when all are ready.
    """

    comes: float
    serves: float
    waits: int

    @property
    def spare(self) -> float:
        """Requests a second that the first replica serves beyond its share of those that come."""
        return self.serves - self.comes / _READY


def _drain(lab: Lab) -> _Drain:
    comes, serves = (float(f"{each * carried(lab.system):.3g}") for each in (_RATE, 1.0))
    return _Drain(comes, serves, round((comes - serves) * 60 * _START_MIN))


def drain_rate(lab: Lab) -> Quantity:
    return Quantity(_drain(lab).comes, "requests/s")


def drain_serves(lab: Lab) -> Quantity:
    """Requests a second that one replica serves."""
    return Quantity(_drain(lab).serves, "requests/s")


def drain_start(lab: Lab) -> Quantity:
    return Quantity(_START_MIN, "minutes")


def drain_queue(lab: Lab) -> Quantity:
    """Requests that wait when three are ready."""
    return Quantity(_drain(lab).waits, "requests")


def drain_spare(lab: Lab) -> Quantity:
    """Requests a second that the first replica serves beyond its third of those that come."""
    return Quantity(_drain(lab).spare, "requests/s")


def drain_time(lab: Lab) -> Quantity:
    """The queue over what the first replica has to spare: those who wait stay with it."""
    return Quantity(_drain(lab).waits / _drain(lab).spare / 60, "minutes")


def drain_by_the_fleet(lab: Lab) -> Quantity:
    """As if all that are ready worked on the queue."""
    return Quantity(_drain(lab).waits / (_READY * _drain(lab).spare) / 60, "minutes")


def drain_without_arrivals(lab: Lab) -> Quantity:
    """As if nobody came to the first replica meanwhile."""
    return Quantity(_drain(lab).waits / _drain(lab).serves / 60, "minutes")


def gauge_load(lab: Lab) -> Quantity:
    """Traffic over what one replica carries."""
    return Quantity(100 * _LOAD, "%")


def gauge_by_replicas(lab: Lab) -> list[Quantity]:
    """What each GPU's utilisation shows when the traffic is spread over one to seven replicas."""
    return [Quantity(100 * busy_share(lab.system, _LOAD / count), "%", digits=2) for count in _STEPS]


def idle_by_replicas(lab: Lab) -> list[Quantity]:
    """Seconds of a minute in which no step runs, for the same numbers of replicas."""
    return [Quantity(round(60 * (1 - busy_share(lab.system, _LOAD / count)), 1), "seconds") for count in _STEPS]


def gauge_rests_at(lab: Lab) -> Quantity:
    """Replicas from which the autoscaler does not move, starting with one."""
    count = 1
    while count < _MOST:
        ratio = busy_share(lab.system, _LOAD / count) / _TARGET
        if abs(ratio - 1) <= _TOLERANCE or math.ceil(count * ratio) <= count:
            break
        count = math.ceil(count * ratio)
    return Quantity(count, "replicas")


def gauge_as_load(lab: Lab) -> Quantity:
    """As if utilisation were the load: one replica is just at its target."""
    return Quantity(math.ceil(_LOAD / _TARGET), "replicas")


def gauge_without_rest(lab: Lab) -> Quantity:
    """As if it showed the same whatever the load."""
    return Quantity(_MOST, "replicas")


def rests_above_need(lab: Lab) -> bool:
    """On the labs of the question the scaler rests at several replicas where one would do, and not at the most."""
    return all(1 < float(gauge_rests_at(load_lab(name))) < _MOST for name in ELSEWHERE)
