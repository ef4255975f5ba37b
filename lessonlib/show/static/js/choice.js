// choice: one of a few cards; nothing is chosen beforehand.
{
  /** @param {Panel} panel */
  const card = (panel, option) =>
    h("label", { class: "gp-card gp-option" },
      h("input", { type: "radio", name: `${panel.uid}-option`, value: option.key, class: "gp-radio" }),
      h("span", { class: "gp-words", html: option.html }));

  /** @param {ChoiceView} view @param {Panel} panel */
  function ask(view, panel) {
    const cards = h("div", { class: "gp-cards" }, view.ask.options.map((option) => card(panel, option)));
    return {
      node: cards,
      read: () => {
        const guess = cards.querySelector(":checked")?.value ?? null;
        return { guess, missing: guess === null ? "Choose one of the answers first." : "" };
      },
      focus: () => (cards.querySelector(":checked") ?? cards.querySelector("input")).focus(),
    };
  }

  /** @param {ChoiceView} view */
  function tags(view, key) {
    const said = view.result?.options?.[key];
    const mine = view.guess?.key === key || said === "yours" || said === "both";
    const sure = mine && sureness(view);
    return [
      mine && tag("guess", sure ? `your guess · ${sure}` : "your guess"),
      (said === "truth" || said === "both") && tag("truth", "the truth"),
    ];
  }

  /** @param {ChoiceView} view */
  function frozen(view, option) {
    const marks = tags(view, option.key);
    const [mine, truth] = marks.map(Boolean);
    const looks = ["gp-card gp-frozen", mine && "gp-is-guess", truth && "gp-is-truth", !mine && !truth && "gp-other"];
    return h("li", { class: looks.filter(Boolean).join(" ") },
      h("span", { class: "gp-words", html: option.html }),
      (mine || truth) && h("span", { class: "gp-tags" }, marks));
  }

  /** @param {ChoiceView} view */
  const show = (view) => h("ul", { class: "gp-cards", "aria-label": "The answers" }, view.ask.options.map((option) => frozen(view, option)));

  kinds.choice = { ask, show };
}
