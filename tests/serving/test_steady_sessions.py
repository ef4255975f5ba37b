"""Sessions that hold their rate from the first second to the last."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.serving import Fixed, Fleet, Poisson, Sharing, Workload, preset, simulate, steady_sessions
from tests.serving.systems import small, whole_run


def rates(requests, parts=5):
    """Requests a second that came in each part of the time until the last arrival."""
    when = simulate(small(), requests, fleet=Fleet(8)).requests["arrival_s"]
    return np.histogram(when, parts, (0.0, when.max()))[0] / (when.max() / parts)


def test_sessions_come_at_their_rate_throughout() -> None:
    plain = preset("agent", 1500, rate=10.0, seed=1)
    before, after = rates(plain), rates(steady_sessions(plain))
    assert before.mean() < 6.0 and before[-1] < 1.0
    # Poisson noise of 300 requests a part, and answers that make turns a little later.
    assert after.mean() == pytest.approx(10.0, rel=0.08)
    assert np.all(abs(after[:-1] - 10.0) < 1.8)


def test_turns_keep_their_history_and_their_order() -> None:
    sharing = Sharing(100, turns=4, turn_tokens=Fixed(50), think_s=10.0)
    trace = steady_sessions(Workload(400, Fixed(600), Fixed(40), Poisson(1.0), sharing, seed=3))
    assert len(trace) == 400
    firsts = [row for row in trace if row.follows < 0]
    assert {row.prompt for row in firsts} == {600, 690, 780, 870}
    for place, row in enumerate(trace):
        if row.follows >= 0:
            assert row.follows == place - 1 and trace.requests[place - 1].prompt == row.prompt - 90
    _, result = whole_run(small(), trace)
    turns = np.array([row.follows >= 0 for row in trace])
    assert (result.requests["cached"][turns] > 500).all()


def test_what_has_no_sessions_or_no_rate_is_refused() -> None:
    for wrong in (preset("rag", 10), Workload(10, 100, 10, None, Sharing(turns=2))):
        with pytest.raises(LessonlibError, match="steady_sessions"):
            steady_sessions(wrong)
