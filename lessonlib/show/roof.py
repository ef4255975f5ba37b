"""The block that draws the learner's roof so far: placed and true dots of all lessons up to here, with a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from lessonlib.lesson.block import Block
from lessonlib.lesson.fragments import TEXT, Schema
from lessonlib.lesson.placed import Placed, placed_before
from lessonlib.lesson.views import DotView, DrawnView, PanelKind, PlaceAsk, RoofDrawing, RoofView


class Roof(Block):
    """Your roof so far: every dot that you placed, and where it truly is."""

    kind = "roof"
    panel: ClassVar[PanelKind] = "roof"
    sealed = False
    keys: ClassVar[Mapping[str, Schema]] = {"text": TEXT}
    optional = frozenset({"text"})

    def draw(self) -> DrawnView:
        """The roof with the dots that are revealed."""
        html = self.lesson.words.html(self.raw["text"], self.where) if "text" in self.raw else ""
        placed = placed_before(self.lesson, self.raw["id"])
        shown = [one for one in placed if one.revealed]
        if not shown:
            return {"html": f"{html}<p>{_none(placed)}</p>"}
        return {"html": html, "roof": _drawing(shown, [one for one in placed if not one.revealed])}


def _drawing(shown: Sequence[Placed], waiting: Sequence[Placed]) -> RoofDrawing:
    asks = [one.question.ask() for one in shown]
    dots = [_dot(one) for one in shown]
    return {
        "axes": _axes(asks, dots),
        "roofs": _different([ask["roof"] for ask in asks]),
        "dots": dots,
        "waiting": _waiting(waiting),
        "alt": _alt(dots),
    }


def _dot(one: Placed) -> DotView:
    truth: Mapping[str, Any] = one.question.result(None)["truth"]
    mine = None if one.guess is None else one.question.guess_view(one.guess)
    return {
        "lesson": f"{one.number}",
        "label": truth["label"] or one.question.id.replace("-", " "),
        "x": truth["x"],
        "y": truth["y"],
        "text": truth["text"],
        "mine": mine,  # type: ignore[typeddict-item]
        "off": "skipped" if one.guess is None else one.question.off_words(one.guess),
    }


def _axes(asks: Sequence[PlaceAsk], dots: Sequence[DotView]) -> PlaceAsk:
    """The axes of the last question, wide enough for all of them and for every dot."""
    axes = dict(asks[-1])
    for axis in "xy":
        values = [dot[axis] for dot in dots] + [dot["mine"][axis] for dot in dots if dot["mine"]]  # type: ignore[literal-required]
        axes[f"{axis}_min"] = min(*(ask[f"{axis}_min"] for ask in asks), *values)  # type: ignore[literal-required]
        axes[f"{axis}_max"] = max(*(ask[f"{axis}_max"] for ask in asks), *values)  # type: ignore[literal-required]
    return axes  # type: ignore[return-value]


def _different(roofs: Sequence[RoofView]) -> list[RoofView]:
    return [roof for number, roof in enumerate(roofs) if roof not in roofs[:number]]


def _waiting(waiting: Sequence[Placed]) -> str:
    if not waiting:
        return ""
    many = f"{len(waiting)} more dot{'s' * (len(waiting) != 1)} of {_lessons(waiting)}"
    return f"{many} {'are' if len(waiting) != 1 else 'is'} not revealed yet."


def _none(waiting: Sequence[Placed]) -> str:
    """What stands where no dot is revealed: where they come from."""
    if not waiting:
        return "No dot yet: no question before this one asks for a place on the roof."
    if len(waiting) == 1:
        return f"Your first dot stands here once you have placed it in {_lessons(waiting)} and revealed it."
    return f"Your {len(waiting)} dots of {_lessons(waiting)} stand here, each once you have placed and revealed it."


def _lessons(placed: Sequence[Placed]) -> str:
    lessons = sorted({one.number for one in placed})
    named = ", ".join(map(str, lessons[:-1])) + (" and " if lessons[1:] else "") + str(lessons[-1])
    return f"lesson{'s' * (len(lessons) != 1)} {named}"


def _alt(dots: Sequence[DotView]) -> str:
    told = "; ".join(f"{dot['label']} at {dot['text']}" for dot in dots)
    return f"{len(dots)} dot{'s' * (len(dots) != 1)} on a log-log roof of arithmetic rate over intensity: {told}."
