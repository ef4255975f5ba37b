"""A lesson in a notebook: its methods, what a click costs, and what a page cannot do."""

from __future__ import annotations

import errno
import inspect
import os
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

import pytest

from lessonlib.lesson.block import Block
from lessonlib.lesson.kinds import ENTRIES
from lessonlib.lesson.schema import lesson_schema
from lessonlib.record.journal import Journal
from lessonlib.record.lines import _decode
from lessonlib.show import scripts
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.notebook import METHODS, NotebookLesson, open_lesson
from lessonlib.show.panel import Panel
from lessonlib.show.session import AUTO
from tests.lesson.shipped import LESSON, a_guess

FIRST, SECOND = "what-decode-reads", "tensor-cores-busy"


@pytest.fixture
def shown() -> tuple[NotebookLesson, dict[str, Panel]]:
    """Lesson 1 with a panel of every item."""
    lesson = open_lesson(LESSON, journal=Journal(None))
    return lesson, {item.id: getattr(lesson, item.kind)(item.id) for item in lesson._lesson.items.values()}


# --- one class, one place ------------------------------------------------------------------------------------------


def test_every_kind_has_its_method_its_schema_and_a_line_that_says_what_it_does() -> None:
    known = set(lesson_schema(BLOCKS)["$defs"]["item"]["properties"])
    assert known - {"text"} == set(METHODS) == set(ENTRIES) | set(BLOCKS)
    for kind, does in METHODS.items():
        method = getattr(NotebookLesson, kind)
        assert does.endswith(".") and inspect.getdoc(method) == does
        once = kind in BLOCKS and not BLOCKS[kind].keys
        assert (inspect.signature(method).parameters["item_id"].default == kind) == once, kind


