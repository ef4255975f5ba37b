// explain: free text, cold, then beside a model answer and a checklist. note: free text that is kept and can be kept again.
{
  /** @param {ExplainView & NoteView} view @param {Panel} panel */
  function area(view, panel, label) {
    return h("textarea", {
      class: "gp-field gp-area",
      rows: view.ask?.rows ?? 4,
      placeholder: view.ask?.placeholder,
      "aria-label": label,
      onkeydown: (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && (view.teacher ? parts.ask(panel) : panel.commit()),
    });
  }

  /** @param {ExplainView} view @param {Panel} panel */
  function ask(view, panel) {
    const box = area(/** @type {any} */ (view), panel, "Your explanation");
    return {
      node: box,
      read: () => ({ guess: box.value.trim(), missing: "" }), // empty: said aloud
      focus: () => box.focus(),
    };
  }

  const column = (kind, words, body) => h("div", { class: `gp-column gp-column-${kind}` }, tag(kind, words), body);

  function checklist(items, panel) {
    if (!items?.length) return null;
    const row = (html) =>
      h("li", {}, h("label", { class: "gp-check" }, h("input", { type: "checkbox" }), h("span", { html })));
    return h("div", { class: "gp-checklist" },
      h("p", { class: "gp-label", id: `${panel.uid}-list`, text: "Tick what you said" }),
      h("ul", { "aria-labelledby": `${panel.uid}-list` }, items.map(row)));
  }

  /** @param {ExplainView} view @param {Panel} panel */
  function show(view, panel) {
    const text = view.guess?.text;
    const mine = text && column("guess", "your words", h("p", { class: "gp-typed", text }));
    const aloud = !text && !view.skipped && h("p", { class: "gp-mine" }, tag("guess", "said aloud"));
    const answer = view.result?.answer && column("truth", "one good answer", h("div", { class: "gp-words", html: view.result.answer }));
    const columns = h("div", { class: `gp-columns${mine && answer ? " gp-two" : ""}` }, mine, answer);
    return [aloud, columns, checklist(view.result?.checklist, panel)];
  }

  kinds.explain = { ask, show, then: "Now compare." };

  // A note stays open for editing in every state; the line beside the button says when it is in the journal.
  /** @param {NoteView} view @param {Panel} panel */
  function body(view, panel) {
    const box = area(/** @type {any} */ (view), panel, "Your note");
    let kept = view.guess?.text ?? "";
    box.value = kept;
    const ttft = view.teacher && parts.ttft(panel);
    panel.form = {
      ttft,
      read: () => ({ guess: box.value.trim(), missing: box.value.trim() ? "" : "Write something first; it is kept in your journal." }),
      focus: () => (ttft && box.value.trim() ? ttft.box : box).focus(),
      changed: () => box.value.trim() !== kept,
      update: (now) => {
        const text = now.guess?.text ?? "";
        if (box.value.trim() === kept) box.value = text; // kept in another view of the same note
        kept = text;
        ttft?.update(now);
      },
    };
    return h("fieldset", { class: "gp-fieldset", "aria-labelledby": `${panel.uid}-stem` }, h("legend", { class: "gp-sr", text: "Your note" }), box, ttft?.node);
  }

  kinds.note = { body, kept: "Kept in your journal", data: ({ id, ask, teacher }) => [id, ask, Boolean(teacher)] };
  kinds.closing = kinds.note;

  /**
   * The end of a lesson over the question to the teacher: what came out, and the sources.
   * @param {ClosingView} view
   */
  parts.closing = ({ closing: { locked, score, sources } }) =>
    locked
      ? h("p", { class: "gp-soft gp-closing-lock" }, mark("lock"), h("span", { text: `Score card and sources: ${locked.charAt(0).toLowerCase()}${locked.slice(1)}` }))
      : [
        h("div", { class: "gp-words", html: score }),
        h("details", { class: "gp-fold" }, h("summary", { text: "Sources" }), h("div", { class: "gp-words", html: sources })),
      ];
}
