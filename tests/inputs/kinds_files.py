"""Files: labs, models, GPUs, traces, lessons, the list of ideas, notebooks, settings; and what is no file at all."""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from lessonlib.base.paths import data_dir
from tests.inputs.hostile import BYTES, STRINGS, TEXTS, spoiled, torn
from tests.inputs.tried import Kind, command

Tries = Iterator[tuple[str, Callable[[], Any]]]
_TORN = 400


@cache
def folder() -> Path:
    """Where the files of this process lie, until it ends."""
    _kept.append(tempfile.TemporaryDirectory(prefix="inputs-"))
    return Path(_kept[0].name)


_kept: list[tempfile.TemporaryDirectory[str]] = []


def _written(name: str, content: str | bytes, use: Callable[[Path], Any]) -> Callable[[], Any]:
    """A use that writes the file first, so that thousands of them take one place."""

    def write_and_use() -> Any:
        path = folder() / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        return use(path)

    return write_and_use


def _texts(name: str, whole: str, use: Callable[[Path], Any]) -> Tries:
    """Texts and bytes that stand for no document, and the whole one torn."""
    for text in TEXTS:
        yield f"text {text[:40]!r}", _written(name, text, use)
    for data in BYTES:
        yield f"bytes {data[:20]!r}", _written(name, data, use)
        yield f"bytes {data[:20]!r} and the whole", _written(name, data + whole.encode(), use)
    for what, data in torn(whole, _TORN):
        yield what, _written(name, data, use)


# --- labs ------------------------------------------------------------------------------------------------------------

_LAB = """title = "A lab"
model = "llama-3.1-8b"
tp = 1
weights = "bf16"
kv = "bf16"
head = "bf16"
prompt = 1000
context = 2000
gpus_in_lab = 1
flags = ["--enforce-eager"]

[gpu]
like = "h100-sxm"
title = "Ours"
bf16_dense_tflops = 900.0
memory_gb_per_s = 3000.0
memory_gb = 80
link_gb_per_s_each_way = 450.0
note = "a note"

[traffic]
prompt_to_generation_low = 2.0
prompt_to_generation_high = 4.0

[assumed]
lengths = "as elsewhere"

[measured.decode_tokens_per_s]
value = 100.0
unit = "tok/s"
how = "by hand"
source = "a page"
"""


