"""What the exam came to, and the chart of the course: from the learner's own record, of nobody in a file."""

from __future__ import annotations

from pathlib import Path

from lessonlib.lesson.lesson import Lesson
from lessonlib.record.journal import Journal
from lessonlib.review.course_factors import LessonFactor, course_factors
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.exam import factors_html

NAME = "checkpoint-1"


def opened(journal: Journal) -> Lesson:
    lesson = Lesson(NAME, load_lab(), journal, BLOCKS)
    assert lesson.exam
    for item in lesson.asked:
        if item not in lesson.exam.items:
            item.step.answer(item.step.question.right())
    return lesson


def html(lesson: Lesson, name: str) -> str:
    return str(lesson.items[name].view().get("html"))


def take(lesson: Lesson, times_off: float, wide: float = 1.5) -> None:
    """Forecast each system so many times too high, with a range of so many times to both sides of the guess."""
    assert lesson.exam
    for item in lesson.exam.items:
        value = float(item.step.question.truth()) * 1e3 * times_off
        guess = {"text": repr(value), "low": repr(value / wide), "high": repr(value * wide)}
        lesson.handle(item.id, {"event": "commit", "guess": guess, "confidence": 1})
    for item in lesson.exam.items:
        lesson.handle(item.id, {"event": "reveal"})


def test_it_counts_what_is_committed_and_says_no_number_before(tmp_path: Path) -> None:
    lesson = opened(Journal(tmp_path / "j.jsonl"))
    assert "0 of 5 committed" in html(lesson, "exam") and "more" not in lesson.items["exam"].view()
    lesson.handle("system-2", {"event": "commit", "guess": {"text": "9", "low": "5", "high": "20"}, "confidence": 0})
    assert "1 of 5 committed" in html(lesson, "exam") and "<table" not in html(lesson, "exam")


def test_it_says_the_median_and_what_the_ranges_were_worth(tmp_path: Path) -> None:
    lesson = opened(Journal(tmp_path / "j.jsonl"))
    take(lesson, 1.2)
    told = html(lesson, "exam")
    assert "median factor is <strong>×1.2</strong>, within the ×1.25" in told
    assert "held 5 of 5" in told and "that is honest" in told
    assert told.count("<tr>") == 6 and "By the card" in told
    assert lesson.items["exam"].view()["more"] == "Take it again, with set B"  # type: ignore[typeddict-item]


def test_narrow_and_wide_ranges_are_told_apart(tmp_path: Path) -> None:
    narrow = opened(Journal(tmp_path / "narrow.jsonl"))
    take(narrow, 1.5, 1.1)
    assert (
        "held 0 of 5" in html(narrow, "exam")
        and "too narrow" in html(narrow, "exam")
        and "beyond" in html(narrow, "exam")
    )
    wide = opened(Journal(tmp_path / "wide.jsonl"))
    take(wide, 1.1, 5.0)
    assert "commit to little" in html(wide, "exam")


def test_a_file_holds_nothing_of_a_learner(tmp_path: Path) -> None:
    lesson = opened(Journal(tmp_path / "j.jsonl"))
    take(lesson, 1.2)
    fresh = Lesson(NAME, load_lab(), None, BLOCKS)
    for name in ("exam", "course-so-far"):
        stored = lesson.items[name].stored_view()  # type: ignore[union-attr]
        assert stored == fresh.items[name].stored_view() and "×1.2<" not in str(stored)  # type: ignore[union-attr]


