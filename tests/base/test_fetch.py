"""The one fetcher: what it takes, what it refuses, that its deadline holds, and where it sends what."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from lessonlib.base import fetch
from lessonlib.base.errors import LessonlibError
from lessonlib.base.fetch import Limits, Page, UnreachableError, get
from lessonlib.base.tls import tls
from tests.inputs.kinds_network import VARIABLES
from tests.inputs.wire import Script, forever, http, says, serving, silent

QUICK = Limits(seconds=0.5)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def told(script: Script, limits: Limits | None = None) -> str:
    with serving(script) as url, pytest.raises(LessonlibError) as caught:
        get(url, limits=limits)
    return str(caught.value)


def keeping(answer: bytes, seen: list[bytes]) -> Script:
    def script(connection: socket.socket, asked: bytes) -> None:
        seen.append(asked)
        connection.sendall(answer)

    return script


# --- what goes out and what comes back ---------------------------------------------------------------------------------


def test_an_answer_is_its_status_and_text() -> None:
    with serving(says(http("418 Tea", "grün\xff".encode("latin-1")))) as url:
        assert get(url) == Page(418, "gr\ufffdn\ufffd")


def test_nothing_compressed_is_asked_for_and_parameters_and_headers_go_along() -> None:
    seen: list[bytes] = []
    with serving(keeping(http(), seen)) as url:
        get(f"{url}/a", {"q": "x y"}, {"Authorization": "Bearer abc"})
    head = seen[0].decode()
    assert head.startswith("GET /a?q=x") and "\r\nAccept-Encoding: identity\r\n" in head
    assert "\r\nAuthorization: Bearer abc\r\n" in head


def test_no_redirect_is_followed_and_no_cookie_kept() -> None:
    seen: list[bytes] = []
    with (
        serving(keeping(http(), seen)) as other,
        serving(says(http("302 Found", b"", (f"Location: {other}/", "Set-Cookie: a=b")))) as url,
    ):
        assert get(url).status == 302
    assert seen == []


@pytest.mark.parametrize("size", [999, 1000, 1001])
def test_a_body_may_be_as_large_as_its_limit(size: int) -> None:
    limits = Limits(body_bytes=1000)
    if size <= 1000:
        with serving(says(http(body=b"x" * size))) as url:
            assert len(get(url, limits=limits).text) == size
    else:
        assert "larger than 0.001 MB" in told(says(http(body=b"x" * size)), limits)


@pytest.mark.parametrize(("size", "taken"), [(1000, True), (1001, False)])
@pytest.mark.parametrize("gap", [b"\n\n", b"\r\r", b"\r\n\r\n"])
def test_an_event_may_be_as_large_as_its_limit(size: int, taken: bool, gap: bytes) -> None:
    events = (b"x" * (1000 - len(gap)) + gap) * 3 + b"y" * size
    answer = http(body=events, headers=("Content-Type: text/event-stream; charset=x",))
    limits = Limits(event_bytes=1000)
    parts = [answer[at : at + 333] for at in range(0, len(answer), 333)]
    if taken:
        with serving(says(*parts, pause_s=0.002)) as url:
            assert get(url, limits=limits).text == events.decode()
    else:
        assert "one piece of the stream is larger than 1 kB" in told(says(*parts, pause_s=0.002), limits)


# --- the deadline --------------------------------------------------------------------------------------------------------

HELD_UP = {
    "by silence": silent,
    "in the header": forever(b"HTTP/1.1 200 OK\r\nX: ", b"y", 0.02),
    "by early hints": forever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.01),
    "in the body": forever(b"HTTP/1.1 200 OK\r\n\r\n", b"#", 0.02),
    "in a chunk's extension": forever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"x", 0.02),
}


@pytest.mark.parametrize("where", HELD_UP)
def test_the_deadline_holds(where: str) -> None:
    began = time.monotonic()
    with serving(HELD_UP[where]) as url, pytest.raises(UnreachableError, match="no complete answer within 0.5 s"):
        get(url, limits=QUICK)
    assert 0.5 <= time.monotonic() - began < 20


def test_at_the_deadline_the_connection_is_closed_and_its_thread_ends() -> None:
    with serving(silent) as url, pytest.raises(UnreachableError):
        get(url, limits=QUICK)
    for thread in threading.enumerate():
        if thread.name == "fetch":
            thread.join(20)
            assert not thread.is_alive(), "the server keeps silent for a minute"


def test_the_deadline_holds_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can stop the resolver of the system; nobody waits for it either."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(3) or [])
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="no complete answer"):
        get("http://server.invalid", limits=QUICK)
    assert time.monotonic() - began < 2.5


def test_the_deadline_holds_where_something_blocks_the_loop_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "client", lambda *_: time.sleep(5))
    monkeypatch.setattr(fetch, "_GRACE_S", 0.1)
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="no complete answer"):
        get("http://localhost:1", limits=QUICK)
    assert time.monotonic() - began < 4


# --- proxies ---------------------------------------------------------------------------------------------------------


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    with serving(keeping(http(body=b"by proxy"), seen)) as proxy, serving(says(http(body=b"itself"))) as url:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        assert get("http://server.invalid:8000/a").text == "by proxy"
        assert seen[0].startswith(b"GET http://server.invalid:8000/a ")
        assert get(url).text == "itself" and get(url.replace("127.0.0.1", "localhost")).text == "itself"
        monkeypatch.setenv("NO_PROXY", "server.invalid")
        with pytest.raises(UnreachableError):
            get("http://server.invalid:8000/a")
    assert len(seen) == 1


def test_the_password_of_a_proxy_is_sent_to_it_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    with serving(keeping(http("407 No"), seen)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.replace("http://", "http://me:hush-hush@"))
        assert get("http://server.invalid/").status == 407
        assert b"Proxy-Authorization: Basic " in seen[0]
    with pytest.raises(UnreachableError) as caught:
        get("http://server.invalid/")
    assert "hush" not in str(caught.value)


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("h:8000/", "http://h:8000"),
        (" https://h/a/b/?x=1#y ", "https://h/a/b"),
        ("http://[::1]:8000/metrics/", "http://[::1]:8000/metrics"),
        ("http://me:word@h/x", "http://h/x"),
        ("ftp://h", None),
        ("http://h:0", None),
        ("http://h:", None),
        ("http://a b", None),
        ("", None),
    ],
)
def test_an_address(given: str, meant: str | None) -> None:
    assert fetch.address(given) == meant


def test_a_user_in_an_address_is_seen() -> None:
    assert fetch.has_user("http://me:word@h") and fetch.has_user("me@h") and not fetch.has_user("http://h/@x")


# --- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate and its key, plain and encrypted."""
    folder = tmp_path_factory.mktemp("tls")
    run = lambda *line: subprocess.run(["openssl", *line], check=True, capture_output=True, cwd=folder)  # noqa: E731
    names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-days", "9", *names)
    run("pkey", "-in", "key.pem", "-aes256", "-passout", "pass:hush-hush", "-out", "locked.pem")
    (folder / "both.pem").write_text((folder / "cert.pem").read_text() + (folder / "locked.pem").read_text())
    return folder


