"""The teacher's desk at the end of a lesson: takes a question and a guess, lets the answer stream in, keeps both.

The answer comes in on a thread of its own, so no cell waits for it. The question is in the journal before it is sent,
and the answer goes there while it comes, so both outlive the kernel.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity, significant
from lessonlib.base.secrets import strike
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.record.event import Event, events_of
from lessonlib.record.exchanges import ASKED, ENDED, INTERRUPTED, PART, Exchange, exchanges
from lessonlib.teacher.clocks import Clocks, clocks_from, clocks_of, is_guess, read_guess, table, verdict
from lessonlib.teacher.context import EARLIER, Context, about_tokens, all_revealed
from lessonlib.teacher.teacher import (
    MOST_CHARACTERS,
    Endpoint,
    Message,
    StreamedAnswer,
    TeacherError,
    ask,
    endpoint,
    one_line,
)

#: Seconds between two looks at the stream, and between two pieces that the journal keeps.
TICK_S, KEEP_S = 0.1, 1.0
PREPARING, WAITING, STREAMING, DONE, STOPPED, FAILED = "preparing", "waiting", "streaming", "done", "stopped", "failed"

_BUSY = "An answer is still coming in: wait for its end, or stop it."
_INTERRUPTED = "The kernel ended before the answer did; this much had come."
_STOPPED = "You stopped the answer here."
_NOT_TAKEN = "The answer could not be taken or kept; your question is kept, ask again."
_CUT = "The endpoint cut the answer off here: its limit was reached."

#: A guess is no longer as it is typed.
_LONGEST_TYPED = 60
#: A guess that a journal lost: nothing is judged by it.
_NO_GUESS = ("–", 1.0)

log = logging.getLogger(__name__)


@dataclass
class Talk:
    """One question on its way. recorded: how many characters of the answer the journal has; recorded_at: when it got the last ones, on the clock."""

    id: str
    question: str
    guess: tuple[str, float]
    answer: StreamedAnswer = field(default_factory=StreamedAnswer)
    state: str = PREPARING
    problem: str = ""
    clocks: Clocks | None = None
    stopping: bool = False
    recorded: int = 0
    recorded_at: float = -KEEP_S

    @property
    def running(self) -> bool:
        """Whether its answer is still coming in."""
        return self.state in (PREPARING, WAITING, STREAMING)


class Desk:
    """What the panel of the note shows beside the note: ``part()``; ``changed`` is called, from any thread, when that differs."""

    def __init__(
        self,
        lesson: Lesson,
        item: StepItem,
        changed: Callable[[], None],
        clock: Callable[[], float] = time.perf_counter,
    ):
        self.lesson, self.item, self._changed, self._clock = lesson, item, changed, clock
        self.lock = threading.RLock()
        self.problem = ""
        self._context = Context(lesson)
        self._where, self._fault = _found()
        self.talks = [_restored(kept) for kept in exchanges(self._mine())]
        self._stop: Callable[[], object] = _nothing_to_stop

    def _mine(self) -> list[Event]:
        """What the journal has of this question, on this lab."""
        address = self.lesson.address(self.item)
        return events_of(
            record
            for record in self.lesson.journal.records(self.lesson.name)
            if all(record[key] == value for key, value in address.items())
        )

    @property
    def busy(self) -> bool:
        """Whether an answer is coming in."""
        return bool(self.talks) and self.talks[-1].running

    # --- events -----------------------------------------------------------------------------------------------------

    def handle(self, event: Mapping[str, Any]) -> None:
        """Take one event of the panel."""
        with self.lock:
            self.problem = ""
            name = event.get("event")
            if name == "ask":
                self._take(event)
            elif name == "stop":
                self.stop()
            else:
                self.lesson.handle(self.item.id, event)

    def stop(self) -> None:
        """End the answer that is coming in, if there is one."""
        if self.busy:
            self.talks[-1].stopping = True
            self._stop()

    def _take(self, event: Mapping[str, Any]) -> None:
        if self.busy:
            self.problem = _BUSY
            return
        try:
            text = self.item.step.question.accept(event.get("text"))["text"]
            self._ask(text, read_guess(event.get("ttft")))
        except GuessError as error:
            self.problem = str(error)

    def _ask(self, text: str, guess: tuple[str, float]) -> None:
        """The question is kept first, as a note and as a question; then it goes out."""
        self.problem = self._fault
        sent = self._context.messages(text, [(talk.question, talk.answer.text) for talk in self.talks])
        talk = Talk(uuid.uuid4().hex[:12], text, guess)
        self.talks += [talk] if self._where else []
        self.lesson.handle(
            self.item.id, {"event": "commit", "guess": text}
        )  # draws the panel, with the question already in it
        where = self._where
        if where is None:
            return
        self._record(talk, ASKED, text=text, guess={"text": guess[0], "value": guess[1]})
        threading.Thread(target=self._run, args=(talk, where, sent), name="teacher", daemon=True).start()

    # --- on the thread ------------------------------------------------------------------------------------------------

    def _run(self, talk: Talk, where: Endpoint, sent: Sequence[Message]) -> None:
        """Everything of one answer. Whatever fails, the talk has ended afterwards: nobody waits for good."""
        try:
            asyncio.run(self._talk(talk, where, sent))
        except Exception:
            log.exception("an answer of the teacher could not be taken or kept")
            with self.lock:
                self._stop = _nothing_to_stop
                if talk.running:
                    talk.state, talk.problem = FAILED, _NOT_TAKEN
            self._show()

    async def _talk(self, talk: Talk, where: Endpoint, sent: Sequence[Message]) -> None:
        loop, asking = asyncio.get_running_loop(), asyncio.create_task(ask(where, sent, talk.answer, self._clock))
        self._stop = lambda: loop.call_soon_threadsafe(asking.cancel)
        if talk.stopping:
            asking.cancel()
        seen = None
        while not asking.done():
            await asyncio.wait({asking}, timeout=TICK_S)
            self._record_progress(talk)
            now = (talk.answer.sent, talk.answer.chunks)
            if now != seen and not asking.done():
                seen, talk.state = (
                    now,
                    STREAMING if talk.answer.chunks else WAITING if talk.answer.sent is not None else PREPARING,
                )
                self._show()
        self._end(talk, asking)

    def _record_progress(self, talk: Talk) -> None:
        """Once a second, put what has come into the journal."""
        if self._clock() - talk.recorded_at >= KEEP_S and len(talk.answer.text) > talk.recorded:
            self._record(talk, PART, text=self._rest(talk))
            talk.recorded_at = self._clock()

    def _show(self) -> None:
        """Have the panel drawn. A page that cannot be reached must not end the answer."""
        try:
            self._changed()
        except Exception:
            log.exception("the teacher's panel could not be drawn")

    def _end(self, talk: Talk, asking: asyncio.Task[None]) -> None:
        with self.lock:
            self._stop = _nothing_to_stop
            talk.state, talk.problem = _outcome(talk, asking)
            talk.clocks = clocks_of(talk.answer)
            clocks = talk.clocks.as_record() if talk.clocks else None
            self._record(
                talk,
                ENDED,
                text=self._rest(talk),
                ended=talk.state,
                problem=talk.problem,
                model=talk.answer.model,
                clocks=clocks,
            )
        self._show()

    def _rest(self, talk: Talk) -> str:
        """What the journal does not have yet."""
        rest, talk.recorded = talk.answer.text[talk.recorded :], len(talk.answer.text)
        return rest

    def _record(self, talk: Talk, event: str, **more: Any) -> None:
        self.lesson.journal.append({**self.lesson.address(self.item), "event": event, "exchange": talk.id, **more})

    # --- what the panel shows -----------------------------------------------------------------------------------------

    def part(self) -> dict[str, Any]:
        """The teacher's part of the view, and the line about what was refused."""
        with self.lock:
            shown = {
                "host": self._where.host if self._where else "",
                "sends": about_tokens(self._context.messages("")),
                "busy": self.busy,
            }
            if self.talks:
                earlier = [
                    {"question": talk.question, "answer": talk.answer.text} for talk in self.talks[-1 - EARLIER : -1]
                ]
                shown |= {"talk": self._shown(self.talks[-1]), "earlier": earlier}
            return {"teacher": shown, **({"problem": self.problem} if self.problem else {})}

    def _shown(self, talk: Talk) -> dict[str, Any]:
        shown = {
            "id": talk.id,
            "question": talk.question,
            "guess": talk.guess[0],
            "state": talk.state,
            "answer": talk.answer.text,
            "status": self._status(talk),
            "problem": talk.problem,
        }
        if talk.running or talk.clocks is None:
            return shown
        where = f"{talk.answer.model} at {self._where.host}" if self._where else talk.answer.model
        found = table(talk.clocks, self.lesson.lab, all_revealed(self.lesson))
        holds = f"Ceiling and expectation are those of your lab, {self.lesson.lab.title}, with this one request: they hold only if {where} is that lab."
        notes = [*found["notes"], *([holds] if len(found["columns"]) > 2 else [])]
        return {**shown, "verdict": verdict(*talk.guess, talk.clocks), "clocks": {**found, "notes": notes}}

    def _status(self, talk: Talk) -> str:
        """What the machine is doing, while it does it."""
        answer = talk.answer
        if not talk.running:
            return ""
        if answer.sent is None:
            return "Getting ready to ask."
        if answer.first is None:
            return "Prefill: the lesson and your question are being read."
        first = f"First token after {Quantity(answer.first - answer.sent, 's')}."
        seconds = (answer.last or answer.first) - answer.first
        speed = (
            f", {significant((answer.chunks - 1) / seconds, 2)} a second" if answer.chunks > 5 and seconds > 0 else ""
        )
        doing = "It thinks before it writes" if answer.thought == answer.chunks else "Decode"
        return f"{first} {doing}: {answer.chunks:,} pieces{speed}."


