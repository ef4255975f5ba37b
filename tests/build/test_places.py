"""How a person names lessons, and how a saved file is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.paths import data_dir
from lessonlib.build.places import find
from lessonlib.build.watch import stamps, watch
from lessonlib.lesson.code import code_for
from lessonlib.lesson.source import lesson_names
from tests.build.tea import change, tea


@pytest.mark.parametrize(
    "given", ["1", "01", "prefill-vs-decode", "01-prefill-vs-decode", "data/lessons/01-prefill-vs-decode.yaml"]
)
def test_a_lesson_of_the_course_has_several_names(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data_dir().parent)
    [place] = find([given])
    assert place.in_course and place.name == place.opened_as == "01-prefill-vs-decode"


def test_nothing_given_means_all(tmp_path: Path) -> None:
    assert [place.name for place in find([])] == lesson_names()


@pytest.mark.parametrize("named", ["folder", "file"])
def test_a_lesson_of_ones_own_is_named_by_path(named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pot = tea(tmp_path / "pot")
    monkeypatch.chdir(tmp_path)
    [place] = find(["pot" if named == "folder" else "pot/07-tea.yaml"])
    assert place == pot and not place.in_course and place.opened_as == "07-tea.yaml" and place.seals is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("77", "there is no lesson “77”: the lessons are"),
        ("prefil-vs-decode", "did you mean 01-prefill-vs-decode"),
        ("no/such", "there is no file no/such"),
        ("gone.yaml", "there is no file gone.yaml"),
        ("empty", "no lesson in empty"),
    ],
)
def test_what_is_no_lesson_is_said(given: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(LessonlibError, match=said):
        find([given])


def test_after_a_save_the_new_code_is_seen(tmp_path: Path) -> None:
    place = tea(tmp_path / "pot")
    file = place.folder / "workings.py"
    seen: list[bool] = []

    def act() -> None:
        seen.append("tea_cups" in code_for(place.name, 7).workings)

    def save_then_leave(seconds: float) -> None:
        if len(seen) == 2:
            raise KeyboardInterrupt
        change(file, "# --- wrong", "def tea_cups(lab: Lab) -> int:\n    return 2\n\n\n# --- wrong")

    with pytest.raises(KeyboardInterrupt):
        watch([place], act, save_then_leave)
    assert seen == [False, True]


@pytest.mark.parametrize("name", ["07-tea.yaml", "workings.py", "concepts.yaml"])
def test_each_file_of_a_lesson_is_watched(name: str, tmp_path: Path) -> None:
    place = tea(tmp_path / "pot")
    before = stamps([place])
    change(place.folder / name, "\n", "\n\n")
    assert stamps([place]) != before
