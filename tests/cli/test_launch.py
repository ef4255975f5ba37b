"""`lab`: the command that it becomes, and the defaults that JupyterLab takes from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lessonlib.build import working_folder
from lessonlib.cli import lab as launch
from lessonlib.cli import main

NOTIFICATION = "@jupyterlab/apputils-extension:notification"


Calls = list[tuple[list[str], dict[str, str]]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Calls `lab` would have made to start JupyterLab."""
    calls: Calls = []
    monkeypatch.setattr(launch.os, "execve", lambda program, argv, env: calls.append((argv, env)) or sys.exit(0))
    return calls


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A checkout that has a start notebook, and that the package lies in."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / launch.START).touch()
    monkeypatch.setattr(launch, "checkout_dir", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[Path, bool]]:
    """The folders that `lab` had prepared, in an installed package; the current folder is empty."""
    calls: list[tuple[Path, bool]] = []
    monkeypatch.setattr(launch, "checkout_dir", lambda: None)
    monkeypatch.setattr(working_folder, "prepare", lambda folder, update: calls.append((folder, update)))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return calls


def lab(*arguments: str) -> None:
    with pytest.raises(SystemExit):
        main.main(["lab", *arguments])


def test_in_a_checkout_lab_opens_its_start_notebook(started: Calls, checkout: Path) -> None:
    lab()
    [(argv, _)] = started
    assert argv[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={checkout / 'notebooks'}" in argv, "the folders with the answers are not shown"
    assert "--LabApp.default_url=/lab/tree/00-start-here.ipynb" in argv


def test_behind_a_hub_it_is_the_server_that_is_told_where_to_start(tmp_path: Path) -> None:
    """A single-user server takes no notice of what JupyterLab alone is told, and would open on the launcher."""
    argv = launch.command(tmp_path, (), hub=True)
    assert "--ServerApp.default_url=/lab/tree/00-start-here.ipynb" in argv and "jupyterhub.singleuser" in argv


def test_other_arguments_reach_jupyterlab_last_and_unchanged(started: Calls, checkout: Path) -> None:
    lab("--no-browser", "--port", "9999", "--ip=0.0.0.0")
    assert started[0][0][-4:] == ["--no-browser", "--port", "9999", "--ip=0.0.0.0"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "predict-first"),
        (["--folder", "mein Kurs é"], "mein Kurs é"),
        (["--folder=~/course"], "home/course"),
        (["--folder", "/srv/course"], "/srv/course"),
    ],
)
def test_an_installed_package_opens_a_folder_of_the_learners(
    started: Calls, prepared: list[tuple[Path, bool]], tmp_path: Path, arguments: list[str], named: str
) -> None:
    lab(*arguments, "--no-browser")
    [(argv, _)] = started
    assert prepared == [(tmp_path / named, False)]
    assert argv[3:] == [
        f"--ServerApp.root_dir={tmp_path / named}",
        "--LabApp.default_url=/lab/tree/00-start-here.ipynb",
        "--no-browser",
    ]


def test_who_is_in_their_folder_gets_no_second_one_inside_it(
    started: Calls, prepared: list[tuple[Path, bool]], tmp_path: Path
) -> None:
    notebook = working_folder.edition("00-start-here")
    (tmp_path / launch.START).write_text(json.dumps(notebook), encoding="utf-8")
    lab("--update")
    assert prepared == [(tmp_path, True)]


def test_a_checkout_too_can_fill_a_folder_of_the_learners(
    started: Calls, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []
    monkeypatch.setattr(working_folder, "prepare", lambda folder, update: calls.append(folder))
    lab("--folder", str(checkout / "mine"))
    assert calls == [checkout / "mine"]
    assert f"--ServerApp.root_dir={checkout / 'mine'}" in started[0][0]


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that `lab` says instead of starting."""
    assert main.main(["lab", *arguments]) == 2
    told = capsys.readouterr().err
    assert told.startswith("lessonlib lab: ") and told.count("\n") == 1
    return told


def test_a_checkout_is_not_updated_by_lab(started: Calls, checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "update them by git pull" in refusal(capsys, "--update")


def test_a_missing_start_notebook_is_said(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "notebooks" / launch.START).unlink()
    assert "start notebook" in refusal(capsys)


def test_a_folder_that_is_gone_is_said(
    prepared: list[tuple[Path, bool]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    os.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert "is gone" in refusal(capsys)
    assert "is gone" in refusal(capsys, "--folder", "mine")
    assert "no such home" in refusal(capsys, "--folder", "~nobody-of-that-name/mine")


def test_a_python_without_jupyterlab_is_said_before_anything_is_written(
    prepared: list[tuple[Path, bool]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jupyterlab", None)
    assert "pip install jupyterlab" in refusal(capsys)
    assert prepared == []


def test_the_callers_own_configuration_stays_on_the_path() -> None:
    path = launch.environment({"JUPYTER_CONFIG_PATH": "/theirs", "JUPYTER_PATH": "/too", "A": "b"})
    assert path["JUPYTER_CONFIG_PATH"].split(os.pathsep)[1:] == ["/theirs"] and path["A"] == "b"
    assert path["JUPYTER_PATH"].split(os.pathsep)[1:] == ["/too"]


def test_jupyterlab_finds_our_extension_and_its_settings_fit() -> None:
    """Ask JupyterLab's own code, in the environment of `lab`, which extensions there are."""
    code = """
import json
from jupyter_core.paths import jupyter_path
from jupyterlab.commands import get_app_dir
from jupyterlab_server.config import get_federated_extensions
from jupyterlab_server.settings_utils import get_settings
from pathlib import Path
paths, app = jupyter_path("labextensions"), Path(get_app_dir())
found = get_federated_extensions(paths)["lessonlib"]
place = Path(found["ext_path"])
settings, _ = get_settings(str(app / "settings"), str(app / "schemas"), "", schema_name="lessonlib:landing", labextensions_path=paths)
print(json.dumps([(place / found["jupyterlab"]["_build"]["load"]).is_file(), list(settings["schema"])]))
"""
    env = launch.environment(os.environ)
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    there, keys = json.loads(done.stdout)
    assert there and {"jupyter.lab.menus", "jupyter.lab.toolbars"} <= set(keys)


def test_jupyterlab_takes_our_defaults_and_its_schema_allows_them() -> None:
    """Ask JupyterLab's own settings code, in the environment of `lab`, what the defaults are."""
    code = """
import json, jsonschema, sys
from jupyterlab.commands import get_app_dir
from jupyterlab_server.settings_utils import get_settings
from pathlib import Path
app = Path(get_app_dir())
found, _ = get_settings(str(app / "settings"), str(app / "schemas"), "", schema_name=%r)
schema = found["schema"]
defaults = {key: value["default"] for key, value in schema["properties"].items()}
jsonschema.validate(defaults, schema)
print(json.dumps(defaults))
"""
    done = subprocess.run(
        [sys.executable, "-c", code % NOTIFICATION],
        env=launch.environment(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    defaults = json.loads(done.stdout)
    assert (defaults["fetchNews"], defaults["checkForUpdates"]) == ("false", False)
