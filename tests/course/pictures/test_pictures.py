from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html import unescape

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.given import percent
from lessonlib.draw.picture import figure_html
from tests.course.found import picture, picture_names, picture_needs
from tests.course.pictures.picture_numbers import NUMBERS, PERCENTS

SVG = "{http://www.w3.org/2000/svg}"
every_picture = pytest.mark.parametrize("name", picture_names())


def labels(svg: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]


def words(drawn: dict) -> str:
    """Everything of a picture that a person reads or hears."""
    return "\n".join([*labels(drawn["svg"]), drawn["alt"], *(step["caption"] for step in drawn["steps"])])


def style(svg: str) -> str:
    return ET.fromstring(svg).find(f"{SVG}style").text


@every_picture
def test_shape(name):
    drawn = picture(name, NUMBERS)
    assert set(drawn) == {"name", "svg", "duration_s", "steps", "alt"} and drawn["name"] == name
    times = [step["t"] for step in drawn["steps"]]
    assert times == sorted(set(times)) and times[0] > 0 and times[-1] == drawn["duration_s"] <= 5
    root = ET.fromstring(drawn["svg"])
    assert root.tag == f"{SVG}svg" and root.get("role") == "img" and root.get("aria-label") == drawn["alt"]


@every_picture
def test_every_digit_is_given(name):
    left = words(picture(name, NUMBERS))
    for known in sorted([*PERCENTS, *map(str, NUMBERS.values())], key=len, reverse=True):
        left = re.sub(rf"(?<![\d.,]){re.escape(known)}(?!\d)", "", left)
    assert not re.search(r"\d", left), left


@every_picture
def test_every_needed_number_changes_the_picture(name):
    before = picture(name, NUMBERS, prefix="p")
    for key in picture_needs(name):
        value = NUMBERS[key]
        other = value * 0.5 if isinstance(value, float) else 3 if isinstance(value, int) else f"4{value}"
        after = picture(name, {**NUMBERS, key: other}, prefix="p")
        assert after["svg"] != before["svg"], f"{key} is asked for and not shown"


@every_picture
def test_alt_states_the_numbers(name):
    alt = picture(name, NUMBERS)["alt"]
    for key in picture_needs(name):
        value = NUMBERS[key]
        if name == "opposite-limits":
            assert percent(float(value)) in alt
        elif not isinstance(value, float):
            assert str(value) in alt, key


@every_picture
def test_missing_key_names_picture_key_and_meaning(name):
    for key, meaning in picture_needs(name).items():
        with pytest.raises(LessonlibError) as caught:
            picture(name, {k: v for k, v in NUMBERS.items() if k != key})
        assert name in str(caught.value) and f"{key} = {meaning}" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "key", "value", "wanted"),
    [
        ("opposite-limits", "memory_share_decode", 1.2, "between 0 and 1"),
        ("opposite-limits", "memory_share_decode", "lots", "between 0 and 1"),
        ("memory-and-compute-time", "compute_share_decode", float("nan"), "between 0 and 1"),
        ("batched-decode", "batch", 0, "whole number"),
        ("batched-decode", "batch", 2.5, "whole number"),
        ("weights-per-token", "weights", " ", "'51.2 GB'"),
    ],
)
def test_senseless_number(name, key, value, wanted):
    with pytest.raises(LessonlibError, match=wanted) as caught:
        picture(name, {**NUMBERS, key: value})
    assert key in str(caught.value)


def test_unknown_name_and_bad_prefix():
    with pytest.raises(LessonlibError, match="did you mean batched-decode"):
        picture("batch-decode", NUMBERS)
    with pytest.raises(LessonlibError, match="letter"):
        picture("weights-per-token", NUMBERS, prefix="1 van")


@every_picture
def test_same_bytes_every_time_and_own_ids(name):
    one, again = picture(name, NUMBERS)["svg"], picture(name, dict(reversed(NUMBERS.items())))["svg"]
    assert one == again
    ids = [re.findall(r'\bid="([^"]+)"', picture(name, NUMBERS, prefix=prefix)["svg"]) for prefix in ("a", "b")]
    assert not set(ids[0]) & set(ids[1]) and len(set(ids[0])) == len(ids[0])
    frames = re.findall(r"@keyframes (\S+?)\{", picture(name, NUMBERS, prefix="a")["svg"])
    assert frames and all(frame.startswith("a-") for frame in frames)


@every_picture
def test_still_picture_needs_no_animation(name):
    """Marks are complete as they stand: hiding happens in keyframes alone, and those run only when the player says so."""
    drawn = picture(name, NUMBERS)
    css = style(drawn["svg"])
    still = re.sub(r"@keyframes \S+?\{(?:[^{}]*\{[^{}]*\})*\}", "", css)
    for hidden in ("opacity:0", "display:none", "visibility", "scaleX(0)", "scaleY(0)", "translate"):
        assert hidden not in still
    assert "opacity" not in re.sub(r"<style>.*?</style>", "", drawn["svg"], flags=re.DOTALL)
    for rule in re.findall(r"^.*animation:.*$", still, flags=re.MULTILINE):
        assert "[data-moving]" in rule
    assert "100%{" not in re.sub(r"100%\{(opacity:1|transform:none)\}", "", css)


