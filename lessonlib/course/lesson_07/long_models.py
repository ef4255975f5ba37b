"""Lesson 7's two comparisons of models: a small and a large one after long documents, a hybrid and its full-attention twin."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_07 import long_context as lc
from lessonlib.course.shared.hybrid import hybrid_kv, hybrid_of
from lessonlib.roofline import Estimate, Lab, System, decode, kv_bytes_per_token, load_gpu, load_model, state_bytes

SMALL, LARGE, PAIR = "llama-3.1-8b", "qwen3.5-27b", "h200-sxm"
#: requests in a batch
EIGHT = 8


def batch_of_eight(lab: Lab) -> int:
    return EIGHT


def others(lab: Lab) -> int:
    return EIGHT - 1


def longest_tokens(lab: Lab) -> Quantity:
    return Quantity(lc.LONGEST, "tokens", digits=6)


# --- what kind of model the lab's is


def kv_per_token(lab: Lab) -> Quantity:
    return Quantity(kv_bytes_per_token(lab.system), "B")


def window_layers(lab: Lab) -> int:
    """Layers that see the last few tokens only."""
    return sum(group.count for group in lab.system.model.layers if group.mixer.window)


def sliding_window(lab: Lab) -> int:
    return max(group.mixer.window or 0 for group in lab.system.model.layers)


# --- the mystery: two models on the same pair of GPUs, eight requests


def _step(name: str, context: int) -> Estimate:
    return decode(System(load_model(name), load_gpu(PAIR), tp=2), EIGHT, context)


def _pair(name: str, context: int) -> float:
    return _step(name, context).ceiling_s


def mystery_small_model(lab: Lab) -> str:
    return load_model(SMALL).title


def mystery_large_model(lab: Lab) -> str:
    return load_model(LARGE).title


def mystery_gpus(lab: Lab) -> str:
    return f"2 × {load_gpu(PAIR).title}"


def mystery_short(lab: Lab) -> Quantity:
    """How many times as fast the small model writes after 1,024 tokens."""
    return Quantity(_pair(LARGE, lc.FIRST) / _pair(SMALL, lc.FIRST), "x")


def mystery_long(lab: Lab) -> Quantity:
    """How many times as fast the large model writes after 131,072."""
    return Quantity(_pair(SMALL, lc.LONGEST) / _pair(LARGE, lc.LONGEST), "x")


def mystery_small_bytes(lab: Lab) -> Quantity:
    """What a step of the small model moves after 131,072 tokens."""
    return Quantity(_step(SMALL, lc.LONGEST).bytes, "B")


def mystery_large_bytes(lab: Lab) -> Quantity:
    return Quantity(_step(LARGE, lc.LONGEST).bytes, "B")


def small_overtakes(lab: Lab) -> Quantity:
    """Requests of 4,096 tokens whose caches outweigh the small model's weights in 16 bits."""
    return Quantity(lc.overtaking(System(load_model(SMALL), load_gpu(PAIR)), 4_096)[1], "requests", digits=2)


# --- a hybrid and its twin: eight requests of 131,072 tokens


def hybrid_all_layers(lab: Lab) -> int:
    return hybrid_of(lab).system.model.layer_count


def hybrid_kv_layers(lab: Lab) -> int:
    """Layers that keep keys and values."""
    return hybrid_of(lab).system.model.kv_layers


def hybrid_weights(lab: Lab) -> Quantity:
    return Quantity(lc.weights_at(hybrid_of(lab).system, EIGHT), "B")


def hybrid_state_moved(lab: Lab) -> Quantity:
    """The state of a request, read and written back."""
    return Quantity(2 * sum(state_bytes(hybrid_of(lab).system).values()), "B")


def twin_kv(lab: Lab) -> Quantity:
    """The same if every layer kept keys and values."""
    return Quantity(float(hybrid_kv(lab)) * hybrid_all_layers(lab) / hybrid_kv_layers(lab), "B")


def hybrid_cache(lab: Lab) -> Quantity:
    """What the eight hold in their caches."""
    return Quantity(EIGHT * lc.LONGEST * float(hybrid_kv(lab)), "B")


def twin_cache(lab: Lab) -> Quantity:
    return Quantity(EIGHT * lc.LONGEST * float(twin_kv(lab)), "B")


def hybrid_step(lab: Lab) -> Quantity:
    """Weights once, and for each of the eight its cache, and its state read and written."""
    return Quantity(decode(hybrid_of(lab).system, EIGHT, lc.LONGEST).bytes, "B")


def twin_step(lab: Lab) -> Quantity:
    """The same weights, and a cache in every layer."""
    return Quantity(float(hybrid_weights(lab)) + EIGHT * lc.twin_own_at(hybrid_of(lab).system, lc.LONGEST), "B")


def twin_over_hybrid(lab: Lab) -> Quantity:
    """How many times the bytes, and so at best the time, the twin's step takes."""
    return Quantity(float(twin_step(lab)) / float(hybrid_step(lab)), "x")


def twin_times_layers(lab: Lab) -> Quantity:
    """Takes the cache to be the whole step."""
    return Quantity(hybrid_all_layers(lab) / hybrid_kv_layers(lab), "x")


def twin_one_cache(lab: Lab) -> Quantity:
    """Counts one cache for all eight."""
    system = hybrid_of(lab).system
    weights = float(hybrid_weights(lab))
    return Quantity((weights + lc.twin_own_at(system, lc.LONGEST)) / (weights + lc.own_at(system, lc.LONGEST)), "x")


# --- the quiz: a step of which nine tenths are cache


def gain_from_small_cache(lab: Lab) -> Quantity:
    """Half the bytes of nine tenths."""
    return Quantity(1 / (0.1 + 0.9 / 2), "x")


def gain_from_small_weights(lab: Lab) -> Quantity:
    """A quarter of the bytes of one tenth."""
    return Quantity(1 / (0.1 / 4 + 0.9), "x")
