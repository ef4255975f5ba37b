"""What the scores of attention weigh when they are written out, and what a fused kernel moves instead.

One layer with full attention of the lab's model, reading one prompt of 32,768 tokens; over all its GPUs.
"""

from __future__ import annotations

import math

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_07.full_server import handed_out
from lessonlib.roofline import Attention, DeltaNet, Lab, LatentAttention, Operation, prefill

#: tokens of the prompt
PROMPT = 32_768
#: bytes of a number in 16 bits
VALUE = 2
#: times that plain code moves the table: scores out; in and out for the softmax; in for the sum
CROSSINGS = 4


def _layer(lab: Lab) -> Attention | LatentAttention:
    """The attention of a layer that sees everything."""
    mixers = (group.mixer for group in lab.system.model.layers)
    return next(mixer for mixer in mixers if not isinstance(mixer, DeltaNet) and mixer.window is None)


def _attention(lab: Lab) -> Operation:
    """That attention in all layers that have it, the masked half left out."""
    return next(part for part in prefill(lab.system, PROMPT).operations if part.name == "attention")


def score_tokens(lab: Lab) -> Quantity:
    return Quantity(PROMPT, "tokens", digits=6)


def score_heads(lab: Lab) -> int:
    return _layer(lab).heads


def table_crossings(lab: Lab) -> int:
    """How often the table crosses: written as scores, read and written again by the softmax, read for the sum of the values."""
    return CROSSINGS


def score_matrix(lab: Lab) -> Quantity:
    """A score for each pair of tokens, in each query head, of 2 bytes."""
    return Quantity(score_heads(lab) * PROMPT**2 * VALUE, "B")


def table_fills_at(lab: Lab) -> Quantity:
    """Tokens whose table, in each query head, takes as many bytes as an engine hands out."""
    return _fills_at(lab, score_heads(lab))


def table_fills_at_by_kv_heads(lab: Lab) -> Quantity:
    """With a table in each head of keys and values (a latent has none to count by)."""
    return _fills_at(lab, score_heads(lab) if isinstance(_layer(lab), LatentAttention) else lab.system.model.kv_heads)


def table_fills_at_with_one_head(lab: Lab) -> Quantity:
    """With one table for all heads."""
    return _fills_at(lab, 1)


def _fills_at(lab: Lab, heads: int) -> Quantity:
    return Quantity(math.sqrt(float(handed_out(lab)) / (heads * VALUE)), "tokens")


def row_of_scores(lab: Lab) -> Quantity:
    """What one new token of a decode step has: a score for each earlier token, in each query head."""
    return Quantity(score_heads(lab) * PROMPT * VALUE, "B")


def cache_of_a_layer(lab: Lab) -> Quantity:
    """What that decode step reads of the cache in such a layer, over all GPUs."""
    layer = _layer(lab)
    entry = lab.system.kv_format.bytes_of(layer.kv_values, layer.kv_vector) * layer.kv_copies(lab.system.tp)
    return Quantity(entry * PROMPT, "B")


def _ends(lab: Lab) -> float:
    """Queries, keys and values in, results out: numbers for each token."""
    layer = _layer(lab)
    if isinstance(layer, LatentAttention):
        return layer.heads * 2 * (layer.nope_dim + layer.rope_dim + layer.value_dim)
    return 2 * layer.head_dim * (layer.heads + layer.kv_heads)


def fused_bytes(lab: Lab) -> Quantity:
    """Queries, keys, values read once and results written once: the least that the layer's attention can move."""
    return Quantity(PROMPT * _ends(lab) * VALUE, "B")


def plain_bytes(lab: Lab) -> Quantity:
    """The same, and the table: written and read twice each, by the two products and the softmax between them."""
    return Quantity(float(fused_bytes(lab)) + CROSSINGS * float(score_matrix(lab)), "B")


def layer_flops(lab: Lab) -> Quantity:
    """Multiplications and additions of one such layer's attention over all pairs, the masked half included."""
    part = _attention(lab)
    return Quantity(2 * part.flops / part.layers, "FLOP")


def layer_time(lab: Lab) -> Quantity:
    """The least time that this arithmetic takes."""
    return Quantity(float(layer_flops(lab)) / float(peak_of_attention(lab)), "s")


def peak_of_attention(lab: Lab) -> Quantity:
    """Dense peak of all its GPUs at the precision in which attention multiplies."""
    part = _attention(lab)
    return Quantity(part.flops / part.compute_s, "FLOP/s")


def plain_time(lab: Lab) -> Quantity:
    """The least time that the bytes take with the scores written out."""
    return Quantity(float(plain_bytes(lab)) / lab.system.bandwidth, "s")


def fused_time(lab: Lab) -> Quantity:
    """The least time that the bytes take without."""
    return Quantity(float(fused_bytes(lab)) / lab.system.bandwidth, "s")


# --- what the tiles gain


def flash_gain(lab: Lab) -> Quantity:
    """How many times as fast that layer's attention can be without the table: then its arithmetic is what takes longer."""
    plain = max(float(plain_time(lab)), float(layer_time(lab)))
    return Quantity(plain / max(float(fused_time(lab)), float(layer_time(lab))), "x")


def gain_by_bytes(lab: Lab) -> Quantity:
    """The bytes with the table over the bytes without."""
    return Quantity(float(plain_bytes(lab)) / float(fused_bytes(lab)), "x")


def gain_if_arithmetic_rules(lab: Lab) -> Quantity:
    """As if the arithmetic, which has not changed, took longest before as well."""
    return Quantity(1.0, "x")


def gain_with_mask(lab: Lab) -> Quantity:
    """The same where the kernel leaves the masked half out: half of the arithmetic."""
    return Quantity(float(plain_time(lab)) / max(float(fused_time(lab)), float(layer_time(lab)) / 2), "x")


# --- one new token


def row_traffic(lab: Lab) -> Quantity:
    """Its row of scores, written and read twice each, as the table of a prompt is."""
    return Quantity(CROSSINGS * float(row_of_scores(lab)), "B")


def row_share(lab: Lab) -> Quantity:
    """That row in the traffic of the layer's attention, beside keys and values."""
    row = float(row_traffic(lab))
    return Quantity(100 * row / (row + float(cache_of_a_layer(lab))), "%")


def table_share_of_prompt(lab: Lab) -> Quantity:
    """The table in the traffic of a prompt's attention."""
    return Quantity(100 * CROSSINGS * float(score_matrix(lab)) / float(plain_bytes(lab)), "%")


def row_share_per_kv_head(lab: Lab) -> Quantity:
    """The same with one row for each head of keys and values."""
    row = float(row_traffic(lab)) * lab.system.model.kv_heads / score_heads(lab)
    return Quantity(100 * row / (row + float(cache_of_a_layer(lab))), "%")
