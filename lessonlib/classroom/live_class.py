"""A class that is going on: a lesson, the rows of a store, and what each of those who watch may see.

What depends on the lesson's numbers is computed in a thread of its own: a simulation takes seconds, and votes do not wait for it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.classroom.phases import (
    OF_THE_CLASS,
    ROUND_OPEN,
    Event,
    OutOfTurnError,
    Phase,
    after,
    possible,
    shares_may_be_seen,
    truth_may_be_seen,
)
from lessonlib.classroom.shares import shares
from lessonlib.classroom.store import ClassRow, Move, PollRow, Standing, Store, StoreError, VoteRow
from lessonlib.classroom.wire import HostState, Kept, Mine, Planned, Poll, ScreenState, Shares, State
from lessonlib.classroom.worker import Worker
from lessonlib.lesson.budget import minutes_of
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.kinds.spoken import Explain
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.question import Guess, Question
from lessonlib.lesson.step import COMMITTED, Step
from lessonlib.lesson.views import View
from lessonlib.record.lines import line_of

T = TypeVar("T")
_KEY = re.compile(r"[A-Za-z0-9]{16,64}")
#: views of voters' own results that are kept to be sent again
_MOST_OWN = 4000
#: seconds between two looks at a store that others write to, and between two words to them about counts
_LISTEN_S, _TELL_EVERY_S = 5.0, 0.25


class StaleError(LessonlibError):
    """An event that was meant for another moment of the class. One line."""


class UnknownQuestionError(LessonlibError):
    """A question that the lesson does not put to a class. One line."""


class ClosedError(LessonlibError):
    """A vote that nobody asks for just now. One line."""


@dataclass(frozen=True)
class Asked:
    """A question with what was computed of it. ``address`` as in a learner's record; ``truth`` as one who skipped sees it."""

    item: StepItem
    address: Mapping[str, str]
    ask: View
    truth: View
    minutes: float


def put_to_a_class(lesson: Lesson) -> dict[str, StepItem]:
    """The questions of a lesson that a class is asked, in order."""
    return {item.id: item for item in lesson.asked if item.votable}


def is_voted_on(item: StepItem) -> bool:
    """Whether votes are taken; a cold explanation is told to one's neighbour."""
    return not isinstance(item.step.question, Explain)


