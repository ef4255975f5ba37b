"""The explorer on a page, with a kernel that answers when the test says so."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from lessonlib.draw.explored import Axis, Bar, Explored, Gate, Line, Part, Point, Value
from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.explorer import Explore
from tests.show.panel.harness import focused, next_frame, open_panel, sent, update

LESSON = Lesson("01-prefill-vs-decode", load_lab(), blocks=BLOCKS)
DRAG = """(values) => {
  const slider = document.querySelector('[id$="-exp-size"]');
  for (const value of values) {
    slider.value = value;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
}"""
KNOBS = [
    {"name": "size", "label": "Size", "unit": "GB", "from": 1, "to": 8, "steps": 8, "start": 2},
    {"name": "kind", "label": "Kind", "choices": ["fast", "slow"]},
]
GUESS = {"ask": "How long at 4 GB?", "options": ["4 s", "8 s"], "right": "8 s", "after": "Two seconds a GB."}


def shown(lab: Any, *, size: float, kind: str) -> Explored:
    """A made-up answer that has something for every drawing."""
    if size == 7:
        raise ValueError("seven is too many")
    speed = 2.0 if kind == "slow" else 1.0
    return Explored(
        finding=f"{size:g} GB take {speed * size:g} s when {kind}.",
        values=[Value("time", "Time", f"{speed * size:g} s", "measured"), Value("size", "Size", f"{size:g} GB")],
        x=Axis("size", "B", log=True),
        y=Axis("time", "s"),
        lines=[
            Line(
                "expected",
                [1e9, 4e9, 8e9],
                [speed, 4 * speed, 8 * speed],
                "main",
                [0.5, 3, 6],
                [2 * speed, 9 * speed, 20 * speed],
            ),
            Line("ceiling", [1e9, 8e9], [0.5, None], "memory"),
        ],
        points=[Point("here", size * 1e9, speed * size, "compute")],
        bars=[Bar("held", [Part("weights", size * 1e9, "weights"), Part("cache", 1e9, "kv")], "fits", 6e9, "room")],
        unit="B",
        gate=Gate(size * 1e9, [5e8] * 4, 1e12, size / 1e3 + 0.002, 0.001, 200.0, 8, "Chip X"),
    )


def explorer(drawing="lines", **change: Any) -> Explore:
    code = SimpleNamespace(functions={}, function=lambda name: shown)
    words = SimpleNamespace(html=LESSON.words.html, inline=LESSON.words.inline, code=code, lab=LESSON.lab)
    raw = {
        "id": "knobs",
        "title": "Explorer",
        "text": "**Try** it.",
        "compute": "shown",
        "drawing": drawing,
        "knobs": KNOBS,
    }
    return Explore({**raw, **change}, SimpleNamespace(name="made-up", lab=LESSON.lab, code=code, words=words))


def view_of(block: Explore) -> dict[str, Any]:
    return {"kind": "explorer", "id": "knobs", "title": "Turn the knobs", "state": "observed", **block.draw()}


def opened(page, drawing="lines", theme="light", **change: Any) -> Explore:
    block = explorer(drawing, **change)
    open_panel(page, view_of(block), theme)
    return block


def answer(page, block: Explore, number: int) -> None:
    """Do as the kernel does with the message of this number."""
    block.handle(sent(page)[number])
    update(page, **block.draw())
    next_frame(page)


def said(page) -> str:
    return page.locator(".exp-finding").inner_text()


def test_the_keyboard_alone_turns_a_knob_and_hears_what_it_did(page):
    block = opened(page)
    assert said(page) == "2 GB take 2 s when fast."
    slider = page.get_by_role("slider", name="Size")
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext") == "3 GB"
    assert sent(page) == [{"event": "explore", "picks": {"size": 2, "kind": 0}}]
    answer(page, block, 0)
    assert said(page) == "3 GB take 3 s when fast." and "3 s" in page.locator(".exp-tiles").inner_text()
    page.wait_for_function("() => document.querySelector('.exp > output').textContent.startsWith('3 GB')")
    assert page.evaluate("document.activeElement.type") == "range", "the hand keeps its hold"
    page.get_by_role("combobox", name="Kind").press("ArrowDown")
    answer(page, block, 1)
    assert said(page) == "3 GB take 6 s when slow."
    page.get_by_role("button", name="Back to the start").press("Enter")
    answer(page, block, 2)
    assert said(page) == "2 GB take 2 s when fast." and slider.input_value() == "1"


def test_while_the_kernel_is_at_one_setting_only_the_newest_waits(page):
    block = opened(page)
    page.evaluate(DRAG, [2, 3, 4, 5, 7, 3])
    assert [message["picks"]["size"] for message in sent(page)] == [2]
    answer(page, block, 0)
    assert page.get_by_role("slider", name="Size").input_value() == "3", "a late answer moves no knob back"
    assert [message["picks"]["size"] for message in sent(page)] == [2, 3]
    answer(page, block, 1)
    assert len(sent(page)) == 2 and said(page) == "4 GB take 4 s when fast."


def test_a_knob_that_moves_while_another_event_waits_is_not_moved_back(page):
    block = opened(page)
    page.evaluate(DRAG, [2])
    page.evaluate(DRAG, [4])
    update(page)  # the answer to something else: the same view
    next_frame(page)
    assert page.get_by_role("slider", name="Size").input_value() == "4"
    assert [message["picks"]["size"] for message in sent(page)] == [2, 4]
    answer(page, block, 1)
    assert said(page) == "5 GB take 5 s when fast."


def test_an_error_is_one_line_and_asks_for_nothing_more(page):
    block = opened(page)
    page.evaluate(DRAG, [6])
    answer(page, block, 0)
    told = page.get_by_role("alert").filter(has_text="seven")
    assert told.inner_text() == "This cannot be computed at Size 7 GB, Kind fast: ValueError: seven is too many"
    assert page.locator(".exp-figure").is_hidden() and page.locator(".exp-tiles").is_hidden()
    page.evaluate(DRAG, [5])
    answer(page, block, 1)
    assert told.is_hidden() and said(page) == "6 GB take 6 s when fast."
    page.evaluate(DRAG, [4])
    update(page, problem="No knob stands there.")
    next_frame(page)
    assert len(sent(page)) == 3


def test_two_views_of_one_explorer_stand_alike(page):
    block = opened(page)
    block.handle({"event": "explore", "picks": {"size": 4, "kind": 1}})
    update(page, **block.draw())
    assert page.get_by_role("slider", name="Size").input_value() == "4"
    assert page.get_by_role("combobox", name="Kind").input_value() == "1" and sent(page) == []


def test_the_guess_comes_first_by_keyboard_and_its_answer_after_the_first_move(page):
    block = opened(page, guess=GUESS)
    assert page.get_by_role("slider", name="Size").is_disabled()
    assert "Two seconds" not in page.content()
    page.get_by_role("button", name="4 s").press("Enter")
    assert sent(page) == [{"event": "pick", "choice": "0"}]
    answer(page, block, 0)
    assert focused(page) == "Now move a knob, and see." and page.get_by_role("slider", name="Size").is_enabled()
    page.get_by_role("slider", name="Size").press("ArrowRight")
    answer(page, block, 1)
    words = page.locator(".exp-guess").inner_text()
    assert "4 s your guess" in " ".join(words.split()) and "8 s right" in " ".join(words.split())
    assert "Two seconds a GB." in words


@pytest.mark.parametrize(
    ("drawing", "rows"),
    [
        ("lines", ["1 GB 1 s 500 ms 2 s", "here 2 GB 2 s"]),
        ("bars", ["held: weights 2 GB 67 %", "held: room 6 GB"]),
        ("gate", ["weights 2 GB 2 ms", "caches of 4 2 GB 2 ms", "whole step 4 GB 4 ms"]),
    ],
)
def test_the_table_holds_what_is_drawn(page, drawing, rows):
    opened(page, drawing)
    page.get_by_text("The numbers that are drawn").press("Enter")
    found = [" ".join(row.split()) for row in page.locator(".exp-numbers tr").all_inner_texts()]
    for row in rows:
        assert any(row in each for each in found), found


def test_what_is_drawn_says_its_finding_and_is_told_from_the_start_by_a_line(page):
    block = opened(page)
    assert page.locator(".exp-plot").get_attribute("aria-label") == said(page)
    assert page.locator(".exp-look-ghost").count() == 0
    page.get_by_role("combobox", name="Kind").press("ArrowDown")
    answer(page, block, 0)
    assert "as it started" in page.locator(".exp-legend").inner_text()
    assert page.locator("path.exp-line.exp-look-ghost").count() == 2


def test_an_axis_that_follows_the_data_never_shrinks(page):
    block = opened(page)
    tops = []
    for number, key in enumerate(("ArrowDown", "ArrowUp")):
        page.get_by_role("combobox", name="Kind").press(key)
        answer(page, block, number)
        tops.append([tick for tick in page.locator(".exp-plot .gp-tick").all_text_contents() if tick.endswith(" s")])
    assert said(page) == "2 GB take 2 s when fast." and tops[0] == tops[1] and "40 s" in tops[0]


def test_a_dot_beyond_a_named_end_is_seen(page):
    block = explorer()
    block._kept[(1, 0)] = replace(
        shown(None, size=2, kind="fast"), y=Axis("time", "s", low=0, high=1), points=[Point("far", 2e9, 40.0)]
    )
    open_panel(page, view_of(block))
    inside = page.evaluate(
        "() => { const [dot, line] = ['.exp-dot', '.gp-axis'].map((one) => document.querySelector(`.exp-plot ${one}`).getBoundingClientRect());"
        " const whole = document.querySelector('.exp-plot').getBoundingClientRect(); return whole.top + 20 < dot.bottom && dot.bottom < line.top; }"
    )
    assert inside
    assert "40 s" in page.locator(".exp-plot .gp-tick").all_text_contents()


def test_marks_differ_by_shape_and_pattern_not_by_colour_alone(page):
    opened(page, ["lines", "bars"])
    dashes = page.evaluate(
        "[...document.querySelectorAll('.exp-plot path.exp-line')].map((line) => getComputedStyle(line).strokeDasharray)"
    )
    assert len(set(dashes)) == len(dashes) == 2
    fills = page.evaluate(
        "[...document.querySelectorAll('.exp-piece')].map((piece) => getComputedStyle(piece).backgroundImage)"
    )
    assert len(set(fills)) == 2


def test_a_roof_is_the_first_line_and_a_dot_below_it_is_tied_to_it(page):
    open_panel(page, view_of(explorer("roof")))
    assert page.locator(".exp-under").count() == 1 and page.locator(".exp-drop").count() == 0
    block = explorer("roof")
    low = replace(shown(None, size=2, kind="fast"), points=[Point("here", 4e9, 0.5)])
    block._kept[(1, 0)] = low
    open_panel(page, view_of(block))
    assert page.locator(".exp-drop").count() == 1


# --- the gate -------------------------------------------------------------------------------------------------------


def test_with_reduced_motion_the_scene_stands_complete_and_cannot_be_played(page):
    opened(page, "gate")
    assert page.get_by_role("button", name="Play").count() == 0
    words = page.locator(".exp-scene-words").inner_text()
    assert words == (
        "5 s of the scene = 25 ms of the chip: 6 steps, 24 tokens, 6 for each of 4 requests; 25 % of the next step. "
        "Shown 200 times slower than the chip."
    )
    assert page.locator(".exp-token").count() == 24
    picture = page.locator(".exp-plot").text_content()
    assert "weights 2 GB" in picture and "4 caches 2 GB" in picture and "25 % of the step" in picture


def hold(page) -> None:
    """From now on time passes only when the test says so."""
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)


def test_the_scene_waits_for_play_pauses_and_ends_by_itself_after_five_seconds(moving):
    opened(moving, "gate")
    hold(moving)
    scene = moving.locator("[data-playing]")
    at = lambda: moving.locator(".exp-train").last.locator("..").inner_html()  # noqa: E731 - where the train is
    still = at()
    moving.clock.run_for(1000)
    assert scene.get_attribute("data-playing") == "false" and at() == still
    moving.get_by_role("button", name="Play").click()
    moving.clock.run_for(500)
    assert scene.get_attribute("data-playing") == "true" and at() != still
    assert "% of the first step" in moving.locator(".exp-scene-words").inner_text()
    moving.get_by_role("button", name="Pause").click()
    held = at()
    moving.clock.run_for(2000)
    assert at() == held and moving.get_by_role("button", name="Go on").count() == 1
    moving.get_by_role("button", name="Go on").click()
    moving.clock.run_for(5000)
    assert scene.get_attribute("data-playing") == "false" and at() == still
    assert moving.get_by_role("button", name="Play").count() == 1


def test_a_move_of_a_knob_brings_the_scene_to_rest(moving):
    block = opened(moving, "gate")
    hold(moving)
    moving.get_by_role("button", name="Play").click()
    moving.clock.run_for(300)
    moving.get_by_role("slider", name="Size").press("ArrowRight")
    block.handle(sent(moving)[0])
    update(moving, **block.draw())
    moving.clock.run_for(100)
    assert moving.locator("[data-playing]").get_attribute("data-playing") == "false"
    assert (
        "At the start the bytes of a step took 4 ms (dotted line)." in moving.locator(".exp-scene-words").inner_text()
    )


# --- what stands where ----------------------------------------------------------------------------------------------

# Of each name beside a dot: which other names and dots it covers, and how many points of the lines lie in it.
HIDDEN = """() => {
  const within = (box, x, y) => x > box.left && x < box.right && y > box.top && y < box.bottom;
  const names = [...document.querySelectorAll('.exp-plot .exp-label')].map((name) => [name.textContent, name.getBoundingClientRect()]);
  const dots = [...document.querySelectorAll('.exp-plot .exp-dot')].map((dot) => dot.getBoundingClientRect());
  const points = [...document.querySelectorAll('.exp-plot .exp-line')].flatMap((line) => {
    const [origin, length] = [line.ownerSVGElement.getBoundingClientRect(), line.getTotalLength()];
    return Array.from({ length: 400 }, (_, i) => line.getPointAtLength((length * i) / 399)).map(({ x, y }) => [origin.x + x, origin.y + y]);
  });
  return names.map(([words, box]) => [
    words,
    names.filter(([other, one]) => other !== words && box.left < one.right && one.left < box.right && box.top + 3 < one.bottom && one.top + 3 < box.bottom).length,
    dots.filter((dot) => within(box, (dot.left + dot.right) / 2, (dot.top + dot.bottom) / 2)).length,
    points.filter(([x, y]) => within(box, x, y)).length,
  ]);
}"""


def charted(lines: list[Line], points: list[Point], **more: Any) -> dict[str, Any]:
    """A view of an explorer that shows these."""
    explored = Explored(
        finding="So.",
        x=Axis("requests", "", log=True),
        y=Axis("speed", "tok/s", log=True),
        lines=lines,
        points=points,
        **more,
    )
    view = view_of(explorer())
    return {**view, "explorer": {**view["explorer"], "explored": explored.view()}}


@pytest.mark.parametrize("width", [1280, 360])
def test_a_name_beside_its_dot_hides_no_line_no_dot_and_no_other_name(page, width):
    page.set_viewport_size({"width": width, "height": 720})
    rising = Line("rising", [1, 10, 100, 1000], [1, 10, 100, 1000], "main")
    level = Line("level", [1, 1000], [30, 30], "memory")
    points = [
        Point("here", 1, 1),
        Point("feed-forward", 16, 16),
        Point("output head", 17, 17),
        Point("last", 1000, 1000, "compute"),
    ]
    open_panel(page, charted([rising, level], points))
    found = page.evaluate(HIDDEN)
    page.set_viewport_size({"width": 1280, "height": 720})
    assert [name[0] for name in found] == ["here", "feed-forward", "output head", "last"]
    assert [name for name in found if name[1] or name[2] or name[3] > 12] == [], (
        "12 of 400 points: where a line leaves its corner"
    )


def test_a_count_on_the_axis_keeps_its_digits_in_the_table(page):
    view = charted([Line("speed", [1024, 8192, 131072], [28629, 5, 2.5], "main")], [Point("here", 8192, 5)])
    open_panel(page, view)
    page.get_by_text("The numbers that are drawn").click()
    words = " ".join(page.locator(".exp-table").all_inner_texts()).split()
    assert {"1,024", "8,192", "131,072", "28,600"} <= set(words) and "8,190" not in words


def test_one_of_many_is_no_plural(page):
    line = Line("speed", [1, 10], [1, 10], "main")
    explored = Explored(finding="So.", x=Axis("batch", "requests"), y=Axis("speed", "tok/s"), lines=[line])
    view = view_of(explorer())
    open_panel(page, {**view, "explorer": {**view["explorer"], "explored": explored.view()}})
    page.get_by_text("The numbers that are drawn").click()
    assert page.locator(".exp-table tbody th").all_inner_texts() == ["1 request", "10 requests"]


def test_a_small_share_of_a_bar_is_not_nothing(page):
    parts = [Part("weights", 99_730, "weights"), Part("state", 270, "state"), Part("none", 0, "kv")]
    view = view_of(explorer("bars"))
    explored = Explored(finding="So.", bars=[Bar("held", parts)], unit="B")
    open_panel(page, {**view, "explorer": {**view["explorer"], "explored": explored.view()}})
    page.get_by_text("The numbers that are drawn").click()
    assert page.locator(".exp-table td:last-child").all_inner_texts() == ["100 %", "0.3 %", "0 %"]


def test_tiles_stand_in_rows_alike_and_say_number_and_unit_in_one_line(page):
    values = [
        Value(f"v{n}", "Attention over the caches" if n == 1 else "Step", text)
        for n, text in enumerate(("1.03 FLOP/byte", "2 × H100", "12 ms", "7 %", "1"))
    ]
    open_panel(page, charted([Line("a", [1, 10], [1, 10], "main")], [], values=values))
    numbers = page.locator(".exp-big")
    assert numbers.all_inner_texts() == ["1.03 FLOP/byte", "2 × H100", "12 ms", "7 %", "1"]
    boxes = [number.bounding_box() for number in numbers.all()]
    assert [round(box["y"]) == round(boxes[0]["y"]) for box in boxes] == [True, True, True, False, False], (
        "three, then two"
    )
    assert len({round(box["height"]) for box in boxes}) == 1


def test_no_list_of_the_explorer_has_bullets_where_the_page_gives_them(page):
    opened(page, guess=GUESS)
    page.add_style_tag(content=".host ul, .host ol { list-style: disc; padding-left: 2em; }")
    page.evaluate("document.body.className = 'host'")
    seen = "[...document.querySelectorAll('.exp li')].filter((li) => !li.closest('.gp-words')).map((li) => getComputedStyle(li).listStyleType + getComputedStyle(li.parentElement).paddingLeft)"
    assert set(page.evaluate(seen)) == {"none0px"}


# --- everybody ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360, 280])
@pytest.mark.parametrize("drawing", ["lines", "roof", "bars", "gate"])
def test_readable_in_both_themes_and_narrow(page, theme, width, drawing):
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 720})
    block = opened(page, drawing, theme)
    page.evaluate(DRAG, [5])
    answer(page, block, 0)
    page.get_by_text("The numbers that are drawn").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    words = page.locator(".exp-plot text").evaluate_all(
        "(texts) => texts.map((text) => [text.getBBox().x, text.getBBox().x + text.getBBox().width, text.ownerSVGElement.clientWidth])"
    )
    assert all(left >= -1 and right <= whole + 1 for left, right, whole in words), words
    report = Axe().run(page)
    page.set_viewport_size({"width": 1280, "height": 720})
    assert report.violations_count == 0, report.generate_report()
