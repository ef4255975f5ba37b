"""How far a measurement may lie from the expectation: a band that holds nine in ten, from errors on sources left out.

The factors are kept in data/efficiency.json, by metric, by dense models and mixtures, and by whether the case lies inside the
data. Measured lies between expected / factor and expected x factor, and never under the ceiling.
"""

from __future__ import annotations

from dataclasses import dataclass

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.roofline.blocks import DeltaNet, LatentAttention
from lessonlib.roofline.efficiency import constants_document
from lessonlib.roofline.links import link_kind
from lessonlib.roofline.system import System

#: The phases that each metric is made of; a kernel timed alone is none.
PHASES = {
    "decode step": ("decode",),
    "prefill": ("prefill",),
    "time per token": ("decode",),
    "time to first token": ("prefill",),
    "throughput": ("decode", "prefill"),
    "whole answer": ("decode", "prefill"),
    "kernel": (),
}


@dataclass(frozen=True)
class Band:
    """factor: nine in ten measurements lie within expected / factor and expected x factor. unseen: what of the case no
    measurement has, in words; the band is wider then.
    """

    factor: float
    unseen: tuple[str, ...]

    @property
    def extrapolated(self) -> bool:
        """Whether the case lies outside the data."""
        return bool(self.unseen)

    def around(self, expected_s: float, ceiling_s: float = 0.0) -> tuple[float, float]:
        """Seconds from, to."""
        return max(expected_s / self.factor, ceiling_s), expected_s * self.factor


def traits(system: System) -> tuple[str, ...]:
    """What a case has that must have been measured before it counts as known, in words."""
    mixers = [group.mixer for group in system.model.layers]
    # What unpacks and multiplies a format is a kernel for one architecture. Of the two formats of 16 bits the kernels are alike.
    stored = "16 bits" if system.weight_format.bits == 16 else system.weight_format.name
    found = [
        f"{system.gpu.architecture} GPUs",
        f"{system.precision} arithmetic",
        f"weights in {stored} on {system.gpu.architecture} GPUs",
    ]
    if system.kv_format.bits < 16:
        found.append(f"a KV cache in {system.kv}")
    if any(isinstance(mixer, LatentAttention) for mixer in mixers):
        found.append("latent attention")
    mixers = [mixer for mixer in mixers if getattr(mixer, "channels", 1)]  # a layer may have none
    found += sorted({mixer.kind for mixer in mixers if mixer.kind != "attention"})
    if any(isinstance(mixer, DeltaNet) for mixer in mixers) and "linear attention" not in found:
        found.append("linear attention")
    if system.model.is_mixture:
        found.append(f"a mixture of experts in {stored} on {system.gpu.architecture} GPUs")
    if system.launches != "graphs":
        found.append(f"kernels started one by one on {system.gpu.architecture} hosts")
    if system.tp > 1:
        found.append(f"tensor parallelism over {link_kind(system)}")
    if system.gpu.nodes(system.tp * system.pp) > 1:
        found.append("more than one node")
    for name, there in (
        ("pipeline stages", system.pp > 1),
        ("expert parallelism", system.ep > 1),
        ("copies of the model", system.dp > 1),
        ("experts of unequal popularity", system.popularity is not None),
    ):
        if there:
            found.append(name)
    return tuple(found)


def band(system: System, metric: str) -> Band:
    """The band of one metric for a system. Raises LessonlibError for an unknown metric."""
    if metric not in PHASES:
        raise LessonlibError(f"metric: expected {listed(PHASES)}, not {metric!r}")
    kept = constants_document()["bands"]
    unseen = tuple(
        dict.fromkeys(
            f"{phase} with {trait}"
            for phase in PHASES[metric]
            for trait in traits(system)
            if trait not in kept["seen"][phase]
        )
    )
    entry = kept["factors"][metric]["mixture" if system.model.is_mixture else "dense"]
    return Band(float(entry["outside" if unseen else "inside"]), unseen)
