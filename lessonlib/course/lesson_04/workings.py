"""Lesson 4, counting FLOPs: the numbers that its words name, but for those of a cached prompt (cached_prompt.py).

A learner sees the source of these functions under "Show the working". FLOPs are counted from a model's shapes, times
are FLOPs over dense data-sheet peaks: computed ceilings, nothing measured, no fitted constant.
"""

from __future__ import annotations

from collections.abc import Sequence

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_04 import prompt_flops as count
from lessonlib.course.lesson_04.prompt_flops import chunked_attention, whole_attention
from lessonlib.course.shared.lab_numbers import parameters_in_use
from lessonlib.course.shared.prompt_time import SPARSE, TIMED
from lessonlib.roofline import Lab, decode, load_gpu, prefill
from lessonlib.roofline.band import band

SHORT, MIDDLE, LONG = 2048, 98_304, 131_072
#: a length that most prompts do not reach
USUAL = 8192
#: prompt lengths of the curve
LENGTHS = [2048, 4096, 8192, 16_384, 32_768, 65_536, 131_072]


# --- the mystery: as many tokens, read in two ways


def short_prompt_tokens(lab: Lab) -> Quantity:
    return Quantity(SHORT, "tokens", digits=6)


def long_prompt_tokens(lab: Lab) -> Quantity:
    return Quantity(LONG, "tokens", digits=6)


def short_prompts(lab: Lab) -> int:
    """Short prompts that have as many tokens as the long one."""
    return LONG // SHORT


def short_time(lab: Lab) -> Quantity:
    """All short prompts together: their FLOPs at the dense peak."""
    return Quantity(prefill(lab.system, SHORT, short_prompts(lab)).ceiling_s, "s")


def long_over_short(lab: Lab) -> Quantity:
    return Quantity(float(long_time(lab)) / float(short_time(lab)), "x")


# --- counting


def held(lab: Lab) -> Quantity:
    """All parameters of the text model."""
    return Quantity(lab.system.model.parameters, "parameters")


def embedding(lab: Lab) -> Quantity:
    """The input embedding: a table with a row for each word of the vocabulary."""
    return Quantity(lab.system.model.embedding_parameters, "parameters")


def prompt_flops(lab: Lab) -> Quantity:
    """Every operation of the prefill, attention included, the output head for the last token."""
    return Quantity(prefill(lab.system, lab.prompt).flops, "FLOP")


def prompt_napkin(lab: Lab) -> Quantity:
    """Two FLOPs for each parameter in use and each token."""
    return Quantity(2 * float(parameters_in_use(lab)) * lab.prompt, "FLOP")


def full_over_napkin(lab: Lab) -> Quantity:
    """Every operation counted, over two FLOPs for each parameter in use and each token."""
    return Quantity(float(prompt_flops(lab)) / float(prompt_napkin(lab)), "x")


def head_takes_off(lab: Lab) -> Quantity:
    """The output head for all tokens of the prompt but the last, for which it does run."""
    return Quantity(2.0 * lab.system.model.head.size * (lab.prompt - 1), "FLOP")


def no_parameter_adds(lab: Lab) -> Quantity:
    """What the full count has beyond the parameters: looks back, and the states of linear attention."""
    return Quantity(float(prompt_flops(lab)) - float(prompt_napkin(lab)) + float(head_takes_off(lab)), "FLOP")


def head_parameters(lab: Lab) -> Quantity:
    """Parameters of the output head."""
    return Quantity(lab.system.model.head.size / 1e9, "billion")


def head_of_a_prompt(lab: Lab) -> Quantity:
    """Two FLOPs for each parameter of the output head, for the last token of the prompt."""
    return Quantity(2.0 * lab.system.model.head.size, "FLOP")


def head_for_every_token(lab: Lab) -> Quantity:
    """As if it ran for each token of the prompt."""
    return Quantity(float(head_of_a_prompt(lab)) * lab.prompt, "FLOP")


def head_in_training(lab: Lab) -> Quantity:
    """Six FLOPs for each of its parameters, as training takes."""
    return Quantity(3 * float(head_of_a_prompt(lab)), "FLOP")


