"""Lesson 6's explorer: what requests hold in GPU memory, and how many of them fit."""

from __future__ import annotations

from typing import Any

from lessonlib.base.quantity import Quantity
from lessonlib.draw.explored import Bar, Explored, Part, Value
from lessonlib.roofline import GPU, Lab, System, capacity, gpu_names, kv_bytes_per_token, load_gpu, state_bytes

#: cards to try beside the lab's own
CARDS = ("a100-80gb-sxm", "h100-sxm", "h200-sxm", "b200", "rtx-4090")
PRECISIONS = ("bf16", "fp8")


def kv_precisions(lab: Lab) -> list[dict[str, str]]:
    """What a number in the cache may be kept in."""
    return [{"value": name, "label": label} for name, label in zip(PRECISIONS, ("16 bits", "8 bits"), strict=True)]


def kv_precision_start(lab: Lab) -> str:
    return lab.system.kv if lab.system.kv in PRECISIONS else PRECISIONS[0]


def kv_cards(lab: Lab) -> list[dict[str, str]]:
    """GPUs by name, as many of each as the lab has; its own first."""
    own = lab.system.gpu.name
    names = [own, *[name for name in CARDS if name != own and name in gpu_names()]]
    cards = {name: lab.system.gpu if name == own else load_gpu(name) for name in names}
    return [{"value": name, "label": _cards(lab.system.gpus, card)} for name, card in cards.items()]


def _cards(count: int, gpu: GPU) -> str:
    return f"{count} × {gpu.title}" if count > 1 else gpu.title


def kv_card_start(lab: Lab) -> str:
    return lab.system.gpu.name


def _system(lab: Lab, kv: str, gpu: str) -> System:
    here = lab.system
    card = here.gpu if gpu == here.gpu.name else load_gpu(gpu)
    return System(here.model, card, tp=here.tp, weights=here.weights, kv=kv, head=here.head)


def explore_kv(lab: Lab, *, context: float, requests: float, kv: str, gpu: str) -> Explored:
    """What so many requests of that context hold beside the weights, in bytes over all GPUs, and how many fit."""
    tokens, many = round(context), round(requests)
    system = _system(lab, kv, gpu)
    room = capacity(system, tokens)
    cache, state = many * room.kv_bytes_per_sequence, many * room.whole_state_bytes_per_sequence
    held = room.weight_bytes + cache + state
    over = held > room.usable_bytes
    parts = [Part("weights", room.weight_bytes, "weights"), Part("keys and values", cache, "kv")]
    if sum(state_bytes(system).values()):
        parts.append(Part("states", state, "state"))
    return Explored(
        finding=_finding(many, tokens, Quantity(cache + state, "B"), room.sequences, over),
        values=_values(system, room.sequences, many, cache, state),
        bars=[
            Bar(
                _cards(system.gpus, system.gpu),
                parts,
                note="does not fit" if over else "",
                limit=room.usable_bytes,
                limit_label="what an engine hands out",
            )
        ],
        unit="B",
    )


def _finding(many: int, tokens: int, own: Quantity, fit: int, over: bool) -> str:
    word = "request holds" if many == 1 else "requests hold"
    end = "more than fits" if over else "and fit"
    return f"{many:,} {word} {own} with {tokens:,} tokens each, {end}; {fit:,} would fit."


def _values(system: System, fit: int, many: int, cache: float, state: float) -> list[Value]:
    found: list[tuple[str, str, Any]] = [
        ("fit", "Requests that fit", Quantity(fit, "requests", digits=4)),
        ("token", "One more token of one request", Quantity(kv_bytes_per_token(system), "B")),
        ("held", "Held by the requests", Quantity(cache + state, "B")),
    ]
    if state:
        found.append(("state", "Of that, states", Quantity(state, "B")))
    return [Value(name, label, quantity) for name, label, quantity in found]
