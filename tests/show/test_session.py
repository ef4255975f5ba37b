"""How a notebook opens: mode, lab and journal are settled in one place, for lessons, the review and the learner's own server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.record.journal import Journal, default_journal
from lessonlib.roofline import DEFAULT_LAB, lab_names, load_lab
from lessonlib.show.notebook import open_lesson
from lessonlib.show.review import open_review
from lessonlib.show.session import AUTO, open_session, page_spoke, with_record
from lessonlib.show.your_lab import open_your_lab

OTHER = next(name for name in lab_names() if name != DEFAULT_LAB)

OPENINGS: dict[str, Callable[..., Any]] = {
    "lesson": lambda **how: open_lesson("01-prefill-vs-decode", **how),
    "review": open_review,
    "your lab": lambda **how: open_your_lab(None, **how),
}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "journal.jsonl"))
    monkeypatch.delenv("LESSON_LAB", raising=False)
    return tmp_path / "journal.jsonl"


def test_a_person_on_the_chosen_lab_with_a_journal(path: Path) -> None:
    session = open_session()
    assert (session.lab.name, session.mode, session.journal.path) == (DEFAULT_LAB, None, path)


@pytest.mark.parametrize("mode", AUTO)
def test_a_run_without_a_person_keeps_nothing_unless_told_where(
    mode: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path)
    assert (open_session(auto=mode).mode, open_session(auto=mode).journal.path) == (mode, None)
    assert open_session(auto=mode, journal=journal).journal is journal
    monkeypatch.setenv("LESSON_AUTO", mode)
    assert (open_session().mode, open_session().journal.path) == (mode, None)


def test_the_parameter_wins_over_the_variable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_AUTO", "skip")
    assert open_session(auto="truth").mode == "truth"
    assert open_session(auto="").mode == "skip"


def test_a_lab_by_name_or_as_it_is(path: Path) -> None:
    lab = load_lab(OTHER)
    assert open_session(OTHER).lab.name == OTHER and open_session(lab).lab is lab


@pytest.mark.parametrize("opening", OPENINGS)
def test_whatever_opens_refuses_a_mode_or_a_lab_that_is_none(opening: str, path: Path) -> None:
    with pytest.raises(
        LessonlibError, match="auto = “turth” is not a way to run a lesson; it is one of truth, each, skip"
    ):
        OPENINGS[opening](auto="turth")
    with pytest.raises(LessonlibError, match="unknown lab 'nowhere'"):
        OPENINGS[opening](lab="nowhere")


@pytest.mark.parametrize("opening", OPENINGS)
def test_whatever_opens_says_once_that_nothing_can_be_kept(
    opening: str, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.mkdir()
    OPENINGS[opening]()
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and said[0].startswith(f"Your guesses are not being kept: {path} cannot be")


def test_without_jupyterlab_no_journal_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LESSON_JOURNAL", raising=False)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert open_session().journal.path is None is default_journal().path


# --- what a panel says of the record -----------------------------------------------------------------------------------

ASKED = {"stem": "How many?", "state": "asked", "kind": "number"}
COMMITTED = {**ASKED, "state": "committed"}


class Told(Journal):
    """A journal that says what a test wants of it."""

    def __init__(self, fault: str = "", caught_up: str = "", place: str = "~/journal.jsonl", waits: bool = False):
        super().__init__(None)
        self._says = {"fault": fault, "caught_up": caught_up, "place": place, "waits": waits}

    fault = property(lambda self: self._says["fault"])
    caught_up = property(lambda self: self._says["caught_up"])
    place = property(lambda self: self._says["place"])
    waits = property(lambda self: self._says["waits"])


def test_a_record_that_is_no_journal_adds_nothing() -> None:
    for record in (None, object()):
        shown = with_record(COMMITTED, record)
        assert shown == COMMITTED and shown is not COMMITTED
        assert page_spoke(record) is False


def test_only_a_journal_that_waits_wants_to_hear_of_a_page(path: Path) -> None:
    assert with_record({"html": "a map"}, Told(waits=True)) == {"html": "a map", "hello": True}
    assert with_record({"html": "a map"}, Told()) == {"html": "a map"}
    assert [page_spoke(journal) for journal in (Journal(None), Journal(path), Journal(path, waits=True))] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("kind", "stands"),
    [
        *(("note", "Your note is"), ("closing", "Your note is"), ("blanks", "Your words are")),
        *((kind, "Your guess is") for kind in ("number", "choice", "curve", "place")),
    ],
)
def test_what_is_committed_says_where_it_is_kept(kind: str, stands: str) -> None:
    view = {**COMMITTED, "kind": kind}
    assert with_record(view, Told())["kept"] == {"line": f"{stands} kept in ~/journal.jsonl.", "news": False}
    assert with_record(view, Told(waits=True))["kept"] == {"line": f"{stands} held in memory.", "news": False}
    assert with_record(view, Journal(None, why="nobody is here"))["kept"] == {
        "line": f"{stands} not kept: nobody is here.",
        "news": False,
    }


@pytest.mark.parametrize("state", ["locked", "asked", "revealed", "observed"])
def test_before_and_after_that_nothing_is_said(state: str) -> None:
    assert "kept" not in with_record({**ASKED, "state": state}, Told())
    assert "kept" not in with_record({**ASKED, "state": state}, Told(fault="Not kept"), last=False)


@pytest.mark.parametrize("news", [{"fault": "Not kept: no room"}, {"caught_up": "Everything is kept again"}])
def test_news_stands_in_the_panel_that_was_used_last_whatever_its_state(news: dict[str, str]) -> None:
    (line,) = news.values()
    for view in (ASKED, COMMITTED):
        assert with_record(view, Told(**news))["kept"] == {"line": line, "news": True}
    assert "kept" not in with_record(ASKED, Told(**news), last=False)
    assert "kept" not in with_record({"html": "a map"}, Told(**news)), "no question"


def test_another_panel_tells_of_a_fault_without_calling_it_news() -> None:
    shown = with_record(COMMITTED, Told(fault="Not kept: no room"), last=False)
    assert shown["kept"] == {"line": "Not kept: no room", "news": False}
    shown = with_record(COMMITTED, Told(caught_up="Everything is kept again"), last=False)
    assert shown["kept"] == {"line": "Your guess is kept in ~/journal.jsonl.", "news": False}
