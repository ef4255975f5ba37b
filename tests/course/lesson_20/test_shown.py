"""What lesson 20 shows: the peak replica by replica, the incident and its mend, the explorer."""

from __future__ import annotations

import time

import pytest

from lessonlib.course.lesson_20 import explore, fleets, incident, three_fleets, workings
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_three_ways_of_one_peak(name):
    lab = load_lab(name)
    whole, even, best = three_fleets.three_fleets(lab)
    assert whole.link is None and even.link is not None and best.link is not None
    assert [lane.pool for lane in best.lanes] == ["prefill"] * 3 + ["decode"]
    assert sum(whole.arrivals) == sum(best.arrivals)
    # Two pools hand the first token out where it is written: the view says what the tables say.
    told = fleets.felt_at_peak(lab, fleets.BEST)
    assert best.waits.first_token_s[0] == pytest.approx(float(workings.firsts_divided(lab)[3]))
    assert best.waits.gap_s[2] == pytest.approx(float(workings.gap99_divided(lab)))
    assert max(value for value in best.ttft_p99_s if value is not None) <= told.first_s.max() + 1e-9
    assert "reads" not in whole.finding
    # The even division queues before the pool that reads, and the pool that writes has next to nobody waiting.
    reads = [max(lane.waiting) for lane in even.lanes if lane.pool == "prefill"]
    writes = [max(lane.waiting) for lane in even.lanes if lane.pool == "decode"]
    assert min(reads) > 4 and max(writes) < 2
    assert max(best.link.traffic) <= best.link.capacity == fleets.LINK * 3


@every_lab
def test_the_incident_is_one_of_the_wire_alone(name):
    lab = load_lab(name)
    assert incident.link_hides(lab)
    shown, mended = incident.pools_monitor(lab), incident.mended_pools_monitor(lab)
    for word in ("wire", "link", "Gbit"):
        assert word not in shown.finding and not any(word in chart.title for chart in shown.charts)
    assert mended.finding != shown.finding and "in place of" in mended.finding
    charts = {chart.title: [value for value in chart.values if value is not None] for chart in shown.charts}
    assert charts["First token, gateway, p50"][-1] > 5 * fleets.first_limit_s(lab)
    assert charts["Waiting, decode pod"][-1] > 5 * max(mended.chart("Waiting, decode pod").compare)
    assert 8 * incident._slow(lab) / 1e9 in incident.SPEEDS and incident._slow(lab) < incident._crosses(lab)


def test_caches_that_wait_pile_up_at_the_difference_of_two_rates():
    lab = load_lab()
    crosses, leaves = incident._crosses(lab), incident._slow(lab)
    queue = [value for value in incident.pools_monitor(lab).chart("Waiting, decode pod").values if value is not None]
    piled = (queue[-1] - queue[3]) / (incident.EVERY_S * (len(queue) - 4))
    by_hand = 3 * (crosses - leaves) / float(workings.bytes_of_prompt(lab))
    assert piled == pytest.approx(by_hand, rel=0.15)


@every_lab
def test_the_explorer_in_a_few_settings(name):
    lab = load_lab(name)
    fleets.rate_at_peak(lab)
    shares = {}
    for link in (1.0, 100.0, 400.0):
        before = time.process_time()
        shown = explore.explore_pools(lab, per_s=fleets.rate_at_peak(lab), answers=140, link=link, card="as the others")
        assert time.process_time() - before < 1.0
        shown.refuse(["bars"])
        shares[link] = {bar.label: bar.parts[0].value for bar in shown.bars}
    best = "3 read, 1 write"
    assert shares[400.0][best] - shares[100.0][best] < 6 and shares[1.0][best] < 10
    assert shares[1.0]["undivided"] == shares[400.0]["undivided"]
    # The guess before the first move: short answers are spoilt by fewer prompts.
    short = explore.explore_pools(lab, per_s=fleets.rate_at_peak(lab), answers=35, link=100.0, card="as the others")
    assert short.bars[0].label == "undivided" and short.bars[0].parts[0].value < shares[100.0]["undivided"] - 5
    for choice in explore.pool_card_choices(lab):
        explore.explore_pools(lab, per_s=explore.pool_rate_stops(lab)[0], answers=35, link=100.0, card=choice["value"])


@every_lab
def test_the_flag_is_asked_of_a_lab_where_it_helps(name):
    lab = load_lab(name)
    assert workings.flag_is_own(lab) == (not lab.system.model.is_mixture and lab.name != "llama-3.1-8b-int4-rtx-4090")
    assert float(workings.flag_after(lab)) > float(workings.flag_before(lab)) + 25
