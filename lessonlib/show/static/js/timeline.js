// The timeline: up to three simulated runs under one clock. timeline_chart.js draws a run, player.js moves the clock.
{
  const SPEEDS = [1 / 100, 1 / 50, 1 / 20, 1 / 10, 1 / 5, 1 / 2, 1, 2, 5, 10]; // simulated seconds in a second
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

    return { node, boxes: [lanes, strips], label: shown.label, build, set, words, tell: (text) => say.textContent === text || (say.textContent = text) };
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
    const stops = [...new Set(runs.flatMap(({ starts }) => starts))].sort((a, b) => a - b);
    const digits = last < 60e6 ? 3 : 2; // two steps in a row are some milliseconds apart
    const clock = (now) => `${(now / 1e6).toFixed(digits)} s`;
    const charts = shown.map((one, i) => runView(one, runs[i], shown.length, panel.uid, clock));
    const usual = Math.min(...runs.map(({ lasts }) => [...lasts].sort((a, b) => a - b)[lasts.length >> 1]));
    const player = parts.player(panel, charts, {
      low, last, stops, usual, clock, second: 1e6, speeds: SPEEDS, strips: "steps, KV, queue",
      shows: (span) => parts.written(span / 1e6, { steps: runs[0].times, unit: "s" }),
      place: (place) => (runs.length === 1 ? `, step ${place + 1} of ${stops.length}` : ""),
      gutter: (narrow) => [parts.timelineGutter(runs, narrow), 0],
      stretch: (stretch) => ({ ...stretch, pixels: Math.min(...runs.map((run) => parts.timelinePixels(run, stretch))) }),
    });
    const hidden = s("svg", { width: 0, height: 0, class: "tl-defs", "aria-hidden": "true" }, parts.timelinePatterns(panel.uid));
    const figure = h("figure", { class: "exp-figure" }, charts.map(({ node }) => node), h("figcaption", { class: "exp-finding" }, shown.map(({ finding }) => h("p", { text: finding }))));
    const below = h("div", { class: "tl-below" }, legend(runs, panel.uid), h("div", { class: "tl-tables" }, shown.map(({ label, waits }) => parts.waitsTable(label, waits))),
      [...new Set(shown.map(({ note }) => note))].filter(Boolean).map((text) => h("p", { class: "gp-soft gp-small", text })));
    return player.attach(h("div", { class: "exp tl" }, words, player.controls, figure, below, allNumbers(shown), player.live, hidden));
  }

  kinds.timeline = { body };
}
