// The hall's screen: how to join, the question, how many have answered; later how the room voted, and the answer. Read from the last row.
{
  const SMALLEST = 0.62; // of the usual size of letters; what still does not fit scrolls
  const STEP = 0.06;
  const find = (id) => document.getElementById(id);
  const [main, banner, live] = ["main", "link", "live"].map(find);
  const page = { filling: null, onDrop: (drop) => page.filling?.drops.push(drop) }; // what a slot needs of a panel
  const slots = Object.fromEntries(["head", "question", "side", "foot"].map((name) => [name, makeSlot(page, name, {})]));
  const code = decodeURIComponent(location.hash.slice(1)); // behind the #, it stands in no server's log
  const theme = new URLSearchParams(location.search).get("theme");
  if (theme) document.documentElement.dataset.theme = theme;

  /** @type {ScreenState} */
  let now = null;

  /** Pixels of the page's letters; a drawing made for a phone is enlarged by as much. */
  const zoom = () => parseFloat(getComputedStyle(main).fontSize) / 14;

  const spaced = (code) => `${code.slice(0, 3)} ${code.slice(3)}`;
  /** Where to join, without what nobody needs to type. @param {ScreenState} state */
  const address = ({ join, code }) => join.replace(/^https?:\/\//, "").replace(new RegExp(`/?${code}$`), "");
  const people = (count) => `${count} ${count === 1 ? "person is" : "people are"} here`;

  /** @param {ScreenState} state */
  const square = ({ code, join }) => h("img", { class: "cl-qr", src: `qr.svg?screen=${encodeURIComponent(code)}`, alt: `QR code of ${join}` });

  /** @param {ScreenState} state */
  const invitation = (state) => h("div", { class: "cl-invitation" }, square(state),
    h("div", {}, h("p", { class: "cl-soft", text: "Join on your phone" }), h("p", { class: "cl-address", text: address(state) }),
      h("p", { class: "cl-soft", text: "with the code" }), h("p", { class: "cl-code-large", text: spaced(state.code) })));

  // --- what is asked ---------------------------------------------------------------------------------------------

  const words = (html) => h("span", { class: "gp-words", html });
  const canvas = (frame) => {
    const node = h("div", { class: "gp-canvas" });
    watchWidth(node, (width) => {
      const large = zoom();
      const { svg } = frame(width / large);
      for (const side of ["width", "height"]) svg.setAttribute(side, String(Number(svg.getAttribute(side)) * large));
      svg.setAttribute("aria-hidden", "true");
      node.replaceChildren(svg);
    }, /** @type {any} */ (page));
    return node;
  };

  /** What an answer will be. @type {Record<string, (ask: any) => any>} */
  const forms = {
    choice: ({ options }) => h("ul", { class: "gp-cards cl-cards" }, options.map(({ html }) => h("li", { class: "gp-card" }, words(html)))),
    number: ({ unit }) => h("p", { class: "cl-form", text: unit ? `A number, in ${unit}` : "A number" }),
    curve: (ask) => canvas((width) => plotFrame({ width, height: Math.min(240, width * 0.42), ask, yMin: ask.y_min, yMax: ask.y_max, right: 24 })),
    place: (ask) => canvas((width) => parts.roofFrame(ask, [ask.roof], width)),
    blanks: ({ parts: pieces }) => h("p", { class: "cl-form" }, pieces.map((html, i) => [i ? " ____ " : "", words(html)])),
  };
  forms.range = forms.number;

  /** @param {ScreenState} state */
  function question({ ask, shares, truth }) {
    const { kind, stem, ask: form } = /** @type {any} */ (ask);
    const voted = shares && parts.shares({ shares, view: /** @type {any} */ (ask), truth: /** @type {any} */ (truth), zoom: zoom() }, page);
    const right = truth && shares?.kind === "few" && /** @type {any} */ (truth).result?.summary;
    return h("section", { class: "gp" }, h("div", { class: "gp-at-stem gp-words", html: stem }), voted ?? forms[kind]?.(form),
      right && h("p", { class: "cl-form", text: right }), truth && parts.answer({ .../** @type {any} */ (truth), explanation: "" }));
  }

  // --- what is going on --------------------------------------------------------------------------------------------

  /** @param {ScreenState} state */
  function headline({ paused, poll, phase, ask }) {
    if (paused) return "Pause";
    if (!poll || !ask || phase === "draft") return "Welcome";
    if (ask.kind === "explain" && !["shown", "revealed"].includes(phase)) return "In pairs: explain it to each other";
    return { open1: "Answer alone", closed1: "The vote is closed", discuss: "Talk to your neighbour: convince them", open2: "Answer once more, alone",
      closed2: "The vote is closed", shown: "How you voted", revealed: "The answer" }[phase];
  }

  /** @param {ScreenState} state */
  const counted = ({ count, joined }) => h("p", { class: "cl-count" }, h("strong", { text: count }), ` of ${joined} answered`);

  /** Letters as large as the room on the screen allows. */
  function fit() {
    const root = document.documentElement;
    for (let size = 1; size >= SMALLEST; size -= STEP) {
      root.style.setProperty("--fit", size.toFixed(2));
      if (root.scrollHeight <= innerHeight) return;
    }
  }

  function paint() {
    const open = Boolean(now.poll && now.ask && now.phase !== "draft");
    const showing = open && Boolean(now.shares || now.truth);
    const votes = open && !showing && now.ask.kind !== "explain";
    const words = headline(now);
    const put = (name, data, build) => slots[name].fill(data || null, () => data && build());
    document.body.dataset.shows = !open ? "join" : showing ? "result" : "question";
    const news = put("head", [words, now.title], () => [h("h1", { text: words }), h("p", { class: "cl-soft", text: now.title })]);
    const changed = [
      put("question", open ? [now.poll.id, now.ask, now.shares, now.truth] : [now.join, now.code], () => (open ? question(now) : invitation(now))),
      put("side", open && !showing && [now.join, now.code], () => [square(now), h("p", { class: "cl-address", text: address(now) }), h("p", { class: "cl-code-large", text: spaced(now.code) })]),
    ].some(Boolean);
    put("foot", votes ? [now.count, now.joined] : open ? [now.join, now.code] : [now.joined], () =>
      votes ? counted(now) : h("p", { class: "cl-count", text: open ? `${address(now)} · ${spaced(now.code)}` : people(now.joined) }));
    main.classList.toggle("cl-paused", now.paused);
    document.title = `${words} · ${now.title}`;
    if (news) live.textContent = words;
    if (changed) requestAnimationFrame(fit);
  }

  /** @param {State} state */
  function take(state) {
    if (now && now.code === state.code && state.seq < now.seq) return;
    now = /** @type {ScreenState} */ (state);
    if (!slots.head.node.isConnected) main.replaceChildren(...Object.values(slots).map(({ node }) => node));
    paint();
  }

  function alone(headline, text) {
    banner.textContent = "";
    document.body.dataset.shows = "join";
    main.replaceChildren(h("h1", { text: headline }), h("p", { text }));
    now = null;
  }

  const linked = (yes) => (banner.textContent = yes || !now ? "" : "No connection to the class. It comes back by itself.");
  const refused = (problem) => alone("No class here", problem ?? "");
  const over = () => alone("The class is over", "Thank you.");
  addEventListener("resize", fit);
  parts.follow({ query: `?screen=${encodeURIComponent(code)}`, take, linked, refused, over });
}
