"""The incident: a rollout puts a service on slower cards in the middle of a morning, and its tokens a second do not say so.

One replica on two H200 until the rollout; from then on the new one, on two RTX PRO 6000, which also takes what was under way. A rolling
update starts the new pod first and ends the old one when it is ready, so the service has no gap.
The monitoring shows the service: whichever of the two answers. Requests of the kind of the case, from a seed with which an answer has as many tokens before the rollout as after it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_11.afternoon import REQUESTS, case_system
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import Chart, LogLine, Monitor
from lessonlib.roofline import Lab, System, load_gpu
from lessonlib.serving import Failure, Fleet, Kind, Result, Scheduler, Telemetry, Workload, preset, simulate

#: seconds after the first request at which the new pod takes over; the stretch that is shown; one scrape in so many
MOVED_S, _UNTIL_S, _EVERY_S = 300.0, 840.0, 30.0
_CHARTS = ("prompt_tokens", "generation_tokens", "finished", "running", "gpu_busy", "ttft_mean", "itl_mean")
_LONG_S = 100_000.0
_USUAL, _SLOWER = "h200-sxm", "rtx-pro-6000-server"
#: requests a second: fewer than the slower cards can take
RATE, SEED = 0.4, 18
#: what the new pod logs when it is ready, and how long before the move
_READY, _READY_S = "INFO:     Application startup complete.", 15.0
_ALERT = "Time between tokens, mean, above 25 ms (page)"


@lru_cache(maxsize=1)
def moved_run() -> Result:
    """Both replicas: number 0 until the rollout, number 1 from then on."""
    failures = (Failure(1, 0.0, _begin_s() + MOVED_S), Failure(0, _begin_s() + MOVED_S, _LONG_S))
    return simulate(
        _on(_USUAL), _work(), Scheduler(prefix_caching=False), Fleet(kinds=(Kind(_on(_SLOWER)),), failures=failures)
    )


@lru_cache(maxsize=1)
def stayed_run() -> Result:
    """The same requests on the usual cards all the time."""
    return simulate(_on(_USUAL), _work(), Scheduler(prefix_caching=False))


def _on(gpu: str) -> System:
    return replace(case_system(), gpu=load_gpu(gpu))


def _work() -> Workload:
    return preset("rag", REQUESTS, rate=RATE, seed=SEED)


def _begin_s() -> float:
    return float(stayed_run().requests["arrival_s"].min())


def _spliced(before: Monitor, after: Monitor, compare: Monitor | None) -> list[Chart]:
    """Each chart of the first replica until the move, of the second from then on."""
    count = sum(at <= MOVED_S for at in before.times)
    charts = []
    for one, other in zip(before.charts, after.charts, strict=True):
        values = [*one.values[:count], *other.values[count:]]
        beside = compare.chart(one.title).values if compare else ()
        charts.append(replace(one, values=values, compare=beside))
    return charts


@lru_cache(maxsize=2)
def _monitor(mended: bool) -> Monitor:
    def shown(result: Result, replica: int) -> Monitor:
        return monitor_of(
            result, charts=_CHARTS, from_s=0.0, until_s=_UNTIL_S, window_s=_EVERY_S, replica=replica, log=not mended
        )

    before, after = (shown(moved_run(), replica) for replica in (0, 1))
    compare = shown(stayed_run(), 0) if mended else None
    log = [line for line in before.log if line.at_s <= MOVED_S] + [line for line in after.log if line.at_s > MOVED_S]
    log = [replace(line, text=line.text.replace("Engine 001", "Engine 000")) for line in log][::3]
    log = sorted([*log, LogLine(MOVED_S - _READY_S, _READY)], key=lambda line: line.at_s)
    return replace(
        before,
        charts=_spliced(before, after, compare),
        log=() if mended else log,
        alerts=() if mended else (_ALERT,),
        finding=_finding(mended),
        compare="on the old node",
    )


def _finding(mended: bool) -> str:
    early, late = _mean_gap(0), _mean_gap(1)
    rates = [_rate("vllm:generation_tokens", which) for which in (0, 1)]
    done = [_rate("vllm:request_success", which) for which in (0, 1)]
    told = (
        f"Until 09:05 some {rates[0]:.0f} tokens a second are written, after that {rates[1]:.0f}; {done[0]:.2f} requests a second finish, then {done[1]:.2f}. "
        f"The time between tokens rises from {1000 * early:.3g} to {1000 * late:.3g} ms, "
        f"the first token from {_mean_first(0):.2g} to {_mean_first(1):.2g} s, and more requests run at a time."
    )
    return told + (" On the old node nothing changes at 09:05." if mended else "")


def _told(which: int) -> tuple[Telemetry, float, float]:
    begin = _begin_s()
    after, until = ((0.0, MOVED_S), (MOVED_S, _UNTIL_S))[which]
    return Telemetry(moved_run(), which), begin + after, begin + until


def _mean(name: str, which: int) -> float:
    told, after, until = _told(which)
    return float(told.histograms[name].values(after, until).mean())


def _mean_gap(which: int) -> float:
    return _mean("vllm:inter_token_latency_seconds", which)


def _mean_first(which: int) -> float:
    return _mean("vllm:time_to_first_token_seconds", which)


def _rate(name: str, which: int) -> float:
    told, after, until = _told(which)
    return float(told.counters[name].values(after, until).sum()) / (until - after)


def incident_moved(lab: Lab) -> Monitor:
    """The morning as the dashboard of the service shows it."""
    return _monitor(False)


def incident_moved_back(lab: Lab) -> Monitor:
    """The same, and beside it the morning on the old node."""
    return _monitor(True)


def written_before_move(lab: Lab) -> Quantity:
    """Tokens written a second until the move."""
    return Quantity(_rate("vllm:generation_tokens", 0), "tok/s", digits=2)


def written_after_move(lab: Lab) -> Quantity:
    return Quantity(_rate("vllm:generation_tokens", 1), "tok/s", digits=2)


def finished_before_move(lab: Lab) -> Quantity:
    """Requests finished a second until the move."""
    return Quantity(_rate("vllm:request_success", 0), "requests/s", digits=2)


def finished_after_move(lab: Lab) -> Quantity:
    return Quantity(_rate("vllm:request_success", 1), "requests/s", digits=2)


def old_cards(lab: Lab) -> str:
    """The cards of the service."""
    return load_gpu(_USUAL).title


def new_cards(lab: Lab) -> str:
    """The cards on which the rollout put it."""
    return load_gpu(_SLOWER).title


def _answer(which: int) -> float:
    return _rate("vllm:generation_tokens", which) / _rate("vllm:request_success", which)


def answer_before_move(lab: Lab) -> Quantity:
    """Tokens a second over requests finished a second, until the move."""
    return Quantity(_answer(0), "tokens")


def answer_after_move(lab: Lab) -> Quantity:
    return Quantity(_answer(1), "tokens")


def gap_before_move(lab: Lab) -> Quantity:
    """Mean time between tokens until the move."""
    return Quantity(_mean_gap(0), "s")


def gap_after_move(lab: Lab) -> Quantity:
    return Quantity(_mean_gap(1), "s")


def first_before_move(lab: Lab) -> Quantity:
    """Mean time to the first token until the move."""
    return Quantity(_mean_first(0), "s", digits=2)


def first_after_move(lab: Lab) -> Quantity:
    return Quantity(_mean_first(1), "s", digits=2)


def gap_grew(lab: Lab) -> Quantity:
    """By how much the mean time between tokens grew."""
    return Quantity(_mean_gap(1) - _mean_gap(0), "s", digits=2)


def first_grew(lab: Lab) -> Quantity:
    """By how much the mean time to the first token grew."""
    return Quantity(_mean_first(1) - _mean_first(0), "s", digits=2)


# --- claims


def move_leaves_the_counters(lab: Lab) -> bool:
    """Tokens and requests a second stay within 15 %, tokens of an answer within 3 %; the time between tokens and that to the first
    one more than double. The first token grows by more than ten steps do: a CPU that comes late to each step would not do that.
    """
    written = float(written_after_move(lab)) / float(written_before_move(lab))
    finished = float(finished_after_move(lab)) / float(finished_before_move(lab))
    counted = abs(written - 1) < 0.15 and abs(finished - 1) < 0.15 and abs(_answer(1) / _answer(0) - 1) < 0.03
    slower = _mean_gap(1) > 2 * _mean_gap(0) and _mean_first(1) > 2 * _mean_first(0)
    return counted and slower and float(first_grew(lab)) > 10 * float(gap_grew(lab))
