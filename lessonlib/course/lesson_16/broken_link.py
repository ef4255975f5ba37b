"""The same pair where NVLink is down, so that all messages go over the slots: PCIe, with its own wait and its own bandwidth."""

from __future__ import annotations

from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.base.versions import vllm
from lessonlib.course.lesson_16.pair import (
    PROMPT,
    SLOTS,
    links_share,
    message_seconds,
    messages,
    model_in_bits,
    on_gpus,
    pair_lab,
    pair_step,
    payload,
    prompt_seconds,
    token_seconds,
)
from lessonlib.roofline import Lab, System, load_gpu
from lessonlib.roofline.efficiency import load_efficiency
from lessonlib.roofline.links import Link, all_reduce_s, effective_link

#: share of the slot's rate where a card may write to the other's memory directly: as over NVLink; assumed
PEER_SHARE = 0.8
#: two RTX 3090, Qwen3.6-27B in 4 bits, three drafts, vLLM 0.25.0; tokens a second with NVLink and without any path from card to card:
#: two texts, then prompts of 10,000 and 90,000 tokens (club-3090 pull request 702)
_WRITTEN = ((78.01, 74.21), (99.32, 96.15))
_READ = ((1975.0, 1327.0), (1435.0, 1062.0))


def over_slots(system: System) -> System:
    """The same GPUs, joined by their PCIe slots alone."""
    name, rate = SLOTS[system.gpu.architecture]
    gpu = replace(system.gpu, link_kind="pcie", link=name, link_bytes_per_second=rate)
    return replace(system, gpu=gpu)


def broken_pair(lab: Lab) -> System:
    return over_slots(on_gpus(lab, 2))


def slot_link(lab: Lab) -> Link:
    return effective_link(broken_pair(lab), load_efficiency())


def slot_name(lab: Lab) -> str:
    return SLOTS[pair_lab(lab).system.gpu.architecture][0]


def slot_wait(lab: Lab) -> Quantity:
    """The shortest message over PCIe."""
    return Quantity(slot_link(lab).latency_s, "s")


def slot_carries(lab: Lab) -> Quantity:
    """Bytes a second of large messages."""
    return Quantity(slot_link(lab).bytes_per_second, "B/s")


def broken_step(lab: Lab) -> Quantity:
    """One decode step of one request over the slots."""
    return Quantity(token_seconds(broken_pair(lab)), "s", digits=4)


def linked_prompt(lab: Lab) -> Quantity:
    """Reading the prompt with NVLink."""
    return Quantity(prompt_seconds(on_gpus(lab, 2)), "s")


def broken_prompt(lab: Lab) -> Quantity:
    """Reading it over the slots."""
    return Quantity(prompt_seconds(broken_pair(lab)), "s")


def token_slower(lab: Lab) -> Quantity:
    """Times as long for a token of one request."""
    return Quantity(broken_step(lab).printed / pair_step(lab).printed, "x")


def prompt_slower(lab: Lab) -> Quantity:
    """Times as long for the prompt."""
    return Quantity(broken_prompt(lab).printed / linked_prompt(lab).printed, "x")


def peer_prompt_slower(lab: Lab) -> Quantity:
    """The same if messages went from card to card over the slot, at four fifths of its data sheet's rate."""
    link = Link(PEER_SHARE * SLOTS[pair_lab(lab).system.gpu.architecture][1], slot_link(lab).latency_s)
    system, count = on_gpus(lab, 2), float(messages(lab))
    added = count * (all_reduce_s(2, payload(lab, PROMPT), link) - message_seconds(lab, PROMPT))
    return Quantity(1 + added / prompt_seconds(system), "x")


def peer_share(lab: Lab) -> Quantity:
    return Quantity(100 * PEER_SHARE, "%")


def broken_even_tokens(lab: Lab) -> Quantity:
    """Tokens of a step whose bytes take as long over the slot as the wait."""
    link = slot_link(lab)
    return Quantity(link.latency_s * link.bytes_per_second / payload(lab), "tokens", digits=2)


def broken_share_of_prompt(lab: Lab) -> Quantity:
    return Quantity(links_share(broken_pair(lab), PROMPT), "%", digits=2)


def broken_share_of_token(lab: Lab) -> Quantity:
    return Quantity(links_share(broken_pair(lab), 1), "%", digits=2)


def written_with(lab: Lab) -> list[Quantity]:
    """Measured: tokens a second of two texts, NVLink."""
    return [Quantity(pair[0], "tok/s") for pair in _WRITTEN]


def written_without(lab: Lab) -> list[Quantity]:
    return [Quantity(pair[1], "tok/s") for pair in _WRITTEN]


def read_with(lab: Lab) -> list[Quantity]:
    """Measured: prompt tokens a second of 10,000 and 90,000, NVLink."""
    return [Quantity(pair[0], "tok/s", digits=4) for pair in _READ]


def read_without(lab: Lab) -> list[Quantity]:
    return [Quantity(pair[1], "tok/s", digits=4) for pair in _READ]


def prompts_suffer_most(lab: Lab) -> bool:
    """A token takes a third longer at most, a prompt nearly twice as long or more; measured too, prompts lose several times as much."""
    lost = [1 - without / with_it for with_it, without in (*_WRITTEN, *_READ)]
    measured = max(lost[:2]) < 0.06 and min(lost[2:]) > 0.2
    return float(token_slower(lab)) < 1.4 and float(prompt_slower(lab)) > 1.8 and measured


def hardly_slower(lab: Lab) -> Quantity:
    """Wrong: what a step would take more if only the bytes of one token's messages counted, rounded up generously."""
    return Quantity(1.05, "x")


# --- the pod of the manifest


def pod_image(lab: Lab) -> str:
    return f"vllm/vllm-openai:v{vllm().version}"


def pod_cards(lab: Lab) -> int:
    """Cards that the pod asks for, and over which each layer is split."""
    return 2


# --- the node of the manifest: cards that bridges join in pairs, which cards on boards with a switch (SXM) never are

_BRIDGED = "h100-nvl"


def bridged_pair(lab: Lab) -> System:
    """The model of the questions on two cards that a bridge joins."""
    return replace(on_gpus(lab, 2), gpu=load_gpu(_BRIDGED))


def bridged_card(lab: Lab) -> str:
    return bridged_pair(lab).gpu.title


def bridged_model(lab: Lab) -> str:
    return model_in_bits(pair_lab(lab))


def bridged_slot(lab: Lab) -> str:
    """What joins cards of different pairs."""
    return SLOTS[bridged_pair(lab).gpu.architecture][0]


def bridged_token_slower(lab: Lab) -> Quantity:
    """Times as long for a token of one request, two cards of different pairs against one pair."""
    whole = bridged_pair(lab)
    return Quantity(token_seconds(over_slots(whole)) / token_seconds(whole), "x")


def bridged_prompt_slower(lab: Lab) -> Quantity:
    """Times as long for a prompt."""
    whole = bridged_pair(lab)
    return Quantity(prompt_seconds(over_slots(whole)) / prompt_seconds(whole), "x")


def no_bridge_slows_prompts(lab: Lab) -> bool:
    """Without the bridge prompts lose clearly more than answers."""
    return (
        float(bridged_prompt_slower(lab)) > 1.25 * float(bridged_token_slower(lab))
        and float(bridged_token_slower(lab)) < 1.4
    )
