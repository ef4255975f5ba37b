// Written from lessonlib/lesson/views.py by lessonlib.show.typescript.refresh(); a test holds it to that file.

export type PanelKind = "choice" | "number" | "range" | "settings" | "curve" | "place" | "blanks" | "recall" | "explain" | "note" | "closing" | "tell" | "picture" | "explorer" | "pick" | "map" | "roof" | "write" | "monitor" | "timeline" | "fleet";

export type State = "locked" | "asked" | "committed" | "revealed" | "observed";

export type Tone = "right" | "near" | "off" | "plain";

/** One of several cards: an answer, a lab, what a reveal showed. */
export interface OptionView {
  key: string;
  html: string;
}

/** The hints shown so far, and how many are left. */
export interface HintsView {
  shown: string[];
  left: number;
}

/** One of the grades that a learner gives to an answer of their own. */
export interface GradeView {
  key: string;
  label: string;
}

/** The cards of a choice, and of a pick. */
export interface ChoiceAsk {
  options: OptionView[];
}

/** The label of the unit asked in, and whether an interval may be given. */
export interface NumberAsk {
  unit: string;
  placeholder: string;
  interval: boolean;
  needed?: boolean;
  name?: string;
  label?: string;
}

/** The line to start from, and the numbers to forecast. */
export interface SettingsAsk {
  line: string;
  numbers: NumberAsk[];
}

/** The columns and the axes on which the curve is drawn. */
export interface CurveAsk {
  x: number[];
  x_label: string;
  y_label: string;
  x_unit: string;
  y_unit: string;
  x_log: boolean;
  y_log: boolean;
  y_min: number;
  y_max: number;
  start: number[] | null;
}

/** A roof as points in base units, the corner among them. */
export interface RoofView {
  x: number[];
  y: number[];
}

/** The axes on which a dot is placed, both logarithmic, and the roof. */
export interface PlaceAsk {
  x_label: string;
  y_label: string;
  x_unit: string;
  y_unit: string;
  x_scale: number;
  y_scale: number;
  x_min: number;
  x_max: number;
  y_min: number;
  y_max: number;
  roof: RoofView;
}

/** The sentence as the pieces (HTML) between its gaps. */
export interface BlanksAsk {
  parts: string[];
}

/** A field for free text. */
export interface TextAsk {
  placeholder: string;
  rows: number;
}

/** A card asks for nothing but its stem. */
export interface RecallAsk {
}

/** What every guess carries: the level of confidence, from 0; None where none is asked for. */
export interface GuessView {
  confidence?: number | null;
}

/** The key of the card. */
export interface ChoiceGuess {
  confidence?: number | null;
  key: string;
}

/** The number as typed, with its unit as ``shown``; value and interval in base units. */
export interface NumberGuess {
  confidence?: number | null;
  text: string;
  shown: string;
  value: number;
  low: number | null;
  high: number | null;
  low_text: string;
  high_text: string;
}

/** One of several numbers, by its name. */
export interface ForecastGuess {
  confidence?: number | null;
  text: string;
  shown: string;
  value: number;
  low: number | null;
  high: number | null;
  low_text: string;
  high_text: string;
  name: string;
}

/** The line as typed, each forecast, and all of them in words. */
export interface SettingsGuess {
  confidence?: number | null;
  line: string;
  shown: string;
  numbers: ForecastGuess[];
}

/** One value a column. */
export interface CurveGuess {
  confidence?: number | null;
  y: number[];
}

/** A dot in base units, as it was typed or dragged, and in words. */
export interface PlaceGuess {
  confidence?: number | null;
  x: number;
  y: number;
  x_text: string;
  y_text: string;
  shown: string;
}

/** The words in the gaps. */
export interface BlanksGuess {
  confidence?: number | null;
  texts: string[];
}

/** Free text; absent if it was said aloud. */
export interface TextGuess {
  confidence?: number | null;
  text?: string;
}

/** The verdict: tone, headline, feedback and reveal as HTML; ``summary`` is one line of plain text. */
export interface ResultView {
  tone: Tone;
  headline: string;
  summary: string;
  feedback: string;
  reveal: string;
}

/** Which card is the truth, which was the guess. */
export interface ChoiceResult {
  tone: Tone;
  headline: string;
  summary: string;
  feedback: string;
  reveal: string;
  options: Record<string, "truth" | "yours" | "both">;
}

