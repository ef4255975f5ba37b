"""Prices: dated, with their source, or given."""

from __future__ import annotations

import datetime as dt

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.plan import price_of, read_prices
from lessonlib.plan.prices import given_prices
from lessonlib.roofline import gpu_names, load_gpu


def test_every_price_is_of_a_known_gpu_and_has_day_provider_and_source() -> None:
    known = read_prices()
    assert set(known) <= set(gpu_names())
    for prices in known.values():
        for price in prices:
            assert price.usd > 0 and price.provider and price.terms
            assert price.source.startswith("https://") and price.via.startswith("https://")
            assert dt.date(2026, 1, 1) <= dt.date.fromisoformat(price.read_on) <= dt.date.today()


def test_the_middle_price_is_taken_and_a_given_one_goes_before() -> None:
    gpu = load_gpu("h100-sxm")
    usds = sorted(price.usd for price in read_prices()["h100-sxm"])
    assert price_of(gpu, {}).usd == usds[(len(usds) - 1) // 2]
    assert price_of(gpu, {"h100-sxm": 1.5}).usd == 1.5
    assert "as given" in str(price_of(gpu, {"h100-sxm": 1.5})) and "2026-" in str(price_of(gpu, {}))


def test_a_gpu_without_a_price_is_asked_for() -> None:
    with pytest.raises(LessonlibError, match="--price m1-max=USD"):
        price_of(load_gpu("m1-max"), {})


@pytest.mark.parametrize(
    "text",
    [
        "h100-sxm",
        "=3",
        "h100-sxm=",
        "h100-sxm=x",
        "h100-sxm=nan",
        "h100-sxm=-1",
        "h100-sxm=0",
        "h100-sxm=1e9",
        "a100=3",
        "h100-sxm=1_0",
    ],
)
def test_what_is_no_price(text: str) -> None:
    with pytest.raises(LessonlibError, match="--price"):
        given_prices([text], [load_gpu("h100-sxm")])


def test_given_twice() -> None:
    with pytest.raises(LessonlibError, match="twice"):
        given_prices(["h100-sxm=1", "h100-sxm=2"], [load_gpu("h100-sxm")])
