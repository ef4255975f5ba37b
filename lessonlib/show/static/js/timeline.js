// The timeline: up to three simulated runs under one clock, with a player. It stands still, complete, until somebody plays or
// steps it; nothing is asked of the kernel. timeline_chart.js draws a run.
{
  const SPEEDS = [1 / 100, 1 / 50, 1 / 20, 1 / 10, 1 / 5, 1 / 2, 1, 2, 5, 10]; // simulated seconds in a second
  const PLAY_S = 20; // about how long a run plays at first
  const CLOSEST = 24; // steps in the closest view
  const ZOOM = 4;
  const SAY_AFTER_MS = 350, WORDS_EVERY_MS = 120;

  const range = (low, high, value) => Math.min(high, Math.max(low, value));
  const speedWords = (speed) => (speed === 1 ? "as it ran" : speed < 1 ? `${Math.round(1 / speed)} times slower` : `${speed} times faster`);

  /** Views from the whole run down to some two dozen steps: microseconds of each. */
  function spans(runs, whole) {
    const usual = Math.min(...runs.map(({ lasts }) => [...lasts].sort((a, b) => a - b)[lasts.length >> 1]));
    const found = [whole];
    while (found.at(-1) / ZOOM > CLOSEST * usual * 0.6) found.push(found.at(-1) / ZOOM);
    return found;
  }

  // --- words and tables ----------------------------------------------------------------------------------------------

  function legend(runs, uid) {
    const any = (test) => runs.some((run) => run.lanes.some(test));
    const swatch = (node) => s("svg", { viewBox: "0 0 22 14", width: 22, height: 14, "aria-hidden": "true", class: "exp-swatch tl-swatch" }, node);
    const filled = (look, tile) => s("rect", { x: 1, y: 1, width: 20, height: 12, class: look, ...(tile ? { style: `fill:url(#${uid}-tl-${tile})` } : {}) });
    const line = (look) => s("path", { d: "M1 7H21", class: `tl-line ${look}` });
    const entries = [
      any(({ own }) => own.length) && [s("path", { d: "M1 7H21", class: "tl-own" }), "server's own time, before the queue"],
      any(({ waits }) => waits.length) && [s("rect", { x: 1, y: 3.5, width: 20, height: 7, class: "tl-wait" }), "waits for a seat"],
      any(({ chunks }) => chunks.length) && [filled("tl-read", "read"), "prompt is read (tokens)"],
      any(({ chunks }) => chunks.some(({ again }) => again)) && [filled("tl-again", "again"), "read again"],
      [filled("tl-written"), runs.some(({ most }) => most > 1) ? "answer is written, a block a token" : "answer is written"],
      any(({ cached }) => cached) && [s("rect", { x: 8, y: 1, width: 6, height: 12, class: "tl-found", style: `fill:url(#${uid}-tl-kv)` }), "beginning found in the cache"],
      any(({ held }) => held.length) && [filled("tl-held", "held"), "done, keeps its seat"],
      any(({ preempted }) => preempted.length) && [s("path", { d: "M7 3l8 8m0-8-8 8", class: "tl-lost" }), "preempted"],
      [s("circle", { cx: 11, cy: 7, r: 3.2, class: "tl-done" }), "done"],
      [filled("tl-kv", "kv"), "KV pages in use"],
      runs.some(({ kept }) => kept.some(Boolean)) && [filled("tl-kept", "kept"), "kept for a prefix"],
      [line("tl-line-running"), "requests that run"],
      [line("tl-line-waiting"), "requests that wait"],
      [s("path", { d: "M1 7H21", class: "tl-limit" }), "limit"],
    ];
    return h("ul", { class: "exp-legend tl-legend" }, entries.filter(Boolean).map(([node, words]) => h("li", {}, swatch(node), words)));
  }

  const rows = (list) => list.map(([name, ...cells]) => h("tr", {}, h("th", { scope: "row", text: name }), cells.map((text) => h("td", { text }))));

  /** @param {TimelineView} run */
  function waitsTable({ label, waits }) {
    const caption = `${label ? `${label}: ` : ""}all ${waits.requests} requests`;
    return h("table", { class: "gp-table exp-table tl-waits" }, h("caption", { text: caption }),
      h("thead", {}, h("tr", {}, h("th", { scope: "col", text: "wait for" }), waits.head.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, rows(waits.rows), h("tr", {}, h("th", { scope: "row", text: "answers" }), h("td", { colspan: waits.head.length, text: waits.speed }))));
  }

  /** @param {TimelineView} run */
  function requestTable({ label, columns, rows: lines }) {
    return h("table", { class: "gp-table exp-table" }, h("caption", { text: label || "Tokens and times of each request" }),
      h("thead", {}, h("tr", {}, columns.map((text) => h("th", { scope: "col", text })))), h("tbody", {}, rows(lines)));
  }

  /** @param {TimelineView[]} shown */
  function allNumbers(shown) {
    const box = h("div", { class: "gp-table-box", tabindex: 0, role: "region", "aria-label": "The requests as a table" }, shown.map(requestTable));
    return h("details", { class: "gp-fold exp-numbers tl-numbers" }, h("summary", { text: "The requests as a table" }), box);
  }

  // --- one run -------------------------------------------------------------------------------------------------------

  /** Lanes, strips and the line that tells the present step. @param {TimelineView} shown */
  function runView(shown, run, siblings, uid, clock) {
    const cramped = siblings > 1;
    const few = run.lanes.length <= 8;
    const laneHeight = few && run.most > 1 ? 26 : few ? (cramped ? 18 : 22) : run.lanes.length <= 14 && !cramped ? 18 : 15;
    const most = [16, 14, 12][siblings - 1]; // lanes in sight
    const scrolls = run.lanes.length > most + 1;
    const tallest = (most + 0.5) * laneHeight;
    const total = shown.waits.requests;
    const drawn = run.lanes.length.toLocaleString("en-US");
    const some = drawn === total ? "" : `${drawn} of ${total} requests: `;
    const head = h("h4", {}, h("strong", { text: shown.label || "Requests" }), h("span", { text: `${some}number, prompt → answer tokens` }));
    const lanes = h("div", { class: `tl-lanes${scrolls ? " tl-scrolls" : ""}`, style: scrolls ? `max-height:${tallest}px` : null, ...(scrolls ? { tabindex: 0, role: "group", "aria-label": `Lanes of the requests${shown.label ? `, ${shown.label}` : ""}` } : {}) });
    const strips = h("div", { class: "tl-strips" });
    const say = h("p", { class: "tl-say" });
    const node = h("div", { class: `tl-run${cramped ? " tl-cramped" : ""}` }, head, say, lanes, strips);
    let [upper, lower, band] = [null, null, [0, 0]];

    function build(stretch) {
      upper = parts.timelineLanes(run, stretch, laneHeight, shown.finding, uid);
      lower = parts.timelineStrips(run, stretch, uid);
      lanes.replaceChildren(upper.svg);
      strips.replaceChildren(lower.svg);
    }

    /** Who has tokens in the present step stands out, and comes into sight. */
    function light(step, whole) {
      const busy = run.lanes.map(({ chunks, written }) => !whole && (chunks.some((chunk) => chunk.step === step) || written.some((part) => part.step <= step && step < part.step + part.tokens.length)));
      upper.labels.forEach((label, i) => label.classList.toggle("tl-busy", busy[i]));
      if (!scrolls || whole) return;
      const [top, bottom] = [lanes.scrollTop, lanes.scrollTop + lanes.clientHeight];
      const seen = busy.some((on, i) => on && i * laneHeight >= top - 1 && (i + 1) * laneHeight <= bottom + 1);
      const first = busy.indexOf(true);
      if (!seen && first >= 0) lanes.scrollTop = first * laneHeight;
    }

    const words = (now) => parts.timelineWords(run, now, clock);

    function set(now, whole) {
      const step = parts.timelineStep(run, now);
      const idle = step < 0 || now > run.ends[step];
      band = idle ? [now, now] : [run.starts[step], run.ends[step]];
      for (const drawing of [upper, lower]) drawing.set(band[0], band[1], whole);
      light(step, whole);
    }

    return { node, lanes, strips, build, set, words, tell: (text) => say.textContent === text || (say.textContent = text) };
  }

  // --- the panel -----------------------------------------------------------------------------------------------------

  /** @param {AnyView & { timeline?: TimelineView[] }} view @param {Panel} panel */
  function body(view, panel) {
    const shown = view.timeline ?? [];
    const words = view.html && h("div", { class: "gp-words", html: view.html });
    if (!shown.length) return h("div", { class: "exp tl" }, words);
    const read = shown.map(parts.timelineRun);
    const most = Math.max(...read.map((run) => run.most)); // one scale for all under one clock
    const runs = read.map((run) => ({ ...run, most }));
    const last = Math.max(...runs.map(({ ends }) => ends.at(-1)));
    const begin = Math.min(...runs.map(({ starts }) => starts[0]));
    const low = begin <= 0.05 * last ? 0 : begin; // the first request comes at 0, its first step a little later
    const whole = last - low;
    const stops = [...new Set(runs.flatMap(({ starts }) => starts))].sort((a, b) => a - b);
    const digits = last < 60e6 ? 3 : 2; // two steps in a row are some milliseconds apart
    const clock = (now) => `${(now / 1e6).toFixed(digits)} s`;
    const views = spans(runs, whole);
    let [now, playing, before, told, close, from, wide, gutter] = [last, false, 0, 0, 0, low, 0, 0];
    let speed = SPEEDS.reduce((best, one) => (Math.abs(Math.log(one / (whole / 1e6 / PLAY_S))) < Math.abs(Math.log(best / (whole / 1e6 / PLAY_S))) ? one : best));
    let timer = 0;

    const charts = shown.map((one, i) => runView(one, runs[i], shown.length, panel.uid, clock));
    const live = h("output", { class: "gp-sr", "aria-live": "polite" });
    const complete = () => now >= last;
    const place = () => stops.findLastIndex((stop) => stop <= now);

    // controls
    const play = button("Play", () => (playing ? pause() : start()), { class: "exp-play" });
    const back = button("Step back", () => step(-1));
    const on = button("Step forward", () => step(1));
    const speedId = `${panel.uid}-tl-speed`;
    const pick = h("select", { id: speedId, onchange: ({ target }) => (speed = Number(target.value)) }, SPEEDS.map((one) => h("option", { value: one, text: speedWords(one), selected: one === speed })));
    const out = button("Zoom out", () => zoom(-1));
    const into = button("Zoom in", () => zoom(1));
    const shows = h("span", { class: "tl-shows" });
    const strips = h("input", { type: "checkbox", checked: true, onchange: () => build() });
    const sliderId = `${panel.uid}-tl-time`;
    const slider = h("input", { type: "range", id: sliderId, min: low, max: last, step: 1, oninput: ({ target }) => (stop(), seek(Number(target.value)), announce()), onkeydown: keys });
    const time = h("span", { class: "exp-value", "aria-hidden": "true" });
    const calm = reducedMotion();
    const bar = h("div", { class: "tl-bar", role: "group", "aria-label": "Player" },
      back, calm ? null : play, on, calm ? null : h("span", { class: "tl-pick" }, h("label", { for: speedId, text: "Speed" }), pick),
      runs.length > 1 && h("label", { class: "gp-check tl-pick" }, strips, "steps, KV, queue"), // without them, more runs fit on a screen
      views.length > 1 && h("span", { class: "tl-pick tl-zoom" }, out, into, shows));
    const scrub = h("div", { class: "exp-field tl-scrub" }, h("div", { class: "exp-name" }, h("label", { for: sliderId, text: "Simulated time" }), time), slider);

    function keys(event) {
      const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      const page = { PageUp: 1, PageDown: -1 }[event.key];
      if (!way && !page) return;
      event.preventDefault();
      if (way) return step(way);
      stop();
      seek(range(low, last, now + (page * whole) / 20));
      announce();
    }

    /** What is told waits until the hand rests. */
    function announce() {
      clearTimeout(timer);
      timer = setTimeout(() => (live.textContent = charts.map((chart, i) => `${shown[i].label ? `${shown[i].label}: ` : ""}${chart.words(now)}`).join(" ")), SAY_AFTER_MS);
    }

    const off = (node, is) => node.setAttribute("aria-disabled", String(is));

    /** The line of each run, the slider and the buttons as they stand now. */
    function say() {
      for (const chart of charts) chart.tell(chart.words(now));
      slider.value = String(Math.round(now));
      slider.style.setProperty("--exp-done", `${(100 * (now - low)) / whole}%`);
      time.textContent = `${clock(now)} of ${clock(last)}`;
      slider.setAttribute("aria-valuetext", `${clock(now)}${runs.length === 1 ? `, step ${place() + 1} of ${stops.length}` : ""}`);
      play.textContent = playing ? "Pause" : "Play";
      off(back, place() <= 0 && now <= stops[0]);
      off(on, place() >= stops.length - 1);
      off(out, close === 0);
      off(into, close === views.length - 1);
      shows.textContent = close ? `shows ${parts.written(views[close] / 1e6, { steps: runs[0].times, unit: "s" })}` : "shows all";
      Object.assign(root.dataset, { playing, now: (now / 1e6).toFixed(6) });
    }

    /** The stretch that is on screen follows the clock. */
    function follow() {
      const span = views[close];
      const inside = now >= from && now <= from + 0.92 * span;
      const to = inside ? from : now - 0.15 * span;
      return range(low, last - span, to);
    }

    function build() {
      if (!wide) return;
      const narrow = wide < 480;
      gutter = parts.timelineGutter(runs, narrow);
      const stretch = { pixels: 0, from, until: from + views[close], width: wide, gutter, narrow, cramped: runs.length > 1, bare: !strips.checked };
      stretch.pixels = Math.min(...runs.map((run) => parts.timelinePixels(run, stretch)));
      for (const chart of charts) chart.build(stretch);
      mark();
    }

    const mark = () => wide && charts.forEach((chart) => chart.set(now, complete()));

    function seek(to) {
      now = to;
      const moved = follow();
      if (moved !== from) [from] = [moved], build();
      else mark();
      say();
    }

    function zoom(by) {
      const next = range(0, views.length - 1, close + by);
      if (next === close) return;
      close = next;
      from = range(low, last - views[close], now - views[close] / 2);
      build();
      say();
    }

    /** To the step before or after: of several runs, to the next at which any of them begins a step. */
    function step(by) {
      stop();
      const to = range(0, stops.length - 1, complete() && by > 0 ? stops.length - 1 : place() + by);
      seek(stops[to]);
      announce();
    }

    const stop = () => playing && pause();
    function pause() {
      playing = false;
      say();
    }

    function start() {
      if (complete() || place() >= stops.length - 1) now = low;
      [playing, before] = [true, performance.now()];
      seek(now);
      requestAnimationFrame(tick);
    }

    function tick(at) {
      if (!playing) return;
      if (!root.isConnected) return pause();
      now = Math.min(last, now + Math.min(100, Math.max(0, at - before)) * 1e3 * speed); // a page that slept does not jump
      before = at;
      if (complete()) playing = false;
      const moved = follow();
      if (moved !== from) [from] = [moved], build();
      else mark();
      if (at - told > WORDS_EVERY_MS || !playing) [told] = [at], say();
      if (playing) requestAnimationFrame(tick);
    }

    /** A finger or a mouse on the drawing takes the clock along. */
    function drag(event) {
      if (event.type === "pointermove" && !event.buttons) return;
      const { left } = event.currentTarget.getBoundingClientRect();
      const x = event.clientX - left;
      if (event.type === "pointerdown" && x < gutter) return;
      stop();
      seek(range(low, last, from + (range(0, wide - gutter, x - gutter) / (wide - gutter)) * views[close]));
      announce();
    }
    for (const { lanes, strips } of charts) for (const node of [lanes, strips]) for (const type of ["pointerdown", "pointermove"]) node.addEventListener(type, drag);

    const hidden = s("svg", { width: 0, height: 0, class: "tl-defs", "aria-hidden": "true" }, parts.timelinePatterns(panel.uid));
    const figure = h("figure", { class: "exp-figure" }, charts.map(({ node }) => node), h("figcaption", { class: "exp-finding" }, shown.map(({ finding }) => h("p", { text: finding }))));
    const below = h("div", { class: "tl-below" }, legend(runs, panel.uid), h("div", { class: "tl-tables" }, shown.map(waitsTable)),
      [...new Set(shown.map(({ note }) => note))].filter(Boolean).map((text) => h("p", { class: "gp-soft gp-small", text })));
    const root = h("div", { class: "exp tl" }, words, h("div", { class: "tl-controls" }, bar, scrub), figure, below, allNumbers(shown), live, hidden);
    panel.onDrop(() => ((playing = false), clearTimeout(timer)));
    watchWidth(charts[0].lanes, (width) => ((wide = Math.max(width, 200)), build()), panel);
    say();
    return root;
  }

  kinds.timeline = { body };
}
