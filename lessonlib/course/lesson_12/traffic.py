"""Many long prompts and short answers at once: one draw of requests, served with three budgets, and flat out.

The lab is the learner's own where a smaller budget makes whole answers sooner; elsewhere the default lab, and the words say why.
Seconds of a step are the engine's expected ones, computed and not measured. Prompts have no beginning in common.
"""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_12.reading import PROMPT, reading
from lessonlib.course.shared.seats import requests_with_room
from lessonlib.roofline import Lab, load_lab
from lessonlib.serving import LogNormal, Poisson, Result, Scheduler, Trace, Workload, simulate

SEED, REQUESTS = 3, 240
#: mean tokens, and standard deviation as a share of the mean
PROMPTS, ANSWERS = (PROMPT, 0.3), (234, 0.5)
#: arrivals as a share of what the server takes flat out, with the largest budget
LOAD = 0.6
LARGE, MIDDLE, SMALL = 8192, 2048, 512
#: seats: more than are needed, and no more than the smallest budget
_SEATS = 256
#: requests of this length that the cache must hold, or seats would be what counts
_ROOM = 20


def example_of(lab: Lab) -> Lab:
    """The lab of the question: a dense model, and a cache that is not short."""
    fits = not lab.system.model.is_mixture and requests_with_room(lab.system, PROMPT) >= _ROOM
    return lab if fits else load_lab()


def is_the_example(lab: Lab) -> bool:
    return example_of(lab) == lab


def example_title(lab: Lab) -> str:
    return example_of(lab).title


@lru_cache(maxsize=4)
def _requests(rate: float) -> Trace:
    drawn = Workload(REQUESTS, LogNormal(*PROMPTS), LogNormal(*ANSWERS), Poisson(1.0), seed=SEED)
    return Trace(tuple(one._replace(arrival_s=one.arrival_s / rate if rate else 0.0) for one in drawn), "documents")


@lru_cache(maxsize=64)
def flat_out(lab: Lab, budget: int) -> Result:
    """All requests are there from the start."""
    return simulate(lab.system, _requests(0.0), _scheduler(budget), record="summary")


def _scheduler(budget: int) -> Scheduler:
    return Scheduler(max_num_seqs=_SEATS, max_num_batched_tokens=budget, prefix_caching=False)


def documents_rate(lab: Lab) -> float:
    """Requests a second of the example, rounded."""
    return float(f"{LOAD * flat_out(example_of(lab), LARGE).requests_per_s:.2g}")


@lru_cache(maxsize=64)
def documents(lab: Lab, budget: int) -> Result:
    """The run with arrivals on this lab, at the rate of its example."""
    return simulate(lab.system, _requests(documents_rate(lab)), _scheduler(budget), record="summary")


def _example(lab: Lab, budget: int) -> Result:
    return documents(example_of(lab), budget)


def large_budget(lab: Lab) -> Quantity:
    return Quantity(LARGE, "tokens", digits=4)


def small_budget(lab: Lab) -> Quantity:
    return Quantity(SMALL, "tokens")


def pieces_with_large(lab: Lab) -> Quantity:
    """Steps in which one long prompt is read beside few answers."""
    return Quantity(reading(lab, LARGE).steps, "steps")


def pieces_with_small(lab: Lab) -> Quantity:
    return Quantity(reading(lab, SMALL).steps, "steps")


def documents_arrive(lab: Lab) -> Quantity:
    return Quantity(documents_rate(lab), "requests/s", digits=2)


def mean_document(lab: Lab) -> Quantity:
    return Quantity(PROMPTS[0], "tokens", digits=4)


def mean_document_answer(lab: Lab) -> Quantity:
    return Quantity(ANSWERS[0], "tokens")


def _p(lab: Lab, budget: int, name: str, percent: float) -> Quantity:
    return Quantity(_example(lab, budget).percentile(name, percent), "s")


def whole_answer_large(lab: Lab) -> Quantity:
    """Half of all have their whole answer by then."""
    return _p(lab, LARGE, "e2e_s", 50)


def whole_answer_small(lab: Lab) -> Quantity:
    return _p(lab, SMALL, "e2e_s", 50)


def whole_answer_sooner(lab: Lab) -> Quantity:
    """By how many per cent."""
    return Quantity(100 * (1 - float(whole_answer_small(lab)) / float(whole_answer_large(lab))), "%", digits=2)


def _of_documents(lab: Lab, budget: int) -> list[Quantity]:
    """Gap p50 and p99, first token p50 and p99, whole answer p50."""
    asked = (("itl_s", 50), ("itl_s", 99), ("ttft_s", 50), ("ttft_s", 99), ("e2e_s", 50))
    return [_p(lab, budget, name, percent) for name, percent in asked]


def documents_large(lab: Lab) -> list[Quantity]:
    """The run with the large budget."""
    return _of_documents(lab, LARGE)


def documents_middle(lab: Lab) -> list[Quantity]:
    return _of_documents(lab, MIDDLE)


def documents_small(lab: Lab) -> list[Quantity]:
    return _of_documents(lab, SMALL)


def middle_budget(lab: Lab) -> Quantity:
    return Quantity(MIDDLE, "tokens", digits=4)


def _flat(lab: Lab, budget: int) -> Quantity:
    return Quantity(flat_out(lab, budget).throughput_tokens_per_s, "tok/s")


def flat_out_large(lab: Lab) -> Quantity:
    """All answers together, flat out, on this lab."""
    return _flat(lab, LARGE)


def flat_out_middle(lab: Lab) -> Quantity:
    return _flat(lab, MIDDLE)


def flat_out_small(lab: Lab) -> Quantity:
    return _flat(lab, SMALL)


def smaller_is_sooner(lab: Lab) -> bool:
    """On the example: the whole answer at least a tenth sooner, the p99 gap a fifth or less."""
    gaps = [float(_p(lab, budget, "itl_s", 99)) for budget in (SMALL, LARGE)]
    return float(whole_answer_small(lab)) < 0.9 * float(whole_answer_large(lab)) and gaps[0] < 0.2 * gaps[1]
