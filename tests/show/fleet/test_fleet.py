"""The block of a fleet: what its function may return, what it says in one line, what is sealed, and what stands on paper."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.lesson import views as shapes
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.seal import seal
from lessonlib.roofline import load_lab
from lessonlib.show.fallback import fallback
from lessonlib.show.fleet import FleetBlock
from tests.hostile import HARMLESS, HOSTILE, assert_printable, assert_same_page
from tests.show.fleet.made_up import SCALED, full, pools
from tests.show.test_scripts import misfits

LESSON = Lesson("01-prefill-vs-decode", load_lab())


def block(shown: Any = SCALED, **change: Any) -> FleetBlock:
    def compute(lab: Any) -> Any:
        if isinstance(shown, Exception):
            raise shown
        return shown

    code = SimpleNamespace(function=lambda name: compute)
    raw = {"id": "the-fleet", "title": "A fleet", "text": "Look **here**.", "compute": "the_fleet", **change}
    return FleetBlock(raw, SimpleNamespace(name="made-up", lab=LESSON.lab, code=code, words=LESSON.words))


def panel(shown: Any) -> dict[str, Any]:
    return {"kind": "fleet", "id": "the-fleet", "title": "A fleet", "state": "observed", **block(shown).draw()}


def test_it_draws_its_text_and_the_fleets() -> None:
    drawn = block([SCALED, pools()], more="Later.").draw()
    assert drawn["html"].startswith("<p>Look <strong>here</strong>.</p>") and "<p>Later.</p></details>" in drawn["html"]
    assert [fleet["label"] for fleet in drawn["fleet"]] == ["Scaled <b>", "Two pools"]
    assert len(block().draw()["fleet"]) == 1, "one alone needs no list"


@pytest.mark.parametrize("shown", [SCALED, pools(), full()], ids=["scaled", "pools", "full"])
def test_what_the_page_gets_has_its_shape(shown: Any) -> None:
    assert misfits(panel(shown), shapes.BlockView) == []


@pytest.mark.parametrize(
    ("shown", "told"),
    [
        (7, "the_fleet returns int; it returns a FleetView, or a list of up to 3"),
        ([SCALED, None], "the_fleet returns NoneType; it returns a FleetView"),
        ([], "the_fleet returns 0 of them"),
        ([replace(SCALED, label=str(n)) for n in range(4)], "the_fleet returns 4 of them"),
        ([SCALED, SCALED], "fleets under one clock each need a label of their own"),
        (replace(SCALED, lanes=SCALED.lanes[:1]), "2 to 16 replicas here, not 1"),
        (ZeroDivisionError("no\nway"), "the_fleet cannot be computed on the lab qwen3.5-27b-2xh100-sxm: ZeroDivisionError: no way"),
        (LessonlibError("no request came"), "no request came"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_one_line_in_its_place(shown: Any, told: str) -> None:
    drawn = block(shown).draw()
    assert told in drawn["problem"] and "\n" not in drawn["problem"] and "fleet" not in drawn
    with pytest.raises(LessonlibError, match="\\S"):
        block(shown).parts()


def test_the_seal_holds_the_sums_and_not_their_last_digits() -> None:
    sealed = seal(block().parts())
    first, *others = SCALED.lanes
    for changed in (
        replace(SCALED, finding="13 requests."),
        replace(SCALED, lanes=[replace(first, running=[3.0, *first.running[1:]]), *others]),
        replace(SCALED, ttft_p99_s=[0.06, *SCALED.ttft_p99_s[1:]]),
    ):
        assert seal(block(changed).parts()) != sealed
    nearly = replace(first, running=[first.running[0] + 1e-9, *first.running[1:]])
    assert seal(block(replace(SCALED, lanes=[nearly, *others])).parts()) == sealed


def test_what_is_read_without_a_click() -> None:
    printed = block([SCALED, pools()]).printed
    assert printed[:2] == [SCALED.finding, pools().finding]
    assert "0.22 requests a second · 2.6 replicas there on average, 2.2 of them ready" in printed[4]
    assert "50 ms" in printed[2]


def test_on_paper_it_is_the_finding_and_tables_without_what_is_drawn() -> None:
    text, html = fallback(panel([SCALED, pools()]))
    assert "12 requests on 2 to 3 of 4 replicas." in text and "3 caches cross the link." in text
    assert "<strong>Scaled &lt;b&gt;</strong>" in html and "<p>46.7 tok/s of answers. Made up.</p>" in html
    assert "<li>50 % of the prompt tokens found in a cache</li>" in html
    assert "<td>replica 2, 2 times slower</td><td>6</td><td>45 s</td>" in html
    assert (
        "<td>30 s</td><td>0.2</td><td>4 s</td><td>2</td><td>3</td><td>24</td><td>9</td><td>1</td><td>75 %</td>" in html
    )
    assert len(html) < 6000 and "dots" not in html
    assert "<em>the_fleet returns 0 of them" in fallback(panel([]))[1]


@pytest.mark.parametrize("name", HOSTILE)
def test_text_from_outside_stays_text(name: str) -> None:
    """A label, a finding or a kind may name a lab or a GPU, whose title is anybody's."""

    def page(words: str) -> tuple[str, str]:
        first, *others = SCALED.lanes
        lanes = [replace(first, kind=words), *others]
        return fallback(panel(replace(SCALED, label=words, finding=f"{words}: 7 steps.", lanes=lanes)))

    hostile, harmless = page(HOSTILE[name]), page(HARMLESS)
    assert_same_page(hostile[1], harmless[1], name)
    assert_printable(hostile[0], name)
