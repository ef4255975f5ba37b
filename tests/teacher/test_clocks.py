"""The clocks of an answer by hand: from its times to speeds, the table beside the lab, its notes, and the guess."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from lessonlib.base.quantity import Quantity
from lessonlib.lesson.guess import GuessError
from lessonlib.roofline import decode, load_lab, mixed
from lessonlib.teacher.clocks import (
    Clocks,
    clocks_from,
    clocks_of,
    is_count,
    is_duration,
    is_guess,
    read_guess,
    table,
    verdict,
)
from lessonlib.teacher.teacher import StreamedAnswer

#: 4,000 tokens read in 0.4 s, of them 1,000 out of a cache; 101 written in 1 s
FINE = Clocks(0.4, 1.0, 101, 101, True, 4000, 1000)
#: The shortest time of which a speed is told.
SHORTEST = 1e-6
MOST_TOKENS = 20_000_000
DAY_S = 86_400.0

# --- speeds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "cached", "computed"),
    [(4000, 1000, 3000), (4000, None, 4000), (4000, 0, 4000), (1, None, 1), (None, None, 0), (0, 0, 0), (5, 5, 0), (3, 5, 0)],
)  # fmt: skip
def test_what_no_cache_held_is_computed(prompt: int | None, cached: int | None, computed: int) -> None:
    assert replace(FINE, prompt_tokens=prompt, cached_tokens=cached).computed == computed


@pytest.mark.parametrize(
    ("change", "speed"),
    [
        ({}, 7500.0),
        ({"cached_tokens": None}, 10_000.0),
        ({"prompt_tokens": None, "cached_tokens": None}, None),
        ({"cached_tokens": 4000}, None),
        ({"ttft_s": 1.6}, 1875.0),
        ({"ttft_s": SHORTEST}, 3e9),
        ({"ttft_s": 0.9e-6}, None),
        ({"ttft_s": 0.0}, None),
    ],
)
def test_the_speed_of_prefill(change: dict[str, Any], speed: float | None) -> None:
    told = replace(FINE, **change).prefill_tokens_per_s
    assert told is None if speed is None else told == pytest.approx(speed)


@pytest.mark.parametrize(
    ("change", "speed"),
    [
        ({}, 100.0),
        ({"decode_s": 0.3}, 100 / 0.3),
        ({"generated_tokens": 2, "chunks": 2}, 1.0),
        ({"generated_tokens": 2, "chunks": 1}, None),
        ({"generated_tokens": 1, "chunks": 2}, None),
        ({"generated_tokens": 0, "chunks": 2}, None),
        ({"decode_s": SHORTEST}, 1e8),
        ({"decode_s": 0.9e-6}, None),
        ({"decode_s": 0.0}, None),
    ],
)
def test_the_speed_of_decode_leaves_the_first_token_out(change: dict[str, Any], speed: float | None) -> None:
    told = replace(FINE, **change).decode_tokens_per_s
    assert told is None if speed is None else told == pytest.approx(speed)


# --- from an answer --------------------------------------------------------------------------------------------------


def answered(**change: Any) -> StreamedAnswer:
    """Sent at 10, from 10.5 to 13; three pieces, one more token than that."""
    given = {"sent": 10.0, "first": 10.5, "last": 13.0, "chunks": 3, "generated_tokens": 4, "prompt_tokens": 70}
    return StreamedAnswer(**{**given, "cached_tokens": 60, **change})


def test_the_clocks_of_an_answer() -> None:
    assert clocks_of(answered()) == Clocks(0.5, 2.5, 4, 3, True, 70, 60)


@pytest.mark.parametrize("missing", ["sent", "first", "last"])
def test_without_one_of_its_times_an_answer_has_no_clocks(missing: str) -> None:
    assert clocks_of(answered(**{missing: None})) is None


@pytest.mark.parametrize(
    ("told", "hidden", "generated", "counted"),
    [(4, 0, 4, True), (4, 1, 3, True), (4, 3, 1, True), (4, 4, 3, False), (4, 9, 3, False), (0, 0, 3, False), (None, 0, 3, False)],
)  # fmt: skip
def test_what_was_thought_in_secret_is_no_written_token(
    told: int | None, hidden: int, generated: int, counted: bool
) -> None:
    clocks = clocks_of(answered(generated_tokens=told, hidden_tokens=hidden))
    assert clocks is not None
    assert (clocks.generated_tokens, clocks.counted) == (generated, counted)


# --- from a journal --------------------------------------------------------------------------------------------------


def test_the_record_of_a_journal_is_read_back() -> None:
    record = FINE.as_record()
    assert record == {
        "ttft_s": 0.4,
        "decode_s": 1.0,
        "generated_tokens": 101,
        "chunks": 101,
        "counted": True,
        "prompt_tokens": 4000,
        "cached_tokens": 1000,
    }
    assert clocks_from(record) == FINE


SECONDS = {0: True, 5: True, DAY_S: True, DAY_S + 0.5: False, -1e-9: False, math.inf: False, math.nan: False}
COUNTS = {0: True, 1: True, MOST_TOKENS: True, MOST_TOKENS + 1: False, -1: False, 1.5: False}
NEITHER = [True, False, "1", [], {}]


@pytest.mark.parametrize(("value", "fits"), [*SECONDS.items(), *((each, False) for each in (*NEITHER, None))])
def test_seconds_that_an_answer_can_have_taken(value: Any, fits: bool) -> None:
    assert is_duration(value) is fits
    for name in ("ttft_s", "decode_s"):
        assert (clocks_from({**FINE.as_record(), name: value}) is not None) is fits


@pytest.mark.parametrize(("value", "fits"), [*COUNTS.items(), *((each, False) for each in NEITHER)])
def test_counts_that_an_answer_can_have(value: Any, fits: bool) -> None:
    assert is_count(value) is fits
    for name in ("generated_tokens", "chunks", "prompt_tokens", "cached_tokens"):
        assert (clocks_from({**FINE.as_record(), name: value}) is not None) is fits


def test_only_what_an_endpoint_may_leave_uncounted_may_be_missing() -> None:
    for name in FINE.as_record():
        found = clocks_from({**FINE.as_record(), name: None})
        assert found == (replace(FINE, **{name: None}) if name in ("prompt_tokens", "cached_tokens") else None)


@pytest.mark.parametrize("counted", [1, 0, "yes"])
def test_whether_it_was_counted_is_yes_or_no(counted: Any) -> None:
    assert clocks_from({**FINE.as_record(), "counted": counted}) is None
    assert clocks_from({**FINE.as_record(), "counted": False}) == replace(FINE, counted=False)


@pytest.mark.parametrize("record", [None, [], "x", {}, list(FINE.as_record())])
def test_another_record_has_no_clocks(record: Any) -> None:
    assert clocks_from(record) is None
    less = FINE.as_record()
    del less["cached_tokens"]
    assert clocks_from(less) is None
    assert clocks_from({**FINE.as_record(), "more": 1}) is None


# --- the guess -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "fits"),
    [(0.3, True), (1, True), (1e-100, True), (0.9e-100, False), (0.9e100, True), (1e100, False), (0, False), (-1, False),
     (True, False), ("1", False), (None, False), (math.nan, False), (10**299, False)],
)  # fmt: skip
def test_what_a_journal_can_hold_as_a_guess(value: Any, fits: bool) -> None:
    assert is_guess(value) is fits


@pytest.mark.parametrize(
    ("typed", "text", "seconds"),
    [(" 300 ms\n", "300 ms", 0.3), ("1.2 s", "1.2 s", 1.2), ("2e2 ms", "2e2 ms", 0.2), ("2E-1s", "2E-1s", 0.2), ("1 sec", "1 sec", 1.0)],
)  # fmt: skip
def test_a_guess_is_kept_as_it_was_typed(typed: str, text: str, seconds: float) -> None:
    assert read_guess(typed) == (text, pytest.approx(seconds))


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("300", "Add the unit"),
        ("2e2", "Add the unit"),
        ("2E2", "Add the unit"),
        ("", "Guess first"),
        ("  ", "Guess first"),
        (None, "Guess first"),
        (300, "Guess first"),
        ("3 GB", "asks for a time"),
    ],
)
def test_a_guess_that_cannot_be_read_is_told_what_to_type(typed: Any, says: str) -> None:
    with pytest.raises(GuessError, match=says):
        read_guess(typed)


def test_the_guess_is_compared_by_its_factor() -> None:
    assert verdict("800 ms", 0.8, FINE) == {
        "tone": "near",
        "headline": "Right size: ×2 too high",
        "text": "You said 800 ms; the first token came after 400 ms.",
    }
    assert verdict("1 s", 1.0, replace(FINE, ttft_s=0.9e-6)) == {}
    assert verdict("1 µs", 1e-6, replace(FINE, ttft_s=SHORTEST))["headline"] == "Spot on"


# --- the table -------------------------------------------------------------------------------------------------------

COLUMNS = ["", "this answer", "expected of your lab", "its ceiling", "reached"]
COUNTED = "101 tokens written, 4,000 read, 1,000 of these out of the prefix cache."
WAITING = "Prefill is prompt tokens over time to first token: waiting in the queue and on the network is in it."
NO_PROMPT = "No count of the prompt's tokens came, so no prefill speed can be told."
LATER = (
    "Ceiling and expectation of your lab come here once every step of this lesson is revealed: some steps ask for them."
)
OVER = "More than 100 %: a prefix cache knew the beginning of the prompt, drafts were accepted, or the endpoint is not your lab."


def notes(**change: Any) -> list[str]:
    return list(table(replace(FINE, **change), load_lab(), True)["notes"])


def test_the_table_of_an_answer_beside_the_lab() -> None:
    """The cache's tokens are context of the 3,000 computed; decode is told at the context half way through the answer."""
    lab = load_lab()
    read, write = mixed(lab.system, [(3000, 1000)]), decode(lab.system, 1, 4000 + 50)

    def per_second(value: float) -> str:
        return str(Quantity(value, "tok/s"))

    def percent(value: float) -> str:
        return f"{100 * value:.0f} %"

    shown = table(FINE, lab, True)
    assert shown["columns"] == COLUMNS
    assert shown["rows"] == [
        [
            "Time to first token",
            "400 ms",
            str(Quantity(read.expected_s, "s")),
            str(Quantity(read.ceiling_s, "s")),
            percent(read.ceiling_s / 0.4),
        ],
        [
            "Prefill",
            "7,500 tok/s",
            per_second(read.expected_tokens_per_s),
            per_second(read.ceiling_tokens_per_s),
            percent(7500 / read.ceiling_tokens_per_s),
        ],
        [
            "Decode",
            "100 tok/s",
            per_second(write.expected_tokens_per_s),
            per_second(write.ceiling_tokens_per_s),
            percent(100 / write.ceiling_tokens_per_s),
        ],
    ]
    assert shown["notes"] == [COUNTED, WAITING]


