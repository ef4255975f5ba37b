// curve: the learner draws one value per column, by dragging, by arrow keys or in a table. The true curve comes later.
{
  const STEPS = 48; // one arrow key moves a handle by 1/48 of the axis
  const BIG = 6; // PageUp and PageDown move it by this many steps
  const REACH = 0.25; // part of a column's width within which a held handle follows the pointer
  const right = (width) => (width < 460 ? 16 : 24);
  const height = (width) => Math.round(Math.min(300, Math.max(240, width * 0.44)));

  /** The drawing as data: `y[i]` is null until column i was set. */
  function makeSketch(ask) {
    const { y_min: min, y_max: max } = ask;
    const axis = makeScale({ log: ask.y_log, min, max, from: 0, to: 1 });
    const middle = axis.invert(0.5);
    const clamp = (value) => Number(Math.min(max, Math.max(min, value)).toPrecision(3));
    const sketch = { y: ask.x.map(() => null), changed: (_column) => {} };
    sketch.ghost = (i) => sketch.y[i] ?? ask.start?.[i] ?? middle;
    sketch.set = (i, value) => {
      if (!Number.isFinite(value)) return;
      sketch.y[i] = clamp(value);
      sketch.changed(i);
    };
    sketch.nudge = (i, steps) => sketch.set(i, axis.invert(Math.min(1, Math.max(0, axis(sketch.ghost(i)) + steps / STEPS))));
    sketch.open = () => sketch.y.filter((value) => value === null).length;
    return sketch;
  }

  const KEYS = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: BIG, PageDown: -BIG, Home: -STEPS, End: STEPS, Enter: 0, " ": 0 };

  function handle(ask, sketch, i) {
    const node = s("g", {
      role: "slider", tabindex: 0, class: "gp-handle", "aria-orientation": "vertical",
      "aria-label": `${ask.x_label} ${withUnit(shortNumber(ask.x[i]), ask.x_unit)}`,
      "aria-valuemin": ask.y_min, "aria-valuemax": ask.y_max,
      onkeydown: (event) => {
        if (!(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        sketch.nudge(i, KEYS[event.key]);
      },
    });
    node.append(s("circle", { r: 14, class: "gp-handle-area" }), s("path", { d: "M0-7.5 7.5 0 0 7.5-7.5 0Z", class: "gp-handle-mark" }));
    return node;
  }

  function place(node, ask, sketch, frame, i) {
    const value = sketch.ghost(i);
    const isSet = sketch.y[i] !== null;
    node.setAttribute("transform", `translate(${frame.x(ask.x[i]).toFixed(1)} ${frame.y(value).toFixed(1)})`);
    node.classList.toggle("gp-ghost", !isSet);
    node.setAttribute("aria-valuenow", Number(value.toPrecision(3)));
    const words = `${withUnit(sig3(value), ask.y_unit)} at ${withUnit(shortNumber(ask.x[i]), ask.x_unit ?? "")}`;
    node.setAttribute("aria-valuetext", isSet ? words.trim() : "not drawn yet");
  }

  /** Pointer positions -> values: the nearest column at the press, then every column the pointer crosses. */
  function follow(svg, frame, ask, sketch, grab) {
    const columns = ask.x.map((value) => frame.x(value));
    const gap = columns.length > 1 ? Math.abs(columns[1] - columns[0]) : 40;
    const nearest = (x) => columns.reduce((best, at, i) => (Math.abs(at - x) < Math.abs(columns[best] - x) ? i : best), 0);
    /** @returns {[number, number]} */
    const here = (event) => {
      const box = svg.getBoundingClientRect();
      return [event.clientX - box.left, Math.min(frame.box.bottom, Math.max(frame.box.top, event.clientY - box.top))];
    };
    let last = null; // the pointer's last place while it is down
    let held = null; // the column pressed on, until the pointer leaves it sideways
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      svg.setPointerCapture(event.pointerId);
      last = here(event);
      held = { column: nearest(last[0]), x: last[0] };
      sketch.set(held.column, frame.y.invert(last[1]));
      grab(held.column);
    });
    svg.addEventListener("pointermove", (event) => {
      if (!last) return;
      const now = here(event);
      if (held && Math.abs(now[0] - held.x) > gap * REACH) held = null;
      if (held) sketch.set(held.column, frame.y.invert(now[1]));
      else cross(columns, last, now, (i, y) => sketch.set(i, frame.y.invert(y)));
      last = now;
    });
    const release = () => {
      const end = last && nearest(last[0]); // a drawing that stops just short of a column still means that column
      if (last && sketch.y[end] === null) sketch.set(end, frame.y.invert(last[1]));
      last = held = null;
    };
    svg.addEventListener("pointerup", release);
    svg.addEventListener("pointercancel", release);
  }

  /** Calls set(i, y) for each column between two pointer places, with y on the straight line between them. */
  function cross(columns, [x0, y0], [x1, y1], set) {
    const [low, high] = [Math.min(x0, x1), Math.max(x0, x1)];
    columns.forEach((at, i) => {
      if (x0 !== x1 && at >= low && at <= high) set(i, y0 + ((at - x0) / (x1 - x0)) * (y1 - y0));
    });
  }

  function table(ask, sketch) {
    const boxes = ask.x.map((x, i) =>
      h("input", {
        type: "text", inputmode: "decimal", autocomplete: "off", class: "gp-field gp-short",
        "aria-label": `${ask.y_label} at ${ask.x_label} ${withUnit(shortNumber(x), ask.x_unit)}`,
        onchange: (event) => {
          const value = Number(event.target.value.replace(",", "."));
          if (event.target.value.trim() && Number.isFinite(value)) sketch.set(i, value);
          else event.target.value = sketch.y[i] ?? "";
        },
      }));
    const rows = ask.x.map((x, i) => h("tr", {}, h("th", { scope: "row", text: shortNumber(x) }), h("td", {}, boxes[i])));
    const names = [axisTitle(ask.x_label, ask.x_unit), axisTitle(ask.y_label, ask.y_unit)];
    const head = h("tr", {}, names.map((text) => h("th", { scope: "col", text })));
    const node = h("details", { class: "gp-fold" }, h("summary", { text: "Type the values instead" }),
      h("div", { class: "gp-table-box" }, h("table", { class: "gp-table" }, h("thead", {}, head), h("tbody", {}, rows))));
    return { node, show: (i) => (boxes[i].value = sketch.y[i] ?? "") };
  }

  /** @param {CurveView} view @param {Panel} panel */
  function ask(view, panel) {
    const { ask } = view;
    const sketch = makeSketch(ask);
    const handles = ask.x.map((_, i) => handle(ask, sketch, i));
    const typed = table(ask, sketch);
    const line = s("path", { class: "gp-line-guess" });
    const hint = h("p", { class: "gp-soft gp-small", text: "Drag across the plot to draw, or focus a point and use the arrow keys." });
    const plot = h("div", { class: "gp-canvas" });
    let frame = null;
    const paint = (i) => {
      place(handles[i], ask, sketch, frame, i);
      line.setAttribute("d", pathThrough(ask.x.map((x, j) => (sketch.y[j] === null ? null : [frame.x(x), frame.y(sketch.y[j])]))));
    };
    sketch.changed = (i) => (typed.show(i), frame && paint(i), panel.changed());
    const draw = (width) => {
      frame = plotFrame({ width, height: height(width), ask, yMin: ask.y_min, yMax: ask.y_max, right: right(width) });
      frame.svg.classList.add("gp-drawing");
      frame.svg.setAttribute("role", "group");
      frame.svg.setAttribute("aria-label", `Your curve: ${ask.y_label} against ${ask.x_label}`);
      frame.svg.append(line, ...handles);
      handles.forEach((_, i) => paint(i));
      follow(frame.svg, frame, ask, sketch, (i) => handles[i].focus({ preventScroll: true }));
      plot.replaceChildren(frame.svg);
    };
    watchWidth(plot, draw, panel);
    const left = () => `Draw the whole curve first: ${sketch.open()} of ${ask.x.length} points are still open.`;
    return {
      node: [plot, hint, typed.node],
      read: () => ({ guess: [...sketch.y], missing: sketch.open() ? left() : "" }),
      focus: () => (handles[sketch.y.indexOf(null)] ?? handles[0]).focus(),
    };
  }

  kinds.curve = { ask, show: (view, panel) => parts.curves(view, panel) };
}
