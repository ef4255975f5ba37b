"""When a server of the run handed tokens out: one row for each request and step, as vLLM's front end counts them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lessonlib.serving.results.result import Mark, Result, Span, step_ends


@dataclass(frozen=True)
class Outputs:
    """Columns of equal length, ascending by time: seconds, tokens handed out, seconds since the request's output before
    (nan for its first), replica.
    """

    time: np.ndarray
    tokens: np.ndarray
    gap: np.ndarray
    replica: np.ndarray


def outputs(result: Result) -> Outputs:
    """All outputs of a run with a full record."""
    rows = {number: np.flatnonzero(result.runs["replica"] == number) for number in range(result.settings["fleet"].most)}
    parts = [_of_request(marks, spans, rows, result) for marks, spans in result.spans.values()]
    columns = np.concatenate([np.empty((4, 0)), *parts], axis=1)
    time, tokens, gap, replica = columns[:, np.argsort(columns[0], kind="stable")]
    return Outputs(time, tokens.astype(np.int64), gap, replica.astype(np.int64))


def _of_request(
    marks: tuple[Mark, ...], spans: tuple[Span, ...], rows: dict[int, np.ndarray], result: Result
) -> np.ndarray:
    """The four columns of one request, shape (4, outputs)."""
    times, counts, places = [when for when, _ in marks], [1] * len(marks), [place for _, place in marks]
    time = [np.asarray(times, dtype=float)]
    tokens, replica = [np.asarray(counts, dtype=float)], [np.asarray(places, dtype=float)]
    for number, first, last, _, rate in spans:
        mine = rows[number][first : None if last < 0 else last]
        mine = mine[result.runs["decoding"][mine] > 0]
        ends = step_ends(mine, result.runs)
        made = np.diff(np.floor(np.arange(1, len(ends) + 1) * rate + 1e-9), prepend=0.0)
        some = made > 0
        time.append(ends[some])
        tokens.append(made[some])
        replica.append(np.full(int(some.sum()), float(number)))
    columns = np.vstack([np.concatenate(time), np.concatenate(tokens), np.concatenate(replica)])
    columns = columns[:, np.argsort(columns[0], kind="stable")]
    gaps = np.diff(columns[0], prepend=np.nan)
    return np.vstack([columns[0], columns[1], gaps, columns[2]])
