"""Numbers of the page: the help desk, which is worked out, and how near the card comes. The same on every lab, but for "your lab"."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from lessonlib.base.quantity import Quantity
from lessonlib.course.checkpoint_2.card import (
    BEFORE_S,
    BUDGETS,
    FEW,
    FULL_STEP,
    LONGEST,
    MANY,
    MARGIN,
    TIMES_INSIDE,
    Forecast,
    Idle,
    by_card,
    first_token_p99,
    forecast,
    idle,
    not_found,
)
from lessonlib.course.checkpoint_2.card import SEATS as CARD_SEATS
from lessonlib.course.checkpoint_2.judge import Run, run
from lessonlib.course.checkpoint_2.search import best_of
from lessonlib.course.checkpoint_2.services import Service, service_pool, worked_service
from lessonlib.course.checkpoint_2.settings import Settings, line_of, read_settings
from lessonlib.roofline import Lab, decode, prefill

#: Seats of the curve, and requests a second of tomorrow.
SEATS = (8, 16, 32, 64, 256)
TOMORROW = 8.0
#: seats that are not reached then
OPEN = 256
#: Tokens of an answer on the learner's own lab.
ANSWER = 200


def _today() -> Settings:
    return read_settings(worked_service(), worked_service().line)


def _three() -> Settings:
    """Today's line with caching, the narrower checkpoint and the narrower cache."""
    return replace(_today(), caching=True, weights="fp8", cache="fp8")


def _tuned() -> Settings:
    """The same with the card's seats and budget, still without drafts."""
    card = by_card(worked_service())
    return replace(_three(), seats=card.seats, tokens=card.tokens)


def _ran(settings: Settings, service: Service | None = None) -> Run:
    return run(service or worked_service(), settings)


def _idle() -> Idle:
    return idle(worked_service(), _today())


def _goodput(settings: Settings) -> Quantity:
    return Quantity(_ran(settings).goodput, "requests/s")


def _load(settings: Settings) -> Quantity:
    return Quantity(forecast(worked_service(), settings).load, "", digits=2)


def desk_reading(lab: Lab) -> Quantity:
    """Seconds that a mean prompt adds, with today's checkpoint."""
    return Quantity(_idle().read_s, "s")


def desk_own_part(lab: Lab) -> Quantity:
    """Seconds that a mean answer adds to the steps that it is in."""
    return Quantity(worked_service().answers[0] * _idle().each_s, "s", digits=2)


def desk_fixed(lab: Lab) -> Quantity:
    """The fixed part of a step with the narrow checkpoint and cache."""
    return Quantity(idle(worked_service(), _three()).first_s, "s")


def desk_rate(lab: Lab) -> Quantity:
    return Quantity(worked_service().rate, "requests/s")


def desk_load_today(lab: Lab) -> Quantity:
    return _load(_today())


def desk_load_caching(lab: Lab) -> Quantity:
    """Load with caching alone changed."""
    return _load(replace(_today(), caching=True))


def desk_work_today(lab: Lab) -> Quantity:
    """Seconds of work that each second brings."""
    return Quantity(forecast(worked_service(), _today()).load, "s", digits=2)


def desk_work_caching(lab: Lab) -> Quantity:
    """The same with prefix caching alone changed."""
    return Quantity(forecast(worked_service(), replace(_today(), caching=True)).load, "s", digits=2)


def desk_reading_left(lab: Lab) -> Quantity:
    """Seconds that a mean prompt then adds."""
    return Quantity(_idle().read_s * not_found(worked_service(), True), "s")


def desk_work_by_hits(lab: Lab) -> Quantity:
    """As if all of the work shrank to the share of a prompt that is not found."""
    return Quantity(float(desk_work_today(lab)) * not_found(worked_service(), True), "s", digits=2)


def desk_load_weights(lab: Lab) -> Quantity:
    """Load with the checkpoint alone changed."""
    return _load(replace(_today(), weights="fp8"))


def desk_load_cache(lab: Lab) -> Quantity:
    """Load with the format of the cache alone changed."""
    return _load(replace(_today(), cache="fp8"))


def desk_load_three(lab: Lab) -> Quantity:
    return _load(_three())


def desk_today(lab: Lab) -> Quantity:
    """Goodput of today's line."""
    return _goodput(_today())


def desk_caching(lab: Lab) -> Quantity:
    """Goodput with caching alone changed."""
    return _goodput(replace(_today(), caching=True))


def desk_weights(lab: Lab) -> Quantity:
    """Goodput with the checkpoint alone changed."""
    return _goodput(replace(_today(), weights="fp8"))


def desk_cache(lab: Lab) -> Quantity:
    """Goodput with the format of the cache alone changed."""
    return _goodput(replace(_today(), cache="fp8"))


def desk_three(lab: Lab) -> Quantity:
    """Goodput with all three changed."""
    return _goodput(_three())


def _alone() -> list[float]:
    changes = ({"caching": True}, {"weights": "fp8"}, {"cache": "fp8"})
    return [_ran(replace(_today(), **change)).goodput for change in changes]


