"""The command line: one parser, one place where errors end.

Each command is a module with two functions: `add_parser(subparsers)` declares its arguments (and may declare
several commands), `run(args) -> int` does the work and returns the exit status. Start-up imports the
standard library alone; a command imports what it needs when it runs.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Any, NoReturn

from lessonlib.base.errors import LessonlibError, one_line
from lessonlib.cli import (
    build,
    catalogue,
    check,
    class_reports,
    estimate,
    lab,
    lint,
    live,
    new,
    output,
    plan,
    probe,
    report,
    simulate,
    try_lesson,
    validate,
)
from lessonlib.cli.limits import filled

COMMANDS = (
    lab,
    check,
    estimate,
    catalogue,
    probe,
    report,
    simulate,
    plan,
    validate,
    new,
    lint,
    build,
    try_lesson,
    live,
    class_reports,
)

OK, WRONG_USE, INTERRUPTED, BROKEN_PIPE = 0, 2, 130, 141


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; the usage text is one --help away."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)
        self.register("type", None, filled)

    def print_help(self, file: Any = None) -> None:
        (file or sys.stdout).write(self.format_help())  # argparse's own passes over what cannot be written

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_USE, one_line(f"{self.prog}: {message} (see {self.prog} --help)") + "\n")


class _Root(_Parser):
    """The parser of the first words; `class report` and its like are two words and one command."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        if words[:1] == ["class"] and words[1:2] and words[1] in class_reports.WORDS:
            words[:2] = [" ".join(words[:2])]
        return super().parse_known_args(words, namespace)


def build_parser() -> argparse.ArgumentParser:
    """The parser with every command; each namespace carries `run`, the function of its command."""
    parser = _Root(prog="lessonlib", description="Predict-first lessons on LLM inference, for your own lab.")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for module in COMMANDS:
        known = set(subparsers.choices)
        module.add_parser(subparsers)
        for name in set(subparsers.choices) - known:
            subparsers.choices[name].set_defaults(run=module.run, command=name)
    return parser


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Arguments that are not ours go on to another program if the command says so (`extra`), else are wrong."""
    parser = build_parser()
    args, unknown = parser.parse_known_args(argv)
    if hasattr(args, "extra"):
        args.extra = unknown
    elif unknown:
        parser.exit(
            WRONG_USE,
            one_line(f"lessonlib {args.command}: unknown argument {unknown[0]} (see lessonlib {args.command} --help)")
            + "\n",
        )
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; wrong input is one line on stderr, and so is output that nobody can take."""
    program = "lessonlib"
    try:
        _hear_interrupts()
        output.prepare()
        try:
            try:
                args = _parse(argv)
            except SystemExit as end:  # after --help, and after what is wrong
                return int(end.code or OK)
            program = f"lessonlib {args.command}"
            status: int = args.run(args)
            return status
        finally:
            sys.stdout.flush()
    except LessonlibError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print("lessonlib: stopped", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        output.abandon_stdout()  # whoever read it has gone
        return BROKEN_PIPE
    except OSError as error:
        print(one_line(f"{program}: {output.failed(error)}"), file=sys.stderr)
        return WRONG_USE


def _hear_interrupts() -> None:
    """From here on Ctrl-C is an exception; while Python was still importing us it just ended the process (`__main__`)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)
