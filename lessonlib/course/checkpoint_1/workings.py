"""Checkpoint 1: measured speeds beside their ceilings, the card's numbers, and two forecasts by it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from statistics import median

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.course.checkpoint_1.card import card, fit, fitted_steps, kind_of, left_out, median_off
from lessonlib.course.checkpoint_1.steps_measured import MOST_REQUESTS, Step, measured_steps, step_of
from lessonlib.course.shared.forecast import decode_step_expected_low
from lessonlib.roofline import Lab, System, decode, load_gpu, load_model, weight_bytes, weight_bytes_read

CONTEXT = 105
GPUS = (1, 2, 4, 8)


@cache
def _measured(source: str, model: str, gpu: str, gpus: int, bits: int) -> Step:
    """The published step of one request on such a system, from that source."""
    parameters = load_model(model).parameters
    for step in measured_steps():
        of_system = step.system[:3] == (parameters, gpu, gpus) and kind_of(step)[2] == bits
        if step.source == source and of_system and step.requests == 1:
            return step
    raise LessonlibError(f"data/measured: no step of {model} on {gpus} x {gpu} in {source}")


def small_on(gpus: int, bits: int = 16) -> Step:
    """Llama-2-7B on so many A100."""
    return _measured("gpt-fast", "llama-2-7b", "a100-80gb-sxm", gpus, bits)


def large_on_eight() -> Step:
    """Llama-2-70B on eight A100, 16 bits."""
    return _measured("gpt-fast", "llama-2-70b", "a100-80gb-sxm", 8, 16)


def _percent(share: float) -> Quantity:
    return Quantity(100.0 * share, "%", digits=2)


# --- one GPU


def _served() -> Step:
    return _measured("qwen2.5-a100", "qwen2.5-7b", "a100-80gb-sxm", 1, 16)


def served_ceiling(lab: Lab) -> Quantity:
    """Qwen2.5-7B on one A100, 16 bits: bandwidth over bytes."""
    return Quantity(1 / _served().fetch_s, "tok/s")


def served_speed(lab: Lab) -> Quantity:
    """What vLLM 0.6.3 was measured to write there, for one request alone."""
    return Quantity(1 / _served().seconds, "tok/s")


def served_share(lab: Lab) -> Quantity:
    """Measured speed over ceiling."""
    return _percent(_served().share)


def share_of_a_kernel(lab: Lab) -> Quantity:
    """What a good kernel reaches of the bandwidth while it runs."""
    return _percent(0.92)


def share_in_training(lab: Lab) -> Quantity:
    """A share of peak FLOP/s that is good in training."""
    return _percent(0.38)


# --- four bits


def four_bits_faster(lab: Lab) -> Quantity:
    """Llama-2-7B on one A100, measured: 4 bits over 16 bits."""
    return Quantity(small_on(1).seconds / small_on(1, 4).seconds, "x")


def bits_ratio(lab: Lab) -> Quantity:
    """16 bits over 4."""
    return Quantity(4.0, "x")


def four_bits_ceiling_faster(lab: Lab) -> Quantity:
    """The ratio of the ceilings: bytes with scales over bytes."""
    return Quantity(small_on(1).fetch_s / small_on(1, 4).fetch_s, "x")


def sixteen_bits_speed(lab: Lab) -> Quantity:
    return Quantity(1 / small_on(1).seconds, "tok/s")


def four_bits_speed(lab: Lab) -> Quantity:
    return Quantity(1 / small_on(1, 4).seconds, "tok/s")


def sixteen_bits_share(lab: Lab) -> Quantity:
    return _percent(small_on(1).share)


def four_bits_share(lab: Lab) -> Quantity:
    return _percent(small_on(1, 4).share)


# --- more GPUs


def _curve(speeds: list[float]) -> dict[str, list[float]]:
    return {"x": [float(count) for count in GPUS], "y": speeds}


def speed_by_gpus(lab: Lab) -> dict[str, list[float]]:
    """Llama-2-7B in 16 bits on 1, 2, 4 and 8 A100, measured, tokens a second of one request."""
    return _curve([1 / small_on(count).seconds for count in GPUS])


def speed_if_linear(lab: Lab) -> dict[str, list[float]]:
    """The same if each GPU added what the first one gives."""
    return _curve([count / small_on(1).seconds for count in GPUS])


def speed_of_ceilings(lab: Lab) -> dict[str, list[float]]:
    """The ceilings of the same."""
    return _curve([1 / small_on(count).fetch_s for count in GPUS])


def speed_on_eight(lab: Lab) -> Quantity:
    return Quantity(1 / small_on(8).seconds, "tok/s")


def speed_in_the_end(lab: Lab) -> Quantity:
    """Where the speed ends if each further doubling of the GPUs saves half of what the last one saved: all together save as much."""
    return Quantity(1 / (2 * small_on(8).seconds - small_on(4).seconds), "tok/s", digits=2)


def gain_on_eight(lab: Lab) -> Quantity:
    """Eight GPUs over one, measured."""
    return Quantity(small_on(1).seconds / small_on(8).seconds, "x")


def share_on_eight(lab: Lab) -> Quantity:
    return _percent(small_on(8).share)


def share_of_large_on_eight(lab: Lab) -> Quantity:
    return _percent(large_on_eight().share)


def share_carried_over(lab: Lab) -> Quantity:
    """The small model's share of the ceiling on eight GPUs, taken for the large one's."""
    return share_on_eight(lab)


def share_with_one_overhead(lab: Lab) -> Quantity:
    """The large model's share of the ceiling if all that is not reading took as long as in the small one."""
    return _percent(large_on_eight().fetch_s / float(large_step_with_one_overhead(lab)))


