"""What the learner predicts about their own server before each number is shown.

The words are those of this module, with placeholders; what a server or a lab file says goes into them as values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lessonlib.base.quantity import Quantity
from lessonlib.lesson.code import Working
from lessonlib.lesson.kinds.number import Number
from lessonlib.lesson.views import WorkingView
from lessonlib.lesson.words import Numbers, Words
from lessonlib.probe.reading import Finding, Reading
from lessonlib.roofline import Lab, decode, prefill

_WINDOW = {
    "thought": "The throughput on the dashboard is the speed of a request.",
    "tempting": "It is called tokens per second, and it is the number that the log line shows.",
    "wrong": "It divides all tokens by the wall clock: it counts how much work there was, idle time and all requests together, not how fast one is served.",
}

_FACT = "The requests' own clocks say {{ truth }}; by the wall clock it is {{ window_average }}."

_REVEAL = """**{{ truth }}**, measured ({{ clock }}): `{{ how }}`.

What it cannot tell: {{ limits }}."""

_ROOF = """

If this server is the lab you chose ({{ lab.title }}), the computed ceiling of one request alone at these lengths is {{ ceiling }} and the expectation {{ expected }}: it runs at {{ share }} of the ceiling."""

_IMPOSSIBLE = " That is impossible, so the lab is another one than you said: GPU, precision, parallelism, or several tokens a step."

#: key -> how it is asked. `wrong` names the finding that a window average would have put in its place.
ASKED: dict[str, dict[str, Any]] = {
    "prompt_to_generation": {
        "title": "Your traffic",
        "unit": "x",
        "stem": "On your server, how many prompt tokens come in for each token that is generated?",
        "because": "You know your traffic. This ratio decides which of the two phases you pay for.",
        "too_low": "More is read than you thought, for each token written: retrieval, long system prompts and tool results add up.",
        "too_high": "More is written than you thought, for each token read.",
    },
    "decode_tokens_per_s": {
        "title": "Decode",
        "unit": "tok/s",
        "stem": "While a request of yours is being written, alongside whatever else runs: how many tokens per second does **that one request** get?",
        "because": "That is the requests' own clock: generated tokens over decode time, one request at a time.",
        "too_low": "A request is written faster than that. Its own clock runs only while it is being written.",
        "too_high": "A request is written slower than that: it shares each step with the others of its batch.",
        "wrong": ("window_generation_tokens_per_s", "window-average-for-a-request"),
    },
    "prefill_tokens_per_s": {
        "title": "Prefill",
        "unit": "tok/s",
        "stem": "And while its prompt is being read, what the cache held left out: how many tokens per second?",
        "because": "Computed prompt tokens over prefill time, as the requests' own clocks have it.",
        "too_low": "Prompts are read faster than that while they are being read.",
        "too_high": "Prompts are read slower than that: in chunks, between the steps of other requests.",
        "wrong": ("window_prompt_tokens_per_s", "window-average-for-a-request"),
    },
    "ttft_s": {
        "title": "Time to first token",
        "unit": "s",
        "stem": "How long, in the mean, does a user of yours wait for the first token?",
        "because": "Queue and prefill together, in the mean. The mean is nobody's wait; lesson 8 has the percentiles.",
        "too_low": "They wait longer. Look at the queue first: it is part of this time.",
        "too_high": "They wait less than you feared.",
    },
    "cache_hit_share": {
        "title": "Prefix cache",
        "unit": "%",
        "stem": "Which share of the prompt tokens does the prefix cache already hold?",
        "because": "Every one of them is a token that no GPU had to read again.",
        "too_low": "The cache does more for you than you thought.",
        "too_high": "The cache does less for you than you thought: do prompts begin alike, and do they reach the same server?",
    },
    "kv_cache_usage": {
        "title": "KV cache",
        "unit": "%",
        "stem": "Which share of the KV cache is in use, in the mean over the window?",
        "because": "What is free is room for more requests at a time.",
        "too_low": "It is fuller than you thought. Near 100 % the server begins to preempt.",
        "too_high": "There is more room than you thought.",
    },
}


class LiveNumber(Number):
    """A number question about a reading. Its working is the formula in metrics."""

    def __init__(self, raw: Mapping[str, Any], words: Words, where: str, finding: Finding):
        super().__init__(raw, words, where)
        self._finding = finding

    def working(self) -> WorkingView:
        """Whose clock, the formula in metrics, and the value."""
        return {"name": self._finding.clock, "source": self._finding.how, "value": str(self._truth())}


def can_ask(finding: Finding) -> bool:
    """Whether there is a number to predict; zero has no place on a log scale."""
    return bool(finding.value) and finding.value is not None and finding.value > 0


def question(key: str, reading: Reading, lab: Lab) -> LiveNumber:
    """The question about one finding of a reading. The finding must be one that can be asked."""
    finding, asked = reading.findings[key], ASKED[key]
    values: dict[str, Any] = {
        "truth": finding.quantity(),
        "clock": finding.clock,
        "how": finding.how,
        "limits": finding.limits,
    }
    wrong = _wrong(reading, asked, values)
    reveal = _REVEAL + _roof(key, reading, lab, values)
    raw = {**asked, "id": key, "kind": "number", "truth": "truth", "wrong": wrong, "reveal": reveal}
    workings = {name: _working(value) for name, value in values.items()}
    return LiveNumber(raw, Words(Numbers(workings, lab), {}), f"your lab {key}", finding)


def _wrong(reading: Reading, asked: Mapping[str, Any], values: dict[str, Any]) -> list[dict[str, Any]]:
    """The window average as a wrong working, if there is one; its number is added to the values."""
    if "wrong" not in asked or not can_ask(other := reading.findings[asked["wrong"][0]]):
        return []
    values["window_average"] = other.quantity()
    return [
        {
            "working": "window_average",
            "misconception": asked["wrong"][1],
            "says": "the tokens of the whole window are divided by the wall clock",
            "refutation": {**_WINDOW, "fact": _FACT},
        }
    ]


def _working(value: Any) -> Working:
    """A working, as a lesson has them, that gives a value which is already there."""
    return lambda _lab: value


def _roof(key: str, reading: Reading, lab: Lab, values: dict[str, Any]) -> str:
    """How far the roof of a speed is, as words; their numbers are added to the values."""
    tokens = {
        "decode_tokens_per_s": ("context", decode, lab.context),
        "prefill_tokens_per_s": ("prompt", prefill, lab.prompt),
    }.get(key)
    if tokens is None:
        return ""
    what, phase, usual = tokens
    length = max(1, round(reading.lengths.get(what, usual)))
    step = phase(lab.system, 1, length) if phase is decode else phase(lab.system, length)
    value = reading.findings[key].value or 0.0
    values["ceiling"] = Quantity(step.ceiling_tokens_per_s, "tok/s")
    values["expected"] = Quantity(step.expected_tokens_per_s, "tok/s")
    values["share"] = Quantity(100 * value / step.ceiling_tokens_per_s, "%")
    return _ROOF + (_IMPOSSIBLE if value > step.ceiling_tokens_per_s else "")
