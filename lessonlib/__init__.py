"""Predict first, then reveal: lessons on the performance of LLM inference, computed for your own GPUs and model.

    lesson = lessonlib.open_lesson("01-prefill-vs-decode")     # in a notebook
    lessonlib.decode(lessonlib.load_lab().system, batch=32)    # the roofline engine alone

Everything loads on first use; importing this module imports nothing else.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "open_lesson": "lessonlib.show.notebook",
    "open_review": "lessonlib.show.review",
    "open_your_lab": "lessonlib.show.your_lab",
    "LessonlibError": "lessonlib.base.errors",
    "Quantity": "lessonlib.base.quantity",
    **dict.fromkeys(
        (
            "GPU",
            "Estimate",
            "Lab",
            "Model",
            "System",
            "decode",
            "gpu_names",
            "lab_names",
            "load_gpu",
            "load_lab",
            "load_model",
            "max_batch",
            "mixed",
            "model_names",
            "prefill",
        ),
        "lessonlib.roofline",
    ),
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lessonlib' has no attribute {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
