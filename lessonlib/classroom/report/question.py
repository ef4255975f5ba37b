"""The figures of one question, from the votes that count."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from lessonlib.base.quantity import rounded
from lessonlib.classroom.report.figures import (
    BeliefFigures,
    LevelFigures,
    QuestionFigures,
    RoundFigures,
    ShareFigures,
    Switches,
)
from lessonlib.classroom.report.judged import Answered, Judged
from lessonlib.classroom.wire import LEAST_SHARED
from lessonlib.lesson.concepts import Listing
from lessonlib.lesson.judge import apart, band_limits, band_of, times
from lessonlib.lesson.kinds.choice import Choice
from lessonlib.lesson.kinds.curve import Curve
from lessonlib.lesson.question import CERTAIN, CONFIDENCE, Question
from lessonlib.lesson.words import plain

_DIGITS = 4

#: the answers of the first and of the second round
Rounds = tuple[Sequence[Judged], Sequence[Judged]]
Fits = Callable[[Judged], bool]


def question_figures(answered: Answered, listing: Listing) -> QuestionFigures:
    """The figures of a question; ``listing`` says what a misconception holds."""
    one, sent = answered.asked, answered.sent
    question = one.question
    rounds: Rounds = answered.round(1), answered.round(2)
    is_judged = any(each.right is not None for each in answered.votes)
    return {
        "lesson": one.poll.lesson,
        "question": one.poll.question,
        "lab": one.poll.lab,
        "title": one.title,
        "asked": one.stem(),
        "kind": question.kind if question else "",
        "concepts": list(one.concepts),
        "judged": is_judged,
        "note": one.why
        or ("" if is_judged or not answered.votes else "the course does not judge this kind of question"),
        "first": _round(rounds[0], sent[0], question),
        "second": _round(rounds[1], sent[1], question) if sent[1] else None,
        "gain": gain(_right(rounds[0]), _right(rounds[1])),
        "both": len(_pairs(rounds)),
        "switches": _switches(_pairs(rounds)),
        "options": _options(question, rounds) if isinstance(question, Choice) else [],
        "off": _off(rounds, isinstance(question, Curve)),
        "features": _features(question, rounds) if isinstance(question, Curve) else [],
        "misconceptions": _beliefs(rounds, listing),
    }


def gain(before: float | None, after: float | None) -> float | None:
    """The normalised gain (after - before) / (1 - before): which part of what was missing was won (Hake 1998). None where
    either share is not known, and where nothing was missing.
    """
    if before is None or after is None or before >= 1:
        return None
    return rounded((after - before) / (1 - before), _DIGITS)


def told(share: float | None) -> float | None:
    """A share as it is written down: to 4 digits."""
    return None if share is None else rounded(share, _DIGITS)


def _right(answers: Sequence[Judged]) -> float | None:
    """The exact share that is right; None if it is hidden, or nothing is judged."""
    said = [each.right for each in answers if each.right is not None]
    return sum(said) / len(said) if len(said) >= LEAST_SHARED else None


def _round(answers: Sequence[Judged], sent: int, question: Question | None) -> RoundFigures:
    readable = len(answers) if question else sent
    offs = [apart(each.factor, 1) for each in answers if each.factor]
    held = [each.held for each in answers if each.held is not None]
    return {
        "answers": readable,
        "unread": sent - readable,
        "right": told(_right(answers)),
        "confidence": _levels(answers),
        "median_off": told(statistics.median(offs)) if len(offs) >= LEAST_SHARED else None,
        "held": told(sum(held) / len(held)) if len(held) >= LEAST_SHARED else None,
    }


def _levels(answers: Sequence[Judged]) -> list[LevelFigures]:
    said = [each for each in answers if each.confidence in range(len(CONFIDENCE))]
    if len(said) < LEAST_SHARED:
        return []
    found: list[LevelFigures] = []
    for level, name in enumerate(CONFIDENCE):
        here = [each for each in said if each.confidence == level]
        found.append({"level": name, "share": rounded(len(here) / len(said), _DIGITS), "right": told(_right(here))})
    return found


def _pairs(rounds: Rounds) -> list[tuple[bool, bool]]:
    """Of each voter of both rounds whether the first and the second answer were right."""
    before = {each.voter: each.right for each in rounds[0]}
    pairs = ((before.get(each.voter), each.right) for each in rounds[1])
    return [(was, became) for was, became in pairs if was is not None and became is not None]


def _switches(pairs: Sequence[tuple[bool, bool]]) -> Switches | None:
    if len(pairs) < LEAST_SHARED:
        return None
    return {
        "right_right": pairs.count((True, True)),
        "wrong_right": pairs.count((False, True)),
        "right_wrong": pairs.count((True, False)),
        "wrong_wrong": pairs.count((False, False)),
    }


# --- distributions over both rounds -------------------------------------------------------------------------------


def _shares(rounds: Rounds, fits: Fits) -> tuple[float | None, float | None]:
    """The share of each round that fits; None where its answers are too few."""
    first, second = (
        told(sum(map(fits, answers)) / len(answers)) if len(answers) >= LEAST_SHARED else None for answers in rounds
    )
    return first, second


def _row(key: str, text: str, right: bool, rounds: Rounds, fits: Fits) -> ShareFigures:
    first, second = _shares(rounds, fits)
    return {"key": key, "text": text, "right": right, "first": first, "second": second}


def _options(question: Choice, rounds: Rounds) -> list[ShareFigures]:
    """Each card under its key, in the order in which the panel shows them."""

    def took(key: str) -> Fits:
        return lambda each: each.guess.get("key") == key

    right = question.right()
    return [
        _row(card["key"], plain(card["html"]), card["key"] == right, rounds, took(card["key"]))
        for card in question.ask()["options"]
    ]


def _off(rounds: Rounds, sideless: bool) -> list[ShareFigures]:
    """How far off numbers are, from far too low to far too high, in the bands by which a guess is judged. Curves are off to
    no side: from near to far.
    """
    if not any(each.factor for answers in rounds for each in answers):
        return []
    limits = band_limits()
    sides = range(0 if sideless else 1 - len(limits), len(limits))

    def stands_in(place: int) -> Fits:
        return lambda each: each.factor is not None and _place(each.factor) == place

    def words(place: int) -> str:
        return _band_words(abs(place), limits, "" if sideless else " too low" if place < 0 else " too high")

    return [_row(_band_key(place), words(place), place == 0, rounds, stands_in(place)) for place in sides]


def _place(factor: float) -> int:
    """The band of a factor: 0 near, from there up for too high and down for too low."""
    band = band_of(apart(factor, 1))
    return -band if factor < 1 else band


def _band_key(place: int) -> str:
    return "near" if not place else f"{'low' if place < 0 else 'high'}-{abs(place)}"


def _band_words(band: int, limits: Sequence[float], side: str) -> str:
    if band == 0:
        return f"within {100 * (limits[0] - 1):.0f} %"
    low = times(limits[band - 1])
    if band == len(limits) - 1:
        return f"more than {low}{side}"
    return f"{low} to {times(limits[band])}{side}"


def _features(question: Curve, rounds: Rounds) -> list[ShareFigures]:
    """For each judged feature of a curve which share drew it as it is, steeper, flatter."""

    def kept(name: str) -> Fits:
        return lambda each: name not in dict(each.missed)

    def missed(name: str, side: str) -> Fits:
        return lambda each: (name, side) in each.missed

    found = []
    for name in (feature["name"] for feature in question.raw["features"]):
        found.append(_row(f"{name}-as-it-is", f"{name}: as it is", True, rounds, kept(name)))
        found += [
            _row(f"{name}-{side}", f"{name}: {side}", False, rounds, missed(name, side))
            for side in ("steeper", "flatter")
        ]
    return found


def _beliefs(rounds: Rounds, listing: Listing) -> list[BeliefFigures]:
    """The misconceptions that the answers show, the commonest first; those of a round that is too small stay hidden."""
    told_of = [each for answers in rounds if len(answers) >= LEAST_SHARED for each in answers]
    names = dict.fromkeys(each.misconception for each in told_of if each.misconception)
    found = [_belief(name, rounds, listing) for name in names]
    return sorted(found, key=lambda each: (-max(each["first"] or 0, each["second"] or 0), each["id"]))


def _belief(name: str, rounds: Rounds, listing: Listing) -> BeliefFigures:
    first, second = _shares(rounds, lambda each: each.misconception == name)
    sure, still_sure = _shares(rounds, lambda each: each.misconception == name and each.confidence == CERTAIN)
    return {
        "id": name,
        "holds": listing.misconceptions.get(name) or name.replace("-", " "),
        "first": first,
        "second": second,
        "first_certain": sure,
        "second_certain": still_sure,
    }
