"""The order of a lesson: what each entry is called, which are steps, and what a lock calls them.

The lesson, its notebook and the linter read titles and step numbers here, so they cannot differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lessonlib.lesson.block import Blocks
from lessonlib.lesson.kinds import ENTRIES

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One entry of a lesson file.

    ``kind`` is its key there, ``title`` what stands over its panel and on the collapsed bar of its cell ("" for a
    text). ``step`` is the number of the next step that is not revealed before it, from 1.
    """

    kind: str
    raw: Raw
    title: str
    step: int
    is_step: bool

    @property
    def lock_name(self) -> str:
        """What a lock calls it."""
        return f"step {self.step}"


def outline(raw: Raw, blocks: Blocks) -> Iterator[Entry]:
    """The entries of a lesson file, in order. An entry of a kind that ``blocks`` lacks goes by its own title."""
    step, quizzes, exams, sealed = 1, 0, 0, 0
    for found in raw["steps"]:
        kind, body = next(iter(found.items()))
        if kind == "text":
            yield Entry(kind, {"text": body}, "", step, is_step=False)
            continue
        quizzes += bool(kind == "predict" and body.get("quiz"))
        exams += bool(kind == "predict" and body.get("exam"))
        sealed += bool(kind == "predict" and body.get("sealed"))
        numbered = is_step(kind, body)
        yield Entry(kind, body, _title(kind, body, step, (quizzes, exams, sealed), blocks), step, numbered)
        step += numbered


def is_step(kind: str, raw: Raw) -> bool:
    """Whether an entry is one of the numbered steps, which open what follows: a prediction that is neither quiz nor transfer
    nor one of an exam or of an inventory.
    """
    return kind == "predict" and not any(raw.get(key) for key in ("quiz", "transfer", "exam", "sealed"))


def _title(kind: str, raw: Raw, step: int, counted: tuple[int, int, int], blocks: Blocks) -> str:
    quiz, exam, sealed = counted
    if kind in blocks:
        return blocks[kind].title_of(raw)
    if kind not in ENTRIES:
        return str(raw["title"])
    if kind != "predict":
        return str(raw.get("title") or ENTRIES[kind][0].title)
    if raw.get("quiz"):
        return f"Quiz {quiz} · from memory"
    if raw.get("exam") and raw.get("title"):
        return str(raw["title"])
    if raw.get("exam"):
        several = raw["kind"] == "settings"
        return f"Service {exam} · settings and forecasts, sealed" if several else f"System {exam} · a forecast, sealed"
    if raw.get("sealed"):
        return f"Question {sealed} · commit, and it is kept"
    return "Transfer · the same idea elsewhere" if raw.get("transfer") else f"Step {step} · predict, then reveal"
