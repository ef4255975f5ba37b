// blanks: a sentence with gaps to fill in; later the learner's words beside the expected ones.
{
  /** A piece between two gaps, with the spaces that a sentence has there: none before "-bound" or a full stop. */
  function piece(html, index, last) {
    const span = h("span", { html });
    const words = span.textContent;
    return [index > 0 && /^[\p{L}\p{N}(]/u.test(words) && " ", span, index < last && /[^\s(\-–]$/u.test(words) && " "];
  }

  const woven = (pieces, gap) =>
    h("p", { class: "gp-blanks" }, pieces.map((html, i) => [piece(html, i, pieces.length - 1), i < pieces.length - 1 && gap(i)]));

  /** @param {BlanksView} view @param {Panel} panel */
  function ask(view, panel) {
    const count = view.ask.parts.length - 1;
    const boxes = [];
    const gap = (index) => {
      boxes[index] = h("input", {
        type: "text", class: "gp-field gp-blank", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
        "aria-label": `Blank ${index + 1} of ${count}`,
        onkeydown: (event) => event.key === "Enter" && (boxes[index + 1] ? boxes[index + 1].focus() : panel.commit()),
      });
      return boxes[index];
    };
    const node = woven(view.ask.parts, gap);
    const open = () => boxes.filter((box) => !box.value.trim());
    const left = () => (open().length === 1 ? "One blank is still empty." : `${open().length} blanks are still empty.`);
    return {
      node,
      read: () => ({ guess: boxes.map((box) => box.value.trim()), missing: open().length ? left() : "" }),
      focus: () => (open()[0] ?? boxes[0]).focus(),
    };
  }

  function filled(kind, said, text) {
    const short = text.length <= 26 ? " gp-filled-short" : ""; // a longer one may break into lines
    const look = `gp-filled gp-filled-${kind}${short}`;
    return h("span", { class: look }, mark(kind), h("span", { class: "gp-sr", text: ` ${said} ` }), h("span", { text }));
  }

  /** @param {BlanksView} view */
  const show = (view) =>
    woven(view.ask.parts, (index) => {
      const [text, truth] = [view.guess?.texts?.[index], view.result?.expected?.[index]];
      return [text && filled("guess", "you wrote", text), text && truth && " ", truth && filled("truth", "expected", truth)];
    });

  kinds.blanks = { ask, show, kept: "Your words are kept." };
}
