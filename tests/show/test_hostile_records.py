"""What a journal says, whoever edited it, is text in reports, score cards, the map and the review; so is what a learner types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lessonlib.cli.main import main
from lessonlib.cli.report import contents
from lessonlib.lesson.concepts import load_listing
from lessonlib.record.event import events_of
from lessonlib.record.exchanges import ASKED, ENDED, PART
from lessonlib.record.journal import Journal
from lessonlib.review.current_questions import states_of
from lessonlib.review.learner_report import learner_report
from lessonlib.show.course_map import Chapter, course_map_html, course_map_text
from lessonlib.show.fallback import fallback
from lessonlib.show.report_page import report_page
from lessonlib.show.review import open_review
from lessonlib.show.score_card import score_html
from tests.hostile import ALL, HALF, HARMLESS, HOSTILE, Page, assert_printable, assert_same_page, html_of, squeezed
from tests.lesson.made_up import GUESS, KINDS, step
from tests.lesson.shipped import opened
from tests.review.records import LESSON, Record, record

TEXTS = {**HOSTILE, "half a character": HALF, "everything": ALL}


def records(text: str) -> list[Record]:
    """A journal that says `text` in every field of every kind of record that takes a text."""
    guess = {"text": text, "key": text, "texts": [text], "low_text": text, "high_text": text, "value": 3.0}
    kept = {"guess": guess, "confidence": 2}
    came = {"right": False, "confidence": 2, "factor": 2.0, "held": False, "misconception": text}
    exchange = {"exchange": text, "model": text, "problem": text, "ended": text, "clocks": {text: text}}
    return [
        record("what-decode-reads", "commit", 1, **kept),
        record("what-decode-reads", "reveal", 1.1, **came),
        record("what-decode-reads", "observe", 1.2, choice=text),
        record("what-decode-reads", text, 1.3, text=text),
        record(text, "commit", 2, **kept),
        record(text, "reveal", 2.1, **came),
        record("ask-the-teacher", "commit", 3, guess={"text": text}),
        record("ask-the-teacher", ASKED, 3.1, text=text, **exchange),
        record("ask-the-teacher", PART, 3.2, text=text, **exchange),
        record("ask-the-teacher", ENDED, 3.3, **exchange),
        {**record("ask-the-teacher", ASKED, 3.4, text=text, exchange="of a lesson that is none"), "lesson": text},
        {**record(text, "reveal", 4, **came), "lesson": text, "lab": text, "hash": text},
        {**record(f"{text}/{text}", "reveal", 5, **came), "lesson": "review"},
        {**record("what-decode-reads", "commit", 6, **kept), "lab": text},
        {**record("what-decode-reads", "reveal", 6.1, **came), "lab": text, "time": text},
    ]


def page(text: str) -> str:
    return report_page(events_of(records(text)), {text: f"{text} (belief)"}, f"{text} (date)")


@pytest.mark.parametrize("name", TEXTS)
def test_the_report_is_the_same_page_with_other_words(name: str) -> None:
    html = page(TEXTS[name])
    assert_same_page(html, page(HARMLESS), name)
    html.encode("utf-8")
    if name != "half a character":
        for words in ("(belief)", "(date)"):
            assert squeezed(f"{TEXTS[name]} {words}") in Page(html).text
    assert "default-src 'none'" in html


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_terminal_says_of_a_journal(name: str, tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    text = TEXTS[name]
    events = events_of(records(text))
    data = learner_report(events)
    assert len(contents(data).splitlines()) == len(contents(learner_report(events_of(records(HARMLESS)))).splitlines())
    assert_printable(contents(data))
    journal = tmp_path / "journal.jsonl"
    journal.write_text("".join(f"{json.dumps(each)}\n" for each in records(text)), encoding="utf-8")
    monkeypatch.setenv("LESSON_JOURNAL", str(journal))
    monkeypatch.chdir(tmp_path)
    if name == "half a character":
        return  # whether it can be written is for the writer of files
    assert main(["report", "--yes", "--out", "mine"]) == 0
    assert_printable("".join(capsys.readouterr()))
    assert json.loads((tmp_path / "mine.json").read_text(encoding="utf-8"))["notes"]


@pytest.mark.parametrize("name", TEXTS)
def test_map_review_and_lesson_of_such_a_journal(name: str, tmp_path: Path) -> None:
    def shown(text: str, file: str) -> tuple[str, str, list[str], list[tuple[str, str]]]:
        path = tmp_path / file
        path.write_text("".join(f"{json.dumps(each)}\n" for each in records(text)), encoding="utf-8")
        journal = Journal(path)
        concepts = load_listing().concepts
        states = states_of(concepts, journal.attempts())
        chapters = [Chapter(number, f"{text} (chapter)", f"{number:02}-x.ipynb") for number in range(10)]
        review = open_review(None, None, journal)
        panels = [review.overall(), review.sitting()]
        lesson = opened(LESSON, journal)
        item = lesson.items["what-decode-reads"]
        views = [*(panel.view for panel in panels), item.view()]
        stored = [part for panel in panels for part in panel._repr_mimebundle_()[0]["text/plain"]]
        pages = [pair for view in views for pair in html_of(view)] + [("score", score_html(lesson))]
        return course_map_html(concepts, chapters, states), course_map_text(concepts, chapters, states), stored, pages

    html, text, stored, pages = shown(TEXTS[name], "hostile")
    same, _, _, others = shown(HARMLESS, "harmless")
    assert_same_page(html, same, "map")
    assert squeezed(f"{TEXTS[name]} (chapter)") in Page(html).text
    assert_printable("".join(stored))
    for (key, one), (_, other) in zip(pages, others, strict=True):
        assert_same_page(one, other, key)
    assert "(chapter)" in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TEXTS)
def test_what_a_learner_types(name: str, kind: str) -> None:
    """Words are kept as words; where a number is asked, they are refused in one line."""
    text = TEXTS[name]

    def typed(words: str) -> list[dict[str, Any]]:
        given = {
            "blanks": [words, words],
            "number": {"text": words},
            "curve": [words],
            "place": {"x": words, "y": words},
            "choice": words,
        }.get(kind, words)
        made, views = step(kind), []
        for event in (
            {"event": "commit", "guess": given, "confidence": 1},
            {"event": "commit", "guess": GUESS.get(kind), "confidence": 1},
            {"event": "reveal"},
            {"event": "grade", "grade": words},
            {"event": "observe", "choice": words},
            {"event": words},
        ):
            made.handle(event)
            views.append(json.loads(json.dumps(made.view())))
        return views

    for one, other in zip(typed(text), typed(HARMLESS), strict=True):
        assert [key for key, _ in html_of(one)] == [key for key, _ in html_of(other)]
        for (key, html), (_, same) in zip(html_of(one), html_of(other), strict=True):
            assert_same_page(html, same, key)
        assert len(one.get("problem", "").splitlines()) <= 1
        stored_text, stored = fallback(one)
        assert_same_page(stored, fallback(other)[1], "stored")
        assert_printable(stored_text)
