"""The scrapes and the log of lesson 8's incident: what stands still, what repeats itself, and what the freeze can be worked out from."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_08 import incident
from lessonlib.course.lesson_08.incident import scrapes
from lessonlib.course.lesson_08.service_run import STALL_AT_S, STALL_S, service_run
from lessonlib.roofline import lab_names, load_lab
from lessonlib.serving import exposition

every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_a_scrape_is_what_the_page_of_metrics_says(name):
    lab = load_lab(name)
    begin = float(service_run(lab).result.requests["arrival_s"].min())
    one = scrapes(lab)[6]
    page = exposition(service_run(lab).telemetry, begin + one.at_s)
    said = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    found = {key.split("{")[0]: float(value) for key, value in said.items() if "bucket" not in key}
    assert found["vllm:generation_tokens_total"] == one.tokens
    assert found["vllm:time_to_first_token_seconds_sum"] == pytest.approx(one.ttft_sum_s)
    assert found["vllm:time_to_first_token_seconds_count"] == one.ttft_count
    assert found["vllm:num_requests_running"] == one.running


@every_lab
def test_counters_stand_still_and_gauges_repeat_themselves(name):
    inside = [one for one in scrapes(load_lab(name)) if STALL_AT_S < one.at_s < STALL_AT_S + STALL_S]
    assert [one.at_s for one in inside] == [130, 140, 150]
    assert len({one[1:] for one in inside}) == 1
    assert inside[0].running > 0 and inside[0].waiting == 0


@every_lab
def test_the_stall_can_be_worked_out(name):
    lab = load_lab(name)
    assert float(incident.silent_windows(lab)) == 20 < float(incident.stall_length(lab)) == 28
    assert float(incident.twice_the_mean_wait(lab)) == pytest.approx(28, rel=0.2)
    # The window in which it began has six of its ten seconds.
    share = float(incident.tokens_in_the_cut_window(lab)) / float(incident.tokens_in_a_usual_window(lab))
    assert 0.4 < share < 0.8


@every_lab
def test_the_second_silent_line_is_not_logged(name):
    lines = incident.incident_log(load_lab(name)).splitlines()
    seconds = [line.split(" s ")[0] for line in lines]
    assert "140" in seconds and "150" not in seconds
    silent = next(line for line in lines if line.startswith("140"))
    assert "Avg generation throughput: 0.0 tokens/s" in silent and silent.endswith("Waiting: 0 reqs")


def test_the_table_has_a_line_for_each_scrape_and_columns_that_align():
    head, *rows = incident.incident_scrapes(load_lab()).splitlines()
    assert len(rows) == 10 and len({len(line) for line in (head, *rows)}) == 1


def test_a_line_of_the_log_counts_its_own_ten_seconds_also_after_one_that_was_not_written():
    lab = load_lab()
    made = {one.at_s: one.tokens for one in scrapes(lab)}
    line = next(line for line in incident.incident_log(lab).splitlines() if line.startswith("160 s"))
    rate = float(line.split("Avg generation throughput: ")[1].split()[0])
    assert rate == pytest.approx((made[160] - made[150]) / 10, abs=0.1)
