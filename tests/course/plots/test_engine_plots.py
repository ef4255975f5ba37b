"""The engine's own figures: their numbers, and alternative texts that state the finding."""

from __future__ import annotations

import re

import pytest

from lessonlib.course.engine import (
    roofline_gpus,
    roofline_operations,
    roofline_step_time,
    roofline_validation,
    roofline_waterfall,
)
from lessonlib.roofline import Case, decode, lab_names, load_lab


@pytest.mark.parametrize("name", lab_names())
def test_waterfall_goes_down_from_the_ceiling_to_the_expectation(name: str) -> None:
    lab = load_lab(name)
    data = roofline_waterfall.numbers(lab)
    step = decode(lab.system, 1, lab.context)
    assert data["tokens_per_s"][0] == pytest.approx(step.ceiling_tokens_per_s)
    assert data["tokens_per_s"][-1] == pytest.approx(step.expected_tokens_per_s, rel=1e-3)
    assert data["tokens_per_s"] == sorted(data["tokens_per_s"], reverse=True)
    figure = roofline_waterfall.draw(lab)
    assert "currentColor" in figure.html and lab.title in figure.alt
    assert ("Reported" in figure.alt) == ("decode_tokens_per_s" in lab.measured)


def test_operations_lie_on_both_sides_of_the_ridge() -> None:
    lab = load_lab()
    case = Case(lab.system, 1, lab.prompt, lab.context)
    data = roofline_operations.numbers(case)
    assert data["ridge"] == pytest.approx(295.2, rel=1e-3)
    assert max(data["decode"]["intensity"]) < data["ridge"] < min(data["prefill"]["intensity"][:2])
    assert sum(data["decode"]["share_of_time"]) == pytest.approx(1, abs=0.01)
    assert "left of" in roofline_operations.draw(case).alt


def test_validation_shows_every_fitted_row() -> None:
    data = roofline_validation.numbers()
    assert sum(len(entry["measured_s"]) for entry in data.values()) > 280
    for entry in data.values():
        pairs = zip(entry["ceiling_s"], entry["measured_s"], strict=True)
        assert all(least <= measured for least, measured in pairs)
    assert re.search(r"decode steps, median error \d", roofline_validation.finding(data))


def test_several_gpus_with_timed_products_under_the_roof() -> None:
    data = roofline_gpus.numbers()
    assert data["rows"] == sorted(data["rows"]) and {1, 32, 256, 4096} <= set(data["rows"])
    roof = zip(data["intensity"], data["reached_flops_per_s"], strict=True)
    assert all(y <= min(989e12, x * 3.35e12) for x, y in roof)
    text = roofline_gpus.draw().alt
    assert "H100 SXM 295" in text and "H200 SXM 206" in text
    assert "9.5 %" in text or "9.4 %" in text or "9.3 %" in text


@pytest.mark.parametrize("name", lab_names())
def test_step_time_rises_with_the_batch_and_names_what_binds(name: str) -> None:
    lab = load_lab(name)
    data = roofline_step_time.numbers(lab)
    for key in ("memory_s", "compute_s", "expected_s"):
        assert data[key] == sorted(data[key])
    least = [max(pair) for pair in zip(data["memory_s"], data["compute_s"], strict=True)]
    assert all(expected > bound for expected, bound in zip(data["expected_s"], least, strict=True))
    last = decode(lab.system, data["batch"][-1], lab.prompt)
    assert data["memory_s"][-1] == pytest.approx(last.fetch_s)
    assert f"{last.bound} binds" in roofline_step_time.draw(lab).alt
