"""The command: where it listens, what it says, how it ends, and each thing that can be wrong in one line."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.classroom.server import Address, address, raise_file_limit
from tests.classroom.served import command, environment, serving


def refused(folder: Path, *arguments: str, **more: str) -> str:
    """The one line in which the command refuses."""
    found = subprocess.run(
        command(*arguments), check=False, capture_output=True, text=True, timeout=120, env=environment(folder, **more)
    )
    assert found.returncode == 2, found
    assert found.stdout == ""
    (line,) = found.stderr.splitlines()
    return line


def test_from_begin_to_end(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0") as server:
        path = tmp_path / "classes" / f"{server.file['code']}.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "classes" / "classes.sqlite").stat().st_mode) == 0o600
        assert server.file["lesson"] == "01-prefill-vs-decode"
        assert len(server.file["token"]) >= 22
        bearer = {"authorization": f"Bearer {server.file['token']}"}
        state = httpx.get(server.url + "host", headers=bearer).json()
        assert state["join"] == server.url + server.file["code"]
        assert httpx.get(server.url + server.file["code"]).text.startswith("<!doctype html>")
        assert httpx.get(server.url + "screen").text.startswith("<!doctype html>")
        picture = httpx.get(f"{server.url}qr.svg?screen={server.file['code']}")
        assert (picture.headers["content-type"], picture.text[:4]) == ("image/svg+xml", "<svg")
        assert httpx.get(f"{server.url}qr.svg").status_code == 403
        with httpx.stream("GET", server.url + "events", headers=bearer) as stream:
            lines = stream.iter_lines()
            event = next(line for line in lines if line.startswith("event: "))
            assert event == "event: host"
            assert json.loads(next(line for line in lines if line.startswith("data: "))[6:])["seq"] == 0
            told = server.stop()
            assert "event: over" in list(lines), "who watches is told that the class is over"
        assert server.process.returncode == 0
        assert f"lessonlib class 01 --code {server.file['code']}" in told
        assert not path.exists()
        assert [file.name for file in (tmp_path / "classes").iterdir()] == ["classes.sqlite"]


def test_a_class_goes_on_after_its_server_was_killed(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0") as server:
        code, token = server.file["code"], server.file["token"]
        bearer = {"authorization": f"Bearer {token}"}
        joined = httpx.post(server.url + "join", json={"code": code})
        cookie = {"cookie": joined.headers["set-cookie"].split(";")[0]}
        httpx.post(server.url + "host", json={"event": "open", "seq": 0}, headers=bearer)
        server.kill()
    with serving(tmp_path, "--port", "0", "--code", code.lower()) as again:
        assert (again.file["code"], again.file["token"]) == (code, token), "who steers needs no new token"
        state = httpx.get(again.url + "state", headers=cookie).json()
        assert (state["phase"], state["joined"]) == ("open1", 1), "and the phones are still in"


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert refused(tmp_path, "01", "--port", str(port)) == (
            f"lessonlib class: port {port} of 127.0.0.1 is taken, perhaps by another class: name another with --port"
        )


def test_a_second_process_on_one_class(tmp_path: Path) -> None:
    with serving(tmp_path, "--port", "0") as server:
        code = server.file["code"]
        assert refused(tmp_path, "01", "--port", "0", "--code", code) == (
            "lessonlib class: a process serves this class already; several on one class need --store postgresql://…"
        )
        assert "is that of a class of 01-prefill-vs-decode" in refused(tmp_path, "02", "--port", "0", "--code", code)
        with serving(tmp_path, "--port", "0", lesson="02") as other:
            assert other.file["code"] != code, "another class beside it is no trouble"
        assert httpx.get(server.url + "screen").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("no-such-lesson",), "there is no lesson “no-such-lesson”"),
        (("01", "--lab", "no-such-lab"), "no-such-lab"),
        (("01", "--port", "70000"), "expected a whole number from 0 to 65,535"),
        (("01", "--port", "0", "--bind", "no.such.host.invalid"), "cannot listen at no.such.host.invalid"),
        (("01", "--port", "0", "--bind", "203.0.113.1"), "cannot listen at 203.0.113.1"),
        (("01", "--port", "0", "--code", "hello"), "--code: 'hello' is no code"),
        (("01", "--port", "0", "--public-url", "class.example.org"), "--public-url: 'class.example.org' is no address"),
        (("01", "--port", "0", "--store", "mysql://somewhere"), "--store: 'mysql://…' is not known"),
        (("01", "--port", "0", "--store", "/proc/no/classes.sqlite"), "the classes cannot be kept in"),
        (("01", "--port", "0", "--bogus"), "unknown argument --bogus"),
        (("01", "--port", "0", "--store", "postgresql://x:secret@127.0.0.1:1/none"), "the store cannot be reached"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    line = refused(tmp_path, *arguments)
    assert says in line
    assert "secret" not in line, "an address may hold a password"


def test_a_store_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be looked at\n" * 40)
    assert "file is not a database" in refused(tmp_path, "01", "--port", "0", "--store", str(tmp_path / "notes.txt"))


def test_a_token_from_outside(tmp_path: Path) -> None:
    assert "LESSONLIB_CLASS_TOKEN is too short" in refused(tmp_path, "01", "--port", "0", LESSONLIB_CLASS_TOKEN="x")
    with serving(tmp_path, "--port", "0", LESSONLIB_CLASS_TOKEN="a-token-of-the-deployment") as server:
        assert server.file["token"] == "a-token-of-the-deployment"


def test_as_a_service_of_a_hub(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    hub = {
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}",
        "JUPYTERHUB_SERVICE_PREFIX": "/services/class/",
    }
    with serving(tmp_path, "--public-url", "https://hub.example.org/services/class", **hub) as server:
        code, url = server.file["code"], f"http://127.0.0.1:{port}/services/class/"
        assert server.url == url
        assert httpx.get(url + code).text.startswith("<!doctype html>")
        assert httpx.get(url + "phone.js").status_code == 200
        headers = {"origin": "https://hub.example.org"}
        joined = httpx.post(url + "join", json={"code": code}, headers=headers)
        assert joined.status_code == 200
        assert "Path=/services/class/" in joined.headers["set-cookie"]
        assert "Secure" in joined.headers["set-cookie"]
        assert httpx.get(f"http://127.0.0.1:{port}/{code}").status_code == 404


@pytest.mark.parametrize(
    ("given", "environ", "expected"),
    [
        ((None, None, None), {}, Address("127.0.0.1", 8010)),
        (("0.0.0.0", 80, None), {}, Address("0.0.0.0", 80)),
        (
            (None, None, None),
            {"JUPYTERHUB_SERVICE_URL": "http://10.0.0.1:9001", "JUPYTERHUB_SERVICE_PREFIX": "/services/class/"},
            Address("10.0.0.1", 9001, "/services/class/"),
        ),
        (
            (None, None, None),
            {"JUPYTERHUB_SERVICE_URL": "http://0.0.0.0:8888/user/me/", "JUPYTERHUB_USER": "me"},
            Address("127.0.0.1", 8010),
        ),
        (
            (None, 8020, None),
            {"JUPYTERHUB_SERVICE_URL": "http://10.0.0.1:9001", "JUPYTERHUB_PUBLIC_URL": "https://hub.example.org/s/"},
            Address("10.0.0.1", 8020, "/", "https://hub.example.org/s/"),
        ),
    ],
)
def test_where_it_listens(given: tuple[Any, ...], environ: dict[str, str], expected: Address) -> None:
    assert address(*given, environ) == expected


def test_an_address_of_a_hub_that_is_none() -> None:
    with pytest.raises(LessonlibError, match="names no port"):
        address(None, None, None, {"JUPYTERHUB_SERVICE_URL": "http://127.0.0.1:port"})


@pytest.mark.parametrize(
    ("where", "local", "phones"),
    [
        (Address("127.0.0.1", 1), "http://127.0.0.1:5/", "http://127.0.0.1:5/"),
        (Address("::1", 1), "http://[::1]:5/", "http://[::1]:5/"),
        (Address("192.0.2.7", 1, "/x/"), "http://192.0.2.7:5/x/", "http://192.0.2.7:5/x/"),
        (Address("0.0.0.0", 1, "/", "https://a.example/b"), "http://127.0.0.1:5/", "https://a.example/b/"),
    ],
)
def test_what_phones_open(where: Address, local: str, phones: str) -> None:
    assert (where.local(5), where.for_phones(5)) == (local, phones)


@pytest.mark.skipif(os.name != "posix", reason="a limit of open files is a matter of POSIX")
def test_few_open_files_are_a_polite_refusal(tmp_path: Path) -> None:
    """With the hard limit low, some phones are told to come again, in JSON or as 503; the others vote."""
    few = ["sh", "-c", 'ulimit -n 128; exec "$@"', "sh", *command("01", "--port", "0")]
    process = subprocess.Popen(few, stdout=subprocess.PIPE, text=True, env=environment(tmp_path))
    try:
        assert process.stdout is not None
        line = next(line for line in process.stdout if line.startswith("Phones: "))
        url, code = line.split(" ")[1].rsplit("/", 1)
        with httpx.Client(limits=httpx.Limits(max_connections=None, max_keepalive_connections=0)) as client:
            cookie = client.post(f"{url}/join", json={"code": code}).headers["set-cookie"].split(";")[0]
            streams = []
            statuses = []
            for _ in range(60):
                stream = client.stream("GET", f"{url}/events", headers={"cookie": cookie})
                statuses.append(stream.__enter__().status_code)
                streams.append(stream)
            assert set(statuses) == {200, 503}
            assert client.get(f"{url}/state", headers={"cookie": cookie}).status_code == 200, "a vote still gets in"
            for stream in streams:
                stream.__exit__(None, None, None)
    finally:
        process.terminate()
        process.communicate()


def test_the_limit_of_open_files_is_raised() -> None:
    assert raise_file_limit() >= 256
