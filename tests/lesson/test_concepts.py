"""The list of ideas: read whole, and each fault named with file, key and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.concepts import Concept, direct_needs, load_listing, parse_listing

GOOD = """
concepts:
  heat: {lesson: 0, name: "Heat", title: "Heat flows", needs: []}
  steam: {lesson: 1, name: "Steam", title: "Steam is water", needs: [heat]}
  engine: {lesson: 1, name: "Engine", title: "Steam pushes", needs: [heat, steam]}
misconceptions:
  heat-is-flame: Heat is flame.
"""


def test_a_list_is_read() -> None:
    listing = parse_listing(GOOD)
    assert list(listing.concepts) == ["heat", "steam", "engine"]
    assert listing.concepts["engine"] == Concept("engine", 1, "Engine", "Steam pushes", ("heat", "steam"))
    assert listing.misconceptions == {"heat-is-flame": "Heat is flame."}


def test_the_shipped_list_is_good() -> None:
    listing = load_listing()
    assert len(listing.concepts) > 30 and len(listing.misconceptions) > 100
    assert all(text.endswith((".", "?", "!")) and "{{" not in text for text in listing.misconceptions.values())


def test_what_another_need_brings_along_is_not_direct() -> None:
    assert direct_needs(parse_listing(GOOD).concepts) == {"heat": (), "steam": ("heat",), "engine": ("steam",)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("concepts:\n", "ideas:\n", "the file has two keys, concepts and misconceptions"),
        ("misconceptions:\n  heat-is-flame: Heat is flame.", "misconceptions:", "misconceptions: ids are expected"),
        (
            'name: "Heat", ',
            'name: "Heat", colour: red, ',
            "concepts.heat: “colour” is not a key here; the keys are lesson, name, title, needs",
        ),
        ('name: "Heat", ', "", "concepts.heat: name: missing"),
        ('name: "Heat", ', "name: 7, ", "concepts.heat: name: one line of text"),
        ("lesson: 0", "lesson: zero", "concepts.heat: lesson: “zero” is not a number of a lesson"),
        ("needs: []", "needs: steam", "concepts.heat: needs: “steam” is not a list of ids"),
        ('{lesson: 0, name: "Heat", title: "Heat flows", needs: []}', "warm", "concepts.heat: expected lesson, name"),
        ("needs: [heat]", "needs: [heet]", "concepts.steam: needs: there is no idea “heet”; did you mean “heat”?"),
        ("needs: [heat]", "needs: [heat, heat]", "concepts.steam: needs: “heat” is given twice"),
        ("needs: []", "needs: [steam]", "concepts.heat: needs: “steam” is taught in lesson 1, later than this"),
        ("needs: [heat]", "needs: [engine]", "concepts.steam: needs: in a circle, steam needs engine needs steam"),
        ("needs: [heat, steam]", "needs: [engine]", "concepts.engine: needs: in a circle, engine needs engine"),
        (
            'lesson: 0, name: "Heat", title: "Heat flows", needs: []}',
            'lesson: 2, name: "Heat", title: "Heat flows", needs: []}',
            "later than this",
        ),
        ('name: "Engine"', 'name: "steam"', "concepts.engine: name: “steam” is the name of “steam” already"),
        ("  steam:", "  heat:", "the key “heat” is given twice"),
        ("Heat is flame.", "[Heat, flame]", "misconceptions.heat-is-flame: one line is expected"),
        ("Heat is flame.", "'x", "not valid YAML"),
    ],
)
def test_a_fault_is_one_line_with_file_and_key(old: str, new: str, expected: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(LessonlibError) as caught:
        parse_listing(GOOD.replace(old, new), "ideas.yaml")
    line = str(caught.value)
    assert line.startswith("ideas.yaml: ") and expected in line and "\n" not in line


def test_the_list_is_in_the_order_of_teaching() -> None:
    late = GOOD.replace("misconceptions:", '  ice: {lesson: 0, name: "Ice", title: "Ice", needs: []}\nmisconceptions:')
    with pytest.raises(LessonlibError, match="concepts.ice: lesson: 0 stands after lesson 1"):
        parse_listing(late)
    below = GOOD.replace("needs: [heat]", "needs: [engine]").replace("needs: [heat, steam]", "needs: []")
    with pytest.raises(LessonlibError, match="concepts.steam: needs: “engine” stands below it"):
        parse_listing(below)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LessonlibError, match=r"^none.yaml: cannot be read"):
        load_listing(tmp_path / "none.yaml")
