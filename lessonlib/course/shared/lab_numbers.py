"""Numbers of a lab that any lesson may name: its hardware, its model, what was measured or reported of it."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import (
    DEFAULT_LAB,
    Experts,
    Lab,
    LatentAttention,
    decode,
    kv_bytes,
    load_lab,
    prefill,
    state_bytes,
    weight_bytes,
    weight_bytes_read,
)


def gpus(lab: Lab) -> str:
    """The GPUs that serve the model: "2 × H100 SXM"."""
    count = lab.system.tp
    return f"{count} × {lab.system.gpu.title}" if count > 1 else f"one {lab.system.gpu.title}"


def model(lab: Lab) -> str:
    return lab.system.model.title


def several(lab: Lab) -> bool:
    """Whether more than one GPU works on each token."""
    return lab.system.tp > 1


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
    """What one new token alone fetches: every weight that it uses. Of the input embedding it looks up one row, of a mixture only its own experts."""
    return Quantity(weight_bytes_read(lab.system), "B")


def bits_per_weight(lab: Lab) -> Quantity:
    """Bits of a fetched weight, on average over the model, scales included."""
    return Quantity(8 * weight_bytes_read(lab.system) / lab.system.model.parameters_read, "bits")


def flops_per_token(lab: Lab) -> Quantity:
    """One decoded token without context: a multiplication and an addition for each weight that it uses."""
    return Quantity(decode(lab.system, batch=1, context=0).flops, "FLOP")


def prompt_tokens(lab: Lab) -> Quantity:
    return Quantity(lab.prompt, "tokens", digits=6)


def mystery_lab(lab: Lab) -> Lab:
    """The lab whose two reported numbers open the lesson: this one, or the default where it has not both."""
    own = {"decode_tokens_per_s", "prefill_tokens_per_s"} <= lab.measured.keys()
    return lab if own else load_lab(DEFAULT_LAB)


def reported_here(lab: Lab) -> bool:
    return mystery_lab(lab) is lab


def reported_decode(lab: Lab) -> Quantity:
    return Quantity(mystery_lab(lab).measured["decode_tokens_per_s"].value, "tok/s", digits=4)


def reported_prefill(lab: Lab) -> Quantity:
    return Quantity(mystery_lab(lab).measured["prefill_tokens_per_s"].value, "tok/s", digits=4)


def reported_gap(lab: Lab) -> Quantity:
    return Quantity(float(reported_prefill(lab)) / float(reported_decode(lab)), "x", digits=2)


def context_tokens(lab: Lab) -> Quantity:
    return Quantity(lab.context, "tokens", digits=6)


def kv_of_prompt(lab: Lab) -> Quantity:
    """One copy of the KV cache of a request with the lab's usual prompt; a layer with a window keeps no more than its window."""
    return Quantity(kv_bytes(lab.system, lab.prompt), "B")


def kv_fetched(lab: Lab) -> Quantity:
    """The KV cache that one token of such a request reads, on all GPUs together: every copy counts."""
    return Quantity(sum(part.kv_read_bytes for part in decode(lab.system, batch=1, context=lab.prompt).operations), "B")


def state_of_request(lab: Lab) -> Quantity:
    """What linear-attention layers keep for one request, whatever its length."""
    return Quantity(sum(state_bytes(lab.system).values()), "B")


def has_state(lab: Lab) -> bool:
    return sum(state_bytes(lab.system).values()) > 0


def own_bytes(lab: Lab) -> Quantity:
    """What a decode step moves for each request alone: its KV cache (every copy of it), and its state read and written. A request's experts are weights, not its own."""
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


def decode_is_reported(lab: Lab) -> bool:
    """Whether the lab's decode number comes from a report whose clock is not known."""
    entry = lab.measured.get("decode_tokens_per_s")
    return entry is not None and entry.how.startswith("reported")


def assumed_list(lab: Lab) -> str:
    """What the lab file assumes, key by key."""
    return "; ".join(f"{key}: {text}" for key, text in lab.assumed.items())


