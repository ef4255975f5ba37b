"""Before its reveal nothing of an answer can be seen: not in the file, not on the page, not in a synced trait or a message."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.build import notebooks as stage
from lessonlib.build.lint.secrets import Text, amounts, late_secrets, leaves, secrets
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds import make_question
from lessonlib.lesson.source import lesson_names
from lessonlib.lesson.step import Step
from lessonlib.lesson.words import Numbers, Words
from lessonlib.roofline import DEFAULT_LAB, lab_names
from lessonlib.show.fallback import fallback
from tests.content.conftest import opened
from tests.content.walk import Walk

EVERYWHERE = [(name, lab) for name in lesson_names() for lab in lab_names()]


def committed(name: str, lab: str) -> dict[str, Any] | None:
    """The stored notebook, whose outputs are those of the default lab; elsewhere the one without outputs."""
    if lab != DEFAULT_LAB:
        return None
    return json.loads((stage.notebooks_dir() / f"{name}.ipynb").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "lab"), EVERYWHERE)
def test_a_learner_sees_no_answer_before_its_reveal(name: str, lab: str) -> None:
    walk = Walk(name, lab, committed(name, lab))
    assert walk.through() == []
    assert all(item.step.revealed for item in walk.asked), "the walk must reach the end, or it proves nothing"


#: A truth that prints fewer digits ("1 FLOP/byte") is no sign: the page is full of such numbers, so none is listened for.
TELLING_DIGITS = 3


def digits_printed(item: StepItem) -> int:
    """Significant digits of the truth as the reveal prints it; those of "2.0" and "120" count, leading zeros do not."""
    return len(re.sub(r"\D", "", str(item.step.question.truth()).split()[0]).lstrip("0"))


@pytest.mark.parametrize("name", lesson_names())
def test_the_walk_has_something_to_listen_for(name: str) -> None:
    """Each question has secrets, and each is heard once the reveal has been made: else silence would prove nothing."""
    for item in opened(name).asked:
        if item.only_kept:
            continue
        step = Step(item.step.question, item.title)
        step.answer(step.question.right())
        told = [Text(text) for _, text in leaves(step.view())]
        found = [
            secret for secret in [*secrets(item), *late_secrets(item)] if any(secret.told_by(text) for text in told)
        ]
        expected = {"answer"} if item.kind in ("recall", "explain") else {"reveal"}
        expected |= {"truth"} if item.raw.get("kind") == "number" and digits_printed(item) >= TELLING_DIGITS else set()
        expected |= {
            part for part, key in (("explanation", "explanation"), ("observe.note", "observe")) if item.raw.get(key)
        }
        assert expected <= {secret.what for secret in found}, item.id


@pytest.mark.parametrize(
    "text",
    [
        "131",
        "130.7",
        "131 tok/s",
        "130.7 tok/s",
        "1.31e2",
        "131 tokens per second",
        "130.73 tokens/s",
        "<b>131</b> tok/s",
        '<img alt="at 131 tok/s">',
    ],
)
def test_any_usual_print_of_the_truth_is_heard(text: str) -> None:
    (secret,) = amounts(opened("01-prefill-vs-decode").items["decode-ceiling"])
    assert secret.told_by(Text(text))
    assert not secret.told_by(Text(text.replace("1", "2", 1)))


@pytest.mark.parametrize("text", ["3,350 GB/s", "3.35 TB/s", "3.35", "3350", "3.35 TB per second", "3.35e12"])
def test_any_prefix_of_the_truth_is_heard(text: str) -> None:
    (secret,) = amounts(opened("00-start-here").items["how-fast-is-memory"])
    assert secret.told_by(Text(text))


# --- before the reveal, what is shown does not depend on the truth -------------------------------------------


def twin(item: StepItem) -> StepItem | None:
    """The same question with another truth, or None where nothing can be exchanged."""
    raw, question = copy.deepcopy(dict(item.raw)), item.step.question
    words = question.words
    if item.raw.get("kind") == "choice":
        other_is_right(raw["options"])
    elif "truth" in raw:
        numbers = Numbers(words.numbers.workings, words.lab)
        numbers._known[raw["truth"]] = other_truth(question.truth())
        words = Words(numbers, words.sources, here=words.here, code=words.code)
    for entry in ({"observe": raw["observe"]} if "observe" in raw else {}).values():
        move_mark(entry["options"])
    for key in ("answers",):
        if key in raw:
            raw[key] = [f"{answer}, but not quite" for answer in raw[key]]
    for key in ("reveal", "explanation", "answer", "because", "too_low", "too_high"):
        if key in raw:
            raw[key] = f"Quite the contrary:\n\n{raw[key]}"  # a paragraph of its own: a table may follow
    kept = {key: value for key, value in raw.items() if key != "elsewhere"}
    kind = {"predict": raw.get("kind")}.get(item.kind, item.kind)
    return StepItem(
        item.kind, raw, item.title, item.gates, make_question({**kept, "kind": kind}, words, question.where), item.name
    )


def other_is_right(options: list[dict[str, Any]]) -> None:
    """Lets the first wrong option be the right one, in place: same texts, same order."""
    if all("name" in option for option in options):  # a working says which is right: two of them swap their names
        options[0]["name"], options[1]["name"] = options[1]["name"], options[0]["name"]
        return
    right = next(option for option in options if option.get("right"))
    wrong = next(option for option in options if not option.get("right"))
    refuted = {key: wrong.pop(key) for key in ("misconception", "refutation")}
    wrong |= {"right": True, "because": right.pop("because")}
    del right["right"]
    right |= refuted


def move_mark(options: list[dict[str, Any]]) -> None:
    right = next(option for option in options if option.get("right"))
    wrong = next(option for option in options if not option.get("right"))
    wrong["right"] = right.pop("right")


def other_truth(truth: Any) -> Any:
    if isinstance(truth, Quantity):
        return replace(truth, value=truth.value * 1.7)
    if isinstance(truth, str):  # a line of settings, written otherwise
        return truth.replace(" ", "  ", 1)
    assert isinstance(truth, Mapping)
    if isinstance(truth["y"], float):  # a dot
        return {**truth, "x": truth["x"] * 1.7}
    return {**truth, "y": [value * 1.7 for value in truth["y"]]}


@pytest.mark.parametrize(("name", "lab"), EVERYWHERE)
def test_what_is_shown_before_the_reveal_does_not_depend_on_the_truth(name: str, lab: str) -> None:
    for item in opened(name, lab).asked:
        other = twin(item)
        if not item.only_kept:
            assert item.seal() != other.seal(), f"{item.id}: the twin has the same truth, so this proves nothing"
        assert item.asked_view() == other.asked_view(), item.id
        assert fallback(item.asked_view()) == fallback(other.asked_view()), item.id
        committed_views = [committed_view(each, guess_of(item)) for each in (item, other)]
        assert committed_views[0] == committed_views[1], item.id


def guess_of(item: StepItem) -> Any:
    question = item.step.question
    return question.mistakes()[0][1] if question.mistakes() else question.right()


def committed_view(item: StepItem, guess: Any) -> dict[str, Any]:
    """What the panel shows after the commit, all hints asked for, and before the reveal."""
    step = Step(item.step.question, item.title)
    for _ in step.question.hints():
        step.handle({"event": "hint"})
    step.handle({"event": "commit", "guess": guess, "confidence": 0})
    assert step.state == "committed", step.problem
    return step.view()