def test_a_new_kind_of_block_is_one_class(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(Block):
        """What time it is."""

        kind = "clock"
        keys: ClassVar[dict[str, Any]] = {"zone": {"type": "string"}}
        sealed = False
        open_at_once = True

        def draw(self) -> Any:
            return {"html": f"<p>{self.raw['zone']}</p>"}

    from lessonlib.lesson.lesson import Lesson
    from lessonlib.lesson.source import LessonFileError, parse_source
    from lessonlib.roofline import load_lab
    from tests.lesson.shipped import source

    blocks = {**BLOCKS, "clock": Clock}
    raw = source()
    raw["steps"].append({"clock": {"id": "now", "title": "The clock", "zone": "UTC"}})
    monkeypatch.setattr("lessonlib.lesson.lesson.load_source", lambda *_: raw)
    item = Lesson(LESSON, load_lab(), None, blocks).items["now"]
    assert (item.view()["html"], item.title, item.sealed, item.gates) == ("<p>UTC</p>", "The clock", False, [])

    import yaml

    text = yaml.safe_dump(raw, allow_unicode=True)
    assert parse_source(text, "01-x.yaml", blocks)["steps"][-1]["clock"]["zone"] == "UTC"
    with pytest.raises(LessonFileError, match="“clock” is not a key here"):
        parse_source(text, "01-x.yaml", BLOCKS)
    del raw["steps"][-1]["clock"]["zone"]
    with pytest.raises(LessonFileError, match=r"steps\[\d+\].clock \(now\): 'zone' is a required property"):
        parse_source(yaml.safe_dump(raw, allow_unicode=True), "01-x.yaml", blocks)


# --- a click -----------------------------------------------------------------------------------------------------------


def test_a_click_draws_once(shown: tuple[NotebookLesson, dict[str, Panel]], monkeypatch: pytest.MonkeyPatch) -> None:
    lesson, panels = shown
    item = lesson._lesson.items[FIRST]
    drawn: Counter[str] = Counter()
    for each in lesson._lesson.items.values():
        view = each.view
        monkeypatch.setattr(each, "view", lambda each=each, view=view: (drawn.update([each.id]), view())[1])
    synced: list[str] = []
    for key, panel in panels.items():
        panel.observe(lambda change, key=key: synced.append(key), "view")
    panels[FIRST].handle({"event": "commit", "guess": a_guess(item), "confidence": 1})
    assert (drawn[FIRST], synced.count(FIRST)) == (1, 1)
    assert set(synced) == {FIRST}, "a commit opens nothing"
    drawn.clear()
    synced.clear()
    panels[FIRST].handle({"event": "reveal"})
    assert max(drawn.values()) == 1 and drawn[FIRST] == 1
    assert max(Counter(synced).values()) == 1
    assert SECOND in synced, "the next step opened"


def test_a_picked_lab_draws_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_JOURNAL", "off")
    panel = open_lesson("00-start-here", journal=Journal(None)).labs()
    synced: list[Any] = []
    panel.observe(synced.append, "view")
    panel.handle({"event": "pick", "choice": "qwen3-32b-h200"})
    assert len(synced) == 1 and panel.view["problem"].startswith("This choice cannot be kept here.")


def test_a_page_that_writes_the_view_changes_nothing(shown: tuple[NotebookLesson, dict[str, Panel]]) -> None:
    lesson, panels = shown
    before = {key: panel.view for key, panel in panels.items()}
    for panel in panels.values():
        panel.comm.handle_msg(
            {"content": {"data": {"method": "update", "state": {"view": {"state": "observed"}, "scripts": "x"}}}}
        )
    assert {key: panel.view for key, panel in panels.items()} == before
    item = lesson._lesson.items[FIRST]
    for event in ({"event": "commit", "guess": a_guess(item), "confidence": 1}, {"event": "reveal"}):
        panels[FIRST].handle(event)
    assert panels[FIRST].view["state"] in ("revealed", "observed") and panels[SECOND].view["state"] == "asked"


# --- the hidden widget ----------------------------------------------------------------------------------------------


def test_all_panels_name_one_hidden_widget_and_carry_no_script(shown: tuple[NotebookLesson, dict[str, Panel]]) -> None:
    _, panels = shown
    assert {panel.scripts for panel in panels.values()} == {scripts.scripts_id()}
    assert all(len(panel._esm) < 3000 for panel in panels.values())
    assert not any(hasattr(panel, "_css") and panel._css for panel in panels.values())


def test_it_is_opened_anew_after_somebody_closed_it() -> None:
    first = scripts.scripts_id()
    assert scripts.scripts_id() == first
    scripts._open[0].close()
    second = scripts.scripts_id()
    assert second != first and scripts._open[0].script == scripts.panel_script()


# --- what a page cannot do -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forged", [{"view": {}}, {"view": {"locked": ""}}, {"scripts": ""}, {"_esm": "x"}, {"view": None}]
)
def test_a_forged_trait_is_sent_anew_and_breaks_no_other_panel(
    forged: dict[str, Any], shown: tuple[NotebookLesson, dict[str, Panel]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson, panels = shown
    sent: list[Any] = []
    monkeypatch.setattr(Panel, "send_state", lambda self, key=None: sent.extend(key or []))
    for panel in panels.values():
        panel.comm.handle_msg({"content": {"data": {"method": "update", "state": forged}}})
    assert len(sent) == len(panels) * len(set(forged) & {"view", "scripts"})
    item = lesson._lesson.items[FIRST]
    panels[FIRST].handle({"event": "commit", "guess": a_guess(item), "confidence": 1})
    panels[FIRST].handle({"event": "reveal"})
    assert panels[FIRST].view["state"] in ("revealed", "observed") and panels[SECOND].view["state"] == "asked"


def test_what_is_locked_is_not_asked_of_the_page(shown: tuple[NotebookLesson, dict[str, Panel]]) -> None:
    """Even if a view were changed behind the kernel's back, the next step opens."""
    lesson, panels = shown
    for key, panel in panels.items():
        if key != FIRST:
            panel.view = {}
    panels[FIRST].handle({"event": "commit", "guess": a_guess(lesson._lesson.items[FIRST]), "confidence": 1})
    panels[FIRST].handle({"event": "reveal"})
    assert panels[SECOND].view["state"] == "asked"


def test_the_scripts_of_all_pages_are_not_a_pages_to_write() -> None:
    scripts.scripts_id()
    held = scripts._open[0]
    held.comm.handle_msg({"content": {"data": {"method": "update", "state": {"script": "alert(1)", "style": "x"}}}})
    assert (held.script, held.style) == (scripts.panel_script(), scripts.panel_style())


@pytest.mark.parametrize(
    "message",
    [
        {"event": "commit", "guess": " " * 8_000_000, "confidence": 1},
        {"event": "x" * 8_000_000},
        {"x" * 8_000_000: 1},
        {"event": "commit", "guess": [[[0] * 1000] * 1000], "confidence": 1},
        "x" * 8_000_000,
        {"no": "event " * 10_000},
    ],
    ids=["typed", "name", "key", "list", "text", "no event"],
)
def test_a_message_of_megabytes_is_refused_in_one_line(
    message: Any, shown: tuple[NotebookLesson, dict[str, Panel]]
) -> None:
    panel = shown[1][FIRST]
    panel.handle(message)
    assert panel.view["problem"] and "\n" not in panel.view["problem"] and len(panel.view["problem"]) < 300
    assert panel.view["state"] == "asked"


# --- without a person -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", AUTO)
def test_a_walk_keeps_to_the_locks(mode: str) -> None:
    lesson = open_lesson(LESSON, auto=mode)
    second = lesson.predict(SECOND)
    assert second.view["state"] == "locked" and lesson._lesson.items[SECOND].step.state == "asked"
    lesson.predict(FIRST)
    assert lesson._lesson.items[FIRST].step.revealed
    assert second.view["state"] == "asked", "it opened, and nobody walked it"


@pytest.mark.parametrize("mode", AUTO)
def test_a_walk_keeps_no_journal_unless_it_is_given_one(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "learner.jsonl"))
    monkeypatch.setenv("JPY_SESSION_NAME", "a.ipynb")
    for journal in (None, Journal(tmp_path / "given.jsonl")):
        lesson = open_lesson(LESSON, auto=mode, journal=journal)
        lesson.predict(FIRST)
        lesson._panels[FIRST][0].handle({"event": "observe", "choice": "a"})
    assert [file.name for file in tmp_path.iterdir()] == ["given.jsonl"]
    assert {record["question"] for record in Journal(tmp_path / "given.jsonl").records()} == {FIRST}


def test_the_score_card_follows_each_answer() -> None:
    lesson = open_lesson(LESSON, journal=Journal(None))
    panels = {item.id: getattr(lesson, item.kind)(item.id) for item in lesson._lesson.items.values()}
    score = "closing"
    seen = []
    for item in lesson._lesson.asked:
        if item.only_kept:
            continue
        panels[item.id].handle({"event": "skip"})
        panels[item.id].handle(
            {"event": "observe", "choice": item.step.question.observe()["right"]}
            if item.step.question.observe()
            else {"event": "hint"}
        )
        if not panels[score].view["closing"]["locked"]:
            seen.append(panels[score].view["closing"]["score"].count("<td>skipped</td>"))
    assert seen and seen == sorted(seen) and seen[-1] == sum(item.step.question.sure for item in lesson._lesson.asked)
    assert seen[-1] > seen[0] or len(seen) == 1


# --- the journal in the panel ------------------------------------------------------------------------------------


def full(*_: Any) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_guess_that_is_not_kept_is_never_called_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal.jsonl"
    lesson = open_lesson(LESSON, journal=Journal(path))
    panels = {item.id: getattr(lesson, item.kind)(item.id) for item in lesson._lesson.items.values()}

    def answer(key: str) -> None:
        panels[key].handle({"event": "commit", "guess": a_guess(lesson._lesson.items[key]), "confidence": 1})

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        answer(FIRST)
        first = panels[FIRST].view["kept"]
        assert first["news"] and first["line"].startswith(
            f"Not kept: {path} cannot be written (No space left on device)"
        )
        panels["closing"].handle({"event": "commit", "guess": "Why?"})
        assert panels["closing"].view["kept"]["news"]
        assert panels[FIRST].view["kept"] == {**panels["closing"].view["kept"], "news": False}
        assert sum("kept" in panel.view for panel in panels.values()) == 2, "no panel that has nothing to do with it"
    panels[FIRST].handle({"event": "reveal"})
    assert panels[FIRST].view["kept"] == {"line": f"Everything is kept again, in {path}.", "news": True}
    assert panels["closing"].view["kept"] == {"line": f"Your note is kept in {path}.", "news": False}
    answer(SECOND)
    assert "kept" not in panels[FIRST].view and panels[SECOND].view["kept"]["line"].startswith("Your guess is kept in ")
    assert [record["event"] for record in Journal(path).records()] == ["commit", "commit", "reveal", "commit"]


def test_a_click_on_the_start_page_parses_nothing_that_was_read_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    for number in range(50):
        journal.append({"lesson": LESSON, "question": f"q{number}", "hash": "h", "lab": "l", "event": "skip"})
    lesson = open_lesson("00-start-here", journal=journal)
    panels = {item.id: getattr(lesson, item.kind)(item.id) for item in lesson._lesson.items.values()}
    parsed: list[str] = []
    taken: list[Any] = []
    monkeypatch.setattr("lessonlib.record.lines._decode", lambda line: parsed.append(line) or _decode(line))
    monkeypatch.setattr("lessonlib.show.blocks.states_of", lambda *_: taken.append(1) or {})
    for _ in range(5):
        panels["labs"].handle({"event": "pick", "choice": "x"})
    assert not any(parsed) and not taken, "no record is new"
    question = next(item for item in lesson._lesson.asked if not item.lock)
    panels[question.id].handle({"event": "skip"})
    assert len([line for line in parsed if line]) == 1 and len(taken) == 1
