"""Where each fact of data/versions.toml is named: `python -m tests.content.version_uses` prints it.

A fact is a flag, a metric or a line of the log. It is named by a lesson or a manifest ({{ vllm("...") }}, or the beginning of a line of
the log), by a lab's flags, or by a text in the code.
"""

from __future__ import annotations

import ast
import functools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import lessonlib
from lessonlib.base.paths import data_dir
from lessonlib.base.versions import PREFIX, Flag, Line, Metric, vllm
from lessonlib.build.lint.versions import CALL

PACKAGE = Path(lessonlib.__file__).parent
METRIC = re.compile(rf"(?<![\w:]){PREFIX}([a-z][a-z0-9_]*)")
FLAG = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*[a-z0-9])")
#: Commands whose flags are their own, on the line on which they stand.
OTHER_COMMANDS = re.compile(r"\b(?:kubectl|curl|helm|docker|nvidia-smi|lessonlib|pip|uv)\b")

Fact = Flag | Metric | Line


def facts() -> dict[str, Fact]:
    """Every fact by the key under which it stands, such as ``flags.max-num-seqs``."""
    known = vllm()
    return {
        **{f"flags.{name}": flag for name, flag in known.flags.items()},
        **{f"metrics.{name}": metric for name, metric in known.metrics.items()},
        **{f"log.lines.{name}": line for name, line in known.lines.items()},
    }


@functools.cache
def texts_of_code() -> list[tuple[str, str, bool]]:
    """(file:line, text, whether it goes on with something computed) of each text in the package."""
    return list(_texts_of_code())


def _texts_of_code() -> Iterator[tuple[str, str, bool]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        if file.name == "versions.py":
            continue
        name, tree = file.relative_to(PACKAGE.parent).as_posix(), ast.parse(file.read_text(encoding="utf-8"))
        parts = {
            id(part): isinstance(after, ast.FormattedValue)
            for node in ast.walk(tree)
            if isinstance(node, ast.JoinedStr)
            for part, after in zip(node.values, [*node.values[1:], None], strict=True)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{name}:{node.lineno}", node.value, parts.get(id(node), False)


def lesson_files() -> list[Path]:
    """The words of every lesson."""
    return sorted((data_dir() / "lessons").glob("*.yaml"))


def manifest_files() -> list[Path]:
    """The manifests that lessons show."""
    return sorted((data_dir() / "manifests").glob("*.yaml"))


def labs() -> dict[str, list[str]]:
    """File of a lab -> the flags that its server is started with."""
    return {
        f"data/labs/{file.name}": tomllib.loads(file.read_text(encoding="utf-8")).get("flags", [])
        for file in sorted((data_dir() / "labs").glob("*.toml"))
    }


def _keys_of(name: str, goes_on: bool) -> list[str]:
    """The keys of the facts that a written name means; none for a name that is not known."""
    known = vllm()
    if goes_on:
        return [f"metrics.{each}" for each in known.metrics if each.startswith(name)]
    try:
        return [f"metrics.{known.metric(name).name}"]
    except ValueError:
        return []


def _flag_key(name: str) -> list[str]:
    return [f"flags.{each}" for each in (name, name.removeprefix("no-")) if each in vllm().flags][:1]


@functools.cache
def uses() -> dict[str, list[str]]:
    """Key of a fact -> the places where it is named."""
    found: dict[str, list[str]] = {key: [] for key in facts()}
    for key, place in [*_in_lessons(), *_in_labs(), *_in_code()]:
        if place not in found[key]:
            found[key].append(place)
    return found


def _in_lessons() -> Iterator[tuple[str, str]]:
    for file in [*lesson_files(), *manifest_files()]:
        text, place = file.read_text(encoding="utf-8"), f"data/{file.parent.name}/{file.name}"
        for name in CALL.findall(text):
            bare = name.removeprefix(PREFIX).removeprefix("--")
            yield from ((key, place) for key in _flag_key(bare) or _keys_of(bare, goes_on=False))
        yield from ((f"log.lines.{key}", place) for key, line in vllm().lines.items() if line.begins in text)


def _in_labs() -> Iterator[tuple[str, str]]:
    for place, flags in labs().items():
        for flag in flags:
            yield from ((key, place) for key in _flag_key(flag.removeprefix("--").partition("=")[0]))


def _in_code() -> Iterator[tuple[str, str]]:
    for place, text, goes_on in texts_of_code():
        for match in METRIC.finditer(text):
            yield from ((key, place) for key in _keys_of(match[1], goes_on and match.end() == len(text)))
        for name in FLAG.findall(text):
            yield from ((key, place) for key in _flag_key(name))
        if text in vllm().lines and "/log_lines.py:" in place:
            yield f"log.lines.{text}", place


def unknown_in_code() -> list[str]:
    """Each name of a metric in the code that is none."""
    return [
        f"{place}: {PREFIX}{match[1]}"
        for place, text, goes_on in texts_of_code()
        for match in METRIC.finditer(text)
        if not _keys_of(match[1], goes_on and match.end() == len(text)) and not _earlier(match[1])
    ]


def _earlier(name: str) -> bool:
    return any(name in metric.earlier for metric in vllm().metrics.values())


if __name__ == "__main__":
    for key, places in uses().items():
        print(f"{key}\n    " + ("\n    ".join(places) or f"nowhere yet; for lessons {facts()[key].lessons}"))
