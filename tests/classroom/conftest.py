"""A store for each test, of both kinds: what holds of a class holds whatever keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lessonlib.classroom.store import Store
from lessonlib.classroom.stores import opener
from tests.classroom.database import empty, need_programs, running
from tests.classroom.room import Room, room


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL database. Skips where there is no program for it, but not in CI."""
    with running(need_programs()) as url:
        yield url


@pytest.fixture
def postgres_url(postgres: str) -> str:
    """The address of a database without a table."""
    empty(postgres)
    return postgres


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What --store takes: an empty store of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "classes.sqlite")
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def opens(store_url: str) -> Callable[[], Store]:
    """What opens the store of this test."""
    return opener(store_url)


@pytest.fixture
def a_room(opens: Callable[[], Store]) -> Iterator[Room]:
    """A class of lesson 1."""
    with room(opens) as served:
        yield served
