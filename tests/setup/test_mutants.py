"""The mutation run: its table fits the tree, a wrong change is seen and an unchanged module is not, and no file is touched."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mutants.made import mutants_of
from mutants.reach import Reach, statements

UNITS = "lessonlib.base.units"
SOURCE = '''"""Words."""

from __future__ import annotations

__all__ = ["Box", "TABLE"]
TABLE = {"one": 1, "two": 2}


class Box:
    @property
    def full(self) -> bool:
        return self.held >= 3

    def add(self, *, count: int | None = None) -> None:
        self.held: int
        if count is None:
            raise ValueError("none")
        self.held += count
'''


def table(repo: Path, name: str) -> dict[str, Any]:
    return tomllib.loads((repo / "mutants" / name).read_text(encoding="utf-8"))


def test_every_module_and_every_test_of_the_table_is_there(repo: Path) -> None:
    for part, pairs in table(repo, "parts.toml").items():
        for module, arguments in pairs.items():
            assert (repo / "lessonlib" / module).is_file(), f"{part}: {module}"
            for name in (argument for argument in arguments if argument.startswith("tests/")):
                assert (repo / name.partition("::")[0]).is_file(), f"{module}: {name}"


def test_every_accepted_survivor_is_of_a_module_of_the_table_and_has_its_reason(repo: Path) -> None:
    modules = {module for pairs in table(repo, "parts.toml").values() for module in pairs}
    for entry in table(repo, "accepted.toml").get("survivor", []):
        assert entry.keys() == {"module", "inside", "was", "now", "reason"}
        assert entry["module"] in modules and entry["reason"].split(":")[0] in ("Equal", "Harmless"), entry


def test_what_is_made_of_a_module(tmp_path: Path) -> None:
    """Tables, properties and statements too; never an annotation, a docstring or the same program twice."""
    (tmp_path / "box.py").write_text(SOURCE, encoding="utf-8")
    made = mutants_of(tmp_path, "box.py")
    assert {(mutant.inside, mutant.now) for mutant in made} >= {
        ("", 'TABLE = {"one": 1,}'),
        ("", 'TABLE = { "two": 2}'),
        ("", 'TABLE = {"one": 2, "two": 2}'),
        ("full", "return self.held > 3"),
        ("full", "return self.held >= 4"),
        ("Box", ""),
        ("add", "if not count is None:"),
        ("add", "pass"),
    }
    assert not any(
        word in mutant.now for mutant in made for word in ("None = None", "Words", "int", "__all__", "self, /")
    )
    assert not any(mutant.was == "self.held: int" for mutant in made), "a type alone does nothing"
    assert len({mutant.key for mutant in made}) == len(made)
    assert [mutant.line for mutant in made] == sorted(mutant.line for mutant in made)


def test_of_several_exceptions_the_plain_names_are_changed_and_no_other(tmp_path: Path) -> None:
    """Cosmic Ray stumbles over a name with a dot among several; that ends no run."""
    source = "try:\n    run()\nexcept (json.JSONDecodeError, OSError):\n    held = 3\n"
    (tmp_path / "box.py").write_text(source, encoding="utf-8")
    made = [mutant.now for mutant in mutants_of(tmp_path, "box.py")]
    assert [now for now in made if "CosmicRay" in now] == ["except (json.JSONDecodeError, CosmicRayTestingException):"]


def test_a_mutant_is_tried_on_the_tests_that_run_its_statement() -> None:
    """Of a block the head alone; of a statement on several lines any of them; all tests for what runs at import or never."""
    source = "ONE = 1\n\ndef add(\n    count: int,\n) -> int:\n    if count:\n        return (\n            count\n        )\n    return 0\n"
    found = statements(source)
    assert {line: (lines[0], lines[-1]) for line, lines in found.items()} == {
        1: (1, 1),
        3: (3, 5),
        4: (3, 5),
        5: (3, 5),
        6: (6, 6),
        7: (7, 9),
        8: (7, 9),
        9: (7, 9),
        10: (10, 10),
    }
    reach = Reach({"a": 0.01, "b": 3.0}, {1: [""], 3: [""], 6: ["a", "b"], 7: ["a"], 8: ["a"]}, found)
    assert [reach.of(line) for line in (1, 4, 6, 9, 10)] == [None, None, {"a", "b"}, {"a"}, None]
    assert reach.slow() == {"b"}


def test_a_wrong_change_is_noticed_and_the_code_as_it_is_passes(repo: Path) -> None:
    path = repo / "lessonlib/base/units.py"
    source = path.read_text(encoding="utf-8")
    script = (
        "from mutants.trial import Tests\n"
        f"tests = Tests(['tests/base/test_units.py'], {UNITS!r})\n"
        f"source = open({str(path)!r}, encoding='utf-8').read()\n"
        "print(tests.kill(source, 1), tests.kill(source.replace('\"G\": 1e9', '\"G\": 1e8'), 1))\n"
        "line = next(number for number, text in enumerate(source.split('\\n'), 1) if ' return ' in text and tests.reach.of(number))\n"
        "print(tests.kill(source, line), tests.kill(source.replace(' return ', ' pass; '), line))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repo, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout.split() == ["False", "True"] * 2, done.stderr
    assert path.read_text(encoding="utf-8") == source


@pytest.mark.parametrize("name", ["lesson/jugde.py", "nowhere"])
def test_an_unknown_part_is_refused_with_the_known_ones(repo: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "mutants/run.py", name], cwd=repo, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"mutants: no part and no module {name!r}: the parts are gate, judge")