@every_picture
def test_every_motion_lasts_as_long_as_the_picture(name):
    drawn = picture(name, NUMBERS)
    lengths = re.findall(r"\{animation:\S+ (\S+)s \S+ both paused\}", style(drawn["svg"]))
    assert lengths and {float(length) for length in lengths} == {drawn["duration_s"]}


@every_picture
def test_nothing_from_outside(name):
    svg = picture(name, NUMBERS)["svg"].replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|//|@import|@font-face|href|<script|<image|<foreignObject|\son\w+=", svg)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)", svg))


@every_picture
def test_type_is_large_enough(name):
    sizes = [float(size) for size in re.findall(r"font-size:([\d.]+)px", picture(name, NUMBERS)["svg"])]
    assert min(sizes) >= 15


def luminance(colour: str) -> float:
    """WCAG relative luminance of #rrggbb."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return sum(
        w * (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4)
        for w, c in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
    )


@pytest.mark.parametrize(("theme", "paper", "ink"), [(0, "#ffffff", "#222222"), (1, "#212121", "#e0e0e0")])
def test_contrast_in_both_themes(theme, paper, ink):
    """Labels and lines on paper, and ink labels on a soft fill, hold 4.5:1 in JupyterLab's light and dark theme."""
    rule = style(picture("weights-per-token", NUMBERS)["svg"]).splitlines()[theme]
    colours = dict(re.findall(r"--((?:memory|compute|cache)(?:-soft)?):(#[0-9a-f]{6})", rule))
    assert len(colours) == 6
    for name, colour in colours.items():
        other = ink if name.endswith("-soft") else paper
        low, high = sorted([luminance(colour), luminance(other)])
        assert (high + 0.05) / (low + 0.05) >= 4.5, name


def test_bars_are_as_high_as_the_shares():
    svg = picture("opposite-limits", {**NUMBERS, "memory_share_prefill": 0.5})["svg"]
    heights = [float(r.get("height")) for r in ET.fromstring(svg).iter(f"{SVG}rect") if "rises" in r.get("class", "")]
    assert heights[1] / heights[0] == pytest.approx(0.5, abs=0.01)
    assert heights[2] / heights[3] == pytest.approx(0.0067, abs=0.0005)


def test_bars_say_so_when_both_phases_have_one_limit():
    drawn = picture("opposite-limits", {**NUMBERS, "compute_share_prefill": 0.3, "memory_share_prefill": 1.0})
    assert "same limit" in drawn["steps"][-1]["caption"]
    assert labels(drawn["svg"]).count("limit") == 2


def test_areas_of_the_pipe_ends_are_in_the_ratio_of_the_times():
    svg = picture("memory-and-compute-time", {**NUMBERS, "compute_share_decode": 0.04})["svg"]
    ends = {
        e.get("class").split("-fill")[0]: e
        for e in ET.fromstring(svg).iter(f"{SVG}ellipse")
        if "-fill" in e.get("class", "")
    }
    area = {role: float(e.get("rx")) * float(e.get("ry")) for role, e in ends.items()}
    assert area["compute"] / area["memory"] == pytest.approx(0.04, rel=0.02)
    assert any("to scale" in label for label in labels(svg))


@pytest.mark.parametrize(("batch", "drawn"), [(1, 1), (8, 8), (9, 7), (300, 7)])
def test_every_guest_drawn_has_a_binder_on_the_trailer_and_one_at_the_table(batch, drawn):
    svg = picture("batched-decode", {**NUMBERS, "batch": batch})["svg"]
    binders = [r for r in ET.fromstring(svg).iter(f"{SVG}rect") if "cache-soft" in r.get("class", "")]
    assert len(binders) == 2 * drawn
    assert f"{batch} request" in "\n".join(labels(svg))


SHARES = [
    (0, "0 %"),
    (1, "100 %"),
    (0.0034, "0.34 %"),
    (0.02, "2 %"),
    (0.0999, "10 %"),
    (0.5, "50 %"),
    (0.0123, "1.2 %"),
]


@pytest.mark.parametrize(("share", "said"), SHARES)
def test_percent(share, said):
    assert percent(share) == said


@every_picture
def test_figure_for_a_page_without_scripts(name):
    drawn = picture(name, NUMBERS)
    html = figure_html(drawn)
    figure = ET.fromstring(html)
    assert figure.tag == "figure" and drawn["svg"] in html and "<script" not in html and "<button" not in html
    assert unescape(figure.find("figcaption").text) == drawn["steps"][-1]["caption"]


def test_text_from_outside_is_escaped():
    drawn = picture("weights-per-token", {**NUMBERS, "pantry": '<b>&"5 GB'})
    assert "<b>" not in drawn["svg"] and '<b>&"5 GB' in labels(drawn["svg"])
    ET.fromstring(figure_html(drawn))
