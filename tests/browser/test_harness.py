"""The harness itself, on a notebook that holds nothing but a widget: what it reports is what happened."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.browser.clicks import write_clicks
from tests.browser.harness import OpenNotebook, Watch


def test_clicks_survive_reload_and_restart(open_notebook: OpenNotebook, watch: Watch, tmp_path: Path) -> None:
    notebook = open_notebook(write_clicks(tmp_path)).run_all()
    button = notebook.wait_for_state("clicks", "asked").get_by_role("button")
    button.click()
    button.click()
    expect(button).to_have_text("2 clicks")
    notebook.wait_for_state("clicks", "clicked")

    notebook.reload()
    expect(notebook.panel("clicks").get_by_role("button")).to_have_text("2 clicks")

    notebook.restart(run_all=True)
    button = notebook.wait_for_state("clicks", "clicked").get_by_role("button")
    expect(button).to_have_text("2 clicks")
    button.focus()
    notebook.page.keyboard.press("Enter")
    expect(button).to_have_text("3 clicks")
    assert watch.errors == []
    assert notebook.cell_errors() == []


def test_each_test_has_a_journal_of_its_own(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    notebook = open_notebook(write_clicks(tmp_path)).run_all()
    expect(notebook.panel("clicks").get_by_role("button")).to_have_text("0 clicks")


def test_a_restart_empties_the_kernel(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    probe = "print('was here' if 'seen' in globals() else 'first time'); seen = True"
    notebook = open_notebook(write_clicks(tmp_path, probe)).run_all()
    assert "first time" in notebook.cell("seen = True").inner_text()
    notebook.run_all()
    assert "was here" in notebook.cell("seen = True").inner_text()
    notebook.restart().run_all()
    assert "first time" in notebook.cell("seen = True").inner_text()


def test_both_themes_without_a_popup(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    notebook = open_notebook(write_clicks(tmp_path)).run_all()
    assert notebook.page.locator(".Toastify__toast, .jp-Dialog").count() == 0
    paper = "() => getComputedStyle(document.body).getPropertyValue('--jp-layout-color0').trim()"
    colours = [notebook.theme(tone).page.evaluate(paper) for tone in ("dark", "light")]
    assert colours[0] != colours[1]


def test_what_leaves_the_page_is_blocked_and_noted(open_notebook: OpenNotebook, watch: Watch, tmp_path: Path) -> None:
    notebook = open_notebook(write_clicks(tmp_path))
    reached = notebook.page.evaluate("() => fetch('https://example.org/x.js').then(() => true, () => false)")
    notebook.page.evaluate("() => new Promise(done => { new WebSocket('wss://example.org/live').onerror = done; })")
    assert not reached
    assert watch.outside == ["https://example.org/x.js", "wss://example.org/live"]
    assert any("example.org" in line for line in watch.errors)
    watch.outside.clear()

    with notebook.page.expect_event("pageerror"):
        notebook.page.evaluate("() => { setTimeout(() => { throw new Error('nobody caught this'); }); }")
    assert any("nobody caught this" in line for line in watch.errors)


def test_a_kernel_reaches_nothing_outside_and_its_errors_are_seen(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    ask = "import urllib.request as r\ntry:\n    r.urlopen('https://example.org', timeout=20); print('out')\nexcept OSError as error:\n    print('held back:', error)"
    notebook = open_notebook(write_clicks(tmp_path, ask, "raise ValueError('on purpose')")).run_all()
    assert "held back: <urlopen error [Errno 111]" in notebook.cell("urlopen").inner_text()
    assert notebook.cell_errors() == ["ValueError: on purpose"]


def test_accessibility_findings_name_the_rule(open_notebook: OpenNotebook, tmp_path: Path) -> None:
    notebook = open_notebook(write_clicks(tmp_path)).run_all()
    notebook.wait_for_state("clicks", "asked")
    here = '[data-lesson-id="clicks"]'
    assert notebook.accessibility_findings(here) == []
    worse = "<input><p style='color: #999; background: #aaa'>grey on grey</p>"
    notebook.page.evaluate(
        "([here, worse]) => document.querySelector(here).insertAdjacentHTML('beforeend', worse)", [here, worse]
    )
    assert {line.split(":")[0] for line in notebook.accessibility_findings(here)} == {"label", "color-contrast"}
