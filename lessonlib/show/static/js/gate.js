// The gate: what a decode step reads, as a train of bytes as long as its time at the gate, and the chip that waits behind it.
// It stands still, complete, until somebody presses Play; then it moves for five seconds at a stated part of the chip's speed.
{
  const SCENE_S = 5;
  const TOP = 50, TRAIN = 54; // pixels: where the train runs, and how tall it is
  const SLOT = 16; // the opening of the gate
  const LETTER = 7.7; // pixels of a letter of a label, at most
  const MOST_CARS = 48, MOST_DOTS = 6;

  const printer = (steps, unit) => (value) => parts.written(value, { steps, unit });

  /** Where everything stands at one width; `scale` is pixels a second at the gate. */
  function layout(width, gate, longest) {
    const chipWidth = width < 480 ? 92 : 168;
    const chip = { x: width - chipWidth - 2, y: TOP - 12, width: chipWidth, height: TRAIN + 24 };
    const funnel = width < 480 ? 22 : 34;
    const mouth = chip.x - funnel - 16; // the wide end of the gate
    const lane = mouth - 6;
    const time = (gate.weights + gate.cached) / gate.bandwidth;
    const scale = Math.min((0.55 * lane) / longest.start, (0.98 * lane) / time);
    return { width, chip, funnel, mouth, lane, time, scale, height: TOP + TRAIN + 84 };
  }

  function hatch(id) {
    return s("pattern", { id, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      s("rect", { width: 7, height: 7, class: "exp-gate-kv-back" }), s("rect", { width: 3, height: 7, class: "exp-gate-kv-line" }));
  }

  /** The cars of the train, its head at the mouth of the gate: the weights, then a cache for each request. */
  function train(gate, at, fill, solid) {
    const weights = (gate.weights / gate.bandwidth) * at.scale;
    const caches = (gate.cached / gate.bandwidth) * at.scale;
    const node = s("g", { class: solid ? "exp-train" : "exp-train exp-train-left" });
    node.append(s("rect", { x: at.mouth - weights, y: TOP, width: Math.max(weights, 1), height: TRAIN, class: "exp-car exp-look-weights" }));
    if (caches <= 0) return { node, weights, caches };
    const left = at.mouth - weights - caches;
    node.append(s("rect", { x: left, y: TOP, width: Math.max(caches, 1), height: TRAIN, class: "exp-car exp-look-kv", ...(solid ? { style: `fill:url(#${fill})` } : {}) }));
    const cars = Math.min(gate.requests, MOST_CARS);
    if (caches / cars > 3) for (let car = 1; car < cars; car += 1)
      node.append(s("line", { x1: left + (caches * car) / cars, x2: left + (caches * car) / cars, y1: TOP, y2: TOP + TRAIN, class: "exp-coupling" }));
    return { node, weights, caches };
  }

  /** Two walls that leave a slot, and the shape that the train is cut to: lane, funnel, slot. */
  function walls(at, id) {
    const [middle, bottom, end] = [TOP + TRAIN / 2, TOP + TRAIN, at.mouth + at.funnel];
    const [upper, lower] = [middle - SLOT / 2, middle + SLOT / 2];
    const shape = `M0 ${TOP}H${at.mouth}L${end} ${upper}H${at.chip.x}V${lower}H${end}L${at.mouth} ${bottom}H0z`;
    const wall = (from, to, out) => s("path", { class: "exp-wall", d: `M${at.mouth} ${from}L${end} ${to}H${at.chip.x - 2}V${out}H${at.mouth}z` });
    return { clip: s("clipPath", { id }, s("path", { d: shape })), nodes: [wall(TOP, upper, TOP - 12), wall(bottom, lower, bottom + 12)] };
  }

  /** Time at the gate, from its mouth back to the end of the lane. */
  function ruler(at, time) {
    const y = TOP + TRAIN + 22;
    const most = at.lane / at.scale;
    const nodes = [s("line", { x1: at.mouth - at.lane, x2: at.mouth, y1: y, y2: y, class: "gp-axis" })];
    let last = at.mouth + 99;
    for (const tick of axisTicks({ log: false, min: 0, max: most, count: at.width < 480 ? 2 : 5 })) {
      const x = at.mouth - tick * at.scale;
      nodes.push(s("line", { x1: x, x2: x, y1: y - 4, y2: y + 4, class: "gp-axis" }));
      const words = tick === 0 ? "0" : time(tick);
      if (x + words.length * 3.8 > last || x - words.length * 3.8 < 0) continue;
      last = x - words.length * 3.8 - 8;
      nodes.push(s("text", { x, y: y + 17, class: "gp-tick gp-middle", text: words }));
    }
    return nodes;
  }

  /** Words over the train that begin at `x`, further left where there is no room. */
  function label(at, x, y, words) {
    const room = at.mouth - words.length * LETTER;
    return s("text", x > room ? { x: Math.max(at.mouth, words.length * LETTER), y, class: "exp-label gp-end", text: words } : { x: Math.max(0, x), y, class: "exp-label", text: words });
  }

  /** The chip: how busy its arithmetic is in a step. */
  function chipNodes(gate, at) {
    const { x, y, width, height } = at.chip;
    const share = Math.min(1, gate.compute_s / gate.seconds);
    const percent = `${Number((100 * share).toPrecision(2))} %`;
    const narrow = width < 120;
    const bar = { x: x + 10, width: width - 20, y: y + height - 20, height: 11 };
    return [
      s("rect", { x, y, width, height, rx: 7, class: "exp-chip" }),
      s("text", { x: x + width / 2, y: y + 20, class: "exp-label gp-middle", text: narrow ? "chip" : gate.chip }),
      s("text", { x: x + width / 2, y: y + 38, class: "gp-tick gp-middle", text: narrow ? "arithmetic" : "arithmetic busy" }),
      s("text", { x: x + width / 2, y: y + 53, class: "gp-tick gp-middle exp-strong", text: narrow ? percent : `${percent} of the step` }),
      s("rect", { ...bar, class: "exp-gauge" }),
      s("rect", { ...bar, width: Math.max(1.5, bar.width * share), class: "exp-gauge-full exp-look-compute" }),
    ];
  }

  /** A column of dots for each step that is done: a token for each request. */
  function tokens(gate, at) {
    const { x, y, width, height } = at.chip;
    const node = s("g", {});
    const dots = Math.min(gate.requests, MOST_DOTS);
    const name = gate.requests === 1 ? "a token a step" : width < 120 ? `${gate.requests} a step` : `${gate.requests} tokens a step`;
    const set = (steps) => {
      const gap = Math.min(9, (width - 8) / Math.max(1, steps));
      node.replaceChildren(...Array.from({ length: Math.min(steps, 40) * dots }, (_, i) =>
        s("circle", { cx: x + 6 + Math.floor(i / dots) * gap, cy: y + height + 28 + (i % dots) * 7, r: Math.min(2.8, gap / 2.4), class: "exp-token" })),
        s("text", { x: x + 2, y: y + height + 16, class: "gp-tick", text: name }));
    };
    return { node, set };
  }

  const many = (number, word) => `${number.toLocaleString("en-US")} ${word}${number === 1 ? "" : "s"}`;

  /** What has come out after so much time of the chip. */
  function outcome(gate, time, seconds) {
    const passed = seconds / gate.seconds + 1e-9;
    const steps = Math.floor(passed);
    const rest = Math.round(100 * (passed - steps));
    const each = gate.requests > 1 ? `, ${steps} for each of ${gate.requests} requests` : "";
    const done = steps ? `${many(steps, "step")}, ${many(steps * gate.requests, "token")}${each}` : "";
    const begun = rest ? `${rest} % of the ${steps ? "next" : "first"} step` : "";
    return { steps, words: `${time(seconds)} of the chip: ${[done, begun].filter(Boolean).join("; ")}` };
  }

  parts.drawings = { ...parts.drawings, gate: (panel) => {
    const place = h("div", { class: "exp-canvas exp-scene" });
    const line = h("p", { class: "exp-scene-words" });
    const play = button("Play", () => (playing ? pause() : start()), { class: "exp-play" });
    const node = h("div", {}, place, h("div", { class: "exp-player" }, reducedMotion() ? null : play, line));
    let [wide, gate, longest, scene] = [0, null, { start: 0 }, null];
    let [playing, seconds, before, moved] = [false, 0, 0, false]; // seconds of the scene that have been played

    /** @param {any} explored */
    function build(explored) {
      const at = layout(wide, gate, longest);
      const [size, time] = [printer(gate.bytes, "B"), printer(gate.times, "s")];
      const [clip, fill] = [`${panel.uid}-gate`, `${panel.uid}-kv`];
      const svg = s("svg", { viewBox: `0 0 ${wide} ${at.height}`, width: wide, height: at.height, class: "gp-plot exp-plot", role: "img", "aria-label": explored.finding });
      const wall = walls(at, clip);
      const left = train(gate, at, fill, false); // what is read stays in memory: its outline
      const moving = train(gate, at, fill, true);
      const dots = tokens(gate, at);
      const narrow = wide < 480;
      const bits = `${gate.bits} bits`;
      const clock = `${narrow ? "time at" : "time at the gate:"} ${printer(gate.rates, "B/s")(gate.bandwidth)}`;
      const caches = `${gate.requests > 1 ? `${gate.requests} caches` : "cache"} ${size(gate.cached)}`;
      const tail = at.mouth - left.weights - left.caches;
      const begun = at.mouth - longest.start * at.scale; // how long the train was at the start
      const leader = (x, from) => s("line", { x1: x, x2: x, y1: from, y2: TOP, class: "exp-leader" });
      svg.append(s("defs", {}, hatch(fill), wall.clip), leader(at.mouth - 1, 18), ...(left.caches > 0 ? [leader(Math.max(1, tail + 1), 37)] : []),
        moved ? s("line", { x1: begun, x2: begun, y1: TOP - 6, y2: TOP + TRAIN + 22, class: "exp-drop" }) : "",
        label(at, at.mouth, 14, narrow ? `weights ${size(gate.weights)} · ${bits}` : `weights ${size(gate.weights)} · ${bits} each, read once`),
        label(at, tail, 33, caches),
        left.node, s("g", { "clip-path": `url(#${clip})` }, moving.node), ...wall.nodes, ...chipNodes(gate, at), dots.node, ...ruler(at, time),
        s("text", { x: Math.max(at.mouth, clock.length * LETTER), y: TOP + TRAIN + 56, class: "gp-axis-title gp-end", text: clock }));
      scene = { at, moving: moving.node, dots, time, length: left.weights + left.caches };
      place.replaceChildren(svg);
    }

    /** The train so far on its way; at rest the whole of it waits, and the line tells what five seconds bring. */
    function show() {
      const chip = (playing || seconds ? seconds : SCENE_S) / gate.slowed;
      const { steps, words } = outcome(gate, scene.time, chip);
      const phase = playing || seconds ? (chip / gate.seconds) % 1 : 0;
      scene.moving.setAttribute("transform", `translate(${(phase * scene.length).toFixed(1)} 0)`);
      scene.dots.set(steps);
      line.textContent = `${playing || seconds ? "So far" : `${SCENE_S} s of the scene`} = ${words}. Shown ${gate.slowed.toLocaleString("en-US")} times slower than the chip.${moved ? ` At the start the bytes of a step took ${scene.time(longest.start)} (dotted line).` : ""}`;
      play.textContent = playing ? "Pause" : seconds ? "Go on" : "Play";
      node.dataset.playing = String(playing);
    }

    function tick(now) {
      if (!playing) return;
      if (!node.isConnected) return rest();
      seconds += Math.min(0.1, (now - before) / 1000); // a page that slept does not jump
      before = now;
      if (seconds >= SCENE_S) return rest();
      show();
      requestAnimationFrame(tick);
    }

    const rest = () => ([playing, seconds] = [false, 0], scene && show());
    const pause = () => ((playing = false), show());
    function start() {
      [playing, before] = [true, performance.now()];
      show();
      requestAnimationFrame(tick);
    }

    let now = null;
    const draw = () => now && wide && (build(now), show());
    watchWidth(place, (width) => ((wide = Math.max(width, 200)), draw()), panel);
    panel.onDrop(() => (playing = false));
    const set = (explored, started) => {
      [now, gate] = [explored, explored.gate];
      const first = (started ?? explored).gate;
      longest.start = (first.weights + first.cached) / first.bandwidth;
      [playing, seconds, moved] = [false, 0, started !== null];
      draw();
    };
    return { node, set };
  } };
}
