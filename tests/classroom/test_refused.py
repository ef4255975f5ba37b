"""What a class refuses: one line each, nothing changed, and the class goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lessonlib.classroom.limits import CODES_A_SECOND, MOST_WRONG, WRONG_WITHIN_S, Allowance, WrongCodes
from lessonlib.classroom.store import Store
from lessonlib.classroom.wire import MOST_BYTES
from tests.classroom.room import Room, room
from tests.hostile import HOSTILE

CHOICE, NUMBER, CURVE, BLANKS, COLD = (
    "what-decode-reads",
    "tensor-cores-busy",
    "draw-throughput",
    "from-memory",
    "cold",
)


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def problem(answer: Any) -> str:
    """The one line of a refusal."""
    told = answer.json()
    assert list(told) == ["problem"], told
    line = str(told["problem"])
    assert line and line.isprintable() and len(line) < 2100, line
    assert answer.headers["content-type"] == "application/json"
    return line


@pytest.fixture
def still(a_room: Room) -> Iterator[Room]:
    """A class that has the same events, voters and votes after the test as before."""

    def all_rows(store: Store) -> list[Any]:
        tables = ("class", "host", "voter", "poll", "event", "vote")
        return [store.run(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]

    a_room.steer("open", CHOICE)
    a_room.voter = a_room.joined()  # type: ignore[attr-defined]
    before = a_room.runner.run(a_room.live.read(all_rows))
    yield a_room
    assert a_room.runner.run(a_room.live.read(all_rows)) == before
    assert a_room.vote(a_room.voter, CHOICE, "a").status_code == 200, "the class goes on"  # type: ignore[attr-defined]


# --- codes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["", "AAAAAA", "ABCDE", "ABCDEFG", None, 7, [], {"a": 1}, "<b>", "ÄÖÜÄÖÜ", "١٢٣٤٥٦"])
def test_a_wrong_code(still: Room, code: Any) -> None:
    answer = still.ask("POST", "/join", {"code": code})
    assert answer.status_code == 403
    assert problem(answer) == "No class here has this code. Look at the screen once more."
    assert not answer.cookies


def test_after_thirty_wrong_codes_a_minute_codes_are_looked_at_slowly(a_room: Room) -> None:
    clock = Clock()
    a_room.app.wrong_codes = WrongCodes(clock)
    for _ in range(MOST_WRONG):
        assert a_room.ask("POST", "/join", {"code": "AAAAAA"}).status_code == 403
    one_more = a_room.ask("POST", "/join", {"code": "AAAAAA"})
    assert (one_more.status_code, one_more.headers["retry-after"]) == (429, "1")
    assert problem(one_more) == "Too many wrong codes just now. Try again in a few seconds."
    assert a_room.ask("GET", "/state?screen=AAAAAA").status_code == 429, "the screen is no way around"
    assert a_room.ask("POST", "/join", {"code": a_room.code}).status_code == 429, (
        "else trying would tell which is right"
    )
    clock.now += 1 / CODES_A_SECOND
    a_room.joined()
    clock.now += WRONG_WITHIN_S
    for _ in range(5):
        a_room.joined()


def test_right_codes_are_not_counted_a_hall_shares_one_address(a_room: Room) -> None:
    for _ in range(2 * MOST_WRONG):
        a_room.joined()


def test_a_class_that_is_over_takes_nobody_in_and_no_vote(a_room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    voter = a_room.joined()
    a_room.steer("open", CHOICE)
    monkeypatch.setattr("lessonlib.classroom.app.time.time", lambda: a_room.live.row.expires + 1)
    answer = a_room.ask("POST", "/join", {"code": a_room.code})
    assert (answer.status_code, problem(answer)) == (403, "This class is over.")
    answer = a_room.vote(voter, CHOICE, "a")
    assert (answer.status_code, problem(answer)) == (409, "This class is over.")


def test_a_clock_that_is_set_back_changes_no_order(a_room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last vote that was kept counts, whatever the clock said; and events go on."""
    voter = a_room.joined()
    a_room.steer("open", CHOICE)
    assert a_room.vote(voter, CHOICE, "a").status_code == 200
    monkeypatch.setattr("lessonlib.classroom.store.time.time", lambda: 1e6)
    assert a_room.vote(voter, CHOICE, "b").status_code == 200
    assert a_room.state(voter)["mine"]["rounds"]["1"]["key"] == "b"
    assert a_room.steer("close")["count"] == 1
    assert a_room.steer("open")["phase"] == "open1"
    assert a_room.joined()


# --- whose cookie, whose page -----------------------------------------------------------------------------------------


