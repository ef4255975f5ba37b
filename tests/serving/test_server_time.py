"""The server's own time: before the engine has a request, and in the time to its first token."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.roofline import System, load_gpu, load_model
from lessonlib.roofline.efficiency import Efficiency
from lessonlib.serving import Poisson, Scheduler, fixed, simulate
from lessonlib.serving.replica import defaults, scheduler
from tests.serving.systems import small, whole_run


@pytest.mark.parametrize("server_s", [0.01, 0.4])
def test_everything_comes_later_by_the_servers_time_and_nothing_else_changes(server_s) -> None:
    workload = fixed(1000, 100, 300, Poisson(20.0))
    plain, late = (whole_run(small(), workload, Scheduler(server_s=seconds))[1] for seconds in (0.0, server_s))
    for name in ("ttft_s", "e2e_s"):
        np.testing.assert_allclose(late.requests[name], plain.requests[name] + server_s, rtol=1e-9)
    for name in ("queue_s", "tpot_s"):
        np.testing.assert_allclose(late.requests[name], plain.requests[name], rtol=1e-6, atol=1e-9)
    # Little's law holds for the whole stay.
    assert late.area_s == pytest.approx(late.requests["e2e_s"].sum(), rel=1e-9)


def test_a_closed_loop_waits_for_the_server_too() -> None:
    """One user: each round takes the server's time and the engine's."""
    engine = simulate(small(), fixed(500, 20, 10), Scheduler(server_s=0.0, prefix_caching=False), concurrency=1)
    both = simulate(small(), fixed(500, 20, 10), Scheduler(server_s=0.25, prefix_caching=False), concurrency=1)
    assert both.simulated_s - engine.simulated_s == pytest.approx(10 * 0.25, rel=1e-9)


def test_the_default_is_the_fitted_constant_and_a_ceiling_has_none(monkeypatch) -> None:
    values = {"server.first_token_s": 0.03, "server.busy_s": 0.02, "server.mixture_s": 0.1}
    monkeypatch.setattr(defaults, "load_efficiency", lambda: Efficiency(values))
    monkeypatch.setattr(scheduler, "server_seconds", defaults.server_seconds)
    mixture = System(load_model("mixtral-8x7b"), load_gpu("h200-sxm"))
    for system, more in ((small(), 0.02), (mixture, 0.12)):
        resolved = Scheduler().resolved(system, "expected")
        assert (resolved.server_s, resolved.busy_server_s) == (0.03, pytest.approx(more))
    assert Scheduler(server_s=0.5).resolved(small(), "expected").busy_server_s == 0.0
    assert Scheduler().resolved(small(), "ceiling").server_s == 0.0
    assert Scheduler(server_s=0.5).resolved(small(), "ceiling").server_s == 0.5


def test_a_server_with_other_requests_takes_longer() -> None:
    """One user at a time finds an idle server; the second of two that come together does not."""
    times = Scheduler(server_s=0.01, busy_server_s=0.2, prefix_caching=False)
    alone = simulate(small(), fixed(500, 20, 10), times, concurrency=1).requests["ttft_s"]
    pair = simulate(small(), fixed(500, 20, 2), times, concurrency=2).requests["ttft_s"]
    engine = simulate(small(), fixed(500, 20, 10), Scheduler(server_s=0.0, prefix_caching=False), concurrency=1)
    np.testing.assert_allclose(alone, engine.requests["ttft_s"] + 0.01, rtol=1e-9)
    assert pair[1] - pair[0] == pytest.approx(0.2, abs=1e-6)


@pytest.mark.parametrize("wrong", [-1.0, float("nan"), "soon", 1e9])
def test_a_time_that_is_none_is_refused(wrong) -> None:
    with pytest.raises(LessonlibError, match="server_s"):
        Scheduler(server_s=wrong)
