"""What a mixture of experts or a shared latent changes in the lessons on intensity and on the roofline."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared import intensity
from lessonlib.course.shared.lab_numbers import experts, experts_used, is_mixture
from lessonlib.roofline import Lab, LatentAttention, decode

#: a step so large that every expert has tokens
MANY = 1_000_000


def _latent(lab: Lab) -> LatentAttention | None:
    mixers = (group.mixer for group in lab.system.model.layers)
    return next((mixer for mixer in mixers if isinstance(mixer, LatentAttention)), None)


def spread(lab: Lab) -> float:
    """Tokens in a step for one at each expert, if they spread evenly; 1 in a dense model."""
    return experts(lab) / experts_used(lab) if is_mixture(lab) else 1.0


def stored_how(lab: Lab) -> str:
    """Where the weights are not all of one precision; empty where they are."""
    if lab.system.weights in ("bf16", "fp16"):
        return ""
    if lab.system.part_formats:
        return f"the weights are kept by part: {lab.system.weights}, everything else in 16 bits"
    if "attention" in lab.system.model.sixteen_bit_parts:
        return f"the experts are in {lab.system.weights}, everything else in 16 bits"
    return f"the layers are in {lab.system.weights}, the output head in 16 bits"


def weights_at_most(lab: Lab) -> Quantity:
    """Bytes of weights that the largest step fetches: all but the input embedding."""
    return Quantity(intensity.weights_of(decode(lab.system, batch=MANY, context=0))[1], "B")


def latent(lab: Lab) -> bool:
    """Whether attention caches one vector for all its heads (multi-head latent attention)."""
    return _latent(lab) is not None


def cached_numbers(lab: Lab) -> int:
    """Numbers of that vector; 0 where there is none."""
    mixer = _latent(lab)
    return mixer.kv_values if mixer else 0


def reused_numbers(lab: Lab) -> int:
    """Numbers of it that the weighted sum uses a second time; 0 where there is none."""
    mixer = _latent(lab)
    return mixer.kv_rank if mixer else 0


def copies(lab: Lab) -> int:
    """GPUs that each read a copy of it: tensor parallelism divides the heads, not the vector."""
    return lab.system.tp


def query_heads(lab: Lab) -> int:
    return lab.system.model.query_heads


def kv_heads(lab: Lab) -> int:
    return lab.system.model.kv_heads


def heads_sharing(lab: Lab) -> int:
    """Query heads that use one fetched number of the cache."""
    return query_heads(lab) // (copies(lab) if latent(lab) else kv_heads(lab))


def ridge_in_16(lab: Lab) -> Quantity:
    """The ridge of 16-bit arithmetic, in which attention over a 16-bit cache is done."""
    return intensity.per_byte(lab.system.gpu.ridge())
