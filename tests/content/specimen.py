"""A whole lesson that no edition of the course changes: the one that `lessonlib new` writes, in a folder of its own."""

from __future__ import annotations

import atexit
import copy
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

from lessonlib.build.new import order, write_lesson
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import load_source
from lessonlib.roofline import DEFAULT_LAB, load_lab
from lessonlib.show.blocks import BLOCKS

Raw = dict[str, Any]
#: a simulated run beside the specimen's own workings, whole and broken
RUNS = '''"""Runs of a made-up server."""

from lessonlib.draw.timeline import Chunk, Lane, Step, Timeline, Waits, Written


def one_run(lab):
    """One request in two steps."""
    steps = [Step(0.0, 0.02, 40, 1, 3, 0, 1, 0), Step(0.02, 0.03, 0, 1, 3, 0, 1, 0)]
    lane = Lane(0, 40, 2, 0.0, chunks=[Chunk(0, 40)], written=[Written(0, [1, 1])], first_token_s=0.02, finished_s=0.03)
    waits = Waits((0.0,) * 3, (0.02,) * 3, (0.01,) * 3, 66.7, 1)
    return Timeline(f"One tea takes 2 steps on {lab.title}.", [lane], steps, 10, waits)


def two_runs_of_one_name(lab):
    """Twice the same."""
    return [one_run(lab), one_run(lab)]


def run_without_a_number(lab):
    """A finding that states nothing."""
    run = one_run(lab)
    return Timeline("It is served.", run.lanes, run.steps, run.kv_blocks, run.waits)


def no_run(lab):
    """A lane without a step."""
    run = one_run(lab)
    return Timeline(run.finding, run.lanes, [], run.kv_blocks, run.waits)


def run_that_tells(lab):
    """A finding that says how long it takes to read the tea."""
    from .workings import tea_read_time

    run = one_run(lab)
    return Timeline(f"2 steps in {tea_read_time(lab)}.", run.lanes, run.steps, run.kv_blocks, run.waits)


def broken_run(lab):
    """An error of the author's."""
    return 1 / 0
'''

#: simulated fleets beside them
FLEETS = '''"""Fleets of a made-up server."""

from lessonlib.draw.fleet_view import FleetLane, FleetView, Spell
from lessonlib.draw.timeline import Waits


def lane(number):
    """A replica that serves one tea."""
    return FleetLane(number, [Spell(0.0, 2.0, "ready")], [1.0, 0.0], [0.0, 0.0], [0.1, 0.0], [40, 0], [0, 0], [1, 0])


def a_fleet(lab):
    """Two replicas over two windows."""
    waits = Waits((0.0,) * 3, (0.02,) * 3, (0.01,) * 3, 66.7, 2)
    finding = f"2 teas on 2 replicas of {lab.title}."
    return FleetView(
        finding, [0.0, 1.0, 2.0], [lane(0), lane(1)], [2, 0], [0.02, None], [0.0, 0.0], [(0.0, 2)], [(0.1, 0), (0.2, 1)], waits
    )


def two_fleets_of_one_name(lab):
    """Twice the same."""
    return [a_fleet(lab), a_fleet(lab)]


def lonely_fleet(lab):
    """One replica."""
    shown = a_fleet(lab)
    return FleetView(
        shown.finding, shown.edges, shown.lanes[:1], shown.arrivals, shown.ttft_p99_s, shown.held, shown.ready, [(0.1, 0)], shown.waits
    )
'''


@functools.cache
def path() -> str:
    """The YAML of lesson 7, about tea."""
    folder = Path(tempfile.mkdtemp(prefix="specimen-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    place, _ = write_lesson(order("7", "tea", str(folder / "tea"), False))
    (folder / "tea" / "runs.py").write_text(RUNS, encoding="utf-8")
    (folder / "tea" / "fleets.py").write_text(FLEETS, encoding="utf-8")
    return str(place.file)


@functools.cache
def opened(lab: str = DEFAULT_LAB) -> Lesson:
    """The lesson on a lab, with everything that draws. Nobody may answer it."""
    return Lesson(path(), load_lab(lab), None, BLOCKS)


def words() -> Raw:
    """Its YAML as data, to break at will."""
    return copy.deepcopy(load_source(path(), BLOCKS))


def with_fleet(compute: str = "a_fleet", before: str = "closing", **more: Any) -> Raw:
    """Its YAML with a fleet of one of FLEETS before the item of that id."""
    raw = with_timeline(before=before)
    place = next(index for index, entry in enumerate(raw["steps"]) if "timeline" in entry)
    entry = {"id": "the-fleet", "title": "The fleet · two teas", "text": "Look at replica 1.", "compute": compute}
    raw["steps"][place] = {"fleet": {**entry, **more}}
    return raw


def with_timeline(compute: str = "one_run", before: str = "closing", **more: Any) -> Raw:
    """Its YAML with a timeline of one of RUNS before the item of that id."""
    raw = words()
    place = next(
        index
        for index, entry in enumerate(raw["steps"])
        for body in entry.values()
        if "text" not in entry and body["id"] == before
    )
    entry = {"id": "the-run", "title": "Timeline · a run", "text": "Look at step 1.", "compute": compute, **more}
    raw["steps"].insert(place, {"timeline": entry})
    return raw
