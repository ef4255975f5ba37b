"""FLOPs of a prompt by part, and of one model that lesson 4 uses as an example whatever the lab: pieces of workings."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Estimate, Lab, System, decode, load_gpu, load_model, mixed, prefill

#: the prompt from which a public page has attention lead
EARLY = 16_384
#: longest prompt that is looked at when two parts are searched for the length at which they are equal
FURTHEST = 2**24


def attention_of(step: Estimate) -> float:
    """FLOPs of softmax attention proper: scores and weighted sums, over all layers that look back."""
    return sum(part.flops for part in step.operations if part.kind == "attention")


def attention_share(step: Estimate) -> float:
    """Attention's share of all FLOPs, 0 to 1."""
    return attention_of(step) / step.flops


def first_where(true: Callable[[int], bool]) -> int:
    """The least whole number for which a thing that stays true becomes true; found by halving."""
    low, high = 0, FURTHEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if true(middle) else (middle, high)
    return high


@cache
def equal_at_prompt(system: System) -> int:
    """Length of the prompt in whose prefill attention has half of the FLOPs."""
    return first_where(lambda prompt: attention_share(prefill(system, prompt)) >= 0.5)


@cache
def equal_at_context(system: System) -> int:
    """Context at which attention has half of the FLOPs of one written token."""
    return first_where(lambda context: attention_share(decode(system, 1, context)) >= 0.5)


def pair(system: System) -> float:
    """FLOPs of attention for one token that looks back on one other, where nothing cuts the view short."""
    near, far = 2**16, 2**17
    grown = attention_of(prefill(system, far)) - attention_of(prefill(system, near))
    return grown / ((far * (far + 1) - near * (near + 1)) / 2)


# --- Llama-3.1-8B, whose layers all look back on everything -------------------------------------------------------


@cache
def _example() -> System:
    return System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))


def example_model(lab: Lab) -> str:
    return _example().model.title


def example_layers(lab: Lab) -> int:
    return _example().model.layer_count


def example_heads(lab: Lab) -> int:
    """Query heads in each layer."""
    return _example().model.query_heads


def example_kv_heads(lab: Lab) -> int:
    return _example().model.kv_heads


def example_width(lab: Lab) -> int:
    """Numbers in a head's query, key or value."""
    return _example().model.layers[0].mixer.head_dim


def example_held(lab: Lab) -> Quantity:
    """All of its parameters."""
    return Quantity(_example().model.parameters, "parameters")


def example_embedding(lab: Lab) -> Quantity:
    """Those of its input embedding, in which a row is looked up."""
    return Quantity(_example().model.embedding_parameters, "parameters")


def example_used(lab: Lab) -> Quantity:
    """Its parameters without the input embedding."""
    return Quantity(_example().model.parameters_read, "parameters")


def one_look_back(lab: Lab) -> Quantity:
    """4 FLOPs for each number of a query head, in every head and layer: score and weighted sum."""
    return Quantity(4 * example_width(lab) * example_heads(lab) * example_layers(lab), "FLOP")


def work_of_all_weights(lab: Lab) -> Quantity:
    """Two FLOPs for each parameter that multiplies."""
    return Quantity(2 * float(example_used(lab)), "FLOP")


def equal_context_of_one_token(lab: Lab) -> Quantity:
    """FLOPs of the weights over those of looking back on one token: the context at which both are equal."""
    return Quantity(float(work_of_all_weights(lab)) / float(one_look_back(lab)), "tokens")


def context_by_kv_heads(lab: Lab) -> Quantity:
    """Counts a score for each KV head."""
    return Quantity(float(equal_context_of_one_token(lab)) * example_heads(lab) / example_kv_heads(lab), "tokens")


def context_early(lab: Lab) -> Quantity:
    """What one reads: from 16k on."""
    return Quantity(EARLY, "tokens", digits=5)


def prompt_early(lab: Lab) -> Quantity:
    """The same, said of a prompt."""
    return context_early(lab)


def prompt_seen_whole(lab: Lab) -> Quantity:
    """As if each token of the prompt looked at all of it: the context of a single token."""
    return equal_context_of_one_token(lab)


def example_prompt(lab: Lab) -> Quantity:
    """The prompt in whose prefill attention has half of the FLOPs."""
    return Quantity(equal_at_prompt(_example()), "tokens")


def example_head_share(lab: Lab) -> Quantity:
    """The output head's share of a written token's FLOPs, without context."""
    return Quantity(200 * _example().model.head.size / decode(_example(), 1, 0).flops, "%", digits=2)


# --- a prompt of the example in four chunks, each looking back on the cache of those before

CHUNKS, CHUNK = 4, 8192


def chunked_tokens(lab: Lab) -> Quantity:
    return Quantity(CHUNKS * CHUNK, "tokens", digits=6)


def whole_attention(lab: Lab) -> Quantity:
    """Attention's FLOPs for the prompt read in one piece."""
    return Quantity(attention_of(prefill(_example(), CHUNKS * CHUNK)), "FLOP")


def _attention_of_chunk(before: int) -> float:
    """The same of one chunk, after so many others."""
    return attention_of(mixed(_example(), [(CHUNK, CHUNK * before)]))


def chunked_attention(lab: Lab) -> Quantity:
    """The same of all four chunks."""
    return Quantity(sum(map(_attention_of_chunk, range(CHUNKS))), "FLOP")


def last_chunk_share(lab: Lab) -> Quantity:
    """The last chunk's share of the looks: a quarter of the tokens, each with seven eighths of the prompt behind it."""
    return Quantity(100 * _attention_of_chunk(CHUNKS - 1) / float(chunked_attention(lab)), "%", digits=2)


def first_chunk_share(lab: Lab) -> Quantity:
    return Quantity(100 * _attention_of_chunk(0) / float(chunked_attention(lab)), "%", digits=2)


def chunk_share_alike(lab: Lab) -> Quantity:
    """As if all chunks had equally much to do."""
    return Quantity(100 / CHUNKS, "%")


def chunk_share_anew(lab: Lab) -> Quantity:
    """As if each chunk worked through all before it again: its whole prompt so far, looks included."""
    prompts = [attention_of(prefill(_example(), CHUNK * upto)) for upto in range(1, CHUNKS + 1)]
    return Quantity(100 * prompts[-1] / sum(prompts), "%", digits=2)
