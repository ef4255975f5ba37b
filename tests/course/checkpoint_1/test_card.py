"""The card beside measured steps: by hand, over all of them, and with each source left out."""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import pytest

from lessonlib.course.checkpoint_1 import steps_measured, workings
from lessonlib.course.checkpoint_1.card import Card, card, fit, fitted_steps, kind_of, left_out, median_off
from lessonlib.course.checkpoint_1.exam_systems import exam_pool
from lessonlib.course.checkpoint_1.steps_measured import MOST_REQUESTS, Step, bits_class, measured_steps, step_of
from lessonlib.roofline import System, decode, load_gpu, load_lab, load_model
from lessonlib.roofline.precision import kv_format, weight_format


def made_up(**changes: object) -> Step:
    """A step of 10 layers on one GPU that reads for 4 ms; 16 bits, one request."""
    values = {
        "id": "x", "source": "made up", "title": "", "seconds": 6e-3, "fetch_s": 4e-3, "layers": 10, "bits": 16.0,
        "gpus": 1, "mixture": False, "requests": 1, "graphs": True, "system": (1.0, "gpu", 1, 16.0),
    }  # fmt: skip
    return Step(**{**values, **changes})  # type: ignore[arg-type]


ROUND = Card(reach_16=0.8, reach_8=0.5, reach_4=0.4, layer_us=50, mixture_us=30, request_us=2)


@pytest.mark.parametrize(
    ("changes", "milliseconds"),
    [
        ({}, 4 / 0.8 + 10 * 0.050),
        ({"bits": 8.0}, 4 / 0.5 + 10 * 0.050),
        ({"bits": 4.25}, 4 / 0.4 + 10 * 0.050),
        ({"gpus": 8}, 4 / 0.8 + 10 * 0.050),
        ({"mixture": True}, 4 / 0.8 + 10 * 0.080),
        ({"requests": 6}, 4 / 0.8 + 10 * 0.060),
        ({"gpus": 2, "mixture": True, "requests": 11}, 4 / 0.8 + 10 * 0.100),
    ],
)
def test_a_forecast_is_what_the_card_says_by_hand(changes: dict[str, object], milliseconds: float) -> None:
    assert ROUND.forecast_s(made_up(**changes)) == pytest.approx(milliseconds * 1e-3, rel=1e-12)


def test_a_forecast_starts_from_the_bytes_that_a_config_tells() -> None:
    """Llama-3.1-70B, fp8, on eight MI300X: 80 layers of 855.6 million weights, and a head of 1.05 billion in 16 bits."""
    system = System(load_model("llama-3.1-70b"), load_gpu("mi300x"), tp=8, weights="fp8")
    step = step_of("hand", "", system, 1, 0, 1.0)
    layer = 8192 * (8192 + 1024 + 1024 + 8192) + 3 * 8192 * 28672
    weights = 80 * layer * (1 + 4 / 128**2) + 2 * 128256 * 8192
    assert step.fetch_s == pytest.approx(weights / (8 * 5.3e12), rel=1e-3)
    assert (step.layers, step.bits, step.gpus, step.mixture) == (80, 8, 8, False)


def test_a_card_finds_the_numbers_that_steps_were_made_with() -> None:
    kinds = [
        {"bits": bits, "gpus": gpus, "mixture": mixture, "requests": requests}
        for bits in (16.0, 8.0, 4.25)
        for gpus in (1, 4)
        for mixture in (False, True)
        for requests in (1, 9)
    ]
    steps = [
        made_up(**kind, fetch_s=fetch, layers=layers, source=source)
        for kind in kinds
        for fetch, layers, source in ((1e-3, 80, "one"), (9e-3, 20, "two"), (4e-3, 40, "two"))
    ]
    measured = [made_up(**{**vars(step), "seconds": ROUND.forecast_s(step)}) for step in steps]
    assert fit(measured) == ROUND


