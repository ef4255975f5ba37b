"""The operations of a lab under its roof: reading its usual prompt, and writing for a batch behind such prompts."""

from __future__ import annotations

from lessonlib.roofline import Lab
from lessonlib.roofline.report import Case

from . import roofline_operations, style

BATCH = 16


def draw(lab: Lab) -> style.Figure:
    """Every operation of a prefill of 16 prompts and of a decode step of 16 requests, each of the lab's usual prompt."""
    return roofline_operations.draw(Case(lab.system, BATCH, lab.prompt, lab.prompt))
