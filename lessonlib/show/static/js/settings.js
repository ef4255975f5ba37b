// settings: a line `vllm serve …` to change, and numbers to forecast, each with a range; later what the line came to.
{
  /** The form or the outcome of one of the numbers is that of a number. */
  const asked = (view, one, panel) => kinds.number.ask({ ...view, ask: one }, panel);

  /** @param {SettingsView} view @param {Panel} panel */
  function ask(view, panel) {
    const { line, numbers } = view.ask;
    const id = `${panel.uid}-line`;
    const box = h("textarea", {
      id, class: "gp-field gp-area gp-serve", rows: 5, spellcheck: "false", autocomplete: "off", autocapitalize: "off",
      "aria-describedby": `${panel.uid}-problem`,
      onkeydown: (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && panel.commit(),
    });
    box.value = line;
    const back = button("Back to the line of today", () => {
      box.value = line;
      panel.changed();
      box.focus();
    }, { quiet: true });
    const forms = numbers.map((one) => asked(view, one, panel));
    const fields = numbers.map((one, place) =>
      h("fieldset", { class: "gp-forecast" }, h("legend", { text: one.label }), forms[place].node));
    const missing = () => {
      if (!box.value.trim()) return "Type the line first.";
      const place = forms.findIndex((form) => form.read().missing);
      return place < 0 ? "" : `${numbers[place].label}: ${forms[place].read().missing}`;
    };
    return {
      node: h("div", { class: "gp-settings" }, h("label", { for: id, class: "gp-label", text: "Your line: change what you would change" }), box, back, fields),
      read: () => ({
        guess: { line: box.value, numbers: Object.fromEntries(numbers.map((one, place) => [one.name, forms[place].read().guess])) },
        missing: missing(),
      }),
      focus: () => (forms.find((form) => form.read().missing) ?? box).focus(),
    };
  }

  /** @param {SettingsView} view @param {Panel} panel */
  function show(view, panel) {
    const { guess, result } = view;
    const shown = isRevealed(view) ? result?.numbers ?? [] : [];
    const mine = guess && h("div", { class: "gp-mine" }, tag("guess", "your line"), h("pre", { class: "gp-serve gp-typed", text: guess.line }));
    const numbers = guess?.numbers.map((one, place) => {
      const of = view.ask.numbers[place].label;
      const truth = shown.find(({ name }) => name === one.name);
      const part = kinds.number.show({ ...view, guess: { ...one, confidence: null }, result: truth ?? null, state: truth ? view.state : "committed" }, panel);
      return h("div", { class: "gp-forecast", role: "group", "aria-label": of }, h("p", { class: "gp-label", text: of }), part);
    });
    return h("div", { class: "gp-settings" }, mine, numbers);
  }

  kinds.settings = { ask, show };
}
