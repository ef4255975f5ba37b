"""Metrics over time: scrapes of one server, counters that may restart, gauges."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from lessonlib.base.errors import LessonlibError
from lessonlib.base.secrets import strike
from lessonlib.probe.metrics import START, every_name

#: One engine of one server: (model name, engine index).
Engine = tuple[str, str]
#: A sample's name, its engine, and its other labels.
Key = tuple[str, Engine, tuple[tuple[str, str], ...]]

#: What only ever falls when counting starts anew. A sum does not tell: some versions of vLLM add negative times for
#: requests that ended before they began.
_FALLS = ("_total", "_count")
PREFIX = "vllm:"
#: What one page may hold of them: some hundred engines have so many. The parser takes 80 us for each, and a time that
#: grows with the square of a line's length.
MOST_SAMPLES, _LONGEST_LINE = 10_000, 4_000
_LONG = re.compile(rf"[^\n]{{{_LONGEST_LINE + 1}}}")
#: No counter of a server comes near: a century of the floating-point operations of a whole data centre.
_MOST_COUNTED = 1e32
#: Two starts this near are one.
_SAME_START_S = 0.01
#: When a process began, on its own page. Where several processes count together, it is not there.
_PROCESS_START = re.compile(r"^process_start_time_seconds(?:\{[^}\n]{0,500}\})?[ \t]+([0-9.eE+]{1,40})\s", re.MULTILINE)
#: A router in front of several servers names them in this label; vLLM itself has no such label.
_ROUTER = "server"
#: Beginnings of names -> whose page that is.
_OTHERS = {
    "ray_vllm": "Ray Serve, which gives vLLM's metrics names of its own: probe the address of a vLLM server",
    "sglang": "SGLang, not of vLLM",
    "tgi": "Text Generation Inference, not of vLLM",
    "llamacpp": "llama.cpp, not of vLLM",
    "trtllm": "TensorRT-LLM, not of vLLM",
    "nv_inference": "Triton, not of vLLM",
    "vllm_router": "a router in front of vLLM servers: probe one of them",
    "lmdeploy": "LMDeploy, not of vLLM",
}
#: Lines of a page without vLLM metrics that are looked at, to say whose page it is.
_LOOK = 3000


@dataclass(frozen=True)
class Scrape:
    """All vLLM samples of one server at one moment (seconds of any clock, the same for a timeline). process_start: when its
    process began, as it says it.
    """

    at: float
    values: Mapping[Key, float]
    process_start: float | None = None

    def start_of(self, engine: Engine) -> float | None:
        """When an engine began to count, as the server says it; None where it does not."""
        told = [at for (name, whose, _), at in self.values.items() if (name, whose) == (START, engine)]
        return max(filter(math.isfinite, told), default=self.process_start)


def key_of(name: str, labels: Mapping[str, str]) -> Key:
    """The key of a sample."""
    engine = (strike(labels.get("model_name", "")), strike(labels.get("engine", "0")))
    return name, engine, tuple(sorted((k, v) for k, v in labels.items() if k not in ("model_name", "engine")))


def _wanted() -> re.Pattern[str]:
    """The lines of a page that are read. A page may be long (a gateway's, a node's): the others are not parsed."""
    return re.compile(rf"^(?:{'|'.join(every_name())})[ \t{{].*", re.MULTILINE)


def parse(text: str, at: float, where: str) -> Scrape:
    """A page of metrics as text. Raises LessonlibError if it is none, or not of vLLM."""
    # Before any other look: what is searched for in one line of megabytes takes seconds.
    if _LONG.search(text):
        raise LessonlibError(
            f"{where}: a line of more than {_LONGEST_LINE:,} characters; these are not the metrics of a server"
        )
    wanted = _wanted().findall(text)
    if len(wanted) > MOST_SAMPLES:
        raise LessonlibError(
            f"{where}: more than {MOST_SAMPLES:,} samples of vLLM, too many to read again and again; probe one server, or ask the Prometheus that scrapes it"
        )
    values = {key_of(name, labels): counted_value(value) for name, labels, value in _samples(wanted, where)}
    if not values:
        raise LessonlibError(
            f"{where}: no metric of vLLM there ({_whose(text, where)}); the address of a vLLM server is wanted"
        )
    if any(name == _ROUTER for key in values for name, _ in key[2]):
        raise LessonlibError(
            f"{where}: the page of a router, which tells of its servers and not of their requests; probe each server, or the Prometheus that scrapes them"
        )
    return Scrape(at, values, _process_start(text))


def _process_start(text: str) -> float | None:
    found = _PROCESS_START.search(text)
    try:
        return float(found[1]) if found else None
    except ValueError:
        return None


def _samples(lines: Sequence[str], where: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    try:
        for family in text_string_to_metric_families("\n".join(lines) + "\n"):
            for sample in family.samples:
                yield sample.name, sample.labels, float(sample.value)
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError):
        raise LessonlibError(
            f"{where}: this page is not Prometheus metrics; the address of a vLLM server is wanted"
        ) from None


def counted_value(value: float) -> float:
    """A value of a page as it may be added up: no number (NaN) for what no server can have counted."""
    return value if abs(value) <= _MOST_COUNTED else math.nan


def _whose(text: str, where: str) -> str:
    """What a page without our metrics has instead."""
    names = [name for name, _, _ in _samples(text.split("\n", _LOOK)[:_LOOK], where)]
    known = next((words for start, words in _OTHERS.items() if any(name.startswith(start) for name in names)), None)
    if known:
        return f"it is the page of {known}"
    prefixes = sorted({strike(re.split("[:_]", name)[0]) for name in names})
    if "prometheus" in prefixes:
        return "it is the page of Prometheus about itself: give its address without /metrics"
    return f"it has metrics of: {', '.join(prefixes[:5])}" if prefixes else "it has no metrics at all"


@dataclass(frozen=True)
class Timeline:
    """Scrapes of one server in order of time, at least one.

    A lone scrape stands for everything since the server started.
    """

    server: str
    scrapes: Sequence[Scrape]

    @property
    def seconds(self) -> float:
        """From the first scrape to the last."""
        return self.scrapes[-1].at - self.scrapes[0].at

    @property
    def engines(self) -> set[Engine]:
        """Every engine seen at any scrape."""
        return {key[1] for scrape in self.scrapes for key in scrape.values}

    def restarts(self) -> int:
        """How often an engine began to count anew."""
        return sum(len(step.anew) for step in self._steps())

    def fell(self) -> list[str]:
        """Counters that fell although the server says that it did not start anew."""
        return sorted(
            {
                key[0]
                for step in self._steps()
                for key, value in step.scrape.values.items()
                if key[0].endswith(_FALLS) and value < step.known.get(key, -math.inf)
            }
        )

    def in_turn(self) -> bool:
        """Whether several servers answered here, one after the other and again: each has counts of its own.

        They say when they started, or their counts go on from where they were before another's came in between, twice at
        least. A server that starts again and again does neither, unless it has counted next to nothing each time.
        """
        return any(_alternate(self.scrapes, engine) for engine in self.engines)

    def has(self, name: str) -> bool:
        """Whether any scrape has a sample of that name."""
        return any(key[0] == name for scrape in self.scrapes for key in scrape.values)

    def spoiled(self, name: str) -> bool:
        """Whether some value of that name is not a number."""
        return any(
            key[0] == name and not math.isfinite(value)
            for scrape in self.scrapes
            for key, value in scrape.values.items()
        )

    def increase(self, name: str, labels: Mapping[str, str] | None = None, models: Iterable[str] = ()) -> float:
        """By how much a counter rose, over all engines (of `models`, if named). A counter that starts anew counts
        from zero, as Prometheus has it: what it lost between the last scrape and the restart is lost. A sum may fall.
        """
        least = -math.inf if name.endswith("_sum") else 0.0
        if len(self.scrapes) == 1:
            return sum(value for _, value in _chosen(self.scrapes[0], name, labels, models))
        return sum(
            max(least, value - starts.get(key, value if key[1] in first_seen else 0.0))
            for scrape, starts, _, first_seen in self._steps()
            for key, value in _chosen(scrape, name, labels, models)
        )

    def _steps(self) -> Iterator[_Step]:
        """Each scrape but the first. A series that is missing from a scrape keeps its value; an engine that starts anew
        begins with none.
        """
        known, seen = _numbers(self.scrapes[0]), _engines(self.scrapes[0])
        starts = {engine: self.scrapes[0].start_of(engine) for engine in seen}
        for scrape in self.scrapes[1:]:
            anew = _restarted(known, starts, scrape)
            known = {key: value for key, value in known.items() if key[1] not in anew}
            there = _engines(scrape)
            yield _Step(scrape, known, anew, there - seen)
            known = known | _numbers(scrape)
            starts |= {engine: scrape.start_of(engine) for engine in there}
            seen |= there

    def gauge(self, name: str, models: Iterable[str] = ()) -> list[dict[Key, float]]:
        """The values of a gauge, a mapping of series (one an engine) for each scrape that has it."""
        found = [dict(_chosen(scrape, name, None, models)) for scrape in self.scrapes]
        return [values for values in found if values]


def _chosen(
    scrape: Scrape, name: str, labels: Mapping[str, str] | None, models: Iterable[str]
) -> Iterator[tuple[Key, float]]:
    wanted, models = set((labels or {}).items()), set(models)
    for key, value in scrape.values.items():
        if key[0] == name and wanted <= set(key[2]) and (not models or key[1][0] in models) and math.isfinite(value):
            yield key, value


def _engines(scrape: Scrape) -> set[Engine]:
    return {key[1] for key in scrape.values}


def _numbers(scrape: Scrape) -> dict[Key, float]:
    return {key: value for key, value in scrape.values.items() if math.isfinite(value)}


class _Step(NamedTuple):
    """A scrape, the last known value of every series before it, and the engines that started anew or were never seen before."""

    scrape: Scrape
    known: Mapping[Key, float]
    anew: set[Engine]
    first_seen: set[Engine]


def _restarted(known: Mapping[Key, float], starts: Mapping[Engine, float | None], scrape: Scrape) -> set[Engine]:
    """Engines that started anew: those that say so; where they do not say when they started, those of which any counter
    fell. A restart sets all counters of an engine back, also those that have risen above since.
    """
    told = {engine: (starts.get(engine), scrape.start_of(engine)) for engine in _engines(scrape)}
    fell = {
        key[1] for key, value in scrape.values.items() if key[0].endswith(_FALLS) and value < known.get(key, -math.inf)
    }
    return {
        engine
        for engine, (before, now) in told.items()
        if (engine in fell if before is None or now is None else now > before + _SAME_START_S)
    }


def _alternate(scrapes: Sequence[Scrape], engine: Engine) -> bool:
    """Whether the counts of an engine belong to several servers that answer in turn."""
    starts = [start for scrape in scrapes if (start := scrape.start_of(engine)) is not None]
    if starts:
        return any(now < before - _SAME_START_S for before, now in pairwise(starts))
    lines: list[dict[Key, float]] = []  # the last counts of each server, were there several
    last = returns = 0
    for scrape in scrapes:
        counts = {key: v for key, v in _numbers(scrape).items() if key[1] == engine and key[0].endswith(_FALLS)}
        fits = [
            n for n, line in enumerate(lines) if all(value >= line.get(key, value) for key, value in counts.items())
        ]
        own = max(fits, key=lambda n: sum(lines[n].values()), default=len(lines))
        returns += own < len(lines) and own != last
        lines[own : own + 1] = [counts]
        last = own
    return returns > 1
