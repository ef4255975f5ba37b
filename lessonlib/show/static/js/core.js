// The panel's small toolbox: building nodes, buttons, and one slot that redraws only when its data changed.
// Every other file is one block `{ ... }` that registers itself in `kinds` or `parts`.

// What Python sends and takes, as views.d.ts has it.
/** @typedef {import("./views.d.ts").PanelView} PanelView */
/** @typedef {import("./views.d.ts").LockedView} LockedView */
/** @typedef {import("./views.d.ts").QuestionView} QuestionView */
/** @typedef {import("./views.d.ts").ChoiceView} ChoiceView */
/** @typedef {import("./views.d.ts").NumberView} NumberView */
/** @typedef {import("./views.d.ts").SettingsView} SettingsView */
/** @typedef {import("./views.d.ts").CurveView} CurveView */
/** @typedef {import("./views.d.ts").PlaceView} PlaceView */
/** @typedef {import("./views.d.ts").PlaceAsk} PlaceAsk */
/** @typedef {import("./views.d.ts").RoofDrawing} RoofDrawing */
/** @typedef {import("./views.d.ts").WriteView} WriteView */
/** @typedef {import("./views.d.ts").CaseView} CaseView */
/** @typedef {import("./views.d.ts").TimelineView} TimelineView */
/** @typedef {import("./views.d.ts").LaneView} LaneView */
/** @typedef {import("./views.d.ts").FleetRunView} FleetRunView */
/** @typedef {import("./views.d.ts").FleetLaneView} FleetLaneView */
/** @typedef {import("./views.d.ts").ClosingView} ClosingView */
/** @typedef {import("./views.d.ts").BlanksView} BlanksView */
/** @typedef {import("./views.d.ts").RecallView} RecallView */
/** @typedef {import("./views.d.ts").ExplainView} ExplainView */
/** @typedef {import("./views.d.ts").NoteView} NoteView */
/** @typedef {import("./views.d.ts").BlockView} BlockView */
/** @typedef {import("./views.d.ts").ObserveView} ObserveView */
/** @typedef {import("./views.d.ts").WorkingView} WorkingView */
/** @typedef {import("./views.d.ts").ResultView} ResultView */
/** @typedef {import("./views.d.ts").GradedResult} GradedResult */
/** @typedef {import("./views.d.ts").CurveAsk} CurveAsk */
/** @typedef {import("./views.d.ts").PanelEvent} PanelEvent */
/** @typedef {import("./views.d.ts").ClassBar} ClassBar */
/** @typedef {import("./views.d.ts").DoneMessage} DoneMessage */
/** @typedef {import("./views.d.ts").NumberGuess} NumberGuess */

/**
 * A view of which the kind does not matter: what every panel has, and what some have.
 * @typedef {PanelView & Partial<Omit<LockedView & QuestionView, "state" | "kind"> & Omit<BlockView, "ask" | "guess" | "state" | "kind">>
 *   & { ask?: any, guess?: any, result?: any, teacher?: any, closing?: any }} AnyView
 */

/**
 * A panel on the page. `send` takes what Python understands; `form` is what the learner fills in now.
 * @typedef {{ uid: string, model: any, view: AnyView, slots: Record<string, any>, pending: any, unanswered: number, filling: any,
 *   form?: any, live?: HTMLElement, root?: HTMLElement, commitButton?: HTMLElement, keptLine?: HTMLElement,
 *   askButton?: HTMLElement, stopButton?: HTMLElement, speaks?: string, teacher?: (view: AnyView) => void,
 *   bar?: ClassBar | null, classBar?: (bar: ClassBar) => void,
 *   onDrop: (drop: () => void) => void, announce: (text: string) => void, send: (message: PanelEvent) => void,
 *   commit: () => void, changed: (how?: any) => void, problem: (line: string, how?: any) => void }} Panel
 */

/** @type {Record<string, any>} */
const kinds = {}; // kind -> {ask(view, panel), show(view, panel)}, or {body(view, panel), data(view)} for what asks nothing
/** @type {Record<string, any>} */
const parts = {}; // shared pieces: parts.picture(picture, panel), parts.strip(view, panel), ...
const SVG_SPACE = "http://www.w3.org/2000/svg";

function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value; // whatever a learner typed comes this way
    else if (name === "html") (node.innerHTML = value), dress(node); // only words of the course, never typed text
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  return node;
}

// A number and its unit, "2 × H100", "22 · Title": what a line must not part. Words of a unit (tokens, requests) may go on.
const ONE_PIECE = /[−+±]?\d[\d.,]*[ \u00a0](?:%|[kMGTPEµmn]?(?:FLOPs?|bits?|B|W|s)(?:\/(?:byte|token|s))?|tok\/s|req\/s|[×·] \S+)(?![\w/])/g;

/** Wraps each such piece of text below `node`; the text itself stays as it is. */
function keepTogether(node) {
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const texts = [];
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest("code, pre, svg, math, gp-together")) texts.push(/** @type {Text} */ (walker.currentNode));
  for (const text of texts) {
    const found = [...text.data.matchAll(ONE_PIECE)].reverse(); // from the end, so that the places before it still hold
    for (const { 0: piece, index } of found) {
      const tail = text.splitText(index);
      tail.splitText(piece.length);
      const whole = document.createElement("gp-together"); // no span: what styles the spans around it is not meant for it
      tail.replaceWith(whole);
      whole.append(tail);
    }
  }
}

