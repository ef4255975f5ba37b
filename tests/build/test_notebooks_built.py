"""From a lesson's file to its notebook: the same every time, tidy, and silent about answers."""

from __future__ import annotations

import copy
import functools
import json
import re
from typing import Any

import nbformat
import pytest

from lessonlib.build import notebooks as stage
from lessonlib.build.lint.secrets import Text, amounts
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.roofline import lab_names
from tests.lesson.shipped import opened

Notebook = dict[str, Any]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def asking(notebook: Notebook) -> list[dict[str, Any]]:
    """The code cells that show an item."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and "lesson." in source(cell)]


@pytest.mark.parametrize("name", lesson_names())
def test_a_notebook_is_built_the_same_every_time_and_valid(name: str) -> None:
    once, twice = stage.build(name), stage.build(name)
    assert stage.dumps(once) == stage.dumps(twice)
    nbformat.validate(nbformat.from_dict(once))
    ids = [cell["id"] for cell in once["cells"]]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", lesson_names())
def test_the_cells_are_the_items_in_their_order(name: str) -> None:
    calls = [
        re.search(r'# .+\n(?:def .+\n(?:(?: .*)?\n)+)?lesson\.(\w+)\("([a-z0-9-]+)"(?:, \w+)?\)(\n#|$)', source(cell))
        for cell in asking(stage.build(name))
    ]
    expected = [
        (kind, body["id"]) for entry in load_source(name)["steps"] for kind, body in entry.items() if kind != "text"
    ]
    assert [call.groups()[:2] for call in calls if call] == expected


@pytest.mark.parametrize("name", lesson_names())
def test_the_title_comes_first_then_the_parameters_then_the_lesson(name: str) -> None:
    title, parameters, opening = stage.build(name)["cells"][:3]
    assert title["cell_type"] == "markdown" and source(title).startswith("# ")
    assert parameters["metadata"] == {"tags": ["parameters"]}
    scope: dict[str, Any] = {}
    exec(source(parameters), scope)
    assert scope["lab"] is None and scope["auto"] is None
    assert f'lesson = open_lesson("{name}", lab, auto)' in source(opening)
    assert not [cell for cell in stage.build(name)["cells"][2:] if cell["metadata"].get("tags")]


@functools.cache
def first_lines(name: str) -> list[str]:
    """What shows of a folded cell."""
    return [source(cell).split("\n")[0] for cell in asking(stage.build(name))]


@pytest.mark.parametrize("lab", lab_names())
@pytest.mark.parametrize("name", lesson_names())
def test_the_comment_of_a_folded_cell_holds_no_answer(name: str, lab: str) -> None:
    secret = [amount for item in opened(name, lab=lab).asked for amount in amounts(item)]
    assert secret
    assert [line for line in first_lines(name) if any(amount.told_by(Text(line)) for amount in secret)] == []


@pytest.mark.parametrize("name", lesson_names())
def test_question_cells_are_folded_behind_a_comment(name: str) -> None:
    for cell in asking(stage.build(name)):
        assert source(cell).startswith("# ")
        folded = cell["metadata"] == {"jupyter": {"source_hidden": True}}
        by_hand = "lesson.explore" in source(cell) or "lesson.write" in source(cell)
        assert folded or by_hand, "only the explorer and a function of one's own show their code"


@pytest.mark.parametrize("name", lesson_names())
def test_the_collapsed_bar_says_what_the_panel_says(name: str) -> None:
    items = opened(name).items
    for cell in asking(stage.build(name)):
        comment, *code = source(cell).split("\n")
        call = next(line for line in code if line.startswith("lesson."))
        item = items[re.search(r'"(.+)"', call)[1]]  # type: ignore[index]
        if item.kind == "predict":
            assert comment == f"# {item.title}"


def executed(name: str) -> Notebook:
    """A notebook as an executor leaves it, with everything that differs from run to run."""
    notebook = copy.deepcopy(stage.build(name))
    notebook["metadata"] |= {"papermill": {"duration": 1.5}, "widgets": {"state": {"x": 1}}}
    for number, cell in enumerate(notebook["cells"]):
        cell["metadata"] |= {"papermill": {"start_time": "now"}, "execution": {"iopub.execute_input": "now"}}
        cell["source"] = source(cell)
        if cell["cell_type"] == "code":
            cell["execution_count"] = number * 7
            cell["outputs"] = [
                {
                    "output_type": "execute_result",
                    "execution_count": number * 7,
                    "metadata": {"a": 1},
                    "data": {
                        "text/plain": "x",
                        "application/vnd.jupyter.widget-view+json": {"model_id": "abc"},
                        "text/html": "<p>x</p>",
                    },
                },
                {"output_type": "stream", "name": "stdout", "text": "said\n"},
            ]
    return notebook


@pytest.mark.parametrize("name", lesson_names())
def test_normalising_takes_out_what_differs_and_doing_it_twice_changes_nothing(name: str) -> None:
    before = executed(name)
    kept = copy.deepcopy(before)
    once = stage.normalise(before)
    assert before == kept, "the notebook given is left alone"
    assert stage.dumps(stage.normalise(once)) == stage.dumps(once)
    assert not re.search("papermill|execute_input|widget|model_id", stage.dumps(once))
    assert [source(cell) for cell in once["cells"]] == [source(cell) for cell in stage.build(name)["cells"]]
    code = [cell for cell in once["cells"] if cell["cell_type"] == "code"]
    assert all(
        cell["outputs"][0]["data"] == {"text/html": "<p>x</p>", "text/plain": "x"}
        and cell["outputs"][1]["text"] == "said\n"
        for cell in code
    )
    assert [cell["metadata"] for cell in once["cells"]] == [cell["metadata"] for cell in stage.build(name)["cells"]]
    nbformat.validate(nbformat.from_dict(once))


@pytest.mark.parametrize("name", lesson_names())
def test_the_committed_notebook_is_normal_and_has_the_cells_of_its_lesson(name: str) -> None:
    text = (stage.notebooks_dir() / f"{name}.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert stage.dumps(stage.normalise(notebook)) == text
    assert [(cell["id"], source(cell), cell["metadata"]) for cell in notebook["cells"]] == [
        (cell["id"], source(cell), cell["metadata"]) for cell in stage.build(name)["cells"]
    ]
