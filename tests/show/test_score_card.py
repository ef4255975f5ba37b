"""The score card: what was guessed and what came out, in words, never a grade."""

from __future__ import annotations

import re
from html import escape

import pytest

from lessonlib.lesson.concepts import load_listing
from lessonlib.lesson.judge import band_limits, band_of, judge_number
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.words import plain
from lessonlib.review.summary import Summary, summarise
from lessonlib.show.score_card import score_html, summary_html
from tests.lesson.shipped import a_guess, opened
from tests.review.records import attempts, guess


def rows(lesson: Lesson) -> list[list[str]]:
    """The cells of each row, as plain text."""
    table = score_html(lesson).split("Your predictions in this lesson")[1].split("<tbody>")[1].split("</tbody>")[0]
    return [[plain(cell) for cell in row.replace("<th", "<td").split("<td")[1:]] for row in table.split("</tr>") if row]


def cells(lesson: Lesson, item_id: str) -> list[str]:
    judged = [item.id for item in lesson.asked if item.step.question.sure]
    return [cell.split(">", 1)[-1].strip() for cell in rows(lesson)[judged.index(item_id)]][1:]


def answer(lesson: Lesson, item_id: str, guess: object, confidence: int = 1) -> None:
    """Answers one question, whatever is locked."""
    step = lesson.items[item_id].step  # type: ignore[attr-defined]
    step.handle({"event": "commit", "guess": guess, "confidence": confidence})
    assert not step.problem
    step.handle({"event": "reveal"})


def test_nothing_done_yet_is_not_wrong() -> None:
    lesson = opened()
    assert "No prediction revealed yet. A skipped question counts as not attempted, never as wrong." in score_html(
        lesson
    )
    assert all(row[1:] == rows(lesson)[0][1:] for row in rows(lesson))
    assert cells(lesson, "decode-ceiling") == ["not yet", "–", "not revealed"]


def test_each_outcome_in_its_words() -> None:
    lesson = opened()
    item = lesson.items["what-decode-reads"]
    answer(lesson, "what-decode-reads", item.step.question.right(), 0)  # type: ignore[attr-defined]
    answer(lesson, "case-faster-gpus", a_guess(lesson.items["case-faster-gpus"]))  # type: ignore[arg-type]
    answer(lesson, "decode-ceiling", "50", 2)
    answer(lesson, "quiz-another-lab", "1000 %")
    answer(lesson, "prefill-traffic", "103.5")
    lesson.items["two-ceilings"].step.skip()  # type: ignore[attr-defined]
    assert cells(lesson, "what-decode-reads")[1:] == ["just guessing", "✓ right"]
    assert cells(lesson, "case-faster-gpus")[2].startswith("✗ another idea: ")
    assert cells(lesson, "decode-ceiling") == ["50 tok/s", "certain", "×2.6 too low"]
    assert cells(lesson, "quiz-another-lab")[0] == "1000 %", "a unit that was typed is not said twice"
    assert cells(lesson, "prefill-traffic")[2] == "×2 too high"
    assert cells(lesson, "two-ceilings") == ["skipped", "–", "not attempted"]


def test_the_sentence_counts_what_was_answered() -> None:
    lesson = opened()
    answer(lesson, "decode-ceiling", {"text": "50", "low": "10", "high": "60"})
    answer(lesson, "quiz-another-lab", {"text": "70", "low": "50", "high": "90"})
    judged = sum(item.step.question.sure for item in lesson.asked)
    words = " ".join(plain(score_html(lesson)).split())
    assert words.startswith(
        f"{judged} predictions in this lesson. 2 predictions made, 1 of them right. Your numbers were typically ×2.6 off. Of 2 ranges, 1 held the truth;"
    )


def test_certain_misses_are_named_for_another_look() -> None:
    lesson = opened()
    answer(lesson, "decode-ceiling", "50", 1)
    assert "You were certain" not in score_html(lesson)
    answer(lesson, "what-decode-reads", a_guess(lesson.items["what-decode-reads"]), 2)  # type: ignore[arg-type]
    assert "You were certain and it came out otherwise at step 1." in score_html(lesson)


