"""Reading a lesson's YAML, with errors that name the file, the key and what was expected."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import NoFileError, read_text
from lessonlib.base.paths import data_dir
from lessonlib.lesson.yaml_file import MOST_BYTES, need_jsonschema, parse_yaml, twin, twin_path, twin_text

if TYPE_CHECKING:
    import jsonschema

    from lessonlib.lesson.block import Block, Blocks


class LessonFileError(LessonlibError):
    """A lesson file is wrong: file, key, what was expected."""


#: How a file of the course is named: a lesson by its number and slug, a checkpoint by its own number, a form of the inventory by its letter.
_NAME = re.compile(r"[0-9]{2}-.+|checkpoint-[1-9]|inventory-[ab]")


def lesson_names() -> list[str]:
    """The lessons there are, in order, ``00-start-here``, ``01-prefill-vs-decode``, ..., and after them the checkpoints and the forms of the inventory."""
    return sorted(path.stem for path in (data_dir() / "lessons").glob("*.yaml") if _NAME.fullmatch(path.stem))


def is_checkpoint(name: str) -> bool:
    """Whether a name of the course is that of a checkpoint, which has no number of a lesson."""
    return name.startswith("checkpoint-")


def is_form(name: str) -> bool:
    """Whether a name of the course is that of a form of the inventory, which stands outside of the order of the lessons."""
    return name.startswith("inventory-")


def place_in_course(raw: Mapping[str, Any]) -> int:
    """The number of a lesson, or of the lesson that a checkpoint, or the second form of the inventory, comes after."""
    return int(raw["number"] if "number" in raw else raw["after"])


def lesson_title(name: str) -> str:
    """The title of a lesson, by name, without reading the rest of its file."""
    path = data_dir() / "lessons" / f"{name}.yaml"
    text = _text(path)
    kept = twin(path, text)
    if kept is not None:
        return str(kept["title"])
    line = re.search(r"^title:.*$", text, re.MULTILINE)
    if not line:
        return name
    return str(parse_yaml(line[0], f"{name}.yaml: title", LessonFileError)["title"])


def load_source(name: str, blocks: Blocks | None = None) -> dict[str, Any]:
    """The validated content of a lesson, by name or by path: from its JSON twin while that fits, else from its YAML.

    With ``blocks``, the blocks of a YAML must be of these kinds (a twin was written of one that held that).
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else data_dir() / "lessons" / f"{name}.yaml"
    try:
        text = _text(path)
    except NoFileError:
        raise LessonFileError(f"there is no lesson “{name}”; the lessons are: {', '.join(lesson_names())}") from None
    return _twin(path, text) or parse_source(text, path.name, blocks)


def twin_of_lesson(name: str, blocks: Blocks | None = None) -> tuple[Path, str]:
    """The JSON twin that belongs to the YAML of a lesson of the course: its place and its text."""
    path = data_dir() / "lessons" / f"{name}.yaml"
    text = _text(path)
    return twin_path(path), twin_text(text, parse_source(text, path.name, blocks))


def _text(path: Path) -> str:
    try:
        return read_text(path, path.name, MOST_BYTES)
    except NoFileError:
        raise
    except LessonlibError as error:
        raise LessonFileError(str(error)) from None


@functools.lru_cache(maxsize=64)
def _twin(path: Path, text: str) -> dict[str, Any] | None:
    return twin(path, text)


@functools.lru_cache(maxsize=64)
def _parsed(text: str, file: str) -> Any:
    return parse_yaml(text, file, LessonFileError)


@functools.lru_cache(maxsize=64)
def _checked(text: str, file: str, kinds: tuple[tuple[str, type[Block]], ...] | None) -> dict[str, Any]:
    raw: dict[str, Any] = _parsed(text, file)
    _validate(raw, file, None if kinds is None else dict(kinds))
    for line in _contradictions(raw):
        raise LessonFileError(f"{file}: {line}")
    return raw


def parse_source(text: str, file: str, blocks: Blocks | None = None) -> dict[str, Any]:
    """Validate the text of a lesson file. ``file`` names it in errors; see :func:`load_source` for ``blocks``."""
    return _checked(text, file, None if blocks is None else tuple(blocks.items()))


def problems(raw: Any, file: str, blocks: Blocks | None = None) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """All that the schema has against a lesson's data, each as (its place, "key: what was expected")."""
    found = list(_validator(file, blocks).iter_errors(raw))
    yield from ((tuple(error.absolute_path), f"{_key(error, raw)}: {_short(error)}") for error in found)
    for line in () if found else _contradictions(raw):
        index = re.match(r"steps\[(\d+)\]", line)
        yield (("steps", int(index[1])) if index else ("steps",)), line


