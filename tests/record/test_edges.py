"""What makes a line of the journal a record, and which events make an attempt: each rule at its edge."""

from __future__ import annotations

import json
import os
import re
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lessonlib.record.attempts import Pairing, attempts_of, by_outcome
from lessonlib.record.event import Event, event_of, events_of, has_keys, moment
from lessonlib.record.journal import Journal
from lessonlib.record.lines import line_of, lines_of, record_of
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


def test_an_attempt_says_how_far_off_it_was_and_when_that_was_decided() -> None:
    told = {"right": False, "factor": 2.5, "held": False, "misconception": "took-eighth"}
    lines = [
        {**KEYS, "time": "2026-03-02T10:00:00+00:00", "confidence": 2},
        {**KEYS, "event": "reveal", "time": "2026-03-02T10:01:00+00:00", **told},
        {**KEYS, "event": "grade", "time": "2026-03-02T10:02:00+00:00", "grade": "partly"},
    ]
    asked, judged, graded = (attempts_of(events_of(lines[:count]))[0] for count in (1, 2, 3))
    assert [getattr(asked, key) for key in (*told, "grade", "at", "certain_miss")] == [None] * 6 + [False]
    assert {key: getattr(judged, key) for key in told} == told
    assert (judged.grade, judged.at, judged.certain_miss) == (None, datetime(2026, 3, 2, 10, 1, tzinfo=UTC), True)
    assert {key: getattr(graded, key) for key in told} == told
    assert (graded.grade, graded.at) == ("partly", datetime(2026, 3, 2, 10, 2, tzinfo=UTC))
    sure_and_right = attempts_of(events_of([lines[0], {**lines[1], "right": True}]))[0]
    unsure = attempts_of(events_of([{**lines[0], "confidence": 1}, lines[1]]))[0]
    assert not sure_and_right.certain_miss and not unsure.certain_miss


def test_attempts_asked_for_twice_are_not_made_twice_and_grow_with_the_journal() -> None:
    pairing = Pairing()
    commit, reveal = events("commit", "reveal")
    pairing.add([commit])
    (one,) = pairing.attempts()
    assert pairing.attempts()[0] is one and pairing.seen == 1
    pairing.add([reveal])
    (other,) = pairing.attempts()
    assert (len(one.events), len(other.events), other.decided, pairing.seen) == (1, 2, 2, 2)


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


@pytest.mark.parametrize(
    ("factors", "kept"),
    [
        ([2, 0.5], (2.0, 0.5)),
        ([1.5], (1.5,)),
        ([1] * 8, (1.0,) * 8),
        ([1] * 9, None),
        ([], None),
        ([2, None], None),
        ([2, 0], None),
        ([2, True], None),
        ((2, 0.5), None),
        (2, None),
        ("22", None),
    ],
)
def test_the_factors_of_several_numbers_are_kept_whole_or_not_at_all(
    factors: Any, kept: tuple[float, ...] | None
) -> None:
    """One that cannot be drawn would shift the others to the wrong number."""
    assert event_of({**KEYS, "factors": factors}).factors == kept


@pytest.mark.parametrize(
    ("helds", "kept"),
    [
        ([True, False], (True, False)),
        ([False], (False,)),
        ([True] * 8, (True,) * 8),
        ([True] * 9, None),
        ([], None),
        ([True, 1], None),
        ([True, None], None),
        ((True, False), None),
        (True, None),
    ],
)
def test_whether_several_ranges_held_is_kept_whole_or_not_at_all(helds: Any, kept: tuple[bool, ...] | None) -> None:
    assert event_of({**KEYS, "helds": helds}).helds == kept


@pytest.mark.parametrize(
    ("number", "kept"), [(1, 1), (2, 2), (0, None), (3, None), (True, None), ("1", None), (1.0, None), (None, None)]
)
def test_a_class_votes_in_two_rounds(number: Any, kept: int | None) -> None:
    found = event_of({**KEYS, "class": "amber-otter", "round": number})
    assert (found.in_class, found.round) == ("amber-otter", kept)


