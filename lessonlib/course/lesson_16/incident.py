"""The incident: from 10:03 on first tokens of one replica take twice as long; and the same minutes with the cause away.

One card of the pair runs its arithmetic at half its clock, its memory as fast as before (NVML's slowdown by the hardware halves the
core clock or more). In tensor parallelism every step waits for the slower one, so the pair is as fast as two such cards. The run
changes from the sound pair to the slow one at one moment; what was under way then is read again.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_16.pair import (
    model_in_bits,
    on_gpus,
    pair_lab,
    payload,
    prompt_seconds,
    token_seconds,
)
from lessonlib.course.shared.lab_numbers import is_mixture
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import Chart, Monitor
from lessonlib.roofline import Lab, System, load_lab
from lessonlib.serving import Failure, Fleet, Kind, LogNormal, Poisson, Result, Scheduler, Telemetry, Workload, simulate

#: share of the clock that is left to one card
CLOCK = 0.5
#: seconds after which it falls, the stretch that is shown, one scrape in so many
FALLS_S, UNTIL_S, EVERY_S = 180.0, 480.0, 20.0
#: mean tokens of prompts and answers, and the share of the time that reading takes on the sound pair
_READ, _WRITTEN, _READING = 4096, 150, 0.35
#: draws that bring about as many requests and prompt tokens a second after the change as before
_SEED = 140
_LONG_S = 100_000.0
#: the first scrape that is counted as after the change, of those behind it, and what the clock says at it
_SETTLED, _AFTER = 2, "10:04"
_CHARTS = ("finished", "prompt_tokens", "running", "gpu_busy", "ttft_mean", "ttft_p99")
_LINK = "NVLink, sent by a card"
_GAP = "Time between tokens, p50"
_FIRST = "Time to first token, mean"
_FINISHED = "Requests finished"


def slowed(system: System) -> System:
    """Both cards as fast as the slower one."""
    flops = {name: CLOCK * rate for name, rate in system.gpu.flops.items()}
    return replace(system, gpu=replace(system.gpu, flops=flops))


@lru_cache(maxsize=64)
def on_call_lab(lab: Lab) -> Lab:
    """The lab of the pair if its model is dense (a mixture's steps grow longer with the crowd that a slow card lets in), else the default."""
    taken = pair_lab(lab)
    return load_lab() if is_mixture(taken) else taken


def on_call_is_own(lab: Lab) -> bool:
    return on_call_lab(lab).name == lab.name


def on_call_example(lab: Lab) -> str:
    """Such as "Qwen3.5-27B on two H100 SXM"."""
    taken = on_call_lab(lab)
    return f"{model_in_bits(taken)} on two {taken.system.gpu.title}"


def _sound(lab: Lab) -> System:
    return on_gpus(on_call_lab(lab), 2)


@lru_cache(maxsize=32)
def _work(lab: Lab) -> Workload:
    rate = _READING / prompt_seconds(_sound(lab), _READ)
    return Workload(
        int(rate * UNTIL_S) + 20, LogNormal(_READ, 0.3), LogNormal(_WRITTEN, 0.5), Poisson(rate), seed=_SEED
    )


@lru_cache(maxsize=16)
def slowed_run(lab: Lab) -> Result:
    """The sound pair until the clock falls, number 0; the slow one from then on, number 1."""
    begin = _begin_s(lab) + FALLS_S
    fleet = Fleet(
        kinds=(Kind(slowed(_sound(lab))),),
        failures=(Failure(1, 0.0, begin), Failure(0, begin, _LONG_S)),
    )
    return simulate(_sound(lab), _work(lab), Scheduler(prefix_caching=False), fleet)


@lru_cache(maxsize=16)
def sound_run(lab: Lab) -> Result:
    """The same requests on the sound pair all the time."""
    return simulate(_sound(lab), _work(lab), Scheduler(prefix_caching=False))


def _begin_s(lab: Lab) -> float:
    return float(next(iter(_work(lab))).arrival_s)


# --- what the monitoring shows


def _edges() -> list[float]:
    return [EVERY_S * turn for turn in range(int(UNTIL_S / EVERY_S) + 1)]


def _sent(lab: Lab, result: Result, replica: int) -> list[float]:
    """Bytes a second that one card sends over NVLink: every token that is computed, read or written, crosses once a message."""
    steps, edges = result.step_columns(replica), _begin_s(lab) + np.array(_edges())
    ends = steps["start_s"] + steps["seconds"]
    sent = payload(on_call_lab(lab)) * 2 * _sound(lab).model.layer_count * (steps["decoding"] + steps["prefill_tokens"])
    return [float(value) / EVERY_S for value in np.histogram(ends, edges, weights=sent)[0]]


def _gaps(lab: Lab, result: Result, replica: int) -> list[float | None]:
    """Median time between tokens of each window, as the engine's own samples have it."""
    told, begin, edges = Telemetry(result, replica), _begin_s(lab), _edges()
    seen = told.histograms["vllm:inter_token_latency_seconds"]
    found = [seen.values(begin + edges[turn], begin + edges[turn + 1]) for turn in range(len(edges) - 1)]
    return [float(np.median(values)) if len(values) else None for values in found]


def _view(lab: Lab, result: Result, replica: int, log: bool) -> Monitor:
    shown = monitor_of(
        result,
        charts=_CHARTS,
        from_s=0.0,
        until_s=UNTIL_S,
        window_s=EVERY_S,
        begins="10:00",
        replica=replica,
        log=log,
    )
    own = [
        Chart(
            _GAP,
            "histogram_quantile(0.5, rate(vllm:inter_token_latency_seconds_bucket[20s]))",
            _gaps(lab, result, replica),
            "s",
        ),
        Chart(_LINK, "DCGM_FI_PROF_NVLINK_TX_BYTES", _sent(lab, result, replica), "B/s"),
    ]
    return replace(shown, charts=[*shown.charts, *own])


@lru_cache(maxsize=32)
def _monitor(lab: Lab, mended: bool) -> Monitor:
    taken = on_call_lab(lab)
    before, after = (_view(taken, slowed_run(taken), replica, not mended) for replica in (0, 1))
    whole = _view(taken, sound_run(taken), 0, False) if mended else None
    early = sum(at <= FALLS_S for at in before.times)
    charts = [
        replace(
            one,
            values=[*one.values[:early], *other.values[early:]],
            compare=whole.chart(one.title).values if whole else (),
        )
        for one, other in zip(before.charts, after.charts, strict=True)
    ]
    log = [line for line in before.log if line.at_s <= FALLS_S] + [line for line in after.log if line.at_s > FALLS_S]
    return replace(
        before,
        charts=charts,
        log=() if mended else [replace(line, text=line.text.replace("Engine 001", "Engine 000")) for line in log][::3],
        alerts=() if mended else ("Time to first token, p99, above its limit (page)",),
        finding=_finding(charts, early, mended),
        compare="on a healthy pair",
    )


def _mean(values: list[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known)


def _around(charts: list[Chart], title: str, early: int) -> tuple[float, float]:
    """Mean of a chart over the scrapes before the change, and over those from a minute after it on."""
    before, after = _scrapes(charts, title, early)
    return _mean(before), _mean(after)


def _scrapes(charts: list[Chart], title: str, early: int) -> tuple[list[float | None], list[float | None]]:
    """Values of a chart at the scrapes before the change, and from a minute after it on: what was under way has been read by then."""
    values = list(next(one.values for one in charts if one.title == title))
    return values[:early], values[early + _SETTLED :]


def _ends(values: list[float | None]) -> str:
    """The lowest and the highest of some scrapes."""
    known = [value for value in values if value is not None]
    return f"{Quantity(min(known), 's')} to {Quantity(max(known), 's')}"


def _finding(charts: list[Chart], early: int, mended: bool) -> str:
    first, gap, sent = (_around(charts, title, early) for title in (_FIRST, _GAP, _LINK))
    before, after = (_ends(values) for values in _scrapes(charts, _FIRST, early))
    told = (
        f"Means of the scrapes until 10:03, and of those from {_AFTER} on: first tokens take {Quantity(first[0], 's')} (single scrapes: {before}), "
        f"then {Quantity(first[1], 's')} ({after}). The median gap is {Quantity(gap[0], 's')}, then {Quantity(gap[1], 's')}; "
        f"a card sends {Quantity(sent[0], 'B/s')}, then {Quantity(sent[1], 'B/s')}."
    )
    return told + (" On a healthy pair nothing changes at 10:03." if mended else "")


def slow_card_morning(lab: Lab) -> Monitor:
    """Eight minutes of one replica as the dashboard shows them."""
    return _monitor(lab, False)


def sound_morning(lab: Lab) -> Monitor:
    """The same, and beside them the same requests on a sound pair."""
    return _monitor(lab, True)


def _early() -> int:
    return int(FALLS_S / EVERY_S)


def _pair(lab: Lab, title: str) -> tuple[float, float]:
    return _around(list(slow_card_morning(lab).charts), title, _early())


def first_before(lab: Lab) -> Quantity:
    """Time to first token, mean of the scrapes until 10:03."""
    return Quantity(_pair(lab, _FIRST)[0], "s")


def first_after(lab: Lab) -> Quantity:
    """The same from a minute later on."""
    return Quantity(_pair(lab, _FIRST)[1], "s")


def gap_before(lab: Lab) -> Quantity:
    """Median time between tokens until 10:03."""
    return Quantity(_pair(lab, _GAP)[0], "s")


def gap_after(lab: Lab) -> Quantity:
    return Quantity(_pair(lab, _GAP)[1], "s")


def sent_before(lab: Lab) -> Quantity:
    """Bytes a second that a card sent over NVLink until 10:03."""
    return Quantity(_pair(lab, _LINK)[0], "B/s")


def sent_after(lab: Lab) -> Quantity:
    return Quantity(_pair(lab, _LINK)[1], "B/s")


def finished_before(lab: Lab) -> Quantity:
    """Requests that finished a second until 10:03."""
    return Quantity(_pair(lab, _FINISHED)[0], "req/s", digits=2)


def finished_after(lab: Lab) -> Quantity:
    return Quantity(_pair(lab, _FINISHED)[1], "req/s", digits=2)


def slow_token(lab: Lab) -> Quantity:
    """One decode step of one request on the slow pair."""
    return Quantity(token_seconds(slowed(_sound(lab))), "s")


def slow_prompt(lab: Lab) -> Quantity:
    """Reading a prompt on it."""
    return Quantity(prompt_seconds(slowed(_sound(lab))), "s")


def clock_left(lab: Lab) -> Quantity:
    return Quantity(100 * CLOCK, "%")


def slow_card_explains(lab: Lab) -> bool:
    """First tokens take half as long again or more, while the gap, what crosses the link and what finishes hardly move."""
    first, gap, sent, done = (_pair(lab, title) for title in (_FIRST, _GAP, _LINK, _FINISHED))
    still = gap[1] / gap[0] < 1.25 and all(0.95 < after / before < 1.05 for before, after in (sent, done))
    return first[1] > 1.5 * first[0] and still


def sound_prompt(lab: Lab) -> Quantity:
    """Reading a prompt on the sound pair."""
    return Quantity(prompt_seconds(_sound(lab)), "s")
