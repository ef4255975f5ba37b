"""Roofline engine: what a language model on a GPU must cost, and what it is likely to cost.

    system = System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))
    decode(system, batch=32, context=2048).ceiling_tokens_per_s

Value objects in, value objects out; SI units (bytes, FLOPs, seconds); no numpy for single cases.
"""

from __future__ import annotations

from lessonlib.roofline.capacity import Capacity, capacity, max_batch
from lessonlib.roofline.config import load_model, model_names
from lessonlib.roofline.cost import Estimate, Napkin, decode, mixed, napkin, prefill
from lessonlib.roofline.gpu import GPU, gpu_names, load_gpu
from lessonlib.roofline.lab import DEFAULT_LAB, Lab, Measured, lab_names, load_lab
from lessonlib.roofline.model import Model
from lessonlib.roofline.operations import Operation
from lessonlib.roofline.precision import KV_FORMATS, WEIGHT_FORMATS
from lessonlib.roofline.system import (
    System,
    kv_bytes,
    kv_bytes_per_token,
    state_bytes,
    weight_bytes,
    weight_bytes_read,
)

__all__ = [
    "DEFAULT_LAB",
    "GPU",
    "KV_FORMATS",
    "WEIGHT_FORMATS",
    "Capacity",
    "Estimate",
    "Lab",
    "Measured",
    "Model",
    "Napkin",
    "Operation",
    "System",
    "capacity",
    "decode",
    "gpu_names",
    "kv_bytes",
    "kv_bytes_per_token",
    "lab_names",
    "load_gpu",
    "load_lab",
    "load_model",
    "max_batch",
    "mixed",
    "model_names",
    "napkin",
    "prefill",
    "state_bytes",
    "weight_bytes",
    "weight_bytes_read",
]
