"""The review: cards and transfer items of the lessons done, each when it is due, confident misses first.

Plain Python over the journal. What happens in a review is recorded under the lesson name "review", so that a lesson
never takes it for its own; a sitting that a crash or a restart broke goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from lessonlib.lesson.block import WORD_BLOCKS, Blocks
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.lesson.step import Step
from lessonlib.record.journal import Journal
from lessonlib.review.schedule import AGAIN, NEXT_DAY, Answer, due, moment, rating_of
from lessonlib.roofline import Lab

REVIEW = "review"
#: Cards of a sitting: five to ten minutes.
SITTING = 12
#: When a question was met whose record has no date, or one that is still to come.
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

Record = dict[str, Any]


@dataclass(frozen=True)
class Card:
    """A question that the review may ask. answers: those that count, to the question as it is worded today.
    again: what the reviews recorded of it, as it is worded today.
    """

    lesson: str
    item: StepItem
    met: datetime
    answers: tuple[Answer, ...]
    put_off: datetime | None
    again: tuple[Record, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.lesson}/{self.item.id}"

    @cached_property
    def due(self) -> datetime:
        """When to ask it: as FSRS says, else the day after it was met."""
        at = due(self.answers) if self.answers else self.met + NEXT_DAY
        return max(at, self.put_off + NEXT_DAY) if self.put_off else at

    @property
    def certain_miss(self) -> bool:
        """Whether the last answer was certain and wrong: such errors come back if they are not asked again."""
        return bool(self.answers) and max(self.answers).certain_miss


class Review:
    """What is due for one learner on one lab. ``now`` is a function, so that a test can let 60 days pass."""

    def __init__(
        self,
        lab: Lab,
        journal: Journal,
        blocks: Blocks = WORD_BLOCKS,
        now: Callable[[], datetime] | None = None,
    ):
        self.lab, self.journal, self._blocks = lab, journal, blocks
        self._now = now or (lambda: datetime.now(UTC))
        self._lessons: dict[str, Lesson] = {}
        self._hashes: dict[str, str] = {}
        self.done = 0
        self.card: Card | None = None
        self.step: Step | None = None
        self._deal()

    # --- the deck -------------------------------------------------------------------------------------------

    def deck(self) -> list[Card]:
        """Every card that the learner has met, whether due or not."""
        records: dict[str, list[Record]] = {}
        for record in self.journal.records():  # read once: a journal of years has thousands of lines
            records.setdefault(record["lesson"], []).append(record)
        reviewed = _by_question(records.get(REVIEW, []))
        return [
            card
            for name in lesson_names()
            if not load_source(name).get("short")
            for card in self._cards(name, records.get(name, []), reviewed)
        ]

    def _cards(self, name: str, own: Sequence[Record], reviewed: Mapping[str, Sequence[Record]]) -> Iterator[Card]:
        opened = {
            record["question"]: self._moment(record) or _LONG_AGO
            for record in reversed(own)
            if record["event"] in ("reveal", "skip")
        }
        if not opened:
            return
        lesson = self._lessons.get(name) or Lesson(name, self.lab, None, self._blocks)
        self._lessons[name] = lesson
        answered = _by_question(own)
        for item in lesson.asked:
            gates = [opened.get(gate.id) for gate in item.gates]
            if item.kind not in ("recall", "predict") or not all(gates):
                continue
            met = max((at for at in gates if at), default=None) or opened.get(item.id)
            card = met and self._card(name, item, met, answered.get(item.id, []), reviewed.get(f"{name}/{item.id}", []))
            if card and (item.kind == "recall" or item.raw.get("transfer") or _missed_for_certain(card)):
                yield card

    def _card(
        self, name: str, item: StepItem, met: datetime, own: Sequence[Record], reviewed: Sequence[Record]
    ) -> Card:
        # A transfer item is about another lab, so what it asks, and its hash, may be the same on several of the learner's.
        key = f"{name}/{item.id}"
        today = self._hashes.get(key) or item.step.question.asked_hash()
        self._hashes[key] = today  # the words of a lesson that is loaded do not change
        asked, again = ([record for record in records if record["hash"] == today] for records in (own, reviewed))
        skips = [at for record in again if record["event"] == "skip" and (at := self._moment(record))]
        return Card(
            name, item, met, (*self._answers(asked), *self._answers(again)), max(skips, default=None), tuple(again)
        )

    def _moment(self, record: Record) -> datetime | None:
        """When that was; None for a date still to come: a clock was wrong, and a card must not wait until then."""
        at = moment(record.get("time"))
        return at if at and at <= self._now() + timedelta(days=1) else None

    def _answers(self, records: Sequence[Record]) -> Iterator[Answer]:
        """The answers among a question's records. A commit says how sure; the reveal or the grade that follows says how well."""
        sure = None
        for record in records:
            if record["event"] == "commit":
                sure = record.get("confidence")
            rating = rating_of({"confidence": sure, **record})
            at = self._moment(record)
            if rating and at:
                yield Answer(at, rating, rating == AGAIN and sure == 2)

    def due(self) -> list[Card]:
        """What is due now: certain misses first, then what has waited longest."""
        now = self._now()
        waiting = [card for card in self.deck() if card.due <= now]
        return sorted(waiting, key=lambda card: (not card.certain_miss, card.due, card.name))

    def next_due(self) -> datetime | None:
        """When the next card is due, if none is now."""
        return min((card.due for card in self.deck()), default=None)

    # --- a sitting -------------------------------------------------------------------------------------------

    def _deal(self) -> None:
        """The next card, or the one that a restart broke off."""
        waiting = self.due()
        open_cards = [card for card in waiting if _unfinished(card)]
        self.left = min(len(waiting), max(0, SITTING - self.done))
        self.card = (open_cards or waiting)[0] if self.left else None
        self.step = self._opened(self.card) if self.card else None

    def _opened(self, card: Card) -> Step:
        question = card.item.step.question
        title = f"{load_source(card.lesson)['title']} · {'recall' if card.item.kind == 'recall' else 'the same idea elsewhere' if card.item.raw.get('transfer') else 'once more'}"
        address = {"lesson": REVIEW, "question": card.name, "hash": question.asked_hash(), "lab": self.lab.name}

        def record(entry: Record) -> None:
            self.journal.append(
                {**address, **entry, **_surety(step), "time": self._now().isoformat(timespec="milliseconds")}
            )

        step = Step(question, title, record)
        step.replay(_unfinished(card))
        return step

    @property
    def answered(self) -> bool:
        """Whether the card on the table has been answered, so that the next one may come."""
        if self.step is None or not self.step.revealed:
            return False
        return not self.step.question.self_graded or self.step.grade is not None or self.step.skipped

    def handle(self, event: dict[str, Any]) -> None:
        """An event of the panel: those of a question, or "next"."""
        if event.get("event") == "next":
            if self.answered:
                self.done += 1
                self._deal()
        elif self.step is not None:
            self.step.handle(event)

    def more(self) -> None:
        """Another sitting."""
        self.done = 0
        self._deal()


def _surety(step: Step) -> dict[str, int]:
    """How sure the learner was, beside what came out, so that one record says both."""
    return {} if step.confidence is None else {"confidence": step.confidence}


def _by_question(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record["question"], []).append(record)
    return found


def _unfinished(card: Card) -> list[Record]:
    """What was recorded of a card since it was last dealt: nothing, or the beginning of an answer."""
    ends = [index for index, record in enumerate(card.again) if rating_of(record) or record["event"] == "skip"]
    return list(card.again[ends[-1] + 1 :] if ends else card.again)


def _missed_for_certain(card: Card) -> bool:
    """Whether it ever was answered wrong with certainty: then it is asked until it holds."""
    return any(answer.certain_miss for answer in card.answers)
