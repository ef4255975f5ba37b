"""How the memory of a replica is cut into blocks: how many, of how many tokens, and what a sequence takes whatever its length.

A model that mixes attention with recurrent layers (DeltaNet, Mamba) gets one page size for both, as in vLLM: a block holds so
many tokens of one attention layer that it is as large as the state of one recurrent layer, rounded up to whole kernel blocks
(Qwen3.5-27B: 784 tokens with a 16-bit cache, 1,568 with fp8: vllm#47430). Layers come in groups of equal size, a block is one
page in each layer of a group, and each group of recurrent layers holds one state of a sequence, one more where states are
kept for prefix caching, and one for each draft (`MambaSpec.max_memory_usage_bytes` in vllm/v1/kv_cache_interface.py, 0.33.0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import (
    USABLE,
    DeltaNet,
    System,
    kv_bytes,
    kv_bytes_per_token,
    sequence_bytes,
    state_bytes,
    weight_bytes,
)
from lessonlib.serving.replica.scheduler import Scheduler

#: Tokens of a block are a multiple of this, whatever the page size asks for.
KERNEL_BLOCK = 16


@dataclass(frozen=True)
class Pages:
    """total: blocks of the cache. tokens: of one block. fixed: blocks that each sequence takes whatever its length. state: blocks
    of one kept state (0: the model has none, or its states are not paged). bytes: of one block, over all GPUs.
    """

    total: int
    tokens: int
    fixed: int
    state: int = 0
    bytes: float = 0.0


@dataclass(frozen=True)
class _Groups:
    """Layers of a hybrid in groups of `layers`: so many groups of attention, and of recurrent layers. page: bytes, over all GPUs."""

    tokens: int
    page: float
    layers: int
    attention: int
    recurrent: int


def _hybrid(system: System, least: int) -> _Groups | None:
    """How vLLM groups the layers of a model that has both kinds; None for any other model."""
    recurrent = [group for group in system.model.layers if isinstance(group.mixer, DeltaNet)]
    growing = [group for group in system.model.layers if group.mixer.kv_values and group.mixer.window is None]
    if not recurrent or not growing:
        return None
    token = max(
        system.kv_format.bytes_of(group.mixer.kv_values, group.mixer.kv_vector) * group.mixer.kv_copies(system.tp)
        for group in growing
    )
    state = max(
        group.mixer.recurrent_bytes + group.mixer.convolution_bytes
        for group in recurrent
        if isinstance(group.mixer, DeltaNet)
    )
    tokens = -(-max(math.ceil(state / token), least) // KERNEL_BLOCK) * KERNEL_BLOCK
    counts = sum(group.count for group in growing), sum(group.count for group in recurrent)
    layers = min(counts)
    return _Groups(tokens, tokens * token, layers, -(-counts[0] // layers), -(-counts[1] // layers))


def pages(system: System, scheduler: Scheduler) -> Pages:
    """The blocks of one replica. Raises LessonlibError where the weights leave no room."""
    groups = _hybrid(system, scheduler.block_tokens) if scheduler.hybrid_pages else None
    if groups is None:
        return _plain(system, scheduler)
    drafts = scheduler.speculation.drafts if scheduler.speculation else 0
    states = groups.recurrent * ((2 if scheduler.prefix_caching else 1) + drafts)
    fixed, state = -(-states // groups.attention), -(-groups.recurrent // groups.attention)
    block = groups.page * groups.layers * groups.attention
    total = _total(system, scheduler, block, fixed)
    return Pages(total, groups.tokens, fixed, state if scheduler.prefix_caching else 0, block)


def _plain(system: System, scheduler: Scheduler) -> Pages:
    """A block holds `block_tokens` tokens of the layers whose cache grows. Recurrent state, and windows as if full, take
    whole blocks of their own a sequence.
    """
    size = scheduler.block_tokens
    per_token = kv_bytes_per_token(system)
    plain = kv_bytes(system, 1.0)
    copies = (sequence_bytes(system, 16) - sum(state_bytes(system).values())) / kv_bytes(system, 16.0) if plain else 1.0
    block = size * per_token * copies
    held = sum(state_bytes(system).values())
    mixed_windows = plain > per_token
    if mixed_windows:
        longest = max(
            getattr(group.mixer, "window", None) or 0
            for group in system.model.layers
            if not isinstance(group.mixer, DeltaNet)
        )
        held += copies * (kv_bytes(system, longest) - longest * per_token)
    if not block:
        block = held or 1.0
    fixed = int(-(-held // block))
    return Pages(_total(system, scheduler, block, fixed), size, fixed, 0, block)


def _total(system: System, scheduler: Scheduler, block: float, fixed: int) -> int:
    if scheduler.kv_blocks is not None:
        return scheduler.kv_blocks
    memory = system.gpu.memory_bytes * system.gpus
    room = scheduler.memory_share * memory - weight_bytes(system)
    if room < block * (1 + fixed):
        fits = scheduler.memory_share < USABLE and weight_bytes(system) < USABLE * memory
        raise LessonlibError(
            f"no room for a KV cache: the weights of {system.model.name} take {weight_bytes(system) / 1e9:.3g} GB of "
            f"{scheduler.memory_share * memory / 1e9:.3g} GB usable on {system.gpus} x {system.gpu.called}: "
            f"{'raise memory_share, or ' if fits else ''}raise tp, or take fewer bits for the weights, or a larger GPU"
        )
    return int(room // block)
