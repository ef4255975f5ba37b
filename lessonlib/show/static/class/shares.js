// How the room voted: options as bars, numbers on an axis, curves and dots as a faint bundle. For phones, the hall's screen and panels alike.

/** @typedef {import("./wire.d.ts").Shares} Shares */
{
  /** @typedef {{ shares: Shares, view: AnyView, mine?: Record<string, any>, truth?: AnyView }} Shown */
  /** Pixels of a drawing before it is enlarged; without a height it takes what it needs.
   * @typedef {{ width: number, height?: number }} Room */

  const percent = (share) => `${Math.round(100 * share)} %`;
  const ROUNDS = /** @type {const} */ (["first", "second"]);
  const NUMBER = { first: "1", second: "2" };

  /** The rounds that were held, and those of them that had answers enough to be shown. @param {Shares} shares */
  const held = (shares) => ROUNDS.filter((round) => Number.isInteger(shares[round]));
  const drawn = (shares) => held(shares).filter((round) => [...(shares.options ?? []), ...(shares.bins ?? [])].some((one) => Number.isFinite(one[round])));

  const answers = (count) => `${count} answer${count === 1 ? "" : "s"}`;

  /** @param {Shares} shares */
  function legend(shares) {
    const rounds = held(shares);
    const bars = shares.kind === "curves" ? [] : drawn(shares);
    const words = (round) => (rounds.length > 1 ? `round ${NUMBER[round]}: ` : "") + answers(shares[round]);
    const one = (round) => h("li", { class: `cl-key cl-${bars.length > 1 ? round : "second"}` }, bars.includes(round) && h("i"), words(round));
    const last = shares.kind === "curves" && rounds.length > 1 && h("li", { text: "drawn: round 2" });
    return h("ul", { class: "cl-legend" }, rounds.map(one), last);
  }

  // --- options ---------------------------------------------------------------------------------------------------

  function bar(round, share, alone) {
    const fill = h("i");
    fill.style.setProperty("--share", String(share)); // by the object model, which a strict policy lets through
    return h("p", { class: `cl-share cl-${alone ? "second" : round}` }, h("span", { class: "cl-sr", text: alone ? "" : `round ${NUMBER[round]}: ` }),
      fill, h("span", { class: "cl-percent", text: percent(share) }));
  }

  /** What this voter took, in words: "you", or "you first", "you then". */
  function marks(key, mine = {}) {
    const [first, second] = [mine["1"]?.key === key, mine["2"]?.key === key];
    if (!first && !second) return null;
    const changed = mine["1"] && mine["2"] && first !== second;
    return tag("guess", !changed ? "you" : first ? "you, first" : "you, then");
  }

  /** @param {Shown} shown */
  function options({ shares, view, mine, truth }) {
    const rounds = drawn(shares);
    const words = Object.fromEntries((view.ask?.options ?? []).map(({ key, html }) => [key, html])); // the course's own; any other text is a voter's
    const said = truth?.result?.options ?? {};
    const row = (option) => {
      const right = said[option.key] === "truth" || said[option.key] === "both";
      const text = words[option.key] ? h("span", { class: "gp-words", html: words[option.key] }) : h("span", { class: "gp-words", text: option.text });
      return h("li", { class: `cl-option${right ? " cl-right" : Object.keys(said).length ? " cl-wrong" : ""}` },
        h("div", { class: "cl-option-words" }, text, h("span", { class: "gp-tags" }, marks(option.key, mine), right && tag("truth", "the truth"))),
        rounds.map((round) => bar(round, option[round], rounds.length === 1)));
    };
    return h("ul", { class: "cl-options" }, shares.options.map(row));
  }

  // --- numbers ---------------------------------------------------------------------------------------------------

  const BAND = { first: 46, second: 96 }; // pixels that the bars of a round may take, where there is room
  const OVER = 22; // room over them for the median's words
  const [UNDER, LINE] = [32, 30]; // for the axis, and for what stands below it on a line of its own
  const LETTER = 7.2; // width of a letter
  const LETTERS = 13; // pixels of letters in a drawing

  /** Words beside x that never leave the drawing. */
  const beside = (x, y, width, words, look) =>
    s("text", { x: Math.max(words.length * LETTER / 2, Math.min(width - words.length * LETTER / 2, x)), y, class: `gp-middle ${look}`, text: words });

  function rows(svg, { shares, bins, round, x, top, width, alone, write, tall }) {
    const base = top + OVER + tall;
    const most = Math.max(...bins.flatMap((bin) => ROUNDS.map((one) => bin[one] ?? 0)), 1e-9);
    for (const bin of bins) {
      const [left, right, share] = [x(bin.low), x(bin.high), bin[round] ?? 0];
      const height = (share / most) * Math.max(4, tall - 14);
      if (share) svg.append(s("rect", { x: left + 1, width: Math.max(2, right - left - 2), y: base - height, height, class: `cl-bin cl-${alone ? "second" : round}` }));
      if (share && (right - left >= 34 || share === most)) svg.append(s("text", { x: (left + right) / 2, y: base - height - 3, class: "gp-middle cl-percent", text: percent(share) }));
    }
    svg.append(s("line", { x1: 8, x2: width - 8, y1: base, y2: base, class: "gp-axis" }));
    const median = shares.medians?.[ROUNDS.indexOf(round)];
    if (Number.isFinite(median)) {
      svg.append(s("line", { x1: x(median), x2: x(median), y1: top + OVER - 6, y2: base, class: "cl-median" }));
      svg.append(beside(x(median), top + 12, width, `${alone ? "" : `round ${NUMBER[round]}, `}median ${write(median)}`, "cl-label"));
    }
    return base;
  }

  /** @param {Shown} shown @param {Room} room */
  function numbers({ shares, mine, truth }, { width, height: most }) {
    const { bins = [], log, unit = "", scale = 1 } = shares;
    const write = (value) => withUnit(shortNumber(value), unit);
    const inUnit = (guess) => guess && Number.isFinite(guess.value) && { ...guess, value: guess.value / scale }; // a panel counts in base units
    const [own, real] = [inUnit(mine?.["2"] ?? mine?.["1"]), inUnit(truth?.result?.truth)];
    const values = [...bins.flatMap(({ low, high }) => [low, high]), own?.value, real?.value].filter((value) => Number.isFinite(value) && (value > 0 || !log));
    const [min, max] = [Math.min(...values), Math.max(...values)];
    const x = makeScale({ log, min, max, from: 26, to: width - 26 });
    const svg = s("svg", { class: "gp-plot", role: "img" });
    const rounds = drawn(shares);
    const alone = rounds.length === 1;
    const ours = alone ? ["second"] : rounds;
    const needed = UNDER + LINE * [real, own].filter(Boolean).length + ours.length * (OVER + 10);
    const squeeze = most ? Math.max(0.3, (most - needed) / ours.reduce((sum, round) => sum + BAND[round], 0)) : 1;
    let y = 0;
    for (const round of rounds) y = rows(svg, { shares, bins, round, x, top: y, width, alone, write, tall: squeeze * BAND[alone ? "second" : round] }) + 10;
    const axis = y - 10;
    for (const value of axisTicks({ log, min, max, count: Math.max(3, Math.floor(width / 90)) })) {
      svg.append(s("line", { x1: x(value), x2: x(value), y1: axis, y2: axis + 5, class: "gp-axis" }));
      svg.append(s("text", { x: x(value), y: axis + 19, class: "gp-tick gp-middle", text: shortNumber(value) }));
    }
    if (unit) svg.append(s("text", { x: width - 8, y: axis + 33, class: "gp-axis-title gp-end", text: unit }));
    let height = axis + UNDER - 4;
    const place = (value, words, look, node) => {
      svg.append(node, beside(x(value), height + 24, width, words, look));
      height += LINE;
    };
    if (real) place(real.value, `the truth ${real.text}`, "gp-label-truth",
      s("g", {}, s("line", { x1: x(real.value), x2: x(real.value), y1: 18, y2: height + 4, class: "cl-truth-line" }), s("circle", { cx: x(real.value), cy: height + 4, r: 6, class: "gp-dot-truth" })));
    if (Number.isFinite(own?.value) && (own.value > 0 || !log)) place(own.value, `you: ${own.shown}`, "gp-label-guess",
      s("path", { d: `M${x(own.value)} ${height - 4}l8 8-8 8-8-8z`, class: "gp-dot-guess" }));
    const medians = rounds.map((round) => [round, shares.medians?.[ROUNDS.indexOf(round)]]).filter(([, value]) => Number.isFinite(value));
    const told = [...medians.map(([round, value]) => `round ${NUMBER[round]}: median ${write(value)}`), real && `the truth ${real.text}`].filter(Boolean);
    return sized(svg, width, height + 4, `The numbers of the room${log ? ", on a logarithmic axis" : ""}. ${told.join("; ")}.`);
  }

  // --- curves and dots -------------------------------------------------------------------------------------------

  /** @param {Shown} shown @param {Room} room */
  function curves({ shares, view, mine, truth }, { width, height }) {
    const { ask } = view;
    const all = [...(shares.curves ?? []), shares.median ?? []];
    const [own, real] = [mine?.["2"]?.y ?? mine?.["1"]?.y, truth?.result?.truth_y];
    const ys = [...all.flat().map(([, y]) => y), ...(own ?? []), ...(real ?? [])].filter((y) => y > 0 || !ask.y_log);
    const tall = height ?? Math.round(Math.min(330, Math.max(240, width * 0.42)));
    const frame = plotFrame({ width, height: tall, ask, yMin: Math.min(ask.y_min, ...ys), yMax: Math.max(ask.y_max, ...ys), right: 68 });
    const path = (points, look) => frame.svg.append(s("path", { d: pathThrough(points.map(([x, y]) => (y > 0 || !ask.y_log ? [frame.x(x), frame.y(y)] : null))), class: look }));
    const columns = (values) => values.map((y, i) => [ask.x[i], y]);
    for (const curve of shares.curves ?? []) path(curve, "cl-strand");
    const ends = [];
    const line = (points, look, words, label) => points?.length && (path(points, look), ends.push({ y: frame.y(points.at(-1)[1]), words, label }));
    line(shares.median, "cl-median-curve", "median", "cl-label");
    line(own && columns(own), "gp-line-guess", "you", "gp-label-guess");
    line(real && columns(real), "gp-line-truth", "truth", "gp-label-truth");
    ends.sort((one, other) => one.y - other.y).forEach((end, i) => {
      if (i) end.y = Math.max(end.y, ends[i - 1].y + 16);
      frame.svg.append(s("text", { x: frame.box.right - 6, y: end.y + 4, class: end.label, text: end.words }));
    });
    return sized(frame.svg, width, Number(frame.svg.getAttribute("height")), `The curves of the room, their median${real ? " and the true curve" : ""}: ${ask.y_label} against ${ask.x_label}.`);
  }

  /** @param {Shown} shown @param {Room} room */
  function dots({ shares, view, mine, truth }, room) {
    const frame = parts.roofFrame(view.ask, [view.ask.roof], parts.roofWidth(room));
    const width = frame.box.right + 14;
    const at = (/** @type {number[]} */ [x, y]) => ({ cx: Math.min(frame.box.right, Math.max(frame.box.left, frame.x(x))), cy: Math.min(frame.box.bottom, Math.max(frame.box.top, frame.y(y))) });
    for (const [point] of shares.curves ?? []) frame.svg.append(s("circle", { ...at(point), r: 5, class: "cl-dot" }));
    const [median] = shares.median ?? [];
    if (median) {
      const { cx, cy } = at(median);
      frame.svg.append(s("circle", { cx, cy, r: 8, class: "cl-median-dot" }), s("text", { x: Math.min(cx + 12, frame.box.right - 50), y: cy - 8, class: "cl-label", text: "median" }));
    }
    parts.roofPair(frame, mine?.["2"] ?? mine?.["1"], truth?.result?.truth, truth ? "the truth" : "");
    return sized(frame.svg, width, Number(frame.svg.getAttribute("height")), `The dots of the room on the roof, and their median${truth ? ", and the true dot" : ""}.`);
  }

  // --- the answer to what nobody votes on --------------------------------------------------------------------------

  /** What the reveal says to everyone. @param {any} truth */
  parts.answer = ({ result, explanation }) => [
    result?.answer && h("div", { class: "gp-answer gp-words", html: result.answer }),
    result?.expected && h("p", { class: "gp-answer", text: result.expected.join(" · ") }),
    result?.reveal && h("div", { class: "gp-words cl-reveal", html: result.reveal }),
    explanation && h("div", { class: "gp-words cl-reveal", html: explanation }),
  ];

  /** A roof chooses its height; this wide, it has the shape of its place. @param {Room} room */
  parts.roofWidth = ({ width, height }) => (height ? Math.min(width, Math.max(330, (290 * width) / height)) : width);

  /** Named, and drawn as large as its place is. */
  function sized(svg, width, height, words) {
    for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words })) svg.setAttribute(name, value);
    return svg;
  }

  /**
   * A place for a drawing. On a phone it is as wide as there is room, and as high as the drawing; one that `fills` takes the whole
   * of its place, enlarged so that its letters are as large as those around it.
   * @param {(room: Room) => SVGElement} draw @param {{ onDrop: (drop: () => void) => void }} panel
   */
  parts.canvas = (draw, panel, fills = false) => {
    const node = h("div", { class: `gp-canvas${fills ? " cl-fill" : ""}` });
    if (!fills) {
      watchWidth(node, (width) => {
        const svg = draw({ width });
        const [, , , height] = svg.getAttribute("viewBox").split(" ");
        for (const [name, value] of Object.entries({ width, height })) svg.setAttribute(name, String(value));
        node.replaceChildren(svg);
      }, /** @type {any} */ (panel));
      return node;
    }
    let last = "";
    const observer = new ResizeObserver(() => {
      const { clientWidth, clientHeight } = node;
      const zoom = parseFloat(getComputedStyle(node).fontSize) / LETTERS;
      const room = { width: clientWidth / zoom, height: clientHeight / zoom };
      if (!clientWidth || last === JSON.stringify(room)) return;
      last = JSON.stringify(room);
      const svg = draw(room);
      for (const side of ["width", "height"]) svg.setAttribute(side, "100%");
      node.replaceChildren(svg);
    });
    observer.observe(node);
    panel.onDrop(() => observer.disconnect());
    return node;
  };

  /**
   * All of it, below one another; `fills` as for a canvas. `panel.onDrop` is called with what ends it.
   * @param {Shown} shown @param {{ onDrop: (drop: () => void) => void }} panel
   */
  parts.shares = (shown, panel, fills = false) => {
    const { shares, view } = shown;
    if (shares.kind === "few") return h("p", { class: "gp-soft", text: `${answers(shares.second ?? shares.first)}: too few to show without showing whose they are.` });
    if (shares.kind === "options") return [options(shown), legend(shares)];
    const draw = shares.kind === "numbers" ? numbers : view.kind === "place" ? dots : curves;
    return [parts.canvas((room) => draw(shown, room), panel, fills), legend(shares)];
  };
}
