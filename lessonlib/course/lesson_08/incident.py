"""Ninety seconds of the run as its monitoring saw them: scrapes of the metrics page, log lines, and how long the server stood still."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_08.service_run import STALL_AT_S, STALL_S, service_run
from lessonlib.roofline import Lab
from lessonlib.serving import log_lines

EVERY_S, FIRST_S, LAST_S = 10.0, 100.0, 190.0
_TTFT, _TOKENS = "vllm:time_to_first_token_seconds", "vllm:generation_tokens"


class Scrape(NamedTuple):
    """What a page of metrics said at a second of the run: two counters, sum and count of a histogram, two gauges."""

    at_s: float
    tokens: float
    ttft_sum_s: float
    ttft_count: int
    running: int
    waiting: int


@lru_cache(maxsize=32)
def scrapes(lab: Lab) -> tuple[Scrape, ...]:
    """One every ten seconds."""
    told = service_run(lab).telemetry
    waits, tokens = told.histograms[_TTFT], told.counters[_TOKENS]
    begin = float(service_run(lab).result.requests["arrival_s"].min())
    found = []
    for turn in range(int((LAST_S - FIRST_S) / EVERY_S) + 1):
        at = begin + FIRST_S + turn * EVERY_S
        gauges, seen = told.gauges(at), waits.values(float("-inf"), at)
        running, waiting = (round(gauges[f"vllm:num_requests_{name}"]) for name in ("running", "waiting"))
        found.append(Scrape(at - begin, tokens.total(at), float(seen.sum()), len(seen), running, waiting))
    return tuple(found)


def incident_scrapes(lab: Lab) -> str:
    """The scrapes as a table in fixed columns. Names are vLLM's, shortened."""
    lines = ["second  generation_tokens_total  ttft_sum  ttft_count  running  waiting"]
    lines += [
        f"{one.at_s:>6.0f}  {one.tokens:>23,.0f}  {one.ttft_sum_s:>6.1f} s  {one.ttft_count:>10,}  {one.running:>7}  {one.waiting:>7}"
        for one in scrapes(lab)
    ]
    return "\n".join(lines)


def incident_log(lab: Lab) -> str:
    """The lines that the server logged meanwhile, without its name and the cache."""
    found = []
    for at, line in log_lines(service_run(lab).telemetry):
        if FIRST_S < at <= LAST_S:
            said = line.split(": ", 1)[1].split(", GPU KV")[0]
            found.append(f"{at:.0f} s  {said}")
    return "\n".join(found)


def scrape_interval(lab: Lab) -> Quantity:
    return Quantity(EVERY_S, "s")


def stall_length(lab: Lab) -> Quantity:
    """How long the server made no step."""
    return Quantity(STALL_S, "s")


def stall_begins(lab: Lab) -> Quantity:
    return Quantity(STALL_AT_S, "s")


def _back(lab: Lab) -> tuple[Scrape, Scrape]:
    """The last scrape of the stall, and the one after it."""
    pairs = zip(scrapes(lab), scrapes(lab)[1:], strict=False)
    return next((before, after) for before, after in pairs if before.at_s <= STALL_AT_S + STALL_S < after.at_s)


def first_tokens_back(lab: Lab) -> Quantity:
    """First tokens counted between those two scrapes."""
    before, after = _back(lab)
    return Quantity(after.ttft_count - before.ttft_count, "requests")


def waited_together(lab: Lab) -> Quantity:
    """Seconds that those requests had waited for them, added up."""
    before, after = _back(lab)
    return Quantity(after.ttft_sum_s - before.ttft_sum_s, "s")


def mean_wait_back(lab: Lab) -> Quantity:
    """The mean of those waits."""
    return Quantity(float(waited_together(lab)) / float(first_tokens_back(lab)), "s")


def twice_the_mean_wait(lab: Lab) -> Quantity:
    """Who comes evenly while nothing moves waits half of it on average, so it is about twice their mean."""
    return Quantity(2 * float(mean_wait_back(lab)), "s")


def silent_windows(lab: Lab) -> Quantity:
    """Seconds between scrapes from one to the next of which no token came."""
    pairs = zip(scrapes(lab), scrapes(lab)[1:], strict=False)
    return Quantity(sum(after.at_s - before.at_s for before, after in pairs if after.tokens == before.tokens), "s")


def tokens_in_a_usual_window(lab: Lab) -> Quantity:
    """Tokens of ten seconds before it."""
    first, *_, last = [one for one in scrapes(lab) if one.at_s < STALL_AT_S]
    return Quantity((last.tokens - first.tokens) / (last.at_s - first.at_s) * EVERY_S, "tokens")


def tokens_in_the_cut_window(lab: Lab) -> Quantity:
    """Tokens of the ten seconds in which it began."""
    pairs = zip(scrapes(lab), scrapes(lab)[1:], strict=False)
    return Quantity(next(b.tokens - a.tokens for a, b in pairs if a.at_s <= STALL_AT_S < b.at_s), "tokens", digits=4)
