"""Room: documents against the cache, on one replica and on four; the incident and its mend."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.course.lesson_13 import documents, new_template
from lessonlib.roofline import lab_names, load_lab

some_labs = pytest.mark.parametrize(
    "lab",
    [*map(load_lab, ("qwen3.5-27b-2xh100-sxm", "llama-3.1-8b-a100-80gb"))],
    ids=lambda lab: lab.name,
)
each_lab = pytest.mark.parametrize("lab", [*map(load_lab, lab_names())], ids=lambda lab: lab.name)


@each_lab
def test_what_is_found_is_room_over_documents(lab):
    assert documents.room_over_documents(lab)


def test_a_model_of_the_cache_finds_the_same():
    """Random questions, the least recently used document goes: counted without any engine."""
    random = np.random.default_rng(7)
    for count in documents.DOCUMENTS:
        kept: list[int] = []
        found = 0
        for turn, asked in enumerate(random.integers(count, size=6_000).tolist()):
            found += asked in kept and turn >= 3_000
            kept = [*[one for one in kept if one != asked][-(documents.ROOM - 1) :], asked]
        expected = documents.share_found(load_lab("llama-3.1-8b-a100-80gb"), count)
        assert found / 3_000 == pytest.approx(expected, abs=0.11)


@some_labs
def test_four_replicas_find_what_one_does(lab):
    in_turn, by_prefix = float(documents.found_in_turn(lab)), float(documents.found_by_prefix(lab))
    assert in_turn == pytest.approx(float(documents.found_of_many(lab)), abs=8)
    assert by_prefix > 1.6 * in_turn


@each_lab
def test_one_line_takes_all_hits(lab):
    assert new_template.one_line_costs_the_hits(lab)


@some_labs
def test_the_mend_changes_nothing_but_the_line(lab):
    plain, mended = new_template.template_run(lab), new_template.template_run(lab, mended=True)
    assert np.array_equal(plain.requests["arrival_s"], mended.requests["arrival_s"])
    assert np.array_equal(plain.requests["prompt"], mended.requests["prompt"])
