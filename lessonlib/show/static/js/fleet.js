// The fleet: up to three simulated fleets under one clock.
{
  /** @param {AnyView & { fleet?: FleetRunView[] }} view */
  function body(view) {
    const shown = view.fleet ?? [];
    const words = view.html && h("div", { class: "gp-words", html: view.html });
    return h("div", { class: "exp fl" }, words, shown.map((run) => h("div", {}, h("p", { class: "exp-finding", text: run.finding }), table(run.columns, run.rows), table(run.windows.head, run.windows.rows))));
  }

  const table = (head, rows) =>
    h("div", { class: "gp-table-box", tabindex: 0, role: "region", "aria-label": "Table" }, h("table", { class: "gp-table exp-table" },
      h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, rows.map(([name, ...cells]) => h("tr", {}, h("th", { scope: "row", text: name }), cells.map((text) => h("td", { text })))))));

  kinds.fleet = { body };
}
