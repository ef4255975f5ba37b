"""What became of one set-up of the grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lessonlib.plan.grid import SetUp
from lessonlib.plan.judge import Outcome


@dataclass(frozen=True)
class Found:
    """What became of one set-up. outcome: with the fewest replicas that hold, or the closest; None where ceilings dropped it.
    usd: an hour, of what holds. why: the kind of reason for which it lost (empty: it holds), detail: with its numbers. wavers:
    one replica more does not hold. slow_end: share of requests that keep the limits where every step takes as long as the slow
    end of the engine's band says (only of what is told first). judged: by the simulator; tries: runs that this took, beside those
    that it shares with others. at: its place in the grid.
    """

    at: int
    set_up: SetUp
    outcome: Outcome | None = None
    usd: float = math.nan
    why: str = ""
    detail: str = ""
    judged: bool = False
    tries: int = 0
    wavers: bool = False
    slow_end: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it holds, for a price that is told."""
        return not self.why
