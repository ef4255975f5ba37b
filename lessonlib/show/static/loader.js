// What each panel carries: asks the hidden widget for the scripts and styles of all panels, and runs them once a page.
const loaded = (globalThis.lessonPanels ??= new Map()); // edition -> the module with `render`

/** A page that was reloaded learns of its widgets one after another, so the hidden one may come a little later. */
async function hiddenWidget(model) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await model.widget_manager.get_model(model.get("scripts"));
    } catch (error) {
      if (tries === 20) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

function importOnce(edition, script) {
  if (!loaded.has(edition)) {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    loaded.set(edition, import(address).finally(() => URL.revokeObjectURL(address)));
  }
  return loaded.get(edition);
}

/** Once in the document, and once in a shadow root, where the document's styles do not reach. */
function addStyle(el, edition, style) {
  const root = el.getRootNode();
  const home = root instanceof ShadowRoot ? root : document.head;
  if (home.querySelector(`style[data-lesson-panels="${edition}"]`)) return;
  const node = document.createElement("style");
  node.dataset.lessonPanels = edition;
  node.textContent = style;
  home.append(node);
}

async function render({ model, el, ...more }) {
  try {
    const hidden = await hiddenWidget(model);
    const [edition, script, style] = ["edition", "script", "style"].map((name) => hidden.get(name));
    addStyle(el, edition, style);
    return (await importOnce(edition, script)).default.render({ model, el, ...more });
  } catch (error) {
    el.textContent = `This panel could not be loaded (${error.message}). Run the cell again.`;
  }
}

export default { render };
