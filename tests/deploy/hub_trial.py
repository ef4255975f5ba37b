"""The Hub of deploy/jupyterhub in a process of its own, and people at it: a browser without a screen, and a kernel of theirs."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from lessonlib.base.paths import checkout_dir

ROOT = checkout_dir() or Path()
DEPLOYED = ROOT / "deploy" / "jupyterhub"
PATIENCE_S = 120.0


def hub_python() -> Path:
    """A Python with JupyterHub: that of `make env-hub`, or this one. Skips where there is none, but not in CI."""
    own = ROOT / ".venv-hub" / "bin" / "python"
    if own.exists():
        return own
    if importlib.util.find_spec("jupyterhub") is None:
        _skip("JupyterHub is not installed here: make env-hub")
    return Path(sys.executable)


def with_proxy(python: Path, folder: Path) -> dict[str, str]:
    """The environment in which Deno finds configurable-http-proxy, with no more than the lock allows. Skips where npm is away."""
    kept = ROOT / ".venv-hub" / "deno"
    environment = {**os.environ, "DENO_DIR": str(kept if kept.exists() else folder / "deno"), "NO_COLOR": "1"}
    deno = [str(python.with_name("deno")), "install", "--quiet", "--frozen"]
    got = subprocess.run(
        [*deno, f"--config={DEPLOYED / 'proxy' / 'deno.json'}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    if got.returncode:
        _skip(f"configurable-http-proxy cannot be had from npm: {got.stderr.strip()[-200:]}")
    return environment


def _skip(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def free_ports(count: int) -> int:
    """The first of so many free ports in a row."""
    for _ in range(200):
        first = 20_000 + secrets.randbelow(20_000)
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            for port in range(first, first + count):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first
    raise AssertionError("no ports are free")


@dataclass
class Trial:
    """A Hub that runs. said: what it has printed."""

    process: subprocess.Popen[str]
    url: str
    state: Path
    log: Path

    @property
    def class_url(self) -> str:
        return f"{self.url}/services/class"

    @property
    def code(self) -> str:
        return (self.state / "class" / "code-01-").read_text().strip()

    def password(self, whose: str = "") -> str:
        return (self.state / f"{whose}password").read_text().strip()

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")


@contextlib.contextmanager
def running(folder: Path, **more: str) -> Iterator[Trial]:
    """The Hub as `make hub` starts it, with a class of lesson 1, until both answer."""
    python = hub_python()
    port = free_ports(4)
    environment = with_proxy(python, folder) | {"HUB_STATE": str(folder / "state"), "HUB_PORT": str(port)} | more
    for name in ("LESSON_JOURNAL", "LESSON_AUTO", "LESSON_LAB", "PYTHONPATH"):
        environment.pop(name, None)
    environment["PYTHONPATH"] = str(ROOT)
    log = folder / "hub.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(python), "-m", "jupyterhub", "--config", "jupyterhub_config.py"],
            cwd=DEPLOYED,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    trial = Trial(process, f"http://127.0.0.1:{port}", folder / "state", log)
    try:
        _wait(lambda: _answers(f"{trial.url}/hub/api/") and _answers(f"{trial.class_url}/screen"), trial)
        yield trial
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _wait(until: Any, trial: Trial) -> None:
    end = time.monotonic() + PATIENCE_S
    while not until():
        assert trial.process.poll() is None, trial.said()
        assert time.monotonic() < end, trial.said()
        time.sleep(0.3)


@dataclass
class Person:
    """Somebody logged in at the Hub with a browser of their own."""

    trial: Trial
    name: str
    browser: httpx.Client = field(
        default_factory=lambda: httpx.Client(follow_redirects=True, timeout=PATIENCE_S, trust_env=False)
    )

    def log_in(self, whose: str = "") -> Person:
        login = f"{self.trial.url}/hub/login"
        self.browser.get(login)
        form = {
            "username": self.name,
            "password": self.trial.password(whose),
            "_xsrf": self._xsrf("/hub/"),
        }
        answer = self.browser.post(login, data=form)
        assert answer.status_code == 200 and "Invalid username" not in answer.text, answer.text[-500:]
        return self

    def _xsrf(self, path: str) -> str:
        return next(each.value or "" for each in self.browser.cookies.jar if each.name == "_xsrf" and each.path == path)

    # --- their own server -------------------------------------------------------------------------------------------------

    @property
    def own(self) -> str:
        return f"{self.trial.url}/user/{self.name}"

    def begin_server(self) -> None:
        """Ask for a server of one's own, and do not wait for it."""
        answer = self.browser.post(
            f"{self.trial.url}/hub/api/users/{self.name}/server",
            headers={"X-XSRFToken": self._xsrf("/hub/"), "Referer": f"{self.trial.url}/hub/home"},
        )
        assert answer.status_code in (201, 202), answer.text

    def wait_for_server(self) -> None:
        """Until it answers; logged in there too."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            answer = self.browser.get(f"{self.own}/lab")
            if answer.status_code == 200 and str(answer.url).startswith(self.own):
                return
            time.sleep(0.5)
        raise AssertionError(self.trial.said())

    def run(self, code: str) -> str:
        """What a cell prints in the one kernel of this person."""
        if not hasattr(self, "kernel"):
            headers = {"X-XSRFToken": self._xsrf(f"/user/{self.name}/")}
            answer = self.browser.post(f"{self.own}/api/kernels", json={"name": "python3"}, headers=headers)
            assert answer.status_code == 201, answer.text
            self.kernel = answer.json()["id"]
        return asyncio.run(self._run(code))

    async def _run(self, code: str) -> str:
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        url = f"{self.own}/api/kernels/{self.kernel}/channels"
        cookies = "; ".join(
            f"{each.name}={each.value}" for each in self.browser.cookies.jar if urlsplit(url).path.startswith(each.path)
        )
        request = HTTPRequest(
            url.replace("http", "ws", 1), headers={"Cookie": cookies, "Origin": self.trial.url}, connect_timeout=30
        )
        channel = await websocket_connect(request)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await _printed(channel, code)
        finally:
            channel.close()
            while await channel.read_message() is not None:
                pass

    # --- the class ---------------------------------------------------------------------------------------------------------------

    def vote(self, question: str, guess: Any, round_: int = 1) -> httpx.Response:
        sent = {"key": secrets.token_hex(8), "guess": guess, "confidence": 1}
        return self.browser.put(f"{self.trial.class_url}/polls/{question}/rounds/{round_}/vote", json=sent)


async def _printed(channel: Any, code: str) -> str:
    """What code prints, by the messages of Jupyter's protocol."""
    own = secrets.token_hex(8)
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    header = {"msg_id": own, "msg_type": "execute_request", "username": "", "session": own, "version": "5.3"}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    await channel.write_message(json.dumps(message))
    printed: list[str] = []
    while True:
        said = json.loads(await channel.read_message() or "{}")
        if said.get("parent_header", {}).get("msg_id") != own:
            continue
        kind, content = said["msg_type"], said["content"]
        if kind == "stream":
            printed.append(content["text"])
        elif kind == "error":
            raise AssertionError(re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(content["traceback"])))
        elif kind == "status" and content["execution_state"] == "idle":
            return "".join(printed)
