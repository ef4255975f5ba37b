"""The explorer: knobs, and what a function of the lesson's package computes for each setting of them.

The page sends where the knobs stand, never a value; the kernel computes, keeps what it computed, and sends the numbers
and the drawing of :class:`lessonlib.draw.explored.Explored`. The page sends one setting at a time, the newest, so that
nothing is computed that nobody waits for.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.explored import DRAWINGS, Explored
from lessonlib.lesson.block import WORD_BLOCKS, Block
from lessonlib.lesson.fragments import NAME, TEXT, Schema, keyed, one_of, several
from lessonlib.lesson.guess import GuessError, shorten
from lessonlib.lesson.views import DrawnView, ExplorerView, FirstGuessView
from lessonlib.show.knobs import KNOB, Knob, make_knobs

log = logging.getLogger(__name__)

#: settings whose outcome is kept; an hour of turning knobs comes to a few hundred
KEPT = 500
_CONTEXT = {
    "name": "context",
    "label": "Context of each",
    "unit": "tokens",
    "stops": "context_stops",
    "start": "context_tokens",
}
#: what an explorer shows that names no function
COMMON = "explore_ceilings"
#: functions of course/shared whose drawing and knobs may be left out
READY: Mapping[str, Mapping[str, Any]] = {
    COMMON: {
        "drawing": ["lines", "bars"],
        "knobs": [
            {"name": "batch", "label": "Batch", "unit": "requests", "stops": [2**power for power in range(10)]},
            _CONTEXT,
            {"name": "gpu", "label": "GPU", "choices": "gpu_choices", "start": "gpu_start"},
            {"name": "weights", "label": "Weights", "choices": "weights_choices", "start": "weights_start"},
        ],
    },
    "play_token": {
        "drawing": "gate",
        "knobs": [
            {"name": "batch", "label": "Batch", "unit": "requests", "stops": [2**power for power in range(8)]},
            _CONTEXT,
            {"name": "bits", "label": "Weights", "choices": "weights_choices", "start": "weights_start"},
        ],
    },
}
_DRAWING = one_of(*DRAWINGS)
_OPTION: Schema = {"type": ["string", "number"]}


class Explore(Block):
    """The instrument for what-if questions."""

    kind = "explore"
    panel = "explorer"
    keys: ClassVar[Mapping[str, Schema]] = {
        "block": WORD_BLOCKS["tell"].keys["block"],
        "text": TEXT,
        "compute": NAME,
        "knobs": several(KNOB, minItems=1, maxItems=8),
        "drawing": {"anyOf": [_DRAWING, several(_DRAWING, minItems=1, maxItems=2, uniqueItems=True)]},
        "guess": keyed(
            {
                "ask": TEXT,
                "options": several(_OPTION, minItems=2, maxItems=4, uniqueItems=True),
                "right": _OPTION,
                "after": TEXT,
            },
            required=["ask", "options", "right", "after"],
        ),
    }
    optional = frozenset({"block", "compute", "knobs", "drawing", "guess"})
    #: open text, the same for all: no number, which might be an answer on some lab
    by_hand = """
