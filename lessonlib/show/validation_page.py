"""The page `validation` in a notebook: first a guess about what is hard to predict, then the errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.base.quantity import Quantity
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds.choice import Choice
from lessonlib.lesson.restore import restore
from lessonlib.lesson.words import Numbers, Words
from lessonlib.record.journal import Journal
from lessonlib.roofline import Lab, load_lab
from lessonlib.roofline.calibrate.validation import LEANS, Text
from lessonlib.roofline.efficiency import constants_document
from lessonlib.show.fallback import fallback
from lessonlib.show.panel import Panel
from lessonlib.show.session import open_session

NAME = "validation"
KEY = "hardest"
TITLE = "What is hardest to predict?"
#: What the question offers: the metric as errors are kept, the words, and why it is not the hardest.
_OPTIONS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("time to first token, mixture", "the time to the first token of a mixture of experts on a busy server", {}),
    (
        "decode step, dense",
        "one decode step of a dense model",
        {
            "thought": "A decode step moves tens of gigabytes through a chip; much can go wrong there.",
            "tempting": "It is the step that every lesson speaks of, and no engine reaches its ceiling.",
            "wrong": "Every engine reads the same weights, at much the same share of the bandwidth.",
        },
    ),
    (
        "prefill, dense",
        "the prefill of a dense model",
        {
            "thought": "Arithmetic depends on kernels, and kernels differ.",
            "tempting": "They do, more than reading does.",
            "wrong": "Large dense products are what every vendor tunes first.",
        },
    ),
    (
        "throughput, dense",
        "the tokens per second of a full server with a dense model",
        {
            "thought": "So many requests at once: that must be the hardest.",
            "tempting": "A queue, a cache that fills, prompts beside answers: all of it must be simulated.",
            "wrong": "Over many requests the errors of single steps even out.",
        },
    ),
)


def _median(metric: str) -> Quantity:
    return Quantity(100 * constants_document()["left_out"][metric]["median_absolute_error"], "%", digits=2)


def _working(value: Quantity) -> Callable[[Any], Quantity]:
    """A working, as a lesson has them, that gives a number which is already there."""
    return lambda _lab: value


def question(lab: Lab) -> Choice:
    """Which of four numbers the expectation misses most, on sources that its fit had not seen."""
    numbers = {f"median_{index}": _median(metric) for index, (metric, *_) in enumerate(_OPTIONS)}
    options: list[dict[str, Any]] = []
    for index, (_, text, why) in enumerate(_OPTIONS):
        if not why:
            options.append(
                {
                    "text": text,
                    "right": True,
                    "because": "Kernels, a queue and a server's own time all stand before it.",
                }
            )
            continue
        fact = f"Its median error is {{{{ median_{index} }}}}; that of the first token {{{{ median_0 }}}}."
        options.append({"text": text, "misconception": f"hardest-{index}", "refutation": {**why, "fact": fact}})
    raw = {
        "id": KEY,
        "kind": "choice",
        "stem": "The constants of the expectation were fitted with one source of measurements left out, again and again. "
        "On the rows left out, which of these does it miss by the **most**, in the median?",
        "options": options,
        "reveal": "**The first token of a mixture: {{ median_0 }}.** Experts with few rows each fill no kernel, and the server's own "
        "time before the first token differs from stack to stack. One dense decode step is within {{ median_1 }}.",
    }
    working = {name: _working(value) for name, value in numbers.items()}
    return Choice(raw, Words(Numbers(working, lab), {}), "validation page")


def open_validation(
    lab: str | Lab | None = None, auto: str | None = None, journal: Journal | None = None
) -> ValidationPage:
    """The page for one lab: `lab`, `auto` and `journal` as for a lesson."""
    session = open_session(lab, auto, journal)
    return ValidationPage(session.lab, session.journal, session.mode)


class ValidationPage:
    """What the cells of the notebook call."""

    def __init__(self, lab: Lab, journal: Journal, auto: str | None):
        self._lab, self._journal, self._auto = lab, journal, auto
        asked = question(lab)
        self._item = StepItem("predict", asked.raw, f"{TITLE} · predict, then reveal", [], asked, f"“{TITLE}”")
        self._item.step.record = lambda record: journal.append({**self._address(self._item), **record})
        self._panels: list[tuple[Panel, Callable[[], Any]]] = []
        restore(NAME, [self._item], self._address, journal)

    def __repr__(self) -> str:
        return f"Validation · {self._lab.title}"

    def _address(self, item: StepItem) -> dict[str, str]:
        return {"lesson": NAME, "question": item.id, "hash": item.step.question.asked_hash(), "lab": self._lab.name}

    def predict(self) -> Panel:
        """The guess that opens the errors."""
        item = self._item
        if self._auto and not item.step.revealed:
            item.step.skip() if self._auto == "skip" else item.step.answer(item.step.question.right())
        return self._panel(item.view)

    def show(self, name: str) -> Panel:
        """One of PARTS, once the guess is revealed. Raises LessonlibError for another name."""
        if name not in PARTS:
            raise LessonlibError(f"“{name}” is not shown here; shown are {listed(PARTS)}")
        return self._panel(lambda: self._part(name))

    def _part(self, name: str) -> dict[str, Any]:
        title, make = PARTS[name]
        if not self._item.step.revealed:
            return {
                "kind": "tell",
                "id": name,
                "title": title,
                "state": "locked",
                "locked": f"Reveal {self._item.name} first",
            }
        return {"kind": "tell", "id": name, "title": title, "state": "observed", "html": make(self._lab)}

    def _panel(self, view: Callable[[], Any]) -> Panel:
        panel = Panel(view(), self._handle, lambda: fallback(view()))
        self._panels.append((panel, view))
        return panel

    def _handle(self, event: dict[str, Any]) -> None:
        self._item.step.handle(event)
        for panel, view in self._panels:
            panel.view = view()


def _table(text: Text) -> str:
    """The rows as a table with named columns."""
    head, *rows = text.rows
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(typeset(cell))}</td>" for cell in cells)}</tr>'
        for first, *cells in rows
    )
    note = f"<p>{escape(text.note[0].upper() + typeset(text.note[1:]))}.</p>" if text.note else ""
    return f'<table class="ll-score ll-errors"><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>{note}'


_PERCENT = re.compile(r"(?<=\d)%")
_NOTHING = re.compile(r"[+-]0(?:\.0+)?%")


def typeset(cell: str) -> str:
    """A cell as it stands on a page: -1.9% is −1.9 %, what is missing is a dash, and nothing has no sign."""
    if cell == "-":
        return "–"
    bare = cell[1:] if _NOTHING.fullmatch(cell) else cell
    return re.sub(r"^-(?=\d)", "−", _PERCENT.sub(" %", bare))


def _served(_lab: Lab) -> str:
    from lessonlib.base.paths import data_dir
    from lessonlib.serving.measured.report import CUTS, errors, grouped, held
    from lessonlib.serving.measured.rows import read_measurements

    rows, refused = read_measurements(data_dir() / "measured" / "engines.csv")
    items, more = held(rows)
    above, out = sum(item.over for item in items), len(refused) + len(more)
    parts = [
        f"<p>{len(items)} numbers that others measured on served engines: {above} above the ceiling; {out} cannot be computed.</p>"
    ]
    for title in ("metric and kind", "data", "gpu", "engine", "precision"):
        heading = {"gpu": "GPU", "data": "measurements"}.get(title, title)
        found: list[tuple[str, ...]] = [(heading, "rows", "half are off by at most", LEANS, "in the band")]
        for name, members in grouped(items, CUTS[title]).items():
            entry = errors(members)
            shares = (f"{entry['median_abs_error']:.0%}", f"{entry['bias']:+.0%}", f"{entry['band_coverage']:.0%}")
            found.append((name, str(entry["n"]), *shares))
        parts.append(_table(Text("", found)))
    return "".join(parts)


def _steps(_lab: Lab) -> str:
    from lessonlib.course.engine import roofline_validation
    from lessonlib.roofline.calibrate import validation

    return roofline_validation.draw().html + _table(validation.error_table("class"))


_WORDS = (
    "<p>An error is the expected time against the measured one. Half of the rows are off by at most the first share. The second "
    "has a sign: +10 % says that the expectation is too slow by a tenth in the median, so it leans to that side.</p>"
)


def _left_out(_lab: Lab) -> str:
    from lessonlib.roofline.calibrate import validation

    return _WORDS + _table(validation.left_out_table()) + _table(validation.band_table())


def _peers(_lab: Lab) -> str:
    from lessonlib.roofline.calibrate import validation

    return _table(validation.check_table()) + _table(validation.reasons_table())


def _ceiling(_lab: Lab) -> str:
    from lessonlib.course.engine import roofline_gpus
    from lessonlib.roofline.calibrate import validation

    return _table(validation.ceiling_table()) + roofline_gpus.draw().html


def _default_lab(_lab: Lab) -> str:
    from lessonlib.course.engine import roofline_step_time, roofline_waterfall
    from lessonlib.roofline.calibrate import validation

    lab = load_lab()
    return _table(validation.lab_table(lab)) + roofline_waterfall.draw(lab).html + roofline_step_time.draw(lab).html


def _cuts(_lab: Lab) -> str:
    from lessonlib.roofline.calibrate import validation

    return "".join(_table(validation.error_table(title)) for title in validation.CUTS if title != "class")


#: What the page shows after the guess: title, and what makes it.
PARTS: Mapping[str, tuple[str, Callable[[Lab], str]]] = {
    "peers": ("The ceiling beside other calculators", _peers),
    "ceiling": ("The ceiling is never beaten", _ceiling),
    "left out": ("Errors on sources left out, and the bands that follow", _left_out),
    "served": ("Served engines", _served),
    "steps": ("Steps and kernels, on the rows fitted", _steps),
    "cuts": ("The same by GPU, engine, precision and batch", _cuts),
    "lab": ("From the ceiling to the default lab", _default_lab),
}