@pytest.mark.parametrize("name", ["", 7, None, ["amber-otter"]])
def test_what_is_no_name_of_a_class_is_none(name: Any) -> None:
    assert event_of({**KEYS, "class": name}).in_class is None


def test_an_attempt_has_a_factor_and_a_range_for_each_number_that_was_asked() -> None:
    def made(**told: Any) -> Any:
        return attempts_of(events_of([KEYS, {**KEYS, "event": "reveal", **told}]))[0]

    several = made(factors=[2, 0.5], helds=[True, False])
    assert (several.factors, several.helds) == ((2.0, 0.5), (True, False))
    one = made(factor=2, held=False)
    assert (one.factors, one.helds) == ((2.0,), (False,))
    assert (made().factors, made().helds) == ((), ())
    (waiting,) = attempts_of(events("commit"))
    assert (waiting.factors, waiting.helds) == ((), ())


def test_a_second_vote_stands_beside_the_first_guess_and_decides_nothing() -> None:
    lines = [
        {**KEYS, "confidence": 0},
        {**KEYS, "event": "revote", "round": 2, "choice": "b"},
        {**KEYS, "event": "revote", "round": 2, "choice": "c"},
        {**KEYS, "event": "reveal", "right": False},
    ]
    voted, judged = (attempts_of(events_of(lines[:count]))[0] for count in (3, 4))
    assert (voted.decided, voted.finished, judged.decided, judged.right) == (None, False, 4, False)
    for attempt in (voted, judged):
        assert attempt.commit and attempt.revote
        assert (attempt.commit.event, attempt.confidence, attempt.revote.choice) == ("commit", 0, "c")
    assert attempts_of(events("commit"))[0].revote is None


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        ("revote", []),
        ("hint revote commit", ["hint commit"]),
        ("commit revote reveal revote", ["commit revote reveal"]),
        ("skip revote", ["skip"]),
        ("reveal revote", ["reveal"]),
    ],
)
def test_a_second_vote_follows_a_guess_and_precedes_the_reveal(names: str, kept: list[str]) -> None:
    assert found(*names.split()) == [each.split() for each in kept]


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


