"""The map: every idea and need on it, each state in word and sign, and the same bytes for the same learner."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from lessonlib.lesson.concepts import Concept, direct_needs, load_listing
from lessonlib.lesson.words import plain
from lessonlib.record.journal import Journal
from lessonlib.review.progress import MET, MISSED, RECALLED, SKIPPED, STATES, UNMET
from lessonlib.roofline import DEFAULT_LAB, load_lab
from lessonlib.show.course_map import Chapter, course_map_html, course_map_text
from lessonlib.show.course_map.drawing import MOST_LINES, lines_of
from lessonlib.show.course_map.layout import CELL_HEIGHT, CELL_WIDTH, Layout, lay_out
from lessonlib.show.course_map.states import LOOKS
from lessonlib.show.notebook import open_lesson

CONCEPTS = load_listing().concepts
CHAPTERS = [Chapter(number, f"Lesson <{number}>", f"{number:02d}-x.ipynb") for number in range(8)]
SOME = {"bandwidth": RECALLED, "decode-traffic": MET, "memory-bound": MISSED, "two-roofs": SKIPPED}
NAMESPACE = "{http://www.w3.org/2000/svg}"


def drawing(states: dict[str, str]) -> ET.Element:
    svg = re.search(r'<svg class="ll-map-drawing".*?</svg>', course_map_html(CONCEPTS, CHAPTERS, states), re.DOTALL)
    assert svg
    return ET.fromstring(svg[0])


def rows(states: dict[str, str]) -> list[list[str]]:
    table = course_map_html(CONCEPTS, CHAPTERS, states).split("<tbody>")[1].split("</tbody>")[0]
    return [
        [plain(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in table.split("</tr>") if row
    ]


# --- the layout ------------------------------------------------------------------------------------------------------


def layout() -> Layout:
    return lay_out(CONCEPTS)


def test_a_column_for_each_lesson_and_cells_in_order_without_overlap() -> None:
    placed = layout()
    for lesson, x in placed.columns.items():
        cells = [cell for cell in placed.cells.values() if cell.concept.lesson == lesson]
        assert {cell.x for cell in cells} == {x}
        assert cells[0].y >= 0 and cells[-1].y + CELL_HEIGHT <= placed.height
        assert all(one.y + CELL_HEIGHT < other.y for one, other in itertools.pairwise(cells))
    assert list(placed.columns.values()) == sorted(placed.columns.values())


def test_a_line_for_each_direct_need_and_no_other() -> None:
    drawn = sorted((edge.source, edge.target) for edge in layout().edges if edge.target)
    assert drawn == sorted((need, key) for key, needs in direct_needs(CONCEPTS).items() for need in needs)


def test_lines_pass_between_the_cells() -> None:
    placed = layout()
    for edge in placed.edges:
        for (x1, y1), (x2, y2) in zip(edge.points[1:-1:2], edge.points[2::2], strict=False):
            assert y1 == y2 and x2 - x1 == CELL_WIDTH
            assert not any(
                cell.x == x1 and cell.y - 2 < y1 < cell.y + CELL_HEIGHT + 2 for cell in placed.cells.values()
            ), edge


def test_a_line_ends_at_its_cell() -> None:
    placed = layout()
    for edge in placed.edges:
        if edge.target:
            x, y = edge.points[-1]
            cell = placed.cells[edge.target]
            assert cell.x <= x <= cell.x + CELL_WIDTH and cell.y <= y <= cell.y + CELL_HEIGHT
            assert (edge.way == "right") == (placed.cells[edge.source].x < cell.x)


def test_a_course_of_one_idea_is_a_map_too() -> None:
    one = {"heat": Concept("heat", 3, "Heat", "Heat flows", ())}
    assert len(lay_out(one).cells) == 1 and not lay_out(one).edges
    assert "Heat" in course_map_html(one, [], {})


# --- the drawing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("concept", CONCEPTS.values(), ids=lambda concept: concept.id)
def test_a_name_fits_into_its_cell(concept: Concept) -> None:
    lines = lines_of(concept.name)
    assert len(lines) <= MOST_LINES and all(len(line) <= 11 for line in lines), (
        "give it a shorter name in concepts.yaml"
    )
    assert "".join(lines).replace(" ", "") == concept.name.replace(" ", "")


def test_each_state_has_a_word_a_sign_and_a_meaning_of_its_own() -> None:
    assert set(LOOKS) == set(STATES)
    for part in range(3):
        assert len({look[part] for look in LOOKS.values()}) == len(STATES)


def test_a_cell_tells_its_state_in_a_word() -> None:
    told = [plain(" ".join(group.itertext())) for group in drawing(SOME).findall("g")]
    assert len(told) == len(CONCEPTS)
    words = dict(zip(CONCEPTS, told, strict=True))
    assert words["bandwidth"].endswith("recalled") and words["memory-bound"].endswith("look again")
    assert words["decode-traffic"].endswith("met") and words["two-roofs"].endswith("skipped")
    assert words["ridge"] == "Ridge point"


def test_the_drawing_is_named_and_described() -> None:
    svg = drawing(SOME)
    assert svg.get("role") == "img" and svg.get("aria-labelledby") == "ll-map-title ll-map-desc"
    assert svg.findtext("title") and "1 recalled" in svg.findtext("desc", "")
    assert f"{sum(map(len, direct_needs(CONCEPTS).values()))} lines" in svg.findtext("desc", "")


# --- the page --------------------------------------------------------------------------------------------------------


def test_the_table_and_the_list_tell_the_same_as_the_drawing() -> None:
    table = {row[1].split(" Decode waits")[0]: row for row in rows(SOME)}
    assert [row[0] for row in rows(SOME)] == [str(concept.lesson) for concept in CONCEPTS.values()]
    assert table["Two roofs"][2:] == ["Decode ceiling, Prefill passes", "skipped"]
    assert table["What limits decode"][3] == "look again"
    listed = course_map_html(CONCEPTS, CHAPTERS, SOME).split('class="ll-map-list"')[1].split("<details>")[0]
    assert [plain(word) for word in re.findall(r"<i>(.*?)</i>", listed)] == [
        LOOKS[SOME.get(key, UNMET)].word for key in CONCEPTS
    ]


def test_what_is_true_is_told_once_it_is_met_and_not_before() -> None:
    assert "Decode waits for memory" in course_map_html(CONCEPTS, CHAPTERS, SOME)
    for states in ({}, {"memory-bound": SKIPPED}):
        assert "Decode waits for memory" not in course_map_html(CONCEPTS, CHAPTERS, states)


def test_lessons_link_to_their_notebooks_and_missing_ones_do_not() -> None:
    page = course_map_html(CONCEPTS, CHAPTERS, {})
    assert page.count('href="03-x.ipynb"') == 2 and "Lesson &lt;3&gt;" in page and "<3>" not in page
    assert "8 · to come" in page and "08-" not in page


def test_the_sentence_counts_and_names_what_to_look_at_again() -> None:
    page = plain(course_map_html(CONCEPTS, CHAPTERS, SOME))
    assert (
        f"You have met 3 of {len(CONCEPTS)} ideas . 1 of them you had when asked again. Look again at “What limits decode”"
        in page
    )
    assert "You have met" not in course_map_html(CONCEPTS, CHAPTERS, {"bandwidth": SKIPPED})


def test_the_same_learner_gets_the_same_bytes() -> None:
    assert course_map_html(CONCEPTS, CHAPTERS, SOME) == course_map_html(dict(CONCEPTS), list(CHAPTERS), dict(SOME))


def test_as_text_it_is_a_line_for_each_lesson() -> None:
    lines = course_map_text(CONCEPTS, CHAPTERS, SOME).split("\n")
    assert lines[0] == "0 · Lesson <0>: Guessing first, Memory bandwidth (recalled)"
    assert len(lines) == len({concept.lesson for concept in CONCEPTS.values()})


# --- in the start notebook -------------------------------------------------------------------------------------------


def test_the_panel_shows_the_learner_and_the_file_shows_nobody(tmp_path: Path) -> None:
    lesson = open_lesson("00-start-here", load_lab(DEFAULT_LAB), journal=Journal(tmp_path / "journal.jsonl"))
    panel = lesson.map()
    before = panel._fallback()
    assert (panel.view["kind"], panel.view["state"]) == ("map", "observed") and "You have met" not in panel.view["html"]
    for event in ({"event": "commit", "guess": {"text": "3"}, "confidence": 0}, {"event": "reveal"}):
        lesson._lesson.handle("how-fast-is-memory", event)
    assert "You have met <strong>1 of" in panel.view["html"], "an answer shows at once"
    assert panel._fallback() == before, "a notebook file never holds a learner's record"
    assert "seal" not in before[0] and "ll-map-drawing" in before[1]


def test_without_a_journal_it_is_the_map_of_nobody() -> None:
    lesson = open_lesson("00-start-here", load_lab(DEFAULT_LAB), auto="truth")
    lesson.predict("how-fast-is-memory")
    assert lesson.map().view == lesson._lesson.items["map"].stored_view()  # type: ignore[attr-defined]
