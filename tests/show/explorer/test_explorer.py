"""The explorer: its tables, its arithmetic in the browser against the engine, and what a hand on its controls sees."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from lessonlib.base.quantity import rounded
from lessonlib.roofline import System, decode, lab_names, load_gpu, load_lab, load_model, max_batch, prefill
from lessonlib.show.explorer import BATCHES, explorer_data, explorer_units
from lessonlib.show.scripts import STATIC
from tests.show.panel.harness import open_panel

JS = STATIC / "js"
EVALUATE = """([data, picks]) => picks.map((pick) => {
  const { decodeAt, prefillAt } = kinds.explorer.arithmetic;
  return { decode: decodeAt(data, pick), prefill: prefillAt(data, pick) };
})"""
SET = """([name, value]) => {
  const control = document.querySelector(`[id$="-exp-${name}"]`);
  control.value = value;
  control.dispatchEvent(new Event("input", { bubbles: true }));
}"""
SLIDE = """async () => {
  const slider = document.querySelector('[id$="-exp-batch"]');
  const marked = () => document.querySelector(".exp-table [aria-current] th").textContent;
  const frame = () => new Promise(requestAnimationFrame);
  let drawn = 0;
  for (let sent = 1; sent <= 60; sent += 1) {
    const pause = new Promise((next) => setTimeout(next, 1000 / 30));
    const before = document.querySelector(".exp-point").getAttribute("d");
    slider.value = sent % 10;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    await frame();
    const moved = document.querySelector(".exp-point").getAttribute("d") !== before;
    drawn += moved && marked() === String(2 ** (sent % 10));
    await pause;
  }
  return drawn;
}"""


def mixture_lab():
    """A lab whose weights read depend on the batch."""
    lab = load_lab("qwen3-32b-h200")
    return replace(lab, name="mixture", system=System(load_model("qwen3-30b-a3b"), load_gpu("h100-sxm")))


def labs():
    return [*(load_lab(name) for name in lab_names()), mixture_lab()]


def view_of(lab) -> dict[str, Any]:
    html = "<p>Two things to try.</p>"
    view = {"kind": "explorer", "id": "knobs", "title": "Now turn the knobs", "state": "observed", "html": html}
    return {**view, "explorer": {**explorer_data(lab), "units": explorer_units()}}


@pytest.fixture
def arithmetic(page):
    """Evaluates picks with the explorer's own JavaScript."""
    page.set_content("<main></main>")
    script = "\n".join((JS / name).read_text() for name in ("core.js", "plot.js", "explorer.js"))
    page.add_script_tag(content=f"{{ {script}\nwindow.kinds = kinds; }}")
    return lambda data, picks: page.evaluate(EVALUATE, [data, picks])


def picks_of(data: dict[str, Any], batches=BATCHES) -> list[dict[str, Any]]:
    return [
        {"batch": batch, "context": context, "gpu": gpu["name"], "weights": weights["name"]}
        for gpu in data["gpus"]
        for weights in data["weights"]
        for context in range(len(data["contexts"]))
        for batch in batches
    ]


def system_of(lab, pick) -> System:
    own = lab.system.gpu
    gpu = own if pick["gpu"] == own.name else load_gpu(pick["gpu"])
    return replace(lab.system, gpu=gpu, weights=pick["weights"])


def same_cost(got: dict[str, Any], wanted) -> bool:
    """The lessons' roof: in a mixture requests route independently."""
    tie = wanted.compute_s == pytest.approx(wanted.fetch_s, rel=1e-3)
    return (
        got["seconds"] == pytest.approx(wanted.roof_s, rel=1e-3)
        and got["compute_s"] == pytest.approx(wanted.compute_s, rel=1e-3)
        and got["memory_s"] == pytest.approx(wanted.fetch_s, rel=1e-3)
        and got["tokens_per_s"] == pytest.approx(wanted.roof_tokens_per_s, rel=1e-3)
        and (tie or got["bound"] == ("compute" if wanted.compute_s > wanted.fetch_s else "memory"))
    )


@pytest.mark.parametrize("lab", labs(), ids=lambda lab: lab.name)
def test_browser_computes_what_the_engine_computes(arithmetic, lab):
    data = explorer_data(lab)
    picks = picks_of(data, batches=(1, 3, 8, 45, 512))
    for pick, got in zip(picks, arithmetic(data, picks), strict=True):
        system, context = system_of(lab, pick), data["contexts"][pick["context"]]
        assert same_cost(got["decode"], decode(system, pick["batch"], context)), pick
        assert got["decode"]["fits"] == (pick["batch"] <= max_batch(system, max(context, 1))), pick
        assert (got["prefill"] is None) == (context == 0)
        if context:
            assert same_cost(got["prefill"], prefill(system, context)), pick


def test_between_the_stops_and_at_the_knee(arithmetic, page):
    lab = load_lab("llama-3.1-8b-a100-80gb")
    data = explorer_data(lab)
    start = {**data["start"], "batch": 100}
    [got] = arithmetic(data, [start])
    assert same_cost(got["decode"], decode(lab.system, 100, lab.context))
    knee = page.evaluate("([data, pick]) => kinds.explorer.arithmetic.turnsAt(data, pick)", [data, start])
    assert decode(lab.system, int(knee), lab.context).bound == "memory"
    assert decode(lab.system, int(knee) + 1, lab.context).bound == "compute"


