"""Systems and small helpers that the tests of the simulator share."""

from __future__ import annotations

from functools import cache

import numpy as np

from lessonlib.roofline import System, load_gpu, load_model
from lessonlib.serving import Fleet, Scheduler
from lessonlib.serving.simulation import Simulation


@cache
def small() -> System:
    """Llama-3.1-8B on one H100."""
    return System(load_model("llama-3.1-8b"), load_gpu("h100-sxm"))


@cache
def large() -> System:
    """The shapes of Llama-3.3-70B in FP8 on two H100, KV cache in FP8."""
    return System(load_model("llama-3.1-70b"), load_gpu("h100-sxm"), tp=2, weights="fp8", kv="fp8")


@cache
def hybrid() -> System:
    """A model with recurrent state."""
    return System(load_model("qwen3.5-27b"), load_gpu("h100-sxm"), tp=2)


@cache
def windowed() -> System:
    """A model with sliding windows and experts."""
    return System(load_model("gpt-oss-20b"), load_gpu("h100-sxm"), weights="mxfp4")


def whole_run(system, requests, scheduler=None, fleet=None, **options):
    """(simulation, result) of a run to its end, with every replica's books checked."""
    settings = {"concurrency": None, "cost": "expected", "record": "full", "seed": 0} | options
    simulation = Simulation(system, requests, scheduler or Scheduler(), fleet or Fleet(), **settings)
    result = simulation.run(float("inf"), None)
    for replica in simulation.members.replicas:
        replica.kv.check()
        assert replica.kv.used == 0, "every block in use was given back"
        assert replica.idle and not replica.in_flight and not replica.prompt_tokens and not replica.batch.count
    return simulation, result


def same(one, two, tolerance=0.0):
    """Whether two results have equal request columns (exactly, or to a relative tolerance)."""
    assert one.requests.keys() == two.requests.keys()
    for name, column in one.requests.items():
        np.testing.assert_allclose(column, two.requests[name], rtol=tolerance, atol=tolerance, err_msg=name)
    return True
