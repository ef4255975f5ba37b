"""What years of records cost: a lesson opened beside a journal of 100,000 records, over one beside none.

Each is a fresh kernel's work in processor time: import, open, every panel made. The start page, a click on it and the
review have to do with all records; they stand over those of a learner who took each lesson once and reviewed nothing.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.result import Result
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import lesson_names
from lessonlib.record.journal import Journal
from lessonlib.roofline import lab_names, load_lab
from lessonlib.show.blocks import BLOCKS
from tests.content.cells import nobody

RECORDS = 100_000
ROUNDS = 3
LESSON = "02-arithmetic-intensity"
#: a lesson of which the journal holds nothing, so that both draw the same panels
_OPEN = """
import resource, sys, time
begun = time.process_time()
from pathlib import Path
from lessonlib.record.journal import Journal
journal = Journal(Path(sys.argv[2]))
if sys.argv[1] == "review":
    from lessonlib.show.review import open_review
    open_review(journal=journal).sitting()
else:
    from lessonlib.show.notebook import open_lesson
    lesson = open_lesson(sys.argv[1], journal=journal)
    panels = {item.id: getattr(lesson, item.kind)(item.id) for item in lesson._lesson.items.values()}
opened = time.process_time() - begun
begun = time.process_time()
if "labs" in (panels if sys.argv[1] != "review" else ()):
    panels["labs"].handle({"event": "pick", "choice": "x"})
print(opened, time.process_time() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def measure() -> Iterator[Result]:
    """A lesson, the start page and the review, with and without years of records."""
    with tempfile.TemporaryDirectory() as folder:
        none, once, years = (Path(folder) / f"{name}.jsonl" for name in ("none", "once", "years"))
        write_years(once, 0)
        write_years(years)
        lesson = _both(LESSON, none, years)
        start, review = (_both(name, once, years) for name in ("00-start-here", "review"))
    yield _ratio("a lesson, 100,000 records over none", lesson, 1.3)
    yield _ratio("the start page and its map, over no reviews", start, 2.5)
    yield _ratio("the review, over no reviews", review, 4.5)
    clicks = [each[1][1] for each in start], [each[0][1] for each in start]
    yield Result("a click on the start page, over no reviews", median(clicks[0]) / median(clicks[1]), 1.3, "x")
    yield Result("memory of the review", median(each[1][2] for each in review), 250, "MB")


def _both(name: str, *paths: Path) -> list[list[list[float]]]:
    """For each round what the journals cost: seconds to open, seconds of a click, MB."""
    rounds = []
    with nobody():
        for _ in range(ROUNDS):
            told = [
                subprocess.run(
                    [sys.executable, "-c", _OPEN, name, str(path)], capture_output=True, text=True, check=True
                )
                for path in paths
            ]
            rounds.append([[float(word) for word in done.stdout.split()] for done in told])
    return rounds


def _ratio(what: str, rounds: list[list[list[float]]], budget: float) -> Result:
    none, years = (median(each[place][0] for each in rounds) for place in (0, 1))
    return Result(what, years / none, budget, "x", f"{years:.2f} s over {none:.2f} s")


def write_years(path: Path, records: int = RECORDS) -> None:
    """A learner of years: most lessons taken on two labs, then reviews, card after card."""
    chance, at = random.Random(1), datetime(2022, 1, 1, tzinfo=UTC)
    taken = [
        record for lab in lab_names()[:2] for name in lesson_names() if name != LESSON for record in _taken(name, lab)
    ]
    cards: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for record in taken:
        if record["event"] in ("commit", "reveal", "grade"):
            cards.setdefault(tuple(record[key] for key in ("lesson", "question", "hash", "lab")), []).append(record)
    with path.open("w", encoding="utf-8") as file:
        written = 0
        while written < max(records, len(taken)):
            card = taken if not written else _again(chance.choice(list(cards.values())), chance)
            for record in card:
                at += timedelta(seconds=chance.randint(5, 60))
                line = {**record, "time": at.isoformat(timespec="milliseconds")}
                file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
                written += 1


def _taken(name: str, lab: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl")
        for item in Lesson(name, load_lab(lab), journal, BLOCKS).asked:
            if item.kind != "note":
                item.step.answer(item.step.question.right())
        return journal.records()


def _again(card: list[dict[str, Any]], chance: random.Random) -> list[dict[str, Any]]:
    found = []
    for record in card:
        again = {**record, "lesson": "review", "question": f"{record['lesson']}/{record['question']}"}
        found.append(again | ({"right": chance.random() < 0.7} if "right" in record else {}))
    return found
