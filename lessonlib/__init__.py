"""Predict first, then reveal: lessons on the performance of LLM inference, computed for your own GPUs and model.

    lesson = lessonlib.open_lesson("01-prefill-vs-decode")     # in a notebook
    lessonlib.decode(lessonlib.load_lab().system, batch=32)    # the roofline engine alone

Everything loads on first use; importing this module imports nothing else.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # type checkers know this name; the module typing takes longer to import than all that is here
if TYPE_CHECKING:  # for editors and type checkers; at run time __getattr__ finds the same names in the same places
    from lessonlib.base.errors import LessonlibError
    from lessonlib.base.quantity import Quantity
    from lessonlib.roofline import (
        GPU,
        Estimate,
        Lab,
        Model,
        System,
        decode,
        gpu_names,
        lab_names,
        load_gpu,
        load_lab,
        load_model,
        max_batch,
        mixed,
        model_names,
        prefill,
    )
    from lessonlib.show.notebook import open_lesson
    from lessonlib.show.review import open_review
    from lessonlib.show.your_lab import open_your_lab

__version__ = "0.1.0"

__all__ = [
    "GPU",
    "Estimate",
    "Lab",
    "LessonlibError",
    "Model",
    "Quantity",
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
    "open_lesson",
    "open_review",
    "open_your_lab",
    "prefill",
]

#: Where a name that is not of the roofline engine comes from.
_HOMES = {
    "LessonlibError": "lessonlib.base.errors",
    "Quantity": "lessonlib.base.quantity",
    "open_lesson": "lessonlib.show.notebook",
    "open_review": "lessonlib.show.review",
    "open_your_lab": "lessonlib.show.your_lab",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'lessonlib' has no attribute {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(_HOMES.get(name, "lessonlib.roofline")), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
