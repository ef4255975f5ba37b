// recall: a card. Cover the screen, say the answer aloud, then turn it over.
{
  const ask = () => ({
    node: h("p", { class: "gp-soft gp-say", text: "Say your answer aloud, then go on." }),
    read: () => ({ guess: null, missing: "" }),
    focus: () => {},
    bare: true, // nothing to fill in, so no group around it
    commitLabel: "I have said it",
  });

  /** @param {RecallView} view */
  function show(view) {
    if (!isRevealed(view)) return h("p", { class: "gp-mine" }, tag("guess", "said aloud"));
    if (!view.result?.answer) return null;
    return h("div", { class: "gp-answer" }, tag("truth", "the answer"), h("div", { class: "gp-words", html: view.result.answer }));
  }

  kinds.recall = { ask, show, then: "Now compare." };
}
