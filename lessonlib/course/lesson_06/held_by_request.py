"""What one request holds and moves, for lesson 6: a cache that grows, a state that does not, pages that fit both."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.hybrid import hybrid_kv, hybrid_of
from lessonlib.course.shared.whole_pages import requests_in_pages
from lessonlib.roofline import BLOCK_TOKENS, Lab, kv_bytes, max_batch, state_bytes

#: tokens of a long document
LONG = 131_072
#: chats of so many tokens, beside one document of as many as all of them
CHATS, CHAT = 64, 1_024


# --- the state of linear attention


def hybrid_layers(lab: Lab) -> int:
    return hybrid_of(lab).system.model.layer_count


def hybrid_kv_layers(lab: Lab) -> int:
    """Layers that keep keys and values."""
    return hybrid_of(lab).system.model.kv_layers


def hybrid_state_layers(lab: Lab) -> int:
    return hybrid_layers(lab) - hybrid_kv_layers(lab)


def hybrid_kv_of_a_layer(lab: Lab) -> Quantity:
    """What a token keeps in one layer of full attention."""
    return Quantity(float(hybrid_kv(lab)) / hybrid_kv_layers(lab), "B")


def hybrid_kv_of_a_small_page(lab: Lab) -> Quantity:
    """What the tokens of a usual page keep in all layers of full attention."""
    return Quantity(BLOCK_TOKENS * float(hybrid_kv(lab)), "B")


def hybrid_state(lab: Lab) -> Quantity:
    """What the layers of linear attention keep for a request, whatever its length."""
    return Quantity(sum(state_bytes(hybrid_of(lab).system).values()), "B")


def state_traffic(lab: Lab) -> Quantity:
    """The state is read and written back at every step."""
    return Quantity(2 * float(hybrid_state(lab)), "B")


def state_as_tokens(lab: Lab) -> Quantity:
    """Tokens whose keys and values, in the layers that keep any, weigh as much as the state moves."""
    return Quantity(float(state_traffic(lab)) / float(hybrid_kv(lab)), "tokens")


def _spared(lab: Lab) -> float:
    """Bytes a token that the layers with a state do not keep."""
    return float(hybrid_kv(lab)) * hybrid_state_layers(lab) / hybrid_kv_layers(lab)


def state_pays_from(lab: Lab) -> Quantity:
    """Context from which a step moves less than with keys and values in all layers: the state in and out, over what it spares a token."""
    return Quantity(float(state_traffic(lab)) / _spared(lab), "tokens")


def pays_if_only_read(lab: Lab) -> Quantity:
    """Forgets that the state is written back."""
    return Quantity(float(hybrid_state(lab)) / _spared(lab), "tokens")


def pays_over_all_layers(lab: Lab) -> Quantity:
    """Compares the state with the keys and values of all layers, also those that the hybrid keeps as well."""
    return Quantity(
        float(state_traffic(lab)) * hybrid_kv_layers(lab) / hybrid_layers(lab) / float(hybrid_kv(lab)), "tokens"
    )


# --- pages


def page_tokens(lab: Lab) -> Quantity:
    """Tokens of one attention layer that weigh as much as the state of one linear layer, in whole blocks of 16."""
    state = float(hybrid_state(lab)) / hybrid_state_layers(lab)
    token = float(hybrid_kv(lab)) / hybrid_kv_layers(lab)
    return Quantity(-(-state // (token * BLOCK_TOKENS)) * BLOCK_TOKENS, "tokens")


def page_by_default(lab: Lab) -> Quantity:
    """A page of vLLM for a model of one kind of layer."""
    return Quantity(BLOCK_TOKENS, "tokens")


def page_of_whole_state(lab: Lab) -> Quantity:
    """The state of all layers over the token of all layers."""
    return Quantity(float(hybrid_state(lab)) / float(hybrid_kv(lab)), "tokens")


def page_over_all_layers(lab: Lab) -> Quantity:
    """The same, with keys and values in every layer."""
    return Quantity(float(page_of_whole_state(lab)) * hybrid_kv_layers(lab) / hybrid_layers(lab), "tokens")


# --- many chats, or one document


def chat_count(lab: Lab) -> int:
    return CHATS


def chat_tokens(lab: Lab) -> Quantity:
    return Quantity(CHAT, "tokens", digits=4)


def document_tokens(lab: Lab) -> Quantity:
    return Quantity(CHATS * CHAT, "tokens", digits=6)


def _kept(lab: Lab, requests: int, state: float) -> float:
    """Bytes of all those tokens' keys and values, and of a state for each request."""
    return CHATS * CHAT * float(hybrid_kv(lab)) + requests * state


def chats_held(lab: Lab) -> Quantity:
    """What the hybrid keeps for all the chats: their caches, and a state for each."""
    return Quantity(_kept(lab, CHATS, float(hybrid_state(lab))), "B")


def document_held(lab: Lab) -> Quantity:
    """The same for one document of as many tokens: as much cache, and one state."""
    return Quantity(_kept(lab, 1, float(hybrid_state(lab))), "B")


def chats_over_document(lab: Lab) -> Quantity:
    return Quantity(float(chats_held(lab)) / float(document_held(lab)), "x")


def chats_as_tokens(lab: Lab) -> Quantity:
    """As many tokens, so as many bytes."""
    return Quantity(1.0, "x")


def chats_as_in_a_step(lab: Lab) -> Quantity:
    """What a decode step moves besides weights: there each state is read and written back."""
    moved = float(state_traffic(lab))
    return Quantity(_kept(lab, CHATS, moved) / _kept(lab, 1, moved), "x")


# --- one request of the lab


def windowed(lab: Lab) -> bool:
    """Whether some layers of the lab's model look back over a window only."""
    return any(group.mixer.window for group in lab.system.model.layers)


def window_tokens(lab: Lab) -> Quantity:
    """Tokens that such a layer keeps (0 where there is none)."""
    return Quantity(max(group.mixer.window or 0 for group in lab.system.model.layers), "tokens")


def long_request_tokens(lab: Lab) -> Quantity:
    """A long document: 131,072 tokens, or as many as the model's configuration allows."""
    return Quantity(min(LONG, lab.system.model.max_context or LONG), "tokens", digits=6)


def kv_of_long(lab: Lab) -> Quantity:
    return Quantity(kv_bytes(lab.system, float(long_request_tokens(lab))), "B")


def long_that_fit(lab: Lab) -> int:
    """Such documents that fit beside the weights."""
    return max_batch(lab.system, int(float(long_request_tokens(lab))))


def prompts_that_fit(lab: Lab) -> int:
    """Requests of the lab's usual prompt that fit beside the weights."""
    return max_batch(lab.system, lab.prompt)


def prompts_in_pages(lab: Lab) -> int:
    """The same in whole pages, at vLLM's defaults."""
    return requests_in_pages(lab, lab.prompt)
