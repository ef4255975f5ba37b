"""Two GPUs that share every layer of a model: what they send each other, and what a step takes.

Seconds are those that the course's engine expects; computed, not measured. Everything is about the learner's own model on two of
their own GPUs where NVLink joins these and they have room for the model, elsewhere about the default lab.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.lab_numbers import model
from lessonlib.roofline import (
    Lab,
    System,
    breakdown_seconds,
    decode,
    decode_load,
    load_lab,
    max_batch,
    prefill,
    prefill_load,
)
from lessonlib.roofline.efficiency import load_efficiency
from lessonlib.roofline.links import Link, all_reduce_s, effective_link, traffic

#: tokens behind the answer of a decode step, and tokens of a prompt
BEHIND = PROMPT = 4096
#: requests of that length that two GPUs must have room for
_LEAST_ROOM = 8
#: bytes of an activation
_WIDTH = 2
#: the slot of each generation of cards, bytes/s one way by data sheet (16 lanes): what messages take where NVLink is down
SLOTS = {"hopper": ("PCIe 5", 64e9), "ampere": ("PCIe 4", 32e9)}


@lru_cache(maxsize=64)
def pair_lab(lab: Lab) -> Lab:
    """The learner's own lab if NVLink joins its GPUs and two of them hold the model and some requests, else the default one."""
    return lab if _joined(lab.system) and _room(lab.system) else load_lab()


def _joined(system: System) -> bool:
    return system.gpu.link_kind == "nvlink" and system.gpu.architecture in SLOTS


def _room(system: System) -> bool:
    return max_batch(replace(system, tp=2), BEHIND) >= _LEAST_ROOM


def on_gpus(lab: Lab, count: int) -> System:
    """The model of the questions on so many GPUs, in tensor parallelism."""
    return replace(pair_lab(lab).system, tp=count)


def pair_is_own(lab: Lab) -> bool:
    """Whether the questions are about the learner's own model and GPUs."""
    return pair_lab(lab).name == lab.name


def pair_example(lab: Lab) -> str:
    """Such as "Qwen3.5-27B in fp8 on H100 SXM"."""
    taken = pair_lab(lab)
    return f"{model_in_bits(taken)} on {taken.system.gpu.title}"


def model_in_bits(lab: Lab) -> str:
    """The model, and the format of its weights where that is not the usual one."""
    return model(lab) if lab.system.weights == "bf16" else f"{model(lab)} in {lab.system.weights}"


# --- a step


def _parts(system: System) -> dict[str, float]:
    load = decode_load(1, BEHIND)
    return breakdown_seconds(system, load, decode(system, 1, BEHIND).operations)


def token_seconds(system: System) -> float:
    """One decode step of one request."""
    return float(decode(system, 1, BEHIND).expected_s)


def prompt_seconds(system: System, tokens: int = PROMPT) -> float:
    """Reading one prompt in one step."""
    return float(prefill(system, prompt=tokens).expected_s)


def lone_step(lab: Lab) -> Quantity:
    """One decode step of one request on one GPU; with a digit more than usual, as differences are taken of it."""
    return Quantity(token_seconds(on_gpus(lab, 1)), "s", digits=4)


def pair_step(lab: Lab) -> Quantity:
    """The same on two."""
    return Quantity(token_seconds(on_gpus(lab, 2)), "s", digits=4)


def half_step(lab: Lab) -> Quantity:
    """Half of the time on one GPU."""
    return Quantity(lone_step(lab).printed / 2, "s", digits=4)


def lost_time(lab: Lab) -> Quantity:
    """What the step on two GPUs takes more than half."""
    return Quantity(pair_step(lab).printed - half_step(lab).printed, "s")


def undivided(lab: Lab) -> Quantity:
    """What a step spends on starting kernels and on the host: as long on two GPUs as on one."""
    parts = _parts(on_gpus(lab, 1))
    return Quantity(parts["launches"] + parts["host"], "s", digits=4)


# --- what is sent


def messages(lab: Lab) -> Quantity:
    """All-reduces of a step: two a layer (Shoeybi et al. 2019)."""
    return Quantity(traffic(on_gpus(lab, 2), decode_load(1, BEHIND), load_efficiency())[0].messages, "messages")


def payload(lab: Lab, tokens: int = 1) -> float:
    """Bytes of one all-reduce: the activations of all tokens in the step."""
    return _WIDTH * on_gpus(lab, 2).model.hidden * tokens


def payload_of_token(lab: Lab) -> Quantity:
    return Quantity(payload(lab), "B", digits=4)


def sent_for_token(lab: Lab) -> Quantity:
    """Bytes that each of the two sends for one token, all messages together."""
    return Quantity(float(messages(lab)) * payload(lab), "B")


def nvlink(lab: Lab) -> Link:
    """The link as an engine sees it."""
    return effective_link(on_gpus(lab, 2), load_efficiency())


def link_by_sheet(lab: Lab) -> Quantity:
    """One way, by data sheet."""
    return Quantity(pair_lab(lab).system.gpu.link_bytes_per_second, "B/s")


