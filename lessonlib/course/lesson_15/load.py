"""How much longer a step gets that drafts and checks, by the requests in it, and from how many on drafts lose."""

from __future__ import annotations

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.checking import (
    BEHIND,
    DRAFTS,
    chance_of,
    counts_of,
    dense_lab,
    draft_bytes,
    draft_seconds,
    gain,
    lose_from_count,
    state_writing_seconds,
    step_ratio,
    step_seconds,
    thin_rate_of,
    tokens_of_a_step,
)
from lessonlib.course.shared.lab_numbers import has_state, is_mixture
from lessonlib.roofline import Lab, System, state_bytes


def _system(lab: Lab) -> System:
    return dense_lab(lab).system


def requests_compared(lab: Lab) -> tuple[int, ...]:
    """Requests in a step, five counts that rise."""
    return counts_of(_system(lab))


def _curve(lab: Lab, y: list[float]) -> dict[str, list[float]]:
    return {"x": [float(count) for count in requests_compared(lab)], "y": y}


def ratio_by_requests(lab: Lab) -> dict[str, list[float]]:
    """A step with three drafts over a plain one."""
    return _curve(lab, [step_ratio(_system(lab), count) for count in requests_compared(lab)])


def ratio_of_one(lab: Lab) -> dict[str, list[float]]:
    """As if it were for all what it is for one request."""
    return _curve(lab, [step_ratio(_system(lab), 1) for _ in requests_compared(lab)])


def ratio_of_tokens(lab: Lab) -> dict[str, list[float]]:
    """As if a step took so many times as long as it has tokens."""
    return _curve(lab, [DRAFTS + 1.0 for _ in requests_compared(lab)])


def compared_requests(lab: Lab) -> list[Quantity]:
    return [Quantity(count, "requests") for count in requests_compared(lab)]


def plain_steps(lab: Lab) -> list[Quantity]:
    return [Quantity(step_seconds(_system(lab), count), "s") for count in requests_compared(lab)]


def step_ratios(lab: Lab) -> list[Quantity]:
    return [Quantity(step_ratio(_system(lab), count), "x") for count in requests_compared(lab)]


def ratio_alone(lab: Lab) -> Quantity:
    """One request."""
    return step_ratios(lab)[0]


def ratio_crowd(lab: Lab) -> Quantity:
    """As many as have room."""
    return step_ratios(lab)[-1]


def gains_three(lab: Lab) -> list[Quantity]:
    """Tokens a second with three drafts over those without, in such steps."""
    return [Quantity(gain(_system(lab), count), "x") for count in requests_compared(lab)]


def _more(system: System, count: int) -> tuple[float, float, float]:
    """What three drafts add to a step, in seconds: drafting, recurrent states, and the arithmetic of the check."""
    all_of_it = step_seconds(system, count, DRAFTS) - step_seconds(system, count)
    drafting, states = DRAFTS * draft_seconds(system), state_writing_seconds(system, count, DRAFTS)
    return drafting, states, max(0.0, all_of_it - drafting - states)


def _rows_of_more(lab: Lab, place: int) -> list[str]:
    system = _system(lab)
    return [f"{1e3 * _more(system, count)[place]:.1f} ms" for count in requests_compared(lab)]


def more_by_drafting(lab: Lab) -> list[str]:
    """Of what three drafts add to a step: fetching the layer that drafts and the output head, for each draft."""
    return _rows_of_more(lab, 0)


def more_by_states(lab: Lab) -> list[str]:
    """Of the same: writing one recurrent state more for each draft."""
    return _rows_of_more(lab, 1)


def more_by_arithmetic(lab: Lab) -> list[str]:
    """The rest of it: arithmetic of the check that nothing hides."""
    return _rows_of_more(lab, 2)


def alone_plain(lab: Lab) -> Quantity:
    """A plain step of one request."""
    return Quantity(step_seconds(_system(lab), 1), "s")


def tokens_behind_drafts(lab: Lab) -> Quantity:
    """Behind each answer."""
    return Quantity(BEHIND, "tokens", digits=4)


def drafted_has_state(lab: Lab) -> bool:
    """Whether the model of the questions keeps recurrent states."""
    return has_state(dense_lab(lab))


def draft_fetch(lab: Lab) -> Quantity:
    """Bytes that are fetched for each draft: a layer and the output head."""
    return Quantity(sum(draft_bytes(_system(lab))), "B", digits=2)


