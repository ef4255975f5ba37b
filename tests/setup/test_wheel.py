"""The built wheel, installed outside the checkout, in a place whose name has spaces and letters beyond ASCII.

It goes into an environment of its own that borrows the packages of the one that runs the tests, so nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

START_SECONDS = 90


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel, and the learner's folder beside it. bin: where its programs are."""

    bin: Path
    home: Path

    def environment(self) -> dict[str, str]:
        """Nothing that leads back to the checkout, and no settings of whoever runs the tests."""
        ours = ("PYTHON", "JUPYTER", "JPY_", "LESSON", "VIRTUAL_ENV")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        share = Path(sys.prefix, "share", "jupyter")  # borrowed like the packages: JupyterLab's pages and the kernel
        folders = {
            name: str(self.home / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")
        }
        return {
            **kept,
            **folders,
            "JUPYTERLAB_DIR": str(share / "lab"),
            "JUPYTER_PATH": str(share),
            "JUPYTER_RUNTIME_DIR": str(self.home / "runtime"),
            "LESSON_JOURNAL": str(self.home / "journal.jsonl"),
        }

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.bin / program, *arguments],
            cwd=self.home,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )

    def said(self, program: str, *arguments: str) -> str:
        done = self.run(program, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


def hatchling(source: Path, target: str, into: Path) -> Path:
    """What hatchling builds of `source`: a "wheel" or an "sdist"."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [built] = into.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(repo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return hatchling(repo, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    place = tmp_path_factory.mktemp("wheel") / "Übungen der Woche 第一"
    home, environment = place / "mein Kurs", place / "die Umgebung"
    home.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(python),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        str(wheel),
    ]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return Installed(environment / "bin", home)


#: JupyterLab's extension, which a wheel also puts where any JupyterLab of the environment looks for some
EXTENSION = "lessonlib/cli/jupyter/labextensions/lessonlib"


# --- what is in it -------------------------------------------------------------------------------------------------


def carried(repo: Path) -> set[str]:
    """Files of the repository that a wheel must hold, by their names there."""
    listed = subprocess.run(
        ["git", "ls-files", "lessonlib", "data"], cwd=repo, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return set(listed.stdout.split())


def test_the_wheel_holds_package_and_facts_and_nothing_else(repo: Path, wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        placed = {name.split(".data/data/")[1] for name in archive.namelist() if ".data/data/" in name}
        there = {name for name in archive.namelist() if ".dist-info/" not in name and ".data/data/" not in name}
        kept = {name.split("/", 1)[1] for name in archive.namelist() if ".dist-info/" in name}
    expected = {f"lessonlib/{name}" if name.startswith("data/") else name for name in carried(repo)}
    assert expected - there == set(), "missing"
    assert {
        name for name in there - expected if not (repo / name.replace("lessonlib/data/", "data/")).exists()
    } == set()
    ours = {name for name in expected if name.startswith(f"{EXTENSION}/")}
    assert len(ours) == 3 and placed == {
        name.replace(EXTENSION, "share/jupyter/labextensions/lessonlib") for name in ours
    }
    assert {"licenses/LICENSE", "licenses/LICENSE-CONTENT.md", "entry_points.txt"} <= kept


def test_the_source_distribution_builds_the_same_wheel(repo: Path, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "unpacked").mkdir()
    packed = hatchling(repo, "sdist", tmp_path / "sdist")
    subprocess.run(["tar", "-xf", str(packed), "-C", str(tmp_path / "unpacked")], check=True)
    [source] = (tmp_path / "unpacked").iterdir()
    again = hatchling(source, "wheel", tmp_path / "again")
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(again) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


# --- what it does --------------------------------------------------------------------------------------------------


def test_the_installed_package_is_the_one_that_runs(installed: Installed) -> None:
    code = "import lessonlib, lessonlib.base.paths as paths; print(lessonlib.__file__, paths.data_dir(), paths.checkout_dir(), sep='\\n')"
    package, data, checkout = installed.said("python", "-c", code).splitlines()
    assert Path(package).is_relative_to(installed.bin.parent) and Path(data) == Path(package).parent / "data"
    assert checkout == "None"


def test_any_jupyterlab_of_the_environment_finds_the_extension(installed: Installed) -> None:
    place = installed.bin.parent / "share" / "jupyter" / "labextensions" / "lessonlib"
    package = json.loads((place / "package.json").read_text(encoding="utf-8"))
    assert package["name"] == "lessonlib" and (place / package["jupyterlab"]["_build"]["load"]).is_file()


def test_labs_estimate_and_simulate(installed: Installed) -> None:
    assert "qwen3-32b-h200" in installed.said("lessonlib", "labs")
    one_case = ("--model", "llama-3.1-8b", "--gpu", "h100-sxm", "--batch", "4", "--context", "2048", "--json")
    assert json.loads(installed.said("lessonlib", "estimate", *one_case))["decode"]["expected_s"] > 0
    many = ("--model", "llama-3.1-8b", "--gpu", "h100-sxm", "--rate", "2", "--prompt", "500", "--output", "50")
    told = json.loads(installed.said("lessonlib", "simulate", *many, "--requests", "20", "--json"))
    assert told["throughput_tokens_per_s"] > 0


def test_check_without_a_notebook_says_what_to_name(installed: Installed) -> None:
    done = installed.run("lessonlib", "check")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@contextmanager
def lab(installed: Installed) -> Iterator[tuple[str, str]]:
    """`lessonlib lab` until the end of the block: its address, and all that it has said by then."""
    options = (
        "--no-browser",
        "--allow-root",
        "--ServerApp.port=0",
        "--IdentityProvider.token=t",
        "--ServerApp.ip=127.0.0.1",
    )
    log = installed.home / "server.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [installed.bin / "lessonlib", "lab", *options],
            cwd=installed.home,
            env=installed.environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        url = _address(process, installed.home / "runtime" / f"jpserver-{process.pid}.json")
        yield url, log.read_text(encoding="utf-8")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen[bytes], info: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            url = json.loads(info.read_text(encoding="utf-8"))["url"]
            fetched(url, "api")
            return url
        except (URLError, OSError, ValueError):
            time.sleep(0.1)
    pytest.fail(f"lessonlib lab did not start (status {process.poll()})")


def fetched(url: str, path: str) -> str:
    with urlopen(Request(f"{url}{path}", headers={"Authorization": "token t"}), timeout=20) as answer:
        return answer.read().decode()


def test_lab_opens_the_notebooks_of_the_learner_and_keeps_what_they_change(installed: Installed) -> None:
    folder = installed.home / "predict-first"
    with lab(installed) as (url, said):
        assert f"wrote the {len(list(folder.iterdir()))} notebooks into {folder}" in said
        assert "<title>JupyterLab</title>" in fetched(url, "lab/tree/00-start-here.ipynb")
        shown = json.loads(fetched(url, "api/contents/"))["content"]
        assert {entry["type"] for entry in shown} == {"notebook"} and "00-start-here.ipynb" in {
            e["name"] for e in shown
        }
        notebook = json.loads(fetched(url, "api/contents/00-start-here.ipynb"))["content"]
        code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert all(cell["metadata"]["trusted"] for cell in code)
    changed = folder / "01-prefill-vs-decode.ipynb"
    theirs = changed.read_text(encoding="utf-8").replace("lab = None", 'lab = \\"qwen3-32b-h200\\"', 1)
    changed.write_text(theirs, encoding="utf-8")
    said = installed.said("lessonlib", "lab", "--update", "--version")  # JupyterLab says its version and ends
    assert "left 01-prefill-vs-decode.ipynb alone: it has changes of yours, and nothing is newer" in said
    assert changed.read_text(encoding="utf-8") == theirs


def test_a_notebook_that_was_written_runs_in_the_installed_package(installed: Installed) -> None:
    code = """
import nbformat, sys
from pathlib import Path
from nbclient import NotebookClient
from lessonlib.build.working_folder import prepare
prepare(Path("run"), say=lambda line: None)
notebook = nbformat.read("run/00-start-here.ipynb", as_version=4)
notebook.cells.append(nbformat.v4.new_code_cell("import lessonlib; print(lessonlib.__file__)"))
NotebookClient(notebook, timeout=120, resources={"metadata": {"path": "run"}}).execute()
print(notebook.cells[-1].outputs[0].text)
"""
    package = installed.said("python", "-c", code).strip()
    assert Path(package).is_relative_to(installed.bin.parent)
