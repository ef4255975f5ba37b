"""What a window of metrics says about a server: each number with how it was formed and what it cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from lessonlib.base.quantity import Quantity
from lessonlib.probe.window import Window

PER_REQUEST, WINDOW, MOMENT = "requests' own clocks", "window average", "seen at the scrapes"

#: What each finding is called, under the JSON keys of `lessonlib probe`.
TITLES = {
    "prefill_tokens_per_s": "prefill of one request",
    "decode_tokens_per_s": "decode of one request",
    "prompt_to_generation": "prompt tokens for each generated",
    "cache_hit_share": "prompt found in the prefix cache",
    "kv_cache_usage": "KV cache in use",
    "requests_running": "requests running",
    "requests_waiting": "requests waiting",
    "ttft_s": "time to first token, mean",
    "itl_s": "inter-token latency, mean",
    "queue_s": "time in the queue, mean",
    "e2e_s": "end to end, mean",
    "window_prompt_tokens_per_s": "prompt tokens, by the wall clock",
    "window_generation_tokens_per_s": "generated tokens, by the wall clock",
    "spec_acceptance": "draft tokens accepted",
    "flops_per_gpu": "FLOP/s of one GPU, by the wall clock",
}


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

    def quantity(self) -> Quantity:
        """The value with its unit, a share in per cent. Raises ValueError where there is none."""
        if self.value is None:
            raise ValueError(f"a finding without a value: {self.reason}")
        return Quantity(100 * self.value, "%") if self.unit == "share" else Quantity(self.value, self.unit)


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

    @property
    def span(self) -> str:
        """What time was looked at, in words."""
        return f"in {self.window_s:.0f} s" if self.window_s > 0 else "since the server started"


#: No value of a server is above: the FLOP/s of a GPU have 16 digits.
_MOST = 1e24
#: Key -> (least, most) of what any server can have. A first token needs a pass over all weights and the way through a
#: server, a millisecond for the smallest model; one stream of tokens has never passed some thousand a second.
_BOUNDS = {
    "ttft_s": (1e-3, _MOST),
    "itl_s": (5e-5, _MOST),
    "e2e_s": (1e-3, _MOST),
    "decode_tokens_per_s": (0.0, 5e4),
    "prefill_tokens_per_s": (0.0, 2e7),
}
#: Nor has a request more tokens.
_LONGEST = 1e7


class _Parts(NamedTuple):
    """What a speed is made of at one server; None where it does not tell."""

    tokens: float | None
    seconds: float | None
    how: str


def _absent(window: Window, what: str) -> str:
    if window.no_number(what):
        return f"{window.name_of(what)} is not a number there"
    return f"this server has no {window.name_of(what)}"


#: vLLM up to about 0.25 subtracts a clock that never started when a request ends before its first token.
_FELL = "the server's own sum of these times fell: a request that ended before its first token was timed wrongly; look again"


def _mean(window: Window, what: str, limits: str) -> Finding:
    name, pair = window.name_of(what), window.sum_and_count(what)
    how = f"{name}_sum / {name}_count"
    if pair is None or window.no_number(what):
        return Finding(None, "s", PER_REQUEST, how, limits, _absent(window, what))
    total, count = pair
    if count <= 0:
        return Finding(None, "s", PER_REQUEST, how, limits, "nothing was counted in the window")
    if total < 0:
        return Finding(None, "s", PER_REQUEST, how, limits, _FELL)
    return Finding(total / count, "s", PER_REQUEST, how, limits)


def _ratio(window: Window, above: str, below: str, unit: str, limits: str, empty: str) -> Finding:
    how = f"{window.name_of(above)} / {window.name_of(below)}"
    top, bottom = window.counted(above), window.counted(below)
    if top is None or bottom is None:
        return Finding(None, unit, WINDOW, how, limits, _absent(window, above if top is None else below))
    return (
        Finding(top / bottom, unit, WINDOW, how, limits) if bottom else Finding(None, unit, WINDOW, how, limits, empty)
    )


def _gauge(window: Window, what: str, unit: str, limits: str, mean: bool = False) -> Finding:
    value = window.gauge(what, mean)
    reason = "" if value is not None else _absent(window, what)
    return Finding(value, unit, MOMENT, f"mean of {window.name_of(what)} over the scrapes", limits, reason)


def _computed_prompt(window: Window) -> tuple[float, str]:
    """Prompt tokens that were really computed for the requests that finished, and how that is known."""
    exact = window.sum_and_count("computed prompt")
    if exact and exact[0] > 0:
        return exact[0], f"{window.name_of('computed prompt')}_sum"
    prompts = window.sum_and_count("request prompt")
    queries, hits = window.counted("cache queries"), window.counted("cache hits")
    missed = 1 - hits / queries if queries and hits is not None else 1.0
    by_source = window.counted("prompt tokens by source")
    computed = window.counted("prompt tokens by source", source="local_compute")
    if by_source and computed is not None:
        missed = computed / by_source
    if prompts and prompts[0] > 0:
        return prompts[0] * missed, f"{window.name_of('request prompt')}_sum x the share that no cache held"
    tokens = window.counted("prompt tokens") or 0.0
    return tokens * missed, "vllm:prompt_tokens_total x the share that no cache held"


_CHUNKS = "a mean over all requests that finished; in a chunked prefill other requests' tokens share the time"


def _speed(window: Window, parts: Callable[[Window], _Parts], limits: str, absent: str, empty: str) -> Finding:
    """Tokens over seconds, both added up over the servers that tell both."""
    told = [
        (part.tokens, part.seconds, part.how)
        for part in map(parts, window.each())
        if part.tokens is not None and part.seconds is not None
    ]
    if not told:
        return Finding(None, "tok/s", PER_REQUEST, parts(window).how, limits, absent)
    how = told[0][-1]
    tokens, seconds = sum(each for each, _, _ in told), sum(each for _, each, _ in told)
    if tokens <= 0 or seconds <= 0:
        fell = any(each < 0 for _, each, _ in told)
        return Finding(None, "tok/s", PER_REQUEST, how, limits, _FELL if fell else empty)
    return Finding(tokens / seconds, "tok/s", PER_REQUEST, how, limits)


def _prefill_parts(window: Window) -> _Parts:
    time = window.sum_and_count("prefill time")
    tokens, formula = _computed_prompt(window)
    return _Parts(tokens, time[0] if time else None, f"{formula} / {window.name_of('prefill time')}_sum")


def _prefill(window: Window) -> Finding:
    return _speed(
        window,
        _prefill_parts,
        _CHUNKS,
        _absent(window, "prefill time"),
        "no request finished in the window, so no prompt was timed",
    )


_BATCHED = "speed of one request while others share its batch: not what the server makes in all, nor what one request gets alone"


def _decode_parts(window: Window) -> _Parts:
    """(generated - 1) over decode time: the first token belongs to the prefill. Decode times are told when a request
    ends; where none is (long answers, a short window), what was written meanwhile over the time from output to output.
    """
    time, made = window.sum_and_count("decode time"), window.sum_and_count("request generated")
    if (time is None or not time[0]) and (gaps := window.sum_and_count("itl")) and gaps[1]:
        return _running(window, gaps)
    generated, finished = made or (window.counted("generated tokens"), window.counted("finished"))
    name = f"{window.name_of('request generated')}_sum" if made else window.name_of("generated tokens")
    tokens = None if generated is None or finished is None else generated - finished
    return _Parts(tokens, time[0] if time else None, f"({name} - requests) / {window.name_of('decode time')}_sum")


def _running(window: Window, gaps: tuple[float, float]) -> _Parts:
    """Of requests still being written. Tokens are not counted by gaps: a speculative step brings several at once."""
    name, written, begun = window.name_of("itl"), window.counted("generated tokens"), window.sum_and_count("ttft")
    if written is None or begun is None:
        return _Parts(gaps[1], gaps[0], f"{name}_count / {name}_sum")
    return _Parts(written - begun[1], gaps[0], f"({window.name_of('generated tokens')} - first tokens) / {name}_sum")


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
    how, limits = (
        f"{window.name_of(what)} / seconds",
        "the engine's own estimate, idle time included; it takes linear attention for full attention",
    )
    risen = window.counted(what)
    if risen is None:
        return Finding(
            None, unit, WINDOW, how, limits, f"{_absent(window, what)}; vLLM exports it with --enable-mfu-metrics"
        )
    if window.seconds <= 0:
        return Finding(None, unit, WINDOW, how, limits, "one scrape has no length; give a window")
    return Finding(risen / window.seconds / len(engines(window)), unit, WINDOW, how, limits)


def _cached(window: Window) -> Finding:
    """By source where that is told: the cache's own counters count a prompt anew each time that it is tried and must wait."""
    total = window.counted("prompt tokens by source")
    hits = window.counted("prompt tokens by source", source="local_cache_hit")
    if not total or hits is None:
        limits = "tokens, not requests; a prompt that is tried and must wait is counted again in many versions"
        return _ratio(window, "cache hits", "cache queries", "share", limits, "no prompt was looked up in the window")
    name = window.name_of("prompt tokens by source")
    return Finding(hits / total, "share", WINDOW, f"{name}{{source=local_cache_hit}} / {name}", "tokens, not requests")


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
    floor = "from output to output, so a speculative step that brings several tokens counts once; the mean is exact, but buckets start at 10 ms: a percentile below that is a guess"
    ratio = "counts prompts that a cache held as well; a prompt counts at its first token, its answer as it is written: give it a window longer than a request"
    logged = ", and a whole prompt at once with its first token; cached ones too, which newer log lines leave out"
    found = {
        "prefill_tokens_per_s": _prefill(window),
        "decode_tokens_per_s": _decode(window),
        "prompt_to_generation": _ratio(
            window, "prompt tokens", "generated tokens", "x", ratio, "nothing was generated in the window"
        ),
        "cache_hit_share": _cached(window),
        "kv_cache_usage": _gauge(
            window, "kv usage", "share", "blocks in use, prefixes kept for later not counted", mean=True
        ),
        "requests_running": _gauge(window, "running", "requests", "between two scrapes it may have been anything"),
        "requests_waiting": _gauge(window, "waiting", "requests", "between two scrapes it may have been anything"),
        "ttft_s": _mean(window, "ttft", "queue and prefill together; a mean hides the slow ones"),
        "itl_s": _mean(window, "itl", floor),
        "queue_s": _mean(window, "queue time", "its histogram's buckets start at 0.3 s; the mean is exact"),
        "e2e_s": _mean(window, "e2e", "requests that finished in the window, begun whenever"),
        "window_prompt_tokens_per_s": _throughput(window, "prompt tokens", logged),
        "window_generation_tokens_per_s": _throughput(window, "generated tokens"),
        "spec_acceptance": _ratio(
            window,
            "accepted tokens",
            "draft tokens",
            "share",
            "over all positions of a draft",
            "no draft was made in the window",
        ),
        "flops_per_gpu": _per_gpu(window, "flops per gpu", "FLOP/s"),
    }
    return {key: _possible(key, finding) for key, finding in found.items()}


def _possible(key: str, finding: Finding) -> Finding:
    """The finding, without its value where no server can have that."""
    value = finding.value
    least, most = _BOUNDS.get(key, (0.0, 1 + 1e-9 if finding.unit == "share" else _MOST))
    if value is None or least <= value <= most:
        return finding
    told = (
        str(Quantity(100 * value, "%") if finding.unit == "share" else Quantity(value, finding.unit))
        if abs(value) < _MOST
        else f"{value:.3g}"
    )
    return replace(finding, value=None, reason=f"the server's own numbers would make it {told}, which is impossible")


def lengths(window: Window) -> dict[str, float]:
    """Mean tokens of a request: its prompt, and its context half-way through the answer. Empty where they are not known."""
    prompts, made = window.sum_and_count("request prompt"), window.sum_and_count("request generated")
    if not prompts or prompts[1] <= 0:
        return {}
    prompt = prompts[0] / prompts[1]
    answer = made[0] / made[1] if made and made[1] > 0 else 0.0
    found = {"prompt": prompt, "context": prompt + answer / 2}
    return found if all(0 < length <= _LONGEST for length in found.values()) else {}
