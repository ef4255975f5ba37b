"""The questions over several classes, as test theory looks at them: how hard each is, and whether it tells who knows more.

What it is for is the next edition: a question that nearly everybody gets right asks nothing, and one that the better
prepared miss more often is worded so that it misleads them.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from lessonlib.classroom.report.class_figures import mean_right, summed, title_of
from lessonlib.classroom.report.figures import ClassesFigures, ClassLine, ItemFigures
from lessonlib.classroom.report.inventory import inventory_figures, withheld
from lessonlib.classroom.report.judged import Answered, Lessons, Opener, answered
from lessonlib.classroom.report.question import gain, told
from lessonlib.classroom.report.rows import ClassRows
from lessonlib.classroom.wire import LEAST_SHARED
from lessonlib.lesson.concepts import Listing, load_listing

#: above and below these shares right a question is too easy or too hard; between the two in the middle a class splits
TOO_EASY, TOO_HARD, SPLITS = 0.9, 0.2, (0.4, 0.6)
#: a voter says something of how questions hang together from so many answers on
LEAST_QUESTIONS = 3
#: a misconception that fewer than this share of at least so many answers show is one that hardly anybody has
HARDLY, ENOUGH = 0.05, 20
#: the 97.5 % point of the normal distribution, for 95 % intervals
_Z = 1.959964

Verdict = Literal["too easy", "splits", "too hard", "in between", ""]


class _Item(NamedTuple):
    """A question in one class, with the rest score of each voter who answered enough."""

    answered: Answered
    rest: Mapping[Any, float]


def classes_figures(
    classes: Iterable[ClassRows], lessons: Opener | None = None, listing: Listing | None = None
) -> ClassesFigures:
    """The classes in a line each, and every judged question over all of them."""
    lessons = lessons or Lessons()
    return over([(rows, answered(rows, lessons)) for rows in withheld(list(classes))], listing)


def over(classes: Sequence[tuple[ClassRows, Sequence[Answered]]], listing: Listing | None = None) -> ClassesFigures:
    """The same of classes whose votes are judged already."""
    listing = listing or load_listing()
    items: dict[tuple[str, str], list[_Item]] = {}
    for _, found in classes:
        for each in found:
            if any(vote.right is not None for vote in each.votes):
                poll = each.asked.poll
                items.setdefault((poll.lesson, poll.question), []).append(_Item(each, _rest(each, found)))
    return {
        "least": LEAST_SHARED,
        "classes": [_line(rows, found, listing) for rows, found in classes],
        "items": [_figures(*address, items[address], listing) for address in items],
        "inventory": inventory_figures(classes),
    }


def _line(rows: ClassRows, found: Sequence[Answered], listing: Listing) -> ClassLine:
    figures = summed(rows, found, listing)
    first, last = mean_right(figures["questions"])
    return {
        "code": figures["code"],
        "lesson": figures["lesson"],
        "title": figures["title"],
        "lab": figures["lab"],
        "created": figures["created"],
        "voters": figures["voters"],
        "questions": len(figures["questions"]),
        "first": told(first),
        "last": told(last),
    }


def _rest(one: Answered, of_class: Sequence[Answered]) -> dict[Any, float]:
    """Voter -> the share right of its other questions in the first round, for those who answered enough."""
    others: dict[Any, list[bool]] = {}
    for each in of_class:
        for vote in each.round(1) if each is not one else ():
            if vote.right is not None:
                others.setdefault(vote.voter, []).append(vote.right)
    return {voter: statistics.fmean(right) for voter, right in others.items() if len(right) + 1 >= LEAST_QUESTIONS}


def _figures(lesson: str, question: str, items: Sequence[_Item], listing: Listing) -> ItemFigures:
    votes = [vote for item in items for vote in item.answered.round(1) if vote.right is not None]
    right, many = sum(bool(vote.right) for vote in votes), len(votes)
    share = right / many if many >= LEAST_SHARED else None
    low, high = (None, None) if share is None else wilson(right, many)
    pairs = [
        (float(bool(vote.right)), item.rest[vote.voter])
        for item in items
        for vote in item.answered.round(1)
        if vote.right is not None and vote.voter in item.rest
    ]
    asked = items[0].answered.asked
    return {
        "lesson": lesson,
        "lesson_title": title_of(lesson),
        "question": question,
        "title": asked.title,
        "kind": asked.question.kind if asked.question else "",
        "classes": len(items),
        "answers": many,
        "right": told(share),
        "low": told(low),
        "high": told(high),
        "verdict": verdict(share),
        "discrimination": told(point_biserial(pairs)) if len(pairs) >= LEAST_SHARED else None,
        "discriminated": len(pairs),
        "gain": _gain(items),
        "untaken": _untaken(items, listing),
    }


def verdict(share: float | None) -> Verdict:
    """What the share right in the first round says of a question."""
    if share is None:
        return ""
    if share > TOO_EASY:
        return "too easy"
    if share < TOO_HARD:
        return "too hard"
    return "splits" if SPLITS[0] <= share <= SPLITS[1] else "in between"


def wilson(right: int, many: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927): it stays within 0 and 1, also where all or none are right."""
    share, z = right / many, _Z
    middle = (share + z * z / (2 * many)) / (1 + z * z / many)
    half = z / (1 + z * z / many) * math.sqrt(share * (1 - share) / many + z * z / (4 * many * many))
    return max(0.0, middle - half), min(1.0, middle + half)


def point_biserial(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's correlation of right (0 or 1) with the rest score; None where either does not vary."""
    if len(pairs) < 2:
        return None
    x, y = [one for one, _ in pairs], [other for _, other in pairs]
    mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
    spread_x, spread_y = (
        math.fsum((value - mean) ** 2 for value in values) for values, mean in ((x, mean_x), (y, mean_y))
    )
    if spread_x * spread_y < 1e-12:  # all alike but for rounding
        return None
    together = math.fsum((one - mean_x) * (other - mean_y) for one, other in pairs)
    return together / math.sqrt(spread_x * spread_y)


def _gain(items: Sequence[_Item]) -> float | None:
    """The normalised gain over the classes that voted twice, their answers taken together."""
    twice = [item.answered for item in items if min(len(item.answered.round(1)), len(item.answered.round(2))) > 0]
    shares = []
    for number in (1, 2):
        said = [vote.right for each in twice for vote in each.round(number) if vote.right is not None]
        shares.append(sum(said) / len(said) if len(said) >= LEAST_SHARED else None)
    return gain(*shares)


def _untaken(items: Sequence[_Item], listing: Listing) -> list[str]:
    """What the misconceptions hold that the question is made for and hardly anybody showed in the first round."""
    votes = [vote for item in items for vote in item.answered.round(1)]
    questions = [item.answered.asked.question for item in items if item.answered.asked.question]
    if len(votes) < ENOUGH:
        return []
    names = dict.fromkeys(name for question in questions for name, _ in question.mistakes())
    shown = [vote.misconception for vote in votes]
    return [
        listing.misconceptions.get(name) or name.replace("-", " ")
        for name in names
        if shown.count(name) < HARDLY * len(votes)
    ]
