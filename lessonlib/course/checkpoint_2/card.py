"""The card: settings in order, each from a few numbers of an idle server, and what they forecast.

A second of the server is spent on three things: prompts are read, each answer adds its own part to the steps that it is in, and
every step has a fixed part, whoever is in it. The first two grow with the requests a second; what they leave is for the third.
So with `rate` requests a second, `read_s` for the part of a prompt that is not found, answers of A tokens, steps of
first + each * n seconds for n requests and L tokens a step and request (1 without drafts):

    load = rate * (read_s + A / L * each)        gap = first / (1 - load) / L        inside = rate * A * gap

The last is Little's law. It is a mean: bursts, queues and the steps that hold a prompt are not in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from lessonlib.course.checkpoint_2.services import Service
from lessonlib.course.checkpoint_2.settings import Settings
from lessonlib.roofline import decode, prefill
from lessonlib.roofline.blocks import Attention
from lessonlib.serving.replica.pages import pages

#: Of the gap's limit so much is planned for: the rest is for what the mean leaves out.
MARGIN = 0.9
#: So many times the mean of those inside find a seat: more than the mean come at times.
TIMES_INSIDE = 2.0
#: The prompt tokens of a full step may last so many limits of the gap.
FULL_STEP = 1.2
SEATS = tuple(range(8, 520, 8))
BUDGETS = (512, 1024, 2048, 4096, 8192)
MOST_DRAFTS = 3
#: Requests of the two steps that are timed: with fewer, a mixture does not yet read all of its experts.
FEW, MANY = 32, 128


@dataclass(frozen=True)
class Idle:
    """What short tests of a server say: seconds that a mean prompt adds to a step that reads another; the fixed part of a step and what each request adds
    to it, by a line through two steps; how many mean requests fit.
    """

    read_s: float
    first_s: float
    each_s: float
    fits: int


@dataclass(frozen=True)
class Forecast:
    """load: share of each second that grows with the rate; from 1 up nothing can be kept. gap_s: mean gap; inside: mean requests."""

    load: float
    gap_s: float
    inside: float


@lru_cache(maxsize=512)
def idle(service: Service, settings: Settings) -> Idle:
    """The tests, at the speed that the engine expects."""
    system = settings.system(service)
    context = int(mean_context(service))
    few, many = (decode(system, batch, context).expected_s for batch in (FEW, MANY))
    each = (many - few) / (MANY - FEW)
    one, two = (prefill(system, int(mean_prompt(service)), prompts).expected_s for prompts in (1, 2))
    read = two - one
    return Idle(read, few - FEW * each, each, _fits(service, settings, context))


def _fits(service: Service, settings: Settings, context: int) -> int:
    """Requests of that many tokens that have room at once, in whole blocks."""
    found = pages(settings.system(service), settings.scheduler(service))
    return int(found.total // (math.ceil(context / found.tokens) + found.fixed))


def mean_prompt(service: Service) -> float:
    """Tokens of a mean prompt; of a conversation, its middle turn."""
    later = (service.turns - 1) / 2 * (service.turn_tokens + service.answers[0])
    return service.prompts[0] + later


def mean_context(service: Service) -> float:
    """Tokens behind a request in the middle of its answer."""
    return mean_prompt(service) + service.answers[0] / 2


def not_found(service: Service, caching: bool) -> float:
    """Share of a mean prompt that has to be read."""
    if not caching:
        return 1.0
    whole = mean_prompt(service)
    first = max(0.0, service.prompts[0] - service.shared)
    if service.turns == 1:
        return first / whole
    return (first + (service.turns - 1) * service.turn_tokens) / service.turns / whole


def forecast(service: Service, settings: Settings) -> Forecast:
    """Load, gap and requests inside, by the card."""
    found = idle(service, settings)
    drafts = service.drafts
    length, cost = 1.0, 0.0
    if settings.drafts and drafts:
        length = 1 + sum(drafts.acceptance**place for place in range(1, settings.drafts + 1))
        cost = settings.drafts * drafts.each_s
    answer = service.answers[0]
    read = found.read_s * not_found(service, settings.caching)
    load = service.rate * (read + answer / length * found.each_s * (1 + settings.drafts))
    gap = (found.first_s + cost) / (1 - load) / length if load < 1 else math.inf
    return Forecast(load, gap, service.rate * answer * gap)


def by_card(service: Service) -> Settings:
    """The settings in the card's order: what passed the test, caching, the format, drafts, seats, budget."""
    start = Settings(next(iter(service.checkpoints.values())), caching=_caching(service), cache=service.cache[-1])
    with_drafts = [
        replace(one, drafts=number)
        for one in _formats(service, start)
        for number in range(MOST_DRAFTS + 1 if service.drafts else 1)
    ]
    best = min(with_drafts, key=lambda one: (forecast(service, one).gap_s, forecast(service, one).load))
    best = replace(best, seats=_seats(service, best))
    return replace(best, tokens=_budget(service, best))


def is_hybrid(service: Service) -> bool:
    """Whether some of its layers have a recurrent state in place of a cache."""
    return not all(isinstance(group.mixer, Attention) for group in service.system.model.layers)


def _caching(service: Service) -> bool:
    """On, but for a model with recurrent layers whose prompts share nothing: there it costs room and finds nothing."""
    return not is_hybrid(service) or bool(service.shared) or service.turns > 1


def _formats(service: Service, start: Settings) -> Iterator[Settings]:
    for weights in service.checkpoints.values():
        yield replace(start, weights=weights)


def _seats(service: Service, settings: Settings) -> int:
    """As many as keep the gap while prompts come as they do, and at least twice those that are inside; no more than have room."""
    found, expected = idle(service, settings), forecast(service, settings)
    left = 1 - service.rate * found.read_s * not_found(service, settings.caching)
    keep = (MARGIN * service.tpot_s * left - found.first_s) / found.each_s
    wanted = min(max(keep, TIMES_INSIDE * expected.inside), found.fits, SEATS[-1])
    return max((seats for seats in SEATS if seats <= wanted), default=SEATS[0])


def _budget(service: Service, settings: Settings) -> int:
    """The largest whose prompt tokens last no longer than a full step may, beside those of the answers."""
    token_s = idle(service, settings).read_s / mean_prompt(service)
    answers = min(forecast(service, settings).inside, settings.seats or SEATS[-1]) * (1 + settings.drafts)
    most = FULL_STEP * service.tpot_s / token_s + answers
    least = settings.seats or 0
    fitting = [budget for budget in BUDGETS if budget >= least]
    return max((budget for budget in fitting if budget <= most), default=fitting[0])


#: Seconds before a first token that no setting changes, and how many times the mean the longest prompt of a hundred has.
BEFORE_S, LONGEST = 0.2, 4.0
#: A load above this is reckoned as this: near 1 the mean says nothing any more.
MOST_LOAD = 0.9


def first_token_p99(service: Service, settings: Settings) -> float:
    """Seconds until the first token of the 99th of a hundred requests: a rule of thumb for requests that come one by one, not in bursts."""
    load = min(forecast(service, settings).load, MOST_LOAD)
    tokens = LONGEST * service.prompts[0] - (service.shared if settings.caching else 0)
    return BEFORE_S + idle(service, settings).read_s * tokens / mean_prompt(service) / (1 - load)
