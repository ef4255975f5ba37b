"""The inventory as a block: a coin, how far each form is, and once both are done what each idea has gained."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, ClassVar

from lessonlib.lesson.block import Block
from lessonlib.lesson.form import FORMS
from lessonlib.lesson.fragments import Schema
from lessonlib.lesson.views import DrawnView
from lessonlib.record.journal import Journal
from lessonlib.review.inventory import (
    COIN,
    IdeaGain,
    InventoryReport,
    Sitting,
    first_form,
    inventory_report,
    sittings,
)

_ABOUT = (
    "<p>The inventory has two forms of twelve questions about the same ideas. Take one before the lessons and the other one after "
    "them. Answers are kept; none is revealed before both forms are done.</p>"
)


class Inventory(Block):
    """Where you stand in the inventory, and in the end what each idea has gained."""

    kind = "inventory"
    sealed = False
    open_at_once = True
    keys: ClassVar[Mapping[str, Schema]] = {}

    def draw(self) -> DrawnView:
        """The coin, the standing or the gains, whichever it is time for."""
        journal = self.lesson.journal
        if not isinstance(journal, Journal) or journal.path is None:
            return self.draw_for_nobody()
        events = journal.events()
        report = inventory_report(events)
        if report:
            forms = " and ".join(_link(form) for form in report["forms"])
            return {"html": f"{gains_html(report)}<p>The answers: open {forms} and reveal.</p>"}
        found, first = sittings(journal.attempts()), first_form(events)
        if not found and not first:
            return {"html": _ABOUT, "more": "Toss a coin: which form comes first?"}
        return {"html": _ABOUT + _standing(found, first)}

    def draw_for_nobody(self) -> DrawnView:
        """What the inventory is."""
        return {"html": _ABOUT}

    def handle(self, event: Mapping[str, Any]) -> bool:
        """Toss the coin, once."""
        journal = self.lesson.journal
        if event.get("event") != "more" or not isinstance(journal, Journal) or first_form(journal.events()):
            return False
        address = {"lesson": COIN, "question": COIN, "hash": "", "lab": COIN}
        journal.append({**address, "event": "draw", "number": secrets.randbelow(len(FORMS))})
        return True


def _named(form: str) -> str:
    return f"form {form[-1].upper()}"


def _link(form: str) -> str:
    return f'<a href="{form}.ipynb">{_named(form)}</a>'


def _standing(found: Sequence[Sitting], first: str) -> str:
    """What is kept, and what comes next."""
    kept = "".join(f"<p>{_named(one.form).capitalize()}: {len(one.right)} of {one.asked} kept.</p>" for one in found)
    open_one = next((one.form for one in found if not one.complete), "")
    if open_one:
        return f"{kept}<p>Next: {_link(open_one)}, to its end.</p>"
    if not found:
        return f"<p>The coin fell on {_named(first)}. Next: {_link(first)}, before the lessons.</p>"
    rest = next(form for form in FORMS if form not in [one.form for one in found])
    return f"{kept}<p>Next: the lessons. After them {_link(rest)}, and then the answers to both.</p>"


def gains_html(report: InventoryReport) -> str:
    """What came out, in a sentence and as a table."""
    whole = report["whole"]
    rows = "".join(_row(idea) for idea in (*report["ideas"], whole))
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Idea", "before", "after", "gain"))
    return (
        f"<p>Of {report['questions']} ideas you had <strong>{_of(whole['before'], report)}</strong> before and "
        f"<strong>{_of(whole['after'], report)}</strong> after. {_gained(whole['gain'])}</p>"
        '<div class="ll-wide" role="group" aria-label="Inventory" tabindex="0"><table class="ll-score"><caption>Before and after, idea by idea</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        "<p><small>Gain: (after − before) / (1 − before), the part of what was left to gain. One question for each idea in each "
        "form: a single row may be luck, the last row less so.</small></p>"
    )


def _of(share: float | None, report: InventoryReport) -> str:
    return f"{round((share or 0) * report['questions'])}"


def _gained(gain: float | None) -> str:
    if gain is None:
        return "Nothing was left to gain."
    if gain < 0:
        return f"The gain is {_shown(gain)}: fewer are right than before."
    return f"The gain is {_shown(gain)}: of what was left to gain, so much was gained."


def _row(idea: IdeaGain) -> str:
    """A row; of one question "right" says more than 1."""
    one = idea["id"] != ""
    cells = "".join(f"<td>{_share(idea[when], one)}</td>" for when in ("before", "after"))
    return f'<tr><th scope="row">{escape(idea["title"])}</th>{cells}<td>{_change(idea) if one else _shown(idea["gain"])}</td></tr>'


def _share(share: float | None, one: bool) -> str:
    if share is None:
        return "–"
    return ("✓ right" if share else "not yet") if one else f"{100 * share:.0f} %"


def _change(idea: IdeaGain) -> str:
    """The gain of one question: with nothing left to gain there is none, also where it was lost again."""
    if idea["gain"] is None:
        return "had it" if idea["after"] else "lost again"
    return _shown(idea["gain"])


def _shown(gain: float | None) -> str:
    return "–" if gain is None else f"{gain:.2f}".rstrip("0").rstrip(".").replace("-", "−")
