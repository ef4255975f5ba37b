"""Where the facts are found: named, in a checkout, in an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from lessonlib.base import paths
from lessonlib.base.errors import LessonlibError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package folder with nothing around it."""
    folder = tmp_path / "site" / "lessonlib"
    folder.mkdir(parents=True)
    monkeypatch.setattr(paths, "_PACKAGE", folder)
    monkeypatch.delenv("LESSONLIB_DATA", raising=False)
    return folder


def test_this_checkout_is_one(repo: Path) -> None:
    assert paths.checkout_dir() == repo
    assert paths.data_dir() == repo / "data"


def test_an_installed_package_has_its_own_copy_and_no_checkout(package: Path) -> None:
    (package / "data").mkdir()
    (package.parent / "data").mkdir()  # another package's: a site-packages folder holds everything
    assert paths.checkout_dir() is None
    assert paths.data_dir() == package / "data"


def test_a_checkout_is_read_where_its_facts_stand(package: Path) -> None:
    (package / "data").mkdir()
    (package.parent / "data").mkdir()
    (package.parent / "pyproject.toml").touch()
    assert paths.checkout_dir() == package.parent
    assert paths.data_dir() == package.parent / "data"


def test_the_environment_names_another_folder(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (package / "data").mkdir()
    monkeypatch.setenv("LESSONLIB_DATA", str(tmp_path))
    assert paths.data_dir() == tmp_path
    monkeypatch.setenv("LESSONLIB_DATA", str(tmp_path / "none"))
    with pytest.raises(LessonlibError, match=r"none does not exist: set LESSONLIB_DATA to a folder that is there"):
        paths.data_dir()


def test_a_package_without_facts_says_so(package: Path) -> None:
    with pytest.raises(LessonlibError, match=r"does not exist: install lessonlib anew, or set LESSONLIB_DATA"):
        paths.data_dir()
