"""A PostgreSQL server for the tests: of its own, on a free port, run by a user who is not root, for root it refuses."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_MISSING = "PostgreSQL is not installed (Debian and Ubuntu: apt install postgresql)"
_PATIENCE_S = 60.0


def programs() -> Path | None:
    """The folder with initdb and postgres; Debian keeps them off the PATH."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


def need_programs() -> Path:
    """The same; fails in CI, where it must be, and skips where a person has none."""
    found = programs()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(_MISSING, pytrace=False)
        pytest.skip(_MISSING)
    return found


@contextmanager
def running(bin_dir: Path) -> Iterator[str]:
    """The address of a database of a server that runs until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-for-tests-"))
    as_user: dict[str, object] = {}
    if os.geteuid() == 0:
        somebody = pwd.getpwnam("nobody")
        as_user = {"user": somebody.pw_uid, "group": somebody.pw_gid, "extra_groups": []}
        os.chown(folder, somebody.pw_uid, somebody.pw_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, log = folder / "data", folder / "log"
    try:
        made = subprocess.run(
            [bin_dir / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            **as_user,  # type: ignore[call-overload]
        )
        assert made.returncode == 0, made.stderr
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
        with log.open("w") as told:
            server = subprocess.Popen(
                [bin_dir / "postgres", "-D", data, *(f"--{name}={value}" for name, value in settings.items())],
                cwd=folder,
                stdout=told,
                stderr=told,
                **as_user,  # type: ignore[call-overload]
            )
        try:
            url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
            _wait_for(url, server, log)
            yield url
        finally:
            server.terminate()
            server.wait(_PATIENCE_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)


def empty(url: str) -> None:
    """Forget all tables of that database, whoever still holds them."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()")
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
