"""A lesson in a notebook that belongs to a class: led from here, or joined. Nothing of this is loaded without a class."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import significant
from lessonlib.classroom.attendance import Attendance
from lessonlib.classroom.class_file import ClassFile, class_files, code_of
from lessonlib.classroom.client import HostLine, Line, VoterLine, where
from lessonlib.classroom.joined import keep_cookie, kept_cookie
from lessonlib.classroom.leading import LEFT, Leading
from lessonlib.classroom.on_hub import class_url, led_on_hub
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson

Redraw = Callable[[StepItem], None]

#: where the next of an instructor's notes begins: "**Timing** …", "**Wait for** …", each on a line of its own
_HEADED = re.compile(r"\n(?=\*\*)")
#: The lines of this kernel: a cell that is run again opens no second one.
_lines: dict[object, Line] = {}


def name_of(lesson: Lesson) -> str:
    """What a class calls the lesson: of a file of one's own, its name alone."""
    return Path(lesson.name).stem if lesson.name.endswith((".yaml", ".yml")) else lesson.name


# --- led from here -----------------------------------------------------------------------------------------------------


def led_here(lesson: Lesson) -> list[ClassFile]:
    """The classes of a lesson that are led from this account, whatever their lab: that of its JupyterHub, then the latest."""
    hub = led_on_hub()
    known = [*([hub] if hub else ()), *class_files()]
    return [found for found in known if found["lesson"] == name_of(lesson) and _runs(found["pid"])]


def _runs(pid: int) -> bool:
    """Whether the server may still be there: one that was killed leaves its file behind."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def on_this_lab(lesson: Lesson) -> ClassFile | None:
    """The latest class of the lesson on its lab."""
    return next((found for found in led_here(lesson) if found["lab"] == lesson.lab.name), None)


def lead(lesson: Lesson, redraw: Redraw) -> Leading:
    """Steer the class of this lesson on this lab from its panels, once it is followed."""
    line = HostLine(lambda: on_this_lab(lesson), _nothing)
    _replace(("lead", name_of(lesson), lesson.lab.name), line)
    return Leading(lesson, line, redraw)


def follow(leading: Leading, redraw_plans: Callable[[], None]) -> None:
    """Begin to hear of it."""

    def changed() -> None:
        leading.hear()
        redraw_plans()

    leading.line.changed = changed
    leading.line.start()


# --- joined --------------------------------------------------------------------------------------------------------------


def join(lesson: Lesson, url: str, code: str | None, redraw: Redraw) -> Attendance:
    """Join a class with this lesson; on a JupyterHub its code is enough. Raises LessonlibError in one line."""
    if code is None and class_url() and code_of(url):
        url, code = class_url(), url
    place = where(url, code)
    line = VoterLine(place, _nothing, kept_cookie(*place))
    _replace("join", line)
    line.join()
    try:
        _refuse_another(lesson, line)
    except LessonlibError:
        line.stop()
        raise
    attendance = Attendance(lesson, line, redraw)

    def changed() -> None:
        keep_cookie(*place, line.cookie)
        attendance.hear()

    line.changed = changed
    changed()
    return attendance


def _refuse_another(lesson: Lesson, line: Line) -> None:
    state = line.state
    if state is None:
        return
    if state["lesson"] != name_of(lesson):
        raise LessonlibError(
            f"The class is about another lesson, {state['title']} ({state['lesson']}): open that one, and join with it."
        )
    if state["lab"] != lesson.lab.name:
        raise LessonlibError(
            f'The class runs on another lab: open the lesson with open_lesson("{name_of(lesson)}", "{state["lab"]}"), and join with it.'
        )


def _replace(key: object, line: Line) -> None:
    if key in _lines:
        _lines[key].stop()
    _lines[key] = line


def leave(attendance: Attendance) -> None:
    """Follow the class no longer."""
    line = _lines.pop("join", None)
    if line is not None:
        line.stop()
    attendance.leave()


def _nothing() -> None:
    """Nobody is there to be told yet."""


# --- what is said ----------------------------------------------------------------------------------------------------------


def joined_words(attendance: Attendance) -> str:
    """What joining says."""
    state = attendance.line.state
    if state is None:
        return "You have joined the class."
    here = attendance.lesson.items.get(state["poll"]["question"]) if state["poll"] else None
    at = f" The class is at “{here.title.split(' · ')[0]}”." if here else ""
    return (
        f"You are in the class {state['code']}.{at} What you commit there is your vote, and it opens when the class reveals it. "
        "lesson.leave() goes on without the class."
    )


def led_words(lesson: Lesson) -> str:
    """What the first cell says to an instructor; "" where no class of the lesson is led from here."""
    found = led_here(lesson)
    if not found:
        return ""
    if on_this_lab(lesson) is None:
        return f"The class {found[0]['code']} of this lesson runs on the lab {found[0]['lab']}: open the lesson with it to lead it from here."
    return f"You lead the class {found[0]['code']} from here, by the bar below each question. Plan and notes: lesson.plan()"


def plan_html(leading: Leading) -> str:
    """The plan of a class as HTML: each question, its minutes, where it stands; what is left; the lesson's notes to instructors."""
    lesson, state = leading.lesson, leading.line.state
    if state is None:
        return f"<p>{escape(leading.line.fault or 'Looking for the class server.')}</p>"
    here = state["poll"]["question"] if state["poll"] else ""
    left = sum(planned["minutes"] for planned in state["plan"] if planned["phase"] != "revealed")
    rows = []
    for planned in state["plan"]:
        item = lesson.items.get(planned["id"])
        title = escape((item.title if item else planned["title"]).split(" · ")[0])
        marked = f"<strong>{title}</strong>" if planned["id"] == here else title
        now = "here now" if planned["id"] == here and planned["phase"] != "revealed" else LEFT[planned["phase"]]
        vote = "" if planned["vote"] else ", in pairs, no vote"
        rows.append(
            f"<tr><td>{marked}{vote}</td><td><code>{escape(planned['id'])}</code></td><td>{significant(max(planned['minutes'], 0.1), 2)} min</td><td>{now}</td></tr>"
        )
    table = f"<table><thead><tr><th>Question</th><th>In the notes</th><th>Takes</th><th>Stands</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    notes = lesson.raw.get("instructor", "")
    apart = _HEADED.sub("\n\n", notes)
    told = lesson.words.html(apart, f"{lesson.name} instructor") if notes else ""
    fault = f"<p><em>{escape(leading.line.fault)}</em></p>" if leading.line.fault else ""
    head = f"<p><strong>Class {escape(state['code'])}.</strong> {state['joined']} here. What is left takes about {left:.0f} minutes.</p>"
    return f"{fault}{head}{table}{told}"
