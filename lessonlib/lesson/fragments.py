"""The words in which the kinds of block and question say what an author may write: small pieces of JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]


def defined(name: str) -> Schema:
    """A shape that lesson.schema.json defines."""
    return {"$ref": f"#/$defs/{name}"}


TEXT, LINE, ID, NAME = (defined(name) for name in ("text", "line", "id", "name"))

#: a working of the lesson, or ``here.NAME``: that of the learner's own lab in a transfer question
WORKING: Schema = {"type": "string", "pattern": "^(here[.])?[a-z][a-z0-9_]*$"}


def several(item: Schema, **limits: Any) -> Schema:
    """A list; ``limits`` as in JSON Schema (``minItems=2``)."""
    return {"type": "array", **limits, "items": item}


def one_of(*words: str) -> Schema:
    """One of these words."""
    return {"enum": list(words)}


def keyed(keys: Mapping[str, Schema], required: Sequence[str]) -> dict[str, Any]:
    """A mapping with these keys and no others."""
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": dict(keys)}
