"""Your lab in a notebook: predict what your own server does, then see it, then keep it as a lab file."""

from __future__ import annotations

import re
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.text import printable
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.restore import restore
from lessonlib.probe.asked import ASKED, can_ask, question
from lessonlib.probe.demo import DEMO, STORY
from lessonlib.probe.demo import LAB as DEMO_LAB
from lessonlib.probe.reading import MOMENT, PER_REQUEST, WINDOW, Finding, Reading
from lessonlib.record.journal import Journal
from lessonlib.record.settings import choose_lab
from lessonlib.roofline import Lab
from lessonlib.show.fallback import fallback
from lessonlib.show.panel import Panel
from lessonlib.show.session import SHOWN, open_session, page_spoke, with_record

NAME = "your-lab"
NO_SERVER = (
    'Name your server in the first cell, such as `url = "http://localhost:8000"`, or a recorded one, `url = "demo"`, and run all '
    "cells again."
)
NOT_YOURS = "Nothing to keep: this was a recording of a simulated server. With the address of yours in the first cell this panel writes its lab file."


def open_your_lab(
    url: str | None,
    lab: str | Lab | None = None,
    window: float = 30.0,
    auto: str | None = None,
    journal: Journal | None = None,
    model: str | None = None,
) -> YourLab:
    """Look at the server at `url` (vLLM, or the Prometheus that scrapes it) for `window` seconds; at `model`, if it serves several.

    A `url` of "demo" is a recording of a simulated server, beside the lab that it was of. Without a `url`, or when the server
    cannot be read, every panel says in one line what to do.
    """
    session = open_session(DEMO_LAB if url == DEMO and lab is None else lab, auto, journal)
    if not url:
        return YourLab(None, NO_SERVER, session.lab, session.journal, session.mode)
    from lessonlib.probe.probe import probe

    reading, problem = None, ""
    try:
        reading = probe(url, window, model)
    except LessonlibError as error:
        problem = f"{str(error).rstrip('.')}. Then run all cells again."
    return YourLab(reading, problem, session.lab, session.journal, session.mode)


