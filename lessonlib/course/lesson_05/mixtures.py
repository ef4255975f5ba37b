"""Mixtures of experts of lesson 5, counted from their published shapes in 16 bits, and what a calculator said of two others."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab, load_model, weight_bytes, weight_bytes_read

MIXTURE, LARGE_MIXTURE = "mixtral-8x7b", "deepseek-v3"
#: bytes of a parameter in 16 bits
BYTES = 2
#: the 7 of its name, in parameters
NAMED = 7e9
#: llmfit, issue 474: tokens a second of Qwen3.5-35B-A3B on an RX 6900 XT, as it said and as measured
CALCULATED_SPEED, MEASURED_SPEED = 34.7, 77.6
#: llmfit, issue 230: GB of Qwen3.5-122B-A10B, as it said and the least that the model was reported to take
CALCULATED_GB, REPORTED_GB = 33.0, 70.0
#: issue 474's own count: bytes of all parameters and of a token's, bytes a second of the card; issue 230's of a token's
COUNTED_HELD, COUNTED_FETCHED, COUNTED_BANDWIDTH, COUNTED_ACTIVE = 13e9, 1.1e9, 512e9, 6e9


def calculated_speed(lab: Lab) -> Quantity:
    return Quantity(CALCULATED_SPEED, "tok/s")


def measured_speed(lab: Lab) -> Quantity:
    return Quantity(MEASURED_SPEED, "tok/s")


def calculated_memory(lab: Lab) -> Quantity:
    return Quantity(CALCULATED_GB * 1e9, "B", digits=2)


def reported_memory(lab: Lab) -> Quantity:
    return Quantity(REPORTED_GB * 1e9, "B", digits=2)


def report_held(lab: Lab) -> Quantity:
    return Quantity(COUNTED_HELD, "B", digits=2)


def report_fetched(lab: Lab) -> Quantity:
    return Quantity(COUNTED_FETCHED, "B", digits=2)


def report_bandwidth(lab: Lab) -> Quantity:
    return Quantity(COUNTED_BANDWIDTH, "B/s")


def report_ceiling_of_held(lab: Lab) -> Quantity:
    """As if a token fetched all that is held."""
    return Quantity(COUNTED_BANDWIDTH / COUNTED_HELD, "tok/s", digits=2)


def report_ceiling(lab: Lab) -> Quantity:
    return Quantity(COUNTED_BANDWIDTH / COUNTED_FETCHED, "tok/s", digits=2)


def report_reach(lab: Lab) -> Quantity:
    """What was measured, in per cent of that ceiling."""
    return Quantity(100 * MEASURED_SPEED / float(report_ceiling(lab)), "%", digits=2)


def report_active_memory(lab: Lab) -> Quantity:
    return Quantity(COUNTED_ACTIVE, "B", digits=1)


def moe_model(lab: Lab) -> str:
    return load_model(MIXTURE).title


def moe_experts(lab: Lab) -> int:
    """Experts in each layer."""
    return load_model(MIXTURE).layers[0].feed_forward.count


def moe_active(lab: Lab) -> int:
    """Experts that a token uses in each layer."""
    return load_model(MIXTURE).layers[0].feed_forward.active


def moe_layers(lab: Lab) -> int:
    return load_model(MIXTURE).layer_count


def moe_hidden(lab: Lab) -> int:
    """Width of its vectors."""
    return load_model(MIXTURE).hidden


def moe_intermediate(lab: Lab) -> int:
    """Width of an expert."""
    return load_model(MIXTURE).layers[0].feed_forward.width


def _in_experts() -> float:
    """Parameters in all experts of all layers: gate, up and down of each."""
    model = load_model(MIXTURE)
    feed = model.layers[0].feed_forward
    return model.layer_count * feed.count * 3 * feed.width * model.hidden


def moe_wanted_by_eight(lab: Lab) -> Quantity:
    """Experts of a layer that eight tokens want between them, if each is equally likely: E (1 - (1 - k / E)^8)."""
    experts, active = moe_experts(lab), moe_active(lab)
    return Quantity(experts * (1 - (1 - active / experts) ** 8), digits=2)


def moe_read(lab: Lab) -> Quantity:
    return Quantity(load_model(MIXTURE).parameters_read, "parameters")


def moe_held(lab: Lab) -> Quantity:
    return Quantity(BYTES * load_model(MIXTURE).parameters, "B")


def moe_fetch(lab: Lab) -> Quantity:
    """The experts that one token uses, and all that is no expert but the embedding."""
    return Quantity(BYTES * load_model(MIXTURE).parameters_read, "B")


def moe_fetch_all(lab: Lab) -> Quantity:
    """Reads every expert."""
    return moe_held(lab)


def moe_one_of_its_name(lab: Lab) -> Quantity:
    """One model of the 7 billion parameters in its name."""
    return Quantity(BYTES * NAMED, "B")


def moe_always(lab: Lab) -> Quantity:
    """Fetched for every token, whatever its experts."""
    in_use = BYTES * _in_experts() * moe_active(lab) / moe_experts(lab)
    return Quantity(float(moe_fetch(lab)) - in_use, "B")


def moe_looked_up(lab: Lab) -> Quantity:
    """The input embedding, of which a token reads one row."""
    return Quantity(BYTES * load_model(MIXTURE).embedding_parameters, "B", digits=2)


def moe_share(lab: Lab) -> Quantity:
    return Quantity(100 * float(moe_fetch(lab)) / float(moe_held(lab)), "%", digits=2)


def large_moe(lab: Lab) -> str:
    return load_model(LARGE_MIXTURE).title


def large_moe_share(lab: Lab) -> Quantity:
    """Parameters read for a token over all, in per cent."""
    model = load_model(LARGE_MIXTURE)
    return Quantity(100 * model.parameters_read / model.parameters, "%", digits=2)


def own_fetched_share(lab: Lab) -> Quantity:
    """What a token of the lab's model fetches of all that is held."""
    return Quantity(100 * weight_bytes_read(lab.system) / weight_bytes(lab.system), "%", digits=2)


def mixture_reads_a_quarter(lab: Lab) -> bool:
    """One token reads little more than a quarter of the mixture, and eight want most of it."""
    return 25 < float(moe_share(lab)) < 30 and float(moe_wanted_by_eight(lab)) > 7
