// tell: a gated passage of text, nothing to answer. map: the ideas of the course, which come drawn.
{
  /** @param {BlockView} view */
  const body = (view) => (view.html ? h("div", { class: "gp-words gp-tell", html: view.html }) : null);
  kinds.tell = { body };
  kinds.map = { body };
}
