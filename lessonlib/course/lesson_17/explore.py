"""The explorer: experts and tokens on each of several GPUs, by the requests in a step and by how popular some experts are."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_17.routing import routed
from lessonlib.draw.explored import Bar, Explored, Part, Value
from lessonlib.roofline import Experts, Lab, load_model

_MODELS = ("qwen3-30b-a3b", "gpt-oss-120b", "deepseek-v3")
_REQUESTS, _GPUS, _SLOPES = (1, 4, 16, 64, 256), (1, 2, 4, 8), (0.0, 0.5, 1.0)


def explored_models(lab: Lab) -> list[dict[str, str]]:
    """Mixtures with their experts."""
    found = []
    for name in _MODELS:
        block = _block(name)
        found.append({"value": name, "label": f"{load_model(name).title}, {block.active} of {block.count}"})
    return found


def explored_model(lab: Lab) -> str:
    return _MODELS[0]


def explored_crowds(lab: Lab) -> list[int]:
    return list(_REQUESTS)


def explored_gpus(lab: Lab) -> list[int]:
    return list(_GPUS)


def explored_slopes(lab: Lab) -> list[float]:
    """How steeply popularity falls: 0 fair, 1 as one over the rank."""
    return list(_SLOPES)


def _block(name: str) -> Experts:
    feeds = (group.feed_forward for group in load_model(name).layers)
    return next(feed for feed in feeds if isinstance(feed, Experts))


def explore_experts(lab: Lab, *, model: str, requests: int, gpus: int, slope: float) -> Explored:
    """What arrives at each GPU in one layer, from the busiest one down."""
    block = _block(model)
    found = routed(block.count, block.active, requests, gpus, slope)
    picks, experts = found["picks"], found["experts"]
    mean_picks, mean_experts = sum(picks) / gpus, sum(experts) / gpus
    over_picks, over_experts = Quantity(picks[0] / mean_picks, "x"), Quantity(experts[0] / mean_experts, "x")
    different = Quantity(sum(experts), "experts")
    how = "fair" if not slope else f"popularity falling with slope {slope:g}"
    finding = (
        f"{requests} request{'s' if requests > 1 else ''}, {how}: {different} of {block.count} in a layer are fetched. "
        f"On {gpus} GPU{'s' if gpus > 1 else ''} the busiest one has {over_picks} the mean's tokens and fetches {over_experts} the mean's experts."
    )
    return Explored(
        finding=finding,
        values=[
            Value("different", "Different experts", different, f"of {block.count}, in a layer"),
            Value(
                "each",
                "Tokens at a fetched expert",
                Quantity(requests * block.active / sum(experts), "tokens"),
                "mean",
            ),
            Value("over_experts", "Experts, busiest over mean", over_experts, "what is fetched"),
            Value("over_picks", "Tokens, busiest over mean", over_picks, "what is computed"),
        ],
        bars=[
            Bar(
                f"GPU {place + 1}" if place else ("busiest GPU" if gpus > 1 else "the GPU"),
                [Part("tokens", arrived, "compute")],
                f"{Quantity(experts[place], 'experts')} fetched",
                mean_picks,
                "mean",
            )
            for place, arrived in enumerate(picks)
        ],
        unit="tokens",
    )
