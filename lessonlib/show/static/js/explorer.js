// The explorer: batch, context, GPU and precision of the weights, and the ceilings that follow from them.
// Python sends short tables once (see explorer.py); all else is arithmetic and drawing in the browser.
{
  const SAY_AFTER_MS = 400;
  const SIGN = { memory: "■", compute: "▲" };

  // Arithmetic. pick: {batch, context (index), gpu, weights}; results in seconds, bytes, tokens/s.

  const named = (list, name) => list.find((entry) => entry.name === name);
  /** Weights that a step reads: what every token uses, and the experts that any of its tokens is expected to pick. */
  const weightsRead = ({ left_out }, { always, routed }, batch) => always + routed * (1 - left_out ** batch);

  /** The longer of the two times is the ceiling. */
  const longer = (memory_s, compute_s) => ({ memory_s, compute_s, seconds: Math.max(memory_s, compute_s), bound: compute_s > memory_s ? "compute" : "memory" });

  /** One prompt as long as the context; null where there is none. */
  function prefillAt(data, { context, gpu, weights }) {
    const tokens = data.contexts[context];
    if (!tokens) return null;
    const { bandwidth, work } = named(data.gpus, gpu);
    const moved = named(data.weights, weights).prefill_bytes[context];
    const cost = longer(moved / bandwidth, work[weights].prefill_compute_s[context]);
    return { ...cost, tokens, tokens_per_s: tokens / cost.seconds };
  }

  /** One decode step. */
  function decodeAt(data, pick) {
    const { batch, context } = pick;
    const gpu = named(data.gpus, pick.gpu);
    const { compute_s, most } = gpu.work[pick.weights];
    const stored = named(data.weights, pick.weights);
    const { held } = stored;
    const bytes = { weights: weightsRead(data, stored, batch), kv: batch * data.kv_bytes[context], state: batch * data.state_bytes };
    const cost = longer((bytes.weights + bytes.kv + bytes.state) / gpu.bandwidth, batch * compute_s[context]);
    return {
      ...cost, bytes, tokens_per_s: batch / cost.seconds, per_user: 1 / cost.seconds,
      weights_held: held, held: held + batch * data.sequence_bytes[context], usable: data.usable * gpu.memory,
      most: most[context], fits: batch <= most[context],
    };
  }

  /** Tokens/s that no batch can cross at this context: of compute, and of each request's own bytes. */
  function roofsAt(data, { context, gpu, weights }) {
    const { bandwidth, work } = named(data.gpus, gpu);
    return { memory: bandwidth / (data.kv_bytes[context] + data.state_bytes), compute: 1 / work[weights].compute_s[context] };
  }

  /** The batch from which compute takes longer than memory; null where no batch of the slider gets there. */
  function turnsAt(data, pick) {
    const computes = (batch) => decodeAt(data, { ...pick, batch }).bound === "compute";
    let [low, high] = [data.batches[0], data.batches.at(-1)];
    if (!computes(high)) return null;
    if (computes(low)) return low;
    while (high / low > 1.0005) {
      const middle = Math.sqrt(low * high);
      [low, high] = computes(middle) ? [low, middle] : [middle, high];
    }
    return high;
  }

  /** [batch, tokens/s] along the curve, the knee among them. */
  function curveAt(data, pick) {
    const quarters = Array.from({ length: 4 * Math.log2(data.batches.at(-1)) + 1 }, (_, step) => 2 ** (step / 4));
    const batches = [...quarters, turnsAt(data, pick) ?? 1].sort((a, b) => a - b);
    return batches.map((batch) => [batch, decodeAt(data, { ...pick, batch }).tokens_per_s]);
  }

  /** Decades that hold every curve of every choice, so that the axis never moves under the hand. */
  function decades(data) {
    const { gpus, weights, contexts, batches } = data;
    const all = gpus.flatMap(({ name: gpu }) => weights.flatMap(({ name }) => contexts.flatMap((_, context) =>
      [batches[0], batches.at(-1)].map((batch) => decodeAt(data, { batch, context, gpu, weights: name }).tokens_per_s))));
    return { yMin: 10 ** Math.floor(Math.log10(Math.min(...all))), yMax: 10 ** Math.ceil(Math.log10(Math.max(...all))) };
  }

  const rate = (value) => `${sig3(value)} tok/s`;
  /** Prints in the units that Python names. */
  const printer = (steps) => (value) => {
    const [number, unit] = inUnits(steps, value);
    return `${sig3(number)} ${unit}`;
  };
  const many = (number, word) => `${number.toLocaleString("en-US")} ${word}${number === 1 ? "" : "s"}`;
  const limit = (kind) => `${SIGN[kind]} ${kind}-bound`;

  function roomWords(size, { fits, held, usable, most, weights_held }) {
    const over = `${size(held)} is ${size(Math.max(0, held - usable))} more than the ${size(usable)} usable`;
    const limits = most ? `room for ${many(most, "such request")}` : `the weights alone take ${size(weights_held)}`;
    return `${fits ? `${size(held)} of ${size(usable)} usable` : over}; ${limits}`;
  }

  /** What the live region says once the hand rests. */
  function summary(time, data, pick, step, prompt) {
    const set = `${many(pick.batch, "request")}, context ${many(data.contexts[pick.context], "token")}, ${named(data.gpus, pick.gpu).label}, ${pick.weights} weights`;
    const read = prompt ? ` Prefill is ${prompt.bound}-bound, at most ${rate(prompt.tokens_per_s)}.` : "";
    return `${set}: decode at most ${rate(step.tokens_per_s)} in total, ${rate(step.per_user)} for each user, ${time(step.seconds)} a step, ${step.bound}-bound.${read} It ${step.fits ? "fits" : "does not fit"} in memory.`;
  }

  // Pieces. Each is {node, set(...)}: built once, changed in place.

  function control(id, label, input) {
    const value = h("span", { class: "exp-value", "aria-hidden": "true" });
    return { value, node: h("div", { class: "exp-field" }, h("div", { class: "exp-name" }, h("label", { for: id, text: label }), value), input) };
  }

  /** A slider over the stops of a list; `words(index)` stands beside its name and is read out as its value. */
  function slider(id, label, stops, words, oninput) {
    const input = h("input", { type: "range", id, min: 0, max: stops.length - 1, step: 1, oninput });
    const { node, value } = control(id, label, input);
    const set = (index) => {
      input.value = index;
      input.setAttribute("aria-valuetext", (value.textContent = words(index)));
      input.style.setProperty("--exp-done", `${(100 * index) / (stops.length - 1)}%`);
    };
    return { node, set };
  }

  function menu(id, label, entries, own, oninput) {
    const option = ({ name, label: text }) => h("option", { value: name, text: name === own ? `${text} (your lab)` : text });
    const input = h("select", { id, oninput }, entries.map(option));
    return { ...control(id, label, input), set: (name) => (input.value = name) };
  }

  function tile(label) {
    const [value, note] = ["exp-big", "exp-note"].map((look) => h("dd", { class: look }));
    return { node: h("div", { class: "exp-tile" }, h("dt", { text: label }), value, note), set: (...texts) => ([value.textContent, note.textContent] = texts) };
  }

  /** Time to move the bytes against time to do the arithmetic, on one scale: the full bar sets the pace. */
  function race(time) {
    const [title, verdict] = [h("span", {}), h("strong", {})];
    const rows = Object.keys(SIGN).map((kind) => {
      const [fill, value] = [h("div", { class: `exp-fill exp-${kind}` }), h("span", { class: "exp-time" })];
      return { kind, fill, value, node: h("div", { class: "exp-row" }, h("span", { text: `${SIGN[kind]} ${kind}` }), h("div", { class: "exp-track" }, fill), value) };
    });
    const node = h("section", {}, h("h4", {}, title, verdict), rows.map((row) => row.node));
    const set = (words, cost) => {
      node.hidden = !cost;
      if (!cost) return;
      [title.textContent, verdict.textContent] = [words, limit(cost.bound)];
      for (const row of rows) {
        row.fill.style.width = `${(100 * cost[`${row.kind}_s`]) / cost.seconds}%`;
        row.node.classList.toggle("exp-binds", row.kind === cost.bound);
        row.value.textContent = time(cost[`${row.kind}_s`]);
      }
    };
    return { node, set };
  }

  /** What a step hauls, as one bar in parts, each part with its bytes and its share. */
  function haul(size, withState) {
    const parts = [["weights", "weights"], ["kv", "KV cache"], ...(withState ? [["state", "state"]] : [])];
    const pieces = parts.map(([key, label]) => ({ key, label, bar: h("div", { class: `exp-piece exp-${key}` }), words: h("span", {}) }));
    const total = h("strong", {});
    const item = ({ key, words }) => h("li", {}, h("span", { class: `exp-key exp-${key}`, "aria-hidden": "true" }), words);
    const stack = h("div", { class: "exp-stack", "aria-hidden": "true" }, pieces.map(({ bar }) => bar));
    const node = h("section", {}, h("h4", {}, "Bytes that a decode step moves", total), stack, h("ul", {}, pieces.map(item)));
    const set = ({ bytes }) => {
      const sum = bytes.weights + bytes.kv + bytes.state;
      total.textContent = size(sum);
      for (const { key, label, bar, words } of pieces) {
        bar.style.flexGrow = bytes[key] / sum;
        words.textContent = `${label} ${size(bytes[key])} (${((100 * bytes[key]) / sum).toFixed(0)} %)`;
      }
    };
    return { node, set };
  }

  /** Memory held against memory usable: a used part, then what is free or what is too much. */
  function room(size) {
    const [verdict, used, rest, words] = [h("strong", {}), h("div", { class: "exp-used" }), h("div", {}), h("p", {})];
    const node = h("section", {}, h("h4", {}, "Memory held", verdict), h("div", { class: "exp-stack", "aria-hidden": "true" }, used, rest), words);
    const set = (step) => {
      verdict.textContent = step.fits ? "✓ fits" : "✕ does not fit";
      words.textContent = roomWords(size, step);
      used.style.flexGrow = Math.min(step.held, step.usable);
      rest.style.flexGrow = Math.abs(step.usable - step.held);
      rest.className = step.fits ? "exp-free" : "exp-over";
    };
    return { node, set };
  }

  /** The chart at one width: frame and empty layers; `set` moves the layers. */
  function chart(data, range, width, uid) {
    const ask = { x: data.batches, x_log: true, y_log: true, x_label: "batch", x_unit: "requests decoded together", y_label: "tokens per second", y_unit: "all users" };
    const { svg, x, y, box } = plotFrame({ width, height: Math.round(Math.min(270, width * 0.75)), ask, ...range, right: 2 });
    const clip = s("clipPath", { id: `${uid}-exp-clip` }, s("rect", { x: box.left, y: box.top, width: box.right - box.left, height: box.bottom - box.top }));
    const inside = s("g", { "clip-path": `url(#${uid}-exp-clip)` }, ["nofit", "ideal", "memory", "compute", "own", "curve"].map((name) => s("path", { class: `exp-line-${name}` })));
    const [nofit, ideal, memory, compute, before, curve, point] = [...inside.children, s("path", {})];
    svg.append(clip, inside, point);
    setAttributes(svg, { role: "img", "aria-label": "Ceiling of decode against batch, on log axes; the table below holds the numbers" });
    const through = (points) => pathThrough(points.map(([batch, value]) => [x(batch), y(value)]));
    const flat = (value) => `M${box.left} ${y(value).toFixed(1)}H${box.right}`;
    const set = (pick, own, step) => {
      const roofs = roofsAt(data, pick);
      const alone = decodeAt(data, { ...pick, batch: 1 }).tokens_per_s;
      curve.setAttribute("d", through(curveAt(data, pick)));
      before.setAttribute("d", own ? through(curveAt(data, own)) : "");
      ideal.setAttribute("d", through([data.batches[0], data.batches.at(-1)].map((batch) => [batch, alone * batch])));
      memory.setAttribute("d", flat(roofs.memory));
      compute.setAttribute("d", flat(roofs.compute));
      const edge = step.most ? x(step.most) : box.left;
      nofit.setAttribute("d", step.most < data.batches.at(-1) ? `M${edge.toFixed(1)} ${box.top}V${box.bottom}H${width}V${box.top}z` : "");
      const at = `M${x(pick.batch).toFixed(1)} ${y(step.tokens_per_s).toFixed(1)}`; // square or triangle: the roof; hollow: does not fit
      point.setAttribute("d", step.bound === "memory" ? `${at}m-6-6h12v12h-12z` : `${at}m0-8 8 14h-16z`);
      point.setAttribute("class", `exp-point exp-point-${step.bound}${step.fits ? "" : " exp-hollow"}`);
    };
    return { svg, set };
  }

  /** The lines of the chart in words, with their numbers. */
  function legend(data) {
    const swatch = (name) => s("svg", { width: 26, height: 12, "aria-hidden": "true" }, s("path", { class: `exp-line-${name}`, d: name === "nofit" ? "M1 1H25V11H1z" : "M1 6H25" }));
    const items = ["curve", "own", "ideal", "memory", "compute", "nofit"].map((name) => ({ name, node: h("li", {}, swatch(name), h("span", {})) }));
    const knee = h("p", {});
    const set = (pick, own, step) => {
      const [roofs, turn, last] = [roofsAt(data, pick), turnsAt(data, pick), data.batches.at(-1)];
      const texts = {
        curve: `ceiling at ${many(data.contexts[pick.context], "token")} of context`,
        own: own && `your lab: ${named(data.gpus, own.gpu).label}, ${own.weights}`,
        ideal: "if every doubling doubled",
        memory: `${SIGN.memory} roof of KV cache${data.state_bytes ? " + state" : ""} ${rate(roofs.memory)}`,
        compute: `${SIGN.compute} roof of compute ${rate(roofs.compute)}`,
        nofit: step.most < last && (step.most ? `does not fit: more than ${step.most}` : "does not fit at any batch"),
      };
      for (const { name, node } of items) [node.hidden, node.lastChild.textContent] = [!texts[name], texts[name] || ""];
      knee.textContent = turn ? `${limit("compute")} from batch ${sig3(turn)} on` : `${limit("memory")} to batch ${last}`;
    };
    return { node: h("figcaption", {}, knee, h("ul", {}, items.map((item) => item.node))), set };
  }

  /** The same numbers as a table, one row a batch; the row of the slider is marked. */
  function table(data) {
    const heads = ["batch", "tok/s in total", "tok/s per user", "ms a step", "roof", "fits"];
    const rows = data.batches.map((batch) => h("tr", {}, h("th", { scope: "row", text: String(batch) }), heads.slice(1).map(() => h("td", {}))));
    const caption = h("caption", {});
    const node = h("table", { class: "exp-table" }, caption, h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col", text })))), h("tbody", {}, rows));
    const set = (pick) => {
      caption.textContent = `Ceilings of decode, ${many(data.contexts[pick.context], "token")} of context, ${named(data.gpus, pick.gpu).label}, ${pick.weights} weights`;
      data.batches.forEach((batch, index) => {
        const step = decodeAt(data, { ...pick, batch });
        const words = [sig3(step.tokens_per_s), sig3(step.per_user), sig3(step.seconds * 1e3), `${SIGN[step.bound]} ${step.bound}`, step.fits ? "✓ yes" : "✕ no"];
        words.forEach((text, column) => (rows[index].children[column + 1].textContent = text));
        rows[index].ariaCurrent = batch === pick.batch ? "true" : null;
      });
    };
    return { node, set };
  }

  function body({ explorer: data, html }, panel) {
    const { start: { gpu, weights }, batches, contexts } = data;
    const pick = { ...data.start, batch: batches[data.start.batch] };
    const range = decades(data);
    const [time, size] = [printer(data.units.seconds), printer(data.units.bytes)];
    const id = (name) => `${panel.uid}-exp-${name}`;
    const take = (key, read) => ({ target }) => ((pick[key] = read(target.value)), draw(), saySoon());
    const controls = {
      batch: slider(id("batch"), "Batch", batches, (at) => many(batches[at], "request"), take("batch", (at) => batches[at])),
      context: slider(id("context"), "Context of each", contexts, (at) => many(contexts[at], "token"), take("context", Number)),
      gpu: menu(id("gpu"), "GPU", data.gpus, gpu, take("gpu", String)),
      weights: menu(id("weights"), "Weights", data.weights, weights, take("weights", String)),
    };
    const tiles = ["Decode, all users", "Decode, each user", "Decode step", "Prefill"].map(tile);
    const [decoding, prefilling, bytes, memory, key, rows] = [race(time), race(time), haul(size, data.state_bytes > 0), room(size), legend(data), table(data)];
    const [canvas, live] = [h("div", { class: "exp-canvas" }), h("output", { class: "gp-sr", "aria-live": "polite" })];
    let [plot, timer] = [null, 0];
    const saySoon = () => (clearTimeout(timer), (timer = setTimeout(() => (live.textContent = summary(time, data, pick, decodeAt(data, pick), prefillAt(data, pick))), SAY_AFTER_MS)));
    panel.onDrop(() => clearTimeout(timer));

    function draw() {
      const [step, prompt] = [decodeAt(data, pick), prefillAt(data, pick)];
      const own = pick.gpu === gpu && pick.weights === weights ? null : { ...pick, gpu, weights };
      const against = (at, now) => (own && now ? `${sig3(now.tokens_per_s / at(data, own).tokens_per_s)} × your lab` : "ceiling");
      for (const [name, { set }] of Object.entries(controls)) set(name === "batch" ? batches.indexOf(pick.batch) : pick[name]);
      tiles[0].set(rate(step.tokens_per_s), against(decodeAt, step));
      tiles[1].set(rate(step.per_user), step.fits ? "ceiling" : "✕ if it fitted");
      tiles[2].set(time(step.seconds), step.fits ? "at best" : "✕ if it fitted");
      tiles[3].set(prompt ? rate(prompt.tokens_per_s) : "no prompt", prompt ? against(prefillAt, prompt) : "");
      decoding.set(`Decode, ${many(pick.batch, "request")}`, step);
      prefilling.set(prompt && `Prefill, ${many(prompt.tokens, "token")}`, prompt);
      for (const piece of [bytes, memory]) piece.set(step);
      for (const piece of [key, plot, rows]) piece?.set(pick, own, step);
    }

    watchWidth(canvas, (width) => (canvas.replaceChildren((plot = chart(data, range, width, panel.uid)).svg), draw()), panel);
    draw();
    return h("div", { class: "exp" }, html && h("div", { class: "gp-words", html }),
      h("div", { class: "exp-controls" }, Object.values(controls).map(({ node }) => node)),
      h("dl", { class: "exp-tiles" }, tiles.map(({ node }) => node)),
      h("div", { class: "exp-columns" }, h("div", { class: "exp-column" }, [decoding, prefilling, bytes, memory].map(({ node }) => node)), h("figure", {}, canvas, key.node)),
      rows.node,
      h("p", { class: "exp-fine", text: `A ceiling is what the data sheets allow at best: only the bytes and the arithmetic that nothing can save. KV cache in ${data.kv}; no activations, no traffic between GPUs, no waiting. ${data.left_out ? "Experts: as many as the batch is expected to touch, if a router picks all alike. " : ""}Usable: ${100 * data.usable} % of the memory.` }),
      live);
  }

  kinds.explorer = { body, arithmetic: { decodeAt, prefillAt, roofsAt, turnsAt, curveAt } };
}