/** The true number as printed, and in base units. */
export interface NumberTruth {
  text: string;
  value: number;
}

/** The truth, the ends of the log strip, and the units in which its axis is labelled: (base units, name). */
export interface NumberResult {
  tone: Tone;
  headline: string;
  summary: string;
  feedback: string;
  reveal: string;
  truth: NumberTruth;
  scale: number[];
  ticks: ([number, string])[];
}

/** What one of the numbers came to. */
export interface ForecastResult {
  name: string;
  truth: NumberTruth;
  scale: number[];
  ticks: ([number, string])[];
}

/** What the learner's own line came to. */
export interface SettingsResult {
  tone: Tone;
  headline: string;
  summary: string;
  feedback: string;
  reveal: string;
  numbers: ForecastResult[];
}

/** The true curve, what the drawing missed (HTML), and for each column in words how far off the guess was. */
export interface CurveResult {
  tone: Tone;
  headline: string;
  summary: string;
  feedback: string;
  reveal: string;
  truth_y: number[];
  missed: string[];
  columns: string[];
}

/** The true dot in base units, what it is, and in words. */
export interface PlaceTruth {
  x: number;
  y: number;
  label: string;
  text: string;
}

/** The true dot. */
export interface PlaceResult {
  tone: Tone;
  headline: string;
  summary: string;
  feedback: string;
  reveal: string;
  truth: PlaceTruth;
}

/** An answer that the learner grades; ``grade`` is the key of the one given. */
export interface GradedResult {
  tone: Tone;
  headline: string;
  summary: string;
  feedback: string;
  reveal: string;
  grades: GradeView[];
  grade: string | null;
}

/** The model answer, and for an explanation what to tick. */
export interface AnswerResult {
  tone: Tone;
  headline: string;
  summary: string;
  feedback: string;
  reveal: string;
  grades: GradeView[];
  grade: string | null;
  answer: string;
  checklist?: string[];
}

/** What is expected in the gaps. */
export interface BlanksResult {
  tone: Tone;
  headline: string;
  summary: string;
  feedback: string;
  reveal: string;
  grades: GradeView[];
  grade: string | null;
  expected: string[];
}

/** The observe check; ``right`` and ``note`` come once something was chosen. */
export interface ObserveView {
  ask: string;
  options: OptionView[];
  chosen: string | null;
  right?: string;
  note?: string;
}

/** The function that computed the truth: its name, its source, what it gave. */
export interface WorkingView {
  name: string;
  source: string;
  value: string;
}

/** A knob of an explorer: the words of its stops, and the place among them where it starts. slides: a slider, else a menu. */
export interface KnobView {
  name: string;
  label: string;
  stops: string[];
  start: number;
  slides: boolean;
}

/** The light guess before the first move. ``right`` and ``after`` come with the first move after it. */
export interface FirstGuessView {
  ask: string;
  options: OptionView[];
  chosen: string | null;
  right?: string;
  after?: string;
}

/** An explorer. picks: knob -> the place where it stands, as ``explored`` shows it; None where nothing can be shown. */
export interface ExplorerView {
  drawings: string[];
  knobs: KnobView[];
  picks: Record<string, number>;
  explored: Record<string, any> | null;
  started?: Record<string, any>;
  guess?: FirstGuessView;
  fault?: string;
}

/** What became of the learner's record, in one line. news: to be told at once, it is not kept, or kept again. */
export interface KeptView {
  line: string;
  news: boolean;
}

/** What every panel has. ``id`` names the item in its lesson. hello: the page is to say that it is there. */
export interface PanelView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
}

/** A panel that is still closed, and why. */
export interface LockedView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  locked: string;
}

/** A question in any of its states. ``result`` and what follows it come with the reveal. */
export interface QuestionView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  stem: string;
  confidence: string[] | null;
  hints: HintsView;
  skipped: boolean;
  sealed?: string;
  observe?: ObserveView | null;
  working?: WorkingView | null;
  explanation?: string;
  next?: boolean;
  sitting?: boolean;
  kept?: KeptView;
}

