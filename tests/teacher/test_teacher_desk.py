"""At the desk: a question from asking to its clocks, what is kept, and what never leaves."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any

import pytest

from lessonlib.record.exchanges import ASKED, ENDED, PART, remarks
from lessonlib.record.journal import Journal
from lessonlib.show.notebook import NotebookLesson
from lessonlib.teacher.teacher import endpoint
from tests.teacher.conftest import LESSON, NOTE, PATIENCE_S, Sitting, lesson_of, reveal
from tests.teacher.teacher_standin import KEY, MODEL, TeacherStandIn, teaching

NASTY = '<img src=x onerror="alert(1)"><script>document.title = "gone"</script>'


def test_the_key_goes_out_and_comes_back_nowhere(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The endpoint says it aloud: whole, in pieces, as the model's name, and half of it at the end."""
    caplog.set_level(logging.DEBUG)
    pieces = ["The key is ", KEY, " or ", *KEY, ". It began with ", KEY[:20]]
    with teaching(TeacherStandIn(pieces=pieces, models=[f"model-{KEY}"])) as server:
        sitting = Sitting(server, journal, monkeypatch)
        sitting.ask()
        view = sitting.wait()
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert view["teacher"]["talk"]["answer"] == "The key is ••• or •••. It began with •••"
    everything = [
        json.dumps(view),
        journal.path.read_text(),
        caplog.text,
        repr(sitting.panel),
        repr(sitting.desk),
        repr(sitting.desk.talks),
        repr(endpoint()),
        json.dumps(remarks(journal.events())),
    ]
    assert [text for text in everything if KEY in text] == []


