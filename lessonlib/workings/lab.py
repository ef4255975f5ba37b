"""Numbers of a lab that any lesson may name: its hardware, its model, what was measured or reported of it."""

from __future__ import annotations

from lessonlib.quantity import Quantity
from lessonlib.roofline import DEFAULT_LAB, Lab, decode, kv_bytes_per_token, load_lab, state_bytes, weight_bytes_read



def gpus(lab: Lab) -> str:
    """The GPUs that serve the model: "2 × H100 SXM"."""
    count = lab.system.tp
    return f"{count} × {lab.system.gpu.title}" if count > 1 else f"one {lab.system.gpu.title}"


def model(lab: Lab) -> str:
    return lab.system.model.title


def several(lab: Lab) -> bool:
    """Whether more than one GPU works on each token."""
    return lab.system.tp > 1


def tp(lab: Lab) -> int:
    return lab.system.tp


def precision(lab: Lab) -> str:
    return lab.system.weights


def bandwidth(lab: Lab) -> Quantity:
    """Memory bandwidth of all its GPUs together."""
    return Quantity(lab.system.bandwidth, "B/s")


def bandwidth_of_one(lab: Lab) -> Quantity:
    return Quantity(lab.system.gpu.bandwidth, "B/s")


def peak(lab: Lab) -> Quantity:
    """Dense peak of all its GPUs together, at the precision it multiplies in."""
    return Quantity(lab.system.flops, "FLOP/s")


def weights_read(lab: Lab) -> Quantity:
    """What one new token fetches: every weight but the input embedding, which is a lookup of one row."""
    return Quantity(weight_bytes_read(lab.system), "B")


def flops_per_token(lab: Lab) -> Quantity:
    """One decoded token without context: a multiplication and an addition for each weight read."""
    return Quantity(decode(lab.system, batch=1, context=0).flops, "FLOP")


def prompt_tokens(lab: Lab) -> Quantity:
    return Quantity(lab.prompt, "tokens", digits=6)


def _reported(lab: Lab) -> Lab:
    """The lab whose two reported numbers open the lesson: this one, or the default where it has not both."""
    own = {"decode_tokens_per_s", "prefill_tokens_per_s"} <= lab.measured.keys()
    return lab if own else load_lab(DEFAULT_LAB)


def reported_here(lab: Lab) -> bool:
    return _reported(lab) is lab


def reported_title(lab: Lab) -> str:
    return _reported(lab).title


def reported_decode(lab: Lab) -> Quantity:
    return Quantity(_reported(lab).measured["decode_tokens_per_s"].value, "tok/s", digits=4)


def reported_prefill(lab: Lab) -> Quantity:
    return Quantity(_reported(lab).measured["prefill_tokens_per_s"].value, "tok/s", digits=4)


def reported_gap(lab: Lab) -> Quantity:
    return Quantity(float(reported_prefill(lab)) / float(reported_decode(lab)), "x", digits=2)


def context_tokens(lab: Lab) -> Quantity:
    return Quantity(lab.context, "tokens", digits=6)


def kv_of_prompt(lab: Lab) -> Quantity:
    """KV cache of one request with the lab's usual prompt."""
    return Quantity(kv_bytes_per_token(lab.system) * lab.prompt, "B")


def state_of_request(lab: Lab) -> Quantity:
    """What linear-attention layers keep for one request, whatever its length."""
    return Quantity(sum(state_bytes(lab.system).values()), "B")


def has_state(lab: Lab) -> bool:
    return sum(state_bytes(lab.system).values()) > 0


def own_bytes(lab: Lab) -> Quantity:
    """What a decode step moves for each request alone: its KV cache, and its state read and written."""
    return Quantity(decode(lab.system, batch=1, context=lab.prompt).bytes - weight_bytes_read(lab.system), "B")


def measured_decode(lab: Lab) -> Quantity | None:
    entry = lab.measured.get("decode_tokens_per_s")
    return Quantity(entry.value, "tok/s", digits=4) if entry else None


def measured_prefill(lab: Lab) -> Quantity | None:
    entry = lab.measured.get("prefill_tokens_per_s")
    return Quantity(entry.value, "tok/s", digits=4) if entry else None


def measured_how(lab: Lab) -> str:
    """How the decode number came about, and where it was read."""
    entry = lab.measured.get("decode_tokens_per_s")
    return f"{entry.how}; {entry.source}" if entry else ""


def assumed_list(lab: Lab) -> str:
    return "; ".join(lab.assumed.values())


def traffic(lab: Lab) -> str:
    """Prompt tokens for each generated one, as "19:1 to 47:1"; empty where nobody counted."""
    return f"{lab.traffic[0]:g}:1 to {lab.traffic[1]:g}:1" if lab.traffic else ""


def precision_of_math(lab: Lab) -> str:
    """The precision that the multipliers work in."""
    return "fp8" if lab.system.weights == "fp8" else "bf16"
