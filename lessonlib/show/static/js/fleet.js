// The fleet: up to three simulated fleets under one clock. fleet_chart.js draws one, player.js moves the clock.
{
  const SPEEDS = [1 / 10, 1 / 5, 1 / 2, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]; // simulated seconds in a second

  // --- words and tables ----------------------------------------------------------------------------------------------

  function legend(runs, uid) {
    const any = (test) => runs.some((run) => run.lanes.some(test));
    const state = (letter) => any(({ states }) => states.some(([, one]) => one === letter));
    const swatch = (...nodes) => s("svg", { viewBox: "0 0 22 14", width: 22, height: 14, "aria-hidden": "true", class: "exp-swatch tl-swatch" }, nodes);
    const box = (look, tile) => s("rect", { x: 1, y: 1, width: 20, height: 12, class: look, ...(tile ? { style: `fill:url(#${uid}-fl-${tile})` } : {}) });
    const line = (look) => s("path", { d: "M1 7H21", class: `fl-line ${look}` });
    const entries = [
      [swatch(box("fl-run")), "requests that run"],
      any(({ waiting }) => waiting.some((value) => value > 0.04)) && [swatch(box("fl-wait", "wait")), "requests that wait"],
      [swatch(box("fl-cache", "cache")), "cache in use"],
      any(({ found }) => found.some(Boolean)) && [swatch(box("fl-found", "found")), "share of the prompt found in the cache"],
      ...[["s", "starting"], ["d", "draining"], ["f", "failed"], ["t", "stalled: no step ends"]].map(([letter, words]) => state(letter) && [swatch(box(`fl-state fl-state-${letter}`), box(`fl-over-${letter}`, letter)), words]),
      state("o") && [swatch(s("path", { d: "M1 7H21", class: "fl-off" })), "off"],
      any(({ slow }) => slow !== 1) && [swatch(box("fl-state fl-slow")), slower(runs)],
      [swatch(line("fl-ttft")), "TTFT p99 of those who come in the window"],
      runs.some(parts.fleetCells.scaler) && [swatch(line("fl-ready")), "replicas ready"],
      runs.some(({ desired }) => desired.length) && [swatch(line("fl-desired")), "replicas desired"],
      [swatch(s("circle", { cx: 5, cy: 7, r: 4, class: "fl-router" }), s("path", { d: "M9 7H21", class: "fl-edge", "stroke-width": 3 })), "router; its lines are as wide as what it sends"],
      !reducedMotion() && [swatch(s("circle", { cx: 11, cy: 7, r: 3.4, class: "fl-dot" })), "a request on its way to a replica"],
      !reducedMotion() && runs.some(({ link }) => link) && [swatch(s("rect", { x: 8, y: 4, width: 6, height: 6, class: "fl-cache-dot" })), "a KV cache on its way over the link"],
      runs.some(({ link }) => link) && [swatch(box("fl-link")), "traffic on the link"],
      runs.some(({ link }) => link) && [swatch(s("path", { d: "M1 7H21", class: "tl-limit" })), "all the link can carry"],
    ];
    return h("ul", { class: "exp-legend tl-legend" }, entries.filter(Boolean).map(([node, words]) => h("li", {}, node, words)));
  }

  /** "replica 3: steps take 3 times as long" */
  function slower(runs) {
    const told = runs.flatMap(({ lanes }) => lanes.filter(({ slow }) => slow !== 1).map((lane) => `${parts.fleetCells.nameOf(lane, false)}: a step takes ${parts.fleetCells.count(lane.slow)} times as long`));
    return [...new Set(told)].join("; ");
  }

  const table = (caption, head, lines, look = "") =>
    h("table", { class: `gp-table exp-table ${look}`.trim() }, h("caption", { text: caption }),
      h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, lines.map(([name, ...cells]) => h("tr", {}, h("th", { scope: "row", text: name }), cells.map((text) => h("td", { text }))))));

  /** Every window of a fleet, as it is drawn. */
  function windowRows(run, clock) {
    const { count, whole, percent, seconds, traffic, nameOf, countAt, stateAt, states, scaler } = parts.fleetCells;
    const head = ["window from", "requests/s", "TTFT p99", scaler(run) && "ready", run.desired.length && "desired", "at the router, mean", run.link && "link", ...run.lanes.map((lane) => `${nameOf(lane, false)}: run + wait (means), cache, found`)];
    const cell = (lane, place, middle) => {
      const state = stateAt(lane, middle);
      const numbers = `${whole(lane.running[place])} + ${whole(lane.waiting[place])}, ${percent(lane.cache[place])}, ${percent(lane.found[place])}`;
      return state === "r" ? numbers : state === "o" && !lane.running[place] ? states[state] : `${numbers} (${states[state]})`;
    };
    const rows = run.starts.map((start, place) => {
      const middle = (start + run.ends[place]) / 2;
      return [clock(start), count(run.rate[place]), seconds(run, run.ttft[place]), scaler(run) && `${countAt(run.ready, middle)}`, run.desired.length && `${countAt(run.desired, middle)}`,
        whole(run.held[place]), run.link && traffic(run, run.link.traffic[place]), ...run.lanes.map((lane) => cell(lane, place, middle))].filter((text) => typeof text === "string");
    });
    return [head.filter((text) => typeof text === "string"), rows];
  }

  /** The windows as a table, which is built when somebody asks for it: it may have thousands of cells. */
  function windowTables(shown, runs, clock) {
    const box = h("div", { class: "gp-table-box", tabindex: 0, role: "region", "aria-label": "The windows as a table" });
    const open = ({ target }) => {
      if (target.open && !box.hasChildNodes()) addChildren(box, [runs.map((run, i) => table(shown[i].label || "All windows", ...windowRows(run, clock)))]);
    };
    return h("details", { class: "gp-fold exp-numbers tl-numbers", ontoggle: open }, h("summary", { text: "The windows as a table" }), box);
  }

  function laneTables(shown) {
    const box = h("div", { class: "gp-table-box", tabindex: 0, role: "region", "aria-label": "The replicas as a table" }, shown.map(({ label, columns, rows }) => table(label || "All replicas", columns, rows)));
    return h("details", { class: "gp-fold exp-numbers tl-numbers" }, h("summary", { text: "The replicas as a table" }), box);
  }

  // --- one fleet -----------------------------------------------------------------------------------------------------

  /** @param {FleetRunView} shown */
  function runView(shown, run, siblings, scale, uid, clock) {
    const head = h("h4", {}, h("strong", { text: shown.label || "The fleet" }), h("span", { text: `router: ${run.router}` }));
    const box = h("div", { class: "tl-strips fl-box" });
    const say = h("p", { class: "tl-say" });
    const node = h("div", { class: `tl-run${siblings > 1 ? " tl-cramped" : ""}` }, head, say, box);
    let drawing = null;
    function build(stretch) {
      drawing = parts.fleetSvg(run, stretch, scale, shown.finding, uid);
      box.replaceChildren(drawing.svg);
    }
    return { node, boxes: [box], label: shown.label, build, set: (now, whole, pace) => drawing.set(now, whole, pace),
      words: (now, whole) => parts.fleetWords(run, now, whole, shown.facts, clock), tell: (text) => say.textContent === text || (say.textContent = text) };
  }

  // --- the panel -----------------------------------------------------------------------------------------------------

  /** @param {AnyView & { fleet?: FleetRunView[] }} view @param {Panel} panel */
  function body(view, panel) {
    const shown = view.fleet ?? [];
    const words = view.html && h("div", { class: "gp-words", html: view.html });
    if (!shown.length) return h("div", { class: "exp tl fl" }, words);
    const runs = shown.map(parts.fleetRun);
    const scale = parts.fleetScale(runs);
    const [low, last] = [Math.min(...runs.map(({ begin }) => begin)), Math.max(...runs.map(({ end }) => end))];
    const stops = [...new Set([...runs.flatMap(({ starts }) => starts), last])].sort((a, b) => a - b); // the last of them shows all of it
    const usual = Math.min(...runs.map(({ size }) => size));
    const digits = usual % 1000 ? (usual < 100 ? 2 : 1) : 0;
    const clock = (now) => `${(now / 1000).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })} s`;
    const charts = shown.map((one, i) => runView(one, runs[i], shown.length, scale, panel.uid, clock));
    const sides = (narrow, width) => parts.fleetSides(narrow, width, scale.finds);
    const player = parts.player(panel, charts, {
      low, last, stops, usual, clock, second: 1000, speeds: SPEEDS, strips: "requests, TTFT, replicas",
      shows: clock,
      place: (place) => (place === stops.length - 1 ? ", all of it" : runs.length === 1 ? `, window ${place + 1} of ${stops.length - 1}` : ""),
      gutter: (narrow, width) => [sides(narrow, width).gutter, sides(narrow, width).right],
      stretch: (stretch) => ({ ...stretch, ...sides(stretch.narrow, stretch.width) }),
    });
    const hidden = s("svg", { width: 0, height: 0, class: "tl-defs", "aria-hidden": "true" }, parts.fleetPatterns(panel.uid));
    const figure = h("figure", { class: "exp-figure" }, charts.map(({ node }) => node), h("figcaption", { class: "exp-finding" }, shown.map(({ finding }) => h("p", { text: finding }))));
    const below = h("div", { class: "tl-below" }, legend(runs, panel.uid), h("div", { class: "tl-tables" }, shown.map(({ label, waits }) => parts.waitsTable(shown.length > 1 ? label : "", waits))),
      [...new Set(shown.map(({ note }) => note))].filter(Boolean).map((text) => h("p", { class: "gp-soft gp-small", text })));
    return player.attach(h("div", { class: "exp tl fl" }, words, player.controls, figure, below, laneTables(shown), windowTables(shown, runs, clock), player.live, hidden));
  }

  kinds.fleet = { body };
}
