// The panel itself: slots in reading order, events to Python, focus and announcements. Python holds all state.
{
  const SLOTS = [
    "title", "closing", "stem", "form", "confidence", "hints", "problem", "actions", "kept", "class",
    "teacher", "result", "grades", "reveal", "picture", "observe", "explanation", "working", "next",
  ];
  const PATIENCE_MS = 1500; // after this long without an answer the panel says what it is waiting for

  /** @param {AnyView} view @param {Panel} panel */
  function confidence(view, panel) {
    const name = `${panel.uid}-confidence`;
    const level = (words, index) =>
      h("label", { class: "gp-segment" }, h("input", { type: "radio", name, value: index }), h("span", { text: words }));
    return h("fieldset", { class: "gp-confidence" }, h("legend", { text: "How sure are you?" }),
      h("div", { class: "gp-segments" }, view.confidence.map(level)));
  }

  /** @param {AnyView} view @param {Panel} panel */
  function asking(view, panel) {
    panel.form = kinds[view.kind].ask(view, panel);
    if (panel.form.bare) return panel.form.node;
    return h("fieldset", { class: "gp-fieldset", "aria-labelledby": `${panel.uid}-stem` },
      h("legend", { class: "gp-sr", text: "Your guess" }), panel.form.node);
  }

  /** @param {AnyView} view @param {Panel} panel */
  function form(view, panel) {
    panel.form = null;
    const kind = kinds[view.kind];
    if (kind.body) return kind.body(view, panel);
    if (view.state === "asked") return asking(view, panel);
    return kind.show(view, panel);
  }

  function hints(shown) {
    if (!shown?.length) return null;
    const name = (index) => (shown.length > 1 ? `Hint ${index + 1}` : "Hint");
    const one = (html, index) =>
      h("li", { tabindex: -1 }, h("span", { class: "gp-label", text: name(index) }), h("div", { class: "gp-words", html }));
    return h("ol", { class: "gp-hint-list" }, shown.map(one));
  }

  function commitButton(label, panel) {
    panel.commitButton = button(label, panel.commit, { primary: true, "aria-describedby": `${panel.uid}-problem` });
    return panel.commitButton;
  }

  /** @param {AnyView} view @param {Panel} panel */
  function askedActions(view, panel) {
    const left = view.hints?.left ?? 0;
    return [
      commitButton(panel.form?.commitLabel ?? "Commit", panel),
      left > 0 && button(`Hint (${left} left)`, () => panel.send({ event: "hint" }), { quiet: true, class: "gp-hint-button" }),
      !view.sealed && button("Skip to the answer", () => panel.send({ event: "skip" }), { quiet: true, class: "gp-skip" }),
    ];
  }

  /**
   * What is said of a guess that stands, or what to do with it. News of the journal has a place of its own.
   * @param {AnyView} view
   */
  const standing = (view) =>
    kinds[view.kind].then ?? (view.kept?.news ? "" : view.kept?.line ?? kinds[view.kind].kept ?? "Your guess is kept.");

  /** @param {AnyView} view @param {Panel} panel */
  function noteActions(view, panel) {
    panel.keptLine = h("span", { class: "gp-soft gp-kept", text: standing(view) });
    const keep = commitButton(view.teacher ? "Keep without asking" : isClosed(view) ? "Keep the change" : "Keep", panel);
    return [view.teacher ? parts.teacherActions(panel, keep) : keep, panel.keptLine];
  }

  /** @param {AnyView} view @param {Panel} panel */
  function actions(view, panel) {
    panel.commitButton = panel.keptLine = null;
    if (isNote(view)) return noteActions(view, panel);
    if (kinds[view.kind].body) return null;
    if (view.state === "asked") return askedActions(view, panel);
    if (view.state !== "committed") return null;
    if (view.sealed) return h("p", { class: "gp-sealed", tabindex: -1 }, mark("lock"), h("span", { text: view.sealed }));
    return [button("Reveal", () => panel.send({ event: "reveal" }), { primary: true, class: "gp-reveal-button" }),
      h("span", { class: "gp-soft", text: standing(view) })];
  }

  /**
   * Below everything, at a place of its own: in a review the next card, or another sitting.
   * @param {AnyView} view @param {Panel} panel
   */
  function nextCard(view, panel) {
    if (view.more) return button(view.more, () => panel.send({ event: "more" }), { class: "gp-next" });
    const off = { "aria-disabled": String(!view.next) };
    return button("Next card", () => view.next && panel.send({ event: "next" }), { primary: Boolean(view.next), class: "gp-next", ...off });
  }

  /** @param {AnyView} view @param {Panel} panel */
  function title(view, panel) {
    const id = `${panel.uid}-title`;
    const words = h("span", { text: view.title });
    if (view.state === "locked")
      return h("p", { class: "gp-title gp-locked-line", id }, mark("lock"), words, h("span", { class: "gp-soft", text: view.locked }));
    const skipped = view.skipped && !view.result?.headline;
    return h("h3", { class: "gp-title", id }, words, skipped && h("span", { class: "gp-chip", text: "skipped" }));
  }

  /** What is said of a class. It has no part in the view, and leaves all else alone. @param {Panel} panel */
  function drawBar(panel) {
    const bar = parts.classBar && panel.bar;
    panel.slots.class.fill(bar ? bar.here : null, () => bar && parts.classBar(panel));
    if (bar) panel.classBar(bar);
  }

  /**
   * Fills every slot with what the view holds; a slot whose data did not change is left alone, one without data is empty.
   * @param {Panel} panel
   */
  function draw(panel) {
    const { view } = panel;
    const open = view.state !== "locked";
    const asked = view.state === "asked";
    const shown = isRevealed(view);
    const result = shown ? view.result : null;
    const { grades, grade, ...judged } = result ?? {};
    const put = (name, data, build) => panel.slots[name].fill(data || null, () => data && build());
    Object.assign(panel.root.dataset, { lessonId: view.id, kind: view.kind, state: view.state });
    put("title", [view.title, view.locked, view.skipped, view.result?.headline, open], () => title(view, panel));
    put("closing", open && view.closing, () => parts.closing(/** @type {any} */ (view)));
    put("stem", open && view.stem, () => h("div", { class: "gp-words", id: `${panel.uid}-stem`, html: view.stem }));
    put("form", open && formData(view, judged), () => form(view, panel));
    put("confidence", asked && view.confidence && [view.id, view.confidence], () => confidence(view, panel));
    put("hints", asked && view.hints?.shown, () => hints(view.hints.shown));
    put("actions", open && [view.id, view.state, view.hints?.left, view.kept, view.sealed], () => actions(view, panel));
    put("kept", open && view.kept?.news && view.kept.line, () => h("p", { text: view.kept.line }));
    drawBar(panel);
    put("teacher", view.teacher?.talk && [view.id, view.teacher.talk.id], () => parts.teacher(view, panel));
    put("result", result && judged, () => parts.headline(result));
    put("grades", result && [grades, grade], () => parts.grades(result, panel));
    put("reveal", result?.reveal, () => parts.reveal(result.reveal));
    put("picture", shown && !kinds[view.kind].body && view.picture, () => parts.picture(view.picture, panel));
    put("observe", shown && view.observe, () => parts.observe(view.observe, panel));
    put("explanation", view.state === "observed" && view.explanation, () => parts.explanation(view.explanation));
    put("working", shown && view.working, () => parts.working(view.working));
    put("next", (view.sitting || view.more) && [view.next, view.more], () => nextCard(view, panel));
    panel.form?.update?.(view);
    if (view.teacher?.talk) panel.teacher(view);
    panel.problem(view.problem ?? "");
    panel.changed({ keepProblem: true });
  }

  /**
   * What the form slot shows; a problem or a hint is not part of it, so typed input stays.
   * @param {AnyView} view
   */
  function formData(view, judged) {
    const { kind, id, ask, state, guess, confidence, html, picture, explorer, roof, write, timeline, fleet } = view;
    if (kinds[kind].data) return kinds[kind].data(view);
    if (kinds[kind].body) return [kind, id, state, html, picture, explorer, roof, write, timeline, fleet];
    return state === "asked" ? [kind, id, ask, state] : [kind, id, ask, state === "committed", guess, confidence, judged];
  }

  function focusOn(node) {
    if (!node) return;
    const whole = node.closest(".gp-verdict") ?? node;
    if (!node.matches("button, input, textarea, [tabindex]")) node.setAttribute("tabindex", "-1");
    node.focus({ preventScroll: true });
    whole.scrollIntoView({ block: "nearest", behavior: reducedMotion() ? "auto" : "smooth" });
  }

  parts.focusOn = focusOn;

  const oneLine = (html) => h("div", { html }).textContent.trim().replace(/\s+/g, " ");

  /**
   * After an event of this view: where the focus goes and what is said.
   * @param {Panel} panel
   */
  function settle(panel, { event }) {
    const { view, slots } = panel;
    const find = (name, selector) => slots[name].node.querySelector(selector);
    const tell = (words, node) => (panel.announce(words ?? ""), focusOn(node));
    if (event === "class") return undefined; // the bar says what came of it
    if (view.problem) return refused(panel);
    if (event === "next" || event === "more") return tell(slots.title.node.textContent, find("title", ".gp-title"));
    if (event === "hint") {
      const last = find("hints", "li:last-child");
      return tell(last?.textContent, find("actions", ".gp-hint-button") ?? last);
    }
    if (event === "observe" && view.observe?.chosen) return tell(oneLine(view.observe.note ?? ""), find("observe", ".gp-observe-note"));
    if (event === "grade") return tell(slots.grades.node.textContent, find("grades", ".gp-graded"));
    if (event === "ask" || event === "stop") return parts.teacherSettled(panel, event);
    if (isNote(view)) return panel.announce(view.kept ? standing(view) : "Kept in your journal.");
    if (kinds[view.kind].body) return undefined; // the focus stays where the learner is
    if (view.state === "committed") return tell(slots.actions.node.lastChild.textContent, find("actions", ".gp-reveal-button, .gp-sealed"));
    if (!isRevealed(view)) return undefined;
    const answer = find("result", ".gp-headline") ?? find("form", ".gp-answer, .gp-column-truth") ?? slots.form.node;
    return tell(view.result?.summary || view.result?.headline, answer);
  }

  /** @param {Panel} panel */
  function refused(panel) {
    panel.problem(panel.view.problem, { again: true });
    if (panel.form) panel.form.focus();
    else focusOn(panel.slots.problem.node);
  }

  /**
   * Reads the form and sends the commit, or says in one line what is missing.
   * @param {Panel} panel
   */
  function commit(panel) {
    if (!panel.form) return;
    const { guess, missing } = panel.form.read();
    const picked = /** @type {HTMLInputElement} */ (panel.root.querySelector(".gp-confidence :checked"));
    const unsure = panel.view.confidence && panel.view.state === "asked" && !picked;
    if (missing || unsure) {
      panel.problem(missing || "Say how sure you are: one tap, then Commit.");
      return missing ? panel.form.focus() : /** @type {HTMLElement} */ (panel.root.querySelector(".gp-confidence input")).focus();
    }
    panel.send({ event: "commit", guess, confidence: picked ? Number(picked.value) : null });
  }

  /**
   * Keeps Commit's aria-disabled true to the form; a line about something missing goes once the learner acts on it.
   * @param {Panel} panel
   */
  function changed(panel, { keepProblem = false } = {}) {
    if (!keepProblem && !panel.view.problem) panel.problem("");
    if (!panel.form || !panel.commitButton) return;
    const { missing } = panel.form.read();
    const unsure = panel.view.confidence && !isNote(panel.view) && !panel.root.querySelector(".gp-confidence :checked");
    panel.commitButton.setAttribute("aria-disabled", String(Boolean(missing || unsure)));
    if (panel.form.ttft) parts.teacherReady(panel);
    if (panel.keptLine) {
      const kept = isClosed(panel.view) && !panel.form.changed();
      panel.keptLine.hidden = !kept;
      if (kept) panel.commitButton.setAttribute("aria-disabled", "true");
    }
  }

  /** @param {Panel} panel @param {PanelEvent} message */
  function send(panel, message) {
    if (panel.pending) return;
    const wait = () => panel.problem("Waiting for the kernel. If a cell is still running, this comes right after it.", { patient: true });
    const timer = setTimeout(wait, PATIENCE_MS);
    panel.unanswered += 1;
    panel.pending = { event: message.event, timer, before: panel.view };
    panel.root.setAttribute("aria-busy", "true");
    panel.model.send(message);
  }

  /** @param {Panel} panel */
  function finish(panel) {
    if (!panel.pending) return;
    const { pending } = panel;
    clearTimeout(pending.timer);
    panel.pending = null;
    panel.root.removeAttribute("aria-busy");
    draw(panel);
    settle(panel, pending);
  }

  /** Plain keys stay in the panel: JupyterLab would take "d d" for "delete this cell". Shift+Enter still runs a cell from a button. */
  function keepKeys(event) {
    const typing = event.target.matches("input[type=text], textarea");
    const command = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    if (event.key !== "Escape" && (!command || (typing && event.key === "Enter"))) event.stopPropagation();
  }

  // A page may hold two editions of this module, so a counter would give the same radio names to two of its panels.
  const freshId = () => `gp-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;

  /** What is said of a class; null without one. */
  const barOf = (model) => {
    const bar = model.get("class_bar");
    return bar?.code ? bar : null;
  };

  function makePanel(model, el) {
    const panel = /** @type {Panel} */ ({ uid: freshId(), model, view: model.get("view"), bar: barOf(model), slots: {}, pending: null, unanswered: 0, filling: null });
    panel.live = h("output", { class: "gp-sr", "aria-live": "polite" });
    panel.onDrop = (drop) => panel.filling?.drops.push(drop);
    panel.announce = (text) => (panel.live.textContent = text);
    panel.send = (message) => send(panel, message);
    panel.commit = () => commit(panel);
    panel.changed = (how) => changed(panel, how);
    panel.problem = (line, { patient = false, again = false } = {}) => {
      const { node } = panel.slots.problem;
      if (again) node.textContent = ""; // the same line twice is still news to a screen reader
      if (node.textContent !== line) node.textContent = line;
      node.classList.toggle("gp-waiting", patient);
      node.hidden = !line;
    };
    const alert = { role: "alert", id: `${panel.uid}-problem` };
    for (const name of SLOTS) panel.slots[name] = makeSlot(panel, name, name === "problem" ? alert : name === "kept" ? { role: "alert" } : {});
    const look = { class: "gp", role: "group", "aria-labelledby": `${panel.uid}-title`, onkeydown: keepKeys, oninput: () => panel.changed() };
    panel.root = h("div", look, SLOTS.map((name) => panel.slots[name].node), panel.live);
    el.append(panel.root);
    return panel;
  }

  parts.mount = ({ model, el }) => {
    const panel = makePanel(model, el);
    const onView = () => {
      panel.view = model.get("view");
      if (panel.pending) finish(panel);
      else draw(panel);
    };
    const onBar = () => {
      panel.bar = barOf(model);
      drawBar(panel);
    };
    // Python answers every event with {done}, also when the view stayed the same (the same problem twice).
    // A view that changed settles its event at once; the {done} that follows must not settle the next one, so they are counted.
    const onMessage = (/** @type {DoneMessage} */ message) => {
      if (!message?.done) return;
      panel.unanswered = Math.max(0, panel.unanswered - 1);
      if (panel.unanswered === 0) finish(panel);
    };
    model.on("change:view", onView);
    model.on("change:class_bar", onBar);
    model.on("msg:custom", onMessage);
    draw(panel);
    if (panel.view.hello) model.send({ event: "shown" });
    return () => {
      model.off("change:view", onView);
      model.off("change:class_bar", onBar);
      model.off("msg:custom", onMessage);
      clearTimeout(panel.pending?.timer);
      for (const slot of Object.values(panel.slots)) slot.forget();
    };
  };
}

const render = parts.mount;
export default { render };
