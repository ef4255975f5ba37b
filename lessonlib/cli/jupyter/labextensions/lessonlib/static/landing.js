// A lesson goes on where its learner stopped: after Run All, which else leaves them at the last cell, after a restart
// and after a reload. Plain JavaScript, shipped as it stands: JupyterLab and Notebook 7 load it and ask it for a plugin.
{
  const COMMAND = "lessonlib:continue";
  const RUNS = new Set(["notebook:run-all-cells", "notebook:restart-run-all"]);
  const AT = "lesson.continue_at()"; // see lessonlib/show/notebook.py
  const LOOK_MS = 120;
  const [CALM, MOST_LOOKS] = [4, 40]; // so many looks alike in a row, and the page has come to rest; more are not taken
  const ABOVE = 0.05; // of the height of the notebook that stays above the cell: the end of what was finished
  const TOUCHES = ["wheel", "touchmove", "pointerdown", "keydown"];

  const isNotebook = (widget) => Boolean(widget?.sessionContext && widget.content?.widgets && widget.content.scrollToItem);
  const sourceOf = (cell) => (cell.model.type === "code" ? cell.model.sharedModel.source : "");
  const isLesson = (widget) => isNotebook(widget) && widget.content.widgets.some((cell) => sourceOf(cell).includes("open_lesson("));
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  /** Where the kernel has the learner: {after, open}, ids of items, "" for none; null where no lesson is open in it. */
  async function askKernel(widget) {
    const kernel = widget.sessionContext.session?.kernel;
    if (!kernel) return null;
    const request = { code: "", silent: true, store_history: false, stop_on_error: false, user_expressions: { at: AT } };
    const reply = await kernel.requestExecute(request).done;
    const said = reply.content.user_expressions?.at;
    if (said?.status !== "ok") return null;
    const [after, open] = said.data["text/plain"].replace(/^['"]|['"]$/g, "").split("|");
    return { after, open };
  }

  const cellOf = (content, id) => {
    const shows = new RegExp(`^lesson\\.\\w+\\("${id}"[,)]`, "m");
    return id ? content.widgets.findIndex((cell) => shows.test(sourceOf(cell))) : -1;
  };

  /** The cell to stand at: the open question if it was begun, else what follows the last one that is finished. */
  function landingCell(content, { after, open }) {
    const begun = cellOf(content, open);
    return begun >= 0 ? begun : Math.min(cellOf(content, after) + 1, content.widgets.length - 1);
  }

  /** A landing under way, which is off as soon as the learner scrolls, presses or types in the notebook: they go where they like. */
  function newLanding(node) {
    const landing = { off: false, stopListening: () => TOUCHES.forEach((name) => node.removeEventListener(name, note, true)) };
    const note = () => (landing.off = true);
    TOUCHES.forEach((name) => node.addEventListener(name, note, { capture: true, passive: true }));
    return landing;
  }

  /** Scrolls a cell to the top, and again while panels above it are still being drawn. */
  async function standAt(content, index, landing) {
    content.deselectAll();
    content.activeCellIndex = index;
    let last = NaN;
    for (let [calm, looks] = [0, 0]; calm < CALM && looks < MOST_LOOKS && !landing.off && !content.isDisposed; looks += 1) {
      await content.scrollToItem(index, "start", ABOVE);
      await pause(LOOK_MS);
      const { node } = content.widgets[index] ?? {};
      const top = node?.isConnected ? node.getBoundingClientRect().top : NaN;
      calm = Math.abs(top - last) <= 2 ? calm + 1 : 0;
      last = top;
    }
  }

  const landings = new WeakMap(); // the newest one of each notebook

  /** After `ready`, stand where the learner stopped. `fresh`: also at the top, where nothing was answered yet.
   * A newer call ends an older one: what a run leads to must not be lost to a kernel that still answers for the opening. */
  async function land(widget, ready, { fresh = true } = {}) {
    const landing = newLanding(widget.content.node);
    if (landings.has(widget)) landings.get(widget).off = true;
    landings.set(widget, landing);
    try {
      await ready;
      const at = landing.off || widget.isDisposed ? null : await askKernel(widget);
      if (at && !landing.off && (fresh || at.after)) await standAt(widget.content, landingCell(widget.content, at), landing);
    } catch {
      // A run that failed, a dialog that was closed, a kernel that died: the learner stays where they are.
    } finally {
      landing.stopListening();
      if (landings.get(widget) === landing) landings.delete(widget);
    }
  }

  const seen = new WeakSet();
  /** A notebook that comes to the front for the first time, with a kernel in which its lesson is open: after a reload. */
  async function opened(widget, changed) {
    if (!isNotebook(widget) || seen.has(widget)) return;
    seen.add(widget);
    await widget.context.ready;
    changed();
    if (isLesson(widget) && !landings.has(widget)) land(widget, widget.sessionContext.ready, { fresh: false });
  }

  function activate(app, palette) {
    const { commands, shell } = app;
    const here = () => (isLesson(shell.currentWidget) ? shell.currentWidget : null);
    commands.addCommand(COMMAND, {
      label: "Continue Where I Stopped",
      caption: "Run this lesson if it is not running, and go to the first open step",
      isEnabled: () => Boolean(here()),
      isVisible: () => Boolean(here()),
      execute: async () => {
        const widget = here();
        if (!widget) return;
        if (await askKernel(widget)) await land(widget, null);
        else await commands.execute("notebook:run-all-cells"); // and the signal below does the rest
      },
    });
    palette?.addItem({ command: COMMAND, category: "Lessons" });
    commands.commandExecuted.connect((_, { id, result }) => {
      if (RUNS.has(id) && here()) land(here(), result);
    });
    const changed = () => commands.notifyCommandChanged(COMMAND);
    const look = () => {
      changed();
      opened(shell.currentWidget, changed);
    };
    shell.currentChanged?.connect(look);
    app.restored.then(look);
  }

  let shared = {};
  /** The token of the command palette, out of what JupyterLab shares; null where it cannot be had. */
  async function paletteToken() {
    try {
      const [edition] = Object.values(shared["@jupyterlab/apputils"] ?? {});
      return (await edition.get())().ICommandPalette ?? null;
    } catch {
      return null;
    }
  }

  async function plugin() {
    const token = await paletteToken();
    return { id: "lessonlib:landing", description: "A lesson goes on where its learner stopped.", autoStart: true, optional: token ? [token] : [], activate };
  }

  (globalThis._JUPYTERLAB ??= {}).lessonlib = {
    init: (scope) => void (shared = scope),
    get: async () => {
      const module = { __esModule: true, default: await plugin() };
      return () => module;
    },
  };
}
