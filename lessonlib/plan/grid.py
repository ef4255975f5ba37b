"""The set-ups that are tried: model and precision, GPU, layout, seats, token budget, one pool or two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from lessonlib.base.errors import LessonlibError, listed
from lessonlib.plan.question import Choice
from lessonlib.roofline import GPU, System
from lessonlib.serving import Disaggregation, Fleet, Scheduler
from lessonlib.serving.replica.defaults import batch_limits

#: Replicas: of one pool (n, 0), or of the pools for prompts and for answers (n, m).
Size = tuple[int, int]
TP = (1, 2, 4, 8)
#: None: what vLLM's server takes on that GPU.
SEATS: tuple[int | None, ...] = (None, 32, 128)
TOKENS: tuple[int | None, ...] = (None, 2048)
POOLS = ("one", "two", "both")


@dataclass(frozen=True)
class SetUp:
    """All but the number of replicas. system: of a replica; with two pools of the one for prompts, and `decode` of the one for
    answers. seats: requests that run at once in a replica, tokens: most of a step, both of each rank of the attention, as vLLM's
    flags are; None for vLLM's own.
    """

    system: System
    seats: int | None = None
    tokens: int | None = None
    decode: System | None = None

    @property
    def systems(self) -> tuple[System, ...]:
        """System of each pool."""
        return (self.system,) if self.decode is None else (self.system, self.decode)

    @property
    def two_pools(self) -> bool:
        """Whether prompts and answers have replicas of their own."""
        return self.decode is not None

    def scheduler(self, system: System) -> Scheduler:
        """Settings of a replica of one of its systems."""
        seats, tokens = (value and value * system.dp for value in (self.seats, self.tokens))
        return Scheduler(max_num_seqs=seats, max_num_batched_tokens=tokens)

    def limits(self, system: System) -> tuple[int, int]:
        """Seats and tokens of a step of a replica of one of its systems, over all its ranks."""
        return batch_limits(system, *(value and value * system.dp for value in (self.seats, self.tokens)))

    def gpus(self, size: Size) -> int:
        """GPUs of so many replicas."""
        return sum(count * system.gpus for count, system in zip(size, self.systems, strict=False))

    def fleet(self, size: Size, router: str, slowdown: float = 1.0) -> Fleet:
        """The fleet of so many replicas. slowdown: a factor on every step."""
        total = sum(size) if self.two_pools else size[0]
        slow = dict.fromkeys(range(total), slowdown) if slowdown != 1.0 else {}
        if self.decode is None:
            return Fleet(total, router, slow=slow)
        pools = Disaggregation(
            *size,
            prefill_system=self.system,
            decode_system=self.decode,
            prefill_scheduler=self.scheduler(self.system),
            decode_scheduler=self.scheduler(self.decode),
        )
        return Fleet(1, router, slow=slow, disaggregation=pools)


def layouts(gpu: GPU, choice: Choice, tp: Sequence[int]) -> Iterator[dict[str, int]]:
    """How a replica may be spread over GPUs of one node: tensor parallelism; for mixtures also attention copied and experts spread."""
    for ways in tp:
        if ways > gpu.gpus_per_node:
            continue
        yield {"tp": ways}
        if choice.model.is_mixture and ways > 1:
            yield {"tp": 1, "dp": ways, "ep": ways}


def systems(gpu: GPU, choice: Choice, weights: str, kv: str, tp: Sequence[int]) -> list[System]:
    """The systems of one model, precision and GPU; layouts that do not divide the model are left out."""
    found = []
    for layout in layouts(gpu, choice, tp):
        try:
            found.append(System(model=choice.model, gpu=gpu, weights=weights, kv=kv, head=choice.head, **layout))  # type: ignore[arg-type]
        except LessonlibError as error:
            if not str(error).startswith(("tp:", "ep:")):
                raise
    return found


def set_ups(
    choices: Sequence[Choice],
    gpus: Sequence[GPU],
    tp: Sequence[int] = TP,
    seats: Sequence[int | None] = SEATS,
    tokens: Sequence[int | None] = TOKENS,
    pools: str = "both",
) -> tuple[SetUp, ...]:
    """All set-ups, each once: where vLLM's own limit is one of those given, it stands once, and a step that is smaller than the
    seats is left out. With two pools both are of one GPU and one precision, with a layout each. Raises LessonlibError where
    nothing is left.
    """
    if pools not in POOLS:
        raise LessonlibError(f"pools: expected {listed(POOLS)}, not {pools!r}")
    found: list[SetUp] = []
    for choice, gpu in product(choices, gpus):
        for weights, kv in product(choice.weights, choice.kv):
            known = systems(gpu, choice, weights, kv, tp)
            pairs: list[tuple[System, System | None]] = []
            if pools != "two":
                pairs += [(system, None) for system in known]
            if pools != "one":
                pairs += list(product(known, known))
            for system, decode in pairs:
                found += _settings(SetUp(system, decode=decode), seats, tokens)
    if not found:
        raise LessonlibError("no set-up is left: no tp of those given divides the heads of the model within one node")
    return tuple(found)


def _settings(base: SetUp, seats: Sequence[int | None], tokens: Sequence[int | None]) -> list[SetUp]:
    """The set-up with each pair of limits, as those of a rank times its ranks."""
    found: dict[tuple[tuple[int, int], ...], SetUp] = {}
    for most, budget in product(seats, tokens):
        one = replace(base, seats=most, tokens=budget)
        try:
            limits = tuple(map(one.limits, one.systems))
        except LessonlibError:
            continue
        if all(limit >= held for held, limit in limits):
            found.setdefault(limits, one)
    return list(found.values())