class LiveClass:
    """A class as one server holds it. ``join`` is the address that phones open. ``changed`` is called with "state" or "count"."""

    def __init__(self, lesson: Lesson, row: ClassRow, opens: Callable[[], Store], join: str = ""):
        self.lesson, self.row, self.join = lesson, row, join
        self.changed: Callable[[str], None] = _nobody
        self.questions = put_to_a_class(lesson)
        self.now = Standing(0, None, False, {})
        self._opens = opens
        self._telling: asyncio.Task[None] | None = None
        self.joined = self.count = 0
        self._notes = ""
        self._writer, self._reader = Worker(opens, writes=True), Worker(opens, writes=False)
        #: whether other servers may serve the same class
        self.shared = self._writer.shared
        self._lesson_thread = ThreadPoolExecutor(1, thread_name_prefix="class-lesson")
        self._asked: dict[str, Asked] = {}
        self._own: OrderedDict[tuple[str, str], View] = OrderedDict()
        self._shares: tuple[tuple[int, int], Shares] | None = None
        self._steering = asyncio.Lock()

    async def start(self) -> None:
        """Take up the class where the store has it."""
        self._notes = await self.in_lesson_thread(self._instructor_notes)
        await self.refresh()

    def stop(self) -> None:
        """Finish what is under way, and let go of the store."""
        self._writer.stop()
        self._reader.stop()
        self._lesson_thread.shutdown(cancel_futures=True)

    async def read(self, job: Callable[[Store], T]) -> T:
        """What ``job`` finds in the store. Raises StoreError."""
        return await self._reader.do(job)

    async def write(self, job: Callable[[Store], T]) -> T:
        """What ``job`` returns, once what it changed is kept. Raises StoreError."""
        return await self._writer.do(job)

    async def refresh(self) -> None:
        """Read where the class stands; the question on show is computed before anybody is told of it."""
        standing = await self.read(lambda store: store.standing(self.row))
        if standing is None:
            raise LessonlibError(f"the class {self.row.code} was erased")
        if standing.current in self.questions:
            await self.asked(standing.current)
        self.now = standing
        await self.recount()

    async def follow(self) -> None:
        """Hear what other servers of the class do, for as long as it goes on. Nothing where the store is ours alone."""
        if not self.shared:
            return
        ear = Worker(self._opens, writes=False)
        try:
            while True:
                await self._hear(ear)
        finally:
            ear.stop(wait=False)  # it may be listening for seconds yet

    async def _hear(self, ear: Worker) -> None:
        try:
            heard = await ear.do(lambda store: store.hear(self.row.code, _LISTEN_S))
            before = self.now
            if "state" in heard or not heard:  # in between one looks: a message may have met a connection that was gone
                await self.refresh()
            if self.now != before:
                self.changed("state")
            elif heard:
                self.changed("count")
        except StoreError:
            await asyncio.sleep(_LISTEN_S)

    def _vote_came(self) -> None:
        """Tell who watches here at once, and other servers a few times a second: telling each vote would slow them all."""
        self.changed("count")
        if self.shared and self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell_others())

    async def _tell_others(self) -> None:
        await asyncio.sleep(_TELL_EVERY_S)
        self._telling = None
        with suppress(StoreError):  # the next vote tells
            await self.write(lambda store: store.announce(self.row.code, "count"))

    async def recount(self) -> None:
        """Count voters, and the votes of the round."""
        poll = self._poll
        row = self.row
        self.joined, self.count = await self.read(
            lambda store: (store.joined(row), store.count(poll.id, poll.round) if poll else 0)
        )

    # --- the lesson ------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Compute all questions, in order, so that none keeps a class waiting."""
        for question in self.questions:
            await self.asked(question)

    async def asked(self, question: str) -> Asked:
        """The question, computed; at once if that was done before."""
        if question not in self._asked:
            await self.in_lesson_thread(lambda: self._compute(question))
        return self._asked[question]

    async def in_lesson_thread(self, job: Callable[[], T]) -> T:
        """What ``job`` returns, computed where all that needs the lesson's numbers is, while votes go on."""
        return await asyncio.get_running_loop().run_in_executor(self._lesson_thread, job)

    def _compute(self, question: str) -> None:
        if question in self._asked:
            return
        item = self.questions[question]
        skipped = Step(item.step.question, item.title)
        skipped.skip()
        address = self.lesson.address(item) | {"lesson": lesson_name(self.lesson)}
        minutes = minutes_of(self.lesson, question)
        item.step.question.mistakes()  # so that no voter waits for the number of a wrong working after the reveal
        self._asked[question] = Asked(item, address, item.asked_view(), skipped.view(), minutes)

    def _own_view(self, asked: Asked, vote: VoteRow) -> View:
        """The panel as the voter sees it who gave this vote: own result, and all that the reveal says."""
        question = asked.item.step.question
        step = Step(question, asked.item.title)
        observe = question.observe()
        step.replay(
            [
                {"event": "commit", "guess": vote.guess, "confidence": vote.confidence},
                {"event": "reveal"},
                *([{"event": "observe", "choice": observe["right"]}] if observe else []),
            ]
        )
        return step.view()

    # --- what is seen ----------------------------------------------------------------------------------

    @property
    def _poll(self) -> PollRow | None:
        return self.now.polls.get(self.now.current) if self.now.current else None

    async def state(self) -> State:
        """What everybody may see now, without anybody's own votes."""
        now, poll = self.now, self._poll
        state: State = {
            "seq": now.seq,
            "code": self.row.code,
            "title": str(self.lesson.raw["title"]),
            "lesson": lesson_name(self.lesson),
            "lab": self.lesson.lab.name,
            "paused": now.paused,
            "poll": None,
            "phase": "draft",
            "round": 0,
            "ask": None,
            "joined": self.joined,
        }
        if poll is None:
            return state
        asked = await self.asked(poll.question)
        state |= {"poll": _told(poll), "phase": poll.phase, "round": poll.round}
        if poll.phase != "draft":
            state["ask"] = asked.ask
        if shares_may_be_seen(poll.phase):
            state["shares"] = await self.shares(poll, now.seq)
        if truth_may_be_seen(poll.phase):
            state["truth"] = asked.truth
        return state

    async def state_of(self, voter: int) -> State:
        """The same, and what this voter has sent."""
        poll = self._poll
        state = await self.state()
        state["mine"] = await self._mine(poll, voter) if poll else None
        return state

    async def _mine(self, poll: PollRow, voter: int) -> Mine:
        asked = await self.asked(poll.question)
        votes = await self.read(lambda store: store.votes_of(poll.id, voter))
        question = asked.item.step.question
        mine: Mine = {
            "rounds": {
                str(number): _seen(question, vote.guess, vote.confidence) for number, vote in sorted(votes.items())
            }
        }
        if votes and truth_may_be_seen(poll.phase):
            last = votes[max(votes)]
            key = poll.question, json.dumps([last.guess, last.confidence], sort_keys=True)
            if key not in self._own:
                self._own[key] = await self.in_lesson_thread(lambda: self._own_view(asked, last))
                while len(self._own) > _MOST_OWN:
                    self._own.popitem(last=False)
            mine["view"] = self._own[key]
        return mine

    async def screen_state(self) -> ScreenState:
        """What the hall sees."""
        return {**(await self.state()), "count": self.count, "join": self.join}

    async def host_state(self) -> HostState:
        """What the instructor sees."""
        state, poll = await self.state(), self._poll
        can: list[Event] = [
            *(possible(poll.phase) if poll else ("open",)),
            "next",
            "resume" if self.now.paused else "pause",
        ]
        plan = [self._planned(item) for item in self.questions.values()]
        return {**state, "count": self.count, "join": self.join, "possible": can, "plan": plan, "notes": self._notes}

    def _planned(self, item: StepItem) -> Planned:
        known, poll = self._asked.get(item.id), self.now.polls.get(item.id)
        return {
            "id": item.id,
            "title": item.title,
            "kind": item.step.question.kind,
            "minutes": round(known.minutes, 1) if known else 1.0,
            "phase": poll.phase if poll else "draft",
            "vote": is_voted_on(item),
        }

    def _instructor_notes(self) -> str:
        told = self.lesson.raw.get("instructor", "")
        return self.lesson.words.html(told, f"{self.lesson.name} instructor") if told else ""

    async def shares(self, poll: PollRow, seq: int) -> Shares:
        """How the room voted; computed once a state."""
        if self._shares is None or self._shares[0] != (poll.id, seq):
            asked = await self.asked(poll.question)
            rounds = range(1, poll.round + 1)
            kept = await self.read(lambda store: {number: store.counted(poll.id, number) for number in rounds})
            guesses = {number: [vote.guess for vote in votes] for number, votes in kept.items()}
            self._shares = (poll.id, seq), shares(asked.item.step.question, guesses)
        return self._shares[1]

    # --- votes -----------------------------------------------------------------------------------------

    async def add_voter(self, token_hash: str) -> int:
        """One more voter; its number."""
        voter = await self.write(lambda store: store.add_voter(self.row, token_hash))
        self.joined += 1
        self._vote_came()
        return voter

    async def erase_voter(self, voter: int) -> None:
        """Forget a voter with every vote."""
        await self.write(lambda store: store.erase_voter(voter))
        self._shares = None
        self._vote_came()

    async def vote(self, voter: int, question: str, round_: int, sent: Mapping[str, Any]) -> Kept:
        """Keep a vote. Raises UnknownQuestionError, GuessError with a line for the voter, ClosedError, StoreError."""
        item = self.questions.get(question)
        if item is None:
            raise UnknownQuestionError("This class is asked no such question.")
        if not is_voted_on(item):
            raise ClosedError("Nobody votes on this one: tell it to your neighbour.")
        key = sent.get("key")
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise GuessError("A vote needs a key: 16 to 64 letters and digits, drawn for this vote.")
        if question not in self.now.polls:
            await self.refresh()
        poll = self.now.polls.get(question)
        if poll is None:
            raise ClosedError("This vote is not open.")
        step = Step((await self.asked(question)).item.step.question, item.title)
        step.handle({"event": "commit", "guess": sent.get("guess"), "confidence": _whole(sent.get("confidence"))})
        if step.state != COMMITTED:
            raise GuessError(step.problem)
        guess, confidence = json.dumps(step.guess, ensure_ascii=False, sort_keys=True), step.confidence
        taken = await self.write(lambda store: store.vote(poll.id, round_, voter, key, guess, confidence))
        if taken == "other":
            raise GuessError("That key is already that of another vote: draw a new one.")
        if taken == "closed":
            raise ClosedError("The vote is closed.")
        if taken == "ok":
            self._vote_came()
        return {"kept": taken, "guess": _seen(step.question, step.guess or {}, confidence)}

    async def lines_of(self, voter: int) -> bytes:
        """A voter's own votes as lines of a learner's journal; of a question that is not revealed yet, without its hash."""
        now = self.now
        kept = await self.read(lambda store: {poll: store.votes_of(poll.id, voter) for poll in now.polls.values()})
        lines: list[bytes] = []
        for poll, votes in kept.items():
            if not votes or poll.question not in self.questions:
                continue
            asked = await self.asked(poll.question)
            lines += [line_of(record) for record in _records(asked, poll, votes, self.row.code)]
        return b"".join(lines)

    # --- steering --------------------------------------------------------------------------------------

    async def steer(self, event: Event, seq: int, question: str | None = None) -> None:
        """Do what the instructor asks. Raises StaleError, OutOfTurnError, UnknownQuestionError, StoreError."""
        async with self._steering:
            if seq != self.now.seq:
                await self.refresh()
            if seq != self.now.seq:
                raise StaleError(f"the class has moved on: it is at {self.now.seq}, and this was meant for {seq}")
            steps = self._steps(event, question)
            for target in {target for _, target in steps if target}:
                await self.asked(target)
            moves = self._moves(steps)
            paused = {"pause": True, "resume": False}.get(event, self.now.paused)
            kept = await self.write(lambda store: store.move(self.row, seq, moves, paused))
            await self.refresh()
            if not kept:
                raise StaleError(f"the class has moved on: it is at {self.now.seq}, and this was meant for {seq}")
        self.changed("state")

    def _steps(self, event: Event, question: str | None) -> list[tuple[Event, str | None]]:
        """What is asked for, as events one after the other, each with its question."""
        now = self.now
        if question is not None and question not in self.questions:
            raise UnknownQuestionError(f"this class is asked no question {shown(question)}")
        if event in ("pause", "resume"):
            if now.paused == (event == "pause"):
                raise OutOfTurnError(f"the class is {'' if now.paused else 'not '}paused already")
            return [(event, now.current)]
        if event == "next":
            return [*self._left_open(target := question or self._following()), ("next", target)]
        if event == "open" and (question or now.current is None):
            target = question or next(iter(self.questions))
            if target != now.current:
                return [*self._left_open(target), ("next", target), ("open", target)]
        if now.current is None:
            raise OutOfTurnError(f"“{event}” means nothing before the first question is on show")
        if question not in (None, now.current):
            raise OutOfTurnError(f"“{event}” is for the question on show, {now.current}, not for {question}")
        if event not in ("open", "close") and self.questions[now.current].raw.get("sealed"):
            raise OutOfTurnError(
                "the inventory is voted on once and shown to nobody, so that before and after compare; go on with next"
            )
        return [(event, now.current)]

    def _following(self) -> str:
        order = list(self.questions)
        place = order.index(self.now.current) + 1 if self.now.current in self.questions else 0
        if place == len(order):
            raise OutOfTurnError("that was the last question of the lesson")
        return order[place]

    def _left_open(self, target: str) -> list[tuple[Event, str | None]]:
        """A vote that is left for another question is closed first."""
        poll = self._poll
        return [("close", poll.question)] if poll and poll.question != target and poll.phase in ROUND_OPEN else []

    def _moves(self, steps: list[tuple[Event, str | None]]) -> list[Move]:
        known: dict[str, tuple[Phase, int]] = {
            question: (poll.phase, poll.round) for question, poll in self.now.polls.items()
        }
        moves = []
        for event, question in steps:
            if question is None:
                moves.append(Move(event, None, "", "", "", "draft", 0))
                continue
            phase, round_ = known.get(question, ("draft", 0))
            if event not in OF_THE_CLASS:
                phase = after(phase, event)
                round_ = ROUND_OPEN.get(phase, round_)
            known[question] = phase, round_
            address = self._asked[question].address
            moves.append(Move(event, question, address["lesson"], address["hash"], address["lab"], phase, round_))
        return moves


