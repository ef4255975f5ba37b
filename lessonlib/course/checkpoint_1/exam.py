"""What a question of the exam says of its system: ``lab`` is that system (see exam_systems.py), or any other lab, for which the
first system stands.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.checkpoint_1.card import card
from lessonlib.course.checkpoint_1.exam_systems import ExamSystem
from lessonlib.course.checkpoint_1.exam_systems import exam_sets as all_sets
from lessonlib.course.checkpoint_1.steps_measured import Step, step_of
from lessonlib.roofline import Lab
from lessonlib.roofline.blocks import Attention, DeltaNet
from lessonlib.roofline.precision import weight_format


def exam_sets(lab: Lab) -> list[tuple[ExamSystem, ...]]:
    """The sets of the exam, the same on every lab."""
    return list(all_sets())


def _system(lab: Lab) -> ExamSystem:
    return lab if isinstance(lab, ExamSystem) else all_sets()[0][0]


def _step(lab: Lab) -> Step:
    found = _system(lab)
    return step_of(found.name, "", found.system, found.requests, found.context, exam_step(lab).value)


def exam_title(lab: Lab) -> str:
    return _system(lab).title


def exam_config(lab: Lab) -> str:
    """Its config.json as published, long lists shortened."""
    return _system(lab).config


def exam_published(lab: Lab) -> str:
    return _system(lab).published


def exam_gpu(lab: Lab) -> str:
    """Its GPUs and what each reads a second."""
    found = _system(lab)
    count = "one" if found.system.gpus == 1 else f"{found.system.gpus} ×"
    each = " each" if found.system.gpus > 1 else ""
    return f"{count} {found.system.gpu.title}, {Quantity(found.system.gpu.bandwidth, 'B/s')}{each}"


def exam_load(lab: Lab) -> str:
    """Its load, in words."""
    found = _system(lab)
    many = "one request" if found.requests == 1 else f"{found.requests} requests together"
    return f"{many}, {found.context:,} tokens of context{' each' if found.requests > 1 else ''}"


def exam_engine(lab: Lab) -> str:
    """What ran it, with its version and what else was set."""
    return _system(lab).engine


def exam_precision(lab: Lab) -> str:
    """Formats of weights, head and cache, in words; parts of one format together, formats with scales with their bits."""
    system = _system(lab).system
    parts = system.part_formats or {"layers": system.weights, "head": system.head}
    by_format: dict[str, list[str]] = {}
    for part, name in parts.items():
        by_format.setdefault(_told(name), []).append(part)
    weights = [f"{' and '.join(_series(names))} {told}" for told, names in by_format.items()]
    return "; ".join([*weights, f"cache {system.kv}"])


def _series(names: list[str]) -> list[str]:
    """All but the last as one, so that an "and" stands before the last."""
    return [", ".join(names[:-1]), names[-1]] if len(names) > 1 else names


def _told(name: str) -> str:
    """A format by its name, with its bits where its scales add to them ("mxfp4, 4.25 bits").

    In groups by its bits alone ("4.5 bits"): how many weights share a scale differs from engine to engine.
    """
    found = weight_format(name)
    bits = found.bits_per_value(found.group or 1)
    if "-g" in name:
        return f"{bits:g} bits"
    return f"{name} ({bits:g} bits)" if bits > found.bits and found.bits < 8 else name


def exam_step(lab: Lab) -> Quantity:
    """One decode step, as published."""
    return Quantity(_system(lab).measured_s, "s")


def exam_standing(lab: Lab) -> str:
    """How it was measured, and where that stands."""
    found = _system(lab)
    return f"measured: {found.how}; {found.source}"


def exam_ceiling(lab: Lab) -> Quantity:
    """The least time: its bytes over the full bandwidth, the experts of unrelated requests included."""
    return Quantity(_system(lab).step.fetch_s, "s")


def exam_bytes(lab: Lab) -> Quantity:
    """What the step reads: weights, and the caches of its requests."""
    found = _system(lab)
    return Quantity(found.step.fetch_s * found.system.bandwidth, "B")


def exam_bandwidth(lab: Lab) -> Quantity:
    return Quantity(_system(lab).system.bandwidth, "B/s")


def exam_reach(lab: Lab) -> Quantity:
    """The card's reach for its weights."""
    return Quantity(100 * card().reach(_step(lab).bits), "%", digits=2)


