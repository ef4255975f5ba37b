"""Runs tests on a mutant: in a forked process, which finds the changed module in memory. No file is changed.

Cosmic Ray's own way writes each mutant over the file and starts pytest anew: three seconds for each, and a tree that
is wrong if it is stopped. A fork begins with everything imported that is not ours.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from mutants import reach

#: A mutant that takes so much more time than the code as it is hangs, which its tests would tell.
_TIMES_SLOWER, _SECONDS_MORE = 3.0, 10.0
#: A mutant that takes so much memory fails, which its tests would tell as well.
_MOST_BYTES = 12 * 2**30

_OURS = ("lessonlib", "tests", "conftest")


#: What pytest says if there is nothing to run.
_NO_TESTS = 5


class Tests:
    """The tests that the module ``module`` ("lessonlib.lesson.judge") is paired with. ``arguments`` go to pytest. Raises
    RuntimeError if they fail as it is.
    """

    def __init__(self, arguments: Sequence[str], module: str):
        self.arguments, self.module = list(arguments), module
        path = _path(module)
        with tempfile.TemporaryDirectory() as folder:
            names, reached = Path(folder) / "names", Path(folder) / "reached"
            self._pass(_Run(names=names))
            for name in json.loads(names.read_text(encoding="utf-8")):
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
            self._pass(_Run(traced=str(path), reached=reached))
            self.reach = reach.read(reached, path.read_text(encoding="utf-8"))
        began = time.monotonic()
        self._pass(_Run())  # again, as every mutant will find it
        self.seconds = time.monotonic() - began

    def _pass(self, run: _Run) -> None:
        status = self._run(run, 600.0)
        if status:
            raise RuntimeError(f"status {status} on the code as it is: pytest {' '.join(self.arguments)}")

    def kill(self, source: str, line: int) -> bool:
        """Whether any of them fails, or hangs, with ``source``, changed at ``line``, in place of the module.

        First those that run the line; all, if these pass: a fixture that several share runs in the first of them alone.
        """
        most, slow = self.seconds * _TIMES_SLOWER + _SECONDS_MORE, self.reach.slow()
        chosen = self.reach.of(line)
        if chosen and self._run(_Run(self.module, source, chosen, slow), most) not in (0, _NO_TESTS):
            return True
        return self._run(_Run(self.module, source, None, slow), most) != 0

    def _run(self, run: _Run, most_seconds: float) -> int:
        child = os.fork()
        if child == 0:
            try:
                status = _in_child(self._arguments(run.chosen), run)
            except BaseException:  # a child that got out of here would go on as its parent
                status = 70
            os._exit(status)
        until = time.monotonic() + most_seconds
        try:
            while True:
                ended, status = os.waitpid(child, os.WNOHANG)
                if ended:
                    return os.waitstatus_to_exitcode(status)
                if time.monotonic() > until:
                    return -signal.SIGALRM
                time.sleep(0.01)
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child, signal.SIGKILL)  # itself, if it hangs, and whatever its tests have left behind
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)

    def _arguments(self, chosen: Collection[str] | None) -> list[str]:
        """Without the files that hold none of the chosen tests."""
        if chosen is None:
            return self.arguments
        files = {test.partition("::")[0] for test in chosen}
        return [each for each in self.arguments if not each.startswith("tests/") or each.partition("::")[0] in files]


def _path(module: str) -> Path:
    """Its file. Not by importlib, which imports the packages around it, and every fork would have them as they are."""
    at = Path(__file__).resolve().parents[1].joinpath(*module.split("."))
    return at / "__init__.py" if at.is_dir() else at.with_suffix(".py")


@dataclass(frozen=True)
class _Run:
    """module, source: the mutant, or neither. chosen: the tests to run, all with None; those of slow last. names: where to
    write what was imported. traced, reached: a file, and where to write which tests run which of its lines.
    """

    module: str = ""
    source: str = ""
    chosen: Collection[str] | None = None
    slow: Collection[str] = ()
    names: Path | None = None
    traced: str = ""
    reached: Path = Path()


def _in_child(arguments: list[str], run: _Run) -> int:
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    if run.module:
        sys.meta_path.insert(0, _Changed(run.module, run.source))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder  # what failed on one mutant is nothing to the next
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # nbval alone takes three seconds to import
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        from hypothesis import settings

        # What tells a mutant is among the first examples; a hundred of each test would be most of the time. A busy
        # machine is slow at any of them, which tells nothing.
        settings.register_profile("few", max_examples=15, deadline=None, derandomize=True, database=None)
        plugins: list[object] = [reach.Chooser(run.chosen, run.slow)]
        if run.traced:
            plugins.append(reach.Recorder(run.traced, run.reached))
        failed = int(
            pytest.main(
                [
                    *("-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"),
                    *("-p", "_hypothesis_pytestplugin", "--hypothesis-profile=few"),
                    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # they are imported, so that a fork has them
                    *arguments,
                ],
                plugins=plugins,
            )
        )
    if run.names:
        theirs = [name for name in sys.modules if name.split(".")[0] not in (*_OURS, "__main__", "mutants")]
        run.names.write_text(json.dumps(theirs), encoding="utf-8")
    return failed


class _Changed(importlib.abc.MetaPathFinder):
    """Finds one module with a source of ours in place of its own."""

    def __init__(self, module: str, source: str):
        self.module, self.source = module, source

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The module's spec, with a loader that compiles the changed source; None for every other module."""
        if name != self.module:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin is None:
            return None
        loader = _Loader(name, spec.origin)
        loader.source = self.source
        return importlib.util.spec_from_file_location(
            name, spec.origin, loader=loader, submodule_search_locations=spec.submodule_search_locations
        )


class _Loader(importlib.machinery.SourceFileLoader):
    source = ""

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec", dont_inherit=True)
