// Numbers and axes: scales, ticks, number words, and the frame of a plot. No drawing of data here.

/** Powers of ten from 0, or to infinity, have no end: such an axis is linear, whatever was asked for. */
const asLog = (log, min, max) => log && min > 0 && max < Infinity;

/** value -> pixel on a log or linear axis; `.invert` goes back. */
function makeScale({ log, min, max, from, to }) {
  const powers = asLog(log, min, max);
  const forward = powers ? Math.log10 : (value) => value;
  const back = powers ? (value) => 10 ** value : (value) => value;
  const [low, high] = [forward(min), forward(max)];
  const scale = (value) => from + ((forward(value) - low) / (high - low || 1)) * (to - from);
  scale.invert = (pixel) => back(low + ((pixel - from) / (to - from)) * (high - low));
  return scale;
}

const withinRange = (values, min, max) => values.filter((v) => v >= min * (1 - 1e-9) && v <= max * (1 + 1e-9));

function logTicks(min, max, count) {
  const decades = Math.log10(max / min);
  const steps = decades <= 1.6 ? [1, 2, 5] : decades <= 2.6 && count > 4 ? [1, 3] : [1];
  const values = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)); power += 1)
    for (const step of steps) values.push(Number(`${step}e${power}`));
  const inside = withinRange(values, min, max);
  const stride = Math.ceil(inside.length / count);
  return inside.filter((_, index) => index % stride === 0);
}

function linearTicks(min, max, count) {
  const raw = (max - min) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((s) => s * power >= raw * 0.999);
  const values = [];
  for (let i = Math.ceil(min / step - 1e-9); i * step <= max + step * 1e-9; i += 1) values.push(Number((i * step).toPrecision(12)));
  return values;
}

const axisTicks = ({ log, min, max, count = 6 }) => (asLog(log, min, max) ? logTicks(min, max, count) : linearTicks(min, max, count));

/** Three significant digits as a person writes them: 1,230 or 0.0512. */
function sig3(value) {
  if (value !== 0 && (Math.abs(value) >= 1e7 || Math.abs(value) < 1e-4)) return value.toPrecision(3).replace("e+", "e");
  return Number(value.toPrecision(3)).toLocaleString("en-US", { maximumSignificantDigits: 3 });
}

/** Short for axes: 1k, 2.5M. A count that three digits would change keeps its own: 8,192. */
function shortNumber(value) {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e6 && Number(value.toPrecision(3)) !== value) return value.toLocaleString("en-US");
  /** @type {[number, string][]} */
  const letters = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
  const [unit, letter] = letters.find(([least]) => size >= least) ?? [1, ""];
  return `${Number((value / unit).toPrecision(3))}${letter}`;
}

/**
 * A value in the last of these units that it reaches; Python names them, from small to large: [[1e9, "GB/s"], [1e12, "TB/s"]].
 * @param {[number, string][]} steps @param {number} value
 * @returns {[number, string]}
 */
function inUnits(steps, value) {
  const [size, unit] = steps.findLast(([least]) => value >= least * (1 - 1e-9)) ?? steps[0];
  return [value / size, unit];
}

/** How to write the ticks of an axis: 1e11 as "100 GB/s"; short where there are no such units. */
const ticksIn = (steps) => (tick) => {
  if (!steps.length) return shortNumber(tick);
  const [number, unit] = inUnits(steps, tick);
  return `${Number(number.toPrecision(3))} ${unit}`;
};

/** The unit behind a number in words: one of many is no plural. */
const counted = (text, unit) => (text === "1" && unit.length > 2 && /[^s]s$/.test(unit) && !unit.includes("/") ? unit.slice(0, -1) : unit);
const withUnit = (text, unit) => (unit ? `${text}${unit === "×" ? "" : " "}${counted(text, unit)}` : text);
/** The unit stands behind the label, unless the label says it: "requests in a step", not "requests in a step (requests)". */
const axisTitle = (label, unit) => (unit && !String(label).split(/\s+/).includes(unit) ? `${label} (${unit})` : label ?? "");