def reported_assumed(lab: Lab) -> str:
    """The same for the lab whose report opens lesson 1."""
    return assumed_list(mystery_lab(lab))


def traffic(lab: Lab) -> str:
    """Prompt tokens for each generated one, as "19:1 to 47:1"; empty where nobody counted."""
    return f"{lab.traffic[0]:g}:1 to {lab.traffic[1]:g}:1" if lab.traffic else ""


def precision_of_math(lab: Lab) -> str:
    """The precision that the multipliers work in."""
    return "fp8" if lab.system.weights == "fp8" else "bf16"


# --- a mixture of experts, a shared latent, layers with a window


def is_mixture(lab: Lab) -> bool:
    """Whether a token uses some experts of a layer and not the others: a batch then fetches more weights than one token."""
    return lab.system.model.is_mixture


def _routed(lab: Lab) -> Experts | None:
    feeds = (group.feed_forward for group in lab.system.model.layers)
    return next((feed for feed in feeds if isinstance(feed, Experts)), None)


def experts(lab: Lab) -> int:
    """Experts in a layer that a router chooses from; 0 in a dense model."""
    block = _routed(lab)
    return block.count if block else 0


def experts_used(lab: Lab) -> int:
    """Experts of a layer that the router gives to one token; 0 in a dense model."""
    block = _routed(lab)
    return block.active if block else 0


def weights_held(lab: Lab) -> Quantity:
    """All weights in memory, over all GPUs: what has to fit, used by this token or not."""
    return Quantity(weight_bytes(lab.system), "B")


def weights_of_step(lab: Lab, requests: int) -> Quantity:
    """Weights that a decode step of so many requests fetches: one token's, or all experts that any of them is expected to use."""
    return Quantity(sum(part.weight_bytes for part in decode(lab.system, batch=requests, context=0).operations), "B")


def latent_attention(lab: Lab) -> bool:
    """Whether attention caches one vector for all heads (multi-head latent attention)."""
    return any(isinstance(group.mixer, LatentAttention) for group in lab.system.model.layers)


def kv_copies(lab: Lab) -> float:
    """GPUs that each keep, and read, the same cached numbers: all of them for a latent, which has no heads to divide."""
    mixers = [group.mixer for group in lab.system.model.layers if group.mixer.kv_values]
    return max((mixer.kv_copies(lab.system.tp) for mixer in mixers), default=1.0)


def has_window(lab: Lab) -> bool:
    """Whether some layers look back over a window only, so that their cache stops growing."""
    return any(group.mixer.window for group in lab.system.model.layers)


# --- its two ceilings -------------------------------------------------------------------------------------


def decode_ceiling(lab: Lab) -> Quantity:
    """Bytes per second the memory delivers, over the bytes of weights that one token alone fetches."""
    return Quantity(lab.system.bandwidth / weight_bytes_read(lab.system), "tok/s")


def decode_ceiling_with_context(lab: Lab) -> Quantity:
    """The same with the KV cache (and recurrent state) of the lab's usual context."""
    return Quantity(decode(lab.system, batch=1, context=lab.context).ceiling_tokens_per_s, "tok/s", digits=4)


def prefill_ceiling(lab: Lab) -> Quantity:
    """Reading the lab's usual prompt: its FLOPs at the dense peak, as tokens per second."""
    return Quantity(prefill(lab.system, prompt=lab.prompt).ceiling_tokens_per_s, "tok/s")


def parameters_in_use(lab: Lab) -> Quantity:
    """Parameters that a token is multiplied with: no embedding row, and of a mixture the experts in use."""
    return Quantity(lab.system.model.parameters_read, "parameters")


def decode_share(lab: Lab) -> Quantity | None:
    """Measured decode as a share of its ceiling."""
    entry = lab.measured.get("decode_tokens_per_s")
    return Quantity(100 * entry.value / float(decode_ceiling(lab)), "%", digits=2) if entry else None
