"""Exhibit 5: what others measured on models of the case's shape, one request alone. Each number was read at its source."""

from __future__ import annotations

from dataclasses import dataclass

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab


@dataclass(frozen=True)
class Witness:
    """A published measurement of one request alone. prompt: tokens. prefill, decode: tokens/s. drafts: whether drafts are on."""

    title: str
    prompt: int
    prefill: float
    decode: float
    drafts: bool = False


#: a first sweep of Qwen3.6-27B-FP8 on one H100 SXM under vLLM 0.21 (janni.turunen.in)
ONE_H100 = Witness("27B fp8, one H100, vLLM", 512, 11_378.0, 77.0)
#: SGLang 0.5.16, Qwen3.6-27B on one H200, concurrency 1, prompts of 8,192: first token after so many s, then a token every so many s
_SGLANG_PROMPT, _SGLANG_ANSWER = 8192, 1024
_SGLANG = {"bf16": (0.734, 0.00561, 1433.0), "fp8": (0.487, 0.0043, 1884.0)}
#: NVIDIA NIM 1.8.0, Llama-3.3-70B in fp8 on two H100, one user, prompts of 5,000
NIM = Witness("70B fp8, two H100, NIM", 5000, 5000 / 0.40677, 1 / 0.01858)


def sglang(weights: str) -> Witness:
    """The row of that precision."""
    first, gap, _ = _SGLANG[weights]
    return Witness(f"27B {weights}, one H200, SGLang", _SGLANG_PROMPT, _SGLANG_PROMPT / first, 1 / gap, drafts=True)


def _apart(witness: Witness) -> Quantity:
    return Quantity(witness.prefill / witness.decode, "x")


def witness_decode(lab: Lab) -> Quantity:
    """What one request got on one H100."""
    return Quantity(ONE_H100.decode, "tok/s")


def witness_prefill(lab: Lab) -> Quantity:
    """At which speed the same server read a prompt."""
    return Quantity(ONE_H100.prefill, "tok/s", digits=5)


def witness_apart(lab: Lab) -> Quantity:
    """How many times faster it read than wrote."""
    return _apart(ONE_H100)


def nim_prefill(lab: Lab) -> Quantity:
    return Quantity(NIM.prefill, "tok/s")


def nim_decode(lab: Lab) -> Quantity:
    return Quantity(NIM.decode, "tok/s")


def nim_apart(lab: Lab) -> Quantity:
    return _apart(NIM)


def drafted_prefill(lab: Lab) -> Quantity:
    """SGLang on one H200 in bf16, with drafts."""
    return Quantity(sglang("bf16").prefill, "tok/s")


def drafted_decode(lab: Lab) -> Quantity:
    return Quantity(sglang("bf16").decode, "tok/s")


def drafted_apart(lab: Lab) -> Quantity:
    """Drafts lift decode, so less."""
    return Quantity(float(_apart(sglang("bf16"))), "x", digits=2)


# --- the closing quiz: a measured pair put through the test


def pair_prompt(lab: Lab) -> Quantity:
    return Quantity(_SGLANG_PROMPT, "tokens", digits=4)


def pair_answer(lab: Lab) -> Quantity:
    return Quantity(_SGLANG_ANSWER, "tokens", digits=4)


def pair_first(lab: Lab) -> Quantity:
    """Time to the first token, measured."""
    return Quantity(_SGLANG["fp8"][0], "s")


def pair_gap(lab: Lab) -> Quantity:
    """Time of each further token, measured."""
    return Quantity(_SGLANG["fp8"][1], "s")


def _for_each() -> float:
    return _SGLANG_PROMPT / _SGLANG_ANSWER


def read_for_each_written(lab: Lab) -> Quantity:
    """Prompt tokens for each written one."""
    return Quantity(_for_each(), "tokens")


def pair_prefill(lab: Lab) -> Quantity:
    """The speed at which the prompt is read: no counter says it."""
    return Quantity(sglang("fp8").prefill, "tok/s")


def answers_counted(lab: Lab) -> Quantity:
    """Tokens written a second of the clock, one request after another."""
    return Quantity(1 / (_for_each() / sglang("fp8").prefill + 1 / sglang("fp8").decode), "tok/s")


def prompts_counted(lab: Lab) -> Quantity:
    """Prompt tokens a second of the clock."""
    return Quantity(_for_each() * float(answers_counted(lab)), "tok/s", digits=4)


def pair_half_the_time(lab: Lab) -> Quantity:
    """As if half of the clock were reading."""
    return Quantity(sglang("fp8").prefill / 2, "tok/s")


def pair_measured_answers(lab: Lab) -> Quantity:
    """The published output throughput: tokens a second and GPU of prompt and answer together, less the prompts."""
    tokens = _SGLANG["fp8"][2]
    return Quantity(tokens * _SGLANG_ANSWER / (_SGLANG_PROMPT + _SGLANG_ANSWER), "tok/s")


def pair_measured_prompts(lab: Lab) -> Quantity:
    return Quantity(_for_each() * float(pair_measured_answers(lab)), "tok/s", digits=4)


# --- claims


def witnesses_are_far_from_thirty(lab: Lab) -> bool:
    """None of them is anywhere near 30, with drafts or without."""
    return all(each.prefill / each.decode > 60 for each in (ONE_H100, NIM, sglang("bf16"), sglang("fp8")))


def formula_meets_the_measurement(lab: Lab) -> bool:
    """What the test makes of two measured times is the measured throughput, within one per cent."""
    return abs(float(answers_counted(lab)) / float(pair_measured_answers(lab)) - 1) < 0.01
