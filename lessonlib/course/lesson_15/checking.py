"""A step that drafts some tokens for each request and checks them all at once, beside a plain one: the engine's seconds.

Whatever drafts is taken to be as large as one layer of the model and its output head, in 16 bits, fetched anew for each draft: so is a
layer for multi-token prediction, and an EAGLE head about. Seconds are expected ones unless a name says ceiling; computed, not
measured. Everything is about the learner's own model and GPUs where that model is dense and its cache holds a crowd, elsewhere
about the default lab.
"""

from __future__ import annotations

from functools import lru_cache

from lessonlib.course.shared.lab_numbers import gpus, is_mixture, model
from lessonlib.roofline import Lab, System, load_lab, positions_read
from lessonlib.serving import Scheduler, Speculation
from lessonlib.serving.replica.pages import pages
from lessonlib.serving.replica.step_time import StepCost

#: drafts a step, and the chance of each to be accepted if all before it were
DRAFTS, CHANCE = 3, 0.7
#: what a log may say of text that is hard to guess: the first of these rates with which drafts help a few and slow down a crowd
_THIN = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
#: requests in the steps that are compared; the last is what the cache holds with drafts, at most so many, and no fewer than there are points
_COUNTS, _MOST = (1, 8, 32, 64), 128
#: tokens that each answer has behind it
BEHIND = 1024
#: bytes of a weight of what drafts, and the share of the bandwidth at which it is fetched
_DRAFT_BYTES, _SHARE = 2.0, 0.85


def tokens_of_a_step(chance: float, drafts: int) -> float:
    """Mean tokens of a step: the model's own one, and each draft if it and all before it are accepted (Leviathan et al. 2023)."""
    return sum(chance**place for place in range(drafts + 1))


def chance_of(tokens: float, drafts: int) -> float:
    """The one chance with which a step brings so many tokens on average."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if tokens_of_a_step(middle, drafts) < tokens else (low, middle)
    return low


# --- the lab of the questions


@lru_cache(maxsize=64)
def dense_lab(lab: Lab) -> Lab:
    """The learner's own if its model is dense and it holds a crowd in which checking shows, else the default one."""
    return lab if not is_mixture(lab) and _checks_show(lab.system) else load_lab()


def _checks_show(system: System) -> bool:
    """Whether with as many requests as have room a step with three drafts is much longer, and of text that is hard to guess three slow it
    down while one does not.
    """
    most = counts_of(system)[-1]
    longer = step_ratio(system, most) > 1.5 * step_ratio(system, 1) and gain(system, most) < 0.75 * gain(system, 1)
    return longer and thin_rate_of(system) is not None


def drafts_are_of_own(lab: Lab) -> bool:
    """Whether the questions are about the learner's own model and GPUs."""
    return dense_lab(lab).name == lab.name


def drafts_example(lab: Lab) -> str:
    """Such as "Qwen3.5-27B on 2 × H100 SXM"."""
    taken = dense_lab(lab)
    return f"{model(taken)} on {gpus(taken)}"


# --- seconds


def draft_bytes(system: System) -> tuple[float, float]:
    """Bytes of one layer and of the output head, in 16 bits."""
    head = system.model.head.size
    return _DRAFT_BYTES * (system.model.parameters_read - head) / system.model.layer_count, _DRAFT_BYTES * head


def draft_seconds(system: System, basis: str = "expected") -> float:
    """Seconds that one drafted token costs a step: its bytes over the bandwidth, or over the share of it that is expected."""
    return sum(draft_bytes(system)) / (system.bandwidth * (_SHARE if basis == "expected" else 1.0))


@lru_cache(maxsize=64)
def _cost(system: System, basis: str) -> StepCost:
    return StepCost(system, basis)


@lru_cache(maxsize=4096)
def step_seconds(
    system: System, requests: int, drafts: int = 0, basis: str = "expected", states: int | None = None
) -> float:
    """One decode step of requests with BEHIND tokens each, drafting included (0 drafts: a plain step).

    states: recurrent states that each writes; None: one for each position that may be the last one accepted.
    """
    cost, new = _cost(system, basis), drafts + 1
    reach = [requests * float(positions_read(group.mixer, BEHIND)) for group in cost.attention]
    laws = cost.decode_flops(new)
    flops = [requests * base + slope * seen for (base, slope), seen in zip(laws, reach, strict=True)]
    moves = (1 + (new if states is None else states)) * requests
    seconds, _ = cost.seconds(requests * new, requests * new, requests, moves, flops, reach)
    return seconds + drafts * draft_seconds(system, basis)


def state_writing_seconds(system: System, requests: int, drafts: int) -> float:
    """What writing a state for each draft adds to such a step."""
    return step_seconds(system, requests, drafts) - step_seconds(system, requests, drafts, states=1)


def step_ratio(system: System, requests: int, drafts: int = DRAFTS) -> float:
    """How many times as long as a plain step."""
    return step_seconds(system, requests, drafts) / step_seconds(system, requests)


def gain(system: System, requests: int, drafts: int = DRAFTS, chance: float = CHANCE) -> float:
    """Tokens a second over those without drafts, in steps that read no prompts."""
    return tokens_of_a_step(chance, drafts) / step_ratio(system, requests, drafts)


# --- from how many requests on


def lose_from_count(system: System, tokens: float, drafts: int = DRAFTS) -> int:
    """Requests of a step from which on drafts that bring so many tokens a step lose, up to one more than are compared."""
    count = counts_of(system)[-1]
    while count and step_ratio(system, count, drafts) > tokens:
        count -= 1
    return count + 1


@lru_cache(maxsize=64)
def thin_rate_of(system: System) -> float | None:
    """A log's rate with which three drafts help a few requests and lose among as many as are compared, and one still gains there.

    Taken for the formula's chance it would name another load, far from this one. None: no such rate.
    """
    most = counts_of(system)[-1]
    for rate in _THIN:
        tokens, mistaken = 1 + DRAFTS * rate, tokens_of_a_step(rate, DRAFTS)
        if mistaken < 1.03 * max(step_ratio(system, count) for count in (1, 2, 4)):
            continue
        right, slip = lose_from_count(system, tokens), lose_from_count(system, mistaken)
        one = gain(system, most, 1, chance_of(tokens, DRAFTS))
        return rate if 1.4 * slip < right < most and one > 1.02 else None
    return None


# --- room


@lru_cache(maxsize=256)
def pages_of_a_request(system: System, drafts: int, tokens: int) -> tuple[int, int]:
    """Pages that a request of so many tokens holds, and pages that there are, as vLLM hands them out by default."""
    scheduler = Scheduler(speculation=Speculation(drafts, CHANCE) if drafts else None)
    there = pages(system, scheduler.resolved(system, "expected"))
    return there.fixed + -(-tokens // there.tokens), there.total


def seats(system: System, drafts: int, tokens: int) -> int:
    """Requests of so many tokens that have room at once."""
    held, total = pages_of_a_request(system, drafts, tokens)
    return total // held


def counts_of(system: System) -> tuple[int, ...]:
    """Requests in the steps that are compared: five counts that rise, all of which have room with three drafts, if five have."""
    room = seats(system, DRAFTS, BEHIND)
    most = max(len(_COUNTS) + 1, min(_MOST, room if room < 100 else room // 10 * 10))
    if most > 1.3 * _COUNTS[-1]:
        return (*_COUNTS, most)
    found = [1]
    for share in (8, 4, 2, 1):
        found.append(max(found[-1] + 1, most // share))
    return tuple(found)
