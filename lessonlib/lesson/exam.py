"""A sealed exam: questions that are revealed only once all of them are committed, about one of several sets of labs.

The first set is taken first. Each time it is drawn again the next one comes, and the learner's record says which.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.words import Words, WordsError
from lessonlib.roofline import Lab

if TYPE_CHECKING:
    from lessonlib.lesson.lesson import Lesson

#: the event of the record that says that another set was drawn, and the question under which it stands
DRAW, WHERE = "draw", "exam"


class Exam:
    """The exam of a lesson. ``sets`` is what its working gives: sets of labs, each with one for each question."""

    def __init__(self, lesson: Lesson, sets: Sequence[Sequence[Lab]]):
        self.lesson, self.sets = lesson, sets
        self.drawn = self._recorded()
        self.items: list[StepItem] = []

    @property
    def name(self) -> str:
        """What the drawn set is called: "A"."""
        return "ABCDEFGH"[self.drawn % len(self.sets)]

    @property
    def left(self) -> int:
        """How many of its questions are still to be committed."""
        return sum(item.step.guess is None and not item.step.revealed for item in self.items)

    @property
    def over(self) -> bool:
        """Whether all of them are revealed."""
        return bool(self.items) and all(item.step.revealed for item in self.items)

    def words(self, place: int) -> Words:
        """The words of its question at that place (from 0), for the lab of the drawn set."""
        labs = self.sets[self.drawn % len(self.sets)]
        if place >= len(labs):
            raise WordsError(f"{self.lesson.name}: set {self.name} of the exam has {len(labs)} labs, one too few")
        return self.lesson.words.elsewhere(labs[place])

    def sealed(self) -> str:
        """Why nothing is revealed yet; "" once all are committed."""
        done = len(self.items) - self.left
        return f"Sealed: {done} of {len(self.items)} committed. All open together." if self.left else ""

    def follow(self) -> bool:
        """Go to the set that the record says; whether that is another one."""
        before, self.drawn = self.drawn, self._recorded()
        return self.drawn != before

    def draw_again(self) -> None:
        """Put another set on the table, once the one there is over."""
        if not self.over:
            return
        lesson = self.lesson
        address = {"lesson": lesson.name, "question": WHERE, "hash": "", "lab": lesson.lab.name}
        self.drawn += 1
        lesson.journal.append({**address, "event": DRAW, "number": self.drawn})

    def _recorded(self) -> int:
        drawn = [
            record.get("number")
            for record in self.lesson.journal.records(self.lesson.name)
            if record.get("event") == DRAW and record.get("lab") == self.lesson.lab.name
        ]
        last = drawn[-1] if drawn else 0
        return last if isinstance(last, int) and not isinstance(last, bool) and last >= 0 else 0


def sets_of(found: object, where: str) -> Sequence[Sequence[Lab]]:
    """What a working gave as the sets of an exam; LessonlibError if it is none."""
    if isinstance(found, Sequence) and found and all(isinstance(labs, Sequence) for labs in found):
        return found
    raise LessonlibError(f"{where} exam: the working must give sets of labs, each a list")
