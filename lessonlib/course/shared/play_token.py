"""The scene of one token: what a decode step reads goes through the gate of the memory's bandwidth, once a step."""

from __future__ import annotations

import math
from dataclasses import replace

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.explore_ceilings import bytes_of_step
from lessonlib.draw.explored import Explored, Gate, Value
from lessonlib.roofline import Lab, decode
from lessonlib.roofline.band import band

#: on the screen one step of the lab's usual request takes about so long
_STEP_ON_SCREEN_S = 1.5


def slowed_for(lab: Lab) -> float:
    """How many times slower the scene plays than the chip works: 1, 2 or 5 of a power of ten, the same at every knob."""
    wanted = _STEP_ON_SCREEN_S / decode(lab.system, 1, lab.context).roof_s
    power = 10.0 ** math.floor(math.log10(wanted))
    return max(step * power for step in (1, 2, 5) if step * power <= wanted * 1.15)


def play_token(lab: Lab, *, batch: int, context: int, bits: str) -> Explored:
    """One decode step as bytes at the gate: weights once, a cache for each request; its time at best, and how slowly it plays."""
    system = replace(lab.system, weights=bits)
    step = decode(system, batch, context)
    sizes = {name: size for name, _, size in bytes_of_step(step)}
    weights, own = sizes["weights"], (sizes["kv"] + sizes["state"]) / batch
    slowed = slowed_for(lab)
    share = 100 * step.compute_s / step.roof_s
    low, high = band(system, "decode step").around(step.expected_s, step.ceiling_s)
    many = f"{batch} request{'s' * (batch > 1)}"
    return Explored(
        finding=f"One step for {many}: {Quantity(weights, 'B')} of weights once and {Quantity(own * batch, 'B')} of caches pass "
        f"{Quantity(system.bandwidth, 'B/s')} in {Quantity(step.fetch_s, 's')}; the arithmetic takes {Quantity(step.compute_s, 's')}, "
        f"{Quantity(share, '%', digits=2)} of the step. So {Quantity(batch / step.roof_s, 'tok/s')} at best.",
        values=[
            Value("step", "One step, at best", Quantity(step.roof_s, "s"), "ceiling"),
            Value(
                "expected",
                "One step, expected",
                Quantity(step.expected_s, "s"),
                f"90 % band {Quantity(low, 's', digits=2)} to {Quantity(high, 's', digits=2)}",
            ),
            Value("tokens", "Tokens, all users", Quantity(batch / step.roof_s, "tok/s"), "ceiling"),
            Value("weights", "Weights through the gate", Quantity(weights, "B"), "once a step"),
            Value(
                "caches",
                "Caches through the gate",
                Quantity(own * batch, "B"),
                f"{Quantity(own, 'B')} for each request",
            ),
            Value("busy", "Arithmetic busy", Quantity(share, "%", digits=2), "of the step"),
        ],
        gate=Gate(
            weights=weights,
            caches=[own] * batch,
            bandwidth=system.bandwidth,
            seconds=step.roof_s,
            compute_s=step.compute_s,
            slowed=slowed,
            bits=system.weight_format.bits,
            chip=lab.system.gpu.title,
        ),
    )