def test_a_source_with_many_rows_does_not_decide() -> None:
    many = [made_up(source="many", seconds=4e-3 / 0.5 + 0.5e-3) for _ in range(50)]
    few = [made_up(source=name, seconds=4e-3 / 0.9 + 0.5e-3) for name in ("one", "two", "three")]
    assert fit([*many, *few]).reach_16 > 0.65


def test_the_cards_numbers_are_those_that_its_readers_carry_away() -> None:
    assert card() == Card(0.75, 0.70, 0.55, 90, 10, 3)


def test_no_system_of_the_exam_takes_part_in_the_fit() -> None:
    """Neither drawn nor left over, under any load and from any source."""
    systems = {
        (each.system.model.parameters, each.system.gpu.name, each.system.gpus, each.system.weight_format.bits)
        for each in exam_pool()
    }
    fitted = fitted_steps()
    assert not systems & {step.system for step in fitted} and len(fitted) == 75
    assert systems <= {step.system for step in measured_steps()}, "each is in the tables, so each had to be taken out"
    assert card() == fit(fitted)


def test_the_card_beside_measured_steps_that_it_was_not_fitted_to() -> None:
    """What the page says of it."""
    found = left_out()
    assert len(found) == 13 and sum(map(len, found.values())) == 109
    assert median_off(found) == pytest.approx(1.246, abs=0.002)
    by_source = {source: median(factors) for source, factors in found.items()}
    assert median(by_source.values()) == pytest.approx(1.25, abs=0.05), "and with each source counted alike"
    assert {source for source, off in by_source.items() if off > 1.5} == {"S4", "S5", "vultr-b200"}


def test_layers_of_deepseek_cost_what_more_on_the_card_says() -> None:
    """By hand: four requests on eight MI325X, 24.08 ms for 61 layers."""
    step = next(step for step in measured_steps() if step.id == "n127")
    spent = (24.0795e-3 - step.fetch_s / 0.70) / 61
    assert workings.layer_left_s(step) == pytest.approx(spent, rel=1e-3)
    lab = load_lab()
    assert float(workings.deepseek_layer_on_mi325x(lab)) == pytest.approx(3.75, abs=0.05)
    assert 1.5 < float(workings.deepseek_layer_on_h200(lab)) < 2.0


@dataclass(frozen=True)
class Apart(Card):
    """A card with a number more: what a layer costs on a single GPU."""

    single_us: float = 70.0

    def layer_s(self, step: Step) -> float:
        return super().layer_s(step) + 1e-6 * (self.single_us - self.layer_us) * (step.gpus == 1)


def fit_apart(steps: list[Step]) -> Apart:
    """The nearest of all such cards. For given other costs the two of a layer meet in the reaches alone."""
    kinds = Counter((step.source, kind_of(step)) for step in steps)
    shares, costs = np.arange(40, 100, 5) / 100, np.arange(0.0, 210.0, 10.0)
    best: tuple[float, Apart] = math.inf, Apart()
    for mixture_us, request_us in itertools.product(np.arange(0.0, 120.0, 10.0), (0.0, 0.5, 1.0, 2.0, 3.0)):
        found = {(single, bits): np.zeros((len(shares), len(costs))) for single in (True, False) for bits in (16, 8, 4)}
        for step in steps:
            layer_us = costs + mixture_us * step.mixture + request_us * (step.requests - 1)
            seconds = step.fetch_s / shares[:, None] + step.layers * 1e-6 * layer_us
            weight = 1 / kinds[step.source, kind_of(step)]
            found[step.gpus == 1, bits_class(step.bits)] += weight * np.log(seconds / step.seconds) ** 2
        by_bits = [found[True, bits][:, :, None] + found[False, bits][:, None, :] for bits in (16, 8, 4)]
        distance = sum(each.min(axis=0) for each in by_bits)
        one, several = np.unravel_index(distance.argmin(), distance.shape)
        if distance[one, several] < best[0] - 1e-12:
            reaches = [float(shares[each[:, one, several].argmin()]) for each in by_bits]
            numbers = Apart(*reaches, costs[several], mixture_us, request_us, costs[one])
            best = distance[one, several], numbers
    return best[1]


