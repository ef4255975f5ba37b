"""Where the facts lie: the folder data/ beside the package in a checkout."""

from __future__ import annotations

import os
from pathlib import Path

from lessonlib.base.errors import LessonlibError

_PACKAGE = Path(__file__).resolve().parents[1]


def data_dir() -> Path:
    """The folder with gpus.csv, models/, labs/, lessons/ and measured/.

    The environment variable LESSONLIB_DATA names another one; otherwise it is data/ beside the
    package. Raises LessonlibError when neither exists.
    """
    override = os.environ.get("LESSONLIB_DATA")
    folder = Path(override) if override else _PACKAGE.parent / "data"
    if not folder.is_dir():
        raise LessonlibError(
            f"the data folder {folder} does not exist: install from a checkout (pip install -e .) or set LESSONLIB_DATA"
        )
    return folder
