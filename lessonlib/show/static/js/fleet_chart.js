// One simulated fleet, drawn for a stretch of its time: requests that come and what they wait, the scaler, a lane for each replica, the link
// between two pools, and left of them the router, whose lines are as wide as what it sends. player.js moves the clock.
{
  const MILLI = 1e3;
  const STRIP = 34, LINK = 36, GAP = 11, NAME = 17, HEAD = 23, AXIS = 22; // pixels
  const READOUT = { run: 38, wait: 40, cache: 46, found: 48 }; // pixels of a lane's numbers
  const EDGE = 2; // pixels between the last number and the edge
  const FLIGHT_S = 0.7; // of a dot, in real seconds
  const MOST_FLYING = 40;
  const WORDS = { o: "off", s: "starting", r: "ready", d: "draining", f: "failed", t: "stalled" };
  const BECOMES = { s: ["starts", "start"], r: ["is ready", "are ready"], d: ["drains", "drain"], f: ["fails", "fail"], t: ["stalls", "stall"], o: ["is gone", "are gone"] };

  /** Sums of a list as it goes: [3, 4, 2] -> [3, 7, 9]. */
  function runningSum(list) {
    let sum = 0;
    return list.map((value) => (sum += value));
  }

  /**
   * What Python sent, ready to be asked: when each window begins and ends (milliseconds), and who gets which request when.
   * @param {FleetRunView} run
   */
  function readFleet({ label, rows, drawn }) {
    const [begin, size, end] = drawn.edges;
    const [arrivals, ttft, held, found] = [drawn.arrivals, drawn.ttft, drawn.held, drawn.found].map(parts.unrolled);
    const starts = arrivals.map((_, i) => begin + i * size);
    const ends = starts.map((_, i) => (i + 1 < starts.length ? starts[i + 1] : end));
    const rate = arrivals.map((count, i) => (count * MILLI) / (ends[i] - starts[i]));
    const lanes = drawn.lanes.map((lane, i) => {
      const [running, waiting, cache, share, came] = [lane.running, lane.waiting, lane.cache, lane.found, lane.came].map(parts.unrolled);
      return { ...lane, running, waiting, cache, found: share, came, all: rows[i].at(-1) };
    });
    const every = (list, size, place) => list.filter((_, i) => i % size === place);
    const times = runningSum(every(drawn.dots, 2, 0));
    const dots = every(drawn.dots, 2, 1).map((lane, i) => ({ at: times[i], lane }));
    const finds = found.some(Boolean);
    const link = drawn.link && { ...drawn.link, traffic: parts.unrolled(drawn.link.traffic), under_way: parts.unrolled(drawn.link.under_way), crossings: crossingsOf(drawn.link.sent) };
    return { ...drawn, label, begin, end, size, starts, ends, arrivals, rate, ttft, held, found, finds, lanes, dots, link, count: starts.length };
  }

  function crossingsOf(sent) {
    let begun = 0;
    return Array.from({ length: sent.length / 4 }, (_, i) => {
      const [since, lasts, source, target] = sent.slice(4 * i, 4 * i + 4);
      begun += since;
      return { begun, there: begun + lasts, source, target };
    });
  }

  /** The window at a time. */
  const windowAt = (run, now) => Math.max(0, Math.min(run.count - 1, Math.floor((now - run.begin) / run.size)));

  /** The count of [time, count] steps at a time. */
  const countAt = (steps, now) => steps.findLast(([since]) => since <= now)?.[1] ?? steps[0]?.[1] ?? 0;

  /** The state of a lane at a time: its letter. */
  const stateAt = (lane, now) => lane.states.findLast(([since]) => since <= now)?.[1] ?? lane.states[0][1];

  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const top = (values) => values.reduce((most, value) => Math.max(most, value ?? 0), 0);

  // --- words ---------------------------------------------------------------------------------------------------------

  const count = (number) => Number(number.toPrecision(number >= 100 ? Math.ceil(Math.log10(number + 1)) : number >= 10 ? 3 : 2)).toLocaleString("en-US", { maximumFractionDigits: 2 });
  const whole = (number) => (number < 0.05 ? "0" : number >= 10 || Number.isInteger(number) ? Math.round(number).toLocaleString("en-US") : number.toFixed(1));
  const percent = (value) => (value === null ? "–" : `${value} %`);
  const seconds = (run, value) => (value === null ? "–" : parts.written(value / MILLI, { steps: run.times, unit: "s" }));
  const traffic = (run, value) => parts.written(value * 1e9, { steps: run.link.rates, unit: "B/s" });
  const nameOf = (lane, narrow) => (narrow ? `${lane.pool ? lane.pool[0].toUpperCase() : ""}${lane.number}` : `${lane.pool || "replica"} ${lane.number}`);
  const listed = (numbers) => (numbers.length < 2 ? `${numbers[0]}` : `${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}`);

  /** "replicas 4 and 5 start" for all changes within a window. */
  function changes(run, place) {
    const [since, until] = [run.starts[place], run.ends[place]];
    const met = new Map();
    for (const lane of run.lanes)
      lane.states.forEach(([when, letter], i) => {
        if (!i || when < since || when >= until || (letter === "r" && lane.states[i - 1][1] === "t")) return;
        met.set(letter, [...(met.get(letter) ?? []), lane.number]);
      });
    return [...met].map(([letter, numbers]) => `${numbers.length > 1 ? "replicas" : "replica"} ${listed(numbers)} ${BECOMES[letter][numbers.length > 1 ? 1 : 0]}`);
  }

  const total = (run, name, place) => run.lanes.reduce((sum, lane) => sum + lane[name][place], 0);

  /** What a window says, in words; the whole run where it stands complete. */
  function fleetWords(run, now, complete, facts, clock) {
    if (complete) return `All ${clock(run.end - run.begin)}: ${facts.join("; ")}.`;
    if (now > run.end) return `${clock(now)}: the run is over.`;
    const place = windowAt(run, now);
    const middle = (run.starts[place] + run.ends[place]) / 2;
    const said = [
      `${count(run.rate[place])} requests/s`,
      run.ttft[place] === null ? "" : `TTFT p99 ${seconds(run, run.ttft[place])}`,
      shown(run).scaler ? `${countAt(run.ready, middle)} ready${run.desired.length ? `, ${countAt(run.desired, middle)} desired` : ""}` : "",
      `on average ${whole(total(run, "running", place))} run, ${whole(total(run, "waiting", place))} wait${run.held[place] ? `, ${whole(run.held[place])} at the router` : ""}`,
      !run.finds || run.found[place] === null ? "" : `${percent(run.found[place])} of the prompt found in a cache`,
      run.link ? `${traffic(run, run.link.traffic[place])} on the link` : "",
      ...changes(run, place),
    ];
    return `Window ${place + 1} of ${run.count}, from ${clock(run.starts[place])}: ${said.filter(Boolean).join("; ")}.`;
  }

  /** What of a fleet there is to draw beside its lanes. */
  const shown = (run) => ({ scaler: run.desired.length > 0 || run.ready.length > 1 });

  // --- places --------------------------------------------------------------------------------------------------------

  /** Pixels of the router's lines, of the lanes' names, and right of the drawing. */
  function sidesOf(narrow, width, finds) {
    const numbers = Object.keys(READOUT).filter((name) => finds || name !== "found");
    const [fan, name] = narrow ? [26, 30] : width < 720 ? [44, 74] : [66, 78];
    return { fan, numbers, gutter: fan + name, right: width < 720 ? (narrow ? 2 : 84) : numbers.reduce((sum, one) => sum + READOUT[one], 10) };
  }

  /** Where each part of the drawing begins, from top to bottom. */
  function layout(run, stretch) {
    const { cramped, bare, narrow } = stretch;
    const lanes = run.lanes.length;
    const tall = lanes <= 4 ? (cramped ? 44 : 56) : lanes <= 8 ? (cramped ? 36 : 46) : cramped ? 28 : 34;
    const strip = cramped ? 26 : STRIP;
    const gap = narrow ? NAME : GAP;
    let y = narrow ? NAME : 9;
    const take = (height) => ((y += height), y - height);
    const strips = bare ? [] : ["rate", "ttft", ...(shown(run).scaler ? ["scaler"] : [])].map((name) => ({ name, top: take(strip + gap), height: strip }));
    take(HEAD);
    const tops = [];
    let link = null;
    run.lanes.forEach((lane, i) => {
      if (i && run.link && lane.pool !== run.lanes[i - 1].pool) {
        take(gap);
        link = take(LINK + HEAD);
      }
      tops.push(take(tall));
    });
    const axis = y + 5;
    return { strips, head: tops[0] - 5, tops, tall, ribbon: tall >= 54 ? 9 : tall >= 44 ? 8 : tall >= 34 ? 6 : 5, link, axis, height: axis + AXIS };
  }

  function placing(run, { from, until, gutter, width, right }) {
    const edge = width - right;
    const place = (now) => gutter + ((now - from) / (until - from)) * (edge - gutter);
    const cut = (now) => Math.min(edge, Math.max(gutter, place(now)));
    const first = windowAt(run, from);
    const last = windowAt(run, Math.min(until, run.end) - 1e-6);
    return { place, cut, edge, first, last, sees: (start, end) => end > from && start < until };
  }

  // --- shapes --------------------------------------------------------------------------------------------------------

  /** Fills of the states and of what waits: a colour, and a pattern that says the same. Their names end in the panel's own id. */
  function patterns(uid) {
    const tile = (name, size, ...inside) => s("pattern", { id: `${uid}-fl-${name}`, width: size, height: size, patternUnits: "userSpaceOnUse", class: `fl-tile-${name}` }, ...inside);
    const line = (d) => s("path", { d, class: "fl-tile-line" });
    const back = (size) => s("rect", { width: size, height: size, class: "fl-tile-back" });
    return s("defs", {},
      tile("wait", 5, back(5), s("rect", { width: 2.4, height: 5, class: "fl-tile-ink" })),
      tile("cache", 5, back(5), line("M-1 1 1-1M0 5 5 0M4 6 6 4")),
      tile("found", 4, back(4), s("circle", { cx: 2, cy: 2, r: 1.1, class: "fl-tile-ink" })),
      tile("s", 8, line("M-1 1 1-1M0 8 8 0M7 9 9 7")),
      tile("d", 6, s("circle", { cx: 3, cy: 3, r: 1, class: "fl-tile-ink" })),
      tile("f", 7, line("M0 0 7 7M7 0 0 7")),
      tile("t", 5, line("M0 2.5H5")));
  }

  /** The outline of a value a window, as steps over a floor: for an area closed at the floor. `y` turns a value into pixels. */
  function area(run, at, values, y, floor) {
    let path = "";
    let open = false;
    for (let i = at.first; i <= at.last; i += 1) {
      if (!values[i]) {
        if (open) path += `V${floor.toFixed(1)}Z`;
        open = false;
        continue;
      }
      path += `${open ? "" : `M${at.cut(run.starts[i]).toFixed(1)} ${floor.toFixed(1)}`}V${y(values[i], i).toFixed(1)}H${at.cut(run.ends[i]).toFixed(1)}`;
      open = true;
    }
    return open ? `${path}V${floor.toFixed(1)}Z` : path;
  }

  /** A line of steps through a value a window; a gap where there is none. */
  function steps(run, at, values, y) {
    let path = "";
    for (let i = at.first, open = false; i <= at.last; i += 1) {
      if (values[i] === null) {
        open = false;
        continue;
      }
      path += `${open ? "V" : `M${at.cut(run.starts[i]).toFixed(1)} `}${y(values[i]).toFixed(1)}H${at.cut(run.ends[i]).toFixed(1)}`;
      open = true;
    }
    return path;
  }

  /** A line of [time, count] steps. */
  function counts(run, at, list, y) {
    return list.map(([since, value], i) => `${i ? "V" : `M${at.cut(since).toFixed(1)} `}${y(value).toFixed(1)}H${at.cut(list[i + 1]?.[0] ?? run.end).toFixed(1)}`).join("");
  }

  // --- strips --------------------------------------------------------------------------------------------------------

  /** Names a strip and its ends of the axis; in a narrow place the name stands above it. */
  function frame(svg, { top: y, height }, stretch, at, name, ticks) {
    const { fan, gutter, narrow } = stretch;
    for (const [place, words] of ticks) {
      svg.append(s("line", { x1: gutter, x2: at.edge, y1: place, y2: place, class: "gp-grid" }));
      if (words) svg.append(s("text", { x: gutter - 6, y: Math.min(place + 4, y + height + 1), class: "gp-tick gp-end", text: words }));
    }
    return s("text", narrow ? { x: gutter, y: y - 5, class: "fl-strip-name", text: name } : { x: name === "link" ? fan + 6 : 0, y: name === "link" ? y + height / 2 + 4 : y + 11, class: "fl-strip-name", text: name });
  }

  const readout = (svg, stretch, y) => {
    if (stretch.right < 20) return () => {};
    const text = s("text", { x: stretch.width - EDGE, y, class: "fl-read gp-end" });
    svg.append(text);
    return (words) => (text.textContent = words);
  };

  function rateStrip(svg, run, stretch, at, box, scale, heads) {
    const y = (value) => box.top + box.height - (box.height * value) / scale.rate;
    heads.push(frame(svg, box, stretch, at, "requests/s", [[box.top, count(scale.rate)], [box.top + box.height, ""]]));
    svg.append(s("path", { d: area(run, at, run.rate, y, box.top + box.height), class: "fl-rate" }));
    const tell = readout(svg, stretch, box.top + box.height / 2 + 5);
    const mean = (run.arrivals.reduce((sum, one) => sum + one, 0) * MILLI) / (run.end - run.begin);
    return (place, all) => tell(`${count(all ? mean : run.rate[place])}/s`);
  }

  function ttftStrip(svg, run, stretch, at, box, scale, heads) {
    const floor = box.top + box.height;
    const share = scale.log ? (value) => Math.max(0, Math.log(value / scale.least) / Math.log(scale.ttft / scale.least)) : (value) => value / scale.ttft;
    const y = (value) => floor - (box.height - 1) * share(Math.max(value, 1));
    heads.push(frame(svg, box, stretch, at, "TTFT p99", [[box.top, seconds(run, scale.ttft)], [floor, scale.log ? seconds(run, scale.least) : "0"]]));
    svg.append(s("path", { d: steps(run, at, run.ttft, y), class: "fl-line fl-ttft" }));
    const tell = readout(svg, stretch, box.top + box.height / 2 + 5);
    return (place, all) => tell(all ? "" : seconds(run, run.ttft[place])); // there is no mean of percentiles
  }

  function scalerStrip(svg, run, stretch, at, box, scale, heads) {
    const y = (value) => box.top + box.height - 1 - ((box.height - 3) * value) / scale.replicas;
    heads.push(frame(svg, box, stretch, at, "replicas", [[y(scale.replicas), count(scale.replicas)], [y(0), "0"]]));
    const [floor, line] = [y(0), counts(run, at, run.ready, y)];
    const first = at.cut(run.ready[0][0]).toFixed(1);
    svg.append(s("path", { d: `${line}V${floor}H${first}Z`, class: "fl-ready-area" }), s("path", { d: line, class: "fl-line fl-ready" }));
    if (run.desired.length) svg.append(s("path", { d: counts(run, at, run.desired, y), class: "fl-line fl-desired" }));
    const tell = readout(svg, stretch, box.top + box.height / 2 + 5);
    const some = run.ready.map(([, value]) => value);
    return (place, all) => {
      if (all) return tell(`${Math.min(...some)} to ${Math.max(...some)}${stretch.right < 100 ? "" : " ready"}`);
      const middle = (run.starts[place] + run.ends[place]) / 2;
      const [there, wanted] = [countAt(run.ready, middle), countAt(run.desired, middle)];
      tell(!run.desired.length ? `${there} ready` : stretch.width < 720 ? `${there} of ${wanted}` : `${there} ready, ${wanted} desired`);
    };
  }

  function linkStrip(svg, run, stretch, at, y0, scale, heads) {
    const box = { top: y0, height: LINK };
    const y = (value) => y0 + LINK - (LINK * value) / scale.link;
    heads.push(frame(svg, box, stretch, at, stretch.narrow ? `link, up to ${traffic(run, scale.link)}` : "link", [[y0, stretch.narrow ? "" : traffic(run, scale.link)], [y0 + LINK, ""]]));
    svg.append(s("path", { d: area(run, at, run.link.traffic, y, y0 + LINK), class: "fl-link" }));
    const limit = y(run.link.capacity);
    if (run.link.capacity <= scale.link * 1.001) svg.append(s("line", { x1: stretch.gutter, x2: at.edge, y1: limit, y2: limit, class: "tl-limit" }));
    const tell = readout(svg, stretch, y0 + LINK / 2 + 5);
    return (place, all) => tell(traffic(run, all ? mean(run.link.traffic) : run.link.traffic[place]));
  }

  // --- lanes ---------------------------------------------------------------------------------------------------------

  function stateNodes(lane, at, run, y, height, uid) {
    return lane.states.flatMap(([since, letter], i) => {
      const until = lane.states[i + 1]?.[0] ?? run.end;
      if (!at.sees(since, until)) return [];
      const [x, wide] = [at.cut(since), at.cut(until) - at.cut(since)];
      if (letter === "o") return [s("path", { d: `M${x.toFixed(1)} ${(y + height / 2).toFixed(1)}h${wide.toFixed(1)}`, class: "fl-off" })];
      const plain = letter === "r";
      const box = s("rect", { x, y, width: Math.max(wide, 1), height, class: `fl-state fl-state-${letter}${lane.slow === 1 ? "" : " fl-slow"}` });
      const over = plain ? "" : s("rect", { x, y, width: Math.max(wide, 1.5), height, class: `fl-over-${letter}`, style: `fill:url(#${uid}-fl-${letter})` });
      return [box, over];
    });
  }

  /** The word of a state, where there is room for it. */
  function stateWords(lane, at, run, y, height) {
    return lane.states.flatMap(([since, letter], i) => {
      const until = lane.states[i + 1]?.[0] ?? run.end;
      if (letter === "r" || letter === "o" || !at.sees(since, until)) return [];
      const [x, wide] = [at.cut(since), at.cut(until) - at.cut(since)];
      const words = WORDS[letter];
      return wide > words.length * 6.4 + 8 ? [s("text", { x: x + wide / 2, y: y + height / 2 + 4, class: "fl-state-word gp-middle", text: words })] : [];
    });
  }

  function laneNodes(svg, run, lane, y, plan, at, scale, uid) {
    const { tall, ribbon } = plan;
    const [above, height] = [y + 1, tall - 3];
    const foot = above + height;
    const rows = lane.pool === "decode" || !scale.finds ? ["cache"] : ["cache", "found"]; // what comes over the link is not looked up
    const floor = foot - rows.length * (ribbon + 2); // of the requests; below lie the cache and what was found in it
    const room = floor - above - 2;
    const level = (value) => floor - Math.max(value > 0 ? 0.7 : 0, (room * value) / scale.load[lane.pool]);
    svg.append(...stateNodes(lane, at, run, above, height, uid));
    const both = lane.running.map((value, i) => value + lane.waiting[i]);
    if (top(lane.waiting)) svg.append(s("path", { d: area(run, at, lane.waiting.map((value, i) => (value > 0.04 ? both[i] : 0)), level, floor), class: "fl-wait", style: `fill:url(#${uid}-fl-wait)` }));
    svg.append(s("path", { d: area(run, at, lane.running, level, floor), class: "fl-run" }));
    const there = lane.states.map(([since, letter], i) => [since, lane.states[i + 1]?.[0] ?? run.end, letter]).filter(([since, until, letter]) => !"osf".includes(letter) && at.sees(since, until));
    rows.forEach((name, i) => {
      const base = floor + (i + 1) * (ribbon + 2);
      for (const [since, until] of there) svg.append(s("rect", { x: at.cut(since), y: base - ribbon, width: at.cut(until) - at.cut(since), height: ribbon, class: "fl-track" }));
      svg.append(s("path", { d: area(run, at, lane[name], (value) => base - Math.max(0.6, (ribbon * value) / 100), base), class: `fl-${name}`, style: `fill:url(#${uid}-fl-${name})` }));
    });
    svg.append(...stateWords(lane, at, run, above, floor - above));
  }

  function laneName(lane, y, plan, stretch) {
    const { fan, narrow, gutter } = stretch;
    const more = [lane.slow === 1 ? "" : `${count(lane.slow)}× slower`, lane.kind].filter(Boolean).join(", ");
    const two = more && !narrow;
    const middle = y + plan.tall / 2 - 1;
    const x = narrow ? gutter - 6 : fan + 6;
    const text = s("text", { x, y: middle + (two ? -1 : 4), class: `fl-name${narrow ? " gp-end" : ""}`, text: `${nameOf(lane, narrow)}${more && narrow ? "*" : ""}` });
    if (more) text.append(s("title", { text: `${nameOf(lane, false)}: ${more}` }));
    return [text, two ? s("text", { x, y: middle + 10, class: "fl-more", text: more }) : ""];
  }

  /** The numbers of the lanes at the present, in columns at the right. */
  function laneNumbers(svg, run, plan, stretch) {
    const { width, right } = stretch;
    if (right < 20) return () => {};
    const short = right < 100;
    /** @type {[string, number][]} */
    const columns = short ? [["run + wait", width - EDGE]] : stretch.numbers.map((name, i) => [name, width - EDGE - stretch.numbers.slice(i + 1).reduce((sum, one) => sum + READOUT[one], 0)]);
    for (const [name, x] of columns) svg.append(s("text", { x, y: plan.head, class: "fl-head gp-end", text: name }));
    const cells = run.lanes.map((_, i) => columns.map(([, x]) => s("text", { x, y: plan.tops[i] + plan.tall / 2 + 3, class: "fl-read gp-end" })));
    svg.append(...cells.flat());
    const over = s("text", { x: width - EDGE, y: plan.head - 11, class: "fl-head gp-end" });
    svg.append(over);
    return (place, all) => {
      const now = (run.starts[place] + run.ends[place]) / 2;
      over.textContent = all ? "mean of all" : "window's mean";
      run.lanes.forEach((lane, i) => {
        const state = all ? "r" : stateAt(lane, now);
        const away = "osf".includes(state) && lane.running[place] < 0.05;
        const of = (values) => (all ? mean(values) : values[place]);
        const [runs, waits] = [whole(of(lane.running)), whole(of(lane.waiting))];
        const share = lane.pool === "decode" || !run.finds ? "" : all ? lane.all : percent(lane.found[place]);
        const words = away ? [...columns.slice(1).map(() => ""), WORDS[state]] : short ? [`${runs} + ${waits}`] : [runs, waits, percent(Math.round(of(lane.cache))), share];
        cells[i].forEach((cell, column) => (cell.textContent = words[column] ?? ""));
      });
    };
  }

  // --- the router and what it sends ---------------------------------------------------------------------------------------

  /** A curve between two places, to be drawn and to be flown along: [x, y] at a share of the way. @param {number[]} start @param {number[]} end */
  function curve(start, end) {
    const [[x0, y0], [x1, y1]] = [start, end];
    const middle = (x0 + x1) / 2;
    const d = `M${x0.toFixed(1)} ${y0.toFixed(1)}C${middle.toFixed(1)} ${y0.toFixed(1)} ${middle.toFixed(1)} ${y1.toFixed(1)} ${x1.toFixed(1)} ${y1.toFixed(1)}`;
    const mix = (t, a, b, c, e) => (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t * t * c + t ** 3 * e;
    return { d, at: (t) => [mix(t, x0, middle, middle, x1), mix(t, y0, y0, y1, y1)] };
  }

  /** The router, the link, and their lines to the lanes. */
  function fanNodes(svg, run, plan, stretch) {
    const { fan, narrow } = stretch;
    const port = (i) => [fan - 2, plan.tops[i] + plan.tall / 2];
    const fed = run.lanes.map((lane, i) => (lane.pool === "decode" ? -1 : i)).filter((i) => i >= 0);
    const served = run.lanes.map((lane, i) => (lane.pool === "decode" ? i : -1)).filter((i) => i >= 0);
    const [x, size] = narrow ? [7, 5] : [16, 8];
    const node = [x, (port(fed[0])[1] + port(fed.at(-1))[1]) / 2];
    const linkNode = plan.link === null ? null : [x, plan.link + LINK / 2];
    const out = fed.map((i) => ({ lane: i, ...curve([x + size, node[1]], port(i)) }));
    const sends = linkNode ? fed.map((i) => ({ lane: i, ...curve(port(i), [x + size, linkNode[1]]) })) : [];
    const gets = linkNode ? served.map((i) => ({ lane: i, ...curve([x + size, linkNode[1]], port(i)) })) : [];
    const paths = (list, look) => list.map(({ d }) => s("path", { d, class: look }));
    const [outPaths, sendPaths, getPaths] = [paths(out, "fl-edge"), paths(sends, "fl-edge fl-edge-link"), paths(gets, "fl-edge fl-edge-link")];
    svg.append(...sendPaths, ...getPaths, ...outPaths);
    svg.append(s("circle", { cx: x, cy: node[1], r: size, class: "fl-router" }));
    if (!narrow) svg.append(s("text", { x: 0, y: node[1] - size - 6, class: "fl-node-name", text: "router" }));
    const heldWords = s("text", { x: 0, y: node[1] + size + 14, class: "fl-read" });
    svg.append(heldWords);
    if (linkNode) svg.append(s("rect", { x: x - size + 1, y: linkNode[1] - size + 1, width: 2 * size - 2, height: 2 * size - 2, class: "fl-link-node" }));
    const sky = s("g", { class: "fl-dots", "aria-hidden": "true" });
    svg.append(sky);

    const wide = (share) => (share ? 0.9 + (narrow ? 3 : 6.5) * share : 0.6);
    function weigh(list, nodes, amount) {
      const sums = list.map(({ lane }) => amount(lane));
      const sum = sums.reduce((all, one) => all + one, 0) || 1;
      nodes.forEach((path, i) => {
        path.setAttribute("stroke-width", wide(sums[i] / sum).toFixed(2));
        path.classList.toggle("fl-idle", !sums[i]);
      });
    }

    /** Lines as wide as what went along them in a window, or in all of the run. */
    function weights(place, all) {
      const sum = (lane) => (all ? run.lanes[lane].came.reduce((so, one) => so + one, 0) : run.lanes[lane].came[place]);
      weigh(out, outPaths, sum);
      weigh(gets, getPaths, sum);
      const left = new Map();
      if (run.link) for (const { begun, source } of run.link.crossings) if (all || (begun >= run.starts[place] && begun < run.ends[place])) left.set(source, (left.get(source) ?? 0) + 1);
      weigh(sends, sendPaths, (lane) => left.get(lane) ?? 0);
      heldWords.textContent = !all && run.held[place] >= 0.05 ? `${whole(run.held[place])}${narrow ? "" : " held"}` : "";
    }

    /** Requests on their way at this moment of playing; `pace`: ticks of time a real second, 0 while it rests. */
    function fly(now, pace) {
      if (!pace) return void (sky.childNodes.length && sky.replaceChildren());
      const flight = FLIGHT_S * pace;
      const up = run.dots.filter(({ at }) => at > now && at <= now + flight); // they land when they are routed
      const thin = Math.ceil(up.length / MOST_FLYING);
      const way = (list, lane) => list.find((one) => one.lane === lane);
      const dots = up.filter((_, i) => i % thin === 0).map(({ at, lane }) => {
        const [cx, cy] = way(out, lane).at(1 - (at - now) / flight);
        return s("circle", { cx: cx.toFixed(1), cy: cy.toFixed(1), r: narrow ? 2 : 3, class: "fl-dot" });
      });
      const crossing = run.link ? run.link.crossings.filter(({ there }) => there > now && there <= now + 2 * flight) : [];
      const thinner = Math.ceil(crossing.length / MOST_FLYING);
      const caches = crossing.filter((_, i) => i % thinner === 0).map(({ there, source, target }) => {
        const share = 2 - (there - now) / flight;
        const [cx, cy] = share < 1 ? way(sends, source).at(share) : way(gets, target).at(share - 1);
        return s("rect", { x: (cx - 2.6).toFixed(1), y: (cy - 2.6).toFixed(1), width: 5.2, height: 5.2, class: "fl-cache-dot" });
      });
      sky.replaceChildren(...dots, ...caches);
    }

    return { weights, fly };
  }

  /** The present window as a band, and a veil over all that comes after it. */
  function cursor(svg, bottom, at) {
    const veil = s("rect", { y: 0, height: bottom, class: "tl-veil" });
    const band = s("rect", { y: 0, height: bottom, class: "tl-now" });
    svg.append(veil, band);
    return (start, end, all, sees) => {
      const [x, edge] = [at.cut(start), at.cut(end)];
      for (const [name, value] of [["x", edge], ["width", all ? 0 : Math.max(0, at.edge - edge)]]) veil.setAttribute(String(name), Number(value).toFixed(1));
      for (const [name, value] of [["x", x], ["width", Math.max(1.5, edge - x)]]) band.setAttribute(String(name), Number(value).toFixed(1));
      band.toggleAttribute("hidden", all || !sees);
    };
  }

  /** One scale for all fleets under one clock. */
  function scaleOf(runs) {
    const all = (pick) => Math.max(...runs.flatMap(pick), 0);
    const waits = runs.flatMap(({ ttft }) => ttft.filter((value) => value !== null));
    const [ttft, least] = [Math.max(...waits, 1), Math.max(1, Math.min(...waits, Infinity))];
    const links = runs.filter(({ link }) => link);
    const peak = Math.max(...links.map(({ link }) => top(link.traffic)), 0);
    const capacity = Math.max(...links.map(({ link }) => link.capacity), 0);
    return {
      rate: all(({ rate }) => rate) || 1,
      ttft,
      least,
      log: ttft > 30 * least && waits.length > 1,
      replicas: all(({ ready, desired }) => [...ready, ...desired].map(([, value]) => value)) || 1,
      load: Object.fromEntries(["", "prefill", "decode"].map((pool) => [pool, all(({ lanes }) => lanes.filter((lane) => lane.pool === pool).flatMap(({ running, waiting }) => running.map((value, i) => value + waiting[i]))) || 1])),
      finds: runs.some(({ finds }) => finds),
      link: peak > 0.4 * capacity ? capacity : peak || 1,
    };
  }

  /** A fleet as one drawing; `set` moves its clock. */
  function fleetSvg(run, stretch, scale, finding, uid) {
    const plan = layout(run, stretch);
    const at = placing(run, stretch);
    const { width } = stretch;
    const svg = s("svg", { viewBox: `0 0 ${width} ${plan.height}`, width, height: plan.height, class: "gp-plot tl-plot fl-plot", role: "img", "aria-label": finding });
    svg.append(patterns(uid));
    const heads = []; // over the veil
    const tells = plan.strips.map((box) => ({ rate: rateStrip, ttft: ttftStrip, scaler: scalerStrip })[box.name](svg, run, stretch, at, box, scale, heads));
    run.lanes.forEach((lane, i) => {
      const head = !i || lane.pool !== run.lanes[i - 1].pool;
      if (head) heads.push(s("text", { x: stretch.gutter, y: plan.tops[i] - 5, class: "fl-head", text: `up to ${whole(scale.load[lane.pool])} requests in a lane` }));
      svg.append(...laneName(lane, plan.tops[i], plan, stretch));
      laneNodes(svg, run, lane, plan.tops[i], plan, at, scale, uid);
    });
    if (plan.link !== null) tells.push(linkStrip(svg, run, stretch, at, plan.link, scale, heads));
    const numbers = laneNumbers(svg, run, plan, stretch);
    const fan = fanNodes(svg, run, plan, stretch);
    parts.timeAxis(svg, plan.axis, stretch, at.place, MILLI);
    const mark = cursor(svg, plan.axis, at);
    svg.append(...heads);
    let seen = "";
    const set = (now, all, pace) => {
      const place = windowAt(run, Math.min(now, run.end - 1e-6));
      fan.fly(now, pace);
      if (seen === `${place} ${all} ${now > run.end}`) return;
      seen = `${place} ${all} ${now > run.end}`;
      const over = now > run.end && !all;
      mark(over ? run.end : run.starts[place], run.ends[place], all, at.sees(run.starts[place], run.ends[place]));
      for (const tell of tells) tell(place, all);
      numbers(place, all);
      fan.weights(place, all);
    };
    return { svg, set };
  }

  Object.assign(parts, { fleetRun: readFleet, fleetSvg, fleetWords, fleetScale: scaleOf, fleetSides: sidesOf, fleetPatterns: patterns, fleetWindow: windowAt,
    fleetCells: { count, whole, percent, seconds, traffic, nameOf, countAt, stateAt, states: WORDS, scaler: (run) => shown(run).scaler } });
}
