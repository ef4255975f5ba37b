"""Numbers for the explorer: short tables from which the browser computes every ceiling by itself.

A decode step of B requests costs, by the closed form of the roofline engine,

    memory seconds  = (weights read(B) + B x (KV + state)) / bandwidth
    compute seconds = B x compute seconds of one request

and the ceiling takes the longer of the two. KV (windows and every copy of it included), state and
arithmetic of one request depend only on its context. Weights read depend on B only in a mixture of
experts, where a token leaves out a share q of a layer's experts and B tokens are expected to leave out
q^B of them:

    weights read(B) = always + routed x (1 - q^B)

So two numbers and a few tables over the context hold the whole grid, and the sliders need no kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import rounded
from lessonlib.base.units import tick_steps
from lessonlib.roofline import (
    USABLE,
    Estimate,
    Experts,
    Lab,
    Model,
    System,
    decode,
    load_gpu,
    max_batch,
    prefill,
    sequence_bytes,
    weight_bytes,
)

BATCHES = tuple(2**power for power in range(10))
CONTEXTS = (0, *(2**power for power in range(9, 18)))
GPUS = (
    "a100-80gb-sxm",
    "h100-sxm",
    "h100-pcie",
    "h100-nvl",
    "h200-sxm",
    "b200",
    "l40s",
    "rtx-4090",
)
WEIGHTS = ("bf16", "fp8", "int4")
#: tokens of a step so large that every expert has some
EVERY_EXPERT = 1_000_000
_DIGITS = 5


def explorer_data(lab: Lab) -> dict[str, Any]:
    """What the explorer needs for a lab: JSON-able, values to 5 significant digits, SI units.

    `batches` and `contexts` are the stops of the sliders; the lab's own context is always one of
    them, and no other exceeds what the model was made for. Lists over the context are in the order of
    `contexts`. Bytes are over all GPUs together. `left_out` is the share of a layer's experts that one
    token does not use, 0 in a dense model. `prefill_*` belong to one prompt as long as the context; they are 0 where there is no prompt.
    """
    contexts = context_stops(lab)
    single = [decode(lab.system, 1, context) for context in contexts]
    names = tuple(dict.fromkeys((lab.system.gpu.name, *GPUS)))
    formats = tuple(dict.fromkeys((*WEIGHTS, lab.system.weights)))
    return {
        "model": lab.system.model.title,
        "gpu_count": lab.system.gpus,
        "kv": lab.system.kv,
        "usable": USABLE,
        "left_out": _left_out(lab.system.model),
        "batches": list(BATCHES),
        "contexts": list(contexts),
        "start": {
            "batch": 0,
            "context": contexts.index(lab.context),
            "gpu": lab.system.gpu.name,
            "weights": lab.system.weights,
        },
        "kv_bytes": _round(_kv_bytes(step) for step in single),
        "state_bytes": rounded(_sum(single[0], "state_bytes"), _DIGITS),
        "sequence_bytes": _round(sequence_bytes(lab.system, max(context, 1)) for context in contexts),
        "weights": [_weights(replace(lab.system, weights=name), contexts) for name in formats],
        "gpus": [_gpu(lab, name, formats, contexts) for name in names],
    }


def explorer_units() -> dict[str, list[tuple[float, str]]]:
    """The units in which the explorer prints seconds and bytes: from µs, and from kB to GB, so that its sizes compare."""
    return {"seconds": tick_steps("s")[1:], "bytes": tick_steps("B")[1:4]}


def context_stops(lab: Lab) -> tuple[int, ...]:
    """Stops of the context slider, tokens: powers of two within the model's reach, and the lab's own."""
    most = lab.system.model.max_context or max(CONTEXTS)
    return tuple(sorted({lab.context, *(context for context in CONTEXTS if context <= most)}))


def _round(values: Any) -> list[float]:
    return [rounded(value, _DIGITS) for value in values]


def _sum(estimate: Estimate, field: str) -> float:
    return sum(getattr(part, field) for part in estimate.operations)


def _kv_bytes(step: Estimate) -> float:
    return _sum(step, "kv_read_bytes") + _sum(step, "kv_written_bytes")


def _prefills(system: System, contexts: Sequence[int]) -> list[Estimate | None]:
    return [prefill(system, context) if context else None for context in contexts]


def _left_out(model: Model) -> float:
    """Share of a layer's routed experts that one token does not use; 0 in a dense model."""
    blocks = {group.feed_forward for group in model.layers if isinstance(group.feed_forward, Experts)}
    shares = {1.0 - block.active / block.count for block in blocks}
    if len(shares) > 1:
        raise LessonlibError(f"{model.name}: the explorer expects one kind of mixture in all layers, not {len(shares)}")
    return next(iter(shares), 0.0)


def _reads(system: System) -> tuple[float, float]:
    """Bytes of weights that any step reads, and of all the experts that a router may pick, so that one token reads the first and its part of the second."""
    share = _left_out(system.model)
    single, whole = (_sum(decode(system, batch, 0), "weight_bytes") for batch in (1, EVERY_EXPERT))
    routed = (whole - single) / share if share else 0.0
    return whole - routed, routed


def _weights(system: System, contexts: Sequence[int]) -> dict[str, Any]:
    """One precision of the weights: what is held, what a step reads, what a prefill moves (bytes)."""
    always, routed = _reads(system)
    moved = (run.bytes if run else 0.0 for run in _prefills(system, contexts))
    return {
        "name": system.weights,
        "label": f"{system.weights} · {system.weight_format.bits:g} bits",
        "held": rounded(weight_bytes(system), _DIGITS),
        "always": rounded(always, _DIGITS),
        "routed": rounded(routed, _DIGITS),
        "prefill_bytes": _round(moved),
    }


def _gpu(lab: Lab, name: str, formats: Sequence[str], contexts: Sequence[int]) -> dict[str, Any]:
    """One kind of GPU, as many as the lab uses: its roofs (bytes/s, bytes) and each precision's work."""
    own = lab.system.gpu
    system = replace(lab.system, gpu=own if name == own.name else load_gpu(name))
    count = f"{system.gpus} × " if system.gpus > 1 else ""
    return {
        "name": name,
        "label": f"{count}{system.gpu.title}",
        "bandwidth": rounded(system.bandwidth, _DIGITS),
        "memory": rounded(system.gpu.memory_bytes * system.gpus, _DIGITS),
        "work": {form: _work(replace(system, weights=form), contexts) for form in formats},
    }


def _work(system: System, contexts: Sequence[int]) -> dict[str, Any]:
    """Compute seconds of one request's decode step and of its prefill, and the largest batch that fits."""
    runs = _prefills(system, contexts)
    return {
        "rate": system.precision,
        "compute_s": _round(decode(system, 1, context).compute_s for context in contexts),
        "prefill_compute_s": _round(run.compute_s if run else 0.0 for run in runs),
        "most": [max_batch(system, max(context, 1)) for context in contexts],
    }
