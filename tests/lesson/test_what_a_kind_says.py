"""Everything that a question hands to the page, whole: the form, a skip, a right and a wrong guess, written out by hand."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.lesson.guess import MOST_IN_A_NUMBER, GuessError
from lessonlib.lesson.kinds import make_question
from lessonlib.lesson.schema import lesson_schema
from lessonlib.lesson.words import WordsError
from lessonlib.show.blocks import BLOCKS
from tests.lesson import made_up
from tests.lesson.made_up import JUDGED, KINDS, RAW, key_of, question, words

GRADES = [
    {"key": "got", "label": "Had it"},
    {"key": "partly", "label": "Partly"},
    {"key": "missed", "label": "Missed it"},
]
REVEAL = "<p>The reveal says 100 tok/s.</p>"
COMPARE = {"tone": "plain", "headline": "Compare", "feedback": "", "grades": GRADES, "grade": None}


def said(kind: str, given: Any) -> dict[str, Any]:
    asked = question(kind)
    return asked.result(asked.accept(given))


def returns(monkeypatch: pytest.MonkeyPatch, name: str, found: Any) -> None:
    """Let the working ``name`` of the made-up lesson return ``found``."""

    def working(lab: Any) -> Any:
        return found

    working.__module__ = made_up.__name__
    monkeypatch.setattr(made_up, name, working)


# --- the form -------------------------------------------------------------------------------------------------------------


def test_the_form_of_each_kind() -> None:
    assert question("number").ask() == {
        "unit": "tok/s",
        "placeholder": "a number, such as 250 or 1.2e3",
        "interval": True,
    }
    assert question("curve").ask() == {
        "x": [1, 2, 4, 8],
        "x_label": "requests",
        "y_label": "throughput",
        "x_unit": "",
        "y_unit": "tok/s",
        "x_log": True,
        "y_log": True,
        "y_min": 1.0,
        "y_max": 1000.0,
        "start": None,
    }
    assert question("blanks").ask() == {"parts": ["Prefill is ", "-bound, decode ", "-bound."]}
    assert question("recall").ask() == {}
    assert question("explain").ask() == {"placeholder": "Type it, or say it aloud and leave this empty.", "rows": 5}
    assert question("note").ask() == {"placeholder": "Type here.", "rows": 3}
    cards = question("choice").ask()["options"]
    assert sorted(card["html"] for card in cards) == ["compute", "memory", "network"]


@pytest.mark.parametrize("log", [True, False])
def test_axes_are_logarithmic_unless_told_otherwise(log: bool) -> None:
    x, y = ({key: value for key, value in RAW["curve"][axis].items() if key != "log"} for axis in ("x", "y"))
    bare = question("curve", x=x, y=y).ask()
    assert (bare["x_log"], bare["y_log"]) == (True, True)
    told = question("curve", x={**x, "log": log}, y={**y, "log": not log}).ask()
    assert (told["x_log"], told["y_log"]) == (log, not log)
    assert question("curve", x={**x, "unit": "s"}).ask()["x_unit"] == "s"


def test_a_column_at_zero_has_no_place_on_a_logarithmic_axis(monkeypatch: pytest.MonkeyPatch) -> None:
    returns(monkeypatch, "straight", {"x": [0, 1, 2, 4], "y": [1.0, 2.0, 3.0, 4.0]})
    for axis in ({"label": "requests", "log": True}, {"label": "requests"}):
        with pytest.raises(WordsError, match="gives 0, which has no place on a logarithmic axis; say `log: false`"):
            question("curve", truth="straight", x=axis).ask()
    x = {**RAW["curve"]["x"], "log": False}
    assert question("curve", truth="straight", x=x).ask()["x"] == [0, 1, 2, 4]


def test_the_middle_of_five_columns_is_the_third_and_the_true_heights_have_five_digits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A height of x**2 / 3, drawn too low at the third column alone: the start falls short of its growth, the end goes beyond it."""
    x = [1, 2, 4, 8, 16]
    returns(monkeypatch, "straight", {"x": x, "y": [at**2 / 3 for at in x]})
    asked = question("curve", truth="straight", wrong=RAW["curve"]["wrong"][:1])
    told = asked.result(asked.accept([1 / 3, 4 / 3, 1, 64 / 3, 256 / 3]))
    assert told["missed"] == ["Start too flat.", "End too steep."]
    assert told["truth_y"] == [0.33333, 1.3333, 5.3333, 21.333, 85.333]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("number", "<p>Your guess: ____ tok/s</p>"),
        ("curve", "<p>Draw throughput against requests.</p>"),
        ("blanks", "<p>Prefill is ____-bound, decode ____-bound.</p>"),
        ("recall", ""),
    ],
)
def test_the_form_on_paper(kind: str, words: str) -> None:
    assert question(kind).on_paper(question(kind).ask()) == words


