// What an explorer draws of `explored`: lines, bars, roof (gate.js has the gate), and the table of the same numbers.
// A drawing is (panel) => {node, set(explored, started)}; `started` is what the start showed, null while it is the same.
{
  const LEAST = 160; // pixels: a chart in a narrower place is cut, not turned inside out

  /** 12.3 ms, 51.2 GB, 131 tok/s: a value in base units as a person writes it. */
  function written(value, { steps, unit }) {
    if (value === null || value === undefined) return "–";
    if (!steps?.length) return withUnit(sig3(value), { x: "×", tokens: "tokens" }[unit] ?? unit);
    const [number, name] = inUnits(steps, value);
    return `${sig3(number)} ${name}`;
  }

  const swatch = (look, shape) =>
    s("svg", { width: 26, height: 14, "aria-hidden": "true", class: "exp-swatch" }, shape === "dot" ? dot(13, 7, look) : s("path", { class: `exp-line exp-look-${look}`, d: "M1 7H25" }));

  /** A dot says by its shape what it says by its colour: a square for memory, a triangle for compute. */
  function dot(x, y, look) {
    const shapes = { memory: "m-5.5-5.5h11v11h-11z", weights: "m-5.5-5.5h11v11h-11z", compute: "m0-7.5 7 12.5h-14z", other: "m0-7.5 7.5 7.5-7.5 7.5-7.5-7.5z", kv: "m0 7.5 7-12.5h-14z" };
    const at = `M${x.toFixed(1)} ${y.toFixed(1)}`;
    return s("path", { class: `exp-dot exp-look-${look}`, d: at + (shapes[look] ?? "m-6 0a6 6 0 1 0 12 0a6 6 0 1 0-12 0z") });
  }

  const shown = (value, log) => value !== null && value !== undefined && (!log || value > 0);

  /**
   * The ends of an axis: as named, else what is drawn, rounded outwards. Those that follow from the data never shrink.
   * A dot beyond a named end moves that end: what is told has to be seen.
   */
  function makeRange() {
    let kept = null;
    return ({ low, high, log }, values, dots) => {
      const all = values.filter((value) => shown(value, log));
      let [least, most] = [Math.min(...all), Math.max(...all)];
      if (!all.length) [least, most] = log ? [1, 10] : [0, 1];
      if (kept) [least, most] = [Math.min(least, kept[0]), Math.max(most, kept[1])];
      kept = [least, most];
      if (log) [least, most] = [roundLog(least, Math.floor), roundLog(most, Math.ceil)];
      else [least, most] = [least > 0 ? 0 : least, most + 0.04 * (most - Math.min(least, 0))];
      const beyond = dots.filter((value) => shown(value, log));
      const ends = [low === null ? least : Math.min(low, ...beyond), high === null ? most : Math.max(high, ...beyond)];
      return ends[0] < ends[1] ? ends : [ends[0], log ? ends[0] * 10 : ends[0] + 1];
    };
  }

  /** The next 1, 2 or 5 of a decade, down or up. */
  function roundLog(value, way) {
    const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
    const steps = [1, 2, 5, 10].map((step) => step * power);
    return way === Math.floor ? steps.findLast((step) => step <= value * 1.0001) : steps.find((step) => step >= value * 0.9999);
  }

  /** Units short enough to stand at each tick; a longer one stands in the title, and the ticks are 1k, 10M. */
  const inTicks = ({ unit, steps }) => steps.length > 0 && unit.length === 1;
  const tickWords = (axis, tick) => (tick === 0 ? "0" : inTicks(axis) ? ticksIn(axis.steps)(tick) : shortNumber(tick)); // nothing has no prefix

  /** Grid and axes of a chart with two scales of its own; ticks are round values in the units of the axis. */
  function frame(width, least, xAxis, yAxis) {
    const narrow = width < 420;
    const title = (axis) => axisTitle(axis.label, inTicks(axis) ? "" : axis.unit);
    const [left, right] = [narrow ? 58 : 66, width - 16];
    const titles = plotTitles(title(xAxis), title(yAxis), { width, left, right });
    const height = least + titles.above + titles.below;
    const box = { left, top: 28 + titles.above, right, bottom: height - 46 - titles.below };
    const x = makeScale({ log: xAxis.log, min: xAxis.ends[0], max: xAxis.ends[1], from: box.left, to: box.right });
    const y = makeScale({ log: yAxis.log, min: yAxis.ends[0], max: yAxis.ends[1], from: box.bottom, to: box.top });
    const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "gp-plot exp-plot" });
    for (const tick of axisTicks({ log: yAxis.log, min: yAxis.ends[0], max: yAxis.ends[1], count: 6 })) {
      svg.append(s("line", { x1: box.left, x2: box.right, y1: y(tick), y2: y(tick), class: "gp-grid" }));
      svg.append(s("text", { x: box.left - 9, y: y(tick) + 4, class: "gp-tick gp-end", text: tickWords(yAxis, tick) }));
    }
    let last = -Infinity;
    for (const tick of axisTicks({ log: xAxis.log, min: xAxis.ends[0], max: xAxis.ends[1], count: narrow ? 5 : 9 })) {
      const words = tickWords(xAxis, tick);
      const over = x(tick) + words.length * 3.8 > width;
      svg.append(s("line", { x1: x(tick), x2: x(tick), y1: box.top, y2: box.bottom, class: "gp-grid" }));
      if (x(tick) - words.length * 3.8 < last) continue;
      last = x(tick) + words.length * 3.8 + 6;
      svg.append(s("text", { x: over ? width - 1 : x(tick), y: box.bottom + 17, class: `gp-tick ${over ? "gp-end" : "gp-middle"}`, text: words }));
    }
    svg.append(s("line", { x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom, class: "gp-axis" }));
    svg.append(...titleNodes(titles.x, titles.middle, height - 8 - titles.below, "gp-middle"), ...titleNodes(titles.y, 2, 14));
    return { svg, x, y, box, titleEnd: titles.end };
  }

  const pointsOf = (line, plot, log) =>
    line.x.map((x, i) => (shown(line.y[i], log.y) && shown(x, log.x) ? [plot.x(x), plot.y(line.y[i])] : null));

  function band(line, plot, log) {
    const upper = line.x.map((x, i) => (shown(line.high[i], log.y) ? [plot.x(x), plot.y(line.high[i])] : null)).filter(Boolean);
    const lower = line.x.map((x, i) => (shown(line.low[i], log.y) ? [plot.x(x), plot.y(line.low[i])] : null)).filter(Boolean).reverse();
    return s("path", { class: `exp-band exp-look-${line.look}`, d: `${pathThrough([...upper, ...lower])}z` });
  }

  /** The height of a line at x, straight between its points on the axes as they are drawn; null beside its ends. */
  function heightAt(line, x, plot) {
    const places = line.x.map((value, i) => [plot.x(value), plot.y(line.y[i])]);
    const at = plot.x(x);
    const next = places.findIndex(([px]) => px >= at);
    if (next < 0 || (next === 0 && places[0][0] > at)) return null;
    if (next === 0) return places[0][1];
    const [[x0, y0], [x1, y1]] = [places[next - 1], places[next]];
    return y0 + ((at - x0) / (x1 - x0 || 1)) * (y1 - y0);
  }

  const NAME_LETTER = 6.9, NAME_HEIGHT = 15; // pixels, of a name beside its dot
  // Where a name may stand, the best place first: from its dot to the anchor of the text, and the anchor.
  const NAME_PLACES = [[11, 4, ""], [-11, 4, "gp-end"], [9, -9, ""], [-9, -9, "gp-end"], [9, 18, ""], [-9, 18, "gp-end"], [0, -13, "gp-middle"], [0, 22, "gp-middle"],
    [26, -2, ""], [-26, -2, "gp-end"], [0, -22, ""], [0, -22, "gp-end"], [-4, -32, ""], [4, -32, "gp-end"]];

  const share = (one, other) =>
    Math.max(0, Math.min(one.right, other.right) - Math.max(one.left, other.left)) * Math.max(0, Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top));

  /** How many pixels of a line that is drawn lie in a box. */
  const crossing = (line, plot, box) =>
    Array.from({ length: Math.max(1, Math.ceil((box.right - box.left) / 4)) }, (_, i) => heightAt(line, plot.x.invert(box.left + 4 * i), plot))
      .filter((y) => y !== null && y > box.top - 2 && y < box.bottom + 2).length * 4;

  /** Names beside their dots, each where it hides least of the other names, the dots and the lines. */
  function names(points, plot, lines) {
    const spots = points.map((point) => ({ x: plot.x(point.x), y: plot.y(point.y) }));
    const dots = spots.map(({ x, y }) => ({ left: x - 7, right: x + 7, top: y - 7, bottom: y + 7 }));
    /** @type {{ left: number, right: number, top: number, bottom: number }[]} */
    const taken = [];
    return points.map((point, i) => {
      const wide = point.label.length * NAME_LETTER;
      const places = NAME_PLACES.map(([dx, dy, anchor], rank) => {
        const [x, y] = [spots[i].x + Number(dx), spots[i].y + Number(dy)];
        const left = anchor === "gp-end" ? x - wide : anchor ? x - wide / 2 : x;
        const box = { left, right: left + wide, top: y - NAME_HEIGHT + 3, bottom: y + 3 };
        const top = plot.box.top - (box.left > plot.titleEnd ? 26 : 0); // beside the title there is room
        const out = Math.max(0, plot.box.left - box.left) + Math.max(0, box.right - plot.box.right - 8) + Math.max(0, top - box.top) + Math.max(0, box.bottom - plot.box.bottom);
        const hidden = [...taken.map((other) => 4 * share(box, other)), ...dots.map((dot) => 2 * share(box, dot)), ...lines.map((line) => 6 * crossing(line, plot, box))];
        return { x, y, anchor, box, cost: hidden.reduce((sum, one) => sum + one, 500 * out + 4 * rank) };
      });
      const { x, y, anchor, box } = places.reduce((best, place) => (place.cost < best.cost ? place : best));
      taken.push(box);
      return s("text", { x, y, class: `exp-label ${anchor}`.trim(), text: point.label });
    });
  }

  /** What stands in the legend: each line that is drawn, once by its name and look. */
  function legend(lines, ghost) {
    const seen = new Map(lines.map((line) => [`${line.look} ${line.label}`, line]));
    const items = [...seen.values()].map(({ look, label }) => h("li", {}, swatch(look), h("span", { text: label })));
    if (ghost) items.push(h("li", {}, swatch("ghost"), h("span", { text: "as it started" })));
    return items;
  }

  /** A canvas that is drawn again with each setting and each width. */
  function canvas(panel, paint) {
    const node = h("div", { class: "exp-canvas" });
    let [wide, now] = [0, null];
    const draw = () => now && wide && node.replaceChildren(paint(wide, ...now));
    watchWidth(node, (width) => ((wide = Math.max(width, LEAST)), draw()), panel);
    return { node, set: (...shownNow) => ((now = shownNow), draw()) };
  }

  const lineChart = (roof) => (panel) => {
    const [xRange, yRange] = [makeRange(), makeRange()];
    const key = h("ul", { class: "exp-legend" });
    const paint = (width, explored, started) => {
      const { lines = [], points = [] } = explored;
      const before = started?.x?.unit === explored.x.unit && started?.y?.unit === explored.y.unit ? started : null;
      const all = [...lines, ...(before?.lines ?? [])];
      const ends = (axis, range, of) => ({ ...explored[axis], ends: range(explored[axis], of, points.map((point) => point[axis])) });
      const xs = [...all.flatMap((line) => line.x), ...points.map((point) => point.x)];
      const ys = [...all.filter((line) => line.look !== "limit").flatMap((line) => [...line.y, ...(line.low ?? []), ...(line.high ?? [])]), ...points.map((point) => point.y)];
      const plot = frame(width, Math.round(Math.min(320, Math.max(240, width * 0.5))), ends("x", xRange, xs), ends("y", yRange, ys));
      const log = { x: explored.x.log, y: explored.y.log };
      const { box, svg } = plot;
      const clip = `${panel.uid}-clip-${roof ? "roof" : "lines"}`;
      const inside = s("g", { "clip-path": `url(#${clip})` });
      svg.append(s("clipPath", { id: clip }, s("rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top })), inside);
      const main = lines[0];
      if (roof && main) {
        const under = pointsOf(main, plot, log).filter(Boolean);
        inside.append(s("path", { class: "exp-under", d: `${pathThrough(under)}V${box.bottom}H${under[0][0].toFixed(1)}z` }));
      }
      for (const line of lines) if (line.low?.length) inside.append(band(line, plot, log));
      const drawn = (line) => (line.look === "main" || line.look === "other" || roof) && JSON.stringify(line);
      const now = new Set(lines.map(drawn));
      const ghosts = (before?.lines ?? []).filter((line) => drawn(line) && !now.has(drawn(line)));
      for (const line of ghosts) inside.append(s("path", { class: "exp-line exp-look-ghost", d: pathThrough(pointsOf(line, plot, log)) }));
      for (const line of lines) inside.append(s("path", { class: `exp-line exp-look-${line.look}`, d: pathThrough(pointsOf(line, plot, log)) }));
      const seen = points.filter((point) => shown(point.x, log.x) && shown(point.y, log.y));
      for (const point of roof && main ? seen : []) {
        const top = heightAt(main, point.x, plot);
        if (top !== null && plot.y(point.y) - top > 9) inside.append(s("path", { class: "exp-drop", d: `M${plot.x(point.x).toFixed(1)} ${plot.y(point.y).toFixed(1)}V${top.toFixed(1)}` }));
      }
      svg.append(...seen.map((point) => dot(plot.x(point.x), plot.y(point.y), point.look)), ...names(seen, plot, lines));
      setAttributes(svg, { role: "img", "aria-label": explored.finding });
      key.replaceChildren(...legend(lines, ghosts.length > 0));
      return svg;
    };
    const chart = canvas(panel, paint);
    return { node: h("div", {}, chart.node, key), set: chart.set };
  };

  const total = (bar) => bar.parts.reduce((sum, part) => sum + part.value, 0);

  /** Bars in parts on one scale, each with its total in words; a line across where there is a limit. */
  const bars = () => {
    const node = h("div", { class: "exp-bars", role: "img" });
    const key = h("ul", { class: "exp-legend" });
    let most = 0;
    const set = (explored, started) => {
      const words = (value) => written(value, explored);
      const old = new Map((started?.unit === explored.unit ? started.bars : []).map((bar) => [bar.label, total(bar)]));
      most = Math.max(most, ...explored.bars.map((bar) => Math.max(total(bar), bar.limit ?? 0)), ...old.values());
      const at = (value) => `${Math.min(100, (100 * value) / (most || 1)).toFixed(2)}%`;
      const row = (bar) => {
        const limit = bar.limit === undefined ? null : bar.limit;
        const before = old.get(bar.label);
        const pieces = bar.parts.map(({ value, look }) => h("div", { class: `exp-piece exp-fill-${look}`, style: `width:${at(value)}` }));
        return h("div", { class: "exp-bar" },
          h("div", { class: "exp-name" }, h("span", { text: bar.label }), h("strong", { text: words(total(bar)) }), bar.note && h("span", { class: "exp-bar-note", text: bar.note })),
          h("div", { class: "exp-track" }, pieces,
            before !== undefined && h("div", { class: "exp-before", style: `left:${at(before)}` }),
            limit !== null && h("div", { class: "exp-limit", style: `left:${at(limit)}` })),
          limit !== null && h("div", { class: "exp-limit-words", text: `┃ ${bar.limit_label || "limit"} ${words(limit)}` }));
      };
      node.replaceChildren(...explored.bars.map(row));
      node.setAttribute("aria-label", explored.finding);
      const looks = new Map(explored.bars.flatMap((bar) => bar.parts).map((part) => [`${part.look} ${part.label}`, part]));
      const items = [...looks.values()].map(({ look, label }) => h("li", {}, h("span", { class: `exp-key exp-fill-${look}`, "aria-hidden": "true" }), h("span", { text: label })));
      if (old.size) items.push(h("li", {}, h("span", { class: "exp-key exp-before", "aria-hidden": "true" }), h("span", { text: "as it started" })));
      key.replaceChildren(...items);
    };
    return { node: h("div", {}, node, key), set };
  };

  // The table of what is drawn.

  /** Where a knob stood: a count has all its digits. */
  const exactly = (value, axis) =>
    Number.isInteger(value) && Math.abs(value) < 1e7 && !axis.steps?.length ? withUnit(value.toLocaleString("en-US"), axis.unit) : written(value, axis);

  const cells = (row, i) => (i === 0 ? h("th", { scope: "row", text: row }) : h("td", { text: row }));
  function table(caption, head, rows) {
    return h("table", { class: "gp-table exp-table" }, h("caption", { text: caption }),
      h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cells)))));
  }

  /** Lines over the same x share a table; of a long line every few points stand in it, the last among them. */
  function lineTables({ x, y, lines = [] }) {
    /** @type {Map<string, any[]>} */
    const groups = new Map();
    for (const line of lines) groups.set(JSON.stringify(line.x), [...(groups.get(JSON.stringify(line.x)) ?? []), line]);
    return [...groups.values()].map((group) => {
      const columns = group.flatMap((line) => [[line.label, line.y], ...(line.low?.length ? [[`${line.label}, low`, line.low], [`${line.label}, high`, line.high]] : [])]);
      const places = group[0].x.map((_, i) => i);
      const stride = Math.ceil(places.length / 16);
      const kept = places.filter((i) => (places.length - 1 - i) % stride === 0);
      return table(`${y.label} by ${x.label}`, [x.label, ...columns.map(([label]) => label)],
        kept.map((i) => [exactly(group[0].x[i], x), ...columns.map(([, values]) => written(values[i], y))]));
    });
  }

  const pointTable = ({ x, y, points = [] }) =>
    points.length ? [table("Dots", ["dot", x.label, y.label], points.map((point) => [point.label, exactly(point.x, x), written(point.y, y)]))] : [];

  /** A share in whole per cent, a small one in the first digit that says something. */
  const percent = (part) => (part === 0 || part >= 0.01 ? Math.round(100 * part) : Number((100 * part).toPrecision(1)));

  function barTable(explored) {
    if (!explored.bars) return [];
    const rows = explored.bars.flatMap((bar) => [
      ...bar.parts.map((part) => [`${bar.label}: ${part.label}`, written(part.value, explored), `${percent(part.value / (total(bar) || 1))} %`]),
      ...(bar.limit === undefined ? [] : [[`${bar.label}: ${bar.limit_label || "limit"}`, written(bar.limit, explored), ""]]),
    ]);
    return [table("Bars and their parts", ["part", "size", "share"], rows)];
  }

  function gateTable({ gate }) {
    if (!gate) return [];
    const [size, time] = [(value) => written(value, { steps: gate.bytes, unit: "B" }), (value) => written(value, { steps: gate.times, unit: "s" })];
    return [table("One step through the gate", ["what passes", "bytes", "time at the gate"], [
      ["weights", size(gate.weights), time(gate.weights / gate.bandwidth)],
      [`caches of ${gate.requests}`, size(gate.cached), time(gate.cached / gate.bandwidth)],
      ["whole step", size(gate.weights + gate.cached), time(gate.seconds)],
    ])];
  }

  parts.exploredTable = () => {
    const box = h("div", { class: "gp-table-box", tabindex: 0, role: "region", "aria-label": "The numbers that are drawn" });
    const node = h("details", { class: "gp-fold exp-numbers" }, h("summary", { text: "The numbers that are drawn" }), box);
    const set = (explored) => box.replaceChildren(...lineTables(explored), ...pointTable(explored), ...barTable(explored), ...gateTable(explored));
    return { node, set };
  };

  parts.written = written;
  parts.drawings = { ...parts.drawings, lines: lineChart(false), roof: lineChart(true), bars };
}
