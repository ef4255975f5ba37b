"""The rule of the exam's pool: what a source has to say, by candidates made up for it, and whom it leaves out of those found."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from lessonlib.course.checkpoint_1 import exam_pool
from lessonlib.course.checkpoint_1.exam_pool import candidates, doubt, pool

GOOD: dict[str, Any] = {
    "title": "made up", "config": "llama-3.1-8b", "gpu": "h100-sxm", "tp": 1, "weights": "int4", "engine": "vLLM",
    "requests": 1, "context": 128, "measured_ms": 5.0,
}  # fmt: skip


def test_a_source_that_says_all_of_it_is_in() -> None:
    assert doubt(GOOD) == ""
    assert doubt({**GOOD, "requests": 32}) == ""
    assert doubt({**GOOD, "bits": 4.15}) == "", "4 bits stand for 4.15"


@pytest.mark.parametrize("key", ["config", "gpu", "tp", "weights", "engine", "requests", "context", "measured_ms"])
def test_one_thing_unsaid_is_one_too_many(key: str) -> None:
    assert doubt({name: value for name, value in GOOD.items() if name != key}).startswith("not said: ")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"requests": 33}, "not decode alone"),
        ({"between": True}, "not decode alone"),
        ({"weights": "int8", "bits": 8.5}, "no known format has 8.5 bits"),
    ],
)
def test_what_is_not_decode_alone_or_not_countable_is_out(change: dict[str, Any], why: str) -> None:
    assert doubt({**GOOD, **change}).startswith(why)


def test_the_rule_does_not_know_the_card() -> None:
    source = inspect.getsource(exam_pool)
    assert "checkpoint_1.card" not in source and "forecast_s" not in source
    for keys in candidates():
        if keys.get("measured_ms"):
            assert doubt(keys) == doubt({**keys, "measured_ms": 3 * keys["measured_ms"]})


def test_twelve_of_the_candidates_found_are_left_out() -> None:
    assert (len(candidates()), len(pool())) == (34, 22)
    out = [keys["title"] for keys in candidates() if doubt(keys)]
    assert "gpt-oss-120b on 2 x H200 SXM, mxfp4 experts, 64 requests" in out
    assert "Llama-3.1-70B on 2 x B200, fp8, 8 requests" in out, "expected by the engine, measured by nobody"
