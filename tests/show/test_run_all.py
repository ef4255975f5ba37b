"""What Run All loads where nobody has made a guess: the kernel of a learner who has just opened a lesson."""

from __future__ import annotations

import subprocess
import sys

from lessonlib.lesson.source import lesson_names

#: shows every item of every lesson as its notebook cell does; a lesson that imports something heavy is named with it
RUN_ALL = """
import sys
from lessonlib import open_lesson
for name in {names!r}:
    lesson = open_lesson(name)
    for item in lesson._lesson.items.values():
        assert getattr(lesson, item.kind)(item.id)._repr_mimebundle_()
    heavy = {heavy!r} & set(sys.modules)
    assert not heavy, f"{{name}}: {{heavy}}"
"""
HEAVY = {"matplotlib", "jsonschema", "yaml"}


def test_run_all_without_a_guess_neither_draws_nor_reads_yaml() -> None:
    code = RUN_ALL.format(names=lesson_names(), heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
