"""One prompt that is read beside answers, step by step: vLLM's rule for who gets the tokens of a step, and the engine's seconds.

The answers take one token each. The prompt takes what is left of the budget, until it is read. Seconds are expected ones, computed
and not measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lessonlib.roofline import Lab
from lessonlib.serving.replica.step_time import StepCost

#: tokens of the prompt of most questions
PROMPT = 8192
#: tokens that each answer being written has behind it
BEHIND = 512
#: answers that are being written: a usual evening, and a full one
FEW_WRITERS, MANY_WRITERS = 64, 220
#: the smallest budget that is asked about, and the budgets of the curve
SMALLEST = 256
BUDGETS = (256, 512, 1024, 2048, 4096)


@dataclass(frozen=True)
class Reading:
    """How a prompt was read. step_s: seconds of each step that held a piece of it; plain_s: of a step with answers alone."""

    step_s: tuple[float, ...]
    plain_s: float

    @property
    def worst_gap_s(self) -> float:
        """The longest time between two tokens of the answers."""
        return max(self.step_s)

    @property
    def until_read_s(self) -> float:
        """From the first piece to the prompt's first token."""
        return sum(self.step_s)

    @property
    def steps(self) -> int:
        """How many held a piece."""
        return len(self.step_s)

    @property
    def lost_s(self) -> float:
        """By how much each answer is later in the end: it wrote a token in every step, only more slowly."""
        return self.until_read_s - self.steps * self.plain_s


@lru_cache(maxsize=64)
def cost(lab: Lab, basis: str = "expected") -> StepCost:
    """Seconds of a step of the lab."""
    return StepCost(lab.system, basis)


@lru_cache(maxsize=4096)
def reading(
    lab: Lab, budget: int, writers: int = FEW_WRITERS, prompt: int = PROMPT, prompts: int = 1, basis: str = "expected"
) -> Reading:
    """Prompts of one length that arrive together, first come first served, within a budget of tokens a step.

    Raises ValueError where the answers take the whole budget: then nothing is read before one of them ends.
    """
    if budget <= writers:
        raise ValueError(f"budget {budget}: {writers} answers leave no token for a prompt")
    step = cost(lab, basis)
    beside = [(1, BEHIND)] * writers
    left, seconds = [prompt] * prompts, []
    while any(left):
        room, pieces = budget - writers, []
        for place, missing in enumerate(left):
            piece = min(room, missing)
            if piece:
                pieces.append((piece, prompt - missing))
                left[place], room = missing - piece, room - piece
        seconds.append(step.mixed(beside + pieces))
    return Reading(tuple(seconds), step.mixed(beside) if beside else 0.0)
