"""Lesson 20, disaggregation: what two pools do with one traffic, and what a fleet does that stays whole.

Runs are those of ``fleets``: computed at the speed that the engine expects, not measured. Where a smaller budget cannot help, as on a
mixture of experts, its question is about the default lab, and the words say so.
"""

from __future__ import annotations

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.base.versions import vllm
from lessonlib.course.lesson_20.fleets import (
    ANSWERS,
    BEST,
    DIVISIONS,
    FLAT_OUT,
    PROMPTS,
    REPLICAS,
    REQUESTS,
    SMALL_BUDGET,
    cost,
    felt_at_peak,
    first_limit_s,
    flat_out,
    kept,
    peak,
    rate_at_peak,
    reading_s,
    token_limit_s,
)
from lessonlib.roofline import Lab, load_lab, state_bytes
from lessonlib.roofline import kv_bytes_per_token as token_bytes

# --- the traffic and its limits


def equal_replicas(lab: Lab) -> int:
    return REPLICAS


def replica_gpus(lab: Lab) -> int:
    """GPUs of one replica."""
    return lab.system.gpus


def peak_rate(lab: Lab) -> Quantity:
    """Requests that come at the peak."""
    return Quantity(rate_at_peak(lab), "requests/s", digits=2)


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
    return Quantity(rate_at_peak(lab) * reading_s(lab), "replicas")


def division_gains(lab: Lab) -> bool:
    """Whether the best division keeps more than the undivided fleet by a tenth of all requests."""
    return float(kept_divided(lab)[2]) > float(kept_undivided(lab)) + 10


# --- without limits: all requests there from the start


def all_at_once(lab: Lab) -> Quantity:
    """Requests that are there from the start."""
    return Quantity(FLAT_OUT, "requests")


def _done(lab: Lab, division: tuple[int, int] | None, budget: int = 0) -> Quantity:
    """Seconds until the last of them has its last token."""
    return Quantity(FLAT_OUT / flat_out(lab, division, budget).requests_per_s, "s")


def done_undivided(lab: Lab) -> Quantity:
    """Seconds until four equal replicas are done."""
    return _done(lab, None)


def done_even(lab: Lab) -> Quantity:
    """The same with two and two."""
    return _done(lab, (2, 2))


def done_best(lab: Lab) -> Quantity:
    """The same with three and one."""
    return _done(lab, BEST)


def done_with_gain(lab: Lab) -> Quantity:
    """As if specialised pools wrote 40 % more."""
    return Quantity(float(done_undivided(lab)) / 1.4, "s")


def done_with_goodput_gain(lab: Lab) -> Quantity:
    """As if several times the requests within limits were as many times the tokens, the least that is promised: twice."""
    return Quantity(float(done_undivided(lab)) / 2.0, "s")


def two_read_all(lab: Lab) -> Quantity:
    """Seconds in which two replicas read all of those prompts."""
    return Quantity(FLAT_OUT * reading_s(lab) / 2, "s")


def three_carry(lab: Lab) -> Quantity:
    """Requests a second that three replicas can read."""
    return Quantity(3 / reading_s(lab), "requests/s")


# --- a pool that is too small


def peak_lasts(lab: Lab) -> Quantity:
    """Seconds in which the peak's requests come."""
    return Quantity(REQUESTS / rate_at_peak(lab), "s", digits=2)


def middle_number(lab: Lab) -> int:
    """The request in the middle of the peak."""
    return REQUESTS // 2


def first_undivided(lab: Lab) -> Quantity:
    """Median time to first token with four equal replicas."""
    return _first(lab, None)


def first_with_one_reader(lab: Lab) -> Quantity:
    """The same where one replica reads for three that write."""
    return _first(lab, DIVISIONS[0])


def first_by_sum(lab: Lab) -> Quantity:
    """The same by hand: the middle request comes after half of the peak, and has its turn when all before it are read."""
    return Quantity(REQUESTS / 2 * (reading_s(lab) - 1 / rate_at_peak(lab)) + reading_s(lab), "s")


def middle_turn(lab: Lab) -> Quantity:
    """Seconds from the start until one replica has read half of the peak's prompts."""
    return Quantity(REQUESTS / 2 * reading_s(lab), "s")


def middle_comes(lab: Lab) -> Quantity:
    """Seconds from the start until half of the peak's requests have come."""
    return Quantity(REQUESTS / 2 / rate_at_peak(lab), "s")


def first_in_proportion(lab: Lab) -> Quantity:
    """As if four times the prompts a replica meant four times the wait."""
    return Quantity(REPLICAS * float(first_undivided(lab)), "s")


def first_by_the_clock(lab: Lab) -> Quantity:
    """As if a first token took no longer than its own prompt, its transfer, and one step."""
    return Quantity(reading_s(lab) + float(crossing_100(lab)) + float(plain_small_step(lab)), "s")


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
    return Quantity(rate_at_peak(lab) * _written_s(lab, BEST), "answers", digits=2)


def _written_s(lab: Lab, division: tuple[int, int] | None) -> float:
    """Mean seconds from the first token of an answer to its last."""
    run, told = peak(lab, division), felt_at_peak(lab, division)
    return float((run.requests["e2e_s"] - told.first_s).mean())


def together_undivided(lab: Lab) -> Quantity:
    """Answers that one replica of the undivided fleet writes at once."""
    return Quantity(rate_at_peak(lab) * _written_s(lab, None) / REPLICAS, "answers", digits=2)


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


