"""The fleet on a page: one clock for all, by keyboard and by pointer, what is drawn, what flies, the tables, both themes, narrow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lessonlib.draw.fleet_view import FleetView
from tests.show.fleet.made_up import SCALED, full, pools
from tests.show.panel.harness import next_frame, open_panel, sent, update

SCRUB = """(time) => {
  const slider = document.querySelector('.tl-scrub input');
  slider.value = Math.round(1e3 * time);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}"""
TEXTS = "(texts) => texts.map((text) => [text.getBBox().x, text.getBBox().x + text.getBBox().width, text.ownerSVGElement.clientWidth, text.textContent])"
#: [x, y] of each corner of a path of M, V and H
CORNERS = """(path) => {
  let [x, y] = [0, 0];
  return [...path.getAttribute('d').matchAll(/([MVH])([-\\d.]+)(?: ([-\\d.]+))?/g)].map(([, letter, one, other]) => {
    if (letter === 'M') [x, y] = [Number(one), Number(other)];
    else if (letter === 'V') y = Number(one);
    else x = Number(one);
    return [x, y];
  });
}"""


def view(*fleets: FleetView, **more: Any) -> dict[str, Any]:
    frame = {"kind": "fleet", "id": "the-fleet", "title": "The fleet · one evening", "state": "observed"}
    shown = [fleet.view() for fleet in fleets or (SCALED,)]
    return {**frame, "html": "<p>Who waits?</p>", "fleet": shown, **more}


def said(page: Any) -> list[str]:
    return page.locator(".tl-say").all_inner_texts()


def now(page: Any) -> float:
    return float(page.locator("[data-now]").get_attribute("data-now"))


def test_it_stands_complete_and_tells_all_of_it(page: Any) -> None:
    open_panel(page, view())
    assert now(page) == 55 and page.locator(".tl-veil").get_attribute("width") == "0.0"
    assert page.locator(".tl-now").is_hidden()
    assert said(page) == [
        "All 55 s: 0.22 requests a second; 2.6 replicas there on average, 2.2 of them ready; 50 % of the prompt tokens found in a cache."
    ]
    assert page.get_by_role("button", name="Step forward").get_attribute("aria-disabled") == "true"
    assert page.get_by_role("button", name="Play").count() == 0, "with reduced motion it stands still"
    assert page.get_by_role("img", name=SCALED.finding).count() == 1
    assert page.locator(".fl-plot").get_by_text("mean of all").is_visible()
    assert page.locator(".tl-run h4").inner_text().split("\n") == ["Scaled <b>", "router: least-requests"]
    assert sent(page) == []


def test_the_keyboard_alone_steps_and_hears_each_window(page: Any) -> None:
    open_panel(page, view())
    back = page.get_by_role("button", name="Step back")
    told = [
        "Window 6 of 6, from 50 s: 0 requests/s; 2 ready, 2 desired; on average 0 run, 0 wait.",
        "Window 5 of 6, from 40 s: 0.1 requests/s; TTFT p99 50 ms; 2 ready, 2 desired; on average 12 run, 0 wait; replica 1 drains; replica 1 is gone; replica 2 stalls.",
        "Window 4 of 6, from 30 s: 0.2 requests/s; TTFT p99 4 s; 3 ready, 3 desired; on average 24 run, 9 wait, 1 at the router; 75 % of the prompt found in a cache; replica 2 is ready.",
        "Window 3 of 6, from 20 s: 0.3 requests/s; TTFT p99 500 ms; 2 ready, 3 desired; on average 18 run, 4.5 wait; 25 % of the prompt found in a cache; replica 1 is ready; replica 2 fails.",
        "Window 2 of 6, from 10 s: 0.3 requests/s; TTFT p99 60 ms; 2 ready, 3 desired; on average 12 run, 0 wait; 50 % of the prompt found in a cache; replica 1 starts.",
        "Window 1 of 6, from 0 s: 0.3 requests/s; TTFT p99 50 ms; 2 ready, 2 desired; on average 6 run, 0 wait; 0 % of the prompt found in a cache.",
    ]  # fmt: skip
    for words in told:
        back.press("Enter")
        assert said(page) == [words]
    page.wait_for_function(
        "(words) => document.querySelector('.tl > output').textContent === words", arg=f"Scaled <b>: {told[-1]}"
    )
    assert back.get_attribute("aria-disabled") == "true" and now(page) == 0
    page.get_by_role("button", name="Step forward").press("Space")
    assert said(page) == [told[-2]] and page.evaluate("document.activeElement.textContent") == "Step forward"


def test_the_slider_goes_by_windows_and_by_pages(page: Any) -> None:
    open_panel(page, view())
    slider = page.get_by_role("slider", name="Simulated time")
    assert slider.get_attribute("aria-valuetext") == "55 s, all of it"
    for key, at in (("ArrowLeft", 50), ("ArrowDown", 40), ("ArrowRight", 50), ("ArrowUp", 55), ("Home", 0), ("PageUp", 2.75), ("PageDown", 0), ("End", 55)):  # fmt: skip
        slider.press(key)
        assert now(page) == at, key
    page.evaluate(SCRUB, 34)
    assert said(page)[0].startswith("Window 4 of 6") and slider.get_attribute("aria-valuetext") == "34 s, window 4 of 6"


def test_what_comes_after_the_window_is_veiled(page: Any) -> None:
    open_panel(page, view())
    page.evaluate(SCRUB, 34)
    veil, band = page.locator(".tl-veil"), page.locator(".tl-now")
    edge = float(veil.get_attribute("x"))
    assert float(band.get_attribute("x")) + float(band.get_attribute("width")) == pytest.approx(edge, abs=0.2)
    grid = page.locator(".fl-plot .gp-grid").first
    left, right = (float(grid.get_attribute(name)) for name in ("x1", "x2"))
    assert edge == pytest.approx(left + (right - left) * 40 / 55, abs=1)
    assert edge + float(veil.get_attribute("width")) == pytest.approx(right, abs=1)


def test_the_numbers_of_each_lane_at_the_present(page: Any) -> None:
    open_panel(page, view())
    reads = lambda: [text for text in page.locator(".fl-plot .fl-read").all_text_contents() if text]  # noqa: E731
    assert reads()[:2] == ["0.22/s", "2 to 3 ready"], "a mean of percentiles would be no percentile"
    assert reads()[2:6] == ["4", "0.8", "32 %", "50 %"]
    page.evaluate(SCRUB, 34)
    assert reads() == [
        "0.2/s", "4 s", "3 ready, 3 desired", "8", "3", "80 %", "75 %", "8", "3", "80 %", "75 %", "8", "3", "80 %", "75 %", "off", "1 held",
    ]  # fmt: skip
    page.evaluate(SCRUB, 12)
    assert "8" not in reads() and "off" in reads()


def test_states_are_told_by_pattern_and_word(page: Any) -> None:
    open_panel(page, view())
    plot = page.locator(".fl-plot")
    for letter, many in (("r", 4), ("s", 1), ("d", 1), ("f", 1), ("t", 1)):
        assert plot.locator(f".fl-state-{letter}").count() == many, letter
    assert plot.locator(".fl-off").count() == 3 and plot.locator(".fl-slow").count() == 4
    assert plot.locator(".fl-state-word").all_text_contents() == ["starting", "draining", "failed", "stalled"]
    fills = page.evaluate("['s', 'd', 'f', 't'].map((one) => getComputedStyle(document.querySelector(`.fl-plot .fl-over-${one}`)).fill)")  # fmt: skip
    assert all(fill.startswith("url(") for fill in fills) and len(set(fills)) == 4
    looks = page.evaluate("['wait', 'cache', 'found', 'run'].map((one) => getComputedStyle(document.querySelector(`.fl-plot .fl-${one}`)).fill)")  # fmt: skip
    assert len(set(looks)) == 4 and [look.startswith("url(") for look in looks] == [True, True, True, False]
    assert plot.locator(".fl-more").all_text_contents() == ["2× slower"]
    legend = page.locator(".tl-legend").inner_text()
    for words in ("requests that wait", "starting", "draining", "failed", "stalled", "off", "replica 2: a step takes 2 times as long", "replicas desired"):  # fmt: skip
        assert words in legend
    open_panel(page, view(pools()))
    legend = page.locator(".tl-legend").inner_text()
    assert "desired" not in legend and "failed" not in legend and "traffic on the link" in legend


def test_what_waits_lies_on_what_runs(page: Any) -> None:
    open_panel(page, view())
    run, wait = (page.locator(f".fl-plot path.fl-{kind}").first.evaluate(CORNERS) for kind in ("run", "wait"))
    floor = run[0][1]
    assert wait[0][1] == floor and min(y for _, y in wait) < min(y for _, y in run)
    tall, waits = floor - min(y for _, y in run), min(y for _, y in run) - min(y for _, y in wait)
    assert tall / waits == pytest.approx(8 / 3, rel=0.05), "8 run while 3 wait"
    found = page.locator(".fl-plot path.fl-found").first.evaluate(CORNERS)
    cache = page.locator(".fl-plot path.fl-cache").first.evaluate(CORNERS)
    assert cache[0][1] < found[0][1] and cache[0][1] - min(y for _, y in cache) == pytest.approx(0.8 * 9, abs=0.2)


def test_the_scaler_asks_and_gets(page: Any) -> None:
    open_panel(page, view())
    ready, desired = (page.locator(f".fl-plot path.fl-{kind}").first.evaluate(CORNERS) for kind in ("ready", "desired"))
    first = lambda line: next(x for x, y in line if y != line[0][1])  # noqa: E731
    assert first(desired) < first(ready) and desired[0][1] == ready[0][1]
    open_panel(page, view(full()))
    assert page.locator(".fl-plot path.fl-ready").count() == 0, "where nothing changes there is no such strip"


def test_the_routers_lines_are_as_wide_as_what_it_sends(page: Any) -> None:
    open_panel(page, view())
    widths = lambda: [float(width) for width in page.locator(".fl-plot > .fl-edge").evaluate_all("(all) => all.map((one) => one.getAttribute('stroke-width'))")]  # noqa: E731  # fmt: skip
    assert len(set(widths()[:3])) == 1 and widths()[3] < 1, "6 each, and nothing for the one that is off"
    page.evaluate(SCRUB, 44)
    assert page.locator(".fl-edge.fl-idle").count() == 4


def test_two_pools_and_the_link(page: Any) -> None:
    open_panel(page, view(pools()))
    plot = page.locator(".fl-plot")
    assert plot.locator(".fl-name").all_text_contents() == ["prefill 0", "decode 1", "decode 2"]
    assert plot.locator(".fl-strip-name").all_text_contents() == ["requests/s", "TTFT p99", "link"]
    tops = [plot.get_by_text(name, exact=True).bounding_box()["y"] for name in ("prefill 0", "link", "decode 1")]
    assert tops == sorted(tops)
    assert plot.locator(".tl-limit").count() == 1 and plot.locator(".fl-edge-link").count() == 3
    assert plot.locator(".fl-head").all_text_contents()[-2:] == ["up to 11 requests in a lane", "up to 23 requests in a lane"]  # fmt: skip
    assert plot.locator("path.fl-found").count() == 1, "what comes over the link is not looked up"
    page.evaluate(SCRUB, 25)
    assert said(page)[0].endswith("2.5 GB/s on the link.")
    page.evaluate(SCRUB, 12)
    idle = plot.locator(".fl-edge-link").evaluate_all("(all) => all.map((one) => one.classList.contains('fl-idle'))")
    assert idle[0] is False, "a cache leaves in this window"


def test_several_fleets_have_one_clock_and_one_scale(page: Any) -> None:
    longer = replace(full("Longer", 3, 60), router="random")
    open_panel(page, view(SCALED, longer))
    assert page.locator(".tl-run").count() == 2 and page.get_by_role("slider").count() == 1
    assert said(page)[0].startswith("All 55 s") and now(page) == 120
    page.evaluate(SCRUB, 60)
    assert said(page)[0] == "60 s: the run is over." and said(page)[1].startswith("Window 31 of 60")
    slider = page.get_by_role("slider")
    slider.press("Home")
    for at in (2, 4, 6, 8, 10, 12):
        slider.press("ArrowRight")
        assert now(page) == at
    heads = page.locator(".fl-plot .fl-head").all_text_contents()
    assert len({head for head in heads if head.startswith("up to")}) == 1
    edges = [plot.locator(".gp-tick").last.text_content() for plot in page.locator(".fl-plot").all()]
    assert edges[0] == edges[1]


def test_without_their_strips_more_fleets_fit_on_a_screen(page: Any) -> None:
    open_panel(page, view(SCALED, pools()))
    height = lambda: page.locator(".fl-plot").first.bounding_box()["height"]  # noqa: E731
    tall = height()
    page.get_by_label("requests, TTFT, replicas").press("Space")
    assert height() < tall - 100 and page.locator(".fl-rate").count() == 0
    page.get_by_label("requests, TTFT, replicas").press("Space")
    assert height() == tall


def test_a_closer_view_follows_the_clock(page: Any) -> None:
    open_panel(page, view(full()))
    page.evaluate(SCRUB, 100)
    page.get_by_role("button", name="Zoom in").press("Enter")
    assert page.locator(".tl-shows").inner_text() == "shows 60 s"
    ticks = lambda: page.locator(".fl-plot .gp-tick").all_text_contents()[-3:]  # noqa: E731
    before = ticks()
    page.evaluate(SCRUB, 102)
    assert ticks() == before
    page.evaluate(SCRUB, 200)
    assert ticks() != before and page.locator(".tl-now").is_visible()
    page.get_by_role("button", name="Zoom out").press("Enter")
    assert page.locator(".tl-shows").inner_text() == "shows all"


def test_the_pointer_takes_the_clock_along(page: Any) -> None:
    open_panel(page, view())
    box, grid = page.locator(".fl-plot").bounding_box(), page.locator(".fl-plot .gp-grid").first
    left, right = (float(grid.get_attribute(name)) for name in ("x1", "x2"))
    place = lambda share: box["x"] + left + share * (right - left)  # noqa: E731
    page.mouse.move(place(0.2), box["y"] + 150)
    page.mouse.down()
    assert now(page) == pytest.approx(11, abs=0.1)
    page.mouse.move(place(0.6), box["y"] + 150)
    page.mouse.up()
    assert now(page) == pytest.approx(33, abs=0.1)
    page.mouse.click(place(1.1), box["y"] + 150)
    assert now(page) == pytest.approx(33, abs=0.1), "the numbers at the side are no clock"


def test_the_tables_hold_every_replica_and_every_window(page: Any) -> None:
    open_panel(page, view(SCALED, pools()))
    assert page.locator(".tl-numbers table").count() == 2, "that of the windows is built when somebody asks"
    page.get_by_text("The replicas as a table").press("Enter")
    page.get_by_text("The windows as a table").press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.tl-numbers table').length === 4")
    rows = [" ".join(row.split()) for row in page.locator(".tl-numbers tr").all_inner_texts()]
    assert rows[1] == "replica 0 6 55 s 4 0.75 3 32 % 50 %"
    window = next(row for row in rows if row.startswith("30 s 0.2 4 s"))
    assert window == "30 s 0.2 4 s 3 3 1 8 + 3, 80 %, 75 % 8 + 3, 80 %, 75 % 8 + 3, 80 %, 75 % off"
    assert any(row.startswith("40 s") and "draining" not in row and "stalled" in row for row in rows)
    assert any(row.startswith("10 s") and "2 GB/s" in row for row in rows), rows


def test_a_view_that_is_the_same_keeps_the_clock(page: Any) -> None:
    open_panel(page, view())
    page.evaluate(SCRUB, 12)
    update(page)
    assert now(page) == 12
    page.set_viewport_size({"width": 360, "height": 720})
    next_frame(page)
    assert now(page) == 12 and page.locator(".fl-name").first.text_content() == "0"
    page.set_viewport_size({"width": 1280, "height": 720})


def test_a_fleet_that_cannot_be_computed_leaves_its_words_and_a_line(page: Any) -> None:
    open_panel(page, view(fleet=[], problem="the_fleet: no request came"))
    assert page.get_by_text("Who waits?").is_visible() and page.get_by_role("alert").first.inner_text() == "the_fleet: no request came"  # fmt: skip
    assert page.locator(".tl-controls").count() == 0


# --- motion ---------------------------------------------------------------------------------------------------------


def test_requests_and_caches_fly_while_it_plays(moving: Any) -> None:
    open_panel(moving, view(full(), pools()))
    moving.clock.pause_at(moving.evaluate("Date.now()") + 1000)
    assert moving.locator(".fl-plot :is(.fl-dot, .fl-cache-dot)").count() == 0
    assert "a KV cache on its way over the link" in moving.locator(".tl-legend").inner_text()
    moving.get_by_label("Speed").select_option(label="10 times faster")
    moving.get_by_role("button", name="Play").press("Enter")
    moving.clock.run_for(300)
    dots, caches = moving.locator(".fl-plot .fl-dot"), moving.locator(".fl-plot .fl-cache-dot")
    assert 10 <= dots.count() <= 41 and caches.count() >= 1
    first = moving.locator(".fl-plot").first
    fan = float(first.locator(".fl-router").get_attribute("cx"))
    places = dots.evaluate_all("(all) => all.map((one) => Number(one.getAttribute('cx')))")
    assert min(places) >= fan and max(places) <= 66
    moving.clock.run_for(1000)
    assert 10 < now(moving) < 16
    moving.get_by_role("button", name="Pause").press("Enter")
    assert dots.count() == 0, "what rests has nothing on its way"
    moving.get_by_role("button", name="Play").press("Enter")
    moving.clock.run_for(30_000)
    assert now(moving) == 240 and moving.locator("[data-playing]").get_attribute("data-playing") == "false"
    assert dots.count() == 0 and said(moving)[0].startswith("All 240 s")


# --- everybody ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 600, 360])
@pytest.mark.parametrize("fleets", [(SCALED,), (SCALED, pools(), full())], ids=["one", "three"])
def test_readable_in_both_themes_and_narrow(page: Any, theme: str, width: int, fleets: tuple[FleetView, ...]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 720})
    open_panel(page, view(*fleets), theme)
    page.evaluate(SCRUB, 34)
    page.get_by_text("The replicas as a table").click()
    page.get_by_text("The windows as a table").click()
    page.wait_for_function("() => document.querySelectorAll('.tl-numbers').length === 2")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    words = page.locator(".fl-plot text").evaluate_all(TEXTS)
    assert [word for word in words if word[3] and not (word[0] >= -1 and word[1] <= word[2] + 1)] == []
    report = Axe().run(page)
    page.set_viewport_size({"width": 1280, "height": 720})
    assert report.violations_count == 0, report.generate_report()
