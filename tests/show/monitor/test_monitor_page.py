"""The monitor on a page: one cursor for all charts, by keyboard and by pointer, the table, both themes, narrow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lessonlib.draw.monitor import Chart, Monitor
from tests.show.monitor.made_up import SHOWN
from tests.show.panel.harness import next_frame, open_panel, sent, update


def view(shown: Monitor = SHOWN, **more: Any) -> dict[str, Any]:
    frame = {"kind": "monitor", "id": "on-call", "title": "On call · 09:00", "state": "observed"}
    return {**frame, "html": "<p>When did it begin?</p>", "monitor": shown.view(), **more}


def values(page: Any) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(".mon-values").all_inner_texts()]


def test_the_keyboard_moves_one_cursor_through_all_charts_and_is_heard(page: Any) -> None:
    open_panel(page, view())
    slider = page.get_by_role("slider", name="Read all charts at")
    assert slider.get_attribute("aria-valuetext") == "09:01" and values(page)[0] == "6 0"
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext") == "09:00:10"
    assert values(page) == ["0 0", "40 % 40 %", "– 250 ms", "1,800 tok/s 1,800 tok/s"]
    slider.press("ArrowRight")
    assert values(page)[2:] == ["250 ms 250 ms", "1,900 tok/s 1,800 tok/s"]
    page.wait_for_function(
        "() => document.querySelector('.mon > output').textContent.startsWith('09:00:20: Requests waiting 1, with the mend 1; ')"
    )
    assert page.locator(".mon-lines li[aria-current]").inner_text().startswith("09:00:20 Engine 000: Running: 4 reqs")
    assert sent(page) == [], "nothing is asked of the kernel"


def test_the_pointer_over_one_chart_moves_the_cursor_of_all(page: Any) -> None:
    open_panel(page, view())
    box = page.locator(".mon-plot").nth(1).bounding_box()
    page.mouse.move(box["x"] + 52 + (box["width"] - 60) * 30 / 60, box["y"] + 40)
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "09:00:30"
    assert values(page)[0] == "2 1" and page.locator(".mon-clock").inner_text() == "09:00:30"
    lines = page.evaluate(
        "[...document.querySelectorAll('.mon-cursor')].map((line) => line.getAttribute('d').split('V')[0].split(' ')[0])"
    )
    assert len(set(lines)) == 1, "the cursor stands at the same place in every chart"


def test_the_cursor_stays_where_it_was_when_the_page_gets_narrower(page: Any) -> None:
    open_panel(page, view())
    page.get_by_role("slider").press("Home")
    page.set_viewport_size({"width": 360, "height": 720})
    next_frame(page)
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "09:00:10"
    assert page.locator(".mon-cursor").first.get_attribute("d").startswith("M")
    update(page)
    assert values(page)[0] == "0 0", "a view that is the same builds nothing anew"
    page.set_viewport_size({"width": 1280, "height": 720})


def test_marks_and_both_runs_are_told_by_letter_and_pattern(page: Any) -> None:
    open_panel(page, view())
    legend = " ".join(page.locator(".mon-legend").inner_text().split())
    assert legend == "as it was with the mend A 09:00:35 deploy <b>"
    assert page.locator(".mon-mark-name").all_text_contents() == ["A"] * 4
    dashes = page.evaluate(
        "['.mon-plot .mon-main', '.mon-plot .mon-second'].map((one) => getComputedStyle(document.querySelector(one)).strokeDasharray)"
    )
    assert dashes[0] == "none" and dashes[1] != "none"
    charts = page.locator(".mon-plot")
    assert charts.first.get_attribute("aria-label").startswith("Requests waiting: 0 at 09:00:10, at most 8 at 09:00:50")


def test_a_value_between_two_gaps_is_seen(page: Any) -> None:
    open_panel(page, view())
    chart = page.locator(".mon-plot").nth(2)
    assert chart.locator("circle.mon-main").count() == 2, "the lone one, and that of the cursor"
    assert chart.locator("path.mon-line.mon-main").get_attribute("d").count("M") == 2


def test_the_table_holds_every_chart_by_time(page: Any) -> None:
    open_panel(page, view())
    page.get_by_text("The numbers that are drawn").press("Enter")
    rows = [" ".join(row.split()) for row in page.locator(".mon-numbers tr").all_inner_texts()]
    assert rows[0].startswith("time Requests waiting Requests waiting, with the mend KV cache in use")
    assert rows[-1] == "09:01 6 0 98 % 40 % 2.5 s 250 ms 650 tok/s 1,800 tok/s" and len(rows) == 7


@pytest.mark.parametrize(("times", "rows", "said"), [(24, 24, "drawn"), (60, 20, "drawn, one scrape in 3")])
def test_the_table_says_which_times_it_leaves_out(page: Any, times: int, rows: int, said: str) -> None:
    charts = [Chart(title, "up", [1.0] * times) for title in ("One", "Two", "Three")]
    open_panel(page, view(Monitor("1 is up.", [10.0 * (at + 1) for at in range(times)], charts)))
    assert page.locator(".mon-numbers summary").inner_text() == f"The numbers that are {said}"
    page.get_by_text("The numbers that are drawn").press("Enter")
    assert page.locator(".mon-numbers tbody tr").count() == rows


def test_counts_have_whole_ticks_and_an_axis_goes_to_a_named_end(page: Any) -> None:
    open_panel(
        page,
        view(
            replace(
                SHOWN, charts=[replace(SHOWN.charts[0], values=[0, 1, 0, 0, 0, 0], compare=[0] * 6), *SHOWN.charts[1:]]
            )
        ),
    )
    ticks = page.locator(".mon-plot").first.locator(".gp-tick").all_text_contents()
    assert [tick for tick in ticks if ":" not in tick] == ["0", "1"]
    tall = [[4870.0, 1.0], [0.3, 0.1], [635.0, 2.0], [1.0, 9.0]]
    charts = [
        replace(chart, values=pair * 3, compare=(), most=None) for chart, pair in zip(SHOWN.charts, tall, strict=True)
    ]
    open_panel(page, view(replace(SHOWN, charts=charts)))
    told = [
        [
            tick
            for tick in page.locator(".mon-plot").nth(place).locator(".gp-tick").all_text_contents()
            if ":" not in tick
        ]
        for place in range(4)
    ]
    assert told == [["0", "2.5k", "5k"], ["0", "0.2 %", "0.4 %"], ["0", "500 s", "1000 s"], ["0", "5", "10"]]
    open_panel(page, view())
    shares = page.locator(".mon-plot").nth(1).locator(".gp-tick").all_text_contents()
    assert [tick for tick in shares if ":" not in tick] == ["0", "50 %", "100 %"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_readable_in_both_themes_and_narrow(page: Any, theme: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 720})
    open_panel(page, view(), theme)
    page.get_by_text("The numbers that are drawn").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    columns = page.locator(".mon-board").evaluate(
        "(board) => getComputedStyle(board).gridTemplateColumns.split(' ').length"
    )
    assert columns == (2 if width == 1280 else 1)
    words = page.locator(".mon-plot text").evaluate_all(
        "(texts) => texts.map((text) => [text.getBBox().x, text.getBBox().x + text.getBBox().width, text.ownerSVGElement.clientWidth])"
    )
    assert all(left >= -1 and right <= whole + 1 for left, right, whole in words), words
    report = Axe().run(page)
    page.set_viewport_size({"width": 1280, "height": 720})
    assert report.violations_count == 0, report.generate_report()
