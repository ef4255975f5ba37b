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
from lessonlib.record.attempts import Attempt
from lessonlib.record.event import review_address
from lessonlib.record.journal import Journal
from lessonlib.review.schedule import NEXT_DAY, Answer, answer_to, due
from lessonlib.roofline import Lab

#: Cards of a sitting: five to ten minutes.
SITTING = 12
#: When a question was met whose record has no date, or one that is still to come.
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

Record = dict[str, Any]


@dataclass(frozen=True)
class Card:
    """A question that the review may ask. answers: those that count, to the question as it is worded today.
    put_off: when a review last skipped it. begun: what a review has begun of it and not finished.
    """

    lesson: str
    item: StepItem
    met: datetime
    answers: tuple[Answer, ...]
    put_off: datetime | None
    begun: Attempt | None = None

    @property
    def name(self) -> str:
        """The card's lesson and question, in one word."""
        return f"{self.lesson}/{self.item.id}"

    @cached_property
    def due(self) -> datetime:
        """When to ask it: as FSRS says, else the day after it was met."""
        at = due(self.answers) if self.answers else self.met + NEXT_DAY
        return max(at, self.put_off + NEXT_DAY) if self.put_off else at

    @cached_property
    def certain_miss(self) -> bool:
        """Whether the last answer was certain and wrong: such errors come back if they are not asked again."""
        return bool(self.answers) and max(self.answers).certain_miss


