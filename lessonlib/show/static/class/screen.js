// The hall's screen: how to join, the question, how many have answered; later how the room voted, and the answer. Read from the last row.
{
  const SIZES = [1.3, 1.2, 1.1, 1, 0.94, 0.88, 0.82, 0.76, 0.7, 0.64]; // of letters, of their usual size; what still does not fit scrolls
  const find = (id) => document.getElementById(id);
  const [main, banner, live] = ["main", "link", "live"].map(find);
  const page = { filling: null, onDrop: (drop) => page.filling?.drops.push(drop) }; // what a slot needs of a panel
  const slots = Object.fromEntries(["head", "question", "side", "foot"].map((name) => [name, makeSlot(page, name, {})]));
  const code = decodeURIComponent(location.hash.slice(1)); // behind the #, it stands in no server's log
  const theme = new URLSearchParams(location.search).get("theme");
  if (theme) document.documentElement.dataset.theme = theme;

  /** @type {ScreenState} */
  let now = null;

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
  const canvas = (frame) => parts.canvas((room) => {
    const { svg } = frame(room);
    svg.setAttribute("aria-hidden", "true");
    return svg;
  }, page, true);

  /** What an answer will be. @type {Record<string, (ask: any) => any>} */
  const forms = {
    choice: ({ options }) => h("ul", { class: "gp-cards cl-cards" }, options.map(({ html }) => h("li", { class: "gp-card" }, words(html)))),
    number: ({ unit }) => h("p", { class: "cl-form", text: unit ? `A number, in ${unit}` : "A number" }),
    curve: (ask) => canvas(({ width, height }) => plotFrame({ width, height, ask, yMin: ask.y_min, yMax: ask.y_max, right: 24 })),
    place: (ask) => canvas((room) => parts.roofFrame(ask, [ask.roof], parts.roofWidth(room))),
    blanks: ({ parts: pieces }) => h("p", { class: "cl-form" }, pieces.map((html, i) => [i ? " ____ " : "", words(html)])),
  };
  forms.range = forms.number;

  /** @param {ScreenState} state */
  function question({ ask, shares, truth }) {
    const { kind, stem, ask: form } = /** @type {any} */ (ask);
    const voted = shares && kind !== "explain" && parts.shares({ shares, view: /** @type {any} */ (ask), truth: /** @type {any} */ (truth) }, page, true);
    const right = truth && shares?.kind === "few" && kind !== "explain" && /** @type {any} */ (truth).result?.summary;
    const told = truth && [right && h("p", { class: "cl-form", text: right }), parts.answer({ .../** @type {any} */ (truth), explanation: "" })];
    return h("section", { class: "gp" }, h("div", { class: "gp-at-stem gp-words", html: stem }),
      h("div", { class: voted && told ? "cl-two" : "cl-one" }, h("div", {}, voted ?? (told ? null : forms[kind]?.(form))), told && h("div", { class: "cl-told" }, told)));
  }

  // --- what is going on --------------------------------------------------------------------------------------------

  /** @param {ScreenState} state */
  function headline({ paused, poll, phase, ask }) {
    if (paused) return "Pause";
    if (!poll || !ask || phase === "draft") return "Welcome";
    if (ask.kind === "explain" && phase !== "revealed") return "In pairs: explain it to each other";
    return { open1: "Answer alone", closed1: "The vote is closed", discuss: "Talk to your neighbour: convince them", open2: "Answer once more, alone",
      closed2: "The vote is closed", shown: "How you voted", revealed: "The answer" }[phase];
  }

  /** @param {ScreenState} state */
  const counted = ({ count, joined }) => h("p", { class: "cl-count" }, h("strong", { text: count }), ` of ${joined} answered`);

  /** Letters as large as the room on the screen allows. */
  function fit() {
    const root = document.documentElement;
    for (const size of SIZES) {
      root.style.setProperty("--fit", String(size));
      if (root.scrollHeight <= innerHeight) return;
    }
  }

  function paint() {
    const open = Boolean(now.poll && now.ask && now.phase !== "draft");
    const showing = open && Boolean(now.truth || (now.shares && now.ask.kind !== "explain"));
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
