"""A lab's roof, and dots on it: what lesson 3 draws and later lessons add to. FLOP/s are those of all its GPUs together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypedDict

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.intensity import AXIS, per_byte
from lessonlib.roofline import Lab


class Dot(TypedDict):
    """A dot in a roof drawing: x in FLOP/byte, y in FLOP/s, and what is said beside it."""

    x: float
    y: float
    label: str


def attainable(lab: Lab, intensity: float) -> float:
    """The most FLOP/s that work of so many FLOPs for each byte can reach: the smaller of peak and bandwidth times intensity."""
    return min(lab.system.flops, lab.system.bandwidth * intensity)


def on_roof(lab: Lab, intensity: float, label: str) -> Dot:
    """Work of so many FLOPs for each byte, as high as it can stand."""
    return {"x": intensity, "y": attainable(lab, intensity), "label": label}


def roof_curve(lab: Lab) -> dict[str, Sequence[float]]:
    """The roof, FLOP/byte and FLOP/s: straight on log axes from its ends to its ridge, with a place halfway on each side."""
    (low, high), corner = AXIS, lab.system.ridge
    places = (low, math.sqrt(low * corner), corner, math.sqrt(corner * high), high)
    return {"x": places, "y": [attainable(lab, place) for place in places]}


def ridge(lab: Lab) -> Quantity:
    """Dense peak over bandwidth: the FLOPs for each byte at which both take equally long."""
    return per_byte(lab.system.flops / lab.system.bandwidth)
