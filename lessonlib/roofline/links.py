"""What GPUs that share a model must tell each other: messages, bytes and seconds.

Tensor parallelism: two all-reduces of the activations a layer, after attention and after the
feed-forward (Shoeybi et al. 2019, Megatron-LM). Pipeline parallelism: one hand-over between stages.
Experts spread over several copies of the model: a dispatch and a combine a layer.
"""

from __future__ import annotations

from dataclasses import dataclass

from lessonlib.roofline.arrays import Number, least
from lessonlib.roofline.blocks import BF16_BYTES, Experts
from lessonlib.roofline.efficiency import Efficiency
from lessonlib.roofline.load import Load
from lessonlib.roofline.operations import micro_batch
from lessonlib.roofline.system import System


@dataclass(frozen=True)
class Link:
    """A link in one direction: bytes_per_second that arrive, seconds that the shortest message takes."""

    bytes_per_second: float
    latency_s: float

    def send(self, payload: Number) -> Number:
        """Seconds for one message of `payload` bytes to one other GPU."""
        return payload / self.bytes_per_second + self.latency_s


@dataclass(frozen=True)
class Traffic:
    """Messages of one kind in a step, what each GPU sends in all of them (bytes), and seconds."""

    name: str
    messages: int
    bytes_per_gpu: Number
    seconds: Number


def ring_all_reduce_s(gpus: int, payload: Number, link: Link) -> Number:
    """Ring: 2 (n - 1) rounds, each with payload / n bytes; half the latency a round, for n = 2 sends
    and receives at once.
    """
    rounds = 2 * (gpus - 1)
    return rounds * payload / gpus / link.bytes_per_second + rounds * link.latency_s / 2.0


def one_shot_all_reduce_s(gpus: int, payload: Number, link: Link) -> Number:
    """One shot: every GPU sends the whole payload to each other GPU, one round."""
    return (gpus - 1) * payload / link.bytes_per_second + link.latency_s


def all_reduce_s(gpus: int, payload: Number, link: Link) -> Number:
    """The quicker of the two ways: one shot for short messages, the ring for long ones."""
    ring = ring_all_reduce_s(gpus, payload, link)
    return least(ring, one_shot_all_reduce_s(gpus, payload, link))


def link_kind(system: System) -> str:
    """What connects the GPUs of a node, as the efficiencies tell it apart: "nvlink", "pcie", "network" or "fabric" (all others)."""
    kind = system.gpu.link_kind
    return kind if kind in ("nvlink", "pcie", "network") else "fabric"


def effective_link(system: System, constants: Efficiency) -> Link:
    """The link between the system's GPUs inside a node, as an engine sees it."""
    kind, own = link_kind(system), system.gpu.inside
    share = constants[f"link.share.{kind}" if system.launches == "graphs" else "eager.link.share"]
    latency = constants[f"link.latency.{kind}_s"]
    return Link(own.bytes_per_second * share, latency if own.latency_s is None else own.latency_s)


def network(system: System, constants: Efficiency) -> Link:
    """The network between nodes, for one GPU's share of it; its latency is an engine's, never below the wire's."""
    own = system.gpu.between
    return Link(
        own.bytes_per_second * constants["link.share.network"],
        max(constants["link.latency.network_s"], own.latency_s or 0.0),
    )


def group_all_reduce_s(system: System, payload: Number, constants: Efficiency) -> Number:
    """One all-reduce among the tp GPUs of a layer.

    Beyond one node in three moves: inside each node, over the network (each GPU its share of the payload), and back.
    """
    inside, node, nodes = effective_link(system, constants), system.gpu.gpus_per_node, system.gpu.nodes(system.tp)
    if nodes == 1:
        return all_reduce_s(system.tp, payload, inside)
    return all_reduce_s(node, payload, inside) + ring_all_reduce_s(nodes, payload / node, network(system, constants))


def _mixture_layers(system: System) -> list[tuple[int, Experts]]:
    groups = system.model.layers
    return [(g.count, g.feed_forward) for g in groups if isinstance(g.feed_forward, Experts)]


def traffic(system: System, load: Load, constants: Efficiency) -> list[Traffic]:
    """Everything that one micro-batch sends, by kind; empty on one GPU."""
    part, _ = micro_batch(system, load)
    link = effective_link(system, constants)
    payload = BF16_BYTES * system.model.hidden * part.tokens
    found = []
    if system.tp > 1:
        count = 2 * system.model.layer_count
        sent = 2.0 * (system.tp - 1) / system.tp * payload
        seconds = count * group_all_reduce_s(system, payload, constants)
        found.append(Traffic("all-reduce", count, count * sent, seconds))
    if system.pp > 1:
        count = system.pp - 1
        between = link if system.gpu.nodes(system.tp * system.pp) == 1 else network(system, constants)
        found.append(Traffic("hand-over", count, payload, count * between.send(payload)))
    if system.ep > 1 and system.dp > 1:
        across = link if system.gpu.nodes(system.ep) == 1 else network(system, constants)
        away = (system.ep - 1) / system.ep / system.tp
        for layers, experts in _mixture_layers(system):
            sent = payload * experts.active * away
            count = 2 * layers
            found.append(Traffic("dispatch, combine", count, count * sent, count * across.send(sent)))
    return found


def routing_seconds(system: System, constants: Efficiency) -> float:
    """The chain of small kernels around the experts of each layer: choose, sort, scatter, gather."""
    layers = sum(count for count, _ in _mixture_layers(system))
    return layers * constants["launch.mixture_s"] * constants.offset("launch", system.gpu.architecture)
