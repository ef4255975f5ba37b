"""Serving simulator: what many requests do to each other.

    workload = fixed(prompt=1000, output=200, requests=300, arrivals=Poisson(4.0))
    simulate(system, workload, Scheduler(max_num_seqs=64), Fleet(replicas=2)).metrics()

A roofline says what one step costs; queues decide what a user waits. Steps cost what the engine says of their true
mixed batch, and everything random comes from seeds.
"""

from __future__ import annotations

from lessonlib.serving.fleet.fleet import SIGNALS, Autoscaler, Disaggregation, Failure, Fleet
from lessonlib.serving.fleet.routers import router_names
from lessonlib.serving.replica.scheduler import BATCHING, POLICIES, Scheduler, Speculation
from lessonlib.serving.replica.step_time import BASES, StepCost
from lessonlib.serving.results.result import Result
from lessonlib.serving.simulation import simulate
from lessonlib.serving.traffic.arrivals import Constant, Diurnal, GammaBurst, OnOff, Poisson, Ramp
from lessonlib.serving.traffic.lengths import Empirical, Fixed, Geometric, LogNormal, ShareOfPrompt
from lessonlib.serving.traffic.presets import preset, preset_names
from lessonlib.serving.traffic.trace_files import read_trace, write_trace
from lessonlib.serving.traffic.workload import Request, Sharing, Trace, Workload, fixed

__all__ = [
    "BASES",
    "BATCHING",
    "POLICIES",
    "SIGNALS",
    "Autoscaler",
    "Constant",
    "Disaggregation",
    "Diurnal",
    "Empirical",
    "Failure",
    "Fixed",
    "Fleet",
    "GammaBurst",
    "Geometric",
    "LogNormal",
    "OnOff",
    "Poisson",
    "Ramp",
    "Request",
    "Result",
    "Scheduler",
    "ShareOfPrompt",
    "Sharing",
    "Speculation",
    "StepCost",
    "Trace",
    "Workload",
    "fixed",
    "preset",
    "preset_names",
    "read_trace",
    "router_names",
    "simulate",
    "write_trace",
]
