"""Workloads made to published statistics. Made, not copied: no trace is in here.

The means of prompt and answer are published (Azure 2023: conversation 1,155 / 211 and code 2,048 / 28 tokens; Mooncake:
conversation 12,035 / 343 and tool and agent traffic 8,596 / 182). The spreads, and how much of a prompt is shared with
earlier ones, are assumptions; they are all named below. `rag` has the 19:1 to 47:1 of the course's default lab.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from lessonlib.base.errors import LessonlibError
from lessonlib.serving.traffic.arrivals import Arrivals, Poisson
from lessonlib.serving.traffic.lengths import Lengths, LogNormal, ShareOfPrompt
from lessonlib.serving.traffic.workload import Sharing, Workload


@dataclass(frozen=True)
class Preset:
    """prompt_mean, output_mean: published means in tokens (0 where only the ratio is known). rate: requests/s."""

    prompt_mean: float
    output_mean: float
    rate: float
    first_prompt: Lengths
    output: Lengths | ShareOfPrompt
    sharing: Sharing
    source: str


def _session(
    mean: float, output: float, turns: int, new: int, system: int, prompts: int, spread: float
) -> tuple[Lengths, Sharing]:
    """First prompt and sharing of sessions whose prompts have the mean `mean` over all turns.

    Each turn adds an answer and `new` tokens, so the first prompt lies (turns - 1) / 2 such steps below the mean.
    """
    first = mean - (turns - 1) / 2.0 * (output + new)
    sharing = Sharing(system, prompts, turns=turns, turn_tokens=LogNormal(new, 1.0), think_s=20.0)
    return LogNormal(first, spread), sharing


def _preset(
    prompt: float, output: float, rate: float, first: tuple[Lengths, Sharing], spread: float, source: str
) -> Preset:
    return Preset(prompt, output, rate, first[0], LogNormal(output, spread), first[1], source)


PRESETS: Mapping[str, Preset] = {
    "conversation": _preset(
        1155,
        211,
        5.5,
        _session(1155, 211, 5, 120, 200, 1, 1.0),
        0.8,
        "means: Azure LLM inference trace 2023, conversation",
    ),
    "code": _preset(
        2048,
        28,
        5.5,
        (LogNormal(2048, 0.9), Sharing(256, 1, 1024, 200)),
        1.0,
        "means: Azure LLM inference trace 2023, code",
    ),
    "long-conversation": _preset(
        12_035, 343, 2.0, _session(12_035, 343, 6, 500, 500, 1, 1.0), 0.8, "means: Mooncake trace, conversation"
    ),
    "agent": _preset(
        8596, 182, 2.0, _session(8596, 182, 4, 1200, 4000, 4, 0.5), 1.0, "means: Mooncake trace, tool and agent"
    ),
    "rag": Preset(
        0,
        0,
        0.5,
        LogNormal(6000, 0.5, least=512),
        ShareOfPrompt(19.0, 47.0),
        Sharing(512, 1, 2048, 100),
        "prompt over answer 19:1 to 47:1, the default lab",
    ),
}


def preset_names() -> tuple[str, ...]:
    """Names that `preset` knows."""
    return tuple(PRESETS)


def preset(
    name: str, requests: int = 1000, arrivals: Arrivals | None = None, rate: float | None = None, seed: int = 0
) -> Workload:
    """The workload of that name; Poisson arrivals at `rate` requests/s, or at its own rate, unless `arrivals` says more.

    Raises LessonlibError for an unknown name. `rate` counts requests: where requests come in sessions of n turns, sessions start at rate / n.
    """
    if name not in PRESETS:
        raise LessonlibError(f"unknown preset {name!r}: there are {', '.join(PRESETS)}")
    recipe = PRESETS[name]
    law = arrivals or Poisson((rate if rate is not None else recipe.rate) / recipe.sharing.turns)
    return Workload(requests, recipe.first_prompt, recipe.output, law, recipe.sharing, seed=seed, name=name)


def without_arrivals(workload: Workload) -> Workload:
    """The same requests without times of their own, for a closed loop (single turns only)."""
    return replace(workload, arrivals=None, sharing=replace(workload.sharing, turns=1))