def test_a_question_from_asking_to_the_clocks(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with teaching(TeacherStandIn(pieces=["One.\n\n", NASTY], itl_s=0.02)) as server:
        sitting = Sitting(server, journal, monkeypatch)
        first = sitting.ask("Why\nis that so?")
        assert first["state"] == "committed" and first["guess"]["text"] == "Why\nis that so?" and first["problem"] == ""
        view = sitting.wait()
    talk = view["teacher"]["talk"]
    assert (talk["state"], talk["answer"], talk["problem"]) == ("done", f"One.\n\n{NASTY}", "")
    assert talk["verdict"]["text"].startswith("You said 300 ms") and talk["clocks"]["columns"] == ["", "this answer"], (
        "some steps still ask for the roofs"
    )
    assert server.requests[0]["model"] == MODEL and server.requests[0]["messages"][-1] == {
        "role": "user",
        "content": "Why\nis that so?",
    }
    reveal(sitting.lesson._lesson)
    sitting.lesson._lesson.changed(sitting.lesson._lesson.asked[0])
    shown = sitting.panel.view["teacher"]["talk"]["clocks"]
    assert len(shown["columns"]) == 5 and MODEL in shown["notes"][-1] and sitting.lesson.lab.title in shown["notes"][-1]


@pytest.mark.parametrize(
    ("text", "ttft"), [("", "300 ms"), ("Why?", ""), ("Why?", "300"), (None, "1 s"), ("Why?", "soon")]
)
def test_nothing_goes_out_before_question_and_guess(
    text: Any, ttft: Any, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with teaching(TeacherStandIn()) as server:
        view = Sitting(server, journal, monkeypatch).ask(text, ttft)
    assert view["problem"] and "\n" not in view["problem"] and "talk" not in view["teacher"]
    assert server.requests == [] and journal.records() == []


def test_a_second_question_waits_for_the_first_and_stop_ends_it(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    with teaching(TeacherStandIn(hold=lambda: go.wait(PATIENCE_S), itl_s=0.01)) as server:
        sitting = Sitting(server, journal, monkeypatch)
        sitting.ask("First")
        sitting.wait(lambda view: view["teacher"]["talk"]["answer"])
        view = sitting.ask("Second")
        assert "still coming in" in view["problem"] and view["teacher"]["talk"]["question"] == "First"
        sitting.panel.handle({"event": "stop"})
        view = sitting.wait()
        go.set()
    assert (
        view["problem"] == ""
        and view["teacher"]["talk"]["state"] == "stopped"
        and view["teacher"]["talk"]["answer"] == "word0 word1 word2 "
    )
    assert [entry["text"] for entry in remarks(journal.events())] == ["First"]


def test_stop_before_the_first_token(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with teaching(TeacherStandIn(ttft_s=1.0)) as server:
        sitting = Sitting(server, journal, monkeypatch)
        sitting.ask()
        sitting.panel.handle({"event": "stop"})
        talk = sitting.wait()["teacher"]["talk"]
    assert (talk["state"], talk["answer"]) == ("stopped", "") and "clocks" not in talk


def test_cells_run_on_while_an_answer_comes_in(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    with teaching(TeacherStandIn(hold=lambda: go.wait(PATIENCE_S))) as server:
        sitting = Sitting(server, journal, monkeypatch)
        sitting.ask()
        sitting.wait(lambda view: view["teacher"]["talk"]["answer"])
        other = sitting.lesson.predict("what-decode-reads")
        other.handle({"event": "skip"})
        assert other.view["state"] in ("revealed", "observed") and sitting.panel.view["teacher"]["busy"]
        go.set()
        sitting.wait()


def test_a_failure_is_one_line_and_the_question_is_kept(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with teaching(TeacherStandIn(status=500)) as server:
        sitting = Sitting(server, journal, monkeypatch)
        sitting.ask("Why?")
        view = sitting.wait()
        assert view["teacher"]["talk"]["state"] == "failed" and "status 500" in view["teacher"]["talk"]["problem"]
        server.status = 200
        sitting.ask("Why, again?", "1 s")
        view = sitting.wait()
    assert view["teacher"]["talk"]["state"] == "done" and view["teacher"]["earlier"] == [
        {"question": "Why?", "answer": ""}
    ]
    assert view["guess"]["text"] == "Why, again?"


def test_an_address_that_is_none_is_said_when_asked(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    sitting = Sitting(None, journal, monkeypatch, url="ftp://nowhere")
    view = sitting.ask("Why?")
    assert "LESSONLIB_TEACHER_URL" in view["problem"] and view["guess"]["text"] == "Why?"


def test_after_a_kernel_died_question_and_half_an_answer_are_there(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    monkeypatch.setattr("lessonlib.teacher.desk.KEEP_S", 0.0)
    with teaching(TeacherStandIn(hold=lambda: go.wait(PATIENCE_S))) as server:
        sitting = Sitting(server, journal, monkeypatch)
        sitting.ask("Why?")
        sitting.wait(lambda view: "word2" in view["teacher"]["talk"]["answer"])
        end = time.monotonic() + PATIENCE_S
        while "word2" not in journal.path.read_text() and time.monotonic() < end:
            time.sleep(0.01)
        after = Sitting(server, Journal(journal.path), monkeypatch).panel.view  # as a new kernel finds it
        go.set()
        sitting.wait()
    assert after["guess"]["text"] == "Why?" and after["teacher"]["busy"] is False
    assert (
        after["teacher"]["talk"]["answer"] == "word0 word1 word2 "
        and "kernel ended" in after["teacher"]["talk"]["problem"]
    )
    done = Sitting(server, Journal(journal.path), monkeypatch).panel.view["teacher"]["talk"]
    assert done["state"] == "done" and done["answer"] == "".join(server.pieces) and done["verdict"] and done["clocks"]


def test_a_lesson_passes_over_the_teacher(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with teaching(TeacherStandIn()) as server:
        sitting = Sitting(server, journal, monkeypatch)
        sitting.ask("Why?")
        sitting.wait()
    assert {ASKED, ENDED} <= {record["event"] for record in journal.records()} <= {ASKED, PART, ENDED, "commit"}
    again = lesson_of(journal)
    assert [item.id for item in again.asked if item.step.state != "asked"] == [NOTE]
    assert again.item(NOTE).step.problem == ""


def test_without_an_endpoint_the_note_is_as_it_was(journal: Journal) -> None:
    lesson = NotebookLesson(lesson_of(journal))
    panel = lesson.closing(NOTE)
    panel.handle({"event": "commit", "guess": "Why?"})
    assert lesson._desks == {} and "teacher" not in panel.view and panel.view["state"] == "committed"
    assert remarks(journal.events()) == [
        {
            "kind": "note",
            "lesson": LESSON,
            "item": NOTE,
            "lab": lesson.lab.name,
            "time": journal.records()[0]["time"],
            "text": "Why?",
        }
    ]


@pytest.mark.parametrize("auto", ["truth", "each", "skip"])
def test_a_run_without_a_person_asks_nobody(auto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSONLIB_TEACHER_URL", "http://127.0.0.1:9/v1")
    lesson = NotebookLesson(lesson_of(), auto)
    assert "teacher" not in lesson.closing(NOTE).view and lesson._desks == {}


def test_a_teacher_sits_at_the_end_alone_and_only_one(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSONLIB_TEACHER_URL", "http://127.0.0.1:9/v1")
    lesson = NotebookLesson(lesson_of(journal))
    question = lesson._lesson.asked[0]
    assert "teacher" not in lesson.predict(question.id).view and lesson._desks == {}
    assert "teacher" in lesson.closing(NOTE).view
    desk = lesson._desks[NOTE]
    assert "teacher" in lesson.closing(NOTE).view and lesson._desks == {NOTE: desk}
    monkeypatch.setenv("LESSONLIB_TEACHER_URL", "  ")
    assert NotebookLesson(lesson_of(journal)).closing(NOTE).view.get("teacher") is None


def test_the_stored_output_is_the_same_with_a_teacher(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = NotebookLesson(lesson_of(journal)).closing(NOTE)._fallback()
    assert Sitting(None, journal, monkeypatch, url="http://127.0.0.1:9").panel._fallback() == plain


def test_what_is_exported(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    with teaching(TeacherStandIn()) as server:
        sitting = Sitting(server, journal, monkeypatch)
        sitting.ask("Asked?", "2 s")
        sitting.wait()
    for text in ("First.", "Only kept."):
        sitting.panel.handle({"event": "commit", "guess": text})
    found = json.loads(json.dumps(remarks(journal.events())))
    assert [(entry["kind"], entry["item"], entry["text"]) for entry in found] == [
        ("question", NOTE, "Asked?"),
        ("note", NOTE, "Only kept."),
    ]
    assert found[0]["ended"] == "done" and found[0]["answer"] == "".join(server.pieces) and found[0]["model"] == MODEL
    assert found[0]["ttft_guess"] == {"text": "2 s", "value": 2.0} and found[0]["clocks"]["prompt_tokens"] == 3000


def test_records_of_another_hand_are_passed_over(journal: Journal) -> None:
    base = {"lesson": LESSON, "question": NOTE, "hash": "x", "lab": "y"}
    for record in (
        {"event": ASKED},
        {"event": ASKED, "exchange": 3, "text": "?"},
        {"event": PART, "exchange": "gone", "text": "?"},
        {"event": ASKED, "exchange": "a", "text": "Why?"},
        {"event": PART, "exchange": "a", "text": None},
        {"event": "commit", "guess": "?"},
    ):
        journal.append({**base, **record})
    (found,) = remarks(journal.events())
    assert (found["text"], found["answer"], found["ended"]) == ("Why?", "", "interrupted")
