"""Each kind of question: what it asks, what it takes for a guess, what it says to it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessonlib.lesson.guess import MOST_TYPED, GuessError
from lessonlib.lesson.kinds import ENTRIES
from lessonlib.lesson.kinds import KINDS as BY_NAME
from lessonlib.lesson.question import Question
from lessonlib.lesson.words import WordsError, plain
from tests.lesson.made_up import GUESS, JUDGED, KEPT, KINDS, RAW, question

# --- which kinds there are ------------------------------------------------------------------------------------


def test_a_lesson_predicts_in_six_ways_and_asks_the_rest_by_their_own_names() -> None:
    """As the authors' guide has them."""
    alone = ("recall", "blanks", "explain", "note", "closing")
    predicted = ("choice", "number", "range", "settings", "curve", "place")
    asked = {entry: tuple(kind.kind for kind in kinds) for entry, kinds in ENTRIES.items()}
    assert asked == {"predict": predicted, **{name: (name,) for name in alone}}
    assert {name: kind.kind for name, kind in BY_NAME.items()} == {name: name for name in (*predicted, *alone)}


# --- what is a guess -----------------------------------------------------------------------------------------

REFUSED: dict[str, list[Any]] = {
    "choice": [None, "", "d", "A", "memory", 0, ["a"], {"key": "a"}, "a "],
    "number": [
        None,
        "",
        7,
        [],
        {},
        {"text": None},
        {"text": 7},
        {"text": "abc"},
        {"text": "-3"},
        {"text": "5", "low": "1"},
        {"text": "5", "high": "9"},
        {"text": "5", "low": "6", "high": "9"},
        {"text": "5", "low": "9", "high": "1"},
        {"text": "5", "low": "abc", "high": "9"},
        {"text": "5", "low": "0", "high": "9"},
    ],
    "curve": [
        None,
        "10 40 160 640",
        [10, 40, 160],
        [10, 40, 160, 640, 1],
        [10, 40, 160, 0],
        [10, 40, 160, -1],
        [10, 40, 160, "640"],
        [10, 40, 160, None],
        [10, 40, 160, math.nan],
        [10, 40, 160, math.inf],
        [10, 40, 160, 10**400],
        [10, 40, 160, 1e300],
        [10, 40, 160, 5e-324],
        [10, 40, 160, True],
        {"y": [10, 40, 160, 640]},
    ],
    "blanks": [
        None,
        "compute",
        [],
        ["compute"],
        ["compute", "memory", "more"],
        ["", " "],
        ["compute", 5],
        ["compute", None],
    ],
    "explain": [7, ["text"], {"text": "x"}],
    "note": [None, "", "  ", 7, []],
    "recall": [],
}


@pytest.mark.parametrize(
    ("kind", "given"), [(kind, given) for kind, all_given in REFUSED.items() for given in all_given]
)
def test_what_is_no_guess_is_refused_in_one_line(kind: str, given: Any) -> None:
    with pytest.raises(GuessError) as refused:
        question(kind).accept(given)
    assert str(refused.value).endswith(".") and len(str(refused.value).splitlines()) == 1


ACCEPTED: list[tuple[str, Any, dict[str, Any]]] = [
    ("choice", "b", {"key": "b"}),
    (
        "number",
        "131 tok/s",
        {"text": "131 tok/s", "value": 131.0, "low": None, "high": None, "low_text": "", "high_text": ""},
    ),
    (
        "number",
        {"text": " 5 ", "low": "1", "high": "9 tok/s"},
        {"text": "5", "value": 5.0, "low": 1.0, "high": 9.0, "low_text": "1", "high_text": "9 tok/s"},
    ),
    (
        "number",
        {"text": "5", "low": None, "high": ""},
        {"text": "5", "value": 5.0, "low": None, "high": None, "low_text": "", "high_text": ""},
    ),
    ("curve", [10, 40.5, 160, 640], {"y": [10.0, 40.5, 160.0, 640.0]}),
    ("blanks", [" compute ", ""], {"texts": ["compute", ""]}),
    ("recall", None, {}),
    ("recall", "said", {}),
    ("explain", " Because. ", {"text": "Because."}),
    ("explain", None, {}),
    ("explain", "", {}),
    ("note", " Why? ", {"text": "Why?"}),
]


