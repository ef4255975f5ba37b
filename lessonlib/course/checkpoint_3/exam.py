"""What a question says of its fleet: ``lab`` is that fleet (see fleets.py), or any other lab, for which that of the first line stands."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from lessonlib.base.quantity import Quantity
from lessonlib.course.checkpoint_3.card import BUDGETS, by_card, forecast, idle
from lessonlib.course.checkpoint_3.fleets import FleetLab, fleet_of, fleet_pool, fleet_sets, questions_of
from lessonlib.course.checkpoint_3.judge import Run, run
from lessonlib.course.checkpoint_3.lines import Plan, line_of, read_plan
from lessonlib.course.checkpoint_3.outcome import DEAR, good_share, judged_run
from lessonlib.course.checkpoint_3.planner import planner_answer
from lessonlib.course.checkpoint_3.search import best_of
from lessonlib.roofline import Lab


def exam_fleets(lab: Lab) -> list[tuple[FleetLab, ...]]:
    """The sets of the exam, the same on every lab: a fleet for each of its five questions."""
    return [questions_of(dealt) for dealt in fleet_sets()]


def fleet_title(lab: Lab) -> str:
    return fleet_of(lab).title


def fleet_traffic(lab: Lab) -> str:
    """What comes: requests a second, their lengths, what they share."""
    found = fleet_of(lab)
    return f"{_rate(found)}; {_prompts(found)}; answers of {found.answers[0]:,.0f}"


def _rate(found: FleetLab) -> str:
    if found.swing:
        low = found.rate * (1 - found.swing)
        return f"from {low:.2g} to {found.peak:.2g} requests a second and back in {found.day_s:g} s, over and over; a new replica is ready after {found.start_s:g} s"
    bursts = f", in bursts: the gaps between arrivals spread {found.burst:g} times as much as their mean"
    bursts = bursts if found.burst > 1 else ""
    return f"{found.rate:g} requests a second{bursts}"


def _prompts(found: FleetLab) -> str:
    first = f"{found.prompts[0]:,.0f} tokens in the mean"
    if found.turns > 1:
        return f"conversations of {found.turns} turns, the first prompt {first}, each turn {found.turn_tokens:,} more, beside all before"
    if not found.shared:
        return f"prompts of {first}, nothing shared"
    return f"prompts of {first}, the first {found.shared:,} of them one of {found.ways} beginnings, some far more often than others"


def fleet_limits(lab: Lab) -> str:
    found = fleet_of(lab)
    return (
        f"first token within {Quantity(found.ttft_s, 's')}, mean gap of an answer at most {Quantity(found.tpot_s, 's')}"
    )


def fleet_tests(lab: Lab) -> str:
    """Short tests of each replica that may be rented, a line each: price, reading, step, room."""
    found = fleet_of(lab)
    return "\n".join(offer_tests(found, place) for place in range(len(found.offers)))


def offer_tests(fleet: FleetLab, place: int) -> str:
    """The tests of one replica."""
    offer = fleet.offers[place]
    tests = idle(fleet, offer)
    beside = ", ".join(f"{budget:,}: {Quantity(one, 's')}" for budget, one in zip(BUDGETS, tests.beside_s, strict=True))
    return (
        f"--gpu {offer.gpu} --tp {offer.tp}: ${fleet.price(offer):.2f} an hour; room for {_thousands(tests.cache)} tokens\n"
        f"  a step {Quantity(tests.first_s, 's')} and {Quantity(tests.each_s, 's')} for each request\n"
        f"  a mean prompt adds {Quantity(tests.read_s, 's')} alone, beside answers by the budget {beside}"
    )


def _thousands(tokens: int) -> str:
    return f"{tokens // 1000:,},000"


def fleet_line(lab: Lab) -> str:
    """The line of today."""
    return fleet_of(lab).line


def fleet_best_line(lab: Lab) -> str:
    return line_of(best_of(fleet_of(lab)).plan)


def _best_run(found: FleetLab) -> Run:
    return run(found, best_of(found).plan)


def fleet_half(lab: Lab) -> str:
    """As if half of the best line's replicas were enough, or one of two pools of its own kind."""
    found = fleet_of(lab)
    best = best_of(found).plan
    plain = replace(best, pools=None, scale=None)
    return line_of(replace(plain, replicas=max(1, best.most // 2)))


def fleet_largest(lab: Lab) -> str:
    """As if the largest replica that can be rented, twice what is needed, were the safe choice."""
    found = fleet_of(lab)
    offer = max(found.offers, key=found.price)
    needed = max(1, round(_best_run(found).cost / found.price(offer)))
    return line_of(Plan(offer, 2 * needed, "least-requests", 8192))


def _money(dollars: float) -> str:
    return f"${dollars:.2f} an hour"


def fleet_today(lab: Lab) -> str:
    """What today's line comes to."""
    return _came_to(judged_run(fleet_of(lab), fleet_of(lab).line))


def fleet_best(lab: Lab) -> str:
    """What the best line found comes to."""
    return _came_to(_best_run(fleet_of(lab)))


def fleet_by_card(lab: Lab) -> str:
    """What the card's line comes to."""
    found = fleet_of(lab)
    return _came_to(run(found, by_card(found)))


def _came_to(found: Run) -> str:
    return f"{_money(found.cost)}, {good_share(found)}"


def fleet_best_waits(lab: Lab) -> str:
    """TTFT p99 and mean gap of the best line found."""
    found = _best_run(fleet_of(lab))
    return f"TTFT p99 {Quantity(found.ttft_p99_s, 's')}, mean gap {Quantity(found.tpot_mean_s, 's')}"


def fleet_best_less_one(lab: Lab) -> str:
    """What the best line found does while one replica is lost: of two pools one that reads."""
    found = fleet_of(lab)
    plan = best_of(found).plan
    if plan.scale:
        return f"a scaler starts another one, ready after {found.start_s:g} s"
    if min(plan.pools or (plan.replicas,)) == 1 and plan.most <= 2:
        return "nothing is served any more"
    left = replace(plan, replicas=plan.replicas - 1)
    if plan.pools:
        left = replace(plan, pools=(plan.pools[0] - 1, plan.pools[1]))
    which = "one that reads is lost: " if plan.pools else ""
    return f"{which}{good_share(run(found, left))}"


def fleet_card_line(lab: Lab) -> str:
    return line_of(by_card(fleet_of(lab)))


def fleet_card_says(lab: Lab) -> str:
    """The card's own forecasts of its line."""
    found = fleet_of(lab)
    told = forecast(found, by_card(found))
    return (
        f"load {told.load:.2f}, mean gap {Quantity(told.gap_s, 's')}, TTFT p99 {Quantity(told.ttft_s, 's', digits=2)}"
    )


def planner_says(lab: Lab) -> str:
    """What `lessonlib plan` chooses for it."""
    return planner_answer(fleet_of(lab))


def rival_line(lab: Lab) -> str:
    """What a colleague proposes."""
    return fleet_of(lab).rival


def rival_loses_by(lab: Lab) -> str:
    """What a run of the colleague's line shows: "first" or "gap", the limit that more requests miss; "dear" where both hold; "even" where it is
    within a tenth of the best found.
    """
    found = fleet_of(lab)
    ran = judged_run(found, found.rival)
    if not ran.holds:
        return "first" if ran.late > ran.slow else "gap"
    return "dear" if ran.cost > DEAR * _best_run(found).cost else "even"


def rival_came_to(lab: Lab) -> str:
    """What it comes to."""
    found = fleet_of(lab)
    ran = judged_run(found, found.rival)
    return f"{_came_to(ran)}; {ran.late:,} of {ran.requests:,} miss the first token's limit, {ran.slow:,} the gap's"


def rival_says(lab: Lab) -> str:
    """Load, gap and first token of it, by the card."""
    found = fleet_of(lab)
    told = forecast(found, read_plan(found, found.rival))
    if told.load >= 1:
        return f"a load of {told.load:.2f}"
    return f"a load of {told.load:.2f}, a gap of {Quantity(told.gap_s, 's')}, a first token of {Quantity(told.ttft_s, 's', digits=2)} at p99, {_money(told.cost)}"


def exam_fleets_count(lab: Lab) -> int:
    return len(fleet_pool())


def _card_worths() -> list[float]:
    return [run(each, by_card(each)).per_dollar / best_of(each).per_dollar for each in fleet_pool()]


def fleet_card_reaches(lab: Lab) -> Quantity:
    """What the card's line reaches of the best found, on the fleet of the exam that suits it least."""
    return Quantity(100 * min(_card_worths()), "%", digits=2)


def fleet_card_median(lab: Lab) -> Quantity:
    """The same on the middle one."""
    return Quantity(100 * median(_card_worths()), "%", digits=2)


def fleet_card_here(lab: Lab) -> Quantity:
    """What the card's line reaches of the best found, on this fleet."""
    found = fleet_of(lab)
    return Quantity(100 * run(found, by_card(found)).per_dollar / best_of(found).per_dollar, "%", digits=2)


def fleet_gap_off(lab: Lab) -> Quantity:
    """The median factor between the reckoned mean gap and the run's, each with the card's line."""
    return Quantity(
        median(
            _off(forecast(each, by_card(each)).gap_s, run(each, by_card(each)).tpot_mean_s) for each in fleet_pool()
        ),
        "x",
    )


def fleet_first_off(lab: Lab) -> Quantity:
    """The same of the first token, p99."""
    return Quantity(
        median(
            _off(forecast(each, by_card(each)).ttft_s, run(each, by_card(each)).ttft_p99_s) for each in fleet_pool()
        ),
        "x",
    )


def _off(reckoned: float, ran: float) -> float:
    return max(reckoned / ran, ran / reckoned)
