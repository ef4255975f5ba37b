"""How the kinds of block that are more than words are drawn: kind -> (raw, words) -> a part of the view."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from lessonlib.draw.picture import picture
from lessonlib.lesson.concepts import load_listing
from lessonlib.lesson.items import Drawers, View
from lessonlib.lesson.source import lesson_names, lesson_title
from lessonlib.lesson.words import Words
from lessonlib.record.settings import chosen_lab
from lessonlib.review.editions import standing
from lessonlib.roofline import lab_names, load_lab

Raw = Mapping[str, Any]

_NEEDED = ("jupyterlab", "ipywidgets", "anywidget", "numpy", "matplotlib", "papermill", "nbval")


def draw_picture(raw: Raw, words: Words) -> View:
    """An animated picture with the numbers it names, and its caption."""
    numbers = {key: words.number(name, raw["id"]) for key, name in raw["numbers"].items()}
    return {
        "picture": picture(raw["name"], words.code.picture(raw["name"]), numbers),
        "html": words.html(raw["caption"], raw["id"]),
    }


def draw_plot(raw: Raw, words: Words) -> View:
    """A still figure and its caption."""
    return {"html": words.code.plot(raw["name"]).draw(words.lab).html + words.html(raw["caption"], raw["id"])}


def plot_parts(raw: Raw, words: Words) -> View:
    """What of a plot goes into the seal: its data and words, not the strokes of one matplotlib version. Nothing is drawn."""
    shown = words.code.plot(raw["name"]).describe(words.lab)
    return {"data": shown.sealed, "alt": shown.alt, "caption": words.html(raw["caption"], raw["id"])}


def draw_explorer(raw: Raw, words: Words) -> View:
    """The explorer with all data that it draws from."""
    from lessonlib.show.explorer import explorer_data

    return {"explorer": explorer_data(words.lab), "html": words.html(raw["text"], raw["id"])}


def draw_labs(raw: Raw, words: Words) -> View:
    """The shipped labs to choose from, with what each assumes."""
    options = [{"key": name, "html": _lab_line(name)} for name in lab_names()]
    now = chosen_lab()
    kept = f"Lessons opened from now on use <strong>{escape(load_lab(now).title)}</strong>. One already open follows when you run its first cells again."
    return {"ask": {"options": options}, "guess": {"key": now}, "html": f"<p>{kept}</p>"}


def _lab_line(name: str) -> str:
    lab = load_lab(name)
    measured = ", ".join(f"{entry.value:,g} {entry.unit} {key.split('_')[0]}" for key, entry in lab.measured.items())
    assumed = "assumed: " + "; ".join(lab.assumed.values()) if lab.assumed else ""
    small = "; ".join(
        part for part in (f"reported: {measured}" if measured else "nothing measured yet", assumed) if part
    )
    return f"{escape(lab.title)}<br><small>{escape(small)}</small>"


def draw_map(raw: Raw, words: Words) -> View:
    """The ideas of the course; with the learner's ``records`` in ``raw``, also where the learner stands."""
    from lessonlib.show.course_map import Chapter, course_map_html, course_map_text  # drawing code, loaded on first use

    concepts = load_listing().concepts
    states = standing(concepts, raw.get("records", ()))
    chapters = [Chapter(int(name[:2]), lesson_title(name), f"{name}.ipynb") for name in lesson_names()]
    return {"html": course_map_html(concepts, chapters, states), "text": course_map_text(concepts, chapters, states)}


def draw_installed(raw: Raw, words: Words) -> View:
    """Whether the packages that the lessons need are there, with their versions."""
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


DRAWERS: Drawers = {
    "picture": draw_picture,
    "plot": draw_plot,
    "explore": draw_explorer,
    "labs": draw_labs,
    "installed": draw_installed,
    "map": draw_map,
}
#: what goes into the seal where that is not what is drawn
SEALED: Drawers = {"plot": plot_parts}
