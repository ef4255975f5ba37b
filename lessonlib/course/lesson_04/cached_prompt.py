"""A short question about a long text that is in the cache, for lesson 4; and measured reading times of others.

The question's tokens go through all weights and look back on the whole text. Roofs only: computed, nothing fitted.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.intensity import per_byte, weights_of
from lessonlib.course.shared.prompt_time import TIMED, first_token_time
from lessonlib.course.shared.roof import Dot, on_roof
from lessonlib.roofline import Estimate, Lab, System, decode, load_gpu, load_model, mixed, prefill, weight_bytes_read

#: tokens of the question
QUESTION = 40
#: Llama-2-70B on two GPUs, one prompt of 4,096 tokens alone: medians of five (Splitwise, data/perf_model.csv)
MEASURED_PROMPT, MEASURED_S = 4096, {"h100-sxm": 0.642662, "a100-80gb-sxm": 1.485347}


def _question(lab: Lab) -> Estimate:
    return mixed(lab.system, [(QUESTION, TIMED)])


def question_tokens(lab: Lab) -> Quantity:
    return Quantity(QUESTION, "tokens")


def question_flops(lab: Lab) -> Quantity:
    """Its tokens through the weights, and their looks back on the text."""
    return Quantity(_question(lab).flops, "FLOP")


def question_bytes(lab: Lab) -> Quantity:
    """All weights that its tokens use, and the cache of the text."""
    return Quantity(_question(lab).bytes, "B")


def weights_of_question(lab: Lab) -> Quantity:
    """Weights that its tokens use."""
    return Quantity(weights_of(_question(lab))[1], "B")


def text_cache(lab: Lab) -> Quantity:
    """What one look back on all of the text fetches: its keys and values, every copy of them, and states."""
    return Quantity(decode(lab.system, 1, TIMED).bytes - weight_bytes_read(lab.system), "B")


def question_intensity(lab: Lab) -> Quantity:
    return per_byte(_question(lab).intensity)


def question_time(lab: Lab) -> Quantity:
    """The longer of its arithmetic and its bytes; of a mixture, the experts that its tokens touch if all are picked alike."""
    return Quantity(_question(lab).roof_s, "s")


def question_saves(lab: Lab) -> Quantity:
    """How many times sooner the first token can come than with nothing cached."""
    return Quantity(float(first_token_time(lab)) / float(question_time(lab)), "x")


def tokens_spared(lab: Lab) -> int:
    """Tokens of the text for each one of the question."""
    return TIMED // QUESTION


def written_after_text(lab: Lab) -> Quantity:
    """One token written after the text, at the roof."""
    return Quantity(decode(lab.system, 1, TIMED).ceiling_s, "s")


def place_of_question(lab: Lab) -> Dot:
    """FLOPs of the question over the bytes that must cross, on the roof."""
    return on_roof(lab, _question(lab).intensity, f"{QUESTION} tokens to read, {TIMED:,} cached")


def place_of_prompt(lab: Lab) -> Dot:
    """Where the usual prompt stands that is read from its start."""
    return on_roof(lab, prefill(lab.system, lab.prompt).intensity, f"{lab.prompt:,} tokens to read")


# --- how near their floor others came


def _reach(gpu: str) -> Quantity:
    floor = prefill(System(load_model("llama-2-70b"), load_gpu(gpu), tp=2), MEASURED_PROMPT).ceiling_s
    return Quantity(100 * floor / MEASURED_S[gpu], "%", digits=2)


def reach_of_two_h100(lab: Lab) -> Quantity:
    """Least time over measured time."""
    return _reach("h100-sxm")


def reach_of_two_a100(lab: Lab) -> Quantity:
    return _reach("a100-80gb-sxm")


def memory_holds_a_short_question_back(lab: Lab) -> bool:
    """And where no further experts are touched, it takes as long as writing one token after the same text."""
    step = _question(lab)
    alike = abs(float(question_time(lab)) / float(written_after_text(lab)) - 1) < 0.01
    return step.fetch_s > step.compute_s and (alike or lab.system.model.is_mixture)
