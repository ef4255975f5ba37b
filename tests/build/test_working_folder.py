"""The learner's folder: what is written, what is left alone, and that nothing of theirs is ever lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from lessonlib.base.errors import LessonlibError
from lessonlib.build import working_folder
from lessonlib.build.working_folder import MARK, edition, is_ours, names, prepare, source_hash

FIRST, SECOND = "00-start-here", "review"
Notebook = dict[str, Any]


@pytest.fixture(autouse=True)
def _two_notebooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lesson and a page stand for the twelve, and nobody's data base of signatures is written to."""
    monkeypatch.setattr(working_folder, "names", lambda: [FIRST, SECOND])


@pytest.fixture(autouse=True, scope="module")
def _own_signatures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(tmp_path_factory.mktemp("jupyter")))
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with both notebooks, in a place whose name has spaces and letters beyond ASCII."""
    made = tmp_path / "Übungen der Woche 第一" / "predict-first"
    prepare(made, say=lambda line: None)
    return made


def read(folder: Path, name: str) -> Notebook:
    return json.loads((folder / f"{name}.ipynb").read_text(encoding="utf-8"))


def change(folder: Path, name: str, edit: Callable[[Notebook], None]) -> bytes:
    """Edit a notebook of the folder; the bytes that are then there."""
    notebook = read(folder, name)
    edit(notebook)
    (folder / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return (folder / f"{name}.ipynb").read_bytes()


def add_cell(notebook: Notebook) -> None:
    cell = {"cell_type": "code", "id": "mine", "metadata": {}, "source": "1 + 1", "outputs": [], "execution_count": 1}
    notebook["cells"].append(cell)


def told(folder: Path, update: bool = False) -> list[str]:
    said: list[str] = []
    prepare(folder, update, said.append)
    return said


def next_edition(monkeypatch: pytest.MonkeyPatch, name: str = FIRST) -> None:
    """From now on the package writes another text into the first cell of `name`."""

    def newer(wanted: str) -> Notebook:
        notebook = edition(wanted)
        if wanted == name:
            notebook["cells"][0]["source"] = ["# A newer edition"]
            notebook["metadata"][MARK]["source"] = source_hash(notebook)
        return notebook

    monkeypatch.setattr(working_folder, "edition", newer)


def newer_stands(folder: Path) -> bool:
    return read(folder, FIRST)["cells"][0]["source"] == ["# A newer edition"]


# --- what is written -----------------------------------------------------------------------------------------------


def test_every_notebook_of_the_checkout_is_one_of_the_course(repo: Path) -> None:
    assert sorted(names()) == sorted(path.stem for path in (repo / "notebooks").glob("*.ipynb"))


def test_a_new_folder_gets_them_all_and_one_line_says_so(tmp_path: Path) -> None:
    made = tmp_path / "deep" / "down"
    assert told(made) == [f"wrote the 2 notebooks into {made}"]
    assert sorted(path.name for path in made.iterdir()) == [f"{FIRST}.ipynb", f"{SECOND}.ipynb"]


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_what_is_written_is_the_committed_notebook_without_its_outputs(repo: Path, folder: Path, name: str) -> None:
    written, committed = read(folder, name), json.loads((repo / "notebooks" / f"{name}.ipynb").read_text("utf-8"))
    nbformat.validate(nbformat.from_dict(written))
    assert source_hash(written) == source_hash(committed)
    assert [cell["metadata"] for cell in written["cells"]] == [cell["metadata"] for cell in committed["cells"]]
    assert written["metadata"]["kernelspec"] == committed["metadata"]["kernelspec"], "JupyterLab asks for no kernel"
    code = [cell for cell in written["cells"] if cell["cell_type"] == "code"]
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []


def test_jupyter_trusts_what_is_written(folder: Path) -> None:
    notary = NotebookNotary()
    assert notary.check_signature(nbformat.read(folder / f"{FIRST}.ipynb", as_version=4))
    change(folder, FIRST, add_cell)
    assert not notary.check_signature(nbformat.read(folder / f"{FIRST}.ipynb", as_version=4))


def test_without_a_data_base_of_signatures_the_notebooks_are_still_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "a file"))
    assert told(tmp_path / "made") == [f"wrote the 2 notebooks into {tmp_path / 'made'}"]


def test_a_second_time_nothing_is_written_and_nothing_said(folder: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert told(folder) == []
    assert told(folder, update=True) == ["nothing to update: every notebook is of this edition"]
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_notebook_that_the_learner_removed_comes_back(folder: Path) -> None:
    (folder / f"{SECOND}.ipynb").unlink()
    assert told(folder) == [f"wrote {SECOND}.ipynb"]


# --- what counts as a change -----------------------------------------------------------------------------------------


def saved_by_jupyterlab(notebook: Notebook) -> None:
    """What saving changes though nobody changed anything."""
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.12.1"}
    notebook["metadata"]["widgets"] = {"state": {}}
    for number, cell in enumerate(notebook["cells"]):
        cell["source"] = "".join(cell["source"])
        cell["metadata"] |= {"trusted": True, "scrolled": False}
        if cell["cell_type"] == "code":
            cell |= {
                "execution_count": number,
                "outputs": [{"output_type": "stream", "name": "stdout", "text": "said\n"}],
            }
    empty = {"cell_type": "code", "id": "below", "metadata": {}, "source": "", "outputs": [], "execution_count": None}
    notebook["cells"].append(empty)


def swap(notebook: Notebook) -> None:
    cells = notebook["cells"]
    cells[-1], cells[-2] = cells[-2], cells[-1]


EDITS: dict[str, Callable[[Notebook], None]] = {
    "a cell of their own": add_cell,
    "another lab": lambda notebook: notebook["cells"][1].update(source='lab = "my-lab.toml"\nauto = None'),
    "a cell gone": lambda notebook: notebook["cells"].pop(),
    "a cell emptied": lambda notebook: notebook["cells"][0].update(source=""),
    "two cells in another order": swap,
    "a cell of another type": lambda notebook: notebook["cells"][0].update(cell_type="raw"),
}


def test_saving_is_no_change(folder: Path) -> None:
    before = source_hash(read(folder, FIRST))
    change(folder, FIRST, saved_by_jupyterlab)
    assert source_hash(read(folder, FIRST)) == before


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_a_learner_changes_is_kept_whatever_comes(
    folder: Path, edit: Callable[[Notebook], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = change(folder, FIRST, edit)
    path, kept = folder / f"{FIRST}.ipynb", folder / f"{FIRST} (yours).ipynb"
    assert told(folder) == [] and path.read_bytes() == theirs
    assert told(folder, update=True) == [f"left {path.name} alone: it has changes of yours, and nothing is newer"]
    assert path.read_bytes() == theirs
    next_edition(monkeypatch)
    assert "--update" in told(folder)[0] and path.read_bytes() == theirs
    assert told(folder, update=True) == [f"updated {path.name}; yours, with your changes, is now {kept.name}"]
    assert kept.read_bytes() == theirs and newer_stands(folder)


# --- newer editions --------------------------------------------------------------------------------------------------


def test_a_newer_edition_waits_until_it_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    change(folder, FIRST, saved_by_jupyterlab)
    next_edition(monkeypatch)
    assert told(folder) == ["1 notebook has another edition: lessonlib lab --update brings it, and keeps your answers"]
    assert not newer_stands(folder)
    assert told(folder, update=True) == [f"updated {FIRST}.ipynb"]
    assert newer_stands(folder) and len(list(folder.iterdir())) == 2
    assert told(folder) == []


def test_a_copy_of_the_learners_is_never_written_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / f"{FIRST} (yours).ipynb").write_text("from the time before", encoding="utf-8")
    theirs = change(folder, FIRST, add_cell)
    next_edition(monkeypatch)
    told(folder, update=True)
    assert (folder / f"{FIRST} (yours).ipynb").read_text(encoding="utf-8") == "from the time before"
    assert (folder / f"{FIRST} (yours 2).ipynb").read_bytes() == theirs


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"cells": 3}',
        b'{"cells": [3]}',
        b'{"cells": [{"cell_type": "code", "source": [1]}]}',
        b'{"cells": [], "metadata": 7}',
        b'{"cells": [], "metadata": {"lessonlib": 1}}',
        b'{"cells": [{"cell_type": "code", "source": "\\ud800"}]}',
    ],
)
def test_a_file_that_is_not_of_ours_is_left_alone_and_moved_aside_when_asked(folder: Path, content: bytes) -> None:
    (folder / f"{FIRST}.ipynb").write_bytes(content)
    assert not is_ours(folder / f"{FIRST}.ipynb")
    assert len(told(folder)) == 1 and (folder / f"{FIRST}.ipynb").read_bytes() == content
    told(folder, update=True)
    assert (folder / f"{FIRST} (yours).ipynb").read_bytes() == content
    assert is_ours(folder / f"{FIRST}.ipynb")


def test_a_notebook_that_the_course_no_longer_has_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working_folder, "names", lambda: [FIRST])
    (folder / "mine.ipynb").write_bytes((folder / f"{SECOND}.ipynb").read_bytes())
    assert told(folder) == []
    assert told(folder, update=True) == [f"left {SECOND}.ipynb alone: the course no longer has it"]
    assert (folder / f"{SECOND}.ipynb").exists()


# --- folders in which it cannot be done ------------------------------------------------------------------------------


def refusal(folder: Path, update: bool = False) -> str:
    with pytest.raises(LessonlibError) as caught:
        prepare(folder, update, say=lambda line: None)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_in_the_way_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "predict-first").write_text("mine", encoding="utf-8")
    assert "is a file: move it away" in refusal(tmp_path / "predict-first")
    assert (tmp_path / "predict-first").read_text(encoding="utf-8") == "mine"
    assert "Not a directory" in refusal(tmp_path / "predict-first" / "deeper")


def test_a_link_to_nowhere_in_the_way_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "predict-first").symlink_to(tmp_path / "gone")
    assert "is a file: move it away" in refusal(tmp_path / "predict-first")


def test_a_folder_in_the_way_of_a_notebook(folder: Path) -> None:
    (folder / f"{FIRST}.ipynb").unlink()
    (folder / f"{FIRST}.ipynb").mkdir()
    for update in (False, True):
        assert "is a folder, where a notebook should be" in refusal(folder, update)


def test_a_folder_in_which_nobody_can_write(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run as root, who may write everywhere: the system's answer is given by hand."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system")

    (folder / f"{SECOND}.ipynb").unlink()
    monkeypatch.setattr(Path, "replace", refuse)
    line = refusal(folder)
    assert "cannot be written: Read-only file system; name a folder of yours with --folder" in line
    assert [path.name for path in folder.iterdir()] == [f"{FIRST}.ipynb"]


def test_a_read_only_folder_that_has_everything_is_fine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", lambda *args, **more: pytest.fail("nothing needs writing"))
    assert told(folder) == []


def test_a_full_disk_leaves_no_half_notebook(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (folder / f"{FIRST}.ipynb").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    next_edition(monkeypatch)
    monkeypatch.setattr("os.fsync", full)
    assert "No space left on device" in refusal(folder, update=True)
    assert (folder / f"{FIRST}.ipynb").read_bytes() == whole
    assert len(list(folder.iterdir())) == 2
