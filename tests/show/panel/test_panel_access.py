"""What everyone needs: names and roles, contrast in both themes, room at 1280 x 720 and at 360 pixels, paper, little motion."""

from __future__ import annotations

import pytest

from tests.show.panel import views
from tests.show.panel.harness import open_panel, page_html

SHOW_ALL = "views => { for (const view of views) { const box = document.createElement('div'); two.append(box); render({model: makeModel(view), el: box}); } }"
LUMINANCE = """names => {
  const context = document.createElement("canvas").getContext("2d");
  const light = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(--gp-${name})`;
    document.querySelector(".gp").append(probe);
    context.fillStyle = getComputedStyle(probe).color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((byte) => byte / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return Object.fromEntries(names.map((name) => [name, light(name)]));
}"""


def open_all(page, theme: str) -> None:
    page.set_content(page_html(theme))
    page.wait_for_function("() => Boolean(window.render)")
    page.evaluate(SHOW_ALL, list(views.ALL.values()))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_kind_and_state(page, theme) -> None:
    from axe_playwright_python.sync_playwright import Axe

    open_all(page, theme)
    findings = Axe().run(page).response["violations"]
    serious = [
        f"{f['id']}: {f['nodes'][0]['html'][:120]} {f['nodes'][0]['failureSummary']}"
        for f in findings
        if f["impact"] in ("serious", "critical")
    ]
    assert not serious, "\n".join(serious)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_have_3_to_1_and_words_4_5_to_1(page, theme) -> None:
    open_panel(page, views.CHOICE, theme)
    lines, inks = ["guess", "truth", "blue", "edge", "focus"], ["soft", "guess-ink", "truth-ink", "blue-ink", "strong"]
    grounds = ["paper", "back", "card", "guess-wash", "truth-wash", "blue-wash"]
    light = page.evaluate(LUMINANCE, lines + inks + grounds)

    def contrast(one: str, other: str) -> float:
        low, high = sorted((light[one], light[other]))
        return (high + 0.05) / (low + 0.05)

    weak = {
        (ink, ground): round(contrast(ink, ground), 2)
        for least, names in ((3.0, lines), (4.5, inks))
        for ink in names
        for ground in grounds
        if contrast(ink, ground) < least
    }
    assert not weak


def test_groups_radios_and_fields_have_names(page) -> None:
    open_panel(page, views.CHOICE)
    question = page.get_by_role("group", name="Decode writes one token at a time.")
    assert question.get_by_role("radio").count() == 4
    assert page.get_by_role("group", name="How sure are you?").get_by_role("radio").count() == 3
    assert page.get_by_role("heading", name="Step 2").count() == 1
    open_panel(page, views.BLANKS)
    assert page.get_by_role("textbox", name="Blank 2 of 3").count() == 1
    open_panel(page, views.EXPLAIN)
    assert page.get_by_role("textbox", name="Your explanation").count() == 1


def test_what_is_told_by_colour_is_told_by_words_too(page) -> None:
    open_panel(page, views.CHOICE_OBSERVED)
    assert page.get_by_text("your guess").count() == page.get_by_text("the truth", exact=True).count() == 1
    assert page.get_by_text("your answer").count() == page.get_by_text("what it showed").count() == 1


def test_four_options_fit_beside_jupyterlabs_bars(page) -> None:
    open_panel(page, views.CHOICE)
    assert (
        page.locator(".gp").bounding_box()["height"] < 480
    )  # 720 less menus, tabs, tool bar, status bar and the collapsed cell


@pytest.mark.parametrize("width", [280, 360, 736])  # the first is what JupyterLab leaves of 360 pixels
def test_nothing_sticks_out(browser, width) -> None:
    page = browser.new_page(viewport={"width": width, "height": 720})
    open_all(page, "light")
    page.wait_for_timeout(100)  # the plots draw at the first observed size
    wide = page.evaluate(
        "[...document.querySelectorAll('.gp *')].filter(e => e.getBoundingClientRect().right > innerWidth && !e.closest('pre, table, .gp-pan, .picture-frame')).map(e => e.outerHTML.slice(0, 90))"
    )
    assert not wide
    page.close()


def test_on_paper_there_are_no_buttons(page) -> None:
    open_panel(page, views.CHOICE_REVEALED)
    page.emulate_media(media="print")
    visible = [button.is_visible() for button in page.get_by_role("button").all()]
    page.emulate_media(media="screen")
    assert not any(visible)


def test_motion_stops_when_asked_to(page) -> None:
    open_panel(page, views.CHOICE_REVEALED)  # the shared page prefers reduced motion
    assert page.evaluate("document.getAnimations().length") == 0