def test_the_cards_on_paper() -> None:
    cards = [card["html"] for card in question("choice").ask()["options"]]
    assert (
        question("choice").on_paper(question("choice").ask())
        == "<ul>" + "".join(f"<li>{card}</li>" for card in cards) + "</ul>"
    )


# --- what is said ---------------------------------------------------------------------------------------------------------


def test_a_skipped_prediction() -> None:
    plain = {"tone": "plain", "headline": "Skipped", "feedback": "", "reveal": REVEAL}
    truth = {"text": "100 tok/s", "value": 100.0}
    assert question("number").result(None) == {
        **plain,
        "summary": "The answer: 100 tok/s",
        "truth": truth,
        "scale": [25.0, 400.0],
    }
    assert question("curve").result(None) == {
        **plain,
        "summary": "The true curve is drawn.",
        "missed": [],
        "truth_y": [10.0, 40.0, 160.0, 640.0],
    }
    asked = question("choice")
    assert asked.result(None) == {
        **plain,
        "summary": "The answer: memory",
        "options": {key_of(asked, "memory"): "truth"},
    }


def test_a_right_prediction() -> None:
    right = {"tone": "right", "reveal": REVEAL}
    assert said("number", "100") == {
        **right,
        "headline": "Spot on",
        "summary": "Spot on. The answer: 100 tok/s.",
        "feedback": "<p>Well reasoned.</p>",
        "truth": {"text": "100 tok/s", "value": 100.0},
        "scale": [25.0, 400.0],
    }
    assert said("curve", [10, 40, 160, 640]) == {
        **right,
        "headline": "Spot on",
        "summary": "Spot on. The shape is right.",
        "missed": [],
        "feedback": "<p>The shape is right because of you.</p>",
        "truth_y": [10.0, 40.0, 160.0, 640.0],
    }
    key = key_of(question("choice"), "memory")
    assert said("choice", key) == {
        **right,
        "headline": "Right",
        "summary": "Right: memory",
        "feedback": "<p>Because it is.</p>",
        "options": {key: "both"},
    }
    assert question("choice").score({"key": key}) == {"right": True}


def test_a_wrong_prediction() -> None:
    wrong = said("choice", key_of(question("choice"), "compute"))
    assert (wrong["tone"], wrong["headline"], wrong["summary"]) == (
        "off",
        "Not this one",
        "Not this one. The answer: memory",
    )
    assert "fact of compute." in wrong["feedback"]
    curve = said("curve", [10, 20, 40, 80])
    assert (curve["tone"], curve["headline"]) == ("off", "On average ×2.8 off"), (
        "2 x 4 x 8 over four points: 64 ** 0.25"
    )
    assert curve["summary"] == "On average ×2.8 off. The shape differs; see below."
    assert curve["missed"] == ["Start too flat.", "End too flat."]
    number = said("number", "12.5")
    assert (number["tone"], number["headline"]) == ("off", "Right order: ×8 too low")
    assert number["feedback"].startswith("<p>12.5 tok/s is what you get when eighth is taken.</p>")
    assert "fact of eighth." in number["feedback"]


