// write: a function of the learner's own beside the engine's, case by case. The function stands in the cell above.
{
  const TONES = { right: "truth", near: "near", off: "off" };

  /** @param {CaseView} one */
  function numbers({ yours, engine, factor, tone }) {
    if (!yours) return null;
    return h("dl", { class: "gp-write-numbers" },
      h("div", {}, h("dt", { text: "yours" }), h("dd", { text: yours })),
      h("div", {}, h("dt", { text: "the engine's" }), h("dd", { text: engine })),
      h("div", { class: `gp-write-${tone}` }, h("dt", { text: "yours is" }), h("dd", {}, TONES[tone] && mark(TONES[tone]), " ", factor)));
  }

  /** @param {CaseView} one */
  function card(one) {
    const { title, lines, config, given, note } = one;
    const whole = config.split("\n").length > lines.split("\n").length + 2;
    return h("section", { class: "gp-write-case", "aria-label": title },
      h("h4", { text: title }),
      h("div", { class: "gp-write-config" }, h("pre", { tabindex: 0, role: "region", "aria-label": `Lines of config.json of ${title}` }, h("code", { text: lines })),
      given.length ? h("p", { class: "gp-small" }, given.map(([name, text]) => h("code", { class: "gp-given", text: `${name} = ${text}` }))) : null,
      whole && h("details", { class: "gp-fold" }, h("summary", { class: "gp-small", text: "The whole config.json" }), h("pre", { tabindex: 0 }, h("code", { text: config })))),
      h("div", { class: "gp-write-said" }, numbers(one), note && h("p", { class: "gp-write-note", text: note })));
  }

  /** @param {BlockView} view */
  function body({ html, write }) {
    if (!write) return null;
    const { tone, headline, summary, cases } = write;
    const verdict = h("div", { class: `gp-verdict gp-tone-${tone}`, role: "status" },
      h("p", { class: "gp-headline" }, TONES[tone] && mark(TONES[tone]), h("span", { text: headline })), h("p", { text: summary }));
    return [h("div", { class: "gp-words gp-write-stem", html }), verdict, h("div", { class: "gp-write-cases" }, cases.map(card))];
  }

  kinds.write = { body };
}
