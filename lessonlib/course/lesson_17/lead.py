"""A mixture of experts beside a dense model of about its size, on one GPU: seconds of a decode step by the requests in it.

Qwen3-30B-A3B and Qwen3-32B in 16 bits on one H200, which holds either of them and the caches of all requests compared. Seconds
are those that the engine expects unless a name says ceiling; computed, not measured. The same for every lab.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import (
    Estimate,
    Experts,
    Lab,
    System,
    decode,
    kv_bytes_per_token,
    load_gpu,
    load_model,
    weight_bytes,
)
from lessonlib.roofline.expert_routing import distinct

#: requests of the steps that are compared, and tokens that each has behind it
BATCHES, BEHIND = (1, 4, 16, 64, 256), 768
#: requests of the first question; how steeply popularity falls in the third
SOME, SLOPE = 16, 1.0
#: requests beyond those that have room
_FAR = 1024
_GPU, _MIXTURE, _DENSE = "h200-sxm", "qwen3-30b-a3b", "qwen3-32b"
#: measured on one H20, SGLang 0.4.6.post1, one request, a prompt of one token, in 16 bits and in fp8: tokens a second of mixture and dense
_MEASURED = ((137.18, 20.72), (155.55, 46.17))


@lru_cache(maxsize=8)
def system_of(name: str) -> System:
    return System(load_model(name), load_gpu(_GPU))


def mixture() -> System:
    return system_of(_MIXTURE)


def dense() -> System:
    return system_of(_DENSE)


def experts_of(system: System) -> Experts:
    """The block of experts that most layers have; of a dense model, which no question of the lesson is about, the mixture's."""
    models = (system.model, mixture().model)
    return next(
        group.feed_forward for model in models for group in model.layers if isinstance(group.feed_forward, Experts)
    )


@lru_cache(maxsize=256)
def step(system: System, requests: int) -> Estimate:
    """One decode step."""
    return decode(system, requests, BEHIND)


def lead(requests: int) -> float:
    """How many times as fast the mixture's step is."""
    return step(dense(), requests).expected_s / step(mixture(), requests).expected_s


def fetched(system: System, requests: int) -> float:
    """Bytes of weights that a step fetches."""
    return sum(part.weight_bytes for part in step(system, requests).operations)


# --- the two models


def mixture_name(lab: Lab) -> str:
    return mixture().model.title


def dense_name(lab: Lab) -> str:
    return dense().model.title


def pair_gpu(lab: Lab) -> str:
    return mixture().gpu.title


def pair_experts(lab: Lab) -> int:
    """Experts in a layer of the mixture."""
    return experts_of(mixture()).count


def pair_active(lab: Lab) -> int:
    """Of these, those of one token."""
    return experts_of(mixture()).active


def pair_behind(lab: Lab) -> Quantity:
    """Tokens behind each request."""
    return Quantity(BEHIND, "tokens")


def mixture_held(lab: Lab) -> Quantity:
    return Quantity(weight_bytes(mixture()), "B")


def dense_held(lab: Lab) -> Quantity:
    return Quantity(weight_bytes(dense()), "B")


def alone_mixture(lab: Lab) -> Quantity:
    """A step of one request."""
    return Quantity(step(mixture(), 1).expected_s, "s")


def alone_dense(lab: Lab) -> Quantity:
    return Quantity(step(dense(), 1).expected_s, "s")


def lead_alone(lab: Lab) -> Quantity:
    return Quantity(lead(1), "x", digits=2)


def lead_tested(lab: Lab) -> Quantity:
    """With the requests of the load test."""
    return Quantity(lead(BATCHES[3]), "x", digits=2)


def tested_requests(lab: Lab) -> int:
    """Requests at once in the load test."""
    return BATCHES[3]


# --- what a step costs, from which the lead can be worked out


def pair_bandwidth(lab: Lab) -> Quantity:
    """Of the GPU's memory, by data sheet."""
    return Quantity(mixture().bandwidth, "B/s")