@pytest.mark.parametrize("lab", labs(), ids=lambda lab: lab.name)
def test_tables_are_small_plain_and_the_labs_own(lab):
    data = explorer_data(lab)
    text = json.dumps(data, allow_nan=False)
    assert text == json.dumps(explorer_data(lab)) and len(text) < 20_000
    assert data["gpus"][0]["name"] == data["start"]["gpu"] == lab.system.gpu.name
    assert data["contexts"][data["start"]["context"]] == lab.context
    assert max(data["contexts"]) <= max(lab.context, lab.system.model.max_context)
    assert all(
        value == rounded(value, 5)
        for entry in data["weights"]
        for value in (entry["always"], entry["routed"], *entry["prefill_bytes"])
    )
    assert all(
        (entry["routed"] > 0) == (data["left_out"] > 0) == lab.system.model.is_mixture for entry in data["weights"]
    )
    first = data["weights"][0]
    assert first["always"] + first["routed"] <= first["held"] * 1.0001


def test_a_mixture_reads_more_weights_with_the_batch_and_every_gpu_its_copy_of_a_latent():
    data = explorer_data(load_lab("deepseek-v3-8xh200-fp8"))
    own = next(entry for entry in data["weights"] if entry["name"] == "fp8")
    assert data["left_out"] == 1 - 8 / 256
    assert own["always"] + own["routed"] * (1 - data["left_out"]) == pytest.approx(37.67e9, rel=1e-3)
    assert own["always"] + own["routed"] == pytest.approx(671.3e9, rel=1e-3)
    assert data["kv_bytes"][data["start"]["context"]] == pytest.approx(8 * 4097 * 70_272, rel=1e-4)


def test_a_window_stops_growing():
    data = explorer_data(load_lab("gpt-oss-120b-h100-mxfp4"))
    at = {context: data["kv_bytes"][place] for place, context in enumerate(data["contexts"])}
    full_layers_alone = 18 * 2 * 8 * 64 * 2
    assert at[131072] - at[65536] == pytest.approx(65536 * full_layers_alone, rel=1e-4)


def test_a_mixture_says_how_many_experts_it_counts(page):
    open_panel(page, view_of(load_lab("gpt-oss-120b-h100-mxfp4")))
    choose(page, batch=9)
    words = page.locator(".exp").inner_text()
    assert "expected to touch" in words and "64.1 GB" in words
    open_panel(page, view_of(load_lab()))
    assert "expected to touch" not in page.locator(".exp").inner_text()


def choose(page, **values: Any) -> None:
    for name, value in values.items():
        page.evaluate(SET, [name, value])


def test_keyboard_moves_everything_and_the_result_is_said(page):
    lab = load_lab()
    open_panel(page, view_of(lab))
    page.get_by_role("slider", name="Batch").press("ArrowRight")
    assert page.get_by_role("slider", name="Batch").get_attribute("aria-valuetext") == "2 requests"
    assert page.locator(".exp-table [aria-current] th").inner_text() == "2"
    page.get_by_role("slider", name="Context of each").press("End")
    page.get_by_role("combobox", name="GPU").press("ArrowDown")
    page.get_by_role("combobox", name="Weights").press("ArrowDown")
    other = explorer_data(lab)["gpus"][1]
    fast = decode(system_of(lab, {"gpu": other["name"], "weights": "fp8"}), 2, 131072)
    page.wait_for_function("() => [...document.querySelectorAll('.exp output')].some(one => one.textContent)")
    said = page.locator(".exp output").text_content()
    assert f"2 requests, context 131,072 tokens, {other['label']}, fp8 weights" in said
    assert f"{fast.ceiling_tokens_per_s:.3g}" in said and f"{fast.bound}-bound" in said


def test_every_slider_event_is_drawn(page):
    open_panel(page, view_of(load_lab()))
    assert page.evaluate(SLIDE) == 60


def test_what_does_not_fit_says_so_in_words(page):
    open_panel(page, view_of(load_lab()))
    assert "✓ fits" in page.locator(".exp").inner_text()
    choose(page, gpu="rtx-4090")
    words = page.locator(".exp").inner_text()
    assert "✕ does not fit" in words and "the weights alone take 53.8 GB" in words
    assert page.locator(".exp-point.exp-hollow").count() == 1


def test_the_roof_is_said_by_word_and_shape(page):
    open_panel(page, view_of(load_lab("llama-3.1-8b-a100-80gb")))
    heads = page.locator(".exp section h4 strong")
    square = page.locator(".exp-point").get_attribute("d")
    assert heads.first.inner_text() == "■ memory-bound"
    choose(page, batch=9)
    assert heads.first.inner_text() == "▲ compute-bound"
    assert page.locator(".exp-point").get_attribute("d").count("h") != square.count("h")


def test_without_a_prompt_there_is_no_prefill(page):
    open_panel(page, view_of(load_lab()))
    choose(page, context=0)
    assert "no prompt" in page.locator(".exp-tiles").inner_text()
    assert page.locator(".exp section").nth(1).is_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_readable_in_both_themes_and_narrow(page, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 720})
    open_panel(page, view_of(load_lab()), theme)
    choose(page, gpu="l40s", batch=9, context=8)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