def desk_added(lab: Lab) -> Quantity:
    """As if gains added up."""
    today = _ran(_today()).goodput
    return Quantity(today + sum(one - today for one in _alone()), "requests/s")


def desk_multiplied(lab: Lab) -> Quantity:
    """As if factors multiplied."""
    found = today = _ran(_today()).goodput
    for one in _alone():
        found *= one / today
    return Quantity(found, "requests/s")


def desk_gap_three(lab: Lab) -> Quantity:
    """The mean gap with all three, by the reckoning."""
    return Quantity(forecast(worked_service(), _three()).gap_s, "s")


def desk_gap_caching(lab: Lab) -> Quantity:
    return Quantity(forecast(worked_service(), replace(_today(), caching=True)).gap_s, "s")


def desk_gap_run(lab: Lab) -> Quantity:
    """The median of the mean gaps in the run with all three."""
    return Quantity(_ran(_three()).tpot_p50_s, "s")


def desk_inside(lab: Lab) -> Quantity:
    """Requests inside, by the reckoning."""
    return Quantity(round(_tuned_forecast().inside), "requests", digits=2)


def _tuned_forecast() -> Forecast:
    return forecast(worked_service(), _tuned())


def _by_seats() -> list[Run]:
    return [_ran(replace(_tuned(), seats=seats)) for seats in SEATS]


def _curve(y: list[float]) -> dict[str, list[float]]:
    return {"x": [float(seats) for seats in SEATS], "y": y}


def goodput_by_seats(lab: Lab) -> dict[str, list[float]]:
    """Requests a second that keep both limits, by seats."""
    return _curve([each.goodput for each in _by_seats()])


def goodput_in_proportion(lab: Lab) -> dict[str, list[float]]:
    """As if each seat brought as much as the first eight do."""
    first = _by_seats()[0].goodput / SEATS[0]
    return _curve([first * seats for seats in SEATS])


def throughput_by_seats(lab: Lab) -> dict[str, list[float]]:
    """Requests a second that end, kept limits or not."""
    return _curve([each.ended for each in _by_seats()])


def curve_seats(lab: Lab) -> list[int]:
    return list(SEATS)


def goodput_at_seats(lab: Lab) -> list[Quantity]:
    """The same, one for each number of seats."""
    return [Quantity(each.goodput, "requests/s") for each in _by_seats()]


def throughput_at_seats(lab: Lab) -> list[Quantity]:
    return [Quantity(each.ended, "requests/s") for each in _by_seats()]


def first_token_at_seats(lab: Lab) -> list[Quantity]:
    """Median wait for the first token, one for each number of seats."""
    return [Quantity(each.ttft_p50_s, "s") for each in _by_seats()]


def _tomorrow() -> Service:
    service = worked_service()
    return replace(service, name=f"{service.name}-tomorrow", rate=TOMORROW)


def desk_tuned(lab: Lab) -> Quantity:
    """Goodput with seats and budget set too."""
    return _goodput(_tuned())


def desk_load_tuned(lab: Lab) -> Quantity:
    return _load(_tuned())


def desk_gap_tuned(lab: Lab) -> Quantity:
    return Quantity(_tuned_forecast().gap_s, "s")


def tomorrow_rate(lab: Lab) -> Quantity:
    return Quantity(TOMORROW, "requests/s", digits=2)


def tomorrow_goodput(lab: Lab) -> Quantity:
    """Goodput of the same line when more come."""
    return Quantity(_ran(_tuned(), _tomorrow()).goodput, "requests/s")


def tomorrow_in_proportion(lab: Lab) -> Quantity:
    """As if the same share kept both limits."""
    return Quantity(_ran(_tuned()).share * TOMORROW, "requests/s")


def tomorrow_load(lab: Lab) -> Quantity:
    return Quantity(forecast(_tomorrow(), _tuned()).load, "", digits=2)


def tomorrow_gap(lab: Lab) -> Quantity:
    """The mean gap of tomorrow, by the reckoning."""
    return Quantity(forecast(_tomorrow(), _tuned()).gap_s, "s")


def tomorrow_ended(lab: Lab) -> Quantity:
    """Requests a second that end, kept limits or not."""
    return Quantity(_ran(_tuned(), _tomorrow()).ended, "requests/s")


def tuned_budget(lab: Lab) -> Quantity:
    """Tokens of a step of the line."""
    return Quantity(_tuned().tokens or 0, "tokens", digits=4)


def seats_step(lab: Lab) -> int:
    """The card's seats are a multiple of this."""
    return CARD_SEATS[1] - CARD_SEATS[0]


def tuned_seats(lab: Lab) -> int:
    """Most requests in a step of the line."""
    return _tuned().seats or 0


def tomorrow_requests(lab: Lab) -> int:
    """Requests of tomorrow's run."""
    return _ran(_tuned(), _tomorrow()).requests


def tomorrow_late(lab: Lab) -> Quantity:
    """Those that miss the limit of the first token."""
    return Quantity(_ran(_tuned(), _tomorrow()).late, "requests")


