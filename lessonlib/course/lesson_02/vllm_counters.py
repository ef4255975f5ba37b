"""What vLLM's estimated counters should show for a lab, worked out as its v1/metrics/perf.py does (read in the main branch, 2026).

That file counts, for one GPU, the FLOPs of each step from the model's configuration, and with the weights and caches also
what each kernel takes in and hands on: unlike the lessons, which count what must cross. It knows full attention, windows
and latents; layers of linear attention it takes for full attention, and an output gate of attention it leaves out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.intensity import per_byte, step
from lessonlib.roofline import Attention, Experts, Lab, LatentAttention, Mlp
from lessonlib.roofline.model import Layers

#: requests of the decode step that is counted
REQUESTS = 128
#: bytes of a number that one kernel hands to another, and of one in the output head
_WIDE = 2
#: bytes that vLLM reckons for a stored weight; everything else is taken for 16 bits
_STORED = {"fp8": 1.0, "fp8-w8a16": 1.0, "int8": 1.0, "int4": 0.5, "mxfp4": 0.5, "nvfp4": 0.5}


@dataclass(frozen=True)
class Counted:
    """Of one GPU in one step: FLOPs, and bytes read and written, by vLLM's formulas."""

    flops: float
    moved: float

    @property
    def intensity(self) -> float:
        """FLOPs for each byte, as the counters divide."""
        return self.flops / self.moved


@dataclass(frozen=True)
class _Step:
    """requests with `new` tokens each and `seen` tokens to attend to; logits: rows of the output head."""

    requests: int
    new: int
    seen: int
    reading: bool

    @property
    def tokens(self) -> int:
        return self.requests * self.new

    def pairs(self, window: int | None) -> int:
        """Products of a query with a key that are counted: no half is left out for those that lie ahead."""
        return self.tokens * self.within(window)

    def within(self, window: int | None) -> int:
        return min(self.seen, window) if window else self.seen


def counted(lab: Lab, requests: int, new: int, seen: int) -> Counted:
    """One step: `requests` requests, `new` tokens of each, each attending to `seen` tokens."""
    one = _Step(requests, new, seen, reading=new > 1)
    parts = [*_attention(lab, one), *_feed_forward(lab, one), _head(lab, one)]
    return Counted(sum(flops for flops, _ in parts), sum(moved for _, moved in parts))


def _weight(lab: Lab) -> float:
    return _STORED.get(lab.system.weights, 2.0)


def _cached(lab: Lab) -> float:
    return 1.0 if lab.system.kv == "fp8" else 2.0


def _matrix(one: _Step, inputs: float, outputs: float, weight: float) -> tuple[float, float]:
    """FLOPs and bytes of all tokens times a matrix: what goes in, the weights, what comes out."""
    moved = _WIDE * one.tokens * (inputs + outputs) + weight * inputs * outputs
    return 2 * one.tokens * inputs * outputs, moved


def _attention(lab: Lab, one: _Step) -> Iterator[tuple[float, float]]:
    model = lab.system.model
    known = next(group.mixer for group in model.layers if isinstance(group.mixer, (Attention, LatentAttention)))
    for group in model.layers:
        mixer = group.mixer if isinstance(group.mixer, (Attention, LatentAttention)) else known
        parts = _latent(lab, one, mixer) if isinstance(mixer, LatentAttention) else _heads(lab, one, mixer)
        yield from ((group.count * flops, group.count * moved) for flops, moved in parts)


def _heads(lab: Lab, one: _Step, mixer: Attention) -> Iterator[tuple[float, float]]:
    """One layer of attention with keys and values in heads."""
    hidden, weight, tp = lab.system.model.hidden, _weight(lab), lab.system.tp
    query, pair = mixer.heads // tp * mixer.head_dim, 2 * max(1, mixer.kv_heads // tp) * mixer.head_dim
    yield _matrix(one, hidden, query + pair, weight)
    yield _matrix(one, query, hidden, weight)
    kept = _WIDE if one.reading else _cached(lab)
    looked_at = one.requests * one.within(mixer.window) * pair * kept
    yield 4 * query * one.pairs(mixer.window), _WIDE * one.tokens * query + looked_at
    yield 0, one.tokens * pair * _cached(lab)


