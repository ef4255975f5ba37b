"""Words, tables, figures and titles at any width: what must not part, what moves sideways, and what the page around must not change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.show.panel import views
from tests.show.panel.harness import next_frame, open_panel

WORDS = (
    "At 51.2 GB, <strong>86 %</strong> of 3.35 TB/s on 2 × H100 SXM: 6 FLOP/byte, 129.3 tok/s after 12.6 ms and −4 µs for 4,096 tokens; "
    "<code>12 GB</code> stay. 22 · Inside the GPU, GPT-3 175B, 8 × 70 µs."
)
PIECES = [
    "51.2 GB",
    "86 %",
    "3.35 TB/s",
    "2 × H100",
    "6 FLOP/byte",
    "129.3 tok/s",
    "12.6 ms",
    "−4 µs",
    "22 · Inside",
    "8 × 70",
    "70 µs",
]
PLOT = '<figure class="plot" style="max-width:36rem"><svg viewBox="0 0 388 280" style="display:block;width:100%;height:auto"></svg><figcaption>So.</figcaption></figure>'
WIDE = "<table><tr>" + "".join(f"<td>column{n} of a wide table</td>" for n in range(9)) + "</tr></table>"


@pytest.fixture
def narrow(page):
    """What JupyterLab leaves of a page of 360 pixels."""
    page.set_viewport_size({"width": 280, "height": 720})
    yield page
    page.set_viewport_size({"width": 1280, "height": 720})


def tell(page, html: str) -> None:
    open_panel(page, {**views.TELL, "html": html})
    next_frame(page)


def test_a_number_and_its_unit_stay_on_one_line(narrow) -> None:
    tell(narrow, f"<p>{WORDS}</p>")
    found = narrow.locator("gp-together")
    assert [text for text in found.all_inner_texts() if text not in PIECES] == []
    assert len(found.all()) >= len(PIECES) - 1, "of two that overlap, one"
    assert found.evaluate_all("all => all.filter((one) => one.getClientRects().length !== 1).length") == 0
    plain = narrow.evaluate("html => Object.assign(document.createElement('p'), {innerHTML: html}).textContent", WORDS)
    assert narrow.locator(".gp-words p").evaluate("p => p.textContent") == plain, "the text itself stays as it is"


def test_a_piece_looks_as_the_words_around_it(page) -> None:
    """In the way through the course the spans of a line are its minutes, and soft; the number of a lesson is none of them."""
    tell(
        page,
        '<div class="ll-map"><div class="ll-way"><ol><li><a href="#">9 · Batching</a> <span>26 min</span></li></ol></div></div>',
    )
    colours = page.locator(".ll-way a").evaluate(
        "a => [getComputedStyle(a).color, getComputedStyle(a.querySelector('gp-together')).color]"
    )
    assert colours[0] == colours[1]


def test_a_wide_table_moves_in_a_place_of_its_own_by_keyboard_too(narrow) -> None:
    tell(narrow, f"<p>Before.</p>{WIDE}<p>After.</p>")
    box = narrow.locator(".gp-pan")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth") and box.get_attribute("tabindex") == "0"
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 280
    narrow.set_viewport_size({"width": 2400, "height": 720})
    narrow.add_style_tag(content=".gp { max-width: none !important; }")
    next_frame(narrow)
    assert box.get_attribute("tabindex") is None, "nothing to move"


@pytest.mark.parametrize(("width", "drawn"), [(280, 384), (1280, 576)])
def test_a_figure_is_never_too_small_to_read(page, width: int, drawn: int) -> None:
    page.set_viewport_size({"width": width, "height": 720})
    tell(page, PLOT)
    size = page.locator("figure svg").bounding_box()["width"]
    page.set_viewport_size({"width": 1280, "height": 720})
    assert round(size) == drawn


def test_the_page_around_does_not_change_the_buttons_of_a_picture(page) -> None:
    svg = '<svg id="a-picture" viewBox="0 0 680 300"><text x="9" y="30">So</text></svg>'
    steps = [{"t": 1, "caption": "One."}, {"t": 2, "caption": "Two."}]
    picture: dict[str, Any] = {"svg": svg, "steps": steps, "duration_s": 2}
    open_panel(page, views.block("picture", "Picture", picture=picture))
    page.add_style_tag(content=".host button { border-radius: 0; min-height: 0; }")
    page.evaluate("document.body.className = 'host'")
    styles = page.get_by_role("button", name="Step forward").evaluate(
        "b => [getComputedStyle(b).borderRadius, getComputedStyle(b).minHeight]"
    )
    assert styles == ["6px", "36px"]


def test_code_breaks_between_words_where_the_page_breaks_them_anywhere(narrow) -> None:
    tell(narrow, '<pre><code>  "max_position_embeddings": 131072, "tie_word_embeddings": false</code></pre>')
    narrow.add_style_tag(content=".host pre { word-break: break-all; }")
    narrow.evaluate("document.body.className = 'host'")
    lines = narrow.locator("pre").evaluate(
        """(pre) => { const text = pre.firstChild.firstChild; let [last, out] = [-1, ''];
        for (let i = 0; i < text.length; i += 1) { const range = document.createRange(); range.setStart(text, i); range.setEnd(text, i + 1);
          const { top, width } = range.getBoundingClientRect(); if (width && last >= 0 && top > last + 4) out += '|'; if (width) last = top; out += text.data[i]; } return out; }"""
    )
    assert lines.split("|")[1:] and all(line.startswith(('"', "131072", "false")) for line in lines.split("|")[1:]), (
        lines
    )


LONG = {
    "y_label": "share of the GPU's time that is spent on reading prompts",
    "x_label": "requests that are written together, each of them alone",
}


@pytest.mark.parametrize("view", [views.CURVE, views.PLACE])
def test_the_title_of_an_axis_goes_on_in_another_line(narrow, view: dict[str, Any]) -> None:
    open_panel(narrow, {**view, "ask": {**view["ask"], **LONG}})
    places = "texts => texts.map((text) => [text.getBBox().x, text.getBBox().x + text.getBBox().width, text.ownerSVGElement.clientWidth, text.getBBox().y, text.ownerSVGElement.clientHeight])"
    found = narrow.locator(".gp-axis-title").evaluate_all(places)
    assert len(found) > 2 and all(
        left >= -1 and right <= width + 1 and 0 <= y < height - 8 for left, right, width, y, height in found
    )


def test_the_name_of_a_true_dot_goes_on_in_another_line(narrow) -> None:
    truth = {
        **views.PLACE_REVEALED["result"]["truth"],
        "label": "a full server with the largest batch, 16,384 tokens each",
    }
    open_panel(narrow, {**views.PLACE_REVEALED, "result": {**views.PLACE_REVEALED["result"], "truth": truth}})
    places = "texts => texts.map((text) => [text.getBBox().x, text.getBBox().x + text.getBBox().width, text.ownerSVGElement.clientWidth])"
    found = narrow.locator("text.gp-label-truth").evaluate_all(places)
    assert len(found) > 1 and all(left >= 0 and right <= width + 1 for left, right, width in found)


def test_the_columns_of_a_curve_keep_the_digits_of_a_count(page) -> None:
    ask = {**views.CURVE["ask"], "x": [1024, 2048, 8192, 131072], "x_label": "tokens"}
    open_panel(page, {**views.CURVE, "ask": ask})
    ticks = page.locator(".gp-tick.gp-middle").evaluate_all("all => all.map((tick) => tick.textContent)")
    assert ticks == ["1,024", "2,048", "8,192", "131,072"]


def test_the_title_of_an_axis_says_its_unit_once(page) -> None:
    ask = {**views.CURVE["ask"], "x_label": "requests in the batch", "x_unit": "requests"}
    open_panel(page, {**views.CURVE, "ask": ask})
    assert "requests in the batch" in page.locator(".gp-axis-title").evaluate_all(
        "all => all.map((title) => title.textContent)"
    )


def test_the_ticks_of_a_strip_in_minutes_are_round_minutes(page) -> None:
    """48 minutes are 2,880 s; on the axis stand 20, 50, 100."""
    result = {**views.NUMBER_REVEALED["result"], "truth": {"text": "48 minutes", "value": 2880.0}}
    guess = {**views.NUMBER_REVEALED["guess"], "value": 3000.0, "low": 2000.0, "high": 4000.0}
    result |= {"scale": [720.0, 11500.0], "ticks": [[60.0, "minutes"]]}
    open_panel(page, {**views.NUMBER_REVEALED, "guess": guess, "result": result})
    next_frame(page)
    ticks = page.locator(".gp-strip .gp-tick").evaluate_all("all => all.map((tick) => tick.textContent)")
    assert "50" in ticks and all(float(tick) in (10, 12, 20, 50, 100, 200) for tick in ticks), ticks
