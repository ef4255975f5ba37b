"""Whole experts spread over GPUs: the busiest one, and what each GPU of a group holds; the group of data/manifests/expert-parallel.yaml.

The first is about the mixture of lead.py on eight GPUs, the second about DeepSeek-V3, stored as published, on two nodes of eight
H200. The same for every lab.
"""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.base.versions import vllm
from lessonlib.course.lesson_17.lead import BATCHES, SLOPE, experts_of, mixture
from lessonlib.course.lesson_17.routing import busiest_of_one
from lessonlib.roofline import USABLE, Lab, System, load_gpu, load_model, weight_bytes
from lessonlib.roofline.expert_routing import busiest

#: GPUs of one node; pods of the group, each with all GPUs of its node; copies of experts beyond one each
NODE, PODS, REDUNDANT = 8, 2, 32
_MODEL, _GPU = "deepseek-v3", "h200-sxm"


@lru_cache(maxsize=4)
def group_of(gpus: int) -> System:
    """Attention copied to every GPU, whole experts spread over all of them."""
    return System(load_model(_MODEL), load_gpu(_GPU), dp=gpus, ep=gpus, weights="fp8")


# --- the busiest GPU


def node_gpus(lab: Lab) -> int:
    return NODE


def experts_a_gpu(lab: Lab) -> int:
    """Experts of each layer on one of eight GPUs."""
    return experts_of(mixture()).count // NODE


def busiest_alone(lab: Lab) -> Quantity:
    """One token's experts on the GPU that has most of them, on average over fair draws."""
    block = experts_of(mixture())
    return Quantity(busiest_of_one(block.count, block.active, NODE), "experts")


def fair_alone(lab: Lab) -> Quantity:
    """On an average GPU."""
    return Quantity(experts_of(mixture()).active / NODE, "experts")


def all_on_one(lab: Lab) -> Quantity:
    """As if one GPU had them all."""
    return Quantity(experts_of(mixture()).active, "experts")


#: of the two ratios that the engine gives: picks, experts
_PICKS, _FETCHED = 0, 1


def _over_mean(which: int, slope: float, batches: tuple[int, ...] = BATCHES) -> list[Quantity]:
    block = experts_of(mixture())
    found = (busiest(block.count, block.active, slope, NODE, requests)[which] for requests in batches)
    return [Quantity(float(ratio), "x") for ratio in found]


def busiest_fetch(lab: Lab) -> list[Quantity]:
    """Different experts on the busiest GPU over the mean, fair, by requests."""
    return _over_mean(_FETCHED, 0.0)


def busiest_picks(lab: Lab) -> list[Quantity]:
    """Tokens that arrive at the busiest GPU over the mean, fair, by requests."""
    return _over_mean(_PICKS, 0.0)


def crowd_fetch_popular(lab: Lab) -> Quantity:
    """Different experts on the busiest GPU over the mean with most requests, some experts popular."""
    return _over_mean(_FETCHED, SLOPE, BATCHES[-1:])[0]


def crowd_picks_popular(lab: Lab) -> Quantity:
    """Tokens at the busiest GPU over the mean with most requests, some experts popular."""
    return _over_mean(_PICKS, SLOPE, BATCHES[-1:])[0]


# --- the group of the manifest


def group_model(lab: Lab) -> str:
    return group_of(NODE).model.title


def group_pods(lab: Lab) -> int:
    return PODS


def group_gpus(lab: Lab) -> int:
    return PODS * NODE


def group_redundant(lab: Lab) -> int:
    """Extra copies of experts in each layer."""
    return REDUNDANT


def group_gpu(lab: Lab) -> str:
    return group_of(NODE).gpu.title


def group_experts(lab: Lab) -> int:
    """Experts in a layer."""
    return experts_of(group_of(NODE)).count


def group_experts_a_gpu(lab: Lab) -> int:
    """Experts of each layer on one GPU, copies included."""
    return (group_experts(lab) + REDUNDANT) // group_gpus(lab)


def vllm_image(lab: Lab) -> str:
    """The image of the version that the course names."""
    return f"vllm/vllm-openai:v{vllm().version}"


def _parts() -> tuple[float, float]:
    """Bytes of all experts once, and of all that is no expert once: of two groups, what the larger one holds more is copies."""
    one, two = weight_bytes(group_of(NODE)), weight_bytes(group_of(2 * NODE))
    other = (two - one) / NODE
    return one - NODE * other, other


def group_weights(lab: Lab) -> Quantity:
    """All weights once."""
    return Quantity(sum(_parts()), "B")


def group_expert_weights(lab: Lab) -> Quantity:
    """Of these, all experts of all layers."""
    return Quantity(_parts()[0], "B")


def group_other_weights(lab: Lab) -> Quantity:
    """And all that is no expert."""
    return Quantity(_parts()[1], "B")


def gpu_holds(lab: Lab) -> Quantity:
    """Weights on each GPU of the group: its share of the experts and of their extra copies, and all that is no expert."""
    experts, other = _parts()
    copies = 1 + REDUNDANT / group_experts(lab)
    return Quantity(experts * copies / group_gpus(lab) + other, "B", digits=3)


def gpu_expert_share(lab: Lab) -> Quantity:
    """Of these, experts."""
    return Quantity(float(gpu_holds(lab)) - _parts()[1], "B", digits=3)


def gpu_holds_if_all_is_divided(lab: Lab) -> Quantity:
    """As if everything were cut into as many parts as there are GPUs."""
    return Quantity(sum(_parts()) / group_gpus(lab), "B", digits=2)


def gpu_holds_if_a_pod_is_a_copy(lab: Lab) -> Quantity:
    """As if each pod held the model once."""
    return Quantity(sum(_parts()) / NODE, "B", digits=2)


def gpu_room(lab: Lab) -> Quantity:
    """What the engine's share of a GPU's memory leaves beside the weights."""
    return Quantity(group_of(NODE).gpu.memory_bytes * USABLE - float(gpu_holds(lab)), "B", digits=3)


def replica_gpus_more(lab: Lab) -> int:
    """GPUs that one replica more takes."""
    return group_gpus(lab)


# --- claims


def fair_is_not_equal(lab: Lab) -> bool:
    """The busiest GPU has far more than its share alone and hardly more in a crowd; of popular experts it has far more tokens in a
    crowd too, but hardly more experts.
    """
    fair, picks, fetch = (
        float(each) for each in (busiest_fetch(lab)[-1], crowd_picks_popular(lab), crowd_fetch_popular(lab))
    )
    return float(busiest_alone(lab)) > 2 and fair < 1.05 and picks > 1.5 and fetch < 1.05


def group_holds_copies(lab: Lab) -> bool:
    """Experts and copies come out even, and each GPU holds much more than an even share of the model."""
    even = (group_experts(lab) + REDUNDANT) % group_gpus(lab) == 0
    return even and float(gpu_holds(lab)) > 1.3 * float(gpu_holds_if_all_is_divided(lab))
