"""Serving simulator: what many requests do to each other.

    workload = fixed(prompt=1000, output=200, requests=300, arrivals=Poisson(4.0))
    simulate(system, workload, Scheduler(max_num_seqs=64), Fleet(replicas=2)).metrics()

A roofline says what one step costs; queues decide what a user waits. Steps cost what the engine says of their true
mixed batch, and everything random comes from seeds.
"""

from __future__ import annotations

from lessonlib.serving.fleet.fleet import SIGNALS, Autoscaler, Disaggregation, Failure, Fleet, Kind, Stall
from lessonlib.serving.fleet.rollout import Rollout
from lessonlib.serving.fleet.routers import router_names
from lessonlib.serving.replica.scheduler import BATCHING, POLICIES, Scheduler, Speculation
from lessonlib.serving.replica.step_log import EngineStep
from lessonlib.serving.replica.step_time import BASES, StepCost
from lessonlib.serving.results.log_lines import log_lines
from lessonlib.serving.results.panel import panel, panel_text
from lessonlib.serving.results.result import Result
from lessonlib.serving.results.summary import check_file, run_summary, run_summary_text, save_requests
from lessonlib.serving.results.telemetry import Telemetry, exposition
from lessonlib.serving.simulation import Progress, simulate
from lessonlib.serving.traffic.arrivals import Arrivals, Constant, Diurnal, GammaBurst, OnOff, Poisson, Ramp
from lessonlib.serving.traffic.lengths import Empirical, Fixed, Geometric, Lengths, LogNormal, ShareOfPrompt
from lessonlib.serving.traffic.presets import PRESETS, preset, preset_names, without_arrivals
from lessonlib.serving.traffic.request import Request
from lessonlib.serving.traffic.steady_sessions import steady_sessions
from lessonlib.serving.traffic.trace_files import read_trace, write_trace
from lessonlib.serving.traffic.workload import Sharing, Trace, Workload, fixed

__all__ = [
    "BASES",
    "BATCHING",
    "POLICIES",
    "PRESETS",
    "SIGNALS",
    "Arrivals",
    "Autoscaler",
    "Constant",
    "Disaggregation",
    "Diurnal",
    "Empirical",
    "EngineStep",
    "Failure",
    "Fixed",
    "Fleet",
    "GammaBurst",
    "Geometric",
    "Kind",
    "Lengths",
    "LogNormal",
    "OnOff",
    "Poisson",
    "Progress",
    "Ramp",
    "Request",
    "Result",
    "Rollout",
    "Scheduler",
    "ShareOfPrompt",
    "Sharing",
    "Speculation",
    "Stall",
    "StepCost",
    "Telemetry",
    "Trace",
    "Workload",
    "check_file",
    "exposition",
    "fixed",
    "log_lines",
    "panel",
    "panel_text",
    "preset",
    "preset_names",
    "read_trace",
    "router_names",
    "run_summary",
    "run_summary_text",
    "save_requests",
    "simulate",
    "steady_sessions",
    "without_arrivals",
    "write_trace",
]