def test_what_was_typed_is_escaped() -> None:
    lesson = opened()
    step = lesson.items["decode-ceiling"].step  # type: ignore[attr-defined]
    answer(lesson, "decode-ceiling", "50")
    step.guess["text"] = "<img src=x>"
    assert "<img" not in score_html(lesson) and "&lt;img" in score_html(lesson)


# --- of any number of guesses ---------------------------------------------------------------------------------


def many(level: int, right: int, wrong: int) -> Summary:
    return summarise(
        attempts(
            *(
                guess(f"q{n}", n < right, level, factor=1.0 if n < right else 8.0, held=n < right)
                for n in range(right + wrong)
            )
        )
    )


def factors(*found: float) -> Summary:
    return summarise(attempts(*(guess(f"q{n}", False, 1, factor=factor) for n, factor in enumerate(found))))


def test_nothing_guessed_has_no_card() -> None:
    assert "No prediction revealed yet" in summary_html(summarise([]))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [(2, 6, "less often than that sounds"), (8, 0, "well chosen"), (1, 1, "Too few guesses")],
)
def test_the_sentence_on_certainty(right: int, wrong: int, said: str) -> None:
    assert said in summary_html(many(2, right, wrong))


def test_modest_guesses_that_hold_may_be_trusted() -> None:
    assert "more often than that sounds" in summary_html(many(0, 6, 0))


def test_every_dot_of_the_drawing_stands_in_the_table() -> None:
    html = summary_html(factors(0.001, 0.3, 0.6, 0.95, 1.0, 1.09, 1.2, 1.9, 7.0, 5000.0))
    assert html.count("<circle") == 3 and html.count("<path") == 7
    rows = re.findall(r"<tr><th scope=\"row\">([^<]*)</th><td>(\d*)</td><td>(\d+)</td><td>(\d*)</td></tr>", html)
    assert [tuple(row[1:]) for row in rows] == [
        ("", "3", ""),
        ("", "1", "1"),
        ("1", "2", "1"),
        ("1", "2", "1"),
        ("1", "2", "1"),
    ]
    assert sum(int(row[2]) for row in rows) == 10
    assert "3 within 10 %, 3 too low, 4 too high" in html


def test_a_high_column_makes_the_drawing_taller() -> None:
    low, high = (summary_html(factors(*[1.0] * many_dots)) for many_dots in (7, 12))
    assert 'viewBox="0 0 480 100"' in low and 'viewBox="0 0 480 145"' in high and high.count("<circle") == 12
    heights = [float(at) for at in re.findall(r'cy="([\d.]+)"', high)]
    assert min(heights) == 11 and "not drawn" not in high


def test_a_misconception_is_told_in_its_own_words() -> None:
    lesson = opened()
    answer(lesson, "case-faster-gpus", a_guess(lesson.items["case-faster-gpus"]))  # type: ignore[arg-type]
    met = lesson.items["case-faster-gpus"].step.question.score(lesson.items["case-faster-gpus"].step.guess)[
        "misconception"
    ]  # type: ignore[attr-defined]
    held = escape(load_listing().misconceptions[met])
    html = score_html(lesson)
    assert html.count(held) == 2 and met.replace("-", " ") not in html, (
        "in the table of guesses, and among the ideas that were met"
    )


def test_no_word_of_a_grade() -> None:
    assert not re.search(r"\b(?:grade|points|mark|fail|passed)\b", plain(summary_html(many(2, 3, 5))), re.IGNORECASE)


@pytest.mark.parametrize("limit", band_limits()[:-1])
@pytest.mark.parametrize("over", [False, True])
def test_the_card_draws_the_line_where_the_judge_does(limit: float, over: bool) -> None:
    """A guess that was told "spot on" is a full dot, in the first row of the table."""
    off = limit * (1.0001 if over else 1)
    html = summary_html(factors(off, 1 / off))
    spot_on = judge_number(off, 1.0).spot_on
    assert html.count("<circle") == (2 if spot_on else 0)
    rows = re.findall(r"<td>(\d*)</td><td>(\d+)</td><td>(\d*)</td></tr>", html)
    assert [place for place, row in enumerate(rows) if row[1] == "2"] == [band_of(off)]
    assert ("typically spot on" in html) is spot_on
