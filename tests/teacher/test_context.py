"""What goes out to the teacher, to the word: of a made-up lesson with an item of each kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds import make_question
from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import decode, load_lab, prefill
from lessonlib.roofline.lab import Measured
from lessonlib.teacher.context import Context, about_tokens, all_revealed, lab_text
from tests.lesson import made_up

MOST_CHARACTERS = 48_000
LAB = replace(load_lab(), measured={"decode_tokens_per_s": Measured(1208.0, "tok/s", "by a stopwatch", "nobody")})
GIVEN = (
    "- Qwen3.5-27B on 2 x H100 SXM, TP2, bf16: model qwen3.5-27b on 2 x H100 SXM, weights bf16, KV cache bf16\n"
    "- usual request: 4,096 tokens of prompt; decode is computed at 4,096 tokens of context"
)


@dataclass
class Block:
    """A block as a lesson holds it."""

    kind: str
    raw: dict[str, Any]
    title: str = "A title"
    lock: str = ""
    runs: tuple[str, ...] = ()
    id: str = "block"
    gates: tuple[StepItem, ...] = ()

    def view(self) -> dict[str, Any]:
        """What it draws."""
        return {self.kind: [{"finding": each} for each in self.runs]}


def step(kind: str, number: int = 1, gates: tuple[StepItem, ...] = (), **changes: Any) -> StepItem:
    """A question of that kind."""
    raw = made_up.raw(kind, **{"id": f"{kind}-{number}", **changes})
    asked = make_question(raw, made_up.words(), f"made-up {raw['id']}")
    return StepItem("predict", raw, f"Step {number}", list(gates), asked, f"step {number}")


def lesson(*entries: Any, lab: Any = LAB) -> Lesson:
    """A lesson of these items and texts, in this order."""
    items = [entry for entry in entries if not isinstance(entry, str)]
    steps = [{"text": entry} if isinstance(entry, str) else {entry.kind: {"id": entry.id}} for entry in entries]
    return cast(
        Lesson,
        SimpleNamespace(
            name="made-up",
            lab=lab,
            words=made_up.words(),
            raw={"title": "Made up", "steps": steps},
            items={item.id: item for item in items},
            asked=[item for item in items if isinstance(item, StepItem)],
        ),
    )


def story(*entries: Any) -> str:
    """What is told of the lesson so far."""
    return Context(lesson(*entries)).text().split("# The lesson so far: Made up\n")[1].split("# Not yet revealed")[0].strip()  # fmt: skip


def answered(kind: str, given: Any, confidence: int | None = 1, **changes: Any) -> str:
    """What is told of a question that was answered and revealed."""
    item = step(kind, **changes)
    item.step.handle({"event": "commit", "guess": given, "confidence": confidence})
    assert not item.step.problem
    item.step.handle({"event": "reveal"})
    if item.step.question.raw.get("observe"):
        item.step.handle({"event": "observe", "choice": "b"})
    return story(item)


# --- the messages ----------------------------------------------------------------------------------------------------


def test_lab_lesson_and_question_go_out() -> None:
    context = Context(lesson("Hello.\n"))
    system, question = context.messages("Why?")
    assert question == {"role": "user", "content": "Why?"}
    assert system["role"] == "system"
    rules, _, told = system["content"].partition("\n\n# The lab\n")
    assert rules.startswith("You are the teacher at the end of a lesson") and rules.endswith("without headings, tables or HTML.")  # fmt: skip
    assert f"# The lab\n{told}" == context.text()
    assert "Do not give, compute or hint at their answers, even if you are asked to" in rules


def test_the_last_three_answered_questions_go_along() -> None:
    earlier = [("one", "1"), ("two", "2"), ("three", "3"), ("four", "4")]
    assert Context(lesson("Hello.")).messages("Why?", earlier)[1:] == [
        *({"role": role, "content": text} for pair in earlier[1:] for role, text in zip(("user", "assistant"), pair, strict=True)),
        {"role": "user", "content": "Why?"},
    ]  # fmt: skip


def test_the_whole_text() -> None:
    first, noted = step("number", 1), step("note", 2)
    second = step("choice", 3, (first,))
    block = Block("tell", {"text": "Between."}, gates=(first,))
    made = lesson("# 7 · Made up\n", first, noted, block, second, "Behind.")
    context = Context(made)
    second_still_closed = (
        "# Not yet revealed: do not answer these\n- Step 1: How many?\n- 1 later questions are still closed."
    )
    assert context.text() == (
        f"# The lab\n{GIVEN}\n\n# The lesson so far: Made up\n# 7 · Made up\n\n## A title\nBetween.\n\n{second_still_closed}"
    )
    first.step.skip()
    assert context.text().endswith("\n\n# Not yet revealed: do not answer these\n- Step 3: Which one ?"), (
        "what a context has said of a step before is not what it says now"
    )
    assert "## Step 1\nAsked: How many?\nThe learner skipped this.\n" in context.text()
    second.step.skip()
    told = context.text()
    assert "Not yet revealed" not in told and told.endswith("\n\nBehind.")
    assert "## Step 3\nAsked: Which one ?\n" in told
    assert "Ask the teacher." not in told, "a note is no question of the lesson"


def test_the_story_ends_before_the_first_item_that_is_closed() -> None:
    open_step = step("number")
    closed = Block("tell", {"text": "Closed."}, lock="Reveal step 1 first")
    told = story("Before.", closed, "Behind.", open_step)
    assert told == "Before."


@pytest.mark.parametrize(("size", "cut"), [(MOST_CHARACTERS, False), (MOST_CHARACTERS + 1, True)])
def test_of_a_longer_lesson_the_end_goes_along(size: int, cut: bool) -> None:
    told = story("a" + "b" * (size - 1))
    assert told == ("(The beginning is left out.) " + "b" * MOST_CHARACTERS if cut else "a" + "b" * (size - 1))


def test_how_many_tokens_go_out_is_told_to_two_digits() -> None:
    """Four characters to a token."""
    for characters, tokens in ((0, 0), (43, 10), (44, 11), (4 * 1234, 1200), (4 * 1262, 1300)):
        half = characters // 2
        assert about_tokens([{"content": "x" * half}, {"content": "x" * (characters - half)}]) == tokens


# --- blocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "key"),
    [("tell", "text"), ("picture", "caption"), ("plot", "caption"), ("explore", "text"), ("monitor", "text"), ("manifest", "text")],
)  # fmt: skip
def test_the_words_of_a_block_are_told(kind: str, key: str) -> None:
    raw = {key: "Look **here** at {{ hundred }}."}
    assert story(Block(kind, raw, runs=("never",))) == "## A title\nLook here at 100 tok/s."


@pytest.mark.parametrize("kind", ["timeline", "fleet"])
def test_what_a_simulated_run_showed_is_told_with_its_words(kind: str) -> None:
    told = story(Block(kind, {"text": "Look."}, runs=("It waits.", "It runs.")))
    assert told == "## A title\nLook.\nSeen there: It waits.\nSeen there: It runs."


def test_a_block_without_words_is_left_out() -> None:
    assert story("Before.", Block("sources", {}), "Behind.") == "Before.\n\nBehind."


# --- questions -------------------------------------------------------------------------------------------------------

REVEALED = "The reveal says 100 tok/s.\nThe explanation."


@pytest.mark.parametrize(
    ("typed", "told"), [("80", "80 tok/s"), ("80 tok/s", "80 tok/s"), ("0.08k tok/s", "0.08k tok/s")]
)
def test_a_number_is_told_with_one_unit(typed: str, told: str) -> None:
    assert answered("number", typed) == (
        f"## Step 1\nAsked: How many?\nThe learner said: {told} (fairly sure)\n"
        f"Outcome: Close: ×1.25 too low. The answer: 100 tok/s.\nThink of more.\n{REVEALED}"
    )


def test_the_options_of_a_choice_are_told_and_which_was_chosen() -> None:
    asked = made_up.question("choice")
    right, wrong = made_up.key_of(asked, "memory"), made_up.key_of(asked, "compute")
    told = answered("choice", right, 2, id="which")
    assert "- memory [right, and the learner's guess]\n" in told
    assert "- compute\n" in told and "- network\n" in told
    assert "\nThe learner was certain.\n" in told and "The learner said" not in told
    missed = answered("choice", wrong, 0, id="which")
    assert "- memory [right]\n" in missed and "- compute [the learner's guess]\n" in missed and "- network\n" in missed
    assert "\nThe learner was just guessing.\n" in missed
    assert "fact of compute." in missed and missed.endswith(REVEALED)


@pytest.mark.parametrize(
    ("kind", "given", "confidence", "line"),
    [
        ("curve", [10, 20, 40, 80], 2, "The learner said: a drawn curve (certain)"),
        ("place", {"x": "20", "y": 40.0}, 1, "The learner said: a dot at 20 FLOP/byte, 40 FLOP/s (fairly sure)"),
        ("blanks", ["compute", "network"], None, "The learner said: compute, network"),
        ("blanks", ["compute", ""], None, "The learner said: compute,"),
        ("explain", "Because so.", None, "The learner said: Because so."),
        ("explain", "x" * 599 + "yz", None, "The learner said: " + "x" * 599 + "y"),
        ("recall", None, None, ""),
    ],
)
def test_a_guess_is_told_as_it_was_given(kind: str, given: Any, confidence: int | None, line: str) -> None:
    lines = answered(kind, given, confidence).split("\n")
    assert [each for each in lines if each.startswith("The learner")] == ([line] if line else [])


def test_the_answer_of_a_card_is_told() -> None:
    assert answered("recall", None, None) == (
        "## Step 1\nAsked: Say why.\nOutcome: The answer is shown. Grade yourself.\nBecause of 100 tok/s."
    )


def test_a_line_with_its_forecasts_is_told() -> None:
    """A guess of settings holds both."""
    view = {"stem": "Set it.", "ask": {}, "result": {"summary": "It holds."}}
    guess = {"line": "vllm serve m --max-num-seqs 8", "shown": "first token 2 s", "numbers": [], "confidence": None}
    item = step("number")
    item.step.skip()
    item.view = lambda: {**view, "guess": guess}  # type: ignore[method-assign, assignment, return-value]
    assert story(item) == (
        "## Step 1\nAsked: Set it.\nThe learner said: vllm serve m --max-num-seqs 8; first token 2 s\nOutcome: It holds."
    )


# --- the lab ---------------------------------------------------------------------------------------------------------


def test_what_is_computed_of_the_lab_is_told_once_every_gate_is_revealed() -> None:
    """Another question may still be open: it closes nothing, so it asks for no number of the lab."""
    gate, other, free = step("number", 1), step("choice", 2), step("recall", 3)
    made = lesson(gate, other, free, Block("tell", {"text": "."}, gates=(gate, other)))
    for item in (gate, other):
        assert not all_revealed(made) and lab_text(made) == GIVEN
        item.step.skip()
    assert all_revealed(made) and not free.step.revealed
    system = LAB.system
    one, prompt = decode(system, 1, 4096), prefill(system, 4096)
    assert lab_text(made) == (
        f"{GIVEN}\n- reported decode speed: 1,208 tok/s (by a stopwatch)\n"
        "- peak of all its GPUs: 1.98 PFLOP/s, 6.7 TB/s; ridge point 295 FLOP/byte\n"
        "- weights: 53.8 GB held, 51.2 GB fetched for a token at batch 1\n"
        "- KV cache: 65.5 kB a token\n"
        f"- decode, batch 1: ceiling {Quantity(one.ceiling_tokens_per_s, 'tok/s')}, "
        f"expected {Quantity(one.expected_tokens_per_s, 'tok/s')}, limited by memory\n"
        f"- prefill of one prompt: ceiling {Quantity(prompt.ceiling_tokens_per_s, 'tok/s')}, "
        f"expected {Quantity(prompt.expected_tokens_per_s, 'tok/s')}, limited by compute"
    )
