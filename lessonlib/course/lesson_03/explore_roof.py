"""Lesson 3's explorer: operations of a decode step under the roof of a card, by card, precision, batch and context."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.explore_ceilings import context_stops
from lessonlib.course.shared.intensity import AXIS, per_byte
from lessonlib.draw.explored import Axis, Explored, Line, Look, Point, Value
from lessonlib.roofline import GPU, Estimate, Lab, Operation, System, decode, load_gpu

#: the drawing is in TFLOP/s, on the axis on which the lesson has the roof drawn
_TERA, _LOW, _HIGH = 1e12, 0.3, 30_000.0
#: requests at the right end of its knob
MOST = 1024


def explore_roof(lab: Lab, *, gpu: str, weights: str, batch: int, context: int) -> Explored:
    """The roof, and on it the matrices, the attention and the whole step; the step stands as high as its parts let it."""
    card = lab.system.gpu if gpu == lab.system.gpu.name else load_gpu(gpu)
    system = replace(lab.system, gpu=card, weights=weights)
    step = decode(system, batch, context)
    place, rate = step.intensity, _rate(step.operations)
    share = 100 * rate / system.flops
    side = "left of" if place < system.ridge else "right of"
    return Explored(
        finding=f"{batch} request{'s' * (batch > 1)} of {context:,} tokens on {_named(system)}: the whole step has {per_byte(place)}, "
        f"{side} the ridge at {per_byte(system.ridge)}, and reaches at most {share:.2g} % of the peak, kernel by kernel.",
        values=[
            Value("ridge", "Ridge", per_byte(system.ridge)),
            Value("peak", "Peak, dense", Quantity(system.flops, "FLOP/s")),
            Value("bandwidth", "Memory bandwidth", Quantity(system.bandwidth, "B/s")),
            Value("place", "The whole step", per_byte(place), f"{side} the ridge"),
            Value("share", "Most of the peak", Quantity(share, "%", digits=2), "kernel by kernel"),
            Value("time", "Step, kernel by kernel", Quantity(step.flops / rate, "s"), "ceiling"),
        ],
        x=Axis("FLOP for each byte", "", log=True, low=AXIS[0], high=AXIS[1]),
        y=Axis("TFLOP/s", "", log=True, low=_LOW, high=_HIGH),
        lines=_roofs(system, card),
        points=[*_dots(step), Point("whole step", place, rate / _TERA, "main")],
    )


def roomy_batch(lab: Lab) -> int:
    """The most requests of the explorer."""
    return MOST


def shortest_stop(lab: Lab) -> Quantity:
    """Its shortest context."""
    return Quantity(min(context_stops(lab)), "tokens")


def intensity_at_shortest(lab: Lab) -> Quantity:
    """A whole step of so many requests with so little context."""
    return per_byte(decode(lab.system, MOST, min(context_stops(lab))).intensity)


def _named(system: System) -> str:
    return f"{system.gpus} × {system.gpu.title}" if system.gpus > 1 else system.gpu.title


def _roofs(system: System, card: GPU) -> list[Line]:
    lines = [_roof("the roof", system.flops, system.bandwidth, "main")]
    in_16 = card.flops["bf16"] * system.gpus
    if in_16 < system.flops:
        lines.append(_roof("roof of 16-bit arithmetic", in_16, system.bandwidth, "limit"))
    return lines


def _roof(label: str, peak: float, bandwidth: float, look: Look) -> Line:
    places = (AXIS[0], peak / bandwidth, AXIS[1])
    return Line(label, places, [min(peak, bandwidth * place) / _TERA for place in places], look)


def _dots(step: Estimate) -> Iterable[Point]:
    experts = [part for part in step.operations if part.name.startswith("experts:")]
    matrices = experts or [part for part in step.operations if part.name.startswith("MLP")]
    found = [
        ("experts" if experts else "feed-forward", matrices, "weights"),
        ("attention", [part for part in step.operations if part.kind == "attention"], "kv"),
        ("output head", [part for part in step.operations if part.name == "output head"], "other"),
    ]
    looks: dict[str, Look] = {"weights": "weights", "kv": "kv", "other": "other"}
    for label, parts, look in found:
        moved = sum(part.bytes for part in parts)
        if moved:
            yield Point(label, sum(part.flops for part in parts) / moved, _rate(parts) / _TERA, looks[look])


def _rate(parts: Iterable[Operation]) -> float:
    """FLOP/s if each kernel waits for its slower side, one after another."""
    together = list(parts)
    seconds = sum(max(part.compute_s, part.memory_s + part.spread_s) for part in together)
    return sum(part.flops for part in together) / seconds
