"""The way through the course on the start page."""

from __future__ import annotations

import re

from lessonlib.lesson.course_plan import Part, PlannedLesson, load_parts
from lessonlib.lesson.source import is_checkpoint, is_form, lesson_names, load_source, place_in_course
from lessonlib.review.pace import Pace
from lessonlib.show.course_map.way import way_html, way_text

PARTS = (
    Part("Part I", (PlannedLesson("01-a", "A & B", 28.4), PlannedLesson("checkpoint-1", "Checkpoint 1: C", 44.0))),
    Part("Part II", (PlannedLesson("09-d", "<D>", None),)),
)
NOBODY = Pace({}, None)


def test_what_is_there_is_linked_with_its_minutes_and_what_is_planned_is_said_to_be() -> None:
    html = way_html(PARTS, NOBODY)
    assert '<a href="01-a.ipynb" target="_blank">1 · A &amp; B</a><span>28 min</span>' in html
    assert '<a href="checkpoint-1.ipynb" target="_blank">Checkpoint 1: C</a><span>44 min</span>' in html
    assert "<b>Planned:</b> 9 · &lt;D&gt;" in html and "09-d.ipynb" not in html
    assert "own median" not in html
    assert way_text(PARTS, NOBODY).splitlines()[:2] == [
        "Part I: 1 · A & B (28 min); Checkpoint 1: C (44 min)",
        "Part II: planned: 9 · <D>",
    ]


def test_the_learners_own_minutes_stand_beside_those_of_the_formula() -> None:
    own = Pace({"01-a": 34.2}, 1.204)
    assert "<span>28 min, you 34</span>" in way_html(PARTS, own)
    assert "Over 1 lesson your own median is 1.2 times that." in way_text(PARTS, own)


def test_every_lesson_stands_on_the_way_with_its_minutes_in_the_order_of_the_course() -> None:
    listed = [one for part in load_parts() for one in part.lessons]
    names = [one.name for one in listed]
    course = {name for name in lesson_names() if not is_form(name)}
    taught = sorted(course, key=lambda name: (place_in_course(load_source(name)), is_checkpoint(name)))
    assert [name for name in names if name in taught] == [name for name in taught if name in names]
    assert course <= set(names), "list it in data/course.json"
    for one in listed:
        assert one.planned == (one.name not in lesson_names()), f"{one.name}: build it"
        assert re.fullmatch(r"\d\d-[a-z0-9-]+|checkpoint-\d", one.name)
        assert one.planned or 3 < (one.minutes or 0) < 60
