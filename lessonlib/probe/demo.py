"""A recorded server for whoever has none: pages of metrics with a story, simulated, and read as those of a live one."""

from __future__ import annotations

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_bytes
from lessonlib.base.paths import data_dir
from lessonlib.probe.timeline import Timeline, parse

#: what stands in the place of an address
DEMO = "demo"
FILE, BREAK = "document-search.prom", "# second "
#: the lab whose server it was
LAB = "qwen3.5-27b-2xh100-sxm"
STORY = (
    "A recording, and of a simulated server: Qwen3.5-27B on two H100 SXM serves a search over documents. Prompts are long and begin "
    "with one of sixty documents, answers are short, and one or two requests come each second. This is half a minute of it."
)
#: said beside every reading of it
NOTE = "simulated, not measured: a recording that comes with the course"


def recorded() -> Timeline:
    """The pages of the recording. Raises LessonlibError where the file is not what it was."""
    path = data_dir() / "demo" / FILE
    _, *pages = read_bytes(path).decode("utf-8", "replace").split(f"\n{BREAK}")
    try:
        scrapes = [parse(page.partition("\n")[2], float(page.partition("\n")[0]), str(path)) for page in pages]
    except ValueError:
        scrapes = []
    if len(scrapes) < 2:
        raise LessonlibError(f"{path}: not the recording that came with lessonlib: install lessonlib anew")
    return Timeline(DEMO, scrapes)
