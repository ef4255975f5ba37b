"""A jump of traffic at 13:40: with an autoscaler on requests in flight, and with three replicas that are always there.

Rates are those of the lab: half of what a replica carries before, 2.6 times as much after. A start takes five minutes.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_19.service import SCHEDULER, carried, in_flight_between, requests_of, room
from lessonlib.course.shared.run_fleet import fleet_view_of
from lessonlib.draw.fleet_view import FleetView
from lessonlib.draw.monitor import clock
from lessonlib.roofline import Lab, System
from lessonlib.serving import Autoscaler, Fleet, Poisson, Ramp, Result, simulate

BEGINS, END_S, RISES_S = "13:40", 1440.0, 60.0
#: requests a second, as multiples of what a replica carries
BEFORE, AFTER = 0.5, 2.6
NEEDED, MOST, START_S, WINDOW_S, LOOK_S = 3, 8, 300.0, 60.0, 15.0
#: seconds within which a first token is in time; share of a cache's room that is the target
IN_TIME_S, TARGET = 10.0, 0.9
_STEADY_S, _CALM_S, _SETTLED_S = 330.0, 210.0, 90.0
#: windows of two minutes, seconds after 13:40: in the first outage, in the calm behind it, and those in which a second may come
_FIRST_S, _CALM_AT_S, _LATER_S, _WINDOW_S = 240.0, 600.0, (720.0, 840.0, 960.0, 1080.0, 1200.0), 120.0


def target_in_flight(system: System) -> float:
    """Requests in flight a replica that the autoscaler aims at."""
    return float(max(1, round(TARGET * room(system))))


def scaler_of(system: System) -> Autoscaler:
    return Autoscaler("in-flight", target_in_flight(system), 1, MOST, LOOK_S, START_S, WINDOW_S)


@lru_cache(maxsize=16)
def scaled(system: System) -> Result:
    """From 13:40 on, with the autoscaler."""
    first, last = BEFORE * carried(system), AFTER * carried(system)
    count = int(1.15 * last * END_S)
    fleet = Fleet(1, autoscaler=scaler_of(system))
    return simulate(system, requests_of(count, Ramp(first, last, RISES_S)), SCHEDULER, fleet, limit_s=END_S)


@lru_cache(maxsize=32)
def steady(system: System, replicas: int) -> Result:
    """The traffic after the jump, with so many replicas that are there from the start."""
    rate, seconds = AFTER * carried(system), _STEADY_S if replicas == NEEDED else _CALM_S
    return simulate(system, requests_of(int(rate * seconds), Poisson(rate)), SCHEDULER, Fleet(replicas))


def in_time(run: Result, until_s: float = np.inf) -> float:
    """Share of the requests that came until then whose first token was there within the limit."""
    came = run.requests["arrival_s"] <= until_s
    return float((run.requests["ttft_s"][came] <= IN_TIME_S).mean())


@lru_cache(maxsize=32)
def held_by(system: System, replicas: int) -> float:
    """Requests in flight in the whole fleet, once it is steady."""
    run = steady(system, replicas)
    return in_flight_between(run, _SETTLED_S, float(run.requests["arrival_s"].max()))


def ready_at(run: Result, at_s: float) -> int:
    """Replicas that take requests at that time."""
    return [count for when, count in run.replicas if when <= at_s][-1]


def first_ready_s(run: Result) -> float:
    """When a second replica takes requests, seconds after the beginning."""
    return next(when for when, count in run.replicas if count > 1)


# --- words -----------------------------------------------------------------------------------------------------------


def rate_before(lab: Lab) -> Quantity:
    """Requests a second before 13:40."""
    return Quantity(BEFORE * carried(lab.system), "requests/s")


def rate_after(lab: Lab) -> Quantity:
    """Requests a second from 13:41 on."""
    return Quantity(AFTER * carried(lab.system), "requests/s")


def start_takes(lab: Lab) -> Quantity:
    """From the decision until a replica takes requests."""
    return Quantity(START_S / 60, "minutes")


def in_time_limit(lab: Lab) -> Quantity:
    return Quantity(IN_TIME_S, "s")


def most_replicas(lab: Lab) -> int:
    return MOST


def in_flight_target(lab: Lab) -> str:
    """As it stands in the manifest."""
    return f"{target_in_flight(lab.system):.0f}"


@lru_cache(maxsize=32)
def _wait_from(system: System, begin_s: float) -> float:
    """Median wait for the first token of those who come in the window."""
    edges = np.array([begin_s, begin_s + _WINDOW_S])
    return float(scaled(system).window_percentiles("ttft_s", edges, 50)[0])


def _windows(system: System) -> tuple[float, float, float]:
    """When the windows of the table begin; the last is the worst of the later ones."""
    return _FIRST_S, _CALM_AT_S, max(_LATER_S, key=lambda begin: _wait_from(system, begin))


def window_clocks(lab: Lab) -> list[str]:
    """When those of the table came."""
    return [clock(BEGINS, begin) for begin in _windows(lab.system)]


def window_waits(lab: Lab) -> list[Quantity]:
    """Median time to the first token of those who came in two minutes from each of the clocks on."""
    return [Quantity(_wait_from(lab.system, begin), "s", digits=2) for begin in _windows(lab.system)]


def _in_seconds(value: Quantity) -> str:
    """So that the waits of a row keep their unit: 0.77 s beside 400 s."""
    return f"{float(f'{float(value):.2g}'):g} s"


def window_seconds(lab: Lab) -> list[str]:
    """The waits of the table, all in seconds."""
    return [_in_seconds(each) for each in window_waits(lab)]


def requests_outside(lab: Lab) -> Quantity:
    """Requests that have come, and for which one replica had no time, when the second one is ready."""
    return Quantity((AFTER - 1) * carried(lab.system) * START_S, "requests", digits=2)


def outside_when_ready(lab: Lab) -> Quantity:
    """In the run: in flight when the second replica takes requests, less what the first has room for."""
    run = scaled(lab.system)
    at = first_ready_s(run)
    came = run.requests["arrival_s"] <= at
    done = np.nan_to_num(run.requests["finished_s"], nan=np.inf) <= at
    return Quantity(float((came & ~done).sum()) - room(lab.system), "requests", digits=2)


def hours_over_fixed(lab: Lab) -> Quantity:
    """GPU time of the autoscaled fleet over that of three replicas, from 13:40 to 14:04, starting replicas included."""
    return Quantity(scaled(lab.system).replica_seconds / (NEEDED * END_S), "x", digits=3)


def hours_if_it_fits(lab: Lab) -> Quantity:
    """As if it ran one replica until three are ready, and then three."""
    return Quantity((START_S + NEEDED * (END_S - START_S)) / (NEEDED * END_S), "x", digits=2)


def in_time_scaled(lab: Lab) -> Quantity:
    """Share in time with the autoscaler."""
    return Quantity(100 * in_time(scaled(lab.system), END_S - IN_TIME_S), "%", digits=2)


def in_time_fixed(lab: Lab) -> Quantity:
    """Share in time with three replicas from the start."""
    return Quantity(100 * in_time(steady(lab.system, NEEDED)), "%")


def most_ready(lab: Lab) -> int:
    return max(count for _, count in scaled(lab.system).replicas)


def fewest_later(lab: Lab) -> int:
    """Fewest replicas that take requests after the most were."""
    counts = [count for _, count in scaled(lab.system).replicas]
    return min(counts[counts.index(max(counts)) :])


def held_by_three(lab: Lab) -> Quantity:
    """Requests in flight in a fleet of three."""
    return Quantity(held_by(lab.system, NEEDED), "requests")


def held_by_eight(lab: Lab) -> Quantity:
    """The same traffic, eight replicas."""
    return Quantity(held_by(lab.system, MOST), "requests")


def held_by_eight_each(lab: Lab) -> Quantity:
    """As if each held as many as one of three."""
    return Quantity(MOST / NEEDED * held_by(lab.system, NEEDED), "requests")


def _stay(lab: Lab, replicas: int) -> Quantity:
    return Quantity(held_by(lab.system, replicas) / (AFTER * carried(lab.system)), "s")


def stay_with_three(lab: Lab) -> Quantity:
    """How long a request is in flight, by Little's law."""
    return _stay(lab, NEEDED)


