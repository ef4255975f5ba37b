"""Another card for the pool that writes: an H20, with a seventh of an H100's FLOP/s and more of its bandwidth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_20.fleets import BEST, PROMPTS, cost, felt_at_peak
from lessonlib.roofline import GPU, Lab, load_gpu
from lessonlib.serving.replica.step_time import StepCost

CARD = "h20"


def _card() -> GPU:
    return load_gpu(CARD)


def _flops(gpu: GPU, lab: Lab) -> float:
    """Dense peak of the precision that the lab's matrices are multiplied in."""
    precision = "fp8" if lab.system.weights == "fp8" and "fp8" in gpu.flops else "bf16"
    return gpu.flops[precision]


def other_card_flops(lab: Lab) -> Quantity:
    """FLOP/s of one H20."""
    return Quantity(_flops(_card(), lab), "FLOP/s")


def writer_flops(lab: Lab) -> Quantity:
    """FLOP/s of one of the lab's GPUs."""
    return Quantity(_flops(lab.system.gpu, lab), "FLOP/s")


def other_card_bandwidth(lab: Lab) -> Quantity:
    """Bytes a second of its memory."""
    return Quantity(_card().bandwidth, "B/s")


def writer_bandwidth(lab: Lab) -> Quantity:
    return Quantity(lab.system.gpu.bandwidth, "B/s")


def _token(lab: Lab, gpu: str = "") -> float:
    return float(np.nanmedian(felt_at_peak(lab, BEST, 0, gpu).token_s))


def token_on_own(lab: Lab) -> Quantity:
    """Median time of a token with three that read and one that writes, all on the lab's cards."""
    return Quantity(_token(lab), "s")


def token_on_other(lab: Lab) -> Quantity:
    """The same where the one that writes has H20s."""
    return Quantity(_token(lab, CARD), "s")


def reading_on_other(lab: Lab) -> Quantity:
    """The time of a mean prompt there, alone."""
    return Quantity(StepCost(replace(lab.system, gpu=_card())).mixed([(PROMPTS[0], 0)]), "s")


def reading_on_own(lab: Lab) -> Quantity:
    """The time of a mean prompt on the lab's own cards, alone."""
    return Quantity(cost(lab).mixed([(PROMPTS[0], 0)]), "s")


def other_card_writes_sooner(lab: Lab) -> bool:
    """On the labs of the question a token comes sooner there, and a prompt takes four times as long to read or more."""
    if lab.system.model.name != "qwen3.5-27b" or lab.system.gpu.name != "h100-sxm":
        return True
    sooner = float(token_on_other(lab)) < 0.9 * float(token_on_own(lab))
    return sooner and float(reading_on_other(lab)) > 4 * float(reading_on_own(lab))