def _records(asked: Asked, poll: PollRow, votes: Mapping[int, VoteRow], code: str) -> Iterator[dict[str, Any]]:
    """The votes of one voter on one question as records: the first is the commit, a second one a revote; then the reveal."""
    out = truth_may_be_seen(poll.phase)
    address = {"lesson": poll.lesson, "question": poll.question, "hash": poll.hash if out else "", "lab": poll.lab}
    for place, (number, vote) in enumerate(sorted(votes.items())):
        yield {
            "time": datetime.fromtimestamp(vote.at, UTC).isoformat(timespec="milliseconds"),
            **address,
            "event": "revote" if place else "commit",
            "guess": vote.guess,
            "confidence": vote.confidence,
            "class": code,
            "round": number,
        }
    if out:
        first = votes[min(votes)]
        score = asked.item.step.question.score(first.guess) if asked.item.step.question.sure else {}
        yield {**address, "event": "reveal", **score, "class": code}


def _nobody(_: str) -> None:
    """Tells nobody."""


def _seen(question: Question, guess: Guess, confidence: int | None) -> dict[str, Any]:
    """A guess as a panel shows it, with its confidence."""
    return {**question.guess_view(guess), "confidence": confidence}


def _told(poll: PollRow) -> Poll:
    told = poll.hash if truth_may_be_seen(poll.phase) else ""
    return {"id": poll.question, "lesson": poll.lesson, "question": poll.question, "hash": told, "lab": poll.lab}


def _whole(confidence: Any) -> Any:
    """A level of confidence, or what no kind of question takes."""
    return confidence if confidence is None or type(confidence) is int else -1


def lesson_name(lesson: Lesson) -> str:
    """The name of a lesson without the folder in which one of one's own lies."""
    return Path(lesson.name).stem if lesson.name.endswith((".yaml", ".yml")) else lesson.name
