"""The closed forms of these tests are of the engine alone: the server's own time is 0 unless a test sets it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lessonlib.serving.replica import scheduler


@pytest.fixture(scope="module", autouse=True)
def no_server_time() -> Iterator[None]:
    """For each file of the folder, also for what is simulated once for it; files of other folders find the server's own time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduler, "server_seconds", lambda _system: (0.0, 0.0))
        yield
