"""A learner's own lesson in a class: what is committed is the vote of the open round, and the class says when it is revealed.

It sits between the panels and the lesson. The record stays the learner's own: round 1 is the commit of any other day, with the
class beside it; a second vote is an event of its own, and the first guess goes on counting.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol, cast

from lessonlib.classroom.client import Ballot
from lessonlib.classroom.heard import Heard, asked_as
from lessonlib.classroom.phases import ROUND_OPEN, Phase
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.question import CONFIDENCE
from lessonlib.lesson.records import Record
from lessonlib.lesson.step import ASKED, COMMITTED
from lessonlib.lesson.views import ClassBar, View
from lessonlib.lesson.words import plain

#: what the page sends for the vote of the first round once more
SAME = "same"

_SEALED = "Closed until the class reveals it."
_PAIRS = {
    "draft": "Wait for the start.",
    "open1": "Explain it to your neighbour; nobody votes on this one.",
    "closed1": "Nobody votes on this one. Listen.",
    "revealed": "Open it, and compare.",
}
_LINES = {
    "draft": "The class is here. The vote is not open yet.",
    "open1": "First vote: commit, and your guess is your vote.",
    "closed1": "The first vote is closed.",
    "discuss": "Talk it over with somebody who answered otherwise. Then comes a second vote.",
    "open2": "Second vote: change your guess, or keep it.",
    "closed2": "The second vote is closed.",
    "shown": "So the room voted. What is true comes next.",
    "revealed": "The class has revealed it.",
}


class Voter(Protocol):
    """What it needs of the line to the class: see :class:`lessonlib.classroom.client.VoterLine`."""

    state: Heard | None
    fault: str
    over: bool
    ballots: dict[tuple[str, int], Ballot]

    def vote(self, poll: str, number: int, guess: Any, confidence: int | None) -> Ballot:
        """Send a vote until it is kept or refused."""
        ...


class Attendance:
    """``redraw(item)`` is called, on any thread, for each question whose panel may look different now."""

    def __init__(self, lesson: Lesson, line: Voter, redraw: Callable[[StepItem], None]):
        self.lesson, self.line, self._redraw = lesson, line, redraw
        #: held while an event of a page or a state of the class is taken
        self.lock = threading.RLock()
        self._here: StepItem | None = None
        self._votable = {item.id: item for item in lesson.asked if item.votable}
        self._as_asked: dict[str, str] = {}
        #: questions that were answered for the first time in the second round
        self._late: set[str] = set()
        #: of a question: the number of the state in which its last vote was sent
        self._sent_at: dict[tuple[str, int], int] = {}
        self._recorded = {key: item.step.record for key, item in self._votable.items()}
        for item in self._votable.values():
            self._attend(item)
        self.hear()

    def _attend(self, item: StepItem) -> None:
        record = item.step.record
        item.step.record = lambda entry: record(self._with_class(item, entry))
        item.step.sealed = lambda: self._sealed(item)

    def leave(self) -> None:
        """The lesson is the learner's alone again."""
        with self.lock:
            here, self._here = self._here, None
            for key, item in self._votable.items():
                item.step.record, item.step.sealed, item.step.takes_revote = self._recorded[key], str, False
                item.called = False
        for item in self._votable.values() if here is None else (here, *self._votable.values()):
            self._redraw(item)

    # --- what the class says ----------------------------------------------------------------------------------------

    def hear(self) -> None:
        """The line has news."""
        with self.lock:
            before, self._here = self._here, self._find()
            here = self._here
            if here is not None:
                here.called = True
            for item in {id(item): item for item in (before, here) if item is not None}.values():
                item.step.takes_revote = item is here and self._asks_again(item)
            self._send_what_is_due()
        for item in {id(item): item for item in (before, here) if item is not None}.values():
            self._redraw(item)

    @property
    def phase(self) -> Phase | None:
        """Of the question that the class is at; None while it is at none of these."""
        state = self.line.state
        return state["phase"] if state and self._here is not None else None

    @property
    def _round(self) -> int:
        """The round whose vote is open; 0 for none."""
        phase = self.phase
        return ROUND_OPEN.get(phase, 0) if phase else 0

    def _find(self) -> StepItem | None:
        state = self.line.state
        if state is None or state["poll"] is None or self.line.over:
            return None
        return self._votable.get(state["poll"]["question"])

    def _ballot(self, item: StepItem, number: int) -> Ballot | None:
        return self.line.ballots.get((item.id, number))

    # --- voting -----------------------------------------------------------------------------------------------------

    def _no_vote(self, item: StepItem) -> str:
        """Why this notebook sends no vote on the question that the class is at; "" where it does."""
        state = self.line.state
        if state is None or state["poll"] is None:
            return ""
        if state["asked"] and state["asked"] != self._asked_here(item):
            return "Your copy of this lesson asks something else here, so it sends no vote: vote on a phone."
        if state["poll"]["hash"] and state["poll"]["hash"] != item.step.question.asked_hash():
            return "Your copy of this lesson has another answer here: it is of another edition than the class's."
        if item.step.revealed and self.phase != "revealed" and not self._has_voted(item):
            return "You revealed this one before, so your notebook sends no vote on it."
        return ""

    def _asked_here(self, item: StepItem) -> str:
        if item.id not in self._as_asked:
            self._as_asked[item.id] = asked_as(item.asked_view())
        return self._as_asked[item.id]

    def _has_voted(self, item: StepItem) -> bool:
        return any(self._ballot(item, number) for number in (1, 2))

    def _votes_on(self, item: StepItem) -> bool:
        return item is self._here and item.kind != "explain" and not self._no_vote(item)

    def _asks_again(self, item: StepItem) -> bool:
        """Whether the second vote is open to this learner, who has answered before."""
        return (
            self.phase == "open2"
            and item.step.state == COMMITTED
            and item.step.revote is None
            and item.id not in self._late
            and self._votes_on(item)
            and self._ballot(item, 2) is None
        )

    def _send_what_is_due(self) -> None:
        """The vote of the open round, if this learner has answered and it was not sent; once more if a vote that came too late
        is taken again.
        """
        item, state = self._here, self.line.state
        if item is None or state is None or not self._votes_on(item) or item.step.state != COMMITTED:
            return
        number = self._round
        last = self._ballot(item, number)
        open_again = (
            last is not None and last.state == "refused" and self._sent_at.get((item.id, number), 0) < state["seq"]
        )
        if not number or (last is not None and not open_again):
            return
        step = item.step
        if number == 2 and step.revote is None and item.id not in self._late:
            return
        guess, confidence = step.revote if number == 2 and step.revote else (step.guess or {}, step.confidence)
        self._sent_at[item.id, number] = state["seq"]
        self.line.vote(item.id, number, step.question.as_given(guess), confidence)

    # --- between the panels and the lesson ----------------------------------------------------------------------------

    def take(self, item: StepItem, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """An event of a panel as the lesson is to take it; None if it is none for the lesson now."""
        name = event.get("event")
        if item is not self._here:
            return None if name == "class" else event
        if name == "class":
            if event.get("do") != SAME or not item.step.takes_revote:
                return None
            guess = item.step.question.as_given(item.step.guess or {})
            return {"event": "revote", "guess": guess, "confidence": item.step.confidence}
        if name == "commit" and item.step.takes_revote:
            return {**event, "event": "revote"}
        if name == "hint" and self.phase != "revealed":
            return None
        if name == "commit" and self.phase == "open2" and item.step.state == ASKED:
            self._late.add(item.id)
        return event

    def taken(self, item: StepItem) -> None:
        """The lesson has taken an event of that item."""
        if item is self._here:
            self._send_what_is_due()
            item.step.takes_revote = self._asks_again(item)

    def _with_class(self, item: StepItem, entry: Record) -> Record:
        """What the learner's record holds of a guess that is a vote."""
        state = self.line.state
        if state is None or entry.get("event") not in ("commit", "revote") or not self._votes_on(item):
            return entry
        number = 1 if self.phase == "draft" else self._round
        return {**entry, "class": state["code"], "round": number} if number else entry

    def _sealed(self, item: StepItem) -> str:
        return _SEALED if item is self._here and self.phase != "revealed" else ""

    # --- what the panel shows -------------------------------------------------------------------------------------------

    def view(self, item: StepItem, view: View) -> View:
        """The panel's view while the class is at its question: no hints, and the form once more for a second vote."""
        if item is not self._here or item.step.revealed or "hints" not in view:
            return view
        changed: dict[str, Any] = {**view}
        changed["hints"] = {**changed["hints"], "left": 0}
        if item.step.takes_revote:
            changed["state"] = ASKED
            del changed["guess"]
        return cast(View, changed)

    def bar(self, item: StepItem) -> ClassBar | None:
        """What its panel says of the class; None while the class is elsewhere."""
        state = self.line.state
        if item is not self._here or state is None:
            return None
        again = item.step.takes_revote
        bar: ClassBar = {
            "code": state["code"],
            "here": True,
            "line": self._line(item, state),
            "detail": self._detail(item),
            "buttons": [{"do": SAME, "label": "Vote the same again", "main": False}] if again else [],
            "problem": self._problem(item),
        }
        if state["shares"]:
            bar["shares"] = cast(dict[str, Any], state["shares"])
            bar["mine"] = self._mine(item)
        return bar

    def _line(self, item: StepItem, state: Heard) -> str:
        if state["paused"]:
            return "The class has a break."
        phase = state["phase"]
        if item.kind == "explain":
            return _PAIRS.get(phase, _PAIRS["closed1"])
        if told := self._no_vote(item):
            return told
        ballot = self._ballot(item, self._round)
        if ballot is not None:
            which = "second vote" if self._round == 2 else "vote"
            return {
                "kept": f"Your {which} is counted. Wait for the others.",
                "sending": f"Your {which} is on its way.",
                "refused": f"Your {which} is not counted.",
            }[ballot.state]
        if phase == "draft" and item.step.state == COMMITTED:
            return "Your guess goes in as your vote when the vote opens."
        if phase in ("closed1", "discuss") and not self._has_voted(item) and item.step.state == ASKED:
            return f"{_LINES[phase]} A guess now is yours alone."
        return _LINES[phase]

    def _detail(self, item: StepItem) -> str:
        step = item.step
        if step.revote and step.guess is not None and step.revealed:
            return f"Judged here is your second vote. Your record counts the first: {self._in_words(item)}."
        if (step.takes_revote or step.revote) and step.guess is not None:
            return f"Your first guess: {self._in_words(item)}."
        return ""

    def _in_words(self, item: StepItem) -> str:
        """The first guess in a few words."""
        question, guess = item.step.question, item.step.guess or {}
        shown: Mapping[str, Any] = question.guess_view(guess)
        options = {option["key"]: plain(option["html"]) for option in question.ask().get("options", ())}
        texts = ", ".join(text for text in shown.get("texts", ()) if text)
        words = shown.get("shown") or options.get(shown.get("key")) or texts or "as you gave it"
        sure = item.step.confidence
        return str(words) if sure is None else f"{words} ({CONFIDENCE[sure]})"

    def _problem(self, item: StepItem) -> str:
        if self.line.fault:
            return f"{self.line.fault} To go on without the class, run lesson.leave()."
        ballot = self._ballot(item, self._round)
        return ballot.problem if ballot else ""

    def _mine(self, item: StepItem) -> dict[str, Any]:
        """What this learner voted, by round."""
        step, guesses = item.step, {}
        if step.guess is not None and self._ballot(item, 1):
            guesses["1"] = step.question.guess_view(step.guess)
        second = step.revote[0] if step.revote else step.guess if item.id in self._late else None
        if second is not None and self._ballot(item, 2):
            guesses["2"] = step.question.guess_view(second)
        return guesses
