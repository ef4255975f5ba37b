"""Number formats of weights and of the KV cache, with the bytes of their scales.

A quantised matrix carries scales: one for a group of values along the input dimension, or one for
each output channel. They are read together with the values, so they count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lessonlib.base.errors import LessonlibError, close_matches, listed


@dataclass(frozen=True)
class Format:
    """One number format.

    bits: of one value. group: values along a channel that share a scale (None: the whole channel or
    vector), `across` so many channels. scale_bits: scale and zero point of one group. matmul: peaks to look for on the GPU, best first;
    the first one that the GPU has is the rate of the multiplication.
    """

    name: str
    bits: float
    group: int | None
    scale_bits: float
    matmul: tuple[str, ...]
    about: str
    across: int = 1

    def bits_per_value(self, vector: int) -> float:
        """Bits of one stored value, scales included; `vector` is the length of a channel."""
        shared = min(self.group or vector, vector) * self.across
        return self.bits + self.scale_bits / shared

    def bytes_of(self, values: float, vector: int) -> float:
        """Bytes of `values` stored values whose channels are `vector` long, scales included."""
        return values * self.bits_per_value(vector) / 8.0


def _formats(*formats: Format) -> Mapping[str, Format]:
    return {item.name: item for item in formats}


WEIGHT_FORMATS: Mapping[str, Format] = _formats(
    Format("bf16", 16, None, 0, ("bf16",), "16 bits a weight"),
    Format("fp16", 16, None, 0, ("bf16",), "16 bits a weight, same rates as bf16"),
    Format("fp8", 8, 128, 32, ("fp8", "bf16"), "W8A8, an fp32 scale for a 128 x 128 block", 128),
    Format("fp8-w8a16", 8, None, 16, ("bf16",), "8-bit weights, 16-bit arithmetic"),
    Format("int8", 8, None, 16, ("bf16",), "W8A16: weight-only, a scale a channel"),
    Format("int8-w8a8", 8, None, 16, ("int8", "bf16"), "8-bit weights and 8-bit arithmetic"),
    Format("int4", 4, 128, 16, ("bf16",), "W4A16: 4.125 bits, a 16-bit scale for 128 weights"),
    Format("int4-g32-sym", 4, 32, 16, ("bf16",), "W4A16: 4.5 bits, a 16-bit scale for 32 weights"),
    Format("int4-g32", 4, 32, 32, ("bf16",), "W4A16: 5 bits, scale and zero point for 32 weights"),
    Format("mxfp4", 4, 32, 8, ("fp4", "bf16"), "4.25 bits, an 8-bit scale for 32 weights"),
    Format("nvfp4", 4, 16, 8, ("fp4", "bf16"), "4.5 bits, an 8-bit scale for 16 weights"),
)

KV_FORMATS: Mapping[str, Format] = _formats(
    Format("bf16", 16, None, 0, ("bf16",), "16 bits a value"),
    Format("fp16", 16, None, 0, ("bf16",), "16 bits a value"),
    Format("fp8", 8, None, 0, ("fp8", "bf16"), "8 bits a value, one scale for a whole layer"),
    Format("int8", 8, None, 16, ("int8", "bf16"), "8 bits, a 16-bit scale for each head's vector"),
    Format("int4", 4, 64, 32, ("bf16",), "4.5 bits, scale and zero point for 64 values"),
    Format("mxfp4", 4, 32, 8, ("bf16",), "4.25 bits, an 8-bit scale for 32 values"),
)


def _find(kind: str, name: object, table: Mapping[str, Format]) -> Format:
    if isinstance(name, str) and name in table:
        return table[name]
    near = close_matches(str(name), list(table), limit=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise LessonlibError(f"unknown {kind} {name!r}: {hint}allowed: {listed(table)}")


def weight_format(name: str) -> Format:
    """The weight format of that name; LessonlibError names the allowed ones."""
    return _find("precision of the weights", name, WEIGHT_FORMATS)


#: Parts of a model that a checkpoint may keep in a format of their own. Routers, norms and biases stay in 16 bits.
PARTS = ("attention", "mlp", "experts", "head", "embedding")


def part_formats(weights: object) -> dict[str, str]:
    """Formats by part of "attention=int8, experts=mxfp4" or of a mapping; {} for a plain name such as "fp8".

    A part that is not named stays in 16 bits. Raises LessonlibError for a part or format that does not exist.
    """
    if isinstance(weights, Mapping):
        items = [(str(part), name) for part, name in weights.items()]
    elif isinstance(weights, str) and "=" in weights:
        pairs = [item.partition("=") for item in weights.split(",")]
        items = [(part.strip(), name.strip()) for part, _, name in pairs]
    else:
        weight_format(weights)  # type: ignore[arg-type]
        return {}
    found: dict[str, str] = {}
    for part, name in items:
        if part not in PARTS or part in found:
            what = f"{part!r} is given twice" if part in found else f"unknown part {part!r}, allowed: {listed(PARTS)}"
            raise LessonlibError(f"precision of the weights: {what}")
        found[part] = weight_format(name).name
    if not found:
        raise LessonlibError(f"precision of the weights: expected a name or part=name, not {weights!r}")
    return found


def kv_format(name: str) -> Format:
    """The KV cache format of that name; LessonlibError names the allowed ones."""
    return _find("precision of the KV cache", name, KV_FORMATS)
