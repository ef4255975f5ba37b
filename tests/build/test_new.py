"""A new lesson passes as it is written, wherever it lives, and nothing is ever written over."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import lessonlib
from lessonlib.base.errors import LessonlibError
from lessonlib.build import new, places
from lessonlib.build.new import order, write_lesson
from lessonlib.lesson.concepts import load_listing, parse_listing
from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import DEFAULT_LAB, load_lab
from lessonlib.show.blocks import BLOCKS
from tests.build.tea import findings, tea
from tests.content.walk import Walk


@pytest.mark.parametrize("short", [True, False], ids=["short", "full"])
def test_a_new_lesson_of_ones_own_passes_without_a_warning(short: bool, tmp_path: Path) -> None:
    place = tea(tmp_path / "a pot, für zwei", short=short)
    assert findings(place.folder) == []


def test_it_opens_by_the_name_of_its_file_from_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tea(tmp_path / "pot")
    monkeypatch.chdir(place.folder)
    assert 'open_lesson("07-tea.yaml", lab, auto)' in place.notebook.read_text(encoding="utf-8").replace('\\"', '"')
    assert Lesson("07-tea.yaml", load_lab(), None, BLOCKS).raw["title"] == "Tea"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout to write into: the words and the list of the course, and an empty package."""
    data = Path(lessonlib.__file__).parents[1] / "data"
    shutil.copytree(data / "lessons", tmp_path / "data" / "lessons")
    shutil.copy(data / "concepts.yaml", tmp_path / "data")
    monkeypatch.setattr(places, "data_dir", lambda: tmp_path / "data")
    monkeypatch.setattr(new, "_course", lambda: tmp_path / "course")
    return tmp_path


def test_a_lesson_of_the_course_adds_its_ideas_and_leaves_every_other_line(course: Path) -> None:
    before = (course / "data" / "concepts.yaml").read_text(encoding="utf-8")
    place, written = write_lesson(order("99", "two-words"))
    after = (course / "data" / "concepts.yaml").read_text(encoding="utf-8")
    added = parse_listing(after)
    assert added.concepts["two-words"].lesson == 99 and list(added.concepts)[-1] == "two-words"
    assert sum(key.startswith("two-words-") for key in added.misconceptions) == 9
    assert [line for line in after.split("\n") if "two-words" not in line and line != "  # Lesson 99" and line] == [
        line for line in before.split("\n") if line
    ]
    assert place.file.is_file() and {path.name for path in written} == {
        "99-two-words.yaml", "workings.py", "__init__.py", "two_words.py", "concepts.yaml",
    }  # fmt: skip


def test_an_idea_stands_in_the_order_of_teaching(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new, "lesson_names", list)
    write_lesson(order("5", "between"))
    concepts = list(parse_listing((course / "data" / "concepts.yaml").read_text(encoding="utf-8")).concepts.values())
    at = next(index for index, concept in enumerate(concepts) if concept.id == "between")
    assert (concepts[at - 1].lesson, concepts[at + 1].lesson) == (5, 6)


@pytest.mark.parametrize(
    ("number", "slug", "said"),
    [
        ("8", "new-one", "number 8 is taken by 08-what-users-feel"),
        ("99", "the-kv-cache", "slug the-kv-cache is taken by 06-the-kv-cache"),
        ("99", next(iter(load_listing().concepts)), "has an idea"),
        ("100", "x", "no number of a lesson"),
        ("-1", "x", "no number of a lesson"),
        ("²", "x", "no number of a lesson"),
        ("99", "Bad_Slug", "is no slug"),
        ("99", "9lives", "is no slug"),
        ("99", "../up", "is no slug"),
        ("99", "a" * 41, "is no slug"),
    ],
)
def test_what_cannot_be_a_lesson_is_said_in_one_line(course: Path, number: str, slug: str, said: str) -> None:
    with pytest.raises(LessonlibError, match=said) as told:
        order(number, slug)
    assert "\n" not in str(told.value)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    place = tea(tmp_path / "pot")
    kept = {path: path.read_bytes() for path in place.folder.iterdir()}
    with pytest.raises(LessonlibError, match="is there already"):
        order("8", "milk", str(place.folder))
    assert {path: path.read_bytes() for path in place.folder.iterdir()} == kept


def test_what_was_written_before_a_file_that_cannot_be_is_taken_away(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = order("99", "two-words")
    (course / "course").write_text("a file where a folder is needed")
    before = sorted(course.rglob("*"))
    with pytest.raises(LessonlibError, match=r"the folder cannot be made.*nothing was written"):
        write_lesson(asked)
    assert sorted(course.rglob("*")) == before


def test_without_a_checkout_a_lesson_gets_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new, "checkout_dir", lambda: None)
    assert order("9", "tea").folder == Path("09-tea")


def test_the_lesson_that_new_writes_gives_no_answer_away(tmp_path: Path) -> None:
    """As a learner walks it, every panel and message listened to: a template must not teach what the tests refuse."""
    place = tea(tmp_path / "pot", short=False)
    assert Walk(place.name, DEFAULT_LAB).through() == []
