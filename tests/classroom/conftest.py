"""A store for each test: what holds of a class holds of both kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lessonlib.classroom.sqlite import SqliteStore
from lessonlib.classroom.store import Store
from tests.classroom.room import Room, room


@pytest.fixture
def opens(tmp_path: Path) -> Callable[[], Store]:
    """What opens the store of this test."""
    return lambda: SqliteStore(tmp_path / "classes.sqlite")


@pytest.fixture
def a_room(opens: Callable[[], Store]) -> Iterator[Room]:
    """A class of lesson 1."""
    with room(opens) as served:
        yield served