def test_a_number_of_its_own_for_a_single_gpu_rests_on_one_source_and_comes_hardly_nearer() -> None:
    """What "more" on the card says of it: so the card has one cost of a layer."""
    steps = [step for step in measured_steps() if step.graphs]
    apart: dict[str, list[float]] = {}
    for source in dict.fromkeys(step.source for step in steps):
        one = fit_apart([step for step in fitted_steps() if step.source != source])
        apart[source] = [one.off(step) for step in steps if step.source == source]
        assert (one.single_us > one.layer_us) == (source != "qwen3-h20"), source
    with_two, with_one = median_off(apart), median_off(left_out())
    assert (with_two, with_one) == (pytest.approx(1.217, abs=0.002), pytest.approx(1.246, abs=0.002))
    by_source = [median(median(factors) for factors in found.values()) for found in (apart, left_out())]
    assert by_source == pytest.approx([1.252, 1.258], abs=0.002)
    shares = [step.share for step in fitted_steps() if step.source == "qwen3-h20" and not step.mixture]
    assert max(shares) < 0.4 and any(step.bits == 16 for step in fitted_steps() if step.source == "qwen3-h20")


def read_by_parts(system: System, requests: int, context: int) -> dict[int, float]:
    """Seconds of the bytes at full bandwidth by the class of their own bits: caches and vectors among them, states as 16 bits."""
    found: Counter[int] = Counter()
    for part in decode(system, requests, context).operations:
        bits = {"matmul": weight_format, "attention": kv_format}.get(part.kind, lambda _: weight_format("bf16"))(
            part.stored
        ).bits
        found[bits_class(bits)] += part.memory_s + part.spread_s
    return dict(found)


def test_a_reach_of_its_own_for_each_part_comes_no_nearer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The head in 16 bits under layers of 4, the cache in 16 under weights of 8: the card reads all at the reach of most weights."""
    parts: dict[str, dict[int, float]] = {}

    def kept(name: str, source: str, system: System, requests: int, context: int, *rest: Any) -> Step:
        parts[name] = read_by_parts(system, requests, context)
        return step_of(name, source, system, requests, context, *rest)

    monkeypatch.setattr(steps_measured, "step_of", kept)
    assert [step.id for step in steps_measured.measured_steps.__wrapped__()] == [step.id for step in measured_steps()]
    one, other = [], []
    for step in fitted_steps():
        assert sum(parts[step.id].values()) == pytest.approx(step.fetch_s)
        read = sum(seconds / card().reach(bits) for bits, seconds in parts[step.id].items())
        factor = (read + step.layers * card().layer_s(step)) / step.seconds
        one, other = [*one, card().off(step)], [*other, max(factor, 1 / factor)]
    assert one != other and median(one) <= median(other) + 0.01


def test_the_card_is_the_nearest_of_all_round_ones() -> None:
    steps = fitted_steps()
    kinds = Counter((step.source, kind_of(step)) for step in steps)

    def distance(one: Card) -> float:
        return sum(math.log(one.off(step)) ** 2 / kinds[step.source, kind_of(step)] for step in steps)

    least, draw = distance(card()), random.Random(1)
    for _ in range(300):
        shares = [draw.choice((0.6, 0.65, 0.7, 0.75, 0.8)) for _ in range(3)]
        other = Card(
            *shares, draw.choice((70, 80, 90, 100, 110)), draw.choice((0, 10, 20, 30)), draw.choice((0, 1, 2, 3))
        )
        assert distance(other) >= least - 1e-9


def test_what_no_step_speaks_for_stays_as_it_is() -> None:
    only = fit([made_up(seconds=4e-3 / 0.5 + 10 * layer * 1e-6, layers=10) for layer in (60, 60)])
    assert (only.reach_8, only.reach_4, only.mixture_us, only.request_us) == (0.7, 0.6, 20.0, 1.0)


def test_kernels_added_up_are_no_measured_step() -> None:
    assert not any("added up" in step.engine for step in measured_steps(10**6))


def test_a_mixture_reads_the_experts_that_its_requests_are_expected_to_meet() -> None:
    """E(1 - (1 - k/E)^B) of each layer's experts, and what all tokens share once."""
    mixtral = System(load_model("mixtral-8x7b"), load_gpu("a100-80gb-sxm"), tp=2)
    expert = 3 * 4096 * 14336 * 2 / mixtral.bandwidth * 32
    read = {requests: step_of("", "", mixtral, requests, 0, 1.0).fetch_s for requests in (1, 4, 32)}
    for requests in (4, 32):
        more = 8 * (1 - (1 - 2 / 8) ** requests) - 2
        assert read[requests] - read[1] == pytest.approx(more * expert, rel=2e-3)