def link_carries(lab: Lab) -> Quantity:
    """Bytes a second that arrive, of large messages."""
    return Quantity(nvlink(lab).bytes_per_second, "B/s")


def one_message(lab: Lab) -> Quantity:
    """What is left of the step once all that is halved and all that stays is taken off, over the messages; from the times as they are shown."""
    stays = undivided(lab).printed
    left = pair_step(lab).printed - stays - (lone_step(lab).printed - stays) / 2
    return Quantity(left / float(messages(lab)), "s")


def all_messages(lab: Lab) -> Quantity:
    return Quantity(float(messages(lab)) * one_message(lab).printed, "s", digits=4)


def message_by_bandwidth(lab: Lab) -> Quantity:
    """Wrong: bytes over the link's bytes a second."""
    return Quantity(payload(lab) / pair_lab(lab).system.gpu.link_bytes_per_second, "s")


def message_if_all_halves(lab: Lab) -> Quantity:
    """Wrong: as if all that one GPU does were halved."""
    return Quantity(lost_time(lab).printed / float(messages(lab)), "s", digits=2)


def all_by_bandwidth(lab: Lab) -> Quantity:
    """All messages of a token, at the link's bytes a second."""
    return Quantity(float(messages(lab)) * message_by_bandwidth(lab).printed, "s")


def waiting_is_the_cost(lab: Lab) -> bool:
    """A token's message is nearly all waiting; left over after division and what stays, it is the engine's own."""
    link = nvlink(lab)
    exact = all_reduce_s(2, payload(lab), link)
    return abs(float(one_message(lab)) / exact - 1) < 0.02 and link.latency_s > 0.95 * exact


# --- by the tokens of a step

STEP_TOKENS = (1, 16, 128, 1024, 8192)


def message_seconds(lab: Lab, tokens: int) -> float:
    """One all-reduce of a step of so many tokens over NVLink, as the engine has it."""
    return float(all_reduce_s(2, payload(lab, tokens), nvlink(lab)))


def _micro(values: list[float]) -> dict[str, list[float]]:
    """A curve over the tokens of a step, in microseconds."""
    return {"x": list(STEP_TOKENS), "y": [1e6 * value for value in values]}


def _by_hand(lab: Lab) -> list[float]:
    """Seconds of one all-reduce: that of one token, as it was found, and the bytes of all other tokens over the bandwidth."""
    one, a_token = one_message(lab).printed, payload(lab) / nvlink(lab).bytes_per_second
    return [one + (tokens - 1) * a_token for tokens in STEP_TOKENS]


def message_by_tokens(lab: Lab) -> dict[str, list[float]]:
    """Microseconds of one all-reduce, by the tokens of the step."""
    return _micro(_by_hand(lab))


def message_in_proportion(lab: Lab) -> dict[str, list[float]]:
    """Wrong: each token adds what the first one takes."""
    return _micro([one_message(lab).printed * tokens for tokens in STEP_TOKENS])


def message_always_short(lab: Lab) -> dict[str, list[float]]:
    """Wrong: as long for any number of tokens."""
    return _micro([one_message(lab).printed] * len(STEP_TOKENS))


def message_of_bytes(lab: Lab) -> dict[str, list[float]]:
    """Wrong: bytes over bandwidth, without the wait."""
    return _micro([payload(lab, tokens) / nvlink(lab).bytes_per_second for tokens in STEP_TOKENS])


def step_token_counts(lab: Lab) -> list[Quantity]:
    return [Quantity(tokens, "tokens", digits=4) for tokens in STEP_TOKENS]


def message_times(lab: Lab) -> list[Quantity]:
    return [Quantity(seconds, "s") for seconds in _by_hand(lab)]


def even_tokens(lab: Lab) -> Quantity:
    """Tokens of a step whose bytes take as long as the wait: the wait times bandwidth over the bytes of a token."""
    wait = one_message(lab).printed
    return Quantity(wait * nvlink(lab).bytes_per_second / payload(lab), "tokens", digits=2)


def prompt_tokens_of_pair(lab: Lab) -> Quantity:
    return Quantity(PROMPT, "tokens", digits=4)


def message_of_prompt(lab: Lab) -> Quantity:
    """One all-reduce while a prompt is read."""
    return Quantity(message_seconds(lab, PROMPT), "s")


def links_share(system: System, tokens: int) -> float:
    """Per cent of a step that messages take: one token of an answer, or a prompt of so many."""
    load = decode_load(1, BEHIND) if tokens == 1 else prefill_load(tokens, 1)
    whole = token_seconds(system) if tokens == 1 else prompt_seconds(system, tokens)
    return 100 * sum(float(one.seconds) for one in traffic(system, load, load_efficiency())) / whole


def share_of_token(lab: Lab) -> Quantity:
    """Of one request's decode step on the pair."""
    return Quantity(links_share(on_gpus(lab, 2), 1), "%", digits=2)
