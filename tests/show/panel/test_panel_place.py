"""A dot on the roof: placed by pointer, by touch, by keys and by typing; then the true one beside it; all dots so far."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.show.panel import views
from tests.show.panel.harness import next_frame, open_panel, sent

AXES = views.AXES


def numbers(page) -> tuple[float, float]:
    """Both numbers as the fields have them, in the units asked in."""
    boxes = page.get_by_role("textbox").all()
    return float(boxes[0].input_value()), float(boxes[1].input_value())


def plot_box(page) -> dict[str, float]:
    """The drawing's place on the page, and of its axes in it (see roofFrame)."""
    box = page.locator(".gp-drawing").bounding_box()
    inner = page.locator(".gp-drawing > svg")
    left, top, width, height = (float(inner.get_attribute(name)) for name in ("x", "y", "width", "height"))
    return {"x": box["x"] + left, "y": box["y"] + top, "width": width, "height": height}


def at(page, x: float, y: float) -> tuple[float, float]:
    """Where on the page a dot stands: shares of both axes, from the left and from below."""
    box = plot_box(page)
    return box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]


def test_nothing_is_placed_at_first_and_commit_says_so(page) -> None:
    open_panel(page, views.PLACE)
    expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", "not placed yet")
    page.get_by_role("button", name="Commit").click(force=True)
    assert page.get_by_role("alert").inner_text() == "Place your dot first, or type both of its numbers."
    assert sent(page) == []


def test_a_click_places_the_dot_and_a_drag_moves_it(page) -> None:
    open_panel(page, views.PLACE)
    page.mouse.click(*at(page, 0.2, 0.8))
    x, y = numbers(page)
    assert (x, y) == (pytest.approx(1, rel=0.03), pytest.approx(1000, rel=0.03))
    page.mouse.move(*at(page, 0.2, 0.8))
    page.mouse.down()
    page.mouse.move(*at(page, 0.6, 0.2), steps=4)
    page.mouse.up()
    x, y = numbers(page)
    assert (x, y) == (pytest.approx(100, rel=0.03), pytest.approx(1, rel=0.03))
    page.mouse.move(*at(page, 0.9, 0.9))
    assert numbers(page) == (x, y), "released, it stays"


def test_near_the_roof_it_is_taken_to_be_meant_on_it(page) -> None:
    open_panel(page, views.PLACE)
    share = 0.2 * (1 + 0.826)  # the height of 6.7 TFLOP/s, the roof at 1 FLOP/byte, on five decades from 0.1
    left, top = at(page, 0.2, share)
    for off in (-6, 0, 6):
        page.mouse.click(left, top + off)
        x, y = numbers(page)
        assert y == pytest.approx(6.7 * x, rel=0.01)
    page.mouse.click(left, top + 25)
    x, y = numbers(page)
    assert y < 6 * x


def test_keys_move_it_and_a_button_puts_it_onto_the_roof(page) -> None:
    open_panel(page, views.PLACE)
    dot = page.get_by_role("slider")
    dot.press("Enter")
    x, y = numbers(page)
    for key, moved in (("ArrowRight", (1, 0)), ("ArrowUp", (0, 1)), ("ArrowLeft", (-1, 0)), ("ArrowDown", (0, -1))):
        dot.press(key)
        now = numbers(page)
        assert tuple((a > b) - (a < b) for a, b in zip(now, (x, y), strict=True)) == moved, key
        x, y = now
    dot.press("Shift+ArrowRight")
    assert numbers(page)[0] == pytest.approx(x * 10 ** (5 * 8 / 96), rel=0.02)
    page.get_by_role("button", name="Onto the roof").click()
    x, y = numbers(page)
    assert y == pytest.approx(min(6.7 * x, 1980), rel=0.02)
    assert re.fullmatch(r"[\d.,]+ FLOP/byte, [\d.,]+ TFLOP/s", dot.get_attribute("aria-valuetext") or "")


def test_touch_places_it_too(browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 720}, has_touch=True)
    page = context.new_page()
    open_panel(page, views.PLACE)
    page.touchscreen.tap(*at(page, 0.4, 0.4))
    x, y = numbers(page)
    assert (x, y) == (pytest.approx(10, rel=0.1), pytest.approx(10, rel=0.1))
    context.close()


