"""The services of the exam, each a lab with its traffic, its limits and the line it runs with today, and how they are dealt into sets.

They are made, not measured: no company runs them. What a server does with them is computed at the speed that the course's
engine expects. The first of the file is the one that the page works out; the others are the pool.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_toml
from lessonlib.base.paths import data_dir
from lessonlib.course.shared.exam_sets import deal
from lessonlib.roofline import Lab, System, load_gpu, load_model

FILE = "data/exams/checkpoint-2.toml"
#: Services of a set, and so questions of the exam.
SET = 3


@dataclass(frozen=True)
class Drafts:
    """What can be drafted: by which method, how often a draft is accepted if all before it were, and what one costs a step."""

    method: str
    acceptance: float
    each_s: float


@dataclass(frozen=True)
class Service(Lab):
    """A lab that serves. checkpoints: path -> format of the weights, the one that runs today first; cache: formats that passed the
    service's own test. rate: requests a second, `burst`: spread of the gaps between them (1: Poisson). prompts, answers:
    mean tokens and spread. shared: how many tokens of a prompt `ways` beginnings share; turns: requests of one conversation.
    ttft_s, tpot_s: a request is good that keeps both. binds: the setting that decides.
    """

    checkpoints: Mapping[str, str] = field(default_factory=dict)
    cache: tuple[str, ...] = ("auto",)
    drafts: Drafts | None = None
    line: str = ""
    about: str = ""
    rate: float = 1.0
    burst: float = 1.0
    prompts: tuple[float, float] = (1000.0, 0.5)
    answers: tuple[float, float] = (200.0, 0.5)
    shared: int = 0
    ways: int = 1
    turns: int = 1
    turn_tokens: int = 100
    think_s: float = 10.0
    ttft_s: float = 1.0
    tpot_s: float = 0.05
    binds: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "checkpoints", MappingProxyType(dict(self.checkpoints)))

    def __hash__(self) -> int:
        return hash((self.name, self.line))

    @property
    def formats(self) -> tuple[str, ...]:
        """Formats of the weights of its checkpoints, that of today first."""
        return tuple(self.checkpoints.values())


@cache
def all_services() -> tuple[Service, ...]:
    """Every service of the file. Raises LessonlibError where it lacks something."""
    return tuple(_service(keys) for keys in read_toml(data_dir() / "exams" / "checkpoint-2.toml", FILE)["service"])


def worked_service() -> Service:
    """The service of the page itself, which no set has."""
    return all_services()[0]


def service_of(lab: Lab) -> Service:
    """The service that a lab is; for any other lab the one of the page."""
    return lab if isinstance(lab, Service) else worked_service()


@cache
def service_pool() -> tuple[Service, ...]:
    """The services of the exam, in the order in which they are dealt: that of a hash of what they are."""
    return tuple(sorted(all_services()[1:], key=_order))


@cache
def service_sets() -> tuple[tuple[Service, ...], ...]:
    """The sets of three. No model twice in a set, and no setting that decides twice, as far as that goes."""
    return deal(service_pool(), SET, _alike)


def _alike(one: Service, other: Service) -> bool:
    return one.system.model.name == other.system.model.name or one.binds == other.binds


def _order(each: Service) -> str:
    return sha256(
        f"{each.system.model.name} {each.system.gpu.name} {each.system.gpus} {each.rate}".encode()
    ).hexdigest()


def _service(keys: Mapping[str, Any]) -> Service:
    try:
        formats = keys["checkpoints"]
        system = System(
            load_model(keys["model"]), load_gpu(keys["gpu"]), keys["tp"], next(iter(formats.values())), "bf16"
        )
        drafts = keys.get("drafts")
        plain = (
            "line",
            "about",
            "rate",
            "burst",
            "shared",
            "ways",
            "turns",
            "turn_tokens",
            "think_s",
            "ttft_s",
            "tpot_s",
            "binds",
        )
        return Service(
            name=keys["name"],
            title=keys["title"],
            system=system,
            prompt=int(keys["prompts"][0]),
            context=int(keys["prompts"][0]),
            gpus_in_lab=system.gpus,
            checkpoints=formats,
            cache=tuple(keys["cache"]),
            prompts=tuple(keys["prompts"]),
            answers=tuple(keys["answers"]),
            drafts=Drafts(drafts["method"], drafts["acceptance"], drafts["each_ms"] / 1e3) if drafts else None,
            **{key: keys[key] for key in plain if key in keys},
        )
    except KeyError as error:
        raise LessonlibError(f"{FILE}: {keys.get('name')}: {error} is missing") from None


def running(service: Service, weights: str, cache: str) -> System:
    """Its system with these formats."""
    return replace(service.system, weights=weights, kv="bf16" if cache == "auto" else "fp8")
