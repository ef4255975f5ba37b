// A clock over drawings, with its controls: play, step, scrub, zoom, by keyboard or pointer. It stands still, complete, until somebody
// plays or steps it; nothing is asked of the kernel. The timeline and the fleet are drawn under it.
{
  const PLAY_S = 20; // about how long a run plays at first
  const CLOSEST = 24; // steps in the closest view
  const ZOOM = 4;
  const SAY_AFTER_MS = 350, WORDS_EVERY_MS = 120;

  const range = (low, high, value) => Math.min(high, Math.max(low, value));
  const speedWords = (speed) => (speed === 1 ? "as it ran" : speed < 1 ? `${Math.round(1 / speed)} times slower` : `${speed} times faster`);

  /** Views from the whole run down to some two dozen steps of the usual length. */
  function spans(whole, usual) {
    const found = [whole];
    while (found.at(-1) / ZOOM > CLOSEST * usual * 0.6) found.push(found.at(-1) / ZOOM);
    return found;
  }

  /**
   * charts: each draws itself for a stretch of time (`build`), marks the present (`set`), and says it (`words`, `tell`); `boxes` are what a pointer
   * takes the clock along in. how: low, last, stops (where a step begins) and usual (how long one is) in ticks of time, `second` of them a second;
   * speeds in simulated seconds a second; clock, shows and place put a time, a span and the present step into words; stretch adds what a chart needs
   * to know; gutter: pixels left and right of it; strips: what a checkbox leaves out.
   * @param {Panel} panel
   */
  function player(panel, charts, how) {
    const { low, last, stops, second, clock, speeds } = how;
    const whole = last - low;
    const views = spans(whole, how.usual);
    const seconds = whole / second / PLAY_S;
    let [now, playing, before, told, close, from, wide, sides] = [last, false, 0, 0, 0, low, 0, [0, 0]];
    let speed = speeds.reduce((best, one) => (Math.abs(Math.log(one / seconds)) < Math.abs(Math.log(best / seconds)) ? one : best));
    let [timer, root] = [0, /** @type {HTMLElement} */ (null)];

    const live = h("output", { class: "gp-sr", "aria-live": "polite" });
    const complete = () => now >= last;
    const place = () => stops.findLastIndex((stop) => stop <= now);

    const play = button("Play", () => (playing ? pause() : start()), { class: "exp-play" });
    const back = button("Step back", () => step(-1));
    const on = button("Step forward", () => step(1));
    const speedId = `${panel.uid}-tl-speed`;
    const pick = h("select", { id: speedId, onchange: ({ target }) => (speed = Number(target.value)) }, speeds.map((one) => h("option", { value: one, text: speedWords(one), selected: one === speed })));
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
      charts.length > 1 && how.strips && h("label", { class: "gp-check tl-pick" }, strips, how.strips), // without them, more runs fit on a screen
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
      timer = setTimeout(() => (live.textContent = charts.map(({ label, words }) => `${label ? `${label}: ` : ""}${words(now, complete())}`).join(" ")), SAY_AFTER_MS);
    }

    const off = (node, is) => node.setAttribute("aria-disabled", String(is));

    /** The line of each run, the slider and the buttons as they stand now. */
    function say() {
      for (const chart of charts) chart.tell(chart.words(now, complete()));
      slider.value = String(Math.round(now));
      slider.style.setProperty("--exp-done", `${(100 * (now - low)) / whole}%`);
      time.textContent = `${clock(now)} of ${clock(last)}`;
      slider.setAttribute("aria-valuetext", `${clock(now)}${how.place(place())}`);
      play.textContent = playing ? "Pause" : "Play";
      off(back, place() <= 0 && now <= stops[0]);
      off(on, place() >= stops.length - 1);
      off(out, close === 0);
      off(into, close === views.length - 1);
      shows.textContent = close ? `shows ${how.shows(views[close])}` : "shows all";
      Object.assign(root.dataset, { playing, now: (now / second).toFixed(6) });
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
      sides = how.gutter(narrow, wide);
      const stretch = how.stretch({ from, until: from + views[close], width: wide, gutter: sides[0], right: sides[1], narrow, cramped: charts.length > 1, bare: !strips.checked });
      for (const chart of charts) chart.build(stretch);
      mark();
    }

    const mark = () => wide && charts.forEach((chart) => chart.set(now, complete(), playing ? speed * second : 0));

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
      mark();
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
      now = Math.min(last, now + (Math.min(100, Math.max(0, at - before)) / 1e3) * second * speed); // a page that slept does not jump
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
      const [x, room] = [event.clientX - left, wide - sides[0] - sides[1]];
      if (event.type === "pointerdown" && (x < sides[0] || x > wide - sides[1])) return;
      stop();
      seek(range(low, last, from + (range(0, room, x - sides[0]) / room) * views[close]));
      announce();
    }
    for (const { boxes } of charts) for (const node of boxes) for (const type of ["pointerdown", "pointermove"]) node.addEventListener(type, drag);

    panel.onDrop(() => ((playing = false), clearTimeout(timer)));

    /** Begins once the panel's root is there. */
    function attach(node) {
      root = node;
      watchWidth(charts[0].boxes[0], (width) => ((wide = Math.max(width, 200)), build()), panel);
      say();
      return root;
    }

    return { controls: h("div", { class: "tl-controls" }, bar, scrub), live, attach };
  }

  /** What all requests of a run waited, as percentiles. @param {import("./views.d.ts").WaitsView} waits */
  function waitsTable(label, waits) {
    const caption = `${label ? `${label}: ` : ""}all ${waits.requests} requests`;
    const rows = waits.rows.map(([name, ...cells]) => h("tr", {}, h("th", { scope: "row", text: name }), cells.map((text) => h("td", { text }))));
    return h("table", { class: "gp-table exp-table tl-waits" }, h("caption", { text: caption }),
      h("thead", {}, h("tr", {}, h("th", { scope: "col", text: "wait for" }), waits.head.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, rows, h("tr", {}, h("th", { scope: "row", text: "answers" }), h("td", { colspan: waits.head.length, text: waits.speed }))));
  }

  /** A column as one value a step: several alike come as [value, how many]. */
  const unrolled = (column) => column.flatMap((part) => (Array.isArray(part) ? new Array(part[1]).fill(part[0]) : part));

  /** Seconds along the foot of a drawing. `at`: ticks of time to pixels. */
  function timeAxis(svg, top, { from, until, gutter, width, right = 0 }, at, second) {
    const [low, high, edge] = [from / second, until / second, width - right];
    const ticks = linearTicks(low, high, Math.max(3, Math.floor((edge - gutter) / 80)));
    const gap = ticks.length > 1 ? ticks[1] - ticks[0] : high - low;
    const places = Math.max(0, Math.min(4, Math.ceil(-Math.log10(gap) - 1e-9)));
    svg.append(s("line", { x1: gutter, x2: edge, y1: top, y2: top, class: "gp-axis" }));
    for (const tick of ticks) {
      const [x, words] = [at(tick * second), `${tick.toFixed(places)} s`];
      svg.append(s("line", { x1: x, x2: x, y1: top, y2: top + 4, class: "gp-axis" }));
      const half = words.length * 3.6;
      const side = x + half > edge ? "gp-end" : x - half < gutter - 20 ? "" : "gp-middle";
      svg.append(s("text", { x: side === "gp-end" ? edge : x, y: top + 17, class: `gp-tick ${side}`, text: words }));
    }
  }

  Object.assign(parts, { player, waitsTable, unrolled, timeAxis });
}
