"""The teacher's endpoint, a stand-in: the clocks of an answer, everything that can go wrong, and the key."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lessonlib.lesson.guess import GuessError
from lessonlib.record.journal import Journal
from lessonlib.roofline import decode, lab_names, load_lab, prefill
from lessonlib.teacher.clocks import Clocks, clocks_from, clocks_of, read_guess, table, verdict
from lessonlib.teacher.teacher import KEY as KEY_NAME
from lessonlib.teacher.teacher import MOST_CHARACTERS, Endpoint, StreamedAnswer, TeacherError, ask
from tests.teacher.teacher_standin import KEY, TeacherStandIn, event, teaching


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """To its end, on a thread of its own as at the desk: on this one Playwright may already run a loop."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, coroutine).result()


def asked(server: TeacherStandIn, **more: Any) -> StreamedAnswer:
    """An answer of the stand-in, to its end."""
    answer = StreamedAnswer()
    run(ask(Endpoint(server.url), [{"role": "user", "content": "why?"}], answer, **more))
    return answer


def refused(server: TeacherStandIn) -> tuple[str, StreamedAnswer]:
    """The one line, and what came before it."""
    answer = StreamedAnswer()
    with pytest.raises(TeacherError) as caught:
        run(ask(Endpoint(server.url), [{"role": "user", "content": "why?"}], answer))
    line = str(caught.value)
    assert "\n" not in line and KEY not in line and len(line) < 400
    return line, answer


# --- the clocks ---------------------------------------------------------------------------------------------------


def test_the_clocks_are_those_of_the_server() -> None:
    with teaching(TeacherStandIn(ttft_s=0.25, itl_s=0.02)) as server:
        found = clocks_of(asked(server))
    assert found.ttft_s >= 0.25 and found.ttft_s == pytest.approx(server.ttft, abs=0.2)
    assert found.decode_s == pytest.approx(server.decode_s, rel=0.3)
    assert found.decode_tokens_per_s == pytest.approx(19 / server.decode_s, rel=0.3)
    assert found.prefill_tokens_per_s == pytest.approx(3000 / found.ttft_s)
    assert found.counted and found.generated_tokens == 20


def test_the_clocks_to_the_digit() -> None:
    """The question goes out at 10; looking up the model came before."""
    ticks = iter([10.0, 10.0, *(10.5 + 0.125 * n for n in range(40))])
    with teaching(TeacherStandIn()) as server:
        found = clocks_of(asked(server, clock=lambda: next(ticks)))
    assert (found.ttft_s, found.decode_s, found.decode_tokens_per_s) == (0.5, 19 * 0.125, 8.0)


def test_without_usage_the_pieces_are_counted_and_that_is_said() -> None:
    with teaching(TeacherStandIn(usage=None)) as server:
        found = clocks_of(asked(server))
    assert (found.generated_tokens, found.counted, found.prompt_tokens, found.prefill_tokens_per_s) == (
        20,
        False,
        None,
        None,
    )
    shown = table(found, load_lab(), True)
    assert "each piece of the stream counts as one token" in " ".join(
        shown["notes"]
    ) and "no prefill speed" in " ".join(shown["notes"])
    assert [row[0] for row in shown["rows"] if row[1] == "–"] == ["Prefill"]


def test_an_endpoint_that_knows_no_usage_option_is_asked_again_without() -> None:
    with teaching(TeacherStandIn(refuse_usage=True, usage=None)) as server:
        assert asked(server).text.startswith("word0")
    assert [("stream_options" in request) for request in server.requests] == [True, False]


def test_thoughts_are_tokens_but_not_shown() -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 25, "completion_tokens_details": {"reasoning_tokens": 5}}
    with teaching(TeacherStandIn(thoughts=5, usage=usage)) as server:
        answer = asked(server)
    assert "hm" not in answer.text and answer.thought == 5
    assert clocks_of(answer).generated_tokens == 25
    with teaching(TeacherStandIn(usage=usage)) as server:
        assert clocks_of(asked(server)).generated_tokens == 20, (
            "thoughts that were not streamed have no place between first and last"
        )


