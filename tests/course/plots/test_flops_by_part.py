"""The figure of lesson 4: parts that add up to the engine's FLOPs, and a crossing that is one."""

from __future__ import annotations

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import lab_names, load_lab, prefill
from tests.course.found import plot

PARTS = ("weights", "attention", "linear_attention")


@pytest.mark.parametrize("name", lab_names())
def test_parts_add_up_to_all_flops(name):
    lab = load_lab(name)
    data = plot("flops-by-part", lab).data
    for row, prompt in enumerate(data["prompt"]):
        drawn = sum(data[part][row] for part in PARTS if part in data)
        assert drawn * prompt == pytest.approx(prefill(lab.system, prompt).flops, rel=1e-3)


@pytest.mark.parametrize("name", lab_names())
def test_weights_stay_and_attention_grows(name):
    data = plot("flops-by-part", load_lab(name)).data
    assert max(data["weights"]) < 1.002 * min(data["weights"])
    assert all(
        1.5 < after / before < 2.02 for before, after in zip(data["attention"], data["attention"][1:], strict=False)
    )


@pytest.mark.parametrize("name", lab_names())
def test_the_crossing_is_where_attention_has_half(name):
    lab = load_lab(name)
    figure = plot("flops-by-part", lab)
    at = figure.data["equal_at"]

    def half(prompt: int) -> bool:
        step = prefill(lab.system, prompt)
        return 2 * sum(part.flops for part in step.operations if part.kind == "attention") >= step.flops

    assert half(at) and not half(at - 1)
    assert f"half of the work at {Quantity(at, 'tokens')}" in figure.alt


def test_only_a_hybrid_has_a_state_to_draw():
    assert "linear_attention" in plot("flops-by-part", load_lab("qwen3.5-27b-2xh100-sxm")).data
    assert "linear_attention" not in plot("flops-by-part", load_lab("llama-3.1-8b-a100-80gb")).data
