"""The player in a browser: what Play, Pause and the steps do to the animations' time and to the caption."""

from __future__ import annotations

import json
from io import BytesIO

import pytest

from lessonlib.draw.picture import figure_html
from lessonlib.show.static_files import STATIC
from tests.course.found import picture, picture_names
from tests.course.pictures.picture_numbers import NUMBERS

PLAYER = STATIC / "js" / "picture.js"
SEEK = """t => { const svg = document.querySelector('svg'); svg.setAttribute('data-moving', '');
  for (const a of svg.getAnimations({subtree: true})) { a.pause(); a.currentTime = 1000 * t; } }"""
TIMES = (
    "() => [...new Set(document.querySelector('svg').getAnimations({subtree: true}).map(a => a.currentTime / 1000))]"
)


def open_player(browser, name="weights-per-token", copies=1, **context):
    page = browser.new_context(viewport={"width": 720, "height": 560}, **context).new_page()
    page.set_content("<body style='font-family:sans-serif'><main></main></body>")
    page.add_script_tag(content=f"const kinds = {{}};\n{PLAYER.read_text()}\nwindow.kinds = kinds;")
    view = {"kind": "picture", "state": "observed", "html": "<p>Below.</p>", "picture": picture(name, NUMBERS)}
    for _ in range(copies):
        page.evaluate(
            "view => { const root = document.createElement('div'); document.querySelector('main').append(root);"
            "kinds.picture.draw(root, view, () => {}); kinds.picture.draw(root, view, () => {}); }",
            json.loads(json.dumps(view)),
        )
    return page


def caption(page):
    return page.locator("figcaption").inner_text()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_starts_still_and_complete(browser):
    page = open_player(browser)
    steps = picture("weights-per-token", NUMBERS)["steps"]
    assert page.evaluate(TIMES) == []
    assert caption(page) == f"{len(steps)} of {len(steps)}: {steps[-1]['caption']}"
    assert page.locator("figcaption").get_attribute("aria-live") == "polite"
    assert page.get_by_role("img").get_attribute("aria-label") == picture("weights-per-token", NUMBERS)["alt"]
    assert page.locator("figure").count() == 1 and page.get_by_text("Below.").is_visible()


def test_play_runs_from_the_start_and_pause_holds(browser):
    page = open_player(browser)
    press(page, "Play")
    page.wait_for_function("() => document.querySelector('figure').dataset.time > 0.1")
    press(page, "Pause")
    held = page.evaluate(TIMES)
    assert len(held) == 1 and 0 < held[0] < 5
    page.wait_for_timeout(120)
    assert page.evaluate(TIMES) == held
    press(page, "Play")
    page.wait_for_function("t => document.querySelector('figure').dataset.time > t + 0.1", arg=held[0])


def test_play_ends_in_the_still_picture(browser):
    page = open_player(browser)
    press(page, "Play")
    page.evaluate(
        "() => document.querySelector('svg').getAnimations({subtree: true}).forEach(a => { a.currentTime = 4950; })"
    )
    page.get_by_role("button", name="Play", exact=True).wait_for()
    assert page.evaluate(TIMES) == [] and caption(page).startswith("5 of 5")


def test_steps_move_time_and_caption_with_the_keyboard(browser):
    page = open_player(browser, "batched-decode")
    steps = picture("batched-decode", NUMBERS)["steps"]
    page.get_by_role("button", name="Step forward").focus()
    for number, step in enumerate(steps[:-1], start=1):  # on from the last picture is the first step
        page.keyboard.press("Enter")
        assert page.evaluate(TIMES) == [step["t"]]
        assert caption(page) == f"{number} of {len(steps)}: {step['caption']}"
    press(page, "Step back")
    assert page.evaluate(TIMES) == [steps[-3]["t"]]
    press(page, "Step forward")
    press(page, "Step forward")
    assert page.evaluate(TIMES) == [] and caption(page).startswith(f"{len(steps)} of")


def test_reduced_motion_offers_steps_only(browser):
    page = open_player(browser, reduced_motion="reduce")
    assert page.get_by_role("button").all_inner_texts() == ["Step back", "Step forward"]
    press(page, "Step back")
    assert page.evaluate(TIMES) == [picture("weights-per-token", NUMBERS)["steps"][-2]["t"]]


