"""The figure of lesson 7: the engine's shares, a line that ends where window or memory end, and a twin that is worse."""

from __future__ import annotations

import pytest

from lessonlib.base.quantity import Quantity, rounded
from lessonlib.roofline import decode, lab_names, load_lab, max_batch
from tests.course.found import plot


@pytest.mark.parametrize("name", lab_names())
def test_own_line_tells_the_engines_numbers_and_ends_where_the_lab_does(name):
    lab = load_lab(name)
    figure = plot("speed-vs-context", lab)
    data = figure.data
    first = decode(lab.system, 1, data["own_context"][0]).ceiling_s
    for context, share in zip(data["own_context"], data["own"], strict=True):
        assert share == rounded(100 * first / decode(lab.system, 1, context).ceiling_s)
    end = data["own_context"][-1]
    assert max_batch(lab.system, end) >= 1 and end <= lab.system.model.max_context
    further = 2 * end
    assert end == data["context"][-1] or max_batch(lab.system, further) < 1 or further > lab.system.model.max_context
    assert f"{Quantity(data['own'][-1], '%', digits=2)} at {end:,}" in figure.alt


@pytest.mark.parametrize("name", lab_names())
def test_the_twin_keeps_less_and_no_model_is_drawn_twice(name):
    lab = load_lab(name)
    figure = plot("speed-vs-context", lab)
    data = figure.data
    hybrid = data.get("hybrid", data["own"])
    assert all(twin < share for twin, share in zip(data["twin"][1:], hybrid[1:], strict=True))
    assert ("hybrid" in data) == (lab.system.model.name != "qwen3.5-27b")
    assert ("window" in data) == (lab.system.model.name != "gpt-oss-120b")
    assert figure.alt.count(": this lab") == 1
    for line in ("twin", "hybrid", "window", "own"):
        values = data.get(line, [])
        assert values == sorted(values, reverse=True)