# --- the file -------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.parametrize("mode", [0o644, 0o666, 0o640, 0o604, 0o600])
def test_a_journal_that_others_could_read_is_the_learners_alone_after_the_next_record(
    mode: int, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(line_of(KEYS))
    path.chmod(mode)
    journal = Journal(path)
    journal.append({**KEYS, "event": "reveal"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [record["event"] for record in journal.records()] == ["commit", "reveal"]


def test_a_journal_that_is_read_again_and_again_is_what_stands_in_the_file(tmp_path: Path) -> None:
    """Whether it grew, is the same, was cut, rewritten with more, emptied or taken away."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    lines = [line_of({**KEYS, "question": f"q{number}"}) for number in range(40)]
    for count, first in [(0, 0), (1, 0), (3, 0), (3, 0), (2, 0), (30, 0), (30, 5), (35, 5), (0, 0), (4, 9), (5, 9)]:
        path.write_bytes(b"".join(lines[first : first + count]))
        assert [record["question"] for record in journal.records()] == [f"q{first + n}" for n in range(count)]
        assert [event.question for event in journal.events()] == [f"q{first + n}" for n in range(count)]
        assert [attempt.question for attempt in journal.attempts()] == [f"q{first + n}" for n in range(count)]
    path.unlink()
    assert journal.records() == [] and journal.attempts() == []


# --- a line ---------------------------------------------------------------------------------------------------------


def test_an_event_gives_back_the_record_that_it_was_read_from() -> None:
    line = line_of({**KEYS, "guess": {"text": "½"}, "confidence": 1})
    record = record_of(line)
    assert record is not None
    for event in (event_of(record), event_of(record, line)):
        assert event.record == record and event.record["guess"] == {"text": "½"}
    bare = Event("01-x", "q", "h", "l", "commit")
    assert (bare.review, bare.record, bare.time, bare.confidence) == (False, {}, None, None)
    assert event_of(record, b"torn").record == {}


def test_a_line_begins_with_schema_time_and_address_and_ends_with_a_newline() -> None:
    record = {**KEYS, "guess": "½"}
    line = line_of({"time": "2026-03-02T10:00:00.000+00:00", **record})
    assert line.decode() == (
        '{"v":1,"time":"2026-03-02T10:00:00.000+00:00","lesson":"01-x","question":"q","hash":"h","lab":"l",'
        '"event":"commit","guess":"½"}\n'
    )
    now = moment(json.loads(line_of(record))["time"])
    assert now is not None and abs((datetime.now(UTC) - now).total_seconds()) < 600


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), "\ud800", Path("x")])
def test_what_json_has_no_word_for_does_not_cost_the_rest_of_a_record(odd: Any) -> None:
    record = record_of(line_of({**KEYS, "confidence": 2, "odd": odd}))
    assert record is not None and (record["event"], record["confidence"]) == ("commit", 2)
    assert not {b"NaN", b"Infinity"} & set(re.findall(rb"\w+", line_of({**KEYS, "odd": odd})))


def test_a_torn_line_with_an_escape_is_no_record() -> None:
    whole = line_of(KEYS).replace(b'"q"', b'"\\u0071"')
    assert (record_of(whole) or {})["question"] == "q"
    assert record_of(whole[:-9]) is None


def test_a_line_behind_an_empty_one_is_found() -> None:
    assert [line.question for line in lines_of("01-x", b"\n" + line_of(KEYS))] == ["q"]


LINES = [
    {},
    {"lesson": "01-xy"},
    {"lesson": "review", "question": "01-x/q"},
    {"question": "01-x"},
    {"event": "reveal", "guess": {"lesson": "01-x"}},
    {"question": 'a "quoted" one'},
    {"lesson": "02-y", "guess": '"lesson":"01-x"'},
    {"lab": "a\\b"},
    {"question": "ü"},
]


@pytest.mark.parametrize("lesson", ["01-x", "01-xy", "02-y", "review", "nothing", "ü x", ""])
@pytest.mark.parametrize("style", ["ours", "spaced", "sorted", "ascii", "odd"])
def test_the_lines_of_a_lesson_are_those_that_reading_them_all_would_give(lesson: str, style: str) -> None:
    """However they are spelt; and each with the question, hash, lab and event that it is about."""
    records = [{"v": 1, "time": "2026-03-02T10:00:00+00:00", **KEYS, **changes} for changes in LINES]
    how: dict[str, Any] = {
        "ours": {"separators": (",", ":"), "ensure_ascii": False},
        "spaced": {},
        "sorted": {"sort_keys": True},
        "ascii": {"separators": (",", ":"), "ensure_ascii": True},
        "odd": {"separators": (", ", " : ")},
    }[style]
    text = "".join(json.dumps(record, **how) + "\n" for record in records) + '{"v":1,"lesson":"01-x"\n\n[]\n'
    found = list(lines_of(lesson, text.encode()))
    wanted = [record for record in records if record["lesson"] == lesson]
    # A line that is torn behind its head is told by its head and reads as nothing.
    assert [line.read() for line in found] == wanted
    assert [(line.question, line.hash, line.lab, line.event) for line in found] == [
        (record["question"], record["hash"], record["lab"], record["event"]) for record in wanted
    ]
    assert [line.text.decode() for line in found] == [json.dumps(record, **how) for record in wanted]


def test_a_line_torn_behind_its_head_reads_as_nothing() -> None:
    whole = line_of({**KEYS, "guess": "x"})
    (line,) = lines_of("01-x", whole[:-4] + b"\n")
    assert (line.question, line.event, line.read()) == ("q", "commit", None)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"null",
        b"\xff",
        b'{"v":1}',
        b"[" * 100_000,
        b'{"v":true,"lesson":"a"}',
        b'{"v":' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_record(line: bytes) -> None:
    assert record_of(line) is None