/** The node itself, with its pieces in one. */
const together = (node) => (keepTogether(node), node);

/** Lets the keyboard move a box sideways, as long as what it holds is wider than it. */
function panByKeys(box, name) {
  new ResizeObserver(() => {
    const wide = box.scrollWidth > box.clientWidth + 1;
    for (const [attribute, value] of Object.entries({ tabindex: "0", role: "group", "aria-label": name }))
      wide ? box.setAttribute(attribute, value) : box.removeAttribute(attribute);
  }).observe(box);
}

/** A place of its own in which what is too wide is moved sideways, while the words around it stay. */
function panBox(content, name) {
  const box = h("div", { class: "gp-pan" });
  content.replaceWith(box);
  box.append(content);
  panByKeys(box, name);
}

/** Makes the words of the course fit any width. */
function dress(node) {
  keepTogether(node);
  for (const wide of node.querySelectorAll("table, figure > svg, math[display=block]"))
    if (!wide.closest(".ll-wide, .ll-map, .gp-pan")) panBox(wide, wide.matches("table") ? "Table" : wide.matches("svg") ? "Figure" : "Formula");
}

function addChildren(node, children) {
  for (const child of children.flat(Infinity)) if (child || child === 0) node.append(child);
  return node;
}

const h = (tag, attributes, ...children) =>
  addChildren(setAttributes(document.createElement(tag), attributes), children);

const s = (tag, attributes, ...children) =>
  addChildren(setAttributes(document.createElementNS(SVG_SPACE, tag), attributes), children);

const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** @param {{ primary?: boolean, quiet?: boolean, [attribute: string]: any }} how */
function button(label, onclick, how = {}) {
  const { primary = false, quiet = false, ...attributes } = how;
  const looks = ["gp-btn", primary && "gp-primary", quiet && "gp-quiet", attributes.class];
  return h("button", { type: "button", onclick, ...attributes, class: looks.filter(Boolean).join(" ") }, label);
}

// Marks that say the same as the colour: a diamond for the guess, a disc with a tick for the truth.
const MARKS = {
  guess: () => s("path", { d: "M8 1.5 14.5 8 8 14.5 1.5 8Z", class: "gp-mark-guess" }),
  truth: () => [
    s("circle", { cx: 8, cy: 8, r: 7, class: "gp-mark-truth" }),
    s("path", { d: "m4.6 8.3 2.4 2.4 4.4-5", class: "gp-mark-tick" }),
  ],
  near: () => [
    s("circle", { cx: 8, cy: 8, r: 7, class: "gp-mark-near" }),
    s("path", { d: "M4.2 9c1.3-2.4 2.6-2.4 3.8-1s2.5 1.4 3.8-1", class: "gp-mark-tick" }),
  ],
  off: () => [
    s("path", { d: "M8 .8 15.2 8 8 15.2.8 8Z", class: "gp-mark-guess" }),
    s("path", { d: "M4.8 8h6M8.6 5.6 11.2 8 8.6 10.4", class: "gp-mark-tick" }),
  ],
  lock: () => [
    s("rect", { x: 2.5, y: 7, width: 11, height: 7.5, rx: 1.5, class: "gp-mark-soft" }),
    s("path", { d: "M5 7V5a3 3 0 0 1 6 0v2", class: "gp-mark-line" }),
  ],
};
const mark = (name) => s("svg", { viewBox: "0 0 16 16", class: "gp-mark", "aria-hidden": "true" }, MARKS[name]());

const tag = (kind, words) => h("span", { class: `gp-tag gp-tag-${kind}` }, mark(kind), words);

/** One place in the panel. `fill(data, build)` builds again only when `data` differs from the last time. */
function makeSlot(panel, name, attributes) {
  const node = h("div", { class: `gp-slot gp-at-${name}`, ...attributes });
  const slot = { node, seen: undefined, drops: [] };
  slot.forget = () => {
    for (const drop of slot.drops.splice(0)) drop();
    slot.seen = undefined;
    node.replaceChildren();
  };
  slot.fill = (data, build) => {
    const seen = JSON.stringify(data ?? null);
    if (slot.seen === seen) return false;
    slot.forget();
    slot.seen = seen;
    panel.filling = slot; // so that panel.onDrop() inside `build` belongs to this slot
    addChildren(node, [build()]);
    panel.filling = null;
    node.hidden = !node.hasChildNodes();
    return true;
  };
  node.hidden = true;
  return slot;
}

/** Calls draw(width) at first layout and whenever the width changes. */
function watchWidth(node, draw, panel) {
  let last = 0;
  const look = () => {
    const width = Math.floor(node.clientWidth);
    if (width > 0 && width !== last) draw((last = width));
  };
  const observer = new ResizeObserver(look);
  observer.observe(node);
  panel.onDrop(() => observer.disconnect());
  return () => ((last = 0), look());
}

/**
 * A guess and its confidence in words, as it stands after the commit.
 * @param {{ confidence?: string[] | null, guess?: { confidence?: number | null } }} view
 */
function sureness(view) {
  const level = view.guess?.confidence;
  return view.confidence && Number.isInteger(level) ? view.confidence[level] : "";
}

/** Whether it is free words that are kept as they are.
 * @param {PanelView} view */
const isNote = (view) => view.kind === "note" || view.kind === "closing";
/** @param {PanelView} view */
const isClosed = (view) => view.state !== "asked" && view.state !== "locked";
/** @param {PanelView} view */
const isRevealed = (view) => view.state === "revealed" || view.state === "observed";