def pair_peak(lab: Lab) -> Quantity:
    """Arithmetic of the GPU in 16 bits, dense, by data sheet."""
    largest = step(dense(), BATCHES[-1])
    return Quantity(largest.flops / largest.compute_s, "FLOP/s")


def _request(system: System) -> tuple[float, float]:
    """Bytes of cache and FLOPs that each request of the largest step adds."""
    return kv_bytes_per_token(system) * BEHIND, step(system, BATCHES[-1]).flops / BATCHES[-1]


def cache_of_dense(lab: Lab) -> Quantity:
    """Bytes of cache that a step fetches for each request."""
    return Quantity(_request(dense())[0], "B")


def cache_of_mixture(lab: Lab) -> Quantity:
    """The same of the mixture."""
    return Quantity(_request(mixture())[0], "B")


def flops_of_dense(lab: Lab) -> Quantity:
    """Arithmetic of a step for each request."""
    return Quantity(_request(dense())[1], "FLOP")


def flops_of_mixture(lab: Lab) -> Quantity:
    """The same of the mixture."""
    return Quantity(_request(mixture())[1], "FLOP")


def measured_leads(lab: Lab) -> list[Quantity]:
    """By the models' makers, one request on one H20: in 16 bits and in fp8."""
    return [Quantity(mixed / plain, "x", digits=2) for mixed, plain in _MEASURED]


#: measured on one B200 in 16 bits with 1, 16 and 1,024 users: tokens a second in all, prompts of 8,192 included, SGLang (Qwen3.6 35B-A3B, 27B)
_PUBLISHED = ((4921, 1966), (24712, 11136), (38134, 12154))


def published_leads(lab: Lab) -> list[Quantity]:
    return [Quantity(mixed / plain, "x", digits=2) for mixed, plain in _PUBLISHED]


# --- different experts of a step


def some_requests(lab: Lab) -> int:
    return SOME


def some_picks(lab: Lab) -> int:
    """Choices of an expert in one layer."""
    return SOME * pair_active(lab)


def _different(requests: int, slope: float = 0.0) -> float:
    """Experts of a layer that a step meets, on average."""
    block = experts_of(mixture())
    return float(distinct(block.count, block.active, slope, requests))


def different_experts(lab: Lab) -> Quantity:
    """Different experts of a layer that the step needs, on average."""
    return Quantity(_different(SOME), "experts")


def different_if_each_is_new(lab: Lab) -> Quantity:
    """As if no two picks met."""
    return Quantity(some_picks(lab), "experts")


def different_if_all_agree(lab: Lab) -> Quantity:
    """As if all tokens had the same experts."""
    return Quantity(pair_active(lab), "experts")


def missed_share(lab: Lab) -> Quantity:
    """Of a layer's experts, those that one token leaves out; all digits, as it is taken to a high power."""
    return Quantity(100 * (1 - pair_active(lab) / pair_experts(lab)), "%", digits=4)


def missed_by_all(lab: Lab) -> Quantity:
    """Of a layer's experts, those that all tokens of the step leave out."""
    return Quantity(100 * (1 - _different(SOME) / pair_experts(lab)), "%")


def different_by_batch(lab: Lab) -> list[str]:
    return [f"{_different(requests):.0f}" for requests in BATCHES]


def party_drawers(lab: Lab) -> int:
    """Different experts with the requests of the load test, in whole ones."""
    return round(_different(BATCHES[3]))


# --- the lead by batch


def batches_compared(lab: Lab) -> list[int]:
    return list(BATCHES)


def _curve(y: list[float]) -> dict[str, list[float]]:
    return {"x": [float(requests) for requests in BATCHES], "y": y}


def lead_by_batch(lab: Lab) -> dict[str, list[float]]:
    """How many times as fast, by the requests in a step."""
    return _curve([lead(requests) for requests in BATCHES])


def lead_of_one(lab: Lab) -> dict[str, list[float]]:
    """As if it were for all what it is for one."""
    return _curve([lead(1) for _ in BATCHES])


