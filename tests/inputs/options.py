"""The options of the command line that take a value, and texts around the limits of their numbers."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from lessonlib.cli.limits import Limit, Limits
from lessonlib.cli.main import build_parser

#: what is no number for us, whatever Python takes it for
ODD = [
    "", " ", "x", "nan", "inf", "-inf", "1e308", "-1e308", "1e-308", "1e999", "9" * 400, "9" * 5000, "1_0", "٣", "1٣", "½", "0x10", "1,5",
    "1 0", "+", "-", "--", "1e", ".", "True", "None", "\t1", "1\n", "\ud800", "\x00", "1;2", "$(id)", "%s", "{0}",
]  # fmt: skip
#: which of them some option may take
MAY_BE = {"1e308", "1e-308", "-1e308"}

#: What a command needs beside the option that is tried, so that it runs, and quickly.
QUICK = {
    "estimate": [],
    "simulate": ["--rate", "1", "--requests", "2", "--prompt", "10", "--output", "2"],
    "plan": [
        *(
            "--slo",
            "5,1",
            "--rate",
            "1",
            "--requests",
            "2",
            "--prompt",
            "10",
            "--output",
            "2",
            "--weights",
            "bf16",
            "--tp",
            "1",
        ),
        *("--max-num-seqs", "32", "--max-num-batched-tokens", "2048", "--pools", "one", "--jobs", "1"),
    ],
    "check": ["none.ipynb"],
    "probe": ["http://127.0.0.1:1"],
}


def options() -> Iterator[tuple[str, argparse.Action]]:
    """(command, action) of every option and argument that takes a value."""
    [subparsers] = [action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction)]
    for command, parser in subparsers.choices.items():
        for action in parser._actions:
            if action.nargs != 0:
                yield command, action


def numbers() -> list[tuple[str, str, Limit | Limits]]:
    """(command, option, its limit) of every number in the tree."""
    found = []
    for command, action in options():
        if isinstance(action.type, (Limit, Limits)):
            found.append((command, (action.option_strings or [action.metavar])[0], action.type))
    return found


def around(limit: Limit) -> list[str]:
    """Below, at and above both limits."""
    if limit.whole:
        return [str(int(value)) for value in (limit.least - 1, limit.least, limit.most, int(limit.most) + 1)]
    return [repr(value) for value in (limit.least * 0.99 - 1e-12, limit.least, limit.most, limit.most * 1.01)]


def inside(limit: Limit, text: str) -> bool:
    try:
        limit(text)
    except argparse.ArgumentTypeError:
        return False
    return True


def line(command: str, option: str, text: str) -> list[str]:
    """The command with the option given that text, and without what may not stand beside it."""
    rest = list(QUICK.get(command, []))
    for other in {option, "--rate"} if option == "--concurrency" else {option}:
        if other in rest:
            at = rest.index(other)
            del rest[at : at + 2]
    return [command, *rest, *([option, text] if option.startswith("-") else ["--", text, "slug-of-it"])]


def tried() -> Iterator[tuple[str, str, str]]:
    """(command, option, text) of everything that is tried for real. What is within the limits of a large run is left to
    the type alone: a billion requests are allowed, and take a day.
    """
    long = {
        "--requests",
        "--prompt",
        "--output",
        "--concurrency",
        "--replicas",
        "--disaggregate",
        "--rate",
        "--window",
        "NUMBER",
    }
    for command, option, limit in numbers():
        texts = list(ODD)
        for one in [limit] if isinstance(limit, Limit) else []:
            texts += [text for text in around(one) if option not in long or not inside(one, text)]
        if isinstance(limit, Limits):
            first, *others = limit.parts
            rest = "".join(f",{around(one)[1]}" for one in others)
            texts += [f"{value}{rest}" for value in [*ODD, around(first)[0], around(first)[-1]]]
            texts += [f"{around(first)[1]},{value}{rest}" for value in ODD]
            texts += ["1" + ",1" * (len(limit.parts) + limit.more), ",", "1", "1,", ",1"]
        yield from ((command, option, text) for text in texts if "\x00" not in text)
