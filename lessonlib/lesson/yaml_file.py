"""A YAML file of the course as data: read strictly, or from its JSON twin while that fits the text.

A twin holds the parsed and checked file, and the SHA-256 of the text it came from. It stands in a folder ``json/`` beside
the YAML. While it fits, neither PyYAML nor a schema is needed to read the file.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_json
from lessonlib.base.formats import MOST_NESTED, check_plain, dumps, whole_characters

if TYPE_CHECKING:
    import yaml

#: the largest file of words is a tenth of it
MOST_BYTES = 2_000_000
#: longer than any number or date
_MOST_PLAIN_DIGITS = 300


def parse_yaml(text: str, file: str, error_type: type[LessonlibError] = LessonlibError) -> Any:
    """The text as data; a key given twice is an error, not the last one winning. Raises ``error_type``, naming ``file``."""
    try:
        import yaml
    except ModuleNotFoundError:
        raise error_type(f"{file}: {_changed('PyYAML', 'pyyaml')}") from None
    try:
        return load_yaml(text)
    except yaml.YAMLError as error:
        raise error_type(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None


def need_jsonschema(file: str, error_type: type[LessonlibError]) -> Any:
    """The module jsonschema, imported only when a text has to be checked: it takes longer than all else together."""
    try:
        import jsonschema
    except ModuleNotFoundError:
        raise error_type(f"{file}: {_changed('jsonschema', 'jsonschema')}") from None
    return jsonschema


def _changed(package: str, name: str) -> str:
    return f"it is not as the course ships it, and {package}, which reads such a file, is not installed: pip install {name}"


def twin_path(path: Path) -> Path:
    """Where the JSON twin of a YAML file stands."""
    return path.parent / "json" / f"{path.stem}.json"


def twin_text(text: str, content: Any) -> str:
    """The twin of a YAML ``text`` whose checked ``content`` is given."""
    return dumps({"sha256": _digest(text), "content": content}, indent=1) + "\n"


def twin(path: Path, text: str) -> dict[str, Any] | None:
    """The content of the YAML file at ``path`` by its twin; None if there is none that fits ``text``."""
    try:
        kept = read_json(twin_path(path))
        fits = kept["sha256"] == _digest(text) and isinstance(kept["content"], dict)
    except (LessonlibError, TypeError, KeyError):
        return None
    return kept["content"] if fits else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def load_yaml(text: str, *, strict: bool = True) -> Any:
    """The text as plain data; with ``strict`` a key given twice is an error. Raises yaml.YAMLError for whatever is wrong."""
    import yaml

    _check_events(text)
    try:
        value = yaml.load(text, Loader=strict_loader(_loader()) if strict else _loader())  # noqa: S506 - SafeLoaders
        check_plain(value, "the values")
    except LessonlibError as error:
        raise yaml.YAMLError(str(error)) from None
    except (ValueError, OverflowError) as error:  # such as the date 9999-99-99
        raise yaml.YAMLError(f"{' '.join(str(error).split())}; put it in quotes") from None
    return value


def compose_yaml(text: str) -> Any:
    """The nodes of a YAML text, with their lines. Raises yaml.YAMLError."""
    import yaml

    _check_events(text)
    return yaml.compose(text, Loader=_loader())


def _check_events(text: str) -> None:
    """yaml.YAMLError for what a loader would not survive: it recurses on the stack of C, which nothing guards, unfolds an
    alias wherever it stands, and reads a number of any length.
    """
    import yaml

    depth = 0
    for event in _events(text):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        problem = None
        if depth > MOST_NESTED:
            problem = "nested too deeply"
        elif isinstance(event, yaml.AliasEvent):
            problem = "aliases (*name) are not read here; write it out, or put the text in quotes"
        elif isinstance(event, yaml.ScalarEvent):
            problem = _wrong_scalar(event)
        if problem:
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=cast("yaml.error.Mark", event.start_mark))


def _events(text: str) -> Iterator[yaml.Event]:
    import yaml

    try:
        yield from yaml.parse(text, Loader=_loader())
    except yaml.YAMLError:
        for _ in yaml.parse(text, Loader=yaml.SafeLoader):
            pass  # says the same in better words
        raise


def _wrong_scalar(event: Any) -> str | None:
    if whole_characters(event.value) != event.value:
        return "half a character (a lone surrogate)"
    number = event.implicit[0] and event.value[:1] in frozenset("+-.0123456789")
    return "a number that is too long; put it in quotes" if number and len(event.value) > _MOST_PLAIN_DIGITS else None


def _loader() -> Any:
    """The safe loader in C, where PyYAML was built with it."""
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@functools.cache
def strict_loader(base: Any) -> Any:
    """A loader in which a key given twice is an error."""
    import yaml

    class StrictLoader(base):  # type: ignore[misc]
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
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

    return StrictLoader
