"""Every number that the words name: it exists, runs on every lab, is used, and says what it is."""

from __future__ import annotations

import ast
import functools
import inspect
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import jinja2
import jinja2.meta
import pytest

from lessonlib.base.paths import data_dir
from lessonlib.base.quantity import Quantity
from lessonlib.course.shared import lab_numbers
from lessonlib.draw.monitor import Monitor
from lessonlib.draw.timeline import Timeline
from lessonlib.lesson.code import COURSE, SHARED, LessonCode, code_for, code_of, package_name, whole_course, workings_of
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.roofline import Lab, decode, lab_names, load_lab, prefill
from lessonlib.show.explorer import READY

Working = Callable[[Lab], Any]
#: what a block of its own draws
DRAWN = (Monitor, Timeline)

#: keys of a question that name a working
_NAMING = ("truth", "working", "inputs", "compute")
#: keys of a dot and of a function of one's own that name one
_ALSO_NAMING = ("roof", "engine", "cases", "exam", "beside")
#: keys of a knob that may name a function of the lab; what is none is a value
_OF_KNOBS = ("from", "to", "start", "stops", "choices")


def workings_named(number: int) -> SimpleNamespace:
    """What the words of a lesson may name."""
    return SimpleNamespace(**code_of(number).workings)


def workings(module: ModuleType) -> dict[str, Working]:
    """The workings that a module itself defines."""
    return dict(workings_of(module))


def own(lesson: str) -> list[ModuleType]:
    """The modules of a lesson's package."""
    return list(LessonCode((f"{COURSE}.{package_name(lesson)}",)).modules())


#: what several lessons name, and the pieces that workings are made of
SHARED_MODULES = list(LessonCode((SHARED,)).modules())
DRAWINGS = [module for part in ("plots", "pictures") for module in whole_course().modules(part)]


def named_by(lesson: str) -> Mapping[str, Working]:
    """Every working that the words of a lesson could name: its own and the shared ones."""
    return code_for(lesson, load_source(lesson).get("number")).workings


@functools.cache
def lab(name: str) -> Lab:
    return load_lab(name)


def texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """(key, text) of every text of a lesson."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from texts(part, "numbers" if key == "numbers" else name)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part, key)
    elif isinstance(value, str):
        yield key, value


def _reader() -> jinja2.Environment:
    """Reads placeholders with the filters that words may use."""
    reader = jinja2.Environment()
    reader.filters |= dict.fromkeys(("digits", "whole", "bare"), str)
    return reader


def manifest_text(name: str) -> str:
    """A manifest of the course, before it is filled in."""
    return (data_dir() / "manifests" / f"{name}.yaml").read_text(encoding="utf-8")


@functools.cache
def named_by_text(lesson: str) -> set[str]:
    """Every working that a lesson's words name: in a placeholder, as a truth, a wrong working or a number of a picture, for a knob."""
    found: set[str] = set()
    steps = load_source(lesson)["steps"]
    shown = [("manifest", manifest_text(entry["manifest"]["file"])) for entry in steps if "manifest" in entry]
    for key, text in [*texts(steps), *shown]:
        if key in (*_NAMING, *_ALSO_NAMING, "numbers"):
            found.add(text.removeprefix("here."))
        elif key in _OF_KNOBS:
            found |= {text} & set(named_by(lesson))
        else:
            found |= jinja2.meta.find_undeclared_variables(_reader().parse(text)) | set(
                re.findall(r"\bhere\.(\w+)", text)
            )
    return found


#: what the words name: placeholders, truths, numbers of pictures, knobs, claims
NAMED = set().union(
    (text for key, text in texts(list(READY.values())) if key in _OF_KNOBS),
    *map(named_by_text, lesson_names()),
    *(load_source(lesson).get("claims", ()) for lesson in lesson_names()),
    *([form["lab"]] for lesson in lesson_names() if (form := load_source(lesson).get("form"))),
)
#: every working once, whichever lessons name it
ALL = [working for name, working in whole_course().workings.items() if name in NAMED]
MODULES: dict[str, list[Working]] = {}
for _working in ALL:
    MODULES.setdefault(_working.__module__.partition("course.")[2], []).append(_working)


@functools.cache
def named_by_code(module: ModuleType) -> set[str]:
    """Every name that a module's code uses."""
    nodes = list(ast.walk(ast.parse(inspect.getsource(module))))
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {
        node.attr for node in nodes if isinstance(node, ast.Attribute)
    }


