"""Functions that a lesson names though they take more than a lab: found by name, own ones before shared ones."""

from __future__ import annotations

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.code import code_beside, code_of


def test_a_function_of_the_folder_is_found_and_comes_before_the_shared_one(tmp_path):
    (tmp_path / "workings.py").write_text(
        "from statistics import mean\n\n\ndef explore_ceilings(lab, *, side):\n    return mean([side, side])\n\n\ndef _own(lab):\n    return 1\n"
    )
    code = code_beside(tmp_path)
    assert code.function("explore_ceilings")(None, side=9) == 9
    assert code.function("play_token").__module__ == "lessonlib.course.shared.play_token"
    for hidden in ("_own", "mean"):
        with pytest.raises(LessonlibError, match="unknown function"):
            code.function(hidden)


def test_a_name_that_is_misspelt_is_told_with_its_neighbours():
    with pytest.raises(LessonlibError, match="unknown function 'play_tokn': did you mean play_token") as told:
        code_of(1).function("play_tokn")
    assert "\n" not in str(told.value)


def test_a_function_that_keeps_what_it_computed_is_found_too(tmp_path):
    (tmp_path / "workings.py").write_text(
        "from functools import lru_cache\n\n\n@lru_cache(maxsize=8)\ndef the_hour(lab):\n    return 1\n"
    )
    assert code_beside(tmp_path).function("the_hour")(None) == 1
