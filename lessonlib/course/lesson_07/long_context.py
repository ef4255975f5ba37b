"""What a long context costs a decode step: the pieces that lesson 7's workings and its figure are made of."""

from __future__ import annotations

from lessonlib.roofline import Lab, System, decode, max_batch, state_bytes

#: tokens of context: where the curves start, and the longest that they reach
FIRST, LONGEST = 1_024, 131_072


def weights_at(system: System, batch: int) -> float:
    """Bytes of weights that one decode step of so many requests fetches; in a mixture, more experts for more of them."""
    return sum(part.weight_bytes for part in decode(system, batch, 0).operations)


def own_at(system: System, context: int) -> float:
    """Bytes that a step moves for one request alone: its cache, and its state read and written; over all GPUs."""
    return decode(system, 1, context).bytes - weights_at(system, 1)


def read_per_token(system: System) -> float:
    """What each further token of a long context adds to a step, over all GPUs (a latent is read by each of them)."""
    return (own_at(system, LONGEST) - own_at(system, LONGEST // 2)) / (LONGEST // 2)


def contexts(lab: Lab) -> list[int]:
    """Doublings from 1,024 to what the model's window allows and the memory holds for one request."""
    ends = min(LONGEST, lab.system.model.max_context or LONGEST)
    grid = [FIRST * 2**n for n in range(8) if FIRST * 2**n <= ends]
    return [context for context in grid if context <= 4 * FIRST or max_batch(lab.system, context) >= 1]


def speed_share(system: System, context: int) -> float:
    """One request's decode ceiling there, in per cent of its ceiling at 1,024 tokens."""
    return 100 * decode(system, 1, FIRST).ceiling_s / decode(system, 1, context).ceiling_s


def twin_own_at(system: System, context: int) -> float:
    """The same request if every layer kept keys and values, and none a state."""
    state = 2 * sum(state_bytes(system).values())
    return (own_at(system, context) - state) * system.model.layer_count / system.model.kv_layers


def twin_speed_share(system: System, context: int) -> float:
    """The share of its speed that such a model keeps, with the same weights."""
    step = [weights_at(system, 1) + twin_own_at(system, tokens) for tokens in (FIRST, context)]
    return 100 * step[0] / step[1]


def overtaking(system: System, context: int) -> tuple[int, float]:
    """The first batch whose own bytes outweigh the weights of its step, and those weights over one request's bytes."""
    own, batch = own_at(system, context), 1
    while batch * own < weights_at(system, batch):
        batch = max(batch + 1, int(batch * 1.02))
    while batch > 1 and (batch - 1) * own >= weights_at(system, batch - 1):
        batch -= 1
    return batch, weights_at(system, batch) / own
