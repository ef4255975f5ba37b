"""Lesson 1, prefill vs decode: every number its words name.

A learner sees the source of these functions under "Show the working", so each says what it does in the
fewest lines. Ceilings are physics with no fitted constant: what no software can beat.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_01.served_together import (
    batch_gain,
    curve_every_doubling_doubles,
    curve_last_batch,
    throughput_curve,
)
from lessonlib.course.shared.lab_numbers import (
    bandwidth,
    decode_ceiling_with_context,
    has_state,
    is_mixture,
    measured_decode,
    mystery_lab,
    own_bytes,
    peak,
    prefill_ceiling,
    state_of_request,
    weights_held,
    weights_read,
)
from lessonlib.roofline import Estimate, Lab, decode, prefill, weight_bytes_read

# --- decode: one request


def peak_of_one(lab: Lab) -> Quantity:
    """Dense peak of one GPU, at the precision it multiplies in."""
    return Quantity(lab.system.flops / lab.system.tp, "FLOP/s")


def flops_of_weights(lab: Lab) -> Quantity:
    """A multiplication and an addition for each weight that a token uses: no context, no state."""
    return Quantity(2 * lab.system.model.parameters_read, "FLOP")


def tensor_core_share(lab: Lab) -> Quantity:
    """For how much of an ideal step of one request, weights alone, the arithmetic units calculate."""
    arithmetic = float(flops_of_weights(lab)) / float(peak(lab))
    fetching = float(weights_read(lab)) / float(bandwidth(lab))
    return Quantity(100 * arithmetic / fetching, "%", digits=2)


def share_by_utilisation(lab: Lab) -> Quantity:
    """What a utilisation counter shows while any kernel runs."""
    return Quantity(100, "%")


def share_by_article(lab: Lab) -> Quantity:
    """The middle of the 20 to 40 % that an article gives for an H100 in decode."""
    return Quantity(30, "%")


def saved_by_cores(lab: Lab) -> Quantity:
    """Half of that share: all that twice the FLOP/s would save if there were nothing but steps of one request."""
    return Quantity(float(tensor_core_share(lab)) / 2, "%", digits=2)


# --- wrong workings of the ceiling


def ceiling_of_one_gpu(lab: Lab) -> Quantity:
    """Uses one GPU's bandwidth although each GPU reads only its own share of the weights."""
    return Quantity(lab.system.gpu.bandwidth / weight_bytes_read(lab.system), "tok/s")


def ceiling_by_flops(lab: Lab) -> Quantity:
    """Divides FLOP/s by FLOPs: the roof of the wrong resource."""
    return Quantity(lab.system.flops / float(flops_of_weights(lab)), "tok/s")


def ceiling_one_byte_each(lab: Lab) -> Quantity:
    """Counts one byte for each parameter that the model has."""
    return Quantity(lab.system.bandwidth / lab.system.model.parameters, "tok/s")


def share_by_one_byte(lab: Lab) -> Quantity | None:
    """The measured speed as a share of that ceiling of one byte a parameter."""
    measured = measured_decode(lab)
    return Quantity(100 * float(measured) / float(ceiling_one_byte_each(lab)), "%") if measured else None


def share_by_flops(lab: Lab) -> Quantity | None:
    """The measured speed as a share of FLOP/s over FLOPs."""
    measured = measured_decode(lab)
    return Quantity(100 * float(measured) / float(ceiling_by_flops(lab)), "%") if measured else None


# --- prefill


def prefill_bytes(lab: Lab) -> Quantity:
    """What memory must move to read the whole prompt: the weights once, and the KV cache it writes."""
    return Quantity(prefill(lab.system, prompt=lab.prompt).bytes, "B")


def prefill_by_token(lab: Lab) -> Quantity:
    """As if each token of the prompt fetched for itself what a written token fetches."""
    return Quantity(lab.prompt * decode(lab.system, batch=1, context=lab.prompt).bytes, "B")


def prefill_and_a_step(lab: Lab) -> Quantity:
    """As if the first token took a pass of its own; in a mixture, whose prompt fetches far more, a guess cannot tell that, and no mistake is named."""
    step = 0 if is_mixture(lab) else decode(lab.system, batch=1, context=lab.prompt).bytes
    return Quantity(float(prefill_bytes(lab)) + step, "B")