def small_step_at_ceiling(lab: Lab) -> Quantity:
    """Llama-2-7B on eight A100: bytes over bandwidth."""
    return Quantity(small_on(8).fetch_s, "s", digits=2)


def large_step_at_ceiling(lab: Lab) -> Quantity:
    """The same of Llama-2-70B."""
    return Quantity(large_on_eight().fetch_s, "s")


def large_step(lab: Lab) -> Quantity:
    """Its step on eight A100, measured."""
    return Quantity(large_on_eight().seconds, "s")


def large_step_with_one_overhead(lab: Lab) -> Quantity:
    """Its step if all that is not reading took as long as in Llama-2-7B."""
    return Quantity(large_on_eight().fetch_s + small_on(8).seconds - small_on(8).fetch_s, "s")


def _layer_beside(step: Step, reach: float) -> float:
    """Seconds that each layer costs if all bytes are read at that share of the bandwidth and the rest is spread over the layers."""
    return (step.seconds - step.fetch_s / reach) / step.layers


def small_layer_at_full(lab: Lab) -> Quantity:
    """What a layer of Llama-2-7B costs on eight A100 if reading runs at the full bandwidth."""
    return Quantity(_layer_beside(small_on(8), 1.0), "s", digits=2)


def large_layer_at_full(lab: Lab) -> Quantity:
    """The same of Llama-2-70B."""
    return Quantity(_layer_beside(large_on_eight(), 1.0), "s", digits=2)


def _pair_reach() -> float:
    """The share of the bandwidth at which both steps have one cost of a layer: two steps, two unknowns."""
    small, large = small_on(8), large_on_eight()
    layers = large.layers / small.layers
    return (large.fetch_s - layers * small.fetch_s) / (large.seconds - layers * small.seconds)


def pair_reach(lab: Lab) -> Quantity:
    return _percent(_pair_reach())


def pair_layer(lab: Lab) -> Quantity:
    """That one cost of a layer."""
    return Quantity(_layer_beside(small_on(8), _pair_reach()), "s", digits=2)


def share_at_full(lab: Lab) -> Quantity:
    """The large model's share if it read at the full bandwidth and its layers cost what the small model's then do."""
    large = large_on_eight()
    return _percent(large.fetch_s / (large.fetch_s + large.layers * _layer_beside(small_on(8), 1.0)))


def step_on_eight(lab: Lab) -> Quantity:
    return Quantity(small_on(8).seconds, "s")


# --- where the rest of the step goes


def eight_gpus() -> System:
    """Llama-2-7B in 16 bits on eight A100."""
    return System(load_model("llama-2-7b"), load_gpu("a100-80gb-sxm"), tp=8)


def small_read(lab: Lab) -> Quantity:
    """What Llama-2-7B's step on eight A100 spends on reading, by the share of the bandwidth that fits both models."""
    return Quantity(small_on(8).fetch_s / _pair_reach(), "s")