def test_a_range_is_told_with_the_summary_and_once_more_in_the_feedback() -> None:
    held = said("number", {"text": "80", "low": "50", "high": "100"})
    assert held["summary"] == "Close: ×1.25 too low. The answer: 100 tok/s. Your range held the truth."
    assert held["feedback"] == '<p>Think of more.</p><p class="ll-range">Your range held the truth.</p>'
    missed = said("number", {"text": "250", "low": "200", "high": "300"})
    assert missed["feedback"] == '<p>Think of less.</p><p class="ll-range">Your range missed the truth.</p>'
    right = said("number", {"text": "100", "low": "90", "high": "110"})
    assert right["feedback"] == '<p>Well reasoned.</p><p class="ll-range">Your range held the truth.</p>'
    astray = said("number", {"text": "12.5", "low": "12", "high": "13"})
    assert astray["feedback"].endswith('<p class="ll-range">Your range missed the truth.</p>')


def test_the_ends_of_the_strip_have_three_digits() -> None:
    assert said("number", "123.456")["scale"] == [25.0, 494.0]
    assert said("number", "9.8765")["scale"] == [2.47, 400.0]


def test_the_ticks_of_a_strip_are_left_out_where_the_truth_stands_in_the_bare_unit() -> None:
    assert question("number").drawing(None) == {"ticks": []}


IN_MINUTES = {"truth": "forty_eight", "unit": "minutes"}


@pytest.mark.parametrize(
    ("changes", "typed"),
    [
        (IN_MINUTES, ["48", "48 minutes", "48 min", "2880 s"]),
        ({"truth": "gigabits", "unit": "Gbit/s"}, ["55.5", "55.5 Gbit/s", "0.0555 Tbit/s"]),
    ],
)
@pytest.mark.parametrize("kind", ["number", "range"])
def test_a_truth_in_a_unit_that_is_no_base_unit_is_met_by_what_the_reveal_prints(
    kind: str, changes: dict[str, Any], typed: list[str]
) -> None:
    asked = make_question({**RAW["number"], **changes, "kind": kind}, words(), "made-up how-many")
    for text in typed:
        guess = asked.accept({"text": text, "low": text, "high": text})
        assert asked.score(guess) == {"factor": 1.0, "right": True, "held": True}, text
        assert asked.result(guess)["truth"]["value"] == guess["value"]
    assert asked.right()["text"] == typed[0]


def test_a_wrong_working_is_recognised_in_any_unit_of_its_kind() -> None:
    asked = question("number", **IN_MINUTES, wrong=[{**question("number").raw["wrong"][0], "working": "half_of_it"}])
    assert [given for _, given in asked.mistakes()] == [{"text": "24.0"}]
    assert asked.result(asked.accept("24"))["feedback"].startswith("<p>24 minutes is what you get when")


def test_the_strip_of_such_a_truth_is_labelled_in_its_unit() -> None:
    asked = question("number", **IN_MINUTES)
    assert asked.drawing(None) == {"ticks": [(60.0, "minutes")]}
    assert asked.result(asked.accept("48"))["scale"] == [720.0, 11500.0]


def test_the_ticks_of_a_strip_are_the_prefixes_of_a_truth_that_is_printed_with_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """1,234,567.8 bytes stand as 1.23 MB; what the strip is drawn from has six digits."""
    returns(monkeypatch, "hundred", Quantity(1_234_567.8, "B"))
    asked = question("number", unit="MB")
    steps = {name: size for size, name in asked.drawing(None)["ticks"]}
    assert (steps["kB"], steps["MB"], steps["GB"]) == (1e3, 1e6, 1e9)
    assert asked.result(None)["truth"] == {"text": "1.23 MB", "value": 1_234_570.0}


