"""After a kernel restart each question stands where the learner left it, by the learner's record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from lessonlib.lesson.items import StepItem


def restore(
    items: Iterable[StepItem],
    address: Callable[[StepItem], Mapping[str, str]],
    records: Iterable[Mapping[str, Any]],
) -> None:
    """Replay to each question what a lesson's ``records`` (oldest first) have of it.

    ``address(item)`` is what every record of it carries: one of another wording, truth or lab does not count.
    """
    own: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        own[record["question"]].append(record)
    for item in items:
        kept = own.get(item.id, [])
        carried = address(item) if kept else {}  # the hash takes a while, so only where there is a record
        item.step.replay([dict(each) for each in kept if all(each[key] == value for key, value in carried.items())])
