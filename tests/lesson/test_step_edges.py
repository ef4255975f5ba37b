"""What else a step and a lesson promise: forged confidences, an automatic walk, a record that is kept once."""

from __future__ import annotations

from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.step import Step
from tests.lesson.made_up import GUESS, JUDGED, KEPT, KINDS, question, step


@pytest.mark.parametrize("confidence", [-1, 3, "1", None, 1.5, float("nan"), [1]])
def test_a_level_of_confidence_that_does_not_exist_commits_nothing(confidence: Any) -> None:
    made = step("number")
    made.handle({"event": "commit", "guess": GUESS["number"], "confidence": confidence})
    assert (made.state, made.guess, made.kept) == ("asked", None, [])
    assert made.problem == "Say how sure you are, then commit."


@pytest.mark.parametrize("confidence", [0, 1, 2])
def test_each_level_of_confidence_is_kept(confidence: int) -> None:
    made = step("number")
    made.handle({"event": "commit", "guess": GUESS["number"], "confidence": confidence})
    assert (made.state, made.confidence, made.kept[0]["confidence"]) == ("committed", confidence, confidence)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in JUDGED])
def test_what_is_not_judged_keeps_no_confidence(kind: str) -> None:
    made = step(kind)
    made.handle({"event": "commit", "guess": GUESS[kind], "confidence": 2})
    assert (made.state, made.confidence) == ("committed", None)
    assert made.view()["confidence"] is None


@pytest.mark.parametrize("kind", JUDGED)
def test_a_walk_without_a_person_ends_at_the_end(kind: str) -> None:
    made = step(kind)
    made.answer(made.question.right())
    assert (made.state, made.skipped, made.confidence) == ("observed", False, 2)
    assert [record["event"] for record in made.kept] == ["commit", "reveal", "observe"]
    assert made.kept[-1]["right"] is True


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (*JUDGED, *KEPT)])
def test_a_walk_over_a_card_ends_at_its_answer(kind: str) -> None:
    made = step(kind)
    made.answer(GUESS[kind])
    assert [record["event"] for record in made.kept] == ["commit", "reveal"]


def test_a_skip_counts_as_no_answer_whatever_was_typed_before() -> None:
    made = step("number")
    made.handle({"event": "commit", "guess": {"text": "abc"}, "confidence": 1})
    made.handle({"event": "skip"})
    assert (made.view()["result"]["headline"], made.view()["skipped"], made.problem) == ("Skipped", True, "")
    assert step("number").view()["skipped"] is False


def test_a_refused_walk_names_the_question() -> None:
    with pytest.raises(LessonlibError, match="made-up what-shape: the guess 7 was refused: Draw the whole curve"):
        step("curve").answer(7)


def test_a_step_that_nobody_listens_to_records_nothing_and_goes_on() -> None:
    made = Step(question("choice"), "Step 1")
    made.answer(made.question.right())
    assert made.state == "observed"


def test_a_replay_leaves_the_record_in_place_and_no_problem_behind() -> None:
    made = step("number")
    made.replay([{"event": "commit", "guess": {"text": "abc"}, "confidence": 1}])
    assert made.problem == ""
    made.handle({"event": "hint"})
    assert [record["event"] for record in made.kept] == ["hint"], "recorded again after a replay"


def test_a_replay_that_fails_still_records_afterwards() -> None:
    made = step("number")
    with pytest.raises(TypeError):
        made.replay([None])  # type: ignore[list-item]
    made.handle({"event": "hint"})
    assert len(made.kept) == 1


@pytest.mark.parametrize(("observed", "shown"), [("a", True), ("b", True), (None, False)])
def test_the_observation_is_told_once_it_is_made(observed: str | None, shown: bool) -> None:
    made = step("choice")
    made.handle({"event": "commit", "guess": "a", "confidence": 1})
    made.handle({"event": "reveal"})
    made.handle({"event": "observe", "choice": observed})
    assert ("right" in made.view()["observe"], "note" in made.view()["observe"]) == (shown, shown)
    assert made.view()["observe"]["chosen"] == observed
    assert ("explanation" in made.view()) is shown


def test_the_last_grade_counts_and_stands_in_the_result() -> None:
    made = step("recall")
    made.handle({"event": "commit", "guess": None})
    made.handle({"event": "reveal"})
    assert made.view()["result"]["grade"] is None
    for grade in ("got", "missed"):
        made.handle({"event": "grade", "grade": grade})
    assert made.view()["result"]["grade"] == "missed"
    assert [record["grade"] for record in made.kept if record["event"] == "grade"] == ["got", "missed"]
    assert "grade" not in at_end("choice").view()["result"]


def at_end(kind: str) -> Step:
    made = step(kind)
    made.answer(made.question.right())
    return made


def test_a_step_is_untouched_until_a_hint_a_guess_or_a_skip() -> None:
    assert step("number").id == "how-many" and step("number").untouched is True
    for event in ({"event": "hint"}, {"event": "commit", "guess": "100", "confidence": 1}, {"event": "skip"}):
        made = step("number")
        made.handle(event)
        assert made.untouched is False, event