/** One of a few cards. */
export interface ChoiceView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  stem: string;
  confidence: string[] | null;
  hints: HintsView;
  skipped: boolean;
  sealed?: string;
  observe?: ObserveView | null;
  working?: WorkingView | null;
  explanation?: string;
  next?: boolean;
  sitting?: boolean;
  kept?: KeptView;
  ask: ChoiceAsk;
  guess?: ChoiceGuess;
  result?: ChoiceResult;
}

/** A number with its unit. */
export interface NumberView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  stem: string;
  confidence: string[] | null;
  hints: HintsView;
  skipped: boolean;
  sealed?: string;
  observe?: ObserveView | null;
  working?: WorkingView | null;
  explanation?: string;
  next?: boolean;
  sitting?: boolean;
  kept?: KeptView;
  ask: NumberAsk;
  guess?: NumberGuess;
  result?: NumberResult;
}

/** A line to change, with forecasts. */
export interface SettingsView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  stem: string;
  confidence: string[] | null;
  hints: HintsView;
  skipped: boolean;
  sealed?: string;
  observe?: ObserveView | null;
  working?: WorkingView | null;
  explanation?: string;
  next?: boolean;
  sitting?: boolean;
  kept?: KeptView;
  ask: SettingsAsk;
  guess?: SettingsGuess;
  result?: SettingsResult;
}

/** A curve to draw. */
export interface CurveView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  stem: string;
  confidence: string[] | null;
  hints: HintsView;
  skipped: boolean;
  sealed?: string;
  observe?: ObserveView | null;
  working?: WorkingView | null;
  explanation?: string;
  next?: boolean;
  sitting?: boolean;
  kept?: KeptView;
  ask: CurveAsk;
  guess?: CurveGuess;
  result?: CurveResult;
}

/** A dot to place on a roof. */
export interface PlaceView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  stem: string;
  confidence: string[] | null;
  hints: HintsView;
  skipped: boolean;
  sealed?: string;
  observe?: ObserveView | null;
  working?: WorkingView | null;
  explanation?: string;
  next?: boolean;
  sitting?: boolean;
  kept?: KeptView;
  ask: PlaceAsk;
  guess?: PlaceGuess;
  result?: PlaceResult;
}

/** A sentence with gaps. */
export interface BlanksView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  stem: string;
  confidence: string[] | null;
  hints: HintsView;
  skipped: boolean;
  sealed?: string;
  observe?: ObserveView | null;
  working?: WorkingView | null;
  explanation?: string;
  next?: boolean;
  sitting?: boolean;
  kept?: KeptView;
  ask: BlanksAsk;
  guess?: BlanksGuess;
  result?: BlanksResult;
}

/** A card to answer aloud. */
export interface RecallView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  stem: string;
  confidence: string[] | null;
  hints: HintsView;
  skipped: boolean;
  sealed?: string;
  observe?: ObserveView | null;
  working?: WorkingView | null;
  explanation?: string;
  next?: boolean;
  sitting?: boolean;
  kept?: KeptView;
  ask: RecallAsk;
  guess?: TextGuess;
  result?: AnswerResult;
}

/** An explanation from memory. */
export interface ExplainView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  stem: string;
  confidence: string[] | null;
  hints: HintsView;
  skipped: boolean;
  sealed?: string;
  observe?: ObserveView | null;
  working?: WorkingView | null;
  explanation?: string;
  next?: boolean;
  sitting?: boolean;
  kept?: KeptView;
  ask: TextAsk;
  guess?: TextGuess;
  result?: AnswerResult;
}

/** A note to the teacher, and where there is one, the teacher's part. */
export interface NoteView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  stem: string;
  confidence: string[] | null;
  hints: HintsView;
  skipped: boolean;
  sealed?: string;
  observe?: ObserveView | null;
  working?: WorkingView | null;
  explanation?: string;
  next?: boolean;
  sitting?: boolean;
  kept?: KeptView;
  ask: TextAsk;
  guess?: TextGuess;
  teacher?: Record<string, any>;
}

/** Score card and sources of a lesson as HTML; "" while a step is still closed, and then ``locked`` says which. */
export interface ClosingPart {
  locked: string;
  score: string;
  sources: string;
}

