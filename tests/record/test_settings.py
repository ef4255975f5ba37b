"""The one setting: which lab the lessons are computed for."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from lessonlib.lesson.source import lesson_names
from lessonlib.record.settings import choose_lab, chosen_lab
from lessonlib.roofline import DEFAULT_LAB, lab_names
from lessonlib.show.notebook import open_lesson
from tests.lesson.shipped import opened

OTHER = next(name for name in lab_names() if name != DEFAULT_LAB)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this learner's journal lies, and so the settings."""
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "mine" / "journal.jsonl"))
    monkeypatch.delenv("LESSON_LAB", raising=False)
    return tmp_path / "mine"


def test_the_default_lab_stands_until_one_is_chosen(folder: Path) -> None:
    assert chosen_lab() == DEFAULT_LAB
    assert choose_lab(OTHER)
    assert chosen_lab() == OTHER
    assert open_lesson("00-start-here").lab.name == OTHER
    assert choose_lab(DEFAULT_LAB)
    assert chosen_lab() == DEFAULT_LAB


def test_the_start_notebook_chooses_it(folder: Path) -> None:
    lesson = opened("00-start-here")
    assert lesson.items["labs"].view()["guess"] == {"key": DEFAULT_LAB}
    lesson.handle("labs", {"event": "pick", "choice": OTHER})
    view = lesson.items["labs"].view()
    assert view["guess"] == {"key": OTHER} and not view.get("problem")
    assert {option["key"] for option in view["ask"]["options"]} == set(lab_names())
    assert chosen_lab() == OTHER


def test_a_lab_that_is_not_there_is_not_chosen(folder: Path) -> None:
    assert not choose_lab("no-such-lab")
    lesson = opened("00-start-here")
    lesson.handle("labs", {"event": "pick", "choice": ["x"]})
    assert lesson.items["labs"].view()["guess"] == {"key": DEFAULT_LAB}
    assert not (folder / "settings.json").exists()


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"{}",
        b'{"lab": null}',
        b'{"lab": 7}',
        b'{"lab": ["x"]}',
        b'{"lab": "no-such-lab"}',
        b"\xff\xfe",
        json.dumps({"lab": OTHER}).encode("utf-16"),
    ],
)
def test_a_file_that_says_nothing_useful_falls_back(kept: bytes, folder: Path) -> None:
    folder.mkdir()
    (folder / "settings.json").write_bytes(kept)
    assert chosen_lab() == DEFAULT_LAB
    assert choose_lab(OTHER) and chosen_lab() == OTHER


def test_the_variable_and_the_parameter_win(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    third = next(name for name in lab_names() if name not in (DEFAULT_LAB, OTHER))
    choose_lab(OTHER)
    monkeypatch.setenv("LESSON_LAB", third)
    assert chosen_lab() == third
    assert open_lesson("00-start-here").lab.name == third
    assert open_lesson("00-start-here", lab=OTHER).lab.name == OTHER


def test_a_variable_that_names_no_lab_is_one_clear_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSON_LAB", "qwen3-32b-h20")
    with pytest.raises(ValueError, match="unknown lab 'qwen3-32b-h20': did you mean qwen3-32b-h200") as error:
        open_lesson("00-start-here")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("journal", ["off", "a folder in the way"])
def test_where_nothing_can_be_kept_a_choice_says_so(
    journal: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if journal == "off":
        monkeypatch.setenv("LESSON_JOURNAL", "off")
    else:
        (folder / "settings.json").mkdir(parents=True)
    assert not choose_lab(OTHER)
    lesson = opened("00-start-here")
    lesson.handle("labs", {"event": "pick", "choice": OTHER})
    view = lesson.items["labs"].view()
    assert view["problem"].startswith("This choice cannot be kept here.") and "\n" not in view["problem"]
    assert chosen_lab() == DEFAULT_LAB


# --- a file that is not ours, or not a file ------------------------------------------------------------------------

ODD = {
    "NUL": b'{"lab": "a\\u0000b"}',
    "lone surrogate": b'{"lab": "/home/\\ud83d.toml"}',
    "raw surrogate": b'{"lab": "/home/\xed\xa0\xbd.toml"}',
    "deep": b"[" * 100_000,
    "deep in a key": b'{"lab": ' + b"[" * 4000 + b"]" * 4000 + b"}",
    "huge": b'{"lab": "' + b"x" * 5_000_000 + b'"}',
    "long name": b'{"lab": "/' + b"x" * 5_000 + b'"}',
    "huge number": b'{"lab": ' + b"1" * 5_000 + b"}",
    "NaN": b'{"lab": NaN}',
    "twice": b'{"lab": "a", "lab": "b"}',
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", lesson_names()[:2])
def test_whatever_stands_in_the_settings_every_lesson_opens(name: str, kind: str, folder: Path) -> None:
    folder.mkdir()
    (folder / "settings.json").write_bytes(ODD[kind])
    assert chosen_lab() == DEFAULT_LAB
    assert open_lesson(name).lab.name == DEFAULT_LAB


@pytest.mark.parametrize("kind", ["link", "dangling link", "link loop", "pipe", "folder"])
@pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")
def test_settings_that_are_no_ordinary_file_are_passed_over(kind: str, folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    settings, target = folder / "settings.json", tmp_path / "other.json"
    if kind == "link":
        target.write_text(json.dumps({"lab": OTHER}))
    if kind == "pipe":
        os.mkfifo(settings)
    elif kind == "folder":
        settings.mkdir()
    else:
        settings.symlink_to(settings if kind == "link loop" else target)
    assert chosen_lab() == DEFAULT_LAB and not choose_lab(OTHER)
    assert open_lesson("00-start-here").lab.name == DEFAULT_LAB
    assert target.exists() == (kind == "link")


@pytest.mark.parametrize(
    "theirs",
    [
        b'{"editor.fontSize": 14}',
        b'// what an editor keeps\n{\n  "lab": 1,\n  "editor.fontSize": 14, // large\n}\n',
        b'{"lab": "x", "other": 1}',
        b"x" * 20_000,
        b"[" * 20_000,
    ],
)
def test_settings_of_another_program_are_not_overwritten(theirs: bytes, folder: Path) -> None:
    folder.mkdir()
    (folder / "settings.json").write_bytes(theirs)
    assert not choose_lab(OTHER)
    assert (folder / "settings.json").read_bytes() == theirs


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_settings_are_the_learners_alone(folder: Path) -> None:
    before = os.umask(0)
    try:
        assert choose_lab(OTHER)
    finally:
        os.umask(before)
    assert (folder / "settings.json").stat().st_mode & 0o777 == 0o600 and folder.stat().st_mode & 0o777 == 0o700
