"""The timeline on a page: one clock for all runs, by keyboard and by pointer, what is drawn, the table, both themes, narrow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lessonlib.draw.timeline import Timeline
from tests.show.panel.harness import next_frame, open_panel, sent, update
from tests.show.timeline.made_up import RUN, long, other

SCRUB = """(time) => {
  const slider = document.querySelector('.tl-scrub input');
  slider.value = Math.round(1e6 * time);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}"""
TEXTS = "(texts) => texts.map((text) => [text.getBBox().x, text.getBBox().x + text.getBBox().width, text.ownerSVGElement.clientWidth, text.textContent])"
#: boxes of a path: how many, and how wide the widest is
BOXES = """(path) => {
  const boxes = [...path.getAttribute('d').matchAll(/M([\\d.]+) ([\\d.]+)h([\\d.]+)v([\\d.]+)/g)].map((box) => box.slice(1).map(Number));
  return boxes.map(([x, y, width, height]) => ({ x, y, width, height }));
}"""


def view(*runs: Timeline, **more: Any) -> dict[str, Any]:
    frame = {"kind": "timeline", "id": "the-run", "title": "Timeline · a run", "state": "observed"}
    shown = [run.view() for run in runs or (RUN,)]
    return {**frame, "html": "<p>Who waits?</p>", "timeline": shown, **more}


def said(page: Any) -> list[str]:
    return page.locator(".tl-say").all_inner_texts()


def now(page: Any) -> float:
    return float(page.locator("[data-now]").get_attribute("data-now"))


def test_it_stands_complete_until_somebody_steps_it(page: Any) -> None:
    open_panel(page, view())
    assert now(page) == 0.3 and page.locator(".tl-veil").first.get_attribute("width") == "0.0"
    assert page.locator(".tl-now").first.is_hidden()
    assert said(page) == ["Step 7 of 7, 0.280 s: 1 token of an answer, 20 ms; 0 wait; KV 50 % full; request 0 is done."]
    assert page.get_by_role("button", name="Step forward").get_attribute("aria-disabled") == "true"
    assert page.get_by_role("button", name="Play").count() == 0, "with reduced motion the last frame stands still"
    assert page.get_by_role("img", name="Three of 5 requests in 7 steps.").count() == 1
    assert sent(page) == []


def test_the_keyboard_alone_steps_and_hears_each_step(page: Any) -> None:
    open_panel(page, view())
    back = page.get_by_role("button", name="Step back")
    told = [
        "Step 6 of 7, 0.220 s: 3 tokens of answers, 20 ms; 0 wait; KV 92 % full; request 2 comes in; request 2 is done.",
        "Step 5 of 7, 0.170 s: 603 tokens of request 0's prompt again and 1 token of an answer, 50 ms; 0 wait; KV 90 % full; request 0 comes in.",
        "Step 4 of 7, 0.150 s: 2 tokens of answers, 20 ms; 1 waits; KV 50 % full; request 0 is preempted; request 1 is done.",
        "Step 3 of 7, 0.100 s: 400 tokens of request 1's prompt and 3 tokens of answers, 50 ms; 0 wait; KV 95 % full.",
        "Step 2 of 7, 0.050 s: 800 tokens of request 1's prompt and 1 token of an answer, 50 ms; 0 wait; KV 60 % full; request 1 comes in.",
        "Step 1 of 7, 0.000 s: 600 tokens of request 0's prompt and 1 token of an answer, 50 ms; 1 waits; KV 40 % full.",
    ]  # fmt: skip
    for words in told:
        back.press("Enter")
        assert said(page) == [words]
    page.wait_for_function(
        "(words) => document.querySelector('.tl > output').textContent === words", arg=f"Plain <b>: {told[-1]}"
    )
    assert back.get_attribute("aria-disabled") == "true" and now(page) == 0
    back.press("Enter")
    assert now(page) == 0, "before the first step there is none"
    page.get_by_role("button", name="Step forward").press("Space")
    assert said(page) == [told[-2]] and page.evaluate("document.activeElement.textContent") == "Step forward"


def test_the_slider_goes_by_steps_and_by_pages(page: Any) -> None:
    open_panel(page, view())
    slider = page.get_by_role("slider", name="Simulated time")
    assert slider.get_attribute("aria-valuetext") == "0.300 s, step 7 of 7"
    for key, at in (("ArrowLeft", 0.22), ("ArrowDown", 0.17), ("ArrowRight", 0.22), ("ArrowUp", 0.28), ("Home", 0.0), ("PageUp", 0.015), ("PageDown", 0.0), ("End", 0.3)):  # fmt: skip
        slider.press(key)
        assert now(page) == at, key
    page.evaluate(SCRUB, 0.12)
    assert said(page)[0].startswith("Step 3 of 7, 0.100 s: ")
    assert slider.get_attribute("aria-valuetext") == "0.120 s, step 3 of 7"
    page.evaluate(SCRUB, 0.26)
    assert said(page) == ["0.260 s: no step runs; the next begins at 0.280 s."]


def test_what_comes_after_the_step_is_veiled_and_the_step_is_marked(page: Any) -> None:
    open_panel(page, view())
    page.evaluate(SCRUB, 0.12)
    width = page.locator(".tl-lanes").evaluate("(node) => node.clientWidth")
    axis = page.locator(".tl-strips .gp-axis").last
    for part in ("lanes", "strips"):
        veil, band = (page.locator(f".tl-{part} {name}") for name in (".tl-veil", ".tl-now"))
        edge = float(veil.get_attribute("x"))
        assert edge + float(veil.get_attribute("width")) == pytest.approx(width, abs=1)
        assert float(band.get_attribute("x")) + float(band.get_attribute("width")) == pytest.approx(edge, abs=0.2)
    gutter = float(page.locator(".tl-strips .gp-grid").first.get_attribute("x1"))
    assert edge == pytest.approx(gutter + (width - gutter) * 0.15 / 0.3, abs=2) and axis.count() == 1
    busy = page.locator(".tl-name.tl-busy").all_text_contents()
    assert [name[0] for name in busy] == ["0", "1"], "who has tokens in the step stands out"


def test_every_mark_of_a_lane_is_drawn(page: Any) -> None:
    open_panel(page, view())
    lanes = page.locator(".tl-lanes svg")
    assert lanes.locator(".tl-name").all_text_contents() == ["0600→8", "11,500→6", "220→2"]
    assert lanes.locator(".tl-count").all_text_contents() == ["600", "603", "800", "400"]
    assert [lanes.locator(f".tl-{kind}").count() for kind in ("wait", "read", "again", "held", "found", "lost", "done")] == [3, 3, 1, 1, 1, 1, 3]  # fmt: skip
    tokens = [len(path.evaluate(BOXES)) for path in lanes.locator("path.tl-written").all()]
    assert tokens == [6, 4, 2], "a mark for each token, two in a step of two"
    legend = page.locator(".tl-legend").inner_text()
    for words in (
        "waits for a seat",
        "read again",
        "keeps its seat",
        "preempted",
        "found in the cache",
        "kept for a prefix",
    ):
        assert words in legend
    open_panel(page, view(other()))
    assert "preempted" not in page.locator(".tl-legend").inner_text(), "the legend tells what is there"


def test_two_tokens_of_a_step_stand_on_each_other_and_the_last_of_a_prompt_at_its_end(page: Any) -> None:
    open_panel(page, view())
    first, second, *_ = page.locator(".tl-lanes svg path.tl-written").all()
    ends, one, *_ = first.evaluate(BOXES)
    assert ends["width"] == 3 and one["width"] > 60, "the token that ends a prompt is no whole step"
    low, high = second.evaluate(BOXES)[:2]
    assert low["x"] == high["x"] and high["y"] < low["y"] - 3 and low["height"] == pytest.approx(high["height"])


def test_strips_of_the_same_time(page: Any) -> None:
    open_panel(page, view())
    strips = page.locator(".tl-strips svg")
    reads, writes = (strips.locator(f"path.tl-{kind}").evaluate(BOXES) for kind in ("read", "written"))
    assert len(reads) == 4 and len(writes) == 7
    assert reads[1]["height"] == pytest.approx(2 * reads[2]["height"], rel=0.02), "800 tokens are twice 400"
    used, kept = (strips.locator(f"path.tl-{kind}").evaluate(BOXES) for kind in ("kv", "kept"))
    assert used[0]["height"] == pytest.approx(0.4 * 40) and len(used) == 7 and len(kept) == 4
    assert kept[-1]["y"] + kept[-1]["height"] == pytest.approx(used[-1]["y"], abs=0.1), "kept ones lie on those in use"
    assert strips.locator(".tl-line").count() == 2 and strips.locator(".tl-limit").count() == 3
    assert strips.locator(".tl-strip-name").all_text_contents() == ["steps", "KV", "queue"]


def test_a_colour_has_a_pattern_or_a_shape_beside_it(page: Any) -> None:
    open_panel(page, view())
    fills = page.evaluate(
        "['.tl-read', '.tl-again', '.tl-held', '.tl-found', '.tl-kv', '.tl-kept', '.tl-written'].map((one) => getComputedStyle(document.querySelector(`.tl-plot ${one}`)).fill)"
    )
    urls = [fill for fill in fills if fill.startswith("url(")]
    assert len(urls) == 6 and len(set(urls)) == 5 and len(set(fills)) == 6, "found ones look as pages in use"
    dashes = page.evaluate("['running', 'waiting'].map((one) => getComputedStyle(document.querySelector(`.tl-line-${one}`)).strokeDasharray)")  # fmt: skip
    assert dashes[0] == "none" and dashes[1] != "none"


def test_several_runs_have_one_clock(page: Any) -> None:
    open_panel(page, view(RUN, other()))
    assert page.locator(".tl-run").count() == 2 and page.get_by_role("slider").count() == 1
    assert said(page)[1] == "0.300 s: no step runs; the run is over."
    slider = page.get_by_role("slider")
    slider.press("Home")
    for at in (0.03, 0.05, 0.08, 0.10, 0.15):  # wherever one of them begins a step
        slider.press("ArrowRight")
        assert now(page) == at
    assert said(page)[0].startswith("Step 4 of 7") and said(page)[1] == "0.150 s: no step runs; the run is over."
    ends = [page.locator(f".tl-run >> nth={run} >> .tl-strips .gp-tick").last.text_content() for run in (0, 1)]
    assert ends[0] == ends[1]
    marks = [page.locator(f".tl-run >> nth={run} >> .tl-lanes path.tl-written").first.evaluate(BOXES)[1]["height"] for run in (0, 1)]  # fmt: skip
    assert marks[0] == pytest.approx(marks[1], rel=0.35), "a token is as high in one as in the other"


def test_without_their_strips_more_runs_fit_on_a_screen(page: Any) -> None:
    open_panel(page, view(RUN, other()))
    height = lambda: page.locator(".tl-strips").first.bounding_box()["height"]  # noqa: E731
    tall = height()
    page.get_by_label("steps, KV, queue").press("Space")
    assert height() < 40 < 100 < tall and page.locator(".tl-strips .tl-kv").count() == 0
    assert page.locator(".tl-strips .gp-tick").count() > 4, "the clock stays"
    page.get_by_label("steps, KV, queue").press("Space")
    assert height() == tall


def test_a_closer_view_follows_the_clock(page: Any) -> None:
    open_panel(page, view(long()))
    into, out = (page.get_by_role("button", name=name) for name in ("Zoom in", "Zoom out"))
    assert page.locator(".tl-shows").inner_text() == "shows all" and out.get_attribute("aria-disabled") == "true"
    widest = lambda: max(box["width"] for box in page.locator(".tl-lanes path.tl-written").first.evaluate(BOXES))  # noqa: E731
    assert widest() > 300, "alike steps are one bar where a step has no room"
    page.evaluate(SCRUB, 3.0)
    into.press("Enter")
    into.press("Enter")
    assert page.locator(".tl-shows").inner_text() == "shows 375 ms" and 10 < widest() < 30
    assert into.get_attribute("aria-disabled") == "true"
    ticks = lambda: page.locator(".tl-strips .gp-tick").all_text_contents()[-3:]  # noqa: E731
    before = ticks()
    page.evaluate(SCRUB, 3.05)
    assert ticks() == before, "it holds still as long as the clock is in sight"
    page.evaluate(SCRUB, 5.0)
    assert ticks() != before and "5.20 s" in ticks()
    band = page.locator(".tl-strips .tl-now")
    assert band.is_visible() and float(band.get_attribute("width")) > 10
    out.press("Enter")
    out.press("Enter")
    assert page.locator(".tl-shows").inner_text() == "shows all"


def test_many_lanes_scroll_in_their_own_place_and_keep_who_works_in_sight(page: Any) -> None:
    run = long()
    steps = 40
    lanes = [replace(lane, written=[replace(lane.written[0], step=n, tokens=[1])], waits=[], chunks=[]) for n, lane in enumerate(run.lanes)]  # fmt: skip
    open_panel(page, view(replace(run, lanes=lanes, steps=run.steps[:steps])))
    box = page.get_by_role("group", name="Lanes of the requests")
    assert box.evaluate("(node) => [node.clientHeight < 260, node.scrollHeight]") == [True, 600]
    slider = page.get_by_role("slider")
    slider.press("Home")
    assert box.evaluate("(node) => node.scrollTop") == 0
    page.evaluate(SCRUB, 0.355)
    assert box.evaluate("(node) => node.scrollTop") > 200
    box.focus()
    page.keyboard.press("Home")
    page.wait_for_function("() => document.querySelector('.tl-lanes').scrollTop === 0")


def test_the_pointer_takes_the_clock_along(page: Any) -> None:
    open_panel(page, view())
    box = page.locator(".tl-strips").bounding_box()
    gutter = float(page.locator(".tl-strips .gp-grid").first.get_attribute("x1"))
    place = lambda share: box["x"] + gutter + share * (box["width"] - gutter)  # noqa: E731
    page.mouse.move(place(0.2), box["y"] + 30)
    assert now(page) == 0.3
    page.mouse.down()
    assert now(page) == pytest.approx(0.06, abs=0.001)
    page.mouse.move(place(0.4), box["y"] + 30)
    page.mouse.up()
    assert now(page) == pytest.approx(0.12, abs=0.001)
    page.mouse.move(place(0.9), box["y"] + 30)
    assert now(page) == pytest.approx(0.12, abs=0.001)


def test_the_table_holds_every_request(page: Any) -> None:
    open_panel(page, view(RUN, other()))
    page.get_by_text("The requests as a table").press("Enter")
    rows = [" ".join(row.split()) for row in page.locator(".tl-numbers tr").all_inner_texts()]
    assert (
        rows[0]
        == "request prompt of it cached answer came server's own waited for a seat first token after done at preempted waited again read again"
    )
    assert rows[1:4] == [
        "0 600 0 8 0 s 0 s 0 s 50 ms 300 ms 1 20 ms 603",
        "1 1,500 300 6 10 ms 0 s 40 ms 140 ms 170 ms 0 0 s 0",
        "2 20 0 2 200 ms 0 s 20 ms 40 ms 240 ms 0 0 s 0",
    ]
    assert page.locator(".tl-numbers caption").all_inner_texts() == ["Plain <b>", "Other"] and len(rows) == 6
    told = [" ".join(row.split()) for row in page.locator(".tl-waits tr").all_inner_texts()][:5]
    assert told == [
        "wait for p50 p90 p99", "a seat 0 s 40 ms 40 ms", "the first token 50 ms 140 ms 140 ms",
        "the next output 20 ms 70 ms 100 ms", "answers 46.7 tok/s",
    ]  # fmt: skip
    assert page.locator(".tl-run h4").first.inner_text().split("\n")[0].startswith("Plain <b>")
    assert page.locator(".tl-below > p").all_inner_texts() == ["Made up."]
    assert "3 of 5 requests" in page.locator(".tl-run h4").first.inner_text()


def test_a_view_that_is_the_same_keeps_the_clock(page: Any) -> None:
    open_panel(page, view())
    page.evaluate(SCRUB, 0.12)
    update(page)
    assert now(page) == 0.12
    page.set_viewport_size({"width": 360, "height": 720})
    next_frame(page)
    assert now(page) == 0.12 and said(page)[0].startswith("Step 3")
    page.set_viewport_size({"width": 1280, "height": 720})


def test_a_run_that_cannot_be_computed_leaves_its_words_and_a_line(page: Any) -> None:
    open_panel(page, view(timeline=[], problem="the_run: no such request"))
    assert page.get_by_text("Who waits?").is_visible() and page.get_by_role("alert").first.inner_text() == "the_run: no such request"  # fmt: skip
    assert page.locator(".tl-controls").count() == 0


# --- motion ---------------------------------------------------------------------------------------------------------


def test_it_waits_for_play_and_ends_complete(moving: Any) -> None:
    open_panel(moving, view(long(12, 300)))
    moving.clock.pause_at(moving.evaluate("Date.now()") + 1000)
    assert now(moving) == 3.0
    speed = moving.get_by_label("Speed")
    assert speed.locator("option:checked").inner_text() == "5 times slower"
    speed.select_option(label="as it ran")
    moving.get_by_role("button", name="Play").press("Enter")
    moving.clock.run_for(1000)
    assert 0.7 < now(moving) < 1.1 and moving.locator("[data-playing]").get_attribute("data-playing") == "true"
    assert moving.locator(".tl > output").inner_text() == "", "nobody is told of each step that plays"
    moving.get_by_role("button", name="Pause").press("Enter")
    held = now(moving)
    moving.clock.run_for(1000)
    assert now(moving) == held
    moving.get_by_role("button", name="Play").press("Enter")
    moving.clock.run_for(300)
    moving.get_by_role("button", name="Step forward").press("Enter")
    moving.clock.run_for(500)
    assert held < now(moving) < held + 0.5, "a step brings it to rest"
    moving.get_by_role("button", name="Play").press("Enter")
    moving.clock.run_for(4000)
    assert now(moving) == 3.0 and moving.locator("[data-playing]").get_attribute("data-playing") == "false"
    assert moving.locator(".tl-veil").first.get_attribute("width") == "0.0"


# --- everybody ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("runs", [(RUN,), (RUN, other(), long(30, 400)), (long(),)], ids=["one", "three", "long"])
def test_readable_in_both_themes_and_narrow(page: Any, theme: str, width: int, runs: tuple[Timeline, ...]) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 720})
    open_panel(page, view(*runs), theme)
    into = page.get_by_role("button", name="Zoom in")
    assert into.count() == (len(runs[-1].steps) > 100), "seven steps are seen as they are"
    if into.count():
        into.click()
    page.evaluate(SCRUB, 0.2)
    page.get_by_text("The requests as a table").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    words = page.locator(".tl-plot text").evaluate_all(TEXTS)
    assert all(left >= -1 and right <= whole + 1 for left, right, whole, _ in words), words
    report = Axe().run(page)
    page.set_viewport_size({"width": 1280, "height": 720})
    assert report.violations_count == 0, report.generate_report()
