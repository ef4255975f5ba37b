"""Lesson 7's incident, as its reporter measured it: one request writing while another's long prompt is read.

local-inference-lab/vllm, issue 541: GLM-5.3, chunked prefill on, plenty of memory for the cache.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab


def incident_before(lab: Lab) -> Quantity:
    return Quantity(272.6, "tok/s", digits=4)


def incident_during(lab: Lab) -> Quantity:
    return Quantity(6.62, "tok/s")


def incident_prompt(lab: Lab) -> Quantity:
    return Quantity(65_535, "tokens", digits=5)


def incident_lasts(lab: Lab) -> Quantity:
    return Quantity(16.474, "s")
