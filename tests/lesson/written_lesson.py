"""A small lesson in a folder of its own: a step, a function to write, a roof and an end."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

WORKINGS = """
from lessonlib.base.quantity import Quantity


def roof_of_boxes(lab):
    return {"x": [1, 100, 10000], "y": [2.0, 200.0, 200.0]}


def dot_of_one_box(lab):
    return {"x": 10.0, "y": 20.0, "label": "one step"}


def dot_at_the_top(lab):
    return {"x": 1000.0, "y": 200.0}


def boxes(lab):
    return [
        {"title": "a big box", "config": {"wide": 100, "high": 20, "lid": True, "colour": "red"}, "keys": ["wide", "high"]},
        {"title": "a small box", "config": {"wide": 3, "high": 2, "lid": False}, "given": {"times": 2}},
    ]


def volume(config, times=1):
    return times * (config["wide"] * config["high"] + (50 if config["lid"] else 0))


def volume_without_lid(config, times=1):
    return times * config["wide"] * config["high"]


def volume_doubled(config, times=1):
    return Quantity(2 * volume(config, times), "B")
"""
STARTER = '''
    def size(config, times=1):
        """Bytes of a box."""
        return None
'''
LESSON = """
number: 1
title: Boxes
short: true
sources:
  a-paper: {title: A paper, by: A. B., url: "https://example.org/a", says: So.}
steps:
  - text: |
      # 1 · Boxes
      **Today's win:** boxes.
  - predict:
      id: where
      kind: place
      stem: Where?
      truth: dot_of_one_box
      roof: roof_of_boxes
      x: {label: intensity, unit: FLOP/byte}
      y: {label: rate, unit: FLOP/s}
      because: Yes.
      wrong:
        - {working: dot_at_the_top, misconception: at-the-top, says: it is busy, refutation: {thought: a, tempting: b, wrong: c, fact: d}}
      reveal: There.
      explanation: So.
  - roof: {id: my-roof, title: Your roof so far}
  - write:
      id: my-size
      title: Write it · size
      stem: How large is a **box**?
      starter: |
        def size(config, times=1):
            return None
      engine: volume
      cases: boxes
      slips:
        - {working: volume_without_lid, says: the lid is left out}
        - {working: volume_doubled, says: it is counted twice}
      because: Each box counts.
  - closing: {id: closing, title: Closing, ask: "What else?"}
instructor: none
"""


def write_lesson(folder: Path, **changes: str) -> str:
    """Write it into `folder`, some of its text replaced (old=new); returns what to open it by."""
    text = LESSON
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "workings.py").write_text(dedent(WORKINGS), encoding="utf-8")
    path = folder / "01-boxes.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def right(config: dict[str, Any], times: int = 1) -> float:
    """What a learner would write who knows it."""
    return times * (config["wide"] * config["high"] + 50 * config["lid"])
