"""What the exams of the checkpoints share: how a pool is dealt, and what is kept that takes minutes to find."""

from __future__ import annotations

import json
import sys

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.course.shared import found_ahead as kept
from lessonlib.course.shared.exam_sets import deal


def same_letter(one: str, other: str) -> bool:
    return one[0] == other[0]


def test_alike_ones_go_to_different_sets_while_there_is_one_without() -> None:
    assert deal(["a1", "a2", "b1", "b2"], 2, same_letter) == (("a1", "b1"), ("a2", "b2"))


def test_what_finds_no_set_fills_a_place_that_is_left_and_what_fills_no_set_is_in_none() -> None:
    assert deal(["a1", "a2", "a3", "b1", "c1"], 2, same_letter) == (("a1", "b1"), ("a2", "c1"))


def test_a_pool_that_cannot_be_dealt_apart_still_fills_the_sets() -> None:
    assert [len(one) for one in deal([f"a{number}" for number in range(6)], 3, same_letter)] == [3, 3]


def test_what_is_written_is_found_and_what_is_missing_says_who_finds_it(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(kept, "data_dir", lambda: tmp_path)
    monkeypatch.setattr(sys, "argv", ["search", "--write"])
    (tmp_path / "exams").mkdir()
    kept.write_or_print("made-up.json", {"tea": {"share": 0.9}})
    assert kept.found_ahead("made-up.json", "tea", "made.up") == {"share": 0.9}
    with pytest.raises(LessonlibError, match="nothing of milk: python -m made.up --write"):
        kept.found_ahead("made-up.json", "milk", "made.up")


def test_without_write_it_is_only_printed(capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["search"])
    kept.write_or_print("checkpoint-3.json", {"tea": 1})
    assert json.loads(capsys.readouterr().out) == {"tea": 1}