def link_into_the_writer(lab: Lab) -> Quantity:
    """Bits a second that arrive at the one that writes while three read without a pause."""
    return Quantity(BEST[0] * float(link_that_keeps_up(lab)), "Gbit/s")


def link_in_bytes(lab: Lab) -> Quantity:
    """As if gigabytes were gigabits."""
    return Quantity(float(link_into_the_writer(lab)) / 8, "Gbit/s")


def link_within_a_token(lab: Lab) -> Quantity:
    """As if the cache had to be across within the time of one token."""
    return Quantity(8 * float(bytes_of_prompt(lab)) / float(tokens_divided(lab)[3]) / 1e9, "Gbit/s")


def crossing_100(lab: Lab) -> Quantity:
    """Seconds over a link of 100 Gbit/s."""
    return Quantity(8 * float(bytes_of_prompt(lab)) / 100e9, "s", digits=2)


def cache_lease(lab: Lab) -> Quantity:
    """How long vLLM holds a cache that was read for another server, without a sign of it."""
    return Quantity(vllm().defaults["kv_lease_s"], "s")


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


def flag_tokens(lab: Lab) -> list[Quantity]:
    """Time of a token, averaged over an answer, that nine answers in ten do not exceed, alike: what the limit is about."""
    example = flag_example(lab)
    return [_token90(example, None), _token90(example, None, SMALL_BUDGET), _token90(example, BEST)]


def flag_token_limit(lab: Lab) -> Quantity:
    """The limit on that mean there."""
    return token_gap_limit(flag_example(lab))


def _token90(lab: Lab, division: tuple[int, int] | None, budget: int = 0) -> Quantity:
    return Quantity(float(np.nanpercentile(felt_at_peak(lab, division, budget).token_s, 90)), "s")


def flag_done(lab: Lab) -> list[Quantity]:
    """Seconds for all requests at once, alike."""
    example = flag_example(lab)
    return [_done(example, None), _done(example, None, SMALL_BUDGET), _done(example, BEST)]


# --- pieces of a prompt on a mixture of experts


def whole_prompt_step(lab: Lab) -> Quantity:
    """Seconds of one step with a whole prompt of the mean length."""
    return Quantity(cost(lab).mixed([(PROMPTS[0], 0)]), "s")


def piece_step(lab: Lab) -> Quantity:
    """Seconds of one step with the first piece of it."""
    return Quantity(cost(lab).mixed([(SMALL_BUDGET, 0)]), "s")


def prompt_in_pieces(lab: Lab) -> Quantity:
    """Seconds of all of its pieces, one after another."""
    return Quantity(sum(cost(lab).mixed([(SMALL_BUDGET, done)]) for done in range(0, PROMPTS[0], SMALL_BUDGET)), "s")


def work_in_pieces(lab: Lab) -> Quantity:
    """Replicas that reading in pieces would keep busy at the peak."""
    return Quantity(rate_at_peak(lab) * float(prompt_in_pieces(lab)), "replicas", digits=2)


# --- claims: true on every shipped lab, or the text would have to say otherwise


def divisions_rank(lab: Lab) -> bool:
    """One replica that reads keeps next to nobody, two keep less than half of the undivided fleet, three more than four fifths, and no
    fewer than the undivided fleet by more than two in a hundred.
    """
    one, two, three = (float(each) for each in kept_divided(lab))
    whole = float(kept_undivided(lab))
    return one < 2 and one < two < whole / 2 and three > 80 and three > whole - 2


def no_throughput_gained(lab: Lab) -> bool:
    """All at once: three and one are done no sooner than the undivided fleet, and by a fifth later at most; two and two need 30 % longer or
    more, and what two replicas take to read is nine tenths of that or more.
    """
    whole, even, best = (float(work(lab)) for work in (done_undivided, done_even, done_best))
    return whole < best < 1.2 * whole and even > 1.3 * whole and 0.85 < float(two_read_all(lab)) / even < 1.1


def one_reader_is_late(lab: Lab) -> bool:
    """The sum by hand gives the median first token of team A within a fifth; in proportion it would be a fifth of that or less."""
    truth = float(first_with_one_reader(lab))
    return 0.8 < float(first_by_sum(lab)) / truth < 1.2 and float(first_in_proportion(lab)) < truth / 5


def tokens_rank(lab: Lab) -> bool:
    """On the example nine answers in ten have a token sooner with the flag than without, and sooner still with the best division."""
    before, after, split = (float(each) for each in flag_tokens(lab))
    return split < 0.85 * after and after < 0.75 * before


def gaps_shrink(lab: Lab) -> bool:
    """The p99 gap of the one that writes for all is a fifth of the undivided fleet's, or less."""
    return float(gap99_divided(lab)) < float(gap99_undivided(lab)) / 5


def ethernet_is_enough(lab: Lab) -> bool:
    """100 Gbit/s carry what arrives at the one that writes while three read without a pause."""
    return float(link_into_the_writer(lab)) < 100


def flag_does_it(lab: Lab) -> bool:
    """On the example the flag brings nine tenths of what the division brings, or more; on any dense model two fifths."""
    if not lab.system.model.is_mixture and _gained_by_flag(lab) < 0.4:
        return False
    return _gained_by_flag(flag_example(lab)) > 0.9


def flag_ruins_mixtures(lab: Lab) -> bool:
    """On a mixture of experts it leaves one request in fifty within the limits, or fewer: reading in pieces takes more than all replicas."""
    return not lab.system.model.is_mixture or (float(kept_with_flag(lab)) < 2 and float(work_in_pieces(lab)) > REPLICAS)
