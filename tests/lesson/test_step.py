"""asked -> committed -> revealed -> observed: each event in each state, and what it may not change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.step import Step
from tests.lesson.made_up import GUESS, JUDGED, KEPT, KINDS, key_of, question, step

Event = dict[str, Any]

SURE = dict.fromkeys(JUDGED, 1)


def commit(kind: str) -> Event:
    return {"event": "commit", "guess": GUESS[kind], "confidence": SURE.get(kind)}


def at(kind: str, state: str, **changes: Any) -> Step:
    """A step that has come as far as ``state``."""
    made = step(kind, **changes)
    if state != "asked":
        made.handle(commit(kind))
    if state in ("revealed", "observed"):
        made.handle({"event": "reveal"})
    if state == "observed" and made.question.raw.get("observe"):
        made.handle({"event": "observe", "choice": "a"})
    assert made.state == state
    made.kept.clear()
    return made


def seen(made: Step) -> dict[str, Any]:
    return {key: value for key, value in vars(made).items() if key not in ("question", "title", "record", "kept")}


# --- the table ---------------------------------------------------------------------------------------------------

EVENTS: dict[str, Event] = {
    "commit": commit("number"),
    "commit nonsense": {"event": "commit", "guess": {"text": "abc"}, "confidence": 1},
    "commit unsure": {"event": "commit", "guess": {"text": "80"}},
    "commit too sure": {"event": "commit", "guess": {"text": "80"}, "confidence": 3},
    "commit surely [0]": {"event": "commit", "guess": {"text": "80"}, "confidence": [0]},
    "reveal": {"event": "reveal"},
    "observe": {"event": "observe", "choice": "b"},
    "observe nothing": {"event": "observe"},
    "observe a list": {"event": "observe", "choice": ["a"]},
    "skip": {"event": "skip"},
    "hint": {"event": "hint"},
    "grade": {"event": "grade", "grade": "got"},
    "grade a list": {"event": "grade", "grade": ["got"]},
    "unknown": {"event": "win"},
    "no event": {},
    "event of no name": {"event": None},
    "event is a list": {"event": ["reveal"]},
    "private": {"event": "_open"},
}

_UNSURE = {"problem": "Say how sure you are, then commit."}
_GUESS = {"text": "80", "value": 80.0, "low": 10.0, "high": 200.0, "low_text": "10", "high_text": "200"}

#: (state, event) -> what changes; nothing does for any other pair
CHANGES: dict[tuple[str, str], dict[str, Any]] = {
    ("asked", "commit"): {"state": "committed", "guess": _GUESS, "confidence": 1},
    ("asked", "commit nonsense"): {
        "problem": "“abc” does not start with a number. Type one such as 250, 1.2e3 or 12,5 in tok/s."
    },
    ("asked", "commit unsure"): _UNSURE,
    ("asked", "commit too sure"): _UNSURE,
    ("asked", "commit surely [0]"): _UNSURE,
    ("asked", "skip"): {"state": "revealed", "skipped": True},
    ("asked", "hint"): {"hints_shown": 1},
    ("committed", "reveal"): {"state": "revealed"},
    ("revealed", "observe"): {"state": "observed", "observed": "b"},
    ("revealed", "observe nothing"): {"problem": "Choose what the reveal showed."},
    ("revealed", "observe a list"): {"problem": "Choose what the reveal showed."},
}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", ["asked", "committed", "revealed", "observed"])
def test_an_event_changes_what_it_should_and_nothing_else(state: str, event: str) -> None:
    made = at("number", state)
    before = seen(made)
    made.handle(EVENTS[event])
    expected = CHANGES.get((state, event), {})
    assert seen(made) == {**before, **expected}
    happened = expected and "problem" not in expected
    assert len(made.kept) == bool(happened), "recorded exactly when something happened"


@pytest.mark.parametrize("state", ["asked", "committed", "observed"])
@pytest.mark.parametrize("grade", ["got", "partly", "missed", "perfect", "", None, {}])
def test_a_grade_counts_once_the_answer_is_seen_and_may_be_changed(state: str, grade: Any) -> None:
    made = at("recall", state)
    made.handle({"event": "grade", "grade": grade})
    counts = state == "observed" and grade in ("got", "partly", "missed")
    assert made.grade == (grade if counts else None)
    made.handle({"event": "grade", "grade": "partly"})
    assert made.grade == ("partly" if state == "observed" else None)


def test_a_judged_question_is_not_graded_by_hand() -> None:
    for kind in JUDGED:
        made = at(kind, "observed")
        made.handle({"event": "grade", "grade": "got"})
        assert made.grade is None and not made.kept


@pytest.mark.parametrize("state", ["asked", "committed"])
def test_a_note_is_kept_and_kept_again_and_never_revealed(state: str) -> None:
    made = at("note", state)
    for event in ("reveal", "skip", "hint", "observe", "grade"):
        made.handle({"event": event, "choice": "a", "grade": "got"})
    assert (made.state, made.kept) == (state, [])
    made.handle({"event": "commit", "guess": "Another question."})
    made.handle({"event": "commit", "guess": "  "})
    assert (made.state, made.guess, made.problem) == (
        "committed",
        {"text": "Another question."},
        "Type something first.",
    )
    assert "result" not in made.view()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in KEPT])
def test_a_question_without_an_observe_check_is_at_its_end_once_revealed(kind: str) -> None:
    made = step(kind, observe=None)
    made.handle(commit(kind))
    made.handle({"event": "reveal"})
    assert made.state == "observed"
    assert made.view()["observe"] is None and "explanation" in made.view()


ANY = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=2)
    | st.just({})
    | st.sampled_from(["a", "b", "got"])
)


@pytest.mark.parametrize("kind", KINDS)
@given(
    events=st.lists(
        st.fixed_dictionaries(
            {"event": st.sampled_from(["commit", "reveal", "observe", "skip", "hint", "grade"]) | ANY},
            optional={"guess": ANY, "confidence": ANY, "choice": ANY, "grade": ANY},
        ),
        max_size=12,
    )
)
def test_no_sequence_of_messages_breaks_a_step(kind: str, events: list[Event]) -> None:
    made = step(kind)
    order = ["asked", "committed", "revealed", "observed"]
    for event in events:
        before = made.state
        made.handle(event)
        assert order.index(made.state) >= order.index(before), "a step never goes back"
        assert len(made.problem.splitlines()) <= 1
        made.view()


# --- what is shown ---------------------------------------------------------------------------------------------


def test_hints_come_one_at_a_time_and_only_before_the_commit() -> None:
    made = step("choice")
    for shown in ([], ["First hint."], ["First hint.", "Second hint."], ["First hint.", "Second hint."]):
        assert made.view()["hints"] == {"shown": shown, "left": 2 - len(shown)}
        made.handle({"event": "hint"})
    assert [record["number"] for record in made.kept] == [1, 2]
    late = at("choice", "committed")
    late.handle({"event": "hint"})
    assert late.view()["hints"] == {"shown": [], "left": 2}


def test_the_problem_line_stays_until_the_next_thing_happens() -> None:
    made = step("number")
    made.handle(EVENTS["commit nonsense"])
    problem = made.problem
    for late in ("reveal", "observe", "unknown", "no event"):
        made.handle(EVENTS[late])
        assert made.view()["problem"] == problem
    made.handle({"event": "hint"})
    assert made.view()["problem"] == ""
    made.handle(EVENTS["commit nonsense"])
    made.handle(EVENTS["commit"])
    assert made.view()["problem"] == ""


def test_a_view_shows_as_much_as_its_state_allows() -> None:
    asked = {"kind", "id", "title", "state", "stem", "ask", "confidence", "hints", "problem", "skipped"}
    revealed = asked | {"guess", "result", "observe", "working"}
    for state, keys in {
        "asked": asked,
        "committed": asked | {"guess"},
        "revealed": revealed,
        "observed": revealed | {"explanation"},
    }.items():
        assert set(at("number", state).view()) == keys


def test_the_observe_check_keeps_its_answer_until_the_tap() -> None:
    made = at("choice", "revealed")
    assert set(made.view()["observe"]) == {"ask", "options", "chosen"}
    right = made.question.observe()["right"]  # type: ignore[index]
    wrong = next(option["key"] for option in made.view()["observe"]["options"] if option["key"] != right)
    made.handle({"event": "observe", "choice": wrong})
    assert made.view()["observe"] | {"ask": "", "options": []} == {
        "ask": "",
        "options": [],
        "chosen": wrong,
        "right": right,
        "note": "<p>It rose.</p>",
    }
    assert made.kept == [{"event": "observe", "choice": wrong, "right": False}]


@pytest.mark.parametrize("kind", JUDGED)
def test_the_guess_stays_visible_beside_the_truth(kind: str) -> None:
    made = at(kind, "observed")
    guess = made.question.accept(GUESS[kind])
    assert made.view()["guess"] == {**made.question.guess_view(guess), "confidence": 1}
    assert made.view()["guess"].items() >= guess.items()
    assert made.view()["confidence"] == ["just guessing", "fairly sure", "certain"]


def test_a_skip_is_no_guess() -> None:
    made = step("number")
    made.skip()
    view = made.view()
    assert (view["state"], view["skipped"], view["result"]["headline"], "guess" in view) == (
        "observed",
        True,
        "Skipped",
        False,
    )
    assert [record["event"] for record in made.kept] == ["skip", "observe"]


def test_what_is_recorded_of_a_guess() -> None:
    made = step("number")
    made.answer({"text": "12.5"})
    assert made.kept == [
        {"event": "commit", "guess": question("number").accept("12.5"), "confidence": 2},
        {"event": "reveal", "factor": 0.125, "right": False, "misconception": "took-eighth"},
        {"event": "observe", "choice": key_of_rise(made), "right": True},
    ]


def key_of_rise(made: Step) -> str:
    return next(option["key"] for option in made.question.observe()["options"] if option["html"] == "a rise")  # type: ignore[index]


def test_an_answer_that_is_refused_is_an_error_without_a_person() -> None:
    with pytest.raises(LessonlibError, match="made-up how-many: the guess 'abc' was refused: “abc” does not start"):
        step("number").answer("abc")


# --- restoring -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_replayed_record_brings_back_the_same_view(kind: str) -> None:
    made = step(kind)
    for event in (
        {"event": "hint"},
        commit(kind),
        {"event": "reveal"},
        {"event": "observe", "choice": "b"},
        {"event": "grade", "grade": "partly"},
    ):
        made.handle(event)
    again = step(kind)
    again.replay(made.kept)
    assert again.view() == made.view()
    assert again.kept == [], "nothing is recorded twice"


def test_a_guess_that_is_no_longer_valid_is_passed_over() -> None:
    choice = step("choice")
    choice.replay([{"event": "commit", "guess": {"key": "z"}, "confidence": 1}, {"event": "reveal"}])
    assert (choice.state, choice.problem) == ("asked", "")
    number = step("number")
    number.replay(
        [
            {"event": "commit", "guess": {"text": "3 GB", "value": 3e9}, "confidence": 1},
            {"event": "commit", "guess": {"text": "80", "value": 80}, "confidence": 0},
        ]
    )
    assert (number.state, number.guess["value"], number.confidence) == ("committed", 80, 0)  # type: ignore[index]


def test_the_right_option_has_the_same_key_for_everybody() -> None:
    assert key_of(question("choice"), "memory") == question("choice").right()
