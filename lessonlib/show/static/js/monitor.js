// The monitor: small charts over one clock, a cursor that reads all of them out at one time, the log, and the same as a table.
{
  const SAY_AFTER_MS = 400; // what a screen reader is told waits until the hand rests
  const TALL = 104, LEFT = 50, RIGHT = 8, TOP = 8, BOTTOM = 22, TICK_LETTER = 7; // pixels
  const MOST_ROWS = 24; // of the table

  /** @typedef {import("./views.d.ts").MonitorView} MonitorView */
  /** @typedef {import("./views.d.ts").MonitorChart} MonitorChart */

  /** A count has all its digits; everything else is written as in the other drawings. */
  function worth(value, chart) {
    if (!chart.unit && Number.isInteger(value)) return value.toLocaleString("en-US");
    return chart.unit.startsWith("/") ? parts.written(value, { ...chart, unit: "" }) + (value === null ? "" : chart.unit) : parts.written(value, chart);
  }

  /** Round ticks from 0, two or three of them, the last at or above every value: [0, 50, 100]. */
  function ticksOf({ values, compare = [], most, unit }) {
    const top = (most ?? Math.max(0, ...values, ...compare)) || 1;
    const counts = !unit && [...values, ...compare].every((value) => value === null || Number.isInteger(value)); // there is no half request
    const power = 10 ** Math.floor(Math.log10(top / 2));
    const round = [1, 2, 2.5, 5, 10].find((size) => size * power >= (top / 2) * 0.999) * power;
    const step = counts ? Math.ceil(round) : round;
    const count = Math.max(1, Math.ceil(top / step - 1e-9));
    return Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)));
  }

  /** Runs of points that follow each other; one that stands alone is a dot, for a line of it would not be seen. */
  function lonely(values) {
    const there = (i) => values[i] !== null && values[i] !== undefined;
    return values.map((_, i) => i).filter((i) => there(i) && !there(i - 1) && !there(i + 1));
  }

  /** One chart on its canvas. `point(i)` moves the cursor there. @param {MonitorChart} chart @param {MonitorView} monitor */
  function plot(chart, monitor, width) {
    const { times, ticks, marks, from_s: start } = monitor;
    const box = { left: LEFT, right: width - RIGHT, top: TOP, bottom: TALL - BOTTOM };
    const levels = ticksOf(chart);
    const x = makeScale({ log: false, min: start, max: times.at(-1), from: box.left, to: box.right });
    const y = makeScale({ log: false, min: 0, max: levels.at(-1), from: box.bottom, to: box.top });
    const words = (value) => (value === 0 ? "0" : chart.steps.length ? ticksIn(chart.steps)(value) : `${shortNumber(value)}${chart.unit === "%" ? " %" : ""}`);
    const svg = s("svg", { viewBox: `0 0 ${width} ${TALL}`, width, height: TALL, class: "gp-plot mon-plot", role: "img", "aria-label": chart.alt });
    for (const level of levels) {
      svg.append(s("line", { x1: box.left, x2: box.right, y1: y(level), y2: y(level), class: level ? "gp-grid" : "gp-axis" }));
      svg.append(s("text", { x: box.left - 6, y: y(level) + 4, class: "gp-tick gp-end", text: words(level) }));
    }
    let free = -Infinity;
    for (const { at, text } of ticks) {
      const edge = x(at) < box.left + 14 ? "" : x(at) > box.right - 16 ? "gp-end" : "gp-middle";
      const place = edge === "gp-end" ? box.right : edge ? x(at) : box.left;
      const wide = TICK_LETTER * text.length;
      const from = place - (edge === "gp-end" ? wide : edge ? wide / 2 : 0);
      svg.append(s("line", { x1: x(at), x2: x(at), y1: box.bottom, y2: box.bottom + 4, class: "gp-axis" }));
      // In a narrow chart two clock times would touch: the later one is left out.
      if (from < free) continue;
      free = from + wide + TICK_LETTER;
      svg.append(s("text", { x: place, y: TALL - 5, class: `gp-tick ${edge}`, text }));
    }
    marks.forEach(({ at }, i) => {
      svg.append(s("path", { d: `M${x(at).toFixed(1)} ${box.top}V${box.bottom}`, class: "mon-mark" }));
      svg.append(s("text", { x: x(at) + 4, y: box.top + 8, class: "mon-mark-name", text: markName(i) }));
    });
    const rows = [{ look: "main", values: chart.values }, { look: "second", values: chart.compare ?? [] }];
    for (const { look, values } of rows) {
      const at = (i) => [x(times[i]), y(values[i])];
      const path = pathThrough(values.map((value, i) => (value === null ? null : at(i))));
      svg.append(s("path", { d: path, class: `mon-line mon-${look}` }));
      for (const i of lonely(values)) svg.append(s("circle", { cx: at(i)[0], cy: at(i)[1], r: 2.4, class: `mon-dot mon-${look}` }));
    }
    const line = s("path", { class: "mon-cursor" });
    const here = rows.map(({ look }) => (look === "main" ? s("circle", { r: 4, class: "mon-dot mon-main" }) : s("path", { d: "M0-5.2 5.2 0 0 5.2-5.2 0z", class: "mon-dot mon-second" })));
    svg.append(line, ...here);
    const point = (i) => {
      line.setAttribute("d", `M${x(times[i]).toFixed(1)} ${box.top - 4}V${box.bottom}`);
      rows.forEach(({ values }, row) => {
        const there = values[i] !== null && values[i] !== undefined;
        here[row].setAttribute("visibility", there ? "visible" : "hidden");
        if (there) here[row].setAttribute("transform", `translate(${x(times[i]).toFixed(1)} ${y(values[i]).toFixed(1)})`);
      });
    };
    const nearest = (pixel) => times.reduce((best, at, i) => (Math.abs(x(at) - pixel) < Math.abs(x(times[best]) - pixel) ? i : best), 0);
    return { svg, point, nearest };
  }

  /** A query that may break behind its signs, and nowhere within a word. */
  const breakable = (query) => query.split(/(?<=[_(,:[])/).flatMap((piece, i) => (i ? [h("wbr"), piece] : [piece]));

  const markName = (i) => "ABCD"[i];

  /** A chart with its words: what is asked, the query, what it says at the cursor. */
  function card(chart, monitor, panel, move) {
    const value = h("span", { class: "mon-value" });
    const second = chart.compare && h("span", { class: "mon-value mon-value-second" });
    const canvas = h("div", { class: "gp-canvas mon-canvas" });
    let [drawn, place] = [null, monitor.times.length - 1];
    const follow = (event) => drawn && move(drawn.nearest(event.clientX - drawn.svg.getBoundingClientRect().left));
    watchWidth(canvas, (width) => {
      drawn = plot(chart, monitor, width);
      drawn.point(place);
      canvas.replaceChildren(drawn.svg);
    }, panel);
    canvas.addEventListener("pointermove", follow);
    canvas.addEventListener("pointerdown", follow);
    const point = (i) => {
      place = i;
      drawn?.point(i);
      value.textContent = worth(chart.values[i], chart);
      if (second) second.replaceChildren(swatch("second"), worth(chart.compare[i], chart));
    };
    const node = h("div", { class: "mon-chart" },
      h("div", { class: "mon-head" }, h("h4", { text: chart.title }), h("span", { class: "mon-values" }, value, second)),
      h("code", { class: "mon-query" }, breakable(chart.query)), canvas);
    return { node, point };
  }

  const swatch = (look) => s("svg", { width: 24, height: 12, "aria-hidden": "true", class: "mon-swatch" }, s("path", { class: `mon-line mon-${look}`, d: "M1 6H23" }));

  function legend({ marks, compare }) {
    const lines = compare ? [h("li", {}, swatch("main"), "as it was"), h("li", {}, swatch("second"), compare)] : [];
    const moments = marks.map(({ clock, label }, i) => h("li", {}, h("strong", { class: "mon-mark-key", text: markName(i) }), `${clock} ${label}`));
    return lines.length + moments.length ? h("ul", { class: "mon-legend" }, lines, moments) : null;
  }

  /** The log. `point(i)` marks the last line that was there at the cursor, inside its own box. @param {MonitorView} monitor */
  function logBox({ log, times, compare }) {
    if (!log.length) return { node: null, point: () => {} };
    const lines = log.map(({ clock, text }) => h("li", {}, h("time", { text: clock }), " ", h("span", { text })));
    const box = h("ol", { class: "mon-lines", tabindex: 0, "aria-label": "Log of the server" }, lines);
    let old = null;
    const point = (i) => {
      const now = lines[log.findLastIndex(({ at }) => at <= times[i] + 1e-6)] ?? null;
      if (now === old) return;
      old?.removeAttribute("aria-current");
      now?.setAttribute("aria-current", "true");
      old = now;
      if (now) box.scrollTop = now.offsetTop - box.clientHeight / 2;
    };
    return { node: h("div", { class: "mon-log" }, h("h4", { text: compare ? "The server's log, as it was" : "The server's log" }), box), point };
  }

  /** @param {MonitorView} monitor */
  function table({ charts, clocks, compare }) {
    const columns = charts.flatMap((chart) => [[chart.title, chart.values, chart], ...(chart.compare ? [[`${chart.title}, ${compare}`, chart.compare, chart]] : [])]);
    const stride = Math.ceil(clocks.length / MOST_ROWS);
    const kept = clocks.map((_, i) => i).filter((i) => (clocks.length - 1 - i) % stride === 0);
    const head = ["time", ...columns.map(([title]) => title)].map((text) => h("th", { scope: "col", text }));
    const row = (i) => h("tr", {}, h("th", { scope: "row", text: clocks[i] }), columns.map(([, values, chart]) => h("td", { text: worth(values[i], chart) })));
    return h("details", { class: "gp-fold mon-numbers" }, h("summary", { text: `The numbers that are drawn${stride > 1 ? `, one scrape in ${stride}` : ""}` }),
      h("div", { class: "gp-table-box", tabindex: 0, role: "region", "aria-label": "The numbers that are drawn" },
        h("table", { class: "gp-table" }, h("caption", { class: "gp-sr", text: "All charts by time" }), h("thead", {}, h("tr", {}, head)), h("tbody", {}, kept.map(row)))));
  }

  /** @param {MonitorView} monitor @param {Panel} panel */
  function dashboard(monitor, panel) {
    const { charts, clocks, alerts, finding, compare } = monitor;
    const last = clocks.length - 1;
    const clockWords = h("strong", { class: "mon-clock", "aria-hidden": "true" });
    const live = h("output", { class: "gp-sr", "aria-live": "polite" });
    let [place, timer] = [-1, 0];
    const said = (i) => charts.map((chart) => `${chart.title} ${worth(chart.values[i], chart)}${chart.compare ? `, ${compare} ${worth(chart.compare[i], chart)}` : ""}`).join("; ");
    const id = `${panel.uid}-mon-time`;
    const slider = /** @type {HTMLInputElement} */ (h("input", { type: "range", id, min: 0, max: last, step: 1, value: last, oninput: ({ target }) => move(Number(target.value)) }));
    const cards = charts.map((chart) => card(chart, monitor, panel, (i) => move(i)));
    const log = logBox(monitor);

    function move(i) {
      if (i === place) return;
      const first = place < 0;
      place = i;
      slider.value = String(i);
      slider.setAttribute("aria-valuetext", clocks[i]);
      slider.style.setProperty("--mon-done", `${(100 * i) / (last || 1)}%`);
      clockWords.textContent = i === last ? `${clocks[i]}, the last` : clocks[i];
      for (const piece of [...cards, log]) piece.point(i);
      clearTimeout(timer);
      if (!first) timer = setTimeout(() => (live.textContent = `${clocks[i]}: ${said(i)}.`), SAY_AFTER_MS);
    }

    panel.onDrop(() => clearTimeout(timer));
    move(last);
    const field = h("div", { class: "mon-time" }, h("label", { for: id, text: "Read all charts at" }), clockWords, slider);
    const alarm = alerts.length ? h("div", { class: "mon-alerts" }, h("h4", { text: `Active alerts (${alerts.length})` }), h("ul", {}, alerts.map((text) => h("li", { text })))) : null;
    return h("div", { class: "mon" }, alarm, h("div", { class: "mon-board" }, cards.map(({ node }) => node)), legend(monitor), field,
      h("p", { class: "mon-finding", text: finding }), log.node, table(monitor), live);
  }

  /** @param {BlockView} view @param {Panel} panel */
  const body = (view, panel) => [
    view.html && h("div", { class: "gp-words", html: view.html }),
    view.monitor && dashboard(view.monitor, panel),
  ];

  kinds.monitor = { body, data: ({ id, state, html, monitor }) => [id, state, html, monitor] };
}
