"""What weights leave of a GPU's memory, for lesson 5: in bytes that the driver shows, with an engine's share and a reserve.

The share is vLLM's default, the reserve what the engine room keeps apart for activations, graphs and the runtime
(roofline/capacity.py); both are stated wherever a room is printed.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import GPU, USABLE, Lab, System, load_gpu, load_model, weight_bytes

#: one model on one card and on two, whatever the lab
ROOMY_MODEL, ROOMY_GPU = "qwen3.5-27b", "h100-sxm"
_GIB, _MIB = 2.0**30, 2.0**20
#: what somebody writes who has read "80 GB"
CLAIMED_GIB = 80


def _gpu() -> GPU:
    return load_gpu(ROOMY_GPU)


def _weights() -> float:
    return weight_bytes(System(load_model(ROOMY_MODEL), _gpu()))


def _usable(gpu: GPU) -> float:
    """Bytes for weights and caches on one GPU: the engine's share of what is visible, less the reserve."""
    return USABLE * gpu.memory_bytes


def room_model(lab: Lab) -> str:
    return load_model(ROOMY_MODEL).title


def room_gpu(lab: Lab) -> str:
    return _gpu().title


def visible_bytes(lab: Lab) -> Quantity:
    """Memory of one such GPU as the driver shows it."""
    return Quantity(_gpu().capacity_bytes, "B")


def reserve_bytes(lab: Lab) -> Quantity:
    """Of that share, kept for activations, graphs and the runtime."""
    return Quantity(USABLE * _gpu().capacity_bytes - _usable(_gpu()), "B", digits=2)


def usable_of_one_gpu(lab: Lab) -> Quantity:
    """What is left for weights and conversations."""
    return Quantity(_usable(_gpu()), "B")


def weights_to_hold(lab: Lab) -> Quantity:
    """All weights of the model in bf16."""
    return Quantity(_weights(), "B")


def room_of_one(lab: Lab) -> Quantity:
    return Quantity(_usable(_gpu()) - _weights(), "B")


def room_of_two(lab: Lab) -> Quantity:
    """Two GPUs that divide one copy of the weights between them."""
    return Quantity(2 * _usable(_gpu()) - _weights(), "B")


def room_of_replicas(lab: Lab) -> Quantity:
    """Two GPUs with a copy of the weights each."""
    return Quantity(2 * float(room_of_one(lab)), "B")


def second_gpu_gain(lab: Lab) -> Quantity:
    """Room beside the weights on two GPUs over that on one."""
    return Quantity(float(room_of_two(lab)) / float(room_of_one(lab)), "x")


def second_gpu_doubles(lab: Lab) -> Quantity:
    """Twice the memory, twice the room."""
    return Quantity(2, "x")


def second_gpu_on_paper(lab: Lab) -> Quantity:
    """The same with the bytes of the data sheet, all of them for the engine."""
    memory = _gpu().memory_bytes
    return Quantity((2 * memory - _weights()) / (memory - _weights()), "x")


def own_memory(lab: Lab) -> Quantity:
    """Memory of all the lab's GPUs, as the driver shows it."""
    return Quantity(lab.system.gpu.capacity_bytes * lab.system.gpus, "B")


def own_room(lab: Lab) -> Quantity:
    """What the lab's weights leave for conversations."""
    return Quantity(max(0.0, _usable(lab.system.gpu) * lab.system.gpus - weight_bytes(lab.system)), "B")


# --- a claim in gibibytes


def claimed(lab: Lab) -> str:
    """A quantity as Kubernetes writes it: "80Gi"."""
    return f"{CLAIMED_GIB}Gi"


def claimed_in_g(lab: Lab) -> str:
    """As many decimal gigabytes: "80G"."""
    return f"{CLAIMED_GIB}G"


def claimed_mib(lab: Lab) -> str:
    return f"{CLAIMED_GIB * _GIB / _MIB:,.0f} MiB"


def visible_mib(lab: Lab) -> str:
    """Memory of one such GPU in the driver's own unit."""
    return f"{_gpu().capacity_bytes / _MIB:,.0f} MiB"


def visible_gib(lab: Lab) -> str:
    """The same as tools print it, such as "79.6"."""
    return f"{_gpu().capacity_bytes / _GIB:.1f}"


def claimed_bytes(lab: Lab) -> Quantity:
    return Quantity(CLAIMED_GIB * _GIB, "B")


def a_claim_of_its_name_is_too_much(lab: Lab) -> bool:
    """The card shows more bytes than its name says, and fewer than the same number of gibibytes."""
    gpu = _gpu()
    return CLAIMED_GIB * 1e9 == gpu.memory_bytes < gpu.capacity_bytes < CLAIMED_GIB * _GIB


def a_second_gpu_more_than_doubles(lab: Lab) -> bool:
    return 4 < float(second_gpu_gain(lab)) < 5 and float(room_of_two(lab)) > 2 * float(room_of_replicas(lab))