def _nothing_to_stop() -> None:
    """What stopping means while no answer comes in."""


def _found() -> tuple[Endpoint | None, str]:
    """The endpoint of the environment, or what is wrong with it."""
    try:
        return endpoint(), ""
    except TeacherError as error:
        return None, str(error)


def _outcome(talk: Talk, asking: asyncio.Task[None]) -> tuple[str, str]:
    """(state, line) of a question whose task has ended."""
    if asking.cancelled():
        return STOPPED, _STOPPED
    error = asking.exception()
    if isinstance(error, LessonlibError):
        return FAILED, str(error)
    if error is not None:  # its text is not ours: it might hold an address with a key
        return FAILED, f"Asking failed ({type(error).__name__}). Your question is kept; ask again."
    return DONE, _CUT if talk.answer.finish == "length" else ""


def _restored(kept: Exchange) -> Talk:
    """A question out of the journal, where anything may stand."""
    guess = kept.asked.guess or {}
    text, value = guess.get("text"), guess.get("value")
    typed, clocks = _NO_GUESS, None
    if isinstance(text, str) and is_guess(value):
        typed, clocks = (strike(text[:_LONGEST_TYPED], cut=True), float(value)), clocks_from(kept.clocks)
    state = kept.ended if kept.ended in (DONE, STOPPED, FAILED) else INTERRUPTED
    answer = StreamedAnswer(text=strike(kept.answer[:MOST_CHARACTERS], cut=True), model=one_line(kept.model))
    problem = _INTERRUPTED if state == INTERRUPTED else one_line(kept.problem)
    return Talk(kept.id, strike(kept.text), typed, answer, state, problem, clocks)
