"""What Run All loads where nobody has made a guess: the kernel of a learner who has just opened a lesson."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lessonlib.lesson.source import lesson_names

#: shows every item of a lesson as its notebook cell does, in a process of its own
RUN_ALL = """
import sys
from lessonlib import open_lesson
lesson = open_lesson({name!r})
for item in lesson._lesson.items.values():
    assert getattr(lesson, item.kind)(item.id)._repr_mimebundle_()
heavy = {heavy!r} & set(sys.modules)
assert not heavy, heavy
"""
HEAVY = {"matplotlib", "jsonschema", "yaml"}


@pytest.mark.parametrize("name", lesson_names())
def test_run_all_without_a_guess_neither_draws_nor_reads_yaml(name: str) -> None:
    code = RUN_ALL.format(name=name, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