def test_caches_are_read_in_their_own_format_and_states_twice_in_32_bits() -> None:
    llama = System(load_model("llama-3.1-70b"), load_gpu("h100-sxm"), tp=2, weights="fp8", kv="fp8")
    token = 2 * 80 * 8 * 128
    grown = step_of("", "", llama, 3, 4000, 1.0).fetch_s - step_of("", "", llama, 3, 0, 1.0).fetch_s
    assert grown == pytest.approx(3 * 4000 * token / llama.bandwidth, rel=1e-3)
    hybrid = System(load_model("qwen3.5-27b"), load_gpu("h100-sxm"), tp=2)
    state = 48 * 48 * 128 * 128 * 4
    further = step_of("", "", hybrid, 2, 0, 1.0).fetch_s - step_of("", "", hybrid, 1, 0, 1.0).fetch_s
    assert further == pytest.approx(2 * state / hybrid.bandwidth, rel=0.03), "the convolution's window is the rest"


def test_larger_batches_are_beyond_the_card() -> None:
    """What "more" on the card says of them."""
    lab = load_lab()
    assert (workings.beyond_steps(lab), workings.beyond_most(lab)) == (10, 250)
    assert float(workings.beyond_off(lab)) > 1.35 > median_off(left_out())
    assert not any(step.requests > MOST_REQUESTS for step in fitted_steps())


def test_no_factor_of_an_engine_would_carry_over() -> None:
    """What "more" on the card says: each engine comes from one source or two; within one, a layer costs more on eight GPUs."""
    sources: dict[str, set[str]] = {}
    for step in fitted_steps():
        sources.setdefault(step.engine.split()[0], set()).add(step.source)
    assert len(sources) == 5 and max(map(len, sources.values())) == 2
    lab = load_lab()
    assert float(workings.small_layer_on_eight(lab)) > 2 * float(workings.small_layer_on_one(lab))


def test_slow_memory_lies_on_the_card_as_far_as_the_fitted_steps_say() -> None:
    """And a factor of its own on their reach, fitted to the other source, would be 1 or nearly so."""
    lab = load_lab()
    assert (workings.slow_memory_steps(lab), workings.slow_memory_sources(lab)) == (8, 2)
    assert float(workings.slow_memory_time(lab)) == pytest.approx(1.0, abs=0.02)
    assert 0.8 < float(workings.slow_memory_least(lab)) < 0.9 and 1.1 < float(workings.slow_memory_most(lab)) < 1.15
    bandwidths = {step.system[1]: load_gpu(step.system[1]).bandwidth for step in workings._of_slow_memory()}
    assert set(bandwidths) == {"dgx-spark", "m1-max", "m2-ultra"} and max(bandwidths.values()) < 1e12


