"""`lab`: the command that it becomes, and the defaults that JupyterLab takes from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.cli import lab as launch
from lessonlib.cli import main

NOTIFICATION = "@jupyterlab/apputils-extension:notification"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[list[str], dict[str, str]]]:
    """Calls `lab` would have made to start JupyterLab, in a checkout that has a start notebook."""
    calls: list[tuple[list[str], dict[str, str]]] = []
    (tmp_path / "notebooks").mkdir()
    (tmp_path / launch.START).touch()
    monkeypatch.setattr(launch, "data_dir", lambda: tmp_path / "data")
    monkeypatch.setattr(launch.os, "execve", lambda program, argv, env: calls.append((argv, env)) or sys.exit(0))
    return calls


def test_lab_opens_the_start_notebook_in_the_checkout(started: list, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main.main(["lab"])
    [(argv, _)] = started
    assert argv[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tmp_path}" in argv
    assert "--LabApp.default_url=/lab/tree/notebooks/00-start-here.ipynb" in argv


def test_other_arguments_reach_jupyterlab_last_and_unchanged(started: list) -> None:
    with pytest.raises(SystemExit):
        main.main(["lab", "--no-browser", "--port", "9999", "--ip=0.0.0.0"])
    assert started[0][0][-4:] == ["--no-browser", "--port", "9999", "--ip=0.0.0.0"]


def test_a_missing_start_notebook_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launch, "data_dir", lambda: tmp_path / "data")
    assert main.main(["lab"]) == 2
    assert "start notebook" in capsys.readouterr().err


def test_a_python_without_jupyterlab_is_said(started: list, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LessonlibError, match="make lab"):
        launch.run(main.build_parser().parse_args(["lab"]))


def test_the_callers_own_configuration_stays_on_the_path() -> None:
    path = launch.environment({"JUPYTER_CONFIG_PATH": "/theirs", "A": "b"})
    assert path["JUPYTER_CONFIG_PATH"].split(os.pathsep)[1:] == ["/theirs"] and path["A"] == "b"


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
