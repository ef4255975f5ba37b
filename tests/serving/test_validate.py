"""Measurements beside the engine: the files, the errors, the command; and what the fit on them promises."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from lessonlib.base.paths import data_dir
from lessonlib.cli.main import main
from lessonlib.roofline.efficiency import constants_document, load_efficiency
from lessonlib.serving.calibrate.bands import factors, inside, seen
from lessonlib.serving.calibrate.constants import CONSTANTS
from lessonlib.serving.calibrate.fit import Fit
from lessonlib.serving.calibrate.rows import Trials, all_points
from lessonlib.serving.measured.cases import expected_s
from lessonlib.serving.measured.report import CUTS, held, report_data
from lessonlib.serving.measured.rows import read_measurements

ENGINES = data_dir() / "measured" / "engines.csv"
KEYS = {"n", "refused", "median_abs_error", "bias", "over_ceiling", "band_coverage", "by"}
SERVED = "id,model,gpu,tp,weights,kv,engine,load,concurrency,prompt,output,requests,metric,value"
GOOD = "a,llama-3.1-8b,h100-sxm,1,bf16,bf16,vLLM,closed loop,4,500,100,,tpot_ms,7.5"


@pytest.fixture(scope="module")
def published():
    rows, refused = read_measurements(ENGINES)
    items, more = held(rows)
    return items, [*refused, *more]


@pytest.fixture(scope="module")
def points():
    return all_points()[0]


def table(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "rows.csv"
    file.write_text("\n".join((SERVED, *lines)) + "\n", encoding="utf-8")
    return file


# --- published measurements -------------------------------------------------------------------------------------------


def test_every_published_row_is_computed_and_none_beats_its_ceiling(published) -> None:
    items, refused = published
    assert len(items) == 152 and refused == []
    assert [item.row.id for item in items if item.over] == []


def test_errors_on_the_rows_fitted_stay_where_the_fit_left_them(published) -> None:
    items = [item for item in published[0] if not item.row.flag]
    data = report_data(items, [])
    assert data["median_abs_error"] < 0.06
    limits = {"time per token, mixtures": 0.05, "throughput, mixtures": 0.1, "prefill, mixtures": 0.1}
    limits |= {"time to first token, mixtures": 0.2, "throughput, dense": 0.08, "whole answer, dense": 0.05}
    for name, limit in limits.items():
        assert data["by"]["metric and kind"][name]["median_abs_error"] < limit, name


def test_flagged_rows_say_why(published) -> None:
    flags = {item.row.flag for item in published[0]} - {""}
    assert len(flags) == 3
    assert all(len(flag) > 20 for flag in flags)


# --- the fit ----------------------------------------------------------------------------------------------------------


def test_the_trials_of_the_fit_agree_with_the_simulator(points) -> None:
    """A run as a weighted sum of its steps: what the fit tries is what the simulator says, first tokens within rounding."""
    trials = Trials(points)
    ours = dict(zip(((p.id, p.metric) for p in points), trials.seconds(load_efficiency()), strict=True))
    rows, _ = read_measurements(ENGINES)
    for row in rows:
        limit = 0.15 if row.metric == "time to first token" else 0.03
        assert ours[row.id, row.metric] == pytest.approx(expected_s(row), rel=limit), row.id


def test_the_committed_script_finds_the_committed_constants(points) -> None:
    fit = Fit(points)
    found = fit.constants(fit.run(np.log([load_efficiency()[name] for name in CONSTANTS])))
    for name, entry in constants_document()["constants"].items():
        assert found[name] == pytest.approx(entry["value"], rel=0.05), name


def test_every_constant_has_a_value_an_interval_a_prior_and_a_provenance() -> None:
    constants = constants_document()["constants"]
    assert set(constants) == set(CONSTANTS) == set(load_efficiency().values)
    for name, entry in constants.items():
        assert entry["low"] <= entry["high"]
        assert entry["meaning"] and entry["from"] and entry["start"] > 0 and entry["width"] > 0
        # A constant far from its start would be an excuse for something that is not modelled.
        assert abs(np.log(entry["value"] / entry["start"])) <= 3 * entry["width"], name


def test_errors_on_sources_left_out() -> None:
    left = constants_document()["left_out"]
    aims = {"decode step, dense": 0.09, "prefill, dense": 0.1, "throughput, dense": 0.1, "whole answer, dense": 0.15}
    for name, aim in aims.items():
        assert left[name]["median_absolute_error"] <= aim, name


def test_bands_hold_what_they_promise_on_sources_that_neither_fit_nor_band_has_seen() -> None:
    bands = constants_document()["bands"]
    assert bands["covered"]["rows"] > 400
    assert 0.85 <= bands["covered"]["share"] <= 0.95
    for kinds in bands["factors"].values():
        for entry in kinds.values():
            assert 1.07 <= entry["inside"] < entry["outside"] < 4.0


def test_what_was_measured_is_inside_and_a_source_alone_is_not(points) -> None:
    known = seen(points)
    assert known == constants_document()["bands"]["seen"]
    assert all(inside(point, known) for point in points if not point.flag)
    rest = [point for point in points if point.group != "S4"]
    outside = [point for point in points if point.group == "S4"]
    assert not any(inside(point, seen(rest)) for point in outside)


def test_a_class_with_few_sources_leans_on_wider_ones(points) -> None:
    """Without any error of its own a metric takes the band of its neighbours; larger errors widen it."""
    errors = np.full(len(points), 0.1)
    within = np.ones(len(points), dtype=bool)
    flat = factors(points, errors, within)
    for kinds in flat.values():
        assert kinds["dense"]["inside"] == kinds["mixture"]["inside"] == pytest.approx(np.exp(0.1), rel=0.01)
    wide = factors(points, np.where([point.metric == "time to first token" for point in points], 0.7, errors), within)
    assert wide["time to first token"]["dense"]["inside"] > 1.9
    assert wide["decode step"]["dense"]["inside"] == pytest.approx(np.exp(0.1), rel=0.01)


# --- a file of one's own ----------------------------------------------------------------------------------------------


def run(capsys, *args: str) -> tuple[int, str, str]:
    status = main(["validate", *args])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_the_command_prints_json_with_exactly_its_keys(tmp_path, capsys) -> None:
    status, out, _ = run(capsys, str(table(tmp_path, GOOD)), "--json")
    data = json.loads(out)
    assert status == 0 and set(data) == KEYS
    assert data["n"] == 1 and data["refused"] == [] and data["over_ceiling"] == 0
    assert set(data["by"]) == set(CUTS)
    assert data["by"]["engine"]["vLLM"]["n"] == 1


def test_every_row_is_shown_where_it_is_asked_for(tmp_path, capsys) -> None:
    file = str(table(tmp_path, GOOD, GOOD.replace(",7.5", ",0.001")))
    rows = json.loads(run(capsys, file, "--json", "--rows")[1])["rows"]
    assert [row["measured_s"] for row in rows] == [7.5e-3, 1e-6]
    assert rows[0]["band_s"][0] <= rows[0]["expected_s"] <= rows[0]["band_s"][1] and rows[0]["ceiling_s"] < 7.5e-3
    text = run(capsys, file, "--rows")[1]
    assert "7.5 " in text.split("\n\n")[0] and "above the ceiling" in text.split("\n\n")[0]
    assert "band_s" not in run(capsys, file, "--json")[1]


def test_a_file_of_which_nothing_can_be_computed_ends_with_1(tmp_path, capsys) -> None:
    status, out, _ = run(capsys, str(table(tmp_path, GOOD.replace("llama-3.1-8b", "llama-9"))))
    assert status == 1 and "llama-9" in out


def test_names_as_people_write_them_and_a_gpu_of_ones_own(tmp_path, capsys) -> None:
    own = tmp_path / "mine.toml"
    own.write_text('like = "h100-sxm"\ntitle = "Mine"\nmemory_gb_per_s = 3000\n', encoding="utf-8")
    rows = [GOOD.replace("llama-3.1-8b", "Llama-3.1-8B"), GOOD.replace("h100-sxm", str(own))]
    data = json.loads(run(capsys, str(table(tmp_path, *rows)), "--json")[1])
    assert data["n"] == 2 and data["refused"] == [] and "Mine" in data["by"]["gpu"]


def test_a_row_that_cannot_be_computed_is_named_with_its_reason(tmp_path, capsys) -> None:
    bad = [
        ("b,llama-9,h100-sxm,1,bf16,bf16,vLLM,closed loop,4,500,100,,tpot_ms,7.5", "llama-9"),
        ("c,llama-3.1-8b,h100,1,bf16,bf16,vLLM,closed loop,4,500,100,,tpot_ms,7.5", "unknown GPU"),
        ("d,llama-3.1-8b,h100-sxm,1,bf17,bf16,vLLM,closed loop,4,500,100,,tpot_ms,7.5", "bf17"),
        ("e,llama-3.1-8b,h100-sxm,1,bf16,bf16,vLLM,open loop,4,500,100,,tpot_ms,7.5", "load"),
        ("f,llama-3.1-8b,h100-sxm,1,bf16,bf16,vLLM,closed loop,4,500,100,,speed,7.5", "metric"),
        ("g,llama-3.1-8b,h100-sxm,1,bf16,bf16,vLLM,closed loop,4,500,100,,tpot_ms,fast", "value"),
        ("h,llama-3.1-8b,h100-sxm,1,bf16,bf16,vLLM,closed loop,4,500,100,,tpot_ms,-1", "positive"),
        ("i,llama-3.1-8b,h100-sxm,1,bf16,bf16,vLLM,closed loop,,500,100,,tpot_ms,7.5", "concurrency"),
        ("j,llama-3.1-8b,h100-sxm,3,bf16,bf16,vLLM,closed loop,4,500,100,,tpot_ms,7.5", "tp: 3"),
        ("k,llama-3.1-405b,h100-sxm,1,bf16,bf16,vLLM,closed loop,4,500,100,,tpot_ms,7.5", "no room"),
        ("l,llama-3.1-8b,h100-sxm,1,bf16,bf16,vLLM,all at once,,500,100,,output_tok_s,7.5", "requests"),
        ("m,llama-3.1-8b,h100-sxm,1,bf16,bf16,vLLM,decode step,4,500,100,,tpot_ms,7.5", "does not belong"),
        ("n,llama-3.1-8b,h100-sxm,1,bf16,bf16,vLLM,closed loop,4,5e9,100,,tpot_ms,7.5", "prompt"),
        ("o,llama-3.1-8b,h100-sxm,1,bf16,bf16,vLLM,closed loop,4,500,nan,,tpot_ms,7.5", "output"),
        (",llama-3.1-405b,l4,1,bf16,bf16,TensorRT-LLM,closed loop,4,500,100,,tpot_ms,7.5", "fit"),
    ]
    file = table(tmp_path, GOOD, *(line for line, _ in bad))
    data = json.loads(run(capsys, str(file), "--json")[1])
    assert data["n"] == 1
    assert data["n"] + len(data["refused"]) == 1 + len(bad)
    assert all("\n" not in row["reason"] for row in data["refused"])
    assert any(row["id"] == "row 16" for row in data["refused"])
    reasons = {row["id"]: row["reason"] for row in data["refused"]}
    for line, why in bad[:-1]:
        assert why in reasons[line[0]], reasons[line[0]]
    text = run(capsys, str(file))[1]
    assert all(reason.split(":")[0] in text for reason in reasons.values())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no row"),
        ("a,b\n1,2\n", "lacks the columns"),
        (SERVED + "\n", "no row"),
        ("a,a\n1,2\n", "named twice"),
        (SERVED.replace(",", ";") + "\n1;2\n", "semicolons"),
    ],
)
def test_a_file_that_is_no_table_of_measurements_is_one_line_and_status_2(tmp_path, capsys, text, says) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text, encoding="utf-8")
    status, out, err = run(capsys, str(file))
    assert status == 2 and out == "" and err.count("\n") == 1 and says in err


def test_a_missing_file_a_folder_and_a_plot_that_cannot_be(tmp_path, capsys) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        status, out, err = run(capsys, str(path))
        assert status == 2 and out == "" and err.count("\n") == 1
    status, _, err = run(capsys, str(table(tmp_path, GOOD)), "--plot", str(tmp_path / "plot.txt"))
    assert status == 2 and err.count("\n") == 1


def test_a_plot_is_written(tmp_path, capsys) -> None:
    status, _, err = run(capsys, str(table(tmp_path, GOOD)), "--plot", str(tmp_path / "plot.svg"))
    assert status == 0 and "wrote" in err
    assert (tmp_path / "plot.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_single_steps_and_kernels_in_the_other_columns(tmp_path) -> None:
    file = tmp_path / "steps.csv"
    head = (
        "id",
        "model",
        "weight_dtype",
        "gpu",
        "n_gpus",
        "engine",
        "batch_or_concurrency",
        "isl",
        "osl",
        "metric",
        "value",
    )
    lines = [
        (
            "1",
            "Llama-2-7B",
            "bf16",
            "A100-80GB",
            1,
            "gpt-fast (torch.compile)",
            1,
            5,
            200,
            "decode_tokens_per_s",
            104.9,
        ),
        ("2", "llama2-70b", "fp16", "A100-80GB (DGX)", 4, "vLLM fork, late 2023", 8, 512, 128, "token_time_ms", 60),
        ("3", "llama2-70b", "fp16", "A100-80GB (DGX)", 4, "vLLM fork, late 2023", 8, 512, 128, "prompt_time_ms", 700),
        ("4", "GEMM M=64 K=8192 N=8192", "bfloat16", "H100 SXM 80GB", 1, "any", 64, "", "", "gemm_ms", 0.06),
        ("5", "a kernel of my own", "bf16", "H100 SXM 80GB", 1, "any", 64, "", "", "gemm_ms", 0.06),
    ]
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([head, *lines])
    rows, refused = read_measurements(file)
    assert [row.id for row in refused] == ["5"]
    items, _ = held(rows)
    assert [item.row.metric for item in items] == ["decode step", "decode step", "prefill", "kernel"]
    assert items[0].row.system.head == "bf16" and items[1].row.system.launches == "eager"
    assert items[1].row.seconds == pytest.approx(0.06 / 8)
    assert all(abs(item.error) < 0.6 and not item.over for item in items)


def test_llama_cpp_keeps_eight_bits_beside_mxfp4_experts(published) -> None:
    rows = {item.row.id: item.row for item in published[0]}
    assert rows["n205"].system.part_formats["attention"] == "int8"
    assert rows["n252"].system.head == "int8"
    assert rows["n85"].system.weights == "mxfp4"
