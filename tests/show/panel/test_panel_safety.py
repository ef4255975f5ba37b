"""Typed text stays text, keys stay in the panel, and the Python half survives whatever the page sends."""

from __future__ import annotations

import json

import pytest

from lessonlib.lesson.lesson import Lesson
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.panel import Panel
from lessonlib.show.scripts import LOADER, panel_script, panel_style
from lessonlib.show.static_files import script_files
from tests.hostile import HOSTILE, lab_file
from tests.show.panel import views
from tests.show.panel.harness import become, open_panel
from tests.show.test_hostile_text import walk

EVIL = '<img src=x onerror="window.pwned = true"><b id=bold>1</b>'


@pytest.mark.parametrize(
    ("view", "guess"),
    [
        (views.NUMBER_REVEALED, {"text": EVIL, "value": 1.0, "low": None, "high": None, "confidence": 0}),
        (views.BLANKS_REVEALED, {"texts": [EVIL, EVIL, EVIL]}),
        (views.EXPLAIN_REVEALED, {"text": EVIL}),
        (views.NOTE_KEPT, {"text": EVIL}),
    ],
    ids=["number", "blanks", "explain", "note"],
)
def test_a_guess_is_never_read_as_html(page, view, guess) -> None:
    open_panel(page, view | {"guess": guess, "problem": EVIL})
    page.wait_for_timeout(30)  # time for a broken image to report itself
    assert page.evaluate("window.pwned") is None
    assert page.locator("#bold").count() == 0


def test_plain_keys_do_not_reach_jupyterlab(page) -> None:
    open_panel(page, views.CHOICE)
    page.evaluate("window.heard = []; document.addEventListener('keydown', event => heard.push(event.key))")
    page.get_by_role("radio").first.focus()
    for key in ("d", "d", "ArrowDown", "Enter", "Escape", "Control+s", "Shift+Enter"):
        page.keyboard.press(key)
    assert page.evaluate("heard.filter(key => key !== 'Control' && key !== 'Shift')") == ["Escape", "s", "Enter"]
    become(page, views.EXPLAIN)
    page.evaluate("heard.length = 0")
    page.get_by_role("textbox").focus()
    for key in ("Shift+Enter", "Control+Enter"):
        page.keyboard.press(key)
    assert "Enter" not in page.evaluate("heard"), "Shift+Enter in a text would run the cell and lose the text"


def test_a_redraw_touches_only_what_changed(page) -> None:
    open_panel(page, views.CURVE_REVEALED)
    page.evaluate("window.plot = document.querySelector('svg.gp-plot')")
    become(page, views.CURVE_REVEALED | {"state": "observed", "explanation": "<p>So.</p>"})
    assert page.evaluate("plot.isConnected && plot === document.querySelector('svg.gp-plot')")
    assert page.get_by_text("So.").is_visible()


def make_panel(on_event, view=views.CHOICE) -> Panel:
    panel = Panel(view, on_event=on_event, fallback=lambda: ("What must it read?", "<p>What must it read?</p>"))
    panel.told = []
    panel.send = lambda content, buffers=None: panel.told.append(content)
    return panel


def test_an_event_goes_to_python_and_its_answer_is_the_new_view() -> None:
    heard = []
    panel = make_panel(lambda message: heard.append(message) or views.CHOICE_COMMITTED)
    panel._handle_custom_msg({"event": "commit", "guess": "d", "confidence": 1}, [])
    assert heard == [{"event": "commit", "guess": "d", "confidence": 1}]
    assert panel.view["state"] == "committed"
    assert panel.told == [{"done": True}]


def test_without_an_answer_the_view_stays_and_the_page_is_told() -> None:
    panel = make_panel(lambda message: None)
    panel.handle({"event": "hint"})
    assert panel.view == views.CHOICE
    assert panel.told == [{"done": True}]


@pytest.mark.parametrize("message", [{"event": "commit"}, "nonsense", None, {}, []])
def test_a_failing_handler_becomes_one_line_in_the_panel(message) -> None:
    def fail(_message):
        raise RuntimeError("disk full")

    panel = make_panel(fail)
    panel.handle(message)
    line = panel.view["problem"]
    assert line.startswith("Something went wrong") and "\n" not in line
    assert panel.view["state"] == "asked"
    assert panel.told == [{"done": True}]


def test_the_output_of_a_cell_is_stable_and_has_a_fallback() -> None:
    one, two = make_panel(lambda m: None), make_panel(lambda m: None)
    assert repr(one) == repr(two) == "Panel('choice-sample', state='asked')"
    data, _metadata = one._repr_mimebundle_()
    assert data["text/plain"] == "What must it read?"
    assert data["text/html"] == "<p>What must it read?</p>"
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == one.model_id


def test_the_script_is_whole_and_needs_no_network() -> None:
    script = panel_script()
    assert script.rstrip().endswith("export default { render };")
    assert script.count("export ") == 1 and "import " not in script.replace("important", "")
    for word in ("fetch(", "XMLHttpRequest", "@import", "url(http", "https://", "src="):
        assert word not in LOADER + script + panel_style(), word
    assert script_files()[0].name == "core.js" and script_files()[-1].name == "render.js"


@pytest.mark.parametrize("name", views.ALL)
def test_the_sample_views_are_json(name) -> None:
    assert json.loads(json.dumps(views.ALL[name])) == views.ALL[name]


def test_a_page_runs_nothing_that_a_lab_says(page, tmp_path, monkeypatch) -> None:
    """Every panel of a lesson on a lab whose every field is hostile, in every state: no handler runs, no address is asked."""
    monkeypatch.chdir(tmp_path)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    words = " ".join(text for name, text in HOSTILE.items() if name != "long")
    lesson = Lesson("01-prefill-vs-decode", load_lab(lab_file(tmp_path, words)), Journal(None), BLOCKS)
    shown = [view for where, view in walk(lesson, words, figures=True) if view.get("state", "locked") != "locked"]
    open_panel(page, views.CHOICE)
    page.evaluate("globalThis.hostile = undefined")
    asked.clear()
    for view in shown:
        become(page, json.loads(json.dumps(view)))
        for element in page.query_selector_all("a, button, summary")[:3]:
            element.dispatch_event("mouseover")
    page.wait_for_timeout(50)  # time for a broken image to report itself
    assert len(shown) > 60
    assert page.evaluate("globalThis.hostile") is None
    assert page.locator(".gp script, .gp iframe, .gp img, .gp maction, .gp [onerror], .gp [onload]").count() == 0
    assert [url for url in asked if not url.startswith(("blob:", "data:"))] == []
