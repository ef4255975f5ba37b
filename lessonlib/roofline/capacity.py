"""What fits: weights, KV cache and state against the memory of the GPUs."""

from __future__ import annotations

from dataclasses import dataclass

from lessonlib.base.checks import whole
from lessonlib.roofline.blocks import BF16_BYTES, Experts, Mlp
from lessonlib.roofline.system import System, kv_bytes, state_bytes, weight_bytes

#: Share of the memory that an engine hands out to weights and cache: the default of vLLM's gpu_memory_utilization, 0.92 as
#: of 0.33 (vllm/config/cache.py; 0.9 before). vLLM takes it of what the driver shows, which is up to 8 % more than what the
#: maker writes (GPU.capacity_bytes), and its activations and graphs out of it. Here it is a share of what the maker writes,
#: all of it for weights and cache: the difference is the reserve for activations and the runtime.
USABLE = 0.92
#: Tokens in one block of a paged KV cache (vLLM's default).
BLOCK_TOKENS = 16


@dataclass(frozen=True)
class Capacity:
    """Memory of a system for sequences of one length; all in bytes, over all GPUs.

    sequences: how many fit. kv_bytes_per_sequence: in whole blocks, over all copies; of that
    fragmentation_bytes_per_sequence is the unused end of the last block. free_bytes: left after the
    last sequence. short_bytes: what the first sequence that does not fit lacks. activation_bytes:
    the widest intermediate results of one step, kept in the part of the memory that is not usable
    for weights and cache; reserve_bytes is that part.
    """

    memory_bytes: float
    usable_bytes: float
    reserve_bytes: float
    weight_bytes: float
    kv_bytes_per_sequence: float
    fragmentation_bytes_per_sequence: float
    whole_state_bytes_per_sequence: float
    activation_bytes: float
    sequences: int
    free_bytes: float
    short_bytes: float


def _copies(system: System) -> float:
    """Copies of each cached value among the GPUs of one copy of the model."""
    mixers = [group.mixer for group in system.model.layers if group.mixer.kv_values]
    return max((mixer.kv_copies(system.tp) for mixer in mixers), default=1.0)


def activation_bytes(system: System, tokens: int) -> float:
    """Widest intermediate results of a step of `tokens` tokens: residual stream, attention inputs
    and outputs, gate and up of the feed-forward, in 16 bits, over all GPUs.
    """
    widest = 0.0
    for group in system.model.layers:
        feed = group.feed_forward
        inner = 2 * feed.width if isinstance(feed, Mlp) else 0
        if isinstance(feed, Experts):
            inner = 2 * (feed.active * feed.width + feed.shared_width)
        mixing = sum(matrix.outputs for matrix in group.mixer.matrices(system.model.hidden))
        widest = max(widest, inner, mixing)
    residual = 2.0 * system.model.hidden * system.tp
    return BF16_BYTES * tokens * (widest + residual) * system.dp * system.pp


def sequence_bytes(system: System, context: int) -> float:
    """Bytes that one sequence of `context` tokens holds over all GPUs: KV cache in whole blocks, state."""
    blocks = -(-context // BLOCK_TOKENS)
    cache = _copies(system) * kv_bytes(system, blocks * BLOCK_TOKENS)
    return cache + sum(state_bytes(system).values())


def capacity(system: System, context: int, usable: float = USABLE, step_tokens: int = 8192) -> Capacity:
    """What fits beside the weights, for sequences of `context` tokens.

    usable: share of the memory for weights and cache. step_tokens: tokens of one step, for the activations. Raises
    LessonlibError for a context that is no whole number from 1 up.
    """
    context = whole("context", context, 1, None)
    state = sum(state_bytes(system).values())
    cache = sequence_bytes(system, context) - state
    memory = system.gpu.memory_bytes * system.gpus
    held = weight_bytes(system)
    room = usable * memory - held
    in_each_copy = int(max(0.0, room / system.dp) // (cache + state))
    sequences = in_each_copy * system.dp
    left = room - sequences * (cache + state)
    return Capacity(
        memory_bytes=memory,
        usable_bytes=usable * memory,
        reserve_bytes=(1.0 - usable) * memory,
        weight_bytes=held,
        kv_bytes_per_sequence=cache,
        fragmentation_bytes_per_sequence=cache - _copies(system) * kv_bytes(system, context),
        whole_state_bytes_per_sequence=state,
        activation_bytes=activation_bytes(system, step_tokens),
        sequences=sequences,
        free_bytes=max(0.0, left),
        short_bytes=cache + state - left / system.dp,
    )


def max_batch(system: System, context: int, usable: float = USABLE) -> int:
    """Largest number of sequences of `context` tokens that fit beside the weights (0: none)."""
    return capacity(system, context, usable).sequences
