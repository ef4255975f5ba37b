"""The incident: one tenant begins to send documents, and everybody's answers stutter; and the same minutes with a smaller budget.

Chat with short prompts, and from a moment on a document every so often. The budget is the one that holds where nobody sets it.
"""

from __future__ import annotations

import math
from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_12.reading import cost
from lessonlib.course.shared.run_monitor import monitor_of
from lessonlib.draw.monitor import Monitor
from lessonlib.roofline import Lab
from lessonlib.serving import LogNormal, Poisson, Request, Result, Scheduler, Trace, Workload, simulate
from lessonlib.serving.replica.defaults import batch_defaults

#: the mend: so much less than the default
SMALLER = 4
#: tokens of a document, and of its answer
DOCUMENT, SUMMARY = 32768, 60
#: chat: tokens of prompt and answer, and how many answers are written at a time, about
CHAT_PROMPT, CHAT_ANSWER, WRITTEN = 300, 200, 10
#: share of the time that reading documents takes
READING = 0.35
#: seconds between scrapes, scrapes that are drawn, and after how many the documents begin
EVERY_S, SCRAPES, QUIET = 10.0, 18, 6


def _usual(lab: Lab) -> int:
    """Tokens of a step where nobody sets them."""
    return batch_defaults(lab.system.gpu)[1]


def _mended(lab: Lab) -> int:
    return _usual(lab) // SMALLER


def _between_documents_s(lab: Lab) -> float:
    return float(f"{cost(lab).mixed([(DOCUMENT, 0)]) / READING:.2g}")


@lru_cache(maxsize=8)
def _requests(lab: Lab) -> Trace:
    lasts, begin = EVERY_S * SCRAPES, EVERY_S * QUIET
    step = cost(lab).mixed([(1, CHAT_PROMPT + CHAT_ANSWER)] * WRITTEN)
    rate = WRITTEN / (CHAT_ANSWER * step)
    lengths = LogNormal(CHAT_PROMPT, 0.5), LogNormal(CHAT_ANSWER, 0.5)
    chat = [one for one in Workload(int(rate * lasts) + 1, *lengths, Poisson(rate), seed=4) if one.arrival_s < lasts]
    every = _between_documents_s(lab)
    sent = [Request(begin + turn * every, DOCUMENT, SUMMARY) for turn in range(int((lasts - begin) / every) + 1)]
    return Trace(tuple(sorted(chat + sent, key=lambda one: one.arrival_s)), "chat and documents")


@lru_cache(maxsize=16)
def stuttering(lab: Lab, budget: int) -> Result:
    """The minutes with so many tokens a step."""
    scheduler = Scheduler(max_num_seqs=256, max_num_batched_tokens=budget, prefix_caching=False)
    return simulate(lab.system, _requests(lab), scheduler)


_CHARTS = ("running", "waiting", "kv_usage", "ttft_p50", "itl_mean", "itl_p99", "generation_tokens", "gpu_busy")


@lru_cache(maxsize=16)
def _monitor(lab: Lab, mended: bool) -> Monitor:
    return monitor_of(
        stuttering(lab, _usual(lab)),
        charts=("running", "itl_mean", "itl_p99", "ttft_p99", "generation_tokens") if mended else _CHARTS,
        from_s=0.0,
        until_s=EVERY_S * SCRAPES,
        window_s=EVERY_S,
        begins="14:00",
        mend=stuttering(lab, _mended(lab)) if mended else None,
        log=not mended,
        alerts=() if mended else ("Users report slow answers (3 tickets)",),
    )


def stutter_monitor(lab: Lab) -> Monitor:
    """As the server with the usual budget meets them."""
    return _monitor(lab, False)


def mended_stutter_monitor(lab: Lab) -> Monitor:
    """The same requests with the smaller budget beside it."""
    return _monitor(lab, True)


def mended_budget(lab: Lab) -> Quantity:
    return Quantity(_mended(lab), "tokens", digits=4)


def sent_document(lab: Lab) -> Quantity:
    return Quantity(DOCUMENT, "tokens", digits=5)


def document_every(lab: Lab) -> Quantity:
    return Quantity(_between_documents_s(lab), "s", digits=2)


def _longest_gap(lab: Lab, budget: int) -> Quantity:
    runs = stuttering(lab, budget).step_columns()
    beside = (runs["decoding"] > 0) & (runs["prefill_tokens"] > 0)
    return Quantity(float(runs["seconds"][beside].max()), "s")


def stutter_longest(lab: Lab) -> Quantity:
    """The longest step that held both answers and a piece of a prompt."""
    return _longest_gap(lab, _usual(lab))


def mended_longest(lab: Lab) -> Quantity:
    return _longest_gap(lab, _mended(lab))


def _chart_p99(lab: Lab, mended: bool) -> float:
    """The highest p99 that the chart of the gap shows, seconds."""
    chart = mended_stutter_monitor(lab).chart("Time between tokens, p99")
    return max(value for value in (chart.compare if mended else chart.values) if value is not None)


def mended_p99(lab: Lab) -> Quantity:
    """With the smaller budget, as the chart has it: a straight line within a bucket."""
    return Quantity(_chart_p99(lab, True), "s")


def chart_reads_high(lab: Lab) -> bool:
    """Whether that is above the longest step that there was."""
    return _chart_p99(lab, True) > 1.02 * float(mended_longest(lab))


def _document_wait(lab: Lab, budget: int) -> Quantity:
    rows = stuttering(lab, budget).requests
    return Quantity(float(rows["ttft_s"][rows["prompt"] == DOCUMENT].mean()), "s")


def document_wait_before(lab: Lab) -> Quantity:
    """Mean time to first token of the documents."""
    return _document_wait(lab, _usual(lab))


def document_wait_after(lab: Lab) -> Quantity:
    return _document_wait(lab, _mended(lab))


def document_wait_in_proportion(lab: Lab) -> Quantity:
    """As if a quarter of the budget made it four times as long."""
    return Quantity(SMALLER * float(document_wait_before(lab)), "s")


def document_wait_of_first_piece(lab: Lab) -> Quantity:
    """As if it shrank with the pieces."""
    return Quantity(float(document_wait_before(lab)) / SMALLER, "s")


def document_pieces(lab: Lab) -> Quantity:
    """Steps that read one document beside the chat's answers, with the smaller budget."""
    return Quantity(math.ceil(DOCUMENT / (_mended(lab) - WRITTEN)), "steps")


def mean_document_step(lab: Lab) -> Quantity:
    """The wait over those steps: a little of it is spent waiting for a step that had begun."""
    return Quantity(float(document_wait_after(lab)) / float(document_pieces(lab)), "s")


def documents_hardly_pay(lab: Lab) -> bool:
    """Whether their first token comes later by a twentieth at most."""
    return float(document_wait_after(lab)) < 1.05 * float(document_wait_before(lab))


def stutter_cache(lab: Lab) -> Quantity:
    """The most of the KV cache that was ever in use."""
    return Quantity(100 * stuttering(lab, _usual(lab)).kv_peak, "%", digits=2)


def budget_ends_it(lab: Lab) -> bool:
    """The longest gap falls to a third, with cache to spare and nothing else changed; the documents pay a quarter at most, and only on a
    mixture of experts more than a twentieth.
    """
    paid = float(document_wait_after(lab)) / float(document_wait_before(lab))
    if not (0.9 < paid < 1.25 and (lab.system.model.is_mixture or documents_hardly_pay(lab))):
        return False
    return float(mended_longest(lab)) < float(stutter_longest(lab)) / 3 and float(stutter_cache(lab)) < 90