@pytest.mark.parametrize("files", [("cert.pem", "locked.pem"), ("both.pem", "")])
def test_an_encrypted_key_does_not_ask(
    files: tuple[str, str], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSSL would ask on the terminal, and wait."""
    monkeypatch.setenv("LESSONLIB_CLIENT_CERT", str(certificate / files[0]))
    if files[1]:
        monkeypatch.setenv("LESSONLIB_CLIENT_KEY", str(certificate / files[1]))
    with pytest.raises(LessonlibError, match="is encrypted; name one without a password"):
        tls()


def test_a_plain_key_is_taken(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESSONLIB_CLIENT_CERT", str(certificate / "cert.pem"))
    monkeypatch.setenv("LESSONLIB_CLIENT_KEY", str(certificate / "key.pem"))
    tls()
    monkeypatch.delenv("LESSONLIB_CLIENT_CERT")
    with pytest.raises(LessonlibError, match="a key without a certificate"):
        tls()


def test_a_server_is_trusted_by_its_authority_alone(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    def script(connection: socket.socket, _: bytes) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(65536)
            wrapped.sendall(http(body=b"safe"))

    with serving(script, reads=False) as plain:
        url = plain.replace("http:", "https:")
        with pytest.raises(LessonlibError, match="certificate is not trusted here"):
            get(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
        assert get(url).text == "safe"