def draft_state(lab: Lab) -> Quantity:
    """Bytes of one recurrent state of a request, written for each token that is checked."""
    return Quantity(sum(state_bytes(_system(lab)).values()), "B")


def checked_at_once(lab: Lab) -> Quantity:
    """Tokens in a full step with three drafts."""
    return Quantity((DRAFTS + 1) * requests_compared(lab)[-1], "tokens", digits=4)


# --- text that is hard to guess


def _thin(lab: Lab) -> float:
    found = thin_rate_of(_system(lab))
    if found is None:
        raise LessonlibError(
            f"no rate of a log with which drafts lose among the requests compared on {dense_lab(lab).name}"
        )
    return found


def rate_of_hard_text(lab: Lab) -> Quantity:
    """Accepted over drafted tokens, as the log says of such text with three drafts."""
    return Quantity(100 * _thin(lab), "%", digits=2)


def thin_tokens(lab: Lab) -> Quantity:
    """Tokens of a step then."""
    return Quantity(1 + DRAFTS * _thin(lab), "tokens")


def _thin_chance(lab: Lab) -> float:
    return chance_of(1 + DRAFTS * _thin(lab), DRAFTS)


def thin_chance(lab: Lab) -> Quantity:
    """The one chance given those before that brings as many."""
    return Quantity(_thin_chance(lab), "", digits=2)


def lose_from(lab: Lab) -> Quantity:
    """Requests in a step from which on three drafts lose."""
    return Quantity(lose_from_count(_system(lab), 1 + DRAFTS * _thin(lab)), "requests", digits=2)


def lose_from_by_formula(lab: Lab) -> Quantity:
    """As if the log's rate were the formula's chance."""
    return Quantity(lose_from_count(_system(lab), tokens_of_a_step(_thin(lab), DRAFTS)), "requests", digits=2)


def lose_from_without_own(lab: Lab) -> Quantity:
    """The model's own token left out."""
    return Quantity(lose_from_count(_system(lab), DRAFTS * _thin(lab)), "requests", digits=2)


def _thin_gains(lab: Lab, drafts: int) -> list[Quantity]:
    return [Quantity(gain(_system(lab), count, drafts, _thin_chance(lab)), "x") for count in requests_compared(lab)]


def thin_gains_three(lab: Lab) -> list[Quantity]:
    """Tokens a second with three drafts over those without, of such text."""
    return _thin_gains(lab, DRAFTS)


def thin_gains_single(lab: Lab) -> list[Quantity]:
    """With one."""
    return _thin_gains(lab, 1)


def crowd_of_step(lab: Lab) -> int:
    return requests_compared(lab)[-1]


#: requests of two steps of a mixture
_FEW, _MANY = 8, 64


def mixture_few_gain(lab: Lab) -> Quantity:
    """The learner's own lab: tokens a second with three drafts over those without, eight requests."""
    return Quantity(gain(lab.system, _FEW), "x")


def mixture_crowd_gain(lab: Lab) -> Quantity:
    """And sixty-four."""
    return Quantity(gain(lab.system, _MANY), "x")


# --- claims


def checks_cost_in_a_crowd(lab: Lab) -> bool:
    """Alone far from the four tokens' worth, in a crowd half as long again or more; the gain falls."""
    ratios, gains = ratio_by_requests(lab)["y"], [float(each) for each in gains_three(lab)]
    return ratios[0] < 2 and ratios[-1] > 1.5 * ratios[0] and gains[0] > 1.4 and gains[-1] < 0.75 * gains[0]


def few_drafts_hold(lab: Lab) -> bool:
    """Of text that is hard to guess three drafts help a few and lose in a crowd, where one still gains; the slips name far other loads."""
    three, one = ([float(each) for each in found(lab)] for found in (thin_gains_three, thin_gains_single))
    right, slip, first = (float(each(lab)) for each in (lose_from, lose_from_by_formula, lose_from_without_own))
    return max(three[:2]) > 1 > three[-1] and one[-1] > 1.02 and right > 1.4 * slip and slip > 1.4 * first


def mixtures_differ(lab: Lab) -> bool:
    """On a mixture a crowd gains more than a few: those fetch experts for their drafts that a crowd has fetched anyway."""
    return not is_mixture(lab) or float(mixture_few_gain(lab)) < 0.9 * float(mixture_crowd_gain(lab))
