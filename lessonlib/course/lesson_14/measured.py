"""Published measurements that the words name: a 27B model on one B200 in three formats, and servers of other people.

Qwen3.6-27B, prompts of 8,192 and answers of 1,024 tokens, SGLang 0.5.15, drafts on. The file gives tokens a second of prompts and
answers together; an answer is 1,024 of each 9,216.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab

#: format -> first token and gap of one user, gap of sixteen users (ms), tokens a second with 1,024 users
PUBLISHED = {
    "bf16": (402.0, 4.29, 10.84, 12154.0),
    "nvfp4": (966.0, 3.56, 17.26, 7048.0),
    "fp8": (292.0, 3.40, 8.59, 16229.0),
}
_SHARE = 1024 / 9216


def _ms(name: str, place: int) -> Quantity:
    return Quantity(PUBLISHED[name][place] / 1e3, "s")


def wide_on_b200(lab: Lab) -> list[Quantity]:
    """16 bits: first token, gap of one user, gap of sixteen."""
    return [_ms("bf16", place) for place in range(3)]


def narrow_on_b200(lab: Lab) -> list[Quantity]:
    """The vendor's 4-bit checkpoint."""
    return [_ms("nvfp4", place) for place in range(3)]


def _rate(name: str) -> Quantity:
    return Quantity(PUBLISHED[name][3] * _SHARE, "tok/s")


def wide_full_b200(lab: Lab) -> Quantity:
    """Answers' tokens a second with 1,024 users, in 16 bits."""
    return _rate("bf16")


def narrow_full_b200(lab: Lab) -> Quantity:
    return _rate("nvfp4")


def eight_full_b200(lab: Lab) -> Quantity:
    return _rate("fp8")


def eight_over_wide_b200(lab: Lab) -> Quantity:
    return Quantity(PUBLISHED["fp8"][3] / PUBLISHED["bf16"][3], "x", digits=2)


def product_rates_h100(lab: Lab) -> list[Quantity]:
    """Large products on an H100: weights in 16 bits, and weights in 8 that are unpacked to 16; aiconfigurator-core 0.12.0, SGLang 0.5.6."""
    return [Quantity(756e12, "FLOP/s"), Quantity(502e12, "FLOP/s")]


def product_rates_a100(lab: Lab) -> list[Quantity]:
    """The same on an A100: weights in 16 bits, and those of two formats that are unpacked; TensorRT-LLM 1.0."""
    return [Quantity(263e12, "FLOP/s"), Quantity(255e12, "FLOP/s"), Quantity(262e12, "FLOP/s")]


def small_llama_rates(lab: Lab) -> list[Quantity]:
    """Llama-3-8B on an A100 80 GB, 16 bits and 4-bit weights, published."""
    return [Quantity(2503, "tok/s", digits=4), Quantity(2370, "tok/s", digits=4)]


def large_llama_rates(lab: Lab) -> list[Quantity]:
    """Llama-2-13B on the same card."""
    return [Quantity(488, "tok/s"), Quantity(871, "tok/s")]


def large_llama_cache(lab: Lab) -> Quantity:
    """Of Llama-2-13B: 40 layers, 40 heads of 128."""
    return Quantity(2 * 2 * 40 * 40 * 128, "B")


def _seats(parameters: float, a_token: Quantity, a_weight: float = 2.0) -> Quantity:
    """Requests of 1,024 and 512 tokens in what weights of so many bytes each leave of 90 % of 80 GB."""
    return Quantity((0.9 * 80e9 - a_weight * parameters) / (1536 * float(a_token)), "requests", digits=2)


#: parameters of Llama-2-13B; bytes of a weight in 4 bits, with 16 bits of scale for each 128
_LARGE, _IN_4 = 13.0e9, (4 + 16 / 128) / 8


def large_llama_seats(lab: Lab) -> Quantity:
    """Of Llama-2-13B, 13.0 billion."""
    return _seats(_LARGE, large_llama_cache(lab))


def large_llama_seats_in_4(lab: Lab) -> Quantity:
    return _seats(_LARGE, large_llama_cache(lab), _IN_4)


def large_llama_weights(lab: Lab) -> Quantity:
    """In 16 bits."""
    return Quantity(2 * _LARGE, "B", digits=2)


def large_llama_weights_in_4(lab: Lab) -> Quantity:
    """With 4 bits a weight and their scales."""
    return Quantity(_IN_4 * _LARGE, "B", digits=2)


def seats_gained_on_80(lab: Lab) -> Quantity:
    """Times as many requests in 4 bits, in 90 % of 80 GB."""
    return Quantity(float(large_llama_seats_in_4(lab)) / float(large_llama_seats(lab)), "x", digits=2)


def small_card_share(lab: Lab) -> Quantity:
    """90 % of 40 GB."""
    return Quantity(0.9 * 40e9, "B", digits=2)


def seats_gained(lab: Lab) -> Quantity:
    """Times as many requests in 4 bits there: what the weights leave, after over before."""
    left = [float(small_card_share(lab)) - float(each(lab)) for each in (large_llama_weights, large_llama_weights_in_4)]
    return Quantity(left[1] / left[0], "x")


def seats_by_weights(lab: Lab) -> Quantity:
    """As if the room grew by the factor by which the weights shrink."""
    return Quantity(float(large_llama_weights(lab)) / float(large_llama_weights_in_4(lab)), "x", digits=2)
