"""The card: a fleet in order, from short tests of one replica, and what it forecasts.

Checkpoint 2 gives the load of one replica and its gap. A fleet shares the requests out, so with N replicas, R requests a second, `read_s` for
the part of a prompt that is not found, answers of A tokens, and steps of first + each * n seconds for n requests:

    load = R / N * (read_s + A * each)        gap = first / (1 - load)        inside = R / N * A * gap

`read_s` is tested beside answers, in chunks: with a small token budget a chunk hides behind the fetch of the weights, so the same prompt
adds less than alone. But a step reads no more than its budget B, so prompts also have a load of their own: full steps that they need in a
second, times what a full step lasts. A first token waits for that one:

    full = first + inside * each + (B - inside) tokens of reading        reading = R / N * tokens / (B - inside) * full
    first token = 0.2 s + tokens of a long prompt / (B - inside) * full / (1 - reading)

Two pools part the load: those that read have R * read_s, alone, those that write R * A * each. It is a mean: bursts are not in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from lessonlib.course.checkpoint_3.fleets import FleetLab, Offer
from lessonlib.course.checkpoint_3.lines import MOST_REPLICAS, Plan, Scale
from lessonlib.roofline import decode, mixed, prefill
from lessonlib.serving import Scheduler
from lessonlib.serving.replica.pages import pages

#: Of the gap's limit so much is planned for, and of a second so much at most: the rest is for what a mean leaves out.
MARGIN, MOST_LOAD = 0.9, 0.85
#: A burst is planned for as so many times the mean rate for each unit of spread above one.
BURST = 0.1
#: Token budgets that are tested, and that of a pool that only reads; a test has so many answers beside the chunk.
BUDGETS = (512, 1024, 2048)
READERS_BUDGET = 8192
BESIDE = 24
#: Seconds before a first token that no fleet changes; how many times the mean the longest prompt of a hundred has, and of twenty.
BEFORE_S, LONGEST, LONG = 0.2, 3.0, 2.0
#: Requests of the two steps that are timed: with fewer, a mixture does not yet read all of its experts.
FEW, MANY = 32, 128
#: A scaler pays where the rate changes by no more than this part of its peak while a replica starts and the next look is due.
SLOW_RISE = 0.2
LOOK_S = 15.0
#: Of what prompts share so much is planned with: the first of each beginning is not found, nor where a full replica sends it on. Where one
#: replica has room for all beginnings so many times over, more is found once caches are warm, so a forecast takes that.
FOUND, FOUND_WITH_ROOM, ROOMY = 0.8, 0.9, 3.0


@dataclass(frozen=True)
class Idle:
    """What short tests of one replica say: seconds of a mean prompt alone, and beside answers in chunks of each of BUDGETS; the fixed part of a
    step and what each request adds; how many mean requests fit, and how many tokens of cache.
    """

    read_s: float
    beside_s: tuple[float, ...]
    first_s: float
    each_s: float
    fits: int
    cache: int


@dataclass(frozen=True)
class Forecast:
    """load: of one replica when most come; of two pools that of the one that writes. reading: share of the steps that prompts fill; of two
    pools the load of the one that reads. gap_s: mean gap; inside: mean requests in a replica; ttft_s: p99 of the first token,
    p95_s: its p95; cost: dollars an hour.
    """

    load: float
    reading: float
    gap_s: float
    inside: float
    ttft_s: float
    p95_s: float
    cost: float


@lru_cache(maxsize=512)
def idle(fleet: FleetLab, offer: Offer) -> Idle:
    """The tests, at the speed that the engine expects."""
    system = fleet.replica(offer)
    context = int(mean_context(fleet))
    few, many = (decode(system, batch, context).expected_s for batch in (FEW, MANY))
    each = (many - few) / (MANY - FEW)
    one, two = (prefill(system, int(mean_prompt(fleet)), prompts).expected_s for prompts in (1, 2))
    room = pages(system, Scheduler())
    fits = int(room.total // (math.ceil(context / room.tokens) + room.fixed))
    chunked = tuple(_beside(fleet, offer, size) for size in BUDGETS)
    return Idle(two - one, chunked, few - FEW * each, each, fits, int(room.total * room.tokens))


def _beside(fleet: FleetLab, offer: Offer, budget: int) -> float:
    """Seconds that a mean prompt adds to the steps of BESIDE answers, in chunks that fill the budget."""
    system, chunk = fleet.replica(offer), budget - BESIDE
    answers = [(1, int(mean_context(fleet)))] * BESIDE
    middle = (chunk, int(mean_prompt(fleet) / 2))
    added = mixed(system, [*answers, middle]).expected_s - mixed(system, answers).expected_s
    return float(added * mean_prompt(fleet) / chunk)


def beside(fleet: FleetLab, plan: Plan) -> float:
    """Seconds that a mean prompt adds in a replica of one pool: by the largest tested budget that is no larger than the plan's."""
    tests = idle(fleet, plan.offer)
    if plan.tokens is None or plan.tokens >= READERS_BUDGET:
        return tests.read_s
    return next(
        (one for size, one in reversed(list(zip(BUDGETS, tests.beside_s, strict=True))) if size <= plan.tokens),
        tests.beside_s[0],
    )


