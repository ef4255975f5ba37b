"""The clocks of one answer, beside what the lab's model and GPUs could do and are expected to do at those lengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeGuard

from lessonlib.base.quantity import Quantity
from lessonlib.lesson.guess import LARGEST, SMALLEST, GuessError, parse_number
from lessonlib.lesson.judge import judge_number
from lessonlib.roofline import Estimate, Lab, decode, mixed
from lessonlib.teacher.teacher import MOST_TOKENS, StreamedAnswer

#: No answer takes longer than a day, however long a deadline was once.
_LONGEST_S = 86_400.0
#: Of a shorter time no speed can be told.
_SHORTEST_S = 1e-6
TTFT = "Time to first token"
#: A unit must be there: 300 and 300 ms are a factor of a thousand apart.
_NO_UNIT = "Add the unit to your guess of the time to first token: ms or s, such as 300 ms or 1.2 s."


@dataclass(frozen=True)
class Clocks:
    """ttft_s: from sending to the first token. decode_s: from the first token to the last. prompt_tokens, cached_tokens:
    as the endpoint counts them, None where it does not. generated_tokens: as it counts them, else the chunks.
    """

    ttft_s: float
    decode_s: float
    generated_tokens: int
    chunks: int
    counted: bool
    prompt_tokens: int | None = None
    cached_tokens: int | None = None

    @property
    def prefill_tokens_per_s(self) -> float | None:
        """Prompt tokens that were computed, over the time to first token; None without a count."""
        return self.computed / self.ttft_s if self.computed and self.ttft_s >= _SHORTEST_S else None

    @property
    def decode_tokens_per_s(self) -> float | None:
        """Tokens after the first, over the time from the first to the last; None for fewer than two chunks."""
        steps = self.generated_tokens - 1
        return steps / self.decode_s if steps > 0 and self.chunks > 1 and self.decode_s >= _SHORTEST_S else None

    @property
    def computed(self) -> int:
        """Prompt tokens that no cache held."""
        return max((self.prompt_tokens or 0) - (self.cached_tokens or 0), 0)

    def as_record(self) -> dict[str, Any]:
        """As the journal holds them."""
        return asdict(self)


def clocks_of(answer: StreamedAnswer) -> Clocks | None:
    """The clocks of an answer, or None before its first token."""
    if answer.sent is None or answer.first is None or answer.last is None:
        return None
    told = (answer.generated_tokens or 0) - answer.hidden_tokens
    return Clocks(
        answer.first - answer.sent,
        answer.last - answer.first,
        told if told > 0 else answer.chunks,
        answer.chunks,
        told > 0,
        answer.prompt_tokens,
        answer.cached_tokens,
    )


def clocks_from(record: Any) -> Clocks | None:
    """The clocks of a journal's record, or None if it holds something else."""
    if not isinstance(record, Mapping) or set(record) != {field.name for field in fields(Clocks)}:
        return None
    seconds = (record["ttft_s"], record["decode_s"])
    needed = (record["generated_tokens"], record["chunks"])
    counts = [count for name in ("prompt_tokens", "cached_tokens") if (count := record[name]) is not None]
    if not all(is_duration(value) for value in seconds) or not all(map(is_count, [*needed, *counts])):
        return None
    return Clocks(**record) if isinstance(record["counted"], bool) else None


def is_duration(value: Any) -> bool:
    """Whether a value can be the seconds of an answer."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _LONGEST_S


def is_count(value: Any) -> bool:
    """Whether a value can be the tokens or pieces of an answer."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_TOKENS


