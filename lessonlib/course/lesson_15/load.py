"""How much longer a step gets that drafts and checks, by the requests in it, and how many drafts are then too many."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_15.checking import (
    BEHIND,
    CHANCE,
    DRAFTS,
    MANY,
    counts_of,
    dense_lab,
    draft_bytes,
    draft_seconds,
    gain,
    state_writing_seconds,
    step_ratio,
    step_seconds,
    tokens_of_a_step,
)
from lessonlib.course.shared.lab_numbers import has_state, is_mixture
from lessonlib.roofline import Lab, System


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


def draft_steps(lab: Lab) -> list[Quantity]:
    """With three drafts."""
    return [Quantity(step_seconds(_system(lab), count, DRAFTS), "s") for count in requests_compared(lab)]


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


def gains_many(lab: Lab) -> list[Quantity]:
    """With seven drafts."""
    return [Quantity(gain(_system(lab), count, MANY), "x") for count in requests_compared(lab)]


def gains_single(lab: Lab) -> list[Quantity]:
    """With one draft."""
    return [Quantity(gain(_system(lab), count, 1), "x") for count in requests_compared(lab)]


def alone_plain(lab: Lab) -> Quantity:
    """A plain step of one request."""
    return Quantity(step_seconds(_system(lab), 1), "s")


def tokens_behind_drafts(lab: Lab) -> Quantity:
    """Behind each answer."""
    return Quantity(BEHIND, "tokens", digits=4)


def drafting_alone(lab: Lab) -> Quantity:
    """Seconds of a step that go into drafting three tokens."""
    return Quantity(DRAFTS * draft_seconds(_system(lab)), "s", digits=2)


def crowd_step_more(lab: Lab) -> Quantity:
    """How much longer a full step takes with three drafts."""
    plain, drafted = (step_seconds(_system(lab), requests_compared(lab)[-1], drafts) for drafts in (0, DRAFTS))
    return Quantity(drafted - plain, "s")


def crowd_states(lab: Lab) -> Quantity:
    """How much of that goes into recurrent states, one written for each draft."""
    return Quantity(state_writing_seconds(_system(lab), requests_compared(lab)[-1], DRAFTS), "s")


def drafted_has_state(lab: Lab) -> bool:
    """Whether the model of the questions keeps recurrent states."""
    return has_state(dense_lab(lab))


def draft_layer(lab: Lab) -> Quantity:
    """Bytes of the layer that drafts."""
    return Quantity(draft_bytes(_system(lab))[0], "B", digits=2)


def draft_output_head(lab: Lab) -> Quantity:
    """Bytes of the output head that it needs."""
    return Quantity(draft_bytes(_system(lab))[1], "B", digits=2)


def checked_at_once(lab: Lab) -> Quantity:
    """Tokens in a full step with three drafts."""
    return Quantity((DRAFTS + 1) * requests_compared(lab)[-1], "tokens", digits=4)


def checked_with_many(lab: Lab) -> Quantity:
    """Tokens in a full step with seven."""
    return Quantity((MANY + 1) * requests_compared(lab)[-1], "tokens", digits=4)


def many_drafts(lab: Lab) -> int:
    return MANY


def gain_crowd(lab: Lab) -> Quantity:
    """Three drafts, as many requests as have room."""
    return gains_three(lab)[-1]


def gain_crowd_many(lab: Lab) -> Quantity:
    """Seven."""
    return gains_many(lab)[-1]


def gain_crowd_single(lab: Lab) -> Quantity:
    """One."""
    return gains_single(lab)[-1]


def ratio_crowd_many(lab: Lab) -> Quantity:
    """A step with seven drafts over a plain one."""
    return Quantity(step_ratio(_system(lab), requests_compared(lab)[-1], MANY), "x")


def tokens_of_many(lab: Lab) -> Quantity:
    """Mean tokens of a step with seven drafts."""
    return Quantity(tokens_of_a_step(CHANCE, MANY), "tokens")


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


def many_drafts_lose(lab: Lab) -> bool:
    """In a crowd seven are slower than none, and one is better than three."""
    return float(gains_many(lab)[-1]) < 0.95 and float(gains_single(lab)[-1]) > float(gains_three(lab)[-1])


def mixtures_differ(lab: Lab) -> bool:
    """On a mixture a crowd gains more than a few: those fetch experts for their drafts that a crowd has fetched anyway."""
    return not is_mixture(lab) or float(mixture_few_gain(lab)) < 0.9 * float(mixture_crowd_gain(lab))
