// The voter's page: what the class is doing, the question as a panel, and this voter's own answer.
{
  const QUIET_MS = 1_200; // a vote that is not acknowledged by then says so; the panel's own words would speak of a kernel
  const CODE = /^[2-9A-HJ-NP-Y]{6}$/; // as a class has it
  const NO_SKIP = "This question is answered with the class."; // as the panel knows an exam: no way to the answer but the class's
  const KEPT = "Your answer is kept.";
  const LINES_WITHIN_MS = 4_000; // the phones of a hall fetch their lines spread over this time

  const find = (id) => document.getElementById(id);
  const [main, banner, live, footer] = ["main", "link", "live", "data"].map(find);
  const page = { filling: null, onDrop: (drop) => page.filling?.drops.push(drop) }; // what a slot needs of a panel
  const slots = Object.fromEntries(["head", "room", "first", "question", "actions", "shares"].map((name) => [name, makeSlot(page, name, {})]));

  /** @type {State} */
  let now = null;
  let line = null; // to the server, once joined
  let changing = ""; // the place (question and round) for which this voter wants another answer
  let news = null; // what became of a vote, { at, text }, while its place is on show
  let asked = ""; // the state for which the whole one was fetched
  let kept = 0; // votes acknowledged
  let ended = false; // as far as the server said
  let lines = null; // this voter's own lines, kept here because a class's server ends with the class
  let panel = null; // the question on show: { id, model, drop }
  /** @type {Map<string, Mine>} question -> what this voter sent */
  const own = new Map();

  const drawn = (bytes) => [...crypto.getRandomValues(new Uint8Array(bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const place = (state) => `${state.poll?.id}/${state.round}`;
  const votes = (state) => state.poll && ["open1", "open2"].includes(state.phase) && !aloud(state);
  /** What is told to a neighbour has no vote. */
  const aloud = (state) => state.ask?.kind === "explain";
  const mine = (state) => own.get(state.poll?.id)?.rounds ?? {};

  function say(text) {
    if (live.textContent !== text) live.textContent = text;
  }

  // --- a vote on its way -----------------------------------------------------------------------------------------

  const STORED = "class-vote"; // so that a page which the phone threw away in between sends it again, under the same key
  const store = {
    /** What `act` does with the store of this tab; null in a browser that keeps none, which votes all the same. */
    safely: (act) => {
      try {
        return act(sessionStorage);
      } catch {
        return null;
      }
    },
    read: () => store.safely((kept) => JSON.parse(kept.getItem(STORED))),
    write: (vote) => store.safely((kept) => (vote ? kept.setItem(STORED, JSON.stringify(vote)) : kept.removeItem(STORED))),
  };
  const outbox = { vote: store.read(), sending: false, retry: undefined, tries: 0 };

  function hold(vote) {
    outbox.vote = vote;
    outbox.tries = 0;
    store.write(vote);
  }

  /** Sends the vote that waits, until an answer comes; a lost answer is asked for again under the same key. */
  async function deliver() {
    clearTimeout(outbox.retry);
    const { vote } = outbox;
    if (!vote || outbox.sending || !now) return;
    outbox.sending = true;
    const late = setTimeout(() => panel?.model.refuse("Not sent yet. It stays here and goes out by itself."), QUIET_MS);
    const { poll, round, key, guess, confidence } = vote;
    const { ok, status, told } = await parts.call("PUT", `polls/${encodeURIComponent(poll)}/rounds/${round}/vote`, { key, guess, confidence });
    clearTimeout(late);
    outbox.sending = false;
    if (ok) return taken(vote, told);
    if (status === 401) await again();
    if ([0, 401, 429].includes(status) || status >= 500 || (status === 409 && now.paused)) {
      panel?.model.refuse(told.problem ?? "Not sent yet. It stays here and goes out by itself.");
      outbox.retry = setTimeout(deliver, parts.pause(outbox.tries++));
      return;
    }
    hold(null);
    const text = told.problem ?? "The class did not take this answer.";
    if (status !== 409) return panel?.model.refuse(text);
    news = { at: `${poll}/${round}`, text };
    panel?.model.done();
    line?.look();
    draw();
  }

  /** @param {{ poll: string, round: number }} vote @param {Kept} told */
  function taken({ poll, round }, told) {
    hold(null);
    kept += 1;
    changing = "";
    news = null;
    if (!told.guess) return line?.look();
    const before = own.get(poll)?.rounds ?? {};
    own.set(poll, { rounds: { ...before, [round]: told.guess } });
    draw();
  }

  /** The server knows this voter no more (its store is another one): in again with the same code. */
  const again = () => parts.call("POST", "join", { code: now.code });

  // --- the panel, behind a stand-in for a kernel's model ------------------------------------------------------------

  function standIn(view) {
    const heard = {};
    const model = {
      get: (name) => (name === "view" ? view : undefined),
      set: (next) => JSON.stringify(next) !== JSON.stringify(view) && ((view = next), heard["change:view"]?.()),
      on: (name, act) => (heard[name] = act),
      off: (name) => delete heard[name],
      done: () => heard["msg:custom"]?.({ done: true }),
      /** The panel stays as it is and says this. */
      refuse: (problem) => (view.state === "asked" && ((view = { ...view, problem }), heard["change:view"]?.()), model.done()),
      send: ({ event, guess, confidence }) => {
        if (event !== "commit" || !votes(now)) return model.done();
        if (outbox.vote) return model.refuse("Your answer is on its way. It goes out by itself.");
        news = null;
        hold({ poll: now.poll.id, round: now.round, key: drawn(16), guess, confidence });
        deliver();
      },
    };
    return model;
  }

  const NOTHING = { hints: { shown: [], left: 0 }, kept: undefined };

  /** The truth for who gave no answer: nothing was skipped. @param {State} state */
  const unanswered = ({ truth }) => ({ ...truth, skipped: false, result: { .../** @type {any} */ (truth).result, headline: "" } });

  /** What the panel shows now. @param {State} state */
  function view(state) {
    const { ask, phase, truth } = state;
    if (phase === "revealed" && truth) {
      const shown = /** @type {any} */ (own.get(state.poll.id)?.view ?? unanswered(state));
      return { ...shown, ...NOTHING, state: "observed", observe: null, result: { ...shown.result, grades: [] } }; // nothing is left to answer here
    }
    const answer = mine(state)[state.round] ?? mine(state)[1];
    const again = changing === place(state);
    if (votes(state) && (again || !mine(state)[state.round])) return { ...ask, ...NOTHING, sealed: NO_SKIP };
    const [guess, sealed] = answer ? [{ guess: answer }, votes(state) ? KEPT : `${KEPT} The vote is closed.`] : [{}, "You gave no answer to this one."];
    return { ...ask, ...NOTHING, ...guess, state: "committed", sealed };
  }

  /** The panel of the question; of what is said aloud the words alone. @param {State} state */
  function question(state) {
    const { title, stem } = /** @type {any} */ (state.ask);
    if (aloud(state))
      return h("div", { class: "gp" }, h("h3", { class: "gp-title", text: title }), h("div", { class: "gp-slot gp-at-stem gp-words", html: stem }),
        state.truth && able("shares") && h("div", { class: "gp-slot" }, parts.answer(state.truth)));
    const el = h("div");
    const model = standIn(view(state));
    const drop = parts.mount({ model, el });
    panel = { id: state.poll.id, model };
    page.onDrop(() => ((panel = null), drop()));
    return el;
  }

  const MODULES = { number: "number", range: "number", curve: "curve", place: "place", blanks: "blanks", recall: "recall", shares: "shares" }; // what comes later
  const coming = new Map(); // module -> tries

  /** Whether the script for this kind of question, or for the shares, is here; else it comes, and the page is drawn again. */
  function able(what) {
    const name = MODULES[what];
    if (!name || kinds[what] || parts[what]) return true;
    if (coming.has(name)) return false;
    const load = (tries) => {
      coming.set(name, tries);
      import(`./${name}.js?${tries}`) // an address that failed once may be held to fail
        .then(draw, () => setTimeout(load, parts.pause(tries), tries + 1));
    };
    load(0);
    return false;
  }

  // --- this voter's first answer, in one line or as a curve ------------------------------------------------------------

  const plain = (html) => h("span", { html }).textContent.trim();

  function inWords({ kind, ask }, guess) {
    if (kind === "choice") return plain(ask.options.find(({ key }) => key === guess.key)?.html ?? "");
    const range = guess.low_text ? ` (${guess.low_text} to ${guess.high_text})` : "";
    return guess.shown ? guess.shown + range : guess.texts?.join(" · ") ?? guess.text ?? "";
  }

  function first(view, guess) {
    const sure = sureness({ confidence: view.confidence, guess });
    const curve = view.kind === "curve" && parts.curves({ ...view, state: "committed", guess, result: undefined }, page);
    return h("div", { class: "gp cl-before" }, h("p", { class: "gp-mine" }, tag("guess", "your first answer"),
      !curve && h("strong", { text: inWords(view, guess) }), sure && h("span", { class: "gp-soft", text: sure })), curve?.[0]);
  }

  // --- what is going on ------------------------------------------------------------------------------------------------

  /** Headline and line. @param {State} state */
  function told(state) {
    const [answered, before] = [mine(state)[state.round], mine(state)[1]];
    if (state.paused) return ["Pause", "The class goes on here by itself."];
    if (!state.ask || state.phase === "draft") return ["You are in", "The question opens here by itself. Until then there is nothing to do."];
    if (aloud(state) && state.phase !== "revealed")
      return state.phase === "shown" ? ["Listen", "One good answer comes here next."] : ["In pairs", "Explain it to your neighbour, from memory and in your own words. Then listen to theirs. Nobody votes."];
    const missed = news?.at === place(state) ? news.text : "You gave no answer this time. You can still argue.";
    switch (state.phase) {
      case "open1":
        return answered ? ["Kept", "You can change it until the vote is closed."] : ["Your answer", "Alone, please. Nobody sees yet what the others say."];
      case "closed1":
        return ["The vote is closed", answered ? "Look up: your instructor says how it goes on." : missed];
      case "discuss":
        return ["Talk to your neighbour: convince them", before ? "Find somebody who answered otherwise. Say why you took yours, and hear why they took theirs." : "Ask what they took, and why."];
      case "open2":
        return answered ? ["Kept", "You can change it until the vote is closed."] : ["Answer once more", before ? "Alone again. Stay, or change: what convinced you?" : "Alone, please."];
      case "closed2":
        return ["The vote is closed", answered ? "Look up: your instructor says how it goes on." : missed];
      case "shown":
        return ["How the room answered", "Which answer is true is still open."];
      default:
        return ["The answer", aloud(state) ? "" : "And below it how the room answered."];
    }
  }

  function change(state) {
    changing = place(state);
    draw();
    const target = /** @type {HTMLElement} */ (main.querySelector(".gp-at-form :is(input, textarea, [role=slider])"));
    target?.focus();
  }

  function draw() {
    const [headline, text] = told(now);
    const open = Boolean(now.poll && now.ask && now.phase !== "draft") && able(now.ask.kind);
    const before = mine(now)[1];
    const put = (name, data, build) => slots[name].fill(data || null, () => data && build());
    const heard = put("head", [headline, text], () => [h("h2", { text: headline }), text && h("p", { text })]);
    put("first", open && now.phase === "open2" && before && [now.poll.id, before], () => first(now.ask, before));
    put("question", open && [now.poll.id, now.round, aloud(now) && able("shares") && now.truth], () => question(now));
    if (panel) panel.model.set(view(now)), settled();
    const changeable = open && votes(now) && mine(now)[now.round] && changing !== place(now) && !now.paused;
    put("actions", changeable && place(now), () => button("Change my answer", () => change(now)));
    if (mine(now)[now.round]) able("shares"); // ahead of the moment in which the whole hall needs it
    const shares = open && !aloud(now) && now.shares && able("shares") && [now.poll.id, now.shares, mine(now), now.truth?.id];
    const room = () => h("section", { class: "gp cl-shares", "aria-label": "How the room answered" }, now.truth && h("h3", { class: "gp-title", text: "How the room answered" }),
      parts.shares({ shares: now.shares, view: /** @type {any} */ (now.ask), mine: mine(now), truth: /** @type {any} */ (now.truth) }, page));
    put("room", !now.truth && shares, room); // what is new comes first
    put("shares", now.truth && shares, room);
    slots.question.node.inert = slots.actions.node.inert = now.paused; // what was typed stays
    find("lesson").textContent = now.title;
    find("joined").textContent = `${now.joined} here`;
    document.title = `${headline} · ${now.title}`;
    if (heard) say(headline);
  }

  /** An event of the panel is done with once its vote is. */
  const settled = () => !outbox.vote && panel.model.done();

  // --- states as they come ---------------------------------------------------------------------------------------------

  /** @param {State} state */
  function take(state, whole, since = kept) {
    if (now && now.code === state.code && state.seq < now.seq) return;
    if (whole && !("mine" in state)) return enter(state.code);
    const { poll, phase } = state;
    if (whole && poll) {
      const newer = since === kept ? {} : own.get(poll.id)?.rounds; // a vote that was taken while this state was on its way
      own.set(poll.id, { ...state.mine, rounds: { ...state.mine?.rounds, ...newer } });
    }
    now = state;
    ended = false;
    if (main.firstChild !== slots.head.node) main.replaceChildren(...Object.values(slots).map(({ node }) => node));
    footer.hidden = false;
    draw();
    const lacks = poll && (own.has(poll.id) ? phase === "revealed" && Object.keys(mine(state)).length && !own.get(poll.id).view : phase !== "open1");
    if (lacks && !whole && asked !== `${state.seq}`) {
      asked = `${state.seq}`;
      line.look();
    }
    if (["shown", "revealed"].includes(phase)) setTimeout(keepLines, Math.random() * LINES_WITHIN_MS);
    if (outbox.vote) deliver();
  }

  function linked(yes) {
    if (ended && !yes) return;
    banner.textContent = yes ? "" : "No connection. What you typed stays, and this page comes back by itself.";
    if (yes && outbox.vote && !outbox.tries) deliver();
  }

  /** @param {State} first */
  function start(first) {
    line?.stop();
    line = parts.follow({ query: "", first, take, linked, refused: () => enter(now?.code ?? ""), over });
  }

  /** A page with nothing to do. */
  function rest(headline, text) {
    banner.textContent = "";
    for (const slot of Object.values(slots)) slot.forget();
    main.replaceChildren(h("div", { class: "cl-alone" }, h("h2", { text: headline }), h("p", { text })));
    document.title = headline;
    say(headline);
  }

  /** The line goes on trying: the instructor may take the class up again. */
  function over() {
    ended = true;
    rest("The class is over", "Thank you for taking part.");
  }

  // --- joining -----------------------------------------------------------------------------------------------------------

  const fromAddress = () => decodeURIComponent(location.pathname.split("/").at(-1)).toUpperCase();

  /** In with a code; the form with the reason, where that fails. A phone that is in already stays who it is. */
  async function join(code) {
    const { ok, status, told } = await parts.call("POST", "join", { code });
    if (!ok) return askCode(code, told.problem ?? (status ? "The class let nobody in." : "No connection to the class. Try again."));
    history.replaceState(null, "", code); // so that a page that is loaded again finds its class
    start(told);
  }

  /** Joins at once with a code that is known, else asks for it. */
  function enter(code) {
    line?.stop();
    line = null;
    code ? join(code) : askCode();
  }

  function askCode(typed = "", problem = "") {
    now = null;
    footer.hidden = true;
    const input = h("input", { id: "code", class: "gp-field cl-code", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 12, required: true, "aria-describedby": "code-problem" });
    input.value = typed;
    const submit = (event) => {
      event.preventDefault();
      const code = input.value.toUpperCase().replace(/[^A-Z\d]/g, "");
      if (CODE.test(code)) join(code);
      else complain("A code has six letters and digits; it stands on the hall's screen.");
    };
    const complain = (text) => ((find("code-problem").textContent = text), input.focus());
    main.replaceChildren(h("form", { class: "gp cl-alone", onsubmit: submit, novalidate: true }, h("h2", { text: "Join the class" }),
      h("label", { for: "code", text: "The code on the screen" }), input, h("p", { id: "code-problem", class: "gp-at-problem", role: "alert" }),
      h("button", { class: "gp-btn gp-primary", text: "Join" })));
    if (problem) complain(problem);
  }

  // --- what is kept of this voter ------------------------------------------------------------------------------------------

  async function keepLines() {
    try {
      const answer = await fetch("me", { cache: "no-store" });
      if (answer.ok) lines = await answer.text();
    } catch {
      // The link below asks again.
    }
  }

  async function forget() {
    const { ok } = await parts.call("DELETE", "me");
    if (!ok) return find("forget").replaceChildren(h("p", { role: "alert", text: "That did not reach the class. Try again." }), forgetButton());
    own.clear();
    lines = null;
    footer.hidden = true;
    line.stop();
    hold(null);
    history.replaceState(null, "", "./"); // loading the page again must not join again
    rest("You are forgotten", "Your answers are gone from the class. To come back, load this page and type the code.");
  }

  const forgetButton = () => button("Forget me", () => {
    const sure = button("Yes, forget me", forget, { primary: true });
    find("forget").replaceChildren(h("p", { text: "This takes your answers out of the class, for good." }), sure, " ", button("Keep me", () => find("forget").replaceChildren(forgetButton())));
    sure.focus();
  });

  const download = h("a", { href: "me", download: "my-lines.jsonl", text: "Download my lines", onclick: () => {
    if (lines === null || (!banner.textContent && !ended)) return; // the server is there: it knows best
    download.href = URL.createObjectURL(new Blob([lines], { type: "application/jsonl" }));
  } });

  footer.append(h("details", { class: "gp cl-data" }, h("summary", { text: "Your data" }),
    h("p", { text: "The class keeps your answers under a number drawn for you: no name, no address. After 30 days they are erased." }),
    h("p", {}, download), h("div", { id: "forget" }, forgetButton())));

  enter(CODE.test(fromAddress()) ? fromAddress() : "");
}
