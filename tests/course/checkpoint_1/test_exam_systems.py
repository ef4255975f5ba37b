"""The systems of the exam: dealt by a hash, as published, shown whole; and what the card makes of them, good or not."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import Any

import pytest

from lessonlib.base.paths import data_dir
from lessonlib.course.checkpoint_1 import exam, exam_outcome
from lessonlib.course.checkpoint_1.exam_pool import candidates, pool
from lessonlib.course.checkpoint_1.exam_systems import (
    SET,
    ExamSystem,
    _short,
    class_of,
    deal,
    exam_pool,
    exam_sets,
)
from lessonlib.roofline import Model, lab_names, load_lab, load_model
from lessonlib.roofline.blocks import DeltaNet

SYSTEMS = [each for labs in exam_sets() for each in labs]


def test_there_are_as_many_sets_of_five_as_the_pool_fills() -> None:
    assert [len(labs) for labs in exam_sets()] == [SET] * 4 and len(exam_pool()) == len(pool()) == 22
    assert len({each.name for each in SYSTEMS}) == len({each.title for each in SYSTEMS}) == 20


def test_no_set_has_two_systems_of_a_class_as_far_as_that_goes() -> None:
    """The pool has three of a class in one source: one set has a class twice."""
    assert sorted(len({class_of(each) for each in labs}) for labs in exam_sets()) == [SET - 1, SET, SET, SET]


def test_sets_follow_from_what_the_systems_are_and_not_from_their_times() -> None:
    """With every measured time another one the same systems stand in the same sets."""
    names = [[each.title for each in labs] for labs in exam_sets()]
    other = [replace(each, measured_s=1.0 + place) for place, each in enumerate(exam_pool())]
    assert [[each.title for each in labs] for labs in deal(other, 4)] == names


@pytest.mark.parametrize("labs", exam_sets(), ids="abcd")
def test_no_set_has_a_model_or_a_source_twice(labs: tuple[ExamSystem, ...]) -> None:
    """Llama-3, 3.1 and 3.3 of one size are one model."""
    assert len({each.system.model.parameters for each in labs}) == len({each.source for each in labs}) == SET


@pytest.mark.parametrize("name", ["qwen2.5-7b", "mixtral-8x7b", "llama-2-7b", "llama-2-70b"])
def test_no_system_of_the_exam_is_of_a_model_that_the_page_counts_out_or_asks_about(name: str) -> None:
    assert load_model(name).parameters not in {each.system.model.parameters for each in exam_pool()}


def test_batches_of_several_requests_are_spread_over_the_sets_as_far_as_they_go() -> None:
    """The pool has one; with three among systems made up of it each goes to a set of its own."""
    assert [sum(each.requests > 1 for each in labs) for labs in exam_sets()] == [1, 0, 0, 0]
    last = exam_pool()[-3:]
    more = [replace(each, requests=4) if each in last else each for each in exam_pool()]
    assert sorted(sum(each.requests > 1 for each in one) for one in deal(more, 4)) == [1, 1, 1, 1]


def test_what_finds_no_set_without_its_class_fills_the_places_left() -> None:
    dense = [each for each in exam_pool() if class_of(each) == (False, False, 16)]
    sets = deal(dense, 2)
    assert len(dense) == 5 and [len(one) for one in sets] == [2, 2], "three of them are of one source"
    assert not set(sets[0]) & set(sets[1]) and all(len({each.source for each in one}) == 2 for one in sets)
    assert (
        deal(exam_pool(), 1)[0] == list(dict.fromkeys(deal(exam_pool(), 1)[0])) and len(deal(exam_pool(), 1)[0]) == SET
    )


def test_every_time_of_the_file_is_of_a_candidate_that_says_where_it_stands() -> None:
    for keys in candidates():
        assert keys["title"] and (not keys.get("measured_ms") or keys["url"].startswith("https://")), keys["title"]


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.name)
def test_no_lab_of_the_lessons_is_such_a_system(system: ExamSystem) -> None:
    shown = [(lab.system.model.parameters, lab.system.gpu.name, lab.system.gpus) for lab in map(load_lab, lab_names())]
    assert (system.system.model.parameters, system.system.gpu.name, system.system.gpus) not in shown


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.name)
def test_its_config_is_shown_as_published(system: ExamSystem) -> None:
    shown = json.loads(system.config)
    names = {"num_hidden_layers", "hidden_size", "vocab_size", "num_key_value_heads"}
    assert names <= set(shown) and "_source" not in shown
    assert all(len(line) <= 400 for line in system.config.splitlines()) and system.config.count("\n") < 25


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.name)
def test_its_truth_says_what_it_is(system: ExamSystem) -> None:
    told = exam.exam_standing(system)
    assert told.startswith("measured: ") and system.source in told and system.url.startswith("https://")
    assert float(exam.exam_step(system)) == system.measured_s > system.step.fetch_s, "no step is quicker than its bytes"


def published() -> dict[tuple[str, str, int, str], list[float]]:
    """Seconds of a step by (model, GPU, GPUs, weights), as the tables of measurements have them."""
    found: dict[tuple[str, str, int, str], list[float]] = {}
    for name, seconds in (
        ("calibration.csv", lambda row: float(row["seconds"]) if row["kind"] == "decode" else 0.0),
        ("single_requests.csv", lambda row: 1 / float(row["tokens_per_s"])),
        ("engines.csv", _of_engine),
        ("serving.csv", lambda row: float(row["itl_s"])),
    ):
        for row in csv.DictReader((data_dir() / "measured" / name).read_text(encoding="utf-8").splitlines()):
            model = "llama-3.1-70b" if row["model"].startswith("Llama-3.3-70B") else row["model"]
            key = model, row["gpu"], int(row.get("tp") or row.get("gpus") or 1), row["weights"]
            found.setdefault(key, []).append(seconds(row))
    return found


def _of_engine(row: dict[str, str]) -> float:
    value = float(row["value"])
    if row["metric"] == "decode_tok_s":
        return 1 / value
    return value / 1e3 if row["metric"] == "tpot_ms" else value / float(row["output"] or 1)


@pytest.mark.parametrize("keys", pool(), ids=lambda keys: keys["title"])
def test_its_time_stands_in_a_table_of_measurements(keys: dict[str, Any]) -> None:
    times = published().get((keys["config"], keys["gpu"], keys["tp"], keys["weights"]), [])
    if "mxfp4" in keys["weights"]:
        times = [*times, *published().get((keys["config"], keys["gpu"], keys["tp"], "mxfp4"), [])]
    assert any(abs(seconds / (keys["measured_ms"] / 1e3) - 1) < 0.002 for seconds in times), times


def test_the_page_says_what_came_out() -> None:
    """The card on systems that it was not fitted to, set by set. It is no goal: a better card or another pool changes it."""
    assert exam_outcome.set_medians() == pytest.approx([1.087, 1.207, 1.224, 1.271], abs=0.002)
    lab = load_lab()
    assert (exam_outcome.exam_count(lab), exam_outcome.exam_within(lab)) == (20, 14)
    assert float(exam_outcome.exam_off(lab)) == pytest.approx(1.193, abs=0.002)
    assert str(exam_outcome.exam_best_set(lab)) == "1.09×" and str(exam_outcome.exam_worst_set(lab)) == "1.27×"


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.name)
def test_a_reveal_says_what_would_explain_a_miss_and_nothing_where_there_is_none(system: ExamSystem) -> None:
    told, off = exam.exam_miss(system), exam_outcome.off_on(system)
    assert bool(told) == (off > 1.25)
    if told:
        slow = float(exam.exam_by_card(system)) > system.measured_s
        assert f"too {'slow' if slow else 'quick'} here" in told and "source" in told


def test_what_would_explain_a_miss_by_hand() -> None:
    """gpt-oss-20b reads 2.69 GB over 0.273 TB/s: 9.85 ms, of a step of 13.36 ms with 24 layers at 100 µs."""
    told = {each.title: exam.exam_miss(each) for each in SYSTEMS}
    assert pytest.approx(0.90, abs=0.005) == 9.85 / (13.36 - 2.4)
    assert "a reach of 90 % would" in told["gpt-oss-20b on a DGX Spark, 8-bit attention, mxfp4 experts"]
    assert pytest.approx(0.228, abs=0.002) == (64.1 - 24.74 / 0.7) / 126
    assert "layers at 230 µs" in told["Llama-3.1-405B on 8 x A100 80 GB, int8"]


def test_what_a_config_does_not_say_of_linear_layers_stands_in_the_question() -> None:
    told = {each.title: exam.exam_note(each) for each in SYSTEMS if exam.exam_note(each)}
    assert list(told) == ["Qwen3-Coder-Next on one H200 SXM, fp8"]
    (note,) = told.values()
    assert "36 layers" in note and "2048 × (2 × 2048 + 3 × 4096)" in note and "32 × 128 × 128" in note
    (mixer,) = {group.mixer for group in _next().layers if isinstance(group.mixer, DeltaNet)}
    counted = sum(matrix.inputs * matrix.outputs for matrix in mixer.matrices(2048))
    assert pytest.approx(counted, rel=0.005) == 2048 * (2 * 2048 + 3 * 4096), "but for two scalars a head"


def _next() -> Model:
    return next(each.system.model for each in SYSTEMS if exam.exam_note(each))


def test_the_parts_that_a_reveal_prints_add_up() -> None:
    for system in SYSTEMS:
        assert float(exam.exam_read(system)) + float(exam.exam_fixed(system)) == pytest.approx(
            float(exam.exam_by_card(system))
        )
        assert float(exam.exam_ceiling(system)) == pytest.approx(
            float(exam.exam_bytes(system)) / float(exam.exam_bandwidth(system))
        )


def test_formats_are_told_by_name_or_by_bits() -> None:
    told = {each.title: exam.exam_precision(each) for each in exam_pool()}
    assert told["Qwen3-8B on one H20, fp8"] == "layers fp8; head bf16; cache bf16"
    gemma = told["Gemma-3-4B on a DGX Spark, 4 bits, head in 8"]
    assert gemma == "attention and mlp 4.5 bits; head and embedding int8; cache bf16"
    mixed = told["gpt-oss-20b on a DGX Spark, 8-bit attention, mxfp4 experts"]
    assert mixed == "attention, mlp, head and embedding int8; experts mxfp4 (4.25 bits); cache bf16"


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.name)
def test_a_question_says_which_engine_ran_it(system: ExamSystem) -> None:
    told = exam.exam_engine(system)
    engine = next(keys["engine"] for keys in pool() if keys["title"] == system.title)
    assert told.startswith(engine) and engine.split()[0] in system.how
    assert ("330 W" in told) == ("330 W" in system.how) and ("speculation" in told) == ("speculation" in system.how)


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda each: each.name)
def test_what_a_forecast_counts_can_be_counted_in_the_config_that_is_shown(system: ExamSystem) -> None:
    """No list of layers is cut so that its kinds cannot be counted: it stands whole, or as what it repeats and how often."""
    shown = json.loads(system.config)
    for key, value in shown.items():
        if isinstance(value, list) and any("…" in str(each) for each in value):
            assert value[-1] == f"… and so on, {shown['num_hidden_layers']} in all", key


def test_long_lists_say_what_they_repeat() -> None:
    """gpt-oss by turns, gemma-3 five to one and cut off; a list that repeats nothing so short stays whole."""
    turns = ["sliding", "full"]
    assert _short(turns * 12) == [*turns, "… and so on, 24 in all"]
    five = [*["sliding"] * 5, "full"]
    assert _short((five * 6)[:34]) == [*five, "… and so on, 34 in all"]
    assert _short({"a": list(range(9)), "b": [1, 2]}) == {"a": list(range(9)), "b": [1, 2]}
    assert _short(["full"] * 28) == ["full", "… and so on, 28 in all"]


@pytest.mark.parametrize(
    "keys", [keys for keys in pool() if keys["engine"] == "gpt-fast"], ids=lambda keys: keys["title"]
)
def test_its_head_is_that_of_the_table(keys: dict[str, Any]) -> None:
    """gpt-fast quantises the head as well."""
    rows = csv.DictReader((data_dir() / "measured" / "calibration.csv").read_text(encoding="utf-8").splitlines())
    what = keys["config"], keys["gpu"], str(keys["tp"]), keys["weights"]
    found = {row["head"] for row in rows if (row["model"], row["gpu"], row["tp"], row["weights"]) == what}
    assert found == {keys.get("head", "bf16")}


def test_outside_of_the_exam_the_first_system_stands_for_a_lab() -> None:
    assert exam.exam_title(load_lab()) == exam_sets()[0][0].title