def tomorrow_slow(lab: Lab) -> Quantity:
    """Those that miss the limit of the gap."""
    return Quantity(_ran(_tuned(), _tomorrow()).slow, "requests")


def _open() -> Run:
    """Tomorrow with seats enough."""
    return _ran(replace(_tuned(), seats=OPEN), _tomorrow())


def open_seats(lab: Lab) -> int:
    return OPEN


def open_late(lab: Lab) -> Quantity:
    return Quantity(_open().late, "requests")


def open_slow(lab: Lab) -> Quantity:
    return Quantity(_open().slow, "requests")


def open_goodput(lab: Lab) -> Quantity:
    """Goodput with them."""
    return Quantity(_open().goodput, "requests/s")


def seats_choose_the_limit(lab: Lab) -> bool:
    """With the line's seats most are late, with more most are slow, and either way most of the goodput is gone."""
    tight, wide = _ran(_tuned(), _tomorrow()), _open()
    return tight.late > 2 * tight.slow and wide.slow > wide.late and max(tight.share, wide.share) < 0.5


def desk_limit(lab: Lab) -> Quantity:
    return Quantity(worked_service().tpot_s, "s")


def few_requests(lab: Lab) -> int:
    return FEW


def many_requests(lab: Lab) -> int:
    return MANY


def seats_margin(lab: Lab) -> str:
    return f"{MARGIN:g}"


def times_inside(lab: Lab) -> str:
    return f"{TIMES_INSIDE:g}"


def full_step_limits(lab: Lab) -> str:
    return f"{FULL_STEP:g}"


def least_budget(lab: Lab) -> int:
    return BUDGETS[0]


def before_first_token(lab: Lab) -> Quantity:
    return Quantity(BEFORE_S, "s")


def longest_readings(lab: Lab) -> str:
    return f"{LONGEST:g}"


def desk_card_line(lab: Lab) -> str:
    """The card's line for the help desk."""
    return line_of(worked_service(), by_card(worked_service()))


def desk_card_load(lab: Lab) -> Quantity:
    return _load(by_card(worked_service()))


def desk_card_gap(lab: Lab) -> Quantity:
    return Quantity(forecast(worked_service(), by_card(worked_service())).gap_s, "s")


def desk_card_inside(lab: Lab) -> Quantity:
    return Quantity(round(forecast(worked_service(), by_card(worked_service())).inside), "requests", digits=2)


def desk_card_first_token(lab: Lab) -> Quantity:
    """TTFT p99 by the rule of thumb."""
    return Quantity(first_token_p99(worked_service(), by_card(worked_service())), "s", digits=2)


def _steady() -> list[Service]:
    return [each for each in service_pool() if each.burst == 1]


def first_token_off(lab: Lab) -> Quantity:
    """The median factor between the rule of thumb and the run, over those services, each with the card's line."""
    found = [first_token_p99(each, by_card(each)) / run(each, by_card(each)).ttft_p99_s for each in _steady()]
    return Quantity(median(max(one, 1 / one) for one in found), "x")


def gap_off(lab: Lab) -> Quantity:
    """The median factor between the reckoned gap and the run's median, over the services whose load is below 0.9."""
    pairs = [(forecast(each, by_card(each)), run(each, by_card(each))) for each in service_pool()]
    found = [reckoned.gap_s / ran.tpot_p50_s for reckoned, ran in pairs if reckoned.load < 0.9]
    return Quantity(median(max(one, 1 / one) for one in found), "x")


def own_prompt_adds(lab: Lab) -> Quantity:
    """Seconds that one more prompt adds, on the learner's lab."""
    one, two = (prefill(lab.system, lab.prompt, prompts).expected_s for prompts in (1, 2))
    return Quantity(two - one, "s")


def _own_line(lab: Lab) -> tuple[float, float]:
    few, many = (decode(lab.system, batch, lab.prompt + ANSWER // 2).expected_s for batch in (FEW, MANY))
    each = (many - few) / (MANY - FEW)
    return few - FEW * each, each


def own_fixed(lab: Lab) -> Quantity:
    """The fixed part of a step."""
    return Quantity(_own_line(lab)[0], "s")


def own_each(lab: Lab) -> Quantity:
    """What a request adds to a step."""
    return Quantity(_own_line(lab)[1], "s")


def own_answer(lab: Lab) -> Quantity:
    return Quantity(ANSWER, "tokens")


def own_half_load(lab: Lab) -> Quantity:
    """Requests a second at which half of each second is taken."""
    return Quantity(0.5 / (float(own_prompt_adds(lab)) + ANSWER * _own_line(lab)[1]), "requests/s")


def own_half_gap(lab: Lab) -> Quantity:
    """The mean gap then."""
    return Quantity(2 * _own_line(lab)[0], "s")


def settings_card_is_close(lab: Lab) -> bool:
    """On every service of the exam the card's line is as good as the best found."""
    return all(run(each, by_card(each)).share >= 0.9 * best_of(each).share for each in service_pool())


def desk_not_found(lab: Lab) -> Quantity:
    """Share of a prompt that is read with caching."""
    return Quantity(100 * not_found(worked_service(), caching=True), "%", digits=2)
