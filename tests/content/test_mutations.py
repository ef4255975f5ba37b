"""The checks themselves are checked: each of these faults, put in on purpose, is caught by the check that is there for it.

(The fifth fault, text recoloured grey on grey, is caught by the contrast test of tests/panel.)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.lesson.code import code_of
from lessonlib.lesson.items import Item
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.seal import differences, lesson_parts
from lessonlib.lesson.step import Step
from lessonlib.roofline import DEFAULT_LAB
from lessonlib.show import notebook
from tests.content.conftest import LESSON
from tests.content.test_lint import body
from tests.content.test_seals import golden
from tests.content.walk import Walk


def test_a_broken_gate_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything opens at once: the blocks after step 1 tell its answer."""
    monkeypatch.setattr(Item, "lock", property(lambda item: ""))
    told = Walk(LESSON, DEFAULT_LAB).through()
    assert any("run all" in line and "gives away decode-ceiling" in line for line in told), told


@pytest.mark.parametrize(
    "leak",
    [
        lambda step: {"truth": step.question.truth()},
        lambda step: {"hint_of": step.question.asked_hash(), "result": step.question.result(None)},
        lambda step: {"stem": step.question.stem() + f"<!-- --><i hidden>{step.question.reveal()}</i>"},
        lambda step: {
            "ask": {**step.question.ask(), "scale": [float(step.question.truth()) / 4, float(step.question.truth())]}
        },
    ],
    ids=["truth", "result", "hidden", "scale"],
)
def test_a_truth_in_a_trait_is_caught(leak: Callable[[Step], dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    real = Step.view

    def leaking(step: Step) -> dict[str, Any]:
        view = real(step)
        leaks = step.id == "decode-ceiling" and not step.revealed
        return plain_json({**view, **leak(step)}) if leaks else view

    monkeypatch.setattr(Step, "view", leaking)
    told = Walk(LESSON, DEFAULT_LAB).through()
    assert any("decode-ceiling state view" in line and "gives away decode-ceiling" in line for line in told), told


def plain_json(view: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(view, default=float))


def test_a_truth_in_a_message_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = notebook.Panel.handle

    def chatty(panel: Any, message: Any) -> None:
        real(panel, message)
        panel.send({"done": True, "debug": "the ceiling is 130.7"})

    monkeypatch.setattr(notebook.Panel, "handle", chatty)
    told = Walk(LESSON, DEFAULT_LAB).through()
    assert any("comm_msg" in line and "gives away decode-ceiling" in line for line in told), told


def test_swapped_feedback_is_caught(raw: dict[str, Any], reopen: Any) -> None:
    one, other = [option for option in body(raw, "what-decode-reads")["options"] if not option.get("right")][:2]
    one["refutation"], other["refutation"] = other["refutation"], one["refutation"]
    changed = differences(golden(LESSON), lesson_parts(reopen(raw)))
    assert sorted(line.split(" was ")[0] for line in changed) == sorted(
        f"what-decode-reads: mistake {option['misconception']}: feedback:" for option in (one, other)
    )


def test_feedback_that_goes_to_the_wrong_option_is_caught(
    raw: dict[str, Any], monkeypatch: pytest.MonkeyPatch, reopen: Any
) -> None:
    """The words are as they were; the code hands them out one off."""
    from lessonlib.lesson.kinds import Choice

    real = Choice.accept

    def one_off(question: Choice, given: Any) -> dict[str, Any]:
        guess = real(question, given)
        wrong = [key for key, option in question._options().items() if not option.get("right")]
        return {"key": wrong[(wrong.index(guess["key"]) + 1) % len(wrong)]} if guess["key"] in wrong else guess

    monkeypatch.setattr(Choice, "accept", one_off)
    changed = differences(golden(LESSON), lesson_parts(reopen(raw)))
    assert any(
        line.startswith("what-decode-reads: mistake weights-stay-on-chip: feedback: was ") for line in changed
    ), changed


def test_a_changed_working_is_caught(
    raw: dict[str, Any], monkeypatch: pytest.MonkeyPatch, reopen: Callable[[dict[str, Any]], Lesson]
) -> None:
    def tensor_core_share(lab: Any) -> Quantity:
        return Quantity(8.0, "%", digits=2)

    monkeypatch.setitem(code_of(1).workings, "tensor_core_share", tensor_core_share)
    changed = differences(golden(LESSON), lesson_parts(reopen(raw)))
    assert any(
        line.startswith("tensor-cores-busy: truth: was “[0.33") and line.endswith('is “[8.0, "%"]”') for line in changed
    ), changed
