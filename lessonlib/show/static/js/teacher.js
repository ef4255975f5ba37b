// teacher: where one is at hand, a note gets a guess at the time to first token, then the answer as it comes in, then its clocks.
// What the endpoint wrote is only ever set as text.
{
  const MISSING = "Guess first: how long until the first token? A number with its unit, such as 300 ms or 1.2 s.";
  const SAID_AT_ONCE = 240; // characters: a screen reader gets whole sentences, not tokens
  const talkOf = (panel) => panel.view.teacher?.talk;
  const running = (panel) => Boolean(panel.view.teacher?.busy);

  /** Below the question: what the learner must predict before it goes out. */
  parts.ttft = (/** @type {Panel} */ panel) => {
    const id = `${panel.uid}-ttft`;
    const box = h("input", { type: "text", class: "gp-field gp-ttft", id, autocomplete: "off", spellcheck: "false",
      placeholder: "such as 300 ms or 1.2 s", "aria-describedby": `${id}-why ${panel.uid}-problem`,
      onkeydown: (event) => event.key === "Enter" && ask(panel) });
    const why = h("span", { class: "gp-soft", id: `${id}-why` });
    const node = h("div", { class: "gp-ttft-row" }, h("label", { for: id, text: "Before you ask: how long until the first token?" }), box, why);
    const update = ({ teacher }) => {
      const where = teacher.host ? `to ${teacher.host}` : "out";
      const words = `Asking sends about ${teacher.sends.toLocaleString("en")} tokens ${where}: your question, and this lesson with your guesses as far as you have revealed it.`;
      if (why.textContent !== words) why.textContent = words;
    };
    return { node, box, update };
  };

  /** @param {Panel} panel */
  function ask(panel) {
    const { guess, missing } = panel.form.read();
    const ttft = panel.form.ttft.box.value.trim();
    const lacking = missing ? "Write your question first." : /\d/.test(ttft) ? "" : MISSING;
    if (!lacking) return panel.send({ event: "ask", text: guess, ttft });
    panel.problem(lacking);
    panel.form.focus();
  }
  parts.ask = ask;

  parts.teacherActions = (/** @type {Panel} */ panel, keep) => {
    panel.askButton = button("Ask", () => ask(panel), { primary: true, class: "gp-ask", "aria-describedby": `${panel.uid}-problem` });
    panel.stopButton = button("Stop", () => panel.send({ event: "stop" }), { class: "gp-stop" });
    keep.classList.replace("gp-primary", "gp-quiet");
    return [panel.askButton, panel.stopButton, keep];
  };

  parts.teacherReady = (/** @type {Panel} */ panel) => {
    if (!panel.askButton) return;
    const ready = !running(panel) && !panel.form.read().missing && /\d/.test(panel.form.ttft.box.value);
    panel.askButton.setAttribute("aria-disabled", String(!ready));
    if (!running(panel) && panel.stopButton === document.activeElement) parts.focusOn(panel.slots.teacher.node.querySelector(".gp-teacher-end"));
    panel.stopButton.hidden = !running(panel);
  };

  /** After Ask the next thing to do is to stop; the end of the answer is announced when it comes. */
  parts.teacherSettled = (/** @type {Panel} */ panel, event) => {
    if (event !== "ask") return;
    panel.form.ttft.box.value = "";
    parts.teacherReady(panel);
    panel.speaks = talkOf(panel)?.id; // this page asked, so this one speaks
    panel.announce("Asked. The answer appears below.");
    if (running(panel)) panel.stopButton.focus();
  };

  // --- the answer ------------------------------------------------------------------------------------------------

  /** Paragraphs that grow: what stands stays, so that a selection in it does too. */
  function grow(node, text) {
    const pieces = text.split(/\n\s*\n/).filter((piece) => piece.trim());
    pieces.forEach((piece, index) => {
      const now = node.children[index] ?? node.appendChild(h("p", { class: "gp-typed" }));
      const old = now.textContent;
      if (piece.startsWith(old)) now.append(piece.slice(old.length));
      else if (piece !== old) now.textContent = piece;
    });
    while (node.children.length > pieces.length) node.lastChild.remove();
  }

  const cell = (text, index) => h(index ? "td" : "th", { scope: index ? null : "row", text });
  function clocks({ columns, rows, notes }) {
    return [
      h("div", { class: "gp-table-box", tabindex: 0, role: "group", "aria-label": "The clocks of this answer" }, h("table", { class: "gp-table" },
        h("thead", {}, h("tr", {}, columns.map((text) => (text ? h("th", { scope: "col", text }) : h("td"))))),
        h("tbody", {}, rows.map((row) => h("tr", {}, row.map(cell)))))),
      h("ul", { class: "gp-teacher-notes gp-soft gp-small" }, notes.map((text) => h("li", { text }))),
    ];
  }

  const TONES = { right: "truth", near: "near", off: "off" };
  const headline = ({ tone, headline: words, text }) => h("div", { class: `gp-verdict gp-tone-${tone}` },
    h("p", { class: "gp-headline" }, mark(TONES[tone]), h("span", { text: words })), h("p", { text }));

  const one = ({ question, answer }) => [h("p", { class: "gp-typed gp-asked", text: question }), h("p", { class: "gp-typed", text: answer || "(no answer)" })];
  function earlier(talks) {
    const count = talks?.length;
    return !count ? null : h("details", { class: "gp-fold" },
      h("summary", { text: count > 1 ? `${count} earlier questions` : "The question before" }), talks.map(one));
  }

  /** The seconds of prefill, counted before the learner's eyes. */
  function stopwatch(panel, node) {
    let timer = null;
    const stop = () => (clearInterval(timer), (timer = null), (node.textContent = ""));
    panel.onDrop(stop);
    return (wanted) => {
      if (!wanted) return stop();
      const start = performance.now();
      timer ??= setInterval(() => (node.textContent = `${((performance.now() - start) / 1000).toFixed(1)} s`), 100);
    };
  }

  /** Says what is new, in whole sentences. */
  /** @param {Panel} panel */
  function speak(panel, talk, said) {
    if (panel.speaks !== talk.id) return said;
    const news = talk.answer.slice(said);
    if (running(panel)) {
      const end = Math.max(...[". ", "? ", "! ", "\n"].map((stop) => news.lastIndexOf(stop))) + 1;
      return end < SAID_AT_ONCE ? said : (panel.announce(news.slice(0, end)), said + end);
    }
    panel.speaks = null;
    const end = talk.problem || "End of the answer.";
    panel.announce([news, end, talk.verdict?.headline && `Your guess: ${talk.verdict.headline}. ${talk.verdict.text}`].filter(Boolean).join(" "));
    return talk.answer.length;
  }

  parts.teacher = (/** @type {NoteView} */ view, /** @type {Panel} */ panel) => {
    const first = view.teacher.talk;
    const [status, watch, text, problem, end] = ["span", "span", "div", "p", "div"].map((name) => h(name));
    const line = h("p", { class: "gp-teacher-status gp-soft" }, status, " ", watch);
    watch.setAttribute("aria-hidden", "true");
    text.className = "gp-teacher-text";
    setAttributes(problem, { class: "gp-teacher-problem", hidden: true });
    setAttributes(end, { class: "gp-teacher-end", tabindex: -1, role: "group", "aria-label": "How the answer ended", hidden: true });
    const seconds = stopwatch(panel, watch);
    let [said, ended] = [0, ""];
    panel.teacher = ({ teacher: { talk } }) => {
      if (status.textContent !== talk.status) status.textContent = talk.status;
      line.hidden = !talk.status;
      seconds(talk.state === "waiting");
      grow(text, talk.answer);
      problem.textContent = talk.problem;
      problem.hidden = !talk.problem;
      const now = JSON.stringify([talk.verdict, talk.clocks, talk.problem]);
      if (!running(panel) && ended !== now) {
        ended = now;
        end.hidden = false;
        end.replaceChildren();
        addChildren(end, [problem, talk.verdict?.headline && headline(talk.verdict), talk.clocks && clocks(talk.clocks)]);
      }
      said = speak(panel, talk, said);
    };
    return h("section", { class: "gp-teacher", "aria-label": "The teacher's answer" },
      h("p", { class: "gp-asked gp-typed", text: first.question }), line, text, end, earlier(view.teacher.earlier));
  };
}
