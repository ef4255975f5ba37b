"""Lesson 1's case: what the two reported numbers can and cannot be. It is about the lab whose report opens the lesson."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared import forecast
from lessonlib.course.shared.lab_numbers import (
    decode_ceiling,
    decode_ceiling_with_context,
    mystery_lab,
    prefill_ceiling,
    reported_decode,
    reported_prefill,
    traffic,
)
from lessonlib.roofline import Lab, System, load_gpu, load_lab, load_model, prefill

#: a line of vLLM's log is about this many seconds, unless VLLM_LOG_STATS_INTERVAL says otherwise
WINDOW_S = 10.0


def gpus_serving(lab: Lab) -> int:
    """GPUs that serve the model of the report."""
    return mystery_lab(lab).system.gpus


def window(lab: Lab) -> Quantity:
    """Seconds that one line of the log is about."""
    return Quantity(WINDOW_S, "s")


def prompt_tokens_in_window(lab: Lab) -> Quantity:
    """Prompt tokens that such a line has counted."""
    return Quantity(float(reported_prefill(lab)) * WINDOW_S, "tokens", digits=5)


def written_in_window(lab: Lab) -> Quantity:
    """Written tokens that it has counted."""
    return Quantity(float(reported_decode(lab)) * WINDOW_S, "tokens", digits=4)


def ratio_of_counters(lab: Lab) -> Quantity:
    """Prompt tokens over written tokens in the same window."""
    return Quantity(float(reported_prefill(lab)) / float(reported_decode(lab)), "", digits=3)


def reported_traffic(lab: Lab) -> str:
    """Prompt tokens for each written one, as the owner of that lab reports them."""
    return traffic(mystery_lab(lab))


def roof_of_reading(lab: Lab) -> Quantity:
    """Prefill's roof on that lab."""
    return prefill_ceiling(mystery_lab(lab))


def reading_in_window(lab: Lab) -> Quantity:
    """Time that reading the counted prompt tokens takes at prefill's roof."""
    return Quantity(float(prompt_tokens_in_window(lab)) / float(roof_of_reading(lab)), "s", digits=2)


def reading_expected(lab: Lab) -> Quantity:
    """The same at the speed that is to be expected."""
    expected = forecast.prefill_expected(mystery_lab(lab))
    return Quantity(float(prompt_tokens_in_window(lab)) / float(expected), "s", digits=2)


def expected_reading_speed(lab: Lab) -> Quantity:
    return forecast.prefill_expected(mystery_lab(lab))


def expected_reading_low(lab: Lab) -> Quantity:
    """The slow end of its 90 % band."""
    return forecast.prefill_expected_low(mystery_lab(lab))


def reading_as_writing(lab: Lab) -> Quantity:
    """As if the prompt were read at the speed at which an answer is written."""
    return Quantity(
        float(prompt_tokens_in_window(lab)) / float(decode_ceiling_with_context(mystery_lab(lab))), "s", digits=2
    )


def _writing(tokens_per_s: Quantity, lab: Lab) -> float:
    return float(written_in_window(lab)) / float(tokens_per_s)


def window_at_roofs(lab: Lab) -> Quantity:
    """Time that all counted tokens take at the two roofs, one request after another."""
    writing = _writing(decode_ceiling_with_context(mystery_lab(lab)), lab)
    return Quantity(float(reading_in_window(lab)) + writing, "s", digits=2)


def window_expected(lab: Lab) -> Quantity:
    """The same at expected speeds."""
    return Quantity(
        float(reading_expected(lab)) + _writing(forecast.decode_expected(mystery_lab(lab)), lab), "s", digits=3
    )


def window_fits_alone(lab: Lab) -> bool:
    """Whether that fits into the window with nothing written together."""
    return float(window_expected(lab)) <= WINDOW_S


# --- two readings of the reported decode: the report says no precision


def _reading(weights: str) -> Lab:
    return load_lab("qwen3.5-27b-2xh100-sxm-fp8" if weights == "fp8" else "qwen3.5-27b-2xh100-sxm")


def _share_of_ceiling(weights: str) -> Quantity:
    lab = _reading(weights)
    return Quantity(100 * float(reported_decode(lab)) / float(decode_ceiling(lab)), "%", digits=2)


def share_if_bf16(lab: Lab) -> Quantity:
    """The reported decode as a share of its ceiling, on two H100 SXM with weights in bf16."""
    return _share_of_ceiling("bf16")


def share_if_fp8(lab: Lab) -> Quantity:
    """The same with weights in fp8."""
    return _share_of_ceiling("fp8")


def _band(weights: str) -> str:
    lab = _reading(weights)
    low, high = forecast.decode_expected_low(lab), forecast.decode_expected_high(lab)
    return f"{float(low):.0f} to {float(high):.0f} tok/s"


def band_if_bf16(lab: Lab) -> str:
    """Nine in ten such set-ups write as fast, one request alone: two H100 SXM, bf16."""
    return _band("bf16")


def band_if_fp8(lab: Lab) -> str:
    """The same in fp8."""
    return _band("fp8")


# --- one published measurement of a prompt read alone

#: SGLang 0.5.16, Qwen3.6-27B (the layers of Qwen3.5-27B) in bf16 on one H200: tokens, seconds to the first token
SGLANG_PROMPT, SGLANG_SECONDS = 8192, 0.734


def share_of_sglang(lab: Lab) -> Quantity:
    """What that prompt reached of its roof."""
    system = System(load_model("qwen3.5-27b"), load_gpu("h200-sxm"))
    return Quantity(100 * prefill(system, SGLANG_PROMPT).ceiling_s / SGLANG_SECONDS, "%", digits=2)


# --- claims


def report_is_below_the_band(lab: Lab) -> bool:
    """The reported prefill is slower than nine in ten such set-ups read."""
    return float(reported_prefill(lab)) < float(expected_reading_low(lab))


def ratio_is_inside_the_traffic(lab: Lab) -> bool:
    """The ratio of the two reports lies inside the reported traffic."""
    low, high = mystery_lab(lab).traffic or (0, 0)
    return low <= float(ratio_of_counters(lab)) <= high


def report_is_above_bf16_and_inside_fp8(lab: Lab) -> bool:
    """The reported decode is faster than the band in bf16, and inside that in fp8."""
    report, sixteen, eight = float(reported_decode(_reading("bf16"))), _reading("bf16"), _reading("fp8")
    inside = float(forecast.decode_expected_low(eight)) < report < float(forecast.decode_expected_high(eight))
    return report > float(forecast.decode_expected_high(sixteen)) and inside


def both_counts_fit_a_window(lab: Lab) -> bool:
    """At the roofs one by one, and at expected speeds with two requests in a step, a fifth longer than a step of one."""
    two = _writing(forecast.decode_expected(mystery_lab(lab)), lab) * 1.2 / 2
    return float(window_at_roofs(lab)) < WINDOW_S and float(reading_expected(lab)) + two < WINDOW_S


def most_of_the_window_is_not_reading(lab: Lab) -> bool:
    """Even at the expected speed, reading fills less than a quarter of the window."""
    return float(reading_expected(lab)) < WINDOW_S / 4
