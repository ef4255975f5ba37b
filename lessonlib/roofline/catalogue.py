"""Lists of what is known, with sources: models, GPUs, labs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from lessonlib.roofline.config import load_model, model_names
from lessonlib.roofline.gpu import gpu_names, load_gpu
from lessonlib.roofline.lab import lab_names, load_lab
from lessonlib.roofline.report import aligned


def _show(
    args: argparse.Namespace,
    items: list[dict[str, Any]],
    rows: Sequence[Sequence[str]],
    text: frozenset[int],
) -> int:
    print(json.dumps(items, indent=2, ensure_ascii=False) if args.json else aligned(rows, text))
    return 0


def print_models(args: argparse.Namespace) -> int:
    """All shipped models."""
    items: list[dict[str, Any]] = [
        {
            "name": model.name,
            "family": model.family,
            "layers": model.layer_count,
            "parameters": model.parameters,
            "parameters_read": model.parameters_read,
            "source": model.source,
        }
        for model in map(load_model, model_names())
    ]
    rows = [("model", "family", "parameters", "read a token", "layers", "source")]
    rows += [
        (
            item["name"],
            item["family"],
            f"{item['parameters'] / 1e9:.2f} B",
            f"{item['parameters_read'] / 1e9:.2f} B",
            str(item["layers"]),
            item["source"],
        )
        for item in items
    ]
    return _show(args, items, rows, frozenset({0, 1, 5}))


def print_gpus(args: argparse.Namespace) -> int:
    """All known GPUs; a secondary source is marked."""
    gpus = [load_gpu(name) for name in gpu_names()]
    items = [
        {
            "name": gpu.name,
            "title": gpu.title,
            "architecture": gpu.architecture,
            "flops": dict(gpu.flops),
            "bandwidth": gpu.bandwidth,
            "memory_bytes": gpu.memory_bytes,
            "link": gpu.link,
            "link_bytes_per_second": gpu.link_bytes_per_second,
            "ridge": gpu.ridge(),
            "secondary": gpu.secondary,
            "source": gpu.source,
            "note": gpu.note,
        }
        for gpu in gpus
    ]
    rows = [("GPU", "bf16, dense", "memory", "bandwidth", "link, one way", "ridge", "source")]
    rows += [
        (
            gpu.name,
            f"{gpu.flops['bf16'] / 1e12:,.4g} TFLOP/s",
            f"{gpu.memory_bytes / 1e9:.0f} GB",
            f"{gpu.bandwidth / 1e9:,.0f} GB/s",
            f"{gpu.link_bytes_per_second / 1e9:.0f} GB/s",
            f"{gpu.ridge():.0f}",
            gpu.source + (" (secondary)" if gpu.secondary else ""),
        )
        for gpu in gpus
    ]
    return _show(args, items, rows, frozenset({0, 6}))


def print_labs(args: argparse.Namespace) -> int:
    """All shipped labs."""
    labs = [load_lab(name) for name in lab_names()]
    items = [{"name": lab.name, "title": lab.title} for lab in labs]
    rows = [("lab", "title"), *((lab.name, lab.title) for lab in labs)]
    return _show(args, items, rows, frozenset({0, 1}))
