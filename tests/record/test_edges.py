"""What makes a line of the journal a record, and which events make an attempt: each rule at its edge."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lessonlib.record.attempts import attempts_of, by_outcome
from lessonlib.record.event import event_of, events_of, has_keys, moment
from lessonlib.record.journal import Journal
from lessonlib.record.settings import choose_lab, chosen_lab
from lessonlib.roofline import DEFAULT_LAB, lab_names

KEYS = {"lesson": "01-x", "question": "q", "hash": "h", "lab": "l", "event": "commit"}


# --- a record -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("odd", [None, 1, [], {}, True])
def test_every_key_of_a_record_must_be_there_and_be_text(key: str, odd: Any, tmp_path: Path) -> None:
    missing = {name: value for name, value in KEYS.items() if name != key}
    assert has_keys(KEYS) and not has_keys(missing) and not has_keys({**KEYS, key: odd})
    path = tmp_path / "journal.jsonl"
    path.write_text("".join(json.dumps({"v": 1, **each}) + "\n" for each in (missing, {**KEYS, key: odd}, KEYS)))
    assert [record["event"] for record in Journal(path).records()] == ["commit"]
    assert len(events_of([missing, {**KEYS, key: odd}, KEYS])) == 1


@pytest.mark.parametrize(
    ("schema", "read"), [(1, True), (0, False), (2, False), (-1, False), ("1", False), (None, False), (1.0, False)]
)
def test_a_line_of_another_schema_is_passed_over(schema: Any, read: bool, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(json.dumps({"v": schema, **KEYS}) + "\n")
    assert len(Journal(path).records()) == int(read)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-03-02T10:00:00+00:00", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("2026-03-02T10:00:00", datetime(2026, 3, 2, 10, tzinfo=UTC)),
        ("2026-03-02T10:00:00-02:30", datetime(2026, 3, 2, 12, 30, tzinfo=UTC)),
        ("1970-01-01T12:00:00+00:00", datetime(1970, 1, 1, 12, tzinfo=UTC)),
        ("1969-12-31T12:00:00+00:00", None),
        ("2199-12-31T12:00:00+00:00", datetime(2199, 12, 31, 12, tzinfo=UTC)),
        ("2200-01-01T12:00:00+00:00", None),
        ("0001-01-01T00:00:00+23:00", None),
        ("yesterday", None),
        (20260302, None),
    ],
)
def test_a_time_of_the_journal_is_utc_or_none(text: Any, at: datetime | None) -> None:
    assert moment(text) == at
    assert at is None or moment(text).utcoffset().total_seconds() == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("factor", "kept"),
    [(1, 1.0), (1e299, 1e299), (1e300, None), (1e-300, 1e-300), (5e-324, None), (0, None), (-1, None), (0.5, 0.5)],
)
def test_a_factor_that_can_be_drawn_either_way_round(factor: float, kept: float | None) -> None:
    assert event_of({**KEYS, "factor": factor}).factor == kept


@pytest.mark.parametrize(("level", "kept"), [(0, 0), (1, 1), (2, 2), (3, None), (-1, None), (False, None)])
def test_a_level_of_confidence_is_one_of_three(level: Any, kept: int | None) -> None:
    assert event_of({**KEYS, "confidence": level}).confidence == kept


# --- an attempt ---------------------------------------------------------------------------------------------------


def events(*names: str, review: bool = False, **more: Any) -> list[Any]:
    where = {"lesson": "review", "question": "01-x/q"} if review else {}
    return events_of([{**KEYS, **where, "event": name, **more} for name in names])


def found(*names: str, **how: Any) -> list[list[str]]:
    """The events of each attempt."""
    return [[event.event for event in attempt.events] for attempt in attempts_of(events(*names, **how))]


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ("hint commit reveal observe grade", ["hint commit reveal observe grade"]),
        ("commit commit reveal", ["commit reveal"]),
        ("commit skip reveal", ["commit reveal"]),
        ("commit hint reveal", ["commit reveal"]),
        ("skip commit", ["skip"]),
        ("skip skip", ["skip"]),
        ("commit reveal reveal", ["commit reveal"]),
        ("commit reveal commit reveal", ["commit reveal"]),
        ("commit reveal skip hint", ["commit reveal"]),
        ("observe grade commit", ["commit"]),
        ("observe", []),
        ("grade", []),
        ("commit observe grade", ["commit"]),
        ("asked reply commit", ["commit"]),
        ("reveal", ["reveal"]),
        ("reveal commit reveal", ["reveal", "commit reveal"]),
        ("reveal observe commit", ["reveal observe", "commit"]),
        ("commit reveal grade grade", ["commit reveal grade grade"]),
    ],
)
def test_in_a_lesson_a_question_is_answered_once(names: str, kept: list[str]) -> None:
    assert found(*names.split()) == [each.split() for each in kept]


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ("skip skip", ["skip", "skip"]),
        ("skip commit reveal", ["skip", "commit reveal"]),
        ("commit reveal commit reveal", ["commit reveal"]),
        ("commit reveal grade commit reveal grade", ["commit reveal grade", "commit reveal grade"]),
        ("commit reveal grade hint", ["commit reveal grade", "hint"]),
    ],
)
def test_in_a_review_what_is_finished_may_be_asked_again(names: str, kept: list[str]) -> None:
    """A reveal that nobody judged is not finished before its grade."""
    assert found(*names.split(), review=True) == [each.split() for each in kept]


def test_in_a_review_a_judged_guess_is_finished() -> None:
    names = ["commit", "reveal", "commit", "reveal"]
    assert found(*names, review=True, right=False) == [["commit", "reveal"]] * 2
    assert found(*names, right=False) == [["commit", "reveal"]], "in its lesson it is not asked again"


def test_an_attempt_knows_what_came_of_it() -> None:
    (skipped,) = attempts_of(events("skip"))
    assert (skipped.skipped, skipped.finished, skipped.right, skipped.commit, skipped.decided) == (
        True,
        True,
        None,
        None,
        1,
    )
    (open_,) = attempts_of(events("hint", "commit"))
    assert (open_.skipped, open_.finished, open_.right, open_.decided) == (False, False, None, None)
    (judged,) = attempts_of(events("hint", "commit", "reveal", right=False))
    assert (judged.finished, judged.right, judged.decided) == (True, False, 3)
    (shown,) = attempts_of(events("commit", "reveal"))
    assert (shown.finished, shown.right, shown.decided) == (False, None, 2)
    (graded,) = attempts_of(events("commit", "reveal", "grade", grade="got"))
    assert (graded.finished, graded.decided) == (True, 3)


@pytest.mark.parametrize("key", ["lesson", "question", "hash", "lab"])
def test_another_lesson_question_wording_or_lab_is_another_attempt(key: str) -> None:
    both = events_of(
        [KEYS, {**KEYS, key: "another"}, {**KEYS, "event": "reveal"}, {**KEYS, key: "another", "event": "reveal"}]
    )
    assert [len(attempt.events) for attempt in attempts_of(both)] == [2, 2]
    assert {getattr(attempt, key) for attempt in attempts_of(both)} == {KEYS[key], "another"}


def test_a_review_and_its_lesson_are_two_attempts() -> None:
    found = attempts_of([*events("commit"), *events("commit", review=True)])
    assert [(attempt.lesson, attempt.question, attempt.review) for attempt in found] == [
        ("01-x", "q", False),
        ("01-x", "q", True),
    ]


def test_by_outcome_goes_by_what_was_decided_and_leaves_out_what_was_not() -> None:
    def of(question: str, *names: str) -> list[dict[str, Any]]:
        return [{**KEYS, "question": question, "event": name} for name in names]

    lines = [
        *of("a", "commit"),
        *of("b", "commit"),
        *of("c", "commit"),
        *of("b", "reveal"),
        *of("a", "reveal"),
        *of("b", "grade"),
    ]
    made = attempts_of(events_of(lines))
    assert [attempt.question for attempt in made] == ["a", "b", "c"]
    assert [attempt.question for attempt in by_outcome(made)] == ["a", "b"]


def test_the_confidence_is_that_of_the_reveal_if_it_has_one() -> None:
    both = events_of([{**KEYS, "confidence": 0}, {**KEYS, "event": "reveal", "confidence": 2}])
    assert attempts_of(both)[0].confidence == 2
    assert attempts_of(both[:1])[0].confidence == 0
    assert attempts_of(events("commit"))[0].confidence is None


# --- the chosen lab -------------------------------------------------------------------------------------------------


def test_a_lab_file_is_kept_by_its_full_path_alone(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next notebook may run in another folder, where a relative path names another file or none."""
    text = (repo / "data/labs" / f"{DEFAULT_LAB}.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LESSON_JOURNAL", str(tmp_path / "journal.jsonl"))
    assert not choose_lab("mine.toml") and not choose_lab("./mine.toml")
    assert choose_lab(str(tmp_path / "mine.toml")) and chosen_lab() == str(tmp_path / "mine.toml")
    (tmp_path / "settings.json").write_text(json.dumps({"lab": "mine.toml"}), encoding="utf-8")
    assert chosen_lab() == DEFAULT_LAB
    (tmp_path / "mine.toml").unlink()
    assert not choose_lab(str(tmp_path / "mine.toml"))
    other = next(name for name in lab_names() if name != DEFAULT_LAB)
    assert choose_lab(other) and chosen_lab() == other
