"""Which tests run which lines of a module: a mutant of a line is tried on those alone, the quick ones first."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Collection, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

#: Tests that take longer than this wait until the others have passed.
_QUICK_SECONDS = 0.2


@dataclass(frozen=True)
class Reach:
    """seconds: what each test took, by its name. tests: of each line of the module, the tests that run it; the empty name stands
    for what runs before any test. statements: of each line, the lines of its statement, of which one tells of them all.
    """

    seconds: Mapping[str, float]
    tests: Mapping[int, Collection[str]]
    statements: Mapping[int, range]

    def of(self, line: int) -> frozenset[str] | None:
        """The tests that run the statement at ``line``; None where it takes all of them: what runs as a module is imported may
        show in any test, and what no test runs here may run out of sight.
        """
        found = {test for each in self.statements.get(line, (line,)) for test in self.tests.get(each, ())}
        return None if not found or "" in found else frozenset(found)

    def slow(self) -> frozenset[str]:
        """The tests that come last."""
        return frozenset(test for test, seconds in self.seconds.items() if seconds > _QUICK_SECONDS)


def statements(source: str) -> dict[int, range]:
    """Of each line, the lines of the innermost statement that it is of; of a block, its head."""
    found: dict[int, range] = {}
    for node in ast.walk(ast.parse(source)):  # what is inside comes after what it is in
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = body[0].lineno - 1 if body else node.end_lineno or node.lineno
            lines = range(node.lineno, max(end, node.lineno) + 1)
            found |= dict.fromkeys(lines, lines)
    return found


def read(path: Path, source: str) -> Reach:
    """What a Recorder has written."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return Reach(told["seconds"], {int(line): tests for line, tests in told["tests"].items()}, statements(source))


class Recorder:
    """A plugin of pytest that writes to ``path`` which tests run which lines of the file ``traced``."""

    def __init__(self, traced: str, path: Path):
        from coverage import Coverage

        self.traced, self.path, self.seconds = traced, path, dict[str, float]()
        self.coverage = Coverage(data_file=None, config_file=False, include=[traced])
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """What runs from here on is this test's."""
        self.coverage.switch_context(item.nodeid)
        began = time.monotonic()
        result = yield
        self.seconds[item.nodeid] = time.monotonic() - began
        self.coverage.switch_context("")
        return result

    def pytest_unconfigure(self) -> None:
        """Write what was seen."""
        self.coverage.stop()
        tests = self.coverage.get_data().contexts_by_lineno(self.traced)
        self.path.write_text(json.dumps({"seconds": self.seconds, "tests": tests}), encoding="utf-8")


class Chooser:
    """A plugin of pytest that runs the tests ``chosen``, or all with None, and those of ``slow`` last."""

    def __init__(self, chosen: Collection[str] | None, slow: Collection[str]):
        self.chosen, self.slow = chosen, slow

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out what is not chosen, and put the slow ones last."""
        if self.chosen is not None:
            items[:] = [item for item in items if item.nodeid in self.chosen]
        items.sort(key=lambda item: item.nodeid in self.slow)
