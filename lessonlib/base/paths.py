"""Where things lie: the facts in data/, and the checkout, if the package is used from one."""

from __future__ import annotations

import os
from pathlib import Path

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import is_folder

_PACKAGE = Path(__file__).resolve().parents[1]


def checkout_dir() -> Path | None:
    """The root of the checkout that this package lies in; None when it was installed as a copy."""
    root = _PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "data").is_dir() else None


def data_dir() -> Path:
    """The folder with gpus.csv, models/, labs/, lessons/ and measured/.

    The environment variable LESSONLIB_DATA names another one; otherwise it is data/ at the top of the checkout, or
    the copy inside an installed package. Raises LessonlibError when there is none.
    """
    override = os.environ.get("LESSONLIB_DATA")
    if override:
        folder, mend = Path(override), "set LESSONLIB_DATA to a folder that is there, or unset it"
    else:
        checkout = checkout_dir()
        folder, mend = (checkout or _PACKAGE) / "data", "install lessonlib anew, or set LESSONLIB_DATA"
    if not is_folder(folder):
        raise LessonlibError(f"the data folder {folder} does not exist: {mend}")
    return folder
