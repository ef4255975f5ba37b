"""The run that judges a line: the same for everybody, and at its limits what one works out by hand."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from lessonlib.course.checkpoint_2.judge import LEAST, MOST, requests_of, run
from lessonlib.course.checkpoint_2.outcome import judge_line, what_bound
from lessonlib.course.checkpoint_2.services import Service, all_services, worked_service
from lessonlib.course.checkpoint_2.settings import Settings, read_settings
from lessonlib.roofline import decode, load_lab, prefill
from lessonlib.serving.replica.defaults import server_seconds

DESK = worked_service()
TODAY = read_settings(DESK, DESK.line)


def plain(name: str, **changes: object) -> Service:
    """The help desk with equal requests that share nothing."""
    return replace(DESK, name=name, prompts=(1000, 0.0), answers=(101, 0.0), shared=0, ways=1, drafts=None, **changes)  # type: ignore[arg-type]


def test_a_run_is_the_same_in_another_process() -> None:
    code = (
        "from lessonlib.course.checkpoint_2.judge import run; from lessonlib.course.checkpoint_2.services import worked_service as w; "
        "from lessonlib.course.checkpoint_2.settings import read_settings as r; print(repr(run(w(), r(w(), w().line))))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert told == repr(run(DESK, TODAY))


def test_without_load_each_request_has_what_an_idle_server_gives() -> None:
    service = plain("no-load", rate=0.02)
    found = run(service, Settings("fp8"))
    system = Settings("fp8").system(service)
    alone = server_seconds(system)[0] + prefill(system, 1000).expected_s
    assert found.ttft_p50_s == pytest.approx(alone, rel=0.01)
    assert found.tpot_p50_s == pytest.approx(decode(system, 1, 1050).expected_s, rel=0.02)
    assert found.good == found.requests == LEAST and found.goodput == pytest.approx(0.02)


def test_with_one_seat_answers_come_one_after_another() -> None:
    service = plain("one-seat", rate=50.0)
    settings = Settings("fp8", seats=1)
    found = run(service, settings)
    system = settings.system(service)
    each = prefill(system, 1000).expected_s + 100 * decode(system, 1, 1050).expected_s
    assert found.ended == pytest.approx(1 / each, rel=0.1)
    assert found.full_seats and found.inside <= 1.0


def test_under_overload_what_is_good_is_counted_as_one_at_least() -> None:
    service = plain("overload", rate=400.0, ttft_s=0.01, tpot_s=0.001)
    found = run(service, Settings("bf16"))
    assert found.good == 0 and found.goodput == pytest.approx(400.0 / found.requests)
    assert found.late == found.slow == found.requests


def test_goodput_is_the_share_that_is_good_times_the_rate() -> None:
    for service in all_services()[:4]:
        found = run(service, Settings(service.formats[-1]))
        assert found.goodput == pytest.approx(max(found.good, 1) / found.requests * service.rate)
        assert found.good + found.late + found.slow >= found.requests


@pytest.mark.parametrize("service", all_services(), ids=lambda each: each.name)
def test_runs_are_long_enough_and_not_too_long(service: Service) -> None:
    count = len(requests_of(service))
    assert LEAST <= count <= MOST and count / service.rate >= 95


def test_what_bound_is_said_by_what_was_full() -> None:
    few_seats = what_bound(run(DESK, replace(TODAY, seats=8, weights="fp8", caching=True, cache="fp8")))
    assert "Seats bind" in few_seats
    assert "Room binds" in what_bound(run(DESK, TODAY))
    assert "nothing binds" in what_bound(run(plain("no-load", rate=0.02), Settings("fp8")))


def test_a_line_is_judged_for_its_service_and_on_any_other_lab_for_that_of_the_page() -> None:
    line = DESK.line
    assert judge_line(load_lab(), line) == judge_line(DESK, line)
    outcome = judge_line(DESK, line)
    assert set(outcome.numbers) == {"ttft", "goodput"} and 0 < outcome.of_best < 0.1
    assert outcome.same_as == TODAY