def all_but_the_looks(lab: Lab) -> Quantity:
    """FLOPs of a token of a long prompt, looks back left out: the layers' weights, and states where there are some."""
    step = prefill(lab.system, LONG)
    return Quantity((step.flops - count.attention_of(step)) / LONG, "FLOP")


def token_after_text(lab: Lab) -> Quantity:
    """One written token after 32,768: two FLOPs for each parameter in use, and a look at each earlier token."""
    return Quantity(decode(lab.system, 1, TIMED).flops, "FLOP")


def one_look_written(lab: Lab) -> Quantity:
    """Attention of a written token for one earlier token, all layers together that look back on everything."""
    near, far = (count.attention_of(decode(lab.system, 1, TIMED * times)) for times in (1, 2))
    return Quantity((far - near) / TIMED, "FLOP")


def token_held(lab: Lab) -> Quantity:
    """Two FLOPs for every parameter that is held, looks included."""
    spare = float(held(lab)) - float(parameters_in_use(lab))
    return Quantity(float(token_after_text(lab)) + 2 * spare, "FLOP")


# --- attention's share


def _share(lab: Lab, prompt: int) -> float:
    return 100 * count.attention_share(prefill(lab.system, prompt))


def share_curve(lab: Lab) -> dict[str, Sequence[float]]:
    """Attention's share of a prefill's FLOPs, in per cent, by the length of the prompt."""
    return {"x": LENGTHS, "y": [_share(lab, prompt) for prompt in LENGTHS]}


def curve_full(lab: Lab) -> dict[str, Sequence[float]]:
    """As if each token looked at the whole prompt, what comes after it included."""
    shares = [_share(lab, prompt) / 100 for prompt in LENGTHS]
    return {"x": LENGTHS, "y": [100 * 2 * share / (1 + share) for share in shares]}


def curve_early(lab: Lab) -> dict[str, Sequence[float]]:
    """As if attention caught up at some thousand tokens."""
    return {"x": LENGTHS, "y": [100 * prompt / (prompt + USUAL / 2) for prompt in LENGTHS]}


def one_look_here(lab: Lab) -> Quantity:
    """Attention for one token that looks back on one other, all layers together."""
    return Quantity(count.pair(lab.system), "FLOP")


def usual_tokens(lab: Lab) -> Quantity:
    return Quantity(USUAL, "tokens", digits=4)


def share_at_usual(lab: Lab) -> Quantity:
    return Quantity(_share(lab, USUAL), "%")


def share_at_short(lab: Lab) -> Quantity:
    return Quantity(_share(lab, SHORT), "%")


def share_at_timed(lab: Lab) -> Quantity:
    return Quantity(_share(lab, TIMED), "%")


def attention_share_at_long(lab: Lab) -> Quantity:
    return Quantity(_share(lab, LONG), "%")


def equal_prompt(lab: Lab) -> Quantity:
    """Length of the prompt in which attention has half of the FLOPs."""
    return Quantity(count.equal_at_prompt(lab.system), "tokens")


def equal_context(lab: Lab) -> Quantity:
    """Context at which attention has half of a written token's FLOPs."""
    return Quantity(count.equal_at_context(lab.system), "tokens")


def near_the_long_prompt(lab: Lab) -> bool:
    """Whether that context prints nearly as the length of the long prompt does."""
    return abs(float(equal_context(lab)) / LONG - 1) < 0.03


def context_limit(lab: Lab) -> Quantity:
    """The longest context that the model's configuration allows."""
    return Quantity(lab.system.model.max_context or count.FURTHEST, "tokens", digits=6)


def window_below_long(lab: Lab) -> bool:
    return float(context_limit(lab)) < LONG


def nearsighted_layers(lab: Lab) -> int:
    """Layers that look back on a window of fixed size."""
    return sum(group.count for group in lab.system.model.layers if group.mixer.window is not None)


def layers(lab: Lab) -> int:
    return lab.system.model.layer_count


def looking_back(lab: Lab) -> int:
    """Layers with softmax attention over all that came before."""
    return sum(group.count for group in lab.system.model.layers if group.mixer.kv_values and group.mixer.window is None)


