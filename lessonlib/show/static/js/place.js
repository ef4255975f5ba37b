// place: one dot on a log-log roof, by pointer, by arrow keys or typed. The true dot comes later.
{
  const STEPS = 96; // one arrow key moves the dot by 1/96 of an axis
  const BIG = 8; // with Shift, and PageUp and PageDown, by this many steps
  const MAGNET = 9; // pixels from the roof within which a dragged dot is taken to be meant on it

  const MOVES = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1], PageUp: [0, BIG], PageDown: [0, -BIG], Enter: [0, 0], " ": [0, 0] };

  /** As it is typed: three digits, no marks between thousands. */
  const typed = (value) => String(Number(value.toPrecision(3)));

  function box(ask, axis, panel, oninput) {
    const unit = ask[`${axis}_unit`];
    return h("input", { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", class: "gp-field gp-short",
      "aria-label": `${ask[`${axis}_label`]}${unit ? ` in ${unit}` : ""}`, "aria-describedby": `${panel.uid}-problem`, oninput,
      onkeydown: (event) => event.key === "Enter" && panel.commit() });
  }

  const field = (ask, axis, input) =>
    h("label", { class: "gp-place-field" }, h("span", { class: "gp-soft", text: axisTitle(ask[`${axis}_label`], ask[`${axis}_unit`]) }), input);

  /** @param {PlaceView} view @param {Panel} panel */
  function ask(view, panel) {
    const { ask } = view;
    const axes = ["x", "y"];
    const ends = Object.fromEntries(axes.map((axis) => [axis, makeScale({ log: true, min: ask[`${axis}_min`], max: ask[`${axis}_max`], from: 0, to: 1 })]));
    const middle = ends.x.invert(0.5);
    const dot = { x: middle, y: ends.y.invert(0.12), isSet: false };
    let frame = null;
    const boxes = Object.fromEntries(axes.map((axis) => [axis, box(ask, axis, panel, () => fromBoxes())]));
    const handle = s("g", { role: "slider", tabindex: 0, class: "gp-handle", "aria-label": "Your dot", "aria-roledescription": "dot on two axes",
      "aria-valuemin": 0, "aria-valuemax": 100, onkeydown: (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in MOVES)) return;
        event.preventDefault();
        const far = event.shiftKey ? BIG : 1;
        move(...MOVES[event.key].map((steps) => steps * far));
      } });
    handle.append(s("circle", { r: 16, class: "gp-handle-area" }), s("path", { d: "M0-8 8 0 0 8-8 0Z", class: "gp-handle-mark" }));

    const words = () => axes.map((axis) => withUnit(sig3(dot[axis] / ask[`${axis}_scale`]), ask[`${axis}_unit`])).join(", ");
    function paint() {
      handle.classList.toggle("gp-ghost", !dot.isSet);
      handle.setAttribute("aria-valuenow", Math.round(100 * ends.x(dot.x)));
      handle.setAttribute("aria-valuetext", dot.isSet ? words() : "not placed yet");
      if (frame) handle.setAttribute("transform", `translate(${frame.x(dot.x).toFixed(1)} ${frame.y(dot.y).toFixed(1)})`);
    }
    const clamp = (axis, value) => Math.min(ask[`${axis}_max`], Math.max(ask[`${axis}_min`], value));
    function put(x, y) {
      Object.assign(dot, { x: clamp("x", x), y: clamp("y", y), isSet: true });
      for (const axis of axes) boxes[axis].value = typed(dot[axis] / ask[`${axis}_scale`]);
      paint();
      panel.changed();
    }
    const shifted = (axis, steps) => ends[axis].invert(Math.min(1, Math.max(0, ends[axis](dot[axis]) + steps / STEPS)));
    const move = (right, up) => put(right ? shifted("x", right) : dot.x, up ? shifted("y", up) : dot.y);
    const ontoRoof = () => put(dot.x, parts.roofAt(ask.roof, dot.x));
    function fromBoxes() {
      const [x, y] = axes.map((axis) => Number(boxes[axis].value.replace(",", ".")) * ask[`${axis}_scale`]);
      const plain = x > 0 && y > 0 && Number.isFinite(x * y);
      if (plain) Object.assign(dot, { x: clamp("x", x), y: clamp("y", y) });
      dot.isSet = plain;
      paint();
    }

    function follow({ svg, x, y, box: area }) {
      let held = false;
      const here = (event) => {
        const at = svg.getBoundingClientRect();
        const px = Math.min(area.right, Math.max(area.left, event.clientX - at.left));
        const py = Math.min(area.bottom, Math.max(area.top, event.clientY - at.top));
        const [value, roof] = [x.invert(px), parts.roofAt(ask.roof, x.invert(px))];
        put(value, Math.abs(y(roof) - py) <= MAGNET ? roof : y.invert(py));
      };
      svg.addEventListener("pointerdown", (event) => {
        if (event.button !== 0) return;
        event.preventDefault();
        svg.setPointerCapture(event.pointerId);
        held = true;
        here(event);
        handle.focus({ preventScroll: true });
      });
      svg.addEventListener("pointermove", (event) => held && here(event));
      for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, () => (held = false));
    }

    const plot = h("div", { class: "gp-canvas" });
    watchWidth(plot, (width) => {
      frame = parts.roofFrame(ask, [ask.roof], width);
      frame.svg.classList.add("gp-drawing");
      frame.svg.setAttribute("role", "group");
      frame.svg.setAttribute("aria-label", `Your dot: ${ask.y_label} against ${ask.x_label}`);
      frame.svg.append(handle);
      paint();
      follow(frame);
      plot.replaceChildren(frame.svg);
    }, panel);
    const hint = h("p", { class: "gp-soft gp-small", text: "Tap or drag in the plot, use the arrow keys on the dot, or type both numbers." });
    const row = h("div", { class: "gp-place-row" }, axes.map((axis) => field(ask, axis, boxes[axis])),
      button("Onto the roof", ontoRoof, { class: "gp-onto" }));
    return {
      node: [plot, row, hint],
      read: () => {
        const guess = Object.fromEntries(axes.map((axis) => [axis, boxes[axis].value.trim()]));
        return { guess, missing: guess.x && guess.y ? "" : "Place your dot first, or type both of its numbers." };
      },
      focus: () => (dot.isSet || boxes.x.value || boxes.y.value ? axes.map((axis) => boxes[axis]).find((one) => !one.value) ?? boxes.x : handle).focus(),
    };
  }

  const line = (kind, name, words, more) =>
    h("p", { class: "gp-mine" }, tag(kind, name), together(h("strong", { text: words })), more && h("span", { class: "gp-soft", text: more }));

  /** @param {PlaceView} view @param {Panel} panel */
  function show(view, panel) {
    const { ask, guess, result } = view;
    const truth = isRevealed(view) ? result?.truth : null;
    if (!guess && !truth) return null;
    const plot = h("div", { class: "gp-canvas" });
    const alt = [guess && `Your dot at ${guess.shown}`, truth && `the true one at ${truth.text}`].filter(Boolean).join(", ");
    watchWidth(plot, (width) => {
      const frame = parts.roofFrame(ask, [ask.roof], width);
      frame.svg.setAttribute("role", "img");
      frame.svg.setAttribute("aria-label", `${alt}, on a log-log roof.`);
      parts.roofPair(frame, guess, truth, truth?.label ?? "");
      plot.replaceChildren(frame.svg);
    }, panel);
    return [plot, h("div", { class: "gp-values" }, guess && line("guess", "your dot", guess.shown, sureness(view)), truth && line("truth", "the truth", truth.text))];
  }

  kinds.place = { ask, show };
}