@pytest.mark.parametrize(
    ("value", "kept"), [(0.5, True), (0, False), (-0.5, False), (105, False), (105.1, True), (100 / 1.06, True)]
)
def test_a_wrong_working_counts_where_it_is_above_zero_and_more_than_five_per_cent_from_the_truth(
    value: float, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    returns(monkeypatch, "eighth", Quantity(value, "tok/s"))
    names = [name for name, _ in question("number").mistakes()]
    assert ("took-eighth" in names) is kept


def test_a_truth_that_is_no_quantity_is_named_with_what_to_return() -> None:
    with pytest.raises(WordsError, match="truth: “straight” returns dict; return Quantity"):
        question("number", truth="straight").right()


def test_a_guess_is_shown_with_its_unit_beside_all_that_is_kept_of_it() -> None:
    asked = question("number")
    kept = asked.accept({"text": "80", "low": "70", "high": "90"})
    assert asked.guess_view(kept) == {**kept, "shown": "80 tok/s"}


def test_what_a_learner_grades() -> None:
    assert said("recall", None) == {
        **COMPARE,
        "summary": "The answer is shown. Grade yourself.",
        "reveal": "",
        "answer": "<p>Because of 100 tok/s.</p>",
    }
    assert said("explain", "Because so.") == {
        **COMPARE,
        "summary": "The answer is shown. Grade yourself.",
        "reveal": "",
        "answer": "<p>The model answer.</p>",
        "checklist": ["One point.", "Another point."],
    }
    assert said("blanks", ["x", ""]) == {
        **COMPARE,
        "summary": "The blanks: compute, memory. Grade yourself.",
        "reveal": "<p>So it is.</p>",
        "expected": ["compute", "memory"],
    }
    assert said("note", "Why?") == {}


def test_what_a_learner_who_knows_would_send() -> None:
    asked = {kind: question(kind) for kind in KINDS}
    assert asked["number"].right() == {"text": "100"}
    assert asked["curve"].right() == [10.0, 40.0, 160.0, 640.0]
    assert asked["blanks"].right() == ["compute", "memory"]
    assert asked["explain"].right() == "The model answer."
    assert asked["recall"].right() is None
    assert asked["choice"].right() == key_of(asked["choice"], "memory")
    assert asked["blanks"].truth() == ["compute", "memory"]
    assert asked["choice"].truth() == "memory"


def test_truth_and_mistakes_are_sent_in_the_unit_asked_in() -> None:
    """100 tok/s asked for in tok/s is 100; in a unit a thousand times as large it is 0.1, and 12.5 is 0.0125."""
    swapped = question("number", unit="kB")
    assert float(swapped.right()["text"]) == pytest.approx(0.1)
    assert [float(given["text"]) for _, given in swapped.mistakes()] == pytest.approx([0.0125, 0.108])


# --- what is no guess -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        ("number", None, "Type a number first."),
        ("number", {"text": 5}, "Type a number first."),
        ("number", [], "Type a number first."),
        ("number", {"text": "80", "low": 10**5000, "high": "90"}, "Type each number as text."),
        ("number", {"text": "80", "low": [70], "high": "90"}, "Type each number as text."),
        ("choice", "z", "Choose one of the options first."),
        ("choice", None, "Choose one of the options first."),
        ("choice", ["a"], "Choose one of the options first."),
        ("blanks", ["", " "], "Fill in at least one blank, or skip to the answer."),
        ("blanks", ["compute"], "Fill in the 2 blanks first."),
        ("blanks", "compute memory", "Fill in the 2 blanks first."),
        ("blanks", [1, 2], "Type your answer as text."),
        ("explain", 5, "Type your answer as text."),
        ("note", " ", "Type something first."),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) else "",
)
def test_what_is_told_to_no_guess(kind: str, given: Any, said: str) -> None:
    with pytest.raises(GuessError) as refused:
        question(kind).accept(given)
    assert str(refused.value) == said


