"""The services of the exam: new to the learner, none solved by its defaults, each setting decisive somewhere, and the card near the best on all."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from statistics import median

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.paths import data_dir
from lessonlib.base.quantity import Quantity
from lessonlib.course.checkpoint_1.exam_systems import exam_pool
from lessonlib.course.checkpoint_2.card import by_card, first_token_p99, forecast, idle
from lessonlib.course.checkpoint_2.exam import (
    deciding,
    service_all_up,
    service_best_line,
    service_small_budget,
    short_tests,
)
from lessonlib.course.checkpoint_2.judge import run
from lessonlib.course.checkpoint_2.outcome import judge_line
from lessonlib.course.checkpoint_2.search import AS_GOOD, best_of, search, tried
from lessonlib.course.checkpoint_2.services import (
    SET,
    Service,
    all_services,
    service_pool,
    service_sets,
    worked_service,
)
from lessonlib.course.checkpoint_2.settings import Settings, line_of, read_settings
from lessonlib.roofline import lab_names, load_lab

POOL = service_pool()
each_service = pytest.mark.parametrize("service", POOL, ids=lambda each: each.name)


def test_four_sets_of_three_without_a_model_or_a_deciding_setting_twice() -> None:
    assert [len(one) for one in service_sets()] == [SET] * 4 and len(POOL) == 12
    assert sorted(each.name for one in service_sets() for each in one) == sorted(each.name for each in POOL)
    for one in service_sets():
        assert len({each.system.model.name for each in one}) == len({each.binds for each in one}) == SET
    assert worked_service() not in POOL


@each_service
def test_no_lesson_showed_its_lab(service: Service) -> None:
    """Neither a shipped lab, nor a system of the first exam, nor the ones that lessons name: by model, GPU and number of GPUs."""
    what = (service.system.model.parameters, service.system.gpu.name, service.system.gpus)
    shown = [(lab.system.model.parameters, lab.system.gpu.name, lab.system.gpus) for lab in map(load_lab, lab_names())]
    shown += [(each.system.model.parameters, each.system.gpu.name, each.system.gpus) for each in exam_pool()]
    assert what not in shown


@each_service
def test_neither_its_defaults_nor_todays_line_are_as_good_as_the_best(service: Service) -> None:
    best, today = best_of(service), read_settings(service, service.line)
    assert run(service, today).share < AS_GOOD * best.share
    assert run(service, Settings(today.weights)).share < AS_GOOD * best.share


@each_service
def test_what_is_said_to_decide_does(service: Service) -> None:
    names = {"budget": "tokens"}
    assert names.get(service.binds, service.binds) in deciding(service)


def test_every_setting_decides_somewhere() -> None:
    assert {name for each in POOL for name in deciding(each)} == {
        "weights",
        "cache",
        "caching",
        "seats",
        "tokens",
        "drafts",
    }


def test_drafts_seats_and_caching_decide_in_both_directions() -> None:
    """More seats for one service, fewer for another; caching on and off; drafts on and off."""
    changes: dict[str, set[bool]] = {}
    for each in POOL:
        best, today = best_of(each).settings, read_settings(each, each.line)
        for name in set(deciding(each)) & {"seats", "caching", "drafts"}:
            changes.setdefault(name, set()).add(getattr(best, name) > getattr(today, name))
    assert changes == {name: {True, False} for name in ("seats", "caching", "drafts")}


def test_no_recipe_is_as_good_as_the_best_on_all_of_a_set() -> None:
    for recipe in (service_all_up, service_small_budget):
        for one in service_sets():
            assert not all(judge_line(each, recipe(each)).of_best >= AS_GOOD for each in one)


@each_service
def test_the_cards_line_is_as_good_as_the_best(service: Service) -> None:
    assert run(service, by_card(service)).share >= AS_GOOD * best_of(service).share


def test_how_near_the_card_comes_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    reached = {each.name: run(each, by_card(each)).share / best_of(each).share for each in POOL}
    with capsys.disabled():
        print("\ncard of the best found:", ", ".join(f"{name} {share:.2f}" for name, share in reached.items()))
    assert median(reached.values()) >= 0.97 and min(reached.values()) >= AS_GOOD


def test_the_cards_forecasts_are_of_the_right_size() -> None:
    gaps, waits = [], []
    for each in POOL:
        card = by_card(each)
        ran, reckoned = run(each, card), forecast(each, card)
        if reckoned.load < 0.9:
            gaps.append(max(reckoned.gap_s / ran.tpot_p50_s, ran.tpot_p50_s / reckoned.gap_s))
        if each.burst == 1:
            waits.append(
                max(first_token_p99(each, card) / ran.ttft_p99_s, ran.ttft_p99_s / first_token_p99(each, card))
            )
    assert median(gaps) < 1.35 and max(gaps) < 2.5
    assert median(waits) < 1.4 and max(waits) < 4


@pytest.mark.parametrize("service", all_services(), ids=lambda each: each.name)
def test_the_best_lines_of_the_file_are_those_of_today(service: Service) -> None:
    """They are made by `python -m lessonlib.course.checkpoint_2.search --write`, after any change of a service, the engine or the simulator."""
    best = best_of(service)
    assert run(service, best.settings).share == pytest.approx(best.share, abs=1e-9)
    assert read_settings(service, service_best_line(service)) == best.settings


@pytest.mark.parametrize("service", all_services(), ids=lambda each: each.name)
def test_no_neighbour_of_a_best_line_is_much_better(service: Service) -> None:
    best = best_of(service)
    for change in (
        {"seats": 64},
        {"seats": 128},
        {"tokens": 1024},
        {"tokens": 4096},
        {"caching": not best.settings.caching},
    ):
        assert tried(service, replace(best.settings, **change)) <= best.share + 1e-9


def test_a_search_finds_what_the_file_has() -> None:
    kiosk = next(each for each in POOL if each.name == "kiosk")
    found = search(kiosk)
    assert (found.settings, found.share) == (best_of(kiosk).settings, pytest.approx(best_of(kiosk).share))


def test_a_service_that_the_file_does_not_know_is_told_how_to_make_it() -> None:
    with pytest.raises(LessonlibError, match="search --write"):
        best_of(replace(POOL[0], name="another"))


def test_the_file_holds_the_services_and_no_others() -> None:
    known = json.loads((data_dir() / "exams" / "json" / "checkpoint-2.json").read_text(encoding="utf-8"))
    assert set(known) == {each.name for each in all_services()}


def test_names_and_models_tell_services_apart() -> None:
    assert max(Counter(each.name for each in all_services()).values()) == 1
    assert len({each.title for each in all_services()}) == len(all_services())


@each_service
def test_the_line_of_today_is_one_that_settings_write(service: Service) -> None:
    assert line_of(service, read_settings(service, service.line)) == service.line


@pytest.mark.parametrize("name", [service.name for service in all_services()])
def test_the_short_tests_say_what_the_card_reckons_with(name: str) -> None:
    """Reading, both parts of a step and the room, of every checkpoint and of each cache that passed: else nobody could follow the card."""
    service = next(one for one in all_services() if one.name == name)
    caches = ["auto", *(["fp8"] if "fp8" in service.cache else [])]
    for path, weights in service.checkpoints.items():
        lines = short_tests(service, path, weights).splitlines()
        assert len(lines) == len(caches)
        for line, cache in zip(lines, caches, strict=True):
            tests = idle(service, Settings(weights, cache))
            told = [str(Quantity(part, "s")) for part in (tests.read_s, tests.first_s, tests.each_s)]
            assert all(part in line for part in (*told, f"{tests.fits} fit"))