def test_the_share_of_a_larger_model_by_hand() -> None:
    """3.04 ms of which 0.81 are the ceiling's; 16.0 ms of which 8.43 are."""
    lab = load_lab()
    assert float(workings.share_of_large_on_eight(lab)) == pytest.approx(100 * 8.43 / 16.0, abs=0.1)
    assert float(workings.share_with_one_overhead(lab)) == pytest.approx(100 * 8.43 / (8.43 + 3.04 - 0.81), abs=0.2)
    assert float(workings.share_carried_over(lab)) == pytest.approx(100 * 0.8135 / 3.04, abs=0.2)


def test_one_reach_and_one_cost_of_a_layer_fit_both_models_by_hand() -> None:
    lab = load_lab()
    told = [workings.small_layer_at_full, workings.large_layer_at_full, workings.pair_layer, workings.pair_reach]
    assert [str(each(lab)) for each in told] == ["70 µs", "95 µs", "62 µs", "76 %"]
    reach, layer = float(workings.pair_reach(lab)) / 100, 1e3 * float(workings.pair_layer(lab))
    assert 0.8135 / reach + 32 * layer == pytest.approx(3.04, rel=1e-2)
    assert 8.43 / reach + 80 * layer == pytest.approx(16.0, rel=1e-2)
    assert float(workings.share_at_full(lab)) == pytest.approx(100 * 8.43 / (8.43 + 80 / 32 * (3.04 - 0.8135)), abs=0.2)


def test_where_the_speed_of_further_gpus_would_end() -> None:
    """Each doubling saves about half of what the last one saved; half, a quarter and so on of the last saving add up to all of it."""
    steps = [workings.small_on(count).seconds for count in (1, 2, 4, 8)]
    saved = [one - two for one, two in itertools.pairwise(steps)]
    assert all(0.4 < later / before < 0.6 for before, later in itertools.pairwise(saved)), saved
    end = steps[-1] - sum(saved[-1] / 2**n for n in range(1, 40))
    assert float(workings.speed_in_the_end(load_lab())) == pytest.approx(1 / end, rel=1e-6)


def test_a_memory_twice_as_fast_by_hand() -> None:
    """Of 3.04 ms 0.8135 over 76 % are reading; half of that goes. The engine's formula says nearly the same."""
    lab = load_lab()
    read = 0.8135 / 0.762
    assert float(workings.twice_the_bandwidth(lab)) == pytest.approx(3.045 / (3.045 - read / 2), rel=2e-3)
    assert float(workings.twice_by_the_engine(lab)) == pytest.approx(float(workings.twice_the_bandwidth(lab)), rel=0.03)


def test_printed_bytes_over_printed_bandwidth_are_the_printed_ceiling() -> None:
    lab = load_lab()
    for read, bandwidth, ceiling in (
        (workings.worked_bytes_with_cache(lab), workings.worked_bandwidth(lab), workings.worked_ceiling(lab)),
        (workings.mixture_read(lab), workings.mixture_bandwidth(lab), workings.mixture_ceiling(lab)),
    ):
        by_hand = float(f"{float(read):.4g}") / float(f"{float(bandwidth):.4g}")
        assert f"{1e3 * by_hand:.3g} ms" == str(ceiling)


def test_the_worked_forecast_by_hand() -> None:
    """Qwen2.5-7B: 28 layers of 233 million weights in 8 bits, and a head of 545 million in 16."""
    lab = load_lab()
    layer = 3584 * (3584 + 512 + 512 + 3584) + 3 * 3584 * 18944
    weights = 28 * layer + 2 * 152064 * 3584
    assert float(workings.worked_bytes(lab)) == pytest.approx(weights, rel=2e-3)
    assert float(workings.worked_forecast(lab)) == pytest.approx(weights / 2.039e12 / 0.7 + 28 * 90e-6, rel=1e-2)


def test_every_step_is_one_of_todays_sizes_and_slower_than_its_bytes() -> None:
    steps = measured_steps()
    assert all(0 < step.share <= 1 and step.requests <= MOST_REQUESTS for step in steps)
    assert {kind_of(step) for step in steps} >= {(False, False, bits) for bits in (16, 8, 4)}
