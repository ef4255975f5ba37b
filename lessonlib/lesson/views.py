"""What Python and the page tell each other: the view of each kind of panel, and the events that come back.

``static/js/views.d.ts`` is written from these classes (:mod:`lessonlib.show.typescript`) and the scripts are checked
against it, so a field that one side forgets is found. A field marked NotRequired comes only in some states.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

#: which script draws a panel
PanelKind = Literal[
    "choice", "number", "range", "settings", "curve", "place", "blanks", "recall", "explain", "note", "closing", "tell", "picture", "explorer",
    "pick", "map", "roof", "write", "monitor", "timeline", "fleet"
]  # fmt: skip
State = Literal["locked", "asked", "committed", "revealed", "observed"]
#: how a verdict looks: the colour and the mark beside its headline
Tone = Literal["right", "near", "off", "plain"]


class OptionView(TypedDict):
    """One of several cards: an answer, a lab, what a reveal showed."""

    key: str
    html: str


class HintsView(TypedDict):
    """The hints shown so far, and how many are left."""

    shown: list[str]
    left: int


class GradeView(TypedDict):
    """One of the grades that a learner gives to an answer of their own."""

    key: str
    label: str


# --- what the form of each kind needs; nothing here depends on the truth --------------------------------------------


class ChoiceAsk(TypedDict):
    """The cards of a choice, and of a pick."""

    options: list[OptionView]


class NumberAsk(TypedDict):
    """The label of the unit asked in, and whether an interval may be given."""

    unit: str
    placeholder: str
    interval: bool
    #: whether the interval must be given
    needed: NotRequired[bool]
    #: which of several numbers it is
    name: NotRequired[str]
    label: NotRequired[str]


class SettingsAsk(TypedDict):
    """The line to start from, and the numbers to forecast."""

    line: str
    numbers: list[NumberAsk]


class CurveAsk(TypedDict):
    """The columns and the axes on which the curve is drawn."""

    x: list[float]
    x_label: str
    y_label: str
    x_unit: str
    y_unit: str
    x_log: bool
    y_log: bool
    y_min: float
    y_max: float
    start: list[float] | None


class RoofView(TypedDict):
    """A roof as points in base units, the corner among them."""

    x: list[float]
    y: list[float]


class PlaceAsk(TypedDict):
    """The axes on which a dot is placed, both logarithmic, and the roof.

    Ends of the axes and the roof in base units; ``x_unit`` and ``y_unit`` are what a bare typed number is taken in, and
    ``x_scale`` and ``y_scale`` how many base units one of them is.
    """

    x_label: str
    y_label: str
    x_unit: str
    y_unit: str
    x_scale: float
    y_scale: float
    x_min: float
    x_max: float
    y_min: float
    y_max: float
    roof: RoofView


class BlanksAsk(TypedDict):
    """The sentence as the pieces (HTML) between its gaps."""

    parts: list[str]


class TextAsk(TypedDict):
    """A field for free text."""

    placeholder: str
    rows: int


class RecallAsk(TypedDict):
    """A card asks for nothing but its stem."""


# --- a guess as the panel shows it ----------------------------------------------------------------------------------


class GuessView(TypedDict):
    """What every guess carries: the level of confidence, from 0; None where none is asked for."""

    confidence: NotRequired[int | None]


class ChoiceGuess(GuessView):
    """The key of the card."""

    key: str


class NumberGuess(GuessView):
    """The number as typed, with its unit as ``shown``; value and interval in base units."""

    text: str
    shown: str
    value: float
    low: float | None
    high: float | None
    low_text: str
    high_text: str


class ForecastGuess(NumberGuess):
    """One of several numbers, by its name."""

    name: str


class SettingsGuess(GuessView):
    """The line as typed, each forecast, and all of them in words."""

    line: str
    shown: str
    numbers: list[ForecastGuess]


class CurveGuess(GuessView):
    """One value a column."""

    y: list[float]


class PlaceGuess(GuessView):
    """A dot in base units, as it was typed or dragged, and in words."""

    x: float
    y: float
    x_text: str
    y_text: str
    shown: str


class BlanksGuess(GuessView):
    """The words in the gaps."""

    texts: list[str]


class TextGuess(GuessView):
    """Free text; absent if it was said aloud."""

    text: NotRequired[str]


# --- what the reveal says -------------------------------------------------------------------------------------------


class ResultView(TypedDict):
    """The verdict: tone, headline, feedback and reveal as HTML; ``summary`` is one line of plain text."""

    tone: Tone
    headline: str
    summary: str
    feedback: str
    reveal: str


class ChoiceResult(ResultView):
    """Which card is the truth, which was the guess."""

    options: dict[str, Literal["truth", "yours", "both"]]


class NumberTruth(TypedDict):
    """The true number as printed, and in base units."""

    text: str
    value: float


class NumberResult(ResultView):
    """The truth, the ends of the log strip, and the units in which its axis is labelled: (base units, name)."""

    truth: NumberTruth
    scale: list[float]
    ticks: list[tuple[float, str]]


class ForecastResult(TypedDict):
    """What one of the numbers came to."""

    name: str
    truth: NumberTruth
    scale: list[float]
    ticks: list[tuple[float, str]]


class SettingsResult(ResultView):
    """What the learner's own line came to."""

    numbers: list[ForecastResult]