def is_guess(value: Any) -> TypeGuard[float]:
    """Whether a value can be a guess in seconds that :func:`read_guess` let through."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and SMALLEST <= value < LARGEST


# --- the guess --------------------------------------------------------------------------------------------------------


def read_guess(given: Any) -> tuple[str, float]:
    """A guess of the time to first token as (as typed, seconds). Raises GuessError with one line."""
    text = given.strip() if isinstance(given, str) else ""
    if not text:
        raise GuessError(
            "Guess first: how long until the first token? A number with its unit, such as 300 ms or 1.2 s."
        )
    seconds = parse_number(text, "s")
    if not any(letter.isalpha() and letter not in "eE" for letter in text):
        raise GuessError(_NO_UNIT)
    return text, seconds


def verdict(typed: str, guess_s: float, clocks: Clocks) -> dict[str, str]:
    """How far off the guess was, on a log scale as for every other number."""
    if clocks.ttft_s < _SHORTEST_S:
        return {}
    found = judge_number(guess_s, clocks.ttft_s)
    return {
        "tone": found.tone,
        "headline": found.headline,
        "text": f"You said {typed}; the first token came after {_s(clocks.ttft_s)}.",
    }


# --- the table --------------------------------------------------------------------------------------------------------


def table(clocks: Clocks, lab: Lab, with_lab: bool) -> dict[str, Any]:
    """Columns, rows and notes to show. with_lab: whether ceilings and expectations may be seen already."""
    rows = [_ttft_row(clocks, lab), _prefill_row(clocks, lab), _decode_row(clocks, lab)]
    columns = ["", "this answer", "expected of your lab", "its ceiling", "reached"]
    if not with_lab:
        rows, columns = [row[:2] for row in rows], columns[:2]
    return {"columns": columns, "rows": rows, "notes": _notes(clocks, rows, with_lab)}


def _ttft_row(clocks: Clocks, lab: Lab) -> list[str]:
    cost = _prefill(clocks, lab)
    reached = _share(cost.ceiling_s, clocks.ttft_s) if cost and clocks.ttft_s >= _SHORTEST_S else "–"
    there = [_s(cost.expected_s), _s(cost.ceiling_s), reached] if cost else ["–"] * 3
    return [TTFT, _s(clocks.ttft_s), *there]


def _prefill_row(clocks: Clocks, lab: Lab) -> list[str]:
    cost, speed = _prefill(clocks, lab), clocks.prefill_tokens_per_s
    if cost is None or speed is None:
        return ["Prefill", "–", "–", "–", "–"]
    return [
        "Prefill",
        _rate(speed),
        _rate(cost.expected_tokens_per_s),
        _rate(cost.ceiling_tokens_per_s),
        _share(speed, cost.ceiling_tokens_per_s),
    ]


def _decode_row(clocks: Clocks, lab: Lab) -> list[str]:
    speed = clocks.decode_tokens_per_s
    cost = decode(lab.system, 1, (clocks.prompt_tokens or lab.context) + clocks.generated_tokens // 2)
    there = [
        _rate(cost.expected_tokens_per_s),
        _rate(cost.ceiling_tokens_per_s),
        _share(speed, cost.ceiling_tokens_per_s) if speed else "–",
    ]
    return ["Decode", _rate(speed) if speed else "–", *there]


def _prefill(clocks: Clocks, lab: Lab) -> Estimate | None:
    """One request alone, with whatever of it a cache held; None where the endpoint does not count."""
    return mixed(lab.system, [(clocks.computed, clocks.cached_tokens or 0)]) if clocks.computed else None


def _notes(clocks: Clocks, rows: list[list[str]], with_lab: bool) -> list[str]:
    notes = [
        f"{clocks.generated_tokens:,} tokens written"
        + (f", {clocks.prompt_tokens:,} read" if clocks.prompt_tokens else "")
        + (f", {clocks.cached_tokens:,} of these out of the prefix cache" if clocks.cached_tokens else "")
        + "."
    ]
    if not clocks.counted:
        notes.append("No count of written tokens came: each piece of the stream counts as one token here.")
    elif clocks.chunks * 2 < clocks.generated_tokens:
        notes.append("Several tokens came with each piece of the stream, so the decode speed is less sure.")
    if not clocks.prompt_tokens:
        notes.append("No count of the prompt's tokens came, so no prefill speed can be told.")
    else:
        notes.append(
            "Prefill is prompt tokens over time to first token: waiting in the queue and on the network is in it."
        )
    if clocks.decode_tokens_per_s is None:
        notes.append("Too few pieces came to tell a decode speed.")
    if not with_lab:
        return [
            *notes,
            "Ceiling and expectation of your lab come here once every step of this lesson is revealed: some steps ask for them.",
        ]
    if any(row[-1].endswith("%") and float(row[-1].replace(",", "").split()[0]) > 100 for row in rows):
        notes.append(
            "More than 100 %: a prefix cache knew the beginning of the prompt, drafts were accepted, or the endpoint is not your lab."
        )
    return notes


def _s(seconds: float) -> str:
    return str(Quantity(seconds, "s"))


def _rate(tokens_per_s: float) -> str:
    return str(Quantity(tokens_per_s, "tok/s"))


def _share(part: float, whole: float) -> str:
    """A share of the ceiling, in per cent."""
    return str(Quantity(100 * part / whole, "%", 2))
