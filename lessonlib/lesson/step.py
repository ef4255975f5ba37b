"""One question on its way: asked -> committed -> revealed -> observed.

Plain Python: no kernel, no widget. Events come in as dicts, ``view()`` goes out as a dict, and the view
holds nothing about the truth before the reveal. What happened is handed to ``record``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.question import CERTAIN, CONFIDENCE, GRADES, Guess, Question
from lessonlib.lesson.records import NoRecords, Record
from lessonlib.lesson.views import ObserveView, State, View

#: keeps nothing
_FORGET = NoRecords().append

ASKED: State = "asked"
COMMITTED: State = "committed"
REVEALED: State = "revealed"
OBSERVED: State = "observed"

#: event -> the states in which it means something; anywhere else it is late or forged
_FITS: dict[str, set[State]] = {
    "commit": {ASKED},
    "skip": {ASKED},
    "hint": {ASKED},
    "revote": {COMMITTED},
    "reveal": {COMMITTED},
    "observe": {REVEALED},
    "grade": {REVEALED, OBSERVED},
}
#: a note is kept, changed and kept again, and never revealed
_FITS_NOTE: dict[str, set[State]] = {"commit": {ASKED, COMMITTED}}


class Step:
    """The state of one question for one learner."""

    def __init__(self, question: Question, title: str, record: Callable[[Record], None] = _FORGET):
        self.question, self.title, self.record = question, title, record
        #: why it is not revealed yet though it is committed; "" where nothing keeps it closed
        self.sealed: Callable[[], str] = str
        #: whether a class takes a second vote on it now
        self.takes_revote = False
        #: nothing is sealed to a replay (what was revealed once was open) and to a run without a person
        self._unsealed = False
        self.state: State = ASKED
        #: the first guess, which is what counts
        self.guess: Guess | None = None
        self.confidence: int | None = None
        #: the guess and the confidence of a second vote in a class, which is what the reveal answers then
        self.revote: tuple[Guess, int | None] | None = None
        self.skipped = False
        self.hints_shown = 0
        self.observed: str | None = None
        self.grade: str | None = None
        self.problem = ""

    @property
    def id(self) -> str:
        """The id of its question."""
        return self.question.id

    @property
    def revealed(self) -> bool:
        """Whether the truth is out."""
        return self.state in (REVEALED, OBSERVED)

    @property
    def untouched(self) -> bool:
        """Whether nothing has been done with it yet."""
        return self.state == ASKED and not self.hints_shown

    def handle(self, event: Mapping[str, Any]) -> None:
        """Take one event. What does not fit the state (a late click, a forged message) changes nothing."""
        name = str(event.get("event"))
        if not self.takes(name):
            return
        self.problem = ""
        try:
            self._handlers()[name](event)
        except GuessError as error:
            self.problem = str(error)

    def takes(self, name: str) -> bool:
        """Whether an event of that name means something in this state."""
        fits = _FITS_NOTE if self.question.only_kept else _FITS
        if name in ("reveal", "skip") and not self._unsealed and self.sealed():
            return False
        if name == "revote" and not self._unsealed and not self.takes_revote:
            return False
        return self.state in fits.get(name, ())

    def _handlers(self) -> dict[str, Callable[[Mapping[str, Any]], None]]:
        return {
            "commit": self._commit,
            "revote": self._revote,
            "reveal": self._reveal,
            "observe": self._observe,
            "skip": self._skip,
            "hint": self._hint,
            "grade": self._grade,
        }

    def _commit(self, event: Mapping[str, Any]) -> None:
        self.guess, self.confidence = self._given(event)
        self.state = COMMITTED
        self.record({"event": "commit", "guess": self.guess, "confidence": self.confidence})

    def _revote(self, event: Mapping[str, Any]) -> None:
        guess, confidence = self.revote = self._given(event)
        self.record({"event": "revote", "round": 2, "guess": guess, "confidence": confidence})

    def _given(self, event: Mapping[str, Any]) -> tuple[Guess, int | None]:
        guess = self.question.accept(event.get("guess"))
        confidence = event.get("confidence")
        if self.question.sure and confidence not in range(len(CONFIDENCE)):
            raise GuessError("Say how sure you are, then commit.")
        return guess, int(confidence) if self.question.sure and confidence is not None else None

    def _reveal(self, event: Mapping[str, Any]) -> None:
        self._open()
        self.record({"event": "reveal", **self.question.score(self.guess or {})})

    def _skip(self, event: Mapping[str, Any]) -> None:
        self.skipped = True
        self._open()
        self.record({"event": "skip"})

    def _open(self) -> None:
        self.state = REVEALED if self.question.raw.get("observe") else OBSERVED

    def _observe(self, event: Mapping[str, Any]) -> None:
        observe = self.question.observe()
        choice = event.get("choice")
        if observe is None or choice not in [option["key"] for option in observe["options"]]:
            raise GuessError("Choose what the reveal showed.")
        self.observed, self.state = str(choice), OBSERVED
        self.record({"event": "observe", "choice": choice, "right": choice == observe["right"]})

    def _hint(self, event: Mapping[str, Any]) -> None:
        if self.hints_shown < len(self.question.hints()):
            self.hints_shown += 1
            self.record({"event": "hint", "number": self.hints_shown})

    def _grade(self, event: Mapping[str, Any]) -> None:
        if self.question.self_graded and event.get("grade") in [grade["key"] for grade in GRADES]:
            self.grade = str(event["grade"])
            self.record({"event": "grade", "grade": self.grade})

    # --- what a person sees ---------------------------------------------------------------------------

    def view(self) -> View:
        """The whole panel as data. Before the reveal it is the same whatever the truth is."""
        question = self.question
        hints = question.hints()
        view: dict[str, Any] = {
            "kind": question.kind,
            "id": question.id,
            "title": self.title,
            "state": self.state,
            "stem": question.stem(),
            "ask": question.ask(),
            "confidence": list(CONFIDENCE) if question.sure else None,
            "hints": {"shown": hints[: self.hints_shown], "left": len(hints) - self.hints_shown},
            "problem": self.problem,
            "skipped": self.skipped,
        }
        if not self.revealed and (sealed := self.sealed()):
            view["sealed"] = sealed
        guess, confidence = self.revote or (self.guess, self.confidence)
        if guess is not None:
            view["guess"] = {**question.guess_view(guess), "confidence": confidence}
        if self.revealed:
            view |= self._revealed_part()
        return cast(View, view)

    def _revealed_part(self) -> dict[str, Any]:
        guess = None if self.skipped else self.revote[0] if self.revote else self.guess
        result = {**self.question.result(guess), **self.question.drawing(guess)}
        if self.question.self_graded:
            result["grade"] = self.grade
        part = {"result": result, "observe": self._observe_part(), "working": self.question.working()}
        return {**part, "explanation": self.question.explanation()} if self.state == OBSERVED else part

    def _observe_part(self) -> ObserveView | None:
        observe = self.question.observe()
        if observe is None:
            return None
        shown: ObserveView = {"ask": observe["ask"], "options": observe["options"], "chosen": self.observed}
        if self.observed:
            shown |= {"right": observe["right"], "note": observe["note"]}
        return shown

    # --- without a person ------------------------------------------------------------------------------

    def answer(self, given: Any) -> None:
        """Walk all the way with ``given`` as the guess. Raises if it is not accepted."""
        self.handle({"event": "commit", "guess": given, "confidence": CERTAIN if self.question.sure else None})
        if self.problem:
            raise LessonlibError(f"{self.question.where}: the guess {given!r} was refused: {self.problem}")
        with self._open_to_all():
            self.handle({"event": "reveal"})
        self.observe_right()

    def skip(self) -> None:
        """Walk all the way without a guess."""
        with self._open_to_all():
            self.handle({"event": "skip"})
        self.observe_right()

    @contextmanager
    def _open_to_all(self) -> Iterator[None]:
        """As long as this lasts, nothing is sealed."""
        self._unsealed = True
        try:
            yield
        finally:
            self._unsealed = False

    def observe_right(self) -> None:
        """Tap the right observation, if one is asked for."""
        observe = self.question.observe()
        if observe is not None:
            self.handle({"event": "observe", "choice": observe["right"]})

    def replay(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Restore from the journal: the same events again, none of them recorded twice.

        A record that no longer fits (a guess that an older version accepted) is passed over.
        """
        record, self.record = self.record, _FORGET
        try:
            with self._open_to_all():
                for entry in records:
                    self.handle({**entry, "guess": self._as_given(entry.get("guess"))})
        finally:
            self.record, self.problem = record, ""

    def _as_given(self, guess: Any) -> Any:
        """A stored guess as the browser would send it."""
        return self.question.as_given(guess) if isinstance(guess, dict) else guess
