"""What Run All costs before the browser draws: time to the first panel, time of all cells, bytes to the page.

The kernel is asked for all cells at once, as JupyterLab does, and every message that goes to the page is read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.result import Result
from lessonlib.lesson.source import lesson_names
from tests.content.cells import nobody

LESSON = "01-prefill-vs-decode"
ROUNDS = 5
PATIENCE_S = 120.0
#: what no lesson with panels can do without, imported in a kernel beside it
BARE = "import anywidget, ipywidgets, jinja2, markdown_it, latex2mathml.converter"
#: what the page is sent of a run; status and echo of the code are JupyterLab's own
PAYLOADS = ("comm_open", "comm_msg", "display_data", "execute_result", "update_display_data")


@dataclass(frozen=True)
class Run:
    """One run of some cells. Seconds count from the moment at which all cells were sent to a kernel that stood ready.

    first_panel_s: until the first message with a panel's view; cells_s: until the last cell was done; bytes: of PAYLOADS, as JSON.
    """

    first_panel_s: float
    cells_s: float
    bytes: int


def run(cells: Sequence[str]) -> Run:
    """Run the cells in a fresh kernel. Raises RuntimeError with what a cell raised."""
    from jupyter_client.manager import start_new_kernel

    with nobody():
        manager, client = start_new_kernel(kernel_name="python3")
    try:
        begun = time.perf_counter()
        waiting = {client.execute(cell, store_history=True) for cell in cells}
        first, size = float("nan"), 0
        while waiting:
            message = client.get_iopub_msg(timeout=PATIENCE_S)
            kind, content = message["msg_type"], message["content"]
            if kind == "error":
                raise RuntimeError(f"{content['ename']}: {content['evalue']}")
            if kind in PAYLOADS:
                size += _payload(message)
                if first != first and _shows_a_panel(content):
                    first = time.perf_counter() - begun
            if kind == "status" and content["execution_state"] == "idle":
                waiting.discard(message["parent_header"].get("msg_id"))
        return Run(first, time.perf_counter() - begun, size)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _payload(message: Any) -> int:
    return len(json.dumps(message["content"], ensure_ascii=False).encode()) + sum(map(len, message["buffers"]))


def _shows_a_panel(content: Any) -> bool:
    """Whether a widget opens with something to draw, or an output has a widget's view."""
    state = content.get("data", {}).get("state", {})
    return isinstance(state, dict) and bool(state.get("view"))


def code(lesson: str) -> list[str]:
    """The code cells of a lesson's notebook."""
    from lessonlib.build.notebooks import build

    return ["".join(cell["source"]) for cell in build(lesson)["cells"] if cell["cell_type"] == "code"]


def measure() -> Iterator[Result]:
    """Lesson 1 and a kernel that only imports take turns; then the bytes of every lesson."""
    rounds = [(run(code(LESSON)), run([BARE])) for _ in range(ROUNDS)]
    ours = [lesson for lesson, _ in rounds]
    bare = median(imports.cells_s for _, imports in rounds)
    first, cells = median(one.first_panel_s for one in ours), median(one.cells_s for one in ours)
    beside = f"{bare:.2f} s for the imports of others alone"
    yield Result("lesson 1, Run All to first panel's view", first, 0.8, "s", f"{first / bare:.1f} x {beside}")
    yield Result("lesson 1, Run All to last cell done", cells, 1.8, "s", f"{cells / bare:.1f} x {beside}")
    sizes = {name: ours[0].bytes if name == LESSON else run(code(name)).bytes for name in lesson_names()}
    largest = max(sizes, key=sizes.__getitem__)
    detail = f"{largest} is the largest; lesson 1 {sizes[LESSON] / 1e6:.2f} MB"
    yield Result("bytes to the page, of a lesson at most", sizes[largest] / 1e6, 0.6, "MB", detail)