def test_what_is_kept_of_a_guess_and_given_again() -> None:
    asked = question("number")
    kept = asked.accept({"text": " 80 ", "low": "70", "high": " 90"})
    assert kept == {"text": "80", "value": 80.0, "low": 70.0, "high": 90.0, "low_text": "70", "high_text": "90"}
    assert asked.as_given(kept) == {"text": "80", "low": "70", "high": "90"}
    assert asked.accept(asked.as_given(kept)) == kept
    assert asked.as_given({}) == {"text": "", "low": "", "high": ""}
    assert (asked.guess_view(kept)["shown"], asked.guess_view(asked.accept("80 tok/s"))["shown"]) == (
        "80 tok/s",
        "80 tok/s",
    )
    assert question("curve").as_given(question("curve").accept([1, 2, 3, 4])) == [1, 2, 3, 4]
    assert question("choice").as_given({"key": "a"}) == "a"
    assert question("blanks").as_given(question("blanks").accept([" a ", ""])) == ["a", ""]
    assert question("explain").accept("") == {} and question("explain").accept(" b ") == {"text": "b"}


@pytest.mark.parametrize(("kind", "most"), [("blanks", 200), ("note", 20_000), ("explain", 20_000)])
def test_as_much_as_is_kept_and_no_more(kind: str, most: int) -> None:
    """What does not fit is refused, not cut: a learner's words are never changed."""

    def typed(text: str) -> Any:
        return question(kind).accept([text, ""] if kind == "blanks" else text)

    assert "x" * most in str(typed("x" * most))
    with pytest.raises(GuessError, match=f"{most + 1:,} characters; at most {most:,} are kept"):
        typed("x" * (most + 1))


def test_the_space_around_a_number_counts_as_typed() -> None:
    assert question("number").accept("80".ljust(MOST_IN_A_NUMBER))["text"] == "80"
    for given in (
        "80".ljust(MOST_IN_A_NUMBER + 1),
        {"text": "80", "low": "70".rjust(MOST_IN_A_NUMBER + 1), "high": "90"},
    ):
        with pytest.raises(GuessError, match=f"at most {MOST_IN_A_NUMBER:,} are kept"):
            question("number").accept(given)


# --- what an author may write -----------------------------------------------------------------------------------------------


def options(count: int) -> list[dict[str, Any]]:
    first, *others = RAW["choice"]["options"]
    return [first, *(others * count)[: count - 1]]


@pytest.mark.parametrize(("count", "valid"), [(2, False), (3, True), (4, True), (5, False)])
def test_a_choice_has_three_or_four_options(count: int, valid: bool) -> None:
    """That one of them is right is seen where a lesson is read: it may be named by a working."""
    schema = {"$defs": lesson_schema(BLOCKS)["$defs"], **type(question("choice")).keys["options"]}
    assert jsonschema.Draft202012Validator(schema).is_valid(options(count)) is valid


#: each of them may be the right one, so each has what a wrong one says too
NAMED = [{**RAW["choice"]["options"][1], "text": name, "name": name} for name in ("memory", "compute", "network")]


