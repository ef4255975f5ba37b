"""The code of a lesson: the workings, plots and pictures that its words name, found by name alone.

A lesson of the course has the package ``lessonlib.course.lesson_NN``, a checkpoint ``lessonlib.course.checkpoint_N``, both forms of the inventory
``lessonlib.course.inventory``; one that lives elsewhere is a folder with its YAML
and modules of its own. Both may name what stands in ``lessonlib.course.shared``.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import inspect
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from lessonlib.base.errors import LessonlibError, unknown_name
from lessonlib.roofline import Lab

COURSE = "lessonlib.course"
SHARED = f"{COURSE}.shared"
#: how the package of a lesson that lives elsewhere begins
OUTSIDE = "lesson_in_"

Working = Callable[[Lab], Any]


class LessonCodeError(LessonlibError):
    """The code of a lesson cannot be used: which module, what is wrong with it.

    ``file`` and ``line`` say where; ``fault`` is what is wrong, without the place.
    """

    def __init__(self, file: str, line: int, fault: str):
        super().__init__(f"{Path(file).name}:{line}: {fault}")
        self.file, self.line, self.fault = file, line, fault


class LessonCode:
    """What the words of a lesson may name, out of ``packages``: its own first, then the shared one."""

    def __init__(self, packages: Sequence[str]):
        self.packages = tuple(packages)

    @functools.cached_property
    def workings(self) -> dict[str, Working]:
        """Every working by its name. Raises LessonCodeError if two modules have one of the same name."""
        found: dict[str, Working] = {}
        for name, working in (pair for module in self.modules() for pair in workings_of(module)):
            other = found.setdefault(name, working)
            if other is not working:
                raise twice(name, other, working)
        return found

    def modules(self, part: str = "") -> Iterator[ModuleType]:
        """The modules of each package, or of its folder ``part`` (``plots``, ``pictures``), by name."""
        yield from (_imported(name) for name in self.module_names(part))

    def module_names(self, part: str = "") -> Iterator[str]:
        """The full names of those modules, none of them imported."""
        for package in self.packages:
            home = f"{package}.{part}" if part else package
            yield from (f"{home}.{name}" for name in _names_in(home))

    @functools.cached_property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """Every public function of every module by its name, workings among them; own ones come before shared ones."""
        return {
            name: found
            for module in reversed(list(self.modules()))
            for name, found in vars(module).items()
            # A function that keeps what it computed is one too.
            if not name.startswith("_")
            and inspect.isfunction(_unwrapped(found))
            and found.__module__ == module.__name__
        }

    def function(self, name: str) -> Callable[..., Any]:
        """The public function ``name``; LessonlibError names those that look like it."""
        if name not in self.functions:
            raise unknown_name("function", name, self.functions, "the lesson's package with course/shared")
        return self.functions[name]

    def faults(self) -> tuple[list[ModuleType], list[LessonCodeError]]:
        """The modules with workings, and what is wrong with each module, drawings included, that cannot be imported."""
        good, bad = [], []
        for part in ("", "plots", "pictures"):
            try:
                names = list(self.module_names(part))
            except LessonCodeError as error:  # the package itself
                bad.append(error)
                continue
            for name in names:
                try:
                    module = _imported(name)
                except LessonCodeError as error:
                    bad.append(error)
                else:
                    good += [module] * (not part)
        return good, bad

    def plot(self, name: str) -> ModuleType:
        """The module that draws the still figure ``name``; LessonlibError names those there are, or what the module lacks.

        It offers what :class:`lessonlib.draw.style.Plot` says.
        """
        module = self._drawing("plots", "plot", name)
        lacking = [part for part in ("describe", "draw") if not callable(getattr(module, part, None))]
        if lacking:
            fault = f"a plot has the functions describe(lab) and draw(lab); this one has no {' and no '.join(lacking)}"
            raise LessonCodeError(str(module.__file__), 1, fault)
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


def code_for(name: str, number: int | None) -> LessonCode:
    """The code of a lesson given by name or by the path of its YAML. number: None of a checkpoint, which goes by its name.

    A YAML that has modules beside it brings its own code; one that stands alone uses that of the course's lesson of its number.
    """
    folder = Path(name).resolve().parent
    outside = name.endswith((".yaml", ".yml")) and any(folder.glob("*.py"))
    if outside:
        return code_beside(folder)
    return _code_in(package_name(Path(name).stem if number is None else f"{number:02}-"))


def code_of(number: int) -> LessonCode:
    """The code of a lesson of the course."""
    return _code_in(package_name(f"{number:02}-"))


def package_name(name: str) -> str:
    """The package of a lesson or checkpoint of the course by its name: ``lesson_09``, ``checkpoint_1``; both forms of the inventory have one."""
    number, _, _ = name.partition("-")
    if number == "inventory":
        return number
    return f"lesson_{number}" if number.isdigit() else name.replace("-", "_")


@functools.cache
def _code_in(package: str) -> LessonCode:
    return LessonCode((f"{COURSE}.{package}", SHARED))


@functools.cache
def code_beside(folder: Path) -> LessonCode:
    """The code of a lesson that lives in a folder of its own, outside of the course."""
    name = f"{OUTSIDE}{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        package = ModuleType(name, f"The lesson in {folder}.")
        package.__path__ = [str(folder)]
        sys.modules[name] = package
    return LessonCode((name, SHARED))


@functools.cache
def whole_course() -> LessonCode:
    """All code of the course: one name has one meaning there too."""
    lessons = [
        name for name in _names_in(COURSE, packages=True) if name.startswith(("lesson_", "checkpoint_", "inventory"))
    ]
    return LessonCode((*(f"{COURSE}.{name}" for name in lessons), SHARED))


def forget_code() -> None:
    """Forget every lesson's modules, so that the next lesson opened finds them as they are on disk now."""
    for name in [name for name in sys.modules if f"{name}.".startswith((f"{COURSE}.", OUTSIDE))]:
        del sys.modules[name]
    for kept in (_code_in, code_beside, whole_course):
        kept.cache_clear()
    importlib.invalidate_caches()