def other_layers(lab: Lab) -> int:
    """Layers that do not look back on everything."""
    return layers(lab) - looking_back(lab)


# --- the least time to the first token of the long prompt


def work_of_long_prompt(lab: Lab) -> Quantity:
    return Quantity(prefill(lab.system, LONG).flops, "FLOP")


def work_of_four_times(lab: Lab) -> Quantity:
    """The long prompt's FLOPs over those of one a quarter as long."""
    return Quantity(prefill(lab.system, LONG).flops / prefill(lab.system, LONG // 4).flops, "x", digits=2)


def long_time(lab: Lab) -> Quantity:
    """Each part's FLOPs over the dense peak of its precision, added up."""
    return Quantity(prefill(lab.system, LONG).ceiling_s, "s")


def _long_band(lab: Lab) -> tuple[float, float]:
    step = prefill(lab.system, LONG)
    return band(lab.system, "prefill").around(step.expected_s, step.ceiling_s)


def long_expected(lab: Lab) -> Quantity:
    """The same at the shares of the peaks that published measurements show."""
    return Quantity(prefill(lab.system, LONG).expected_s, "s", digits=2)


def long_expected_low(lab: Lab) -> Quantity:
    """The fast end of its 90 % band, never under the floor."""
    return Quantity(_long_band(lab)[0], "s")


def long_expected_high(lab: Lab) -> Quantity:
    """The slow end of its 90 % band."""
    return Quantity(_long_band(lab)[1], "s")


def long_time_by_tokens(lab: Lab) -> Quantity:
    """As many tokens, as much time: that of the short prompts."""
    return short_time(lab)


def long_time_squared(lab: Lab) -> Quantity:
    """One short prompt's time, times the square of how many times longer this one is."""
    return Quantity(float(short_time(lab)) * short_prompts(lab), "s")


def long_time_full_attention(lab: Lab) -> Quantity:
    """Attention counted for all pairs, those with later tokens included."""
    step = prefill(lab.system, LONG)
    return Quantity(step.compute_s + sum(part.compute_s for part in step.operations if part.kind == "attention"), "s")


# --- a shorter one, on other GPUs


def middle_prompt_tokens(lab: Lab) -> Quantity:
    return Quantity(MIDDLE, "tokens", digits=5)


def work_of_middle_prompt(lab: Lab) -> Quantity:
    return Quantity(prefill(lab.system, MIDDLE).flops, "FLOP")


def middle_time(lab: Lab) -> Quantity:
    """Its FLOPs over the dense peak of each precision."""
    return Quantity(prefill(lab.system, MIDDLE).ceiling_s, "s")


def middle_time_sparse(lab: Lab) -> Quantity:
    """At the data sheet's sparse peak, twice the dense one."""
    return Quantity(float(middle_time(lab)) / SPARSE, "s")


def middle_time_by_bandwidth(lab: Lab) -> Quantity:
    """The time here, scaled with the bandwidth of H200s in its place (of H100s, where it has those)."""
    other = load_gpu("h100-sxm" if lab.system.gpu.name == "h200-sxm" else "h200-sxm")
    return Quantity(float(middle_time(lab)) * lab.system.gpu.bandwidth / other.bandwidth, "s")


# --- claims: true on every shipped lab


def length_costs(lab: Lab) -> bool:
    return float(long_over_short(lab)) > 1.4


def napkin_is_near(lab: Lab) -> bool:
    """Two FLOPs a parameter and token come within an eighth of the full count."""
    return abs(float(prompt_napkin(lab)) / float(prompt_flops(lab)) - 1) < 1 / 8


def prompt_waits_for_arithmetic(lab: Lab) -> bool:
    return prefill(lab.system, TIMED).bound == "compute" and prefill(lab.system, LONG).bound == "compute"


def weights_lead_in_usual_prompts(lab: Lab) -> bool:
    """Up to the usual length the weights have three quarters of the work and more."""
    return float(share_at_usual(lab)) < 25


def pieces_cost_the_same(lab: Lab) -> bool:
    return float(whole_attention(lab)) == float(chunked_attention(lab))
