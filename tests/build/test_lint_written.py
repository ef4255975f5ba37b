"""The linter on a function of one's own, and on dots that lie too near each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from lessonlib.build.lint import lint
from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from tests.lesson.written_lesson import write_lesson


def findings(folder: Path, **changes: str) -> set[str]:
    """The rules that find something about the part under test."""
    lesson = Lesson(write_lesson(folder, **changes), load_lab(), None, BLOCKS)
    return {f"{finding.rule}: {finding.text}" for finding in lint(lesson.raw, [lesson]) if "my-size" in finding.text}


def test_a_good_one_is_found_good(tmp_path: Path) -> None:
    assert findings(tmp_path) == set()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("return None", "return 1", "starter: write my-size: starter: it must return None until it is written"),
        ("def size(config, times=1):", "def size(config, times=1:", "starter: write my-size starter: line 1"),
        ("engine: volume", "engine: volumen", "slips: write my-size"),
        ("cases: boxes", "cases: bockses", "slips: write my-size"),
        (
            "working: volume_doubled",
            "working: volume",
            "slips: write my-size: slips[1]: “it is counted twice” is within 2 %",
        ),
    ],
)
def test_a_fault_is_found(old: str, new: str, said: str, tmp_path: Path) -> None:
    found = findings(tmp_path, **{old: new})
    assert any(line.startswith(said) for line in found), found
