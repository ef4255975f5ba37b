"""The report of a class in a real browser: its policy lets its own look in, nobody is shut out of it, and a phone's width holds it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from lessonlib.classroom.report.export import report_html
from tests.browser.pages import assert_stands_alone
from tests.classroom.report.made_up_class import LISTING, cards, choice, forecast, made_up_class, number, opener, texts
from tests.lesson.made_up import question


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A class with every kind of drawing, one in which all is hidden, and both together."""
    one, two, three, four = choice(), number(id="another"), question("curve"), forecast()
    given = ({"text": "110", "low": "90", "high": "130"}, 2)
    full = made_up_class(
        (one, cards(one, ["memory"] * 3 + ["compute"] * 5, 2), cards(one, ["memory"] * 6 + ["network"] * 2)),
        (two, texts(["100"] * 4 + ["12.5"] * 4), texts(["100"] * 8)),
        (three, dict.fromkeys(range(8), ([10, 20, 40, 80], 0)), {}),
        (four, dict.fromkeys(range(8), given), {}),
    )
    few = made_up_class((one, cards(one, ["compute"] * 3), cards(one, ["memory"] * 3)), code="FEW234")
    folder, lessons = tmp_path_factory.mktemp("reports"), opener(one, two, three, four)
    found = {}
    for name, classes in {"full": [full], "few": [few], "several": [full, few]}.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(report_html(classes, lessons, LISTING), encoding="utf-8")
    return found


@pytest.mark.parametrize("name", ["full", "few", "several"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_is_drawn_as_meant_and_shuts_nobody_out(
    browser: Browser, reports: dict[str, Path], name: str, scheme: str
) -> None:
    assert_stands_alone(browser, reports[name], scheme)
