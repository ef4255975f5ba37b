"""Lesson 20, disaggregation: what two pools do with one traffic, and what a fleet does that stays whole.

Runs are those of ``fleets``: computed at the speed that the engine expects, not measured. Where a smaller budget cannot help, as on a
mixture of experts, its question is about the default lab, and the words say so.
"""

from __future__ import annotations

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_20.fleets import (
    ANSWERS,
    BEST,
    DIVISIONS,
    PROMPTS,
    REPLICAS,
    SMALL_BUDGET,
    cost,
    felt_at_peak,
    first_limit_s,
    flat_out,
    kept,
    peak,
    rate,
    reading_s,
    token_limit_s,
)
from lessonlib.roofline import Lab, load_lab, state_bytes
from lessonlib.roofline import kv_bytes_per_token as token_bytes

# --- the traffic and its limits


def fleet_replicas(lab: Lab) -> int:
    return REPLICAS


def replica_gpus(lab: Lab) -> int:
    """GPUs of one replica."""
    return lab.system.gpus


def peak_rate(lab: Lab) -> Quantity:
    """Requests that come at the peak."""
    return Quantity(rate(lab), "requests/s", digits=2)


def pool_prompt(lab: Lab) -> Quantity:
    """Mean tokens of a prompt."""
    return Quantity(PROMPTS[0], "tokens", digits=4)


def pool_answer(lab: Lab) -> Quantity:
    """Mean tokens of an answer."""
    return Quantity(ANSWERS[0], "tokens")


def first_token_limit(lab: Lab) -> Quantity:
    return Quantity(first_limit_s(lab), "s", digits=2)


def token_gap_limit(lab: Lab) -> Quantity:
    """The mean time of the tokens after the first one has to be below this."""
    return Quantity(token_limit_s(lab), "s", digits=2)


def prompt_reading(lab: Lab) -> Quantity:
    """Seconds to read one prompt alone, the mean of the traffic's prompts."""
    return Quantity(reading_s(lab), "s")


# --- who keeps both limits


def _kept(lab: Lab, division: tuple[int, int] | None, budget: int = 0) -> Quantity:
    return Quantity(kept(lab, division, budget), "%", digits=2)


def kept_undivided(lab: Lab) -> Quantity:
    """Share of the requests that keep both limits with four equal replicas."""
    return _kept(lab, None)


def kept_divided(lab: Lab) -> list[Quantity]:
    """The same with one, two and three replicas that read."""
    return [_kept(lab, division) for division in DIVISIONS]


def kept_even(lab: Lab) -> Quantity:
    """With two and two."""
    return _kept(lab, (2, 2))


def kept_best(lab: Lab) -> Quantity:
    """With three and one."""
    return _kept(lab, BEST)


def kept_with_flag(lab: Lab) -> Quantity:
    """Undivided, with the small budget."""
    return _kept(lab, None, SMALL_BUDGET)


def firsts_divided(lab: Lab) -> list[Quantity]:
    """Median time to first token: undivided, then one, two and three that read."""
    return [_first(lab, each) for each in (None, *DIVISIONS)]


def tokens_divided(lab: Lab) -> list[Quantity]:
    """Median time of a token after the first, alike."""
    return [Quantity(float(np.nanmedian(felt_at_peak(lab, each).token_s)), "s") for each in (None, *DIVISIONS)]


def _first(lab: Lab, division: tuple[int, int] | None, budget: int = 0) -> Quantity:
    return Quantity(float(np.median(felt_at_peak(lab, division, budget).first_s)), "s")


def reading_work(lab: Lab) -> Quantity:
    """Replicas that reading keeps busy: prompts a second times seconds a prompt."""
    return Quantity(rate(lab) * reading_s(lab), "replicas")


def division_gains(lab: Lab) -> bool:
    """Whether the best division keeps more than the undivided fleet by a tenth of all requests."""
    return float(kept_divided(lab)[2]) > float(kept_undivided(lab)) + 10


# --- throughput, flat out


def _flat(lab: Lab, division: tuple[int, int] | None, budget: int = 0) -> Quantity:
    return Quantity(flat_out(lab, division, budget).throughput_tokens_per_s, "tok/s")


