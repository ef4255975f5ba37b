"""Which published decode steps the exam is drawn from: a rule that reads what a source says and never what the card makes of it.

A candidate of data/exams/checkpoint-1.toml belongs to the pool if its source
  1. names the model, the GPU with its edition, how many of them, the precision, the engine and the load, and prints the time;
  2. measures decode alone: one request, or a batch of at most MOST_REQUESTS whose prompts are not read between its steps;
and if this course can say what a step reads:
  3. the model's config.json was found and can be shown whole;
  4. the format has, within 5 %, as many bits a weight as one that the engine of this course knows.
All of them hold or fail before any forecast. Every candidate that fails stands in the file, without what its source does not say.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from lessonlib.base.files import read_toml
from lessonlib.base.paths import data_dir
from lessonlib.course.checkpoint_1.steps_measured import MOST_REQUESTS
from lessonlib.roofline.precision import part_formats, weight_format

#: What a source has to say, by the key of the file.
_SAID = {
    "config": "no config.json that can be shown whole",
    "gpu": "which GPU",
    "tp": "how many GPUs",
    "weights": "which precision",
    "engine": "which engine",
    "requests": "how many requests",
    "context": "how long prompt and answer are",
    "measured_ms": "no measured time",
}
#: So far a format may be from the one that stands for it, as a share of its bits.
_NEAR = 0.05


def doubt(keys: Mapping[str, Any]) -> str:
    """Why a candidate is not in the pool, in words; "" for one that is."""
    missing = [words for key, words in _SAID.items() if not keys.get(key)]
    if missing:
        return f"not said: {', '.join(missing)}"
    if keys["requests"] > MOST_REQUESTS or keys.get("between"):
        return "not decode alone: a large batch, or prompts that are read between its steps"
    if "bits" in keys and not part_formats(keys["weights"]):
        known = weight_format(keys["weights"]).bits
        if abs(known / keys["bits"] - 1) > _NEAR:
            return f"no known format has {keys['bits']} bits"
    return ""


@cache
def candidates() -> tuple[Mapping[str, Any], ...]:
    """All candidates, in the order of the file."""
    document = read_toml(data_dir() / "exams" / "checkpoint-1.toml", "data/exams/checkpoint-1.toml")
    return tuple(document["candidate"])


def pool() -> list[Mapping[str, Any]]:
    """The candidates whose source raises no doubt."""
    return [keys for keys in candidates() if not doubt(keys)]