def test_one_token_has_no_decode_speed() -> None:
    with teaching(TeacherStandIn(pieces=["Yes."], usage={"prompt_tokens": 9, "completion_tokens": 1})) as server:
        found = clocks_of(asked(server))
    assert found.decode_tokens_per_s is None
    assert "Too few pieces" in " ".join(table(found, load_lab(), True)["notes"])


def test_the_roofs_beside_the_clocks_are_those_of_the_lab() -> None:
    lab = load_lab()
    found = Clocks(ttft_s=0.4, decode_s=1.0, generated_tokens=101, chunks=101, counted=True, prompt_tokens=4000)
    shown = table(found, lab, True)
    rows = {row[0]: row[1:] for row in shown["rows"]}
    read, write = prefill(lab.system, 4000), decode(lab.system, 1, 4050)
    assert (rows["Time to first token"][0], rows["Prefill"][0], rows["Decode"][0]) == (
        "400 ms",
        "10,000 tok/s",
        "100 tok/s",
    )
    for row, ceiling, reached in (
        ("Prefill", read.ceiling_tokens_per_s, 10_000),
        ("Decode", write.ceiling_tokens_per_s, 100),
    ):
        assert float(rows[row][2].split()[0].replace(",", "")) == pytest.approx(ceiling, rel=0.005)
        assert float(rows[row][3].split()[0]) == pytest.approx(100 * reached / ceiling, rel=0.06)
    assert float(rows["Time to first token"][2].split()[0]) == pytest.approx(1000 * read.ceiling_s, rel=0.005)
    assert "queue" in " ".join(shown["notes"]) and "100 %" not in " ".join(shown["notes"])


def test_what_a_cache_held_is_not_counted_as_read() -> None:
    lab = load_lab()
    found = Clocks(0.1, 1.0, 50, 50, True, prompt_tokens=4000, cached_tokens=3000)
    assert found.prefill_tokens_per_s == pytest.approx(10_000)
    cold = table(Clocks(0.05, 1.0, 50, 50, True, prompt_tokens=4000), lab, True)
    assert "More than 100 %" in " ".join(cold["notes"])
    warm = table(found, lab, True)
    assert "prefix cache" in warm["notes"][0] and "More than" not in " ".join(warm["notes"])


@pytest.mark.parametrize("name", lab_names())
def test_there_are_roofs_on_every_lab(name: str) -> None:
    shown = table(Clocks(0.4, 1.0, 101, 101, True, prompt_tokens=4000, cached_tokens=1500), load_lab(name), True)
    assert [len(row) for row in shown["rows"]] == [5, 5, 5] and "–" not in [
        text for row in shown["rows"] for text in row
    ]


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("300 ms", 0.3), ("1.2 s", 1.2), ("1,2s", 1.2), ("0.5 sec", 0.5), ("2e2 ms", 0.2), ("1 min", 60)],
)
def test_a_guess_of_a_time(typed: str, seconds: float) -> None:
    assert read_guess(typed) == (typed, pytest.approx(seconds))


@pytest.mark.parametrize("typed", ["", "  ", "300", "2e2", "fast", "3 GB", "-1 s", "0 ms", None, 7, {}])
def test_a_guess_that_is_none(typed: Any) -> None:
    with pytest.raises(GuessError) as caught:
        read_guess(typed)
    assert "\n" not in str(caught.value)


def test_the_guess_is_judged_on_a_log_scale() -> None:
    found = Clocks(0.6, 1.0, 50, 50, True)
    assert verdict("300 ms", 0.3, found) == {
        "tone": "near",
        "headline": "Right size: ×2 too low",
        "text": "You said 300 ms; the first token came after 600 ms.",
    }
    assert verdict("6 s", 6.0, found)["tone"] == "off"


@pytest.mark.parametrize(
    "kept",
    [
        None,
        3,
        {},
        {"ttft_s": "x"},
        {**Clocks(1, 1, 2, 2, True).as_record(), "ttft_s": "1"},
        {**Clocks(1, 1, 2, 2, True).as_record(), "more": 1},
    ],
)
def test_clocks_that_a_journal_cannot_have_kept(kept: Any) -> None:
    assert clocks_from(kept) is None


