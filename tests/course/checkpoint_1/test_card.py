"""The card beside measured steps: by hand, over all of them, and with each source left out."""

from __future__ import annotations

from statistics import median

import pytest

from lessonlib.course.checkpoint_1.card import Card, card, fit, fitted_steps, kind_of, left_out, median_off
from lessonlib.course.checkpoint_1.exam_systems import exam_pool
from lessonlib.course.checkpoint_1.steps_measured import MOST_REQUESTS, Step, measured_steps, step_of
from lessonlib.roofline import System, load_gpu, load_model


def made_up(**changes: object) -> Step:
    """A step of 10 layers on one GPU that reads for 4 ms; 16 bits, one request."""
    values = {
        "id": "x", "source": "made up", "title": "", "seconds": 6e-3, "fetch_s": 4e-3, "layers": 10, "bits": 16.0,
        "gpus": 1, "mixture": False, "requests": 1, "graphs": True, "system": (1.0, "gpu", 1, 16.0),
    }  # fmt: skip
    return Step(**{**values, **changes})  # type: ignore[arg-type]


ROUND = Card(reach_16=0.8, reach_8=0.5, reach_4=0.4, one_us=50, several_us=100, mixture_us=30, request_us=2)


@pytest.mark.parametrize(
    ("changes", "milliseconds"),
    [
        ({}, 4 / 0.8 + 10 * 0.050),
        ({"bits": 8.0}, 4 / 0.5 + 10 * 0.050),
        ({"bits": 4.25}, 4 / 0.4 + 10 * 0.050),
        ({"gpus": 8}, 4 / 0.8 + 10 * 0.100),
        ({"mixture": True}, 4 / 0.8 + 10 * 0.080),
        ({"requests": 6}, 4 / 0.8 + 10 * 0.060),
        ({"gpus": 2, "mixture": True, "requests": 11}, 4 / 0.8 + 10 * 0.150),
    ],
)
def test_a_forecast_is_what_the_card_says_by_hand(changes: dict[str, object], milliseconds: float) -> None:
    assert ROUND.forecast_s(made_up(**changes)) == pytest.approx(milliseconds * 1e-3, rel=1e-12)


def test_a_forecast_starts_from_the_bytes_that_a_config_tells() -> None:
    """Llama-3.1-70B, fp8, on eight MI300X: 80 layers of 855.6 million weights, and a head of 1.05 billion in 16 bits."""
    system = System(load_model("llama-3.1-70b"), load_gpu("mi300x"), tp=8, weights="fp8")
    step = step_of("hand", "", system, 1, 0, 1.0)
    layer = 8192 * (8192 + 1024 + 1024 + 8192) + 3 * 8192 * 28672
    weights = 80 * layer * (1 + 4 / 128**2) + 2 * 128256 * 8192
    assert step.fetch_s == pytest.approx(weights / (8 * 5.3e12), rel=1e-3)
    assert (step.layers, step.bits, step.gpus, step.mixture) == (80, 8, 8, False)


def test_a_card_finds_the_numbers_that_steps_were_made_with() -> None:
    kinds = [
        {"bits": bits, "gpus": gpus, "mixture": mixture, "requests": requests}
        for bits in (16.0, 8.0, 4.25)
        for gpus in (1, 4)
        for mixture in (False, True)
        for requests in (1, 9)
    ]
    steps = [
        made_up(**kind, fetch_s=fetch, layers=layers, source=source)
        for kind in kinds
        for fetch, layers, source in ((1e-3, 80, "one"), (9e-3, 20, "two"), (4e-3, 40, "two"))
    ]
    measured = [made_up(**{**vars(step), "seconds": ROUND.forecast_s(step)}) for step in steps]
    assert fit(measured) == ROUND


def test_a_source_with_many_rows_does_not_decide() -> None:
    many = [made_up(source="many", seconds=4e-3 / 0.5 + 0.5e-3) for _ in range(50)]
    few = [made_up(source=name, seconds=4e-3 / 0.9 + 0.5e-3) for name in ("one", "two", "three")]
    assert fit([*many, *few]).reach_16 > 0.65


def test_the_cards_numbers_are_those_that_its_readers_carry_away() -> None:
    assert card() == Card(0.75, 0.65, 0.55, 100, 70, 20, 2)


def test_no_system_of_the_exam_takes_part_in_the_fit() -> None:
    """Neither drawn nor left over, under any load and from any source."""
    systems = {
        (each.system.model.parameters, each.system.gpu.name, each.system.gpus, each.system.weight_format.bits)
        for each in exam_pool()
    }
    fitted = fitted_steps()
    assert not systems & {step.system for step in fitted} and len(fitted) == 77
    assert systems <= {step.system for step in measured_steps()}, "each is in the tables, so each had to be taken out"
    assert card() == fit(fitted)


def test_the_card_beside_measured_steps_that_it_was_not_fitted_to() -> None:
    """What the page says of it."""
    found = left_out()
    assert len(found) == 14 and sum(map(len, found.values())) == 111
    assert median_off(found) == pytest.approx(1.208, abs=0.002)
    by_source = {source: median(factors) for source, factors in found.items()}
    assert median(by_source.values()) == pytest.approx(1.25, abs=0.05), "and with each source counted alike"
    assert {source for source, off in by_source.items() if off > 1.5} == {"S4", "S5", "sglang-granite", "vultr-b200"}


def test_layers_of_deepseek_cost_what_more_on_the_card_says() -> None:
    cost: dict[str, list[float]] = {}
    for step in measured_steps():
        if step.source == "S4":
            spent = (step.seconds - step.fetch_s / card().reach(step.bits)) / step.layers
            cost.setdefault(step.system[1], []).append(spent / card().layer_s(step.gpus, step.mixture, step.requests))
    assert 3.9 < max(cost["mi325x"]) < 4.3 and 1.7 < max(cost["h200-sxm"]) < 2.1


def test_a_layer_on_one_gpu_costs_more_for_the_sake_of_one_source() -> None:
    without = fit([step for step in fitted_steps() if step.source != "qwen3-h20"])
    assert card().one_us > card().several_us == without.one_us == without.several_us
    reaches = [step.reach for step in fitted_steps() if step.source == "qwen3-h20" and not step.mixture]
    assert max(reaches) < 0.4 and any(step.bits == 16 for step in fitted_steps() if step.source == "qwen3-h20")


def test_every_step_is_one_of_todays_sizes_and_slower_than_its_bytes() -> None:
    steps = measured_steps()
    assert all(0 < step.reach <= 1 and step.requests <= MOST_REQUESTS for step in steps)
    assert {kind_of(step) for step in steps} >= {(False, False, bits) for bits in (16, 8, 4)}
