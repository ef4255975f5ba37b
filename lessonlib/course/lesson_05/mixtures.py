"""The two mixtures of experts of lesson 5, counted from their published shapes in 16 bits, whatever the lab."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab, load_model

MIXTURE, LARGE_MIXTURE = "mixtral-8x7b", "deepseek-v3"
#: bytes of a parameter in 16 bits
BYTES = 2
#: the 7 of its name, in parameters
NAMED = 7e9


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


def moe_parameters(lab: Lab) -> Quantity:
    return Quantity(load_model(MIXTURE).parameters, "parameters")


def _in_experts() -> float:
    """Parameters in all experts of all layers: gate, up and down of each."""
    model = load_model(MIXTURE)
    feed = model.layers[0].feed_forward
    return model.layer_count * feed.count * 3 * feed.width * model.hidden


def moe_in_experts(lab: Lab) -> str:
    """Parameters in experts, as "45.1 billion"."""
    return str(Quantity(_in_experts(), "parameters")).removesuffix(" parameters")


def moe_wanted_by_eight(lab: Lab) -> Quantity:
    """Experts of a layer that eight tokens want between them, if all are picked alike: E (1 - (1 - k / E)^8)."""
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


def moe_experts_only(lab: Lab) -> Quantity:
    """The experts in use and nothing else."""
    return Quantity(BYTES * _in_experts() * moe_active(lab) / moe_experts(lab), "B")


def moe_always(lab: Lab) -> Quantity:
    """Fetched for every token, whatever its experts."""
    return Quantity(float(moe_fetch(lab)) - float(moe_experts_only(lab)), "B")


def moe_share(lab: Lab) -> Quantity:
    return Quantity(100 * float(moe_fetch(lab)) / float(moe_held(lab)), "%", digits=2)


def large_moe(lab: Lab) -> str:
    return load_model(LARGE_MIXTURE).title


def large_moe_parameters(lab: Lab) -> Quantity:
    return Quantity(load_model(LARGE_MIXTURE).parameters, "parameters")


def large_moe_read(lab: Lab) -> Quantity:
    return Quantity(load_model(LARGE_MIXTURE).parameters_read, "parameters")


def large_moe_share(lab: Lab) -> Quantity:
    """Parameters read for a token over all, in per cent."""
    model = load_model(LARGE_MIXTURE)
    return Quantity(100 * model.parameters_read / model.parameters, "%", digits=2)