class Review:
    """What is due for one learner on one lab. ``now`` is a function, so that a test can let 60 days pass.

    The journal is read when a card is dealt, once; what is due then stands until the next one is.
    """

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
        self._deck: list[Card] = []
        self._latest = _LONG_AGO
        #: what each attempt says, by its id (it is kept beside, so that the id stays its own): read once, not at each deal
        self._answers: dict[int, tuple[Attempt, Answer | None]] = {}
        self.done = self.left = 0
        self.card: Card | None = None
        self.step: Step | None = None
        self.deal()

    # --- the deck -------------------------------------------------------------------------------------------

    def deck(self) -> list[Card]:
        """Every card that the learner has met, whether due or not, as of the last deal."""
        return list(self._deck)

    def _look(self) -> Iterator[Card]:
        """The deck as the journal has it now."""
        self._latest = self._now() + timedelta(days=1)
        own: dict[str, list[Attempt]] = {}
        reviewed: dict[tuple[str, str], list[Attempt]] = {}
        for attempt in self.journal.attempts():
            event = attempt.events[0]
            if event.review:
                reviewed.setdefault((event.lesson, event.question), []).append(attempt)
            else:
                own.setdefault(event.lesson, []).append(attempt)
        for name in lesson_names():
            if name in own and not load_source(name).get("short"):
                yield from self._cards(name, own[name], reviewed)

    def _cards(
        self, name: str, own: Sequence[Attempt], reviewed: Mapping[tuple[str, str], Sequence[Attempt]]
    ) -> Iterator[Card]:
        opened: dict[str, datetime] = {}
        answered: dict[str, list[Attempt]] = {}
        for attempt in own:
            answered.setdefault(attempt.question, []).append(attempt)
            if attempt.opened:
                opened.setdefault(attempt.question, self._past(attempt.opened.time) or _LONG_AGO)
        if not opened:
            return
        for item in self._lesson(name).asked:
            gates = [opened.get(gate.id) for gate in item.gates]
            if item.kind not in ("recall", "predict") or not all(gates):
                continue
            met = max((at for at in gates if at), default=None) or opened.get(item.id)
            if met is None:
                continue
            card = self._card(name, item, met, answered.get(item.id, ()), reviewed.get((name, item.id), ()))
            if item.kind == "recall" or item.raw.get("transfer") or _missed_for_certain(card):
                yield card

    def _lesson(self, name: str) -> Lesson:
        if name not in self._lessons:
            self._lessons[name] = Lesson(name, self.lab, None, self._blocks)
        return self._lessons[name]

    def _card(
        self, name: str, item: StepItem, met: datetime, own: Sequence[Attempt], reviewed: Sequence[Attempt]
    ) -> Card:
        # A transfer item is about another lab, so what it asks, and its hash, may be the same on several of the learner's.
        key = f"{name}/{item.id}"
        today = self._hashes.get(key) or item.step.question.asked_hash()
        self._hashes[key] = today  # the words of a lesson that is loaded do not change
        asked, again = ([attempt for attempt in attempts if attempt.hash == today] for attempts in (own, reviewed))
        answers = filter(None, map(self._answer, (*asked, *again)))
        skips = [at for attempt in again if attempt.skipped and (at := self._past(attempt.at))]
        begun = again[-1] if again and not again[-1].finished else None
        past = tuple(answer for answer in answers if answer.at <= self._latest)
        return Card(name, item, met, past, max(skips, default=None), begun)

    def _answer(self, attempt: Attempt) -> Answer | None:
        if id(attempt) not in self._answers:
            self._answers[id(attempt)] = attempt, answer_to(attempt)
        return self._answers[id(attempt)][1]

    def _past(self, at: datetime | None) -> datetime | None:
        """That date; None if it is still to come: a clock was wrong, and a card must not wait until then."""
        return at if at and at <= self._latest else None

    def due(self) -> list[Card]:
        """What is due now: certain misses first, then what has waited longest."""
        now = self._now()
        waiting = [card for card in self._deck if card.due <= now]
        return sorted(waiting, key=lambda card: (not card.certain_miss, card.due, card.name))

    def next_due(self) -> datetime | None:
        """When the next card is due, if none is now."""
        return min((card.due for card in self._deck), default=None)

    # --- a sitting -------------------------------------------------------------------------------------------

    def deal(self) -> None:
        """The next card, or the one that a restart broke off."""
        self._deck = list(self._look())
        waiting = self.due()
        begun = [card for card in waiting if card.begun]
        self.left = min(len(waiting), max(0, SITTING - self.done))
        self.card = (begun or waiting)[0] if self.left else None
        self.step = self._opened(self.card) if self.card else None

    def _opened(self, card: Card) -> Step:
        question = card.item.step.question
        title = f"{load_source(card.lesson)['title']} · {'recall' if card.item.kind == 'recall' else 'the same idea elsewhere' if card.item.raw.get('transfer') else 'once more'}"
        address = {
            **review_address(card.lesson, card.item.id),
            "hash": question.asked_hash(),
            "lab": self.lab.name,
        }

        def record(entry: Record) -> None:
            self.journal.append(
                {**address, **entry, **_confidence_of(step), "time": self._now().isoformat(timespec="milliseconds")}
            )

        step = Step(question, title, record)
        step.replay(event.record for event in (card.begun.events if card.begun else ()))
        return step

    @property
    def answered(self) -> bool:
        """Whether the card on the table has been answered, so that the next one may come."""
        if self.step is None or not self.step.revealed:
            return False
        return not self.step.question.self_graded or self.step.grade is not None or self.step.skipped

    def handle(self, event: Mapping[str, Any]) -> None:
        """An event of the panel: those of a question, "next", or "more" for another sitting."""
        name = event.get("event")
        if name == "more":
            self.done = 0
            self.deal()
        elif name == "next":
            if self.answered:
                self.done += 1
                self.deal()
        elif self.step is not None:
            self.step.handle(event)


def _confidence_of(step: Step) -> dict[str, int]:
    """How sure the learner was, beside what came out, so that one record says both."""
    return {} if step.confidence is None else {"confidence": step.confidence}


def _missed_for_certain(card: Card) -> bool:
    """Whether it ever was answered wrong with certainty: then it is asked until it holds."""
    return any(answer.certain_miss for answer in card.answers)
