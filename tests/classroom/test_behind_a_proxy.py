"""Two class servers on one PostgreSQL behind HAProxy, as deploy/haproxy has them: one killed, the proxy restarted, all in mid-vote."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.classroom import apart
from tests.classroom.phones import Host, Phone, all_leave
from tests.classroom.served import Server, serving
from tests.classroom.test_votes_that_count import QUESTION, accepted, free_port, kept, rows, votes_within

SETTINGS = Path(__file__).resolve().parents[2] / "deploy" / "haproxy" / "haproxy.cfg"
CODE = "HHAAPP"


@pytest.fixture
def program() -> str:
    """HAProxy; fails in CI, where it must be, and skips where a person has none."""
    found = shutil.which("haproxy") or next(iter(map(str, Path("/usr/sbin").glob("haproxy"))), None)
    if found is None:
        reason = "HAProxy is not installed (Debian and Ubuntu: apt install haproxy)"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return found


class Proxy:
    """HAProxy before two servers, to be restarted at will."""

    def __init__(self, program: str, port: int, servers: tuple[Server, Server]):
        self.url = f"http://127.0.0.1:{port}/"
        one, two = (urlsplit(server.file["url"]).netloc for server in servers)
        self._command = [program, "-f", str(SETTINGS)]
        here = f"127.0.0.1:{port}"
        self._environment = {**os.environ, "CLASS_BIND": here, "CLASS_HOST": here, "CLASS_ONE": one, "CLASS_TWO": two}
        self.start()

    def start(self) -> None:
        """Until it answers."""
        self.process = subprocess.Popen(self._command, env=self._environment, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}state").status_code == 401:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError("HAProxy does not answer")

    def stop(self) -> None:
        """At once, with all connections."""
        self.process.kill()
        self.process.wait()


@contextmanager
def behind(program: str, folder: Path, store_url: str) -> Iterator[tuple[Proxy, Server, Server]]:
    """Two servers of one class and the proxy before them."""
    port = free_port()
    arguments = ("--port", "0", "--store", store_url, "--code", CODE, "--public-url", f"http://127.0.0.1:{port}/")
    with serving(folder / "one", *arguments) as one, serving(folder / "two", *arguments) as two:
        proxy = Proxy(program, port, (one, two))
        try:
            yield proxy, one, two
        finally:
            proxy.stop()


async def phones_at(url: str, size: int) -> list[Phone]:
    phones = [Phone(url, CODE) for _ in range(size)]
    assert set(await asyncio.gather(*(phone.join() for phone in phones))) == {200}
    for phone in phones:
        phone.watch()
    return phones


@pytest.mark.parametrize("fault", ["a server is killed", "the proxy is restarted"])
def test_no_vote_is_lost_and_every_phone_hears_of_the_close(
    tmp_path: Path, postgres_url: str, program: str, fault: str
) -> None:
    with behind(program, tmp_path, postgres_url) as (proxy, one, two):

        async def run() -> tuple[list[Phone], int]:
            phones, host = await phones_at(proxy.url, 80), Host(proxy.url, two.file["token"])
            await host.steer("open", QUESTION)
            voting = asyncio.create_task(votes_within(phones, 2, random.Random(6)))
            await asyncio.sleep(1)
            if fault == "a server is killed":
                await asyncio.to_thread(one.kill)
            else:
                await asyncio.to_thread(proxy.stop)
                await asyncio.sleep(0.3)
                await asyncio.to_thread(proxy.start)
            await voting
            count = int((await host.steer("close"))["count"])
            await asyncio.gather(*(phone.wait_for("closed1") for phone in phones))
            await all_leave(phones)
            return phones, count

        phones, count = apart.run(run())
    assert accepted(phones) == count == 80 == sum(kept(postgres_url, CODE).values()) == rows(postgres_url, CODE)


def test_the_settings_are_valid(program: str) -> None:
    places = {
        "CLASS_BIND": "127.0.0.1:9000",
        "CLASS_HOST": "class.example.org",
        "CLASS_ONE": "127.0.0.1:8001",
        "CLASS_TWO": "127.0.0.1:8002",
    }
    subprocess.run([program, "-c", "-q", "-f", str(SETTINGS)], env={**os.environ, **places}, check=True)
