"""Whatever files say, the command line prints text: nothing of it moves a cursor, turns the writing round or adds a line."""

from __future__ import annotations

import csv
import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lessonlib.build.check import CellFailure, NotebookRun
from lessonlib.cli.check import failure_text, table
from lessonlib.cli.main import main
from lessonlib.roofline import config
from lessonlib.roofline import gpu as gpus
from tests.hostile import (
    ALL,
    HALF,
    HARMLESS,
    HOSTILE,
    TOUCHED,
    assert_printable,
    file_name,
    lab_file,
    texts_of,
    toml_text,
)

TEXTS = {**HOSTILE, "everything": ALL}


@pytest.fixture(autouse=True)
def nothing_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / TOUCHED).exists()


def printed(capsys: Any, *argv: str) -> tuple[int, str]:
    """Exit status and what is printed; it can be printed, and an error is one line."""
    capsys.readouterr()
    status = main(list(argv))
    out, err = capsys.readouterr()
    assert_printable(out + err, " ".join(argv)[:100])
    assert "Traceback" not in err and (status != 2 or len(err.splitlines()) == 1)
    return status, out


@pytest.mark.parametrize("name", TEXTS)
def test_estimate_and_simulate(name: str, tmp_path: Path, capsys: Any) -> None:
    lines = []
    for text in (TEXTS[name], HARMLESS):
        lab = str(lab_file(tmp_path, text, hostile_names=True))
        status, out = printed(capsys, "estimate", "--lab", lab, "--table", "--plot", "roofline.svg")
        assert status == 0
        ET.parse("roofline.svg")
        status, simulated = printed(
            capsys, "simulate", "--lab", lab, "--rate", "1", "--requests", "5", "--plot", "timeline.svg"
        )
        assert status == 0
        lines.append((len(out.splitlines()), len(simulated.splitlines())))
        for command in (["estimate"], ["simulate", "--rate", "1", "--requests", "5"]):
            status, out = printed(capsys, *command, "--lab", lab, "--json")
            assert status == 0 and json.loads(out)["model"]
        model = json.loads(out)["model"]
        assert printed(capsys, "estimate", "--model", str(Path(lab).parent / model))[0] == 0
    assert lines[0] == lines[1], "a name adds no line"


FIELDS = (
    "title",
    "model",
    "weights",
    "kv",
    "unknown",
    "tp",
    "prompt",
    "like",
    "gpu",
    "link_kind",
    "architecture",
    "measured",
)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("name", TEXTS)
def test_a_lab_that_is_wrong_is_one_line(name: str, field: str, tmp_path: Path, capsys: Any) -> None:
    text = TEXTS[name]
    value = toml_text(text)
    lines = {
        "title": 'title = "t"', "model": 'model = "llama-3.1-8b"', "gpu": 'gpu = "h100-sxm"', "tp": "tp = 1",
        "weights": 'weights = "bf16"', "kv": 'kv = "bf16"', "prompt": "prompt = 8", "context": "context = 8",
        "gpus_in_lab": "gpus_in_lab = 1",
    }  # fmt: skip
    if field in ("like", "link_kind", "architecture"):
        lines |= {"gpu": f'gpu = {{like = "h100-sxm", title = {value}, {field if field != "like" else "x"} = {value}}}'}
    elif field == "unknown":
        lines |= {"unknown": f"{value} = {value}"}
    elif field == "measured":
        lines |= {"measured": f"measured = {{{value} = {value}}}"}
    else:
        lines |= {field: f"{field} = {value}"}
    path = tmp_path / f"{file_name(text)}.toml"
    path.write_text("\n".join(lines.values()) + "\n", encoding="utf-8")
    printed(capsys, "estimate", "--lab", str(path))


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("flag", ["--model", "--gpu", "--lab", "--weights", "--kv", "--plot", "--sweep"])
def test_what_is_typed_and_wrong_is_one_line(flag: str, name: str, capsys: Any) -> None:
    assert printed(capsys, "estimate", flag, TEXTS[name])[0] == 2