class CurveResult(ResultView):
    """The true curve, what the drawing missed (HTML), and for each column in words how far off the guess was."""

    truth_y: list[float]
    missed: list[str]
    columns: list[str]


class PlaceTruth(TypedDict):
    """The true dot in base units, what it is, and in words."""

    x: float
    y: float
    label: str
    text: str


class PlaceResult(ResultView):
    """The true dot."""

    truth: PlaceTruth


class GradedResult(ResultView):
    """An answer that the learner grades; ``grade`` is the key of the one given."""

    grades: list[GradeView]
    grade: str | None


class AnswerResult(GradedResult):
    """The model answer, and for an explanation what to tick."""

    answer: str
    checklist: NotRequired[list[str]]


class BlanksResult(GradedResult):
    """What is expected in the gaps."""

    expected: list[str]


class ObserveView(TypedDict):
    """The observe check; ``right`` and ``note`` come once something was chosen."""

    ask: str
    options: list[OptionView]
    chosen: str | None
    right: NotRequired[str]
    note: NotRequired[str]


class WorkingView(TypedDict):
    """The function that computed the truth: its name, its source, what it gave."""

    name: str
    source: str
    value: str


class KnobView(TypedDict):
    """A knob of an explorer: the words of its stops, and the place among them where it starts. slides: a slider, else a menu."""

    name: str
    label: str
    stops: list[str]
    start: int
    slides: bool


class FirstGuessView(TypedDict):
    """The light guess before the first move. ``right`` and ``after`` come with the first move after it."""

    ask: str
    options: list[OptionView]
    chosen: str | None
    right: NotRequired[str]
    after: NotRequired[str]


class ExplorerView(TypedDict):
    """An explorer. picks: knob -> the place where it stands, as ``explored`` shows it; None where nothing can be shown.

    ``started`` is what the start showed, once the knobs stand elsewhere.
    """

    drawings: list[str]
    knobs: list[KnobView]
    picks: dict[str, int]
    explored: dict[str, Any] | None
    started: NotRequired[dict[str, Any]]
    guess: NotRequired[FirstGuessView]
    fault: NotRequired[str]


# --- panels -----------------------------------------------------------------------------------------------------------


class KeptView(TypedDict):
    """What became of the learner's record, in one line. news: to be told at once, it is not kept, or kept again."""

    line: str
    news: bool


class PanelView(TypedDict):
    """What every panel has. ``id`` names the item in its lesson. hello: the page is to say that it is there."""

    kind: PanelKind
    id: str
    title: str
    state: State
    problem: NotRequired[str]
    hello: NotRequired[bool]


class LockedView(PanelView):
    """A panel that is still closed, and why."""

    locked: str


