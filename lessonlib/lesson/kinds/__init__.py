"""The kinds of question, by name, and by the entry of a lesson file that asks them."""

from __future__ import annotations

from lessonlib.lesson.kinds.choice import Choice
from lessonlib.lesson.kinds.curve import Curve
from lessonlib.lesson.kinds.number import Number
from lessonlib.lesson.kinds.place import Place
from lessonlib.lesson.kinds.range import Range
from lessonlib.lesson.kinds.settings import Settings
from lessonlib.lesson.kinds.spoken import Blanks, Closing, Explain, Note, Recall
from lessonlib.lesson.question import Question, Raw
from lessonlib.lesson.words import Words

_ALL: tuple[type[Question], ...] = (
    Choice,
    Number,
    Range,
    Settings,
    Curve,
    Place,
    Recall,
    Blanks,
    Explain,
    Note,
    Closing,
)

#: kind -> its class
KINDS: dict[str, type[Question]] = {kind.kind: kind for kind in _ALL}

#: key in a lesson file, which is also the notebook's method -> the kinds that it may ask
ENTRIES: dict[str, tuple[type[Question], ...]] = {
    entry: tuple(kind for kind in _ALL if (kind.entry or kind.kind) == entry)
    for entry in dict.fromkeys(kind.entry or kind.kind for kind in _ALL)
}


def make_question(raw: Raw, words: Words, where: str) -> Question:
    """The question that ``raw`` describes. ``raw["kind"]`` is one of KINDS (the schema has checked it)."""
    return KINDS[raw["kind"]](raw, words, where)
