"""The linter over files: whatever is wrong with them is a finding with its line, and never a traceback."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from lessonlib.build.lint import BEFORE_RULES, RULES, run
from lessonlib.build.lint.lines import Lines
from lessonlib.build.places import Place, find
from lessonlib.lesson.code import SHARED, LessonCode, code_beside, forget_code
from tests.build.tea import change, findings, tea

Fault = Callable[[Place], None]


def words(old: str, new: str, count: int = 1) -> Fault:
    return lambda place: change(place.file, old, new, count)


def workings(old: str, new: str) -> Fault:
    return lambda place: change(place.folder / "workings.py", old, new)


def module(text: str) -> Fault:
    return lambda place: (place.folder / "more.py").write_text(text, encoding="utf-8") and None


def raw(data: bytes) -> Fault:
    return lambda place: place.file.write_bytes(data) and None


def gone(name: str) -> Fault:
    return lambda place: (place.folder / name).unlink()


def second(place: Place) -> None:
    (place.folder / "07-milk.yaml").write_text(place.file.read_text(encoding="utf-8"), encoding="utf-8")


#: fault -> what brings it about, the finding expected (file:line: rule: text), and the line's own text
FAULTS: dict[str, tuple[Fault, str, str]] = {
    "misspelt working": (
        words("truth: tea_read_time", "truth: tea_red_time"),
        r"07-tea.yaml:\d+: workings: .*“tea_red_time”; did you mean tea_read_time",
        "truth: tea_red_time",
    ),
    "misspelt placeholder": (
        words("{{ tea_weights }} of weights", "{{ tea_wights }} of weights"),
        r"07-tea.yaml:\d+: placeholders: predict read-time: stem: .*“tea_wights”",
        "tea_wights",
    ),
    "bad template": (
        words("{{ tea_weights }} of weights", "{{ tea_weights } of weights"),
        r"07-tea.yaml:\d+: placeholders: .*does not parse",
        "{{ tea_weights }",
    ),
    "missing key": (words('title: "Tea"\n', ""), r"07-tea.yaml:3: schema: .*“title” is missing; add it", "number: 7"),
    "unknown key": (words("unit: ms", "unti: ms"), r"07-tea.yaml:\d+: schema: .*“unti” is not a key here", "unti: ms"),
    "not text": (
        words("because: Bytes", "because: [1] #"),
        r"schema: .*because: text is expected, not \[1\]",
        "because",
    ),
    "no YAML": (words("sources: {}", "sources: {"), r"07-tea.yaml:\d+: file: not valid YAML", "- text: |"),
    "key twice": (words("unit: ms", "unit: ms\n      unit: s"), r"file: .*“unit” is given twice", "unit: s"),
    "not UTF-8": (raw(b"\xff\xfe"), r"07-tea.yaml:1: file: not UTF-8", ""),
    "empty": (raw(b""), r"07-tea.yaml:1: schema: the file: a block of keys and values is expected", ""),
    "a list": (raw(b"- a"), r"07-tea.yaml:1: schema: the file: a block of keys and values is expected", "- a"),
    "unknown GPU": (
        words("[h200-sxm, b200]", "[h200-sxm, b300-x]"),
        r"07-tea.yaml:\d+: opens: on-another-gpu elsewhere: unknown GPU 'b300-x'",
        "b300-x",
    ),
    "unknown picture": (
        words("  - score:", "  - picture: {id: p, title: P, name: pot, caption: C, numbers: {}}\n  - score:"),
        r"07-tea.yaml:\d+: figures: picture p: unknown picture 'pot'",
        "pot",
    ),
    "unknown misconception": (
        words("misconception: tea-counted-in-bits", "misconception: tea-in-bits"),
        r"07-tea.yaml:\d+: misconceptions: .*“tea-in-bits” is not in concepts.yaml",
        "tea-in-bits",
    ),
    "misconception that nothing names": (
        words("misconception: tea-counted-in-bits", "misconception: tea-reads-all-memory"),
        r"concepts.yaml:\d+: misconceptions: .*tea-counted-in-bits: no wrong answer names it",
        "tea-counted-in-bits",
    ),
    "broken list": (
        lambda place: change(place.concepts, "needs: []", "needs: [milk]"),
        r"concepts.yaml:\d+: list: concepts.tea: needs: there is no idea “milk”",
        "milk",
    ),
    "module that does not parse": (module("x = 1\ndef x(:"), r"more.py:2: code: invalid syntax", "def x(:"),
    "module that does not import": (
        module("\nimport nonsuch_pot"),
        r"more.py:2: code: .*No module named 'nonsuch_pot'",
        "import nonsuch_pot",
    ),
    "module that raises": (
        module("def boil():\n    return 1 / 0\n\n\nboil()"),
        r"more.py:2: code: .*ZeroDivisionError",
        "return 1 / 0",
    ),
    "module that ends everything": (module("raise SystemExit(3)"), r"more.py:1: code: .*SystemExit", "SystemExit"),
    "two workings of one name": (
        module("\ndef tea_weights(lab):\n    return 1"),
        r"workings.py:\d+: name-once: two workings are called “tea_weights”",
        "def tea_weights",
    ),
    "two workings of one name in one module": (
        workings("def tea_read_time_in_bits(", "def tea_read_time(lab):\n    return 1\n\n\ndef tea_read_time_in_bits("),
        r"workings.py:\d+: name-once: “tea_read_time” is defined in line \d+ already",
        "def tea_read_time(lab):",
    ),
    "working without a unit": (
        workings(
            'Quantity(weight_bytes(lab.system) / lab.system.bandwidth, "s")',
            "weight_bytes(lab.system) / lab.system.bandwidth",
        ),
        r"07-tea.yaml:\d+: quantities: .*“tea_read_time” returns float; return Quantity",
        "truth: tea_read_time",
    ),
    "unit of another kind": (
        words("unit: ms", "unit: GB"),
        r"07-tea.yaml:\d+: quantities: .*“tea_read_time” is in “s”, but the question asks in “GB”",
        "truth: tea_read_time",
    ),
    "wrong working that is the truth": (
        words("working: tea_read_time_in_bits", "working: tea_read_time"),
        r"07-tea.yaml:\d+: wrong-is-wrong: .*“tea_read_time” is the truth itself",
        "working: tea_read_time",
    ),
    "working that raises": (
        workings("return Quantity(8 *", "return Quantity(8 / 0 *"),
        r"workings.py:\d+: working: tea_read_time_in_bits: ZeroDivisionError: .*on every lab",
        "8 / 0",
    ),
    "other number": (words("number: 7", "number: 8"), r"07-tea.yaml:3: number: number: 8 .* says 07", "number: 8"),
    "two lessons of one number": (second, r"07-tea.yaml:1: number: number 07 is that of 07-milk.yaml too", "#"),
    "no notebook": (gone("07-tea.ipynb"), r"07-tea.ipynb:1: notebook: it is not there; .*lessonlib build", ""),
    "old notebook": (
        words("id: read-time", "id: reading-time"),
        r"07-tea.ipynb:1: notebook: .*not those of the words; run lessonlib build",
        "{",
    ),
    "torn notebook": (
        lambda place: place.notebook.write_text("{") and None,
        r"07-tea.ipynb:1: notebook: no notebook can be read",
        "{",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_a_finding_at_its_line(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    break_it, expected, line = FAULTS[fault]
    place = tea(tmp_path / "pot")
    break_it(place)
    told = [str(finding) for finding in findings(place.folder)]
    hits = [one for one in told if re.search(expected, one)]
    assert hits and all("\n" not in one for one in told), told
    file, number = hits[0].split(":")[:2]
    if line:
        assert line in Path(file).read_text(encoding="utf-8").splitlines()[int(number) - 1]


def test_all_faults_of_a_file_are_found_at_once(tmp_path: Path) -> None:
    place = tea(tmp_path / "pot")
    for old, new in (("title: ", "#title: "), ("\nshort: true", "\nshort: 3"), ("kind: number", "kind: nmber")):
        change(place.file, old, new)
    found = [finding.text for finding in findings(place.folder) if finding.rule == "schema"]
    assert len(found) == 3 and len({text.split(":")[0] for text in found}) == 3, found


def test_every_rule_says_in_one_sentence_what_it_asks_for() -> None:
    assert len(RULES) > 20
    for name, says in {**BEFORE_RULES, **{name: rule.says for name, rule in RULES.items()}}.items():
        assert says.endswith(".") and says[0].isupper(), name


def test_workings_that_cannot_be_told_apart_are_a_finding(tmp_path: Path) -> None:
    place = tea(tmp_path / "pot")
    change(place.folder / "workings.py", "Quantity(8 *", "Quantity(1.06 *")
    found = [finding for finding in findings(place.folder) if finding.rule == "workings-apart"]
    assert len(found) == 1 and "“tea_read_time_in_bits” comes within 15 % of “tea_read_time”" in found[0].text


def test_the_course_around_the_lessons_has_no_finding() -> None:
    """No number or name twice, no package without words, every idea asked, recalled and transferred."""
    assert list(run._around(find([]))) == []


def test_a_name_with_two_meanings_in_the_course_is_found_at_the_lesson(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pots = [tea(tmp_path / name).folder for name in ("one", "two")]
    for pot in pots:
        (pot / "more.py").write_text("\ndef gpus(lab):\n    return 1\n", encoding="utf-8")
        change(pot / "workings.py", "def tea_weights", f"def {pot.name}_weights")
    forget_code()
    packages = [code_beside(pot).packages[0] for pot in pots]
    monkeypatch.setattr(run, "whole_course", lambda: LessonCode((*packages, SHARED)))
    found = {(finding.file, finding.line): finding for finding in run._names([pots[1]], everything=False)}
    assert found[str(pots[1] / "more.py"), 2].rule == "name-once"
    assert not any(file.endswith("shared/lab.py") for file, _ in found)


YAML = """a:
  - b: |
      one
      two {{ three }}
    c: 4
d: {e: 5}
"""


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ((), "", 1),
        (("a", 0, "b"), "", 2),
        (("a", 0, "b"), "no “three” here", 4),
        (("a", 0, "c"), "", 5),
        (("a", 0, "none", 7), "", 2),
        (("d", "e"), "", 6),
        (("x",), "", 1),
    ],
)
def test_a_place_in_yaml_has_its_line(path: tuple[str | int, ...], text: str, line: int) -> None:
    assert Lines(YAML).of(path, text) == line


def test_what_does_not_parse_is_at_its_first_line() -> None:
    assert Lines("a: [").of(("a",)) == 1