class QuestionView(PanelView):
    """A question in any of its states. ``result`` and what follows it come with the reveal."""

    stem: str
    confidence: list[str] | None
    hints: HintsView
    skipped: bool
    #: why a committed question is not revealed yet
    sealed: NotRequired[str]
    observe: NotRequired[ObserveView | None]
    working: NotRequired[WorkingView | None]
    explanation: NotRequired[str]
    #: in a review: the next card may come; whether it is one of a sitting
    next: NotRequired[bool]
    sitting: NotRequired[bool]
    kept: NotRequired[KeptView]


class ChoiceView(QuestionView):
    """One of a few cards."""

    ask: ChoiceAsk
    guess: NotRequired[ChoiceGuess]
    result: NotRequired[ChoiceResult]


class NumberView(QuestionView):
    """A number with its unit."""

    ask: NumberAsk
    guess: NotRequired[NumberGuess]
    result: NotRequired[NumberResult]


class SettingsView(QuestionView):
    """A line to change, with forecasts."""

    ask: SettingsAsk
    guess: NotRequired[SettingsGuess]
    result: NotRequired[SettingsResult]


class CurveView(QuestionView):
    """A curve to draw."""

    ask: CurveAsk
    guess: NotRequired[CurveGuess]
    result: NotRequired[CurveResult]


class PlaceView(QuestionView):
    """A dot to place on a roof."""

    ask: PlaceAsk
    guess: NotRequired[PlaceGuess]
    result: NotRequired[PlaceResult]


class BlanksView(QuestionView):
    """A sentence with gaps."""

    ask: BlanksAsk
    guess: NotRequired[BlanksGuess]
    result: NotRequired[BlanksResult]


class RecallView(QuestionView):
    """A card to answer aloud."""

    ask: RecallAsk
    guess: NotRequired[TextGuess]
    result: NotRequired[AnswerResult]


class ExplainView(QuestionView):
    """An explanation from memory."""

    ask: TextAsk
    guess: NotRequired[TextGuess]
    result: NotRequired[AnswerResult]


class NoteView(QuestionView):
    """A note to the teacher, and where there is one, the teacher's part."""

    ask: TextAsk
    guess: NotRequired[TextGuess]
    teacher: NotRequired[dict[str, Any]]


class ClosingPart(TypedDict):
    """Score card and sources of a lesson as HTML; "" while a step is still closed, and then ``locked`` says which."""

    locked: str
    score: str
    sources: str


class ClosingView(NoteView):
    """The last panel: a question to the teacher, which is always open; in a notebook with score card and sources."""

    closing: NotRequired[ClosingPart]


class DotView(TypedDict):
    """One dot of the learner's roof: where it truly stands and where it was placed, in base units and in words."""

    lesson: str
    label: str
    x: float
    y: float
    text: str
    mine: PlaceGuess | None
    off: str


class RoofDrawing(TypedDict):
    """The roofs that the dots belong to, the dots, and the axes; ``alt`` states the finding."""

    axes: PlaceAsk
    roofs: list[RoofView]
    dots: list[DotView]
    waiting: str
    alt: str


class CaseView(TypedDict):
    """One case of a function of one's own. What the engine says comes with a number of the learner's alone.

    ``lines`` are those of config.json to begin with, ``config`` all of it, ``given`` what else the function is called with.
    """

    title: str
    lines: str
    config: str
    given: list[tuple[str, str]]
    tone: Tone
    yours: str
    engine: str
    factor: str
    note: str


class WriteView(TypedDict):
    """A function of one's own beside the engine's: the verdict in one line, and case by case."""

    name: str
    tone: Tone
    headline: str
    summary: str
    cases: list[CaseView]


class LaneView(TypedDict):
    """A request of a timeline, in tokens and microseconds. waits, held: from, to, from, to …; own: from, to of the server's own time
    before the first wait; chunks: step, tokens, whether read again (0 or 1), for each chunk; written: from which step on, and a digit (0 to z) for the tokens of each step, "1(57)" for 57 alike.
    """

    number: int
    prompt: int
    answer: int
    cached: int
    came: int
    done: int | None
    waits: list[int]
    held: list[int]
    preempted: list[int]
    own: list[int]
    chunks: list[int]
    written: list[tuple[int, str]]


