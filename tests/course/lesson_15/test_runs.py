"""The runs of lesson 15: a steady crowd, the noon with drafts and its mend, and the timeline."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_15 import drafts_timeline, incident, served
from lessonlib.course.lesson_15.checking import DRAFTS, gain, tokens_of_a_step
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_gaps_grow_while_tokens_come_sooner(name):
    lab = load_lab(name)
    assert served.gaps_grow_all_the_same(lab)
    assert float(served.steady_rate_with(lab)) > float(served.steady_rate_without(lab))


@every_lab
def test_noon_is_one_of_room(name):
    lab = load_lab(name)
    assert incident.states_take_the_seats(lab)
    shown, mended = incident.noon_of_drafts(lab), incident.noon_of_fewer_drafts(lab)
    charts = {chart.title: [value for value in chart.values if value is not None] for chart in shown.charts}
    length = charts["Tokens of a draft step, mean"]
    assert max(length) < 1.02 * min(length) and length[0] == pytest.approx(tokens_of_a_step(0.7, 3), rel=0.02)
    quiet, late = (
        charts["Requests waiting"][part] for part in (slice(0, incident.BEFORE), slice(incident.BEFORE + 1, None))
    )
    assert max(quiet) <= 2 and min(late) > 10
    assert max(charts["KV cache in use"][: incident.BEFORE]) < 75 and charts["KV cache in use"][-1] > 97
    # The finding says what is to be seen, not what is the cause.
    assert "state" not in shown.finding and "page" not in shown.finding
    assert max(mended.chart("Requests waiting").compare[incident.BEFORE + 1 :]) <= 2


def test_the_text_and_the_monitor_tell_the_same_noon():
    lab = load_lab()
    running = incident.noon_of_drafts(lab).chart("Requests running").values[-6:]
    assert sum(running) / 6 == pytest.approx(float(incident.seats_by_drafts(lab)[DRAFTS]), rel=0.03)


def test_the_log_adds_up():
    """By position the accepted drafts add up to the mean length that the same line says, and no two windows are told alike."""
    lines = [each.text for each in incident.noon_of_drafts(load_lab()).log if each.text.startswith("SpecDecoding")]
    told = set()
    for line in lines:
        length = float(line.split("length: ")[1].split(",")[0])
        shares = [float(share) for share in line.split("rate: ")[1].split(", Avg")[0].split(", ")]
        assert 1 + sum(shares) == pytest.approx(length, abs=0.007) and shares == sorted(shares, reverse=True)
        told.add(tuple(shares))
    assert len(told) > len(lines) / 2


@every_lab
def test_the_server_is_full_of_the_mornings_agents_from_the_first_scrape_on(name):
    rates = incident.noon_of_drafts(load_lab(name)).chart("Tokens generated").values
    assert min(rates[: incident.BEFORE]) > 0.8 * max(rates[: incident.BEFORE])


@every_lab
def test_one_draft_is_the_most_with_which_all_find_a_seat(name):
    lab = load_lab(name)
    room, noon = [float(each) for each in incident.seats_by_drafts(lab)], incident.noon_agents(lab)
    pages = [float(each) for each in incident.pages_by_drafts(lab)]
    # One place a number of drafts, from none to three: the words name the last for three.
    assert len(pages) == len(room) == DRAFTS + 1 and pages == sorted(pages) and room == sorted(room, reverse=True)
    assert room[1] >= noon > room[2] and (room[0] + 2 * room[3]) / 3 > noon
    assert float(incident.fewer_per_token(lab)) < float(incident.week_per_token(lab))
    assert float(incident.fewer_rate(lab)) > float(incident.week_rate(lab))
    assert float(incident.fewer_step_gain(lab)) == pytest.approx(gain(incident._system(lab), noon, 1))


def test_labs_without_states_see_the_default_labs_noon():
    lab = load_lab("qwen3-32b-h200")
    assert not incident.incident_is_of_own(lab) and incident.incident_lab(lab) == load_lab().title


@every_lab
def test_the_timeline_shows_several_tokens_a_step(name):
    plain, drafted = drafts_timeline.with_and_without(load_lab(name))
    for lane in plain.lanes:
        assert {tokens for part in lane.written for tokens in part.tokens} <= {0, 1}
    for lane in drafted.lanes:
        assert sum(tokens for part in lane.written for tokens in part.tokens) == drafts_timeline.TOKENS
        every = [tokens for part in lane.written for tokens in part.tokens if tokens]
        # The first comes of the prompt; the others of steps with drafts.
        assert every[0] == 1 and set(every[1:]) <= {2, 3, DRAFTS + 1}
    assert drafted.steps[-1].end_s < plain.steps[-1].end_s
    longest = [min(step.end_s - step.start_s for step in each.steps if not step.prompt) for each in (plain, drafted)]
    assert longest[1] > longest[0]
