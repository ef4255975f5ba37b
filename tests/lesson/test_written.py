"""A function of one's own: run when the panel is open, compared case by case, its faults told in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.lesson.items import BlockItem
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.written import WROTE, Write, config_lines, function_name
from lessonlib.record.attempts import attempts_of
from lessonlib.record.journal import Journal
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from tests.lesson.written_lesson import right, write_lesson

LINE = right.__code__.co_firstlineno


def opened(folder: Path, journal: Journal | None = None, reveal: bool = True, **changes: str) -> tuple[Lesson, Write]:
    lesson = Lesson(write_lesson(folder, **changes), load_lab(), journal, BLOCKS)
    if reveal:
        lesson.handle("where", {"event": "skip"})
    item = lesson.items["my-size"]
    assert isinstance(item, BlockItem) and isinstance(item.block, Write)
    return lesson, item.block


def shown(block: Write, function: Any) -> dict[str, Any]:
    block.hand_over(function)
    return block.draw()["write"]


def test_none_is_not_written_yet_and_tells_nothing(tmp_path: Path) -> None:
    _, block = opened(tmp_path)
    view = shown(block, lambda config, times=1: None)
    assert (view["tone"], view["headline"]) == ("plain", "Not written yet")
    assert [(case["yours"], case["engine"], case["factor"], case["note"]) for case in view["cases"]] == [
        ("", "", "", "")
    ] * 2
    told = json.dumps(view)
    assert "2,050" not in told and "2.05" not in told, "what the engine says is not on the page"


def test_the_engine_speaks_of_a_case_alone_for_which_a_number_came(tmp_path: Path) -> None:
    _, block = opened(tmp_path)
    big, small = shown(block, lambda config, times=1: 1025.0 if config["wide"] == 100 else None)["cases"]
    assert (big["yours"], big["engine"], big["factor"], big["tone"]) == ("1.025 kB", "2.05 kB", "×2 too low", "near")
    assert (small["yours"], small["engine"]) == ("", "")


def test_within_one_per_cent_everywhere_is_right(tmp_path: Path) -> None:
    _, block = opened(tmp_path)
    view = shown(block, lambda config, times=1: 1.0099 * right(config, times))
    assert (view["tone"], view["headline"], view["summary"]) == ("right", "Within 1 % everywhere", "Each box counts.")
    assert {case["factor"] for case in view["cases"]} == {"within 1 %"} and block.finished
    view = shown(block, lambda config, times=1: 1.011 * right(config, times))
    assert (view["tone"], view["headline"]) == ("off", "0 of 2 within 1 %")
    view = shown(block, lambda config, times=1: config["wide"] * config["high"] * times)
    assert (view["tone"], view["headline"]) == ("near", "1 of 2 within 1 %"), "the small box has no lid"


def test_a_slip_is_told_by_its_number_where_it_makes_a_difference(tmp_path: Path) -> None:
    _, block = opened(tmp_path)
    big, small = shown(block, lambda config, times=1: times * config["wide"] * config["high"])["cases"]
    assert big["note"] == "This is what you get when the lid is left out."
    assert small["note"] == "" and small["tone"] == "right"
    notes = [case["note"] for case in shown(block, lambda config, times=1: 2 * right(config, times))["cases"]]
    assert notes == ["This is what you get when it is counted twice."] * 2


def divides(config: dict[str, Any], times: int = 1) -> float:
    return 1 / (times - times)


def misspells(config: dict[str, Any], times: int = 1) -> float:
    inner = config["wide"]
    return inner * config["hihg"]


def leaves(config: dict[str, Any], times: int = 1) -> float:
    raise SystemExit


def forgets(config: dict[str, Any]) -> float:
    return 1.0


def test_a_fault_is_one_line_with_the_learners_line(tmp_path: Path) -> None:
    _, block = opened(tmp_path)

    def note(function: Any) -> str:
        return shown(block, function)["cases"][1]["note"]

    first = divides.__code__.co_firstlineno
    assert note(divides) == f"Line {first + 1}: ZeroDivisionError: division by zero"
    first = misspells.__code__.co_firstlineno
    assert note(misspells) == f"Line {first + 2}: config has no key “hihg”; did you mean “high”?"
    assert note(leaves).endswith("SystemExit")
    assert note(forgets) == "forgets() got an unexpected keyword argument 'times'; it is called with (config, times=…)."
    view = shown(block, divides)
    assert (view["tone"], view["headline"]) == ("off", "No number yet")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2 GB", "Returned a str; return one number."),
        (True, "Returned a bool; return one number."),
        ([1, 2], "Returned a list; return one number."),
        (-3, "Returned -3; return a number above zero."),
        (0, "Returned 0; return a number above zero."),
        (float("nan"), "Returned nan; return a number above zero."),
        (float("inf"), "Returned inf; return a number above zero."),
        (10**400, "Returned an int; return one number."),
    ],
)
def test_what_is_no_number_is_told(value: Any, said: str, tmp_path: Path) -> None:
    _, block = opened(tmp_path)
    assert {case["note"] for case in shown(block, lambda config, times=1: value)["cases"]} == {said}


@pytest.mark.parametrize("make", [float, np.float32, np.int64, lambda value: Quantity(value, "B")])
def test_any_kind_of_number_counts(make: Any, tmp_path: Path) -> None:
    _, block = opened(tmp_path)
    assert shown(block, lambda config, times=1: make(right(config, times)))["tone"] == "right"


def test_a_function_may_change_the_config_that_it_gets(tmp_path: Path) -> None:
    _, block = opened(tmp_path)

    def takes_out(config: dict[str, Any], times: int = 1) -> float:
        found = right(config, times)
        config.clear()
        return found

    assert shown(block, takes_out)["tone"] == "right"
    assert json.loads(block.draw()["write"]["cases"][0]["config"])["wide"] == 100


def test_a_stopped_kernel_is_the_learners_own_doing(tmp_path: Path) -> None:
    _, block = opened(tmp_path)

    def interrupted(config: dict[str, Any], times: int = 1) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shown(block, interrupted)


def test_it_runs_once_and_not_before_it_is_open(tmp_path: Path) -> None:
    lesson, block = opened(tmp_path, reveal=False)
    calls = []
    block.hand_over(lambda config, times=1: calls.append(1))
    assert lesson.items["my-size"].view()["state"] == "locked" and not calls
    lesson.handle("where", {"event": "skip"})
    lesson.items["my-size"].view()
    lesson.items["my-size"].view()
    assert len(calls) == 2, "once a case"


# --- the record -------------------------------------------------------------------------------------------------


def test_what_was_returned_is_kept_once_and_known_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    _, block = opened(tmp_path, Journal(file))
    shown(block, lambda config, times=1: None)
    assert Journal(file).records()[-1]["event"] == "skip", "nothing returned, nothing kept"
    for _ in range(2):
        shown(block, lambda config, times=1: 7.0)
    shown(block, right)
    kept = [record for record in Journal(file).records() if record["event"] == WROTE]
    assert [(record["guess"]["values"], record["right"]) for record in kept] == [
        ([7.0, 7.0], False),
        ([2050.0, 12.0], True),
    ]

    _, again = opened(tmp_path, Journal(file), reveal=False)
    assert again.finished
    view = shown(again, lambda config, times=1: None)
    assert (view["headline"], view["summary"].endswith("You had it within 1 % before.")) == ("Not written yet", True)


def test_another_truth_asks_anew_and_no_attempt_comes_of_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    _, block = opened(tmp_path, journal)
    shown(block, right)
    assert [attempt.question for attempt in attempts_of(journal.events())] == ["where"]
    _, other = opened(tmp_path, journal, **{"engine: volume": "engine: volume_doubled"})
    assert not other.finished


# --- sealed, walked, and faults of an author ---------------------------------------------------------------------


def test_the_seal_counts_what_the_engine_says_whatever_the_learner_wrote(tmp_path: Path) -> None:
    lesson, block = opened(tmp_path)
    before = lesson.items["my-size"].seal()
    shown(block, right)
    assert lesson.items["my-size"].seal() == before
    assert block.parts()["engine"] == {"a big box": "2.05 kB", "a small box": "12 B"}
    other, _ = opened(tmp_path, **{"engine: volume": "engine: volume_without_lid"})
    assert other.items["my-size"].seal() != before


def test_a_walk_tries_every_slip_and_ends_right(tmp_path: Path) -> None:
    _, block = opened(tmp_path)
    block.walk(every_slip=True)
    assert block.right
    _, block = opened(tmp_path, **{"working: volume_without_lid": "working: volume"})
    with pytest.raises(LessonlibError, match="the slip “volume” is judged right or told nothing"):
        block.walk(every_slip=True)


def test_faults_of_an_author_are_named(tmp_path: Path) -> None:
    for changes, said in (
        ({"engine: volume": "engine: volum"}, "volume"),
        ({"engine: volume": "engine: boxes"}, "“boxes” returns"),
        ({"cases: boxes": "cases: dot_of_one_box"}, "return a list of"),
    ):
        _, block = opened(tmp_path, **changes)
        with pytest.raises(LessonlibError, match=said):
            shown(block, right)
    with pytest.raises(LessonlibError, match="defines 2 functions"):
        function_name("def a():\n    pass\ndef b():\n    pass", "here")
    with pytest.raises(LessonlibError, match="starter: line 1"):
        function_name("def a(:", "here")


def test_the_lines_of_a_config_as_they_stand_there() -> None:
    config = {"wide": 1, "name": "x", "inner": {"deep": True}}
    assert config_lines(config, ["wide", "inner", "absent"]) == '"wide": 1,\n"inner": {\n  "deep": true\n}'
    assert config_lines(config, []).startswith('"wide": 1,\n"name": "x"')
