"""The still figures: true on every lab, safe to inline twice, the same on every run, and drawn in both themes."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity, rounded
from lessonlib.course.lesson_01.plots import two_roofs
from lessonlib.roofline import DEFAULT_LAB, Measured, System, decode, lab_names, load_gpu, load_lab, load_model, prefill
from tests.course.found import described, plot, plot_names

IDS = re.compile(r'\bid="([^"]+)"')
REFERENCES = re.compile(r'(?:url\(#|href="#)([^")]+)')
#: What may colour a figure: the Okabe-Ito colours of style.py; ink comes from the page.
COLOURS = {"#0072b2", "#d55e00", "#009e73", "#56b4e9"}


def with_system(lab, **change):
    return replace(lab, system=replace(lab.system, **change))


def odd_labs():
    """Labs where the findings differ: nothing fits, a report above its roof, experts, short requests."""
    default = load_lab()
    mixture = System(load_model("qwen3-30b-a3b"), load_gpu("h100-sxm"))
    return {
        "nothing-fits": with_system(default, gpu=load_gpu("rtx-4090")),
        "impossible": with_system(default, gpu=load_gpu("h100-pcie")),
        "mixture": replace(default, system=mixture, title="a mixture", measured={}),
        "short": replace(load_lab("llama-3.1-8b-a100-80gb"), prompt=128, context=128),
        "few-fit": with_system(load_lab("qwen3-32b-h200"), gpu=load_gpu("h100-sxm"), weights="bf16"),
    }


def all_labs():
    return {**{name: load_lab(name) for name in lab_names()}, **odd_labs()}


LABS = all_labs()
#: figures of runs: a lab whose memory does not hold them gets the default lab (see lessonlib.lesson.lesson)
OF_RUNS = {"ttft-spread", "waits-in-the-stall"}
every_figure = pytest.mark.parametrize(
    ("name", "lab"),
    [(name, lab) for name in plot_names() for lab in LABS if not (name in OF_RUNS and lab == "nothing-fits")],
)


@functools.cache
def drawn(name, lab):
    """The figure of a lab of LABS, drawn once."""
    return plot(name, LABS[lab])


@every_figure
def test_what_is_sealed_without_drawing_is_what_is_drawn(name, lab):
    shown = described(name, LABS[lab])
    figure = drawn(name, lab)
    assert (shown.sealed, shown.alt) == (figure.data, figure.alt)


@every_figure
def test_figure_is_whole_safe_to_inline_and_follows_the_theme(name, lab):
    figure = drawn(name, lab)
    root = ET.fromstring(figure.html)
    assert root.tag == "figure" and root.get("role") == "img" and root.get("aria-label") == figure.alt
    assert root.find("figcaption").text == figure.alt
    names = IDS.findall(figure.html)
    assert len(names) == len(set(names)) and all(one.startswith(f"plot-{name}-") for one in names)
    assert set(REFERENCES.findall(figure.html)) <= set(names)
    assert "<style" not in figure.html and "<?xml" not in figure.html and "<metadata" not in figure.html
    assert set(re.findall(r"#[0-9a-fA-F]{6}\b", figure.html)) <= COLOURS and "currentColor" in figure.html
    assert not re.search(r"fill: ?#(000|fff)|white|black", figure.html)


FAINT = re.compile(r'<use [^>]*style="(?:[^"]*[ ;])?(?:stroke-)?opacity: 0\.[0-7]')


@pytest.mark.parametrize("name", plot_names())
def test_no_mark_fades_into_the_page(name):
    """A mark whose inside is faint has an edge that is not: 3:1 on both pages."""
    assert not FAINT.findall(drawn(name, DEFAULT_LAB).html)


@every_figure
def test_no_line_runs_through_the_words_of_a_legend(name, lab):
    html = drawn(name, lab).html
    grounds = re.findall(r'<g id="[^"]*legend_\d+">\s*<g id="[^"]*patch_\d+">\s*<path [^>]*style="([^"]*)"', html)
    assert len(grounds) == html.count("-legend_") and all("fill: var(--gp-back" in ground for ground in grounds)


@pytest.mark.parametrize("name", plot_names())
def test_figure_is_the_same_on_every_run(name):
    """On one lab: what could differ (ids, dates, the order of a set) is matplotlib's and the style's, not the lab's."""
    assert plot(name, LABS[DEFAULT_LAB]) == drawn(name, DEFAULT_LAB)


def test_two_figures_share_no_id():
    htmls = {drawn(name, lab).html for name in plot_names() for lab in lab_names()}  # some are alike on every lab
    names = [one for html in htmls for one in set(IDS.findall(html))]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("lab", LABS)
