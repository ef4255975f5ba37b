"""The validation page: what it says, and that the committed notebook is the built and executed one."""

from __future__ import annotations

import json

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.build.notebooks import notebooks_dir
from lessonlib.build.pages import build
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.roofline.calibrate import validation
from lessonlib.roofline.efficiency import constants_document
from lessonlib.show.validation_page import _OPTIONS, PARTS, open_validation

NAME = "validation"


def test_the_committed_notebook_is_the_built_one_with_outputs() -> None:
    kept = json.loads((notebooks_dir() / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    built = build(NAME)
    assert [cell["source"] for cell in kept["cells"]] == [cell["source"] for cell in built["cells"]]
    silent = [cell for cell in kept["cells"] if cell["cell_type"] == "code" and not cell["outputs"]]
    assert ["".join(cell["source"]).startswith("from lessonlib") for cell in silent] == [True]


def test_the_notebook_gives_nothing_away_before_the_guess() -> None:
    kept = (notebooks_dir() / f"{NAME}.ipynb").read_text(encoding="utf-8")
    lab = load_lab()
    tables = (
        validation.check_table(), validation.ceiling_table(), validation.lab_table(lab), validation.left_out_table(),
        validation.band_table(), validation.error_table("class"),
    )  # fmt: skip
    for table in tables:
        for row in table.rows[1:]:
            assert not all(cell in kept for cell in row if cell != "-"), row


def test_what_it_is_not_for_comes_first() -> None:
    first = next(cell for cell in build(NAME)["cells"] if cell["cell_type"] == "markdown")
    text = "".join(first["source"])
    assert text.index("not for") < text.index("What they are for") and "first token on a busy server" in text


def test_no_word_of_statistics_stands_undefined() -> None:
    page = open_validation(None, "truth", Journal(None))
    page.predict()
    shown = "".join(page.show(name).view["html"] for name in PARTS)
    shown += "".join("".join(cell["source"]) for cell in build(NAME)["cells"])
    assert "bias" not in shown and "closed form" not in shown
    assert "leans to that side" in page.show("left out").view["html"]


@pytest.mark.parametrize("name", PARTS)
def test_tables_have_named_columns_and_rows(name: str) -> None:
    page = open_validation(None, "truth", Journal(None))
    page.predict()
    html = page.show(name).view["html"]
    assert "<pre>" not in html and '<th scope="col">' in html and '<th scope="row">' in html


def test_the_errors_open_with_the_guess() -> None:
    page = open_validation(None, None, Journal(None))
    panels = {name: page.show(name) for name in PARTS}
    asked = page.predict()
    assert {panel.view["state"] for panel in panels.values()} == {"locked"}
    page._handle({"event": "skip"})
    assert asked.view["state"] != "asked"
    assert validation.left_out_table().splitlines()[-1].split()[0] in panels["left out"].view["html"]
    assert "numbers that others measured" in panels["served"].view["html"]
    assert "time to first token, mixtures" in panels["served"].view["html"]
    with pytest.raises(LessonlibError, match="not shown here"):
        page.show("everything")


def test_what_the_question_calls_hardest_is_hardest() -> None:
    left = constants_document()["left_out"]
    errors = [left[metric]["median_absolute_error"] for metric, *_ in _OPTIONS]
    assert max(errors) == errors[0] > 1.5 * sorted(errors)[-2]


@pytest.mark.parametrize("mode", ["truth", "each", "skip"])
def test_the_page_walks_without_a_person(mode: str) -> None:
    page = open_validation(None, mode)
    page.predict()
    assert page.show("cuts").view["state"] == "observed"


def test_the_default_lab_from_four_sides() -> None:
    """The expectation lies above the kernels added up, and the report below both: the page must not hide it."""
    cells = [row[-1].split()[-1] for row in validation.lab_table(load_lab()).rows[1:]]
    ceiling, expected, _, kernels, reported = map(float, cells)
    assert ceiling < reported < kernels < expected


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