def twice_the_bandwidth(lab: Lab) -> Quantity:
    """By which factor its measured step shortens if that part of it halves."""
    seconds = small_on(8).seconds
    return Quantity(seconds / (seconds - float(small_read(lab)) / 2), "x")


def twice_by_the_engine(lab: Lab) -> Quantity:
    """The same of the step that the engine expects there."""
    system = eight_gpus()
    faster = replace(system, gpu=replace(system.gpu, bandwidth=2 * system.gpu.bandwidth))
    return Quantity(decode(system, 1, CONTEXT).expected_s / decode(faster, 1, CONTEXT).expected_s, "x")


def twice_as_fast(lab: Lab) -> Quantity:
    return Quantity(2.0, "x")


def nine_tenths_faster(lab: Lab) -> Quantity:
    """Twice, less a tenth for what is not memory."""
    return Quantity(1.6, "x")


# --- the card


def reach_16(lab: Lab) -> Quantity:
    """The card's reach of the bandwidth for a step whose weights have 16 bits."""
    return _percent(card().reach_16)


def reach_8(lab: Lab) -> Quantity:
    return _percent(card().reach_8)


def reach_4(lab: Lab) -> Quantity:
    return _percent(card().reach_4)


def layer_cost(lab: Lab) -> Quantity:
    """The card's fixed cost of a layer, on one GPU or several."""
    return Quantity(card().layer_us * 1e-6, "s", digits=2)


def layer_of_mixture(lab: Lab) -> Quantity:
    """What a layer of a mixture costs more."""
    return Quantity(card().mixture_us * 1e-6, "s", digits=2)


def layer_of_request(lab: Lab) -> Quantity:
    """What a layer costs more for each further request in the batch."""
    return Quantity(card().request_us * 1e-6, "s", digits=2)


def card_off(lab: Lab) -> Quantity:
    """The median factor between card and measured step, each source left out of the fit in turn."""
    return Quantity(median_off(left_out()), "x")


def card_sources(lab: Lab) -> int:
    """Sources of the published steps that the card is fitted to."""
    return len({step.source for step in fitted_steps()})


def card_steps(lab: Lab) -> int:
    """Published steps that the card is fitted to."""
    return len(fitted_steps())


def held_sources(lab: Lab) -> int:
    """Sources of all published steps of today's engines, those of the exam's systems included."""
    return len(left_out())


def held_steps(lab: Lab) -> int:
    """All published steps of today's engines, those of the exam's systems included."""
    return sum(map(len, left_out().values()))


def layer_without_h20(lab: Lab) -> Quantity:
    """The fixed cost of a layer by a card that is fitted without Qwen's rows of the H20."""
    return Quantity(fit([step for step in fitted_steps() if step.source != "qwen3-h20"]).layer_us * 1e-6, "s", digits=2)


def layer_left_s(step: Step) -> float:
    """What is left of a measured step for each layer once its bytes are read at the card's reach, seconds."""
    return (step.seconds - step.fetch_s / card().reach(step.bits)) / step.layers


def small_layer_on_one(lab: Lab) -> Quantity:
    """A layer of Llama-2-7B with gpt-fast on one A100, by the measured step and the card's reach."""
    return Quantity(layer_left_s(small_on(1)), "s", digits=2)


def small_layer_on_eight(lab: Lab) -> Quantity:
    """The same on eight."""
    return Quantity(layer_left_s(small_on(8)), "s", digits=2)


def _most_of_deepseek(gpu: str) -> Quantity:
    """How many times the card's cost a layer of DeepSeek-V3 was at most measured to take on eight of these GPUs."""
    steps = [step for step in measured_steps() if step.source == "S4" and step.system[1] == gpu]
    return Quantity(max(layer_left_s(step) / card().layer_s(step) for step in steps), "x", digits=2)


def deepseek_layer_on_mi325x(lab: Lab) -> Quantity:
    """A layer of DeepSeek-V3 on eight MI325X, over the card's cost, at most."""
    return _most_of_deepseek("mi325x")


def deepseek_layer_on_h200(lab: Lab) -> Quantity:
    """The same on eight H200."""
    return _most_of_deepseek("h200-sxm")


