"""A notebook's line to a class, against a server that does what a test wants of it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.classroom import client
from lessonlib.classroom.class_file import ClassFile
from lessonlib.classroom.client import HostLine, Line, VoterLine, Where, where
from tests.classroom.stub_server import CODE, COOKIE, TOKEN, Stub, stub, wait_for

LESSON, LAB = "01-prefill-vs-decode", "default"
POLL = {"id": "q", "lesson": LESSON, "question": "q", "hash": "", "lab": LAB}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(client, "LONGEST_WAIT_S", 0.05)


@pytest.fixture
def server() -> Iterator[Stub]:
    with stub() as running:
        yield running


@pytest.fixture
def lines() -> Iterator[list[Line]]:
    """Lines that are stopped at the end, and have ended before the next test."""
    opened: list[Line] = []
    yield opened
    for each in opened:
        each.stop()
        each._thread.join(10)
        assert not each._thread.is_alive()


def joined(server: Stub, lines: list[Line], cookie: str = "", changed: Callable[[], None] = lambda: None) -> VoterLine:
    found = VoterLine(Where(server.url, CODE), changed, cookie)
    lines.append(found)
    found.join()
    return found


def file_of(server: Stub, **change: Any) -> ClassFile:
    return {"url": server.url + "/", "code": CODE, "token": TOKEN, "lesson": LESSON, "lab": LAB, "pid": 1, **change}


def leading(server: Stub, lines: list[Line], files: list[ClassFile] | None = None) -> HostLine:
    """The instructor's line; with ``files``, the first of them is the class file as it is now."""
    kept = [file_of(server)] if files is None else files
    found = HostLine(lambda: kept[0] if kept else None, lambda: None)
    lines.append(found)
    found.start()
    wait_for(lambda: found.state and not found.fault and server.followed, "a followed class")
    return found


# --- where a class is ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "code", "found"),
    [
        ("http://host:8010/ABC234", None, ("http://host:8010", "ABC234")),
        ("http://host:8010/abc234/", None, ("http://host:8010", "ABC234")),
        ("host:8010/ABC234", None, ("http://host:8010", "ABC234")),
        ("  http://host:8010/ABC234?x=1#y ", None, ("http://host:8010", "ABC234")),
        ("http://host:8010", "abc 234", ("http://host:8010", "ABC234")),
        ("https://hub.example/services/class/ABC234", None, ("https://hub.example/services/class", "ABC234")),
        ("https://hub.example/services/class/", "ABC234", ("https://hub.example/services/class", "ABC234")),
    ],
)
def test_an_address_with_its_code(url: str, code: str | None, found: tuple[str, str]) -> None:
    assert where(url, code) == found


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://host:8010", None),
        ("ABC234", None),
        ("", None),
        ("http://host:8010/ABC23", None),
        ("http://host:8010/ABC2340", None),
        ("http://host:8010", "ABC23O"),
        ("http://host:8010", ""),
        ("ftp://host/ABC234", None),
        ("http://host:99999999/ABC234", None),
        ("http://host:8010/ABC\n234\x1b[2J", None),
    ],
)
def test_what_is_no_class_is_told_in_one_line(url: str, code: str | None) -> None:
    with pytest.raises(LessonlibError, match="http://host:8010/ABC234") as error:
        where(url, code)
    assert "\n" not in str(error.value) and str(error.value).isprintable()


# --- a voter ----------------------------------------------------------------------------------------------------------------


def test_a_voter_joins_follows_and_votes(server: Stub, lines: list[Line]) -> None:
    changed = threading.Event()
    voter = joined(server, lines, changed=changed.set)
    assert voter.cookie == COOKIE and voter.state is not None and voter.state["poll"] is None
    wait_for(lambda: server.followed, "a stream")
    changed.clear()
    server.say(poll=POLL, phase="open1", round=1, joined=3)
    assert changed.wait(20)
    wait_for(lambda: voter.state["phase"] == "open1", "the open vote")
    ballot = voter.vote("q", 1, {"text": "250"}, 1)
    wait_for(lambda: ballot.state == "kept", "a vote that is kept")
    ((_, _, headers, body),) = server.asked_for("polls/q/rounds/1/vote")
    assert body == {"key": ballot.key, "guess": {"text": "250"}, "confidence": 1}
    assert headers["cookie"] == COOKIE and headers["content-type"] == "application/json"
    assert len(ballot.key) == 32 and ballot.key.isalnum()


def test_a_wrong_code_is_refused_in_the_words_of_the_server(server: Stub) -> None:
    voter = VoterLine(Where(server.url, "XYZ234"), lambda: None)
    with pytest.raises(LessonlibError, match=r"http://127.0.0.1:\d+: No such class.$"):
        voter.join()
    voter._thread.join(10)
    assert not voter._thread.is_alive()