def flat_undivided(lab: Lab) -> Quantity:
    """Tokens a second of all answers when all requests are there from the start."""
    return _flat(lab, None)


def flat_divided(lab: Lab) -> Quantity:
    """The same with the best division."""
    return _flat(lab, BEST)


def flat_even(lab: Lab) -> Quantity:
    """With two and two."""
    return _flat(lab, (2, 2))


def flat_share(lab: Lab) -> Quantity:
    """The best division over the undivided fleet."""
    return Quantity(float(flat_divided(lab)) / float(flat_undivided(lab)), "x", digits=2)


def flat_with_gain(lab: Lab) -> Quantity:
    """As if specialised pools wrote 40 % more."""
    return Quantity(1.4 * float(flat_undivided(lab)), "tok/s")


def flat_with_goodput_gain(lab: Lab) -> Quantity:
    """As if several times the requests within limits were as many times the tokens, the least that is promised: twice."""
    return Quantity(2.0 * float(flat_undivided(lab)), "tok/s")


# --- the gaps of those who are being written


def _gap99(lab: Lab, division: tuple[int, int] | None, budget: int = 0) -> Quantity:
    return Quantity(float(np.percentile(felt_at_peak(lab, division, budget).gaps_s, 99)), "s")


def gap99_undivided(lab: Lab) -> Quantity:
    """99 of 100 gaps between two tokens are no longer."""
    return _gap99(lab, None)


def gap99_divided(lab: Lab) -> Quantity:
    """The same where one replica writes all answers and reads nothing."""
    return _gap99(lab, BEST)


def gap_mean_undivided(lab: Lab) -> Quantity:
    """The mean gap of the undivided fleet."""
    return Quantity(float(felt_at_peak(lab, None).gaps_s.mean()), "s")


def gap_of_one_for_four(lab: Lab) -> Quantity:
    """As if one replica that writes for four took four times the mean gap."""
    return Quantity(REPLICAS * float(gap_mean_undivided(lab)), "s")


def gap99_fewer(lab: Lab) -> Quantity:
    """How many times shorter it becomes."""
    return Quantity(float(gap99_undivided(lab)) / float(gap99_divided(lab)), "x", digits=2)


def writing_together(lab: Lab) -> Quantity:
    """Answers that the one replica writes at once: requests a second times the time that an answer is written (Little's law)."""
    return Quantity(rate(lab) * _written_s(lab, BEST), "answers", digits=2)


def _written_s(lab: Lab, division: tuple[int, int] | None) -> float:
    """Mean seconds from the first token of an answer to its last."""
    run, told = peak(lab, division), felt_at_peak(lab, division)
    return float((run.requests["e2e_s"] - told.first_s).mean())


def together_undivided(lab: Lab) -> Quantity:
    """Answers that one replica of the undivided fleet writes at once."""
    return Quantity(rate(lab) * _written_s(lab, None) / REPLICAS, "answers", digits=2)