const TITLE_LINE = 15, TITLE_LETTER = 7.6; // pixels from one line of a title to the next, and of a letter

/** The title of an axis in lines of at most so many pixels. */
function titleLines(words, width) {
  const most = Math.max(8, Math.floor(width / TITLE_LETTER));
  return words.split(" ").reduce((lines, word) => {
    const last = lines.at(-1);
    return last && `${last} ${word}`.length > most ? [...lines, word] : [...lines.slice(0, -1), last ? `${last} ${word}` : word];
  }, /** @type {string[]} */ ([]));
}

/** These lines, the first at `y`. */
const titleNodes = (lines, x, y, look = "") => lines.map((text, i) => s("text", { x, y: y + i * TITLE_LINE, class: `gp-axis-title ${look}`.trim(), text }));

/** Both titles of a plot with this room at its sides, and by how much they make it taller above and below. */
function plotTitles(xWords, yWords, { width, left, right }) {
  const middle = (left + right) / 2;
  const x = titleLines(xWords, 2 * Math.min(middle, width - middle));
  const y = titleLines(yWords, width - 4);
  const end = 2 + TITLE_LETTER * Math.max(...y.map((line) => line.length)); // where the title over the plot ends
  return { x, y, middle, end, above: (y.length - 1) * TITLE_LINE, below: (x.length - 1) * TITLE_LINE };
}

/** Every first, second or third column, whichever is the first choice whose labels do not touch; the last column always. */
function thinned(columns, x) {
  const half = (value) => shortNumber(value).length * 3.8 + 3;
  for (let stride = 1; stride < columns.length; stride += 1) {
    const kept = columns.filter((_, i) => (columns.length - 1 - i) % stride === 0);
    if (kept.every((value, i) => i === 0 || x(kept[i - 1]) + half(kept[i - 1]) <= x(value) - half(value))) return kept;
  }
  return columns.slice(-1);
}

/** Grid, axes and labels of a plot; returns {svg, x, y, box} with the two scales. `xs`: where the columns stand. */
function plotFrame({ width, height: least, ask, yMin, yMax, right }) {
  const titles = plotTitles(axisTitle(ask.x_label, ask.x_unit), axisTitle(ask.y_label, ask.y_unit), { width, left: 52, right: width - right });
  const height = least + titles.above + titles.below;
  const box = { left: 52, top: 26 + titles.above, right: width - right, bottom: height - 40 - titles.below };
  const x = makeScale({ log: ask.x_log, min: ask.x[0], max: ask.x.at(-1), from: box.left + 14, to: box.right - 14 });
  const y = makeScale({ log: ask.y_log, min: yMin, max: yMax, from: box.bottom, to: box.top });
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "gp-plot" });
  const rows = axisTicks({ log: ask.y_log, min: yMin, max: yMax, count: 6 });
  for (const value of rows) {
    svg.append(s("line", { x1: box.left, x2: box.right, y1: y(value), y2: y(value), class: "gp-grid" }));
    svg.append(s("text", { x: box.left - 8, y: y(value) + 4, class: "gp-tick gp-end", text: shortNumber(value) }));
  }
  for (const value of ask.x) svg.append(s("line", { x1: x(value), x2: x(value), y1: box.top, y2: box.bottom, class: "gp-grid" }));
  for (const value of thinned(ask.x, x))
    svg.append(s("text", { x: x(value), y: box.bottom + 16, class: "gp-tick gp-middle", text: shortNumber(value) }));
  svg.append(s("line", { x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom, class: "gp-axis" }));
  svg.append(...titleNodes(titles.x, titles.middle, height - 6 - titles.below, "gp-middle"), ...titleNodes(titles.y, 2, 13));
  return { svg, x, y, box };
}

/** "M x y L x y ..." through the points that exist; a gap where one is missing. */
function pathThrough(points) {
  let pen = "M";
  return points.map((point) => {
    if (!point) return (pen = "M"), "";
    const piece = `${pen}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
    pen = "L";
    return piece;
  }).join("");
}
