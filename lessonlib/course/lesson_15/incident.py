"""The incident: drafts make a morning faster, and at noon requests wait though no step is slower than it should be; then fewer drafts.

One replica, agents who send their next request as soon as they have an answer: a closed loop that grows at noon. The lab is the
learner's own if its model keeps a recurrent state, else the default one: there every draft takes pages of its own.
"""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.checking import CHANCE, DRAFTS, pages_of_a_request, seats, tokens_of_a_step
from lessonlib.course.lesson_15.served import ANSWER, PROMPT, speculation_of
from lessonlib.course.shared.hybrid import hybrid_of
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import Monitor
from lessonlib.roofline import Lab, System
from lessonlib.serving import LogNormal, Poisson, Request, Result, Scheduler, Trace, Workload, simulate

#: drafts of the mend
FEWER = 1
#: agents of the morning as a share of the seats with drafts; seconds between scrapes, scrapes, after how many noon begins
_MORNING, EVERY_S, SCRAPES, BEFORE = 0.6, 10.0, 18, 6
#: seconds in which the agents of the morning, and those of noon, begin; requests of each
_STARTS_S, _TURNS = 8.0, 20
_TOKENS = PROMPT + ANSWER


def _system(lab: Lab) -> System:
    return hybrid_of(lab).system


def incident_is_of_own(lab: Lab) -> bool:
    return hybrid_of(lab).name == lab.name


def incident_lab(lab: Lab) -> str:
    return hybrid_of(lab).title


def morning_agents(lab: Lab) -> int:
    """Agents before noon: all find room."""
    return max(1, int(_MORNING * seats(_system(lab), DRAFTS, _TOKENS)))


def noon_agents(lab: Lab) -> int:
    """At noon: half way between what finds room with three drafts and with one."""
    return (seats(_system(lab), DRAFTS, _TOKENS) + seats(_system(lab), FEWER, _TOKENS)) // 2


@lru_cache(maxsize=8)
def _requests(morning: int, noon: int) -> Trace:
    drawn = list(Workload(noon * _TURNS, LogNormal(PROMPT, 0.4), LogNormal(ANSWER, 0.5), Poisson(1.0), seed=9))
    turn, late = EVERY_S * BEFORE, noon - morning
    first = [_STARTS_S * place / morning for place in range(morning)]
    first += [turn + _STARTS_S * place / late for place in range(late)]
    sent = [
        Request(
            first[place] if place < noon else 0.0, one.prompt, one.output, follows=place - noon if place >= noon else -1
        )
        for place, one in enumerate(drawn)
    ]
    return Trace(tuple(sent), "agents of a morning and of noon")


@lru_cache(maxsize=16)
def noon_with(system: System, morning: int, noon: int, drafts: int) -> Result:
    """The minutes with so many drafts a step."""
    scheduler = Scheduler(speculation=speculation_of(system, drafts))
    return simulate(system, _requests(morning, noon), scheduler, limit_s=EVERY_S * SCRAPES + 1)


def _run(lab: Lab, drafts: int) -> Result:
    return noon_with(_system(lab), morning_agents(lab), noon_agents(lab), drafts)


_CHARTS = (
    "running",
    "waiting",
    "kv_usage",
    "ttft_mean",
    "itl_mean",
    "generation_tokens",
    "acceptance_length",
    "gpu_busy",
)


@lru_cache(maxsize=16)
def _monitor(lab: Lab, mended: bool) -> Monitor:
    return monitor_of(
        _run(lab, DRAFTS),
        charts=("running", "waiting", "kv_usage", "ttft_mean", "generation_tokens") if mended else _CHARTS,
        from_s=0.0,
        until_s=EVERY_S * SCRAPES,
        window_s=EVERY_S,
        begins="11:59",
        mend=_run(lab, FEWER) if mended else None,
        log=not mended,
        alerts=() if mended else ("Time to first token above 2 s (mean, 1 min)",),
    )


def noon_of_drafts(lab: Lab) -> Monitor:
    """With three drafts."""
    return _monitor(lab, False)


def noon_of_fewer_drafts(lab: Lab) -> Monitor:
    """With one beside it."""
    return _monitor(lab, True)


