"""A real JupyterLab for the tests: its own folders, a free port, and no way out to the network."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from lessonlib.cli import lab as launch

START_SECONDS = 90
DEAD_PROXY = "http://127.0.0.1:9"  # nothing listens there: what a kernel wants from outside fails at once


@dataclass(frozen=True)
class Server:
    """A running JupyterLab. url ends in a slash. root: the folder that it shows. settings: what a person
    changes in its menus, the theme for one.
    """

    url: str
    token: str
    root: Path
    journal: Path
    settings: Path
    log: Path

    def address(self, notebook: str, query: str = "reset") -> str:
        """Where to open a notebook, named from the root, with a fresh layout."""
        return f"{self.url}lab/tree/{notebook}?{query}&token={self.token}"

    def api(self, path: str, method: str = "GET") -> object:
        """One call of the REST interface; its answer, or None where there is none."""
        request = Request(f"{self.url}api/{path}", method=method, headers={"Authorization": f"token {self.token}"})
        with urlopen(request, timeout=10) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def stop_kernels(self) -> None:
        """End every session, so that the next test starts with a kernel of its own."""
        for session in self.api("sessions"):
            self.api(f"sessions/{session['id']}", "DELETE")


def _environment(home: Path, journal: Path) -> dict[str, str]:
    """Nothing of the caller's Jupyter settings goes in, and nothing of the tests' comes out."""
    folders = {
        name: str(home / name.lower())
        for name in (
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "JUPYTER_RUNTIME_DIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
            "IPYTHONDIR",
        )
    }
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), DEAD_PROXY)
    here = dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "JPY_"))}
    return launch.environment({**kept, **folders, **proxies, **here, "LESSON_JOURNAL": str(journal)})


def _options(token: str) -> list[str]:
    return [
        "--no-browser",
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
        f"--IdentityProvider.token={token}",
        "--LabApp.expose_app_in_browser=True",  # window.jupyterapp, through which the tests run commands
        "--LabApp.extension_manager=readonly",  # the other kind asks PyPI
    ]


@contextmanager
def running(root: Path, home: Path) -> Iterator[Server]:
    """JupyterLab on the folder `root`, as `lessonlib lab` starts it; `home` takes all that it writes."""
    token, journal, log = secrets.token_hex(16), home / "journal" / "journal.jsonl", home / "server.log"
    environment = _environment(home, journal)
    with log.open("wb") as stream:
        process = subprocess.Popen(
            launch.command(root, _options(token)),
            env=environment,
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        url = _wait_for_url(process, Path(environment["JUPYTER_RUNTIME_DIR"]), log)
        yield Server(url, token, root, journal, Path(environment["JUPYTERLAB_SETTINGS_DIR"]), log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_url(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """The server writes its address to a file; then wait until it answers there."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        for file in runtime.glob(f"jpserver-{process.pid}.json"):
            try:
                info = json.loads(file.read_text(encoding="utf-8"))
                with urlopen(
                    Request(f"{info['url']}api", headers={"Authorization": f"token {info['token']}"}), timeout=5
                ):
                    return info["url"].replace("localhost", "127.0.0.1")
            except (URLError, OSError, ValueError, KeyError):
                continue
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-3000:]}")