def exam_read(lab: Lab) -> Quantity:
    """The ceiling's time over the reach."""
    step = _step(lab)
    return Quantity(step.fetch_s / card().reach(step.bits), "s")


def exam_layers(lab: Lab) -> int:
    return _step(lab).layers


def exam_layer_cost(lab: Lab) -> Quantity:
    step = _step(lab)
    return Quantity(card().layer_s(step), "s")


def exam_fixed(lab: Lab) -> Quantity:
    step = _step(lab)
    return Quantity(step.layers * card().layer_s(step), "s")


#: Nearer than this the card's forecast needs no explaining.
_CLOSE = 1.25
#: A reach below this explains nothing: no engine that takes so long for each byte is known.
_LEAST_REACH = 0.2


def exam_miss(lab: Lab) -> str:
    """Where the card misses: what its reach or its cost of a layer would have to be, if the other were right; "" where it is close.

    The two are bounds of an explanation, not the explanation: a measured time alone cannot tell them apart.
    """
    step, one = _step(lab), card()
    factor = one.forecast_s(step) / step.seconds
    if 1 / _CLOSE <= factor <= _CLOSE:
        return ""
    left_to_read = step.seconds - step.layers * one.layer_s(step)
    left_to_layers = step.seconds - step.fetch_s / one.reach(step.bits)
    found = []
    if _LEAST_REACH < step.fetch_s / max(left_to_read, 1e-9) <= 1:
        found.append(f"a reach of {Quantity(100 * step.fetch_s / left_to_read, '%', digits=2)}")
    if left_to_layers > 0:
        found.append(f"layers at {Quantity(left_to_layers / step.layers, 's', digits=2)}")
    told = f"The card is {Quantity(max(factor, 1 / factor), 'x')} too {'slow' if factor > 1 else 'quick'} here. "
    if len(found) == 2:
        return f"{told}Instead {found[0]} would explain it, or {found[1]}; its source does not tell which."
    if found:
        return f"{told}No other {'reach' if 'layers' in found[0] else 'cost of a layer'} alone explains it; {found[0]} would. Its source gives no cause."
    return f"{told}Neither another reach nor another cost of a layer alone explains it, and its source gives no cause."


def exam_note(lab: Lab) -> str:
    """What cannot be counted by its config.json alone: the weights and the state of a layer of linear attention, and the gate of the
    other layers. "" for a model without such layers.
    """
    layers = _system(lab).system.model.layers
    linear = [(group.count, group.mixer) for group in layers if isinstance(group.mixer, DeltaNet)]
    if not linear:
        return ""
    mixer, hidden = linear[0][1], _system(lab).system.model.hidden
    count = sum(each for each, _ in linear)
    keys, values = mixer.key_heads * mixer.key_dim, mixer.value_heads * mixer.value_dim
    told = (
        f"What its keys do not say: {count} layers are linear. The attention of each has {hidden} × (2 × {keys} + 3 × {values}) weights "
        f"and a state of {mixer.value_heads} × {mixer.key_dim} × {mixer.value_dim} numbers."
    )
    gated = sum(group.count for group in layers if isinstance(group.mixer, Attention) and group.mixer.gated)
    return f"{told} The other {gated} have a gate as large as the matrix of their queries." if gated else told


def exam_by_card(lab: Lab) -> Quantity:
    """The card's forecast."""
    return Quantity(card().forecast_s(_step(lab)), "s")