@lru_cache(maxsize=32)
def _last_minute(lab: Lab, drafts: int) -> dict[str, float]:
    """Means over the last minute's scrapes, by chart."""
    names = ("running", "kv_usage", "ttft_mean", "generation_tokens")
    shown = monitor_of(
        _run(lab, drafts),
        charts=names,
        from_s=EVERY_S * (SCRAPES - 6),
        until_s=EVERY_S * SCRAPES,
        window_s=EVERY_S,
        log=False,
    )
    rows = ([value for value in chart.values if value is not None] for chart in shown.charts)
    return {name: sum(row) / len(row) for name, row in zip(names, rows, strict=True)}


def _late(lab: Lab, drafts: int, chart: str) -> float:
    return _last_minute(lab, drafts)[chart]


def week_running(lab: Lab) -> Quantity:
    """Without drafts, in the last minute of the same noon."""
    return Quantity(_late(lab, 0, "running"), "requests")


def week_first(lab: Lab) -> Quantity:
    return Quantity(_late(lab, 0, "ttft_mean"), "s")


def week_cache(lab: Lab) -> Quantity:
    return Quantity(_late(lab, 0, "kv_usage"), "%", digits=2)


def week_rate(lab: Lab) -> Quantity:
    return Quantity(_late(lab, 0, "generation_tokens"), "tok/s")


def noon_running(lab: Lab) -> Quantity:
    """With three drafts."""
    return Quantity(_late(lab, DRAFTS, "running"), "requests")


def noon_first(lab: Lab) -> Quantity:
    return Quantity(_late(lab, DRAFTS, "ttft_mean"), "s")


def drafted_noon_rate(lab: Lab) -> Quantity:
    return Quantity(_late(lab, DRAFTS, "generation_tokens"), "tok/s")


def fewer_first(lab: Lab) -> Quantity:
    """With one draft."""
    return Quantity(_late(lab, FEWER, "ttft_mean"), "s")


def fewer_rate(lab: Lab) -> Quantity:
    return Quantity(_late(lab, FEWER, "generation_tokens"), "tok/s")


def _per_token(lab: Lab, drafts: int) -> Quantity:
    rows = _run(lab, drafts).requests
    late = rows["tpot_s"][rows["finished_s"] > EVERY_S * (SCRAPES - 6)]
    return Quantity(float(sorted(late)[len(late) // 2]), "s")


def week_per_token(lab: Lab) -> Quantity:
    """Median time per token of the answers that ended in the last minute, without drafts."""
    return _per_token(lab, 0)


def noon_per_token(lab: Lab) -> Quantity:
    """With three."""
    return _per_token(lab, DRAFTS)


def fewer_per_token(lab: Lab) -> Quantity:
    """With one."""
    return _per_token(lab, FEWER)


def usual_request(lab: Lab) -> Quantity:
    """Tokens of a request with its answer, on average."""
    return Quantity(_TOKENS, "tokens", digits=4)


def pages_by_drafts(lab: Lab) -> list[Quantity]:
    """Pages that such a request holds with none, with one and with three drafts."""
    return [Quantity(pages_of_a_request(_system(lab), drafts, _TOKENS)[0], "pages") for drafts in (0, FEWER, DRAFTS)]


def seats_by_drafts(lab: Lab) -> list[Quantity]:
    """Such requests that have room with none, one and three drafts."""
    return [Quantity(seats(_system(lab), drafts, _TOKENS), "requests") for drafts in (0, FEWER, DRAFTS)]


def fewer_tokens(lab: Lab) -> Quantity:
    """Tokens of a step with one draft."""
    return Quantity(tokens_of_a_step(CHANCE, FEWER), "tokens")


def states_take_the_seats(lab: Lab) -> bool:
    """With three drafts a queue and a full cache, though tokens come sooner and about as many a second as without; with one, no queue and
    more of them.
    """
    first = [float(each(lab)) for each in (week_first, noon_first, fewer_first)]
    rate = [float(each(lab)) for each in (week_rate, drafted_noon_rate, fewer_rate)]
    each = [float(one(lab)) for one in (week_per_token, noon_per_token)]
    room = [float(one) for one in seats_by_drafts(lab)]
    return (
        first[1] > 5 * first[0]
        and first[2] < 2 * first[0]
        and 0.88 < rate[1] / rate[0] < 1.12
        and rate[2] > 1.02 * max(rate[:2])
        and each[1] < 0.9 * each[0]
        and room[2] < 0.6 * room[0]
        and float(week_cache(lab)) < 80
        and _late(lab, DRAFTS, "kv_usage") > 97
    )
