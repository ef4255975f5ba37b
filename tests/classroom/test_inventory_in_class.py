"""The inventory in a class: one vote, then the next question; no share and no truth, whatever the instructor asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from lessonlib.classroom.report.judged import Lessons
from lessonlib.classroom.stores import opener
from lessonlib.lesson.form import FORMS
from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import load_lab
from tests.classroom.room import room


@pytest.mark.parametrize("form", FORMS)
def test_a_vote_is_kept_and_nothing_is_shown(tmp_path: Path, form: str) -> None:
    lesson = Lesson(form, load_lab("qwen3-32b-h200"))
    assert lesson.form
    with room(opener(str(tmp_path / "classes.sqlite")), lesson) as served:
        voter = served.joined()
        for item in lesson.form.items[:2]:
            served.steer("open", item.id)
            assert served.vote(voter, item.id, item.step.question.right()).status_code == 200
            served.steer("close")
            for event in ("discuss", "open2", "show", "reveal"):
                answer = served.try_to_steer(event, served.host()["seq"])
                assert answer.status_code == 409 and "shown to nobody" in answer.text
            state = served.state(voter)
            assert state["phase"] == "closed1" and "shares" not in state
            assert "result" not in str(state) and not state["poll"]["hash"]
        row = served.live.row
    opened = Lessons()(row.lesson, row.lab)  # as a report of this class opens it
    assert [item.step.question.asked_hash() for item in opened.asked] == [
        item.step.question.asked_hash() for item in lesson.asked
    ]
