"""Packages that only some commands use: what to install when one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from lessonlib.base.errors import LessonlibError

#: Modules whose package has another name.
_PACKAGES = {"yaml": "pyyaml"}


def require(module: str, extra: str, what: str) -> None:
    """Hold that `module`, which the extra `extra` of lessonlib brings, is there for `what`, without importing it.

    Raises LessonlibError when it is not installed. It names the package to install: that works however lessonlib was
    installed, by pip, by conda or from a checkout.
    """
    if find_spec(module) is None:
        package = _PACKAGES.get(module, module)
        raise LessonlibError(
            f"{what} needs the package {package}, which is not installed: pip install {package} (lessonlib[{extra}] brings it)"
        )
