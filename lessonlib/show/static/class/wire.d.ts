// Written from lessonlib/classroom/wire.py by lessonlib.show.typescript.refresh(); a test holds it to that file.

import type { View } from "./views.d.ts";

export type Event = "open" | "close" | "discuss" | "open2" | "show" | "reveal" | "next" | "pause" | "resume";

export type Phase = "draft" | "open1" | "closed1" | "discuss" | "open2" | "closed2" | "shown" | "revealed";

/** A question that is put to the class: the same address as in a learner's own record. ``id`` is the question's. */
export interface Poll {
  id: string;
  lesson: string;
  question: string;
  hash: string;
  lab: string;
}

/** ``PUT polls/ID/rounds/ROUND/vote``. ``key``: 16 to 64 letters and digits that the client drew for this vote and sends */
export interface Vote {
  key: string;
  guess: any;
  confidence: number | null;
}

/** The answer to a vote: kept now, or known already by its key. guess: as in ``Mine.rounds``. */
export interface Kept {
  kept: "ok" | "again";
  guess?: Record<string, any>;
}

/** What a client did wrong, in one line that it may show. Goes with 401, 403, 404, 409, 413, 422 or 429, and with 503 */
export interface Refused {
  problem: string;
}

/** What the voter who asks has sent to this poll: by round the guess as a panel shows it, its ``confidence`` among it. */
export interface Mine {
  rounds: Record<string, Record<string, any>>;
  view?: View;
}

/** An option and the share of each round that took it, 0 to 1; None where the round was not held. */
export interface OptionShare {
  key: string;
  text: string;
  first: number | null;
  second: number | null;
}

/** Answers between two numbers of the axis, as a share of each round. */
export interface Bin {
  low: number;
  high: number;
  first: number | null;
  second: number | null;
}

/** How the room voted. ``few``: fewer than LEAST_SHARED answers, so there is nothing but the counts. */
export interface Shares {
  kind: "options" | "numbers" | "curves" | "few";
  first: number;
  second: number | null;
  options?: OptionShare[];
  unit?: string;
  scale?: number;
  log?: boolean;
  bins?: Bin[];
  medians?: (number | null)[];
  curves?: number[][][];
  median?: number[][];
}

/** ``GET state``, and the data of the event ``state`` on ``GET events`` (there without ``mine``). ``POST join`` answers with it too. */
export interface State {
  seq: number;
  code: string;
  title: string;
  lesson: string;
  lab: string;
  paused: boolean;
  poll: Poll | null;
  phase: Phase;
  round: number;
  ask: View | null;
  joined: number;
  mine?: Mine | null;
  shares?: Shares;
  truth?: View;
}

/** ``GET state?screen=CODE``, and the event ``screen`` on ``GET events?screen=CODE``: the state, and what a hall may see besides. */
export interface ScreenState {
  seq: number;
  code: string;
  title: string;
  lesson: string;
  lab: string;
  paused: boolean;
  poll: Poll | null;
  phase: Phase;
  round: number;
  ask: View | null;
  joined: number;
  mine?: Mine | null;
  shares?: Shares;
  truth?: View;
  count: number;
  join: string;
}

/** ``POST host``. ``seq``: that of the state which the instructor saw; another one is refused with 409. ``question``: with */
export interface HostEvent {
  event: Event;
  seq: number;
  question?: string;
}

/** A question of the lesson in the instructor's plan. minutes: by the formula of the budget; phase: of its poll. */
export interface Planned {
  id: string;
  title: string;
  kind: string;
  minutes: number;
  phase: Phase;
  vote: boolean;
}

/** ``GET host`` (bearer token), and the event ``host`` on ``GET events`` with the token: the state, and what only an instructor sees. */
export interface HostState {
  seq: number;
  code: string;
  title: string;
  lesson: string;
  lab: string;
  paused: boolean;
  poll: Poll | null;
  phase: Phase;
  round: number;
  ask: View | null;
  joined: number;
  mine?: Mine | null;
  shares?: Shares;
  truth?: View;
  count: number;
  join: string;
  possible: Event[];
  plan: Planned[];
  notes: string;
}
