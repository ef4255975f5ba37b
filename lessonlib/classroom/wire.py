"""What goes over the wire between the class server and phones, notebooks and the hall's screen: JSON, by name.

``GET events`` is a stream of named events: ``state`` (for a screen ``screen``, for the instructor ``host``), at first and after each
event of the class; ``beat``, every 15 s, with the ``seq``; ``over`` when the class ends.
``GET me`` is a voter's own votes as JSON lines, as the journal has them; ``DELETE me`` forgets the voter.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from lessonlib.classroom.phases import Event, Phase
from lessonlib.lesson.views import View

#: the largest body that a client may send, bytes
MOST_BYTES = 2048
#: characters of a class's code, and of which alphabet: none that a voice or a projector makes another of
CODE_LENGTH, CODE_SIGNS = 6, "23456789ABCDEFGHJKLMNPQRSTUVWXY"
#: fewer answers than this have no shares, for one could tell whose they are
LEAST_SHARED = 5


class Poll(TypedDict):
    """A question that is put to the class: the same address as in a learner's own record. ``id`` is the question's.

    ``hash`` depends on the truth, and who has it can try the options one by one: it is "" until ``revealed``.
    """

    id: str
    lesson: str
    question: str
    hash: str
    lab: str


class Vote(TypedDict):
    """``PUT polls/ID/rounds/ROUND/vote``. ``key``: 16 to 64 letters and digits that the client drew for this vote and sends
    again with it; ``guess`` as a panel sends it; ``confidence`` 0, 1, 2 (or None for a kind that asks none).
    """

    key: str
    guess: Any
    confidence: int | None


class Kept(TypedDict):
    """The answer to a vote: kept now, or known already by its key. guess: as in ``Mine.rounds``."""

    kept: Literal["ok", "again"]
    guess: NotRequired[dict[str, Any]]


class Refused(TypedDict):
    """What a client did wrong, in one line that it may show. Goes with 401, 403, 404, 409, 413, 422 or 429, and with 503
    where the server could not keep what it was sent: then nothing of it is kept, and it may be sent again.
    """

    problem: str


class Mine(TypedDict):
    """What the voter who asks has sent to this poll: by round the guess as a panel shows it, its ``confidence`` among it.

    ``view``: the panel with this voter's own result and the refutation of what was taken; from ``revealed`` alone.
    """

    rounds: dict[str, dict[str, Any]]
    view: NotRequired[View]


class OptionShare(TypedDict):
    """An option and the share of each round that took it, 0 to 1; None where the round was not held."""

    key: str
    text: str
    first: float | None
    second: float | None


class Bin(TypedDict):
    """Answers between two numbers of the axis, as a share of each round."""

    low: float
    high: float
    first: float | None
    second: float | None


class Shares(TypedDict):
    """How the room voted. ``few``: fewer than LEAST_SHARED answers, so there is nothing but the counts."""

    kind: Literal["options", "numbers", "curves", "few"]
    first: int
    second: int | None
    options: NotRequired[list[OptionShare]]
    #: of numbers: the unit asked in, and how many base units one of it is; bins of equal width on the axis (a logarithmic one where
    #: all are above 0), and medians by round, both in that unit
    unit: NotRequired[str]
    scale: NotRequired[float]
    log: NotRequired[bool]
    bins: NotRequired[list[Bin]]
    medians: NotRequired[list[float | None]]
    #: of curves and places: the drawn ones of the last round, at most 200, and their median, as [x, y] points in the axes of ``ask``
    curves: NotRequired[list[list[list[float]]]]
    median: NotRequired[list[list[float]]]


class State(TypedDict):
    """``GET state``, and the data of the event ``state`` on ``GET events`` (there without ``mine``). ``POST join`` answers with it too.

    seq: number of the last event of the class. ask: the panel's view of the question as nobody has answered it (from ``open1``).
    joined: voters. shares from ``shown``; truth, the panel as one who skipped sees it, from ``revealed``.
    mine: of one who has joined; None before the first vote. Who has not joined gets none.
    """

    seq: int
    code: str
    title: str
    lesson: str
    lab: str
    paused: bool
    poll: Poll | None
    phase: Phase
    round: int
    ask: View | None
    joined: int
    mine: NotRequired[Mine | None]
    shares: NotRequired[Shares]
    truth: NotRequired[View]


class ScreenState(State):
    """``GET state?screen=CODE``, and the event ``screen`` on ``GET events?screen=CODE``: the state, and what a hall may see besides.

    count: votes of the present round. join: the address that phones open; ``GET qr.svg?screen=CODE`` is the same as a picture.
    """

    count: int
    join: str


class HostEvent(TypedDict):
    """``POST host``. ``seq``: that of the state which the instructor saw; another one is refused with 409. ``question``: with
    ``next`` (the one after the present one, if it is left out) and with ``open`` (the present one, if it is left out).
    """

    event: Event
    seq: int
    question: NotRequired[str]


class Planned(TypedDict):
    """A question of the lesson in the instructor's plan. minutes: by the formula of the budget; phase: of its poll."""

    id: str
    title: str
    kind: str
    minutes: float
    phase: Phase
    vote: bool


class HostState(State):
    """``GET host`` (bearer token), and the event ``host`` on ``GET events`` with the token: the state, and what only an instructor sees.

    count: votes of the present round. possible: events that mean something now. notes: the lesson's instructor notes, HTML.
    join: the address that phones open.
    """

    count: int
    join: str
    possible: list[Event]
    plan: list[Planned]
    notes: str
