"""Exhibit 8: a lab that was written from a live server's metrics, and every lab that was not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lessonlib.course.lesson_11 import own_reading as own
from lessonlib.lesson.lesson import Lesson
from lessonlib.probe.demo import DEMO
from lessonlib.probe.lab_file import write_lab
from lessonlib.probe.probe import probe
from lessonlib.roofline import Lab, lab_names, load_lab
from lessonlib.show.blocks import BLOCKS


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A lab as `lessonlib probe --write` leaves it, from the recorded server."""
    path: Path = tmp_path_factory.mktemp("lab") / "my-lab.toml"
    return write_lab(probe(DEMO, 30.0), load_lab(), path, "2026-11-29")


@pytest.mark.parametrize("name", lab_names())
def test_no_shipped_lab_is_a_reading(name):
    lab = load_lab(name)
    assert not lab.read_live and not own.own_reading(lab)
    assert float(own.own_counted_answers(lab)) == float(own.own_counted_prompts(lab)) == 0


def test_a_reading_goes_through_the_test(mine):
    assert mine.read_live and own.own_reading(mine)
    read, written, mix = (float(found(mine)) for found in (own.own_prefill, own.own_decode, own.own_mix))
    assert float(own.own_counted_answers(mine)) == pytest.approx(1 / (mix / read + 1 / written))
    assert float(own.own_counted_prompts(mine)) == pytest.approx(mix * float(own.own_counted_answers(mine)))
    assert float(own.own_apart(mine)) == pytest.approx(read / written)
    assert float(own.own_share_of_reading(mine)) > 0 and float(own.own_share_of_writing(mine)) > 0


def test_the_lesson_shows_it_where_there_is_one(mine):
    shown = [
        Lesson("11-the-compute-limit", lab, None, BLOCKS).items["own-reading"].block.draw()["html"]
        for lab in (mine, load_lab())
    ]
    assert "Your server read" in shown[0] and str(own.own_apart(mine)) in shown[0]
    assert "Nothing here yet" in shown[1] and "lessonlib probe" in shown[1]
