// The class bar below a question: where the class stands, what an instructor can do now, what a learner's vote came to.
// It is a trait of its own beside the view: a count that moves each second touches one text here and nothing else.
{
  /** @param {Panel} panel @param {ClassBar} bar */
  function votes(panel, { shares, mine }) {
    const { view } = panel;
    const truth = isRevealed(view) ? view : null;
    return parts.shares({ shares, view, mine, truth }, { onDrop: (drop) => panel.slots.class.drops.push(drop) });
  }

  const say = (node, text) => {
    if (node.textContent !== text) node.textContent = text;
    node.hidden = !text;
  };

  /**
   * The bar, and as `panel.classBar` what draws it anew: texts change in their places, so a button keeps the focus.
   * @param {Panel} panel
   */
  parts.classBar = (panel) => {
    const [line, detail, problem] = ["strong", "span", "p"].map((name) => h(name));
    const actions = h("div", { class: "gp-class-actions" });
    const room = h("div", { class: "gp-class-votes" });
    setAttributes(problem, { class: "gp-class-problem", role: "alert", hidden: true });
    setAttributes(detail, { class: "gp-soft gp-class-detail" });
    let [seenButtons, seenVotes, said] = ["", "", ""];

    const buttons = (bar) => {
      const had = actions.contains(document.activeElement);
      const steps = bar.buttons.some(({ main }) => main); // the others step back behind what comes next
      const one = ({ do: what, label, main }) => button(label, () => panel.send({ event: "class", do: what }), { primary: main, quiet: steps && !main, class: "gp-class-do" });
      actions.replaceChildren(...bar.buttons.map(one));
      actions.hidden = !bar.buttons.length;
      if (had) (/** @type {HTMLElement} */ (actions.querySelector("button")) ?? node).focus();
    };
    const node = h("section", { class: "gp-class", "aria-label": "The class", tabindex: -1 }, h("p", { class: "gp-class-line" }, line, " ", detail), actions, problem, room);

    panel.classBar = (bar) => {
      node.classList.toggle("gp-class-here", bar.here);
      say(line, bar.line);
      say(detail, bar.detail);
      say(problem, bar.problem);
      if (bar.here && said && said !== bar.line) panel.announce(bar.line);
      said = bar.line;
      const now = JSON.stringify(bar.buttons);
      if (seenButtons !== now) buttons(bar);
      seenButtons = now;
      const data = bar.shares ? JSON.stringify([bar.shares, bar.mine, isRevealed(panel.view)]) : "";
      if (seenVotes !== data) room.replaceChildren(...(data ? [votes(panel, bar)].flat().filter(Boolean) : []));
      seenVotes = data;
      room.hidden = !data;
    };
    return node;
  };
}
