"""Roofline engine: what a language model on a GPU must cost, and what it is likely to cost.

    system = System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))
    decode(system, batch=32, context=2048).ceiling_tokens_per_s

Value objects in, value objects out; SI units (bytes, FLOPs, seconds); no numpy for single cases. Many cases at once are
in `lessonlib.roofline.sweep`; what the maintainers fit and compare is in `lessonlib.roofline.calibrate`.
"""

from __future__ import annotations

from lessonlib.roofline.attention_kinds import positions_read
from lessonlib.roofline.blocks import Attention, DeltaNet, Experts, LatentAttention, Matrix, Mlp
from lessonlib.roofline.capacity import BLOCK_TOKENS, USABLE, Capacity, capacity, max_batch, sequence_bytes
from lessonlib.roofline.checkpoint import precision_notes, stated_precision
from lessonlib.roofline.config import load_model, model_names
from lessonlib.roofline.cost import Estimate, Napkin, decode, mixed, napkin, prefill
from lessonlib.roofline.estimate_report import Case, estimate_data, estimate_text, operation_table
from lessonlib.roofline.expectation import breakdown_seconds
from lessonlib.roofline.gpu import GPU, LINK_KINDS, NodeLink, gpu_names, load_gpu
from lessonlib.roofline.lab import DEFAULT_LAB, MEASURABLE, READ_LIVE, Lab, Measured, lab_names, load_lab, read_lab
from lessonlib.roofline.load import Load, Requests, decode_load, prefill_load
from lessonlib.roofline.model import Checkpoint, Layers, Model
from lessonlib.roofline.operations import Operation
from lessonlib.roofline.own_gpu import EXAMPLE as GPU_EXAMPLE
from lessonlib.roofline.own_gpu import gpu_description, load_gpu_or_file
from lessonlib.roofline.precision import KV_FORMATS, WEIGHT_FORMATS, Format, kv_format, weight_format
from lessonlib.roofline.system import (
    LAUNCHES,
    System,
    kv_bytes,
    kv_bytes_per_token,
    state_bytes,
    weight_bytes,
    weight_bytes_read,
)

__all__ = [
    "BLOCK_TOKENS",
    "DEFAULT_LAB",
    "GPU",
    "GPU_EXAMPLE",
    "KV_FORMATS",
    "LAUNCHES",
    "LINK_KINDS",
    "MEASURABLE",
    "READ_LIVE",
    "USABLE",
    "WEIGHT_FORMATS",
    "Attention",
    "Capacity",
    "Case",
    "Checkpoint",
    "DeltaNet",
    "Estimate",
    "Experts",
    "Format",
    "Lab",
    "LatentAttention",
    "Layers",
    "Load",
    "Matrix",
    "Measured",
    "Mlp",
    "Model",
    "Napkin",
    "NodeLink",
    "Operation",
    "Requests",
    "System",
    "breakdown_seconds",
    "capacity",
    "decode",
    "decode_load",
    "estimate_data",
    "estimate_text",
    "gpu_description",
    "gpu_names",
    "kv_bytes",
    "kv_bytes_per_token",
    "kv_format",
    "lab_names",
    "load_gpu",
    "load_gpu_or_file",
    "load_lab",
    "load_model",
    "max_batch",
    "mixed",
    "model_names",
    "napkin",
    "operation_table",
    "positions_read",
    "precision_notes",
    "prefill",
    "prefill_load",
    "read_lab",
    "sequence_bytes",
    "state_bytes",
    "stated_precision",
    "weight_bytes",
    "weight_bytes_read",
    "weight_format",
]
