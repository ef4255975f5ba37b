"""The fleets of the exam, each a lab with its traffic, its limits and the replicas that it may rent, and how they are dealt into sets.

They are made, not measured: no company runs them. What they do is computed at the speed that the course's engine expects, what they
cost by the list prices of data/prices.csv. The first of the file is the one that the page works out, the second that
of the first line; the others are the pool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_toml
from lessonlib.base.paths import data_dir
from lessonlib.course.shared.exam_sets import deal
from lessonlib.plan import price_of
from lessonlib.roofline import Lab, System, load_gpu, load_model

FILE = "data/exams/checkpoint-3.toml"
#: Fleets of a set.
SET = 3
_PLAIN = (
    "rate", "burst", "swing", "day_s", "shared", "ways", "turns", "turn_tokens", "think_s", "start_s", "ttft_s", "tpot_s", "line", "rival", "binds",
)  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """A replica that can be rented: so many GPUs of a kind."""

    gpu: str
    tp: int


@dataclass(frozen=True)
class Incident:
    """A bad day: what was wrong (`cause`), on which line, at which part of the usual requests a second."""

    cause: str
    line: str
    share: float


@dataclass(frozen=True)
class FleetLab(Lab):
    """A lab that serves with a fleet. offers: replicas that may be rented, for one precision. rate: requests a second in the mean; `burst`:
    spread of the gaps between them (1: Poisson); swing, day_s: a sine of so much of the mean, so long. prompts, answers: mean
    tokens and spread. shared: how many tokens of a prompt `ways` beginnings share; turns: requests of one conversation. start_s: until a
    new replica is ready. A request is good that keeps ttft_s and tpot_s. line: what runs today; rival: what a colleague
    proposes. binds: what decides.
    """

    offers: tuple[Offer, ...] = ()
    rate: float = 1.0
    burst: float = 1.0
    swing: float = 0.0
    day_s: float = 900.0
    prompts: tuple[float, float] = (1000.0, 0.5)
    answers: tuple[float, float] = (200.0, 0.5)
    shared: int = 0
    ways: int = 1
    turns: int = 1
    turn_tokens: int = 100
    think_s: float = 10.0
    start_s: float = 45.0
    ttft_s: float = 1.0
    tpot_s: float = 0.05
    line: str = ""
    rival: str = ""
    binds: str = ""
    incident: Incident | None = None

    def __hash__(self) -> int:
        return hash((self.name, self.rate, self.ttft_s, self.tpot_s))

    @property
    def peak(self) -> float:
        """Requests a second when most come."""
        return self.rate * (1 + self.swing)

    def replica(self, offer: Offer) -> System:
        """The model on one such replica. Raises LessonlibError where it cannot be split so."""
        here = self.system
        return System(here.model, load_gpu(offer.gpu), offer.tp, here.weights, here.kv)

    def price(self, offer: Offer) -> float:
        """Dollars an hour of one such replica."""
        return price_of(load_gpu(offer.gpu), {}).usd * offer.tp


@cache
def all_fleets() -> tuple[FleetLab, ...]:
    """Every fleet of the file. Raises LessonlibError where one lacks something."""
    return tuple(_fleet(keys) for keys in read_toml(data_dir() / "exams" / "checkpoint-3.toml", FILE)["fleet"])


def worked_fleet() -> FleetLab:
    """The fleet of the page itself, which no set has."""
    return all_fleets()[0]


def practice_fleet() -> FleetLab:
    """The same service with other traffic and limits: the learner's first line, unsealed. No set has it."""
    return all_fleets()[1]


def fleet_of(lab: Lab) -> FleetLab:
    """The fleet that a lab is; for any other lab the one of the learner's first line."""
    return lab if isinstance(lab, FleetLab) else practice_fleet()


@cache
def fleet_pool() -> tuple[FleetLab, ...]:
    """The fleets of the exam, in the order in which they are dealt: that of a hash of what they are."""
    return tuple(sorted(all_fleets()[2:], key=_order))


@cache
def fleet_sets() -> tuple[tuple[FleetLab, ...], ...]:
    """The sets of three: no model twice in a set, nothing that decides twice, and one incident in each, as far as that goes."""
    return deal(
        sorted(fleet_pool(), key=lambda one: one.incident is None), SET, _alike
    )  # one with an incident for each set first


def questions_of(dealt: Sequence[FleetLab]) -> tuple[FleetLab, ...]:
    """The fleet of each question of the exam: a line for each, then the incident in one, then the rival of another one."""
    ill = next((each for each in dealt if each.incident), dealt[0])
    other = next(each for each in reversed(dealt) if each is not ill)
    return (*dealt, ill, other)


def _alike(one: FleetLab, other: FleetLab) -> bool:
    both_ill = one.incident is not None and other.incident is not None
    return one.system.model.name == other.system.model.name or one.binds == other.binds or both_ill


def _order(each: FleetLab) -> str:
    return sha256(f"{each.system.model.name} {each.offers} {each.rate}".encode()).hexdigest()


def _fleet(keys: Mapping[str, Any]) -> FleetLab:
    try:
        offers = tuple(Offer(gpu, tp) for gpu, tp in keys["offers"])
        first = offers[0]
        system = System(
            load_model(keys["model"]), load_gpu(first.gpu), first.tp, keys["weights"], keys.get("kv", "bf16")
        )
        ill = keys.get("incident")
        return FleetLab(
            name=keys["name"],
            title=keys["title"],
            system=system,
            prompt=int(keys["prompts"][0]),
            context=int(keys["prompts"][0]),
            gpus_in_lab=system.gpus,
            offers=offers,
            prompts=tuple(keys["prompts"]),
            answers=tuple(keys["answers"]),
            incident=Incident(ill["cause"], ill["line"], ill["share"]) if ill else None,
            **{key: keys[key] for key in _PLAIN if key in keys},
        )
    except KeyError as error:
        raise LessonlibError(f"{FILE}: {keys.get('name')}: {error} is missing") from None
