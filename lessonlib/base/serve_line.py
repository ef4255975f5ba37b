"""A line ``vllm serve MODEL --flag value …`` taken apart. It is read and never run.

Its flags are those of data/versions.toml. What a shell would act on (a semicolon, a pipe, a dollar sign) is refused, not interpreted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lessonlib.base.command_line import check_text, split_words
from lessonlib.base.errors import LessonlibError
from lessonlib.base.versions import Flag, vllm

#: Short and older spellings that the server takes as well.
_SHORT = {"-tp": "tensor-parallel-size", "-sc": "speculative-config"}
_NOT_OF_SERVE = "/benchmarks/"
_SHOWN = 40


@dataclass(frozen=True)
class ServeLine:
    """model: a path or a name. flags: name without ``--`` -> its value as typed, or True or False of a switch."""

    model: str
    flags: Mapping[str, str | bool]


def read_serve_line(line: object) -> ServeLine:
    """The parts of a line. Raises LessonlibError, in one line, for what is none."""
    words = _words(line)
    if words[:2] != ["vllm", "serve"]:
        raise LessonlibError("The line begins with “vllm serve”, then the model.")
    model, flags = "", {}
    rest = words[2:]
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-":
            if model:
                raise LessonlibError(
                    f"“{short(word)}” stands alone: a value stands behind its flag, and there is one model."
                )
            model = word
            continue
        name, value = _flag(word, rest)
        if name in flags:
            raise LessonlibError(f"--{name} is there twice: keep one of them.")
        flags[name] = value
    if not model:
        raise LessonlibError("The model is missing: it stands behind “vllm serve”.")
    return ServeLine(model, flags)


def _words(line: object) -> list[str]:
    return split_words(check_text(line, "Type the line first: vllm serve, the model, its flags."))


def _flag(word: str, rest: list[str]) -> tuple[str, str | bool]:
    """Name and value of a flag; the value is taken off the words that follow, if it is not behind an equals sign."""
    typed, equals, value = word.partition("=")
    name = _SHORT.get(typed, "") or typed.removeprefix("--").replace("_", "-").lower()
    if typed not in _SHORT and not typed.startswith("--"):
        raise LessonlibError(f"“{short(typed)}” is no flag here: write it with two hyphens, such as --max-num-seqs.")
    fact, on = _known(name, typed)
    if isinstance(fact.default, bool):
        if equals:
            raise LessonlibError(f"--{fact.name} takes no value: --{fact.name} is on, --no-{fact.name} is off.")
        return fact.name, on
    if not equals:
        if not rest or (rest[0].startswith("--") and len(rest[0]) > 2):
            raise LessonlibError(f"--{fact.name} needs a value behind it.")
        value = rest.pop(0)
    if not value.strip():
        raise LessonlibError(f"--{fact.name} needs a value behind it.")
    return fact.name, value


def _known(name: str, typed: str) -> tuple[Flag, bool]:
    """The fact of a flag, and whether it is switched on; LessonlibError with names that look like it."""
    flags = vllm().flags
    found = flags.get(name)
    if found is not None and _NOT_OF_SERVE not in found.source:
        return found, True
    off = flags.get(name.removeprefix("no-")) if name.startswith("no-") else None
    if off is not None and isinstance(off.default, bool):
        return off, False
    if found is not None:
        raise LessonlibError(f"--{name} is a flag of “vllm bench serve”, not of “vllm serve”: leave it out.")
    raise LessonlibError(
        f"vLLM {vllm().version} has no --{short(typed.lstrip('-'))} that this course knows{_near(name)}"
    )


def _near(name: str) -> str:
    from lessonlib.base.errors import close_matches

    serve = [each.name for each in vllm().flags.values() if _NOT_OF_SERVE not in each.source]
    found = close_matches(name[:80], serve, limit=1)
    return f"; did you mean --{found[0]}?" if found else "."


def short(text: str) -> str:
    """A text cut to what one line can hold, characters that cannot be seen left out."""
    seen = "".join(each for each in text if each.isprintable())
    return seen if len(seen) <= _SHOWN else seen[: _SHOWN - 1] + "…"