class TimelineDrawing(TypedDict):
    """The steps of an engine, in microseconds, tokens, blocks and requests. begin: of the first step; lasts: of each step;
    pauses: step, idle time before it, for those that have one. The columns from ``prompt`` on have a value a step; several alike as
    (value, how many). times: the units in which seconds are written, from small to large.
    """

    begin: int
    lasts: list[int]
    pauses: list[int]
    lanes: list[LaneView]
    prompt: list[int | tuple[int, int]]
    answer: list[int | tuple[int, int]]
    used: list[int | tuple[int, int]]
    kept: list[int | tuple[int, int]]
    running: list[int | tuple[int, int]]
    waiting: list[int | tuple[int, int]]
    blocks: int
    seats: int | None
    budget: int | None
    times: list[tuple[float, str]]


class WaitsView(TypedDict):
    """Percentiles of a whole run, as printed: the levels, a row for each kind of wait, tokens a second, how many requests."""

    head: list[str]
    rows: list[list[str]]
    speed: str
    requests: str


class TimelineView(TypedDict):
    """A simulated run: its finding, what kind of numbers they are, its percentiles, a row of text for each lane, and what is drawn."""

    label: str
    finding: str
    note: str
    waits: WaitsView
    columns: list[str]
    rows: list[list[str]]
    drawn: TimelineDrawing


class FleetLaneView(TypedDict):
    """A replica of a fleet. states: (from which millisecond on, letter): off, starting, ready, draining, failed, sTalled. A value a
    window: running and waiting in requests, cache and found in per cent (None: no request began), came in requests.
    """

    number: int
    pool: str
    kind: str
    slow: float
    states: list[tuple[int, str]]
    running: list[float | tuple[float, int]]
    waiting: list[float | tuple[float, int]]
    cache: list[int | tuple[int, int]]
    found: list[int | tuple[int | None, int] | None]
    came: list[int | tuple[int, int]]


class FleetLinkView(TypedDict):
    """The link between two pools. traffic: GB/s a window, capacity: the most; under_way: caches. sent: milliseconds since the one before, milliseconds
    on the way, place of the lane it leaves, and of that it comes to, for every `dot`-th.
    """

    traffic: list[float | tuple[float, int]]
    under_way: list[float | tuple[float, int]]
    capacity: float
    sent: list[int]
    dot: int
    rates: list[tuple[float, str]]


class FleetDrawing(TypedDict):
    """A fleet by windows, in milliseconds. edges: where the first begins, how long one is, where the last ends. Columns have a value a window,
    several alike as (value, how many). ready, desired: (from when on, replicas). dots: milliseconds since the one before, and the place of
    the lane, for every `dot`-th request. times: the units in which seconds are written.
    """

    edges: list[int]
    arrivals: list[int | tuple[int, int]]
    ttft: list[int | tuple[int | None, int] | None]
    held: list[float | tuple[float, int]]
    found: list[int | tuple[int | None, int] | None]
    ready: list[tuple[int, int]]
    desired: list[tuple[int, int]]
    lanes: list[FleetLaneView]
    dots: list[int]
    dot: int
    link: FleetLinkView | None
    router: str
    times: list[tuple[float, str]]


class FleetTable(TypedDict):
    """A printed table."""

    head: list[str]
    rows: list[list[str]]


class FleetRunView(TypedDict):
    """A simulated fleet: its finding, what kind of numbers they are, its percentiles and facts, a row of text for each replica and for some
    windows, and what is drawn.
    """

    label: str
    finding: str
    note: str
    waits: WaitsView
    facts: list[str]
    columns: list[str]
    rows: list[list[str]]
    windows: FleetTable
    drawn: FleetDrawing


