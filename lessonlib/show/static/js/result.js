// After the reveal: the headline, the feedback, the self-grade, the observe check, the explanation and the working.
{
  const TONES = { right: "truth", near: "near", off: "off", plain: null };

  function missed(items) {
    if (!items?.length) return null;
    const list = h("ul", {}, items.map((html) => h("li", { html })));
    return h("div", { class: "gp-missed" }, h("p", { class: "gp-label", text: "What the drawing missed" }), list);
  }

  /** @param {ResultView & { missed?: string[] }} result */
  parts.headline = (result) => {
    const { tone = "plain", headline, feedback } = result;
    if (!headline && !feedback && !result.missed?.length) return null;
    return h("div", { class: `gp-verdict gp-tone-${tone}` },
      headline && h("p", { class: "gp-headline" }, TONES[tone] && mark(TONES[tone]), h("span", { text: headline })),
      feedback && h("div", { class: "gp-words", html: feedback }),
      missed(result.missed));
  };

  parts.reveal = (html) => h("div", { class: "gp-words", html });

  /** @param {GradedResult} result */
  function graded({ grades, grade }) {
    const label = grades.find(({ key }) => key === grade)?.label ?? grade;
    return h("p", { class: "gp-graded", tabindex: -1 }, mark("truth"), h("span", { text: `You graded yourself: ${label}` }));
  }

  /** @param {GradedResult} result @param {Panel} panel */
  parts.grades = (result, panel) => {
    if (!result.grades?.length) return null;
    if (result.grade) return graded(result);
    const choose = ({ key, label }) => button(label, () => panel.send({ event: "grade", grade: key }), { class: "gp-tap" });
    return h("div", { class: "gp-grade-row", role: "group", "aria-labelledby": `${panel.uid}-grade` },
      h("p", { class: "gp-label", id: `${panel.uid}-grade`, text: "How did it go?" }), h("div", { class: "gp-taps" }, result.grades.map(choose)));
  };

  /** @param {ObserveView} observe */
  function observed(observe, option) {
    const mine = option.key === observe.chosen;
    const right = option.key === observe.right;
    const looks = ["gp-card gp-frozen", right ? "gp-is-truth" : mine ? "gp-is-guess" : "gp-other"];
    return h("li", { class: looks.join(" ") }, h("span", { class: "gp-words", html: option.html }),
      (mine || right) && h("span", { class: "gp-tags" }, mine && tag("guess", "your answer"), right && tag("truth", "what it showed")));
  }

  /** @param {ObserveView} observe @param {Panel} panel */
  parts.observe = (observe, panel) => {
    const question = h("div", { class: "gp-words gp-observe-ask", id: `${panel.uid}-observe`, html: observe.ask });
    if (observe.chosen)
      return [question, h("ul", { class: "gp-cards" }, observe.options.map((option) => observed(observe, option))),
        h("div", { class: "gp-words gp-observe-note", tabindex: -1, html: observe.note ?? "" })];
    const choose = ({ key, html }) =>
      h("button", { type: "button", class: "gp-card gp-tap-card", onclick: () => panel.send({ event: "observe", choice: key }) },
        h("span", { class: "gp-words", html }));
    return [question, h("div", { class: "gp-cards", role: "group", "aria-labelledby": question.id }, observe.options.map(choose))];
  };

  /** @param {WorkingView} working */
  parts.working = ({ name, source, value }) => {
    const summary = h("summary", {}, "Show the working", value && h("span", { class: "gp-soft gp-working-value", text: ` · ${value}` }));
    keepTogether(summary);
    return h("details", { class: "gp-fold gp-working" }, summary,
      h("p", { class: "gp-small gp-soft", text: `The function that computed it: ${name}` }),
      h("pre", { tabindex: 0, role: "region", "aria-label": `Source of ${name}` }, h("code", { text: source })));
  };

  parts.explanation = (html) => h("div", { class: "gp-words gp-explanation", html });
}