@pytest.mark.parametrize(("kind", "given", "guess"), ACCEPTED)
def test_what_is_a_guess(kind: str, given: Any, guess: dict[str, Any]) -> None:
    assert question(kind).accept(given) == guess


def test_text_is_bounded_and_whole() -> None:
    assert len(question("explain").accept("x" * MOST_TYPED)["text"]) == MOST_TYPED
    assert question("note").accept("half an emoji \ud83d")["text"] == "half an emoji ?"
    assert question("blanks").accept(["\udc00", "memory"])["texts"] == ["?", "memory"]


@pytest.mark.parametrize("space", ["x", " ", "\n", "\u2003"])
@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("explain", lambda long: long),
        ("note", lambda long: f"a{long}b"),
        ("blanks", lambda long: [long, "memory"]),
        ("number", lambda long: long),
        ("number", lambda long: {"text": f"5{long}GB"}),
        ("number", lambda long: {"text": "5", "low": f"1{long}", "high": "9"}),
        ("number", lambda long: {"text": "5", "low": 10**5000, "high": "9"}),
        ("choice", lambda long: long),
    ],
)
def test_more_than_is_kept_is_refused_in_one_line(kind: str, given: Any, space: str) -> None:
    with pytest.raises(GuessError) as refused:
        question(kind).accept(given(space * 8_000_000))
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 200


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(10**300, 10**400)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["a", "b", "5", "1e400", "3 GB"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["text", "low", "high", "key", "y"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", KINDS)
@given(given=JSON)
def test_any_message_is_a_guess_or_refused(kind: str, given: Any) -> None:
    asked = question(kind)
    try:
        guess = asked.accept(given)
    except GuessError:
        return
    if kind not in KEPT:
        assert asked.result(guess)["headline"]
        asked.score(guess)


@given(st.lists(st.floats(min_value=0, exclude_min=True), min_size=4, max_size=4))
def test_any_curve_is_judged_or_refused(drawn: list[float]) -> None:
    asked = question("curve")
    try:
        guess = asked.accept(drawn)
    except GuessError:
        return
    assert asked.score(guess)["factor"] >= 1
    assert asked.result(guess)["tone"] in ("right", "near", "off")


# --- what every kind holds to ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_right_answer_is_right(kind: str) -> None:
    asked = question(kind)
    guess = asked.accept(asked.right())
    assert asked.score(guess).get("right", True)
    if kind in JUDGED:
        assert asked.result(guess)["tone"] == "right"
        assert plain(asked.result(guess)["feedback"]) == plain(
            asked.html(RAW[kind].get("because") or RAW[kind]["options"][0]["because"], "because")
        )


@pytest.mark.parametrize("kind", JUDGED)
def test_each_mistake_gets_its_own_refutation(kind: str) -> None:
    asked = question(kind)
    assert asked.mistakes()
    for name, mistaken in asked.mistakes():
        result = asked.result(asked.accept(mistaken))
        idea = name.removeprefix("it-is-").removeprefix("took-").replace("-", "_")
        assert result["tone"] != "right"
        for part in ("thought", "tempting", "wrong", "fact"):
            assert f"<dd>{part} of {idea}.</dd>" in result["feedback"]
        assert asked.score(asked.accept(mistaken))["right"] is False


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in KEPT])
def test_a_skip_shows_the_answer_and_blames_nobody(kind: str) -> None:
    result = question(kind).result(None)
    assert result["tone"] == "plain"
    assert result["feedback"] == ""
    assert result["headline"] == ("Skipped" if kind in JUDGED else "Compare")


