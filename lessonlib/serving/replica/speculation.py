"""How many steps an answer takes when several tokens may come at once."""

from __future__ import annotations

import numpy as np

from lessonlib.serving.replica.settings import Speculation


def decode_steps(left: int, speculation: Speculation | None, seed: tuple[int, ...]) -> int:
    """Decode steps for `left` more tokens: as many, or with speculation a draw that `seed` decides.

    A step makes one token and as many drafts as are accepted in a row.
    """
    if speculation is None:
        return left
    random = np.random.Generator(np.random.PCG64(list(seed)))
    accepted = random.random((left, speculation.drafts)) < speculation.acceptance
    made = np.cumsum(1 + np.cumprod(accepted, axis=1).sum(axis=1))
    return int(np.searchsorted(made, left)) + 1
