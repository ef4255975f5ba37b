"""Drawing a curve: by dragging, by keys, in the table, and the true curve over it afterwards."""

from __future__ import annotations

import itertools

import pytest

from tests.show.panel import views
from tests.show.panel.harness import become, focused, open_panel, sent


def handles(page):
    return page.get_by_role("slider")


def drag(page, *fractions: tuple[float, float]) -> None:
    """Presses at the first (x, y) fraction of the plot's columns and height, moves through the others, lets go."""
    first, last = (handles(page).nth(i).locator("path").bounding_box() for i in (0, handles(page).count() - 1))
    plot = page.locator("svg.gp-plot").bounding_box()
    left, width = first["x"] + first["width"] / 2, last["x"] - first["x"]
    places = [(left + x * width, plot["y"] + y * plot["height"]) for x, y in fractions]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def test_one_stroke_sets_every_column_and_interpolates(page) -> None:
    open_panel(page, views.CURVE)
    drag(page, (0, 0.75), (1, 0.25))
    page.get_by_role("radio", name="certain").check()
    page.get_by_role("button", name="Commit").click()
    (message,) = sent(page)
    drawn = message["guess"]
    assert len(drawn) == 9 and drawn == sorted(drawn) and drawn[0] < drawn[4] < drawn[8]
    steps = [b / a for a, b in itertools.pairwise(drawn)]
    assert max(steps) / min(steps) == pytest.approx(1, abs=0.05), (
        "a straight stroke on log axes has one factor per column"
    )


def test_a_stroke_that_stops_short_leaves_ghosts_and_commit_counts_them(page) -> None:
    open_panel(page, views.CURVE)
    drag(page, (0, 0.5), (0.51, 0.5))
    page.get_by_role("button", name="Commit").click(force=True)
    assert page.get_by_role("alert").inner_text() == "Draw the whole curve first: 4 of 9 points are still open."
    assert focused(page) == "batch size 32 requests"
    assert handles(page).nth(8).get_attribute("aria-valuetext") == "not drawn yet"


def test_pressing_on_one_column_moves_only_that_one(page) -> None:
    open_panel(page, views.CURVE_LINEAR)
    drag(page, (0.5, 0.7), (0.51, 0.3))
    assert [handle.get_attribute("aria-valuetext") == "not drawn yet" for handle in handles(page).all()] == [
        True,
        True,
        False,
        True,
        True,
    ]


def test_keys_move_a_handle_and_the_table_follows(page) -> None:
    open_panel(page, views.CURVE_LINEAR)
    page.keyboard.press("Tab")
    assert focused(page) == "context 0 thousand tokens"
    first = handles(page).first
    page.keyboard.press("Enter")
    assert first.get_attribute("aria-valuetext") == "8 ms at 0 thousand tokens"
    page.keyboard.press("ArrowUp")
    one = float(first.get_attribute("aria-valuenow"))
    page.keyboard.press("PageUp")
    big = float(first.get_attribute("aria-valuenow"))
    assert 8 < one < big and big - one > 4 * (one - 8)
    page.keyboard.press("End")
    assert first.get_attribute("aria-valuenow") == "40"
    page.keyboard.press("Home")
    assert first.get_attribute("aria-valuenow") == "0"
    page.get_by_text("Type the values instead").click()
    box = page.get_by_role("textbox", name="step time at context 0 thousand tokens")
    assert box.input_value() == "0"
    box.fill("12,5")
    box.press("Tab")
    assert first.get_attribute("aria-valuetext") == "12.5 ms at 0 thousand tokens"
    box.fill("nonsense")
    box.press("Tab")
    assert box.input_value() == "12.5"


def test_drawing_by_touch(browser) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 720}, has_touch=True)
    open_panel(page, views.CURVE)
    client = page.context.new_cdp_session(page)
    ends = [handles(page).nth(i).bounding_box() for i in (0, 8)]
    start, stop = ([box["x"] + box["width"] / 2, box["y"]] for box in ends)
    client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": start[0], "y": start[1]}]})
    client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": stop[0], "y": stop[1]}]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert page.locator(".gp-ghost").count() == 0
    page.close()


def test_the_truth_is_drawn_over_the_guess_with_its_numbers(page) -> None:
    open_panel(page, views.CURVE)
    become(page, views.CURVE_REVEALED)
    plot = page.get_by_role("img")
    assert (
        plot.locator("text", has_text="your guess").count() == plot.locator("text", has_text="the truth").count() == 1
    )
    dashes = [
        page.evaluate("e => getComputedStyle(e).strokeDasharray", plot.locator(f".gp-line-{kind}").element_handle())
        for kind in ("guess", "truth")
    ]
    assert dashes[0] != "none" and dashes[1] == "none"
    assert page.get_by_text("What the drawing missed").is_visible()
    page.get_by_text("The numbers").click()
    assert page.get_by_role("row", name="256 1,200 9,640 ×8 too low").is_visible()


def test_end_labels_do_not_touch_when_the_curves_meet(page) -> None:
    truth = views.CURVE_REVEALED["result"]["truth_y"]
    open_panel(page, views.CURVE_REVEALED | {"guess": {"y": truth, "confidence": 2}})
    one, two = (page.locator(f"svg .gp-label-{kind}").bounding_box() for kind in ("guess", "truth"))
    assert abs(one["y"] - two["y"]) >= 15


def test_a_logarithmic_axis_from_zero_is_drawn_as_a_linear_one(page) -> None:
    """The course refuses such a lesson; a page that gets one all the same neither hangs nor breaks."""
    ask = {**views.CURVE["ask"], "y_log": True, "y_min": 0.0, "y_max": 100.0}
    open_panel(page, {**views.CURVE, "ask": ask})
    assert page.locator("svg.gp-plot .gp-tick.gp-end").all_text_contents() == ["0", "20", "40", "60", "80", "100"]
    drag(page, (0, 0.5), (1, 0.5))
    assert not [
        text
        for text in (handle.get_attribute("aria-valuetext") for handle in handles(page).all())
        if text == "not drawn yet"
    ]
