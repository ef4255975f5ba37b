"""What one request holds and moves, for lesson 6: a cache that grows, a state that does not, layers with a window."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_06.kv_of_models import LONG, token_as_text
from lessonlib.course.shared.hybrid import hybrid_kv, hybrid_of
from lessonlib.roofline import Lab, System, kv_bytes, load_gpu, load_model, max_batch, state_bytes, weight_bytes_read

#: tokens at which the curve is asked
GRID = (128, 512, 2_048, 8_192, 32_768, LONG)
#: top of the curve's axis, in MB
MOST = 100_000
#: chats of so many tokens, beside one document of as many as all of them
CHATS, CHAT = 64, 1_024
#: a model with windows in half of its layers
WINDOWS = "gpt-oss-120b"


# --- the state of linear attention


def hybrid_layers(lab: Lab) -> int:
    return hybrid_of(lab).system.model.layer_count


def hybrid_state_layers(lab: Lab) -> int:
    model = hybrid_of(lab).system.model
    return model.layer_count - model.kv_layers


def hybrid_state(lab: Lab) -> Quantity:
    """What the layers of linear attention keep for a request, whatever its length."""
    return Quantity(sum(state_bytes(hybrid_of(lab).system).values()), "B")


def state_traffic(lab: Lab) -> Quantity:
    """The state is read and written back at every step."""
    return Quantity(2 * float(hybrid_state(lab)), "B")


def state_as_tokens(lab: Lab) -> Quantity:
    """Tokens whose keys and values a step reads for as many bytes as the state moves."""
    return Quantity(float(state_traffic(lab)) / float(hybrid_kv(lab)), "tokens", digits=2)


def state_read_only(lab: Lab) -> Quantity:
    """Forgets that the state is written back."""
    return Quantity(float(state_as_tokens(lab)) / 2, "tokens")


def state_over_all_layers(lab: Lab) -> Quantity:
    """Takes all layers to have keys and values to read, also those that keep a state."""
    return Quantity(
        float(state_as_tokens(lab)) * (hybrid_layers(lab) - hybrid_state_layers(lab)) / hybrid_layers(lab), "tokens"
    )


def state_pays_from(lab: Lab) -> Quantity:
    """Context from which a step moves less than with keys and values in all layers."""
    spared = float(hybrid_kv(lab)) * (hybrid_layers(lab) / (hybrid_layers(lab) - hybrid_state_layers(lab)) - 1)
    return Quantity(float(state_traffic(lab)) / spared, "tokens", digits=2)


def chat_count(lab: Lab) -> int:
    return CHATS


def chat_tokens(lab: Lab) -> Quantity:
    return Quantity(CHAT, "tokens", digits=4)


def document_tokens(lab: Lab) -> Quantity:
    return Quantity(CHATS * CHAT, "tokens", digits=6)


def chats_own(lab: Lab) -> Quantity:
    """What a step of the hybrid moves for all the chats besides weights: their caches, and a state for each."""
    return Quantity(CHATS * (CHAT * float(hybrid_kv(lab)) + float(state_traffic(lab))), "B")


def document_own(lab: Lab) -> Quantity:
    """The same for one document of as many tokens: as much cache, and one state."""
    return Quantity(CHATS * CHAT * float(hybrid_kv(lab)) + float(state_traffic(lab)), "B")


# --- layers with a window


def windowed(lab: Lab) -> bool:
    """Whether some layers of the lab's model look back over a window only."""
    return any(group.mixer.window for group in lab.system.model.layers)


def windowed_layers(lab: Lab) -> int:
    return sum(group.count for group in lab.system.model.layers if group.mixer.window)


def window_tokens(lab: Lab) -> Quantity:
    """Tokens that such a layer keeps (0 where there is none)."""
    return Quantity(max(group.mixer.window or 0 for group in lab.system.model.layers), "tokens")


def window_model(lab: Lab) -> str:
    return load_model(WINDOWS).title


def _windows(lab: Lab, tokens: int) -> Quantity:
    return Quantity(kv_bytes(System(load_model(WINDOWS), load_gpu("h100-sxm")), tokens), "B")


def window_half(lab: Lab) -> Quantity:
    """Cache of a request of half the long length in a model half of whose layers have a window."""
    return _windows(lab, LONG // 2)


def window_full(lab: Lab) -> Quantity:
    return _windows(lab, LONG)


# --- one request, from short to long


def _held(lab: Lab, tokens: int) -> float:
    return kv_bytes(lab.system, tokens) + sum(state_bytes(lab.system).values())


def held_curve(lab: Lab) -> dict[str, list[float]]:
    """MB that one request holds: keys and values of its tokens (a window's, of the last ones), and its state."""
    return {"x": list(GRID), "y": [_held(lab, tokens) / 1e6 for tokens in GRID]}


def held_without_state(lab: Lab) -> dict[str, list[float]]:
    """Forgets the state."""
    return {"x": list(GRID), "y": [kv_bytes(lab.system, tokens) / 1e6 for tokens in GRID]}


def held_without_window(lab: Lab) -> dict[str, list[float]]:
    """Lets the layers with a window keep every token, too."""
    first = GRID[0]
    return {
        "x": list(GRID),
        "y": [(_held(lab, first) + (t - first) * kv_bytes(lab.system, first) / first) / 1e6 for t in GRID],
    }


def held_squared(lab: Lab) -> dict[str, list[float]]:
    """Grows with the square of the length, to the top of the axis."""
    return {"x": list(GRID), "y": [min(_held(lab, GRID[0]) / 1e6 * (t / GRID[0]) ** 2, MOST) for t in GRID]}


def held_reserved(lab: Lab) -> dict[str, list[float]]:
    """The longest request's room, whatever the length."""
    return {"x": list(GRID), "y": [_held(lab, LONG) / 1e6] * len(GRID)}


def long_request_tokens(lab: Lab) -> Quantity:
    return Quantity(LONG, "tokens", digits=6)


def short_request_tokens(lab: Lab) -> Quantity:
    return Quantity(GRID[0], "tokens")


def held_long(lab: Lab) -> Quantity:
    return Quantity(_held(lab, LONG), "B")


def held_short(lab: Lab) -> Quantity:
    return Quantity(_held(lab, GRID[0]), "B")


def kv_of_long(lab: Lab) -> Quantity:
    return Quantity(kv_bytes(lab.system, LONG), "B")


def long_share(lab: Lab) -> Quantity:
    """One long request beside the weights that one request's step fetches."""
    return Quantity(100 * _held(lab, LONG) / weight_bytes_read(lab.system), "%", digits=2)


def long_over_weights(lab: Lab) -> Quantity:
    """The same as a factor."""
    return Quantity(float(long_share(lab)) / 100, "x", digits=2)


def long_outweighs(lab: Lab) -> bool:
    """Whether that request weighs more than those weights."""
    return float(long_share(lab)) > 100


def long_as_text(lab: Lab) -> Quantity:
    """The same document as text, at four letters a token."""
    return Quantity(LONG * float(token_as_text(lab)), "B")


def long_fits(lab: Lab) -> bool:
    """Whether one request that long fits beside the weights in the memory that an engine hands out."""
    return max_batch(lab.system, LONG) >= 1


def beyond_config(lab: Lab) -> str:
    """The length that the model's configuration names, where it is less than the long request."""
    longest = lab.system.model.max_context or LONG
    return f"{longest:,} tokens" if longest < LONG else ""
