"""What the teacher is told: everything that is revealed, nothing that is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lessonlib.build.lint.secrets import Text, amounts, late_secrets, secrets
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import lesson_names
from lessonlib.roofline import decode, load_lab
from lessonlib.teacher.context import Context, all_revealed
from tests.content import specimen
from tests.teacher.conftest import lesson_of, reveal


def is_gate(lesson: Lesson) -> Callable[[Any], bool]:
    gates = {gate.id for item in lesson.items.values() for gate in item.gates}
    return lambda item: item.id in gates


def told_too_early(lesson: Lesson) -> list[str]:
    """Secrets of what is unrevealed that the context gives away. A number that an earlier reveal tells as well was earned there."""
    text = Text(Context(lesson).text())
    shown = [
        Text(json.dumps(item.view())) for item in lesson.items.values() if not item.lock and item.kind != "explore"
    ]
    unsaid = [
        (item, secret)
        for item in lesson.asked
        if not item.only_kept and not item.step.revealed
        for secret in [*secrets(item), *late_secrets(item)]
    ]
    return [
        f"{item.id}: {secret}"
        for item, secret in unsaid
        if secret.told_by(text) and not any(secret.told_by(part) for part in shown)
    ]


@pytest.mark.parametrize("steps", [0, 1, 3, 5, 8, 12, 99])
def test_the_context_never_tells_what_is_not_revealed(steps: int) -> None:
    lesson = lesson_of()
    reveal(lesson, most=steps)
    assert told_too_early(lesson) == []
    text = Context(lesson).text()
    for item in lesson.asked:
        if item.only_kept:
            continue
        assert (f"## {item.title}\nAsked: " in text) or not item.step.revealed
        if not item.step.revealed:
            assert not any(secret.told_by(Text(text.split("# Not yet revealed")[0])) for secret in amounts(item)[:1]), (
                item.id
            )


@pytest.mark.parametrize("name", lesson_names())
def test_the_context_of_every_lesson_keeps_to_itself_what_is_still_asked(name: str) -> None:
    lesson = lesson_of(name=name)
    assert told_too_early(lesson) == []
    reveal(lesson, is_gate(lesson))
    assert all_revealed(lesson) and told_too_early(lesson) == []


def test_a_commit_alone_tells_nothing() -> None:
    lesson = lesson_of()
    first = lesson.asked[0]
    before = Context(lesson).text()
    first.step.handle({"event": "commit", "guess": first.step.question.right(), "confidence": 2})
    assert first.step.state == "committed" and Context(lesson).text() == before


def test_the_teacher_knows_guesses_outcomes_and_the_lab() -> None:
    lesson = lesson_of()
    context = Context(lesson)
    assert (
        "tok/s" not in context.text().split("# The lesson so far")[0]
        and context.text().count("later questions are still closed") == 1
    )
    reveal(lesson)
    text = context.text()
    ceiling = decode(lesson.lab.system, 1, lesson.lab.context).ceiling_tokens_per_s
    assert f"{ceiling:.0f} tok/s" in text.split("# The lesson so far")[0]
    assert "The learner said: 65.3" in text and "[the learner's guess]" in text and "Not yet revealed" not in text
    assert text == Context(lesson).text(), "what was put into words step by step is what a new look finds"


def test_earlier_questions_go_along() -> None:
    sent = Context(lesson_of()).messages("And fp8?", [("zero", "0"), ("one", "1"), ("two", ""), ("three", "3")])
    assert [message["content"] for message in sent[1:]] == ["one", "1", "three", "3", "And fp8?"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "user", "assistant", "user"]


def test_the_teacher_knows_what_a_fleet_showed(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = specimen.with_fleet(before="half-the-bytes")
    monkeypatch.setattr("lessonlib.lesson.lesson.load_source", lambda *_: raw)
    lesson = Lesson(specimen.path(), load_lab(), None, specimen.BLOCKS)
    reveal(lesson)
    assert "## The fleet · two teas\nLook at replica 1.\nSeen there: 2 teas on 2 replicas of " in Context(lesson).text()


def test_the_teacher_knows_what_a_timeline_showed(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = specimen.with_timeline(before="half-the-bytes")
    monkeypatch.setattr("lessonlib.lesson.lesson.load_source", lambda *_: raw)
    lesson = Lesson(specimen.path(), load_lab(), None, specimen.BLOCKS)
    assert "Look at step 1." not in Context(lesson).text(), "it is closed"
    reveal(lesson)
    assert "## Timeline · a run\nLook at step 1.\nSeen there: One tea takes 2 steps on " in Context(lesson).text()