@pytest.mark.parametrize("name", TEXTS)
def test_a_trace(name: str, tmp_path: Path, capsys: Any) -> None:
    text = TEXTS[name]
    path = tmp_path / f"{file_name(text)}.jsonl"
    lines = [{"arrival_s": i, "prompt": 9, "output": 3, "own": text, "prefix": [[text, 4]]} for i in range(3)]
    for wrong in ({}, {"arrival_s": text}, {"prompt": text}, {text: text}, {"prefix": [[text, text]]}):
        path.write_text("".join(json.dumps({**row, **wrong}) + "\n" for row in lines), encoding="utf-8")
        for flags in ([], ["--json"]):
            printed(capsys, "simulate", "--trace", str(path), *flags)
    rows = path.with_suffix(".csv")
    quoted = text.replace('"', '""')
    rows.write_text(f'arrival_s,prompt,output,"{quoted}"\n1,9,3,"{quoted}"\n', encoding="utf-8")
    printed(capsys, "simulate", "--trace", str(rows))


@pytest.fixture
def own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repo: Path) -> Iterator[Path]:
    """A data folder of our own, to change at will."""
    folder = tmp_path / "data"
    shutil.copytree(repo / "data", folder)
    monkeypatch.setenv("LESSONLIB_DATA", str(folder))
    kept = (gpus._rows, gpus._table, config._shipped)
    for cached in kept:
        cached.cache_clear()
    yield folder
    for cached in kept:
        cached.cache_clear()


@pytest.mark.parametrize("name", ["terminal", "c1", "bidi", "image", "honest", "everything"])
def test_the_lists_of_what_is_known(name: str, own_data: Path, capsys: Any) -> None:
    text = TEXTS[name]
    line = " ".join(text.split())  # a cell of that table is one line
    with (own_data / "gpus.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rows[0] |= dict.fromkeys(("title", "source", "note", "link"), line)
    with (own_data / "gpus.csv").open("w", newline="", encoding="utf-8") as file:
        written = csv.DictWriter(file, rows[0])
        written.writeheader()
        written.writerows(rows)
    (own_data / "models" / "own.json").write_text(
        json.dumps(
            json.loads((own_data / "models" / "llama-3.1-8b.json").read_text()) | {"_source": text, "_title": text}
        )
    )
    lab = own_data / "labs" / "own.toml"
    lab.write_text(
        (own_data / "labs" / "qwen3-32b-h200.toml").read_text().replace("title = ", f"title = {toml_text(text)} # ")
    )
    for command in ("models", "gpus", "labs"):
        status, out = printed(capsys, command)
        assert (status == 0 and any(line.startswith("own ") for line in out.splitlines())) or command == "gpus"
        status, out = printed(capsys, command, "--json")
        assert status == 0 and {text, line} & set(texts_of(json.loads(out)))


@pytest.mark.parametrize("name", {**TEXTS, "half a character": HALF})
def test_a_notebook_that_fails(name: str) -> None:
    text = {**TEXTS, "half a character": HALF}[name]
    run = NotebookRun(Path(f"{file_name(text)}.ipynb"), 1.0, CellFailure(3, text, text))
    assert_printable(table([run], 1.0) + failure_text(run))
    assert len(table([run], 1.0).splitlines()) == 2


@pytest.mark.parametrize("name", TEXTS)
def test_a_lesson_file_that_is_wrong(name: str, tmp_path: Path, capsys: Any) -> None:
    text = TEXTS[name]
    path = tmp_path / "09-own.yaml"
    for raw in (
        {"number": 9, "title": text, text: text},
        {"number": 9, "title": "x", "minutes": 5, "sources": {}, "steps": [{text: {"id": text}}]},
    ):
        path.write_text(json.dumps(raw), encoding="utf-8")
        for command in ("lint", "build"):
            capsys.readouterr()
            main([command, str(path)])
            assert_printable("".join(capsys.readouterr()))