# --- they run ----------------------------------------------------------------------------------------------------


def wrong_with(value: Any) -> str:
    """Why the words could not print or draw what a working gave; "" if they could."""
    if not isinstance(value, (Quantity, bool, int, float, str, dict, list, Lab, *DRAWN)) and value is not None:
        return f"a {type(value).__name__}"
    if isinstance(value, (Quantity, int, float)) and not (math.isfinite(float(value)) and float(value) >= 0):
        return "not a number from 0 up"
    if isinstance(value, Quantity) and re.search(r"nan|inf|e[+-]\d", str(value)):
        return "printed as no person would"
    if isinstance(value, dict) and isinstance(value.get("y"), (int, float)):
        return "" if 0 < value["x"] < math.inf and 0 < value["y"] < math.inf else "a dot beside the plane"
    if isinstance(value, dict) and "y" in value:
        x, y = list(value["x"]), value["y"]
        if not (len(x) == len(y) >= 3 and all(0 < each < math.inf for each in y) and x == sorted(set(x))):
            return "no curve"
    return ""


# One test for each module and lab: one for each working would be twenty thousand, which take longer to count than to run.
@pytest.mark.parametrize("lab_name", lab_names())
@pytest.mark.parametrize("module", MODULES)
def test_each_working_gives_something_to_print(module: str, lab_name: str) -> None:
    found = {working.__name__: wrong_with(working(lab(lab_name))) for working in MODULES[module]}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("module", MODULES)
def test_each_working_says_what_it_gives_and_gives_it_again(module: str) -> None:
    here = lab(lab_names()[0])
    assert [each.__name__ for each in MODULES[module] if "return" not in each.__annotations__] == []
    assert [each.__name__ for each in MODULES[module] if each(here) != each(here)] == []


@pytest.mark.parametrize(
    "value",
    [None, 0, 3.5, True, "words", [], {}, Quantity(3, "GB"), {"x": 1, "y": 2.0}, {"x": [1, 2, 3], "y": [3, 2, 1]}],
)
def test_what_can_be_printed_or_drawn(value: Any) -> None:
    assert wrong_with(value) == ""


@pytest.mark.parametrize(
    "value",
    [
        *(object(), {1}, -1, math.nan, math.inf, Quantity(math.nan, "GB"), Quantity(-3, "GB"), {"x": 0, "y": 2.0}, {"x": 1, "y": -2}),
        *({"x": [1, 2], "y": [1, 2]}, {"x": [1, 2, 3], "y": [1, 2]}, {"x": [1, 3, 2], "y": [1, 2, 3]}, {"x": [1, 1, 2], "y": [1, 2, 3]}),
        {"x": [1, 2, 3], "y": [1, 0, 2]},
    ],
)  # fmt: skip
def test_what_cannot(value: Any) -> None:
    assert wrong_with(value)


# --- claims ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lab_name", lab_names())
@pytest.mark.parametrize("lesson", [lesson for lesson in lesson_names() if load_source(lesson).get("claims")])
def test_each_claim_holds_on_every_lab(lesson: str, lab_name: str) -> None:
    claims = load_source(lesson)["claims"]
    assert [claim for claim in claims if named_by(lesson)[claim](lab(lab_name)) is not True] == []


# --- they are used -------------------------------------------------------------------------------------------------


def test_each_working_is_named_by_the_words_or_by_other_code() -> None:
    """What nothing names is taken out. A lesson's plots and pictures count as code of its own."""
    modules = [*whole_course().modules(), *DRAWINGS]
    used = NAMED.union(*map(named_by_code, modules))
    assert sorted(set(whole_course().workings) - used) == []


@pytest.mark.parametrize("lesson", lesson_names())
def test_every_working_that_a_lesson_names_is_there(lesson: str) -> None:
    functions = code_for(
        lesson, load_source(lesson).get("number")
    ).functions  # of an explorer, and of a function of one's own
    assert (
        sorted(named_by_text(lesson) - set(named_by(lesson)) - set(functions) - {"lab", "here", "cite", "vllm"}) == []
    )


# --- numbers that anybody can check --------------------------------------------------------------------------------


