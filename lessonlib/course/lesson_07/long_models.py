"""Lesson 7's other models: a small and a large one level at some context, and a model with windows whose chat grows."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_07 import long_context as lc
from lessonlib.roofline import Estimate, Lab, System, decode, load_gpu, load_model, state_bytes

SMALL, LARGE, PAIR = "llama-3.1-8b", "qwen3.5-27b", "h200-sxm"
#: half of its layers have a window
WINDOWED = "gpt-oss-120b"
#: requests in a batch
EIGHT = 8
#: context from which a chat doubles
GROWS_FROM = 256


def batch_of_eight(lab: Lab) -> int:
    return EIGHT


def longest_tokens(lab: Lab) -> Quantity:
    return Quantity(lc.LONGEST, "tokens", digits=6)


# --- what kind of model the lab's is


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


# --- a model with windows whose chat grows


def _windowed() -> System:
    return System(load_model(WINDOWED), load_gpu(PAIR))


def windowed_model(lab: Lab) -> str:
    return load_model(WINDOWED).title


def windowed_layers(lab: Lab) -> int:
    return load_model(WINDOWED).layer_count


def windowed_size(lab: Lab) -> Quantity:
    """Tokens that a layer with a window keeps."""
    return Quantity(max(group.mixer.window or 0 for group in load_model(WINDOWED).layers), "tokens")


def grows_from(lab: Lab) -> Quantity:
    return Quantity(GROWS_FROM, "tokens", digits=4)


def grows_to(lab: Lab) -> Quantity:
    return Quantity(2 * GROWS_FROM, "tokens", digits=4)


def moved_before(lab: Lab) -> Quantity:
    """What a step reads for that chat before it grows: all its tokens in half of the layers, a full window in the others."""
    return Quantity(lc.own_at(_windowed(), GROWS_FROM), "B")


def moved_after(lab: Lab) -> Quantity:
    return Quantity(lc.own_at(_windowed(), 2 * GROWS_FROM), "B")


def moved_growth(lab: Lab) -> Quantity:
    """By how many per cent that grows when the context doubles."""
    return Quantity(100 * (float(moved_after(lab)) / float(moved_before(lab)) - 1), "%")


def growth_in_all_layers(lab: Lab) -> Quantity:
    """Twice the tokens in every layer, twice the bytes."""
    return Quantity(100.0, "%")


def growth_by_layers(lab: Lab) -> Quantity:
    """As many per cent of the bytes as there are layers that grow."""
    grow = sum(group.count for group in load_model(WINDOWED).layers if group.mixer.window is None)
    return Quantity(100 * grow / windowed_layers(lab), "%")
