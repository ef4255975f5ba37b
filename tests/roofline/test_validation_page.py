"""The validation page: what it says, and that the committed notebook is the built and executed one."""

from __future__ import annotations

import json

import pytest

from lessonlib.build.notebooks import notebooks_dir
from lessonlib.build.pages import build
from lessonlib.roofline.calibrate import validation

NAME = "validation"


def test_the_committed_notebook_is_the_built_one_with_outputs() -> None:
    kept = json.loads((notebooks_dir() / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    built = build(NAME)
    assert [cell["source"] for cell in kept["cells"]] == [cell["source"] for cell in built["cells"]]
    silent = [cell for cell in kept["cells"] if cell["cell_type"] == "code" and not cell["outputs"]]
    assert ["".join(cell["source"]).startswith("from lessonlib") for cell in silent] == [True]


def test_the_notebook_shows_todays_numbers() -> None:
    kept = (notebooks_dir() / f"{NAME}.ipynb").read_text(encoding="utf-8")
    tables = [validation.check_table(), validation.cross_validated_table(), validation.ceiling_table()]
    for table in [*tables, validation.error_table("class"), validation.error_tables()]:
        for line in table.splitlines():
            assert json.dumps(line)[1:-1] in kept, "run lessonlib build"


def test_every_peer_has_a_reason() -> None:
    named = {title for check in validation.checks() for title in check.peers_ms}
    assert named == set(validation.PEERS.values()) == set(validation.REASONS)
    assert all(title in validation.reasons_table() for title in named)


@pytest.mark.parametrize("cut", validation.CUTS)
def test_errors_cover_every_fitted_row(cut: str) -> None:
    lines = validation.error_table(cut).splitlines()[1:]
    assert sum(int(line.split()[-4]) for line in lines) == len(validation.fitted_rows())


def test_nothing_is_above_its_ceiling() -> None:
    assert all(share < 1 for _, share in validation.nearest_to_ceiling(10))
    assert validation.ceiling_table().splitlines()[-1].split()[-1] == "0"
    assert "time to first token under load" in validation.NOT_FOR
