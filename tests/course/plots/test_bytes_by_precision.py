"""The figure of lesson 5: the engine's bytes in each precision, and a head that does not shrink."""

from __future__ import annotations

import dataclasses

import pytest

from lessonlib.base.quantity import Quantity, rounded
from lessonlib.roofline import lab_names, load_lab, weight_bytes_read
from tests.course.found import plot


@pytest.mark.parametrize("name", lab_names())
def test_parts_make_up_the_fetch_in_each_precision(name):
    lab = load_lab(name)
    figure = plot("bytes-by-precision", lab)
    data = figure.data
    for row, weights in enumerate(data["precision"]):
        fetched = weight_bytes_read(dataclasses.replace(lab.system, weights=weights))
        assert sum(data[part][row] for part in ("feed_forward", "attention", "head")) == pytest.approx(
            fetched, rel=1e-3
        )
        assert data["ceiling_tokens_per_s"][row] == rounded(lab.system.bandwidth / fetched)
        stored = "experts" if "attention" in lab.system.model.sixteen_bit_parts else "layers"
        assert f"{Quantity(fetched, 'B')} with the {stored} in {weights}" in figure.alt


@pytest.mark.parametrize("name", lab_names())
def test_the_head_keeps_its_bytes_and_grows_in_share(name):
    data = plot("bytes-by-precision", load_lab(name)).data
    shares = [
        data["head"][row] / sum(data[part][row] for part in ("feed_forward", "attention", "head")) for row in range(3)
    ]
    assert shares == sorted(shares) and shares[-1] > 2 * shares[0]
    assert data["head"][-1] == pytest.approx(data["head"][0], rel=0.05)