def mean_prompt(fleet: FleetLab) -> float:
    """Tokens of a mean prompt; of a conversation, its middle turn."""
    return fleet.prompts[0] + (fleet.turns - 1) / 2 * (fleet.turn_tokens + fleet.answers[0])


def mean_context(fleet: FleetLab) -> float:
    """Tokens behind a request in the middle of its answer."""
    return mean_prompt(fleet) + fleet.answers[0] / 2


def not_found(fleet: FleetLab, plan: Plan, planned: bool = False) -> float:
    """Share of a mean prompt that has to be read. A router that knows who holds what finds what was read before; another one finds a shared
    beginning anywhere, where all of them have room in every replica, and of a conversation one turn in so many as there are replicas.
    planned: as the fleet is sized, with caches that are still cold.
    """
    if not plan.caching:
        return 1.0
    whole = mean_prompt(fleet)
    if fleet.turns > 1:
        new = (fleet.prompts[0] + (fleet.turns - 1) * fleet.turn_tokens) / fleet.turns
        kept = FOUND / (1 if plan.router == "prefix-aware" else plan.most)
        return 1.0 - kept * (1.0 - new / whole)
    again = min(float(fleet.shared), whole) / whole
    if not again:
        return 1.0
    cache = idle(fleet, plan.offer).cache
    if not planned and cache >= ROOMY * fleet.shared * fleet.ways:
        return 1.0 - FOUND_WITH_ROOM * again
    room = cache - forecast_of(fleet, plan, 1.0 - FOUND * again).inside * mean_context(fleet)
    copies = plan.most if plan.router == "prefix-aware" else 1
    kept = min(1.0, copies * max(0.0, room) / (fleet.shared * fleet.ways))
    return 1.0 - FOUND * kept * again


def planned_rate(fleet: FleetLab) -> float:
    """Requests a second that the fleet is planned for: the peak, and more where they come in bursts."""
    return fleet.peak * (1 + BURST * (fleet.burst - 1))


def forecast(fleet: FleetLab, plan: Plan) -> Forecast:
    """Load, gap, first token and cost, by the card."""
    return forecast_of(fleet, plan, not_found(fleet, plan))


def forecast_of(fleet: FleetLab, plan: Plan, unread: float) -> Forecast:
    """The same where that share of a mean prompt is read."""
    found, rate = idle(fleet, plan.offer), planned_rate(fleet)
    cost = fleet.price(plan.offer) * (mean_scaled(fleet, plan.scale) if plan.scale else plan.most)
    readers, writers = plan.pools or (plan.most, plan.most)
    write = rate * fleet.answers[0] * found.each_s / writers
    load = write if plan.pools else write + rate * beside(fleet, plan) * unread / writers
    if load >= 1:
        return Forecast(load, math.inf, math.inf, math.inf, math.inf, math.inf, cost)
    gap = found.first_s / (1 - load)
    inside = rate * fleet.answers[0] * gap / writers
    if plan.pools:
        busy, each_s = rate * found.read_s * unread / readers, found.read_s
        # Readers share one queue: the more they are, the shorter it is.
        queue = 1 + busy / (1 - busy) / readers if busy < 1 else math.inf
    else:
        chunk = max((plan.tokens or READERS_BUDGET) - inside, 1.0)
        full = found.first_s + inside * found.each_s + beside(fleet, plan) * chunk / mean_prompt(fleet)
        each_s = mean_prompt(fleet) / chunk * full
        busy = rate / writers * unread * each_s
        queue = 1 / (1 - busy) if busy < 1 else math.inf
    p99, p95 = (BEFORE_S + each_s * (long - 1 + unread) * queue for long in (LONGEST, LONG))
    return Forecast(load, busy, gap, inside, p99, p95, cost)


