"""The other set-up that a transfer question is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lessonlib.roofline import Lab, load_gpu, load_lab


def another_lab(lab: Lab, where: Mapping[str, Sequence[str]]) -> Lab:
    """The set-up ``where`` names, as seen from ``lab``.

    ``{"gpu": ["h200-sxm", "h100-sxm"]}`` is the same lab on the first of these GPUs that is not its own;
    ``{"lab": [...]}`` likewise takes another shipped lab. What was measured on the own GPUs does not travel.
    """
    if "lab" in where:
        return load_lab(next(name for name in where["lab"] if name != lab.name))
    gpu = load_gpu(next(name for name in where["gpu"] if name != lab.system.gpu.name))
    return replace(lab, system=replace(lab.system, gpu=gpu), measured={})
