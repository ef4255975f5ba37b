"""Where theory has a closed form, the simulation must find it."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.serving import Constant, Fixed, Geometric, Poisson, Scheduler, StepCost, Workload, fixed, simulate
from tests.serving.systems import small

#: One request at a time: the replica is a single server.
ONE = Scheduler(max_num_seqs=1, prefix_caching=False)


def single_server(workload, **options):
    return simulate(small(), workload, ONE, record="summary", **options)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_poisson_arrivals_and_equal_prompts_wait_as_in_m_d_1(load) -> None:
    """Mean wait = load x service / (2 (1 - load)) (Pollaczek and Khinchine)."""
    service = StepCost(small()).mixed([(4000, 0)])
    result = single_server(fixed(4000, 1, 16_000, Poisson(load / service), seed=3))
    assert result.mean("queue_s") == pytest.approx(load * service / (2 * (1 - load)), rel=0.06)
    assert result.mean("ttft_s") - result.mean("queue_s") == pytest.approx(service, rel=1e-9)


@pytest.mark.parametrize("load", [0.4, 0.7])
def test_poisson_arrivals_and_memoryless_answers_wait_as_in_m_m_1(load) -> None:
    """Mean wait = load x service / (1 - load), and the wait of those who wait is exponential.

    An answer of a geometric number of steps, each as long as the others but for its few tokens of context.
    """
    step = StepCost(small()).mixed([(1, 150)])
    mean = 100
    rate = load / (mean * step)
    result = single_server(Workload(16_000, Fixed(1), Geometric(mean), Poisson(rate), seed=4))
    assert result.mean("queue_s") == pytest.approx(load * mean * step / (1 - load), rel=0.08)
    # P(wait > t) = load exp(-(1 - load) t / service)
    tail = np.log(load / 0.1) * mean * step / (1 - load)
    assert result.percentile("queue_s", 90) == pytest.approx(tail, rel=0.1)


def test_even_arrivals_below_capacity_never_wait() -> None:
    service = StepCost(small()).mixed([(4000, 0)])
    result = simulate(small(), fixed(4000, 1, 500, Constant(0.99 / service)), ONE)
    assert result.requests["queue_s"].max() == pytest.approx(0.0, abs=1e-9)


def test_a_full_server_is_busy_all_the_time() -> None:
    result = simulate(small(), fixed(2000, 3, 300), ONE, concurrency=4)
    assert result.busy_s == pytest.approx(result.simulated_s, rel=1e-9)


@pytest.mark.parametrize("concurrency", [1, 7, 60])
def test_a_closed_loop_keeps_its_number_of_requests(concurrency) -> None:
    """Little: requests in the system = their rate x their time; but for the end, when nobody comes any more."""
    result = simulate(small(), fixed(500, 50, 40 * concurrency), concurrency=concurrency)
    assert result.requests_in_system == pytest.approx(concurrency, rel=0.06)
    assert result.area_s == pytest.approx(result.e2e_sum_s, rel=1e-12)


def test_waiting_grows_with_the_rate() -> None:
    times = [
        simulate(small(), fixed(1000, 100, 1500, Poisson(rate), seed=1)).mean("ttft_s") for rate in (5, 15, 25, 35, 45)
    ]
    assert times == sorted(times)


def test_the_ceiling_serves_at_least_as_fast_as_the_expectation() -> None:
    workload = fixed(1000, 100, 600, Poisson(20), seed=2)
    quick, slow = (simulate(small(), workload, cost=cost) for cost in ("ceiling", "expected"))
    assert quick.mean("ttft_s") < slow.mean("ttft_s") and quick.mean("itl_s") < slow.mean("itl_s")


def test_overload_is_said() -> None:
    result = simulate(small(), fixed(1000, 200, 2000, Poisson(60)))
    assert (
        len(result.warnings) == 1
        and "grows without bound" in result.warnings[0]
        and "lower the rate" in result.warnings[0]
    )
    assert not simulate(small(), fixed(1000, 200, 2000, Poisson(15))).warnings


def test_the_limit_ends_a_run_and_counts_what_is_unfinished() -> None:
    result = simulate(small(), fixed(1000, 200, 5000, Poisson(60)), limit_s=20.0)
    assert result.stopped == "limit" and result.simulated_s <= 20.0
    assert result.unfinished > 0 and result.finished + result.unfinished == len(result.requests["number"])
    assert any("stopped at the time limit" in warning for warning in result.warnings)
    assert result.metrics()["unfinished"] == result.unfinished


def test_a_little_above_capacity_is_said_too_and_a_little_below_is_not() -> None:
    """Four per cent too many: the queue grows slowly, but it does grow."""
    capacity = simulate(small(), fixed(1000, 200, 1500), concurrency=256).requests_per_s
    above, below = (
        simulate(small(), fixed(1000, 200, 6000, Poisson(share * capacity), seed=2), record="summary")
        for share in (1.06, 0.9)
    )
    assert above.warnings and "grows without bound" in above.warnings[0] and not below.warnings


def test_what_has_not_come_when_a_run_ends_is_counted() -> None:
    result = simulate(small(), fixed(1000, 200, 500, Poisson(10)), limit_s=5.0)
    rest = 500 - result.finished - result.unfinished
    assert rest > 0 and f"{rest} have not come yet" in result.warnings[-1]