@pytest.mark.parametrize(("prompt", "written", "middle"), [(100_000, 60_000, 130_000), (1, 60_001, 30_001)])
def test_decode_is_told_at_the_context_half_way_through_the_answer(prompt: int, written: int, middle: int) -> None:
    lab = load_lab()
    clocks = replace(FINE, prompt_tokens=prompt, cached_tokens=None, generated_tokens=written)
    ceiling = decode(lab.system, 1, middle).ceiling_tokens_per_s
    assert table(clocks, lab, True)["rows"][2][3] == str(Quantity(ceiling, "tok/s"))
    assert str(Quantity(ceiling, "tok/s")) != str(Quantity(decode(lab.system, 1, prompt).ceiling_tokens_per_s, "tok/s"))


def test_before_every_step_is_revealed_the_table_holds_the_clocks_alone() -> None:
    assert table(replace(FINE, ttft_s=1e-5), load_lab(), False) == {
        "columns": COLUMNS[:2],
        "rows": [["Time to first token", "10 µs"], ["Prefill", "300,000,000 tok/s"], ["Decode", "100 tok/s"]],
        "notes": [COUNTED, WAITING, LATER],
    }


def test_without_a_count_of_the_prompt_only_decode_stands_beside_the_lab() -> None:
    lab = load_lab()
    clocks = replace(FINE, prompt_tokens=None, cached_tokens=None)
    first, read, write = table(clocks, lab, True)["rows"]
    assert first == ["Time to first token", "400 ms", "–", "–", "–"]
    assert read == ["Prefill", "–", "–", "–", "–"]
    assert write[3] == str(Quantity(decode(lab.system, 1, lab.context + 50).ceiling_tokens_per_s, "tok/s"))