def test_typed_numbers_move_the_dot_and_are_sent_as_they_are_typed(page) -> None:
    open_panel(page, views.PLACE)
    intensity, rate = page.get_by_role("textbox").all()
    intensity.fill("0,98")
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "not placed yet"
    rate.fill("6.5")
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "0.98 FLOP/byte, 6.5 TFLOP/s"
    rate.fill("6500 GFLOP/s")
    page.get_by_role("radio", name="certain", exact=True).check(force=True)
    page.get_by_role("button", name="Commit").click()
    assert sent(page) == [{"event": "commit", "guess": {"x": "0,98", "y": "6500 GFLOP/s"}, "confidence": 2}]


def test_after_the_reveal_both_dots_stand_on_the_roof_with_their_numbers(page) -> None:
    open_panel(page, views.PLACE_REVEALED)
    image = page.get_by_role("img", name="Your dot at 7.5 FLOP/byte, 48 TFLOP/s, the true one at 1 FLOP/byte")
    assert image.locator(".gp-dot-guess").count() == image.locator(".gp-dot-truth").count() == 1
    expect(image.get_by_text("decode, batch 1")).to_be_visible()
    assert page.get_by_text("6.7 TFLOP/s").count() >= 1
    open_panel(page, views.PLACE_COMMITTED)
    assert page.locator(".gp-dot-truth").count() == 0


@pytest.mark.parametrize("width", [1280, 360])
def test_a_label_stays_in_the_drawing(page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 720})
    far = {"x": 9000, "y": 1.98e15, "label": "prefill of 4,096 tokens", "text": "9,000 FLOP/byte, 1.98 PFLOP/s"}
    open_panel(page, {**views.PLACE_REVEALED, "result": {**views.PLACE_REVEALED["result"], "truth": far}})
    next_frame(page)
    label, drawing = page.locator(".gp-label-truth").bounding_box(), page.locator(".gp-plot").first.bounding_box()
    assert drawing["x"] <= label["x"] and label["x"] + label["width"] <= drawing["x"] + drawing["width"]
    page.set_viewport_size({"width": 1280, "height": 720})


def test_all_dots_so_far_with_a_table(page) -> None:
    open_panel(page, views.DOTS)
    image = page.get_by_role("img", name=re.compile("^2 dots"))
    assert image.locator(".gp-dot-truth").count() == 2 and image.locator(".gp-dot-guess").count() == 1
    rows = page.get_by_role("row").all()
    assert [cell.inner_text() for cell in rows[2].get_by_role("cell").all()] == [
        "2",
        "–",
        "2,400 FLOP/byte, 1.98 PFLOP/s",
        "skipped",
    ]
    expect(page.get_by_text("1 more dot of lesson 5 is not revealed yet.")).to_be_visible()


def test_a_function_of_ones_own_shows_the_engine_beside_a_number_alone(page) -> None:
    open_panel(page, views.ALL["write-tried"])
    off, fault, within = page.locator(".gp-write-case").all()
    expect(off.get_by_text("51.21 GB")).to_be_visible()
    expect(off.get_by_text("This is what you get when the output head is left out.")).to_be_visible()
    assert fault.locator("dl").count() == 0 and "Line 4" in fault.inner_text()
    expect(within.get_by_text("within 1 %")).to_be_visible()
    open_panel(page, views.ALL["write"])
    assert page.locator(".gp-write-case dl").count() == 0


def test_a_learners_error_is_text_whatever_it_holds(page) -> None:
    evil = {**views.FAULT, "note": "Line 1: <img src=x onerror=alert(1)>"}
    open_panel(page, views.written("off", "No number yet", evil))
    assert page.locator(".gp-write-note img").count() == 0
    expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()


def test_the_end_says_what_is_closed_and_keeps_the_question_open(page) -> None:
    open_panel(page, views.CLOSING)
    expect(page.get_by_text("Score card and sources: reveal step 4 first")).to_be_visible()
    page.get_by_role("textbox", name="Your note").fill("Why?")
    page.get_by_role("button", name="Keep").click()
    assert sent(page) == [{"event": "commit", "guess": "Why?", "confidence": None}]
    open_panel(page, views.CLOSING_OPEN)
    expect(page.get_by_text("9 predictions made, 4 of them right.")).to_be_visible()
    page.get_by_text("Sources", exact=True).click()
    expect(page.get_by_text("A paper")).to_be_visible()