def lead_of_bytes(lab: Lab) -> dict[str, list[float]]:
    """As if nothing but the weights' bytes counted once all experts are fetched: the lead goes and stays away."""
    last = fetched(dense(), BATCHES[-1]) / fetched(mixture(), BATCHES[-1])
    return _curve([*(lead(requests) for requests in BATCHES[:3]), (lead(BATCHES[3]) + last) / 2, last])


def leads(lab: Lab) -> list[Quantity]:
    return [Quantity(lead(requests), "x", digits=2) for requests in BATCHES]


def steps_mixture(lab: Lab) -> list[Quantity]:
    return [Quantity(step(mixture(), requests).expected_s, "s") for requests in BATCHES]


def steps_dense(lab: Lab) -> list[Quantity]:
    return [Quantity(step(dense(), requests).expected_s, "s") for requests in BATCHES]


def fetched_mixture(lab: Lab) -> list[Quantity]:
    """Weights of a step."""
    return [Quantity(fetched(mixture(), requests), "B") for requests in BATCHES]


def fetched_dense(lab: Lab) -> Quantity:
    """Weights of a step, whatever its requests."""
    return Quantity(fetched(dense(), 1), "B")


def lead_crowd(lab: Lab) -> Quantity:
    """With the most requests compared."""
    return leads(lab)[-1]


def crowd_requests(lab: Lab) -> int:
    return BATCHES[-1]


def far_requests(lab: Lab) -> Quantity:
    """Requests of a step that no GPU of the pair's kind has room for."""
    return Quantity(_FAR, "", digits=4)


def lead_far(lab: Lab) -> Quantity:
    """With so many, as if their caches had room."""
    return Quantity(lead(_FAR), "x", digits=2)


def math_dense(lab: Lab) -> Quantity:
    """Arithmetic of the dense model's largest step, at the peak of the GPU."""
    return Quantity(step(dense(), BATCHES[-1]).compute_s, "s")


def math_mixture(lab: Lab) -> Quantity:
    """And of the mixture's."""
    return Quantity(step(mixture(), BATCHES[-1]).compute_s, "s")


def cache_ratio(lab: Lab) -> Quantity:
    """Bytes of cache a token, dense over mixture: the dense model has more layers and heads with keys and values."""
    return Quantity(kv_bytes_per_token(dense()) / kv_bytes_per_token(mixture()), "x", digits=2)


# --- popular experts on one GPU


def popular_different(lab: Lab) -> Quantity:
    """Different experts of a layer if the tenth most popular one is a tenth as likely as the first."""
    return Quantity(_different(SOME, SLOPE), "experts")


def fair_step(lab: Lab) -> Quantity:
    return Quantity(step(mixture(), SOME).expected_s, "s")


def popular_step(lab: Lab) -> Quantity:
    """The step with popular experts."""
    return Quantity(step(replace(mixture(), popularity=SLOPE), SOME).expected_s, "s")


def popular_gain(lab: Lab) -> Quantity:
    """By how much shorter it is."""
    return Quantity(100 * (1 - float(popular_step(lab)) / float(fair_step(lab))), "%", digits=2)


# --- claims


def lead_has_a_valley(lab: Lab) -> bool:
    """Far ahead for one request, nearly even in the middle, well ahead again in a crowd; the wrong curves are far off."""
    found, never, gone = (each(lab)["y"] for each in (lead_by_batch, lead_of_one, lead_of_bytes))
    valley = found[0] > 4 and found[3] < 1.4 and found[4] > 1.35 * found[3]
    return valley and never[3] > 3 * found[3] and found[4] > 1.5 * gone[4] and lead(_FAR) > 1.4 * found[4]


def popular_experts_save_bytes(lab: Lab) -> bool:
    """On one GPU."""
    return float(popular_gain(lab)) > 10 and _different(SOME, SLOPE) < 0.8 * _different(SOME)