def _latent(lab: Lab, one: _Step, mixer: LatentAttention) -> Iterator[tuple[float, float]]:
    """One layer of attention over a latent, which every GPU keeps whole."""
    hidden, weight, heads = lab.system.model.hidden, _weight(lab), lab.system.model.query_heads // lab.system.tp
    asked, summed, kept = mixer.nope_dim + mixer.rope_dim, mixer.value_dim, mixer.kv_values
    inward = mixer.q_rank or hidden
    if mixer.q_rank:
        yield _matrix(one, hidden, mixer.q_rank, weight)
    yield _matrix(one, inward, heads * asked, weight)
    yield _matrix(one, hidden, kept, weight)
    yield _matrix(one, mixer.kv_rank, heads * (mixer.nope_dim + summed), weight)
    yield _matrix(one, heads * summed, hidden, weight)
    seen = one.requests * one.seen
    looked_at = seen * heads * (asked + summed) * _WIDE if one.reading else seen * kept * _cached(lab)
    yield 2 * heads * (asked + summed) * one.pairs(None), _WIDE * one.tokens * heads * asked + looked_at
    yield 0, one.tokens * kept * _cached(lab)


def _feed_forward(lab: Lab, one: _Step) -> Iterator[tuple[float, float]]:
    for group in lab.system.model.layers:
        yield from ((group.count * flops, group.count * moved) for flops, moved in _feeds(lab, one, group))


def _feeds(lab: Lab, one: _Step, group: Layers) -> Iterator[tuple[float, float]]:
    feed = group.feed_forward
    if isinstance(feed, Experts):
        rows = one.tokens * feed.active
        yield _swiglu(lab, rows, feed.width, min(rows, feed.count))
        if feed.shared_width:
            yield _swiglu(lab, one.tokens, feed.shared_width, 1)
    elif isinstance(feed, Mlp):
        yield _swiglu(lab, one.tokens, feed.width, 1)


def _swiglu(lab: Lab, rows: int, width: int, fetched: int) -> tuple[float, float]:
    """Gate, up and down matrices, and the activation between them, for so many rows; fetched: experts that are read."""
    hidden, width = lab.system.model.hidden, width // lab.system.tp
    moved = _WIDE * rows * (2 * hidden + 6 * width) + 3 * hidden * width * fetched * _weight(lab)
    return 6 * hidden * width * rows, moved


def _head(lab: Lab, one: _Step) -> tuple[float, float]:
    """The output head, for the last token of each request, always in 16 bits."""
    hidden, words, rows = lab.system.model.hidden, lab.system.model.vocabulary // lab.system.tp, one.requests
    return 2 * rows * hidden * words, _WIDE * (rows * (hidden + words) + hidden * words)


# --- what the lesson names


def counter_of_prompt(lab: Lab) -> Quantity:
    """FLOPs over bytes read and written that the counters gain while the lab's usual prompt is read."""
    return per_byte(counted(lab, 1, lab.prompt, lab.prompt).intensity)


def counter_of_step(lab: Lab) -> Quantity:
    """The same for one token of each of 128 requests with the lab's usual prompt behind them."""
    return per_byte(counted(lab, REQUESTS, 1, lab.prompt).intensity)


def counter_of_last_tenth(lab: Lab) -> Quantity:
    """The same for the last tenth of a prompt whose other nine tenths are in the prefix cache."""
    return per_byte(counted(lab, 1, lab.prompt // 10, lab.prompt).intensity)


def flops_of_last_tenth(lab: Lab) -> Quantity:
    """Its FLOPs as a share of the whole prompt's."""
    whole, tenth = counted(lab, 1, lab.prompt, lab.prompt), counted(lab, 1, lab.prompt // 10, lab.prompt)
    return Quantity(100 * tenth.flops / whole.flops, "%", digits=2)


def counter_requests(lab: Lab) -> int:
    return REQUESTS


def intensity_at_counter(lab: Lab) -> Quantity:
    """What must cross in that step, for comparison."""
    return per_byte(step(lab, REQUESTS).intensity)
