"""The map in its panel: all of it to be read in both themes, and as a list where there is no room for the drawing."""

from __future__ import annotations

from typing import Any

import pytest

from lessonlib.lesson.concepts import load_listing
from lessonlib.review.progress import STATES
from lessonlib.show.course_map import Chapter, course_map_html
from tests.show.panel.harness import open_panel, page_html

CONCEPTS = load_listing().concepts
EACH_STATE = {key: STATES[index % len(STATES)] for index, key in enumerate(CONCEPTS)}
VIEW: dict[str, Any] = {
    "kind": "map",
    "id": "map",
    "title": "The way ahead",
    "state": "observed",
    "html": course_map_html(
        CONCEPTS,
        [Chapter(number, "A lesson of three words", f"{number:02d}-x.ipynb") for number in range(9)],
        EACH_STATE,
    ),
}
CONTRASTS = """() => {
  const luminance = (colour) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => { const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b); return (high + 0.05) / (low + 0.05); };
  return [...document.querySelectorAll(".ll-map-drawing g")].filter(g => g.querySelector(".ll-map-cell")).map(g => {
    const cell = getComputedStyle(g.querySelector(".ll-map-cell"));
    const paper = getComputedStyle(document.body).backgroundColor;
    return { line: ratio(cell.stroke, paper), words: Math.min(...[...g.querySelectorAll("text")].map(text => ratio(getComputedStyle(text).fill, cell.fill))) };
  });
}"""


def open_map(page, theme: str) -> None:
    """As in JupyterLab, which names its theme on the body."""
    open_panel(page, VIEW, theme)
    page.evaluate("theme => { document.body.dataset.jpThemeLight = String(theme === 'light'); }", theme)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_state_can_be_read(page, theme) -> None:
    open_map(page, theme)
    found = page.evaluate(CONTRASTS)
    assert len(found) == len(CONCEPTS)
    assert min(each["words"] for each in found) >= 4.5 and min(each["line"] for each in found) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(page, theme) -> None:
    from axe_playwright_python.sync_playwright import Axe

    open_map(page, theme)
    page.get_by_text("The map as a table").click()
    findings = Axe().run(page).response["violations"]
    assert not [f"{f['id']}: {f['nodes'][0]['html'][:120]}" for f in findings if f["impact"] in ("serious", "critical")]


@pytest.mark.parametrize(("width", "drawn"), [(360, False), (1280, True)])
def test_the_drawing_where_there_is_room_else_the_list(browser, width, drawn) -> None:
    page = browser.new_page(viewport={"width": width, "height": 720})
    page.set_content(page_html("light"))
    page.wait_for_function("() => Boolean(window.render)")
    page.evaluate("view => window.show(view)", VIEW)
    assert page.locator(".ll-map-drawing").is_visible() == drawn
    assert page.locator(".ll-map-list").is_visible() == (not drawn)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_more_lessons_make_the_map_wider_and_its_words_no_smaller(browser) -> None:
    """Beside JupyterLab's file browser there is room for some nine lessons; the others are moved to."""
    page = browser.new_page(viewport={"width": 860, "height": 720})
    page.set_content(page_html("light"))
    page.wait_for_function("() => Boolean(window.render)")
    page.evaluate("view => window.show(view)", VIEW)
    tall = page.locator(".ll-map-drawing text").first.evaluate(
        "text => parseFloat(getComputedStyle(text).fontSize) * text.ownerSVGElement.clientWidth / text.ownerSVGElement.viewBox.baseVal.width"
    )
    assert tall > 10 and page.evaluate("document.documentElement.scrollWidth") <= 860
    heads = page.locator(".ll-map-heads li").evaluate_all(
        "all => [all[0].querySelector('a').getBoundingClientRect().left, document.querySelector('.ll-map-scroll').getBoundingClientRect().left]"
    )
    assert heads[0] >= heads[1], "the first title is not cut"
    page.close()


def test_no_word_sticks_out_of_its_cell(page) -> None:
    open_panel(page, VIEW)
    outside = page.evaluate("""() => [...document.querySelectorAll(".ll-map-drawing g")].flatMap(g => {
      const cell = g.querySelector(".ll-map-cell")?.getBBox();
      return cell ? [...g.querySelectorAll("text")].filter(text => { const box = text.getBBox(); return box.x < cell.x || box.x + box.width > cell.x + cell.width; }).map(text => text.textContent) : [];
    })""")
    assert outside == []


def test_by_keyboard_to_the_lessons_and_the_table(page) -> None:
    open_panel(page, VIEW)
    names = []
    for _ in range(11):
        page.keyboard.press("Tab")
        names.append(page.evaluate("document.activeElement.getAttribute('href') ?? document.activeElement.tagName"))
    assert [f"{number:02d}-x.ipynb" for number in range(9)] == [name for name in names if name.endswith(".ipynb")]
    assert names[-1] == "SUMMARY"
    page.keyboard.press("Enter")
    assert page.get_by_role("table").is_visible()
