"""The cells of a notebook run here, without a kernel: the same code, the same display machinery, a hundredth of the wait.

What only a kernel shows (that it starts, that nothing is left over from other code) is seen by papermill and nbval.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from IPython.core.formatters import DisplayFormatter

from lessonlib.build import notebooks as stage

#: what a kernel under papermill does not have
_NO_PERSON = ("LESSON_AUTO", "LESSON_LAB", "JPY_SESSION_NAME")


class Ran(NamedTuple):
    """notebook: with its outputs, as a kernel would leave it. shown: what each cell put out, as objects. names: what the cells defined."""

    notebook: dict[str, Any]
    shown: list[Any]
    names: dict[str, Any]


def run_cells(notebook: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> Ran:
    """Run all code cells from top to bottom; ``settings`` follow the cell tagged ``parameters``. Raises what a cell raises."""
    done, names, shown = copy.deepcopy(dict(notebook)), {"__name__": "__main__"}, []
    with nobody():
        for count, cell in enumerate(code_cells(done), 1):
            said = io.StringIO()
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                value = _run("".join(cell["source"]), names)
                outputs = [] if value is None else [_displayed(value, count)]
            if said.getvalue():
                outputs.insert(0, {"name": "stdout", "output_type": "stream", "text": said.getvalue()})
            cell |= {"execution_count": count, "outputs": outputs}
            shown.append(value)
            if "parameters" in cell["metadata"].get("tags", ()):
                names.update(settings or {})
    return Ran(done, shown, names)


def code_cells(notebook: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """As long as this lasts: the folder of the notebooks, and no lab, mode or journal of whoever runs the tests."""
    kept = dict(os.environ)
    for name in _NO_PERSON:
        os.environ.pop(name, None)
    os.environ["LESSON_JOURNAL"] = "off"
    try:
        with contextlib.chdir(stage.notebooks_dir()):
            yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _run(source: str, names: dict[str, Any]) -> Any:
    """The value of the cell's last line if that is an expression, else None."""
    lines = ast.parse(source)
    last = lines.body.pop() if lines.body and isinstance(lines.body[-1], ast.Expr) else None
    exec(compile(lines, "<cell>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), names) if last else None


def _displayed(value: Any, count: int) -> dict[str, Any]:
    data, metadata = DisplayFormatter().format(value)
    return {"data": _split(data), "execution_count": count, "metadata": metadata, "output_type": "execute_result"}


def _split(data: Mapping[str, Any]) -> dict[str, Any]:
    """Texts as lists of lines, as a notebook file holds them."""
    return {kind: text.splitlines(keepends=True) if isinstance(text, str) else text for kind, text in data.items()}
