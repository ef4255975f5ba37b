"""Two models whose caches lesson 6 counts beside the lab's: one that keeps keys and values for every head, one that keeps a latent.

Counted from their published shapes, in 16 bits, whatever the lab; each function takes the lab as all workings do.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.experts import latent
from lessonlib.roofline import DEFAULT_LAB, Lab, LatentAttention, System, kv_bytes_per_token, load_lab, load_model

OLD, LATENT = "llama-2-7b", "deepseek-v3"
#: bytes of a value in 16 bits
VALUE = 2
#: GPUs of the server in the quiz
EIGHT = 8


# --- keys and values for every head


def old_model(lab: Lab) -> str:
    return load_model(OLD).title


def old_layers(lab: Lab) -> int:
    return load_model(OLD).layer_count


def old_heads(lab: Lab) -> int:
    return load_model(OLD).query_heads


def old_head_dim(lab: Lab) -> int:
    return load_model(OLD).layers[0].mixer.head_dim


def old_kv(lab: Lab) -> Quantity:
    """A key and a value, in each layer, for each head, of head_dim numbers of 2 bytes."""
    model = load_model(OLD)
    return Quantity(2 * model.layer_count * model.kv_heads * old_head_dim(lab) * VALUE, "B")


# --- one latent for all heads


def _latent() -> LatentAttention:
    mixers = (group.mixer for group in load_model(LATENT).layers)
    return next(mixer for mixer in mixers if isinstance(mixer, LatentAttention))


def latent_model(lab: Lab) -> str:
    return load_model(LATENT).title


def latent_layers(lab: Lab) -> int:
    return load_model(LATENT).layer_count


def latent_heads(lab: Lab) -> int:
    return load_model(LATENT).query_heads


def latent_hidden(lab: Lab) -> int:
    return load_model(LATENT).hidden


def latent_rank(lab: Lab) -> int:
    """Numbers of the shared vector from which each head makes its key and its value."""
    return _latent().kv_rank


def latent_position(lab: Lab) -> int:
    """Numbers of the shared key that carries the position."""
    return _latent().rope_dim


def latent_nope(lab: Lab) -> int:
    return _latent().nope_dim


def latent_value(lab: Lab) -> int:
    return _latent().value_dim


def latent_numbers(lab: Lab) -> int:
    """Numbers kept for a token in each layer: the latent and a key for position, shared by all heads."""
    return _latent().kv_values


def latent_kv(lab: Lab) -> Quantity:
    """One shared vector in each layer, of numbers of 2 bytes."""
    return Quantity(latent_layers(lab) * latent_numbers(lab) * VALUE, "B")


def latent_as_kv_heads(lab: Lab) -> Quantity:
    """A key and a value for each of the KV heads that the configuration names, as wide as the model over its heads."""
    return Quantity(2 * latent_layers(lab) * latent_heads(lab) * latent_width_over_heads(lab) * VALUE, "B")


def latent_width_over_heads(lab: Lab) -> int:
    """What a tool takes for the size of a head where the configuration gives none."""
    return latent_hidden(lab) // latent_heads(lab)


def latent_of_all_heads(lab: Lab) -> Quantity:
    """The key and the value that each head works with."""
    each = latent_nope(lab) + latent_position(lab) + latent_value(lab)
    return Quantity(latent_layers(lab) * latent_heads(lab) * each * VALUE, "B")


def latent_twice(lab: Lab) -> Quantity:
    """All that is kept once as key and once as value."""
    return Quantity(2 * float(latent_kv(lab)), "B")


def old_over_latent(lab: Lab) -> Quantity:
    """How many times as much the old model keeps of a token."""
    return Quantity(float(old_kv(lab)) / float(latent_kv(lab)), "x", digits=2)


# --- the same cache on eight GPUs


def _spread(lab: Lab) -> System:
    """A model on eight GPUs of its lab: one whose attention the lab's own does not have."""
    if latent(lab):
        here = load_lab(DEFAULT_LAB).system
        return System(here.model, here.gpu, tp=EIGHT)
    return System(load_model(LATENT), load_lab("deepseek-v3-8xh200-fp8").system.gpu, tp=EIGHT)


def spread_model(lab: Lab) -> str:
    return _spread(lab).model.title


def kept_once(lab: Lab) -> Quantity:
    """What a token keeps, once."""
    return Quantity(kv_bytes_per_token(_spread(lab)), "B")


def copies_on_eight(lab: Lab) -> int:
    """How often each cached number is kept on the eight GPUs together."""
    mixers = [group.mixer for group in _spread(lab).model.layers if group.mixer.kv_values]
    return round(max(mixer.kv_copies(EIGHT) for mixer in mixers))


def spread_held(lab: Lab) -> Quantity:
    """What the eight keep together: every copy counts."""
    return Quantity(float(kept_once(lab)) * copies_on_eight(lab), "B")


def spread_everywhere(lab: Lab) -> Quantity:
    """A whole cache on each of the eight."""
    return Quantity(float(kept_once(lab)) * EIGHT, "B")
