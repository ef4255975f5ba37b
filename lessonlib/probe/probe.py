"""Reads a live vLLM server, or the Prometheus server that scrapes it, over a window."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.base.text import printable
from lessonlib.probe import fetch
from lessonlib.probe.demo import DEMO, NOTE, recorded
from lessonlib.probe.prometheus import is_prometheus, read_prometheus
from lessonlib.probe.reading import Reading, engines, findings, lengths
from lessonlib.probe.timeline import Scrape, Timeline, parse
from lessonlib.probe.window import Window

#: Scrapes in a window: enough to see a restart, few enough not to be noticed.
SCRAPES = 10
#: The longest window: an hour beside a running server is long, a Prometheus server looks back for weeks.
LONGEST_S = 90 * 86_400.0
Tick = Callable[[float, float], None]


def probe(url: str, window_s: float = 30.0, model: str | None = None, tick: Tick | None = None) -> Reading:
    """What the server at `url` did for the next `window_s` seconds (a Prometheus server: for the last ones).

    `window_s` 0 reads a vLLM server once: all since it started. `model`: which of several served models.
    `tick(done_s, window_s)` is called at every scrape. A `url` of "demo" is the recording that comes with the course, whole.
    Raises LessonlibError with one line.
    """
    if not 0 <= window_s <= LONGEST_S:
        raise LessonlibError(f"window: expected seconds from 0 up to {LONGEST_S:.0f} (90 days), not {window_s:g}")
    if url == DEMO:
        timelines = [recorded()]
        return _reading(DEMO, Window(timelines, _models(timelines, model)), [NOTE])
    url = fetch.checked_url(url)
    if not url.endswith("/metrics") and is_prometheus(url):
        timelines, notes = read_prometheus(url, window_s)
    else:
        page = url if url.endswith("/metrics") else f"{url}/metrics"
        timeline, notes = _from_endpoint(page, window_s, tick)
        timelines = [timeline]
    return _reading(url, Window(timelines, _models(timelines, model)), notes)


def _models(timelines: Sequence[Timeline], model: str | None) -> tuple[str, ...]:
    """The model to look at: the one asked for, or the only one."""
    served = sorted({name for line in timelines for name, _ in line.engines if name})
    names = printable(listed(served))
    if model is not None and model not in served:
        raise LessonlibError(f"model {model!r} is not served there; served: {names or 'none that has a name'}")
    if model is None and len(served) > 1:
        raise LessonlibError(
            f'several models are served there: choose one (--model NAME, or model = "NAME" in the notebook): {names}'
        )
    return (model,) if model else ()


def _reading(url: str, window: Window, notes: list[str]) -> Reading:
    in_turn = [line.server for line in window.timelines if line.in_turn()]
    if in_turn:
        raise LessonlibError(
            f"{printable(in_turn[0])}: several API servers answer there in turn, each with counts of its own; probe one of them, or a Prometheus that scrapes each"
        )
    found = findings(window)
    requests = window.sum_and_count("e2e") or window.sum_and_count("decode time") or (0.0, 0.0)
    count = window.counted("finished") or requests[1]
    restarts = sum(line.restarts() for line in window.timelines)
    if restarts:
        notes.append(
            f"an engine started anew {restarts} time{'s' * (restarts > 1)} in the window; what it counted between its last scrape and then is lost"
        )
    fell = sorted({name for line in window.timelines for name in line.fell()})
    if fell:
        notes.append(f"fell though no engine started anew, so not counted there: {', '.join(fell)}")
    if window.spoiled():
        notes.append(f"values that are no numbers were left out: {', '.join(window.spoiled())}")
    if window.seconds <= 0:
        notes.append("one scrape: everything since the server started")
    if not count:
        notes.append("no request finished in the window: send some, or take a window longer than a request")
    names = sorted({model for _, model, _ in engines(window) if model})
    return Reading(
        url, ", ".join(names), len(engines(window)), window.seconds, count, found, tuple(notes), lengths(window)
    )


# --- a vLLM server's own page ---------------------------------------------------------------------------------


def _from_endpoint(url: str, window_s: float, tick: Tick | None) -> tuple[Timeline, list[str]]:
    """Scrapes over the window. A server that restarts meanwhile is waited for; one that is not there at first is not."""
    scrapes, failed, started = [_scrape(url)], 0, time.monotonic()
    last = ""
    for number in range(1, SCRAPES + 1 if window_s else 1):
        due = started + window_s * number / SCRAPES
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            scrapes.append(_scrape(url))
        except LessonlibError as error:
            failed, last = failed + 1, str(error)
        if tick:
            tick(time.monotonic() - started, window_s)
    if window_s and len(scrapes) == 1:
        raise LessonlibError(last)
    lost = [f"{failed} of {SCRAPES + 1} scrapes failed; the last said: {last}"] if failed else []
    return Timeline(url, scrapes), lost


def _scrape(url: str) -> Scrape:
    """One page. Moments are of a clock that nobody sets: the wall clock may be put back in mid-window."""
    page = fetch.get(url)
    if page.status != 200:
        raise LessonlibError(f"{url}: status {page.status}; a vLLM server has its metrics at /metrics of its API port")
    return parse(page.text, time.monotonic(), url)