def test_what_is_kept_for_a_teacher_waits_for_no_step_and_is_changed_at_will_and_never_revealed() -> None:
    assert {kind for kind in KINDS if question(kind).open_at_once} == set(KEPT)
    made = step("note")
    for text in ("Why?", "Why not?"):
        made.handle({"event": "commit", "guess": text})
    for event in ("reveal", "skip", "hint", "grade"):
        made.handle({"event": event, "grade": "got"})
    assert (made.state, made.guess) == ("committed", {"text": "Why not?"})
    assert [record["guess"]["text"] for record in made.kept] == ["Why?", "Why not?"]


# --- a second vote, as a class takes it after talking ----------------------------------------------------------------

AGAIN = {"event": "revote", "guess": "50", "confidence": 2}


def committed() -> Step:
    made = step("number")
    made.handle({"event": "commit", "guess": "100", "confidence": 1})
    return made


def test_a_second_vote_is_taken_only_while_the_class_takes_one() -> None:
    made = committed()
    made.handle(AGAIN)
    assert (made.revote, len(made.kept)) == (None, 1), "nobody has asked for one"
    made.takes_revote = True
    made.handle(AGAIN)
    assert made.kept[1:] == [{"event": "revote", "round": 2, "guess": question("number").accept("50"), "confidence": 2}]
    assert made.view()["guess"]["text"] == "50" and made.view()["guess"]["confidence"] == 2
    assert (made.state, made.guess, made.confidence) == ("committed", question("number").accept("100"), 1)


def test_a_second_vote_follows_a_first_and_precedes_the_reveal() -> None:
    made = step("number")
    made.takes_revote = True
    made.handle(AGAIN)
    assert (made.state, made.revote, made.kept) == ("asked", None, [])
    made = committed()
    made.takes_revote = True
    made.handle({"event": "reveal"})
    made.handle(AGAIN)
    assert (made.revote, len(made.kept)) == (None, 2)


def test_the_panel_answers_the_second_vote_and_the_record_scores_the_first() -> None:
    made = committed()
    made.takes_revote = True
    made.handle(AGAIN)
    made.handle({"event": "reveal"})
    assert made.view()["result"]["headline"] == "Right size: ×2 too low"
    assert made.kept[-1] == {"event": "reveal", "factor": 1.0, "right": True}


def test_a_second_vote_needs_what_a_first_needs() -> None:
    made = committed()
    made.takes_revote = True
    made.handle({"event": "revote", "guess": "50"})
    assert (made.problem, made.revote, len(made.kept)) == ("Say how sure you are, then commit.", None, 1)


def test_a_restart_finds_the_second_vote_after_the_class_has_moved_on() -> None:
    made, again = committed(), step("number")
    made.takes_revote = True
    made.handle(AGAIN)
    again.replay(made.kept)
    assert again.revote == (question("number").accept("50"), 2)
    assert again.view() == made.view()
    again.handle({**AGAIN, "guess": "25"})
    assert again.view()["guess"]["text"] == "50", "but takes no other"


# --- sealed until others have answered as well -----------------------------------------------------------------------


def sealed(made: Step) -> Step:
    made.sealed = lambda: "Two more forecasts."
    return made


@pytest.mark.parametrize("event", ["reveal", "skip"])
def test_what_is_sealed_stays_closed_and_says_why(event: str) -> None:
    made = sealed(committed() if event == "reveal" else step("number"))
    before = made.state
    made.handle({"event": event})
    assert (made.state, made.view()["sealed"]) == (before, "Two more forecasts.")
    made.sealed = str
    assert "sealed" not in made.view()
    made.handle({"event": event})
    assert made.revealed


def test_what_is_sealed_still_takes_a_guess_and_a_hint() -> None:
    made = sealed(step("number"))
    made.handle({"event": "hint"})
    made.handle({"event": "commit", "guess": "100", "confidence": 1})
    assert [record["event"] for record in made.kept] == ["hint", "commit"]


def test_nothing_is_sealed_to_a_replay_or_to_a_walk_without_a_person_and_what_is_open_says_nothing_of_it() -> None:
    shown, skipped, replayed = (sealed(step("number")) for _ in range(3))
    shown.answer("100")
    skipped.skip()
    replayed.replay(shown.kept)
    for made in (shown, skipped, replayed):
        assert made.state == "observed" and "sealed" not in made.view()


def test_a_replay_leaves_sealed_what_it_did_not_open() -> None:
    made = sealed(step("number"))
    made.replay([{"event": "commit", "guess": question("number").accept("100"), "confidence": 1}])
    made.takes_revote = False
    made.handle({"event": "reveal"})
    made.handle(AGAIN)
    assert (made.state, made.revote) == ("committed", None)


@pytest.mark.parametrize("kind", JUDGED)
def test_what_is_revealed_holds_what_its_drawing_needs_and_the_seal_does_not_count(kind: str) -> None:
    made = step(kind)
    made.answer(made.question.right())
    result, drawing = made.view()["result"], made.question.drawing(made.guess)
    assert drawing.items() <= result.items() and not drawing.keys() & made.question.result(made.guess).keys()
    assert bool(drawing) == (kind in ("number", "curve"))
