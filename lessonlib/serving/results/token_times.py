"""When each token of one answer was made, from the runs of steps in which it was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

#: Replica, its first run, the run behind its last (-1: still going on), tokens before, tokens a step.
Span = tuple[int, int, int, int, float]


def times_of(marks: Sequence[float], spans: Sequence[Span], runs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Seconds, ascending: `marks` come from prefills, the others from the steps of `spans`."""
    parts = [np.asarray(marks, dtype=float)]
    for replica, first, last, _, rate in spans:
        rows = np.flatnonzero(runs["replica"] == replica)[first : None if last < 0 else last]
        rows = rows[runs["decoding"][rows] > 0]
        ends = _step_ends(rows, runs)
        # The n-th step brings the answer to floor(n rate) tokens; without speculation one each.
        made = np.floor(np.arange(1, len(ends) + 1) * rate + 1e-9).astype(np.int64)
        parts.append(np.repeat(ends, np.diff(made, prepend=0)))
    return np.sort(np.concatenate(parts))


def _step_ends(rows: np.ndarray, runs: Mapping[str, np.ndarray]) -> np.ndarray:
    """Times at which the steps of some runs ended."""
    count = runs["steps"][rows]
    done = np.arange(1, int(count.sum()) + 1) - np.repeat(np.cumsum(count) - count, count)
    slope = np.repeat((runs["last_s"][rows] - runs["first_s"][rows]) / np.maximum(1, count - 1), count)
    ends = (
        np.repeat(runs["start_s"][rows], count)
        + done * np.repeat(runs["first_s"][rows], count)
        + slope * done * (done - 1) / 2.0
    )
    return ends
