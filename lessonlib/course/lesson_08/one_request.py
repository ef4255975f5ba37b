"""One request of the run, picked to be drawn: its wait, its prefill and its answer are as long as any are beside each other."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_08.service_run import STALL_AT_S, service_run
from lessonlib.roofline import Lab

#: shares of the whole that can be seen well: the wait for a place in a step, and prefill
_SEEN = (0.1, 0.2)


@lru_cache(maxsize=32)
def _shown(lab: Lab) -> dict[str, float]:
    """Columns of a user's request that came, and went, before the stall."""
    rows = service_run(lab).result.requests
    early = ~service_run(lab).test & (rows["finished_s"] < STALL_AT_S) & (rows["output"] > 8)

    def unlike(place: int) -> float:
        whole = rows["e2e_s"][place]
        parts = (
            rows["started_s"][place] - rows["arrival_s"][place],
            rows["first_token_s"][place] - rows["started_s"][place],
        )
        return sum(abs(math.log(max(part / whole, 1e-3) / wanted)) for part, wanted in zip(parts, _SEEN, strict=True))

    place = min(np.flatnonzero(early).tolist(), key=unlike)
    return {name: float(column[place]) for name, column in rows.items()}


def shown_wait(lab: Lab) -> Quantity:
    """From its arrival until a step takes it in."""
    return Quantity(_shown(lab)["started_s"] - _shown(lab)["arrival_s"], "s")


def shown_prefill(lab: Lab) -> Quantity:
    return Quantity(_shown(lab)["first_token_s"] - _shown(lab)["started_s"], "s")


def shown_first(lab: Lab) -> Quantity:
    return Quantity(_shown(lab)["ttft_s"], "s")


def shown_end(lab: Lab) -> Quantity:
    return Quantity(_shown(lab)["e2e_s"], "s")


def shown_tokens(lab: Lab) -> Quantity:
    return Quantity(_shown(lab)["output"], "tokens", digits=4)


def shown_gap(lab: Lab) -> Quantity:
    """Mean gap between its tokens."""
    return Quantity(_shown(lab)["tpot_s"], "s")


def shown_wait_share(lab: Lab) -> float:
    return float(shown_wait(lab)) / float(shown_end(lab))


def shown_prefill_share(lab: Lab) -> float:
    return float(shown_prefill(lab)) / float(shown_end(lab))
