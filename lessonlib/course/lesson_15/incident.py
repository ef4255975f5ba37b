"""The incident: drafts make a morning faster, and at noon requests wait though no step is slower than it should be; then fewer drafts.

One replica, agents who send their next request as soon as they have an answer: a closed loop that grows at noon. The lab is the
learner's own if its model keeps a recurrent state (there every draft takes pages of its own), else the default one.
"""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.checking import DRAFTS, gain, pages_of_a_request, seats
from lessonlib.course.lesson_15.served import ANSWER, PROMPT, speculation_of
from lessonlib.course.shared.hybrid import hybrid_of
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import Monitor
from lessonlib.roofline import Lab, System, load_lab
from lessonlib.serving import LogNormal, Poisson, Request, Result, Scheduler, Trace, Workload, simulate

#: drafts of the mend
FEWER = 1
#: agents of the morning as a share of the seats with drafts; seconds between scrapes, scrapes, after how many noon begins
_MORNING, EVERY_S, SCRAPES, BEFORE = 0.6, 10.0, 18, 6
#: seconds in which the agents of the morning, and those of noon, begin; seconds before the first scrape, in which the server fills;
#: requests of each
_STARTS_S, _LEAD_S, _TURNS = 8.0, 20.0, 22
_TOKENS = PROMPT + ANSWER
#: seconds after the first request at which the last scrape is taken
_END_S = _LEAD_S + EVERY_S * SCRAPES