def test_the_cookie_of_another_class(opens: Callable[[], Store]) -> None:
    with room(opens) as one, room(opens) as two:
        voter = one.joined()
        two.steer("open", CHOICE)
        assert two.vote(voter, CHOICE, "a").status_code == 401
        assert two.ask("GET", "/state", cookie=voter).status_code == 401
        assert two.host()["count"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://elsewhere.example"},
        {"origin": "null"},
        {"origin": "http://[broken"},
        {"origin": "http://testserver.elsewhere.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_page_of_another_origin_sends_nothing(still: Room, headers: dict[str, str]) -> None:
    sent = {name.replace("-", "_"): value for name, value in headers.items()}
    vote = {"key": "k" * 16, "guess": "a", "confidence": 1}
    voter = still.voter  # type: ignore[attr-defined]
    for method, path, body in (
        ("POST", "/join", {"code": still.code}),
        ("PUT", f"/polls/{CHOICE}/rounds/1/vote", vote),
        ("POST", "/host", {"event": "close", "seq": 2}),
        ("DELETE", "/me", None),
    ):
        answer = still.ask(method, path, body, voter, **sent)
        assert answer.status_code == 403
        assert problem(answer) == "This page may not send anything here."


@pytest.mark.parametrize("headers", [{"origin": "http://testserver"}, {"sec-fetch-site": "same-origin"}, {}])
def test_our_own_page_does(a_room: Room, headers: dict[str, str]) -> None:
    sent = {name.replace("-", "_"): value for name, value in headers.items()}
    assert a_room.ask("POST", "/join", {"code": a_room.code}, **sent).status_code == 200


def test_the_cookie_is_for_the_server_alone(a_room: Room) -> None:
    set_cookie = a_room.ask("POST", "/join", {"code": a_room.code}).headers["set-cookie"]
    assert set_cookie.startswith(f"class-{a_room.code}=")
    for word in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age="):
        assert word in set_cookie
    assert "Secure" not in set_cookie, "a hall is served without TLS unless its public address says otherwise"


def test_what_a_page_may_do(a_room: Room) -> None:
    page = a_room.ask("GET", f"/{a_room.code}")
    assert page.text.startswith("<!doctype html>")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert a_room.ask("GET", "/AAAAAA").text == page.text, "a page tells nobody whether a code is right"
    assert a_room.ask("GET", "/nothing.js").status_code == 404
    again = a_room.ask("GET", "/phone.js", if_none_match=a_room.ask("GET", "/phone.js").headers["etag"])
    assert again.status_code == 304
    assert a_room.ask("GET", "/state", cookie=a_room.joined()).headers["cache-control"] == "no-store"


# --- bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 422, "not valid JSON"),
        (b"{", 422, "not valid JSON"),
        (b"[]", 422, "a JSON object is needed"),
        (b'"x"', 422, "a JSON object is needed"),
        (b"\xff\xfe", 422, "not UTF-8"),
        (b'{"key": NaN}', 422, "not valid JSON"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, 413, "at most 2,048 bytes"),
        (b'{"a":' * 150 + b"1" + b"}" * 150, 422, "nested more than 100 deep"),
        (b'{"key": "k", "key": "k"}', 422, "not valid JSON"),
        (b'{"pad": "' + b"x" * MOST_BYTES + b'"}', 413, "at most 2,048 bytes"),
    ],
)
def test_a_body_that_is_no_vote(still: Room, body: bytes, status: int, says: str) -> None:
    for method, path in (("PUT", f"/polls/{CHOICE}/rounds/1/vote"), ("POST", "/join")):
        answer = still.ask(method, path, body, still.voter, content_type="application/json")  # type: ignore[attr-defined]
        assert answer.status_code == status
        assert says in problem(answer)


