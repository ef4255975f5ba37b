"""The page of a plan in a real browser: its policy lets its own look in, nobody is shut out of it, and it asks nobody for anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from lessonlib.plan import answer_data, plan
from lessonlib.show.plan_page import plan_page
from tests.browser.pages import assert_stands_alone
from tests.plan.cases import grid, question


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One with fronts and losers, and one in which nothing holds."""
    tried = grid(gpus=("l40s", "h100-sxm"), pools="one")
    folder = tmp_path_factory.mktemp("plans")
    found = {}
    for name, asked in {"holds": question(rate=10.0, within=4.0), "nothing": question(tpot=0.002)}.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(plan_page(answer_data(plan(asked, tried, jobs=1))), encoding="utf-8")
    return found


@pytest.mark.parametrize("name", ["holds", "nothing"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_is_drawn_as_meant_and_shuts_nobody_out(
    browser: Browser, pages: dict[str, Path], name: str, scheme: str
) -> None:
    assert_stands_alone(browser, pages[name], scheme, height=900)


def test_the_fronts_are_drawn_where_the_numbers_are(browser: Browser, pages: dict[str, Path]) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(pages["holds"].as_uri())
        figures = page.locator("figure")
        assert figures.count() == 3
        for place in range(3):
            box = figures.nth(place).locator("svg").bounding_box()
            marks = figures.nth(place).locator("circle")
            assert box and marks.count() > 1
            for number in range(marks.count()):
                mark = marks.nth(number).bounding_box()
                assert mark and box["x"] <= mark["x"] and mark["x"] + mark["width"] <= box["x"] + box["width"] + 1
                assert box["y"] <= mark["y"] and mark["y"] + mark["height"] <= box["y"] + box["height"] + 1
