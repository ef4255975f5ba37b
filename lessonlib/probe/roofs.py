"""A reading beside the roofs of a lab."""

from __future__ import annotations

from lessonlib.probe.reading import TITLES, Reading
from lessonlib.roofline import Lab, decode, prefill

#: For a finding what bounds it: (ceiling, expected), or the peak alone, in its unit.
Roofs = dict[str, tuple[float, ...]]

#: Findings that have a roof, and the phase whose it is.
_PHASES = {"prefill_tokens_per_s": "prefill", "decode_tokens_per_s": "decode"}


def roofs(reading: Reading, lab: Lab) -> Roofs:
    """(ceiling, expected) tokens/s of one request, with the lengths that the requests had; the peak of one GPU."""
    prompt = max(1, round(reading.lengths.get("prompt", lab.prompt)))
    context = max(1, round(reading.lengths.get("context", lab.context)))
    steps = {"prefill": prefill(lab.system, prompt), "decode": decode(lab.system, 1, context)}
    of_one = {
        key: (steps[phase].ceiling_tokens_per_s, steps[phase].expected_tokens_per_s) for key, phase in _PHASES.items()
    }
    return {**of_one, "flops_per_gpu": (lab.system.flops / lab.system.gpus,)}


def impossible(reading: Reading, roofs: Roofs) -> list[str]:
    """A speed above its ceiling says that the lab is not this server, or that one step makes several tokens."""
    over = [key for key, values in roofs.items() if (reading.findings[key].value or 0.0) > values[0]]
    return [
        f"{TITLES[key]} is above the ceiling of this lab: another GPU, precision or degree of parallelism is at work there"
        + (", or speculative decoding" if key == "decode_tokens_per_s" else "")
        for key in over
    ]
