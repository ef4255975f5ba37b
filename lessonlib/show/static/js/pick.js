// pick: one of several, kept at once, changed at any time. Nothing is judged.
{
  /** @param {BlockView} view @param {Panel} panel */
  const card = (view, panel, option) =>
    h("label", { class: "gp-card gp-option" },
      h("input", {
        type: "radio", name: `${panel.uid}-pick`, value: option.key, class: "gp-radio", checked: option.key === view.guess.key,
        onchange: () => panel.send({ event: "pick", choice: option.key }),
      }),
      h("span", { class: "gp-words", html: option.html }));

  // Built once: a new choice changes the words below the cards, and the focus stays on the card.
  /** @param {BlockView} view @param {Panel} panel */
  function body(view, panel) {
    const cards = h("div", { class: "gp-cards" }, view.ask.options.map((option) => card(view, panel, option)));
    const held = h("div", { class: "gp-words gp-held", role: "status", html: view.html });
    panel.form = {
      read: () => ({ guess: null, missing: "" }),
      focus: () => (cards.querySelector(":checked") ?? cards.querySelector("input")).focus(),
      update: ({ guess, html }) => {
        for (const radio of cards.querySelectorAll("input")) radio.checked = radio.value === guess.key;
        if (held.dataset.words === html) return;
        held.dataset.words = held.innerHTML = html;
      },
    };
    return h("fieldset", { class: "gp-fieldset" }, h("legend", { class: "gp-sr", text: view.title }), cards, held);
  }

  kinds.pick = { body, data: ({ id, ask }) => [id, ask] };
}
