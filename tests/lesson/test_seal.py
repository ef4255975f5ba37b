"""The seal of made-up parts: what changes it, what does not, and how a difference is told to a person."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import Any

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.lesson.fingerprint import fingerprintable
from lessonlib.lesson.seal import differences, lesson_parts, question_parts, seal
from tests.lesson.made_up import key_of, question

PARTS = {"truth": [100.0, "tok/s"], "feedback": "<p>No: ½ of it.</p>"}


def test_a_seal_is_the_beginning_of_the_sha_256_of_sorted_json() -> None:
    """By hand, so that a notebook of today is sealed alike tomorrow."""
    text = '{"feedback": "<p>No: ½ of it.</p>", "truth": [100.0, "tok/s"]}'
    assert seal(PARTS) == hashlib.sha256(text.encode("utf-8")).hexdigest()[:10]
    assert seal(dict(reversed(PARTS.items()))) == seal(PARTS)


@pytest.mark.parametrize(
    "changed",
    [
        {"truth": [100.1, "tok/s"]},
        {"truth": [100.0, "tok"]},
        {"truth": [100.0]},
        {"feedback": "<p>No: ½ of it!</p>"},
        {"more": ""},
        {"feedback": None},
    ],
)
def test_any_part_that_changes_changes_the_seal(changed: dict[str, Any]) -> None:
    assert seal({**PARTS, **changed}) != seal(PARTS)


def test_digits_beyond_the_fourth_do_not_count_and_the_fourth_does() -> None:
    assert seal({"truth": 1.2344}) == seal({"truth": 1.23442}) != seal({"truth": 1.235})
    assert seal({"truth": 0.3}) == seal({"truth": 0.1 + 0.2})


def test_the_digits_in_the_ids_of_a_drawing_do_not_count() -> None:
    one, other, third = (f'<g id="picture-the-van-{digits}">' for digits in ("0123abcd", "89ef0123", "89ef012"))
    assert seal({"html": one}) == seal({"html": other}) != seal({"html": third})
    assert seal({"html": one}) != seal({"html": one.replace("the-van", "the-bus")})


@pytest.mark.parametrize(
    ("value", "counted"),
    [
        (Quantity(123456.0, "B"), [123500.0, "B"]),
        (3.14159, 3.142),
        (314159, 314159),
        (True, True),
        (None, None),
        ("3.14159", "3.14159"),
        ((1.00001, [2.00004]), [1.0, [2.0]]),
        ({8: Quantity(1.0, "")}, {"8": [1.0, ""]}),
    ],
)
def test_what_of_a_value_counts(value: Any, counted: Any) -> None:
    found = fingerprintable(value)
    assert found == counted and type(found) is type(counted)


# --- what a question can ever say -------------------------------------------------------------------------------


def test_the_parts_of_a_number() -> None:
    parts = question_parts(question("number"))
    assert list(parts) == [
        "truth",
        "skipped",
        "explanation",
        "right",
        "mistake took-eighth",
        "mistake took-just-beside",
        "refutation took-eighth",
        "refutation took-too-near",
        "refutation took-just-beside",
        "observe",
        "working",
    ]
    assert parts["right"]["headline"] == "Spot on" and parts["skipped"]["headline"] == "Skipped"
    assert parts["mistake took-eighth"]["headline"] == "Right order: ×8 too low"
    assert set(parts["working"]) == {"name", "value"}


def test_a_question_without_them_has_no_check_and_no_working_to_seal() -> None:
    assert "observe" not in question_parts(question("number", observe=None))
    assert not {"observe", "working"} & set(question_parts(question("recall")))


def test_a_note_has_no_right_answer_to_seal() -> None:
    assert "right" not in question_parts(question("note"))


def test_the_end_of_a_lesson_seals_its_sources_and_no_other_question_does() -> None:
    assert "https://example.org/a" in question_parts(question("closing"))["sources"]
    assert "sources" not in question_parts(question("number"))


@pytest.mark.parametrize("text", ["memory", "compute", "network"])
def test_every_option_of_a_choice_is_sealed(text: str) -> None:
    asked = question("choice")
    told = asked.result(asked.accept(key_of(asked, text)))
    assert told in list(question_parts(asked).values())


# --- part by part, for a person ---------------------------------------------------------------------------------


def lesson(**parts: Any) -> Any:
    """A lesson with one item of these parts."""
    return SimpleNamespace(items={"q": SimpleNamespace(parts=lambda: parts, sealed=True, kind="predict")})


def told(**parts: Any) -> dict[str, Any]:
    return lesson_parts(lesson(**parts))["q"]


def test_notes_and_what_is_not_sealed_have_no_parts() -> None:
    items = {
        name: SimpleNamespace(parts=lambda: {"truth": 1}, sealed=sealed, kind=kind)
        for name, sealed, kind in [("a", True, "predict"), ("b", False, "score"), ("c", True, "note")]
    }
    assert lesson_parts(SimpleNamespace(items=items)) == {"a": {"truth": 1}}  # type: ignore[arg-type]


def test_what_every_answer_is_told_is_given_once() -> None:
    skipped = {"reveal": "So.", "headline": "Skipped", "scale": [1, 2]}
    found = told(skipped=skipped, right={**skipped, "headline": "Spot on"}, **{"mistake x": {**skipped, "more": "No."}})
    assert found["right"] == {"headline": "Spot on"}
    assert found["mistake x"] == {"more": "No."}
    assert found["skipped"] == {"reveal": "So.", "headline": "Skipped", "scale": "[1, 2]"}


def test_parts_without_a_skip_are_given_as_they_are() -> None:
    assert told(right={"headline": "Spot on"}) == {"right": {"headline": "Spot on"}}


def test_other_parts_are_not_shortened() -> None:
    assert told(skipped={"a": "1"}, observe={"a": "1", "b": "2"})["observe"] == {"a": "1", "b": "2"}


def test_a_refutation_is_given_where_no_mistake_says_it() -> None:
    said = {
        "mistake x": {"feedback": "First. Because X. Last."},
        "refutation x": "Because X.",
        "refutation y": "Because Y.",
    }
    assert told(**said) == {"mistake x": {"feedback": "First. Because X. Last."}, "refutation y": "Because Y."}
    assert told(**{**said, "refutation x": "Because Z."})["refutation x"] == "Because Z."


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("x" * 100, "x" * 100),
        ("x" * 101, ["x" * 101]),
        ("one\ntwo", ["one", "two"]),
        ("one\n\ntwo", ["one", "two"]),
        ("<p>a</p><p>b</p>", "<p>a</p><p>b</p>"),
        ("<p>a</p><p>" + "b" * 100 + "</p>", ["<p>a</p>", "<p>" + "b" * 100 + "</p>"]),
    ],
)
def test_a_long_text_has_a_line_for_each_tag(text: str, lines: Any) -> None:
    assert told(truth=text) == {"truth": lines}


def test_a_list_of_numbers_is_one_line_and_a_list_of_words_is_not() -> None:
    assert told(truth=[1, 2.5]) == {"truth": "[1, 2.5]"}
    assert told(truth=["a", 1]) == {"truth": ["a", 1]}
    assert told(truth={"x": [1, 2]}) == {"truth": {"x": "[1, 2]"}}


def test_a_difference_names_the_part_and_both_texts() -> None:
    old = {"q": {"right": {"headline": "Spot on"}, "truth": ["one", "two"], "same": "s", "gone": "g"}}
    new = {"q": {"right": {"headline": "Spot off"}, "truth": ["one", "2"], "same": "s", "come": 5}}
    assert differences(old, new) == [
        "q: right: headline: was “Spot on”, is “Spot off”",
        "q: truth: was “onetwo”, is “one2”",
        "q: gone: was “g”, is “(nothing)”",
        "q: come: was “(nothing)”, is “5”",
    ]
    assert differences(old, old) == []
    assert differences({"q": {"n": {"a": ["x", 1]}}}, {"q": {"n": {"a": ["x", 2]}}}) == [
        'q: n: a: was “["x", 1]”, is “["x", 2]”'
    ]


def test_a_part_that_is_a_list_of_more_than_words_is_told_as_sorted_json() -> None:
    """Two editions that hold the same in another order are the same."""
    one, other = [{"key": "a", "html": "½"}, 1], [{"html": "½", "key": "a"}, 1]
    assert differences({"q": one}, {"q": other}) == []
    assert differences({"q": one}, {"q": [1]}) == ['q: was “[{"html": "½", "key": "a"}, 1]”, is “[1]”']


def test_only_the_text_around_the_first_difference_is_shown() -> None:
    """80 characters before it and 160 from it on; dots where there is more."""
    start = "a" * 300
    (line,) = differences({"t": start + "b" + "c" * 300}, {"t": start + "d" + "c" * 10})
    assert line == f"t: was “…{'a' * 80}b{'c' * 159}…”, is “…{'a' * 80}d{'c' * 10}”"
    (line,) = differences({"t": "a" * 79 + "b"}, {"t": "a" * 79 + "c"})
    assert line == f"t: was “{'a' * 79}b”, is “{'a' * 79}c”"
    (line,) = differences({"t": "a" * 81}, {"t": "a" * 82})
    assert line == f"t: was “…{'a' * 80}”, is “…{'a' * 80}a”"
    (line,) = differences({"t": "b" + "a" * 159}, {"t": "c" + "a" * 160})
    assert line == f"t: was “b{'a' * 159}”, is “c{'a' * 159}…”"
