"""Heads that ask and heads that are kept: one key and value for each query head, and one for a group of them.

Query heads stand above, the kept keys and values below, both spread over the same width, so that a group is as wide as
the query heads that share it.
"""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import group, path, place, points, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "old_model": "a model in which each query head has its own keys and values, such as 'Llama-2-7B'",
    "old_query_heads": "its query heads, a whole number",
    "old_kv_heads": "its heads of keys and values, a whole number",
    "old_layers": "its layers that keep them, a whole number",
    "old_bytes": "KV cache of one token in it, such as '524 kB'",
    "model": "the lab's model, such as 'Qwen3.5-27B'",
    "query_heads": "its query heads, a whole number",
    "kv_heads": "its heads of keys and values, a whole number",
    "kv_layers": "its layers that keep them, a whole number",
    "kv_bytes": "KV cache of one token in it, such as '65.5 kB'",
}
DURATION_S = 4.5
_LEFT, _WIDTH = 30, 660


def _asking(y: float, heads: int) -> str:
    """A row of query heads: round tops on square feet."""
    pitch = _WIDTH / heads
    width = min(0.72 * pitch, 22)
    shape = f"v-12 a{points(width / 2, width / 2)} 0 0 1 {points(width)} 0 v12 Z"
    middles = (_LEFT + pitch * (index + 0.5) for index in range(heads))
    return "".join(path(f"M{points(middle - width / 2, y)} {shape}", "compute-fill") for middle in middles)


def _cached_heads(y: float, heads: int) -> str:
    """A row of binders, each under a bracket as wide as the query heads that use it."""
    pitch = _WIDTH / heads
    width = min(0.6 * pitch, 26)
    marks = []
    for index in range(heads):
        left, middle = _LEFT + pitch * index, _LEFT + pitch * (index + 0.5)
        edge = min(0.12 * pitch, 6)
        bracket = f"M{points(left + edge, y)} v5 H{points(left + pitch - edge)} v-5 M{points(middle, y + 5)} v9"
        binder = parts.binder(36, width) if width > 12 else rect(0, -36, width, 36, "cache-line cache-soft", 2)
        marks.append(path(bracket, "thin") + place(binder, middle - width / 2, y + 54))
    return "".join(marks)


def _model(sheet: Sheet, y: float, words: tuple[str, str], heads: tuple[int, int], at_s: float) -> list[str]:
    """A model from its name at ``y`` down to what it keeps, which is there from ``at_s`` on (seconds)."""
    name, kept = words
    return [
        text(_LEFT, y, name, "strong", "start"),
        _asking(y + 38, heads[0]),
        group(
            _cached_heads(y + 44, heads[1]),
            text(_LEFT, y + 126, kept, "cache strong", "start"),
            look=sheet.appear(at_s),
        ),
    ]


def draw(given: Given, prefix: str) -> dict[str, object]:
    old, new = given.text("old_model"), given.text("model")
    old_bytes, new_bytes = given.text("old_bytes"), given.text("kv_bytes")
    old_heads = given.count("old_query_heads"), given.count("old_kv_heads")
    new_heads = given.count("query_heads"), given.count("kv_heads")
    old_layers, new_layers = given.count("old_layers"), given.count("kv_layers")
    sheet = Sheet("shared-heads", prefix, DURATION_S)
    rows = [
        (
            44,
            (f"{old}: {old_heads[0]} heads ask", f"{old_heads[1]} kept, in {old_layers} layers: {old_bytes} a token"),
            old_heads,
            0.8,
        ),
        (
            240,
            (f"{new}: {new_heads[0]} heads ask", f"{new_heads[1]} kept, in {new_layers} layers: {new_bytes} a token"),
            new_heads,
            2.4,
        ),
    ]
    for row in rows:
        sheet.add(*_model(sheet, *row))
    alt = (
        f"{old}: {old_heads[0]} query heads in each layer, {old_heads[1]} heads of keys and values kept, in {old_layers} layers, {old_bytes} a token. "
        f"{new}: {new_heads[0]} query heads, {new_heads[1]} heads of keys and values, each shared by a group, kept in {new_layers} layers, {new_bytes} a token."
    )
    steps = [
        (0.6, f"Two models. In a layer with attention, {old_heads[0]} heads ask in {old} and {new_heads[0]} in {new}."),
        (
            1.6,
            f"In {old} {old_heads[1]} heads of keys and values are kept, in {old_layers} layers: {old_bytes} a token.",
        ),
        (3.4, f"In {new} groups of heads ask the same keys and values: {new_heads[1]} are kept."),
        (
            4.5,
            f"They are kept in {new_layers} layers: {new_bytes} a token. Every head still asks and adds up for itself.",
        ),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
