"""Mooncake's format and those that write as it does: hashes of blocks say what prompts have in common.

Schemas: kvcache-ai/Mooncake (FAST25-release), ai-dynamo/aiperf (docs/benchmark-modes/trace-replay.md), with sessions and
texts, alibaba-edu/qwen-bailian-usagetraces-anon (README.md).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.serving.traffic.formats.rows import Row, Rows, TraceFormat, in_order, number, present, sorting
from lessonlib.serving.traffic.formats.texts import ESTIMATED, tokens_of

MOONCAKE_BLOCK = 512
BAILIAN_BLOCK = 16


def _blocks(where: str, position: int, row: Row, block: int) -> Any:
    """The prompt as runs of blocks with their hashes; the last block may be short. What is no list stays for the error."""
    ids, prompt = row.get("hash_ids"), row.get("input_length")
    if ids is None or not isinstance(prompt, int) or isinstance(prompt, bool):
        return ()
    if not isinstance(ids, list) or not all(isinstance(key, (int, str)) for key in ids):
        raise LessonlibError(
            f"{where}: request {position}: hash_ids: expected a list of block hashes such as [0, 1, 2], not {shown(ids, 60)}"
        )
    runs = [(key, min(block, prompt - number * block)) for number, key in enumerate(ids)]
    return [run for run in runs if run[1] > 0]


def _check_block(where: str, rows: Iterable[Row], block: int) -> None:
    """LessonlibError if most rows have far more hashes than blocks of `block` tokens: then the blocks are smaller."""
    counted = [
        (len(row["hash_ids"]), row["input_length"])
        for row in rows
        if isinstance(row.get("hash_ids"), list) and isinstance(row.get("input_length"), int) and row["hash_ids"]
    ]
    too_many = [(count, tokens) for count, tokens in counted if count > 2 * (tokens // block + 1)]
    if len(too_many) * 2 > len(counted):
        count, tokens = too_many[0]
        raise LessonlibError(
            f"{where}: {count:,} hash_ids for a prompt of {tokens:,} tokens are blocks of about {max(1, round(tokens / count))} tokens, not of {block} as in a Mooncake trace; name the columns as their own format does, or leave hash_ids out"
        )


class _Turns:
    """The rows so far: what a later turn of a session follows, and when each session started (s)."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.starts: list[float] = []
        self._last: dict[Hashable, int] = {}

    def add(self, where: str, row: Row) -> None:
        """One row of the file, with its time, or after the turn before."""
        position = len(self.rows)
        values = present(row, prompt="input_length", output="output_length")
        if "text_input" in row and "prompt" not in values:
            values["prompt"] = tokens_of(where, position, "text_input", row["text_input"])
        values["prefix"] = _blocks(where, position, row, MOONCAKE_BLOCK)
        session = row.get("session_id")
        before = self._last.get(session) if isinstance(session, (str, int)) else None
        self.starts.append(0.0)
        if row.get("timestamp") is not None:
            self.starts[-1] = values["arrival_s"] = number(where, position, "timestamp", row["timestamp"]) / 1000.0
        elif before is not None:
            think_s = number(where, position, "delay", row.get("delay", 0)) / 1000.0
            values |= {"follows": before, "arrival_s": 0.0, "think_s": think_s}
            self.starts[-1] = self.starts[before]
        if isinstance(session, (str, int)):
            values["own"] = f"{session}/{position}"
            if before is not None and not values["prefix"]:
                values["prefix"] = _history(self.rows[before], values)
            self._last[session] = position
        self.rows.append(values)


def _mooncake(where: str, given: Sequence[Row]) -> Rows:
    """Times in milliseconds, blocks of 512 tokens. In a session a turn without a timestamp comes `delay` ms after the answer
    before.
    """
    _check_block(where, given, MOONCAKE_BLOCK)
    turns = _Turns()
    for row in given:
        turns.add(where, row)
    counted = "input_length" if any("input_length" in row for row in given) else "text_input"
    ordered, order, moved = in_order(turns.rows, turns.starts)
    names = {"arrival_s": "timestamp", "prompt": counted, "output": "output_length", "think_s": "delay"}
    return Rows(ordered, names, (*_assumed(given, turns.rows), *sorting(moved)), order)


def _assumed(given: Sequence[Row], rows: Sequence[Row]) -> Iterable[str]:
    """What the format leaves open, as it was taken."""
    if any(row.get("timestamp") is not None for row in given):
        yield "timestamp in milliseconds"
    if any(row.get("hash_ids") for row in given):
        yield f"hash_ids of blocks of {MOONCAKE_BLOCK} tokens"
    following = [position for position, row in enumerate(rows) if row.get("follows", -1) >= 0]
    if following:
        yield "a turn without a timestamp comes delay milliseconds after the answer before it"
        yield "input_length is the whole prompt; where there are no hash_ids it begins with the turn before"
    at_once = sum(given[position].get("delay") is None for position in following)
    if at_once:
        yield f"{at_once:,} turns without a delay come at once"
    both = sum(row.get("timestamp") is not None and row.get("delay") is not None for row in given)
    if both:
        yield f"{both:,} rows have a timestamp and a delay; they come at the timestamp"
    if any("text_input" in row for row in given):
        yield ESTIMATED


def _history(before: Row, values: Row) -> list[tuple[Hashable, int]]:
    """The beginning that a turn has in common with the turn before: that prompt and its answer, if it is long enough."""
    try:
        history = int(before["prompt"]) + int(before["output"])
        if int(values["prompt"]) <= history:
            return []
        shared = list(before["prefix"])
        return [*shared, (before["own"], history - sum(tokens for _, tokens in shared))]
    except (KeyError, TypeError, ValueError, OverflowError):
        return []  # the number itself is refused, by name, where requests are made


def _bailian(where: str, given: Sequence[Row]) -> Rows:
    """Times in seconds, blocks of 16 tokens; each row is a whole prompt and has a time of its own."""
    rows = []
    for position, row in enumerate(given):
        values = present(row, prompt="input_length", output="output_length")
        values["prefix"] = _blocks(where, position, row, BAILIAN_BLOCK)
        values["arrival_s"] = number(where, position, "timestamp", row.get("timestamp"))
        rows.append(values)
    ordered, order, moved = in_order(rows, [row["arrival_s"] for row in rows])
    notes = (
        "timestamp in seconds",
        f"hash_ids of blocks of {BAILIAN_BLOCK} tokens",
        "later turns come at the times on record, however long the answer before takes",
        *sorting(moved),
    )
    return Rows(
        ordered,
        {"arrival_s": "timestamp", "prompt": "input_length", "output": "output_length"},
        notes=notes,
        order=order,
    )


MOONCAKE = (
    TraceFormat(
        "Qwen-Bailian",
        frozenset({"chat_id", "parent_chat_id", "timestamp", "input_length", "output_length"}),
        frozenset({"type", "turn", "hash_ids"}),
        _bailian,
        "timestamp",
    ),
    TraceFormat(
        "Mooncake",
        frozenset({"timestamp", "input_length", "output_length"}),
        frozenset({"hash_ids", "session_id", "delay"}),
        _mooncake,
        "timestamp",
    ),
    TraceFormat(
        "AIPerf (Mooncake with sessions)",
        frozenset({"session_id", "input_length", "output_length"}),
        frozenset({"timestamp", "delay", "hash_ids"}),
        _mooncake,
        "timestamp",
    ),
    TraceFormat(
        "AIPerf (Mooncake with texts)",
        frozenset({"text_input", "output_length"}),
        frozenset({"timestamp", "session_id", "delay", "hash_ids"}),
        _mooncake,
        "timestamp",
    ),
)
