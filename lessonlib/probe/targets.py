"""The samples of a Prometheus server, sorted by the server that they were scraped from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lessonlib.base.errors import LessonlibError
from lessonlib.base.secrets import strike
from lessonlib.probe.timeline import Key, Scrape, Timeline, key_of

#: Labels that say which server a sample is of. Relabelling may leave two pods with one `instance`.
_WHICH = ("cluster", "namespace", "pod", "instance", "job")
#: Labels that vLLM itself gives to what the probe reads; all others are about the server.
_OWN = ("__name__", "model_name", "engine", "source", "finished_reason")

Samples = Sequence[tuple[float, float]]


def timelines_of(series: Sequence[tuple[Mapping[str, str], Samples]]) -> tuple[list[Timeline], list[str]]:
    """One timeline a server, and what is to be said about them. All series of a server share the moments of its scrapes."""
    targets: dict[tuple[str, ...], dict[float, dict[Key, float]]] = {}
    for labels, values in series:
        moments = targets.setdefault(tuple(strike(labels.get(name, "")) for name in _WHICH), {})
        key = key_of(labels["__name__"], {name: value for name, value in labels.items() if name in _OWN[1:]})
        for at, value in values:
            moments.setdefault(at, {})[key] = value
    lines = {which: _timeline(which, moments) for which, moments in sorted(targets.items()) if len(moments) > 1}
    if not lines:
        raise LessonlibError("window: only one scrape lies in it; give at least twice Prometheus' scrape interval")
    kept = _once(lines)
    twice = len(lines) - len(kept)
    return kept, [f"{twice} server{'s' * (twice > 1)} scraped by several jobs: counted once"] if twice else []


def _timeline(which: tuple[str, ...], moments: Mapping[float, dict[Key, float]]) -> Timeline:
    return Timeline(" ".join(filter(None, which)), [Scrape(at, moments[at]) for at in sorted(moments)])


def _once(lines: Mapping[tuple[str, ...], Timeline]) -> list[Timeline]:
    """The timelines without those that tell of a server once more: of the same instance, with the same counts, for another job."""
    kept: dict[tuple[str, ...], Timeline] = {}
    for which, line in lines.items():
        instance = which[-2]
        if not any(
            instance and instance == other[-2] and which[-1] != other[-1] and _same(line, seen)
            for other, seen in kept.items()
        ):
            kept[which] = line
    return list(kept.values())


def _same(one: Timeline, other: Timeline) -> bool:
    """Whether every counter ran over the same stretch in both. Two servers that did the same to the token are rare."""
    first, second = _stretches(one), _stretches(other)
    return first.keys() == second.keys() and all(
        low <= second[key][1] and second[key][0] <= high for key, (low, high) in first.items()
    )


def _stretches(line: Timeline) -> dict[Key, tuple[float, float]]:
    found: dict[Key, tuple[float, float]] = {}
    for scrape in line.scrapes:
        for key, value in scrape.values.items():
            if key[0].endswith(("_total", "_count")):
                low, high = found.get(key, (value, value))
                found[key] = min(low, value), max(high, value)
    return found
