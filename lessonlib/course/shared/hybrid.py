"""Hybrids of attention and linear attention: the lab's own model if it is one, else the default lab's, which is."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.lab_numbers import has_state
from lessonlib.roofline import DEFAULT_LAB, Lab, kv_bytes_per_token, load_lab


def hybrid_of(lab: Lab) -> Lab:
    """The lab itself if its model keeps a state, else the default one, whose model does."""
    return lab if has_state(lab) else load_lab(DEFAULT_LAB)


def hybrid_model(lab: Lab) -> str:
    return hybrid_of(lab).system.model.title


def hybrid_kv(lab: Lab) -> Quantity:
    """What each token adds to the hybrid's cache."""
    return Quantity(kv_bytes_per_token(hybrid_of(lab).system), "B")