def prefill_with_one_tokens_experts(lab: Lab) -> Quantity:
    """As if all tokens of the prompt used the weights of one: right where all use the same."""
    return Quantity(float(prefill_bytes(lab)) - float(weights_of_prompt(lab)) + float(weights_read(lab)), "B")


def written_by_prompt(lab: Lab) -> Quantity:
    """What reading the usual prompt leaves in memory for decode: keys and values, and the state where there is one."""
    return Quantity(float(prefill_bytes(lab)) - float(weights_of_prompt(lab)), "B")


def prefill_busy_at_most(lab: Lab) -> Quantity:
    """The same if every result that one kernel hands to the next crosses memory, too."""
    step = prefill(lab.system, prompt=lab.prompt)
    busy = sum(operation.memory_s + operation.spread_s + operation.activation_s for operation in step.operations)
    return Quantity(100 * busy / step.compute_s, "%", digits=2)


def prefill_busy(lab: Lab) -> Quantity:
    """For how much of an ideal prefill the memory is busy."""
    step = prefill(lab.system, prompt=lab.prompt)
    return Quantity(100 * step.fetch_s / step.compute_s, "%", digits=2)


def roofs_apart(lab: Lab) -> Quantity:
    """Prefill's roof over decode's roof, for one request of the lab's usual size."""
    return Quantity(float(prefill_ceiling(lab)) / float(decode_ceiling_with_context(lab)), "x")


def reported_roofs_apart(lab: Lab) -> Quantity:
    """The same for the lab that the mystery is about."""
    return roofs_apart(mystery_lab(lab))


def prompt_length_as_gap(lab: Lab) -> Quantity:
    """Takes the prompt's length for the gap, as if compute had no limit."""
    return Quantity(lab.prompt, "x")


# --- pictures


def memory_time(lab: Lab) -> Quantity:
    """Time to haul the weights for one token at full bandwidth: weights alone."""
    return Quantity(float(weights_read(lab)) / float(bandwidth(lab)), "s")


def compute_time(lab: Lab) -> Quantity:
    """Time to multiply for one token at full compute: weights alone."""
    return Quantity(float(flops_of_weights(lab)) / float(peak(lab)), "s")


def haul(lab: Lab) -> str:
    """What the van brings for one token, in the words of the pantry."""
    return "the shelves it needs" if is_mixture(lab) else "the whole pantry"


def haul_of_batch(lab: Lab) -> str:
    """What it brings for several."""
    return "all shelves that they need" if is_mixture(lab) else "the pantry"


def in_the_pantry(lab: Lab) -> Quantity:
    """The weights that a van may be sent for: all of them, where a token uses some."""
    return weights_held(lab) if is_mixture(lab) else weights_read(lab)


def weights_of_prompt(lab: Lab) -> Quantity:
    """Weights that the one pass over the whole prompt fetches."""
    return Quantity(sum(part.weight_bytes for part in prefill(lab.system, prompt=lab.prompt).operations), "B")


def bare_memory_share(lab: Lab) -> float:
    """Of a step of the weights alone, for how much the memory is busy, 0 to 1."""
    return float(memory_time(lab)) / max(float(memory_time(lab)), float(compute_time(lab)))


def bare_compute_share(lab: Lab) -> float:
    """The same for the arithmetic."""
    return float(compute_time(lab)) / max(float(memory_time(lab)), float(compute_time(lab)))


def _shares(step: Estimate) -> tuple[float, float]:
    """(compute, memory): for how much of an ideal step each is busy, 0 to 1."""
    return step.compute_s / step.roof_s, step.fetch_s / step.roof_s


def prefill_compute_share(lab: Lab) -> float:
    return _shares(prefill(lab.system, prompt=lab.prompt))[0]


def prefill_memory_share(lab: Lab) -> float:
    return _shares(prefill(lab.system, prompt=lab.prompt))[1]


def decode_compute_share(lab: Lab) -> float:
    return _shares(decode(lab.system, batch=1, context=lab.prompt))[0]


