"""A lesson in a notebook: its methods, what a click costs, and what a page cannot do."""

from __future__ import annotations

import inspect
from collections import Counter
from typing import Any, ClassVar

import pytest

from lessonlib.lesson.block import Block
from lessonlib.lesson.kinds import ENTRIES
from lessonlib.lesson.schema import lesson_schema
from lessonlib.record.journal import Journal
from lessonlib.show import scripts
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.notebook import METHODS, NotebookLesson, open_lesson
from lessonlib.show.panel import Panel
from tests.lesson.shipped import LESSON, a_guess

FIRST, SECOND = "what-decode-reads", "what-limits-decode"


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
    assert panels[FIRST].view["state"] == "revealed" and panels[SECOND].view["state"] == "asked"


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
