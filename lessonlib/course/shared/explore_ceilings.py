"""The explorer that every lesson may use: ceilings of decode by batch, context, GPU and precision of the weights."""

from __future__ import annotations

import functools
from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.draw.explored import Axis, Bar, Explored, Line, Look, Part, Point, Value
from lessonlib.roofline import (
    GPU,
    Capacity,
    Estimate,
    Lab,
    System,
    capacity,
    decode,
    load_gpu,
    prefill,
)

BATCHES = (1, 512)
#: the curve has up to four places in each doubling of the batch
_PLACES = tuple(sorted({round(2 ** (quarter / 4)) for quarter in range(37)}))
_CONTEXTS = (0, *(2**power for power in range(9, 18)))
_GPUS = ("a100-80gb-sxm", "h100-sxm", "h100-pcie", "h100-nvl", "h200-sxm", "b200", "l40s", "rtx-4090")
_WEIGHTS = ("bf16", "fp8", "int4")


def context_stops(lab: Lab) -> list[int]:
    """Tokens: powers of two within the model's reach, and the lab's own context."""
    most = lab.system.model.max_context or max(_CONTEXTS)
    return sorted({lab.context, *(context for context in _CONTEXTS if context <= most)})


def gpu_start(lab: Lab) -> str:
    """The lab's own GPU."""
    return lab.system.gpu.name


def gpu_choices(lab: Lab) -> list[dict[str, str]]:
    """The lab's GPU first, then others; as many of each as the lab has."""
    count = f"{lab.system.gpus} × " if lab.system.gpus > 1 else ""
    names = dict.fromkeys((lab.system.gpu.name, *_GPUS))
    own = " (your lab)"
    return [
        {"value": name, "label": f"{count}{_gpu(lab, name).title}{own * (name == lab.system.gpu.name)}"}
        for name in names
    ]


def weights_start(lab: Lab) -> str:
    """The precision in which the lab keeps its weights."""
    return lab.system.weights


def weights_choices(lab: Lab) -> list[dict[str, str]]:
    """Precisions of the weights, the lab's own among them."""
    systems = {name: replace(lab.system, weights=name) for name in dict.fromkeys((*_WEIGHTS, lab.system.weights))}
    return [
        {
            "value": name,
            "label": f"{name} · {system.weight_format.bits:g} bits{' (your lab)' * (name == lab.system.weights)}",
        }
        for name, system in systems.items()
    ]


def explore_ceilings(lab: Lab, *, batch: int, context: int, gpu: str, weights: str) -> Explored:
    """Tokens a second that a decode step can reach at best, over the batch, and what its bytes and its memory are."""
    system = replace(lab.system, gpu=_gpu(lab, gpu), weights=weights)
    step, room = decode(system, batch, context), capacity(system, max(context, 1))
    fits = batch <= room.sequences
    bound = "compute" if step.compute_s > step.fetch_s else "memory"
    sign = {"memory": "■ memory-bound", "compute": "▲ compute-bound"}[bound]
    speed = Quantity(step.roof_tokens_per_s, "tok/s")
    each = Quantity(step.roof_tokens_per_s / batch, "tok/s")
    many = f"{batch} request{'s' * (batch > 1)}"
    return Explored(
        finding=f"{many}: at most {speed} in total, {each} for each, {Quantity(step.roof_s, 's')} a step, {bound}-bound; "
        f"{'it fits in memory' if fits else 'it does not fit in memory'} (room for {room.sequences}).",
        values=[
            Value("total", "Decode, all users", speed, "ceiling" if fits else "✕ if it fitted"),
            Value("each", "Decode, each user", each, "ceiling" if fits else "✕ if it fitted"),
            Value("step", "Decode step", Quantity(step.roof_s, "s"), sign),
            *_prefill(system, context),
            Value("compute", "▲ Time of the arithmetic", Quantity(step.compute_s, "s")),
            Value("memory", "■ Time of the bytes", Quantity(step.fetch_s, "s")),
        ],
        x=Axis("batch", "requests", log=True, low=BATCHES[0], high=BATCHES[1]),
        y=Axis("tokens a second, all users", "tok/s", log=True),
        lines=_lines(system, context, room.sequences),
        bars=[
            Bar("A step moves", [Part(label, size, look) for look, label, size in bytes_of_step(step) if size]),
            _held(room, batch),
        ],
        unit="B",
        points=[Point("here", batch, step.roof_tokens_per_s, "memory" if bound == "memory" else "compute")],
    )


def bytes_of_step(step: Estimate) -> tuple[tuple[Look, str, float], ...]:
    """(look, label, bytes) of what a decode step moves: weights, KV cache, state."""
    parts = step.operations
    return (
        ("weights", "weights", sum(part.weight_bytes for part in parts)),
        ("kv", "KV cache", sum(part.kv_read_bytes + part.kv_written_bytes for part in parts)),
        ("state", "state", sum(part.state_bytes for part in parts)),
    )


def _prefill(system: System, context: int) -> list[Value]:
    if not context:
        return []
    read = prefill(system, context)
    bound = "▲ compute-bound" if read.compute_s > read.fetch_s else "■ memory-bound"
    return [Value("prefill", "Prefill of this context", Quantity(read.roof_tokens_per_s, "tok/s"), bound)]


def _held(room: Capacity, batch: int) -> Bar:
    caches, state = batch * room.kv_bytes_per_sequence, batch * room.whole_state_bytes_per_sequence
    return Bar(
        "Memory held",
        [
            Part("weights", room.weight_bytes, "weights"),
            Part("KV cache", caches, "kv"),
            *([Part("state", state, "state")] if state else []),
        ],
        f"{'✓ fits' if batch <= room.sequences else '✕ does not fit'}; room for {room.sequences}",
        limit=room.usable_bytes,
        limit_label="usable",
    )


def _lines(system: System, context: int, most: int) -> list[Line]:
    speeds = _curve(system, context)
    per_request = decode(system, 1, context)
    own = sum(size for name, _, size in bytes_of_step(per_request) if name != "weights") / system.bandwidth
    low, high = _PLACES[0], _PLACES[-1]
    lines = [
        Line("if every doubling doubled", [low, high], [speeds[0], speeds[0] * high], "ideal"),
        Line("▲ roof of compute", [low, high], [1 / per_request.compute_s] * 2, "compute"),
    ]
    if own > 0:
        lines.append(Line("■ roof of the requests' own bytes", [low, high], [1 / own] * 2, "memory"))
    if 1 <= most < high:
        lines.append(Line("does not fit from here on", [most, most], [speeds[0] / 2, speeds[0] * high], "limit"))
    return [*lines, Line("ceiling", list(_PLACES), list(speeds), "main")]


@functools.lru_cache(maxsize=64)
def _curve(system: System, context: int) -> tuple[float, ...]:
    """Tokens/s at each place; the batch does not move it, so it is kept while that knob is turned."""
    return tuple(decode(system, batch, context).roof_tokens_per_s for batch in _PLACES)


def _gpu(lab: Lab, name: str) -> GPU:
    return lab.system.gpu if name == lab.system.gpu.name else load_gpu(name)