def test_json_says_that_it_is_json(still: Room) -> None:
    body = json.dumps({"code": still.code}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"):
        answer = still.ask("POST", "/join", body, content_type=kind)
        assert (answer.status_code, problem(answer)) == (422, "Send JSON, with its content type.")


@pytest.mark.parametrize("key", [None, 7, "", "short", "k" * 65, "k" * 15 + "-", "k" * 15 + "\n", "ключ" * 4])
def test_a_key_that_is_none(still: Room, key: Any) -> None:
    sent = {"key": key, "guess": "a", "confidence": 1}
    answer = still.ask("PUT", f"/polls/{CHOICE}/rounds/1/vote", sent, still.voter)  # type: ignore[attr-defined]
    assert answer.status_code == 422
    assert "16 to 64 letters and digits" in problem(answer)


@pytest.mark.parametrize(
    ("question", "guess", "confidence", "says"),
    [
        (CHOICE, "z", 1, "Choose one of the options first."),
        (CHOICE, None, 1, "Choose one of the options first."),
        (CHOICE, "a", None, "Say how sure you are, then commit."),
        (CHOICE, "a", 3, "Say how sure you are, then commit."),
        (CHOICE, "a", 1.0, "Say how sure you are, then commit."),
        (CHOICE, "a", True, "Say how sure you are, then commit."),
        (CHOICE, "a", [1], "Say how sure you are, then commit."),
        (NUMBER, "", 1, "Type a number first"),
        (NUMBER, {"text": "7 bananas"}, 1, "the unit “bananas” is not known here"),
        (NUMBER, {"text": "1", "low": "2"}, 1, "Your range needs both ends, or neither."),
        (CURVE, [1, 2], 1, "Draw the whole curve first"),
        (BLANKS, ["", ""], None, "Fill in"),
        (COLD, "in my own words", None, "Nobody votes on this one"),
    ],
)
def test_a_guess_that_a_panel_would_refuse(a_room: Room, question: str, guess: Any, confidence: Any, says: str) -> None:
    voter = a_room.joined()
    a_room.steer("open", question)
    answer = a_room.vote(voter, question, guess, confidence=confidence)
    assert answer.status_code == (409 if question == COLD else 422)
    assert says in problem(answer)
    assert a_room.host()["count"] == 0


@pytest.mark.parametrize(
    ("question", "round_", "status"), [("no-such", 1, 404), (CHOICE, 3, 404), (CHOICE, 2, 409), (NUMBER, 1, 409)]
)
def test_a_vote_on_what_nobody_asks(still: Room, question: str, round_: int, status: int) -> None:
    guess = {"text": "3 %"} if question == NUMBER else "a"
    answer = still.vote(still.voter, question, guess, round_)  # type: ignore[attr-defined]
    assert answer.status_code == status
    problem(answer)


# --- hostile text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_in_every_field(still: Room, text: str) -> None:
    """It comes back as text in JSON, or not at all; a refusal that quotes it is one printable line."""
    voter = still.voter  # type: ignore[attr-defined]
    for sent in (
        {"code": text},
        {"code": still.code, text: 1},
    ):
        answer = still.ask("POST", "/join", json.dumps(sent).encode(), voter, content_type="application/json")
        assert answer.status_code in (200, 403, 413, 422)
    for key, guess, confidence in (
        (text, "a", 1),
        ("k" * 16, text, 1),
        ("k" * 16, "a", text),
        ("k" * 16, {text: text}, 1),
    ):
        sent_vote = {"key": key, "guess": guess, "confidence": confidence}
        body = json.dumps(sent_vote).encode()
        answer = still.ask("PUT", f"/polls/{CHOICE}/rounds/1/vote", body, voter, content_type="application/json")
        assert answer.status_code in (413, 422, 429)
        problem(answer)
    for event, question in ((text, None), ("open", text)):
        body = json.dumps({"event": event, "seq": still.live.now.seq, "question": question}).encode()
        headers = {"content_type": "application/json", "authorization": "Bearer a-token-for-the-tests-only"}
        answer = still.ask("POST", "/host", body, **headers)
        assert answer.status_code in (404, 413, 422)
        problem(answer)


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=1+1", "\u202eabc", "a\x00b", "\ud83d"])
def test_what_others_typed_reaches_only_who_typed_it_and_never_as_markup(a_room: Room, text: str) -> None:
    """A filling that fewer than five voters have stands on no screen; what does comes as text in JSON."""
    gaps = len(a_room.live.questions[BLANKS].raw["answers"])
    a_room.steer("open", BLANKS)
    voters = [a_room.joined() for _ in range(6)]
    for place, voter in enumerate(voters):
        words = [text if place == 0 else "word"] + ["x"] * (gaps - 1)
        body = json.dumps({"key": "k" * 16, "guess": words, "confidence": None}).encode()
        answer = a_room.ask("PUT", f"/polls/{BLANKS}/rounds/1/vote", body, voter, content_type="application/json")
        assert answer.status_code == 200, answer.text
    a_room.steer("close")
    shown = a_room.steer("show")["shares"]
    assert [option["text"] for option in shown["options"]][-1] == "other words"
    assert all("script" not in option["text"] for option in shown["options"])
    own = a_room.ask("GET", "/state", cookie=voters[0])
    assert own.headers["content-type"] == "application/json"
    assert own.headers["x-content-type-options"] == "nosniff"
    assert own.json()["mine"]["rounds"]["1"]["texts"][0]


# --- how often --------------------------------------------------------------------------------------------------------


def test_one_voter_who_asks_too_often_is_told_so_and_nobody_else(a_room: Room) -> None:
    clock = Clock()
    a_room.app.votes = Allowance(3, 1, clock)
    a_room.steer("open", CHOICE)
    quick, other = a_room.joined(), a_room.joined()
    assert [a_room.vote(quick, CHOICE, "a").status_code for _ in range(4)] == [200, 200, 200, 429]
    refusal = a_room.vote(quick, CHOICE, "b")
    assert (refusal.headers["retry-after"], problem(refusal)) == (
        "2",
        "That was quick. Wait a moment, then send it again.",
    )
    assert a_room.vote(other, CHOICE, "a").status_code == 200
    clock.now += 1
    assert a_room.vote(quick, CHOICE, "b").status_code == 200
    clock.now -= 1e6  # no clock that is ever set back is used; if it were, nobody would be let in the more
    assert a_room.vote(quick, CHOICE, "b").status_code == 429
