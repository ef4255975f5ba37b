"""A notebook with one small widget that counts clicks: the stack that the panels stand on, without them."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

WIDGET = '''
import anywidget
import os
import traitlets

KEPT = os.environ["LESSON_JOURNAL"] + ".clicks"

def kept():
    return int(open(KEPT).read()) if os.path.exists(KEPT) else 0

class Clicks(anywidget.AnyWidget):
    """The page sends a message for each click; Python counts, keeps the count, and syncs it back."""

    _esm = """
    function render({ model, el }) {
      const button = document.createElement("button");
      const draw = () => {
        const clicks = model.get("clicks");
        button.textContent = `${clicks} clicks`;
        el.dataset.state = clicks > 0 ? "clicked" : "asked";
      };
      el.dataset.lessonId = "clicks";
      button.onclick = () => model.send({ event: "click" });
      model.on("change:clicks", draw);
      draw();
      el.append(button);
    }
    export default { render };
    """
    clicks = traitlets.Int().tag(sync=True)

    def __init__(self):
        super().__init__(clicks=kept())
        self.on_msg(self.count)

    def count(self, widget, message, buffers):
        self.clicks += 1
        os.makedirs(os.path.dirname(KEPT), exist_ok=True)
        with open(KEPT, "w") as file:
            file.write(str(self.clicks))

Clicks()
'''
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def write_clicks(folder: Path, *more: str) -> Path:
    """Write the notebook; `more` are code cells that follow the widget."""
    path = folder / "clicks.ipynb"
    cells = [new_markdown_cell("# Clicks"), new_code_cell(WIDGET.strip()), *map(new_code_cell, more)]
    nbformat.write(new_notebook(cells=cells, metadata=KERNEL), path)
    return path
