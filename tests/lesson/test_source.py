"""A lesson file with a fault is refused in one line that names the file, the key and what was expected."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lessonlib.lesson.source import LessonFileError, is_checkpoint, is_form, lesson_names, load_source, parse_source
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.notebook import open_lesson
from tests.lesson.shipped import LESSON, body, source, written

Raw = dict[str, Any]


def refusal(text: str) -> str:
    with pytest.raises(LessonFileError) as refused:
        parse_source(text, "01-x.yaml", BLOCKS)
    line = str(refused.value)
    assert line.startswith("01-x.yaml: ") and len(line.splitlines()) == 1
    return line.removeprefix("01-x.yaml: ")


# --- not a lesson at all -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("number: [1,\ntitle: {", "not valid YAML: .*line 2"),
        ("number:\n\t- 1", "not valid YAML: .*line 2"),
        ("number: \x00", "not valid YAML: .*special characters"),
        ("number: 1\ntitle: a\nnumber: 2", "not valid YAML: the key “number” is given twice .*line 3"),
        ("steps:\n  - tell: {id: a, id: b}", "not valid YAML: the key “id” is given twice .*line 2"),
        ("? [a]\n: b", "not valid YAML: .*unhashable key"),
        ("number: !!python/object/apply:os.getcwd []", "not valid YAML: could not determine a constructor"),
        ("", "the file: None is not of type 'object'"),
        ("hello", "the file: 'hello' is not of type 'object'"),
        ("- a", "the file: .* is not of type 'object'"),
        ("1: 2", "the file: .*"),
    ],
)
def test_what_is_no_lesson(text: str, expected: str) -> None:
    assert re.match(expected, refusal(text)), refusal(text)


# --- a lesson with one fault -----------------------------------------------------------------------------------------

CHOICE, NUMBER, CURVE, BLANKS = "what-decode-reads", "decode-ceiling", "draw-throughput", "from-memory"


def right(raw: Raw) -> Raw:
    return next(option for option in body(raw, CHOICE)["options"] if option.get("right"))


def wrong(raw: Raw) -> Raw:
    return next(option for option in body(raw, CHOICE)["options"] if not option.get("right"))


def become(target: Raw, **keys: Any) -> None:
    target.clear()
    target.update(keys)


def pop(target: Raw, key: str) -> None:
    del target[key]


Change = Callable[[Raw], Any]
_AN_OPTION = "an option needs either `right: true` with `because`, or `misconception` with `refutation`"

FAULTS: dict[str, tuple[Change, str, str]] = (
    {
        "missing title": (lambda raw: pop(raw, "title"), "the file", "'title' is a required property"),
        "missing stem": (
            lambda raw: pop(body(raw, NUMBER), "stem"),
            "steps[#].predict (decode-ceiling)",
            "'stem' is a required property",
        ),
        "unknown key": (
            lambda raw: raw.update(titel="x"),
            "the file",
            "“titel” is not a key here; the keys are number, after, form, title",
        ),
        "unknown key in a question": (
            lambda raw: body(raw, NUMBER).update(explain="x"),
            "steps[#].predict (decode-ceiling)",
            "“explain” is not a key here; the keys are id, kind",
        ),
        "id twice": (
            lambda raw: body(raw, "two-ceilings").update(id=NUMBER),
            "the id “decode-ceiling”",
            "is used twice",
        ),
        "id of capitals": (
            lambda raw: body(raw, NUMBER).update(id="Ceiling"),
            "steps[#].predict (Ceiling).id",
            "'Ceiling' does not match",
        ),
        "two right options": (
            lambda raw: become(wrong(raw), text="x", right=True, because="y"),
            "steps[#].predict (what-decode-reads).options",
            "exactly one option must be marked `right: true`",
        ),
        "wrong option marked right": (
            lambda raw: wrong(raw).update(right=True),
            "steps[#].predict (what-decode-reads).options[#]",
            _AN_OPTION,
        ),
        "no right option": (
            lambda raw: become(right(raw), **{**wrong(raw), "text": "x"}),
            "steps[#].predict (what-decode-reads).options",
            "exactly one option",
        ),
        "right: false": (
            lambda raw: right(raw).update(right=False),
            "steps[#].predict (what-decode-reads).options[#].right",
            "True was expected",
        ),
        "right option without because": (
            lambda raw: pop(right(raw), "because"),
            "steps[#].predict (what-decode-reads).options[#]",
            _AN_OPTION,
        ),
        "wrong option without a name": (
            lambda raw: pop(wrong(raw), "misconception"),
            "steps[#].predict (what-decode-reads).options[#]",
            _AN_OPTION,
        ),
        "wrong option without refutation": (
            lambda raw: pop(wrong(raw), "refutation"),
            "steps[#].predict (what-decode-reads).options[#]",
            _AN_OPTION,
        ),
        "two options": (
            lambda raw: body(raw, CHOICE)["options"].__delitem__(slice(2, None)),
            "steps[#].predict (what-decode-reads).options",
            "2 given; it must be at least 3",
        ),
        "choice without options": (
            lambda raw: pop(body(raw, CHOICE), "options"),
            "steps[#].predict (what-decode-reads)",
            "'options' is a required property",
        ),
        "number without wrong workings": (
            lambda raw: pop(body(raw, NUMBER), "wrong"),
            "steps[#].predict (decode-ceiling)",
            "'wrong' is a required property",
        ),
        "number with none of them": (
            lambda raw: body(raw, NUMBER).update(wrong=[]),
            "steps[#].predict (decode-ceiling).wrong",
            "0 given; it must be at least 1",
        ),
        "wrong working without its words": (
            lambda raw: pop(body(raw, NUMBER)["wrong"][0], "says"),
            "steps[#].predict (decode-ceiling).wrong[0]",
            "'says' is a required property",
        ),
        "number without a unit": (
            lambda raw: pop(body(raw, NUMBER), "unit"),
            "steps[#].predict (decode-ceiling)",
            "'unit' is a required property",
        ),
        "truth that is a number": (
            lambda raw: body(raw, NUMBER).update(truth=131),
            "steps[#].predict (decode-ceiling).truth",
            "131 is not of type 'string'",
        ),
        "unknown kind": (
            lambda raw: body(raw, NUMBER).update(kind="guess"),
            "steps[#].predict (decode-ceiling).kind",
            "'guess' is not one of ['choice', 'number', 'range', 'settings', 'curve', 'place']",
        ),
        "unknown kind of item": (
            lambda raw: raw["steps"].append({"quiz": {"id": "x"}}),
            "steps[#]",
            "“quiz” is not a key here; the keys are text, tell, ",
        ),
        "item of two kinds": (
            lambda raw: raw["steps"][0].update(tell={"id": "x", "title": "x", "text": "x"}),
            "steps[0]",
            "each item has one key, its kind; this one has tell, text",
        ),
        "item of no kind": (lambda raw: raw["steps"].append("hello"), "steps[#]", "'hello' is not of type 'object'"),
        "no steps": (lambda raw: raw.update(steps=[]), "steps", "0 given; it must be at least 1"),
        "curve without features": (
            lambda raw: pop(body(raw, CURVE), "features"),
            "steps[#].predict (draw-throughput)",
            "'features' is a required property",
        ),
        "feature of no length": (
            lambda raw: body(raw, CURVE)["features"][1].update(to="middle"),
            "steps[#].predict (draw-throughput).features[1]",
            "it runs from “middle” to the same place",
        ),
        "axis without a range": (
            lambda raw: pop(body(raw, CURVE)["y"], "min"),
            "steps[#].predict (draw-throughput).y",
            "'min' is a required property",
        ),
        "logarithmic axis from zero": (
            lambda raw: body(raw, CURVE)["y"].update(min=0),
            "steps[#].predict (draw-throughput).y.min",
            "0 has no place on a logarithmic axis; give an end above zero, or say `log: false`",
        ),
        "logarithmic axis unless it is told": (
            lambda raw: (pop(body(raw, CURVE)["y"], "log"), body(raw, CURVE)["y"].update(min=0)),
            "steps[#].predict (draw-throughput).y.min",
            "0 has no place on a logarithmic axis",
        ),
        "axis that runs down": (
            lambda raw: body(raw, CURVE)["y"].update(min=20, max=10),
            "steps[#].predict (draw-throughput).y",
            "it runs from 20 to 10; min must be below max",
        ),
        "fewer answers than gaps": (
            lambda raw: body(raw, BLANKS)["answers"].pop(),
            "steps[#].blanks (from-memory).answers",
            "gaps (___)",
        ),
        "text without gaps": (
            lambda raw: body(raw, BLANKS).update(text="none"),
            "steps[#].blanks (from-memory).text",
            "'none' does not match '___'",
        ),
        "observe check with two right answers": (
            lambda raw: [option.update(right=True) for option in body(raw, CURVE)["observe"]["options"]],
            "steps[#].predict (draw-throughput).observe.options",
            "exactly one option",
        ),
        "observe check without a right answer": (
            lambda raw: [option.pop("right", None) for option in body(raw, CURVE)["observe"]["options"]],
            "steps[#].predict (draw-throughput).observe.options",
            "exactly one option",
        ),
        "the same GPU twice": (
            lambda raw: body(raw, "quiz-another-lab").update(elsewhere={"gpu": ["h200-sxm", "h200-sxm"]}),
            "steps[#].predict (quiz-another-lab).elsewhere.gpu",
            "non-unique",
        ),
        "source without https": (
            lambda raw: next(iter(raw["sources"].values())).update(url="http://x"),
            "sources.scaling-book.url",
            "'http://x' does not match '^https://'",
        ),
        "source named by a number": (
            lambda raw: raw["sources"].update({2020: {}}),
            "sources",
            "2020 is not of type 'string'",
        ),
        "title of two lines": (lambda raw: raw.update(title="a\nb"), "title", "does not match"),
        "very long value": (lambda raw: raw.update(title={"x": "y" * 5000}), "title", "is not of type 'string'"),
    }
    | {
        f"refutation without {part}": (
            lambda raw, part=part: pop(wrong(raw)["refutation"], part),
            "steps[#].predict (what-decode-reads).options[#].refutation",
            f"'{part}' is a required property",
        )
        for part in ("thought", "tempting", "wrong", "fact")
    }
    | {
        "empty part of a refutation": (
            lambda raw: body(raw, NUMBER)["wrong"][0]["refutation"].update(fact=""),
            "steps[#].predict (decode-ceiling).wrong[0].refutation.fact",
            "should be non-empty",
        ),
    }
)


class NoAliases(yaml.SafeDumper):
    """Writes out what two places share."""

    def ignore_aliases(self, data: object) -> bool:
        return True


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_by_key_and_expectation(fault: str) -> None:
    change, key, expected = FAULTS[fault]
    raw = source()
    change(raw)
    line = refusal(yaml.dump(raw, Dumper=NoAliases, allow_unicode=True))
    assert re.match(re.escape(key).replace(r"\#", "[0-9]+") + "[: ]", line), line
    assert expected in line
    assert len(line) < 500


def test_the_shipped_lessons_are_without_fault_and_in_order() -> None:
    assert lesson_names()[:2] == ["00-start-here", LESSON]
    forms = [name for name in lesson_names() if is_form(name)]
    lessons = [name for name in lesson_names() if not is_checkpoint(name) and name not in forms]
    assert [load_source(name)["number"] for name in lessons] == [int(name[:2]) for name in lessons]
    assert lesson_names() == [*lessons, *(name for name in lesson_names() if is_checkpoint(name)), *forms]


# --- the file itself -----------------------------------------------------------------------------------------------


def test_an_unknown_lesson_is_told_which_there_are() -> None:
    with pytest.raises(
        LessonFileError, match="there is no lesson “01-prefil”; the lessons are: 00-start-here, 01-prefill-vs-decode"
    ):
        load_source("01-prefil")


def test_a_lesson_may_be_named_by_its_path(tmp_path: Path) -> None:
    assert load_source(written(tmp_path, source()))["title"] == "Prefill vs decode"


def test_a_file_that_cannot_be_read_as_text(tmp_path: Path) -> None:
    latin, folder = tmp_path / "09-latin.yaml", tmp_path / "09-folder.yaml"
    latin.write_bytes("title: Prüfung".encode("latin-1"))
    folder.mkdir()
    with pytest.raises(LessonFileError, match=r"^09-latin.yaml: not UTF-8 text \(byte 9, in line 1\)"):
        load_source(str(latin))
    with pytest.raises(LessonFileError, match=r"^09-folder.yaml: is a folder, not an ordinary file"):
        load_source(str(folder))


def test_a_working_that_is_not_there(tmp_path: Path) -> None:
    raw = source()
    body(raw, "decode-ceiling")["truth"] = "decode_celing"
    lesson = open_lesson(written(tmp_path, raw))
    with pytest.raises(
        ValueError, match="decode-ceiling: there is no working “decode_celing”; did you mean decode_ceiling"
    ):
        lesson._lesson.item("decode-ceiling").parts()


def test_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    raw = source()
    body(raw, "quiz-another-lab")["elsewhere"] = {"gpu": ["h900-sxm", "h100-sxm"]}
    with pytest.raises(ValueError, match="quiz-another-lab elsewhere: unknown GPU 'h900-sxm': did you mean") as error:
        open_lesson(written(tmp_path, raw))
    assert "\n" not in str(error.value)
