"""Numbers of the page: the clinic, which is worked out. The same on every lab, but for "your lab"."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.checkpoint_3.card import (
    BEFORE_S,
    BESIDE,
    BURST,
    FOUND,
    FOUND_WITH_ROOM,
    LONGEST,
    MARGIN,
    MOST_LOAD,
    READERS_BUDGET,
    ROOMY,
    SLOW_RISE,
    Idle,
    by_card,
    forecast,
    idle,
    keeps,
)
from lessonlib.course.checkpoint_3.exam import fleet_limits, fleet_tests, fleet_traffic
from lessonlib.course.checkpoint_3.fleets import FleetLab, Offer, fleet_pool, worked_fleet
from lessonlib.course.checkpoint_3.judge import FALLS, KEPT, Run, run
from lessonlib.course.checkpoint_3.lines import MOST_REPLICAS, Plan
from lessonlib.course.checkpoint_3.outcome import good_share
from lessonlib.course.checkpoint_3.planner import plan_line
from lessonlib.course.checkpoint_3.search import AS_GOOD, best_of
from lessonlib.roofline import Lab, decode, prefill

#: Replicas of the curve.
COUNTS = (2, 3, 4, 5, 8)
BUDGET = 512
#: Another one.
WIDE = 2048
#: The limit of the gap that somebody asks for, seconds.
TIGHT_S = 0.02
#: What a rule of thumb fills of each replica.
THUMB = 0.8
#: Tokens of an answer, and requests of the two steps, on the learner's own lab.
ANSWER, FEW, MANY = 200, 32, 128
#: The limit of the gap on the learner's own lab, times the fixed part of a step.
OWN_LIMIT = 2.0


def _small() -> Offer:
    return worked_fleet().offers[0]


def _large() -> Offer:
    return worked_fleet().offers[1]


def _idle(offer: Offer | None = None) -> Idle:
    return idle(worked_fleet(), offer or _small())


def _plan(replicas: int, offer: Offer | None = None, router: str = "prefix-aware") -> Plan:
    return Plan(offer or _small(), replicas, router, BUDGET)


def _cold(replicas: int) -> Plan:
    """Nothing kept, and whoever has fewest gets the next."""
    return replace(_plan(replicas, router="least-requests"), caching=False)


def _goodput(plan: Plan, fleet: FleetLab | None = None) -> Quantity:
    found = run(fleet or worked_fleet(), plan)
    return Quantity(max(found.good, 1) / found.requests * worked_fleet().rate, "requests/s")


def _work(unread: float, offer: Offer | None = None) -> float:
    """Seconds of work that come with each second, over all replicas."""
    tests, fleet = _idle(offer), worked_fleet()
    return fleet.rate * (tests.beside_s[0] * unread + fleet.answers[0] * tests.each_s)


def _free(limit_s: float, offer: Offer | None = None) -> float:
    """Share of a second that may be taken while the mean gap is what is planned for: a part of the limit."""
    return 1 - _idle(offer).first_s / (MARGIN * limit_s)


def _unread() -> float:
    """Where the replicas together have room for all beginnings."""
    return 1 - FOUND * worked_fleet().shared / worked_fleet().prompts[0]


def clinic_rate(lab: Lab) -> Quantity:
    return Quantity(worked_fleet().rate, "requests/s", digits=2)


def clinic_reading(lab: Lab) -> Quantity:
    """Seconds that a mean prompt adds beside answers in the smaller replica."""
    return Quantity(_idle().beside_s[0], "s")


def clinic_own_part(lab: Lab) -> Quantity:
    """Seconds that a mean answer adds to the steps that it is in."""
    return Quantity(worked_fleet().answers[0] * _idle().each_s, "s", digits=2)


def clinic_fixed(lab: Lab) -> Quantity:
    """The fixed part of a step of the smaller replica."""
    return Quantity(_idle().first_s, "s")


def clinic_limit(lab: Lab) -> Quantity:
    """The limit of the gap."""
    return Quantity(worked_fleet().tpot_s, "s")


def clinic_planned(lab: Lab) -> Quantity:
    """The mean gap that is planned for."""
    return Quantity(MARGIN * worked_fleet().tpot_s, "s")


def clinic_before_rounding(lab: Lab) -> list[str]:
    """Replicas before they are rounded up: with the limit itself, and with what is planned for."""
    bare = 1 - _idle().first_s / worked_fleet().tpot_s
    return [f"{_work(1.0) / free:.2f}" for free in (bare, _free(worked_fleet().tpot_s))]


def clinic_title(lab: Lab) -> str:
    return worked_fleet().title


def clinic_traffic(lab: Lab) -> str:
    """What comes to it."""
    return fleet_traffic(worked_fleet())


def clinic_limits(lab: Lab) -> str:
    """Its limits."""
    return fleet_limits(worked_fleet())


def clinic_tests(lab: Lab) -> str:
    """Short tests of its replicas."""
    return fleet_tests(worked_fleet())


def clinic_work(lab: Lab) -> Quantity:
    """Seconds of work that come with each second, if nothing is found."""
    return Quantity(_work(1.0), "s")


def clinic_may_be_taken(lab: Lab) -> Quantity:
    """Share of a second that may be taken."""
    return Quantity(100 * _free(worked_fleet().tpot_s), "%", digits=2)


def _needed(unread: float) -> int:
    return math.ceil(_work(unread) / _free(worked_fleet().tpot_s))


def clinic_needed(lab: Lab) -> Quantity:
    """Replicas whose mean gap keeps the limit, if nothing is found."""
    return Quantity(_needed(1.0), "replicas", digits=2)


def clinic_full(lab: Lab) -> Quantity:
    """As if a replica could be full: the work, rounded up."""
    return Quantity(math.ceil(_work(1.0)), "replicas", digits=2)


def clinic_by_thumb(lab: Lab) -> Quantity:
    """As if each might be taken for four fifths."""
    return Quantity(math.ceil(_work(1.0) / THUMB), "replicas", digits=2)


def clinic_cold_good(lab: Lab) -> Quantity:
    """Requests a second that are good with so many, nothing kept."""
    return _goodput(_cold(_needed(1.0)))


def clinic_full_good(lab: Lab) -> Quantity:
    """The same with as many as the work alone would fill."""
    return _goodput(_cold(math.ceil(_work(1.0))))


def clinic_hits(lab: Lab) -> Quantity:
    """Share of a mean prompt that is shared."""
    return Quantity(100 * (1 - _unread()), "%", digits=2)


def clinic_with_hits(lab: Lab) -> Quantity:
    """Replicas that are needed then."""
    return Quantity(_needed(_unread()), "replicas", digits=2)


def clinic_hits_off_all(lab: Lab) -> Quantity:
    """As if the found share came off the replicas."""
    return Quantity(math.ceil(_needed(1.0) * _unread()), "replicas", digits=2)


def clinic_work_hits(lab: Lab) -> Quantity:
    """Seconds of work that come with each second then."""
    return Quantity(_work(_unread()), "s")


def clinic_router_runs(lab: Lab) -> list[Quantity]:
    """Requests a second that are good with so many replicas: behind a router that knows beginnings, and behind one that counts requests."""
    count = _needed(_unread())
    return [_goodput(_plan(count, router=router)) for router in ("prefix-aware", "least-requests")]


def clinic_router_hits(lab: Lab) -> list[Quantity]:
    """Share of the prompt tokens that is found, behind the one and the other."""
    count = _needed(_unread())
    runs = (run(worked_fleet(), _plan(count, router=router)) for router in ("prefix-aware", "least-requests"))
    return [Quantity(100 * found.hits, "%", digits=2) for found in runs]


def clinic_room(lab: Lab) -> str:
    """Tokens that have room in one replica, and tokens of all beginnings."""
    fleet = worked_fleet()
    return f"{_idle().cache // 1000:,},000 tokens have room in one replica; all beginnings are {fleet.shared * fleet.ways:,}"


def _curve(y: list[float]) -> dict[str, list[float]]:
    return {"x": [float(count) for count in COUNTS], "y": y}


def _by_count() -> list[Run]:
    return [run(worked_fleet(), _plan(count)) for count in COUNTS]


def goodput_by_replicas(lab: Lab) -> dict[str, list[float]]:
    """Requests a second that are good, by replicas."""
    return _curve([float(one) for one in good_at_counts(lab)])


def goodput_a_replica_each(lab: Lab) -> dict[str, list[float]]:
    """As if each replica brought its share of what the most bring, up to what comes."""
    top = float(good_at_counts(lab)[-1])
    full = COUNTS[3]
    return _curve([min(top, top * count / full) for count in COUNTS])


def ended_by_replicas(lab: Lab) -> dict[str, list[float]]:
    """As if whatever is not more than all replicas can do at a load of one were good."""
    fleet = worked_fleet()
    return _curve([min(fleet.rate, fleet.rate * count / _work(_unread())) for count in COUNTS])


def clinic_counts(lab: Lab) -> list[int]:
    return list(COUNTS)


def good_at_counts(lab: Lab) -> list[Quantity]:
    """Requests a second that are good, one for each number of replicas."""
    return [_goodput(_plan(count)) for count in COUNTS]


def first_at_counts(lab: Lab) -> list[Quantity]:
    """TTFT p99, one for each."""
    return [Quantity(found.ttft_p99_s, "s") for found in _by_count()]


def load_at_counts(lab: Lab) -> list[Quantity]:
    """Load of one replica, one for each."""
    return [Quantity(_work(_unread()) / count, "", digits=2) for count in COUNTS]


def _pair() -> tuple[int, int]:
    """Replicas of the two plans of one price: the smaller ones, the larger ones."""
    large = next(count for count in range(1, MOST_REPLICAS) if keeps(worked_fleet(), _plan(count, _large())))
    return large * _large().tp, large


def pair_small(lab: Lab) -> int:
    """Replicas of one GPU."""
    return _pair()[0]


def pair_large(lab: Lab) -> int:
    """Replicas of two GPUs."""
    return _pair()[1]


def pair_costs(lab: Lab) -> str:
    """Dollars an hour of either."""
    return f"${_pair()[1] * worked_fleet().price(_large()):.2f} an hour"


def small_less_one(lab: Lab) -> Quantity:
    """Requests a second that are good while one of the smaller ones is away."""
    return _goodput(_plan(_pair()[0] - 1))


def large_less_one(lab: Lab) -> Quantity:
    """The same of the larger ones."""
    return _goodput(_plan(_pair()[1] - 1, _large()))


def large_reading(lab: Lab) -> Quantity:
    """Seconds of full steps that prompts need in a second, in the large ones before one is lost, by the card."""
    return Quantity(forecast(worked_fleet(), _plan(_pair()[1], _large())).reading, "s", digits=2)


def large_in_proportion(lab: Lab) -> Quantity:
    """As if the same steps were shared by those that are left."""
    count = _pair()[1]
    return Quantity(float(large_reading(lab)) * count / (count - 1), "s", digits=2)


def large_whole_budget(lab: Lab) -> Quantity:
    """As if prompts had the whole budget of each step."""
    return Quantity(float(large_less_tokens(lab)) / BUDGET * float(large_full_step(lab)), "s", digits=2)


def large_less_load(lab: Lab) -> Quantity:
    """Load of those that are left, by the card."""
    return Quantity(forecast(worked_fleet(), _plan(_pair()[1] - 1, _large())).load, "", digits=2)


def large_less_reading(lab: Lab) -> Quantity:
    """The same in those that are left."""
    return Quantity(forecast(worked_fleet(), _plan(_pair()[1] - 1, _large())).reading, "s")


def large_less_tokens(lab: Lab) -> Quantity:
    """Prompt tokens a second that each that is left has to read."""
    fleet = worked_fleet()
    return Quantity(fleet.rate * fleet.prompts[0] * _unread() / (_pair()[1] - 1), "tokens/s")


def large_full_step(lab: Lab) -> Quantity:
    """What a full step lasts there."""
    told, tests = forecast(worked_fleet(), _plan(_pair()[1] - 1, _large())), _idle(_large())
    read = tests.beside_s[0] * (BUDGET - told.inside) / worked_fleet().prompts[0]
    return Quantity(tests.first_s + told.inside * tests.each_s + read, "s")


def large_inside(lab: Lab) -> Quantity:
    """Answers in each that is left."""
    return Quantity(round(forecast(worked_fleet(), _plan(_pair()[1] - 1, _large())).inside), "answers", digits=2)


def wide_budget(lab: Lab) -> Quantity:
    return Quantity(WIDE, "tokens", digits=4)


def large_less_wide(lab: Lab) -> Quantity:
    """Requests a second that are good with that budget."""
    return _goodput(replace(_plan(_pair()[1] - 1, _large()), tokens=WIDE))


def large_less_first(lab: Lab) -> Quantity:
    """TTFT p99 of those that are left."""
    return Quantity(run(worked_fleet(), _plan(_pair()[1] - 1, _large())).ttft_p99_s, "s")


@cache
def _tight() -> FleetLab:
    fleet = worked_fleet()
    return replace(fleet, name=f"{fleet.name}-tight", tpot_s=TIGHT_S)


def tight_limit(lab: Lab) -> Quantity:
    return Quantity(TIGHT_S, "s")


def tight_costs(lab: Lab) -> Quantity:
    """Dollars an hour of the card's line under the tight limit."""
    return Quantity(run(_tight(), by_card(_tight())).cost, "dollars an hour")


