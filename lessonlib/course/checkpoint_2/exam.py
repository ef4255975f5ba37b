"""What a question says of its service: ``lab`` is that service (see services.py), or any other lab, for which the one of the page stands."""

from __future__ import annotations

from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.checkpoint_2.card import by_card, forecast, idle, is_hybrid
from lessonlib.course.checkpoint_2.judge import run
from lessonlib.course.checkpoint_2.outcome import judged_run
from lessonlib.course.checkpoint_2.search import AS_GOOD, best_of, grid, tried
from lessonlib.course.checkpoint_2.services import Service, all_services, service_of, service_pool, service_sets
from lessonlib.course.checkpoint_2.settings import MOST_DRAFTS, MOST_SEATS, Settings, line_of, read_settings
from lessonlib.roofline import Lab

_BITS = {"bf16": "16 bits", "fp8": "fp8, weights and arithmetic", "int4": "4-bit weights", "int8-w8a8": "int8, weights and arithmetic", "mxfp4": "4-bit experts"}  # fmt: skip


def exam_services(lab: Lab) -> list[tuple[Service, ...]]:
    """The sets of the exam, the same on every lab."""
    return list(service_sets())


def service_title(lab: Lab) -> str:
    return service_of(lab).title


def service_traffic(lab: Lab) -> str:
    """What comes: requests a second, their lengths, what they share."""
    found = service_of(lab)
    prompts = f"prompts of {found.prompts[0]:,.0f} tokens in the mean"
    if found.turns > 1:
        prompts = f"conversations of {found.turns} turns, the first prompt {found.prompts[0]:,.0f} tokens in the mean, each turn {found.turn_tokens:,} more, beside all before"
    shared = ""
    if found.shared:
        beginnings = "one beginning" if found.ways == 1 else f"one of {found.ways} beginnings"
        shared = f", the first {found.shared:,} of them {beginnings} that all share"
    elif found.turns == 1:
        shared = ", nothing shared"
    burst = ", in heavy bursts" if found.burst > 1 else ""
    return f"{found.rate:g} requests a second{burst}; {prompts}{shared}; answers of {found.answers[0]:,.0f}"


def service_limits(lab: Lab) -> str:
    found = service_of(lab)
    return (
        f"first token within {Quantity(found.ttft_s, 's')}, mean gap of an answer at most {Quantity(found.tpot_s, 's')}"
    )


def service_passed(lab: Lab) -> str:
    """What passed its own quality test: formats of the cache, drafts."""
    found = service_of(lab)
    cache = "cache in 16 bits or fp8" if "fp8" in found.cache else "cache in 16 bits only"
    if found.drafts is None:
        return f"{cache}; no drafts"
    drafts = found.drafts
    return f"{cache}; drafts by {drafts.method}, acceptance {drafts.acceptance:g}, {Quantity(drafts.each_s, 's')} each"


def service_tests(lab: Lab) -> str:
    """Short tests of each checkpoint, one line each: reading, step, room."""
    found = service_of(lab)
    return "\n".join(short_tests(found, path, weights) for path, weights in found.checkpoints.items())


def short_tests(service: Service, path: str, weights: str) -> str:
    """The tests of one checkpoint, a line for each cache that passed."""
    lines = [f"{path} ({_BITS[weights]}): {_test(service, Settings(weights))}"]
    if is_hybrid(service):
        lines[0] += f", {idle(service, Settings(weights, caching=False)).fits} without prefix caching"
    if "fp8" in service.cache:
        lines.append(f"  with an fp8 cache: {_test(service, Settings(weights, 'fp8'))}")
    return "\n".join(lines)


def _test(service: Service, settings: Settings) -> str:
    tests = idle(service, settings)
    return (
        f"a mean prompt adds {Quantity(tests.read_s, 's')}; a step {Quantity(tests.first_s, 's')} "
        f"and {Quantity(tests.each_s, 's')} for each request; {tests.fits} fit"
    )


def service_line(lab: Lab) -> str:
    """The line of today."""
    return service_of(lab).line


def service_best_line(lab: Lab) -> str:
    found = service_of(lab)
    return line_of(found, best_of(found).settings)


def service_all_up(lab: Lab) -> str:
    """As if more of each setting were better."""
    found = service_of(lab)
    start = read_settings(found, found.line)
    most = Settings(
        found.formats[-1],
        found.cache[-1],
        MOST_SEATS,
        8 * MOST_SEATS,
        start.caching,
        MOST_DRAFTS if found.drafts else 0,
    )
    return line_of(found, most)


def service_small_budget(lab: Lab) -> str:
    """As if the smallest budget and few seats were the safe choice: today's line otherwise."""
    found = service_of(lab)
    return line_of(found, replace(read_settings(found, found.line), seats=8, tokens=512))


def service_today(lab: Lab) -> Quantity:
    """Goodput of today's line."""
    return Quantity(judged_run(service_of(lab), service_of(lab).line).goodput, "requests/s")


def service_best(lab: Lab) -> Quantity:
    """Goodput of the best line found."""
    found = service_of(lab)
    return Quantity(run(found, best_of(found).settings).goodput, "requests/s")


def service_best_ttft(lab: Lab) -> Quantity:
    found = service_of(lab)
    return Quantity(run(found, best_of(found).settings).ttft_p99_s, "s")


def service_by_card(lab: Lab) -> Quantity:
    """Goodput of the card's line."""
    found = service_of(lab)
    return Quantity(run(found, by_card(found)).goodput, "requests/s")


def service_card_line(lab: Lab) -> str:
    found = service_of(lab)
    return line_of(found, by_card(found))


def service_card_load(lab: Lab) -> Quantity:
    """Load of the card's line, by the card."""
    found = service_of(lab)
    return Quantity(forecast(found, by_card(found)).load, "", digits=2)


def service_decides(lab: Lab) -> str:
    """The settings that decide: the best line loses more than a tenth where one of them goes back to today's."""
    found = service_of(lab)
    names = [_WORDS[name] for name in deciding(found)]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


_WORDS = {"weights": "the checkpoint", "cache": "the cache's format", "caching": "prefix caching", "seats": "the seats", "tokens": "the budget", "drafts": "the drafts"}  # fmt: skip


def deciding(service: Service) -> list[str]:
    """The settings without which the best line, each put back to today's alone, loses more than a tenth."""
    best, today = best_of(service), read_settings(service, service.line)
    return [
        name
        for name in grid(service)
        if tried(service, replace(best.settings, **{name: getattr(today, name)})) < AS_GOOD * best.share
    ]


def exam_services_count(lab: Lab) -> int:
    return len(service_pool())


def _card_shares() -> list[float]:
    return [run(each, by_card(each)).share / best_of(each).share for each in all_services()[1:]]


def card_reaches(lab: Lab) -> Quantity:
    """What the card's line reaches of the best found, on the service of the exam that suits it least."""
    return Quantity(100 * min(_card_shares()), "%", digits=2)


def card_reaches_here(lab: Lab) -> Quantity:
    """What the card's line reaches of the best found, on this service."""
    found = service_of(lab)
    return Quantity(100 * run(found, by_card(found)).share / best_of(found).share, "%", digits=2)
