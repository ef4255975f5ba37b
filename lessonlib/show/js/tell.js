// tell: a gated passage of text, nothing to answer.
{
  const body = (view) => (view.html ? h("div", { class: "gp-words gp-tell", html: view.html }) : null);
  kinds.tell = { body };
}
