// The curve after the commit: the learner's (dashed, diamonds) and, once revealed, the true one (solid, discs) over it.
{
  const LABEL_GAP = 17; // least distance in pixels between the two end labels

  function range(ask, curves) {
    const values = curves.flat().filter((value) => Number.isFinite(value) && (value > 0 || !ask.y_log));
    return [Math.min(ask.y_min, ...values), Math.max(ask.y_max, ...values)];
  }

  const points = (ask, values, frame) =>
    ask.x.map((x, i) => (Number.isFinite(values[i]) && (values[i] > 0 || !ask.y_log) ? [frame.x(x), frame.y(values[i])] : null));

  function drawCurve(frame, ask, values, kind) {
    const places = points(ask, values, frame);
    frame.svg.append(s("path", { d: pathThrough(places), class: `gp-line-${kind}` }));
    for (const place of places.filter(Boolean)) {
      const [x, y] = place;
      frame.svg.append(kind === "guess"
        ? s("path", { d: `M${x} ${y - 5}l5 5-5 5-5-5z`, class: "gp-dot-guess" })
        : s("circle", { cx: x, cy: y, r: 4, class: "gp-dot-truth" }));
    }
    return places.filter(Boolean).at(-1);
  }

  /** Labels at the ends of the lines, pushed apart where they would touch. */
  function endLabels(frame, ends, narrow) {
    const words = narrow ? { guess: "guess", truth: "truth" } : { guess: "your guess", truth: "the truth" };
    const sorted = ends.filter(({ end }) => end).map(({ kind, end }) => ({ kind, x: end[0], y: end[1] })).sort((a, b) => a.y - b.y);
    if (sorted.length === 2 && sorted[1].y - sorted[0].y < LABEL_GAP) {
      const middle = (sorted[0].y + sorted[1].y) / 2;
      sorted[0].y = middle - LABEL_GAP / 2;
      sorted[1].y = middle + LABEL_GAP / 2;
    }
    for (const { kind, x, y } of sorted)
      frame.svg.append(s("text", { x: x + 10, y: y + 4, class: `gp-label-${kind}`, text: words[kind] }));
  }

  /** @param {CurveView} view */
  function describe(view) {
    const { ask, result } = view;
    const axes = `${ask.y_label} against ${ask.x_label}`;
    return result?.truth_y ? `${axes}: your guess and the truth. ${result.summary ?? ""}`.trim() : `Your guess: ${axes}`;
  }

  /** @param {CurveView} view */
  function draw(view, width) {
    const { ask, guess, result } = view;
    const mine = guess?.y ?? [];
    const truth = result?.truth_y ?? [];
    const [yMin, yMax] = range(ask, [mine, truth]);
    const narrow = width < 460;
    const tall = Math.round(Math.min(300, Math.max(240, width * 0.44)));
    const frame = plotFrame({ width, height: tall, ask, yMin, yMax, right: narrow ? 44 : 78 });
    frame.svg.setAttribute("role", "img");
    frame.svg.setAttribute("aria-label", describe(view));
    const ends = [];
    if (truth.length) ends.push({ kind: "truth", end: drawCurve(frame, ask, truth, "truth") });
    if (mine.length) ends.push({ kind: "guess", end: drawCurve(frame, ask, mine, "guess") });
    endLabels(frame, ends, narrow);
    return frame.svg;
  }

  /** @param {CurveView} view */
  function dataTable({ ask, guess, result }) {
    const cell = (value) => h("td", { text: Number.isFinite(value) ? sig3(value) : "–" });
    const row = (x, i) => [h("th", { scope: "row", text: shortNumber(x) }), guess?.y && cell(guess.y[i]), cell(result.truth_y[i]),
      guess?.y && h("td", { text: result.columns[i] })];
    const names = [axisTitle(ask.x_label, ask.x_unit), guess?.y && "your guess", "the truth", guess?.y && "you were"];
    const head = names.filter(Boolean).map((text) => h("th", { scope: "col", text }));
    return h("details", { class: "gp-fold" }, h("summary", { text: "The numbers" }),
      h("div", { class: "gp-table-box" }, h("table", { class: "gp-table" },
        h("caption", { class: "gp-sr", text: `${axisTitle(ask.y_label, ask.y_unit)} by column` }),
        h("thead", {}, h("tr", {}, head)), h("tbody", {}, ask.x.map((x, i) => h("tr", {}, row(x, i)))))));
  }

  /** @param {CurveView} view @param {Panel} panel */
  parts.curves = (view, panel) => {
    if (!view.guess?.y && !view.result?.truth_y) return null;
    const plot = h("div", { class: "gp-canvas" });
    watchWidth(plot, (width) => plot.replaceChildren(draw(view, width)), panel);
    const sure = view.guess?.y && sureness(view);
    return [
      plot,
      view.guess?.y && !view.result && h("p", { class: "gp-mine" }, tag("guess", "your guess"), sure && h("span", { class: "gp-soft", text: sure })),
      view.result?.truth_y && dataTable(view),
    ];
  };
}
