"""Blocks, operations and messages with shapes small enough to count every number on paper."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import (
    System,
    decode,
    decode_load,
    load_gpu,
    load_model,
    mixed,
    prefill,
    prefill_load,
    weight_bytes,
)
from lessonlib.roofline.blocks import Attention, DeltaNet, Experts, LatentAttention, Matrix, Mlp
from lessonlib.roofline.efficiency import load_efficiency
from lessonlib.roofline.expert_routing import busiest, distinct
from lessonlib.roofline.links import traffic
from lessonlib.roofline.model import Layers
from lessonlib.roofline.operations import micro_batch, operations
from lessonlib.roofline.state_space import NO_MIXER

GPU = load_gpu("h100-sxm")


def shapes(block: Any, hidden: int = 10) -> list[tuple[int, int]]:
    return [(matrix.inputs, matrix.outputs) for matrix in block.matrices(hidden)]


# --- blocks: a hidden width of 10 -----------------------------------------------------------------------------------------


def test_attention_of_four_heads_that_share_two() -> None:
    """q: 4 x 3 = 12, k and v: 2 x 3 = 6 each."""
    plain = Attention(heads=4, kv_heads=2, head_dim=3)
    assert shapes(plain) == [(10, 12 + 6 + 6), (12, 10)]
    assert shapes(replace(plain, gated=True)) == [(10, 24 + 6 + 6), (12, 10)]
    assert plain.vectors(10) == 0
    assert replace(plain, norms=True).vectors(10) == 3 + 3, "one of queries, one of keys"
    assert replace(plain, qkv_bias=True).vectors(10) == 12 + 6 + 6
    assert replace(plain, out_bias=True).vectors(10) == 10
    assert replace(plain, sinks=True).vectors(10) == 4
    assert replace(plain, norms=True, qkv_bias=True, out_bias=True, sinks=True).vectors(10) == 6 + 24 + 10 + 4
    assert (plain.kv_values, plain.kv_vector) == (12, 3)


@pytest.mark.parametrize(("tp", "copies"), [(1, 1), (2, 1), (4, 2), (8, 4)])
def test_more_gpus_than_kv_heads_hold_copies(tp: int, copies: float) -> None:
    assert Attention(4, 2, 3).kv_copies(tp) == copies
    assert LatentAttention(4, None, 5, 3, 2, 3).kv_copies(tp) == tp
    assert DeltaNet(2, 3, 4, 5, 4).kv_copies(tp) == 1


def test_attention_costs_two_multiply_adds_for_each_element_of_each_pair() -> None:
    """3 new tokens after 5: pairs 6 + 7 + 8 = 21; for each 2 FLOPs x (score + sum) x 4 heads x 3 wide."""
    assert Attention(4, 2, 3).flops(3, 5) == 21 * 2 * 2 * 12
    assert Attention(4, 2, 3, window=6).flops(3, 5) == 18 * 2 * 2 * 12


def test_latent_attention_by_hand() -> None:
    """4 heads; queries 3 + 2 wide, values 6; a latent of 5 + 2."""
    mixer = LatentAttention(heads=4, q_rank=7, kv_rank=5, nope_dim=3, rope_dim=2, value_dim=6)
    assert shapes(mixer) == [(10, 7), (7, 4 * 5), (10, 5 + 2), (5, 4 * (3 + 6)), (4 * 6, 10)]
    assert shapes(replace(mixer, q_rank=None)) == [(10, 20), (10, 7), (5, 36), (24, 10)]
    assert (mixer.vectors(10), replace(mixer, q_rank=None).vectors(10)) == (12, 5)
    assert (mixer.kv_values, mixer.kv_vector) == (7, 7)
    # One new token after 9: 10 pairs. Absorbed: 7 for the score and 5 for the sum, 4 heads. Expanded: 5 and 6, and the
    # latents of 9 tokens expanded again: 5 x 4 x (3 + 6) multiply-adds each.
    absorbed, expanded = 2 * 4 * (7 + 5) * 10, 2 * 4 * (5 + 6) * 10 + 2 * 5 * 4 * 9 * 9
    assert mixer.flops(1, 9) == min(absorbed, expanded) == absorbed
    # Nine after one, 2 + 3 + ... + 10 = 54 pairs, and one latent to expand again: now that is the cheaper way.
    absorbed, expanded = 2 * 4 * (7 + 5) * 54, 2 * 4 * (5 + 6) * 54 + 2 * 5 * 4 * 9
    assert mixer.flops(9, 1) == min(absorbed, expanded) == expanded
    # A prompt of 9 tokens, 45 pairs, has nothing before it to expand.
    assert mixer.flops(9, 0) == 2 * 4 * (5 + 6) * 45


def test_delta_net_by_hand() -> None:
    """2 key heads of 3, 4 value heads of 5; a convolution over 4 inputs."""
    mixer = DeltaNet(key_heads=2, key_dim=3, value_heads=4, value_dim=5, kernel=4)
    channels = 2 * 6 + 20
    assert mixer.channels == channels
    assert shapes(mixer) == [(10, channels + 20), (10, 8), (20, 10)]
    assert [matrix.quantised for matrix in mixer.matrices(10)] == [True, False, True]
    assert mixer.vectors(10) == channels * 4 + 2 * 4 + 5
    assert mixer.recurrent_bytes == 4 * (3 * 5) * 4
    assert mixer.convolution_bytes == channels * 3 * 2
    assert mixer.flops(7, 1000) == 7 * (7 * 60 + 2 * channels * 4), "the same after any context"
    assert mixer.kv_values == 0


def test_feed_forwards_by_hand() -> None:
    assert shapes(Mlp(20)) == [(10, 40), (20, 10)] and shapes(Mlp(20, gated=False)) == [(10, 20), (20, 10)]
    assert [matrix.name for matrix in Mlp(20).matrices(10)] == ["MLP: gate, up", "MLP: down"]
    assert [matrix.name for matrix in Mlp(20, gated=False).matrices(10)] == ["MLP: up", "MLP: down"]
    assert (Mlp(20).vectors(10), Mlp(20, bias=True).vectors(10), Mlp(20, False, True).vectors(10)) == (0, 50, 30)
    experts = Experts(count=8, active=2, width=3)
    assert shapes(experts) == [(10, 8), (10, 6), (3, 10)]
    assert [(matrix.copies, matrix.active) for matrix in experts.matrices(10)] == [(1, 1), (8, 2), (8, 2)]
    assert [matrix.quantised for matrix in experts.matrices(10)] == [False, True, True]
    assert shapes(replace(experts, shared_width=4))[3:] == [(10, 8), (4, 10)]
    biased = replace(experts, bias=True).matrices(10)[0]
    assert (biased.parameters, biased.quantised) == (8 * (6 + 10), False)
    assert (experts.vectors(10), replace(experts, shared_gate=True).vectors(10)) == (0, 10)
    assert replace(experts, router_bias=True).vectors(10) == 8


@pytest.mark.parametrize(
    ("tokens", "read"),
    [(0, 0), (1, 2), (2, 8 * (1 - 0.75**2)), (1000, 8)],
)
def test_how_many_of_eight_experts_are_read(tokens: int, read: float) -> None:
    """Each token takes 2 of 8, so it misses a given one with 3/4."""
    assert Matrix("e", "experts", 3, 4, copies=8, active=2).copies_read(tokens) == pytest.approx(read)
    assert Matrix("e", "experts", 3, 4, copies=8, active=8).copies_read(tokens) == 8
    assert Matrix("m", "mlp", 3, 4).copies_read(tokens) == 1


@pytest.mark.parametrize(
    ("block", "wide"),
    [
        (Attention(4, 2, 3, wide=("attention: output",)), {"attention: output"}),
        (Mlp(20, wide=("MLP: down",)), {"MLP: down"}),
        (Experts(8, 2, 3, wide=("experts: down",)), {"experts: down", "router"}),
        (Experts(8, 2, 3, 4, wide=("shared expert: down",)), {"shared expert: down", "router"}),
        (LatentAttention(4, 7, 5, 3, 2, 6, wide=("attention: kv up",)), {"attention: kv up"}),
        (DeltaNet(2, 3, 4, 5, 4, wide=("DeltaNet: output",)), {"DeltaNet: output", "DeltaNet: a, b"}),
    ],
)
def test_matrices_that_are_named_stay_in_sixteen_bits_and_no_others(block: Any, wide: set[str]) -> None:
    assert {matrix.name for matrix in block.matrices(10) if not matrix.quantised} == wide


def test_the_size_of_a_matrix() -> None:
    matrix = Matrix("e", "experts", 3, 4, copies=8, active=2)
    assert (matrix.size, matrix.parameters) == (12, 96)
    assert (Matrix("m", "mlp", 3, 4).parameters, Matrix("m", "mlp", 3, 4).quantised) == (12, True)


# --- a whole model of one small layer -----------------------------------------------------------------------------------


def tiny(mixer: Any, feed: Any = None, **options: Any) -> System:
    """One layer of width 8 with 5 words and no norms but 8 parameters at the end; in 16 bits."""
    model = replace(
        load_model("llama-3.1-8b"),
        hidden=8,
        vocabulary=5,
        tied=False,
        layers=(Layers(3, mixer, feed or Mlp(16), 0),),
        extra_parameters=8,
    )
    return System(model, GPU, **options)


def seconds(value: float) -> Any:
    """About the same: those of so small a model all lie below the absolute tolerance of approx."""
    return pytest.approx(value, rel=1e-9, abs=0)


def part(system: System, load: Any, name: str) -> Any:
    (found,) = (each for each in operations(system, load) if each.name == name)
    return found


def test_a_matrix_in_three_layers_for_seven_rows() -> None:
    found = part(tiny(Attention(4, 2, 2)), decode_load(7, 9), "MLP: down")
    assert found.flops == 3 * 7 * 2 * 16 * 8
    assert found.weight_bytes == 3 * 16 * 8 * 2
    assert found.activation_bytes == 3 * 7 * (16 + 8) * 2
    assert (found.kv_read_bytes, found.kv_written_bytes, found.state_bytes) == (0, 0, 0)
    assert found.intensity == pytest.approx(7)
    assert found.memory_s == seconds(found.weight_bytes / GPU.bandwidth)
    assert found.compute_s == seconds(found.flops / GPU.flops["bf16"])
    assert found.activation_s == seconds(found.activation_bytes / GPU.bandwidth)
    assert found.bound == "memory"


def test_a_matrix_of_experts_for_five_rows() -> None:
    """Each row takes 2 of 8 experts of 3 x 8 weights: 10 products, and 8 x (1 - (3/4)^5) experts are met in each of 3 layers."""
    met, size = 8 * (1 - 0.75**5), 3 * 3 * 8
    found = part(tiny(Attention(4, 2, 2), Experts(8, 2, 3)), decode_load(5, 9), "experts: down")
    assert found.work == "experts" and found.flops == 10 * size * 2
    assert found.weight_bytes == pytest.approx(met * size * 2)
    assert found.activation_bytes == 3 * 10 * (3 + 8) * 2
    assert found.memory_s == seconds(2 * size * 2 / GPU.bandwidth), "all may take the same two"
    assert found.spread_s == seconds((met - 2) * size * 2 / GPU.bandwidth)
    assert found.row_s == seconds(met * size * 2 / GPU.flops["bf16"]), "one more row at each that is met"
    assert found.uneven_s == 0
    dense = part(tiny(Attention(4, 2, 2), Experts(8, 2, 3)), decode_load(5, 9), "attention: output")
    assert (dense.spread_s, dense.row_s, dense.uneven_s, dense.work) == (0, 0, 0, "matmul")


@pytest.mark.parametrize("popularity", [None, 0.0, 1.0])
def test_experts_on_two_gpus_by_how_popular_they_are(popularity: float | None) -> None:
    """The busiest GPU has more rows and more experts than the mean, where something is known of it."""
    system = tiny(Attention(4, 2, 2), Experts(8, 2, 3), tp=2, ep=2, popularity=popularity)
    found = part(system, decode_load(5, 9), "experts: down")
    rows, reads = (1.0, 1.0) if popularity is None else busiest(8, 2, popularity, 2, 5)
    met, size = distinct(8, 2, popularity or 0.0, 5), 3 * 3 * 8
    assert found.weight_bytes == pytest.approx(met * size * 2)
    assert found.memory_s == seconds(2 * size * 2 / (2 * GPU.bandwidth))
    assert found.spread_s == seconds((met * reads - 2) * size * 2 / (2 * GPU.bandwidth))
    assert found.row_s == seconds(met * size * 2 / (2 * GPU.flops["bf16"]))
    assert found.uneven_s == seconds((rows - 1) * found.flops / (2 * GPU.flops["bf16"]))
    assert (found.uneven_s > 0) == (popularity is not None)
    router = part(system, decode_load(5, 9), "router")
    assert (router.spread_s, router.row_s, router.uneven_s) == (0, 0, 0), "a dense matrix beside them"


def test_softmax_attention_reads_and_writes_its_cache() -> None:
    """7 requests of 9 tokens, 3 layers, 2 x 2 heads x 2 values of 2 bytes."""
    found = part(tiny(Attention(4, 2, 2)), decode_load(7, 9), "attention")
    entry = 3 * 2 * 2 * 2 * 2
    assert (found.kv_read_bytes, found.kv_written_bytes, found.work) == (7 * 9 * entry, 7 * entry, "attention")
    assert found.flops == 3 * 7 * 10 * 4 * 4 * 2
    assert found.activation_bytes == 3 * 7 * 2 * 4 * 2 * 2, "in and out, 4 heads of 2"
    assert found.bytes == 7 * 10 * entry
    windowed = part(tiny(Attention(4, 2, 2, window=4)), decode_load(7, 9), "attention, window 4")
    assert (windowed.kv_read_bytes, windowed.kv_written_bytes) == (7 * 3 * entry, 7 * entry)
    copied = part(tiny(Attention(4, 2, 2), tp=4), decode_load(7, 9), "attention")
    assert copied.kv_read_bytes == 2 * found.kv_read_bytes
    assert copied.memory_s == seconds(2 * found.memory_s / 4)
    assert copied.compute_s == seconds(found.compute_s / 4)


def test_a_latent_goes_out_as_wide_as_its_values() -> None:
    found = part(tiny(LatentAttention(4, None, 5, 3, 2, 6)), decode_load(7, 9), "attention")
    assert found.activation_bytes == 3 * 7 * 2 * 4 * 6 * 2 and found.work == "latent attention"
    assert found.kv_read_bytes == 3 * 7 * 9 * (5 + 2) * 2


@pytest.mark.parametrize(
    ("load", "moves"),
    [
        (decode_load(7, 9), 14),  # read and written
        (prefill_load(6, 7), 7),  # only written: there was none before
        (decode_load(7, 1), 14),
        (decode_load(7, 0), 14),  # one new token reads the (zero) state as a decode step does
    ],
)
def test_a_recurrent_state_is_read_and_written(load: Any, moves: int) -> None:
    mixer = DeltaNet(2, 3, 4, 5, 4)
    found = part(tiny(mixer), load, "DeltaNet state")
    assert found.flops == 3 * load.tokens * (7 * 60 + 2 * 32 * 4)
    assert found.state_bytes == 3 * moves * (4 * 15 * 4 + 32 * 3 * 2)
    assert found.activation_bytes == 3 * load.tokens * 2 * 32 * 2
    assert found.bytes == found.state_bytes, "no weights and no cache beside it"
    assert (found.spread_s, found.row_s, found.uneven_s) == (0, 0, 0)
    assert found.intensity == pytest.approx(found.flops / found.state_bytes)


def test_small_vectors_and_the_residual_stream() -> None:
    """8 parameters; ten passes over 8 wide 16-bit values a layer and token, on each GPU."""
    for tp in (1, 2):
        found = part(tiny(Attention(4, 2, 2), tp=tp), decode_load(7, 9), "norms, biases")
        assert (found.flops, found.weight_bytes) == (2 * 8 * 7, 2 * 8)
        assert found.activation_bytes == 10 * 2 * 3 * 8 * 7 * tp


def test_the_head_runs_for_the_rows_that_are_asked_for() -> None:
    system = tiny(Attention(4, 2, 2))
    assert part(system, prefill_load(6, 7), "output head").flops == 7 * 2 * 8 * 5
    assert part(system, decode_load(7, 9), "output head").weight_bytes == 8 * 5 * 2


def test_a_step_is_the_sum_of_its_operations() -> None:
    system = tiny(Attention(4, 2, 2))
    found = decode(system, 7, 9)
    parts = list(operations(system, decode_load(7, 9)))
    assert found.flops == pytest.approx(sum(each.flops for each in parts))
    assert found.bytes == pytest.approx(sum(each.bytes for each in parts))
    assert found.intensity == pytest.approx(found.flops / found.bytes)
    assert found.compute_s == seconds(found.flops / GPU.flops["bf16"])
    assert found.memory_s == seconds(found.bytes / GPU.bandwidth)
    assert found.ceiling_s == max(found.compute_s, found.memory_s) == found.memory_s
    assert found.per_operation_s == seconds(sum(max(each.compute_s, each.memory_s) for each in parts))
    assert (found.tokens, found.bound, found.phase) == (7, "memory", "decode")
    assert found.ceiling_tokens_per_s == pytest.approx(7 / found.ceiling_s)
    assert found.expected_tokens_per_s == pytest.approx(7 / found.expected_s)
    assert prefill(system, 6, 7).tokens == 42 and prefill(system).tokens == 2048 and decode(system).tokens == 1
    assert mixed(system, [(5, 0), (1, 9)]).phase == "mixed"
    assert decode(load_lab_system(), 1024, 0).bound == "compute"


def test_what_a_batch_of_unrelated_requests_cannot_beat() -> None:
    """2 requests take 2 of 8 experts each: 8 x (1 - (3/4)^2) = 3.5 are met, 1.5 more than if both took the same two. Three layers
    of 8 x 6 + 3 x 8 weights an expert, 2 bytes each.
    """
    found = decode(tiny(Attention(4, 2, 2), Experts(count=8, active=2, width=3)), 2, 9)
    assert found.fetch_s - found.memory_s == seconds(1.5 * 3 * (8 * 6 + 3 * 8) * 2 / GPU.bandwidth)
    assert found.roof_s == found.fetch_s > found.ceiling_s == found.memory_s
    assert found.roof_tokens_per_s == pytest.approx(2 / found.fetch_s)
    mixture = System(load_model("qwen3-30b-a3b"), GPU)
    wide = decode(mixture, 512, 0)
    assert wide.memory_s < wide.compute_s < wide.fetch_s and wide.bound == "memory", "by the bytes expected"
    experts = part(mixture, decode_load(512, 0), "experts: down")
    assert experts.memory_s < experts.compute_s < experts.memory_s + experts.spread_s and experts.bound == "memory"
    read = prefill(mixture, 8192)
    assert read.roof_s == read.compute_s > read.fetch_s and read.bound == "compute"
    dense = decode(load_lab_system(), 64, 500)
    assert dense.roof_s == dense.ceiling_s and dense.roof_tokens_per_s == dense.ceiling_tokens_per_s


def test_where_nothing_else_is_said_a_request_stands_alone_after_2048_tokens() -> None:
    system = load_lab_system()
    assert (decode(system), prefill(system)) == (decode(system, 1, 2048), prefill(system, 2048, 1))


def load_lab_system() -> System:
    return System(load_model("llama-3.1-8b"), GPU)


# --- copies and stages: 7 requests on two ways are 4 and 3, on four ways 2 at most ------------------------------------------

WAYS = [(1, 1, 7, 1.0), (2, 1, 4, 7 / 4), (1, 2, 4, 7 / 4), (2, 2, 2, 7 / 2)]


@pytest.mark.parametrize(("dp", "pp", "busiest_has", "passes"), WAYS)
def test_a_step_takes_as_long_as_its_busiest_pass_and_does_the_work_of_all(
    dp: int, pp: int, busiest_has: int, passes: float
) -> None:
    system, load = tiny(Attention(4, 2, 2), dp=dp, pp=pp), decode_load(7, 9)
    share, found = micro_batch(system, load)
    assert (share.sequences, share.tokens, found) == (busiest_has, busiest_has, passes)
    alone = part(tiny(Attention(4, 2, 2)), load, "MLP: down")
    down = part(system, load, "MLP: down")
    assert (down.flops, down.activation_bytes) == (alone.flops, alone.activation_bytes)
    assert down.weight_bytes == passes * alone.weight_bytes, "each pass reads them"
    assert down.compute_s == seconds(alone.compute_s * busiest_has / 7)
    assert down.memory_s == seconds(alone.memory_s)
    cache, all_of_it = (part(each, load, "attention") for each in (system, tiny(Attention(4, 2, 2))))
    assert (cache.kv_read_bytes, cache.kv_written_bytes) == (all_of_it.kv_read_bytes, all_of_it.kv_written_bytes)


def test_experts_spread_over_two_copies_do_the_work_of_all_once() -> None:
    """Of 7 requests the busier copy has 4, so the experts see 8 rows in a pass; of such passes there are 7/8."""
    alone = part(tiny(Attention(4, 2, 2), Experts(8, 2, 3)), decode_load(7, 9), "experts: down")
    spread_out = part(tiny(Attention(4, 2, 2), Experts(8, 2, 3), dp=2, ep=2), decode_load(7, 9), "experts: down")
    assert (spread_out.flops, spread_out.activation_bytes) == (alone.flops, alone.activation_bytes)
    assert spread_out.compute_s == seconds(alone.compute_s * 8 / 7 / 2)
    assert spread_out.memory_s == seconds(alone.memory_s / 2)


def test_layers_without_a_mixer_hide_none_behind_them() -> None:
    system = tiny(Attention(4, 2, 2))
    bare = Layers(2, NO_MIXER, Mlp(16), 0)
    mixed_up = replace(system, model=replace(system.model, layers=(bare, *system.model.layers)))
    assert part(mixed_up, decode_load(7, 9), "attention") == part(system, decode_load(7, 9), "attention")
    assert part(mixed_up, decode_load(7, 9), "MLP: down").layers == 2 + 3


# --- between GPUs ---------------------------------------------------------------------------------------------------------


def spread(tp: int, dp: int) -> System:
    return System(load_model("qwen3-30b-a3b"), GPU, tp=tp, dp=dp, ep=tp * dp)


@pytest.mark.parametrize(("tp", "dp"), [(1, 8), (2, 4), (4, 2)])
def test_each_gpu_sends_its_share_of_what_its_copy_dispatches(tp: int, dp: int) -> None:
    """8 requests over dp copies: 8/dp tokens of 2,048 x 2 bytes go to 8 experts each, 7 of 8 elsewhere, and the tp GPUs of
    a copy send a part each; twice (there and back) in each of 48 layers.
    """
    found = {each.name: each for each in traffic(spread(tp, dp), decode_load(8, 100), load_efficiency())}
    moved = found["dispatch, combine"]
    assert moved.messages == 96
    assert moved.bytes_per_gpu == pytest.approx(96 * (8 / dp) * 2048 * 2 * 8 * 7 / 8 / tp)
    assert ("all-reduce" in found) is (tp > 1)


def test_spread_experts_see_the_rows_of_all_copies() -> None:
    """2 copies of the rest, 4 requests each: an expert's matrix sees 8 rows, and stands once on 4 GPUs."""
    model = replace(load_model("qwen3-30b-a3b"))
    one = System(model, GPU)
    two = System(model, GPU, tp=2, dp=2, ep=4)
    whole, shared = (part(system, decode_load(8, 100), "experts: down") for system in (one, two))
    assert shared.flops == pytest.approx(whole.flops)
    assert shared.weight_bytes == pytest.approx(whole.weight_bytes)
    assert shared.memory_s == seconds(whole.memory_s / 4)
    assert shared.compute_s == seconds(whole.compute_s / 4)
    dense, halved = (part(system, decode_load(8, 100), "attention: output") for system in (one, two))
    assert halved.flops == pytest.approx(dense.flops) and halved.weight_bytes == pytest.approx(2 * dense.weight_bytes)
    assert halved.memory_s == seconds(dense.memory_s / 2), "tp = 2; the other copy reads its own at the same time"