@pytest.mark.parametrize(("ttft_s", "told"), [(SHORTEST, True), (0.9e-6, False), (0.0, False)])
def test_of_no_time_at_all_no_share_is_told(ttft_s: float, told: bool) -> None:
    first, read, write = table(replace(FINE, ttft_s=ttft_s), load_lab(), True)["rows"]
    assert first[2] != "–" and first[3] != "–", "what the lab would need is known nevertheless"
    assert (first[4] != "–", read[1] != "–", read[4] != "–") == (told, told, told)
    assert write[4].endswith(" %")


def test_a_single_token_has_no_decode_speed_but_its_ceiling() -> None:
    write = table(replace(FINE, generated_tokens=1, chunks=1), load_lab(), True)["rows"][2]
    assert (write[1], write[4]) == ("–", "–") and write[2].endswith(" tok/s") and write[3].endswith(" tok/s")


# --- notes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ({}, COUNTED),
        ({"cached_tokens": 0}, "101 tokens written, 4,000 read."),
        ({"cached_tokens": None}, "101 tokens written, 4,000 read."),
        ({"prompt_tokens": None, "cached_tokens": None}, "101 tokens written."),
        ({"generated_tokens": 12_345, "chunks": 12_345}, COUNTED.replace("101", "12,345")),
    ],
)
def test_the_first_note_counts_tokens(change: dict[str, Any], first: str) -> None:
    assert notes(**change)[0] == first


