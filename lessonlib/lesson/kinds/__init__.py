"""The kinds of question, by name."""

from __future__ import annotations

from lessonlib.lesson.kinds.choice import Choice
from lessonlib.lesson.kinds.curve import Curve
from lessonlib.lesson.kinds.number import Number
from lessonlib.lesson.kinds.spoken import Blanks, Explain, Note, Recall
from lessonlib.lesson.question import Question, Raw
from lessonlib.lesson.words import Words

KINDS: dict[str, type[Question]] = {kind.kind: kind for kind in (Choice, Number, Curve, Blanks, Recall, Explain, Note)}


def make_question(raw: Raw, words: Words, where: str) -> Question:
    """The question that ``raw`` describes. ``raw["kind"]`` is one of KINDS (the schema has checked it)."""
    return KINDS[raw["kind"]](raw, words, where)