class MonitorChart(TypedDict):
    """A small chart of a monitor: values in base units, one a time, and those of the second run; ``alt`` tells it in numbers.

    ``steps``: the units in which it is labelled (base units, name); ``most``: the end of its axis, or None.
    """

    title: str
    query: str
    unit: str
    steps: list[tuple[float, str]]
    most: float | None
    values: list[float | None]
    compare: NotRequired[list[float | None]]
    alt: str


class MonitorTick(TypedDict):
    """A round time of day on the axis, in seconds of the monitor's times."""

    at: float
    text: str


class MonitorMark(TypedDict):
    """A moment that somebody knows of."""

    at: float
    clock: str
    label: str


class MonitorLine(TypedDict):
    """A line of the server's log."""

    at: float
    clock: str
    text: str


class MonitorView(TypedDict):
    """An incident as its monitoring shows it. ``times`` in seconds, the axis begins at ``from_s``; ``clocks`` says them as times of day.

    ``compare``: what the second line of every chart is called, "" where there is none.
    """

    finding: str
    from_s: float
    times: list[float]
    clocks: list[str]
    ticks: list[MonitorTick]
    charts: list[MonitorChart]
    marks: list[MonitorMark]
    log: list[MonitorLine]
    alerts: list[str]
    compare: str


class DrawnView(TypedDict, total=False):
    """What a block draws: HTML, and what a script of its kind needs. ``text`` is the same in plain text."""

    html: str
    text: str
    picture: dict[str, Any]
    explorer: ExplorerView
    roof: RoofDrawing
    write: WriteView
    timeline: list[TimelineView]
    fleet: list[FleetRunView]
    monitor: MonitorView
    ask: ChoiceAsk
    guess: ChoiceGuess
    problem: str
    #: offers what comes next: another sitting of a review, another set of an exam
    more: str


class BlockView(PanelView, DrawnView):
    """A block that is open."""


View = (
    LockedView
    | ChoiceView
    | NumberView
    | CurveView
    | PlaceView
    | BlanksView
    | RecallView
    | ExplainView
    | NoteView
    | ClosingView
    | BlockView
)


# --- a class: the second trait of a panel, beside its view ---------------------------------------------------------------


class ClassButton(TypedDict):
    """Something to do in a class. do: what the page sends back; main: what comes next."""

    do: str
    label: str
    main: bool


class ClassBar(TypedDict):
    """What the panel of a question says of the class. here: it is the question that the class is at. All texts are plain.

    line: where the class stands; detail: a count, or what was voted first. shares: how the room voted, mine: what this learner
    voted in each round, both once the class shows them.
    """

    code: str
    here: bool
    line: str
    detail: str
    buttons: list[ClassButton]
    problem: str
    shares: NotRequired[dict[str, Any]]
    mine: NotRequired[dict[str, Any]]


# --- events: what the page sends ------------------------------------------------------------------------------------


class CommitEvent(TypedDict):
    """A guess, in the form in which its kind takes it, and the level of confidence."""

    event: Literal["commit"]
    guess: Any
    confidence: int | None


class PlainEvent(TypedDict):
    """An event that says all by its name."""

    event: Literal["reveal", "skip", "hint", "stop", "next", "more", "shown"]


class ChoiceEvent(TypedDict):
    """What the reveal showed, or which of several is picked."""

    event: Literal["observe", "pick"]
    choice: str


class GradeEvent(TypedDict):
    """The learner's own grade."""

    event: Literal["grade"]
    grade: str


class ExploreEvent(TypedDict):
    """Where the knobs of an explorer stand now: knob -> place."""

    event: Literal["explore"]
    picks: dict[str, int]


class AskEvent(TypedDict):
    """A question to the teacher, and the guess at the time to its first token."""

    event: Literal["ask"]
    text: str
    ttft: str


class ClassEvent(TypedDict):
    """A button of the class bar."""

    event: Literal["class"]
    do: str


PanelEvent = CommitEvent | PlainEvent | ChoiceEvent | GradeEvent | ExploreEvent | AskEvent | ClassEvent


class DoneMessage(TypedDict):
    """Python's word that an event is done with, also when the view stayed the same."""

    done: bool
