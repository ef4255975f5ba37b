"""Every number of the command line has stated limits, and what lies around them ends in one line or in a result."""

from __future__ import annotations

import pytest

from lessonlib.cli.limits import LIMITS, Limit, Limits
from lessonlib.cli.main import main
from tests.inputs.options import MAY_BE, ODD, around, inside, line, numbers, options, tried
from tests.inputs.tried import within


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


@pytest.mark.parametrize("limit", [limit for table in LIMITS.values() for limit in table.values()], ids=str)
def test_the_limits_are_where_they_are_said_to_be(limit: Limit | Limits) -> None:
    for one in limit.parts if isinstance(limit, Limits) else (limit,):
        assert [inside(one, text) for text in around(one)] == [False, True, True, False]
        assert not [text for text in ODD if text not in MAY_BE and inside(one, text)]


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
            answered = status == 0 or (command, status) == ("plan", 1)  # nothing holds
            assert (answered and told.out) or (status == 2 and told.err.count("\n") == 1), (text, status, told)
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