/** The last panel: a question to the teacher, which is always open; in a notebook with score card and sources. */
export interface ClosingView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  stem: string;
  confidence: string[] | null;
  hints: HintsView;
  skipped: boolean;
  sealed?: string;
  observe?: ObserveView | null;
  working?: WorkingView | null;
  explanation?: string;
  next?: boolean;
  sitting?: boolean;
  kept?: KeptView;
  ask: TextAsk;
  guess?: TextGuess;
  teacher?: Record<string, any>;
  closing?: ClosingPart;
}

/** One dot of the learner's roof: where it truly stands and where it was placed, in base units and in words. */
export interface DotView {
  lesson: string;
  label: string;
  x: number;
  y: number;
  text: string;
  mine: PlaceGuess | null;
  off: string;
}

/** The roofs that the dots belong to, the dots, and the axes; ``alt`` states the finding. */
export interface RoofDrawing {
  axes: PlaceAsk;
  roofs: RoofView[];
  dots: DotView[];
  waiting: string;
  alt: string;
}

/** One case of a function of one's own. What the engine says comes with a number of the learner's alone. */
export interface CaseView {
  title: string;
  lines: string;
  config: string;
  given: ([string, string])[];
  tone: Tone;
  yours: string;
  engine: string;
  factor: string;
  note: string;
}

/** A function of one's own beside the engine's: the verdict in one line, and case by case. */
export interface WriteView {
  name: string;
  tone: Tone;
  headline: string;
  summary: string;
  cases: CaseView[];
}

/** A request of a timeline, in tokens and microseconds. waits, held: from, to, from, to …; own: from, to of the server's own time */
export interface LaneView {
  number: number;
  prompt: number;
  answer: number;
  cached: number;
  came: number;
  done: number | null;
  waits: number[];
  held: number[];
  preempted: number[];
  own: number[];
  chunks: number[];
  written: ([number, string])[];
}

/** The steps of an engine, in microseconds, tokens, blocks and requests. begin: of the first step; lasts: of each step; */
export interface TimelineDrawing {
  begin: number;
  lasts: number[];
  pauses: number[];
  lanes: LaneView[];
  prompt: (number | [number, number])[];
  answer: (number | [number, number])[];
  used: (number | [number, number])[];
  kept: (number | [number, number])[];
  running: (number | [number, number])[];
  waiting: (number | [number, number])[];
  blocks: number;
  seats: number | null;
  budget: number | null;
  times: ([number, string])[];
}

/** Percentiles of a whole run, as printed: the levels, a row for each kind of wait, tokens a second, how many requests. */
export interface WaitsView {
  head: string[];
  rows: string[][];
  speed: string;
  requests: string;
}

/** A simulated run: its finding, what kind of numbers they are, its percentiles, a row of text for each lane, and what is drawn. */
export interface TimelineView {
  label: string;
  finding: string;
  note: string;
  waits: WaitsView;
  columns: string[];
  rows: string[][];
  drawn: TimelineDrawing;
}

/** A replica of a fleet. states: (from which millisecond on, letter): off, starting, ready, draining, failed, sTalled. A value a */
export interface FleetLaneView {
  number: number;
  pool: string;
  kind: string;
  slow: number;
  states: ([number, string])[];
  running: (number | [number, number])[];
  waiting: (number | [number, number])[];
  cache: (number | [number, number])[];
  found: (number | [number | null, number] | null)[];
  came: (number | [number, number])[];
}

/** The link between two pools. traffic: GB/s a window, capacity: the most; under_way: caches. sent: milliseconds since the one before, milliseconds */
export interface FleetLinkView {
  traffic: (number | [number, number])[];
  under_way: (number | [number, number])[];
  capacity: number;
  sent: number[];
  dot: number;
  rates: ([number, string])[];
}

/** A fleet by windows, in milliseconds. edges: where the first begins, how long one is, where the last ends. Columns have a value a window, */
export interface FleetDrawing {
  edges: number[];
  arrivals: (number | [number, number])[];
  ttft: (number | [number | null, number] | null)[];
  held: (number | [number, number])[];
  found: (number | [number | null, number] | null)[];
  ready: ([number, number])[];
  desired: ([number, number])[];
  lanes: FleetLaneView[];
  dots: number[];
  dot: number;
  link: FleetLinkView | null;
  router: string;
  times: ([number, string])[];
}

/** A printed table. */
export interface FleetTable {
  head: string[];
  rows: string[][];
}

