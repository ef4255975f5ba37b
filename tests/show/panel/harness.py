"""A page with the panel in it, JupyterLab's own theme variables around it, and a stand-in for the widget model."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jupyterlab
from playwright.sync_api import Page

from lessonlib.show.scripts import panel_script, panel_style

THEMES = Path(jupyterlab.__file__).parent / "themes" / "@jupyterlab"
MODEL = """
window.makeModel = (view) => {
  const listeners = {};
  const model = {
    view, sent: [], answers: true,
    bar: {},
    get: (name) => (name === "class_bar" ? model.bar : model.view),
    on: (name, call) => (listeners[name] ??= new Set()).add(call),
    off: (name, call) => listeners[name]?.delete(call),
    emit: (name, value) => listeners[name]?.forEach((call) => call(value)),
    send: (message) => model.sent.push(message),
    update: (change) => { model.view = {...model.view, ...change}; model.emit("change:view"); },
    tell: (bar) => { model.bar = bar; model.emit("change:class_bar"); },
    done: () => model.emit("msg:custom", {done: true}),
    listening: () => Object.values(listeners).reduce((sum, calls) => sum + calls.size, 0),
  };
  return model;
};
window.show = (view, into = "one") => {
  window.model = window.makeModel(view);
  window.leave = window.render({model: window.model, el: document.getElementById(into)});
};
"""


@cache
def page_html(theme: str) -> str:
    """The whole page as text; `theme` is "light" or "dark"."""
    css = (THEMES / f"theme-{theme}-extension" / "index.css").read_text(encoding="utf-8")
    script = panel_script().replace("export default { render };", "window.render = render;")
    again = "window.importAgain = (text) => import(URL.createObjectURL(new Blob([text], {type: 'text/javascript'})));"
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Panel</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{css}</style>
<style>body {{ margin: 12px; background: var(--jp-layout-color0); color: var(--jp-content-font-color1); }}</style><style>{panel_style()}</style></head>
<body><main><h1 style="position:absolute;clip-path:inset(50%)">Lesson</h1><h2 style="position:absolute;clip-path:inset(50%)">Steps</h2><div id="one"></div><div id="two"></div></main>
<script type="module">{MODEL}{again}{script}</script></body></html>"""


def next_frame(page: Page) -> None:
    """Plots draw once the browser has measured their width, which is before the next frame."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")


def open_panel(page: Page, view: dict[str, Any], theme: str = "light") -> None:
    """Loads the page anew and shows `view` in it."""
    page.set_content(page_html(theme))
    page.wait_for_function("() => Boolean(window.render)")
    page.evaluate("view => window.show(view)", view)
    next_frame(page)


def update(page: Page, **change: Any) -> None:
    """What Python does after an event: a new view, then the word that the event is done."""
    page.evaluate("change => { model.update(change); model.done(); }", change)


def become(page: Page, view: dict[str, Any]) -> None:
    """Replaces the whole view."""
    page.evaluate("view => { model.view = view; model.emit('change:view'); model.done(); }", view)
    next_frame(page)


def tell(page: Page, **bar: Any) -> None:
    """The class bar as Python sets it."""
    page.evaluate("bar => model.tell(bar)", bar)
    next_frame(page)


def sent(page: Page) -> list[dict[str, Any]]:
    """The messages that the panel sent so far."""
    return json.loads(page.evaluate("JSON.stringify(model.sent)"))


def focused(page: Page) -> str:
    """Words of the element that has the focus: its label, or its text, shortened to one line."""
    words = page.evaluate(
        "(e => e.getAttribute('aria-label') || e.textContent || e.value || e.tagName)(document.activeElement)"
    )
    return " ".join(words.split())