#: Memory slower than this is that of small machines: bytes a second.
_SLOW_MEMORY = 1e12


def _of_slow_memory() -> list[Step]:
    """The fitted steps on GPUs with slow memory."""
    return [step for step in fitted_steps() if load_gpu(step.system[1]).bandwidth < _SLOW_MEMORY]


def _times_of_slow_memory() -> list[float]:
    """Their measured times over the card's."""
    return [step.seconds / card().forecast_s(step) for step in _of_slow_memory()]


def slow_memory_steps(lab: Lab) -> int:
    """Steps on GPUs with less than 1 TB/s that the card is fitted to."""
    return len(_of_slow_memory())


def slow_memory_sources(lab: Lab) -> int:
    """Sources of those steps."""
    return len({step.source for step in _of_slow_memory()})


def slow_memory_time(lab: Lab) -> Quantity:
    """Their measured time over the card's, the median."""
    return Quantity(median(_times_of_slow_memory()), "x", digits=2)


def slow_memory_least(lab: Lab) -> Quantity:
    """The same of the step that is quickest beside the card."""
    return Quantity(min(_times_of_slow_memory()), "x", digits=2)


def slow_memory_most(lab: Lab) -> Quantity:
    """The same of the step that is slowest beside the card."""
    return Quantity(max(_times_of_slow_memory()), "x", digits=2)


def _beyond() -> list[Step]:
    """Published steps of today's engines with more requests than any that the card is fitted to."""
    return [step for step in measured_steps(10**6) if step.graphs and step.requests > MOST_REQUESTS]


def most_requests(lab: Lab) -> int:
    """The largest batch that the card is for."""
    return MOST_REQUESTS


def beyond_steps(lab: Lab) -> int:
    """Published steps of larger batches."""
    return len(_beyond())


def beyond_most(lab: Lab) -> int:
    """The largest batch among them."""
    return max(step.requests for step in _beyond())


def beyond_off(lab: Lab) -> Quantity:
    """The card's median error on them."""
    return Quantity(median(map(card().off, _beyond())), "x")


def beyond_worst(lab: Lab) -> Quantity:
    """How far at most."""
    return Quantity(max(map(card().off, _beyond())), "x")


def card_within(lab: Lab) -> Quantity:
    """Share of the left-out steps within a quarter."""
    factors = [factor for found in left_out().values() for factor in found]
    return _percent(sum(factor <= 1.25 for factor in factors) / len(factors))


def card_nine_in_ten(lab: Lab) -> Quantity:
    """The factor within which nine in ten of the left-out steps lie."""
    return _within(0.9)


def card_four_in_five(lab: Lab) -> Quantity:
    """The factor within which four in five of them lie: what an honest range of 80 % spans to either side."""
    return _within(0.8)


def _within(share: float) -> Quantity:
    factors = sorted(factor for found in left_out().values() for factor in found)
    return Quantity(factors[min(int(share * len(factors)), len(factors) - 1)], "x", digits=2)


def old_layer(lab: Lab) -> Quantity:
    """The fixed cost of a layer of engines of 2023, which start kernel after kernel from Python: the median of measured steps on 8 GPUs."""
    steps = [step for step in measured_steps() if not step.graphs and step.gpus == 8 and step.requests == 1]
    return Quantity(
        median((step.seconds - step.fetch_s / card().reach_16) / step.layers for step in steps), "s", digits=2
    )


# --- a forecast by the card, worked out: Qwen2.5-7B, 8 bits, on one A100


def _worked() -> Step:
    return _measured("qwen2.5-a100", "qwen2.5-7b", "a100-80gb-sxm", 1, 8)


def _worked_system() -> System:
    return System(load_model("qwen2.5-7b"), load_gpu("a100-80gb-sxm"), weights="int8")


def worked_bytes(lab: Lab) -> Quantity:
    """What one token reads: the layers in 8 bits, the head in 16."""
    return Quantity(weight_bytes_read(_worked_system()), "B")


def worked_bytes_with_cache(lab: Lab) -> Quantity:
    """That, and the cache of its one request."""
    return Quantity(_worked().fetch_s * _worked_system().bandwidth, "B", digits=4)


def worked_bandwidth(lab: Lab) -> Quantity:
    return Quantity(_worked_system().bandwidth, "B/s", digits=4)


