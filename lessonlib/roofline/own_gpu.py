"""A GPU or a whole machine that somebody describes: in a file of its own, or in the table [gpu] of a lab."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lessonlib.base.checks import number, positive, whole
from lessonlib.base.errors import LessonlibError, close_matches, listed, shown
from lessonlib.base.files import NoFileError, read_toml
from lessonlib.roofline.gpu import GPU, LINK_KINDS, LIST_GPUS, NARROW_FORMATS, OWN, PEAKS, gpu_names, load_gpu

_MOST_BYTES = 1_000_000
#: Keys in other units than ours: key -> (field, factor).
_NUMBERS: Mapping[str, tuple[str, float]] = {
    "memory_gb_per_s": ("bandwidth", 1e9),
    "memory_gb": ("memory_bytes", 1e9),
    "driver_mib": ("driver_bytes", 2.0**20),
    "link_gb_per_s_each_way": ("link_bytes_per_second", 1e9),
    "link_latency_us": ("link_latency_s", 1e-6),
    "network_gb_per_s_each_way": ("network_bytes_per_second", 1e9),
    "network_latency_us": ("network_latency_s", 1e-6),
}
_TEXTS = ("title", "architecture", "link", "link_kind", "source", "note")
_RATES = tuple(f"{name}_dense_tflops" for name in PEAKS)
_ALLOWED = ("like", *_TEXTS, *_RATES, *_NUMBERS, "gpus_per_node")
_MOST_GPUS = 4096

EXAMPLE = """\
# A GPU or machine of your own. Save it as my-gpu.toml, change the numbers, then
#   lessonlib estimate --model llama-3.1-8b --gpu my-gpu.toml
# or put the same keys into the table [gpu] of a lab file. Only `like` is needed: what is left out is as on that GPU.

like = "rtx-3090"                  # the nearest known GPU, see: lessonlib gpus
title = "GeForce RTX 3060, 12 GB"
architecture = "ampere"            # of its constants: turing ampere ada hopper blackwell blackwell-consumer
                                   #   blackwell-integrated cdna2 cdna3 cdna4 apple cpu

# Dense peaks in TFLOP/s, fp32 accumulation. 0: it does not multiply in that format.
bf16_dense_tflops = 25.5           # 16 bits, bf16 or fp16
fp8_dense_tflops = 0
int8_dense_tflops = 102
fp4_dense_tflops = 0

memory_gb_per_s = 360              # GB = 1e9 bytes
memory_gb = 12
driver_mib = 12288                 # what nvidia-smi shows, MiB = 2^20 bytes

# Inside a node: from one GPU to its peers, in one direction.
link = "PCIe 4.0 x16"
link_kind = "pcie"                 # nvlink infinity-fabric ici pcie network
link_gb_per_s_each_way = 32
link_latency_us = 10
gpus_per_node = 2                  # further GPUs are a network away

# Between nodes, for each GPU, in one direction.
network_gb_per_s_each_way = 1.25   # 10 Gbit/s
network_latency_us = 30

source = "the maker's data sheet"
note = "numbers for the 12 GB card"
"""


def _checked_names(keys: Mapping[str, Any], where: str) -> None:
    for key in keys:
        if key not in _ALLOWED:
            near = close_matches(key, _ALLOWED, limit=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise LessonlibError(f"{where}: unknown key {shown(key)}; {hint}(allowed: {listed(_ALLOWED)})")
    for name in _TEXTS:
        if not isinstance(keys.get(name, ""), str):
            raise LessonlibError(f"{where}: {name}: expected a text, not {shown(keys[name])}")
    if keys.get("link_kind", LINK_KINDS[0]) not in LINK_KINDS:
        raise LessonlibError(f"{where}: link_kind: expected {listed(LINK_KINDS)}, not {shown(keys['link_kind'])}")


def _peaks(keys: Mapping[str, Any], base: GPU, where: str) -> dict[str, float]:
    """Peaks as described; those left out are the base's in proportion, if the architecture has the format at all."""
    stated = {
        name: number(f"{where}: {name}_dense_tflops", keys[f"{name}_dense_tflops"], least=0.0) * 1e12
        for name in PEAKS
        if f"{name}_dense_tflops" in keys
    }
    if "bf16" in stated:
        positive(f"{where}: bf16_dense_tflops", keys["bf16_dense_tflops"])
    scale = stated.get("bf16", base.flops["bf16"]) / base.flops["bf16"]
    narrow = NARROW_FORMATS.get(str(keys.get("architecture", base.architecture)), PEAKS)
    inherited = {name: peak * scale for name, peak in base.flops.items() if name == "bf16" or name in narrow}
    return {name: peak for name, peak in (inherited | stated).items() if peak > 0}


def own_gpu(keys: Mapping[str, Any], where: str) -> GPU:
    """A GPU that somebody describes: `like` names a known one, the other keys (those of EXAMPLE) replace its values.

    Raises LessonlibError with the key that is wrong.
    """
    _checked_names(keys, where)
    if not isinstance(keys.get("like"), str):
        raise LessonlibError(f"{where}: like: missing: the name of the nearest known GPU ({LIST_GPUS})")
    base = load_gpu(str(keys["like"]))
    values: dict[str, Any] = {
        field: positive(f"{where}: {key}", keys[key]) * factor
        for key, (field, factor) in _NUMBERS.items()
        if key in keys
    }
    if "memory_gb" in keys and "driver_mib" not in keys:
        values["driver_bytes"] = None
    if "gpus_per_node" in keys:
        values["gpus_per_node"] = whole(f"{where}: gpus_per_node", keys["gpus_per_node"], 1, _MOST_GPUS)
    texts = {name: str(keys[name]) for name in _TEXTS if name in keys}
    described: dict[str, Any] = {"title": f"{base.title}, as described", "source": where, "note": "", "secondary": True}
    return replace(base, name=OWN, flops=_peaks(keys, base, where), **(described | texts | values))


def gpu_description(gpu: GPU) -> dict[str, str | float]:
    """Keys that `own_gpu` reads back as this GPU, but for source and note."""
    like = max(gpu_names(), key=lambda name: -len(load_gpu(name).flops.keys() ^ gpu.flops.keys()))
    keys: dict[str, str | float] = {"like": like, "title": gpu.title, "architecture": gpu.architecture}
    keys |= {f"{name}_dense_tflops": gpu.flops.get(name, 0.0) / 1e12 for name in PEAKS}
    keys |= {"link": gpu.link, "link_kind": gpu.link_kind, "gpus_per_node": gpu.gpus_per_node}
    found = {key: (getattr(gpu, field), factor) for key, (field, factor) in _NUMBERS.items()}
    return keys | {key: value / factor for key, (value, factor) in found.items() if value is not None}


def load_gpu_or_file(name_or_path: str) -> GPU:
    """A known GPU by name, or the one that a TOML file describes: by its keys, or in its table [gpu]."""
    if not name_or_path.endswith(".toml"):
        return load_gpu(name_or_path)
    try:
        keys = read_toml(Path(name_or_path), most=_MOST_BYTES)
    except NoFileError:
        raise LessonlibError(f"no file {name_or_path}: a GPU is a name ({LIST_GPUS}) or a path to a .toml") from None
    table = keys.get("gpu", keys)
    if isinstance(table, str):
        return load_gpu(table)
    if not isinstance(table, dict):
        raise LessonlibError(f"{name_or_path}: gpu: expected a table [gpu], not {shown(table)}")
    return own_gpu(table, name_or_path)