# --- what can go wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "LESSONLIB_TEACHER_KEY"),
        (403, "LESSONLIB_TEACHER_KEY"),
        (404, "is not served there"),
        (429, "wait a moment"),
        (500, "the server failed"),
        (503, "the server failed"),
        (307, "redirects"),
        (400, "too long for me"),
    ],
)
def test_an_error_status_is_one_line(status: int, says: str) -> None:
    with teaching(TeacherStandIn(status=status, error=f"too long for me {KEY}\nsecond line {'x' * 900}")) as server:
        line, _ = refused(server)
    assert says in line and str(status) in line
    assert len(server.requests) == 1, "asking twice would count twice"


def test_nobody_there() -> None:
    with teaching(TeacherStandIn()) as server:
        pass
    line, _ = refused(server)
    assert "nobody answers" in line


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with teaching(TeacherStandIn()) as server:
        line, answer = refused(server)
    assert "pip install openai (lessonlib[teacher] brings it)" in line
    assert answer.sent is None


def test_an_endpoint_without_a_model() -> None:
    with teaching(TeacherStandIn(models=[])) as server:
        assert "LESSONLIB_TEACHER_MODEL" in refused(server)[0]


WHOLE = f"data: {event({'content': 'So far '})}\n\n".encode()
BROKEN = {
    "half closed": (WHOLE, None, "broke off"),
    "less than promised": (WHOLE, 10_000, "broke off"),
    "no JSON": (WHOLE + b"data: {nonsense\n\n", None, "no stream of a chat completion"),
    "another JSON": (
        WHOLE + b'data: [1, 2]\n\ndata: {"choices": [{"delta": 3}]}\n\ndata: {"choices": 5}\n\n',
        None,
        "",
    ),
    "an error within": (WHOLE + b'data: {"error": {"message": "out of memory"}}\n\n', None, "out of memory"),
    "no UTF-8": (WHOLE + b"data: \xff\xfe\n\n", None, ""),
    "a web page": (b"<!doctype html><h1>Welcome</h1>", None, "no token came"),
    "nothing": (b"", None, "no token came"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_stream_is_one_line_and_keeps_what_came(case: str) -> None:
    body, promised, says = BROKEN[case]
    with teaching(TeacherStandIn(body=body, promised_bytes=promised)) as server:
        line, answer = refused(server)
    assert says in line
    assert answer.text == ("So far " if body.startswith(WHOLE) else "")


def test_an_empty_answer() -> None:
    with teaching(TeacherStandIn(pieces=[])) as server:
        assert "answered nothing" in refused(server)[0]


def test_an_endless_answer_is_cut_off() -> None:
    with teaching(TeacherStandIn(pieces=["x" * 5000] * 40)) as server:
        answer = asked(server)
    assert len(answer.text) == MOST_CHARACTERS and answer.finish == "length"


def test_half_a_character_can_be_kept(journal: Journal) -> None:
    body = WHOLE + b'data: {"choices":[{"index":0,"delta":{"content":"\\ud83d"},"finish_reason":"stop"}]}\n\n'
    with teaching(TeacherStandIn(body=body)) as server:
        answer = asked(server)
    journal.append({"text": answer.text})
    assert answer.text == "So far \ufffd"


# --- the key --------------------------------------------------------------------------------------------------------


def test_the_beginning_of_the_key_is_held_back_while_more_may_come() -> None:
    answer = StreamedAnswer()
    answer.take(f"so: {KEY[:12]}", "", 1.0)
    assert answer.text == "so: "
    answer.whole()
    assert answer.text == "so: •••"


def test_a_stream_that_is_cut_in_the_key_leaves_nothing_of_it() -> None:
    body = "".join(f"data: {event({'content': sign})}\n\n" for sign in f"It is {KEY[:25]}").encode()
    with teaching(TeacherStandIn(body=body)) as server:
        line, answer = refused(server)
    assert "broke off" in line and answer.text == "It is •••"


def test_without_a_key_no_header_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_NAME)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-meant-for-somebody-else")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody-else")
    with teaching(TeacherStandIn()) as server:
        asked(server)
    assert "somebody-else" not in json.dumps(server.headers) and "Authorization" not in server.headers[0]


def test_a_key_that_no_header_can_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_NAME, "schlüssel-aus-wörtern")
    with teaching(TeacherStandIn()) as server:
        assert KEY_NAME in refused(server)[0]