def test_heads_of_a_recurrent_layer_must_divide_too() -> None:
    """6 value heads do not go on 4 GPUs, though nothing else of the layer minds."""
    with pytest.raises(LessonlibError, match=r"tp: 4 GPUs do not divide the 6 heads.*allowed: 1, 2, 3, 6"):
        tiny(DeltaNet(2, 3, 6, 5, 4), tp=4)
    assert tiny(DeltaNet(2, 3, 6, 5, 4), tp=3).gpus == 3
    with pytest.raises(LessonlibError, match="tp: 3 GPUs do not divide the 4 heads"):
        tiny(Attention(4, 2, 2), tp=3)


# --- a quantised checkpoint that leaves parts in 16 bits --------------------------------------------------------------------


def model_of(tmp_path: Path, repo: Path, skipped: list[str]) -> Any:
    config = json.loads((repo / "data/models/gpt-oss-20b.json").read_text(encoding="utf-8"))
    config["quantization_config"]["modules_to_not_convert"] = skipped
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return load_model(path)


@pytest.mark.parametrize(
    ("skipped", "kept"),
    [
        (["model.layers.*.self_attn", "model.layers.*.mlp.router", "lm_head"], {"attention", "router"}),
        (["model.layers.*.mlp.gate"], {"router"}),
        (["model.layers.0.self_attn"], set()),  # of one layer only, not of the part
        (["lm_head"], set()),
        ([], set()),
    ],
)
def test_a_part_is_kept_in_sixteen_bits_where_a_pattern_names_it_in_every_layer(
    tmp_path: Path, repo: Path, skipped: list[str], kept: set[str]
) -> None:
    model = model_of(tmp_path, repo, skipped)
    assert model.sixteen_bit_parts == kept
    few, all_ = (weight_bytes(System(each, GPU, weights="mxfp4")) for each in (model, model_of(tmp_path, repo, [])))
    assert (few > all_) == ("attention" in kept)