def _toml(value: Any) -> str:
    """A value as TOML, tables inline; None and half characters are written as JSON does, which TOML refuses."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


def _lab_text(document: Any) -> str:
    if not isinstance(document, dict):
        return _toml(document)
    return "\n".join(f"{json.dumps(key)} = {_toml(value)}" for key, value in document.items())


def _estimate_lab(path: Path) -> Any:
    return command("estimate", "--lab", str(path), "--json")()


def _labs() -> Tries:
    for what, document in spoiled(tomllib.loads(_LAB)):
        yield what, _written("lab.toml", _lab_text(document), _estimate_lab)
    yield from _texts("lab.toml", _LAB, _estimate_lab)


# --- models ----------------------------------------------------------------------------------------------------------


def _estimate_model(path: Path) -> Any:
    return command("estimate", "--model", str(path), "--json")()


def _models(name: str) -> Callable[[], Tries]:
    def tries() -> Tries:
        text = (data_dir() / "models" / f"{name}.json").read_text(encoding="utf-8")
        for what, document in spoiled(json.loads(text)):
            yield what, _written("config.json", json.dumps(document), _estimate_model)
        yield from _texts("config.json", text, _estimate_model)

    return tries


# --- traces ----------------------------------------------------------------------------------------------------------

_ROW = {
    "arrival_s": 0.5,
    "prompt": 100,
    "output": 5,
    "priority": 0,
    "follows": -1,
    "think_s": 0.0,
    "own": "s-1",
    "prefix": [["a", 10], ["b", 20]],
}
_MOONCAKE = {"timestamp": 100, "input_length": 1000, "output_length": 10, "hash_ids": [1, 2]}
_CSV = "arrival_s,prompt,output,priority,follows,think_s,own,prefix\n0,100,5,0,-1,0,,\n0.5,100,5,0,-1,0,s-1,a:10 b:20\n,200,5,0,1,2.5,s-2,s-1:105\n"


def _simulate(path: Path) -> Any:
    return command("simulate", "--trace", str(path), "--json")()


def _traces_csv() -> Tries:
    rows = list(csv.reader(io.StringIO(_CSV)))
    for column, name in enumerate(rows[0]):
        for value in [
            *STRINGS,
            "-5",
            "1e308",
            "1e-308",
            "1e999",
            "1700000000000000000",
            "9" * 400,
            "a:b:c",
            "a:1e9",
            ":",
            "a:-1",
        ]:
            for row in (0, 2):
                made = [list(line) for line in rows]
                made[row][column] = value
                out = io.StringIO()
                csv.writer(out).writerows(made)
                yield f"{name} in line {row + 1} = {value!r:.60}", _written("trace.csv", out.getvalue(), _simulate)
    for text in (
        "arrival_s,prompt,output,prompt\n0,1,1,1\n",
        "arrival_s,prompt,output\n0,1,1,7\n",
        f"arrival_s,prompt,output\n0,1,{'1' * 200_000}\n",
        "arrival_s;prompt;output\n0;1;1\n",
        'arrival_s,prompt,output\n0,"1,1\n',
        "arrival_s,prompt,output\n",
        "arrival_s,prompt,output\r0,1,1\r",
    ):
        yield f"text {text[:60]!r}", _written("trace.csv", text, _simulate)
    yield from _texts("trace.csv", _CSV, _simulate)


def _traces_json() -> Tries:
    for row in (_ROW, _MOONCAKE):
        for what, document in spoiled(row):
            lines = f"{json.dumps({**row, **({'arrival_s': 0.0} if row is _ROW else {'timestamp': 0})})}\n{json.dumps(document)}\n"
            yield what, _written("trace.jsonl", lines, _simulate)
    yield from _texts("trace.jsonl", f"{json.dumps(_ROW)}\n{json.dumps(_ROW)}\n", _simulate)


# --- what ships, in a folder of somebody's own -------------------------------------------------------------------------


def _read_gpus(path: Path) -> Any:
    from lessonlib.roofline import gpu

    with mock.patch.dict(os.environ, LESSONLIB_DATA=str(path.parent)):
        return gpu._table.__wrapped__()


def _gpus() -> Tries:
    text = (data_dir() / "gpus.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(io.StringIO(text)))[:3]
    for column, name in enumerate(rows[0]):
        for value in [*STRINGS, "-5", "0", "1e308", "1e999", "9" * 400]:
            for row in (0, 1):
                made = [list(line) for line in rows]
                made[row][column] = value
                out = io.StringIO()
                csv.writer(out).writerows(made)
                yield f"{name} in line {row + 1} = {value!r:.60}", _written("data/gpus.csv", out.getvalue(), _read_gpus)
    yield from _texts("data/gpus.csv", text[:3000], _read_gpus)
    yield "no such file", lambda: _read_gpus(folder() / "nothing" / "gpus.csv")
    yield "an empty folder", lambda: _read_gpus(Path(tempfile.mkdtemp(dir=folder())) / "gpus.csv")


# --- lessons ---------------------------------------------------------------------------------------------------------


def _build(path: Path) -> Any:
    from lessonlib.build.notebooks import build, dumps

    return dumps(build(str(path)))


def _lesson() -> dict[str, Any]:
    """A short lesson with one of each part that a lesson has, so that every place of it can be tried."""
    from lessonlib.lesson.source import load_source

    whole = load_source("01-prefill-vs-decode")
    kinds: set[str] = set()
    steps = []
    for item in whole["steps"]:
        kind = next(iter(item))
        name = f"{kind} {item[kind].get('kind', '')}" if isinstance(item[kind], dict) else kind
        if name not in kinds:
            kinds.add(name)
            steps.append(item)
    return {**whole, "steps": steps}


def _lessons() -> Tries:
    import yaml

    document = _lesson()
    text = yaml.safe_dump(document, allow_unicode=True)
    for what, made in spoiled(document):
        # JSON is YAML, apart from what only JSON can write.
        yield what, _written("09-lesson.yaml", json.dumps(made, ensure_ascii=True), _build)
    yield from _texts("09-lesson.yaml", text, _build)


def _ideas() -> Tries:
    from lessonlib.lesson.concepts import load_listing

    text = "concepts:\n  a: {lesson: 0, name: Name a, title: Title a, needs: []}\n  b: {lesson: 1, name: Name b, title: Title b, needs: [a]}\nmisconceptions:\n  m: It is so.\n"
    import yaml

    for what, made in spoiled(yaml.safe_load(text)):
        yield what, _written("concepts.yaml", json.dumps(made), load_listing)
    yield from _texts("concepts.yaml", text, load_listing)


# --- what lies in a learner's folder -----------------------------------------------------------------------------------


def _notebooks() -> Tries:
    """A notebook in the learner's folder that is none: it is looked at, and left alone."""
    from lessonlib.build.working_folder import edition, is_ours, look

    new = edition("review")

    def use(path: Path) -> Any:
        return is_ours(path), look(path.parent, {"review": new})

    small = {**new, "cells": new["cells"][:1]}
    for what, document in spoiled(small):
        yield what, _written("folder/review.ipynb", json.dumps(document), use)
    yield from _texts("folder/review.ipynb", json.dumps(small), use)


def _linted() -> Tries:
    from lessonlib.build.lint.files import read_notebook, read_words
    from lessonlib.build.places import of_file

    text = "title: x\nnumber: 9\nsteps:\n- text: {text: y}\n"

    def words(path: Path) -> Any:
        return [str(finding) for finding in read_words(of_file(path)).findings]

    def notebook(path: Path) -> Any:
        return [str(finding) for finding in read_notebook(of_file(path.with_suffix(".yaml")))[2]]

    yield from _texts("lint/09-x.yaml", text, words)
    yield from _texts("lint/09-x.ipynb", '{"cells": [{"id": "a", "source": ["b"]}]}', notebook)


