"""What is asked of the teacher's endpoint, what becomes of its answer, and every line that says why there is none. All in memory."""

from __future__ import annotations

import importlib.util
import json
import sys
from typing import Any

import httpx
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.teacher import teacher
from lessonlib.teacher.teacher import KEY as KEY_NAME
from lessonlib.teacher.teacher import Endpoint, StreamedAnswer, TeacherError, endpoint, one_line
from tests.teacher.teacher_standin import KEY
from tests.teacher.wire import END, HOST, MESSAGES, URL, Body, Wire, asked, refused, streamed, told

MOST_CHARACTERS, MOST_TOKENS, MOST_LISTED = 40_000, 20_000_000, 2_000_000


def error(status: int, text: str = "no") -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": text}})


def models(found: Any) -> httpx.Response:
    return httpx.Response(200, json=found)


def usage(**counts: Any) -> bytes:
    """The last event, with the counts."""
    return b"data: %s\n\n" % json.dumps({"id": "c", "choices": [], "usage": counts}).encode()


# --- the endpoint ----------------------------------------------------------------------------------------------------

NO_ADDRESS = "LESSONLIB_TEACHER_URL is not the address of an OpenAI-compatible server, such as http://localhost:8000/v1"
WITH_A_USER = "LESSONLIB_TEACHER_URL: no user or password in the address; put the key into LESSONLIB_TEACHER_KEY"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://x", NO_ADDRESS),
        ("http://", NO_ADDRESS),
        ("http://[::1", NO_ADDRESS),
        ("http://host:notaport", NO_ADDRESS),
        ("http://user:secret-word@host/v1", WITH_A_USER),
    ],
)
def test_an_address_that_is_none(url: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSONLIB_TEACHER_URL", url)
    with pytest.raises(TeacherError) as caught:
        endpoint()
    assert str(caught.value) == says


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("http://h:8000", "http://h:8000/v1"),
        ("h:8000/", "http://h:8000/v1"),
        ("https://h/api/v3/", "https://h/api/v3"),
        (" http://h/v1/chat/completions?key=x ", "http://h/v1"),
    ],
)
def test_addresses_as_people_write_them(url: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSONLIB_TEACHER_URL", url)
    assert endpoint() == Endpoint(meant)
    monkeypatch.setenv("LESSONLIB_TEACHER_MODEL", " made/up ")
    assert endpoint() == Endpoint(meant, "made/up")


@pytest.mark.parametrize("url", [None, "", "  "])
def test_without_an_address_there_is_no_teacher(url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if url is not None:
        monkeypatch.setenv("LESSONLIB_TEACHER_URL", url)
    assert endpoint() is None


def test_people_read_machine_and_port() -> None:
    assert Endpoint("http://h:8000/v1").host == "h:8000"


# --- what is asked ---------------------------------------------------------------------------------------------------


def test_the_question_goes_out_as_a_chat_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-somebody-else")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-somebody-else")
    wire = Wire(streamed("So.", END))
    assert asked(wire, monkeypatch, "made/up").model == "made/up"
    (request,) = wire.requests
    assert str(request.url) == f"{URL}/chat/completions"
    assert json.loads(request.content) == {
        "model": "made/up",
        "messages": MESSAGES,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert not {"openai-organization", "openai-project"} & set(request.headers)


def test_without_a_key_none_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY_NAME)
    wire = Wire(models({"data": [{"id": "m"}]}), streamed("So.", END))
    asked(wire, monkeypatch, "")
    assert ["Authorization" in request.headers for request in wire.requests] == [False, False]


def test_a_key_that_no_header_can_carry_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_NAME, "schlüssel")
    wire = Wire()
    line, _ = refused(wire, monkeypatch)
    assert "characters that no header can carry" in line and wire.requests == []


