"""What holds for the version of vLLM that this course is about, for the words of any lesson."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.base.versions import vllm
from lessonlib.roofline import Lab
from lessonlib.serving.replica.defaults import batch_defaults


def vllm_version(lab: Lab) -> str:
    return vllm().version


def engine_share(lab: Lab) -> str:
    """The share of the memory that vLLM takes unless told otherwise, such as "0.92"."""
    return f"{vllm().defaults['memory_share']:g}"


def default_seats(lab: Lab) -> Quantity:
    """Requests that vLLM's server runs at once on this lab's GPUs unless told otherwise."""
    return Quantity(batch_defaults(lab.system.gpu)[0], "requests", digits=4)


def default_step_tokens(lab: Lab) -> Quantity:
    """Tokens of one step that it takes unless told otherwise."""
    return Quantity(batch_defaults(lab.system.gpu)[1], "tokens", digits=5)
