"""What a window of metrics says about a server: each number with how it was formed and what it cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lessonlib.cluster.metrics import COUNTERS, GAUGES, HISTOGRAMS
from lessonlib.cluster.timeline import Timeline

PER_REQUEST, WINDOW, MOMENT = "requests' own clocks", "window average", "seen at the scrapes"


@dataclass(frozen=True)
class Finding:
    """One number. value: None where it cannot be told, and then `reason` says why.

    clock: PER_REQUEST, WINDOW or MOMENT; how: the formula in metrics; limits: what it cannot tell.
    """

    value: float | None
    unit: str
    clock: str
    how: str
    limits: str
    reason: str = ""


@dataclass(frozen=True)
class Reading:
    """All findings of one window. Keys are those of the JSON of `lessonlib probe`.

    lengths: mean tokens of "prompt" and of "context" (the prompt and half of the answer) of a request, where known.
    """

    source: str
    model: str
    engines: int
    window_s: float
    requests: float
    findings: Mapping[str, Finding]
    notes: tuple[str, ...] = ()
    lengths: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Window:
    """The timelines of all servers, asked by what is counted instead of by name. models: those to look at, or all."""

    timelines: Sequence[Timeline]
    models: tuple[str, ...] = ()
    used: set[str] = field(default_factory=set)

    @property
    def seconds(self) -> float:
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
        return self._risen(COUNTERS[what], "", labels)

    def sum_and_count(self, what: str) -> tuple[float, float] | None:
        """Sum and number of what a histogram took in; None where no server has it."""
        total, count = (self._risen(HISTOGRAMS[what], end) for end in ("_sum", "_count"))
        return None if total is None or count is None else (total, count)

    def name_of(self, what: str) -> str:
        """The metric that tells it here, or its current name."""
        names = {**HISTOGRAMS, **GAUGES, **COUNTERS}[what]
        return self._name(names) or self._name(names, "_count") or names[0]

    def gauge(self, what: str, mean_of_engines: bool = False) -> float | None:
        """Mean over the scrapes of the sum (or the mean) over engines, added up over servers (or averaged)."""
        levels = []
        for line in self.timelines:
            name = next((name for name in GAUGES[what] if line.has(name)), None)
            if name is None:
                continue
            self.used.add(name)
            seen = [list(values.values()) for values in line.gauge(name, self.models)]
            if seen:
                levels.append(sum(sum(s) / (len(s) if mean_of_engines else 1) for s in seen) / len(seen))
        if not levels:
            return None
        return sum(levels) / len(levels) if mean_of_engines else sum(levels)

    def spoiled(self) -> list[str]:
        """Names among those used that had values that are no numbers."""
        return sorted(name for name in self.used if any(line.spoiled(name) for line in self.timelines))


class _Parts(NamedTuple):
    """What a speed is made of at one server; None where it does not tell."""

    tokens: float | None
    seconds: float | None
    how: str


def _absent(window: Window, what: str) -> str:
    return f"this server has no {window.name_of(what)}"


def _mean(window: Window, what: str, limits: str) -> Finding:
    name, pair = window.name_of(what), window.sum_and_count(what)
    how = f"{name}_sum / {name}_count"
    if pair is None:
        return Finding(None, "s", PER_REQUEST, how, limits, _absent(window, what))
    total, count = pair
    if count <= 0:
        return Finding(None, "s", PER_REQUEST, how, limits, "nothing was counted in the window")
    return Finding(total / count, "s", PER_REQUEST, how, limits)


def _ratio(window: Window, above: str, below: str, unit: str, limits: str, empty: str) -> Finding:
    how = f"{window.name_of(above)} / {window.name_of(below)}"
    top, bottom = window.counted(above), window.counted(below)
    for what, value in ((above, top), (below, bottom)):
        if value is None:
            return Finding(None, unit, WINDOW, how, limits, _absent(window, what))
    return Finding(top / bottom, unit, WINDOW, how, limits) if bottom else Finding(None, unit, WINDOW, how, limits, empty)


def _gauge(window: Window, what: str, unit: str, limits: str, mean: bool = False) -> Finding:
    value = window.gauge(what, mean)
    reason = "" if value is not None else _absent(window, what)
    return Finding(value, unit, MOMENT, f"mean of {window.name_of(what)} over the scrapes", limits, reason)


def _computed_prompt(window: Window) -> tuple[float | None, str]:
    """Prompt tokens that were really computed for the requests that finished, and how that is known."""
    exact = window.sum_and_count("computed prompt")
    if exact and exact[0] > 0:
        return exact[0], f"{window.name_of('computed prompt')}_sum"
    prompts = window.sum_and_count("request prompt")
    queries, hits = window.counted("cache queries"), window.counted("cache hits")
    missed = 1 - hits / queries if queries and hits is not None else 1.0
    by_source = window.counted("prompt tokens by source")
    if by_source:
        missed = (window.counted("prompt tokens by source", source="local_compute") or 0.0) / by_source
    if prompts and prompts[0] > 0:
        return prompts[0] * missed, f"{window.name_of('request prompt')}_sum x the share that no cache held"
    tokens = window.counted("prompt tokens")
    return (tokens * missed if tokens else None), "vllm:prompt_tokens_total x the share that no cache held"


_CHUNKS = "a mean over all requests that finished; in a chunked prefill other requests' tokens share the time"


def _speed(window: Window, parts: Callable[[Window], _Parts], limits: str, absent: str, empty: str) -> Finding:
    """Tokens over seconds, both added up over the servers that tell both."""
    told = [part for part in map(parts, window.each()) if part.tokens is not None and part.seconds is not None]
    how = (told or [parts(window)])[0].how
    if not told:
        return Finding(None, "tok/s", PER_REQUEST, how, limits, absent)
    tokens, seconds = sum(part.tokens or 0.0 for part in told), sum(part.seconds or 0.0 for part in told)
    if tokens <= 0 or seconds <= 0:
        return Finding(None, "tok/s", PER_REQUEST, how, limits, empty)
    return Finding(tokens / seconds, "tok/s", PER_REQUEST, how, limits)


def _prefill_parts(window: Window) -> _Parts:
    time = window.sum_and_count("prefill time")
    tokens, formula = _computed_prompt(window)
    return _Parts(tokens or 0.0, time[0] if time else None, f"{formula} / {window.name_of('prefill time')}_sum")


def _prefill(window: Window) -> Finding:
    return _speed(window, _prefill_parts, _CHUNKS, _absent(window, "prefill time"), "no request finished in the window, so no prompt was timed")


_BATCHED = "speed of one request while others share its batch: not what the server makes in all, nor what one request gets alone"


def _decode_parts(window: Window) -> _Parts:
    """(generated - 1) over decode time: the first token belongs to the prefill. Without decode times, from token to token."""
    time, made = window.sum_and_count("decode time"), window.sum_and_count("request generated")
    if time is None and (gaps := window.sum_and_count("itl")):
        name = window.name_of("itl")
        return _Parts(gaps[1], gaps[0], f"{name}_count / {name}_sum")
    generated, finished = made or (window.counted("generated tokens"), window.counted("finished"))
    name = f"{window.name_of('request generated')}_sum" if made else window.name_of("generated tokens")
    tokens = None if generated is None or finished is None else max(0.0, generated - finished)
    return _Parts(tokens, time[0] if time else None, f"({name} - requests) / {window.name_of('decode time')}_sum")


def _decode(window: Window) -> Finding:
    empty = "no request that generated two tokens finished in the window"
    return _speed(window, _decode_parts, _BATCHED, _absent(window, "decode time"), empty)


def _throughput(window: Window, what: str, lumps: str = "") -> Finding:
    limits = f"counts idle time too{lumps}: the kind of number that the log line shows, not the speed of a request"
    how, risen = f"{window.name_of(what)} / seconds", window.counted(what)
    if risen is None:
        return Finding(None, "tok/s", WINDOW, how, limits, _absent(window, what))
    if window.seconds <= 0:
        return Finding(None, "tok/s", WINDOW, how, limits, "one scrape has no length; give a window")
    return Finding(risen / window.seconds, "tok/s", WINDOW, how, limits)


def _per_gpu(window: Window, what: str, unit: str) -> Finding:
    how, limits = f"{window.name_of(what)} / seconds", "the engine's own estimate, idle time included; it takes linear attention for full attention"
    risen = window.counted(what)
    if risen is None:
        return Finding(None, unit, WINDOW, how, limits, f"{_absent(window, what)}; vLLM exports it with --enable-mfu-metrics")
    if window.seconds <= 0:
        return Finding(None, unit, WINDOW, how, limits, "one scrape has no length; give a window")
    return Finding(risen / window.seconds / max(1, len(engines(window))), unit, WINDOW, how, limits)


def engines(window: Window) -> set[tuple[str, str, str]]:
    """(server, model, engine) of all engines looked at."""
    return {
        (line.server, *engine)
        for line in window.timelines
        for engine in line.engines
        if not window.models or engine[0] in window.models
    }


def findings(window: Window) -> dict[str, Finding]:
    """Every finding, under the JSON keys of `lessonlib probe`."""
    floor = "the mean is exact; its histogram's buckets start at 10 ms, so a percentile below that is a guess"
    return {
        "prefill_tokens_per_s": _prefill(window),
        "decode_tokens_per_s": _decode(window),
        "prompt_to_generation": _ratio(window, "prompt tokens", "generated tokens", "x", "counts prompts that a cache held as well", "nothing was generated in the window"),
        "cache_hit_share": _ratio(window, "cache hits", "cache queries", "share", "tokens, not requests", "no prompt was looked up in the window"),
        "kv_cache_usage": _gauge(window, "kv usage", "share", "blocks in use, prefixes kept for later not counted", mean=True),
        "requests_running": _gauge(window, "running", "requests", "between two scrapes it may have been anything"),
        "requests_waiting": _gauge(window, "waiting", "requests", "between two scrapes it may have been anything"),
        "ttft_s": _mean(window, "ttft", "queue and prefill together; a mean hides the slow ones"),
        "itl_s": _mean(window, "itl", floor),
        "queue_s": _mean(window, "queue time", "its histogram's buckets start at 0.3 s; the mean is exact"),
        "e2e_s": _mean(window, "e2e", "requests that finished in the window, begun whenever"),
        "window_prompt_tokens_per_s": _throughput(window, "prompt tokens", ", and a whole prompt at once with its first token"),
        "window_generation_tokens_per_s": _throughput(window, "generated tokens"),
        "spec_acceptance": _ratio(window, "accepted tokens", "draft tokens", "share", "over all positions of a draft", "no draft was made in the window"),
        "flops_per_gpu": _per_gpu(window, "flops per gpu", "FLOP/s"),
    }


def lengths(window: Window) -> dict[str, float]:
    """Mean tokens of a request: its prompt, and its context half-way through the answer."""
    prompts, made = window.sum_and_count("request prompt"), window.sum_and_count("request generated")
    if not prompts or prompts[1] <= 0:
        return {}
    prompt = prompts[0] / prompts[1]
    answer = made[0] / made[1] if made and made[1] > 0 else 0.0
    return {"prompt": prompt, "context": prompt + answer / 2}