def clinic_costs(lab: Lab) -> Quantity:
    """The same under today's."""
    return Quantity(run(worked_fleet(), by_card(worked_fleet())).cost, "dollars an hour")


def tight_doubled(lab: Lab) -> Quantity:
    """As if half the gap took twice the GPUs."""
    return Quantity(2 * float(clinic_costs(lab)), "dollars an hour")


def tight_small_takes(lab: Lab) -> Quantity:
    """Share of a second of the smaller replica that may then be taken."""
    return Quantity(100 * _free(TIGHT_S), "%", digits=2)


def tight_small_costs(lab: Lab) -> Quantity:
    """Dollars an hour of the smaller replicas that would then be needed."""
    count = math.ceil(_work(_unread()) / _free(TIGHT_S))
    return Quantity(count * worked_fleet().price(_small()), "dollars an hour")


def tight_large_takes(lab: Lab) -> Quantity:
    """Share of a second of the larger replica that may then be taken."""
    return Quantity(100 * _free(TIGHT_S, _large()), "%", digits=2)


def tight_large_work(lab: Lab) -> Quantity:
    """Seconds of work that come with each second, of larger replicas."""
    return Quantity(_work(_unread(), _large()), "s")


def _without_margin() -> int:
    return math.ceil(_work(_unread(), _large()) / (1 - _idle(_large()).first_s / TIGHT_S))


