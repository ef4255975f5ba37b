// One simulated run, drawn for a stretch of its time: a lane for each request, and below, over the same time, the steps of
// the engine, its KV pages and its queue. Only what lies in the stretch is drawn; player.js moves the clock.
{
  const GAP = 12; // pixels between two strips
  const STRIPS = { steps: 54, kv: 40, queue: 40 };
  const LOW_STRIPS = { steps: 38, kv: 24, queue: 28 };
  const END = 3; // pixels of the token that ends a prompt, at the end of the step that reads it
  const MARK_FROM = 5; // pixels of a step from which on each token has a mark of its own
  const AXIS = 22;

  /** "1(57)23" as 57 ones, a two and a three. */
  function digits(text) {
    const values = [];
    for (const [, digit, many] of text.matchAll(/([0-9a-z])(?:\((\d+)\))?/g)) for (let n = Number(many ?? 1); n > 0; n -= 1) values.push(Number.parseInt(digit, 36));
    return values;
  }

  /** @returns {[number, number][]} */
  const pairs = (list) => Array.from({ length: list.length / 2 }, (_, i) => /** @type {[number, number]} */ ([list[2 * i], list[2 * i + 1]]));

  /** @param {LaneView} lane */
  function readLane(lane) {
    const chunks = Array.from({ length: lane.chunks.length / 3 }, (_, i) => ({ step: lane.chunks[3 * i], tokens: lane.chunks[3 * i + 1], again: lane.chunks[3 * i + 2] === 1 }));
    const written = lane.written.map(([step, text]) => ({ step, tokens: digits(text) }));
    const waits = pairs(lane.waits);
    // Who finds a seat free as soon as the engine has it comes in without a wait.
    const straight = lane.own.length && waits[0]?.[0] !== lane.own[1] ? [lane.own[1]] : [];
    return { ...lane, chunks, written, waits, enters: [...straight, ...waits.map(([, until]) => until)] };
  }

  /**
   * What Python sent, ready to be asked: when each step begins and ends (microseconds), and who reads in it.
   * @param {TimelineView} run
   */
  function readRun({ drawn }) {
    const { lasts } = drawn;
    const pauses = new Map(pairs(drawn.pauses));
    const [starts, ends] = [[], []];
    let now = drawn.begin;
    lasts.forEach((last, step) => {
      now += pauses.get(step) ?? 0;
      starts.push(now);
      ends.push((now += last));
    });
    const lanes = drawn.lanes.map(readLane);
    const readers = lasts.map(() => []);
    for (const lane of lanes) for (const { step, tokens, again } of lane.chunks) readers[step].push({ number: lane.number, tokens, again });
    const [prompt, answer, used, kept, running, waiting] = [drawn.prompt, drawn.answer, drawn.used, drawn.kept, drawn.running, drawn.waiting].map(parts.unrolled);
    const most = Math.max(1, ...lanes.flatMap(({ written }) => written.map(({ tokens }) => Math.max(...tokens))));
    return { ...drawn, prompt, answer, used, kept, running, waiting, starts, ends, lanes, readers, most, steps: lasts.length };
  }

  /** The last step that has begun at `now`; -1 before the first. */
  function stepAt({ starts }, now) {
    let [low, high] = [-1, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle] <= now) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // --- words ---------------------------------------------------------------------------------------------------------

  const count = (number) => number.toLocaleString("en-US");
  const many = (number, one, more) => `${count(number)} ${number === 1 ? one : more}`;
  const listed = (numbers) => (numbers.length < 2 ? `${numbers[0]}` : `${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}`);

  /** "requests 4 and 5 are done"; of more than three only how many. */
  function happened(numbers, one, more) {
    if (!numbers.length) return [];
    if (numbers.length > 3) return [`${numbers.length} requests ${more}`];
    return [numbers.length === 1 ? `request ${numbers[0]} ${one}` : `requests ${listed(numbers)} ${more}`];
  }

  function reading(run, step) {
    const [readers, tokens] = [run.readers[step], run.prompt[step]];
    if (!tokens) return [];
    const names = [...new Set(readers.map(({ number }) => number))];
    const all = readers.reduce((sum, reader) => sum + reader.tokens, 0) === tokens;
    const again = all && readers.every((reader) => reader.again) ? " again" : "";
    const whose = all && names.length === 1 ? `request ${names[0]}'s prompt` : all ? `${names.length} prompts` : "prompts";
    return [`${many(tokens, "token", "tokens")} of ${whose}${again}`];
  }

  /** What a step does, in words. */
  function stepWords(run, now, clock) {
    const step = stepAt(run, now);
    if (step < 0) return `${clock(now)}: no step runs yet.`;
    if (now > run.ends[step]) return `${clock(now)}: no step runs; ${step + 1 < run.steps ? `the next begins at ${clock(run.starts[step + 1])}` : "the run is over"}.`;
    const answers = run.answer[step] ? [many(run.answer[step], "token of an answer", "tokens of answers")] : [];
    const doing = [...reading(run, step), ...answers].join(" and ");
    const full = (100 * run.used[step]) / run.blocks;
    const at = (found) => run.lanes.filter(found).map(({ number }) => number);
    const events = [
      ...happened(at(({ enters }) => enters.includes(run.starts[step])), "comes in", "come in"),
      ...happened(at(({ preempted }) => preempted.includes(run.starts[step])), "is preempted", "are preempted"),
      ...happened(at(({ done }) => done === run.ends[step]), "is done", "are done"),
    ];
    const state = [doing + `, ${parts.written(run.lasts[step] / 1e6, { steps: run.times, unit: "s" })}`, many(run.waiting[step], "waits", "wait"), `KV ${full < 10 ? Number(full.toPrecision(2)) : Math.round(full)} % full`];
    return `Step ${count(step + 1)} of ${count(run.steps)}, ${clock(run.starts[step])}: ${[...state, ...events].join("; ")}.`;
  }

  // --- shapes --------------------------------------------------------------------------------------------------------

  const box = (x, y, width, height) => `M${x.toFixed(1)} ${y.toFixed(1)}h${width.toFixed(1)}v${height.toFixed(1)}h${(-width).toFixed(1)}z`;

  /** Fills of each look: a colour, and a pattern that says the same. Their names end in the panel's own id. */
  function patterns(uid) {
    const tile = (name, size, ...inside) => s("pattern", { id: `${uid}-tl-${name}`, width: size, height: size, patternUnits: "userSpaceOnUse", class: `tl-tile-${name}` }, ...inside);
    const back = (size) => s("rect", { width: size, height: size, class: "tl-tile-back" });
    return s("defs", {},
      tile("read", 5, back(5), s("rect", { width: 2.4, height: 5, class: "tl-tile-ink" })),
      tile("again", 6, back(6), s("path", { d: "M0 0 6 6M6 0 0 6", class: "tl-tile-line" })),
      tile("kv", 6, back(6), s("path", { d: "M-1 1 1-1M0 6 6 0M5 7 7 5", class: "tl-tile-line" })),
      tile("kept", 5, back(5), s("circle", { cx: 2.5, cy: 2.5, r: 1.2, class: "tl-tile-ink" })),
      tile("held", 7, s("path", { d: "M-1-1 8 8", class: "tl-tile-line" })));
  }

  /** Places in the stretch: microseconds to pixels, cut at its edges; the steps that lie in it; pixels of one of them. */
  function placing(run, { from, until, gutter, width, pixels }) {
    const place = (now) => gutter + ((now - from) / (until - from)) * (width - gutter - 1);
    const cut = (now) => Math.min(width - 1, Math.max(gutter, place(now)));
    const between = (start, end) => [cut(start), cut(end) - cut(start)];
    const last = Math.max(0, stepAt(run, until));
    const first = Math.max(0, stepAt(run, from));
    return { place, between, sees: (start, end) => end > from && start < until, first: run.ends[first] > from ? first : Math.min(first + 1, last), last, pixels };
  }

  /** Pixels of a usual step in a stretch. */
  const stepPixels = (run, { from, until, gutter, width }) => {
    const first = Math.max(0, stepAt(run, from));
    const lasts = run.lasts.slice(first, Math.max(first + 1, stepAt(run, until) + 1)).sort((a, b) => a - b);
    return ((width - gutter) * lasts[lasts.length >> 1]) / (until - from);
  };

  // --- lanes ---------------------------------------------------------------------------------------------------------

  /**
   * Boxes of the tokens of an answer: a mark for each token where a step is wide enough, else as high as a step has tokens.
   * The token that ends a prompt stands at the end of the step that reads it.
   */
  function writtenPath(run, lane, at, y, height) {
    let path = "";
    const marks = at.pixels >= MARK_FROM;
    const each = height / run.most;
    const read = new Set(lane.chunks.map(({ step }) => step));
    const alike = (step, begin, tokens) => !read.has(step) && !read.has(step + 1) && tokens[step + 1 - begin] === tokens[step - begin] && run.ends[step] === run.starts[step + 1];
    for (const { step: begin, tokens } of lane.written) {
      const last = Math.min(begin + tokens.length - 1, at.last);
      for (let step = Math.max(begin, at.first), until = step; step <= last; step = until + 1) {
        until = step;
        if (!marks) while (until < last && alike(until, begin, tokens)) until += 1;
        const number = tokens[step - begin];
        const [x, width] = at.between(run.starts[step], run.ends[until]);
        const [left, wide] = read.has(step) ? [x + Math.max(0, width - END), Math.min(END, width)] : marks ? [x + 0.7, Math.max(width - 1.4, 1)] : [x, Math.max(width, 0.4)];
        if (marks) for (let token = 1; token <= number; token += 1) path += box(left, y + height - token * each, wide, each - (run.most > 1 ? 1 : 0));
        else if (number) path += box(left, y + height - number * each, wide, number * each);
      }
    }
    return path;
  }

  function chunkNodes(run, lane, at, y, height, uid) {
    const shown = lane.chunks.filter(({ step }) => at.sees(run.starts[step], run.ends[step]));
    return shown.flatMap(({ step, tokens, again }, i) => {
      const beside = shown.filter((other) => other.step === step);
      const sum = beside.reduce((all, other) => all + other.tokens, 0);
      const before = beside.slice(0, beside.indexOf(shown[i])).reduce((all, other) => all + other.tokens, 0);
      const [length, start] = [run.lasts[step], run.starts[step]];
      const [x, width] = at.between(start + (length * before) / sum, start + (length * (before + tokens)) / sum);
      const words = count(tokens);
      return [
        s("rect", { x, y, width: Math.max(width - 0.6, 0.8), height, class: again ? "tl-again" : "tl-read", ...(width > 3 ? { style: `fill:url(#${uid}-tl-${again ? "again" : "read"})` } : {}) }),
        width > words.length * 6.6 + 6 ? s("text", { x: x + width / 2, y: y + height / 2 + 4, class: "tl-count gp-middle", text: words }) : "",
      ];
    });
  }

  /** Prompt and answer of a request: 1,188→53, in a narrow place 1.2k→53. */
  const tokensOf = ({ prompt, answer }, narrow) => [prompt, answer].map((tokens) => (narrow ? shortNumber(Number(tokens.toPrecision(2))) : count(tokens))).join("→");

  /** Pixels that the names of the lanes need. */
  const gutterOf = (runs, narrow) =>
    Math.min(140, Math.max(narrow ? 80 : 84, ...runs.flatMap(({ lanes }) => lanes.map((lane) => 7.5 * (`${lane.number}`.length + tokensOf(lane, narrow).length) + 17))));

  function laneNodes(run, lane, at, y, height, uid) {
    const [top, tall] = [y + 2, height - 4];
    const middle = y + height / 2;
    const waits = lane.waits.filter(([from, until]) => at.sees(from, until)).map(([from, until]) => at.between(from, until)).filter(([, width]) => width > 1);
    const nodes = waits.map(([x, width]) => s("rect", { x: x + 0.5, y: top + 2.5, width: width - 1, height: tall - 5, class: "tl-wait" }));
    if (lane.own.length && at.sees(lane.own[0], lane.own[1])) {
      const [x, width] = at.between(lane.own[0], lane.own[1]);
      nodes.push(s("path", { d: `M${x.toFixed(1)} ${middle.toFixed(1)}h${width.toFixed(1)}`, class: "tl-own" }));
    }
    const [since, until] = lane.held;
    if (since !== undefined && at.sees(since, until)) {
      const [x, width] = at.between(since, until);
      nodes.push(s("rect", { x, y: top + 0.5, width, height: tall - 1, class: "tl-held", style: `fill:url(#${uid}-tl-held)` }));
    }
    nodes.push(...chunkNodes(run, lane, at, top, tall, uid));
    if (lane.cached && lane.chunks.length) {
      const when = run.starts[lane.chunks[0].step];
      if (at.sees(when, when + 1)) nodes.push(s("rect", { x: at.place(when) - 2, y: top - 1, width: 5, height: tall + 2, class: "tl-found", style: `fill:url(#${uid}-tl-kv)` }));
    }
    const path = writtenPath(run, lane, at, top, tall);
    if (path) nodes.push(s("path", { d: path, class: "tl-written" }));
    for (const when of lane.preempted) if (at.sees(when, when + 1)) nodes.push(s("path", { d: `M${at.place(when).toFixed(1)} ${middle.toFixed(1)}m-4-4 8 8m0-8-8 8`, class: "tl-lost" }));
    if (lane.done !== null && at.sees(lane.done - 1, lane.done)) nodes.push(s("circle", { cx: at.place(lane.done) - 1, cy: middle, r: 3, class: "tl-done" }));
    return nodes;
  }

  /** The lanes as one drawing; `now` marks the present step, and what comes after it is veiled. */
  function lanesSvg(run, stretch, laneHeight, finding, uid) {
    const { width, gutter } = stretch;
    const height = run.lanes.length * laneHeight;
    const at = placing(run, stretch);
    const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "gp-plot tl-plot", role: "img", "aria-label": finding });
    svg.append(patterns(uid));
    const labels = run.lanes.map((lane, i) => {
      const y = i * laneHeight;
      if (i % 2) svg.append(s("rect", { x: 0, y, width, height: laneHeight, class: "tl-zebra" }));
      const label = s("text", { x: gutter - 6, y: y + laneHeight / 2 + 4, class: "tl-name gp-end" },
        s("tspan", { class: "tl-number", text: lane.number }), s("tspan", { dx: stretch.narrow ? 4 : 7, text: tokensOf(lane, stretch.narrow) }));
      svg.append(label, ...laneNodes(run, lane, at, y, laneHeight, uid));
      return label;
    });
    return { svg, labels, ...cursor(svg, height, stretch, at) };
  }

  /** The present step as a band, and a veil over all that comes after it. */
  function cursor(svg, height, { width }, at) {
    const veil = s("rect", { y: 0, height, class: "tl-veil" });
    const band = s("rect", { y: 0, height, class: "tl-now" });
    svg.append(veil, band);
    const set = (start, end, whole) => {
      const [x, wide] = at.between(start, end);
      const edge = x + wide;
      for (const [name, value] of [["x", edge], ["width", whole ? 0 : Math.max(0, width - edge)]]) veil.setAttribute(String(name), Number(value).toFixed(1));
      for (const [name, value] of [["x", x], ["width", Math.max(1.5, wide)]]) band.setAttribute(String(name), Number(value).toFixed(1));
      band.toggleAttribute("hidden", whole || !at.sees(start - 1, end + 1));
    };
    return { set };
  }

  // --- strips --------------------------------------------------------------------------------------------------------

  function stripFrame(svg, name, top, height, stretch, ticks) {
    const { gutter, width } = stretch;
    svg.append(s("text", { x: 0, y: top + 11, class: "tl-strip-name", text: name }));
    for (const [y, words] of ticks) {
      svg.append(s("line", { x1: gutter, x2: width, y1: y, y2: y, class: "gp-grid" }));
      if (words) svg.append(s("text", { x: gutter - 6, y: Math.min(y + 4, top + height), class: "gp-tick gp-end", text: words }));
    }
  }

  const most = (values) => values.reduce((least, value) => Math.max(least, value), 0);

  /** Prompt tokens of each step upwards, answer tokens downwards, each on a scale of its own. */
  function stepsStrip(svg, run, at, top, height, stretch, uid) {
    const [up, down] = [Math.max(1, most(run.prompt)), Math.max(1, most(run.answer))];
    const zero = top + height * 0.6;
    const [above, below] = [zero - top - 1, top + height - zero - 1];
    const gap = at.pixels >= MARK_FROM ? 0.8 : 0;
    stripFrame(svg, "steps", top, height, stretch, [[top, count(up)], [top + height, count(down)]]);
    let [read, write] = ["", ""];
    for (let step = at.first; step <= at.last; step += 1) {
      const [x, width] = at.between(run.starts[step], run.ends[step]);
      const wide = Math.max(width - gap, 0.3);
      if (run.prompt[step]) read += box(x, zero - (above * run.prompt[step]) / up, wide, (above * run.prompt[step]) / up);
      if (run.answer[step]) write += box(x, zero, wide, (below * run.answer[step]) / down);
    }
    svg.append(s("path", { d: read, class: "tl-read tl-cell", style: `fill:url(#${uid}-tl-read)` }), s("path", { d: write, class: "tl-written" }),
      s("line", { x1: stretch.gutter, x2: stretch.width, y1: zero, y2: zero, class: "gp-axis" }));
    const limit = run.budget && run.budget <= up * 1.02 ? zero - (above * run.budget) / up : null;
    if (limit !== null) svg.append(s("line", { x1: stretch.gutter, x2: stretch.width, y1: limit, y2: limit, class: "tl-limit" }));
  }

  /** Pages in use, kept for a beginning, and free: shares of the cache. */
  function kvStrip(svg, run, at, top, height, stretch, uid) {
    const peak = most(run.used.map((used, i) => used + run.kept[i])) / run.blocks;
    const scale = peak > 0.5 ? 1 : Math.max(0.01, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5].find((end) => end >= peak) ?? 1);
    const y = (share) => top + height - (height * share) / scale;
    stripFrame(svg, "KV", top, height, stretch, [[top, `${Math.round(100 * scale)} %`], [top + height, "0"]]);
    let [used, kept] = ["", ""];
    for (let step = at.first; step <= at.last;) {
      let until = step;
      while (until < at.last && run.used[until + 1] === run.used[step] && run.kept[until + 1] === run.kept[step] && run.starts[until + 1] === run.ends[until]) until += 1;
      const [x, width] = at.between(run.starts[step], run.ends[until]);
      const [one, both] = [run.used[step] / run.blocks, (run.used[step] + run.kept[step]) / run.blocks];
      used += box(x, y(one), Math.max(width, 0.3), y(0) - y(one));
      if (both > one) kept += box(x, y(both), Math.max(width, 0.3), y(one) - y(both));
      step = until + 1;
    }
    svg.append(s("path", { d: used, class: "tl-kv", style: `fill:url(#${uid}-tl-kv)` }), s("path", { d: kept, class: "tl-kept", style: `fill:url(#${uid}-tl-kept)` }));
    if (scale === 1) svg.append(s("line", { x1: stretch.gutter, x2: stretch.width, y1: top, y2: top, class: "tl-limit" }));
  }

  /** Requests that run and that wait, as two lines of steps. */
  function queueStrip(svg, run, at, top, height, stretch) {
    const end = Math.max(1, most(run.running), most(run.waiting));
    const y = (value) => top + height - 1 - ((height - 3) * value) / end;
    stripFrame(svg, "queue", top, height, stretch, [[top, count(end)], [top + height, "0"]]);
    const line = (values) => {
      let path = "";
      for (let step = at.first; step <= at.last; step += 1) {
        if (step > at.first && values[step] === values[step - 1] && run.starts[step] === run.ends[step - 1] && step < at.last) continue;
        const [x, width] = at.between(run.starts[step], run.ends[step]);
        path += `${path ? "H" : "M"}${x.toFixed(1)}${path ? `V${y(values[step]).toFixed(1)}` : ` ${y(values[step]).toFixed(1)}`}`;
        if (step === at.last) path += `H${(x + width).toFixed(1)}`;
      }
      return path;
    };
    svg.append(s("path", { d: line(run.waiting), class: "tl-line tl-line-waiting" }), s("path", { d: line(run.running), class: "tl-line tl-line-running" }));
    if (run.seats && run.seats <= 1.02 * end) svg.append(s("line", { x1: stretch.gutter, x2: stretch.width, y1: y(run.seats), y2: y(run.seats), class: "tl-limit" }));
  }

  function stripsSvg(run, stretch, uid) {
    const { width, cramped, bare } = stretch;
    const at = placing(run, stretch);
    const tall = cramped ? LOW_STRIPS : STRIPS;
    const [kv, queue] = [6 + tall.steps + GAP, 6 + tall.steps + tall.kv + 2 * GAP];
    const axis = bare ? 3 : queue + tall.queue + 5;
    const height = axis + AXIS;
    const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "gp-plot tl-plot", role: "img", "aria-label": bare ? "Simulated time" : "Over the same time: tokens of each step, KV pages, and requests that run and wait" });
    if (!bare) {
      stepsStrip(svg, run, at, 6, tall.steps, stretch, uid);
      kvStrip(svg, run, at, kv, tall.kv, stretch, uid);
      queueStrip(svg, run, at, queue, tall.queue, stretch);
    }
    parts.timeAxis(svg, axis, stretch, at.place, 1e6);
    return { svg, ...cursor(svg, axis, stretch, at) };
  }

  Object.assign(parts, { timelineRun: readRun, timelineStep: stepAt, timelineWords: stepWords, timelineLanes: lanesSvg, timelineStrips: stripsSvg, timelinePatterns: patterns, timelinePixels: stepPixels, timelineGutter: gutterOf });
}
