"""Runs of the lesson: two replicas or one, and a pair with one slow card."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_16 import four_gpus, incident
from lessonlib.course.lesson_16.pair import on_gpus, payload, prompt_seconds
from lessonlib.roofline import decode, lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


# --- four cards


@every_lab
def test_one_replica_is_sooner_until_two_carry_more(name):
    lab = load_lab(name)
    assert four_gpus.lines_cross(lab)
    assert float(four_gpus.two_read(lab)) == pytest.approx(2 / four_gpus.prompt_on_two(lab).printed)
    assert not four_gpus.is_mixture(four_gpus.quad_lab(lab))


def test_a_lone_first_token_is_a_prompt_and_the_servers_own_time():
    """At the lowest rate hardly anybody is there: reading the prompt, and some tens of milliseconds outside the engine."""
    lab = load_lab()
    rate = float(four_gpus.rates_of_four(lab)[0])
    for replicas, cards in ((2, 2), (1, 4)):
        outside = four_gpus.first_token(lab, rate, replicas) - prompt_seconds(on_gpus(lab, cards))
        assert 0.01 < outside < 0.15


def test_the_highest_rate_is_more_than_one_replica_reads():
    lab = load_lab()
    highest = float(four_gpus.rates_of_four(lab)[-1])
    assert float(four_gpus.four_read(lab)) < highest < float(four_gpus.two_read(lab))


@every_lab
def test_a_queue_grows_where_more_comes_than_is_read(name):
    assert four_gpus.one_queue_grows(load_lab(name))


# --- on call


@every_lab
def test_one_slow_card_shows_in_first_tokens_alone(name):
    lab = load_lab(name)
    assert incident.slow_card_explains(lab)
    assert float(incident.finished_after(lab)) == pytest.approx(float(incident.finished_before(lab)), rel=0.05)
    system = on_gpus(incident.on_call_lab(lab), 2)
    slow = incident.slowed(system)
    assert decode(slow, 1, 4096).expected_s == pytest.approx(decode(system, 1, 4096).expected_s, rel=0.01)
    assert 1.4 < prompt_seconds(slow) / prompt_seconds(system) < 2.05


@every_lab
def test_the_panels_can_be_drawn_and_do_not_name_the_cause(name):
    lab = load_lab(name)
    for monitor in (incident.slow_card_morning(lab), incident.sound_morning(lab)):
        monitor.view()
        assert "clock" not in monitor.finding and "card is" not in monitor.finding
    assert len(incident.sound_morning(lab).charts[0].compare) == len(incident.sound_morning(lab).times)


def test_what_crosses_the_link_is_what_was_computed():
    """All that a card sent on the sound pair: bytes of a token over all messages, times all tokens that were read or written."""
    lab = load_lab()
    result = incident.sound_run(lab)
    steps = result.step_columns(0)
    inside = steps["start_s"] + steps["seconds"] <= incident._begin_s(lab) + incident.UNTIL_S
    tokens = float((steps["decoding"] + steps["prefill_tokens"])[inside].sum())
    chart = incident.sound_morning(lab).chart("NVLink, sent by a card").compare
    assert sum(chart) * incident.EVERY_S == pytest.approx(128 * payload(lab) * tokens, rel=0.001)