def tight_without_margin(lab: Lab) -> Quantity:
    """As if a mean gap at the limit itself kept it."""
    return Quantity(_without_margin() * worked_fleet().price(_large()), "dollars an hour")


def tight_edge_good(lab: Lab) -> str:
    """Share of good requests of the larger replicas that would then be taken, and how many they are."""
    count = _without_margin()
    return f"{count} of them: {good_share(run(_tight(), _plan(count, _large())))}"


def tight_plan(lab: Lab) -> str:
    """Replicas and GPUs of the card's line then."""
    plan = by_card(_tight())
    return f"{plan.most} replicas of {plan.offer.tp} GPUs"


def tight_good(lab: Lab) -> Quantity:
    return _goodput(by_card(_tight()), _tight())


def clinic_plan_line(lab: Lab) -> str:
    """The command that asks the planner."""
    return plan_line(worked_fleet())


def kept_share(lab: Lab) -> Quantity:
    """Share of good requests from which on a line counts in full."""
    return Quantity(100 * KEPT, "%", digits=2)


def falls_by(lab: Lab) -> Quantity:
    """What a percent of good requests below that takes away."""
    return Quantity(FALLS, "%", digits=2)


def card_margin(lab: Lab) -> str:
    return f"{MARGIN:g}"


def card_most_load(lab: Lab) -> str:
    return f"{MOST_LOAD:g}"


