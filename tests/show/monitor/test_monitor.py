"""The block of a monitor: what its function may return, what it refuses in one line, and what stands on paper."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.draw.monitor import LogLine, Mark, Monitor
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.seal import seal
from lessonlib.roofline import load_lab
from lessonlib.show.fallback import fallback
from lessonlib.show.monitor import Monitoring
from tests.show.monitor.made_up import SHOWN

LESSON = Lesson("01-prefill-vs-decode", load_lab())


def block(shown: Any = SHOWN, **change: Any) -> Monitoring:
    def compute(lab: Any) -> Any:
        if isinstance(shown, Exception):
            raise shown
        return shown

    code = SimpleNamespace(function=lambda name: compute)
    raw = {"id": "on-call", "title": "On call", "text": "Look.", "compute": "incident", **change}
    return Monitoring(raw, SimpleNamespace(name="made-up", lab=LESSON.lab, code=code, words=LESSON.words))


def test_it_draws_its_text_and_the_monitor() -> None:
    drawn = block(more="Later.").draw()
    assert drawn["html"].startswith("<p>Look.</p><details") and "Later." in drawn["html"]
    assert drawn["monitor"]["finding"] == SHOWN.finding and len(drawn["monitor"]["charts"]) == 4


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ({"x": 1}, "incident returns dict; it returns a Monitor"),
        (replace(SHOWN, charts=SHOWN.charts[:2]), "a monitor has 3 to 8"),
        (
            ValueError("two\nlines"),
            "incident cannot be computed on the lab qwen3.5-27b-2xh100-sxm: ValueError: two lines",
        ),
        (LessonlibError("no requests"), "no requests"),
    ],
)
def test_what_cannot_be_drawn_is_one_line_in_its_place(shown: Any, said: str) -> None:
    drawn = block(shown).draw()
    assert said in drawn["problem"] and "\n" not in drawn["problem"] and "monitor" not in drawn
    assert drawn["html"].startswith("<p>Look")
    with pytest.raises(LessonlibError, match="\\S"):
        block(shown).parts()


def test_its_seal_changes_with_a_value_a_line_and_a_mark() -> None:
    charts = [replace(SHOWN.charts[0], values=[1, *SHOWN.charts[0].values[1:]]), *SHOWN.charts[1:]]
    others = [
        replace(SHOWN, charts=charts),
        replace(SHOWN, log=[LogLine(10.0, "Engine 001: …"), *SHOWN.log[1:]]),
        replace(SHOWN, marks=[Mark(21.0, "deploy")]),
    ]
    seals = {seal(block(each).parts()) for each in (SHOWN, *others)}
    assert len(seals) == 4


def paper(shown: Monitor = SHOWN) -> tuple[str, str]:
    return fallback(
        {"kind": "monitor", "id": "on-call", "title": "On call", "state": "observed", **block(shown).draw()},
        "0123456789",
    )


def test_on_paper_it_is_a_table_with_alerts_marks_and_the_log() -> None:
    text, html = paper()
    assert SHOWN.finding in text and "<p>8 requests wait" in html
    assert "<li>Requests wait &gt; 5</li>" in html and "<p>09:00:35: deploy &lt;b&gt;</p>" in html
    assert '<th scope="col">Requests waiting, with the mend</th>' in html
    assert "<tr><td>09:00:20</td><td>1</td><td>1</td><td>42 %</td><td>40 %</td><td>250 ms</td>" in html
    assert "<pre>09:00:10 Engine 000: Running: 3 reqs &amp; more" in html


def test_of_many_times_a_few_stand_on_paper_and_the_last_among_them() -> None:
    times = [float(at) for at in range(1, 101)]
    charts = [replace(chart, values=[1.0] * 100, compare=()) for chart in SHOWN.charts]
    rows = paper(replace(SHOWN, times=times, charts=charts))[1].partition("<tbody>")[2].partition("</tbody>")[0]
    assert rows.count("<tr>") <= 13 and "<td>09:01:40</td>" in rows


def test_where_times_are_left_out_on_paper_it_says_so() -> None:
    """The finding is of all scrapes: whoever recomputes it from the rows has to know that some are missing."""
    charts = [replace(chart, values=[1.0] * 24, compare=()) for chart in SHOWN.charts]
    many = paper(replace(SHOWN, times=[10.0 * at for at in range(1, 25)], charts=charts))[1]
    assert "<p>One scrape in 2 is shown; what is said above is of all 24.</p>" in many
    assert "scrape" not in paper()[1]
