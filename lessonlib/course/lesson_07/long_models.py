"""Lesson 7's other models: a small and a large one level at some context, and a hybrid whose conversation grows."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_07 import long_context as lc
from lessonlib.course.shared.hybrid import hybrid_of
from lessonlib.roofline import Estimate, Lab, System, decode, load_gpu, load_model, state_bytes

SMALL, LARGE, PAIR = "llama-3.1-8b", "qwen3.5-27b", "h200-sxm"
#: requests in a batch
EIGHT = 8
#: context from which a conversation doubles
GROWS_FROM = 4_096


def batch_of_eight(lab: Lab) -> int:
    return EIGHT


def longest_tokens(lab: Lab) -> Quantity:
    return Quantity(lc.LONGEST, "tokens", digits=6)


# --- what kind of model the lab's is


def window_layers(lab: Lab) -> int:
    """Layers that see the last few tokens only."""
    return sum(group.count for group in lab.system.model.layers if group.mixer.window)


# --- two models on the same pair of GPUs, eight requests


def _system(name: str) -> System:
    return System(load_model(name), load_gpu(PAIR), tp=2)


def _step(name: str, context: int) -> Estimate:
    return decode(_system(name), EIGHT, context)


def small_rival(lab: Lab) -> str:
    return load_model(SMALL).title


def large_rival(lab: Lab) -> str:
    return load_model(LARGE).title


def pair_of_gpus(lab: Lab) -> str:
    return f"2 × {load_gpu(PAIR).title}"


def small_leads(lab: Lab) -> Quantity:
    """How many times as fast the small model writes after 1,024 tokens."""
    return Quantity(_step(LARGE, lc.FIRST).ceiling_s / _step(SMALL, lc.FIRST).ceiling_s, "x")


def large_leads(lab: Lab) -> Quantity:
    """How many times as fast the large model writes after 131,072."""
    return Quantity(_step(SMALL, lc.LONGEST).ceiling_s / _step(LARGE, lc.LONGEST).ceiling_s, "x")


def small_weights(lab: Lab) -> Quantity:
    return Quantity(lc.weights_at(_system(SMALL), EIGHT), "B")


def large_weights(lab: Lab) -> Quantity:
    return Quantity(lc.weights_at(_system(LARGE), EIGHT), "B")


def small_per_token(lab: Lab) -> Quantity:
    return Quantity(lc.read_per_token(_system(SMALL)), "B")


def large_per_token(lab: Lab) -> Quantity:
    return Quantity(lc.read_per_token(_system(LARGE)), "B")


def large_state(lab: Lab) -> Quantity:
    """The state of one request of the large model, read and written back."""
    return Quantity(2 * sum(state_bytes(_system(LARGE)).values()), "B")


def level_at(lab: Lab) -> Quantity:
    """Context at which both steps move as many bytes: what the large one moves more at first, over what the small one reads more a token."""
    more = float(large_weights(lab)) + EIGHT * float(large_state(lab)) - float(small_weights(lab))
    return Quantity(more / (EIGHT * (float(small_per_token(lab)) - float(large_per_token(lab)))), "tokens")


def level_for_one(lab: Lab) -> Quantity:
    """Counts one request."""
    more = float(large_weights(lab)) + float(large_state(lab)) - float(small_weights(lab))
    return Quantity(more / (float(small_per_token(lab)) - float(large_per_token(lab))), "tokens")


def level_without_its_cache(lab: Lab) -> Quantity:
    """Leaves out the cache of the large model."""
    more = float(large_weights(lab)) + EIGHT * float(large_state(lab)) - float(small_weights(lab))
    return Quantity(more / (EIGHT * float(small_per_token(lab))), "tokens")


# --- a hybrid whose conversation grows


def hybrid_all_layers(lab: Lab) -> int:
    return hybrid_of(lab).system.model.layer_count


def hybrid_attention_layers(lab: Lab) -> int:
    """Layers of full attention."""
    return hybrid_of(lab).system.model.kv_layers


def grows_from(lab: Lab) -> Quantity:
    return Quantity(GROWS_FROM, "tokens", digits=4)


def grows_to(lab: Lab) -> Quantity:
    return Quantity(2 * GROWS_FROM, "tokens", digits=4)


def _moved(lab: Lab, context: int) -> float:
    return lc.own_at(hybrid_of(lab).system, context)


def moved_before(lab: Lab) -> Quantity:
    """What a step moves for that request before it grows: cache, and state in and out."""
    return Quantity(_moved(lab, GROWS_FROM), "B")


def moved_after(lab: Lab) -> Quantity:
    return Quantity(_moved(lab, 2 * GROWS_FROM), "B")


def moved_growth(lab: Lab) -> Quantity:
    """By how many per cent that grows when the context doubles."""
    return Quantity(100 * (float(moved_after(lab)) / float(moved_before(lab)) - 1), "%")


def growth_of_cache(lab: Lab) -> Quantity:
    """Twice the tokens, twice the bytes."""
    return Quantity(100.0, "%")


def growth_by_layers(lab: Lab) -> Quantity:
    """As many per cent of the bytes as there are layers that grow."""
    return Quantity(100 * hybrid_attention_layers(lab) / hybrid_all_layers(lab), "%")


def growth_state_only_read(lab: Lab) -> Quantity:
    """Forgets that the state is written back."""
    cache = float(moved_after(lab)) - float(moved_before(lab))
    once = sum(state_bytes(hybrid_of(lab).system).values())
    return Quantity(100 * cache / (cache + once), "%")


def hybrid_state_held(lab: Lab) -> Quantity:
    """What those layers keep for a request."""
    return Quantity(sum(state_bytes(hybrid_of(lab).system).values()), "B")
