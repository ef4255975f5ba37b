"""After a kernel restart each question stands where the learner left it, by the learner's record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lessonlib.lesson.items import StepItem
from lessonlib.lesson.records import Records


def restore(
    lesson: str,
    items: Iterable[StepItem],
    address: Callable[[StepItem], Mapping[str, str]],
    records: Records,
) -> None:
    """Replay to each question what ``records`` have of it under the lesson's name.

    ``address(item)`` is what every record of it carries: one of another wording, truth or lab does not count. An event
    that can change nothing any more is not even read, for a journal may hold years of them.
    """
    answered = records.answered(lesson)
    for item in items:
        if item.id in answered:  # the address takes a while, so only where there is a record
            item.step.replay(records.records_of(address(item), item.step.takes))
