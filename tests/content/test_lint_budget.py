"""The rules on a learner's time and on what is told before it is asked, each on a lesson that breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.build.lint import course_findings
from lessonlib.build.lint import lint as findings
from lessonlib.build.lint.ledger import _earlier
from lessonlib.build.lint.questions import one_right
from lessonlib.lesson.budget import budget, case_budget, epilogue_budget
from lessonlib.lesson.concepts import parse_listing
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.question import _in_a_row
from lessonlib.roofline import DEFAULT_LAB, load_lab
from lessonlib.show.blocks import BLOCKS
from tests.content import specimen

Raw = dict[str, Any]


@pytest.fixture
def raw() -> Raw:
    """The words of the specimen, to break at will."""
    return specimen.words()


@pytest.fixture
def reopen(monkeypatch: pytest.MonkeyPatch) -> Callable[[Raw], Lesson]:
    def build(changed: Raw) -> Lesson:
        with monkeypatch.context() as patched:
            patched.setattr("lessonlib.lesson.lesson.load_source", lambda *_: changed)
            return Lesson(specimen.path(), load_lab(DEFAULT_LAB), None, BLOCKS)

    return build


def body(raw: Raw, item_id: str) -> Raw:
    return next(
        one for entry in raw["steps"] for one in entry.values() if isinstance(one, dict) and one["id"] == item_id
    )


def told(raw: Raw, reopen: Callable[[Raw], Lesson]) -> dict[str, str]:
    """Rule -> text of what is found, warnings included."""
    texts: dict[str, str] = {}
    for found in findings(raw, [reopen(raw)]):
        texts[found.rule] = f"{texts.get(found.rule, '')} {found.text}".strip()
    return texts


def test_the_specimen_keeps_every_rule(raw: Raw, reopen: Any) -> None:
    assert told(raw, reopen) == {}


# --- time -----------------------------------------------------------------------------------------------------------


def test_minutes_follow_from_words_and_what_is_done(raw: Raw, reopen: Any) -> None:
    before = budget(reopen(raw))
    body(raw, "your-lab")["text"] += " word" * 170
    assert budget(reopen(raw)).minutes == pytest.approx(before.minutes + 1)
    raw["steps"].append({"recall": {**body(raw, "say-it"), "id": "again", "stem": "one", "answer": "two"}})
    assert budget(reopen(raw)).minutes == pytest.approx(before.minutes + 1 + 0.5 + 2 / 170, abs=0.1)
    recalled = budget(reopen(raw)).minutes
    raw["steps"].append({"monitor": {"id": "on-call", "title": "On call", "text": "Look.", "compute": "incident"}})
    assert budget(reopen(raw)).minutes == pytest.approx(recalled + 1 + 1 / 170)


def test_a_timeline_takes_its_words_and_a_minute(raw: Raw, reopen: Any) -> None:
    before = budget(reopen(raw))
    after = budget(reopen(specimen.with_timeline(text="word " * 34)))
    assert after.words == before.words + 34
    assert after.minutes == pytest.approx(before.minutes + 1.2)


def test_a_fleet_takes_its_words_and_a_minute(raw: Raw, reopen: Any) -> None:
    before, after = budget(reopen(raw)), budget(reopen(specimen.with_fleet(text="word " * 34)))
    assert after.words == before.words + 34 and after.minutes == pytest.approx(before.minutes + 1.2)


def test_what_stays_closed_counts_as_no_words(raw: Raw, reopen: Any) -> None:
    before = budget(reopen(raw))
    body(raw, "your-lab")["more"] = "word " * 500
    body(raw, "half-the-bytes")["more"] = "word " * 500
    assert budget(reopen(raw)) == before


def test_too_many_words_predictions_and_minutes(raw: Raw, reopen: Any) -> None:
    body(raw, "your-lab")["text"] += " word" * 2200
    assert "words to read; at most 2,200" in told(raw, reopen)["budget"]
    raw = specimen.words()
    raw["steps"].append({"predict": {**body(raw, "quiz-room"), "id": "another"}})
    assert "10 predictions" in told(raw, reopen)["budget"]
    raw = specimen.words()
    raw["steps"] += [{"recall": {**body(raw, "say-it"), "id": f"again-{number}"}} for number in range(26)]
    assert "minutes by the formula; at most 30" in told(raw, reopen)["budget"]


def test_an_epilogue_has_a_budget_of_its_own_and_the_closing_panel_is_the_lessons(raw: Raw, reopen: Any) -> None:
    before = budget(reopen(raw))
    assert epilogue_budget(reopen(raw)) is None
    end = next(index for index, entry in enumerate(raw["steps"]) if "closing" in entry)
    raw["steps"].insert(end, {"epilogue": {"id": "case", "title": "Epilogue", "text": "word " * 100}})
    assert budget(reopen(raw)) == before
    assert (epilogue_budget(reopen(raw)) or before).words == 100
    body(raw, "case")["text"] = "word " * 701
    assert "the epilogue: 701 words" in told(raw, reopen)["budget"]


def with_case(raw: Raw, text: str = "word " * 100, exhibits: int = 1, until: str = "verdict") -> Raw:
    """A case before the closing panel: so many exhibits, and a verdict of one word."""
    end = next(index for index, entry in enumerate(raw["steps"]) if "closing" in entry)
    asked = body(raw, "read-time")
    raw["steps"][end:end] = [
        {"case": {"id": "the-file", "title": "The case", "text": text, "until": until}},
        *({"predict": {**asked, "id": f"exhibit-{number}", "again": "a test"}} for number in range(exhibits)),
        {"tell": {"id": "verdict", "title": "The verdict", "text": "Acquitted."}},
    ]
    return raw


def test_a_case_has_a_budget_of_its_own_up_to_its_last_entry(raw: Raw, reopen: Any) -> None:
    before = budget(reopen(raw))
    assert case_budget(reopen(raw)) is None
    with_case(raw)
    assert budget(reopen(raw)) == before
    found = case_budget(reopen(raw))
    assert found and found.predictions == 1 and found.words > 101
    # What follows the verdict is the lesson's again.
    end = next(index for index, entry in enumerate(raw["steps"]) if "closing" in entry)
    raw["steps"].insert(end, {"tell": {"id": "after", "title": "After it", "text": "word " * 50}})
    assert budget(reopen(raw)).words == before.words + 50 and case_budget(reopen(raw)) == found
    body(raw, "the-file")["text"] = "word " * 1201
    assert "the case: 1,3" in told(raw, reopen)["budget"]


def test_exhibits_are_no_steps_of_the_lesson_and_too_many_are_too_many(raw: Raw, reopen: Any) -> None:
    assert told(with_case(raw, "Seven.", exhibits=7), reopen).keys() <= {"budget"}
    raw = with_case(specimen.words(), "Eight.", exhibits=8)
    assert "the case: 8 predictions" in told(raw, reopen)["budget"]
    steps = [
        entry["predict"]["id"]
        for entry in raw["steps"]
        if "predict" in entry and not any(entry["predict"].get(key) for key in ("quiz", "transfer", "again"))
    ]
    raw["steps"] = [entry for entry in raw["steps"] if entry.get("predict", {}).get("id") not in steps[3:]]
    assert "3 predictions beside the 8 of its case" in told(raw, reopen)["counts"]


def test_a_case_ends_and_there_is_one(raw: Raw, reopen: Any) -> None:
    with_case(raw, until="read-time")
    assert "until: no later entry has the id “read-time”" in told(raw, reopen)["case"]
    raw = with_case(specimen.words())
    raw["steps"].append({"case": {"id": "another", "title": "Another", "text": "One.", "until": "verdict"}})
    assert "a lesson has one case at most" in told(raw, reopen)["case"]


# --- questions ------------------------------------------------------------------------------------------------------


def test_a_number_without_its_inputs(raw: Raw, reopen: Any) -> None:
    del body(raw, "read-time")["inputs"]
    assert "read-time: inputs: name the workings" in told(raw, reopen)["inputs-shown"]


def test_inputs_are_printed_in_one_small_line_of_the_reveal(raw: Raw, reopen: Any) -> None:
    question = reopen(raw).items["read-time"].step.question
    assert '<p class="ll-inputs">From: tea weights 53.8 GB · bandwidth 6.7 TB/s</p>' in question.reveal()


def test_several_inputs_of_one_working_are_told_as_numbers() -> None:
    assert _in_a_row([Quantity(20.4, "s"), Quantity(15.0, "s")]) == "20.4 s, 15 s"
    assert _in_a_row(Quantity(20.4, "s")) == "20.4 s" and _in_a_row("a text") == "a text"


def test_a_stem_that_prints_both_numbers_of_its_division(raw: Raw, reopen: Any) -> None:
    body(raw, "read-time")["stem"] += " The memory delivers {{ bandwidth }}."
    assert "prints both numbers of what it asks for (tea_weights and bandwidth)" in told(raw, reopen)["operands-hidden"]


def test_right_options_that_are_the_longest_too_often(raw: Raw, reopen: Any) -> None:
    for name in ("what-shortens-it", "half-the-bytes", "quiz-two-numbers", "quiz-bits"):
        next(option for option in body(raw, name)["options"] if option.get("right"))["text"] += ", by all that we know"
    assert re.search(r"choices: the right option is the longest in \d of 5", told(raw, reopen)["longest-right"])


def test_an_answer_that_was_told_before(raw: Raw, reopen: Any) -> None:
    body(raw, "what-shortens-it")["reveal"] += " That is {{ tea_reads_per_second }} a second."
    assert "reads-per-second: its answer stands already in" in told(raw, reopen)["new-answer"]
    body(raw, "reads-per-second")["again"] = "It is the same number seen from its other side."
    assert "new-answer" not in told(raw, reopen)


def test_an_answer_that_a_timeline_told_before(reopen: Any) -> None:
    raw = specimen.with_timeline("run_that_tells", before="read-time")
    assert re.search(r"read-time: its answer stands already in \S+, timeline the-run;", told(raw, reopen)["new-answer"])


def test_a_quiz_may_ask_what_was_told(raw: Raw, reopen: Any) -> None:
    body(raw, "your-lab")["text"] += " TB/s, the bandwidth."
    assert "new-answer" not in told(raw, reopen)


def test_an_instructor_who_is_not_told_what_to_vote_on(raw: Raw, reopen: Any) -> None:
    raw["instructor"] = raw["instructor"].replace("`half-the-bytes`", "step 4")
    assert "two questions to vote on" in told(raw, reopen)["votes"]


# --- evidence -------------------------------------------------------------------------------------------------------

LISTING = """\
concepts:
  tea: {{lesson: 7, name: "Tea", title: "Tea", needs: []}}
