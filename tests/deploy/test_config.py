"""What deploy/jupyterhub sets up, without starting it."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lessonlib.base.paths import checkout_dir
from lessonlib.classroom import wire
from lessonlib.classroom.class_file import code_of
from lessonlib.classroom.hub_login import INSTRUCTORS
from lessonlib.classroom.server import KEEP_ALIVE_S
from lessonlib.cli import lab

HERE = (checkout_dir() or Path()) / "deploy" / "jupyterhub"


def read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **environ: str) -> Any:
    """The configuration as JupyterHub would read it."""
    for name, value in {"HUB_STATE": str(tmp_path / "state"), **environ}.items():
        monkeypatch.setenv(name, value)
    for name in ("DENO_DIR", "DENO_NO_UPDATE_CHECK"):
        monkeypatch.setenv(name, "kept for the test")
    settings: Any = defaultdict(SimpleNamespace)
    c = type("Config", (), {"__getattr__": lambda _, name: settings[name]})()
    file = HERE / "jupyterhub_config.py"
    exec(compile(file.read_text(encoding="utf-8"), file, "exec"), {"get_config": lambda: c, "__file__": str(file)})
    return c


def test_a_trial_listens_to_this_machine_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> None:
    c = read(monkeypatch, tmp_path)
    assert c.JupyterHub.bind_url == "http://127.0.0.1:8000"
    assert all("127.0.0.1" in url for url in (c.JupyterHub.hub_bind_url, c.ConfigurableHTTPProxy.api_url))
    assert "A TRIAL: every server here runs as one account" in capsys.readouterr().out
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


def test_secrets_are_kept_for_this_account_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, again = (read(monkeypatch, tmp_path).SharedPasswordAuthenticator for _ in range(2))
    assert first.user_password == again.user_password and first.admin_password == again.admin_password
    assert len(first.user_password) >= 8 and len(first.admin_password) >= 32
    for path in ("password", "teacher-password", "class/code-01-"):
        assert (tmp_path / "state" / path).stat().st_mode & 0o077 == 0


def test_the_class_keeps_its_code_by_lesson_and_lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def command(**environ: str) -> list[str]:
        return list(read(monkeypatch, tmp_path, **environ).JupyterHub.services[0]["command"])

    def code(words: list[str]) -> str:
        return words[words.index("--code") + 1]

    first, again, other = command(), command(), command(HUB_LESSON="03", HUB_LAB="../x")
    assert code(first) == code(again) != code(other) and code_of(code(first))
    assert other[other.index("--lab") + 1] == "../x"
    assert sorted(path.name for path in (tmp_path / "state" / "class").iterdir()) == ["code-01-", "code-03-_x"]


def test_signs_of_a_code_are_those_of_the_class_server() -> None:
    text = (HERE / "jupyterhub_config.py").read_text(encoding="utf-8")
    assert f'SIGNS, LENGTH = "{wire.CODE_SIGNS}", {wire.CODE_LENGTH}' in text


def test_the_instructor_alone_is_of_the_group(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    c = read(monkeypatch, tmp_path)
    assert c.JupyterHub.load_groups == {INSTRUCTORS: {"users": ["teacher"]}}
    assert c.Authenticator.admin_users == {"teacher"}  # so that the shared password is not theirs
    assert "LESSONLIB_CLASS_LEAD" not in c.Spawner.environment
    (override,) = c.Spawner.group_overrides.values()
    assert override["groups"] == [INSTRUCTORS]
    roles = {role["name"]: role["scopes"] for role in c.JupyterHub.load_roles}
    assert all("access:services!service=class" in scopes for scopes in roles.values())
    assert {"users:activity!user", "access:servers!user"} <= set(roles["server"]) and "self" in roles["user"]


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "A", "", ".hidden", "x" * 33])
def test_a_name_that_is_no_folder_is_no_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    assert not re.match(read(monkeypatch, tmp_path).Authenticator.username_pattern, name)


def test_a_journal_for_each_learner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    journal = read(monkeypatch, tmp_path).Spawner.environment["LESSON_JOURNAL"]
    kept = {journal(SimpleNamespace(user=SimpleNamespace(name=name))) for name in ("ada", "ben")}
    assert len(kept) == 2 and all(path.startswith(str(tmp_path)) for path in kept)


def test_the_proxy_is_locked_and_keeps_connections(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    command = read(monkeypatch, tmp_path).ConfigurableHTTPProxy.command
    assert f"--keep-alive-timeout={KEEP_ALIVE_S * 1000}" in command
    assert {"--cached-only", "--frozen"} <= set(command) and not {"-A", "--allow-all", "--allow-run"} & set(command)
    wanted = json.loads((HERE / "proxy" / "deno.json").read_text())["imports"]["configurable-http-proxy"]
    lock = json.loads((HERE / "proxy" / "deno.lock").read_text())
    assert wanted in command and wanted in lock["specifiers"]
    assert all("integrity" in package for package in lock["npm"].values())


def test_a_learners_server_is_jupyterlab_behind_the_hub() -> None:
    command = lab.command(Path("/home/ada/predict-first"), ["--allow-root"], hub=True)
    assert command[1:3] == ["-m", "jupyterhub.singleuser"] and command[-1] == "--allow-root"
    assert lab.command(Path("/x"), [])[1:3] == ["-m", "jupyterlab"]


def test_both_locks_name_the_same_packages() -> None:
    """What the tests run is what the Hub runs, and the Hub is of the version that the chart has."""

    def versions(path: Path) -> dict[str, str]:
        return dict(re.findall(r"^([\w.-]+)==(\S+)", path.read_text(encoding="utf-8"), re.MULTILINE))

    hub, tests = versions(HERE / "requirements-hub.lock"), versions(HERE.parents[1] / "requirements-test.lock")
    assert hub["jupyterhub"].startswith("5.5.") and hub.items() <= tests.items()
