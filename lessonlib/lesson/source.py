"""Reading a lesson's YAML, with errors that name the file, the key and what was expected."""

from __future__ import annotations

import functools
import re
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import yaml

from lessonlib.base.errors import LessonlibError
from lessonlib.base.paths import data_dir

if TYPE_CHECKING:
    from lessonlib.lesson.block import Block, Blocks


class LessonFileError(LessonlibError):
    """A lesson file is wrong: file, key, what was expected."""


class StrictLoader(yaml.SafeLoader):
    """YAML in which a key given twice is an error, not the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping; each key once."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                break  # the base class refuses it
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key “{key}” is given twice", key_node.start_mark
                )
            seen.add(key)
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found


def lesson_names() -> list[str]:
    """The lessons there are, in order: ``00-start-here``, ``01-prefill-vs-decode``, ..."""
    return sorted(path.stem for path in (data_dir() / "lessons").glob("[0-9][0-9]-*.yaml"))


def lesson_title(name: str) -> str:
    """The title of a lesson, by name, without reading the rest of its file."""
    text = (data_dir() / "lessons" / f"{name}.yaml").read_text(encoding="utf-8")
    line = re.search(r"^title:.*$", text, re.MULTILINE)
    try:
        return str(yaml.safe_load(line[0])["title"]) if line else name
    except yaml.YAMLError as error:
        raise LessonFileError(f"{name}.yaml: title: not valid YAML: {' '.join(str(error).split())}") from None


def load_source(name: str, blocks: Blocks | None = None) -> dict[str, Any]:
    """The validated YAML of a lesson, by name or by path. With ``blocks``, its blocks must be of these kinds."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else data_dir() / "lessons" / f"{name}.yaml"
    if not path.exists():
        raise LessonFileError(f"there is no lesson “{name}”; the lessons are: {', '.join(lesson_names())}")
    try:
        return parse_source(path.read_text(encoding="utf-8"), path.name, blocks)
    except OSError as error:
        raise LessonFileError(f"{path.name}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise LessonFileError(f"{path.name}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None


@functools.lru_cache(maxsize=64)
def _parsed(text: str, file: str) -> Any:
    try:
        return yaml.load(text, Loader=StrictLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise LessonFileError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None


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


def _validate(raw: Any, file: str, blocks: Blocks | None) -> None:
    from lessonlib.lesson.schema import lesson_schema  # the kinds of question: they import what imports this

    validator = jsonschema.Draft202012Validator(lesson_schema(blocks))
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
    seen: set[str] = set()
    for index, item in enumerate(raw["steps"]):
        kind, body = next(iter(item.items()))
        if not isinstance(body, Mapping):
            continue
        if body["id"] in seen:
            yield f"the id “{body['id']}” is used twice; each id names one item"
        seen.add(body["id"])
        where = f"steps[{index}].{kind} ({body['id']})"
        gaps = body["text"].count("___") if kind == "blanks" else 0
        if gaps and gaps != len(body["answers"]):
            yield f"{where}.answers: {len(body['answers'])} given for {gaps} gaps (___)"
        for number, feature in enumerate(body.get("features", ())):
            if feature["from"] == feature["to"]:
                yield f"{where}.features[{number}]: it runs from “{feature['from']}” to the same place"
