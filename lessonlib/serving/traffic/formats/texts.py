"""Traces that hold texts and no counts of tokens: vLLM's custom format and ShareGPT, as vLLM's benchmark reads them.

Schemas: vllm-project/vllm (vllm/benchmarks/datasets: CustomDataset, ShareGPTDataset).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lessonlib.base.errors import LessonlibError, shown
from lessonlib.serving.traffic.formats.rows import Row, Rows, TraceFormat, present

#: UTF-8 bytes of a token, a rule of thumb for English.
BYTES_PER_TOKEN = 4.0
ESTIMATED = f"tokens estimated from the texts, {BYTES_PER_TOKEN:g} bytes each (a rule of thumb for English; count them with the model's tokenizer for more)"


def tokens_of(where: str, position: int, name: str, text: Any) -> int:
    """Tokens of a text, estimated; LessonlibError where it is none."""
    if not isinstance(text, str) or not text:
        raise LessonlibError(f"{where}: request {position}: {name}: expected a text, not {shown(text, 60)}")
    return max(1, round(len(text.encode("utf-8", errors="replace")) / BYTES_PER_TOKEN))


def _vllm_custom(where: str, given: Sequence[Row]) -> Rows:
    """A prompt as text, and how many tokens to answer."""
    rows = [
        {"prompt": tokens_of(where, position, "prompt", row.get("prompt"))} | present(row, output="output_tokens")
        for position, row in enumerate(given)
    ]
    return Rows(rows, {"output": "output_tokens"}, notes=(ESTIMATED,))


def _sharegpt(where: str, given: Sequence[Row]) -> Rows:
    """The first question and its answer of each conversation, as vLLM's benchmark takes them; others are left out."""
    rows, order = [], []
    for position, row in enumerate(given):
        turns = row.get("conversations")
        if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
            raise LessonlibError(
                f"{where}: request {position}: conversations: expected a list of turns with from and value"
            )
        texts = [turn.get("value") for turn in turns[:2]]
        if len(texts) < 2 or not all(texts):
            continue
        prompt, output = (tokens_of(where, position, "value", text) for text in texts)
        rows.append({"prompt": prompt, "output": output})
        order.append(position)
    notes = ["the first question and answer of each conversation", ESTIMATED]
    if len(rows) < len(given):
        notes.append(f"{len(given) - len(rows):,} conversations without an answer are left out")
    return Rows(rows, notes=tuple(notes), order=order)


TEXTS = (
    TraceFormat("vLLM custom", frozenset({"prompt", "output_tokens"}), frozenset(), _vllm_custom, None),
    TraceFormat("ShareGPT", frozenset({"conversations"}), frozenset({"id"}), _sharegpt, None),
)