def plain_small_step(lab: Lab) -> Quantity:
    """A step of so many answers, if no prompt is in it."""
    answers = max(1, round(float(together_undivided(lab))))
    return Quantity(cost(lab).mixed([(1, PROMPTS[0] + ANSWERS[0] // 2)] * answers), "s")


# --- what crosses


def cache_of_token(lab: Lab) -> Quantity:
    """Bytes of KV cache of one token, all layers."""
    return Quantity(token_bytes(lab.system), "B")


def state_of_prompt(lab: Lab) -> Quantity:
    """Bytes of the recurrent state, however long the prompt."""
    return Quantity(sum(state_bytes(lab.system).values()), "B")


def bytes_of_prompt(lab: Lab) -> Quantity:
    """Cache and state of a mean prompt: what has to cross."""
    return Quantity(PROMPTS[0] * float(cache_of_token(lab)) + float(state_of_prompt(lab)), "B")


def link_that_keeps_up(lab: Lab) -> Quantity:
    """Bits a second that one replica makes while it reads without a pause."""
    return Quantity(8 * float(bytes_of_prompt(lab)) / reading_s(lab) / 1e9, "Gbit/s")


def link_in_bytes(lab: Lab) -> Quantity:
    """As if gigabytes were gigabits."""
    return Quantity(float(bytes_of_prompt(lab)) / reading_s(lab) / 1e9, "Gbit/s")


def link_within_a_token(lab: Lab) -> Quantity:
    """As if the cache had to be across within the time of one token."""
    return Quantity(8 * float(bytes_of_prompt(lab)) / float(tokens_divided(lab)[3]) / 1e9, "Gbit/s")


def crossing_100(lab: Lab) -> Quantity:
    """Seconds over a link of 100 Gbit/s."""
    return Quantity(8 * float(bytes_of_prompt(lab)) / 100e9, "s", digits=2)


# --- the flag


def flag_example(lab: Lab) -> Lab:
    """The lab of the question about the budget: a dense model whose default budget is not small already."""
    return load_lab() if lab.system.model.is_mixture or _gained_by_flag(lab) < 0.8 else lab


def _gained_by_flag(lab: Lab) -> float:
    """What the flag brings, as a share of what the best division brings."""
    before, after, split = (float(work(lab)) for work in (kept_undivided, kept_with_flag, kept_best))
    return (after - before) / (split - before)


def flag_is_own(lab: Lab) -> bool:
    return flag_example(lab) == lab


def flag_lab(lab: Lab) -> str:
    return flag_example(lab).title


def flag_budget(lab: Lab) -> Quantity:
    """Tokens of a step that somebody sets."""
    return Quantity(SMALL_BUDGET, "tokens")


def flag_before(lab: Lab) -> Quantity:
    """Undivided, with vLLM's own budget."""
    return kept_undivided(flag_example(lab))


def flag_after(lab: Lab) -> Quantity:
    """Undivided, with the small one."""
    return kept_with_flag(flag_example(lab))


def flag_split(lab: Lab) -> Quantity:
    """The best division."""
    return kept_divided(flag_example(lab))[2]


def flag_gaps(lab: Lab) -> list[Quantity]:
    """p99 of the gap: undivided, with the flag, divided."""
    example = flag_example(lab)
    return [_gap99(example, None), _gap99(example, None, SMALL_BUDGET), _gap99(example, BEST)]


def flag_firsts(lab: Lab) -> list[Quantity]:
    """Median time to first token, alike."""
    example = flag_example(lab)
    return [_first(example, None), _first(example, None, SMALL_BUDGET), _first(example, BEST)]


def flag_flats(lab: Lab) -> list[Quantity]:
    """Tokens a second flat out, alike."""
    example = flag_example(lab)
    return [_flat(example, None), _flat(example, None, SMALL_BUDGET), _flat(example, BEST)]


# --- claims: true on every shipped lab, or the text would have to say otherwise


def divisions_rank(lab: Lab) -> bool:
    """One replica that reads keeps next to nobody, two keep less than half of the undivided fleet, three more than four fifths, and no
    fewer than the undivided fleet by more than two in a hundred.
    """
    one, two, three = (float(each) for each in kept_divided(lab))
    whole = float(kept_undivided(lab))
    return one < 2 and one < two < whole / 2 and three > 80 and three > whole - 2


def no_throughput_gained(lab: Lab) -> bool:
    """Flat out the best division writes 80 to 95 % of what the undivided fleet writes, and an even one less than that."""
    return 0.8 < float(flat_share(lab)) < 0.95 and float(flat_even(lab)) < float(flat_divided(lab))


def gaps_shrink(lab: Lab) -> bool:
    """The p99 gap of the one that writes for all is a fifth of the undivided fleet's, or less."""
    return float(gap99_divided(lab)) < float(gap99_undivided(lab)) / 5


def ethernet_is_enough(lab: Lab) -> bool:
    """A link of 100 Gbit/s is three times what one replica needs, or more."""
    return 3 * float(link_that_keeps_up(lab)) < 100


def flag_does_it(lab: Lab) -> bool:
    """On the example the flag brings nine tenths of what the division brings, or more; on any dense model two fifths."""
    if not lab.system.model.is_mixture and _gained_by_flag(lab) < 0.4:
        return False
    return _gained_by_flag(flag_example(lab)) > 0.9


def flag_ruins_mixtures(lab: Lab) -> bool:
    """On a mixture of experts it leaves one request in fifty within the limits, or fewer."""
    return not lab.system.model.is_mixture or float(kept_with_flag(lab)) < 2
