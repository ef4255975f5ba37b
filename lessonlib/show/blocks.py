"""The kinds of block that are more than words: each one class, with what an author writes and how it is drawn."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.picture import picture
from lessonlib.lesson.block import WORD_BLOCKS, Block, Blocks, registry
from lessonlib.lesson.concepts import load_listing
from lessonlib.lesson.course_plan import kept_minutes, load_parts
from lessonlib.lesson.fragments import ID, NAME, TEXT, Schema
from lessonlib.lesson.source import is_checkpoint, is_form, lesson_names, lesson_title, load_source
from lessonlib.lesson.views import DrawnView
from lessonlib.lesson.written import Write
from lessonlib.record.attempts import Attempt
from lessonlib.record.event import Event
from lessonlib.record.journal import Journal
from lessonlib.record.settings import choose_lab, chosen_lab
from lessonlib.review.current_questions import states_of
from lessonlib.review.pace import Pace, pace
from lessonlib.roofline import lab_names, load_lab
from lessonlib.show.exam import CourseChart, ExamCard
from lessonlib.show.explorer import Explore
from lessonlib.show.fleet import FleetBlock
from lessonlib.show.inventory import Inventory
from lessonlib.show.manifest import Manifest
from lessonlib.show.monitor import Monitoring
from lessonlib.show.roof import Roof
from lessonlib.show.score_card import score_html
from lessonlib.show.timeline import TimelineBlock

_NEEDED = ("jupyterlab", "ipywidgets", "anywidget", "numpy", "matplotlib", "papermill", "nbval")
_NOT_KEPT = "This choice cannot be kept here. Name the lab in the first cell of a lesson instead, or set LESSON_LAB."


class Picture(Block):
    """A picture that can be played and stepped."""

    kind = "picture"
    panel = "picture"
    keys: ClassVar[Mapping[str, Schema]] = {
        "name": ID,
        "caption": TEXT,
        "numbers": {"type": "object", "additionalProperties": NAME},
    }

    def draw(self) -> DrawnView:
        """The picture with the numbers that it names, and its caption."""
        raw, words = self.raw, self.lesson.words
        numbers = {key: words.number(name, raw["id"]) for key, name in raw["numbers"].items()}
        return {
            "picture": picture(raw["name"], words.code.picture(raw["name"]), numbers),
            "html": words.html(raw["caption"], raw["id"]),
        }


class Plot(Block):
    """A still figure."""

    kind = "plot"
    keys: ClassVar[Mapping[str, Schema]] = {"name": ID, "caption": TEXT}

    def draw(self) -> DrawnView:
        """The figure and its caption."""
        raw, words = self.raw, self.lesson.words
        return {"html": words.code.plot(raw["name"]).draw(words.lab).html + words.html(raw["caption"], raw["id"])}

    def parts(self) -> Mapping[str, Any]:
        """Its data and words, not the strokes of one matplotlib version. Nothing is drawn."""
        raw, words = self.raw, self.lesson.words
        shown = words.code.plot(raw["name"]).describe(words.lab)
        return {"data": shown.sealed, "alt": shown.alt, "caption": words.html(raw["caption"], raw["id"])}


class Score(Block):
    """What was guessed and what came out."""

    kind = "score"
    subtitle = "what came out"
    sealed = False

    def draw(self) -> DrawnView:
        """The score card as it stands now."""
        return {"html": score_html(self.lesson)}


class Labs(Block):
    """Choose the lab for all lessons."""

    kind = "labs"
    panel = "pick"
    sealed = False
    open_at_once = True
    _problem = ""

    def draw(self) -> DrawnView:
        """The shipped labs to choose from, with what each assumes."""
        now = chosen_lab()
        kept = f"Lessons opened from now on use <strong>{escape(load_lab(now).title)}</strong>. An open lesson switches when you rerun its first cells."
        drawn: DrawnView = {
            "ask": {"options": [{"key": name, "html": _lab_line(name)} for name in lab_names()]},
            "guess": {"key": now},
            "html": f"<p>{kept}</p>",
        }
        return {**drawn, "problem": self._problem} if self._problem else drawn

    def handle(self, event: Mapping[str, Any]) -> bool:
        """Keep the lab that was picked, or say why it cannot be kept."""
        if event.get("event") != "pick":
            return False
        self._problem = "" if choose_lab(str(event.get("choice"))) else _NOT_KEPT
        return True


def _lab_line(name: str) -> str:
    lab = load_lab(name)
    measured = ", ".join(f"{entry.value:,g} {entry.unit} {key.split('_')[0]}" for key, entry in lab.measured.items())
    assumed = "assumed: " + "; ".join(lab.assumed.values()) if lab.assumed else ""
    small = "; ".join(
        part for part in (f"reported: {measured}" if measured else "nothing measured yet", assumed) if part
    )
    return f"{escape(lab.title)}<br><small>{escape(small)}</small>"


class Map(Block):
    """All ideas of the course, how they hang together, and where the learner stands."""

    kind = "map"
    panel = "map"
    sealed = False
    open_at_once = True

    #: what it was drawn from, and the drawing: a click that records nothing reads nothing
    _last: tuple[Any, DrawnView] | None = None

    def draw(self) -> DrawnView:
        """The ideas, and where the learner stands."""
        journal = self.lesson.journal
        if not isinstance(journal, Journal):
            return self.draw_for_nobody()
        edition = journal.edition()
        if self._last is None or self._last[0] != edition:
            self._last = edition, _map(journal.attempts(), journal.events())
        return self._last[1]

    def draw_for_nobody(self) -> DrawnView:
        """The ideas alone."""
        return _map((), ())


def _map(attempts: Sequence[Attempt], events: Sequence[Event]) -> DrawnView:
    from lessonlib.show.course_map import Chapter, course_map_html, course_map_text  # drawing code, loaded on first use
    from lessonlib.show.course_map.way import way_html, way_text

    concepts = load_listing().concepts
    states = states_of(concepts, attempts)
    chapters = [
        Chapter(int(name[:2]), lesson_title(name), f"{name}.ipynb")
        for name in lesson_names()
        if not is_checkpoint(name) and not is_form(name)
    ]
    parts, own = load_parts(), _pace(events)
    return {
        "html": course_map_html(concepts, chapters, states, way_html(parts, own)),
        "text": f"{way_text(parts, own)}\n{course_map_text(concepts, chapters, states)}",
    }


def _pace(events: Sequence[Event]) -> Pace:
    taken = {event.lesson for event in events if not is_form(event.lesson)} & set(lesson_names())
    questions = {}
    for name in taken:
        with contextlib.suppress(LessonlibError):  # a lesson that cannot be read has no pace
            questions[name] = [
                body["id"] for entry in load_source(name)["steps"] for kind, body in entry.items() if kind == "predict"
            ]
    return pace(events, questions, kept_minutes())


class Installed(Block):
    """Whether everything that the lessons need is there."""

    kind = "installed"
    sealed = False
    open_at_once = True

    def draw(self) -> DrawnView:
        """The packages that the lessons need, with their versions."""
        rows = [("Python", platform.python_version())] + [(name, _version(name)) for name in _NEEDED]
        missing = [name for name, found in rows if not found]
        verdict = (
            f"Missing: {', '.join(missing)}. Run <code>make env</code> in the course's folder, then restart the kernel."
            if missing
            else "Everything is there, and this panel is drawn, so widgets work."
        )
        body = "".join(f'<tr><th scope="row">{name}</th><td>{found or "missing"}</td></tr>' for name, found in rows)
        return {"html": f"<p>{'✗' if missing else '✓'} {verdict}</p><table><tbody>{body}</tbody></table>"}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


#: every kind of block that a lesson may have: kind -> its class
BLOCKS: Blocks = {
    **WORD_BLOCKS,
    **registry(
        Picture,
        Plot,
        Explore,
        TimelineBlock,
        FleetBlock,
        Monitoring,
        Manifest,
        Write,
        Roof,
        Score,
        Labs,
        Map,
        Installed,
        ExamCard,
        CourseChart,
        Inventory,
    ),
}