def test_two_copies_do_not_share_ids_or_time(browser):
    page = open_player(browser, "memory-and-compute-time", copies=2)
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(ids) == len(set(ids)) > 2
    page.get_by_role("button", name="Step forward").first.click()
    moving = page.evaluate(
        "() => [...document.querySelectorAll('svg')].map(s => s.getAnimations({subtree: true}).length > 0)"
    )
    assert moving == [True, False]


def test_taken_out_of_the_page_it_comes_back_still(browser):
    page = open_player(browser)
    press(page, "Step forward")
    page.evaluate("() => { window.kept = document.querySelector('figure'); kept.remove(); }")
    page.wait_for_function("() => !kept.querySelector('svg').hasAttribute('data-moving')")
    page.evaluate("() => document.querySelector('main').append(kept)")
    assert caption(page).startswith("5 of 5")


def test_taken_out_before_its_first_frame_it_comes_back_still(browser):
    page = open_player(browser)
    page.evaluate(
        """() => {
            window.kept = document.querySelector('figure');
            [...kept.querySelectorAll('button')].find(button => button.textContent === 'Step forward').click();
            kept.remove();
        }"""
    )
    page.wait_for_function("() => !kept.querySelector('svg').hasAttribute('data-moving')")
    page.evaluate("() => document.querySelector('main').append(kept)")
    assert caption(page).startswith("5 of 5")


def difference(one: bytes, other: bytes) -> int:
    """Largest difference of grey (0 to 255) between two screenshots, over blocks of 4 x 4: edges may be smoothed otherwise."""
    from PIL import Image, ImageChops

    grey = [Image.open(BytesIO(shot)).convert("L").reduce(4) for shot in (one, other)]
    return ImageChops.difference(*grey).getextrema()[1]


@pytest.mark.parametrize("name", picture_names())
def test_last_frame_without_scripts_and_print_are_one_picture(browser, name):
    """The static figure, the end of the motion, and paper in the middle of the motion show the same."""
    page = browser.new_page(viewport={"width": 720, "height": 560})
    page.set_content(figure_html(picture(name, NUMBERS)))
    svg = page.locator("svg")
    still = svg.screenshot()
    page.evaluate(SEEK, 0.0)
    assert difference(svg.screenshot(), still) > 100
    page.evaluate(SEEK, picture(name, NUMBERS)["duration_s"])
    assert difference(svg.screenshot(), still) < 48
    page.evaluate(SEEK, 1.0)
    page.emulate_media(media="print")
    assert svg.screenshot() == still


@pytest.mark.parametrize("name", picture_names())
def test_no_step_stops_in_the_middle_of_a_fade(browser, name):
    page = browser.new_page()
    drawn = picture(name, NUMBERS)
    page.set_content(drawn["svg"])
    for step in drawn["steps"]:
        page.evaluate(SEEK, step["t"])
        faint = page.evaluate(
            "() => [...document.querySelectorAll('svg *')].map(e => +getComputedStyle(e).opacity).filter(o => o > 0.01 && o < 0.99)"
        )
        assert not faint, step


@pytest.mark.parametrize("name", picture_names())
@pytest.mark.parametrize("font", ["DejaVu Sans", "serif"])
def test_labels_stay_on_the_sheet_and_apart(browser, name, font):
    page = browser.new_page(viewport={"width": 720, "height": 560})
    page.set_content(f"<body style=\"margin:0;font-family:'{font}'\">{picture(name, NUMBERS)['svg']}</body>")
    boxes = page.evaluate(
        "() => [...document.querySelectorAll('text')].map(t => { const b = t.getBBox();"
        "return [t.textContent, b.x, b.y + 3, b.x + b.width, b.y + b.height - 3]; })"
    )
    for at, (words, left, top, right, bottom) in enumerate(boxes):
        assert left >= 4 and right <= 716 and top >= 0 and bottom <= 400, words
        for other, left2, top2, right2, bottom2 in boxes[at + 1 :]:
            assert right + 4 <= left2 or right2 + 4 <= left or bottom <= top2 or bottom2 <= top, (words, other)