class YourLab:
    """What the cells of the notebook call."""

    def __init__(self, reading: Reading | None, problem: str, lab: Lab, journal: Journal, auto: str | None):
        self._reading, self._problem, self._lab, self._journal, self._auto = reading, problem, lab, journal, auto
        self._items: dict[str, StepItem] = {}
        self._panels: list[tuple[Panel, Any]] = []
        self._written: dict[Path, dict[str, Any]] = {}
        if reading:
            for key in ASKED:
                if can_ask(reading.findings[key]):
                    self._items[key] = self._item(key, reading)
        self._used = ""
        restore(NAME, self._items.values(), self._address, journal)

    def __repr__(self) -> str:
        told = f" · {STORY}" if self._demo else ""
        return printable(f"Your lab · beside {self._lab.title}{told}")

    @property
    def _demo(self) -> bool:
        return self._reading is not None and self._reading.source == DEMO

    def _item(self, key: str, reading: Reading) -> StepItem:
        asked = question(key, reading, self._lab)
        gates = list(self._items.values())
        item = StepItem(
            "predict",
            asked.raw,
            f"{ASKED[key]['title']} · predict, then reveal",
            gates,
            asked,
            f"“{ASKED[key]['title']}”",
        )
        item.step.record = lambda record: self._journal.append({**self._address(item), **record})
        return item

    def _address(self, item: StepItem) -> dict[str, str]:
        """What every record of ``item`` carries. Its hash holds the number that was read: another reading asks anew."""
        return {"lesson": NAME, "question": item.id, "hash": item.step.question.asked_hash(), "lab": self._lab.name}

    # --- what a cell shows -------------------------------------------------------------------------------------

    def predict(self, key: str) -> Panel:
        """A prediction about one number of the server."""
        if key not in ASKED:
            raise LessonlibError(f"“{key}” is not asked here; asked are: {', '.join(ASKED)}")
        item = self._items.get(key)
        if item and self._auto and not item.lock:
            item.step.skip() if self._auto == "skip" else item.step.answer(item.step.question.right())
        return self._panel(key, lambda: item.view() if item else self._nothing_to_predict(key))

    def numbers(self) -> Panel:
        """Everything that was read, once each prediction is revealed."""
        return self._panel("numbers", self._table)

    def keep(self, file: str = "my-lab.toml") -> Panel:
        """Write the lab file and choose it for all lessons, once each prediction is revealed."""
        return self._panel("keep", lambda: self._lab_file(Path(file)))

    def _panel(self, key: str, view: Any) -> Panel:
        def drawn() -> dict[str, Any]:
            return with_record(view(), self._journal, last=key == self._used)

        panel = Panel(
            drawn(), lambda event: self._handle(key, event), lambda: fallback(view() if self._auto else _closed(key))
        )
        self._panels.append((panel, drawn))
        return panel

    def _handle(self, key: str, event: dict[str, Any]) -> None:
        if page_spoke(self._journal):
            untouched = [item for item in self._items.values() if item.step.untouched]
            restore(NAME, untouched, self._address, self._journal)
        item = self._items.get(key)
        if event.get("event") != SHOWN:
            self._used = key
            if item and not item.lock:
                item.step.handle(event)
        for panel, view in self._panels:
            panel.view = view()

    # --- views -------------------------------------------------------------------------------------------------

    def _nothing_to_predict(self, key: str) -> dict[str, Any]:
        """Why there is nothing to predict."""
        if self._reading is None:
            return self._unread(key, ASKED[key]["title"])
        finding = self._reading.findings[key]
        why = finding.reason or "it is zero in this window"
        words = "Nothing to predict here: {why}. It would be read as `{how}`."
        return _tell(key, ASKED[key]["title"], words, why=why, how=finding.how)

    def _unread(self, key: str, title: str) -> dict[str, Any]:
        """Why there is no reading. What a server said stands in it."""
        return (
            _tell(key, title, NO_SERVER)
            if self._problem == NO_SERVER
            else _tell(key, title, "{why}", why=self._problem)
        )

    def _lock(self) -> str:
        closed = next((item for item in self._items.values() if not item.step.revealed), None)
        return f"Reveal {closed.name} first" if closed else ""

    def _table(self) -> dict[str, Any]:
        if self._reading is None:
            return self._unread("numbers", "All numbers")
        if self._lock():
            return _locked("numbers", "All numbers", self._lock())
        from lessonlib.probe.roofs import impossible, roofs

        found = roofs(self._reading, self._lab)
        rows = "".join(_rows(clock, self._reading, found) for clock in (PER_REQUEST, WINDOW, MOMENT))
        notes = "".join(
            f"<li>{escape(note)}</li>" for note in (*self._reading.notes, *impossible(self._reading, found))
        )
        head = "".join(
            f'<th scope="col">{name}</th>' for name in ("", "read", "what it cannot tell, or why it is not known")
        )
        summary = f"{escape(self._reading.model or 'A model without a name')}, {self._reading.engines} engine{'s' * (self._reading.engines != 1)}, {self._reading.requests:.0f} requests finished {self._reading.span}."
        html = f'<p>{summary}</p><table class="ll-score ll-read"><thead><tr>{head}</tr></thead>{rows}</table>' + (
            f"<ul>{notes}</ul>" if notes else ""
        )
        return {"kind": "tell", "id": "numbers", "title": "All numbers", "state": "observed", "html": html}

    def _lab_file(self, file: Path) -> dict[str, Any]:
        if self._reading is None:
            return self._unread("keep", "Your lab file")
        if self._lock():
            return _locked("keep", "Your lab file", self._lock())
        if self._demo:
            return _tell("keep", "Your lab file", NOT_YOURS)
        if file not in self._written:  # once a reading, however often the panel is drawn
            self._written[file] = self._write(self._reading, file)
        return self._written[file]

    def _write(self, reading: Reading, file: Path) -> dict[str, Any]:
        from lessonlib.probe.lab_file import write_lab

        try:
            lab = write_lab(reading, self._lab, file, date.today().isoformat())
        except LessonlibError as error:
            return _tell("keep", "Your lab file", "{why}", why=str(error))
        chosen = choose_lab(str(file.resolve()))
        use = (
            "Lessons opened from now on are computed for it."
            if chosen
            else 'Name it in the first cell of a lesson: `lab = "{path}"`.'
        )
        words = f"Written: `{{name}}`, {{title}}. {use}"
        return _tell("keep", "Your lab file", words, name=file.name, title=lab.title, path=str(file))


def _rows(clock: str, reading: Reading, found: dict[str, tuple[float, ...]]) -> str:
    """The numbers of one clock under its name: nobody can then take a window average for the speed of a request."""
    from lessonlib.probe.reading import TITLES

    rows = "".join(
        f'<tr><th scope="row">{TITLES[key]}</th><td>{_read(finding, found.get(key, ()))}</td><td>{escape(finding.limits if finding.value is not None else finding.reason)}</td></tr>'
        for key, finding in reading.findings.items()
        if finding.clock == clock
    )
    return f'<tbody><tr><th scope="rowgroup" colspan="3">{clock[0].upper()}{clock[1:]}</th></tr>{rows}</tbody>'


def _read(finding: Finding, roof: tuple[float, ...]) -> str:
    """The value, and how far below the ceiling it is where there is one."""
    if finding.value is None:
        return "–"
    share = f"<br><small>{100 * finding.value / roof[0]:.3g} % of the ceiling</small>" if roof else ""
    return f"{escape(str(finding.quantity()))}{share}"


def _tell(panel_id: str, heading: str, words: str, /, **values: str) -> dict[str, Any]:
    """One line: our words, with `names` in backticks as code, and in their {places} values that are text whatever is in them."""
    coded = re.sub("`([^`]+)`", r"<code>\1</code>", escape(words, quote=False))
    html = f"<p>{coded.format(**{name: escape(value, quote=False) for name, value in values.items()})}</p>"
    return {"kind": "tell", "id": panel_id, "title": heading, "state": "observed", "html": html}


def _locked(key: str, title: str, why: str) -> dict[str, Any]:
    return {"kind": "tell", "id": key, "title": title, "state": "locked", "locked": why}


def _closed(key: str) -> dict[str, Any]:
    """What a stored notebook shows: nothing of anybody's server."""
    title = ASKED[key]["title"] if key in ASKED else {"numbers": "All numbers", "keep": "Your lab file"}[key]
    return _locked(key, title, "Run this notebook with your server's address")