def card_longest(lab: Lab) -> str:
    return f"{LONGEST:g}"


def answers_beside(lab: Lab) -> int:
    """Answers beside the chunk of a test."""
    return BESIDE


def card_burst(lab: Lab) -> Quantity:
    """Part of the rate by which more is planned for, for each unit of spread above one."""
    return Quantity(100 * BURST, "%", digits=2)


def found_share(lab: Lab) -> Quantity:
    """Part of what prompts share that is found."""
    return Quantity(100 * FOUND, "%", digits=2)


def found_with_room(lab: Lab) -> Quantity:
    """The same where a replica has much room for all beginnings."""
    return Quantity(100 * FOUND_WITH_ROOM, "%", digits=2)


def found_roomy(lab: Lab) -> str:
    """How many times over it has room for them then."""
    return f"{ROOMY:g}"


def before_any_token(lab: Lab) -> Quantity:
    """What passes before a first token, whatever the fleet."""
    return Quantity(BEFORE_S, "s", digits=2)


def page_budget(lab: Lab) -> Quantity:
    """Tokens of a step on the page."""
    return Quantity(BUDGET, "tokens", digits=4)


def card_slow_rise(lab: Lab) -> Quantity:
    """Part of the peak by which the rate may rise while a replica starts."""
    return Quantity(100 * SLOW_RISE, "%", digits=2)


