"""The teacher against endpoints and journals that say impossible things: it ends, says so in one line, and opens again."""

from __future__ import annotations

import json
import math
import random
import time
from typing import Any

import pytest

from lessonlib.lesson.items import StepItem
from lessonlib.record.exchanges import ASKED, ENDED, PART
from lessonlib.record.journal import Journal
from lessonlib.roofline import decode, lab_names, load_lab
from lessonlib.teacher import desk, teacher
from lessonlib.teacher.clocks import Clocks, clocks_from, clocks_of, table, verdict
from lessonlib.teacher.context import Context, all_revealed
from lessonlib.teacher.teacher import MOST_TOKENS, Endpoint, StreamedAnswer, TeacherError, ask
from tests.teacher.conftest import NOTE, Sitting, lesson_of, reveal
from tests.teacher.teacher_standin import KEY, TeacherStandIn, event, teaching
from tests.teacher.test_teacher import asked, refused, run

FINE = Clocks(0.4, 1.0, 101, 101, True, 4000, 1000).as_record()
#: What no count can be.
NO_COUNT: list[Any] = [1e13, 10**13, 10**30, 10**400, -1, True, "5", 1.5, math.nan, math.inf, [], {}]


# --- counts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", NO_COUNT, ids=lambda count: str(count)[:12])
def test_a_count_that_is_none_is_as_good_as_no_count(
    count: Any, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = {"prompt_tokens": count, "completion_tokens": count, "prompt_tokens_details": {"cached_tokens": count}}
    with teaching(TeacherStandIn(usage=usage)) as server:
        sitting = Sitting(server, journal, monkeypatch)
        reveal(sitting.lesson._lesson)
        sitting.ask()
        talk = sitting.wait()["teacher"]["talk"]
        again = Sitting(server, Journal(journal.path), monkeypatch).panel.view["teacher"]
    assert talk["state"] == "done" and "each piece of the stream counts as one token" in " ".join(
        talk["clocks"]["notes"]
    )
    assert again["busy"] is False and again["talk"]["answer"] == talk["answer"]


def test_counts_up_to_the_limit_are_taken() -> None:
    usage = {
        "prompt_tokens": MOST_TOKENS,
        "completion_tokens": 20,
        "prompt_tokens_details": {"cached_tokens": MOST_TOKENS},
    }
    with teaching(TeacherStandIn(usage=usage)) as server:
        answer = asked(server)
        server.usage = {**usage, "prompt_tokens": MOST_TOKENS + 1}
        over = asked(server)
    assert (answer.prompt_tokens, answer.cached_tokens) == (MOST_TOKENS, MOST_TOKENS)
    assert (over.prompt_tokens, over.cached_tokens) == (None, None), "nor is a cache larger than the prompt"


@pytest.mark.parametrize("name", lab_names())
def test_no_clocks_that_can_be_kept_make_the_table_raise(name: str) -> None:
    lab = load_lab(name)
    for tokens in (0, 1, MOST_TOKENS):
        for seconds in (0.0, 5e-324, 1e-7, 86_400.0):
            for cached in (None, 0, MOST_TOKENS):
                clocks = clocks_from(Clocks(seconds, seconds, tokens, tokens, True, tokens, cached).as_record())
                assert clocks is not None
                shown = json.dumps([table(clocks, lab, True), verdict("x", 1e-100, clocks), verdict("x", 9e99, clocks)])
                assert "inf" not in shown.lower().replace("infer", "") and "nan" not in shown.lower()


@pytest.mark.parametrize("key", FINE)
@pytest.mark.parametrize("value", [*NO_COUNT, None], ids=lambda value: str(value)[:12])
def test_clocks_of_a_journal_are_taken_only_as_they_can_be(key: str, value: Any) -> None:
    fits = (
        (value is None and key in ("prompt_tokens", "cached_tokens"))
        or (value == 1.5 and key in ("ttft_s", "decode_s"))
        or (value is True and key == "counted")
    )
    assert (clocks_from({**FINE, key: value}) is not None) == fits


@pytest.mark.parametrize("seed", range(60))
def test_the_note_opens_whatever_the_journal_holds(
    seed: int, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    odd = [None, 0, -1, 1e308, 10**300, "", "x" * 100_000, "\x1b[2J", [], {}, {"text": 5}, True, [[]], KEY]
    lesson = lesson_of()
    base = {**lesson.address(next(item for item in lesson.asked if item.id == NOTE)), "exchange": "a"}
    records = [
        {"event": ASKED, "text": "Why?", "guess": {"text": "1 s", "value": 1.0}},
        {"event": PART, "text": "Because"},
        {"event": ENDED, "text": ".", "ended": "done", "problem": "", "model": "m", "clocks": dict(FINE)},
    ]
    for record in records:
        place = chance.choice([record, record.get("guess") or record, record.get("clocks") or record])
        place[chance.choice(list(place))] = chance.choice(odd)
        journal.append({**base, **record})
    sitting = Sitting(None, journal, monkeypatch, url="http://127.0.0.1:9")
    reveal(sitting.lesson._lesson)
    view = sitting.panel.view
    assert view["teacher"]["busy"] is False
    text = json.dumps(view["teacher"], allow_nan=False)
    assert KEY not in text and "\\u001b" not in json.dumps(view["teacher"].get("talk", {}).get("problem", ""))


def test_a_guess_of_a_journal_that_cannot_be_compared_is_not(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = lesson_of()
    base = {**lesson.address(next(item for item in lesson.asked if item.id == NOTE)), "exchange": "a"}
    journal.append({**base, "event": ASKED, "text": "Why?", "guess": {"text": "1 s", "value": 10**299}})
    journal.append({**base, "event": ENDED, "text": "So.", "ended": "done", "clocks": FINE})
    talk = Sitting(None, journal, monkeypatch, url="http://127.0.0.1:9").panel.view["teacher"]["talk"]
    assert talk["guess"] == "–" and "verdict" not in talk


# --- time --------------------------------------------------------------------------------------------------------------


def test_the_whole_answer_has_a_deadline_however_steadily_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher, "LONGEST_S", 1.0)
    with teaching(TeacherStandIn(pieces=["word "] * 2000, itl_s=0.02)) as server:
        line, answer = refused(server)
    assert "not complete within 1 s" in line and answer.text.startswith("word word ")


def test_comments_in_the_stream_are_no_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher, "SILENCE_S", 0.6)
    body = f"data: {event({'content': 'So '})}\n\n".encode() + b": ping\n\n" * 10
    with teaching(TeacherStandIn(body=body, promised_bytes=10**6, hold=None)) as server:
        original = server._stream

        def slowly(handler: Any) -> None:
            original(handler)
            end = time.monotonic() + 5
            while time.monotonic() < end:
                handler.wfile.write(b": ping\n\n")
                handler.wfile.flush()
                time.sleep(0.05)

        server._stream = slowly  # type: ignore[method-assign]
        line, answer = refused(server)
    assert "fell silent" in line and answer.text == "So "


def test_each_token_moves_the_deadline_of_silence_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher, "SILENCE_S", 2.0)
    with teaching(TeacherStandIn(itl_s=0.15)) as server:  # 20 pieces: longer in all than the silence that is borne
        assert asked(server).finish == "stop"