misconceptions:
  {}
"""


def test_a_misconception_says_where_it_was_seen() -> None:
    bare = parse_listing(LISTING.format("hot: Tea is hot."))
    assert bare.misconceptions == {"hot": "Tea is hot."} and not bare.evidence
    full = parse_listing(LISTING.format('hot: {holds: "Tea is hot.", seen: "A thread.", url: "https://example.org"}'))
    assert full.misconceptions == bare.misconceptions and full.evidence["hot"].url == "https://example.org"
    raw = specimen.words()
    rules = [
        {found.rule for found in course_findings({"07-tea": raw}, listing) if "misconceptions.hot: seen" in found.text}
        for listing in (bare, full)
    ]
    assert rules == [{"evidence"}, set()]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("hot: {seen: A thread.}", "holds: missing"),
        ("hot: {holds: Hot., sen: A thread.}", "“sen” is not a key"),
        ("hot: {holds: Hot., seen: 3}", "seen: one line of text"),
        ("hot: {holds: Hot., url: ftp://x}", "does not start with https://"),
        ("hot: [Hot.]", "one line is expected"),
    ],
)
def test_a_misconception_that_is_not_well_formed(line: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        parse_listing(LISTING.format(line))


def test_a_checkpoint_is_read_after_the_lesson_that_it_comes_after():
    """Its answers may stand in later lessons, by chance: nobody has read those."""
    assert _earlier("checkpoint-1")[-1] == "08-what-users-feel"
    assert _earlier("10-the-memory-limit")[-1] == "09-continuous-batching" and _earlier("no-lesson") == []


def test_a_choice_that_follows_the_lab_names_each_option_and_marks_none() -> None:
    def found(*options: Raw) -> list[str]:
        raw = {"steps": [{"predict": {"id": "which", "kind": "choice", "truth": "cause", "options": list(options)}}]}
        return [each.text for each in one_right(raw)]

    assert found({"name": "a"}, {"name": "b"}, {"name": "c"}) == []
    for options in (
        ({"name": "a"}, {"name": "a"}, {"name": "c"}),
        ({"name": "a"}, {"name": "b"}, {"text": "c"}),
        ({"name": "a", "right": True}, {"name": "b"}, {"name": "c"}),
    ):
        assert "each needs a `name` of its own and none is marked" in found(*options)[0]