def stay_with_eight(lab: Lab) -> Quantity:
    return _stay(lab, MOST)


def wanted_when_calm(lab: Lab) -> int:
    """What the autoscaler asks for when eight take requests and nobody waits."""
    return max(1, int(np.ceil(held_by(lab.system, MOST) / target_in_flight(lab.system))))


def fails_again(lab: Lab) -> bool:
    """It starts far more than are needed, wants one when all is calm, goes below what is needed, and users wait a second time."""
    first, calm, again = (float(each) for each in window_waits(lab))
    sizes = most_ready(lab) > 1.8 * NEEDED and fewest_later(lab) < NEEDED and wanted_when_calm(lab) == 1
    return sizes and first > 20 * IN_TIME_S and again > 10 * calm and again > 2 * IN_TIME_S


def scaling_costs_more(lab: Lab) -> bool:
    """More GPU time and far fewer in time than three that are always there."""
    worse = in_time(scaled(lab.system), END_S - IN_TIME_S) < 0.6 < 0.95 < in_time(steady(lab.system, NEEDED))
    return float(hours_over_fixed(lab)) > 1.4 and worse


def in_flight_falls(lab: Lab) -> bool:
    """With eight replicas less than half as many are in flight as with three, for the same traffic."""
    return held_by(lab.system, MOST) < 0.5 * held_by(lab.system, NEEDED)