PIECES = "No count of written tokens came: each piece of the stream counts as one token here."
SEVERAL = "Several tokens came with each piece of the stream, so the decode speed is less sure."
TOO_FEW = "Too few pieces came to tell a decode speed."


@pytest.mark.parametrize(
    ("change", "there"),
    [
        ({}, []),
        ({"counted": False}, [PIECES]),
        ({"counted": False, "chunks": 10}, [PIECES]),
        ({"generated_tokens": 100, "chunks": 50}, []),
        ({"generated_tokens": 101, "chunks": 50}, [SEVERAL]),
        ({"generated_tokens": 1, "chunks": 1}, [TOO_FEW]),
        ({"generated_tokens": 2, "chunks": 1}, [TOO_FEW]),
        ({"generated_tokens": 3, "chunks": 1}, [SEVERAL, TOO_FEW]),
    ],
)
def test_a_note_says_how_sure_the_decode_speed_is(change: dict[str, Any], there: list[str]) -> None:
    assert [note for note in notes(**change) if note in (PIECES, SEVERAL, TOO_FEW)] == there


def test_a_note_says_what_prefill_holds_or_that_it_is_not_known() -> None:
    assert WAITING in notes() and NO_PROMPT not in notes()
    without = notes(prompt_tokens=None, cached_tokens=None)
    assert NO_PROMPT in without and WAITING not in without


@pytest.mark.parametrize(
    ("times", "reached", "noted"),
    [(0.5, "50 %", False), (1.0, "100 %", False), (1.04, "100 %", False), (1.06, "110 %", True), (25.0, "2,500 %", True)],
)  # fmt: skip
def test_more_than_the_ceiling_is_explained_where_it_is_seen(times: float, reached: str, noted: bool) -> None:
    """For each row: a ceiling that is passed in one of them is enough."""
    lab = load_lab()
    read, write = mixed(lab.system, [(3000, 1000)]), decode(lab.system, 1, 4050)
    quick = replace(FINE, ttft_s=read.ceiling_s / times)
    found = table(quick, lab, True)
    assert [row[4] for row in found["rows"][:2]] == [reached, reached]
    assert (OVER in found["notes"]) is noted
    fluent = table(replace(FINE, decode_s=100 / write.ceiling_tokens_per_s / times), lab, True)
    assert fluent["rows"][2][4] == reached
    assert (OVER in fluent["notes"]) is noted
