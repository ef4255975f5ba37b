"""What holds for one version of vLLM: flags, defaults, names of metrics, lines of its log, all in data/versions.toml.

It is read on first use and then kept. Names are typed nowhere else: lessons print them by ``{{ vllm("max-num-seqs") }}``,
and a test says where each is named.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from lessonlib.base.errors import LessonlibError, close_matches, listed
from lessonlib.base.files import read_toml
from lessonlib.base.paths import data_dir

FILE = "versions.toml"
PREFIX = "vllm:"
#: What a scrape puts behind the name of a histogram, and the client library behind that of a counter.
_HISTOGRAM_ENDS, _COUNTER_ENDS = ("_sum", "_count", "_bucket"), ("_created",)
_KINDS = ("gauge", "counter", "histogram")


@dataclass(frozen=True)
class Name:
    """A flag or a metric; as text it is as one writes it: ``--max-num-seqs``, ``vllm:num_requests_waiting``.

    bare: without ``--`` or ``vllm:``.
    """

    written: str
    bare: str
    fact: Flag | Metric

    def __str__(self) -> str:
        return self.written

    @property
    def default(self) -> str:
        """What holds where nobody sets the flag, as text. Raises LessonlibError for a metric."""
        if not isinstance(self.fact, Flag):
            raise LessonlibError(f"{self} is a metric; only a flag has a default")
        value = self.fact.default
        if isinstance(value, bool):
            return "on" if value else "off"
        return value if isinstance(value, str) else f"{value:,}"


@dataclass(frozen=True)
class Flag:
    """A flag. default: a value, or words where it depends on something. source: an address. lessons: those that are to name it."""

    name: str
    default: bool | int | float | str
    says: str
    source: str
    lessons: tuple[int, ...]


@dataclass(frozen=True)
class Metric:
    """A metric by its name in a scrape, without ``vllm:``; of a histogram without its ends.

    buckets: the family of its bounds. earlier: names in earlier versions.
    """

    name: str
    kind: str
    says: str
    source: str
    lessons: tuple[int, ...]
    labels: tuple[str, ...] = ()
    buckets: str = ""
    earlier: tuple[str, ...] = ()

    @property
    def every_name(self) -> tuple[str, ...]:
        """With its prefix: the name of today, then those of earlier versions."""
        return tuple(f"{PREFIX}{name}" for name in (self.name, *self.earlier))


@dataclass(frozen=True)
class Line:
    """A line of the log. text: what ``str.format`` fills in. begins: what stands before the first number."""

    text: str
    says: str
    source: str
    lessons: tuple[int, ...]

    @property
    def begins(self) -> str:
        """The words by which one finds it in a log: those before its first number, without the engine's."""
        return self.text.removeprefix("Engine {engine:03d}: ").partition("{")[0].lstrip(", ").rstrip(": (")


@dataclass(frozen=True)
class BatchDefault:
    """Seats and tokens of a step on cards of so much memory (GiB), but not on those whose name holds one of `but`."""

    least_gib: float
    seats: int
    tokens: int
    but: tuple[str, ...] = ()


