"""Lesson 10's explorer: users on one replica, inside and outside, each setting run through the simulator."""

from __future__ import annotations

from functools import lru_cache

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_10.crowd import SEED, Crowd, observed
from lessonlib.draw.explored import Bar, Explored, Part, Value
from lessonlib.roofline import Lab, System, gpu_names, load_gpu, weight_bytes
from lessonlib.serving import LogNormal, Scheduler, Workload, simulate
from lessonlib.serving.replica.pages import Pages, pages

#: cards to try beside the lab's own
CARDS = ("h100-sxm", "h200-sxm", "b200", "a100-80gb-sxm")
PRECISIONS = (("bf16", "16 bits"), ("fp8", "8 bits"))
USER_STOPS = (8, 16, 32, 64, 96, 128, 192, 256)
PROMPT_STOPS, ANSWER_STOPS = (256, 1_024, 4_096, 8_192), (128, 256, 512, 1_024)
#: standard deviation of lengths as a share of their mean, and requests that each user sends
SPREAD, TURNS = 0.4, 2


def crowd_user_stops(lab: Lab) -> list[int]:
    """Users at once."""
    return list(USER_STOPS)


def crowd_prompt_stops(lab: Lab) -> list[int]:
    """Mean tokens of a prompt."""
    return list(PROMPT_STOPS)


def crowd_answer_stops(lab: Lab) -> list[int]:
    """Mean tokens of an answer."""
    return list(ANSWER_STOPS)


def crowd_precisions(lab: Lab) -> list[dict[str, str]]:
    """What a number in the cache may be kept in."""
    return [{"value": name, "label": label} for name, label in PRECISIONS]


def crowd_precision_start(lab: Lab) -> str:
    return lab.system.kv if lab.system.kv in dict(PRECISIONS) else PRECISIONS[0][0]


def crowd_cards(lab: Lab) -> list[dict[str, str]]:
    """GPUs by name, the lab's own first."""
    own = lab.system.gpu
    others = [load_gpu(name) for name in CARDS if name != own.name and name in gpu_names()]
    return [{"value": card.name, "label": card.title} for card in (own, *others)]


def crowd_card_start(lab: Lab) -> str:
    return lab.system.gpu.name


def _system(lab: Lab, kv: str, gpu: str) -> System:
    here = lab.system
    card = here.gpu if gpu == here.gpu.name else load_gpu(gpu)
    return System(here.model, card, tp=here.tp, weights=here.weights, kv=kv, head=here.head)


@lru_cache(maxsize=256)
def _served(system: System, users: int, prompt: int, answer: int) -> tuple[Crowd, float]:
    """What the users saw, and the highest share of the cache in use."""
    longest = system.model.max_context or 1_000_000
    lengths = LogNormal(prompt, SPREAD, 1, longest - 8 * answer), LogNormal(answer, SPREAD, 2, 8 * answer)
    result = simulate(system, Workload(TURNS * users, *lengths, None, seed=SEED), Scheduler(), concurrency=users)
    return observed(result, users), result.kv_peak


def explore_crowd(lab: Lab, *, users: int, prompt: int, answer: int, kv: str, gpu: str) -> Explored:
    """How many of so many users are inside, what the memory holds, and what the first token takes."""
    system = _system(lab, kv, gpu)
    memory = Scheduler().memory_share * system.gpu.memory_bytes * system.gpus
    weights = weight_bytes(system)
    try:
        cut = pages(system, Scheduler())
        seen, peak = _served(system, users, prompt, answer)
    except LessonlibError:
        return _no_room(system, weights, memory)
    seats = cut.total / _held(cut, prompt, answer)
    inside = min(users, seen.running)
    first = Quantity(seen.first_s, "s")
    return Explored(
        finding=f"About {Quantity(seats, 'requests')} find room; of {users} users {Quantity(inside, '', 3)} are written at once, "
        f"and half of them wait {first} or less for the first token, at {Quantity(seen.tokens_per_s, 'tok/s')} in all.",
        values=[
            Value("seats", "Room for", Quantity(seats, "requests"), "pages over pages a request"),
            Value("running", "Written at once", Quantity(inside, "requests"), "simulated mean"),
            Value("first", "First token, p50", first, "expected"),
            Value("gap", "Gap, p50", Quantity(seen.gap_s, "s"), "expected"),
            Value("rate", "All answers together", Quantity(seen.tokens_per_s, "tok/s"), "expected"),
            Value("preempted", "Preemptions", Quantity(100 * seen.preemptions, "in 100 requests", 2)),
        ],
        bars=[
            Bar(
                "users",
                [Part("written", 100 * inside / users, "main"), Part("not yet", 100 - 100 * inside / users, "free")],
            ),
            Bar(
                "memory",
                [
                    Part("weights", 100 * weights / memory, "weights"),
                    Part("requests, at most", 100 * peak * (1 - weights / memory), "kv"),
                    Part("free", 100 * (1 - peak) * (1 - weights / memory), "free"),
                ],
            ),
        ],
        unit="%",
    )


def _held(cut: Pages, prompt: int, answer: int) -> float:
    """Pages that a request of these lengths holds on average."""
    return cut.fixed + sum(-(-(prompt + token) // cut.tokens) for token in range(1, answer + 1)) / answer


def _no_room(system: System, weights: float, memory: float) -> Explored:
    return Explored(
        finding=f"The weights take {Quantity(weights, 'B')} of the {Quantity(memory, 'B')} that an engine hands out here: no room for such a request.",
        values=[Value("seats", "Room for", Quantity(0, "requests"), "✕ does not fit")],
        bars=[Bar("memory", [Part("weights", 100 * weights / memory, "weights")], "✕ no room", 100.0, "handed out")],
        unit="%",
    )
