"""The figures of a report as plain data (JSON). A share is from 0 to 1; None where fewer than LEAST_SHARED answers hide it."""

from __future__ import annotations

from typing import Literal, TypedDict

from lessonlib.review.inventory import IdeaGain


class LevelFigures(TypedDict):
    """One level of confidence in one round: the share that chose it, and which share of those were right."""

    level: str
    share: float
    right: float | None


class RoundFigures(TypedDict):
    """One round. unread: votes that the question, as worded today, refuses. median_off: the median factor off, at least 1;
    held: which share of the given ranges held the truth.
    """

    answers: int
    unread: int
    right: float | None
    confidence: list[LevelFigures]
    median_off: float | None
    held: float | None


class Switches(TypedDict):
    """How many of the voters of both rounds went from what to what."""

    right_right: int
    wrong_right: int
    right_wrong: int
    wrong_wrong: int


class ShareFigures(TypedDict):
    """One row of a distribution over both rounds. key: short, unique in its list; right: whether it is the true one."""

    key: str
    text: str
    right: bool
    first: float | None
    second: float | None


class BeliefFigures(TypedDict):
    """A misconception: the share of each round's answers that shows it, and the share that shows it and was certain."""

    id: str
    holds: str
    first: float | None
    second: float | None
    first_certain: float | None
    second_certain: float | None


class QuestionFigures(TypedDict):
    """A question as one class answered it. note: why it is not judged, "" if it is. second: None where no second vote was held.
    both: how many answered in both rounds and were judged; switches: None where these are too few.
    """

    lesson: str
    question: str
    lab: str
    title: str
    asked: str
    kind: str
    concepts: list[str]
    judged: bool
    note: str
    first: RoundFigures
    second: RoundFigures | None
    gain: float | None
    both: int
    switches: Switches | None
    options: list[ShareFigures]
    off: list[ShareFigures]
    features: list[ShareFigures]
    misconceptions: list[BeliefFigures]


class IdeaFigures(TypedDict):
    """An idea in one class: its questions, and the mean share right before and after. state: "open", "settled" or "" (hidden)."""

    id: str
    title: str
    questions: int
    first: float | None
    last: float | None
    gain: float | None
    state: Literal["open", "settled", ""]


class HeldFigures(TypedDict):
    """A misconception that is held with certainty at the end of a question."""

    id: str
    holds: str
    lesson: str
    question: str
    title: str
    certain: float
    share: float


class ClassFigures(TypedDict):
    """A class. created: the day. ideas: those that its questions are about. held: the surest misconceptions first."""

    code: str
    lesson: str
    title: str
    lab: str
    created: str
    voters: int
    least: int
    ideas: list[IdeaFigures]
    held: list[HeldFigures]
    questions: list[QuestionFigures]


class ItemFigures(TypedDict):
    """A question over several classes. right: the share right in the first round, with a 95 % interval from low to high.

    discrimination: the point-biserial correlation with the share right of a voter's other questions, over ``discriminated``
    voters; gain: over those classes that voted twice. untaken: misconceptions it is made for that hardly anybody showed.
    """

    lesson: str
    lesson_title: str
    question: str
    title: str
    kind: str
    classes: int
    answers: int
    right: float | None
    low: float | None
    high: float | None
    verdict: Literal["too easy", "splits", "too hard", "in between", ""]
    discrimination: float | None
    discriminated: int
    gain: float | None
    untaken: list[str]


class ClassLine(TypedDict):
    """A class in one line. questions: how many were put; first, last: the mean share right before and after, of those judged."""

    code: str
    lesson: str
    title: str
    lab: str
    created: str
    voters: int
    questions: int
    first: float | None
    last: float | None


class InventoryFigures(TypedDict):
    """The inventory over both of its sittings. before, after: codes of the classes that took it then; whole: over all ideas."""

    before: list[str]
    after: list[str]
    ideas: list[IdeaGain]
    whole: IdeaGain


class ClassesFigures(TypedDict):
    """Several classes: each in a line, the questions over all of them, and the inventory if both sittings are among them."""

    least: int
    classes: list[ClassLine]
    items: list[ItemFigures]
    inventory: InventoryFigures | None


class ReportFigures(TypedDict):
    """What `export_json` writes: each class, the questions over all of them, and the inventory. version: of these keys."""

    version: int
    least: int
    classes: list[ClassFigures]
    items: list[ItemFigures]
    inventory: InventoryFigures | None