def backlog_as_computed(lab: Lab) -> bool:
    """The run's queue is what rate, carried and start make of it."""
    return 0.8 < float(outside_when_ready(lab)) / float(requests_outside(lab)) < 1.25


def target_requests(lab: Lab) -> Quantity:
    """What the manifest aims at, a replica."""
    return Quantity(target_in_flight(lab.system), "requests")


@lru_cache(maxsize=16)
def scaled_fleet(lab: Lab) -> FleetView:
    """The run with the autoscaler, by replicas."""
    run = scaled(lab.system)
    ready = [(clock(BEGINS, at), ready_at(run, at)) for at in _windows(lab.system)]
    told = ", ".join(f"{count} at {at}" for at, count in ready)
    return fleet_view_of(
        run,
        until_s=END_S,
        window_s=LOOK_S,
        finding=f"Traffic is the same from 13:41 on (60 s). Replicas that take requests: {told}; median waits for the first token "
        f"from {window_seconds(lab)[0]} down to {window_seconds(lab)[1]} and up again to {window_seconds(lab)[2]}.",
    )


def scale_window(lab: Lab) -> int:
    """Seconds of the manifest's window for scaling down."""
    return round(WINDOW_S)


def zero_hours(lab: Lab) -> Quantity:
    """GPU time paid with a floor of zero and one request in twenty minutes: a start and a cool-down of five minutes for each."""
    return Quantity(100 * (START_S + 300.0) / 1200.0, "%", digits=2)


def first_outage(lab: Lab) -> Quantity:
    """Median wait of those who come at the first clock of the table."""
    return window_waits(lab)[0]


def second_outage(lab: Lab) -> Quantity:
    """At the last."""
    return window_waits(lab)[-1]


def asked_and_ready(lab: Lab) -> str:
    """How many it asks for, and how many of them take requests before it asks for fewer."""
    asked, ready = most_asked(lab), most_ready(lab)
    if asked > ready:
        return f"up to {asked}. {ready} become ready; then it asks for fewer, and the pods that still start are deleted"
    return f"up to {asked}, and {ready} become ready"


def most_asked(lab: Lab) -> int:
    """The most replicas that it asks for."""
    return max(count for _, count in scaled_fleet(lab).desired)
