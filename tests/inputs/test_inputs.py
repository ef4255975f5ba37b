"""Nothing that is tried falls short: some of each kind here, all of them by `python -m tests.inputs --all`."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.inputs.__main__ import kinds
from tests.inputs.tried import Kind, sums

SOME = 25


@pytest.fixture(autouse=True)
def _aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder, and without what a library says to nobody."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging.root.manager, "disable", logging.CRITICAL)


# A connection that breaks while it is being made leaves a socket to the collector, inside anyio.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: f"{kind.group}: {kind.name}")
def test_a_result_or_one_line(kind: Kind) -> None:
    tried, _, short = sums(kind, SOME)
    assert tried and short == []


def test_more_is_tried_than_once_was() -> None:
    """The command line and the network had 583 kinds of input when it was first broken on purpose."""
    assert sum(len(list(kind.tries())) for kind in kinds() if kind.group != "file") >= 583