def test_where_nobody_answers_joining_ends_in_one_line() -> None:
    with stub() as server:
        pass
    voter = VoterLine(Where(server.url, CODE), lambda: None)
    with pytest.raises(LessonlibError, match="nobody answers"):
        voter.join()
    voter._thread.join(10)
    assert not voter._thread.is_alive()


@pytest.mark.parametrize("said", ["nonsense", "[]", '{"seq": "1"}', '{"seq": 1, "phase": "party"}'])
def test_a_server_of_another_kind_is_told_apart(said: str, server: Stub) -> None:
    server.answers["state"] = [(200, said)]
    voter = VoterLine(Where(server.url, CODE), lambda: None)
    with pytest.raises(LessonlibError, match="not as a class server does"):
        voter.join()


@pytest.mark.parametrize(
    "trouble", [(503, {"problem": "The disk is full."}), (429, {"problem": "Slowly."}), (500, "oops")]
)
def test_a_vote_is_sent_with_one_key_until_it_is_kept(
    trouble: tuple[int, Any], server: Stub, lines: list[Line]
) -> None:
    voter = joined(server, lines)
    path = "polls/q/rounds/1/vote"
    server.answers[path] = [trouble, trouble, (200, {"kept": "again"})]
    ballot = voter.vote("q", 1, "a", 2)
    wait_for(lambda: ballot.state == "kept", "a vote that is kept")
    assert {body["key"] for _, _, _, body in server.asked_for(path)} == {ballot.key}
    assert len(server.asked_for(path)) == 3 and ballot.problem == ""


def test_a_vote_outlives_the_server(server: Stub, lines: list[Line]) -> None:
    voter = joined(server, lines)
    server.stop()
    ballot = voter.vote("q", 1, "a", 2)
    wait_for(lambda: ballot.problem, "a line about what is wrong")
    assert "nobody answers" in ballot.problem and ballot.state == "sending"
    server.start()
    wait_for(lambda: ballot.state == "kept", "a vote that is kept")
    assert {body["key"] for _, _, _, body in server.asked_for("polls/q/rounds/1/vote")} == {ballot.key}


def test_a_closed_vote_is_refused_once(server: Stub, lines: list[Line]) -> None:
    voter = joined(server, lines)
    server.answers["polls/q/rounds/1/vote"] = [(409, {"problem": "The vote is closed."})]
    ballot = voter.vote("q", 1, "a", 2)
    wait_for(lambda: ballot.state == "refused", "a refusal")
    assert ballot.problem == "The vote is closed." and len(server.asked_for("polls/q/rounds/1/vote")) == 1


def test_a_vote_that_is_too_long_is_not_sent(server: Stub, lines: list[Line]) -> None:
    voter = joined(server, lines)
    ballot = voter.vote("q", 1, "é" * 1000, 2)
    wait_for(lambda: ballot.state == "refused", "a refusal")
    assert "too long" in ballot.problem and server.asked_for("polls/q/rounds/1/vote") == []


def test_a_voter_whom_the_server_forgot_joins_again_and_the_vote_arrives(server: Stub, lines: list[Line]) -> None:
    voter = joined(server, lines)
    server.known = False
    ballot = voter.vote("q", 1, "a", 2)
    wait_for(lambda: ballot.state == "kept", "a vote that is kept")
    assert len(server.asked_for("join")) == 2


def test_another_kernel_with_the_cookie_is_the_same_voter(server: Stub, lines: list[Line]) -> None:
    server.mine = {"rounds": {"1": {"key": "a", "confidence": 1}}}
    server.state |= {"poll": POLL, "phase": "closed1", "round": 1}
    voter = joined(server, lines, cookie=COOKIE)
    assert server.asked_for("join") == []
    assert [(at, ballot.state) for at, ballot in voter.ballots.items()] == [(("q", 1), "kept")]


def test_it_follows_on_after_the_stream_breaks_and_after_a_restart(server: Stub, lines: list[Line]) -> None:
    voter = joined(server, lines)
    for trouble in (server.drop_streams, lambda: (server.stop(), server.start())):
        wait_for(lambda: server.followed, "a stream")
        trouble()
        server.state = {**server.state, "seq": server.state["seq"] + 1, "joined": server.state["joined"] + 1}
        wait_for(lambda: voter.state["joined"] == server.state["joined"], "the state after it")
        wait_for(lambda: voter.fault == "", "a line without a fault")


def test_a_fault_is_one_line_told_once(server: Stub, lines: list[Line]) -> None:
    told: list[str] = []
    voter = joined(server, lines)
    wait_for(lambda: server.followed, "a stream")
    voter.changed = lambda: told.append(voter.fault)
    server.stop()
    wait_for(lambda: "nobody answers" in voter.fault, "a line about what is wrong")
    server.start()
    wait_for(lambda: server.followed and voter.fault == "", "the line again")
    faults = [fault for fault, _ in itertools.groupby(told) if fault]
    assert sum("nobody answers" in fault for fault in faults) == 1 and all("\n" not in fault for fault in faults)