@pytest.mark.parametrize("status", [400, 422])
def test_an_endpoint_that_refuses_the_option_is_asked_without_it(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock starts with the question that was answered."""
    slow = httpx.Response(status, stream=Body([3.0, b'{"error": {"message": "stream_options: unknown"}}']))
    wire = Wire(slow, streamed(0.5, "So.", END))
    answer = asked(wire, monkeypatch)
    first, second = (json.loads(request.content) for request in wire.requests)
    assert second == {"model": "m", "messages": MESSAGES, "stream": True}
    assert first == {**second, "stream_options": {"include_usage": True}}
    assert (answer.text, answer.sent, answer.first) == ("So.", 3.0, 3.5)


@pytest.mark.parametrize(
    ("status", "text"), [(400, "too long"), (422, "too long"), (500, "stream_options"), (401, "stream_options"), (423, "stream_options")]
)  # fmt: skip
def test_another_refusal_is_no_reason_to_ask_again(status: int, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(error(status, text), streamed("So.", END))
    refused(wire, monkeypatch)
    assert len(wire.requests) == 1


def test_a_broken_connection_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(httpx.ReadError("reset stream_options"), streamed("So.", END))
    refused(wire, monkeypatch)
    assert len(wire.requests) == 1


def test_the_package_is_looked_for_only_when_a_question_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A learner who only reads does without it."""
    monkeypatch.setitem(sys.modules, "openai", None)
    spec = importlib.util.find_spec("lessonlib.teacher.teacher")
    assert spec is not None and spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    wire = Wire()
    line, _ = refused(wire, monkeypatch)
    assert "pip install openai" in line and wire.requests == []


# --- the model -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listed", "name"),
    [
        (["first", "second"], "first"),
        (["m"], "m"),
        (["x" * 200], "x" * 200),
        ([" spaced \x1b[2J\n name "], "spaced ?[2J name"),
    ],
)
def test_the_first_model_listed_is_asked(listed: list[str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(models({"data": [{"id": each} for each in listed]}), streamed("So.", END))
    assert asked(wire, monkeypatch, "").model == name
    listing, question = wire.requests
    assert (listing.method, str(listing.url)) == ("GET", f"{URL}/models")
    assert json.loads(question.content)["model"] == name


@pytest.mark.parametrize(
    "found",
    [{"data": []}, {}, [], 5, None, {"data": 5}, {"data": [5]}, {"data": [{}]}, {"data": [[]]},
     *({"data": [{"id": name}]} for name in ("", "  ", "x" * 201, 5, None, ["m"]))],
)  # fmt: skip
def test_without_a_usable_name_the_model_has_to_be_named(found: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(models(found), streamed("So.", END))
    line, answer = refused(wire, monkeypatch, "")
    assert line == "the endpoint lists no model; name one in LESSONLIB_TEACHER_MODEL"
    assert len(wire.requests) == 1 and answer.sent is None


def test_a_list_of_models_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    line, _ = refused(Wire(httpx.Response(200, text="<!doctype html>")), monkeypatch, "")
    assert "lists no model" in line


@pytest.mark.parametrize(("size", "taken"), [(MOST_LISTED, True), (MOST_LISTED + 1, False)])
def test_a_list_of_models_is_read_up_to_its_limit(size: int, taken: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its end comes in a part of its own; behind the limit no part is asked for."""
    begin = b'{"data": [{"id": "m"}]'
    body = Body([begin + b" " * (size - len(begin)), b"}"])
    wire = Wire(httpx.Response(200, stream=body), streamed("So.", END))
    if taken:
        assert asked(wire, monkeypatch, "").model == "m"
    else:
        assert "lists no model" in refused(wire, monkeypatch, "")[0]
    assert body.taken == (2 if taken else 1)


# --- what comes in ---------------------------------------------------------------------------------------------------


def test_the_times_of_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first token that is written or thought ends the wait, not the first event; nor does the last event end the answer."""
    wire = Wire(streamed(1.0, told({"role": "assistant", "content": ""}), 0.5, "So ", 2.0, "far.", 4.0, END))
    answer = asked(wire, monkeypatch)
    assert (answer.sent, answer.first, answer.last) == (0.0, 1.5, 3.5)
    assert (answer.text, answer.chunks, answer.thought, answer.finish) == ("So far.", 2, 0, "stop")
    assert (answer.prompt_tokens, answer.generated_tokens, answer.cached_tokens, answer.hidden_tokens) == (
        None,
        None,
        None,
        0,
    )


@pytest.mark.parametrize(
    ("deltas", "text", "chunks", "thought"),
    [
        ([{"content": "a"}], "a", 1, 0),
        ([{"reasoning_content": "hm"}, {"content": "a"}], "a", 2, 1),
        ([{"reasoning": "hm"}, {"content": "a"}], "a", 2, 1),
        ([{"reasoning_content": "hm", "content": "a"}], "a", 1, 0),
        ([{"reasoning_content": None, "reasoning": "hm"}], "", 1, 1),
        ([{"content": None}, {"content": 5}, {"reasoning": ["hm"]}, {"content": "a"}], "a", 1, 0),
        ([{}, {"content": "", "reasoning": ""}, {"content": "a"}], "a", 1, 0),
    ],
)
def test_written_and_thought_pieces(
    deltas: list[dict[str, Any]], text: str, chunks: int, thought: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = asked(Wire(streamed(*map(told, deltas), END)), monkeypatch)
    assert (answer.text, answer.chunks, answer.thought) == (text, chunks, thought)


def test_only_the_first_of_several_choices_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    choices = [{"index": n, "delta": {"content": text}, "finish_reason": None} for n, text in enumerate("ab")]
    both = b"data: %s\n\n" % json.dumps({"id": "c", "choices": choices}).encode()
    assert asked(Wire(streamed(both, END)), monkeypatch).text == "a"


@pytest.mark.parametrize(
    ("finish", "kept"), [("stop", "stop"), ("length", "length"), ("eos", "stop"), ("\x1b[2J", "stop"), (5, "stop"), ([1], "stop")]
)  # fmt: skip
def test_an_answer_ends_or_is_cut(finish: Any, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(Wire(streamed("a", told({}, finish))), monkeypatch).finish == kept


COUNTS = [(0, 0), (1, 1), (MOST_TOKENS, MOST_TOKENS), (MOST_TOKENS + 1, None), (-1, None), (True, None), (1.5, None), ("5", None), (None, None)]  # fmt: skip


@pytest.mark.parametrize(("given", "taken"), COUNTS)
def test_counts_as_an_endpoint_may_give_them(given: Any, taken: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = asked(Wire(streamed("a", END, usage(prompt_tokens=given, completion_tokens=given))), monkeypatch)
    assert (answer.prompt_tokens, answer.generated_tokens) == (taken, taken)


@pytest.mark.parametrize(
    ("prompt", "cached", "taken"),
    [(10, 5, 5), (10, 10, 10), (10, 11, None), (10, 0, 0), (10, None, None), (None, 1, None), (None, 0, 0), (0, 1, None), (10, -1, None)],
)  # fmt: skip
def test_a_cache_holds_no_more_than_the_prompt(
    prompt: int | None, cached: int | None, taken: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = usage(prompt_tokens=prompt, completion_tokens=1, prompt_tokens_details={"cached_tokens": cached})
    assert asked(Wire(streamed("a", END, end)), monkeypatch).cached_tokens == taken


def test_thoughts_are_hidden_only_where_they_did_not_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    end = usage(prompt_tokens=9, completion_tokens=7, completion_tokens_details={"reasoning_tokens": 5})
    assert asked(Wire(streamed("a", END, end)), monkeypatch).hidden_tokens == 5
    assert asked(Wire(streamed(told({"reasoning": "hm"}), "a", END, end)), monkeypatch).hidden_tokens == 0
    plain = usage(prompt_tokens=9, completion_tokens=7)
    assert asked(Wire(streamed("a", END, plain)), monkeypatch).hidden_tokens == 0


@pytest.mark.parametrize(
    ("size", "finish"), [(MOST_CHARACTERS - 1, ""), (MOST_CHARACTERS, ""), (MOST_CHARACTERS + 1, "length")]
)
def test_a_longer_answer_is_cut(size: int, finish: str) -> None:
    answer = StreamedAnswer()
    answer.take("·" * size, "", 1.0)
    assert (len(answer.text), answer.finish) == (min(size, MOST_CHARACTERS), finish)


@pytest.mark.parametrize(
    ("size", "finish", "taken"), [(MOST_CHARACTERS - 1, "stop", 3), (MOST_CHARACTERS, "length", 1)]
)
def test_at_its_most_characters_the_stream_is_left(
    size: int, finish: str, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = Body([told({"content": "·" * size}), b": ping\n\n", END])
    reply = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, stream=body)
    answer = asked(Wire(reply), monkeypatch)
    assert (len(answer.text), answer.finish, body.taken) == (size, finish, taken)


def test_the_beginning_of_a_key_is_shown_struck_out_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(Wire(streamed("It is ", KEY[:12], END)), monkeypatch).text == "It is •••"
    assert asked(Wire(streamed("It is s", END)), monkeypatch).text == "It is s", "one letter is no beginning of a key"
    assert refused(Wire(streamed("It is ", KEY[:12])), monkeypatch)[1].text == "It is •••"


# --- deadlines -------------------------------------------------------------------------------------------------------

STUCK = "is the server stuck, or its queue that long?"


def test_a_first_token_within_300_s_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(Wire(streamed(299.0, "So.", END)), monkeypatch).first == 299.0
    line, answer = refused(Wire(streamed(301.0, "So.", END)), monkeypatch)
    assert line == f"{HOST}: no token within 300 s; {STUCK}"
    assert answer.first is None


def test_each_token_may_be_followed_by_300_s_of_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = asked(
        Wire(streamed(299.0, "a", 299.0, "b", 299.0, told({"reasoning": "hm"}), 299.0, "c", END)), monkeypatch
    )
    assert (answer.text, answer.last) == ("abc", 4 * 299.0)
    line, answer = refused(Wire(streamed(200.0, "a", 301.0, "b", END)), monkeypatch)
    assert line == (
        f"{HOST}: it fell silent in the midst of the answer; ask again, and look whether the server restarts"
    )
    assert answer.text == "a"


@pytest.mark.parametrize("event", [told({}), told({"content": ""}), b": ping\n\n"])
def test_events_without_a_token_are_silence(event: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[Any] = [200.0, event, 50.0, event, 100.0]
    assert "no token within 300 s" in refused(Wire(streamed(*waits, "a", END)), monkeypatch)[0]
    assert "fell silent" in refused(Wire(streamed("a", *waits, "b", END)), monkeypatch)[0]


def test_an_answer_is_complete_within_1800_s(monkeypatch: pytest.MonkeyPatch) -> None:
    steady: list[Any] = [part for _ in range(19) for part in (100.0, "a")]
    line, answer = refused(Wire(streamed(*steady, END)), monkeypatch)
    assert line == (f"{HOST}: the answer was not complete within 1800 s, and no longer is waited; this much had come")
    assert answer.text == "a" * 17
    assert asked(Wire(streamed(*steady[: 2 * 17], 99.0, "b", END)), monkeypatch).text == "a" * 17 + "b"


def test_without_any_token_the_whole_deadline_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher, "SILENCE_S", 9e9)
    line, _ = refused(Wire(streamed(1801.0, "a", END)), monkeypatch)
    assert line == f"{HOST}: no token within 1800 s; {STUCK}"


def test_the_endpoint_is_to_be_reached_within_10_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other deadlines are not the transport's, which would count from one read to the next."""
    wire = Wire(models({"data": [{"id": "m"}]}), streamed("So.", END))
    asked(wire, monkeypatch, "")
    for request in wire.requests:
        assert request.extensions["timeout"] == {"connect": 10.0, "read": None, "write": None, "pool": None}


# --- why there is no answer ------------------------------------------------------------------------------------------

ANOTHER_KEY = f"it wants another key: put it into the environment as {KEY_NAME}, then restart the kernel"
FAILED = "the server failed; ask again when it is ready"
LATER = "too many requests or no quota left; wait a moment and ask again"
REFUSED = "it refused the question: Error code: "
PATH = "the path is another: look at LESSONLIB_TEACHER_MODEL and LESSONLIB_TEACHER_URL (it usually ends in /v1)"


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (400, REFUSED),
        (401, ANOTHER_KEY),
        (402, REFUSED),
        (403, ANOTHER_KEY),
        (404, f"the model 'm' is not served there, or {PATH}"),
        (405, REFUSED),
        (428, REFUSED),
        (429, LATER),
        (430, REFUSED),
        (499, REFUSED),
        (500, FAILED),
        (501, FAILED),
        (503, FAILED),
    ],
)
def test_what_an_error_status_means(status: int, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line, _ = refused(Wire(error(status, "too long for me")), monkeypatch)
    assert line.startswith(f"{HOST}: status {status}, {says}")
    assert ("too long for me" in line) is (says == REFUSED)


@pytest.mark.parametrize("status", [300, 301, 307, 399])
def test_a_redirect_is_not_followed(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(httpx.Response(status, headers={"Location": "/v2"}))
    line, _ = refused(wire, monkeypatch)
    assert line == (
        f"{HOST}: it redirects (status {status}); put the address that it leads to into LESSONLIB_TEACHER_URL"
    )
    assert len(wire.requests) == 1


def test_a_list_of_models_that_is_not_there_is_a_matter_of_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(Wire(error(404)), monkeypatch, "")[0] == f"{HOST}: status 404, {PATH}"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (httpx.ConnectError("refused"), "nobody answers (refused); is the server running"),
        (httpx.ConnectTimeout("slow"), "nobody answers; is the address right"),
        (httpx.ProxyError("407"), "the proxy of the environment does not lead there (407)"),
        (httpx.ReadError("reset"), "the connection broke before the first token (reset); ask again"),
        (httpx.RemoteProtocolError("no HTTP"), "the connection broke before the first token (no HTTP); ask again"),
    ],
)
def test_a_connection_that_fails_is_one_line(fault: Exception, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line, answer = refused(Wire(fault), monkeypatch)
    assert line.startswith(f"{HOST}: {says}")
    assert answer.first is None


def test_a_connection_that_breaks_in_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    line, answer = refused(Wire(streamed("So far ", httpx.ReadError("reset"))), monkeypatch)
    assert line == f"{HOST}: the answer broke off (reset); ask again, and look whether the server restarts"
    assert answer.text == "So far "


def test_what_our_own_limits_refuse_is_said_as_they_say_it(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = httpx.Response(200, headers={"Content-Encoding": "br"}, stream=Body([b""]))
    assert "the answer is encoded (br)" in refused(Wire(packed), monkeypatch)[0]
    wide = streamed("So far ", b"data: " + b"x" * 300_000)
    assert "one piece of the stream is larger than 256 kB" in refused(wide_wire := Wire(wide), monkeypatch)[0]
    assert len(wide_wire.requests) == 1
    assert refused(Wire(streamed(LessonlibError("that is all"))), monkeypatch)[0] == "that is all"


def test_an_endless_stream_ends_at_64_mb(monkeypatch: pytest.MonkeyPatch) -> None:
    ping = b":" + b" " * 199_997 + b"\n\n"
    assert asked(Wire(streamed("a", *[ping] * 319, END)), monkeypatch).text == "a"
    line, _ = refused(Wire(streamed("a", *[ping] * 321, END)), monkeypatch)
    assert line == f"{HOST}: the answer is larger than 64 MB, the most that is taken"


@pytest.mark.parametrize(
    ("parts", "says", "text"),
    [
        ([], "no token came: the endpoint closed the stream before its end", ""),
        (["So far "], "the answer broke off: the endpoint closed the stream before its end", "So far "),
        ([END], "m answered nothing; ask in other words, or name another model in LESSONLIB_TEACHER_MODEL", ""),
        (["So ", b'data: {"error": {"message": "out of memory"}}\n\n'], f"{HOST} gave up: out of memory", "So "),
        (["So ", b"data: {nonsense\n\n"], f"{HOST} sent what is no stream of a chat completion; is LESSONLIB_TEACHER_URL an", "So "),
    ],
)  # fmt: skip
def test_a_stream_that_is_no_answer(parts: list[Any], says: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    line, answer = refused(Wire(streamed(*parts)), monkeypatch)
    assert line.startswith(says)
    assert answer.text == text


# --- on one line -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\n lines\t", "two lines"),
        ("\x1b[2J", "?[2J"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 299 + "…"),
        (" " * 5999 + "ab", "a"),
        (f"it is {KEY[:10]}", "it is •••"),
        (5, "5"),
        ("", ""),
    ],
)
def test_what_a_server_says_on_one_line(text: object, line: str) -> None:
    assert one_line(text) == line


def test_a_line_may_be_shorter() -> None:
    assert (one_line("abcde", 5), one_line("abcdef", 5)) == ("abcde", "abcd…")
