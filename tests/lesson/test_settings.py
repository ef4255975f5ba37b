"""A line of settings with its forecasts: what is taken, what a run of it says, and what is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.kinds.settings import Settings, share_words
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.step import Step
from lessonlib.record.attempts import attempts_of
from lessonlib.record.event import event_of
from lessonlib.record.journal import Journal
from lessonlib.review.summary import summarise
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.fallback import fallback
from tests.hostile import HARMLESS, HOSTILE, assert_printable, assert_same_page, html_of

LESSON, FIRST = "checkpoint-2", "first-line"
GOOD = "vllm serve /models/qwen3-30b-fp8 --max-num-seqs 64 --max-num-batched-tokens 1024 --kv-cache-dtype fp8 --spec-method ngram --spec-tokens 2"
POOR = "vllm serve /models/qwen3-30b-fp8 --max-num-seqs 8 --kv-cache-dtype fp8"


def question(lesson: Lesson | None = None) -> Settings:
    lesson = lesson or Lesson(LESSON, load_lab(), None, BLOCKS)
    item = lesson.items[FIRST]
    found = item.step.question  # type: ignore[union-attr]
    assert isinstance(found, Settings)
    return found


def forecasts(ttft: str = "1.2", goodput: str = "4.8", wide: float = 1.5) -> dict[str, Any]:
    def of(text: str) -> dict[str, str]:
        return {"text": text, "low": repr(float(text) / wide), "high": repr(float(text) * wide)}

    return {"ttft": of(ttft), "goodput": of(goodput)}


def given(line: str = GOOD, **changes: Any) -> dict[str, Any]:
    return {"line": line, "numbers": forecasts(**changes)}


def test_it_asks_for_the_line_of_today_and_two_numbers_with_ranges() -> None:
    asked = question().ask()
    assert asked["line"].startswith("vllm serve /models/qwen3-30b ")
    assert [(one["name"], one["unit"], one["needed"]) for one in asked["numbers"]] == [
        ("ttft", "s", True),
        ("goodput", "requests/s", True),
    ]


def test_on_paper_there_are_the_line_and_lines_to_write_on() -> None:
    paper = question().on_paper({**question().ask(), "line": "<b>"})
    assert "&lt;b&gt;" in paper and paper.count("80 % sure between") == 2


@pytest.mark.parametrize(
    ("guess", "told"),
    [
        (None, "Type the line first"),
        ("vllm serve", "Type the line first"),
        ([], "Type the line first"),
        ({"line": 7}, "Type the line first"),
        ({"line": GOOD}, "TTFT p99: type a number first"),
        ({"line": GOOD, "numbers": []}, "TTFT p99: type a number first"),
        ({"line": GOOD, "numbers": {"ttft": "3"}}, "TTFT p99: type a number first"),
        ({"line": GOOD, "numbers": {"ttft": {"text": "3"}}}, "both ends"),
        ({"line": GOOD, "numbers": {"ttft": {"text": 3, "low": "1", "high": "4"}}}, "type each number as text"),
        ({"line": GOOD, "numbers": {"ttft": {"text": "x", "low": "1", "high": "4"}}}, "TTFT p99: “x”"),
        ({"line": GOOD, "numbers": {"ttft": {"text": "9", "low": "1", "high": "4"}}}, "from low to high"),
        ({"line": GOOD, "numbers": {"ttft": forecasts()["ttft"]}}, "goodput: type a number first"),
        (given(""), "Type the line first"),
        (given("x" * 5000), "characters; at most"),
        (given("rm -rf /"), "begins with “vllm serve”"),
        (given(GOOD + "; ls"), "never run"),
        (given(GOOD + "\0"), "cannot be seen"),
        (given(GOOD + " --max-num-seq 3"), "did you mean --max-num-seqs?"),
        (given("vllm serve /models/qwen3-30b --max-num-seqs 99999"), "from 1 to 4,096"),
    ],
)
def test_what_is_no_guess_is_told_in_one_line(guess: Any, told: str) -> None:
    with pytest.raises(GuessError) as caught:
        question().accept(guess)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_a_number_may_bring_its_unit() -> None:
    guess = question().accept(
        {
            "line": GOOD,
            "numbers": {"ttft": {"text": "900 ms", "low": "0,5", "high": "2 s"}, "goodput": forecasts()["goodput"]},
        }
    )
    assert guess["numbers"][0]["value"] == pytest.approx(0.9) and guess["numbers"][0]["low"] == pytest.approx(0.5)
    assert question().guess_view(guess)["shown"].startswith("TTFT p99 900 ms, goodput 4.8 requests/s")


def test_a_good_line_is_right_whatever_was_forecast() -> None:
    asked = question()
    guess = asked.accept(given(ttft="60", goodput="0.1"))
    result, score = asked.result(guess), asked.score(guess)
    assert result["tone"] == "right" and score["right"] and score["share"] >= 0.9
    assert score["factors"][0] > 10 and score["factors"][1] < 0.1 and score["helds"] == [False, False]
    assert "too high, its range missed" in result["summary"] and "too low, its range missed" in result["summary"]


def test_an_honest_forecast_of_a_poor_line_is_a_good_forecast() -> None:
    asked = question()
    guess = asked.accept(asked._knowing(POOR))
    result, score = asked.result(guess), asked.score(guess)
    assert result["tone"] == "off" and not score["right"]
    assert score["factors"] == pytest.approx([1.0, 1.0], rel=1e-3) and score["helds"] == [True, True]
    assert "Seats bind" in result["feedback"] and "spot on" in result["summary"]


def test_a_line_that_sets_what_a_wrong_one_sets_is_told_by_its_name() -> None:
    asked = question()
    today = (
        asked.ask()["line"].replace(" --kv-cache-dtype auto", "").replace("--max-num-seqs 256", "--max-num-seqs=256")
    )
    guess = asked.accept(given(today))
    assert asked.score(guess)["misconception"] == "todays-line-is-tuned"
    assert "is what you get when the line stays as it is" in asked.result(guess)["feedback"]


def test_no_mistake_is_as_good_as_the_best() -> None:
    lesson = Lesson(LESSON, load_lab(), None, BLOCKS)
    for item in lesson.exam.items if lesson.exam else ():
        asked = item.step.question
        for name, line in asked.mistakes():
            score = asked.score(asked.accept(line))
            assert not score["right"] and score["misconception"] == name
        assert asked.score(asked.accept(asked.right()))["right"]


def test_what_is_typed_stays_text() -> None:
    asked = question()
    line = "vllm serve /models/qwen3-30b-fp8 --max-num-seqs 8"
    guess = asked.accept({**given(line), "line": line})
    told = asked.result(guess)
    assert "<script" not in told["feedback"] and asked.guess_view(guess)["line"] == line
    with pytest.raises(GuessError):
        asked.accept(given("vllm serve /models/<script>alert(1)</script>"))


@pytest.mark.parametrize(
    ("share", "words"), [(1.02, "better than the best"), (1.0, "100 %"), (0.934, "93 %"), (0.001, "next to nothing")]
)
def test_a_share_in_words(share: float, words: str) -> None:
    assert words in share_words(share)


def test_it_is_kept_and_stands_again_after_a_restart(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    lesson = Lesson(LESSON, load_lab(), journal, BLOCKS)
    for item in lesson.steps:
        if item.id != FIRST:
            item.step.answer(item.step.question.right())
    lesson.handle(FIRST, {"event": "commit", "guess": given(), "confidence": 1})
    lesson.handle(FIRST, {"event": "reveal"})
    before = lesson.items[FIRST].view()
    again = Lesson(LESSON, load_lab(), Journal(tmp_path / "j.jsonl"), BLOCKS)
    assert again.items[FIRST].view() == before and before["state"] == "observed"
    text, html = fallback(before)
    assert "Settings:" in text and "Settings:" in html
    records = [json.loads(line) for line in (tmp_path / "j.jsonl").read_text().splitlines()]
    attempts = attempts_of([event_of(each) for each in records if each.get("question") == FIRST])
    assert len(attempts) == 1 and len(attempts[0].factors) == len(attempts[0].helds) == 2
    summary = summarise(attempts)
    assert len(summary.factors) == 2 and summary.ranges[0] == 2


@pytest.mark.parametrize("value", [[], [1, "x"], [True], "12", [0.0], [1.0] * 99, None, [[1.0]]])
def test_an_edited_record_of_several_factors_is_left_out(value: Any) -> None:
    record = {
        "lesson": LESSON,
        "question": FIRST,
        "hash": "h",
        "lab": "l",
        "event": "reveal",
        "right": True,
        "factors": value,
        "helds": value,
    }
    event = event_of(record)
    assert event.factors is None and (event.helds is None or value == [True])


PLACES = {
    "the line": lambda text: {"line": text, "numbers": forecasts()},
    "a flag": lambda text: given(f"{GOOD} --{text}"),
    "a value": lambda text: given(f"vllm serve /models/qwen3-30b-fp8 --max-num-seqs={text}"),
    "the checkpoint": lambda text: given(GOOD.replace("/models/qwen3-30b-fp8", text)),
    "a JSON value": lambda text: given(f"{POOR} --speculative-config '{text}'"),
    "a forecast": lambda text: {
        "line": GOOD,
        "numbers": {**forecasts(), "ttft": {"text": text, "low": text, "high": text}},
    },
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_and_stays_text(name: str, place: str) -> None:
    """Refused in one line that a terminal can print, and no page is another page because of it."""
    asked = question()

    def typed(text: str) -> dict[str, Any]:
        step = Step(asked, "Settings")
        step.handle({"event": "commit", "guess": PLACES[place](text), "confidence": 1})
        return json.loads(json.dumps(step.view()))

    view, other = typed(HOSTILE[name]), typed(HARMLESS)
    assert view["state"] == other["state"] == "asked" and view["problem"]
    assert len(view["problem"].splitlines()) == 1
    assert_printable(view["problem"])
    for (key, html), (_, same) in zip(html_of(view), html_of(other), strict=True):
        assert_same_page(html, same, key)
    assert_printable(fallback(view)[0])
