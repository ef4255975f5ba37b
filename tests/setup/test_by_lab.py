"""How tests go to workers."""

from __future__ import annotations

import pytest

from lessonlib.roofline import lab_names
from tests.by_lab import ByLab


@pytest.mark.parametrize(
    ("test", "together"),
    [
        ("tests/a/test_b.py::test_c", "tests/a/test_b.py"),
        ("tests/a/test_b.py::test_c[3]", "tests/a/test_b.py"),
        ("tests/qwen3-32b-h200/test_b.py::test_c", "tests/qwen3-32b-h200/test_b.py"),
        *((f"tests/a/test_b.py::test_c[01-prefill-{lab}]", lab) for lab in lab_names()),
        *((f"tests/d/test_e.py::test_f[{lab}]", lab) for lab in lab_names()),
    ],
)
def test_what_stays_together(test: str, together: str) -> None:
    assert ByLab._split_scope(ByLab.__new__(ByLab), test) == together
