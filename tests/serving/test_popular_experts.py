"""Popular experts in the simulator: its step is the engine's, and a run takes what its steps take."""

from __future__ import annotations

import pytest

from lessonlib.roofline import System, decode, load_gpu, load_model
from lessonlib.serving import Fixed, Poisson, Workload, simulate
from lessonlib.serving.replica.step_time import StepCost


def mixture(**more: object) -> System:
    return System(load_model("qwen3-30b-a3b"), load_gpu("h100-sxm"), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("more", [{"popularity": 1.0}, {"popularity": 0.0}, {"dp": 8, "ep": 8, "popularity": 0.5}])
@pytest.mark.parametrize("requests", [8, 64])
def test_a_step_is_the_engines(more: dict[str, float], requests: int) -> None:
    system = mixture(**more)
    assert StepCost(system).mixed([(1, 300)] * requests) == pytest.approx(
        decode(system, requests, 300).expected_s, rel=1e-6
    )


def test_a_run_on_one_gpu_is_shorter_and_one_on_eight_longer() -> None:
    work = Workload(80, Fixed(200), Fixed(60), Poisson(1e6), seed=2)

    def seconds(**more: object) -> float:
        return simulate(mixture(**more), work).simulated_s

    assert seconds(popularity=1.0) < seconds()
    assert seconds(dp=8, ep=8, popularity=1.0) > seconds(dp=8, ep=8, popularity=0.0) > seconds(dp=8, ep=8)
