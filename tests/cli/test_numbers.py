"""Every number of the command line has stated limits, and what lies around them ends in one line or in a result."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from lessonlib.cli.limits import LIMITS, Limit, Limits
from lessonlib.cli.main import build_parser, main
from tests.inputs.tried import within

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


def test_the_table_and_the_parser_have_the_same_numbers() -> None:
    in_tree = {(command, option): limit for command, option, limit in numbers()}
    assert in_tree == {(command, option): limit for command, table in LIMITS.items() for option, limit in table.items()}


def test_every_value_is_a_number_with_limits_or_a_text() -> None:
    """No option has a type of Python's own: these know no limits, and take 1_000, nan and digits of any script."""
    for command, action in options():
        assert action.type is None or isinstance(action.type, (Limit, Limits)), (command, action.option_strings)


@pytest.mark.parametrize(
    ("command", "option", "limit"), numbers(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_help_says_the_limits(command: str, option: str, limit: Limit, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert str(limit) in " ".join(capsys.readouterr().out.split())


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


@pytest.mark.parametrize("limit", [limit for table in LIMITS.values() for limit in table.values()], ids=str)
def test_the_limits_are_where_they_are_said_to_be(limit: Limit | Limits) -> None:
    for one in limit.parts if isinstance(limit, Limits) else (limit,):
        assert [inside(one, text) for text in around(one)] == [False, True, True, False]
        assert not [text for text in ODD if text not in MAY_BE and inside(one, text)]


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
            first, second = limit.parts
            texts += [f"{a},{b}" for a in [*ODD, *around(first)] for b in around(second)[:1]] + [
                "1,1,1",
                ",",
                "1",
                "1,",
                ",1",
            ]
        yield from ((command, option, text) for text in texts if "\x00" not in text)


@pytest.mark.parametrize(("command", "option"), [(command, option) for command, option, _ in numbers()])
def test_what_lies_around_the_limits_is_a_result_or_one_line(
    command: str, option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.chdir(tmp_path)
    for of, name, text in tried():
        if (of, name) == (command, option):
            with within(20):
                status = main(line(command, option, text))
            told = capsys.readouterr()
            assert (status == 0 and told.out) or (status == 2 and told.err.count("\n") == 1), (text, status, told)
            assert "Traceback" not in told.err


@pytest.mark.parametrize("text", ["", " ", "\t", "\n"])
def test_a_blank_value_is_refused_wherever_one_may_be_typed(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command, action in options():
        names = action.option_strings[-1:] or []
        status = main([command, *names, text] if names else [command, text, text])
        told = capsys.readouterr()
        assert status == 2 and told.out == "" and told.err.count("\n") == 1, (command, names, told)


def test_a_sweep_has_the_limits_of_its_axes(capsys: pytest.CaptureFixture[str]) -> None:
    for axis in ("batch", "context"):
        for text in [
            *ODD[2:],
            "1:",
            ":1",
            "1:2:0",
            "1:2:-1",
            "1:2:3:4",
            "2:1",
            "1:100000000",
            "1:100000000:1",
            "0x1:2",
            "1,,2",
            f"{'1,' * 50}x",
        ]:
            if "\x00" in text or (axis, text) == ("context", "1,5") or text == "1,5":
                continue
            with within(20):
                assert main(["estimate", "--sweep", f"{axis}={text}"]) == 2, text
            told = capsys.readouterr()
            assert told.out == "" and told.err.count("\n") == 1
