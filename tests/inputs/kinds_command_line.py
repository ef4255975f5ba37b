"""The command line: every option with every odd value, pairs of options, environment variables."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from unittest import mock

from lessonlib.cli.limits import Limit, Limits
from tests.inputs.hostile import STRINGS
from tests.inputs.options import ODD, QUICK, line, numbers, options, tried
from tests.inputs.tried import Kind, command

Tries = Iterator[tuple[str, Callable[[], Any]]]
#: What no shell can hand over.
_TEXTS = [text for text in [*STRINGS, *ODD] if not {"\x00", "\ud800"} & set(text) and len(text) < 100_000]
#: A command that runs in a moment where each text option is tried; {} is its value.
_BESIDE = {
    "lab": [],
    "check": ["none.ipynb"],
    "estimate": [],
    "simulate": QUICK["simulate"],
    "plan": QUICK["plan"],
    "probe": ["ftp://127.0.0.1"],
    "report": [],
    "new": ["9", "tea"],
    "try": [],
    "lint": [],
    "build": [],
}


def _alone(argv: list[str]) -> Callable[[], Any]:
    """The command, without the programs that it would start."""
    run = command(*argv)

    def use() -> Any:
        with (
            mock.patch("lessonlib.cli.lab.become", return_value=0),
            mock.patch("lessonlib.cli.build.build", return_value=0),
        ):
            return run()

    return use


def _numbers(name: str) -> Callable[[], Tries]:
    def tries() -> Tries:
        for of, option, text in tried():
            if of == name:
                yield f"{option} {text[:40]!r}", _alone(line(of, option, text))

    return tries


def _texts(name: str) -> Callable[[], Tries]:
    """Each option and argument of a command that is no number, and no address of a server."""

    def tries() -> Tries:
        for of, action in options():
            if of != name or isinstance(action.type, (Limit, Limits)) or action.dest == "url":
                continue
            for text in _TEXTS:
                if text == "--" and not action.option_strings:
                    continue  # no value: everything is executed, which is right and takes minutes
                yield f"{_called(action)} {text[:40]!r}", _alone(_with(of, action, text))

    return tries


def _called(action: argparse.Action) -> str:
    return (action.option_strings or [str(action.metavar)])[0]


def _with(name: str, action: argparse.Action, text: str) -> list[str]:
    """A command with that value for that option or argument."""
    if name == "new":
        own = ["--folder", text] if action.option_strings else ["--folder", "of-mine"]
        return ["new", *own, "--", "9", "tea" if action.option_strings else text]
    if not action.option_strings:
        return [name, "--", text]
    beside = list(_BESIDE.get(name, []))
    if action.dest in ("preset", "trace"):
        beside = []
    return [name, *beside, _called(action), text]


def _odd_lines() -> Tries:
    """Lines that are wrong as a whole."""
    for words in (
        [], [""], ["--"], ["-"], ["--help", "--help"], ["estimate", "estimate"], ["estimate", "--"], ["estimate", "--json", "--json"], ["estimate", "--json=1"],
        ["estimate", "--batch"], ["estimate", "--batch", "1", "--batch", "x"], ["estimate", "--bat", "1"], ["estimate", "-b", "1"], ["estimate", "x"], ["estimate", "--batch=1=2"],
        ["simulate"], ["simulate", "--rate", "1", "--trace", "x.csv"], ["simulate", "--rate", "1", "--concurrency", "1"], ["simulate", "--preset", "rag", "--spread", "1"],
        ["simulate", "--rate", "0.000001", "--requests", "1000000000"], ["simulate", "--rate", "0.000001", "--requests", "2", "--burst", "100"],
        ["simulate", "--rate", "1000000", "--requests", "2", "--burst", "0.01"], ["simulate", "--rate", "1", "--requests", "2", "--limit", "0.000001", "--json"],
        ["simulate", "--rate", "1", "--requests", "2", "--limit", "0.000001", "--json", "--slo", "0,0", "--price", "0"], ["simulate", "--rate", "1", "--requests", "1", "--json", "--output", "1"],
        ["simulate", "--rate", "1", "--requests", "1", "--json", "--output", "1", "--price", "1000000"], ["simulate", "--rate", "1", "--requests", "1", "--json", "--summary", "--limit", "0.000001"],
        ["simulate", "--rate", "0.000001", "--requests", "2", "--json", "--price", "1000000"], ["simulate", "--concurrency", "1", "--requests", "1", "--json", "--limit", "0.000001", "--price", "1"],
        ["simulate", "--rate", "1", "--requests", "2", "--memory-share", "0.01"], ["simulate", "--rate", "1", "--requests", "2", "--tp", "1024"], ["simulate", "--rate", "1", "--requests", "2", "--pp", "1024"],
        ["simulate", "--rate", "1", "--requests", "2", "--replicas", "4096", "--json"], ["simulate", "--rate", "1", "--requests", "2", "--disaggregate", "4096,4096", "--json"],
        ["simulate", "--rate", "1", "--requests", "2", "--speculate", "64,1", "--json"], ["simulate", "--rate", "1", "--requests", "2", "--speculate", "1,0", "--json"],
        ["simulate", "--rate", "1", "--requests", "2", "--prompt", "10000000"], ["simulate", "--rate", "1", "--requests", "2", "--spread", "10", "--json"],
        ["estimate", "--batch", "100000000", "--prompt", "100000000", "--context", "100000000", "--json"], ["estimate", "--batch", "100000000", "--prompt", "100000000", "--context", "100000000", "--table"],
        ["estimate", "--tp", "8", "--pp", "32", "--dp", "100000", "--json"], ["estimate", "--context", "0", "--json"], ["estimate", "--model", "deepseek-v3", "--tp", "8", "--dp", "32", "--ep", "256", "--json"],
        ["estimate", "--sweep", "batch=1:1000000", "--sweep", "context=0:1"], ["estimate", "--sweep", "batch=100000000", "--sweep", "context=100000000"], ["estimate", "--sweep", "context=0"],
        ["models", "x"], ["gpus", "--jsn"], ["labs", "--json", "x"], ["report", "--yes", "x"], ["erase", "x"], ["lint", "--rules", "--strikt"], ["check", "--auto"],
    ):  # fmt: skip
        yield " ".join(words)[:60], _alone(words)


def _environment() -> Tries:
    """What somebody may have left in the environment."""
    commands = (
        ["estimate"],
        ["gpus", "--json"],
        ["models"],
        ["labs"],
        ["report", "--yes"],
        ["erase", "--yes"],
        ["lint", "77"],
        ["check", "none.ipynb"],
        ["simulate", *QUICK["simulate"]],
    )
    for name in ("LESSONLIB_DATA", "LESSON_LAB", "LESSON_JOURNAL"):
        for value in (
            "",
            " ",
            "x" * 5000,
            "/dev/null",
            "/dev/zero",
            "/proc/self/mem",
            "/none",
            "a\nb",
            "\udcff",
            "{{ x }}",
            "~",
            ".",
            "..",
        ):
            for argv in commands:
                if name == "LESSON_JOURNAL" and argv[0] in ("report", "erase"):
                    continue  # tests/record tries these
                yield f"{name}={value[:30]!r} {' '.join(argv)[:30]}", _in(name, value, argv)


def _in(name: str, value: str, argv: list[str]) -> Callable[[], Any]:
    def use() -> Any:
        from lessonlib.roofline import config, efficiency, gpu

        caches = [
            found
            for module in (config, efficiency, gpu)
            for found in vars(module).values()
            if hasattr(found, "cache_clear")
        ]
        with mock.patch.dict(os.environ, {name: value}):
            for found in caches:
                found.cache_clear()
            try:
                return _alone(argv)()
            finally:
                for found in caches:
                    found.cache_clear()

    return use


@cache
def _commands(of_numbers: bool) -> list[str]:
    names = [command for command, *_ in numbers()] if of_numbers else [command for command, _ in options()]
    return list(dict.fromkeys(names))


KINDS = [
    *(Kind("command line", f"numbers of {name}", _numbers(name)) for name in _commands(True)),
    *(Kind("command line", f"texts of {name}", _texts(name)) for name in _commands(False)),
    Kind("command line", "lines that are wrong as a whole", _odd_lines),
    Kind("command line", "environment variables", _environment),
]