@pytest.mark.parametrize("name", ["memory", "compute", "network"])
def test_a_working_may_name_the_right_option(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    returns(monkeypatch, "hundred", name)
    asked = question("choice", options=NAMED, truth="hundred")
    assert asked.right() == key_of(asked, name)
    assert asked.right() not in [key for _, key in asked.mistakes()] and len(asked.mistakes()) == 2


def test_a_working_that_names_no_option_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    returns(monkeypatch, "hundred", "luck")
    with pytest.raises(WordsError, match="truth: “hundred” gives 'luck', and no option has that name"):
        question("choice", options=NAMED, truth="hundred").right()


@pytest.mark.parametrize("change", [{"truth": "hundred"}, {"exam": "deal"}, {"title": "The incident"}, {}])
def test_what_an_author_may_write_of_a_choice_beside_its_options(change: dict[str, str]) -> None:
    whole = {key: value for key, value in RAW["choice"].items() if key != "concepts"}
    assert valid("predict", {**whole, "kind": "choice", **change})


ENTRY = {kind: "predict" if kind in JUDGED else kind for kind in KINDS}
#: what an author must write for each kind, beside id and stem
REQUIRED = {
    "choice": {"options"},
    "number": {"truth", "unit", "wrong", "because", "too_low", "too_high"},
    "curve": {"truth", "wrong", "because", "x", "y", "features"},
    "place": {"truth", "roof", "wrong", "because", "x", "y"},
    "blanks": {"text", "answers"},
    "recall": {"answer"},
    "explain": {"answer", "checklist"},
    "note": set(),
    "closing": {"title", "ask"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_author_must_write_of_each_kind_and_what_nobody_reads(kind: str) -> None:
    schema = lesson_schema(BLOCKS)
    entry = jsonschema.Draft202012Validator(
        {"$defs": schema["$defs"], **schema["$defs"]["item"]["properties"][ENTRY[kind]]}
    )
    whole = {key: value for key, value in RAW[kind].items() if key != "kind" or ENTRY[kind] == "predict"}
    if ENTRY[kind] == "predict":
        whole |= {"concepts": ["roofline"]}
    assert [error.message for error in entry.iter_errors(whole)] == []
    for key in REQUIRED[kind] | ({"id"} if kind == "closing" else {"id", "stem"}):
        assert not entry.is_valid({name: value for name, value in whole.items() if name != key}), key
    assert not entry.is_valid({**whole, "truthy": "hundred"})
    if "wrong" in REQUIRED[kind]:
        assert entry.is_valid({**whole, "wrong": whole["wrong"][:1]}) and not entry.is_valid({**whole, "wrong": []})


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"text": "It is ___-bound.", "answers": ["memory"]}, True),
        ({"text": "It is memory-bound."}, False),
        ({"text": ["It is ___-bound."]}, False),
        ({"text": None}, False),
        ({"answers": []}, False),
        ({"reveal": ["So it is."]}, False),
    ],
)
def test_a_sentence_to_complete_has_a_gap_and_an_answer(changes: dict[str, Any], fits: bool) -> None:
    assert valid_card("blanks", **changes) is fits


def test_a_sentence_to_complete_needs_no_reveal() -> None:
    bare = {key: value for key, value in RAW["blanks"].items() if key not in ("kind", "reveal")}
    assert "reveal" in RAW["blanks"] and valid("blanks", bare)


@pytest.mark.parametrize("kind", ["blanks", "recall", "explain"])
def test_a_card_may_name_its_concepts(kind: str) -> None:
    assert valid_card(kind, concepts=["roofline", "kv-cache"])
    assert not valid_card(kind, concepts=["Two words"])


@pytest.mark.parametrize(("points", "fits"), [(0, False), (1, False), (2, True), (3, True)])
def test_a_checklist_has_two_points_or_more(points: int, fits: bool) -> None:
    assert valid_card("explain", checklist=["One point."] * points) is fits


def valid(entry: str, said: dict[str, Any]) -> bool:
    """Whether an author may write this under that key."""
    schema = lesson_schema(BLOCKS)
    whole = {"$defs": schema["$defs"], **schema["$defs"]["item"]["properties"][entry]}
    return bool(jsonschema.Draft202012Validator(whole).is_valid(said))


def valid_card(kind: str, **changes: Any) -> bool:
    """Whether an author may write the made-up card with these keys changed."""
    return valid(kind, {key: value for key, value in RAW[kind].items() if key != "kind"} | changes)


def valid_curve(**changes: Any) -> bool:
    """Whether an author may write the made-up curve with these keys changed."""
    return valid("predict", {**RAW["curve"], "concepts": ["roofline"], **changes})


@pytest.mark.parametrize("end", ["min", "max"])
def test_the_upright_axis_of_a_curve_needs_both_its_ends_before_anything_is_drawn(end: str) -> None:
    axis = RAW["curve"]["y"]
    assert valid_curve(y=axis)
    assert not valid_curve(y={key: value for key, value in axis.items() if key != end})


def test_the_shape_of_a_curve_has_at_least_one_feature() -> None:
    first, *_ = RAW["curve"]["features"]
    assert valid_curve(features=[first]) and not valid_curve(features=[])


@pytest.mark.parametrize(("judged", "fits"), [("mean", True), ("last", True), ("first", False)])
def test_a_curve_is_judged_by_its_mean_or_its_last_point(judged: str, fits: bool) -> None:
    assert valid_curve(judged=judged) is fits
