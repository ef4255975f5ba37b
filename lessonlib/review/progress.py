"""Where a learner stands with each idea of the course, from the journal alone.

Every question names the ideas that it is about. Its outcome moves each of them: an answer makes an idea *met*, an
answer from memory makes it *recalled*, a wrong answer of which the learner was certain makes it *missed* until a
later right one. A skipped question says nothing about an idea that was met before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lessonlib.record.attempts import Attempt, by_outcome

Raw = Mapping[str, Any]

UNMET, SKIPPED, MET, MISSED, RECALLED = "unmet", "skipped", "met", "missed", "recalled"
#: every state that an idea can be in
STATES = (UNMET, MET, RECALLED, MISSED, SKIPPED)

_GRADED = ("recall", "blanks", "explain")


@dataclass(frozen=True)
class Asked:
    """What a question is about. ``from_memory``: it asks for something met before (a card, gaps, quiz, transfer)."""

    concepts: tuple[str, ...]
    from_memory: bool


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
    attempts: Iterable[Attempt],
    current: Callable[[Attempt], bool] = lambda _attempt: True,
) -> dict[str, str]:
    """The state of each idea after ``attempts``.

    ``current(attempt)`` says whether an attempt is at the question as it is asked today; a question that has changed is
    asked anew, so its old answers do not count. Neither do attempts at questions that are gone.
    """
    states = dict.fromkeys(concepts, UNMET)
    for attempt in by_outcome(attempts):
        asked, outcome = questions.get((attempt.lesson, attempt.question)), _outcome(attempt)
        if asked is None or not outcome or not current(attempt):
            continue
        for concept in asked.concepts:
            if concept in states:
                # a review asks for something met before, whatever it is
                states[concept] = _next(states[concept], outcome, asked.from_memory or attempt.review)
    return states


def _outcome(attempt: Attempt) -> str:
    """What came out: "skipped", "seen" (revealed, not judged), "right", "wrong" or "certain miss"; "" without a guess."""
    if attempt.skipped:
        return "skipped"
    if attempt.commit is None:
        return ""
    if attempt.grade is not None:
        return "right" if attempt.grade == "got" else "wrong"
    if attempt.right is None:
        return "seen"
    return "right" if attempt.right else "certain miss" if attempt.certain_miss else "wrong"


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