def test_a_silent_server_counts_as_gone(server: Stub, lines: list[Line], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SILENCE_S", 0.05)
    voter = joined(server, lines)
    wait_for(lambda: len(server.asked_for("events")) >= 3, "a new stream after each silence")
    assert voter.state is not None


def test_an_older_state_never_replaces_a_later_one(server: Stub, lines: list[Line]) -> None:
    voter = joined(server, lines)
    wait_for(lambda: server.followed, "a stream")
    server.say(seq=9, joined=9)
    wait_for(lambda: voter.state["seq"] == 9, "the later state")
    server.send("state", {**server.state, "seq": 3, "joined": 3})
    server.say(seq=10, joined=10)
    wait_for(lambda: voter.state["seq"] == 10, "the last state")
    assert voter.state["joined"] == 10


def test_a_class_that_is_over_may_go_on(server: Stub, lines: list[Line]) -> None:
    told: list[tuple[bool, str]] = []
    voter = joined(server, lines)
    wait_for(lambda: server.followed, "a stream")
    voter.changed = lambda: told.append((voter.over, voter.fault))
    server.send("over", "{}")
    server.stop()
    wait_for(lambda: (True, "The class is over.") in told, "the end")
    wait_for(lambda: "nobody answers" in voter.fault, "a look for a server")
    assert voter.over
    server.start()
    wait_for(lambda: server.followed and not voter.fault, "the class again")
    assert not voter.over


# --- the instructor -----------------------------------------------------------------------------------------------------------


def test_the_instructor_follows_and_steers_with_the_token(server: Stub, lines: list[Line]) -> None:
    host = leading(server, lines)
    server.say(joined=4, host={"count": 2, "possible": ["open"]})
    wait_for(lambda: host.state["count"] == 2, "the count")
    assert host.state["possible"] == ["open"] and host.state["joined"] == 4
    host.steer("next", "q")
    wait_for(lambda: not host.busy, "an answer")
    posted = [(headers, body) for method, _, headers, body in server.asked_for("host") if method == "POST"]
    ((headers, body),) = posted
    assert body == {"event": "next", "seq": 2, "question": "q"} and headers["authorization"] == f"Bearer {TOKEN}"
    assert host.problem == "" and all(TOKEN not in path for _, path, _, _ in server.asked)


def test_a_stale_step_is_told_and_the_state_looked_up(server: Stub, lines: list[Line]) -> None:
    host = leading(server, lines)
    server.state = {**server.state, "seq": 7}
    server.answers["host"] = [(409, {"problem": "The class has moved on."})]
    host.steer("open")
    wait_for(lambda: not host.busy, "an answer")
    assert host.problem == "The class has moved on." and host.state["seq"] == 7
    host.steer("open")
    wait_for(lambda: not host.busy, "an answer")
    assert host.problem == ""


def test_a_second_click_while_one_is_on_its_way_is_none(server: Stub, lines: list[Line]) -> None:
    host = leading(server, lines)
    host.steer("open")
    host.steer("open")
    wait_for(lambda: not host.busy, "an answer")
    assert len([1 for method, *_ in server.asked_for("host") if method == "POST"]) == 1


def test_the_instructor_goes_on_after_the_server_was_started_again(server: Stub, lines: list[Line]) -> None:
    files = [file_of(server)]
    host = leading(server, lines, files)
    server.stop()
    files.clear()
    wait_for(lambda: "has stopped" in host.fault, "a line about the end of the server")
    server.port = 0
    server.start()
    server.state = {**server.state, "seq": 5}
    files.append(file_of(server))
    wait_for(lambda: host.fault == "" and host.state["seq"] == 5, "the class again, at its new address")


def test_a_step_that_cannot_be_sent_is_told(server: Stub, lines: list[Line]) -> None:
    host = leading(server, lines)
    server.stop()
    host.steer("open")
    wait_for(lambda: not host.busy, "an end")
    assert "nobody answers" in host.problem or "broke off" in host.problem
    assert TOKEN not in host.problem


def test_a_token_that_is_refused_is_one_line(server: Stub, lines: list[Line]) -> None:
    host = HostLine(lambda: file_of(server, token="another"), lambda: None)
    lines.append(host)
    host.start()
    wait_for(lambda: host.fault == "No.", "the refusal")
    host.steer("open")
    assert host.state is None and not host.busy


def test_a_class_file_without_an_address_is_one_line(server: Stub, lines: list[Line]) -> None:
    host = HostLine(lambda: file_of(server, url="http://a b"), lambda: None)
    lines.append(host)
    host.start()
    wait_for(lambda: host.fault, "a fault")
    assert "\n" not in host.fault