def test_the_default_lab_gives_the_numbers_of_its_facts() -> None:
    first, default = workings_named(1), load_lab()
    assert float(lab_numbers.weights_read(default)) == 51_249_200_128
    assert float(first.decode_ceiling(default)) == pytest.approx(2 * 3.35e12 / 51_249_200_128, rel=1e-3)
    assert float(first.ceiling_of_one_gpu(default)) == float(first.decode_ceiling(default)) / 2
    assert float(first.batch_gain(default)) == pytest.approx(
        8 * float(first.single_step_bytes(default)) / float(first.batch_step_bytes(default))
    )
    zero = workings_named(0)
    assert float(zero.bandwidth_of_a_server(default)) == 8 * 4.8e9 * 8
    assert float(zero.bandwidth_of_the_link_both_ways(default)) == 900e9


def test_one_token_keeps_the_tensor_cores_busy_for_a_third_of_a_per_cent() -> None:
    """Two FLOPs a weight at 989.4 TFLOP/s against two bytes a weight at 3.35 TB/s; the state counts in neither."""
    first, default = workings_named(1), load_lab()
    assert str(first.flops_of_weights(default)) == "51.2 GFLOP" and str(first.peak_of_one(default)) == "989 TFLOP/s"
    assert float(first.compute_time(default)) == pytest.approx(51_249_200_128 / (2 * 989.4e12), rel=1e-3)
    assert float(first.memory_time(default)) == pytest.approx(51_249_200_128 / 6.7e12)
    assert float(first.tensor_core_share(default)) == pytest.approx(100 * 3.35 / 989.4, rel=1e-3)


def test_a_prompt_moves_less_than_one_written_token_by_the_read_of_the_state() -> None:
    first, default = workings_named(1), load_lab()
    state, cache = 150_994_944 + 2_949_120, 4096 * 65_536
    assert float(first.prefill_bytes(default)) == pytest.approx(51_249_200_128 + cache + state, rel=1e-4)
    assert float(first.single_step_bytes(default)) == pytest.approx(51_249_200_128 + cache + 2 * state, rel=1e-4)
    assert float(first.prefill_by_token(default)) == pytest.approx(4096 * float(first.single_step_bytes(default)))


def test_at_forty_seven_to_one_the_batch_decides_whose_time_it_is() -> None:
    first, default = workings_named(1), load_lab()
    shares = [round(float(working(default))) for working in (first.reading_share, first.reading_share_at_eight)]
    assert shares == [13, 53]
    assert first.many(default) == 32 and round(float(first.reading_share_of_many(default))) == 78
    assert round(float(first.share_by_tokens(default))) == 98


def test_the_case_of_the_thirty_adds_up() -> None:
    first, default = workings_named(1), load_lab()
    assert float(first.prompt_tokens_in_window(default)) == 32_880
    assert float(first.written_in_window(default)) == 1_080
    assert str(first.ratio_of_counters(default).bare) == "30.4"
    assert 0.8 < float(first.reading_in_window(default)) < 0.85


def test_both_counts_fit_a_window_at_the_roofs_only() -> None:
    """0.83 s of reading and 8.35 s of writing; expected, one by one, 1.5 s and 13.1 s do not fit into 10 s."""
    first, default = workings_named(1), load_lab()
    assert (str(first.window_at_roofs(default)), str(first.window_expected(default))) == ("9.2 s", "14.5 s")
    assert first.window_fits_alone(default) is False


@pytest.mark.parametrize("name", lab_names())
def test_twice_the_flops_save_half_of_the_reading(name: str) -> None:
    """4,096 tokens in and 88 out: the first comes with the prompt, 87 take a step each that four share; by the same engine with a faster GPU."""
    first, lab = workings_named(1), load_lab(name)
    assert float(first.written_tokens(lab)) == 88
    gpu = replace(lab.system.gpu, flops={kind: 2 * peak for kind, peak in lab.system.gpu.flops.items()})
    for batch, found in ((4, first.saved_by_flops(lab)), (1, first.saved_alone(lab))):
        before, after = (
            prefill(system, lab.prompt).ceiling_s + 87 * decode(system, batch, lab.prompt).ceiling_s / batch
            for system in (lab.system, replace(lab.system, gpu=gpu))
        )
        assert float(found) == pytest.approx(100 * (1 - after / before), rel=1e-3)


def test_the_input_embedding_is_what_a_token_of_another_lab_leaves_out() -> None:
    first, other = workings_named(1), load_lab("llama-3.1-8b-a100-80gb")
    assert float(first.embedding_parameters(other)) == pytest.approx(128_256 * 4096 / 1e9)
    assert float(lab_numbers.decode_share(other)) == pytest.approx(
        100
        * other.measured["decode_tokens_per_s"].value
        * 2
        * (8.030261248e9 - 128_256 * 4096)
        / other.system.bandwidth
    )