def decode_memory_share(lab: Lab) -> float:
    return _shares(decode(lab.system, batch=1, context=lab.prompt))[1]


def prefill_flops_per_token(lab: Lab) -> Quantity:
    """FLOPs of one prompt token: a multiply-add for each weight of the layers, and its share of attention."""
    return Quantity(prefill(lab.system, prompt=lab.prompt).flops / lab.prompt, "FLOP")


def state_moved(lab: Lab) -> Quantity:
    """What a written token moves of the recurrent state: read, and written back."""
    return Quantity(2 * float(state_of_request(lab)), "B")


def parameters(lab: Lab) -> Quantity:
    """Parameters of the model, input embedding included."""
    return Quantity(lab.system.model.parameters / 1e9, "billion parameters")


def embedding_parameters(lab: Lab) -> Quantity:
    """Those of them that a token does not fetch: in a dense model the input embedding, but for a row."""
    return Quantity((lab.system.model.parameters - lab.system.model.parameters_read) / 1e9, "billion", digits=2)


def kept(lab: Lab) -> str:
    """What a request keeps for itself between two tokens, in words."""
    return "KV cache and recurrent state" if has_state(lab) else "KV cache"


def activations_could_outlast_it(lab: Lab) -> bool:
    """Whether memory would be the slower one in prefill if every result that a kernel hands on crossed it."""
    return float(prefill_busy_at_most(lab)) >= 100


# --- claims: true on every shipped lab, or the text would have to say otherwise ------------------------------


def memory_sets_decode(lab: Lab) -> bool:
    """One request's decode step is bound by memory."""
    return decode(lab.system, batch=1, context=lab.prompt).bound == "memory"


def compute_sets_prefill(lab: Lab) -> bool:
    """Reading the usual prompt is bound by compute."""
    return prefill(lab.system, prompt=lab.prompt).bound == "compute"


def tensor_cores_wait(lab: Lab) -> bool:
    """In a step of the weights alone, the arithmetic units calculate less than a thirtieth of the time."""
    return float(tensor_core_share(lab)) < 100 / 30


def cache_is_small_beside_weights(lab: Lab) -> bool:
    """One request's own bytes are less than a seventh of the weights."""
    return float(own_bytes(lab)) < float(weights_read(lab)) / 7


def a_prompt_moves_no_more_than_one_token(lab: Lab) -> bool:
    """Where all tokens use the same weights, reading the prompt moves as much as one written token does, and visibly less where there is a state."""
    share = float(prefill_bytes(lab)) / decode(lab.system, batch=1, context=lab.prompt).bytes
    return is_mixture(lab) or (share < 0.9985 if has_state(lab) else 0.9985 < share <= 1)


def batch_gains_but_less_than_fully(lab: Lab) -> bool:
    """Eight requests give visibly less than eight times the tokens: more than four where all share the weights, more than one and a half in a mixture."""
    least, most = (1.5, 4) if is_mixture(lab) else (4, 7.9)
    return least < float(batch_gain(lab)) < most


def memory_has_time_left_in_prefill(lab: Lab) -> bool:
    """Weights and cache keep memory busy less than four fifths of an ideal prefill."""
    return float(prefill_busy(lab)) < 80


def a_prompt_uses_every_expert(lab: Lab) -> bool:
    """Reading the usual prompt, a mixture fetches nearly all that it holds."""
    return not is_mixture(lab) or float(weights_of_prompt(lab)) > 0.97 * float(weights_held(lab))


def roofs_far_apart(lab: Lab) -> bool:
    """Prefill's roof is more than 30 times decode's."""
    return float(roofs_apart(lab)) > 30


def curve_bends(lab: Lab) -> bool:
    """To the last batch drawn the step stays memory-bound, and the curve falls below two thirds of the straight line."""
    last = curve_last_batch(lab)
    step = decode(lab.system, batch=last, context=lab.prompt)
    return (
        step.bound == "memory" and throughput_curve(lab)["y"][-1] < curve_every_doubling_doubles(lab)["y"][-1] * 2 / 3
    )
