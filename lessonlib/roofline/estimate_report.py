"""An estimate as data (for JSON) and as text (for people). Times in seconds, sizes in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lessonlib.base.quantity import Quantity
from lessonlib.base.tables import aligned
from lessonlib.base.text import printable
from lessonlib.roofline.band import Band, band
from lessonlib.roofline.capacity import capacity
from lessonlib.roofline.cost import Estimate, decode, napkin, prefill
from lessonlib.roofline.efficiency import Efficiency, load_efficiency
from lessonlib.roofline.expectation import communication_seconds, operation_seconds
from lessonlib.roofline.links import traffic
from lessonlib.roofline.load import Load, decode_load, prefill_load
from lessonlib.roofline.system import (
    System,
    kv_bytes_per_token,
    state_bytes,
    weight_bytes,
    weight_bytes_read,
)

_PHASE_KEYS = (
    "tokens",
    "flops",
    "bytes",
    "intensity",
    "bound",
    "compute_s",
    "memory_s",
    "per_operation_s",
    "ceiling_s",
    "expected_s",
    "ceiling_tokens_per_s",
    "expected_tokens_per_s",
)
_SYSTEM_KEYS = ("tp", "pp", "ep", "dp", "weights", "kv", "head", "launches")


@dataclass(frozen=True)
class Case:
    """What to estimate: a system, requests at once, tokens of each prompt, tokens each holds."""

    system: System
    batch: int
    prompt: int
    context: int

    @property
    def prefill(self) -> Estimate:
        """Prefill of all prompts."""
        return prefill(self.system, self.prompt, self.batch)

    @property
    def decode(self) -> Estimate:
        """One decode step of all requests."""
        return decode(self.system, self.batch, self.context)


def _whole_as_int(value: Any) -> Any:
    """Whole floats as integers, so that JSON shows bytes as bytes; mappings through and through."""
    if isinstance(value, dict):
        return {key: _whole_as_int(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole_as_int(item) for item in value]
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if whole else value


def _load(case: Case, phase: str) -> Load:
    if phase == "decode":
        return decode_load(case.batch, case.context)
    return prefill_load(case.prompt, case.batch)


def _links(case: Case, phase: str) -> list[dict[str, Any]]:
    """Messages between GPUs in one phase: name, count, bytes that each GPU sends, seconds."""
    return [asdict(item) for item in traffic(case.system, _load(case, phase), load_efficiency())]


#: The metric of each phase, as errors are kept.
_METRICS = {"prefill": "prefill", "decode": "decode step"}


def _expected(phase: Estimate, held: Band) -> dict[str, Any]:
    """Where nine in ten measurements lie, and what of the case no measurement has."""
    low, high = held.around(phase.expected_s, phase.ceiling_s)
    return {
        "expected_low_s": low,
        "expected_high_s": high,
        "extrapolated": held.extrapolated,
        "unseen": list(held.unseen),
    }


def estimate_data(case: Case) -> dict[str, Any]:
    """Everything that `estimate --json` prints."""
    system = case.system
    state = state_bytes(system)
    fits = capacity(system, max(case.context, 1))
    phases = {"prefill": case.prefill, "decode": case.decode}
    quick = napkin(system, case.prompt)
    data: dict[str, Any] = _whole_as_int(
        {
            "model": system.model.name,
            "gpu": system.gpu.called,
            **{key: getattr(system, key) for key in _SYSTEM_KEYS},
            "batch": case.batch,
            "prompt": case.prompt,
            "context": case.context,
            **{
                name: {key: getattr(phase, key) for key in _PHASE_KEYS} | _expected(phase, band(system, _METRICS[name]))
                for name, phase in phases.items()
            },
            "links": {name: _links(case, name) for name in phases},
            "napkin": {"prefill_s": quick.prefill_s, "decode_s": quick.decode_s},
            "parameters": system.model.parameters,
            "parameters_read": system.model.parameters_read,
            "weight_bytes": weight_bytes(system),
            "weight_bytes_read": weight_bytes_read(system),
            "weights_only_tokens_per_s": system.bandwidth / weight_bytes_read(system),
            "kv_bytes_per_token": kv_bytes_per_token(system),
            "state_bytes_per_sequence": state["recurrent"],
            "conv_state_bytes_per_sequence": state["convolution"],
            "ridge": system.ridge,
            "max_batch": fits.sequences,
            "capacity": asdict(fits),
        }
    )
    return data


def _q(value: float, unit: str) -> str:
    return str(Quantity(value, unit))


def _heading(data: Mapping[str, Any]) -> str:
    ways = [f"{name.upper()}{data[name]}" for name in ("tp", "pp", "ep", "dp") if data[name] > 1]
    gpus = data["tp"] * data["pp"] * data["dp"]
    where = f"{printable(data['model'])} on {gpus} x {printable(data['gpu'])}" + (
        f" ({', '.join(ways)})" if ways else ""
    )
    started = "" if data["launches"] == "graphs" else ", kernels started one by one"
    return (
        f"{where}, weights {data['weights']}, KV {data['kv']}{started}\n"
        f"requests {data['batch']:,}, each with a prompt of {data['prompt']:,} tokens, "
        f"then decoding at {data['context']:,} tokens of context"
    )


def _span(phase: Mapping[str, Any]) -> str:
    return f"{_q(phase['expected_low_s'], 's')} to {_q(phase['expected_high_s'], 's')}"


def _outside(data: Mapping[str, Any]) -> str:
    """Why a band is wider, one line; empty where all was measured."""
    unseen = dict.fromkeys(item for name in ("prefill", "decode") for item in data[name]["unseen"])
    return f"\n\nextrapolated: no measurement of {'; of '.join(unseen)}" if unseen else ""


def _phases(data: Mapping[str, Any]) -> str:
    def row(label: str, key: str, unit: str) -> tuple[str, str, str]:
        return (label, _q(data["prefill"][key], unit), _q(data["decode"][key], unit))

    outside = any(data[name]["extrapolated"] for name in ("prefill", "decode"))
    rows = [
        ("", "prefill", "decode step"),
        ("new tokens", *(f"{data[name]['tokens']:,}" for name in ("prefill", "decode"))),
        row("arithmetic", "flops", "FLOP"),
        row("compulsory traffic", "bytes", "B"),
        row("intensity", "intensity", "FLOP/B"),
        ("bound by", data["prefill"]["bound"], data["decode"]["bound"]),
        row("takes at least", "ceiling_s", "s"),
        row("expected", "expected_s", "s"),
        ("nine in ten lie in", *(_span(data[name]) for name in ("prefill", "decode"))),
        *(
            [("", *("extrapolated" if data[name]["extrapolated"] else "" for name in ("prefill", "decode")))]
            if outside
            else []
        ),
        row("at most", "ceiling_tokens_per_s", "tok/s"),
        row("expected", "expected_tokens_per_s", "tok/s"),
    ]
    return aligned(rows)


def _memory(data: Mapping[str, Any]) -> str:
    fits = data["capacity"]
    rows = [
        ("weights held", _q(data["weight_bytes"], "B")),
        ("weights read for one token", _q(data["weight_bytes_read"], "B")),
        ("KV cache a token", _q(data["kv_bytes_per_token"], "B")),
    ]
    if data["state_bytes_per_sequence"]:
        state = data["state_bytes_per_sequence"] + data["conv_state_bytes_per_sequence"]
        rows.append(("state a sequence", _q(state, "B")))
    rows += [
        ("ridge point", _q(data["ridge"], "FLOP/B")),
        (f"sequences of {max(data['context'], 1):,} tokens that fit", f"{data['max_batch']:,}"),
    ]
    if data["max_batch"] < data["batch"]:
        rows.append(("the next one lacks", _q(fits["short_bytes"], "B")))
    return aligned(rows)


def estimate_text(data: Mapping[str, Any]) -> str:
    """The numbers of `estimate_data` as short aligned tables."""
    return f"{_heading(data)}\n\n{_phases(data)}{_outside(data)}\n\n{_memory(data)}"


def operation_table(case: Case, phase: str, constants: Efficiency | None = None) -> str:
    """One row an operation: arithmetic, traffic by kind, intensity, bound, least and expected time."""
    system, constants = case.system, constants or load_efficiency()
    estimate: Estimate = getattr(case, phase)
    heads = (
        "operation, layers, FLOP, weights, KV read, KV written, state, activations, FLOP/B, bound, at least, expected"
    )
    rows: list[tuple[str, ...]] = [tuple(heads.split(", "))]
    for part in estimate.operations:
        traffic = (part.weight_bytes, part.kv_read_bytes, part.kv_written_bytes, part.state_bytes)
        intensity = f"{part.intensity:,.3g}" if part.intensity < 1e6 else "-"
        rows.append(
            (
                part.name,
                str(part.layers),
                _q(part.flops, "FLOP"),
                *(_q(value, "B") if value else "" for value in (*traffic, part.activation_bytes)),
                intensity,
                part.bound,
                _q(max(part.compute_s, part.memory_s), "s"),
                _q(operation_seconds(system, part, constants), "s"),
            )
        )
    links = communication_seconds(system, _load(case, phase), constants)
    if links:
        rows.append(("links", *[""] * 10, _q(links, "s")))
    total = (_q(estimate.ceiling_s, "s"), _q(estimate.expected_s, "s"))
    rows.append(("whole step", "", _q(estimate.flops, "FLOP"), *[""] * 6, estimate.bound, *total))
    return aligned(rows)
