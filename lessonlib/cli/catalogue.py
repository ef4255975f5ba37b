"""The commands `models`, `gpus` and `labs`: what is known, with its sources."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lessonlib.cli.output import print_json


def add_parser(subparsers: Any) -> None:
    """Declare `models`, `gpus` and `labs`."""
    for name, what in (("models", "models"), ("gpus", "GPUs"), ("labs", "labs")):
        parser = subparsers.add_parser(name, help=f"list the known {what} with their sources")
        parser.add_argument("--json", action="store_true", help="print one JSON list")
        if name == "gpus":
            parser.add_argument("--example", action="store_true", help="print a file that describes a GPU of your own")


def run(args: argparse.Namespace) -> int:
    """Print the list that `args.command` names."""
    if getattr(args, "example", False):
        from lessonlib.roofline import GPU_EXAMPLE

        print(GPU_EXAMPLE, end="")
        return 0
    items, rows, text_columns = _LISTS[args.command]()
    if args.json:
        print_json(items)
    else:
        from lessonlib.base.tables import aligned

        print(aligned(rows, text_columns))
    return 0


#: What a list prints: items for JSON; rows for people, and which of their columns are text.
_Listing = tuple[list[dict[str, Any]], Sequence[Sequence[str]], frozenset[int]]


def _models() -> _Listing:
    from lessonlib.roofline import load_model, model_names

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
    return items, rows, frozenset({0, 1, 5})


def _gpus() -> _Listing:
    """A secondary source is marked."""
    from lessonlib.roofline import gpu_names, load_gpu

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
            "link_kind": gpu.link_kind,
            "gpus_per_node": gpu.gpus_per_node,
            "network_bytes_per_second": gpu.network_bytes_per_second,
            "driver_bytes": gpu.driver_bytes,
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
    return items, rows, frozenset({0, 6})


def _labs() -> _Listing:
    from lessonlib.roofline import lab_names, load_lab

    labs = [load_lab(name) for name in lab_names()]
    items = [{"name": lab.name, "title": lab.title} for lab in labs]
    rows = [("lab", "title"), *((lab.name, lab.title) for lab in labs)]
    return items, rows, frozenset({0, 1})


_LISTS: Mapping[str, Callable[[], _Listing]] = {"models": _models, "gpus": _gpus, "labs": _labs}
