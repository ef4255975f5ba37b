"""Every hostile server and environment of tests/inputs: one line within the deadline, and never a key."""

from __future__ import annotations

import time
from collections import Counter

import pytest

from lessonlib.base.errors import LessonlibError
from tests.inputs.kinds_network import KEY, LONG_S, NETWORK_CASES, NetworkCase
from tests.inputs.tried import outcome

#: Beyond its deadline: for a busy machine to notice. A hang lasts until a server of the tests gives up, after a minute.
LATE_S = 15.0


def named(case: NetworkCase) -> str:
    return f"{case.kind}: {ascii(case.name)[1:41]}"


@pytest.mark.parametrize("case", NETWORK_CASES, ids=named)
def test_it_ends_in_one_line_within_its_deadline(case: NetworkCase) -> None:
    line, began = "", time.monotonic()

    def use() -> None:
        nonlocal line
        try:
            case.use()
        except LessonlibError as error:
            line = str(error)
            raise

    came = outcome(use, case.seconds + LATE_S)
    assert came == "one line" or (came == "result" and case.may_be_fine)
    assert time.monotonic() - began < case.seconds + LATE_S
    assert KEY[:16] not in line and KEY[-16:] not in line and len(line) < 2500
    for name in ("LESSONLIB_TOKEN", "LESSONLIB_TEACHER_KEY"):
        assert not any(part in line for part in case.environment.get(name, "").split() if len(part) > 5)
    assert "hush" not in line, "the password of an address or a proxy"


def test_there_are_many_kinds_and_no_case_twice() -> None:
    twice = [key for key, count in Counter((case.kind, case.name) for case in NETWORK_CASES).items() if count > 1]
    assert twice == []
    assert len(NETWORK_CASES) >= 400 and len({case.kind for case in NETWORK_CASES}) >= 15
    assert all(case.seconds <= LONG_S for case in NETWORK_CASES)
