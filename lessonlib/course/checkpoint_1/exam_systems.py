"""The systems of the exam, each a lab with the load and the truth of its own, and how they are dealt into sets.

Nobody picks. The pool (exam_pool.py) is put in the order of a hash of what each system is (model, GPU, GPUs, precision,
requests), as a shuffled pack of cards; batches of several requests come first, so that each set has one as far as they go. There
are as many sets of five as the pool fills. Each system in turn goes to the set that has fewest so far, neither its model nor its
source, and none of its class: mixture or not, one GPU or several, 16, 8 or 4 bits. What finds no such set waits and then fills, in
the same order, the places that are left. A set never has a model or a source twice: rows of one source are alike in more than they
say. A new candidate may therefore move all others; so be it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_json
from lessonlib.base.paths import data_dir
from lessonlib.course.checkpoint_1.exam_pool import pool
from lessonlib.course.checkpoint_1.steps_measured import bits_class, model_of
from lessonlib.roofline import Estimate, Lab, System, decode, load_gpu

#: Lists of a config.json longer than this are shown by what they repeat and by how many entries they have.
_LONG = 4
#: Of what they repeat so many entries are shown at most; a list that repeats nothing so short stays whole.
_SHOWN = 6
#: So many characters stand on one line of a config.json as it is shown.
_WIDTH = 72
#: Questions of the exam, and so systems of a set.
SET = 5


@dataclass(frozen=True)
class ExamSystem(Lab):
    """A lab of the exam. requests: decoded together, each with `context` tokens. engine: with its version and what else was set.
    measured_s: one step, as published.
    """

    requests: int = 1
    engine: str = ""
    measured_s: float = 0.0
    how: str = ""
    source: str = ""
    url: str = ""
    config: str = ""
    published: str = ""

    def __hash__(self) -> int:
        return hash((self.name, self.system, self.requests, self.context))

    def like(self, other: ExamSystem) -> bool:
        """Whether it has the other's model, or comes from its source."""
        return self.system.model.parameters == other.system.model.parameters or self.source == other.source

    @property
    def step(self) -> Estimate:
        """The engine's estimate of one decode step."""
        return decode(self.system, self.requests, self.context)


@cache
def exam_pool() -> tuple[ExamSystem, ...]:
    """All systems that the exam may show, in the order in which they are dealt. Raises LessonlibError where the file lacks something."""
    systems = (_system(keys) for keys in sorted(pool(), key=_order))
    return tuple(systems)


@cache
def exam_sets() -> tuple[tuple[ExamSystem, ...], ...]:
    """The sets a, b, c, ... of five systems each."""
    systems = exam_pool()
    return tuple(
        tuple(replace(each, name=f"exam-{name}{place}") for place, each in enumerate(dealt, 1))
        for name, dealt in zip("abcdefgh", deal(systems, len(systems) // SET), strict=False)
    )


def deal(systems: Sequence[ExamSystem], count: int) -> list[list[ExamSystem]]:
    """So many sets of SET systems, no model and no source twice in one, each with at most one of a class as far as that goes; what is left over is
    in none.
    """
    sets: list[list[ExamSystem]] = [[] for _ in range(count)]
    waiting: list[ExamSystem] = []
    for each in sorted(systems, key=lambda one: one.requests == 1):
        fitting = [one for one in _open_to(each, sets) if class_of(each) not in map(class_of, one)]
        min(fitting, key=len, default=waiting).append(each)
    for each in waiting:
        min(_open_to(each, sets), key=len, default=[]).append(each)
    return sets


def _open_to(each: ExamSystem, sets: Sequence[list[ExamSystem]]) -> list[list[ExamSystem]]:
    """The sets with a place left, without that model and that source. Models of one shape are one model, whatever they are called."""
    return [one for one in sets if len(one) < SET and not any(map(each.like, one))]


def class_of(each: ExamSystem) -> tuple[bool, bool, int]:
    """Mixture or not, several GPUs or one, bits of a weight."""
    return each.system.model.is_mixture, each.system.gpus > 1, bits_class(each.system.weight_format.bits)


def _order(keys: Mapping[str, Any]) -> str:
    """A hash of what a system is."""
    what = " ".join(str(keys[key]) for key in ("config", "gpu", "tp", "weights", "requests"))
    return sha256(what.encode()).hexdigest()


def _system(keys: Mapping[str, Any]) -> ExamSystem:
    path = data_dir() / "exams" / "configs" / f"{keys['config']}.json"
    try:
        system = System(
            model_of(keys["config"]),
            load_gpu(keys["gpu"]),
            keys["tp"],
            keys["weights"],
            keys.get("kv", "bf16"),
            keys.get("head", "bf16"),
        )
        return ExamSystem(
            name="exam",
            title=keys["title"],
            system=system,
            prompt=keys["context"],
            context=keys["context"],
            gpus_in_lab=system.gpus,
            requests=keys["requests"],
            engine=", ".join([keys["engine"], *([keys["set"]] if "set" in keys else [])]),
            measured_s=keys["measured_ms"] / 1e3,
            how=keys["how"],
            source=keys["source"],
            url=keys["url"],
            config=_shown(read_json(path)),
            published=keys["published"],
        )
    except KeyError as error:
        raise LessonlibError(f"data/exams/checkpoint-1.toml: {keys.get('title')}: {error} is missing") from None


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
    """A value of a config.json with its long lists shortened, so that their entries can still be counted."""
    if isinstance(value, list) and len(value) > _LONG:
        period = _period(value)
        return [*value[:period], f"… and so on, {len(value)} in all"] if period <= _SHOWN else value
    return {key: _short(part) for key, part in value.items()} if isinstance(value, dict) else value


def _period(values: Sequence[Any]) -> int:
    """After how many entries a list begins anew; its length where it never does."""
    lengths = range(1, len(values) // 2 + 1)
    return next(
        (n for n in lengths if all(each == values[place % n] for place, each in enumerate(values))), len(values)
    )
