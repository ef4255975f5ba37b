"""The two forms are parallel: item for item one idea, like kinds and options, no number in common, none easier by its place."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

import pytest

from lessonlib.course.inventory.forms import FORM_A, FORM_B, figures_of, form_a, form_b
from lessonlib.lesson.concepts import load_listing
from lessonlib.lesson.form import FORMS
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds.number import Number
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.words import plain
from lessonlib.roofline import DEFAULT_LAB, lab_names, load_lab

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def questions(form: str) -> list[StepItem]:
    found = Lesson(form, load_lab()).form
    assert found
    return found.items


PAIRS = list(zip(*map(questions, FORMS), strict=True))
IDS = [one.id for one, _ in PAIRS]


def shown(item: StepItem) -> list[str]:
    """All that is read before an answer."""
    question = item.step.question
    options = question.ask()["options"] if question.kind == "choice" else []
    return [plain(question.stem()), *(plain(option["html"]) for option in options)]


def chosen(item: StepItem) -> bool:
    """Whether the question is a choice."""
    return item.step.question.kind == "choice"


def numbers(item: StepItem) -> set[str]:
    """Every number that is read, and of a number question those that a guess may be."""
    question = item.step.question
    found = {each for text in shown(item) for each in NUMBER.findall(text)}
    if isinstance(question, Number):
        found |= {str(float(given["text"])) for _, given in [("right", question.right()), *question.mistakes()]}
    return found


def test_there_are_twelve_questions_in_each_three_of_them_numbers() -> None:
    for form in FORMS:
        assert Counter(item.step.question.kind for item in questions(form)) == {"choice": 9, "number": 3}


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=IDS)
def test_twins_ask_one_idea_in_one_way(one: StepItem, other: StepItem) -> None:
    assert one.id == other.id and one.raw["kind"] == other.raw["kind"]
    assert one.raw["concepts"] == other.raw["concepts"] and len(one.raw["concepts"]) == 1
    first, second = ({name for name, _ in item.step.question.mistakes()} for item in (one, other))
    assert first == second


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=IDS)
def test_twins_share_no_number_and_no_situation(one: StepItem, other: StepItem) -> None:
    assert not numbers(one) & numbers(other)
    assert shown(one)[0] != shown(other)[0]
    assert not set(shown(one)[1:]) & set(shown(other)[1:])


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=IDS)
def test_twins_take_as_long_to_read(one: StepItem, other: StepItem) -> None:
    words = [sum(len(text.split()) for text in shown(item)) for item in (one, other)]
    assert max(words) <= 110 and max(words) / min(words) < 1.25


def test_the_right_options_stand_as_often_at_each_place() -> None:
    places = [
        Counter(item.step.question.right() for item in questions(form) if item.step.question.kind == "choice")
        for form in FORMS
    ]
    assert places[0] == places[1] and set(places[0]) == set("abcd") and max(places[0].values()) == 3


def test_a_place_remembered_from_one_form_is_wrong_in_the_other() -> None:
    right = {one.id: (one.step.question.right(), other.step.question.right()) for one, other in PAIRS if chosen(one)}
    assert [name for name, (first, second) in right.items() if first == second] == []


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=IDS)
def test_wrong_options_do_not_begin_alike_beside_a_right_one(one: StepItem, other: StepItem) -> None:
    for question in (item.step.question for item in (one, other) if chosen(item)):
        first = {option["key"]: plain(option["html"]).split()[0] for option in question.ask()["options"]}
        begins = first.pop(question.right())
        assert max(Counter(first.values()).values()) < 3 or begins in first.values()


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=IDS)
def test_no_number_question_shows_three_numbers_of_which_two_make_the_third(one: StepItem, other: StepItem) -> None:
    for item in (one, other):
        if not chosen(item):
            told = {float(each.replace(",", "")) for each in NUMBER.findall(shown(item)[0])} - {1.0}
            assert [(a, b) for a, b in combinations(told, 2) if a * b in told] == []


def test_twins_are_worked_out_by_like_steps() -> None:
    for form in (FORM_A, FORM_B):
        assert (form.ceiling_bandwidth, form.ceiling_peak) == (form.machine_bandwidth, form.machine_peak)
        assert form.link_before == 10 * form.link_after
        assert form.experts / form.experts_a_token % 10 == 0
        assert form.inside_stay_with_more / form.inside_stay == pytest.approx(2 / 3)
        # half of the speed serves two thirds of what comes, so a third stays
        assert form.turns_served / 2 / (form.turns_arrivals / form.turns_servers) == pytest.approx(2 / 3)


def test_each_idea_is_asked_once_and_all_three_parts_are_asked() -> None:
    ideas = [item.raw["concepts"][0] for item, _ in PAIRS]
    taught = [load_listing().concepts[idea].lesson for idea in ideas]
    assert len(set(ideas)) == 12 and min(taught) >= 1
    parts = Counter(1 if lesson <= 8 else 2 if lesson <= 15 else 3 for lesson in taught)
    assert parts == {1: 5, 2: 3, 3: 4}


def test_every_wrong_answer_is_one_that_was_seen_with_people() -> None:
    evidence = load_listing().evidence
    assert all(name in evidence for item, _ in PAIRS for name, _ in item.step.question.mistakes())


def test_nothing_that_only_a_lesson_explains_is_asked() -> None:
    jargon = re.compile(
        r"prefill|decode|batch|KV|cache|FLOP|roofline|ridge|intensity|prefix|specul|draft|quanti[sz]|weights|TTFT|latency|TP\b|all-reduce|NVLink|MoE\b|replica|autoscal|round robin",
        re.IGNORECASE,
    )
    assert [text for pair in PAIRS for item in pair for text in shown(item) if jargon.search(text)] == []


@pytest.mark.parametrize("lab", lab_names())
def test_a_form_is_the_same_whatever_the_learners_lab(lab: str) -> None:
    own = load_lab(lab)
    for form in FORMS:
        lesson = Lesson(form, own)
        assert lesson.lab.name == DEFAULT_LAB and lesson.without_room is None
        found = lesson.form
        assert found and [item.step.question.asked_hash() for item in found.items] == [
            item.step.question.asked_hash() for item in questions(form)
        ]
    assert form_a(own) == form_a(load_lab()) != form_b(own)
    assert figures_of(own) == FORM_A


def test_the_numbers_by_hand() -> None:
    truths = {
        form: {item.id: float(item.step.question.truth()) for item in questions(form) if item.raw["kind"] == "number"}
        for form in FORMS
    }
    assert truths["inventory-a"] == {"most-tokens": 100, "slow-one": 200, "more-servers": 40}
    assert truths["inventory-b"] == {"most-tokens": 300, "slow-one": 150, "more-servers": 48}
    texts = {form: {item.id: plain(item.step.question.reveal()) for item in questions(form)} for form in FORMS}
    assert "60 GB are fetched in place of 40 GB" in texts["inventory-a"]["longer-conversations"]
    assert "75 GB are fetched in place of 45 GB" in texts["inventory-b"]["longer-conversations"]
    assert "200 ms in place of 40 ms" in texts["inventory-a"]["guesses-at-noon"]
    assert "80 ms in place of 20 ms" in texts["inventory-b"]["guesses-at-noon"]
    assert "750 ms in place of 260 ms" in texts["inventory-a"]["slow-link"]
    assert "820 ms in place of 240 ms" in texts["inventory-b"]["slow-link"]
    assert "79.9 experts of 80" in texts["inventory-a"]["experts"]
    assert "119 experts of 120" in texts["inventory-b"]["experts"]
