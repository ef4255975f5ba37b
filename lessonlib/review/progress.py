"""Where a learner stands with each idea of the course, from the records of the journal alone.

Every question names the ideas that it is about. Its outcome moves each of them: an answer makes an idea *met*, an
answer from memory makes it *recalled*, a wrong answer of which the learner was certain makes it *missed* until a
later right one. A skipped question says nothing about an idea that was met before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

Record = Mapping[str, Any]
Raw = Mapping[str, Any]

UNMET, SKIPPED, MET, MISSED, RECALLED = "unmet", "skipped", "met", "missed", "recalled"
#: every state that an idea can be in
STATES = (UNMET, MET, RECALLED, MISSED, SKIPPED)

_CERTAIN = 2  # the highest of the three levels of confidence
_GRADED = ("recall", "blanks", "explain")


@dataclass(frozen=True)
class Asked:
    """What a question is about. ``from_memory``: it asks for something met before (a card, gaps, quiz, transfer)."""

    concepts: tuple[str, ...]
    from_memory: bool


@dataclass
class _Answer:
    """One question on one lab, as far as the records tell."""

    committed: bool = False
    certain: bool = False
    open: bool = False


def questions_of(lessons: Mapping[str, Raw]) -> dict[tuple[str, str], Asked]:
    """(lesson, question) -> what it asks, for each question of ``lessons`` (name -> its YAML) that names an idea."""
    found = {}
    for name, raw in lessons.items():
        for entry in raw["steps"]:
            kind, body = next(iter(entry.items()))
            if isinstance(body, Mapping) and body.get("concepts"):
                from_memory = kind in _GRADED or bool(body.get("quiz") or body.get("transfer"))
                found[name, body["id"]] = Asked(tuple(body["concepts"]), from_memory)
    return found


def progress(
    concepts: Iterable[str],
    questions: Mapping[tuple[str, str], Asked],
    records: Iterable[Record],
    current: Callable[[Record], bool] = lambda record: True,
) -> dict[str, str]:
    """The state of each idea after ``records`` (oldest first).

    ``current(record)`` says whether a record is of the question as it is asked today; a question that has changed is
    asked anew, so its old answers do not count. Neither do records of questions that are gone.
    """
    states = dict.fromkeys(concepts, UNMET)
    for asked, outcome in _outcomes(questions, records, current):
        for concept in asked.concepts:
            if concept in states:
                states[concept] = _next(states[concept], outcome, asked.from_memory)
    return states


def _outcomes(
    questions: Mapping[tuple[str, str], Asked], records: Iterable[Record], current: Callable[[Record], bool]
) -> Iterator[tuple[Asked, str]]:
    """What came out of each question, in the order in which it did: as a lesson replays it, the first answer counts."""
    answers: dict[tuple[str, ...], _Answer] = {}
    for record, again in map(_of_lesson, records):
        asked = questions.get((record["lesson"], record["question"]))
        if asked is None or not current(record):
            continue
        key = ("again" if again else "", *(record[part] for part in ("lesson", "question", "hash", "lab")))
        outcome = _outcome(answers.setdefault(key, _Answer()), record)
        if outcome:
            yield (replace(asked, from_memory=True) if again else asked), outcome
        if again and outcome not in ("", "seen"):
            del answers[key]  # the review asks the same question again another day


def _of_lesson(record: Record) -> tuple[Record, bool]:
    """The record under the lesson that it is about, and whether it is of a review ("review", "LESSON/QUESTION")."""
    if record["lesson"] != "review":
        return record, False
    lesson, _, question = record["question"].partition("/")
    return {**record, "lesson": lesson, "question": question}, True


def _outcome(answer: _Answer, record: Record) -> str:
    """ "skipped", "seen" (revealed, not judged), "right", "wrong" or "certain miss"; nothing if the record decides nothing."""
    event = record["event"]
    if event == "grade" and answer.open and answer.committed:
        return "right" if record.get("grade") == "got" else "wrong"
    if answer.open:
        return ""
    if event == "commit" and not answer.committed:
        answer.committed, answer.certain = True, record.get("confidence") == _CERTAIN
    elif event == "skip" and not answer.committed:
        answer.open = True
        return "skipped"
    elif event == "reveal" and answer.committed:
        answer.open = True
        if "right" not in record:
            return "seen"
        return "right" if record["right"] else "certain miss" if answer.certain else "wrong"
    return ""


def _next(state: str, outcome: str, from_memory: bool) -> str:
    """The state of an idea after one more outcome."""
    if outcome == "certain miss":
        return MISSED
    if outcome == "skipped":
        return SKIPPED if state == UNMET else state
    if outcome == "right" and from_memory:
        return RECALLED
    if state in (UNMET, SKIPPED):
        return MET
    if outcome == "right":
        return MET if state == MISSED else state
    return MET if outcome == "wrong" and from_memory and state == RECALLED else state
