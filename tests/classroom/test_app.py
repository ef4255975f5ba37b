"""A class from its first phone to its last reveal, and what is refused on the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.classroom.room import Room

CHOICE, NUMBER = "what-decode-reads", "tensor-cores-busy"


@pytest.fixture
def question(a_room: Room) -> str:
    """The first question of the lesson, a choice."""
    return str(a_room.host()["plan"][0]["id"])


def test_two_rounds_from_the_first_vote_to_the_reveal(a_room: Room, question: str) -> None:
    voters = [a_room.joined() for _ in range(6)]
    assert a_room.state(voters[0])["poll"] is None
    a_room.steer("open", question)
    for voter in voters:
        assert a_room.vote(voter, question, "a").json()["kept"] == "ok"
    assert a_room.host()["count"] == 6
    a_room.steer("close")
    assert a_room.vote(voters[0], question, "a").status_code == 409
    a_room.steer("discuss")
    a_room.steer("open2")
    for voter in voters[:5]:
        assert a_room.vote(voter, question, "b", round_=2).json()["kept"] == "ok"
    a_room.steer("close")
    shown = a_room.steer("show")
    assert (shown["shares"]["first"], shown["shares"]["second"]) == (6, 5)
    assert {option["key"]: (option["first"], option["second"]) for option in shown["shares"]["options"]} == {
        "a": (1.0, 0.0),
        "b": (0.0, 1.0),
        "c": (0.0, 0.0),
    } | {option["key"]: (0.0, 0.0) for option in shown["shares"]["options"] if option["key"] not in "ab"}
    assert "truth" not in shown
    assert a_room.steer("reveal")["truth"]["state"] == "observed"
    mine = a_room.state(voters[0])["mine"]
    assert mine["rounds"] == {"1": {"key": "a", "confidence": 1}, "2": {"key": "b", "confidence": 1}}
    assert mine["view"]["guess"]["key"] == "b"
    assert mine["view"]["result"]["reveal"]


def test_the_last_vote_of_a_round_counts(a_room: Room, question: str) -> None:
    voter = a_room.joined()
    a_room.steer("open", question)
    for guess in "abc":
        assert a_room.vote(voter, question, guess).json()["kept"] == "ok"
    assert a_room.state(voter)["mine"]["rounds"]["1"]["key"] == "c"
    assert a_room.host()["count"] == 1


def test_a_vote_that_is_sent_again_is_kept_once(a_room: Room, question: str) -> None:
    voter, key = a_room.joined(), "k" * 16
    a_room.steer("open", question)
    assert a_room.vote(voter, question, "a", key=key).json()["kept"] == "ok"
    assert a_room.vote(voter, question, "a", key=key).json()["kept"] == "again"
    a_room.steer("close")
    assert a_room.vote(voter, question, "a", key=key).json()["kept"] == "again", "also after the vote was closed"
    assert a_room.vote(voter, question, "b", key=key).status_code == 422, "a key is of one vote"
    assert a_room.vote(a_room.joined(), question, "a", key=key).status_code == 409, "and of one voter"


def test_a_phone_that_comes_late_sees_where_the_class_is(a_room: Room, question: str) -> None:
    a_room.all_the_way(question)
    late = a_room.state(a_room.joined())
    assert (late["phase"], late["mine"]) == ("revealed", {"rounds": {}})
    assert late["truth"]["explanation"]


def test_joining_again_makes_no_second_voter(a_room: Room) -> None:
    voter = a_room.joined()
    answer = a_room.ask("POST", "/join", {"code": a_room.code.lower() + " "}, voter)
    assert answer.status_code == 200
    assert answer.json()["joined"] == 1
    assert not answer.cookies


def test_a_voter_can_be_forgotten(a_room: Room, question: str) -> None:
    voter, other = a_room.joined(), a_room.joined()
    a_room.steer("open", question)
    for each in (voter, other):
        a_room.vote(each, question, "a")
    assert a_room.ask("DELETE", "/me", cookie=voter).status_code == 204
    host = a_room.host()
    assert (host["joined"], host["count"]) == (1, 1)
    assert a_room.ask("GET", "/state", cookie=voter).status_code == 401


def test_pause_next_back_and_what_is_left_open_is_closed(a_room: Room, question: str) -> None:
    voter = a_room.joined()
    second = a_room.host()["plan"][1]["id"]
    a_room.steer("open", question)
    paused = a_room.steer("pause")
    assert paused["paused"]
    assert "resume" in paused["possible"]
    assert a_room.vote(voter, question, "a").status_code == 409
    a_room.steer("resume")
    assert a_room.vote(voter, question, "a").status_code == 200
    following = a_room.steer("next")
    assert (following["poll"]["id"], following["phase"]) == (second, "draft")
    assert following["plan"][0]["phase"] == "closed1"
    assert a_room.vote(voter, question, "b").status_code == 409
    back = a_room.steer("next", question)
    assert (back["poll"]["id"], back["phase"]) == (question, "closed1")
    assert a_room.steer("open")["phase"] == "open1", "a vote may be opened again"


@pytest.mark.parametrize("cookie", ["", "x" * 22])
def test_nobody_votes_or_looks_without_having_joined(a_room: Room, question: str, cookie: str) -> None:
    a_room.steer("open", question)
    assert a_room.vote(cookie, question, "a").status_code == 401
    assert a_room.ask("GET", "/state", cookie=cookie).status_code == 401
    assert a_room.ask("GET", "/events", cookie=cookie).status_code == 401
    assert a_room.ask("DELETE", "/me", cookie=cookie).status_code == 401


@pytest.mark.parametrize(
    ("header", "status"), [("", 401), ("Bearer ", 401), ("Basic abc", 401), ("Bearer forged", 403)]
)
def test_a_forged_host_steers_nothing(a_room: Room, header: str, status: int) -> None:
    headers = {"authorization": header} if header else {}
    assert a_room.ask("GET", "/host", **headers).status_code == status
    assert a_room.ask("POST", "/host", {"event": "open", "seq": 0}, **headers).status_code == status
    assert a_room.ask("POST", "/host", {"event": "open", "seq": 0}, a_room.joined()).status_code == 401
    assert a_room.host()["seq"] == 0


def test_an_event_for_another_moment_is_refused(a_room: Room, question: str) -> None:
    assert a_room.try_to_steer("open", 7, question).status_code == 409
    a_room.steer("open", question)
    late = a_room.try_to_steer("close", 0)
    assert (late.status_code, late.json()["problem"]) == (
        409,
        "the class has moved on: it is at 2, and this was meant for 0",
    )


@pytest.mark.parametrize(
    ("event", "seq", "question", "status"),
    [
        ("close", 0, None, 409),
        ("resume", 0, None, 409),
        ("open", 0, "no-such", 404),
        ("dance", 0, None, 422),
        ("open", "0", None, 422),
        ("open", True, None, 422),
        ("open", 0, 7, 422),
    ],
)
def test_an_event_that_means_nothing(a_room: Room, event: Any, seq: Any, question: Any, status: int) -> None:
    answer = a_room.try_to_steer(event, seq, question)
    assert answer.status_code == status
    assert "\n" not in answer.json()["problem"]
    assert a_room.host()["seq"] == 0