@dataclass(frozen=True)
class Versions:
    """All of it. version: of vLLM. read: when its files were read. bounds: of the families of buckets. lines: of the log.

    environment: variables that a server reads, by name.
    """

    version: str
    read: dt.date
    source: str
    batch: tuple[BatchDefault, ...]
    defaults: Mapping[str, float]
    bounds: Mapping[str, tuple[float, ...]]
    log_every_s: float
    log_recent: int
    lines: Mapping[str, Line]
    flags: Mapping[str, Flag]
    metrics: Mapping[str, Metric]
    environment: Mapping[str, Flag]

    def metric(self, name: str) -> Metric:
        """The metric of this name, with or without ``vllm:``, the ``_total`` of a counter and the ends of a histogram. LessonlibError if there is none."""
        found = self._by_name.get(name.removeprefix(PREFIX))
        if found is None:
            raise self._unknown(name, self.metrics)
        return found

    def flag(self, name: str) -> Flag:
        """The flag of this name, with or without ``--``. LessonlibError if there is none."""
        found = self.flags.get(name.removeprefix("--"))
        if found is None:
            raise self._unknown(name, self.flags)
        return found

    def name(self, name: str) -> Name:
        """A flag or a metric as it is written. A metric as a scrape has it: ``_total`` of a counter is not left out. LessonlibError if there is none."""
        bare = name.removeprefix(PREFIX).removeprefix("--")
        if bare in self.exposed:
            return Name(f"{PREFIX}{bare}", bare, self.exposed[bare])
        off = self.flags.get(bare.removeprefix("no-"))
        flag = self.flags.get(bare) or (off if off and isinstance(off.default, bool) else None)
        if flag is None:
            raise self._unknown(name, {**self.flags, **self.exposed})
        return Name(f"--{bare}", bare, flag)

    @cached_property
    def exposed(self) -> Mapping[str, Metric]:
        """Every name that a scrape of today may hold, without prefix -> its metric."""
        found: dict[str, Metric] = {}
        for metric in self.metrics.values():
            ends = _HISTOGRAM_ENDS if metric.kind == "histogram" else _COUNTER_ENDS if metric.kind == "counter" else ()
            stem = metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name
            found |= {metric.name: metric} | {f"{stem}{end}": metric for end in ends}
        return found

    @cached_property
    def _by_name(self) -> Mapping[str, Metric]:
        """As :attr:`exposed`, and a counter without its ``_total``, as its server's code has it."""
        stems = {each.name.removesuffix("_total"): each for each in self.metrics.values() if each.kind == "counter"}
        return {**stems, **self.exposed}

    def _unknown(self, name: str, known: Mapping[str, Any]) -> LessonlibError:
        near = close_matches(name.removeprefix(PREFIX).removeprefix("--"), list(known))
        hint = f"; did you mean {listed(near)}?" if near else ""
        return LessonlibError(f"vLLM {self.version} has no flag or metric “{name}” in data/{FILE}{hint}")


def vllm() -> Versions:
    """What holds for the version of vLLM that this course is about. LessonlibError for a file that is not as it should be."""
    return _read(data_dir() / FILE)


@cache
def _read(path: Path) -> Versions:
    raw = read_toml(path, FILE)
    try:
        return _versions(raw["vllm"])
    except KeyError as error:
        raise LessonlibError(f"{FILE}: there is no key {error}") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise LessonlibError(f"{FILE}: {error}") from None


def _versions(raw: Mapping[str, Any]) -> Versions:
    home = str(raw["source"])
    return Versions(
        str(raw["version"]),
        raw["read"],
        home,
        tuple(
            BatchDefault(float(row["least_gib"]), int(row["seats"]), int(row["tokens"]), tuple(row.get("but", ())))
            for row in raw["batch"]
        ),
        dict(raw["defaults"]),
        {name: tuple(map(float, bounds)) for name, bounds in raw["buckets"].items()},
        float(raw["log"]["every_s"]),
        int(raw["log"]["recent_requests"]),
        {name: _line(row, home) for name, row in raw["log"]["lines"].items()},
        {name: _flag(name, row, home) for name, row in raw["flags"].items()},
        {name: _metric(name, row, home) for name, row in raw["metrics"].items()},
        {name: _flag(name, row, home) for name, row in raw["environment"].items()},
    )


def _flag(name: str, row: Mapping[str, Any], home: str) -> Flag:
    return Flag(name, row["default"], row["says"], home + row["source"], tuple(row["lessons"]))


def _line(row: Mapping[str, Any], home: str) -> Line:
    return Line(row["text"], row["says"], home + row["source"], tuple(row["lessons"]))


def _metric(name: str, row: Mapping[str, Any], home: str) -> Metric:
    if row["kind"] not in _KINDS:
        raise ValueError(f"metrics.{name}.kind: expected {listed(_KINDS)}, not {row['kind']!r}")
    rest = {key: tuple(row[key]) for key in ("labels", "earlier") if key in row}
    lessons = tuple(row["lessons"])
    return Metric(name, row["kind"], row["says"], home + row["source"], lessons, buckets=row.get("buckets", ""), **rest)
