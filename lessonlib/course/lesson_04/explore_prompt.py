"""The explorer of lesson 4: where the least time to a first token goes, by length, cached part and GPU."""

from __future__ import annotations

from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.lesson_04.prompt_flops import attention_share
from lessonlib.draw.explored import Bar, Explored, Look, Part, Value
from lessonlib.roofline import Estimate, Lab, load_gpu, mixed

#: parts of the arithmetic: label, kind of operation, look
PARTS: tuple[tuple[str, str, Look], ...] = (
    ("weights", "matmul", "weights"),
    ("looking back", "attention", "compute"),
    ("state", "linear attention", "state"),
)


def explore_prompt(lab: Lab, *, prompt: int, cached: int, gpu: str) -> Explored:
    """The least time to the first token of `prompt` tokens, `cached` per cent of which are in the cache."""
    system = replace(lab.system, gpu=lab.system.gpu if gpu == lab.system.gpu.name else load_gpu(gpu))
    known = min(prompt - 1, prompt * cached // 100)
    step = mixed(system, [(prompt - known, known)])
    floor, slower = Quantity(step.roof_s, "s"), "memory" if step.fetch_s > step.compute_s else "arithmetic"
    share = Quantity(100 * attention_share(step), "%", 2)
    return Explored(
        finding=f"{Quantity(prompt - known, 'tokens', 6)} to read after {known:,} cached: {Quantity(step.flops, 'FLOP')}, {share} of them looking back. "
        f"The first token cannot come before {floor}; {slower} is the slower one.",
        values=[
            Value("floor", "Least time to first token", floor, f"{slower} is the slower one"),
            Value("flops", "Work", Quantity(step.flops, "FLOP")),
            Value("share", "Of it, looking back", share),
            Value("read", "Tokens to read", Quantity(prompt - known, "tokens", 6)),
        ],
        bars=[Bar("arithmetic", _arithmetic(step)), Bar("memory", _bytes(step, system.bandwidth))],
        unit="s",
    )


def _arithmetic(step: Estimate) -> list[Part]:
    found = [
        Part(label, sum(part.compute_s for part in step.operations if part.kind == kind), look)
        for label, kind, look in PARTS
    ]
    rest = Part("other", max(0.0, step.compute_s - sum(part.value for part in found)), "other")
    return [part for part in (*found, rest) if part.value > step.compute_s / 1000]


def _bytes(step: Estimate, bandwidth: float) -> list[Part]:
    weights = sum(part.weight_bytes for part in step.operations) / bandwidth
    return [Part("weights", weights, "weights"), Part("caches, state", max(0.0, step.fetch_s - weights), "kv")]