# A ceiling by hand, once it is open, in a cell of your own, with a batch and a context of your choice:
#   from lessonlib import decode
#   decode(lesson.lab.system, batch, context).ceiling_tokens_per_s"""

    def __init__(self, raw: Any, lesson: Any):
        super().__init__(raw, lesson)
        self._picks: dict[str, int] = {}
        self._chosen: str | None = None
        self._moved = False
        self._kept: dict[tuple[int, ...], Explored | LessonlibError] = {}

    # --- what the YAML declares ---------------------------------------------------------------------------------

    @functools.cached_property
    def declared(self) -> Mapping[str, Any]:
        """The entry, with what may be left out: the function, and what is ready for it."""
        compute = self.raw.get("compute", COMMON)
        return {"compute": compute, **READY.get(compute, {}), **self.raw}

    @functools.cached_property
    def compute(self) -> Callable[..., Any]:
        """The function of the lesson's package; LessonlibError if there is none of that name."""
        return self.lesson.code.function(self.declared["compute"])

    @functools.cached_property
    def knobs(self) -> list[Knob]:
        """The knobs on this lab; LessonlibError in one line if they do not fit the function."""
        compute = self.compute
        if not {"knobs", "drawing"} <= {*self.declared}:
            raise LessonlibError(
                f"{self.where}: an explorer with a function of its own names its knobs and its drawing"
            )
        return make_knobs(self.declared["knobs"], self.lesson.words, compute, self.where)

    @property
    def drawings(self) -> list[str]:
        """What is drawn, in order."""
        named = self.declared["drawing"]
        return [named] if isinstance(named, str) else list(named)

    # --- computing ----------------------------------------------------------------------------------------------

    @property
    def picks(self) -> dict[str, int]:
        """Knob -> the place where it stands."""
        return {knob.name: self._picks.get(knob.name, knob.start) for knob in self.knobs}

    @property
    def start(self) -> dict[str, int]:
        """Knob -> the place where it starts."""
        return {knob.name: knob.start for knob in self.knobs}

    def explored(self, picks: Mapping[str, int]) -> Explored:
        """What the function says of these places; the last KEPT are kept. Raises LessonlibError, one line."""
        key = tuple(picks[knob.name] for knob in self.knobs)
        found = self._kept.pop(key, None)
        found = self._computed(key) if found is None else found
        self._kept[key] = found  # the newest last, so that the oldest goes first
        if len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]
        if isinstance(found, LessonlibError):
            raise found
        return found

    def _computed(self, key: tuple[int, ...]) -> Explored | LessonlibError:
        given = {knob.name: knob.stops[place] for knob, place in zip(self.knobs, key, strict=True)}
        setting = ", ".join(f"{knob.label} {knob.words[place]}" for knob, place in zip(self.knobs, key, strict=True))
        try:
            shown = self.compute(self.lesson.lab, **given)
            if not isinstance(shown, Explored):
                raise LessonlibError(f"{self.compute.__name__} returns {type(shown).__name__}; it returns an Explored")
            shown.refuse(self.drawings)
            shown.view()
        except Exception as error:
            if not isinstance(error, LessonlibError):
                log.exception("explorer %s at %s", self.where, setting)
            what = str(error) if isinstance(error, LessonlibError) else f"{type(error).__name__}: {error}"
            return LessonlibError(f"This cannot be computed at {setting}: {' '.join(what.split())}")
        return shown

    # --- what is shown ------------------------------------------------------------------------------------------

    def draw(self) -> DrawnView:
        """The text, the knobs, and what is shown where they stand."""
        return {"html": self._html(self.raw["text"]), "explorer": self._explorer(self.picks)}

    def _explorer(self, picks: dict[str, int]) -> ExplorerView:
        shown: ExplorerView = {
            "drawings": self.drawings,
            "knobs": [knob.view() for knob in self.knobs],
            "picks": picks,
            "explored": None,
        }
        try:
            shown["explored"] = self.explored(picks).view()
        except LessonlibError as error:
            shown["fault"] = str(error)
        if picks != self.start:
            with contextlib.suppress(LessonlibError):  # a start that cannot be computed is nothing to compare with
                shown["started"] = self.explored(self.start).view()
        if "guess" in self.raw:
            shown["guess"] = self._guess(self.raw["guess"])
        return shown

    def _guess(self, raw: Mapping[str, Any]) -> FirstGuessView:
        options = [{"key": str(at), "html": self._inline(str(text))} for at, text in enumerate(raw["options"])]
        shown: FirstGuessView = {"ask": self._html(raw["ask"]), "options": options, "chosen": self._chosen}  # type: ignore[typeddict-item]
        return {**shown, "right": self._right(raw), "after": self._html(raw["after"])} if self._moved else shown

    @staticmethod
    def _right(raw: Mapping[str, Any]) -> str:
        return str([str(option) for option in raw["options"]].index(str(raw["right"])))

    def _html(self, text: str) -> str:
        return self.lesson.words.html(text, self.where)

    def _inline(self, text: str) -> str:
        return self.lesson.words.inline(text, self.where)

    def parts(self) -> Mapping[str, Any]:
        """The text, the knobs and the start, and all that the guess can say; the same whatever was turned."""
        shown = {"html": self._html(self.raw["text"]), "explorer": self._explorer(self.start)}
        if "guess" not in self.raw:
            return shown
        raw = self.raw["guess"]
        options = [self._inline(str(text)) for text in raw["options"]]
        shown["explorer"]["guess"] = {  # type: ignore[index]
            "ask": self._html(raw["ask"]),
            "options": options,
            "right": self._right(raw),
            "after": self._html(raw["after"]),
        }
        return shown

    # --- events -------------------------------------------------------------------------------------------------

    def handle(self, event: Mapping[str, Any]) -> bool:
        """Take the guess, or where the knobs stand now. Raises GuessError for places that no knob has."""
        if event.get("event") == "pick" and "guess" in self.raw:
            return self._choose(event.get("choice"))
        if event.get("event") != "explore" or self._waits_for_guess:
            return False
        picks = event.get("picks")
        if not isinstance(picks, Mapping) or not all(self._has(knob, picks.get(knob.name)) for knob in self.knobs):
            raise GuessError(f"No knob stands at {shorten(repr(picks))}. Move it once more.")
        self._picks = {knob.name: int(picks[knob.name]) for knob in self.knobs}
        self._moved = True
        return True

    @staticmethod
    def _has(knob: Knob, place: Any) -> bool:
        return isinstance(place, int) and not isinstance(place, bool) and 0 <= place < len(knob.stops)

    @property
    def _waits_for_guess(self) -> bool:
        return "guess" in self.raw and self._chosen is None

    def _choose(self, choice: Any) -> bool:
        if self._chosen is not None or choice not in [str(at) for at in range(len(self.raw["guess"]["options"]))]:
            return False
        self._chosen = choice
        return True