/** A simulated fleet: its finding, what kind of numbers they are, its percentiles and facts, a row of text for each replica and for some */
export interface FleetRunView {
  label: string;
  finding: string;
  note: string;
  waits: WaitsView;
  facts: string[];
  columns: string[];
  rows: string[][];
  windows: FleetTable;
  drawn: FleetDrawing;
}

/** A small chart of a monitor: values in base units, one a time, and those of the second run; ``alt`` tells it in numbers. */
export interface MonitorChart {
  title: string;
  query: string;
  unit: string;
  steps: ([number, string])[];
  most: number | null;
  values: (number | null)[];
  compare?: (number | null)[];
  alt: string;
}

/** A round time of day on the axis, in seconds of the monitor's times. */
export interface MonitorTick {
  at: number;
  text: string;
}

/** A moment that somebody knows of. */
export interface MonitorMark {
  at: number;
  clock: string;
  label: string;
}

/** A line of the server's log. */
export interface MonitorLine {
  at: number;
  clock: string;
  text: string;
}

/** An incident as its monitoring shows it. ``times`` in seconds, the axis begins at ``from_s``; ``clocks`` says them as times of day. */
export interface MonitorView {
  finding: string;
  from_s: number;
  times: number[];
  clocks: string[];
  ticks: MonitorTick[];
  charts: MonitorChart[];
  marks: MonitorMark[];
  log: MonitorLine[];
  alerts: string[];
  compare: string;
}

/** What a block draws: HTML, and what a script of its kind needs. ``text`` is the same in plain text. */
export interface DrawnView {
  html?: string;
  text?: string;
  picture?: Record<string, any>;
  explorer?: ExplorerView;
  roof?: RoofDrawing;
  write?: WriteView;
  timeline?: TimelineView[];
  fleet?: FleetRunView[];
  monitor?: MonitorView;
  ask?: ChoiceAsk;
  guess?: ChoiceGuess;
  problem?: string;
  more?: string;
}

/** A block that is open. */
export interface BlockView {
  kind: PanelKind;
  id: string;
  title: string;
  state: State;
  problem?: string;
  hello?: boolean;
  html?: string;
  text?: string;
  picture?: Record<string, any>;
  explorer?: ExplorerView;
  roof?: RoofDrawing;
  write?: WriteView;
  timeline?: TimelineView[];
  fleet?: FleetRunView[];
  monitor?: MonitorView;
  ask?: ChoiceAsk;
  guess?: ChoiceGuess;
  more?: string;
}

export type View = LockedView | ChoiceView | NumberView | CurveView | PlaceView | BlanksView | RecallView | ExplainView | NoteView | ClosingView | BlockView;

/** Something to do in a class. do: what the page sends back; main: what comes next. */
export interface ClassButton {
  do: string;
  label: string;
  main: boolean;
}

/** What the panel of a question says of the class. here: it is the question that the class is at. All texts are plain. */
export interface ClassBar {
  code: string;
  here: boolean;
  line: string;
  detail: string;
  buttons: ClassButton[];
  problem: string;
  shares?: Record<string, any>;
  mine?: Record<string, any>;
}

/** A guess, in the form in which its kind takes it, and the level of confidence. */
export interface CommitEvent {
  event: "commit";
  guess: any;
  confidence: number | null;
}

/** An event that says all by its name. */
export interface PlainEvent {
  event: "reveal" | "skip" | "hint" | "stop" | "next" | "more" | "shown";
}

/** What the reveal showed, or which of several is picked. */
export interface ChoiceEvent {
  event: "observe" | "pick";
  choice: string;
}

/** The learner's own grade. */
export interface GradeEvent {
  event: "grade";
  grade: string;
}

/** Where the knobs of an explorer stand now: knob -> place. */
export interface ExploreEvent {
  event: "explore";
  picks: Record<string, number>;
}

/** A question to the teacher, and the guess at the time to its first token. */
export interface AskEvent {
  event: "ask";
  text: string;
  ttft: string;
}

/** A button of the class bar. */
export interface ClassEvent {
  event: "class";
  do: string;
}

export type PanelEvent = CommitEvent | PlainEvent | ChoiceEvent | GradeEvent | ExploreEvent | AskEvent | ClassEvent;

/** Python's word that an event is done with, also when the view stayed the same. */
export interface DoneMessage {
  done: boolean;
}
