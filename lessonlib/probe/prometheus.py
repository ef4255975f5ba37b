"""A Prometheus server, asked for the raw samples of a window: restarts are seen as they are, nothing is extrapolated."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.fetch import UnreachableError
from lessonlib.base.formats import parse_json
from lessonlib.base.secrets import strike
from lessonlib.base.text import printable
from lessonlib.probe import fetch
from lessonlib.probe.metrics import every_name
from lessonlib.probe.targets import Samples, timelines_of
from lessonlib.probe.timeline import PREFIX, Timeline, counted_value

#: What one answer may hold: the metrics of some hundred engines, each scraped some thousand times.
MOST_SERIES, MOST_SAMPLES = 20_000, 1_000_000
_LONGEST_LABEL = 4_000
_LATEST_S = 1e11


def is_prometheus(url: str) -> bool:
    """Whether a Prometheus server answers at `url`. Raises UnreachableError if nobody does."""
    try:
        page = fetch.get(f"{url}/api/v1/query", {"query": "1"})
        answer = parse_json(page.text, url)
    except UnreachableError:
        raise
    except LessonlibError:  # a gateway that lets nobody to that path may still let us to the metrics
        return False
    return page.status == 200 and isinstance(answer, dict) and answer.get("status") == "success"


def read_prometheus(url: str, window_s: float) -> tuple[list[Timeline], list[str]]:
    """One timeline a server for the last `window_s` seconds, and what is to be said about them. Raises LessonlibError."""
    if window_s < 1:
        raise LessonlibError("window: a Prometheus server needs one of at least 1 s, and twice its scrape interval")
    names = "|".join(re.escape(name) for name in every_name()).replace("\\", "\\\\")
    query = f'{{__name__=~"{names}"}}[{math.ceil(window_s)}s]'
    series = series_of(fetch.get(f"{url}/api/v1/query", {"query": query}).text, url)
    if not series:
        raise LessonlibError(
            f"{url}: no {PREFIX} metric in the last {window_s:g} s; does this Prometheus scrape a vLLM server, and is the window long enough?"
        )
    return timelines_of(series)


def series_of(text: str, url: str) -> list[tuple[Mapping[str, str], Samples]]:
    """(labels, samples) of each series of an answer. Raises LessonlibError for anything of another shape."""
    other = LessonlibError(f"{url}: not the answer of a Prometheus server; give its address without a path")
    if text.count("[") > MOST_SAMPLES + 3 * MOST_SERIES:  # before they are made of it, which takes longer
        raise _too_many(url)
    try:
        answer = parse_json(text, url)
    except LessonlibError:
        raise other from None
    if not isinstance(answer, dict):
        raise other
    if answer.get("status") != "success":
        if "error" not in answer:
            raise other
        told = strike(" ".join(str(answer["error"]).split()), cut=True)
        raise LessonlibError(f"{url}: Prometheus refuses: {printable(told)[:500]}")
    data = answer.get("data")
    result = data.get("result") if isinstance(data, dict) else None
    if not isinstance(result, list) or not all(isinstance(item, dict) for item in result):
        raise other
    if len(result) > MOST_SERIES or sum(map(_size, result)) > MOST_SAMPLES:
        raise _too_many(url)
    try:
        # A native histogram has no samples of its own; its sum and count are not told under names of theirs.
        return [(_labels(item["metric"]), _samples(item["values"])) for item in result if "histograms" not in item]
    except (ValueError, KeyError, TypeError):
        raise other from None


def _too_many(url: str) -> LessonlibError:
    return LessonlibError(
        f"{url}: more than {MOST_SERIES:,} series or {MOST_SAMPLES:,} samples; take a shorter window, or a Prometheus with fewer servers"
    )


def _size(item: Mapping[str, Any]) -> int:
    values = item.get("values")
    return len(values) if isinstance(values, list) else 0


def _labels(given: Any) -> Mapping[str, str]:
    """Labels are text, and one of them is the name. ValueError for others."""
    if not isinstance(given, dict) or not given.get("__name__"):
        raise ValueError("no labels with a name")
    if not all(isinstance(value, str) and len(value) <= _LONGEST_LABEL for value in given.values()):
        raise ValueError("a label that is no text")
    return given


def _samples(given: Any) -> Samples:
    """(seconds, value) of each sample. ValueError for another shape."""
    if not isinstance(given, list):
        raise TypeError("samples come in a list")
    return [_sample(*pair) if isinstance(pair, list) else _sample(None, None) for pair in given]


def _sample(at: Any, value: Any) -> tuple[float, float]:
    if (
        isinstance(at, bool)
        or not isinstance(at, (int, float))
        or not 0 <= at <= _LATEST_S
        or not isinstance(value, str)
    ):
        raise ValueError("a sample is a time and a value as text")
    return float(at), counted_value(float(value))
