"""The explorer of lesson 5: bytes held and bytes fetched, by model, precision, batch and GPU."""

from __future__ import annotations

from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.draw.explored import Bar, Explored, Look, Part, Value
from lessonlib.roofline import USABLE, Lab, System, decode, load_gpu, load_model, weight_bytes

#: models beside the lab's own: dense, and two mixtures
_MODELS = ("llama-3.1-8b", "llama-3.1-70b", "mixtral-8x7b", "qwen3-30b-a3b", "deepseek-v3")
_BITS = ("bf16", "fp8", "int4")
_FEED_FORWARD = ("MLP", "experts", "shared expert")


def model_choices(lab: Lab) -> list[dict[str, str]]:
    """The lab's own model first, then others."""
    others = [{"value": name, "label": load_model(name).title} for name in _MODELS if name != lab.system.model.name]
    return [{"value": "own", "label": f"{lab.system.model.title} (your lab)"}, *others]


def explore_bytes(lab: Lab, *, model: str, weights: str, batch: int, gpu: str) -> Explored:
    """Weights held, and weights that one decode step of `batch` requests fetches (without their caches)."""
    chip = lab.system.gpu if gpu == lab.system.gpu.name else load_gpu(gpu)
    own = replace(lab.system, gpu=chip, weights=weights)
    system = own if model == "own" else System(load_model(model), chip, tp=lab.system.tp, weights=weights)
    held, fetched = weight_bytes(system), _fetched(system, batch)
    step = Quantity(sum(fetched.values()), "B", 4)
    usable = USABLE * chip.memory_bytes * system.gpus
    room = usable - held
    each = Quantity(system.bandwidth / float(step), "tok/s")
    verdict = f"{Quantity(room, 'B')} are left for conversations" if room > 0 else "it does not fit"
    return Explored(
        finding=f"{Quantity(held, 'B', 4)} are held, so {verdict}; a step of {batch} fetches {step}, so each request gets {each} at most, by weights alone.",
        values=[
            Value("held", "Held", Quantity(held, "B", 4)),
            Value("fetched", "Fetched in a step", step),
            Value("room", "Room left", Quantity(max(room, 0.0), "B"), "✓ fits" if room > 0 else "✕ does not fit"),
            Value("each", "Ceiling of each request", each, "weights alone"),
        ],
        bars=[
            Bar("held", _parts(_held(system)), limit=usable, limit_label="usable"),
            Bar("fetched", _parts(fetched)),
        ],
        unit="B",
    )


def precision_choices(lab: Lab) -> list[dict[str, str]]:
    """Three precisions of the weights, and the lab's own."""
    names = dict.fromkeys((*_BITS, lab.system.weights))
    return [{"value": name, "label": f"{name}{' (your lab)' * (name == lab.system.weights)}"} for name in names]


def _block(name: str) -> str:
    """Which part of a model a matrix or an operation of this name is."""
    if name.startswith(_FEED_FORWARD):
        return "feed-forward"
    return "attention" if name.startswith(("attention", "DeltaNet")) else "tables, rest"


def _held(system: System) -> dict[str, float]:
    """Bytes of all weights by part, over all GPUs."""
    found = {"feed-forward": 0.0, "attention": 0.0}
    for group in system.model.layers:
        for matrix in group.matrices(system.model.hidden):
            block = _block(matrix.name)
            if block in found:
                found[block] += group.count * matrix.copies * system.matrix_bytes(matrix)
    return {**found, "tables, rest": max(0.0, weight_bytes(system) - sum(found.values()))}


def _fetched(system: System, batch: int) -> dict[str, float]:
    """Bytes of the weights of one step by part; of a mixture, of the experts that are expected to be picked."""
    found = {"feed-forward": 0.0, "attention": 0.0, "tables, rest": 0.0}
    for part in decode(system, batch, 0).operations:
        found[_block(part.name)] += part.weight_bytes
    return found


def _parts(found: dict[str, float]) -> list[Part]:
    looks: dict[str, Look] = {"feed-forward": "weights", "attention": "compute", "tables, rest": "other"}
    return [Part(label, size, looks[label]) for label, size in found.items() if size]
