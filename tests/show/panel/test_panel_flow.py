"""From the question to the explanation: events, focus, what is announced, and that typed input survives."""

from __future__ import annotations

import pytest

from lessonlib.show.scripts import panel_script
from tests.show.panel import views
from tests.show.panel.harness import become, focused, open_panel, sent, update


def live(page) -> str:
    return page.locator("output[aria-live=polite]").inner_text()


def problem(page) -> str:
    return page.get_by_role("alert").inner_text()


def press(page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_choice_by_keyboard_alone(page) -> None:
    open_panel(page, views.CHOICE)
    press(page, "Tab", "Space", "ArrowDown", "Tab", "Space", "ArrowRight", "Tab")
    assert focused(page) == "Commit"
    press(page, "Enter")
    assert sent(page)[-1] == {"event": "commit", "guess": "b", "confidence": 1}

    become(page, views.CHOICE_COMMITTED)
    assert focused(page) == "Reveal"
    assert live(page) == "Your guess is kept."
    press(page, "Enter")
    assert sent(page)[-1] == {"event": "reveal"}

    become(page, views.CHOICE_REVEALED)
    assert focused(page) == "Not this one"
    assert live(page) == views.CHOICE_REVEALED["result"]["summary"]
    press(page, "Tab", "Tab", "Enter")
    assert sent(page)[-1] == {"event": "observe", "choice": "flops"}

    become(page, views.CHOICE_OBSERVED)
    assert focused(page).startswith("The bar for reading")
    press(page, "Tab", "Enter")
    assert page.get_by_role("region", name="Source of decode_ceiling").is_visible()


def test_the_panel_says_whose_it_is_and_how_far(page) -> None:
    open_panel(page, views.CHOICE)
    said = page.locator(".gp").evaluate("panel => ({ ...panel.dataset })")
    assert said == {"lessonId": views.CHOICE["id"], "kind": "choice", "state": "asked"}


def test_no_option_is_chosen_beforehand_and_digits_choose_none(page) -> None:
    open_panel(page, views.CHOICE)
    page.get_by_role("radio").first.focus()
    press(page, "1", "2", "3")
    assert page.locator(":checked").count() == 0


def test_commit_says_what_is_missing_and_goes_there(page) -> None:
    open_panel(page, views.CHOICE)
    commit = page.get_by_role("button", name="Commit")
    assert commit.get_attribute("aria-disabled") == "true"
    commit.click(force=True)  # Playwright would wait for aria-disabled to end; a person just presses
    assert problem(page) == "Choose one of the answers first."
    assert page.evaluate("document.activeElement.type") == "radio"
    page.get_by_text("The weights of the layers").click()
    assert not page.get_by_role("alert").is_visible()
    commit.click(force=True)
    assert "how sure" in problem(page)
    page.get_by_role("radio", name="certain").check()
    assert commit.get_attribute("aria-disabled") == "false"
    assert sent(page) == []
    commit.click()
    assert sent(page) == [{"event": "commit", "guess": "b", "confidence": 2}]


def test_enter_in_the_number_field_commits_when_valid(page) -> None:
    open_panel(page, views.NUMBER)
    field = page.get_by_role("textbox", name="Your guess in tok/s")
    field.fill("12,5")
    field.press("Enter")
    assert sent(page) == [] and "how sure" in problem(page)
    page.get_by_role("radio", name="certain").check()
    page.get_by_role("textbox", name="Low end in tok/s").fill("10")
    field.press("Enter")
    assert sent(page) == [] and problem(page) == "Fill in both ends of the range, or neither."
    page.get_by_role("textbox", name="High end in tok/s").fill("20")
    field.press("Enter")
    assert sent(page) == [{"event": "commit", "guess": {"text": "12,5", "low": "10", "high": "20"}, "confidence": 2}]


def test_typed_input_stays_when_a_problem_or_a_hint_arrives(page) -> None:
    open_panel(page, views.NUMBER)
    field = page.get_by_role("textbox", name="Your guess in tok/s")
    field.fill("3 parsecs")
    page.get_by_role("radio", name="just guessing").check()
    for _ in range(2):  # the same refusal twice: it is said again, and the panel is not stuck
        page.get_by_role("button", name="Commit").click()
        update(page, problem="“parsecs” is no unit here: write tok/s.")
        assert field.input_value() == "3 parsecs"
        assert focused(page) == "Your guess in tok/s"
        assert problem(page).startswith("“parsecs”")
    assert len(sent(page)) == 2
    page.get_by_role("button", name="Hint (1 left)").click()
    update(page, problem="", hints={"shown": ["<p>One.</p>", "<p>Two.</p>"], "left": 0})
    assert field.input_value() == "3 parsecs"
    assert page.get_by_role("radio", name="just guessing").is_checked()
    assert focused(page) == "Hint 2Two." == live(page)


def test_a_locked_step_is_one_line_and_opens_without_taking_the_focus(page) -> None:
    open_panel(page, views.LOCKED)
    assert page.locator("#one").inner_text().split("\n") == ["Step 3 · predict, then reveal", "Reveal step 2 first"]
    assert page.get_by_role("group").bounding_box()["height"] < 60
    become(page, views.CHOICE)
    assert page.get_by_role("radio").count() == 7
    assert page.evaluate("document.activeElement === document.body")
    assert live(page) == ""


@pytest.mark.parametrize(
    ("asked", "revealed", "landing"),
    [
        (views.NUMBER, views.NUMBER_REVEALED, "×2.6 too low"),
        (views.RECALL, views.RECALL_REVEALED, "the answer"),
        (views.EXPLAIN, views.EXPLAIN_REVEALED, "one good answer"),
        (views.CHOICE, views.CHOICE_SKIPPED, "Only the weights"),
    ],
    ids=["number", "recall", "explain", "choice"],
)
def test_skipping_moves_the_focus_to_the_answer(page, asked, revealed, landing) -> None:
    open_panel(page, asked)
    page.get_by_role("button", name="Skip to the answer").click()
    assert sent(page) == [{"event": "skip"}]
    become(page, revealed | {"skipped": True})
    assert landing in focused(page)
    assert live(page) == revealed["result"]["summary"]


def test_guess_and_truth_stand_side_by_side(page) -> None:
    open_panel(page, views.NUMBER_REVEALED)
    strip = page.get_by_role("img")
    assert strip.get_attribute("aria-label") == "Your guess 50 tok/s, the truth 131 tok/s, on a logarithmic axis."
    guess, truth = (strip.locator(f".gp-dot-{name}").bounding_box() for name in ("guess", "truth"))
    assert guess["x"] < truth["x"]
    become(page, views.CHOICE_REVEALED)
    marked = page.get_by_role("list", name="The answers").get_by_role("listitem")
    assert ["your guess" in text for text in marked.all_inner_texts()] == [False, False, False, True]
    assert ["the truth" in text for text in marked.all_inner_texts()] == [False, False, True, False]


def test_blanks_move_on_with_enter_and_are_graded_with_one_tap(page) -> None:
    open_panel(page, views.BLANKS)
    press(page, "Tab")
    for word in ("compute", "memory", "decode"):
        page.keyboard.type(word)
        press(page, "Enter")
    assert sent(page) == [{"event": "commit", "guess": ["compute", "memory", "decode"], "confidence": None}]
    become(page, views.BLANKS_REVEALED)
    sentence = " ".join(page.locator(".gp-blanks").text_content().split())
    assert sentence.startswith("Prefill is you wrote compute expected compute-bound") and sentence.endswith(
        "expected decode requests decode."
    )
    page.get_by_role("group", name="How did it go?").get_by_role("button", name="Partly").click()
    assert sent(page)[-1] == {"event": "grade", "grade": "partly"}
    become(page, views.BLANKS_GRADED)
    assert focused(page) == "You graded yourself: Partly" == live(page)


def test_a_checklist_keeps_its_ticks_while_the_grade_arrives(page) -> None:
    open_panel(page, views.EXPLAIN_REVEALED)
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Had it").click()
    update(page, result=views.EXPLAIN_REVEALED["result"] | {"grade": "got"}, state="observed")
    assert page.get_by_role("checkbox").first.is_checked()


def test_an_explanation_may_be_said_aloud(page) -> None:
    open_panel(page, views.EXPLAIN)
    page.get_by_role("button", name="Commit").click()
    assert sent(page) == [{"event": "commit", "guess": "", "confidence": None}]
    become(page, views.EXPLAIN_REVEALED | {"guess": {}})
    assert page.get_by_text("said aloud").is_visible() and not page.get_by_text("your words").is_visible()


def test_a_part_without_words_leaves_no_gap(page) -> None:
    open_panel(page, views.NUMBER_OBSERVED | {"explanation": "", "observe": None, "working": None})
    assert [page.locator(f".gp-at-{part}").is_visible() for part in ("explanation", "observe", "working")] == [
        False,
        False,
        False,
    ]


def test_a_note_can_be_kept_and_kept_again(page) -> None:
    open_panel(page, views.NOTE_ASKED)
    box = page.get_by_role("textbox", name="Your note")
    box.fill("first")
    page.get_by_role("button", name="Keep").click()
    update(page, state="committed", guess={"text": "first"})
    assert page.get_by_text("Kept in your journal", exact=True).is_visible()
    box.press_sequentially(" and second")
    assert not page.get_by_text("Kept in your journal", exact=True).is_visible()
    page.get_by_role("button", name="Keep the change").click()
    assert [message["guess"] for message in sent(page)] == ["first", "first and second"]


KEPT = {"line": "Your guess is kept in ~/journal.jsonl.", "news": False}
FULL = {"line": "Not kept: ~/journal.jsonl cannot be written (No space left on device).", "news": True}


def test_where_a_guess_is_kept_is_said_beside_reveal(page) -> None:
    open_panel(page, views.CHOICE_COMMITTED | {"kept": KEPT})
    assert page.get_by_text(KEPT["line"], exact=True).is_visible()
    assert not page.locator(".gp-at-kept").is_visible()


def test_what_is_not_kept_is_told_as_an_alert_and_never_called_kept(page) -> None:
    for view in (views.CHOICE_COMMITTED, views.BLANKS_COMMITTED, views.NOTE_KEPT, views.CHOICE_REVEALED):
        open_panel(page, view | {"kept": FULL})
        assert page.get_by_role("alert").get_by_text(FULL["line"], exact=True).is_visible()
        assert "is kept" not in page.locator(".gp").inner_text() and "Kept" not in page.locator(".gp").inner_text()
    become(page, views.CHOICE_REVEALED)
    assert not page.get_by_text(FULL["line"]).is_visible()


@pytest.mark.parametrize("asked", [True, False])
def test_a_page_says_that_it_is_there_only_if_it_is_asked(page, asked: bool) -> None:
    open_panel(page, views.CHOICE | ({"hello": True} if asked else {}))
    assert sent(page) == ([{"event": "shown"}] if asked else [])


def test_an_event_is_sent_once_while_python_works(page) -> None:
    open_panel(page, views.CHOICE_COMMITTED)
    page.get_by_role("button", name="Reveal").dblclick()
    assert sent(page) == [{"event": "reveal"}]


def test_a_silent_kernel_is_named(page) -> None:
    open_panel(page, views.CHOICE_COMMITTED)
    page.get_by_role("button", name="Reveal").click()
    page.get_by_text("Waiting for the kernel").wait_for()
    update(page)
    assert not page.get_by_role("alert").is_visible()


def test_panels_of_one_page_do_not_share_radio_names(page) -> None:
    """Two kernels may load two editions of the script, so nothing in it can count across the page."""
    open_panel(page, views.CHOICE)
    page.evaluate(
        "async ([text, view]) => (await importAgain(text)).default.render({model: makeModel(view), el: two})",
        [panel_script(), views.CHOICE],
    )
    for place in ("#one", "#two"):
        page.locator(place).get_by_role("radio", name="certain").check()
    assert page.locator(":checked").count() == 2
    assert page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size === document.querySelectorAll('[id]').length"
    )


def test_two_views_of_one_model_agree_and_leave_cleanly(page) -> None:
    open_panel(page, views.CHOICE)
    page.evaluate("void (window.leaveTwo = window.render({model, el: document.getElementById('two')}))")
    page.locator("#two").get_by_text("The weights of the layers").click()
    page.locator("#two").get_by_role("radio", name="certain").check()
    assert page.locator("#one :checked").count() == 0, "radio names of two views must differ"
    page.locator("#two").get_by_role("button", name="Commit").click()
    become(page, views.CHOICE_COMMITTED)
    assert page.get_by_role("button", name="Reveal").count() == 2
    assert page.evaluate("document.getElementById('two').contains(document.activeElement)")
    assert page.evaluate("(leave(), leaveTwo(), model.listening())") == 0