def _validator(file: str, blocks: Blocks | None) -> Any:
    from lessonlib.lesson.schema import lesson_schema  # the kinds of question: they import what imports this

    return need_jsonschema(file, LessonFileError).Draft202012Validator(lesson_schema(blocks))


def _validate(raw: Any, file: str, blocks: Blocks | None) -> None:
    jsonschema = need_jsonschema(file, LessonFileError)
    validator = _validator(file, blocks)
    errors = sorted(
        validator.iter_errors(raw), key=lambda error: (len(error.absolute_path), str(error.absolute_path)), reverse=True
    )
    if errors:
        error = jsonschema.exceptions.best_match(errors)
        raise LessonFileError(f"{file}: {_key(error, raw)}: {_short(error)}")


def _key(error: jsonschema.ValidationError, raw: Any) -> str:
    """The place of an error as an author finds it: steps[3].predict (what-limits-decode).options[1]."""
    words, here = "", raw
    for part in error.absolute_path:
        here = here[part]
        words += f"[{part}]" if isinstance(part, int) else f".{part}"
        if isinstance(here, Mapping) and isinstance(here.get("id"), str):
            words += f" ({here['id']})"
    return words.lstrip(".") or "the file"


def _short(error: Any) -> str:
    known = error.schema.get("properties", {})
    if error.validator == "additionalProperties" and known:
        unknown = ", ".join(f"“{key}”" for key in error.instance if key not in known)
        return f"{unknown} is not a key here; the keys are {', '.join(known)}"
    if error.validator == "maxProperties":
        return f"each item has one key, its kind; this one has {', '.join(map(str, error.instance))}"
    if error.validator in ("minItems", "maxItems"):
        return f"{len(error.instance)} given; it must be at {'least' if error.validator == 'minItems' else 'most'} {error.validator_value}"
    if error.validator in ("contains", "maxContains"):
        return "exactly one option must be marked `right: true`"
    if error.validator == "oneOf":
        return "an option needs either `right: true` with `because`, or `misconception` with `refutation` (thought, tempting, wrong, fact)"
    message = error.message if len(error.message) < 160 else f"{error.message[:60]} … {error.message[-90:]}"
    return " ".join(message.split())


def _contradictions(raw: Mapping[str, Any]) -> Iterator[str]:
    """What each key allows but all of them together do not."""
    if ("number" in raw) == ("after" in raw):
        yield "number: a lesson has its number; a checkpoint has none, and says `after:` which lesson it comes"
    seen: set[str] = set()
    for index, item in enumerate(raw["steps"]):
        kind, body = next(iter(item.items()))
        if not isinstance(body, Mapping):
            continue
        if body["id"] in seen:
            yield f"the id “{body['id']}” is used twice; each id names one item"
        seen.add(body["id"])
        where = f"steps[{index}].{kind} ({body['id']})"
        if body.get("kind") == "choice" and sum("right" in option for option in body["options"]) != (
            "truth" not in body
        ):
            yield f"{where}.options: exactly one option must be marked `right: true`, or none where `truth` names it"
        gaps = body["text"].count("___") if kind == "blanks" else 0
        if gaps and gaps != len(body["answers"]):
            yield f"{where}.answers: {len(body['answers'])} given for {gaps} gaps (___)"
        for number, feature in enumerate(body.get("features", ())):
            if feature["from"] == feature["to"]:
                yield f"{where}.features[{number}]: it runs from “{feature['from']}” to the same place"
        yield from (f"{where}.{line}" for name in "xy" for line in _ends(name, body))


def _ends(name: str, body: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the ends of an axis that a question gives: a page would look for the logarithm of 0."""
    axis = body.get(name)
    if not isinstance(axis, Mapping):
        return
    log = body.get("kind") == "place" or axis.get("log", True)
    ends = [(end, axis[end]) for end in ("min", "max") if end in axis]
    for end, value in ends:
        if log and not value > 0:
            plain = "" if body.get("kind") == "place" else ", or say `log: false`"
            yield f"{name}.{end}: {value:g} has no place on a logarithmic axis; give an end above zero{plain}"
    if len(ends) == 2 and not axis["min"] < axis["max"]:
        yield f"{name}: it runs from {axis['min']:g} to {axis['max']:g}; min must be below max"
