// number: one number with its unit, if asked an interval; later the guess and the truth on one log axis.
{
  const field = (label, attributes) =>
    h("input", { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", "aria-label": label, ...attributes });

  const hasDigit = (text) => /\d/.test(text);

  function interval(unit, needed) {
    const low = field(`Low end in ${unit}`, { class: "gp-field gp-short" });
    const high = field(`High end in ${unit}`, { class: "gp-field gp-short" });
    const node = h("fieldset", { class: "gp-range" },
      h("legend", { text: "80 % sure it is between" }), low, h("span", { text: "and" }), high,
      !needed && h("span", { class: "gp-soft", text: "(optional)" }));
    return { node, low, high };
  }

  function problemIn(value, low, high, needed) {
    if (!hasDigit(value)) return "Type a number first.";
    if (needed && !(hasDigit(low) && hasDigit(high))) return "Give the range too: both ends.";
    if (Boolean(low) !== Boolean(high)) return "Fill in both ends of the range, or neither.";
    return "";
  }

  /** @param {NumberView} view @param {Panel} panel */
  function ask(view, panel) {
    const { unit = "", placeholder = "a number", interval: wanted, needed = false, label = "Your guess" } = view.ask;
    const input = field(withUnit(label, unit && `in ${unit}`), {
      class: "gp-field gp-number",
      placeholder,
      "aria-describedby": `${panel.uid}-problem`,
      onkeydown: (event) => event.key === "Enter" && panel.commit(),
    });
    const range = wanted ? interval(unit, needed) : null;
    const row = h("div", { class: "gp-number-row" }, input, h("span", { class: "gp-unit", text: unit }));
    const read = () => {
      const [text, low, high] = [input, range?.low, range?.high].map((box) => box?.value.trim() ?? "");
      return { guess: { text, low: low || null, high: high || null }, missing: problemIn(text, low, high, needed) };
    };
    const focus = () => {
      const half = range && hasDigit(input.value) && [range.low, range.high].find((box) => !box.value.trim());
      (half && (needed || range.low.value || range.high.value) ? half : input).focus();
    };
    return { node: h("div", { class: "gp-number-form" }, row, range?.node), read, focus };
  }

  const value = (kind, words, text, more) =>
    h("p", { class: "gp-mine" }, tag(kind, words), together(h("strong", { text })), more && h("span", { class: "gp-soft", text: more }));

  /** @param {NumberGuess} guess */
  const rangeWords = ({ low, high, low_text, high_text }) =>
    Number.isFinite(low) && Number.isFinite(high) ? `80 % between ${low_text} and ${high_text}` : "";

  /** @param {NumberView} view */
  function guessLine(view) {
    const { guess } = view;
    if (!guess?.text) return null;
    const more = [rangeWords(guess), sureness(view)].filter(Boolean).join(" · ");
    return value("guess", "your guess", guess.shown, more);
  }

  /** @param {NumberView} view @param {Panel} panel */
  function show(view, panel) {
    const truth = isRevealed(view) && view.result?.truth;
    const lines = h("div", { class: "gp-values" }, guessLine(view), truth && value("truth", "the truth", truth.text));
    return [lines, truth && parts.strip(view, panel)];
  }

  kinds.number = { ask, show };
  kinds.range = { ask, show };
}

// The strip: guess (diamond, above), interval (bar) and truth (disc, below) on a log axis.
{
  const HEIGHT = 118;
  const AXIS = 60;
  const drawable = (value) => Number.isFinite(value) && value > 0;

  /** @param {NumberView} view */
  function edges({ guess, result }) {
    const values = [...(result.scale ?? []), guess?.value, guess?.low, guess?.high, result.truth.value].filter(drawable);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return high / low < 4 ? [low / 2, high * 2] : [low, high];
  }

  /** Text beside x that never leaves the drawing. */
  function label(x, y, width, words, look) {
    const half = words.length * 3.9;
    const at = Math.max(half, Math.min(width - half, x));
    return s("text", { x: at, y, class: `gp-middle ${look}`, text: words });
  }

  /** Ticks are round in the one unit of all, as minutes, and then bare; or else in the base unit, with its prefixes. */
  function axis(svg, scale, [min, max], width, steps) {
    const one = steps.length === 1 ? steps[0][0] : 1;
    const words = one === 1 ? ticksIn(steps) : (tick) => shortNumber(tick / one);
    svg.append(s("line", { x1: 12, x2: width - 12, y1: AXIS, y2: AXIS, class: "gp-axis" }));
    const ticks = axisTicks({ log: true, min: min / one, max: max / one, count: Math.max(3, Math.floor(width / 90)) });
    for (const value of ticks.map((tick) => tick * one)) {
      svg.append(s("line", { x1: scale(value), x2: scale(value), y1: AXIS - 4, y2: AXIS + 4, class: "gp-axis" }));
      svg.append(s("text", { x: scale(value), y: HEIGHT - 4, class: "gp-tick gp-middle", text: words(value) }));
      svg.append(s("line", { x1: scale(value), x2: scale(value), y1: AXIS + 4, y2: HEIGHT - 17, class: "gp-grid" }));
    }
  }

  /** @param {SVGElement} svg @param {NumberView} view */
  function marks(svg, scale, view, width) {
    const { guess, result } = view;
    const truth = scale(result.truth.value);
    if (drawable(guess?.low) && drawable(guess?.high)) {
      const [low, high] = [scale(guess.low), scale(guess.high)];
      svg.append(s("path", { d: `M${low} ${AXIS - 7}v14M${high} ${AXIS - 7}v14M${low} ${AXIS}H${high}`, class: "gp-interval" }));
    }
    if (drawable(guess?.value)) {
      const mine = scale(guess.value);
      svg.append(s("line", { x1: mine, x2: truth, y1: AXIS, y2: AXIS, class: "gp-gap" }));
      svg.append(s("path", { d: `M${mine} ${AXIS - 9}l9 9-9 9-9-9z`, class: "gp-dot-guess" }));
      svg.append(s("line", { x1: mine, x2: mine, y1: AXIS - 11, y2: AXIS - 22, class: "gp-stem-guess" }));
      svg.append(label(mine, AXIS - 28, width, "your guess", "gp-label-guess"));
    }
    svg.append(s("circle", { cx: truth, cy: AXIS, r: 7, class: "gp-dot-truth" }));
    svg.append(s("line", { x1: truth, x2: truth, y1: AXIS + 8, y2: AXIS + 18, class: "gp-stem-truth" }));
    const words = label(truth, AXIS + 31, width, "the truth", "gp-label-truth");
    svg.append(words);
  }

  /** @param {NumberView} view */
  function draw(view, width) {
    const [min, max] = edges(view);
    const scale = makeScale({ log: true, min, max, from: 26, to: width - 26 });
    const mine = view.guess?.text ? `Your guess ${view.guess.shown}, ` : "";
    const svg = s("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img",
      class: "gp-plot", "aria-label": `${mine}the truth ${view.result.truth.text}, on a logarithmic axis.` });
    axis(svg, scale, [min, max], width, view.result.ticks);
    marks(svg, scale, view, width);
    return svg;
  }

  /** @param {NumberView} view @param {Panel} panel */
  parts.strip = (view, panel) => {
    const node = h("div", { class: "gp-strip" });
    watchWidth(node, (width) => node.replaceChildren(draw(view, width)), panel);
    return node;
  };
}
