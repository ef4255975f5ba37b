"""The schema of a lesson file, put together from the kinds of block and question there are.

``lesson.schema.json`` holds what is common to all; each kind brings its own keys.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from lessonlib.base.files import read_json
from lessonlib.lesson.block import Block, Blocks
from lessonlib.lesson.fragments import ID, TEXT, Schema, keyed, one_of
from lessonlib.lesson.kinds import ENTRIES
from lessonlib.lesson.question import Prediction, Question


def lesson_schema(blocks: Blocks | None = None) -> dict[str, Any]:
    """The JSON Schema of a lesson whose blocks are of these kinds.

    Without ``blocks`` an entry of any other name passes if it has an id and a title: who does not draw blocks need not
    know their kinds.
    """
    return _composed(None if blocks is None else tuple(blocks.values()))


@functools.cache
def _composed(blocks: tuple[type[Block], ...] | None) -> dict[str, Any]:
    schema: dict[str, Any] = read_json(Path(__file__).with_name("lesson.schema.json"))
    entries: dict[str, Schema] = {"text": TEXT}
    entries |= {block.kind: block.schema() for block in blocks or ()}
    entries |= {name: _question_schema(kinds) for name, kinds in ENTRIES.items()}
    item = schema["$defs"]["item"]
    item["properties"] = entries
    item["additionalProperties"] = False if blocks is not None else {"$ref": "#/$defs/other"}
    return schema


def _question_schema(kinds: tuple[type[Question], ...]) -> Schema:
    """What an entry may say: that of one kind its keys; that of several what they share, and by ``kind`` what each needs."""
    keys = {key: shape for kind in kinds for key, shape in kind.keys.items()}
    if len(kinds) == 1:
        (only,) = kinds
        shapes = {"id": ID, **({"stem": TEXT} if only.asks_by_stem else {}), **keys}
        return keyed(shapes, required=[key for key in shapes if key not in only.optional])
    shapes = {"id": ID, "kind": one_of(*(kind.kind for kind in kinds)), **Prediction.common, **keys}
    needs = [
        {
            "if": {"properties": {"kind": {"const": kind.kind}}},
            "then": {
                "required": [key for key in kind.keys if key not in kind.optional],
                # one key of two kinds, such as an axis, may have to say more in one of them
                "properties": {key: shape for key, shape in kind.keys.items() if shape != keys[key]},
            },
        }
        for kind in kinds
    ]
    return {**keyed(shapes, required=["id", "kind", "stem", "reveal"]), "allOf": needs}
