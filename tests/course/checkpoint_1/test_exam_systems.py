"""The systems of the exam: as published, shown whole, and forecast by the card within a quarter at the median of each set."""

from __future__ import annotations

import csv
import json
from statistics import median

import pytest

from lessonlib.base.paths import data_dir
from lessonlib.course.checkpoint_1 import exam
from lessonlib.course.checkpoint_1.card import card
from lessonlib.course.checkpoint_1.exam_systems import ExamSystem, exam_sets
from lessonlib.course.checkpoint_1.steps_measured import step_of
from lessonlib.roofline import lab_names, load_lab

SYSTEMS = [each for labs in exam_sets() for each in labs]


def test_there_are_three_sets_of_five() -> None:
    assert [len(labs) for labs in exam_sets()] == [5, 5, 5]
    assert len({each.name for each in SYSTEMS}) == len({each.title for each in SYSTEMS}) == 15


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
    if system.measured_s:
        assert told.startswith("measured: ") and system.source in told and system.url.startswith("https://")
        assert system.measured_s > system.step.fetch_s, "no step is quicker than its bytes"
    else:
        assert told.startswith("expected, for nothing is published") and not system.source
        assert float(exam.exam_step(system)) == system.step.expected_s


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


@pytest.mark.parametrize("system", [each for each in SYSTEMS if each.measured_s], ids=lambda each: each.name)
def test_its_time_stands_in_a_table_of_measurements(system: ExamSystem) -> None:
    weights = "mxfp4" if "mxfp4" in system.system.weights else system.system.weights
    model = system.published.partition("/")[2].partition(",")[0].lower().removeprefix("meta-").removesuffix("-v0.1")
    times = published()[model, system.system.gpu.name, system.system.gpus, weights]
    assert any(abs(seconds / system.measured_s - 1) < 0.002 for seconds in times), (model, times)


@pytest.mark.parametrize("labs", exam_sets(), ids="abc")
def test_who_uses_the_card_is_within_a_quarter_at_the_median(labs: tuple[ExamSystem, ...]) -> None:
    off = [
        card().off(step_of(each.name, "", each.system, each.requests, each.context, float(exam.exam_step(each))))
        for each in labs
    ]
    assert median(off) <= 1.25


def test_the_parts_that_a_reveal_prints_add_up() -> None:
    for system in SYSTEMS:
        assert float(exam.exam_read(system)) + float(exam.exam_fixed(system)) == pytest.approx(
            float(exam.exam_by_card(system))
        )
        assert float(exam.exam_ceiling(system)) == pytest.approx(
            float(exam.exam_bytes(system)) / float(exam.exam_bandwidth(system))
        )


def test_outside_of_the_exam_the_first_system_stands_for_a_lab() -> None:
    assert exam.exam_title(load_lab()) == exam_sets()[0][0].title
