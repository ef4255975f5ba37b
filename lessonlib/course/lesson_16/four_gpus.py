"""Four GPUs: two replicas of two each, or one replica of all four, under the same requests. Simulated; nothing is measured."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_16.pair import model_in_bits, on_gpus, pair_is_own, pair_lab, prompt_seconds
from lessonlib.course.shared.lab_numbers import is_mixture
from lessonlib.roofline import Lab, System, load_lab
from lessonlib.serving import Fleet, LogNormal, Poisson, Result, Scheduler, Workload, simulate

#: mean tokens of a prompt and of an answer, requests of a run
READ, WRITTEN, REQUESTS = 4096, 128, 300
#: requests a second, as shares of what two replicas could read if they did nothing else
_SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)


@lru_cache(maxsize=64)
def quad_lab(lab: Lab) -> Lab:
    """The lab of the pair if its model is dense and NVLink joins four of its GPUs, else the default one."""
    taken = pair_lab(lab)
    return taken if not is_mixture(taken) and taken.system.gpu.gpus_per_node >= 4 else load_lab()


def quad_is_own(lab: Lab) -> bool:
    return pair_is_own(lab) and quad_lab(lab).name == lab.name


def quad_example(lab: Lab) -> str:
    """Such as "Qwen3.5-27B on four H100 SXM"."""
    taken = quad_lab(lab)
    return f"{model_in_bits(taken)} on four {taken.system.gpu.title}"


def _on(lab: Lab, count: int) -> System:
    return on_gpus(quad_lab(lab), count)


@lru_cache(maxsize=64)
def _rates(lab: Lab) -> tuple[float, ...]:
    most = 2 / prompt_seconds(_on(lab, 2), READ)
    return tuple(float(f"{share * most:.2g}") for share in _SHARES)


@lru_cache(maxsize=128)
def _run(lab: Lab, rate: float, replicas: int, requests: int = REQUESTS) -> Result:
    work = Workload(requests, LogNormal(READ, 0.3), LogNormal(WRITTEN, 0.5), Poisson(rate), seed=3)
    fleet = Fleet(replicas, "least-requests")
    return simulate(_on(lab, 4 // replicas), work, Scheduler(prefix_caching=False), fleet, record="summary")


def first_token(lab: Lab, rate: float, replicas: int) -> float:
    """Median time to first token, seconds."""
    return float(_run(quad_lab(lab), rate, replicas).percentile("ttft_s", 50))


def _curve(lab: Lab, values: list[float]) -> dict[str, list[float]]:
    return {"x": list(_rates(quad_lab(lab))), "y": values}


def _by_rate(lab: Lab, replicas: int) -> list[float]:
    return [first_token(lab, rate, replicas) for rate in _rates(quad_lab(lab))]


def first_of_one(lab: Lab) -> dict[str, list[float]]:
    """One replica of four."""
    return _curve(lab, _by_rate(lab, 1))


def first_as_of_two(lab: Lab) -> dict[str, list[float]]:
    """Wrong: the same four GPUs, so the same wait."""
    return _curve(lab, _by_rate(lab, 2))


def first_always_sooner(lab: Lab) -> dict[str, list[float]]:
    """Wrong: sooner by what it is sooner at the lowest rate, at any rate."""
    lead = _by_rate(lab, 1)[0] / _by_rate(lab, 2)[0]
    return _curve(lab, [lead * wait for wait in _by_rate(lab, 2)])


def rates_of_four(lab: Lab) -> list[Quantity]:
    """Requests a second that are compared."""
    return [Quantity(rate, "req/s", digits=2) for rate in _rates(quad_lab(lab))]


def waits_of_two(lab: Lab) -> list[Quantity]:
    return [Quantity(wait, "s", digits=2) for wait in _by_rate(lab, 2)]


def waits_of_one(lab: Lab) -> list[Quantity]:
    return [Quantity(wait, "s", digits=2) for wait in _by_rate(lab, 1)]


def prompt_on_two(lab: Lab) -> Quantity:
    """Reading one prompt on two GPUs."""
    return Quantity(prompt_seconds(_on(lab, 2), READ), "s")


def prompt_on_four(lab: Lab) -> Quantity:
    """Reading it on four."""
    return Quantity(prompt_seconds(_on(lab, 4), READ), "s")


def busy_prompt_of_two(lab: Lab) -> Quantity:
    """Seconds a prompt where two replicas read two at a time."""
    return Quantity(prompt_on_two(lab).printed / 2, "s")


def four_read(lab: Lab) -> Quantity:
    """Prompts of that length and a mean answer that fit into a second of one replica, reading alone."""
    return Quantity(1 / prompt_on_four(lab).printed, "prompts a second")


def two_read(lab: Lab) -> Quantity:
    return Quantity(2 / prompt_on_two(lab).printed, "prompts a second")


def asked_tokens(lab: Lab) -> Quantity:
    return Quantity(READ, "tokens", digits=4)


def requests_of_four(lab: Lab) -> Quantity:
    """Requests of a run."""
    return Quantity(REQUESTS, "requests")


def answered_tokens(lab: Lab) -> Quantity:
    return Quantity(WRITTEN, "tokens")


def lines_cross(lab: Lab) -> bool:
    """One replica is clearly sooner at the lowest rate, later from the fourth on, clearly at the last; it reads fewer prompts a second."""
    one, two = _by_rate(lab, 1), _by_rate(lab, 2)
    return (
        one[0] < 0.87 * two[0]
        and one[1] < two[1]
        and one[3] > 1.02 * two[3]
        and one[-1] > 1.8 * two[-1]
        and float(four_read(lab)) < 0.95 * float(two_read(lab))
    )


def one_queue_grows(lab: Lab) -> bool:
    """At the highest rate one replica has more than it reads; with twice as many requests its median grows much more than that of two."""
    taken = quad_lab(lab)
    rate = _rates(taken)[-1]
    longer = [
        float(_run(taken, rate, replicas, 2 * REQUESTS).percentile("ttft_s", 50)) / first_token(taken, rate, replicas)
        for replicas in (1, 2)
    ]
    return rate > float(four_read(lab)) and longer[0] > 1.4 and longer[1] < 1.3
