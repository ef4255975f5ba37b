"""Packages that only some commands use: what to install when one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from lessonlib.base.errors import LessonlibError


def require(package: str, extra: str, what: str) -> None:
    """Hold that `package`, which the extra `extra` of lessonlib brings, is there for `what`, without importing it.

    Raises LessonlibError when it is not installed. It names the package itself: that works however lessonlib was
    installed, by pip, by conda or from a checkout.
    """
    if find_spec(package) is None:
        raise LessonlibError(
            f"{what} needs the package {package}, which is not installed: pip install {package} (lessonlib[{extra}] brings it)"
        )