SECRET: dict[str, dict[str, Any]] = {
    "choice": {"options": [{**RAW["choice"]["options"][0], "right": None}]},
    "number": {"truth": "fifty", "because": "x", "too_low": "x", "too_high": "x", "wrong": []},
    "curve": {"truth": "straight", "because": "x", "wrong": [], "features": []},
    "place": {"truth": "on_the_top", "because": "x", "wrong": []},
    "blanks": {"answers": ["x", "y"]},
    "recall": {"answer": "x"},
    "explain": {"answer": "x", "checklist": ["x", "y"]},
    "note": {},
    "closing": {},
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_asked_does_not_depend_on_the_truth(kind: str) -> None:
    if kind == "choice":
        first, second, third = ({"text": option["text"]} for option in RAW["choice"]["options"])
        changed: Question = question(kind, options=[first, {**second, "right": True}, third])
    else:
        changed = question(kind, reveal=None, explanation=None, working=None, observe=None, **SECRET[kind])
    assert changed.ask() == question(kind).ask()
    assert changed.stem() == question(kind).stem()
    assert changed.hints() == question(kind).hints()


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_question_or_truth_changes_the_hash_and_a_changed_reveal_does_not(kind: str) -> None:
    before = question(kind).asked_hash()
    assert question(kind).asked_hash() == before
    assert question(kind, reveal="Another reveal.", explanation="Another explanation.", hints=[]).asked_hash() == before
    asked = "ask" if kind == "closing" else "stem"
    assert question(kind, **{asked: "Another question?"}).asked_hash() != before
    other_truth = {
        "choice": {
            "options": [
                *RAW["choice"]["options"][:2],
                {"text": "disk", "misconception": "it-is-disk", "refutation": {}},
            ]
        },
        "note": {"stem": "?"},
        "closing": {"ask": "?"},
    }
    assert question(kind, **(other_truth.get(kind) or SECRET[kind])).asked_hash() != before


# --- spoken ----------------------------------------------------------------------------------------------------


def test_what_the_learner_grades() -> None:
    for kind in ("blanks", "recall", "explain"):
        asked = question(kind)
        result = asked.result(asked.accept(GUESS[kind]))
        assert asked.self_graded and [grade["key"] for grade in result["grades"]] == ["got", "partly", "missed"]
    assert question("blanks").result(None)["expected"] == ["compute", "memory"]
    assert question("recall").result(None)["answer"] == "<p>Because of 100 tok/s.</p>"
    assert question("explain").result(None)["checklist"] == ["One point.", "Another point."]


def test_the_gaps_are_where_the_words_say() -> None:
    assert question("blanks").ask()["parts"] == ["Prefill is ", "-bound, decode ", "-bound."]
    assert question("blanks", text="___ and ___").ask()["parts"] == ["", " and ", ""]


# --- a working that is not there -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "changes", "name"),
    [
        ("number", {"truth": "hundert"}, "hundert"),
        ("curve", {"truth": "sqare"}, "sqare"),
        ("choice", {"working": "hundert"}, "hundert"),
        (
            "number",
            {"wrong": [{"working": "here.hundert", "misconception": "m", "says": "s", "refutation": {}}]},
            "here.hundert",
        ),
    ],
)
def test_a_misspelt_working_names_its_question(kind: str, changes: dict[str, Any], name: str) -> None:
    asked = question(kind, **changes)
    with pytest.raises(WordsError, match=f"^made-up {RAW[kind]['id']}: there is no working “{name}”; did you mean"):
        asked.result(None), asked.working(), asked.mistakes()


def test_show_the_working_shows_the_real_source() -> None:
    working = question("number").working()
    assert working is not None
    assert working["name"] == "hundred" and working["value"] == "100 tok/s"
    assert working["source"].startswith("def hundred(lab: Lab) -> Quantity:") and "Quantity(100" in working["source"]
    assert question("recall").working() is None
