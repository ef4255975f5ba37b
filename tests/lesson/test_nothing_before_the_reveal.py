"""Whatever the truth is, the page sees the same until the reveal.

Each question is asked twice: as it is, and with another truth, another right option, other reveals, refutations
and explanations. The two views must be equal byte for byte while it is asked and committed, and differ afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds import make_question
from lessonlib.lesson.question import Question
from lessonlib.lesson.source import lesson_names
from lessonlib.lesson.step import Step
from lessonlib.lesson.words import Numbers, Words
from tests.lesson.made_up import GUESS, KEPT, KINDS, RAW, question, raw, words
from tests.lesson.shipped import a_guess, opened, reopened, source

Raw = dict[str, Any]

#: texts that nobody may see early; each is replaced where it stands
_TEXTS = ("reveal", "explanation", "because", "too_low", "too_high", "answer")
_OTHER = "Something else altogether."
_OTHER_REFUTATION = dict.fromkeys(("thought", "tempting", "wrong", "fact"), _OTHER)


def altered(before: Raw, truth: str | None) -> Raw:
    """The question with all of its secrets changed and everything that is asked kept."""
    after = {**before, **{key: _OTHER for key in _TEXTS if key in before}}
    if truth:
        after |= {"truth": truth, "working": truth}
        after["wrong"] = [
            {**wrong, "misconception": "other", "says": _OTHER, "refutation": _OTHER_REFUTATION}
            for wrong in before["wrong"]
        ]
    if "features" in before:
        after["features"] = [
            {**feature, "steeper": _OTHER, "flatter": _OTHER, "tolerance": 3.0} for feature in before["features"]
        ]
    if "options" in before:
        after["options"] = _turned(
            before["options"], {"because": _OTHER}, {"misconception": "other", "refutation": _OTHER_REFUTATION}
        )
        after.pop("truth", None)  # of options that a working chooses from, one is now marked
    if "observe" in before:
        after["observe"] = {
            **before["observe"],
            "note": _OTHER,
            "options": _turned(before["observe"]["options"], {}, {}),
        }
    if "answers" in before:
        after["answers"] = [_OTHER for _ in before["answers"]]
    if "checklist" in before:
        after["checklist"] = [_OTHER, _OTHER, _OTHER]
    return after


def _turned(options: list[Raw], right: Raw, wrong: Raw) -> list[Raw]:
    """The same options, but the next one is right; where a working names the right one, the first is."""
    now = next((index for index, option in enumerate(options) if option.get("right")), -1)
    return [
        {"text": option["text"], "right": True, **right}
        if index == (now + 1) % len(options)
        else {"text": option["text"], **wrong}
        for index, option in enumerate(options)
    ]


def early_views(asked: Question, guess: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every view from the first to the last before the reveal."""
    step = Step(asked, "Step 1 · predict, then reveal")
    yield "asked", step.view()
    for number in range(len(asked.hints()) + 1):
        step.handle({"event": "hint"})
        yield f"hint {number + 1}", step.view()
    for late in (
        {"event": "observe", "choice": "a"},
        {"event": "grade", "grade": "got"},
        {"event": "reveal"},
        {"event": "commit", "guess": "abc", "confidence": 7},
    ):
        step.handle(late)
        if step.state == "asked":
            yield f"{late}", step.view()
    step.handle({"event": "commit", "guess": guess, "confidence": 1 if asked.sure else None})
    assert step.state == "committed", step.problem
    yield "committed", step.view()


def late_view(asked: Question) -> dict[str, Any]:
    step = Step(asked, "Step 1 · predict, then reveal")
    step.skip()
    return step.view()


def assert_alike(asked: Question, other: Question, guess: Any) -> None:
    for (when, one), (_, two) in zip(early_views(asked, guess), early_views(other, guess), strict=True):
        assert json.dumps(one) == json.dumps(two), f"{asked.where}, {when}: the view depends on what is still secret"
    if asked.kind not in KEPT:
        assert late_view(asked) != late_view(other), "the alteration altered nothing"


@pytest.mark.parametrize("kind", KINDS)
def test_a_made_up_question_keeps_its_secret(kind: str) -> None:
    truth = {"number": "fifty", "curve": "straight", "place": "on_the_top"}.get(kind)
    other = make_question(altered(raw(kind), truth), words(), f"made-up {RAW[kind]['id']}")
    assert_alike(question(kind), other, [1, 1, 1, 1] if kind == "curve" else GUESS[kind])


def _another_truth(item: StepItem) -> str | None:
    """A working of the same sort as the truth: one of the wrong ones of this very question."""
    wrong = item.raw.get("wrong", ())
    return next((entry["working"] for entry in wrong if not entry["working"].startswith("here.")), None)


@pytest.mark.parametrize("name", lesson_names())
def test_every_shipped_question_keeps_its_secret(name: str) -> None:
    for item in opened(name).asked:
        asked = item.step.question
        words_of = asked.words if item.raw.get("exam") else opened(name).words  # an exam asks of systems of its own
        other = make_question(
            {**altered(dict(item.raw), _another_truth(item)), "kind": asked.kind}, words_of, asked.where
        )
        assert_alike(asked, other, a_guess(item))


@pytest.mark.parametrize("name", lesson_names())
def test_a_whole_lesson_with_other_secrets_looks_the_same_at_first(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    items = opened(name).items
    changed = source(name)
    for entry in changed["steps"]:
        for kind, before in entry.items():
            if kind in ("predict", "recall", "blanks", "explain"):
                entry[kind] = altered(before, _another_truth(items[before["id"]]))  # type: ignore[arg-type]
    other = reopened(monkeypatch, changed, name=name)
    for item_id, item in items.items():
        if not isinstance(item, StepItem) and not item.gates:
            continue  # open from the start, with nothing to keep
        assert json.dumps(item.view()) == json.dumps(other.items[item_id].view())


def test_the_numbers_of_a_view_before_the_reveal_are_not_computed_from_the_truth() -> None:
    """A working that would say so: asking and committing never calls the truth of a number."""
    called = []
    numbers = Numbers(words().numbers.workings, words().lab)
    spying = Words(numbers, {})
    original = spying.number
    spying.number = lambda name, where: called.append(name) or original(name, where)  # type: ignore[assignment, func-returns-value]
    for _ in early_views(make_question(raw("number"), spying, "made-up"), {"text": "80"}):
        pass
    assert called == []
