"""A window of metrics, asked by what is counted: which name that has in which version is settled here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lessonlib.probe.metrics import names_of
from lessonlib.probe.timeline import Timeline


@dataclass
class Window:
    """The timelines of all servers, asked by what is counted instead of by name. models: those to look at, or all."""

    timelines: Sequence[Timeline]
    models: tuple[str, ...] = ()
    used: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> float:
        """The longest time that any server was looked at."""
        return max(timeline.seconds for timeline in self.timelines)

    def each(self) -> list[Window]:
        """One window a server: servers of different versions tell the same thing under different names."""
        return [Window([line], self.models, self.used) for line in self.timelines]

    def _name(self, names: Sequence[str], end: str = "") -> str | None:
        return next((name for name in names if any(line.has(name + end) for line in self.timelines)), None)

    def _risen(self, names: Sequence[str], end: str = "", labels: Mapping[str, str] | None = None) -> float | None:
        """The increase over all servers, of each the first of the names that it has; None where no server has one."""
        found = []
        for line in self.timelines:
            name = next((name + end for name in names if line.has(name + end)), None)
            if name:
                self.used.add(name)
                found.append(line.increase(name, labels, self.models))
        return sum(found) if found else None

    def counted(self, what: str, **labels: str) -> float | None:
        """The increase of a counter; None where no server has it."""
        return self._risen(names_of(what), "", labels)

    def sum_and_count(self, what: str) -> tuple[float, float] | None:
        """Sum and number of what a histogram took in; None where no server has it."""
        total, count = (self._risen(names_of(what), end) for end in ("_sum", "_count"))
        return None if total is None or count is None else (total, count)

    def name_of(self, what: str) -> str:
        """The metric that tells it here, or its current name."""
        names = names_of(what)
        return self._name(names) or self._name(names, "_count") or names[0]

    def gauge(self, what: str, mean_of_engines: bool) -> float | None:
        """Mean over the scrapes of the sum (or the mean) over engines, added up over servers (or averaged)."""
        levels = []
        for line in self.timelines:
            name = next((name for name in names_of(what) if line.has(name)), None)
            if name is None:
                continue
            self.used.add(name)
            seen = [list(values.values()) for values in line.gauge(name, self.models)]
            if seen:
                levels.append(sum(sum(s) / (len(s) if mean_of_engines else 1) for s in seen) / len(seen))
        if not levels:
            return None
        return sum(levels) / len(levels) if mean_of_engines else sum(levels)

    def no_number(self, what: str) -> bool:
        """Whether some value of its metric is not a number."""
        names = {f"{self.name_of(what)}{end}" for end in ("", "_sum", "_count")}
        return any(line.spoiled(name) for line in self.timelines for name in names)

    def spoiled(self) -> list[str]:
        """Names among those used that had values that are no numbers."""
        return sorted(name for name in self.used if any(line.spoiled(name) for line in self.timelines))
