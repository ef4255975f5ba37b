"""What a reader works out from the numbers of a page, digit by digit as they are printed, is what the page prints."""

from __future__ import annotations

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_16 import broken_link, four_gpus, incident, pair, quiz
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


def printed(value: float, like: Quantity) -> str:
    return str(Quantity(value, like.unit, like.digits))


@every_lab
def test_the_missing_time_and_one_message(name):
    lab = load_lab(name)
    lone, half, both, stays = (
        found(lab).printed for found in (pair.lone_step, pair.half_step, pair.pair_step, pair.undivided)
    )
    count = float(pair.messages(lab))
    assert printed(lone / 2, pair.half_step(lab)) == str(pair.half_step(lab))
    assert printed(both - half, pair.lost_time(lab)) == str(pair.lost_time(lab))
    one = pair.one_message(lab)
    assert printed((both - stays - (lone - stays) / 2) / count, one) == str(one) == str(pair.message_times(lab)[0])
    assert printed(count * one.printed, pair.all_messages(lab)) == str(pair.all_messages(lab))
    assert 100 * pair.all_messages(lab).printed / both == pytest.approx(float(pair.share_of_token(lab)), abs=0.05)
    bent = one.printed * pair.link_carries(lab).printed / pair.payload_of_token(lab).printed
    assert printed(bent, pair.even_tokens(lab)) == str(pair.even_tokens(lab))


@every_lab
def test_a_message_of_many_tokens(name):
    """The wait, then the bytes of the other tokens over the bandwidth; the engine's own is as long, within a hundredth."""
    lab = load_lab(name)
    a_token = pair.payload_of_token(lab).printed / pair.link_carries(lab).printed
    for tokens, found in zip(pair.STEP_TOKENS, pair.message_times(lab), strict=True):
        by_hand = pair.one_message(lab).printed + (tokens - 1) * a_token
        assert by_hand == pytest.approx(float(found), rel=0.001)
        assert pair.message_seconds(lab, tokens) == pytest.approx(float(found), rel=0.01)


@every_lab
def test_ratios_of_two_printed_times(name):
    lab = load_lab(name)
    for ratio, above, below in (
        (broken_link.token_slower, broken_link.broken_step, pair.pair_step),
        (broken_link.prompt_slower, broken_link.broken_prompt, broken_link.linked_prompt),
    ):
        assert printed(above(lab).printed / below(lab).printed, ratio(lab)) == str(ratio(lab))
    two, four = four_gpus.prompt_on_two(lab).printed, four_gpus.prompt_on_four(lab).printed
    assert printed(two / 2, four_gpus.busy_prompt_of_two(lab)) == str(four_gpus.busy_prompt_of_two(lab))
    assert printed(2 / two, four_gpus.two_read(lab)) == str(four_gpus.two_read(lab))
    assert printed(1 / four, four_gpus.four_read(lab)) == str(four_gpus.four_read(lab))
    counted = quiz.counter_sent(lab).printed / quiz.counter_token_bytes(lab).printed
    assert printed(counted, quiz.counter_computed(lab)) == str(quiz.counter_computed(lab))


@every_lab
def test_the_means_on_call_are_those_of_the_scrapes_that_are_named(name):
    """Nine scrapes until 10:03, and all from 10:04 on; the lowest and the highest of them are told with the mean."""
    lab = load_lab(name)
    shown = incident.slow_card_morning(lab)
    values = list(shown.chart("Time to first token, mean").values)
    before = [value for value, at in zip(values, shown.times, strict=True) if at <= 180]
    after = [value for value, at in zip(values, shown.times, strict=True) if at >= 240]
    for found, rows in ((incident.first_before(lab), before), (incident.first_after(lab), after)):
        assert float(found) == pytest.approx(sum(rows) / len(rows))
        assert str(found) in shown.finding
        assert f"{Quantity(min(rows), 's')} to {Quantity(max(rows), 's')}" in shown.finding
