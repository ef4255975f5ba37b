"""The tables of docs/TEACHING.md, made of the course's plan, the minutes of each lesson and what its notes say to vote on.

python docs/teaching.py            # print them
python docs/teaching.py --write    # put them between their marks in TEACHING.md
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lessonlib.lesson.course_plan import PlannedLesson, load_parts
from lessonlib.lesson.source import load_source

PAGE = Path(__file__).with_name("TEACHING.md")

#: what one question adds to the minutes that a lesson takes alone: two votes, a discussion in pairs, shares and reveal
MINUTES_A_QUESTION = 9

#: the workshop: a lesson by its name, or minutes and what they are for
WORKSHOP: tuple[str | tuple[int, str], ...] = (
    (10, "Arrive, join with the phone, one vote to try it"),
    "01-prefill-vs-decode",
    (10, "Break"),
    "08-what-users-feel",
    (12, "What stays open: the report; what each one looks up on their own server tomorrow"),
)

#: the seven days: the lessons of the morning; a course of two parts ends after the fifth
DAYS: tuple[tuple[str, ...], ...] = (
    ("00-start-here", "01-prefill-vs-decode", "02-arithmetic-intensity", "03-the-roofline", "04-counting-flops"),
    ("05-counting-bytes", "06-the-kv-cache", "07-long-context", "08-what-users-feel"),
    ("checkpoint-1", "09-continuous-batching", "10-the-memory-limit"),
    ("11-the-compute-limit", "12-chunked-prefill", "13-prefix-caching"),
    ("14-quantization", "15-speculative-decoding", "checkpoint-2"),
    ("16-tensor-parallelism", "17-mixture-of-experts", "18-routing"),
    ("19-autoscaling", "20-disaggregation", "checkpoint-3"),
)


def planned() -> dict[str, PlannedLesson]:
    """The lessons of the course by name."""
    return {lesson.name: lesson for part in load_parts() for lesson in part.lessons}


def votes(name: str) -> list[str]:
    """The ids of the questions that the notes of a lesson say to vote on."""
    found = re.search(r"\*\*Vote:?\*\*(.*?)(?:[:;.]|\n|$)", load_source(name).get("instructor", ""))
    return re.findall(r"`([a-z0-9-]+)`", found[1]) if found else []


def minutes_alone(name: str) -> float:
    """Minutes by the formula of the budget, as they were when the lesson was built."""
    return planned()[name].minutes or 0.0


def minutes_in_class(name: str) -> int:
    """The same with the questions that are voted on twice."""
    return round(minutes_alone(name) + MINUTES_A_QUESTION * len(votes(name)))


def workshop() -> Iterator[str]:
    """The rows of the two hours."""
    yield "| minutes | what | vote twice on |"
    yield "|---|---|---|"
    total = 0
    for entry in WORKSHOP:
        if isinstance(entry, str):
            total += minutes_in_class(entry)
            yield f"| {minutes_in_class(entry)} | {planned()[entry].title} | {_votes(entry)} |"
        else:
            total += entry[0]
            yield f"| {entry[0]} | {entry[1]} | |"
    yield f"| **{total}** | | |"


def days() -> Iterator[str]:
    """The rows of the mornings."""
    yield "| day | lesson | minutes alone | in class | vote twice on |"
    yield "|---|---|---|---|---|"
    for day, names in enumerate(DAYS, 1):
        for name in names:
            yield f"| {day} | {planned()[name].title} | {minutes_alone(name):.0f} | {minutes_in_class(name)} | {_votes(name)} |"
        yield f"| | **day {day}** | | **{sum(map(minutes_in_class, names))}** | |"


def _votes(name: str) -> str:
    return ", ".join(f"`{question}`" for question in votes(name))


TABLES = {"workshop": workshop, "days": days}


def with_tables(page: str) -> str:
    """The page with each table between its marks."""
    for name, rows in TABLES.items():
        begin, end = f"<!-- {name}: begin (python docs/teaching.py --write) -->", f"<!-- {name}: end -->"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = before + "\n".join([begin, *rows(), end]) + after
    return page


def main() -> int:
    """Print the tables, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--write", action="store_true", help="put them into docs/TEACHING.md")
    if not parser.parse_args().write:
        print("\n\n".join("\n".join(rows()) for rows in TABLES.values()))
        return 0
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