def mean_scaled(fleet: FleetLab, scale: Scale) -> float:
    """Replicas in the mean, where a scaler rounds up what the rate wants."""
    return min(float(scale.most), max(float(scale.least), fleet.rate / scale.target + 0.5))


def keeps(fleet: FleetLab, plan: Plan) -> bool:
    """Whether the card expects both limits to be kept, with its margins, and room for those inside."""
    told = forecast_of(fleet, plan, not_found(fleet, plan, planned=True))
    return (
        max(told.load, told.reading) <= MOST_LOAD
        and told.gap_s <= MARGIN * fleet.tpot_s
        and told.p95_s <= fleet.ttft_s
        and told.inside <= MARGIN * idle(fleet, plan.offer).fits
    )


@lru_cache(maxsize=256)
def by_card(fleet: FleetLab) -> Plan:
    """The plan in the card's order: budget, replicas that keep both limits, router, one pool or two, fixed or scaled; the cheapest of them."""
    known = [scaled(fleet, plan) for offer in fleet.offers if (plan := one_pool(fleet, offer))]
    divided = [plan for offer in fleet.offers if (plan := two_pools(fleet, offer))]
    # Two pools are more to run: of the same cost, one.
    best = min(
        known + divided, key=lambda plan: (round(forecast(fleet, plan).cost, 6), plan.pools is not None), default=None
    )
    return best or Plan(fleet.offers[-1], MOST_REPLICAS, router_of(fleet), BUDGETS[0])


def router_of(fleet: FleetLab) -> str:
    """By what is found where prompts begin alike, else by who has fewest."""
    return "prefix-aware" if fleet.shared or fleet.turns > 1 else "least-requests"


def one_pool(fleet: FleetLab, offer: Offer) -> Plan | None:
    """The fewest equal replicas that keep both limits, with the smallest budget that does; None where none do."""
    plans = (Plan(offer, count, router_of(fleet), size) for count in range(1, MOST_REPLICAS + 1) for size in BUDGETS)
    return next((plan for plan in plans if keeps(fleet, plan)), None)


def two_pools(fleet: FleetLab, offer: Offer) -> Plan | None:
    """The fewest that read beside the fewest that write; None where none keep both limits."""
    return min(
        (plan for plan in _divided(fleet, offer) if keeps(fleet, plan)), key=lambda plan: plan.most, default=None
    )


def _divided(fleet: FleetLab, offer: Offer) -> Iterator[Plan]:
    for readers in range(1, MOST_REPLICAS // 2 + 1):
        for writers in range(1, MOST_REPLICAS // 2 + 1):
            yield Plan(offer, 1, router_of(fleet), READERS_BUDGET, pools=(readers, writers))


def rises_slowly(fleet: FleetLab) -> bool:
    """Whether what a replica's start takes is short beside the rise."""
    return bool(fleet.swing) and fleet.peak > 0 and steepest(fleet) * (fleet.start_s + LOOK_S) <= SLOW_RISE * fleet.peak


def steepest(fleet: FleetLab) -> float:
    """Requests a second by which the rate rises in a second, where it rises fastest."""
    return fleet.rate * fleet.swing * 2 * math.pi / fleet.day_s


def scaled(fleet: FleetLab, plan: Plan) -> Plan:
    """Scaled by the rate where it rises slowly enough for the starts, else fixed at the peak."""
    if not rises_slowly(fleet) or plan.replicas == 1:
        return plan
    ahead = 1 - steepest(fleet) * (fleet.start_s + LOOK_S) / fleet.peak
    target = round(ahead * fleet.peak / plan.replicas, 2)
    least = max(1, math.ceil(fleet.rate * (1 - fleet.swing) / target))
    return replace(plan, replicas=1, scale=Scale("rate", target, least, plan.replicas + 1))
