"""A class as a service of a JupyterHub: who may steer, who votes once, and a Hub that says no, nothing or nonsense."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.fetch import UnreachableError
from lessonlib.classroom import hub_login, hub_routes, on_hub, report_routes
from lessonlib.classroom.app import ClassApp
from lessonlib.classroom.hub_login import LOGIN_S, BusyError, HubLogin, HubPlace
from lessonlib.classroom.server import address
from lessonlib.classroom.stores import opener
from tests.classroom.room import PAGES, Room, room

ACCESS = "access:services!service=class"
PREFIX = "/services/class/"


def user(name: str, *groups: str, scopes: Any = (ACCESS,), kind: str = "user") -> dict[str, Any]:
    return {"kind": kind, "name": name, "groups": list(groups), "admin": False, "scopes": list(scopes)}


class Hub:
    """Answers as a Hub does. users: token -> what ``GET user`` says. codes: of OAuth -> the token."""

    def __init__(self, url: str):
        self.url, self.users, self.codes = url, dict[str, Any](), dict[str, str]()
        self.asked: list[str] = []
        self.status = 0
        self.forms: list[dict[str, list[str]]] = []

    def place(self, **more: str) -> HubPlace:
        environ = {
            "JUPYTERHUB_API_URL": f"{self.url}/hub/api",
            "JUPYTERHUB_API_TOKEN": "the-service's-own",
            "JUPYTERHUB_SERVICE_PREFIX": PREFIX,
            "JUPYTERHUB_SERVICE_NAME": "class",
            **more,
        }
        found = HubPlace.of(environ, PREFIX)
        assert found is not None
        return found


@pytest.fixture
def hub() -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def answer(self, status: int, value: Any) -> None:
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(found.status or status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            token = self.headers.get("Authorization", "").removeprefix("token ")
            found.asked.append(token)
            known = found.users.get(token)
            self.answer(403 if known is None else 200, {} if known is None else known)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            found.forms.append(form)
            token = found.codes.pop(form["code"][0], None)
            self.answer(400 if token is None else 200, {} if token is None else {"access_token": token})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Hub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def served(hub: Hub, tmp_path: Any) -> Iterator[Room]:
    """A class of lesson 1 whose Hub this is."""
    with room(opener(str(tmp_path / "classes.sqlite"))) as found:
        more = lambda app: [*report_routes.routes(app), *hub_routes.routes(app)]  # noqa: E731
        found.app = ClassApp(found.live, PAGES, PREFIX, more, HubLogin(hub.place(), "a-secret-that-is-long-enough"))
        yield found


@pytest.fixture
def a_class(hub: Hub, tmp_path: Any) -> Iterator[Room]:
    with served(hub, tmp_path) as found:
        yield found


def ask(found: Room, method: str, path: str, json: Any = None, **headers: str) -> Any:
    return found.ask(method, PREFIX + path, json, **headers)


def log_in(found: Room, hub: Hub, token: str) -> httpx.Response:
    """The way of a browser to the Hub and back."""
    begun = ask(found, "GET", "login")
    state = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    hub.codes["a-code"] = token
    kept = "; ".join(f"{name}={value}" for name, value in begun.cookies.items())
    answer: httpx.Response = ask(found, "GET", f"oauth_callback?code=a-code&state={state}", Cookie=kept)
    return answer


def test_who_is_of_the_group_steers_by_their_own_token(a_class: Room, hub: Hub) -> None:
    hub.users = {"t": user("teacher", "instructors", "others"), "s": user("ada", "instructors-of-another-kind")}
    assert ask(a_class, "GET", "host", authorization="Bearer t").status_code == 200
    for token in ("s", "nobody's"):
        for path in ("host", "report", "export.json", "export.csv"):
            assert ask(a_class, "GET", path, authorization=f"Bearer {token}").status_code == 403
        sent = {"event": "open", "seq": 0}
        assert ask(a_class, "POST", "host", sent, authorization=f"Bearer {token}").status_code == 403


@pytest.mark.parametrize(
    "said",
    [
        user("teacher", "instructors", scopes=["access:services!service=another", "self"]),
        user("teacher", "instructors", scopes=[]),
        user("class", "instructors", kind="service"),
        {**user("teacher", "instructors"), "scopes": "access:services"},
        {**user("teacher"), "groups": "instructors"},
        {**user("teacher", "instructors"), "name": None},
        [user("teacher", "instructors")],
        b"<html>",
        b"\xff",
    ],
)
def test_what_does_not_say_it_clearly_steers_nothing(a_class: Room, hub: Hub, said: Any) -> None:
    hub.users = {"t": said}
    assert ask(a_class, "GET", "host", authorization="Bearer t").status_code in (403, 503)


def test_an_administrator_of_the_hub_is_no_instructor(a_class: Room, hub: Hub) -> None:
    hub.users = {"a": {**user("root"), "admin": True}}
    assert ask(a_class, "GET", "host", authorization="Bearer a").status_code == 403


def test_a_hub_that_is_away_is_told_and_the_class_goes_on(a_class: Room, hub: Hub) -> None:
    hub.status = 500
    answer = ask(a_class, "GET", "host", authorization="Bearer t")
    assert answer.status_code == 503 and answer.headers["retry-after"]
    assert ask(a_class, "POST", "join", {"code": a_class.code}).status_code == 200


def test_the_hubs_word_holds_for_a_minute(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.users = {"t": user("teacher", "instructors")}
    login = HubLogin(hub.place(), "secret")
    now = [100.0]
    monkeypatch.setattr(hub_login.time, "monotonic", lambda: now[0])
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        assert runner.run(login.leads("t")) and runner.run(login.leads("t"))
        assert len(hub.asked) == 1
        hub.users = {"t": user("teacher")}
        now[0] += 61
        assert not runner.run(login.leads("t")) and len(hub.asked) == 2


def test_strangers_do_not_keep_an_instructor_out(hub: Hub) -> None:
    hub.users = {"t": user("teacher", "instructors")}
    login = HubLogin(hub.place(), "secret")

    async def all_of_it() -> int:
        assert await login.leads("t")
        busy = 0
        for number in range(40):
            try:
                assert not await login.leads(f"stranger {number}")
            except BusyError:
                busy += 1
        for each, (leads, _) in login._known.items():
            login._known[each] = (leads, 0.0)  # a minute later
        assert await login.leads("t")
        return busy

    assert asyncio.run(all_of_it()) >= 15
    assert len(hub.asked) <= 28


def test_a_learner_logs_in_and_is_one_voter_however_often(a_class: Room, hub: Hub) -> None:
    hub.users = {"s": user("ada"), "b": user("ben")}
    first, again, other = (log_in(a_class, hub, token) for token in ("s", "s", "b"))
    assert first.status_code == 303 and first.headers["location"] == PREFIX + a_class.code
    cookie = a_class.app.cookie
    assert first.cookies[cookie] == again.cookies[cookie] != other.cookies[cookie]
    assert a_class.live.joined == 2
    assert "HttpOnly" in first.headers["set-cookie"] and "samesite=strict" in first.headers["set-cookie"].lower()
    assert hub.forms[0]["redirect_uri"] == [f"{PREFIX}oauth_callback"]
    assert hub.forms[0]["client_id"] == ["service-class"]
    kept = a_class.runner.run(a_class.live.read(lambda store: store.run("SELECT * FROM voter")))
    assert "ada" not in json.dumps(kept)


def test_an_instructor_logs_in_to_a_page_that_steers_nothing(a_class: Room, hub: Hub) -> None:
    hub.users = {"t": user("teacher", "instructors")}
    answer = log_in(a_class, hub, "t")
    assert answer.headers["location"] == f"{PREFIX}lead" and a_class.live.joined == 0
    kept = f"{a_class.app.lead_cookie}={answer.cookies[a_class.app.lead_cookie]}"
    page = ask(a_class, "GET", "lead", Cookie=kept)
    assert page.status_code == 200 and a_class.code in page.text and "script" not in page.text
    assert ask(a_class, "POST", "host", {"event": "open", "seq": 0}, Cookie=kept).status_code == 401
    assert ask(a_class, "GET", "host", Cookie=kept).status_code == 401
    assert ask(a_class, "GET", "report", Cookie=kept).status_code == 403
    report = ask(a_class, "GET", "report", Cookie=kept, sec_fetch_dest="document")
    assert report.status_code == 200 and "sandbox allow-downloads" in report.headers["content-security-policy"]
    assert ask(a_class, "GET", "report", Cookie=kept[:-1] + "x", sec_fetch_dest="document").status_code == 401


def test_a_pass_ends_and_is_of_this_secret_alone(hub: Hub) -> None:
    ours, theirs = HubLogin(hub.place(), "one"), HubLogin(hub.place(), "another")
    now = time.time()
    given = ours.pass_for(now)
    assert ours.holds(given, now) and HubLogin(hub.place(), "one").holds(given, now)
    assert not ours.holds(given, now + LOGIN_S + 1) and not theirs.holds(given, now)
    later = str(int(now + 10 * LOGIN_S))
    for forged in ("", ".", "9", f"{later}.{given.partition('.')[2]}", f"{later}.{ours.voter_token(later)}", "٣.x"):
        assert not ours.holds(forged, now)


@pytest.mark.parametrize("query", ["", "?code=a-code", "?code=a-code&state=other", "?state=x", "?code=a-code&state=ü"])
def test_a_login_begun_elsewhere_is_refused(a_class: Room, hub: Hub, query: str) -> None:
    hub.users, hub.codes = {"s": user("ada")}, {"a-code": "s"}
    cookie = f"class-login-{a_class.code}=mine"
    assert ask(a_class, "GET", f"oauth_callback{query}", Cookie=cookie).status_code == 403
    assert not hub.forms and a_class.live.joined == 0


def test_without_a_hub_there_is_no_login(a_room: Room) -> None:
    assert HubPlace.of({}, "/") is None
    learner = {
        "JUPYTERHUB_USER": "ada",
        "JUPYTERHUB_API_URL": "http://127.0.0.1/hub/api",
        "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
    }
    assert HubPlace.of(learner, "/user/ada/") is None  # in a terminal there
    service = {**learner, "JUPYTERHUB_SERVICE_NAME": "class", "JUPYTERHUB_API_TOKEN": "t"}
    assert HubPlace.of(service, "/services/class/")
    where = {"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:18003"}
    assert (address(None, None, None, service | where).port, address(None, None, None, learner | where).port) == (
        18003,
        8010,
    )
    assert hub_routes.routes(a_room.app) == []
    assert a_room.ask("GET", "/lead").status_code == 404


def test_where_the_hub_is(hub: Hub) -> None:
    place = hub.place(JUPYTERHUB_BASE_URL="/course/", JUPYTERHUB_HOST="https://hub.example.org")
    assert place.authorize == "https://hub.example.org/course/hub/api/oauth2/authorize"
    assert hub.place().authorize == "/hub/api/oauth2/authorize" and hub.place().callback == f"{PREFIX}oauth_callback"
    with pytest.raises(LessonlibError, match="JUPYTERHUB_API_TOKEN"):
        hub.place(JUPYTERHUB_API_TOKEN="")
    with pytest.raises(LessonlibError, match="JUPYTERHUB_API_URL"):
        hub.place(JUPYTERHUB_API_URL="nowhere at all")
    with pytest.raises(UnreachableError):
        asyncio.run(HubLogin(hub.place(JUPYTERHUB_API_URL="http://127.0.0.1:9/hub/api"), "x").user("t"))


def test_a_notebook_finds_the_class_of_its_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks only on an instructor's server, and keeps what it heard while the class server is away."""
    monkeypatch.setattr(on_hub._Asked, "found", None)
    monkeypatch.setattr(on_hub._Asked, "until", 0.0)
    monkeypatch.setenv("LESSONLIB_CLASS_URL", f"{hub.url}/services/class")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "t")
    monkeypatch.delenv("LESSONLIB_CLASS_LEAD", raising=False)
    assert on_hub.led_on_hub() is None and not hub.asked
    monkeypatch.setenv("LESSONLIB_CLASS_LEAD", "yes")
    state = {"seq": 1, "code": "ABC234", "lesson": "01-prefill-vs-decode", "lab": "h100", "phase": "draft"}
    hub.users = {"Bearer t": state}
    found = on_hub.led_on_hub()
    assert found and (found["url"], found["code"], found["token"]) == (f"{hub.url}/services/class/", "ABC234", "t")
    hub.users = {}
    monkeypatch.setattr(on_hub._Asked, "until", 0.0)
    assert on_hub.led_on_hub() == found
    for wrong in ("", "ftp://x", "http://[", "nothing"):
        monkeypatch.setenv("LESSONLIB_CLASS_URL", wrong)
        assert not on_hub.class_url() and on_hub.led_on_hub() is None
