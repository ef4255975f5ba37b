"""The systems of the exam, from data/exams: each a lab with the load and the truth of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_json, read_toml
from lessonlib.base.paths import data_dir
from lessonlib.roofline import Estimate, Lab, System, decode, load_gpu, load_model

#: Lists of a config.json longer than this say the same over and over: they are shown by their first and last entry.
_LONG = 4
#: So many characters stand on one line of a config.json as it is shown.
_WIDTH = 72


@dataclass(frozen=True)
class ExamSystem(Lab):
    """A lab of the exam. requests: decoded together, each with `context` tokens. measured_s: one step, 0 where nothing is published."""

    requests: int = 1
    measured_s: float = 0.0
    how: str = ""
    source: str = ""
    url: str = ""
    config: str = ""
    published: str = ""

    def __hash__(self) -> int:
        return hash((self.name, self.system, self.requests, self.context))

    @property
    def step(self) -> Estimate:
        """The engine's estimate of one decode step."""
        return decode(self.system, self.requests, self.context)


@cache
def exam_sets() -> tuple[tuple[ExamSystem, ...], ...]:
    """The sets a, b and c. Raises LessonlibError where the file lacks something."""
    document = read_toml(data_dir() / "exams" / "checkpoint-1.toml", "data/exams/checkpoint-1.toml")
    return tuple(
        tuple(_system(f"exam-{name}{place}", keys) for place, keys in enumerate(document[name], 1))
        for name in sorted(document)
    )


def _system(name: str, keys: Mapping[str, Any]) -> ExamSystem:
    path = data_dir() / "exams" / "configs" / f"{keys['config']}.json"
    try:
        system = System(
            load_model(str(path)),
            load_gpu(keys["gpu"]),
            keys["tp"],
            keys["weights"],
            keys.get("kv", "bf16"),
            keys.get("head", "bf16"),
        )
        return ExamSystem(
            name=name,
            title=keys["title"],
            system=system,
            prompt=keys["context"],
            context=keys["context"],
            gpus_in_lab=system.gpus,
            requests=keys["requests"],
            measured_s=keys.get("measured_ms", 0.0) / 1e3,
            how=keys.get("how", ""),
            source=keys.get("source", ""),
            url=keys.get("url", ""),
            config=_shown(read_json(path)),
            published=keys["published"],
        )
    except KeyError as error:
        raise LessonlibError(f"data/exams/checkpoint-1.toml: {name}: {error} is missing") from None


def _shown(config: Mapping[str, Any]) -> str:
    """A config.json as text: several short entries on a line, its long lists shortened."""
    entries = [f"{json.dumps(key)}: {json.dumps(_short(value), ensure_ascii=False)}" for key, value in config.items()]
    lines, line = [], ""
    for place, entry in enumerate(entries):
        told = entry + ("," if place < len(entries) - 1 else "")
        if line and len(line) + len(told) >= _WIDTH:
            lines.append(line)
            line = ""
        line += f" {told}" if line else told
    return "\n".join(["{", *(f"  {each}" for each in [*lines, line]), "}"])


def _short(value: Any) -> Any:
    if isinstance(value, list) and len(value) > _LONG:
        return [value[0], f"… {len(value) - 2} more …", value[-1]]
    return {key: _short(part) for key, part in value.items()} if isinstance(value, dict) else value
