"""What a step looks like where no widget can live: print, an untrusted copy, a diff."""

from __future__ import annotations

from typing import Any

import pytest

from lessonlib.lesson.step import Step
from lessonlib.lesson.words import plain
from lessonlib.roofline import DEFAULT_LAB, lab_names, load_lab
from lessonlib.show import blocks
from lessonlib.show.explorer import Explore
from lessonlib.show.fallback import fallback
from tests.lesson.made_up import GUESS, KEPT, KINDS, question, step
from tests.lesson.shipped import opened


def asked(kind: str) -> dict[str, Any]:
    return step(kind).view()


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_stands_there_with_what_it_asks_for(kind: str) -> None:
    text, html = fallback(asked(kind), "0123456789")
    stem = plain(question(kind).stem())
    assert stem in text and stem in plain(html)
    assert "seal 0123456789" in text and "seal 0123456789" in html
    expected = {
        "choice": ["<li>memory</li>", "<li>compute</li>"],
        "number": ["____ tok/s"],
        "curve": ["Draw throughput against requests."],
        "place": ["Place a dot on the roof: intensity ____ FLOP/byte, rate ____ FLOP/s"],
        "blanks": ["Prefill is ____-bound, decode ____-bound."],
    }
    assert all(part in html for part in expected.get(kind, ()))
    assert fallback(asked(kind), "0123456789") == (text, html), "the same every time"


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in KEPT])
def test_an_answered_question_shows_what_came_out(kind: str) -> None:
    made = step(kind)
    made.answer(made.question.right())
    text, html = fallback(made.view())
    view = made.view()
    assert view["result"]["summary"] in text
    for part in (
        view["result"]["feedback"],
        view["result"].get("reveal", ""),
        view["explanation"],
        view["result"].get("answer", ""),
        *view["result"].get("checklist", ()),
    ):
        assert part in html
    if view["working"]:
        assert "Show the working: 100 tok/s" in html and "def hundred" in html


def test_a_closed_item_says_only_why() -> None:
    view = {
        "kind": "choice",
        "id": "which",
        "title": "Step 2 · predict",
        "state": "locked",
        "locked": "Reveal step 1 first",
    }
    text, html = fallback(view)
    assert text == "Step 2 · predict\nReveal step 1 first"
    assert (
        html
        == '<section class="ll-static mathjax_ignore tex2jax_ignore" data-lesson-id="which"><p><strong>Step 2 · predict</strong></p><p><em>Reveal step 1 first.</em></p></section>'
    )


def test_what_a_learner_typed_is_not_in_it() -> None:
    made: Step = step("note")
    made.handle({"event": "commit", "guess": "<script>alert(1)</script>"})
    assert "script" not in "".join(fallback(made.view()))
    named = step("explain")
    named.handle({"event": "commit", "guess": "my own words"})
    assert "my own words" not in "".join(fallback(named.view()))
    assert GUESS["explain"] not in "".join(fallback(named.view()))


# --- blocks that are drawn -----------------------------------------------------------------------------------------


def test_the_choice_of_labs_says_what_each_assumes_and_what_was_reported() -> None:
    view = opened("00-start-here").items["labs"].view()
    assert [option["key"] for option in view["ask"]["options"]] == list(lab_names())
    default = next(option["html"] for option in view["ask"]["options"] if option["key"] == DEFAULT_LAB)
    for words in (load_lab().title, *load_lab().assumed.values()):
        assert words in plain(default)
    assert "108" in plain(default) and "3,288" in plain(default)


def test_the_check_of_the_installation_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = opened("00-start-here").items["installed"]
    assert "✓ Everything is there" in installed.view()["html"]
    monkeypatch.setattr(blocks, "_NEEDED", (*blocks._NEEDED, "no-such-package"))
    drawn = installed.view()["html"]
    assert "✗ Missing: no-such-package. Run <code>make env</code>" in drawn


def test_a_picture_whose_number_is_misspelt_names_both() -> None:
    lesson = opened()
    raw = {"name": "weights-per-token", "id": "the-van", "caption": "x", "numbers": {"weights": "weights_red"}}
    with pytest.raises(ValueError, match="the-van: there is no working “weights_red”; did you mean weights_read"):
        blocks.Picture(raw, lesson).draw()


def test_an_explorer_says_where_its_knobs_stand_and_what_that_shows() -> None:
    lesson = opened("01-prefill-vs-decode")
    raw = {"id": "knobs", "title": "Explorer", "text": "Try."}
    guess = {"ask": "How *many*?", "options": [1, 4], "right": 4, "after": "Four it is."}
    drawn = Explore({**raw, "guess": guess}, lesson).draw()
    drawn["explorer"]["explored"]["finding"] = "<b>129 tok/s</b>"
    text, html = fallback({"kind": "explorer", "id": "knobs", "title": "Explorer", "state": "observed", **drawn})
    assert "<b>129 tok/s</b>" in text and "&lt;b&gt;129 tok/s&lt;/b&gt;" in html
    assert '<tr><th scope="row">Context of each</th><td>4,096 tokens</td><td></td></tr>' in html
    assert "<td>7.74 ms</td>" in html and "<li>4</li>" in html and "Four it is" not in html
