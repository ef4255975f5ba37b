"""A learner's own lab, of any size: a lesson opens on it from end to end, or says that it does not fit and takes the default lab."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lessonlib.lesson.items import StepItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.roofline import DEFAULT_LAB, Lab, lab_names, load_lab, max_batch
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.notebook import NotebookLesson

TIGHT = [name for name in lesson_names() if "room" in load_source(name)]
QUANTIZED = "llama-3.1-8b-int4-rtx-4090"


def with_memory(lab: Lab, gigabytes: float) -> Lab:
    gpu = replace(lab.system.gpu, memory_bytes=gigabytes * 1e9, driver_bytes=None)
    return replace(lab, name="small", title="Small lab", system=replace(lab.system, gpu=gpu))


def just_enough(name: str, lab: Lab) -> Lab:
    """The lab with the least memory, to 10 MB, that the lesson asks for."""
    room = load_source(name)["room"]
    low, high = 1.0, 400.0
    while high - low > 0.01:
        middle = (low + high) / 2
        fits = max_batch(with_memory(lab, middle).system, room["tokens"]) >= room["requests"]
        low, high = (low, middle) if fits else (middle, high)
    return with_memory(lab, high)


def faults(lesson: Lesson) -> list[str]:
    """What a panel could not show."""
    found = []
    for item in lesson.items.values():
        if isinstance(item, StepItem):
            item.step.skip()
        view = item.view()
        if view["state"] != "locked":
            found += [view.get("problem", ""), (view.get("explorer") or {}).get("fault", "")]
    return [line for line in found if line]


@pytest.mark.parametrize("name", TIGHT)
@pytest.mark.parametrize("lab", [DEFAULT_LAB, QUANTIZED])
def test_with_just_enough_room_it_is_the_learners_own(name: str, lab: str) -> None:
    lesson = Lesson(name, just_enough(name, load_lab(lab)), None, BLOCKS)
    assert lesson.lab.name == "small" and lesson.without_room is None
    assert faults(lesson) == []


@pytest.mark.parametrize("name", TIGHT)
def test_with_a_little_less_it_is_the_default_lab_and_says_so(name: str) -> None:
    enough = just_enough(name, load_lab(QUANTIZED))
    notebook = NotebookLesson(
        Lesson(name, with_memory(enough, enough.system.gpu.memory_bytes / 1e9 - 0.1), None, BLOCKS)
    )
    assert notebook.lab.name == DEFAULT_LAB
    said = repr(notebook).splitlines()[1]
    assert said.startswith("The memory of Small lab does not hold what this lesson runs") and load_lab().title in said


def test_a_lesson_without_runs_takes_any_lab() -> None:
    lesson = Lesson("06-the-kv-cache", with_memory(load_lab(), 1.0), None, BLOCKS)
    assert lesson.lab.name == "small" and lesson.without_room is None


#: A fleet whose replicas hold 32 requests of 6,000 tokens each is more than four cards of 24 GB have.
WITHOUT_ROOM = {"18-routing": ["llama-3.1-8b-int4-rtx-4090"]}


@pytest.mark.parametrize("name", lesson_names())
def test_every_shipped_lab_is_its_own(name: str) -> None:
    found = [lab for lab in lab_names() if Lesson(name, load_lab(lab), None, BLOCKS).without_room]
    assert found == WITHOUT_ROOM.get(name, [])


OWN = """
title = "{model} on {gpus} {gpu}"
model = "{model}"
gpu = "{gpu}"
tp = {gpus}
weights = "{weights}"
kv = "bf16"
prompt = 4096
context = 4096
gpus_in_lab = {gpus}
"""


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("name", [name for name in lesson_names() if name >= "08" and name[0].isdigit()])
@pytest.mark.parametrize(
    ("model", "gpu", "gpus", "weights"),
    [
        ("llama-3.1-70b", "h100-sxm", 1, "bf16"),  # the weights alone are more than the card
        ("llama-3.1-8b", "rtx-4090", 1, "bf16"),  # little room
        ("gemma-3-1b", "t4", 1, "bf16"),  # more room than an engine starts at once
        ("qwen3-30b-a3b", "a100-80gb-sxm", 1, "bf16"),  # a mixture
    ],
)
def test_a_lab_of_ones_own_opens(name: str, model: str, gpu: str, gpus: int, weights: str, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(OWN.format(model=model, gpu=gpu, gpus=gpus, weights=weights))
    assert faults(Lesson(name, load_lab(file), None, BLOCKS)) == []