def test_the_chart_has_a_dot_for_each_lesson_and_one_for_the_exam(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    first = Lesson("00-start-here", load_lab(), journal, BLOCKS)
    first.asked[0].step.answer({"text": "100"})
    lesson = opened(journal)
    take(lesson, 1.2)
    found = course_factors(journal.attempts())
    assert [(one.lesson, one.exam, one.numbers) for one in found][-1] == (NAME, True, 5)
    assert found[0].lesson == "00-start-here" and found[0].median > 10
    assert found[-1].median == found[-1].median and abs(found[-1].median - 1.2) < 1e-3
    told = html(lesson, "course-so-far")
    assert told.count("<circle") == len(found) - 1 and 'role="img"' in told


def test_the_chart_tells_its_finding_in_words_too() -> None:
    told = factors_html([LessonFactor("00-start-here", False, 2.4, 3), LessonFactor(NAME, True, 1.1, 5)])
    assert "Median factor off, for 2 of the course" in told and "×2.4" in told and "×1.1" in told
    assert "No number of yours" in factors_html(())


SECOND = "checkpoint-2"


def lines_taken(journal: Journal, times_off: float, wide: float = 1.5) -> Lesson:
    """The exam on settings: the best line found for each, its outcome forecast so many times too high."""
    lesson = Lesson(SECOND, load_lab(), journal, BLOCKS)
    assert lesson.exam
    for item in lesson.asked:
        if item not in lesson.exam.items:
            item.step.answer(item.step.question.right())
    for item in lesson.exam.items:
        guess = item.step.question.right()
        for one in guess["numbers"].values():
            value = float(one["text"]) * times_off
            one |= {"text": repr(value), "low": repr(value / wide), "high": repr(value * wide)}
        lesson.handle(item.id, {"event": "commit", "guess": guess, "confidence": 1})
    return lesson


def test_an_exam_on_settings_says_what_each_line_reaches_and_how_far_off_its_forecasts_are(tmp_path: Path) -> None:
    lesson = lines_taken(Journal(tmp_path / "j.jsonl"), 1.2)
    assert "All 3 committed" in html(lesson, "exam")
    for item in lesson.exam.items if lesson.exam else ():
        lesson.handle(item.id, {"event": "reveal"})
    told = html(lesson, "exam")
    assert "Of 3 lines 3 reach nine tenths" in told and "median factor is <strong>×1.2</strong>" in told
    assert "held 6 of 6" in told and told.count("<tr>") == 4 and "line reaches</th></tr>" in told
    assert lesson.items["exam"].view()["more"] == "Take it again, with set B"  # type: ignore[typeddict-item]


def test_both_checkpoints_and_both_exams_stand_on_the_chart_in_the_courses_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    take(opened(journal), 1.1)
    lesson = lines_taken(journal, 1.5)
    for item in lesson.exam.items if lesson.exam else ():
        lesson.handle(item.id, {"event": "reveal"})
    found = course_factors(journal.attempts())
    assert [(one.lesson, one.exam) for one in found] == [(NAME, False), (NAME, True), (SECOND, False), (SECOND, True)]
    assert abs(found[1].median - 1.1) < 0.01 and abs(found[3].median - 1.5) < 0.01
    assert found[3].numbers == 6
    chart = factors_html(found)
    assert all(f">{name}</text>" in chart for name in ("C1", "E1", "C2", "E2"))


def test_a_skipped_exam_has_nothing_to_judge(tmp_path: Path) -> None:
    lesson = Lesson(SECOND, load_lab(), Journal(tmp_path / "j.jsonl"), BLOCKS)
    for item in lesson.asked:
        if not item.only_kept:
            item.step.skip()
    told = html(lesson, "exam")
    assert "Nothing was forecast" in told and told.count("skipped") == 3


THIRD = "checkpoint-3"


def mixed(journal: Journal) -> Lesson:
    """The exam on fleets: lines, an incident and a defence, all as who knows would send them."""
    lesson = Lesson(THIRD, load_lab(), journal, BLOCKS)
    assert lesson.exam
    for item in lesson.asked:
        if item not in lesson.exam.items:
            item.step.answer(item.step.question.right())
    return lesson


def test_an_exam_of_mixed_kinds_has_a_table_for_lines_and_one_for_choices(tmp_path: Path) -> None:
    lesson = mixed(Journal(tmp_path / "j.jsonl"))
    assert lesson.exam
    assert [item.kind for item in lesson.exam.items] == ["predict"] * 5
    assert [item.step.question.kind for item in lesson.exam.items] == ["settings"] * 3 + ["choice"] * 2
    for item in lesson.exam.items[:4]:
        lesson.handle(item.id, {"event": "commit", "guess": item.step.question.right(), "confidence": 1})
    last = lesson.exam.items[4]
    assert "4 of 5 committed" in html(lesson, "exam")
    wrong = last.step.question.mistakes()[0][1]
    lesson.handle(last.id, {"event": "commit", "guess": wrong, "confidence": 1})
    for item in lesson.exam.items:
        lesson.handle(item.id, {"event": "reveal"})
    told = html(lesson, "exam")
    assert "Of 3 lines 3 reach nine tenths" in told and "Of 2 choices 1 is right." in told and "held 6 of 6" in told
    assert told.count("<table") == 2 and told.count("✓") == told.count("✗") == 1
    assert lesson.exam.items[3].step.question.words.lab.title in told

    # The panels are of the fleet that is asked about, in each set that is drawn.
    shown = str(lesson.items["bad-day"].view())
    changed: list[str] = []
    lesson.listeners.append(lambda item: changed.append(item.id))
    lesson.handle("exam", {"event": "more"})
    again = str(lesson.items["bad-day"].view())
    assert "bad-day" in changed and again != shown
    assert lesson.exam.items[3].step.question.words.lab.title in again


def test_a_skipped_exam_of_mixed_kinds_has_nothing_to_judge(tmp_path: Path) -> None:
    lesson = Lesson(THIRD, load_lab(), Journal(tmp_path / "j.jsonl"), BLOCKS)
    for item in lesson.asked:
        if not item.only_kept:
            item.step.skip()
    told = html(lesson, "exam")
    assert "Nothing was forecast" in told and told.count("skipped") == 5
