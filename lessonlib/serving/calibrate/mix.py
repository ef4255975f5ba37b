"""What a simulated run consists of: which steps, how many, and how much each weighs in each metric.

Under closed loads nobody's arrival depends on how long a step takes, so the steps of a run are the same whatever they cost,
and a metric is a weighted sum over them. A run is computed once; constants are tried on the steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lessonlib.roofline.load import Load, Requests
from lessonlib.serving.results.result import Result

_MOST_STEPS = 64


@dataclass(frozen=True)
class Mix:
    """Steps of a run, alike ones together: their load (an array of each number) and what each weighs in each metric.

    weights: metric -> seconds of the metric for each second of these steps, shape (steps,).
    """

    load: Load
    weights: dict[str, np.ndarray]


def _active(starts: np.ndarray, ends: np.ndarray, size: int, values: np.ndarray) -> np.ndarray:
    """Sum over requests of `values` at each run from `starts` up to, not with, `ends`."""
    change = np.zeros(size + 1)
    np.add.at(change, starts, values)
    np.add.at(change, ends, -values)
    return np.cumsum(change)[:-1]


def mix_of(result: Result, most: int = _MOST_STEPS) -> Mix:
    """The steps of a finished run on one replica, recorded in full."""
    runs, requests = result.runs, result.requests
    size, steps = len(runs["steps"]), runs["steps"].astype(float)
    decoding = runs["decoding"].astype(float)
    decode_steps = np.concatenate([[0.0], np.cumsum(steps * (decoding > 0))])
    spans = [(number, span) for number, (_, parts) in result.spans.items() for span in parts]
    first = np.array([span[1] for _, span in spans], dtype=int)
    last = np.array([span[2] for _, span in spans], dtype=int)
    prompt = requests["prompt"].astype(float)
    place = {number: i for i, number in enumerate(requests["number"].tolist())}
    owner = np.array([place[number] for number, _ in spans], dtype=int)
    held = prompt[owner] + np.array([span[3] for _, span in spans], dtype=float) - 1.0 - decode_steps[first]
    context = _active(first, last, size, held) + decoding * (decode_steps[:-1] + (steps - 1.0) / 2.0)

    count = len(prompt)
    answers = np.maximum(requests["output"] - 1.0, 1.0)
    edge = 1e-9 * runs["end_s"][-1]
    came = np.searchsorted(runs["end_s"], requests["arrival_s"] + edge)
    began = np.searchsorted(runs["end_s"], requests["first_token_s"] + edge)
    done = np.searchsorted(runs["end_s"], requests["finished_s"] + edge)
    weights = {
        "time to first token": _active(came, began, size, np.ones(count)) / count,
        "time per token": _active(began, done, size, 1.0 / answers) / count,
        "whole answer": _active(came, done, size, np.ones(count)) / count,
        "throughput": np.full(size, 1.0 / result.output_tokens),
    }

    prefill, prompts = runs["prefill_tokens"].astype(float), runs["prefills"].astype(float)
    order = np.lexsort((context, decoding, prefill, prefill > 0))
    which = np.empty(size, dtype=int)
    kinds = prefill[order] > 0
    for kind in (False, True):
        members = order[kinds == kind]
        # Steps with long prompts are few and decide the first token, so they get shares of their own.
        share = np.cumsum(prefill[members] if kind else steps[members])
        if len(members):
            which[members] = 2 * np.minimum((share / share[-1] * most / 2).astype(int), most // 2 - 1) + kind
    names, which = np.unique(which, return_inverse=True)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(which, values * steps, len(names)) / np.bincount(which, steps, len(names))

    length = float(prompt.mean())
    requests_in = mean(decoding)
    seen = mean(context) / np.maximum(requests_in, 1e-12)
    whole = mean(prefill) / length
    rows = mean(prompts) / np.maximum(whole, 1e-12)
    load = Load((Requests(requests_in, 1.0, seen), Requests(whole, length, 0.0, rows)))
    return Mix(load, {name: np.bincount(which, values * steps, len(names)) for name, values in weights.items()})
