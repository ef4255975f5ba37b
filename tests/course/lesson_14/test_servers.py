"""The runs of lesson 14: full servers in five formats, the canary's noon, and the timeline."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_14 import formats_timeline, full_server, incident
from lessonlib.course.lesson_14.formats import WEIGHTS_ONLY, both_narrow, weighed, weights_lab
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_claims(name):
    lab = load_lab(name)
    assert full_server.four_bits_lose(lab) and full_server.own_loses_none(lab)
    assert (
        full_server.eight_bits_gain_more(lab)
        and full_server.room_is_an_exception(lab)
        and incident.w8a8_takes_noon(lab)
    )


@every_lab
def test_slips_lie_outside_what_counts_as_close(name):
    """A prompt, per cent that a full server loses, and replicas for noon: no slip within x1.25 of the truth."""
    lab = load_lab(name)
    pairs = (
        (full_server.prompt_in_4, (full_server.prompt_in_16, full_server.prompt_by_alone_gain)),
        (full_server.flat_in_4_less, (full_server.flat_less_by_alone_gain, full_server.flat_less_as_prompt)),
        (incident.replicas_in_4, (incident.replicas_by_canary, incident.replicas_in_16)),
    )
    for truth, slips in pairs:
        factors = [float(slip(lab)) / float(truth(lab)) for slip in slips]
        assert all(max(factor, 1 / factor) > 1.3 for factor in factors)
    assert float(full_server.time_with_prompts(lab)) > 50


@every_lab
def test_more_narrow_parts_write_more(name):
    lab = load_lab(name)
    rates = [float(each(lab)) for each in (full_server.flat_in_16, full_server.flat_w8a8, full_server.flat_all_8)]
    assert rates == sorted(rates) and float(full_server.flat_cache_8(lab)) >= rates[0]
    for weights in ("bf16", WEIGHTS_ONLY, both_narrow(weights_lab(lab))):
        run = full_server.flat_out_of(weighed(lab, weights))
        assert run.finished == full_server.REQUESTS and not run.warnings


def test_the_default_labs_server_by_hand():
    """2,964 tok/s become 2,427: 18 % less. Had all else gained 1.89 times, 0.55 x 1.417 + 0.45 / 1.89 = 1.017 of the time: 2 % less."""
    lab = load_lab()
    assert float(full_server.flat_in_4_less(lab)) == pytest.approx(100 * (1 - 2427 / 2964), abs=0.3)
    share = float(full_server.time_with_prompts(lab)) / 100
    assert share == pytest.approx(0.55, abs=0.01)
    mixed = share * 131.5 / 92.82 + (1 - share) / 1.894
    assert float(full_server.flat_less_by_alone_gain(lab)) == pytest.approx(100 * (1 - 1 / mixed), abs=0.2)
    assert float(full_server.flat_less_as_prompt(lab)) == pytest.approx(100 * (1 - 92.82 / 131.5), abs=0.1)


def test_room_is_what_helps_a_small_card():
    lab = load_lab("llama-3.1-8b-int4-rtx-4090")
    assert full_server.short_of_room(lab)
    assert float(full_server.own_seats_in_4(lab)) > 2 * float(full_server.own_seats_in_16(lab))
    assert not full_server.short_of_room(load_lab()) and not full_server.short_of_room(
        load_lab("gpt-oss-120b-h100-mxfp4")
    )


@every_lab
def test_the_canarys_noon_is_one_of_arithmetic(name):
    lab = load_lab(name)
    shown, mended = incident.noon_monitor(lab), incident.noon_monitor_mended(lab)
    charts = {chart.title: [value for value in chart.values if value is not None] for chart in shown.charts}
    assert max(charts["KV cache in use"]) < 85 and charts["GPU “utilisation”"][-1] > 95
    assert float(incident.canary_gap_before(lab)) > 1.7 * float(incident.canary_gap_after(lab))
    # Noon is nine tenths of what 16 bits take, and each replica is to get three quarters: 10 x 0.9 / 0.75 = 12, rounded up.
    assert float(incident.replicas_in_16(lab)) in (12, 13)
    # The finding says what is to be seen, not what is the cause.
    assert "bits" not in shown.finding and "W4A16" not in shown.finding
    assert len(mended.charts[0].compare) == len(mended.charts[0].values)


@every_lab
def test_the_timeline_shows_whose_steps_shrink(name):
    lab = load_lab(name)
    wide, four, eight = formats_timeline.three_formats(lab)
    reading = [max(step.end_s - step.start_s for step in each.steps) for each in (wide, four, eight)]
    writing = [min(step.end_s - step.start_s for step in each.steps) for each in (wide, four, eight)]
    assert 1.3 * reading[0] < reading[1] < 1.52 * reading[0] and reading[2] < 0.85 * reading[0]
    assert writing[1] < writing[2] < writing[0]
    assert sum(step.prompt for step in wide.steps) == formats_timeline.PROMPT
