"""docs/TEACHING.md: lessons under their names, minutes of the budget, questions that exist, commands that there are."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from lessonlib.base.files import read_json
from lessonlib.base.paths import data_dir
from lessonlib.cli.main import build_parser
from lessonlib.lesson.course_plan import kept_minutes
from lessonlib.lesson.source import lesson_names, load_source

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def teaching() -> ModuleType:
    """The script that makes the tables."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("teaching", ROOT / "docs" / "teaching.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def page() -> str:
    return (ROOT / "docs" / "TEACHING.md").read_text(encoding="utf-8")


def test_the_tables_are_what_the_course_says(teaching: ModuleType) -> None:
    assert page() == teaching.with_tables(page()), "python docs/teaching.py --write"


def test_lessons_have_the_names_of_the_plan_and_the_minutes_of_the_budget(teaching: ModuleType) -> None:
    titles = {
        one["name"]: one["title"] for part in read_json(data_dir() / "course.json")["parts"] for one in part["lessons"]
    }
    rows = re.findall(r"^\| \d \| ([^|]+) \| (\d+) \| (\d+) \| ([^|]*)\|$", page(), re.MULTILINE)
    names = [name for day in teaching.DAYS for name in day]
    assert [row[0] for row in rows] == [titles[name] for name in names]
    for name, (_, alone, in_class, asked) in zip(names, rows, strict=True):
        assert int(alone) == round(kept_minutes()[name])
        assert int(in_class) == round(kept_minutes()[name] + 9 * asked.count("`") / 2)


def test_the_workshop_takes_two_hours_and_a_morning_three(teaching: ModuleType) -> None:
    assert "| **120** | | |" in page()
    for names in teaching.DAYS:
        assert sum(map(teaching.minutes_in_class, names)) <= 180


def test_no_lesson_of_the_course_is_left_out(teaching: ModuleType) -> None:
    written = [name for name in lesson_names() if not name.startswith("inventory")]
    assert sorted(name for day in teaching.DAYS for name in day) == sorted(written)


def test_what_is_voted_on_is_asked_in_that_lesson(teaching: ModuleType) -> None:
    for name in {name for day in teaching.DAYS for name in day} - {"00-start-here"}:
        asked = {body["id"] for step in load_source(name)["steps"] for kind, body in step.items() if kind == "predict"}
        assert len(teaching.votes(name)) == 2 and set(teaching.votes(name)) <= asked, name


def test_the_commands_are_there() -> None:
    commands = set(next(iter(action.choices for action in build_parser()._actions if action.choices)))  # type: ignore[arg-type]
    for name in ("TEACHING.md", "CLASS_REPORT.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        for words in re.findall(r"lessonlib ([a-z]+(?: (?:report|export|erase))?)", text):
            assert words in commands, f"{name}: lessonlib {words}"


def test_links_lead_to_pages_that_are_there() -> None:
    for name in ("TEACHING.md", "CLASS_REPORT.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / "docs" / name).read_text(encoding="utf-8")):
            assert (ROOT / "docs" / target).is_file(), target
    for notebook in re.findall(r"`([a-z-]+\.ipynb)`", page()):
        assert (ROOT / "notebooks" / notebook).is_file(), notebook
