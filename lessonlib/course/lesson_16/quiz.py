"""The quiz: two cards without NVLink, as one replica or as two; and a link's counter beside the server's."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_16.pair import PROMPT, prompt_seconds
from lessonlib.roofline import Lab, System, load_gpu, load_model, prefill_load
from lessonlib.roofline.efficiency import load_efficiency
from lessonlib.roofline.links import effective_link, traffic

#: tokens a second that the cards computed, and the share of prompt tokens that was found in the cache, in the second question
_COMPUTED, _FOUND = 9000.0, 0.4
#: of them, tokens of answers
_ANSWERS = 600.0


@lru_cache(maxsize=2)
def _l40s(count: int) -> System:
    return System(load_model("llama-3.1-8b"), load_gpu("l40s"), tp=count)


def slot_card_lone(lab: Lab) -> Quantity:
    """One L40S reads the prompt."""
    return Quantity(prompt_seconds(_l40s(1)), "s")


def slot_card_pair(lab: Lab) -> Quantity:
    """Two in tensor parallelism."""
    return Quantity(prompt_seconds(_l40s(2)), "s")


def slot_card_messages(lab: Lab) -> Quantity:
    return Quantity(traffic(_l40s(2), prefill_load(PROMPT, 1), load_efficiency())[0].messages, "messages")


def slot_card_message(lab: Lab) -> Quantity:
    """One message of that prompt."""
    found = traffic(_l40s(2), prefill_load(PROMPT, 1), load_efficiency())[0]
    return Quantity(float(found.seconds) / found.messages, "s")


def slot_card_all(lab: Lab) -> Quantity:
    """All of them."""
    return Quantity(float(slot_card_messages(lab)) * float(slot_card_message(lab)), "s")


def slot_card_divided(lab: Lab) -> Quantity:
    """What the pair takes without its messages: a little more than half of one card's time, as smaller products fill a card less well."""
    return Quantity(float(slot_card_pair(lab)) - float(slot_card_all(lab)), "s")


def slot_card_payload(lab: Lab) -> Quantity:
    """Bytes of one such message."""
    return Quantity(2 * _l40s(2).model.hidden * PROMPT, "B")


def slot_card_carries(lab: Lab) -> Quantity:
    """Bytes a second over the slots."""
    return Quantity(effective_link(_l40s(2), load_efficiency()).bytes_per_second, "B/s")


def replicas_lead(lab: Lab) -> Quantity:
    """Prompts a second of two replicas over those of one replica on both cards."""
    return Quantity(2 * float(slot_card_pair(lab)) / float(slot_card_lone(lab)), "x")


def replicas_lead_without_messages(lab: Lab) -> Quantity:
    """Wrong: as if two cards took half of the time."""
    return Quantity(1.0, "x")


def replicas_lead_once_a_layer(lab: Lab) -> Quantity:
    """Wrong: one message a layer."""
    pair = float(slot_card_divided(lab)) + float(slot_card_all(lab)) / 2
    return Quantity(2 * pair / float(slot_card_lone(lab)), "x")


# --- the counter of a link


def _of_two(lab: Lab) -> System:
    return replace(lab.system, tp=2)


def counter_layers(lab: Lab) -> int:
    return _of_two(lab).model.layer_count


def counter_width(lab: Lab) -> str:
    return f"{_of_two(lab).model.hidden:,}"


def counter_token_bytes(lab: Lab) -> Quantity:
    """Bytes that each of two cards sends for one token: an activation of 16 bits, twice a layer."""
    return Quantity(2 * 2 * _of_two(lab).model.layer_count * _of_two(lab).model.hidden, "B", digits=4)


def counter_sent(lab: Lab) -> Quantity:
    """What the counter of the link shows."""
    return Quantity(_COMPUTED * float(counter_token_bytes(lab)), "B/s", digits=4)


def counter_answers(lab: Lab) -> Quantity:
    """Tokens written a second, by the server's counter."""
    return Quantity(_ANSWERS, "tok/s")


def counter_prompts(lab: Lab) -> Quantity:
    """Prompt tokens a second, by the server's counter: those found in the cache count too."""
    return Quantity((_COMPUTED - _ANSWERS) / (1 - _FOUND), "tok/s")


def counter_computed(lab: Lab) -> Quantity:
    """Bytes a second over the bytes of a token."""
    return Quantity(float(counter_sent(lab)) / float(counter_token_bytes(lab)), "tok/s")


def counter_once_a_layer(lab: Lab) -> Quantity:
    """Wrong: one message a layer."""
    return Quantity(2 * float(counter_computed(lab)), "tok/s")


def counter_of_server(lab: Lab) -> Quantity:
    """Wrong: as the server's two counters say."""
    return Quantity(float(counter_prompts(lab)) + _ANSWERS, "tok/s")


def counter_found(lab: Lab) -> Quantity:
    """Of the prompt tokens, those found in the cache."""
    return Quantity(100 * (1 - (float(counter_computed(lab)) - _ANSWERS) / float(counter_prompts(lab))), "%", digits=2)


def slots_lose_outright(lab: Lab) -> bool:
    """Two such cards take longer for a prompt than one, and most of that is messages."""
    return float(slot_card_pair(lab)) > 1.1 * float(slot_card_lone(lab)) and float(slot_card_all(lab)) > 0.5 * float(
        slot_card_pair(lab)
    )