def test_two_roofs_tells_the_engines_numbers(lab):
    lab = LABS[lab]
    figure = plot("two-roofs", lab)
    runs = {"prefill": prefill(lab.system, lab.prompt), "decode": decode(lab.system, 1, lab.context)}
    for phase, run in runs.items():
        entry = figure.data[phase]
        assert entry["ceiling_tokens_per_s"] == rounded(run.ceiling_tokens_per_s)
        assert f"{Quantity(run.ceiling_tokens_per_s, 'tok/s')}, {run.bound}-bound" in figure.alt
        assert bool(re.search(f"(Reported|Measured) for {phase}", figure.alt)) == (
            f"{phase}_tokens_per_s" in lab.measured
        )
        assert (entry["share"] is None) == (entry["reported_tokens_per_s"] is None)
    assert ("Nothing is reported" in figure.alt) == (not lab.measured)


def test_a_measurement_is_a_share_of_its_roof_and_a_report_of_unknown_clock_is_not():
    text, lab = plot("two-roofs", load_lab()).html, load_lab("llama-3.1-8b-a100-80gb")
    assert text.count(">what it counts is open<") == 2 and "of its roof" not in text
    assert re.search(r">\d\d(\.\d)? % of its roof<", plot("two-roofs", lab).html)
    assert "decode: 108 tok/s, above its roof; what it counts is open" in plot("two-roofs", LABS["impossible"]).alt
    faster = replace(lab, measured={"decode_tokens_per_s": Measured(1e4, "tok/s", "how", "source")})
    assert plot("two-roofs", faster).alt.count("cannot be") == 1


@pytest.mark.parametrize("lab", LABS)
def test_bytes_tells_the_engines_numbers(lab):
    lab = LABS[lab]
    figure = plot("bytes-of-a-step", lab)
    data = figure.data
    for index, batch in enumerate(data["batch"]):
        whole = decode(lab.system, batch, lab.prompt).bytes
        assert sum(data[part][index] for part in ("weights", "state", "kv")) == pytest.approx(whole, rel=1e-3)
        assert f"{Quantity(whole, 'B')} at batch {batch}" in figure.alt
    assert ("state" in figure.alt) == bool(data["state"][0])
    assert ("more experts" in figure.alt) == lab.system.model.is_mixture
    assert ("not fit" in figure.alt or "None of these" in figure.alt) == (data["largest"] < 64)


def test_a_changed_number_changes_the_sealed_data():
    lab = load_lab()
    other = replace(lab, measured={"decode_tokens_per_s": Measured(109.0, "tok/s", "how", "source")})
    assert plot("two-roofs", lab).data != plot("two-roofs", other).data
    faster = with_system(lab, gpu=replace(lab.system.gpu, bandwidth=lab.system.gpu.bandwidth * 1.001))
    assert plot("bytes-of-a-step", lab).data == plot("bytes-of-a-step", faster).data
    assert plot("two-roofs", lab).data != plot("two-roofs", faster).data


def test_what_a_person_named_a_lab_cannot_break_the_page():
    lab = replace(load_lab(), title='<b>"my" lab & co</b>')
    assert "<b>" not in plot("two-roofs", lab).html
    ET.fromstring(plot("bytes-of-a-step", lab).html)


def test_unknown_plot_is_refused_with_the_known_ones():
    with pytest.raises(LessonlibError, match="two-roofs"):
        plot("two-roof", load_lab())


def test_a_plot_that_only_draws_is_refused(monkeypatch):
    monkeypatch.delattr(two_roofs, "describe")
    with pytest.raises(
        LessonlibError, match=r"two_roofs.py:1: a plot .* describe\(lab\) and draw\(lab\); .* no describe"
    ):
        plot("two-roofs", load_lab())


def test_matplotlib_waits_for_the_first_figure():
    code = (
        "import sys; from lessonlib.lesson.code import whole_course; from lessonlib.roofline import load_lab;"
        "assert whole_course().plot('two-roofs').describe(load_lab()).alt; assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("lab", "word"), [("llama-3.1-8b-a100-80gb", "measured"), ("qwen3.5-27b-2xh100-sxm", "reported")]
)
def test_two_roofs_draws_the_word_that_the_lab_file_supports(lab, word, monkeypatch):
    drawn = []
    monkeypatch.setattr(two_roofs, "_say", lambda plot, x, y, right, text, *weight: drawn.append(text))
    plot("two-roofs", load_lab(lab))
    said = [text.split()[0] for text in drawn if "of its roof" in text or "is open" in text]
    assert said and set(said) == {word}
