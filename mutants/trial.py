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
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType

#: A mutant that takes so much more time than the code as it is hangs, which its tests would tell.
_TIMES_SLOWER, _SECONDS_MORE = 3.0, 10.0
#: A mutant that takes so much memory fails, which its tests would tell as well.
_MOST_BYTES = 12 * 2**30

_OURS = ("lessonlib", "tests", "conftest")


class Tests:
    """The tests that a module is paired with. ``arguments`` go to pytest. Raises RuntimeError if they fail as it is."""

    def __init__(self, arguments: Sequence[str]):
        self.arguments = list(arguments)
        with tempfile.NamedTemporaryFile("r") as names:
            self._pass(names.name)
            for name in json.load(names):
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        began = time.monotonic()
        self._pass()  # again, as every mutant will find it
        self.seconds = time.monotonic() - began

    def _pass(self, names: str = "") -> None:
        status = self._run(None, None, 600.0, names)
        if status:
            raise RuntimeError(f"status {status} on the code as it is: pytest {' '.join(self.arguments)}")

    def kill(self, module: str, source: str) -> bool:
        """Whether any of them fails, or hangs, with ``source`` in place of the module ``module`` ("lessonlib.lesson.judge")."""
        return self._run(module, source, self.seconds * _TIMES_SLOWER + _SECONDS_MORE) != 0

    def _run(self, module: str | None, source: str | None, most_seconds: float, names: str = "") -> int:
        child = os.fork()
        if child == 0:
            try:
                status = _in_child(self.arguments, module, source, names)
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


def _in_child(arguments: list[str], module: str | None, source: str | None, names: str) -> int:
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    if module is not None and source is not None:
        sys.meta_path.insert(0, _Changed(module, source))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = folder  # what failed on one mutant is nothing to the next
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # nbval alone takes three seconds to import
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        import pytest
        from hypothesis import settings

        # What tells a mutant is among the first examples; a hundred of each test would be most of the time. A busy
        # machine is slow at any of them, which tells nothing.
        settings.register_profile("few", max_examples=15, deadline=None)
        settings.load_profile("few")
        failed = int(
            pytest.main(
                [
                    *("-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider"),
                    *("-p", "_hypothesis_pytestplugin", "--hypothesis-seed=0"),
                    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # they are imported, so that a fork has them
                    *arguments,
                ]
            )
        )
    if names:
        theirs = [name for name in sys.modules if name.split(".")[0] not in (*_OURS, "__main__", "mutants")]
        Path(names).write_text(json.dumps(theirs), encoding="utf-8")
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
