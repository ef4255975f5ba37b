"""The course hangs together, the linter of the course sees each fault, and the map gives no answer away."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest

from lessonlib.build.lint import course_findings
from lessonlib.build.lint.secrets import Sentence, Text, late_secrets, normal, secrets
from lessonlib.lesson.concepts import Concept, Evidence, Listing, load_listing
from lessonlib.lesson.source import lesson_names, load_source
from lessonlib.show.fallback import fallback
from tests.content.conftest import opened

Raw = dict[str, Any]


def test_the_shipped_course_has_no_finding() -> None:
    found = course_findings({name: load_source(name) for name in lesson_names()}, load_listing())
    assert not found, "\n" + "\n".join(map(str, found))


# --- a small course without a fault, and one fault at a time --------------------------------------------------------


def question(item_id: str, concepts: list[str], *beliefs: str, **marks: Any) -> Raw:
    return {
        "predict": {
            "id": item_id,
            "concepts": concepts,
            "options": [{"right": True}, *({"misconception": belief} for belief in beliefs)],
            **marks,
        }
    }


def course() -> dict[str, Raw]:
    """Two lessons about boiling water."""
    return {
        "00-kettle": {
            "number": 0,
            "steps": [
                {"text": "# Kettle"},
                question("how-hot", ["heat"], "heat-is-flame"),
                {"recall": {"id": "say-heat", "concepts": ["heat"]}},
                question("elsewhere", ["heat"], transfer=True),
            ],
        },
        "01-steam": {
            "number": 1,
            "steps": [
                question("what-rises", ["steam"], "steam-is-smoke", "heat-is-flame"),
                {"blanks": {"id": "gaps", "concepts": ["steam"]}},
                question("quiz-lid", ["steam", "heat"], quiz=True, transfer=True),
                {
                    "predict": {
                        "id": "quiz-degrees",
                        "concepts": ["heat"],
                        "quiz": True,
                        "wrong": [{"misconception": "heat-is-flame"}],
                    }
                },
            ],
        },
    }


def listing() -> Listing:
    concepts = [Concept("heat", 0, "Heat", "Heat flows", ()), Concept("steam", 1, "Steam", "Steam is water", ("heat",))]
    return Listing(
        {concept.id: concept for concept in concepts},
        {"heat-is-flame": "Heat is flame.", "steam-is-smoke": "Steam is smoke."},
        {name: Evidence("A kettle.", "") for name in ("heat-is-flame", "steam-is-smoke")},
    )


def body(lessons: dict[str, Raw], item_id: str) -> Raw:
    return next(
        found
        for raw in lessons.values()
        for entry in raw["steps"]
        for found in entry.values()
        if isinstance(found, dict) and found["id"] == item_id
    )


def names(item_id: str, *concepts: str) -> Callable[[dict[str, Raw]], None]:
    """Lets a question name these ideas."""
    return lambda lessons: body(lessons, item_id).update(concepts=list(concepts))


def swapped(lessons: dict[str, Raw]) -> None:
    """Heat is asked by a step of lesson 1 only."""
    body(lessons, "how-hot")["transfer"] = True
    body(lessons, "what-rises")["concepts"] = ["steam", "heat"]


def only_steam(lessons: dict[str, Raw]) -> None:
    for item_id in ("quiz-lid", "quiz-degrees"):
        body(lessons, item_id)["concepts"] = ["steam"]


FAULTS: dict[str, tuple[Callable[[dict[str, Raw]], Any], str]] = {
    "no idea named": (names("gaps"), r"01-steam.yaml: blanks gaps: concepts: it names no idea"),
    "unknown idea": (
        names("say-heat", "heat", "warmth"),
        r"00-kettle.yaml: recall say-heat: concepts: “warmth” is not in concepts.yaml",
    ),
    "idea of a later lesson": (
        names("say-heat", "heat", "steam"),
        r"00-kettle.yaml: recall say-heat: concepts: “steam” is taught later, in lesson 1",
    ),
    "never asked": (names("what-rises", "heat"), r"01-steam.yaml: concept steam: no step asks it"),
    "never recalled": (
        lambda lessons: (names("gaps", "heat")(lessons), names("quiz-lid", "heat")(lessons)),
        r"01-steam.yaml: concept steam: nothing recalls it",
    ),
    "never transferred": (
        lambda lessons: body(lessons, "quiz-lid").pop("transfer"),
        r"01-steam.yaml: concept steam: no question transfers it",
    ),
    "asked first in a later lesson": (
        swapped,
        r"01-steam.yaml: predict what-rises: .*“heat”, which concepts.yaml gives to lesson 0",
    ),
    "lesson that is not there": (
        lambda lessons: lessons.pop("01-steam"),
        r"concepts.yaml: steam: there is no lesson 1",
    ),
    "quiz of its own lesson alone": (
        only_steam,
        r"01-steam.yaml: quiz: .*mix in one about an idea of an earlier lesson",
    ),
    "unknown misconception": (
        lambda lessons: body(lessons, "quiz-degrees")["wrong"].append({"misconception": "hot-is-red"}),
        r"01-steam.yaml: predict quiz-degrees: wrong\[1\]: misconception: “hot-is-red” is not in concepts.yaml",
    ),
    "misconception that nothing names": (
        lambda lessons: body(lessons, "what-rises")["options"].pop(1),
        r"concepts.yaml: misconceptions.steam-is-smoke: no wrong answer names it",
    ),
}


def test_a_course_without_a_fault_has_no_finding() -> None:
    """Also with one belief named in three places, and a lesson 0 without a quiz."""
    assert course_findings(course(), listing()) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_the_linter_sees_a_fault_of_the_course(fault: str) -> None:
    lessons = copy.deepcopy(course())
    change, expected = FAULTS[fault]
    change(lessons)
    found = [f"{finding.file}: {finding.text}" for finding in course_findings(lessons, listing())]
    assert any(re.search(expected, line) for line in found), found
    assert all("\n" not in line and re.match(r"[\w-]+\.yaml: ", line) for line in found)


# --- the map ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", lesson_names())
def test_the_map_of_nobody_gives_no_answer_away(name: str) -> None:
    told = [Text(text) for text in fallback(opened("00-start-here").items["map"].stored_view())]  # type: ignore[attr-defined, arg-type]
    for item in opened(name).asked:
        for secret in [*secrets(item), *late_secrets(item)]:
            assert not any(secret.told_by(text) for text in told), f"{item.id}: {secret}"


def test_what_is_true_of_an_idea_is_not_on_the_map_of_nobody() -> None:
    told = [Text(text) for text in fallback(opened("00-start-here").items["map"].stored_view())]  # type: ignore[attr-defined, arg-type]
    telling = [
        concept
        for concept in load_listing().concepts.values()
        if concept.title.lower() not in (concept.name.lower(), f"the {concept.name.lower()}")
    ]
    assert len(telling) > 10
    for concept in telling:
        assert not any(Sentence("title", normal(concept.title)).told_by(text) for text in told), concept.id
