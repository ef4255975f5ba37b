"""What a test of the author's door leaves behind: the code of the course as it was loaded before."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from lessonlib.lesson.code import COURSE, forget_code


@pytest.fixture(autouse=True)
def course_code_stays() -> Iterator[None]:
    """The linter reads code anew. Tests that come later have imported modules of the course and change them in place."""
    before = {name: module for name, module in sys.modules.items() if name.startswith(COURSE)}
    yield
    forget_code()
    sys.modules.update(before)
