"""Do something again whenever a file of a lesson is saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lessonlib.build.places import Place
from lessonlib.lesson.code import forget_code, package_name

_SECONDS = 0.5

#: file -> (time of the last change in ns, size)
Stamps = dict[Path, tuple[int, int]]


def watch(places: Sequence[Place], act: Callable[[], None], wait: Callable[[float], None] = time.sleep) -> None:
    """Act now, and again after each save, until ``wait`` is interrupted. Lessons' modules are read anew each time."""
    while True:
        before = stamps(places)
        forget_code()
        act()
        print(f"watching {', '.join(place.stem for place in places)}; Ctrl-C ends", flush=True)
        while stamps(places) == before:
            wait(_SECONDS)


def stamps(places: Sequence[Place]) -> Stamps:
    """What there is to watch, as it is now."""
    found: Stamps = {}
    for path in _files(places):
        try:
            stat = path.stat()
        except OSError:  # an editor replaces a file by renaming another
            continue
        found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


def _files(places: Sequence[Place]) -> Iterator[Path]:
    import lessonlib.course

    course = Path(lessonlib.course.__file__).parent
    for place in places:
        yield from (place.file, place.concepts)
        if place.in_course:
            yield from (course / package_name(place.stem)).rglob("*.py")
            yield from (course / "shared").rglob("*.py")
        else:
            yield from place.file.parent.rglob("*.py")
