"""The block of a timeline: what its function may return, what it says in one line, what is sealed, and what stands on paper."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.seal import seal
from lessonlib.roofline import load_lab
from lessonlib.show.fallback import fallback
from lessonlib.show.notebook import NotebookLesson
from lessonlib.show.timeline import TimelineBlock
from tests.content import specimen
from tests.hostile import HARMLESS, HOSTILE, assert_printable, assert_same_page
from tests.show.timeline.made_up import LANES, RUN, STEPS, other

LESSON = Lesson("01-prefill-vs-decode", load_lab())


def block(shown: Any = RUN, **change: Any) -> TimelineBlock:
    calls = []

    def compute(lab: Any) -> Any:
        calls.append(lab)
        if isinstance(shown, Exception):
            raise shown
        return shown

    code = SimpleNamespace(function=lambda name: compute, calls=calls)
    raw = {"id": "the-run", "title": "A run", "text": "Look **here**.", "compute": "the_run", **change}
    return TimelineBlock(raw, SimpleNamespace(name="made-up", lab=LESSON.lab, code=code, words=LESSON.words))


def test_it_draws_its_text_and_the_runs_and_computes_once() -> None:
    made = block([RUN, other()], more="Later.")
    drawn = made.draw()
    assert drawn["html"].startswith("<p>Look <strong>here</strong>.</p>") and "<p>Later.</p></details>" in drawn["html"]
    assert [run["label"] for run in drawn["timeline"]] == ["Plain <b>", "Other"]
    made.parts()
    assert len(made.lesson.code.calls) == 1
    assert len(block().draw()["timeline"]) == 1, "one alone needs no list"


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (7, "the_run returns int; it returns a Timeline, or a list of up to 3"),
        ([RUN, None], "the_run returns NoneType; it returns a Timeline"),
        ([], "the_run returns 0 of them"),
        ([replace(RUN, label=str(n)) for n in range(4)], "the_run returns 4 of them"),
        ([RUN, RUN], "timelines under one clock each need a label of their own"),
        (replace(RUN, steps=[]), "1 to 1,200 steps, not 0"),
        (replace(RUN, finding="Served."), "its finding “Served.” must state what is seen with a number"),
        (
            ValueError("two\nlines"),
            "the_run cannot be computed on the lab qwen3.5-27b-2xh100-sxm: ValueError: two lines",
        ),
        (LessonlibError("no such request"), "no such request"),
    ],
)
def test_what_cannot_be_drawn_is_one_line_in_its_place(shown: Any, told: str) -> None:
    drawn = block(shown).draw()
    assert told in drawn["problem"] and "\n" not in drawn["problem"] and "timeline" not in drawn
    assert drawn["html"].startswith("<p>Look")
    with pytest.raises(LessonlibError, match="\\S"):
        block(shown).parts()


def test_the_seal_holds_the_numbers_and_not_their_last_digits() -> None:
    sealed = seal(block().parts())
    later = replace(LANES[1], finished_s=0.18)
    fuller = [replace(STEPS[2], used=96), *STEPS[3:]]
    for changed in (
        replace(RUN, finding="Three of 5 requests in 8 steps."),
        replace(RUN, lanes=[LANES[0], later, LANES[2]]),
        replace(RUN, steps=[*STEPS[:2], *fuller]),
        replace(RUN, waits=replace(RUN.waits, tokens_per_s=47.0)),
    ):
        assert seal(block(changed).parts()) != sealed
    nearly = replace(LANES[1], finished_s=0.17 + 1e-9)
    assert seal(block(replace(RUN, lanes=[LANES[0], nearly, LANES[2]])).parts()) == sealed


def on_paper(runs: Any) -> tuple[str, str]:
    return fallback({"kind": "timeline", "id": "the-run", "title": "A run", "state": "observed", **block(runs).draw()})


def test_on_paper_it_is_the_finding_and_tables_without_what_is_drawn() -> None:
    text, html = on_paper([RUN, other()])
    assert "Three of 5 requests in 7 steps." in text and "One request in 3 steps." in text
    assert "<strong>Plain &lt;b&gt;</strong>" in html and "<p>46.7 tok/s of answers. Made up.</p>" in html
    assert "<td>the first token</td><td>50 ms</td><td>140 ms</td><td>140 ms</td>" in html
    assert "<td>1</td><td>1,500</td><td>300</td><td>6</td><td>10 ms</td><td>0 s</td><td>40 ms</td>" in html
    assert len(html) < 3500 and "lasts" not in html


def test_on_paper_what_cannot_be_computed_is_said() -> None:
    assert "<em>the_run returns 0 of them; it returns a Timeline" in on_paper([])[1]


@pytest.mark.parametrize("name", HOSTILE)
def test_text_from_outside_stays_text(name: str) -> None:
    """A label or a finding may name a lab, whose title is anybody's."""
    pages = [on_paper(replace(RUN, label=words, finding=f"{words}: 7 steps.")) for words in (HOSTILE[name], HARMLESS)]
    assert_same_page(pages[0][1], pages[1][1], name)
    assert_printable(pages[0][0], name)


def test_a_notebook_keeps_it_closed_and_holds_no_step() -> None:
    """What a stored notebook has of it is its lock; who walks through gets the finding and the tables."""
    lesson = Lesson(specimen.path(), load_lab(), None, specimen.BLOCKS)
    raw = specimen.with_timeline()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lessonlib.lesson.lesson.load_source", lambda *_: raw)
        lesson = Lesson(specimen.path(), load_lab(), None, specimen.BLOCKS)
    panel = NotebookLesson(lesson).timeline("the-run")
    assert panel.view["state"] == "locked" and "timeline" not in panel.view
    stored = panel._repr_mimebundle_()[0]
    assert (
        "Opens after" in stored["text/html"] and len(json.dumps(stored)) < 2000 and "2 steps" not in stored["text/html"]
    )
    walked = NotebookLesson(lesson, "skip")
    for item in lesson.asked:
        getattr(walked, item.kind)(item.id)
    told = walked.timeline("the-run")._repr_mimebundle_()[0]["text/html"]
    assert "One tea takes 2 steps" in told and '<th scope="col">read again</th>' in told