def _settings() -> Tries:
    from lessonlib.record.settings import choose_lab, chosen_lab, holds_our_setting

    def use(path: Path) -> Any:
        with mock.patch.dict(os.environ, LESSON_JOURNAL=str(path.with_name("journal.jsonl"))):
            return chosen_lab(), holds_our_setting(path), choose_lab("qwen3-32b-h200")

    for what, document in spoiled({"lab": "qwen3-32b-h200"}):
        yield what, _written("kept/settings.json", json.dumps(document), use)
    yield from _texts("kept/settings.json", '{"lab": "qwen3-32b-h200"}', use)


# --- what is no file ---------------------------------------------------------------------------------------------------


@contextmanager
def _odd_places() -> Iterator[dict[str, str]]:
    """Name -> path of what may stand where a file is expected, each with every ending that we read."""
    with tempfile.TemporaryDirectory() as made:
        root, found = Path(made), {}
        for ending in (".toml", ".json", ".csv", ".jsonl", ".yaml", ".ipynb", ".svg"):
            for name in (
                "pipe",
                "folder",
                "loop",
                "link to a pipe",
                "link to a device",
                "link to nothing",
                "in a file",
            ):
                found[f"{name}{ending}"] = str(root / f"{name}{ending}")
            os.mkfifo(root / f"pipe{ending}")
            (root / f"folder{ending}").mkdir()
            (root / f"loop{ending}").symlink_to(root / f"loop{ending}")
            (root / f"link to a pipe{ending}").symlink_to(root / f"pipe{ending}")
            (root / f"link to a device{ending}").symlink_to("/dev/zero")
            (root / f"link to nothing{ending}").symlink_to(root / "nothing")
            (root / f"plain{ending}").touch()
            found[f"in a file{ending}"] = str(root / f"plain{ending}" / f"x{ending}")
            found[f"too long{ending}"] = str(root / f"{'x' * 5000}{ending}")
            found[f"deep{ending}"] = "a/" * 2100 + f"x{ending}"
            found[f"NUL{ending}"] = f"a\0b{ending}"
            found[f"half{ending}"] = f"a\udcffb{ending}"
            found[f"newline{ending}"] = f"a\nb\x1b[2J{ending}"
            found[f"home{ending}"] = f"~nobody/x{ending}"
            found[f"memory of a process{ending}"] = "/proc/self/mem"
        yield found


_READING = {
    ".toml": (
        ("estimate", "--lab"),
        ("simulate", "--rate", "1", "--requests", "2", "--lab"),
        ("check", "--lab"),
        ("probe", "http://127.0.0.1:1", "--lab"),
    ),
    ".json": (("estimate", "--model"), ("simulate", "--rate", "1", "--requests", "2", "--model")),
    ".csv": (("simulate", "--trace"),),
    ".jsonl": (("simulate", "--trace"),),
    ".yaml": (("lint",), ("build",), ("try",)),
    ".ipynb": (("check",),),
}
_WRITING = {
    ".svg": (
        ("estimate", "--plot"),
        ("simulate", "--rate", "1", "--requests", "2", "--prompt", "9", "--output", "2", "--plot"),
    ),
    ".csv": (("simulate", "--rate", "1", "--requests", "2", "--prompt", "9", "--output", "2", "--save"),),
}


def _no_files() -> Tries:
    for table in (_READING, _WRITING):
        for ending, commands in table.items():
            with _odd_places() as places:
                names = [name for name in places if name.endswith(ending)]
            for name in names:
                for argv in commands:
                    yield f"{' '.join(argv)} {name}", _at_odd_place(argv, name)


def _at_odd_place(argv: tuple[str, ...], name: str) -> Callable[[], Any]:
    def use() -> Any:
        with _odd_places() as places:
            return command(*argv, places[name])()

    return use


KINDS = [
    Kind("file", "a lab (TOML)", _labs),
    *(Kind("file", f"a config.json, {name}", _models(name)) for name in ("llama-3.1-8b", "qwen3.5-27b", "deepseek-v3", "gpt-oss-20b", "gemma-3-1b", "bloom-176b")),
    Kind("file", "a trace (CSV)", _traces_csv),
    Kind("file", "a trace (JSON lines)", _traces_json),
    Kind("file", "gpus.csv of one's own", _gpus),
    Kind("file", "a lesson (YAML)", _lessons),
    Kind("file", "the list of ideas (YAML)", _ideas),
    Kind("file", "a notebook in the learner's folder", _notebooks),
    Kind("file", "words and notebooks for the linter", _linted),
    Kind("file", "settings.json", _settings),
    Kind("file", "what is no file", _no_files),
]  # fmt: skip
