"""Whether guesses are kept here, where, and from when on: one rule for every front end.

In this order. What LESSON_JOURNAL says. In Voilà nothing: several people may share one account. In JupyterLab, in a
browser and in VS Code at once. Anywhere else once a page has spoken: that proves a person, since papermill and nbval
never send a message of a page.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

OFF = "LESSON_JOURNAL is off"
VOILA = "in Voilà several people may share one account; set LESSON_JOURNAL to keep them all the same"


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where guesses are kept. path: None if nowhere, and then ``why``. at_once: not only once a page has spoken."""

    path: Path | None
    why: str = ""
    at_once: bool = True


def keeping() -> Keeping:
    """What holds in this process."""
    if os.environ.get("LESSON_JOURNAL"):
        path = journal_path()
        return Keeping(path, "" if path else OFF)
    if "VOILA_BASE_URL" in os.environ:
        return Keeping(None, VOILA)
    person = bool(os.environ.get("JPY_SESSION_NAME")) or sys.platform == "emscripten" or _in_vs_code()
    return Keeping(journal_path(), at_once=person)


def _in_vs_code() -> bool:
    """Its Jupyter extension tells a kernel the notebook's file in this way, and in no variable."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return "__vsc_ipynb_file__" in getattr(shell, "user_ns", {})


def journal_path() -> Path | None:
    """Where the learner's journal is: LESSON_JOURNAL, else the platform's data directory; None if it is "off"."""
    chosen = os.environ.get("LESSON_JOURNAL", "")
    if chosen.lower() == "off":
        return None
    if chosen:
        return Path(os.path.expanduser(chosen))  # noqa: PTH111 - Path.expanduser raises on a user who is not there
    return default_path()


def default_path() -> Path:
    """Where the platform keeps such things."""
    import platformdirs  # on first use only: `import lessonlib` stays light

    return Path(platformdirs.user_data_dir("lessonlib", appauthor=False)) / "journal.jsonl"