def _agents(system: System) -> tuple[int, int]:
    """In the morning, when all find room, and at noon: half way between what finds room with three drafts and with one."""
    room = [seats(system, drafts, _TOKENS) for drafts in (DRAFTS, FEWER)]
    morning = max(1, int(_MORNING * room[0]))
    return morning, max(morning + 1, sum(room) // 2)


@lru_cache(maxsize=8)
def _requests(morning: int, noon: int) -> Trace:
    drawn = list(Workload(noon * _TURNS, LogNormal(PROMPT, 0.4), LogNormal(ANSWER, 0.5), Poisson(1.0), seed=9))
    turn, late = _LEAD_S + EVERY_S * BEFORE, noon - morning
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
    return simulate(system, _requests(morning, noon), scheduler, limit_s=_END_S + 1)


def _run(system: System, drafts: int) -> Result:
    return noon_with(system, *_agents(system), drafts)


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


@lru_cache(maxsize=32)
def _last_minute(system: System, drafts: int) -> dict[str, float]:
    """Means over the last minute's scrapes, by chart; and the median time per token of the answers that ended in it."""
    names, begin = ("running", "kv_usage", "ttft_mean", "generation_tokens"), _END_S - 6 * EVERY_S
    run = _run(system, drafts)
    shown = monitor_of(run, charts=names, from_s=begin, until_s=_END_S, window_s=EVERY_S, log=False)
    rows = ([value for value in chart.values if value is not None] for chart in shown.charts)
    found = {name: sum(row) / len(row) for name, row in zip(names, rows, strict=True)}
    each = sorted(run.requests["tpot_s"][run.requests["finished_s"] > begin])
    return found | {"per_token": float(each[len(each) // 2])}


def _as_told(system: System) -> bool:
    """With three drafts a queue and a full cache, though tokens come sooner and about as many a second as without; with one, no queue and
    more of them.
    """
    plain, drafted, fewer = (_last_minute(system, drafts) for drafts in (0, DRAFTS, FEWER))
    waits = drafted["ttft_mean"] > 5 * plain["ttft_mean"] and fewer["ttft_mean"] < 2 * plain["ttft_mean"]
    rates = [each["generation_tokens"] for each in (plain, drafted, fewer)]
    pays = 0.88 < rates[1] / rates[0] < 1.12 and rates[2] > 1.02 * max(rates[:2])
    sooner = drafted["per_token"] < 0.9 * plain["per_token"]
    room = seats(system, DRAFTS, _TOKENS) < 0.6 * seats(system, 0, _TOKENS)
    noon = _agents(system)[1]
    room = room and seats(system, FEWER + 1, _TOKENS) < noon <= seats(system, FEWER, _TOKENS)
    gains = gain(system, noon, FEWER) > 1.02 and fewer["per_token"] < plain["per_token"]
    return waits and pays and sooner and room and gains and plain["kv_usage"] < 80 and drafted["kv_usage"] > 97


@lru_cache(maxsize=64)
def _example(lab: Lab) -> Lab:
    """The learner's own lab if its model keeps a state and the noon comes out as the words tell it, else the default one."""
    own = hybrid_of(lab)
    return own if _as_told(own.system) else load_lab()


def _system(lab: Lab) -> System:
    return _example(lab).system


def incident_is_of_own(lab: Lab) -> bool:
    return _example(lab).name == lab.name


def incident_lab(lab: Lab) -> str:
    return _example(lab).title


def morning_agents(lab: Lab) -> int:
    return _agents(_system(lab))[0]


def noon_agents(lab: Lab) -> int:
    return _agents(_system(lab))[1]


def _late(lab: Lab, drafts: int, name: str) -> float:
    return _last_minute(_system(lab), drafts)[name]


@lru_cache(maxsize=16)
def _monitor(lab: Lab, mended: bool) -> Monitor:
    return monitor_of(
        _run(_system(lab), DRAFTS),
        charts=("running", "waiting", "kv_usage", "ttft_mean", "generation_tokens") if mended else _CHARTS,
        from_s=_LEAD_S,
        until_s=_END_S,
        window_s=EVERY_S,
        begins="11:58:40",
        mend=_run(_system(lab), FEWER) if mended else None,
        log=not mended,
        alerts=() if mended else ("Time to first token above 2 s (mean, 1 min)",),
    )


def noon_of_drafts(lab: Lab) -> Monitor:
    """With three drafts."""
    return _monitor(lab, False)


def noon_of_fewer_drafts(lab: Lab) -> Monitor:
    """With one beside it."""
    return _monitor(lab, True)


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
    """With three drafts, in the last minute."""
    return Quantity(_late(lab, DRAFTS, "running"), "requests")


def noon_use(lab: Lab) -> Quantity:
    """Share of the cache in use then."""
    return Quantity(_late(lab, DRAFTS, "kv_usage"), "%", digits=3)


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
    return Quantity(_late(lab, drafts, "per_token"), "s")


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
    """Pages that such a request holds with none, one, two and three drafts."""
    return [Quantity(pages_of_a_request(_system(lab), drafts, _TOKENS)[0], "pages") for drafts in range(DRAFTS + 1)]


def pages_without_drafts(lab: Lab) -> Quantity:
    return pages_by_drafts(lab)[0]


def pages_with_drafts(lab: Lab) -> Quantity:
    """Pages that such a request holds with three drafts."""
    return pages_by_drafts(lab)[DRAFTS]


def seats_by_drafts(lab: Lab) -> list[Quantity]:
    """Such requests that have room with none, one, two and three drafts."""
    return [Quantity(seats(_system(lab), drafts, _TOKENS), "requests") for drafts in range(DRAFTS + 1)]


def fewer_gain(lab: Lab) -> Quantity:
    """With one draft, tokens a second of the last minute over those without."""
    return Quantity(_late(lab, FEWER, "generation_tokens") / _late(lab, 0, "generation_tokens"), "x")


def fewer_step_gain(lab: Lab) -> Quantity:
    """What one draft gains in steps of as many requests that read no prompts."""
    return Quantity(gain(_system(lab), noon_agents(lab), FEWER), "x")


def pages_a_draft(lab: Lab) -> Quantity:
    """Pages that each draft adds."""
    pages = pages_by_drafts(lab)
    return Quantity((float(pages[DRAFTS]) - float(pages[0])) / DRAFTS, "pages")


def states_take_the_seats(lab: Lab) -> bool:
    """The noon is as the words tell it."""
    return _as_told(_system(lab))
