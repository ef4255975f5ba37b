// The roof: axes, roof line and dots, shared by the question that places one (place.js) and by the block that shows all of them.
{
  const tall = (width) => Math.round(Math.min(340, Math.max(250, width * 0.5)));
  const narrow = (width) => width < 460;

  /** Height of the roof at x, straight between its points on log axes; its ends go on as they end. */
  function roofAt({ x, y }, at) {
    const inner = x.findIndex((value, i) => i > 0 && at <= value);
    const i = inner > 0 ? inner : x.length - 1;
    const share = Math.log(at / x[i - 1]) / Math.log(x[i] / x[i - 1]);
    return Math.exp(Math.log(y[i - 1]) + share * Math.log(y[i] / y[i - 1]));
  }

  /**
   * Grid, axes and roofs; returns {svg, x, y, box} with the two scales.
   * @param {PlaceAsk} axes @param {{ x: number[], y: number[] }[]} roofs
   */
  function roofFrame(axes, roofs, width) {
    const [left, right] = [narrow(width) ? 44 : 56, width - 14];
    const titles = plotTitles(axisTitle(axes.x_label, axes.x_unit), axisTitle(axes.y_label, axes.y_unit), { width, left, right });
    const height = tall(width) + titles.above + titles.below;
    const box = { left, top: 28 + titles.above, right, bottom: height - 42 - titles.below };
    const x = makeScale({ log: true, min: axes.x_min, max: axes.x_max, from: box.left, to: box.right });
    const y = makeScale({ log: true, min: axes.y_min, max: axes.y_max, from: box.bottom, to: box.top });
    const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "gp-plot" });
    for (const value of axisTicks({ log: true, min: axes.y_min, max: axes.y_max, count: 6 })) {
      svg.append(s("line", { x1: box.left, x2: box.right, y1: y(value), y2: y(value), class: "gp-grid" }));
      svg.append(s("text", { x: box.left - 8, y: y(value) + 4, class: "gp-tick gp-end", text: shortNumber(value / axes.y_scale) }));
    }
    for (const value of axisTicks({ log: true, min: axes.x_min, max: axes.x_max, count: narrow(width) ? 5 : 8 })) {
      svg.append(s("line", { x1: x(value), x2: x(value), y1: box.top, y2: box.bottom, class: "gp-grid" }));
      svg.append(s("text", { x: x(value), y: box.bottom + 16, class: "gp-tick gp-middle", text: shortNumber(value / axes.x_scale) }));
    }
    const inner = s("svg", { "aria-hidden": "true", x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top,
      viewBox: `${box.left} ${box.top} ${box.right - box.left} ${box.bottom - box.top}` });
    for (const roof of roofs) {
      const columns = [axes.x_min, ...roof.x.filter((value) => value > axes.x_min && value < axes.x_max), axes.x_max];
      const path = pathThrough(columns.map((value) => [x(value), y(roofAt(roof, value))]));
      inner.append(s("path", { d: `${path}L${box.right} ${box.bottom}L${box.left} ${box.bottom}Z`, class: "gp-roof-under" }));
      inner.append(s("path", { d: path, class: "gp-roof" }));
    }
    svg.append(inner);
    svg.append(s("line", { x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom, class: "gp-axis" }));
    svg.append(...titleNodes(titles.x, titles.middle, height - 6 - titles.below, "gp-middle"), ...titleNodes(titles.y, 2, 13));
    return { svg, x, y, box };
  }

  const diamond = (x, y, size = 7) => s("path", { d: `M${x} ${y - size}l${size} ${size}-${size} ${size}-${size}-${size}z`, class: "gp-dot-guess" });
  const disc = (x, y, r = 6) => s("circle", { cx: x, cy: y, r, class: "gp-dot-truth" });

  /** A dot that lies outside of the axes stands at their edge. */
  const inside = (frame, { x, y }) => [
    Math.min(frame.box.right, Math.max(frame.box.left, frame.x(x))),
    Math.min(frame.box.bottom, Math.max(frame.box.top, frame.y(y))),
  ];

  /** Guess and truth of one dot, joined; `words` stands beside the truth. Either may be missing. */
  function pair(frame, guess, truth, words = "") {
    const [mine, real] = [guess && inside(frame, guess), truth && inside(frame, truth)];
    if (mine && real) frame.svg.append(s("line", { x1: mine[0], y1: mine[1], x2: real[0], y2: real[1], class: "gp-gap" }));
    if (real) {
      frame.svg.append(disc(...real));
      const lines = words ? titleLines(words, frame.box.right - frame.box.left) : [];
      const room = frame.box.right - TITLE_LETTER * Math.max(...lines.map((line) => line.length)); // below the dot, as far to its right as there is room
      const [x, y] = [Math.max(frame.box.left, Math.min(real[0] + 11, room)), Math.min(real[1] + 19, frame.box.bottom - 5 - TITLE_LINE * (lines.length - 1))];
      frame.svg.append(...lines.map((text, i) => s("text", { x, y: y + i * TITLE_LINE, class: "gp-label-truth", text })));
    }
    if (mine) frame.svg.append(diamond(...mine));
  }

  Object.assign(parts, { roofAt, roofFrame, roofPair: pair });

  /** @param {RoofDrawing} roof */
  function table({ dots }) {
    const head = ["", "dot", "you placed", "it is at", "you were"].map((text) => (text ? h("th", { scope: "col", text }) : h("td")));
    const row = ({ label, lesson, mine, text, off }, i) =>
      h("tr", {}, h("td", { text: i + 1 }), h("th", { scope: "row" }, label, " ", h("span", { class: "gp-soft gp-small", text: `lesson ${lesson}` })),
        h("td", { text: mine?.shown ?? "–", "data-name": "you placed" }), h("td", { text, "data-name": "it is at" }), h("td", { text: off, "data-name": "you were" }));
    return together(h("div", { class: "gp-table-box", tabindex: 0, role: "group", "aria-label": "The dots as a table" },
      h("table", { class: "gp-table gp-dots" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, dots.map(row)))));
  }

  /** @param {RoofDrawing} roof */
  function draw(roof, width) {
    const frame = roofFrame(roof.axes, roof.roofs, width);
    frame.svg.setAttribute("role", "img");
    frame.svg.setAttribute("aria-label", roof.alt);
    roof.dots.forEach((dot, i) => pair(frame, dot.mine, dot, String(i + 1)));
    return frame.svg;
  }

  /** @param {BlockView} view @param {Panel} panel */
  function body(view, panel) {
    const { html, roof } = view;
    const words = html && h("div", { class: "gp-words", html });
    if (!roof) return words;
    const plot = h("div", { class: "gp-canvas" });
    watchWidth(plot, (width) => plot.replaceChildren(draw(roof, width)), panel);
    const key = h("p", { class: "gp-legend" }, roof.dots.some(({ mine }) => mine) && tag("guess", "where you placed it"), tag("truth", "where it is"));
    return [words, plot, key, table(roof), roof.waiting && h("p", { class: "gp-soft gp-small", text: roof.waiting })];
  }

  kinds.roof = { body };
}