def pool_budget(lab: Lab) -> Quantity:
    """Tokens of a step where a pool only reads."""
    return Quantity(READERS_BUDGET, "tokens", digits=4)


def fleet_card_is_close(lab: Lab) -> bool:
    """On every fleet of the exam the card's line is worth seven tenths of the best found, and on most nine tenths."""
    worths = [run(each, by_card(each)).per_dollar / best_of(each).per_dollar for each in fleet_pool()]
    return min(worths) >= 0.7 and sum(one >= AS_GOOD for one in worths) > len(worths) / 2


def clinic_reckoning_holds(lab: Lab) -> bool:
    """The runs of the page say what the reckoning says: enough replicas keep the limits, one less does not."""
    with_hits = _needed(_unread())
    fleet = worked_fleet()
    return (
        run(fleet, _cold(_needed(1.0))).holds
        and run(fleet, _plan(with_hits)).holds
        and not run(fleet, _plan(with_hits - 1)).holds
        and run(_tight(), by_card(_tight())).holds
    )


def large_ones_lose_more(lab: Lab) -> bool:
    """Both plans of one price keep the limits; with one replica less the small ones still do, and the large ones serve less than half."""
    fleet, (small, large) = worked_fleet(), _pair()
    less_small, less_large = run(fleet, _plan(small - 1)), run(fleet, _plan(large - 1, _large()))
    return (
        run(fleet, _plan(small)).holds
        and run(fleet, _plan(large, _large())).holds
        and less_small.holds
        and less_large.share < 0.5
    )


# --- the learner's own lab --------------------------------------------------------------------------------------------


def _own(lab: Lab) -> tuple[float, float, float]:
    """Reading of a prompt, fixed part of a step, what a request adds to it."""
    one, two = (prefill(lab.system, lab.prompt, prompts).expected_s for prompts in (1, 2))
    few, many = (decode(lab.system, batch, lab.prompt + ANSWER // 2).expected_s for batch in (FEW, MANY))
    each = (many - few) / (MANY - FEW)
    return two - one, few - FEW * each, each


def own_fleet_prompt(lab: Lab) -> Quantity:
    """Seconds that one more prompt adds."""
    return Quantity(_own(lab)[0], "s")


def own_fleet_fixed(lab: Lab) -> Quantity:
    """The fixed part of a step."""
    return Quantity(_own(lab)[1], "s")


def own_fleet_each(lab: Lab) -> Quantity:
    """What a request adds to a step."""
    return Quantity(_own(lab)[2], "s")


def own_fleet_answer(lab: Lab) -> Quantity:
    return Quantity(ANSWER, "tokens")


def own_fleet_limit(lab: Lab) -> Quantity:
    """A limit of the gap: twice the fixed part."""
    return Quantity(OWN_LIMIT * _own(lab)[1], "s")


def own_fleet_carries(lab: Lab) -> Quantity:
    """Requests a second that one replica carries under it."""
    read, _, each = _own(lab)
    return Quantity((1 - 1 / (MARGIN * OWN_LIMIT)) / (read + ANSWER * each), "requests/s")


def own_fleet_carries_hits(lab: Lab) -> Quantity:
    """The same where half of each prompt is found."""
    read, _, each = _own(lab)
    return Quantity((1 - 1 / (MARGIN * OWN_LIMIT)) / (read / 2 + ANSWER * each), "requests/s")