def _unwrapped(found: object) -> object:
    """What a decorator such as ``lru_cache`` wrapped; anything else as it is."""
    return getattr(found, "__wrapped__", found)


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


def place_of(working: Working) -> tuple[str, int]:
    """The file and line of a working."""
    code = inspect.unwrap(working).__code__
    return code.co_filename, code.co_firstlineno


def twice(name: str, one: Working, other: Working) -> LessonCodeError:
    """The error for two workings of one name, placed at the second."""
    file, line = place_of(one)
    return LessonCodeError(
        *place_of(other),
        f"two workings are called “{name}”, here and in {_short(file)}:{line}: one name has one meaning, so rename one",
    )


def _short(file: str) -> str:
    """A file by its last two parts: every lesson has a workings.py."""
    return "/".join(Path(file).parts[-2:])


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
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise
        raise _cannot(name, error, str(error)) from error
    except SyntaxError as error:
        raise LessonCodeError(error.filename or name, error.lineno or 1, f"{error.msg}") from error
    except LessonCodeError:
        raise
    except (Exception, SystemExit) as error:  # whatever an author's module raises while it is imported
        raise _cannot(name, error, f"{type(error).__name__}: {error}") from error


def _cannot(name: str, error: BaseException, why: str) -> LessonCodeError:
    """The error for a module that cannot be imported, placed at the line of a lesson's code that was running last."""
    why = " ".join(why.split())
    spec = _spec(name)
    file, line = (spec or name), 1
    for frame, number in traceback.walk_tb(error.__traceback__):
        if spec and Path(frame.f_code.co_filename).is_relative_to(Path(spec).parent):
            file, line = frame.f_code.co_filename, number
    return LessonCodeError(file, line, f"{Path(file).name} cannot be imported: {why}")


def _spec(name: str) -> str | None:
    """The file of a module that need not import."""
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    return found.origin if found else None
