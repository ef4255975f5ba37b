"""A YAML file of the course as data: read strictly, or from its JSON twin while that fits the text.

A twin holds the parsed and checked file, and the SHA-256 of the text it came from. It stands in a folder ``json/`` beside
the YAML. While it fits, neither PyYAML nor a schema is needed to read the file.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError

#: what may stand inside something else; the C parser recurses once for each on the stack of C, which nothing guards
_OPENING = re.compile(r"[\[{]|[-?]\s")
_MOST_OPENINGS, _MOST_CHARACTERS = 4000, 1_000_000


def parse_yaml(text: str, file: str, error_type: type[LessonlibError] = LessonlibError) -> Any:
    """The text as data; a key given twice is an error, not the last one winning. Raises ``error_type``, naming ``file``."""
    try:
        import yaml
    except ModuleNotFoundError:
        raise error_type(f"{file}: {_changed('PyYAML', 'pyyaml')}") from None
    try:
        return _parsed(text)
    except yaml.YAMLError as error:
        raise error_type(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise error_type(f"{file}: not valid YAML: nested too deeply") from None
    except (ValueError, OverflowError) as error:  # such as the date 9999-99-99
        raise error_type(f"{file}: not valid YAML: {' '.join(str(error).split())}; put it in quotes") from None


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
    return json.dumps({"sha256": _digest(text), "content": content}, ensure_ascii=False, indent=1) + "\n"


def twin(path: Path, text: str) -> dict[str, Any] | None:
    """The content of the YAML file at ``path`` by its twin; None if there is none that fits ``text``."""
    try:
        kept = json.loads(twin_path(path).read_text(encoding="utf-8"))
        fits = kept["sha256"] == _digest(text) and isinstance(kept["content"], dict)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return kept["content"] if fits else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _parsed(text: str) -> Any:
    import yaml

    if len(text) <= _MOST_CHARACTERS and len(_OPENING.findall(text)) <= _MOST_OPENINGS and hasattr(yaml, "CSafeLoader"):
        try:
            return yaml.load(text, Loader=strict_loader(yaml.CSafeLoader))  # noqa: S506 - a SafeLoader
        except yaml.YAMLError:
            pass  # the loader in Python says the same in better words
    return yaml.load(text, Loader=strict_loader(yaml.SafeLoader))  # noqa: S506 - a SafeLoader


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
