"""The code of a lesson: the workings, plots and pictures that its words name, found by name alone.

A lesson of the course has the package ``lessonlib.course.lesson_NN``; one that lives elsewhere is a folder with its YAML
and modules of its own. Both may name what stands in ``lessonlib.course.shared``.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from lessonlib.base.errors import LessonlibError, unknown_name
from lessonlib.roofline import Lab

COURSE = "lessonlib.course"
SHARED = f"{COURSE}.shared"

Working = Callable[[Lab], Any]


class LessonCodeError(LessonlibError):
    """The code of a lesson cannot be used: which module, what is wrong with it."""


class LessonCode:
    """What the words of a lesson may name, out of ``packages``: its own first, then the shared one."""

    def __init__(self, packages: Sequence[str]):
        self.packages = tuple(packages)

    @functools.cached_property
    def workings(self) -> dict[str, Working]:
        """Every working by its name. Raises LessonCodeError if two modules have one of the same name."""
        found: dict[str, Working] = {}
        for module in self.modules():
            for name, working in workings_of(module):
                other = found.setdefault(name, working)
                if other is not working:
                    raise LessonCodeError(
                        f"two workings are called “{name}”, in {file_of(other)} and {file_of(working)}: one name has one meaning, so rename one"
                    )
        return found

    def modules(self, part: str = "") -> Iterator[ModuleType]:
        """The modules of each package, or of its folder ``part`` (``plots``, ``pictures``), by name."""
        for package in self.packages:
            home = f"{package}.{part}" if part else package
            yield from (_imported(f"{home}.{name}") for name in _names_in(home))

    def plot(self, name: str) -> ModuleType:
        """The module that draws the still figure ``name``; LessonlibError names those there are, or what the module lacks.

        It offers what :class:`lessonlib.draw.style.Plot` says.
        """
        module = self._drawing("plots", "plot", name)
        lacking = [part for part in ("describe", "draw") if not callable(getattr(module, part, None))]
        if lacking:
            raise LessonCodeError(
                f"plots/{module.__name__.rpartition('.')[2]}.py: a plot has the functions describe(lab) and draw(lab); this one has no {' and no '.join(lacking)}"
            )
        return module

    def picture(self, name: str) -> ModuleType:
        """The module that draws the picture ``name``; LessonlibError names those there are."""
        return self._drawing("pictures", "picture", name)

    def drawings(self, part: str) -> dict[str, str]:
        """Name in the words -> module, of all ``plots`` or all ``pictures``."""
        return {
            name.replace("_", "-"): f"{package}.{part}.{name}"
            for package in reversed(self.packages)
            for name in _names_in(f"{package}.{part}")
        }

    def _drawing(self, part: str, kind: str, name: str) -> ModuleType:
        known = self.drawings(part)
        if name not in known:
            raise unknown_name(kind, name, known, f"the folder {part}/ of the lesson's package")
        return _imported(known[name])


def code_for(name: str, number: int) -> LessonCode:
    """The code of a lesson given by name or by the path of its YAML.

    A YAML that has modules beside it brings its own code; one that stands alone uses that of the course's lesson of its number.
    """
    folder = Path(name).resolve().parent
    outside = name.endswith((".yaml", ".yml")) and any(folder.glob("*.py"))
    return code_beside(folder) if outside else code_of(number)


@functools.cache
def code_of(number: int) -> LessonCode:
    """The code of a lesson of the course."""
    return LessonCode((f"{COURSE}.lesson_{number:02}", SHARED))


@functools.cache
def code_beside(folder: Path) -> LessonCode:
    """The code of a lesson that lives in a folder of its own, outside of the course."""
    name = f"lesson_in_{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        package = ModuleType(name, f"The lesson in {folder}.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return LessonCode((name, SHARED))


@functools.cache
def whole_course() -> LessonCode:
    """All code of the course: one name has one meaning there too."""
    lessons = [name for name in _names_in(COURSE, packages=True) if name.startswith("lesson_")]
    return LessonCode((*(f"{COURSE}.{name}" for name in lessons), SHARED))


def workings_of(module: ModuleType) -> Iterator[tuple[str, Working]]:
    """The workings that a module defines: public functions that need a lab and nothing else."""
    for name, found in vars(module).items():
        if is_working(name, found) and found.__module__ == module.__name__:
            yield name, found


def is_working(name: str, found: object) -> bool:
    """Whether it is a public function whose one parameter without a default is called ``lab``."""
    if name.startswith("_") or not inspect.isfunction(found):
        return False
    needed = [each.name for each in inspect.signature(found).parameters.values() if each.default is each.empty]
    return needed == ["lab"]


def file_of(working: Working) -> str:
    """The file and line of a working, for messages."""
    code = inspect.unwrap(working).__code__
    return f"{Path(code.co_filename).name}:{code.co_firstlineno}"


def _names_in(package: str, packages: bool = False) -> list[str]:
    """The modules of a package (or its packages), none where there is no such package."""
    try:
        paths = _imported(package).__path__
    except (ModuleNotFoundError, AttributeError):
        return []
    return sorted(
        found.name
        for found in pkgutil.iter_modules(paths)
        if found.ispkg == packages and not found.name.startswith("_")
    )


def _imported(name: str) -> ModuleType:
    """The module ``name``; an error in it is one line that names the file."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and name.startswith(error.name):
            raise
        raise LessonCodeError(f"{name.rpartition('.')[2]}.py cannot be imported: {error}") from error
    except LessonlibError:
        raise
    except SyntaxError as error:
        raise LessonCodeError(f"{Path(error.filename or name).name}:{error.lineno}: {error.msg}") from error
    except Exception as error:  # whatever an author's module raises while it is imported
        raise LessonCodeError(
            f"{name.rpartition('.')[2]}.py cannot be imported: {type(error).__name__}: {error}"
        ) from error
