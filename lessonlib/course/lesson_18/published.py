"""Figures that others measured: routers in front of the same pods."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab


def measured_rates(lab: Lab) -> list[Quantity]:
    """Output tokens a second: at random, by load, by prefix and load (eight pods of two H100, Qwen3-32B)."""
    return [Quantity(value, "tok/s", digits=4) for value in (4428.7, 4428.7, 8730.0)]


def measured_firsts(lab: Lab) -> list[Quantity]:
    """p90 of the time to first token of the same."""
    return [Quantity(value, "s") for value in (92.551, 94.865, 0.542)]


def measured_beginnings(lab: Lab) -> Quantity:
    return Quantity(6_000, "tokens", digits=4)


def measured_customers(lab: Lab) -> int:
    return 150


def measured_by_prefix_alone(lab: Lab) -> Quantity:
    """Share of requests that succeeded when the prefix alone decided."""
    return Quantity(55.0, "%", digits=2)