@pytest.mark.parametrize("fails", ["append", "address"])
def test_nobody_is_busy_for_good(fails: str, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that cannot be written any more, or anything else on the thread of the answer."""
    with teaching(TeacherStandIn(ttft_s=0.3)) as server:
        sitting = Sitting(server, journal, monkeypatch)
        sitting.ask()

        def broken(*_: Any, **__: Any) -> Any:
            raise OSError("the disk is gone")

        target = sitting.lesson._lesson.journal if fails == "append" else sitting.lesson._lesson
        monkeypatch.setattr(target, fails, broken)
        view = sitting.wait()
        assert view["teacher"]["busy"] is False
        sitting.panel.handle({"event": "stop"})


def test_what_a_fault_of_our_own_says_is_not_shown(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """It might hold an address with a key."""

    async def failing(*_: Any) -> None:
        raise RuntimeError(f"at http://x/?key={KEY}")

    monkeypatch.setattr(desk, "ask", failing)
    sitting = Sitting(None, journal, monkeypatch, url="http://127.0.0.1:9")
    sitting.ask()
    talk = sitting.wait()["teacher"]["talk"]
    assert talk["problem"] == "Asking failed (RuntimeError). Your question is kept; ask again."
    assert KEY not in journal.path.read_text()


@pytest.mark.parametrize("name", ["x" * 201, "", " ", 5, None])
def test_a_model_without_a_usable_name_is_not_asked(name: Any) -> None:
    with teaching(TeacherStandIn(models=[name])) as server:
        assert "lists no model" in refused(server)[0]
        assert server.requests == []


def test_a_reason_to_end_that_nobody_knows_is_an_end() -> None:
    with teaching(TeacherStandIn(finish="\x1b[2J" + "x" * 1000)) as server:
        assert asked(server).finish == "stop"


# --- what goes along and what stands beside it -----------------------------------------------------------------------------


def test_of_a_long_lesson_the_end_goes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    lesson = lesson_of()
    reveal(lesson)
    whole = Context(lesson).text().split("# The lesson so far")[1].split("\n", 1)[1]
    monkeypatch.setattr("lessonlib.teacher.context.MOST_CHARACTERS", 500)
    story = Context(lesson).text().split("# The lesson so far")[1].split("\n", 1)[1]
    assert story == "(The beginning is left out.) " + whole[-500:]


def test_nothing_behind_the_first_closed_item_goes_along() -> None:
    """Also what is open there by itself, such as a text: it may speak of what is still asked."""
    lesson = lesson_of()
    entries = lesson.raw["steps"]
    closed = next(
        number
        for number, entry in enumerate(entries)
        if isinstance(raw := next(iter(entry.values())), dict) and lesson.items[raw["id"]].lock
    )
    lesson.raw = {**lesson.raw, "steps": [*entries[: closed + 1], {"text": "SPOKEN TOO EARLY"}, *entries[closed + 1 :]]}
    assert "SPOKEN TOO EARLY" not in Context(lesson).text()
    reveal(lesson)
    assert "SPOKEN TOO EARLY" in Context(lesson).text()


def test_the_roofs_are_told_once_every_step_is_revealed_and_not_before() -> None:
    lesson = lesson_of()
    gates = [item for item in lesson.asked if any(item in other.gates for other in lesson.items.values())]
    assert len(gates) > 1
    for number, gate in enumerate(gates):
        assert not all_revealed(lesson), f"{number} of {len(gates)} revealed"
        reveal(lesson, lambda item, gate=gate: isinstance(item, StepItem) and item.id == gate.id)
    assert all_revealed(lesson)


@pytest.mark.parametrize(
    ("prompt", "context"),
    [(100_000, 100_000 + 30_000), (None, None)],
    ids=["as the endpoint counts", "of the lab where it does not"],
)
def test_the_roof_of_decode_is_at_the_context_half_way_through_the_answer(prompt: Any, context: Any) -> None:
    lab = load_lab()
    shown = table(Clocks(0.4, 900.0, 60_001, 60_001, True, prompt), lab, True)
    ceiling = decode(lab.system, 1, context or lab.context + 30_000).ceiling_tokens_per_s
    told = float(shown["rows"][2][3].split()[0].replace(",", ""))
    assert told == pytest.approx(ceiling, rel=0.005)
    elsewhere = decode(lab.system, 1, prompt or lab.context).ceiling_tokens_per_s
    assert told != pytest.approx(elsewhere, rel=0.01), "without the answer it is another one"


def test_a_clock_before_the_first_token_is_none() -> None:
    answer = StreamedAnswer()
    assert clocks_of(answer) is None
    with pytest.raises(TeacherError):
        run(ask(Endpoint("http://127.0.0.1:9/v1", "m"), [], answer))
    assert clocks_of(answer) is None
