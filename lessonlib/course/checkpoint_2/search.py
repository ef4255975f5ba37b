"""The best line of a small grid for each service, found ahead: one setting at a time, over and over, until none helps, from four
starts. ``python -m lessonlib.course.checkpoint_2.search --write`` writes data/exams/json/checkpoint-2.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.course.checkpoint_2.card import by_card
from lessonlib.course.checkpoint_2.judge import run
from lessonlib.course.checkpoint_2.services import Service, all_services
from lessonlib.course.checkpoint_2.settings import Settings, read_settings
from lessonlib.course.shared.found_ahead import found_ahead, write_or_print

FILE = "checkpoint-2.json"
SEATS = (8, 16, 24, 32, 48, 64, 96, 128, 256, 512)
TOKENS = (512, 1024, 2048, 4096, 8192, 16384)
DRAFTS = (0, 1, 2, 3, 4)
#: A tenth below the best found is as good: nobody tells two such servers apart.
AS_GOOD = 0.9


@dataclass(frozen=True)
class Best:
    """The best line found: what it sets, and the share of requests that keep both limits."""

    settings: Settings
    share: float


def grid(service: Service) -> Mapping[str, tuple[Any, ...]]:
    """What each setting may be in the search."""
    return {
        "weights": tuple(service.checkpoints.values()),
        "cache": service.cache,
        "caching": (True, False),
        "seats": SEATS,
        "tokens": TOKENS,
        "drafts": DRAFTS if service.drafts else (0,),
    }


def tried(service: Service, settings: Settings) -> float:
    """Share of requests that keep both limits; -1 for what the server would not start with."""
    if settings.seats and settings.tokens and settings.tokens < settings.seats:
        return -1.0
    try:
        return run(service, settings).share
    except LessonlibError:  # no room for a request
        return -1.0


def search(service: Service) -> Best:
    """The best of all climbs. Of two lines as good, the one whose first token comes sooner."""
    found = max((_climb(service, start) for start in _starts(service)), key=lambda one: _worth(service, one))
    return Best(found, tried(service, found))


def _starts(service: Service) -> Iterator[Settings]:
    today = read_settings(service, service.line)
    yield today
    yield by_card(service)
    widest = replace(today, seats=SEATS[-2], tokens=TOKENS[-2], caching=True, drafts=0)
    yield widest
    yield replace(
        widest, weights=tuple(service.checkpoints.values())[-1], cache=service.cache[-1], seats=32, tokens=1024
    )


def _worth(service: Service, settings: Settings) -> tuple[float, float]:
    share = tried(service, settings)
    return (share, -run(service, settings).ttft_p99_s) if share >= 0 else (-1.0, 0.0)


def _climb(service: Service, settings: Settings) -> Settings:
    best, worth = settings, _worth(service, settings)
    while True:
        before = worth
        for name, values in grid(service).items():
            for value in values:
                other = replace(best, **{name: value})
                if _worth(service, other) > worth:
                    best, worth = other, _worth(service, other)
        if worth == before:
            return best


@cache
def best_of(service: Service) -> Best:
    """The best line of a service, as the file has it. Raises LessonlibError where it is of another service."""
    known = found_ahead(FILE, service.name, "lessonlib.course.checkpoint_2.search")
    return Best(Settings(**known["settings"]), known["share"])


def written() -> dict[str, Any]:
    """What the file is to hold."""
    return {
        each.name: {"settings": asdict(found.settings), "share": found.share}
        for each in all_services()
        for found in [search(each)]
    }


if __name__ == "__main__":
    write_or_print(FILE, written())
