"""The class bar below a question: what it offers, what stays in its place while counts move, and that text stays text."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hostile import HOSTILE
from tests.show.panel import views
from tests.show.panel.harness import become, focused, next_frame, open_panel, sent, tell

STEPS = [("close", "Close the vote", True), ("next", "Next question", False), ("pause", "Pause", False)]


def bar(**change: Any) -> dict[str, Any]:
    buttons = [{"do": do, "label": label, "main": main} for do, label, main in change.pop("steps", STEPS)]
    return {
        "code": "ABC234",
        "here": True,
        "line": "First vote is open",
        "detail": "2 of 3 voted",
        "problem": "",
        "buttons": buttons,
        **change,
    }


SHARES = {
    "kind": "options",
    "first": 9,
    "second": 8,
    "options": [
        {"key": option["key"], "text": "x", "first": 0.5, "second": 0.25} for option in views.CHOICE["ask"]["options"]
    ],
}


def test_without_a_class_there_is_no_bar(page) -> None:
    open_panel(page, views.CHOICE)
    assert page.locator(".gp-class").count() == 0
    tell(page, **bar())
    assert page.locator(".gp-class").inner_text().startswith("First vote is open")
    page.evaluate("() => model.tell({})")
    assert page.locator(".gp-class").count() == 0


def test_a_click_says_what_to_do_and_nothing_of_the_question(page) -> None:
    open_panel(page, views.CHOICE)
    tell(page, **bar())
    page.get_by_role("button", name="Close the vote").click()
    assert sent(page) == [{"event": "class", "do": "close"}]


def test_a_count_that_moves_leaves_focus_and_typed_input(page) -> None:
    open_panel(page, views.NUMBER)
    tell(page, **bar())
    page.get_by_role("textbox").first.fill("250")
    page.get_by_role("button", name="Pause").focus()
    tell(page, **bar(detail="3 of 3 voted"))
    assert focused(page) == "Pause" and page.get_by_role("textbox").first.input_value() == "250"
    assert page.locator("output[aria-live=polite]").inner_text() == "", "a count is not announced"
    assert "3 of 3 voted" in page.locator(".gp-class").inner_text()


def test_a_phase_that_comes_is_announced_and_the_focus_goes_to_what_is_next(page) -> None:
    open_panel(page, views.CHOICE)
    tell(page, **bar())
    page.get_by_role("button", name="Close the vote").focus()
    tell(
        page,
        **bar(line="First vote is closed", steps=[("discuss", "Discuss", True), ("show", "Show the votes", False)]),
    )
    assert focused(page) == "Discuss"
    assert page.locator("output[aria-live=polite]").inner_text() == "First vote is closed"


def test_the_bar_stands_below_a_locked_question_too(page) -> None:
    open_panel(
        page, {"kind": "choice", "id": "q", "title": "Step 4", "state": "locked", "locked": "Reveal step 3 first"}
    )
    tell(
        page, **bar(here=False, line="Class ABC234: not asked yet", detail="", steps=[("next", "Ask this one", False)])
    )
    page.get_by_role("button", name="Ask this one").click()
    assert sent(page) == [{"event": "class", "do": "next"}]


def test_a_problem_is_an_alert_only_while_there_is_one(page) -> None:
    open_panel(page, views.CHOICE)
    tell(page, **bar())
    assert page.get_by_role("alert").count() == 0
    tell(page, **bar(problem="The class has moved on."))
    assert page.get_by_role("alert").inner_text() == "The class has moved on."


def test_both_rounds_stand_below_the_bar(page) -> None:
    open_panel(page, views.CHOICE)
    tell(page, **bar(line="The votes are shown", shares=SHARES))
    words = page.locator(".gp-class-votes").inner_text()
    assert "50 %" in words and "25 %" in words
    become(page, views.CHOICE_REVEALED)
    assert page.locator(".gp-class-votes").is_visible()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_whatever_a_server_says_is_text(text: str, page) -> None:
    open_panel(page, views.CHOICE)
    shares = {
        "kind": "options",
        "first": 9,
        "second": None,
        "options": [{"key": "?", "text": text, "first": 1, "second": None}],
    }
    tell(page, **bar(line=text, detail=text, problem=text, steps=[("x", text, True)], shares=shares, code=text))
    assert page.locator(".gp-class :is(img, script, b, a, iframe, object, svg)").count() == 0
    assert page.title() == "Panel"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_and_is_accessible(width: int, theme: str, page) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.set_viewport_size({"width": width, "height": 720})
    open_panel(page, views.CHOICE, theme)
    many = [
        ("discuss", "Discuss", True),
        ("open", "Open it again", False),
        ("open2", "Second vote", False),
        ("show", "Show the votes", False),
    ]
    for shown in (
        bar(line="First vote is closed", steps=many, shares=SHARES, problem="The class has moved on."),
        bar(here=False, line="Class ABC234: not asked yet", detail="", steps=[("next", "Ask this one", False)]),
    ):
        tell(page, **shown)
        next_frame(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        found = Axe().run(page).response["violations"]
        assert [rule["id"] for rule in found if rule["impact"] in ("serious", "critical")] == []
    page.set_viewport_size({"width": 1280, "height": 720})


def test_a_step_of_the_class_leaves_the_focus_in_the_bar(page) -> None:
    open_panel(page, views.CHOICE_COMMITTED)
    tell(page, **bar())
    page.get_by_role("button", name="Close the vote").click()
    page.evaluate("() => model.done()")
    assert focused(page) == "Close the vote"


def test_news_of_the_class_leave_a_line_about_the_form(page) -> None:
    open_panel(page, views.CHOICE)
    page.get_by_role("button", name="Commit").press("Enter")
    line = page.get_by_role("alert").inner_text()
    tell(page, **bar())
    assert line and page.get_by_role("alert").inner_text() == line