def worked_ceiling(lab: Lab) -> Quantity:
    """The least time of its step: bytes, caches included, over the bandwidth."""
    return Quantity(_worked().fetch_s, "s")


def worked_read(lab: Lab) -> Quantity:
    """That over the reach."""
    return Quantity(_worked().fetch_s / card().reach_8, "s")


def worked_fixed(lab: Lab) -> Quantity:
    """28 layers at the cost of a layer."""
    step = _worked()
    return Quantity(step.layers * card().layer_s(step), "s")


def worked_forecast(lab: Lab) -> Quantity:
    return Quantity(card().forecast_s(_worked()), "s")


def worked_measured(lab: Lab) -> Quantity:
    """Its measured step: vLLM 0.6.3, 122.01 tokens a second."""
    return Quantity(_worked().seconds, "s")


# --- a forecast to make: Mixtral-8x7B, 16 bits, on two A100


def _mixture_system() -> System:
    return System(load_model("mixtral-8x7b"), load_gpu("a100-80gb-sxm"), tp=2)


def _mixture() -> Step:
    return step_of("mixture", "", _mixture_system(), 1, CONTEXT, 1.0)


def mixture_measured(lab: Lab) -> Quantity:
    """The published step: gpt-fast, 96.67 tokens a second."""
    return Quantity(_measured("gpt-fast", "mixtral-8x7b", "a100-80gb-sxm", 2, 16).seconds, "s")


def mixture_forecast(lab: Lab) -> Quantity:
    """The card's forecast of it: bytes of two experts a layer over the bandwidth, over the reach, and 32 layers of a mixture."""
    return Quantity(card().forecast_s(_mixture()), "s")


def mixture_ceiling(lab: Lab) -> Quantity:
    """The bytes alone, over the full bandwidth."""
    return Quantity(_mixture().fetch_s, "s")


def mixture_all_experts(lab: Lab) -> Quantity:
    """The same with all eight experts read."""
    system = _mixture_system()
    step = replace(_mixture(), fetch_s=weight_bytes(system) / system.bandwidth)
    return Quantity(card().forecast_s(step), "s")


def mixture_read(lab: Lab) -> Quantity:
    """What one token reads: two experts a layer, the rest of the weights, its cache."""
    return Quantity(_mixture().fetch_s * _mixture_system().bandwidth, "B")


def mixture_bandwidth(lab: Lab) -> Quantity:
    return Quantity(_mixture_system().bandwidth, "B/s")


def mixture_layer_cost(lab: Lab) -> Quantity:
    """The card's cost of a layer of a mixture."""
    return Quantity(card().layer_s(_mixture()), "s")


def mixture_fixed(lab: Lab) -> Quantity:
    step = _mixture()
    return Quantity(step.layers * card().layer_s(step), "s")


def card_is_close(lab: Lab) -> bool:
    """Whether the card is within a quarter of measured steps at the median, each source left out in turn."""
    return median_off(left_out()) <= 1.25


# --- the learner's own lab


def _own(lab: Lab) -> Step:
    return step_of(lab.name, "", lab.system, 1, lab.context, 1.0)


def own_context(lab: Lab) -> Quantity:
    return Quantity(lab.context, "tokens", digits=4)


def own_ceiling(lab: Lab) -> Quantity:
    """The least time of a decode step of one request, with the lab's usual context."""
    return Quantity(_own(lab).fetch_s, "s")


def own_by_card(lab: Lab) -> Quantity:
    """The card's forecast of it."""
    return Quantity(card().forecast_s(_own(lab)), "s")


def own_reported(lab: Lab) -> Quantity | None:
    """The step that was reported for the lab; None where nothing was."""
    told = lab.measured.get("decode_tokens_per_s")
    return Quantity(1 / told.value, "s") if told else None


def own_outside(lab: Lab) -> bool:
    """Whether what was reported for the lab is quicker than its 90 % band."""
    told = lab.measured.get("decode_tokens_per_s")
    return told is not None and 1 / told.value < float(decode_step_expected_low(lab))


def reported_share(lab: Lab) -> Quantity:
    """The reported speed over the ceiling; 100 % where nothing was reported."""
    told = lab.measured.get("decode_tokens_per_s")
    return _percent(_own(lab).fetch_s * told.value if told else 1.0)
