"""JSON twins: what a lesson is read from while its YAML is as it was, and what happens when it is not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.paths import data_dir
from lessonlib.lesson.concepts import load_listing, parse_listing, twin_of_listing
from lessonlib.lesson.source import LessonFileError, lesson_names, load_source, parse_source, twin_of_lesson
from lessonlib.lesson.yaml_file import parse_yaml, twin, twin_path, twin_text
from tests.lesson.shipped import LESSON, source, written

REFRESH = "run: make notebooks"


# --- what ships ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", lesson_names())
def test_the_twin_of_a_lesson_is_its_yaml(name: str) -> None:
    path, text = twin_of_lesson(name)
    assert path.read_text(encoding="utf-8") == text, REFRESH
    yaml_file = data_dir() / "lessons" / f"{name}.yaml"
    assert load_source(name) == parse_source(yaml_file.read_text(encoding="utf-8"), yaml_file.name)


def test_the_twin_of_the_list_is_its_yaml() -> None:
    path, text = twin_of_listing()
    assert path.read_text(encoding="utf-8") == text, REFRESH
    assert load_listing() == parse_listing((data_dir() / "concepts.yaml").read_text(encoding="utf-8"))


def test_no_twin_outlives_its_lesson() -> None:
    assert sorted(path.stem for path in (data_dir() / "lessons" / "json").iterdir()) == lesson_names()


# --- while it fits, and when it does not ----------------------------------------------------------------------------


def with_twin(folder: Path, **changes: object) -> Path:
    """A lesson and a twin that fits it, but says something else, so that one sees which of them was read."""
    path = Path(written(folder, source()))
    kept = {**source(), "title": "From the twin", **changes}
    twin_path(path).parent.mkdir()
    twin_path(path).write_text(twin_text(path.read_text(encoding="utf-8"), kept), encoding="utf-8")
    return path


def test_a_twin_that_fits_is_read_instead(tmp_path: Path) -> None:
    assert load_source(str(with_twin(tmp_path)))["title"] == "From the twin"


def test_a_changed_lesson_is_read_from_its_yaml_and_checked(tmp_path: Path) -> None:
    path = with_twin(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert load_source(str(path))["title"] == source()["title"]
    path.write_text("steps: none\n", encoding="utf-8")
    with pytest.raises(LessonFileError, match=r"09-changed\.yaml: (the file|steps): "):
        load_source(str(path))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", '{"sha256": "0"}', '{"content": {}}', '{"sha256": [], "content": {}}', "[" * 100_000],
)
def test_a_twin_that_is_none_is_passed_over(tmp_path: Path, text: str) -> None:
    path = with_twin(tmp_path)
    twin_path(path).write_text(text, encoding="utf-8")
    assert load_source(str(path))["title"] == source()["title"]


def test_a_twin_whose_content_is_no_mapping_is_passed_over(tmp_path: Path) -> None:
    path = with_twin(tmp_path)
    text = path.read_text(encoding="utf-8")
    twin_path(path).write_text(json.dumps({**json.loads(twin_text(text, {})), "content": ["a"]}), encoding="utf-8")
    assert twin(path, text) is None


# --- where the packages of an author are not installed -------------------------------------------------------------

WITHOUT = """
import sys
sys.modules[{package!r}] = None  # as if it were not installed
from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.concepts import load_listing
from lessonlib.lesson.source import lesson_names, lesson_title, load_source
for name in lesson_names():
    assert load_source(name)["title"] == lesson_title(name)
assert load_listing().concepts
try:
    load_source({path!r})
except LessonlibError as error:
    print(error)
"""


@pytest.mark.parametrize(("package", "name"), [("yaml", "PyYAML"), ("jsonschema", "jsonschema")])
def test_without_the_packages_of_an_author(package: str, name: str, tmp_path: Path) -> None:
    """What ships is read; a lesson without a twin that fits is refused in one line that says what to install."""
    code = WITHOUT.format(package=package, path=written(tmp_path, source(LESSON)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"09-changed.yaml: it is not as the course ships it, and {name}, ") and "pip install" in line


# --- YAML that no reader should fall over -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 9999-99-99", "a.yaml: not valid YAML: month must be in 1..12; put it in quotes"),
        ("[" * 100_000, 'a.yaml: not valid YAML: nested too deeply in "<unicode string>", line 1, column 101'),
        ("- " * 100_000, 'a.yaml: not valid YAML: nested too deeply in "<unicode string>", line 1, column 201'),
        ("? " * 100_000, 'a.yaml: not valid YAML: nested too deeply in "<unicode string>", line 1, column 201'),
    ],
)
def test_odd_yaml_is_one_line(text: str, expected: str) -> None:
    with pytest.raises(LessonlibError) as error:
        parse_yaml(text, "a.yaml")
    assert str(error.value) == expected


@pytest.mark.parametrize("by_hand", [False, True], ids=["C", "Python"])
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "aliases (*name) are not read here"),
        ("a: &a {b: *a}", "aliases (*name) are not read here"),
        (f"a: {'9' * 5000}", "a number that is too long"),
        (f"a: 0x{'f' * 500}", "a number that is too long"),
        (f"a: 1{':59' * 200_000}", "a number that is too long"),
        ("a: .nan", "a: nan is no number"),
        ("a: [-.inf]", "a[0]: -inf is no number"),
        ('a: "\\ud800"', ""),
        ("a: 1\na: 2", "the key “a” is given twice"),
        ("a: !!python/object/apply:os.system [x]", "could not determine a constructor"),
        ("a: \x1b", "special characters are not allowed"),
    ],
)
def test_yaml_that_is_refused(text: str, says: str, by_hand: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    if by_hand:
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    with pytest.raises(LessonlibError) as error:
        parse_yaml(text, "a.yaml")
    assert str(error.value).startswith("a.yaml: not valid YAML: ") and says in str(error.value)


def test_the_two_parsers_of_yaml_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML has no C parser, a lesson is read by the one in Python."""
    import yaml

    text = (data_dir() / "lessons" / f"{LESSON}.yaml").read_text(encoding="utf-8")
    by_default = parse_yaml(text, "a.yaml")
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert parse_yaml(text, "a.yaml") == by_default
