// The explorer: knobs, and what Python computes for where they stand. Nothing is computed here: the page sends places of
// knobs, one setting at a time and always the newest, and draws what comes back (drawings.js, gate.js).
{
  const SAY_AFTER_MS = 400; // what a screen reader is told waits until the hand rests

  /** @typedef {import("./views.d.ts").ExplorerView} ExplorerView */
  /** @typedef {import("./views.d.ts").KnobView} KnobView */

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  // Pieces. Each is {node, set(...)}: built once, changed in place, so that the hand keeps its hold.

  /** @param {KnobView} knob */
  function slider(id, knob, move) {
    const value = h("span", { class: "exp-value", "aria-hidden": "true" });
    const last = knob.stops.length - 1;
    const input = h("input", { type: "range", id, min: 0, max: last, step: 1, oninput: ({ target }) => move(Number(target.value)) });
    const node = h("div", { class: "exp-field" }, h("div", { class: "exp-name" }, h("label", { for: id, text: knob.label }), value), input);
    const set = (place) => {
      input.value = String(place);
      input.setAttribute("aria-valuetext", (value.textContent = knob.stops[place]));
      input.style.setProperty("--exp-done", `${(100 * place) / last}%`);
    };
    return { node, set };
  }

  /** @param {KnobView} knob */
  function menu(id, knob, move) {
    const input = h("select", { id, oninput: ({ target }) => move(Number(target.value)) },
      knob.stops.map((text, place) => h("option", { value: place, text })));
    const node = h("div", { class: "exp-field" }, h("div", { class: "exp-name" }, h("label", { for: id, text: knob.label })), input);
    return { node, set: (place) => (input.value = String(place)) };
  }

  /** The light guess: the knobs move once it is made, and what is true comes with the first move. */
  function firstGuess(panel) {
    const node = h("div", { class: "exp-guess" });
    let seen = "";
    const option = (guess, { key, html }) => {
      const words = h("span", { html });
      if (guess.chosen === null) return h("li", {}, button(words, () => panel.send({ event: "pick", choice: key }), { class: "exp-option" }));
      const [chosen, right] = [guess.chosen === key, guess.right === key];
      const look = ["exp-settled", right ? "gp-is-truth" : chosen && "gp-is-guess"];
      return h("li", { class: look.filter(Boolean).join(" ") }, words, chosen && tag("guess", "your guess"), right && tag("truth", "right"));
    };
    const set = (guess) => {
      if (!guess || seen === JSON.stringify(guess)) return;
      const answered = seen && guess.chosen !== null; // the button that was pressed is gone, so the words take its place
      seen = JSON.stringify(guess);
      const after = guess.after ? h("div", { class: "gp-words", html: guess.after }) : null;
      const next = h("p", { class: "gp-soft", tabindex: -1, text: guess.chosen === null ? "Guess first: then the knobs move." : after ? "" : "Now move a knob, and see." });
      const held = answered && node.contains(document.activeElement);
      node.replaceChildren(h("div", { class: "gp-words", html: guess.ask }), h("ul", { class: "exp-options" }, guess.options.map((one) => option(guess, one))), after ?? next);
      if (held && !after) next.focus({ preventScroll: true });
    };
    return { node, set };
  }

  /** The numbers beside the drawing. */
  function tiles() {
    const node = h("dl", { class: "exp-tiles" });
    const big = (text) => {
      const [, number, unit] = /^([−-]?[\d.,]+) (\D+)$/.exec(text) ?? [];
      return h("dd", { class: "exp-big" }, unit ? [number, " ", h("span", { class: "exp-unit", text: unit })] : text);
    };
    const one = ({ label, text, note }) => h("div", { class: "exp-tile" }, h("dt", { text: label }), big(text), note && h("dd", { class: "exp-note", text: note }));
    const set = ({ values }) => {
      node.hidden = !values.length;
      node.style.setProperty("--exp-columns", String(Math.ceil(values.length / Math.ceil(values.length / 4)))); // rows alike: five are three and two
      node.replaceChildren(...values.map(one));
    };
    return { node, set };
  }

  /** @param {AnyView & { explorer?: ExplorerView }} view @param {Panel} panel */
  function body(view, panel) {
    const { knobs, drawings, guess } = view.explorer;
    const first = Object.fromEntries(knobs.map(({ name, start }) => [name, start]));
    let picks = { ...view.explorer.picks };
    let asked = null; // the setting that Python was asked for last
    let timer = 0;
    let drawn = "";

    const move = (name) => (place) => ((picks = { ...picks, [name]: place }), showKnobs(), ask());
    const controls = knobs.map((knob) => ({ name: knob.name, ...(knob.slides ? slider : menu)(`${panel.uid}-exp-${knob.name}`, knob, move(knob.name)) }));
    const back = button("Back to the start", () => same(picks, first) || ((picks = { ...first }), showKnobs(), ask()), { quiet: true, class: "exp-back" });
    const bench = h("fieldset", { class: "exp-bench" }, h("legend", { class: "gp-sr", text: "Knobs" }), h("div", { class: "exp-controls" }, controls.map(({ node }) => node)), back);
    const [light, numbers, rows] = [guess && firstGuess(panel), tiles(), parts.exploredTable()];
    const charts = drawings.map((name) => parts.drawings[name](panel));
    const caption = h("figcaption", { class: "exp-finding" });
    const fault = h("p", { class: "exp-fault", role: "alert", hidden: true });
    const live = h("output", { class: "gp-sr", "aria-live": "polite" });
    const figure = h("figure", { class: "exp-figure" }, h("div", { class: `exp-charts exp-charts-${charts.length}` }, charts.map(({ node }) => node)), caption);
    panel.onDrop(() => clearTimeout(timer));

    function showKnobs() {
      for (const { name, set } of controls) set(picks[name]);
      back.setAttribute("aria-disabled", String(same(picks, first)));
    }

    /** One question at a time: while Python is at one, the newest setting waits in `picks`, and all between are dropped. */
    function ask() {
      if (panel.pending) return void (asked ??= {}); // asked for something: this setting is newer
      asked = picks;
      panel.send({ event: "explore", picks });
    }

    function show(explorer) {
      const { explored, started, fault: line } = explorer;
      const now = JSON.stringify([explored, started, line]);
      if (now === drawn) return;
      const moved = drawn !== "";
      drawn = now;
      [fault.textContent, fault.hidden] = [line ?? "", !line];
      figure.hidden = numbers.node.hidden = rows.node.hidden = !explored;
      if (!explored) return;
      caption.textContent = explored.finding;
      keepTogether(caption);
      for (const piece of [numbers, rows, ...charts]) piece.set(explored, started ?? null);
      clearTimeout(timer);
      if (moved) timer = setTimeout(() => (live.textContent = explored.finding), SAY_AFTER_MS);
    }

    /** Python's word: draw it, then ask for what the hand has done since. */
    function update({ explorer, problem }) {
      if (!explorer) return;
      light?.set(explorer.guess);
      bench.disabled = Boolean(explorer.guess && explorer.guess.chosen === null);
      show(explorer);
      if (panel.pending) return;
      const newer = asked !== null && asked !== picks;
      if (newer && !problem) queueMicrotask(ask);
      else if (!newer) (asked = null), (picks = { ...explorer.picks }), showKnobs();
    }

    panel.form = { read: () => ({ guess: null, missing: "" }), focus: () => bench.querySelector("input, select")?.focus(), update };
    showKnobs();
    return h("div", { class: "exp" }, view.html && h("div", { class: "gp-words", html: view.html }),
      light?.node, bench, fault, figure, numbers.node, rows.node, live);
  }

  const data = ({ id, state, html, explorer }) => [id, state, html, explorer?.knobs, explorer?.drawings];
  kinds.explorer = { body, data };
}
