"""Hits: what one request saves, what a hybrid finds, and what the hits are worth, against counts and divisions by hand."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_13 import alone, explorer, published, read_once, services, sightings
from lessonlib.roofline import lab_names, load_lab
from lessonlib.serving import Request, Scheduler, Trace, simulate

some_labs = pytest.mark.parametrize(
    "lab",
    [*map(load_lab, ("qwen3.5-27b-2xh100-sxm", "llama-3.1-8b-a100-80gb", "qwen3-32b-h200"))],
    ids=lambda lab: lab.name,
)
each_lab = pytest.mark.parametrize("lab", [*map(load_lab, lab_names())], ids=lambda lab: lab.name)


@each_lab
def test_the_whole_answer_is_the_first_token_and_the_gaps(lab):
    for first, whole in ((alone.first_uncached, alone.whole_uncached), (alone.first_cached, alone.whole_cached)):
        by_hand = float(first(lab)) + (alone.ANSWER - 1) * float(alone.alone_gap(lab))
        assert float(whole(lab)) == pytest.approx(by_hand, rel=0.005)
    assert float(alone.first_cached_ceiling(lab)) < float(alone.first_cached(lab))
    assert alone.first_token_gains_more(lab)


@some_labs
def test_the_last_of_three_finds_all_whole_pages(lab):
    """7,840 tokens are whole pages of 784 as of 16."""
    assert alone.one_by_one(lab).requests["cached"][-1] == alone.SHARED


def test_what_three_in_a_row_find_counted_by_hand():
    """Pages of 784: 2,000 tokens hold two, 4,000 five; the first prompt of 5,000 keeps its state at 6 x 784."""
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    assert sightings.found(lab.system, 2_000, 1_000) == (0, 0, 1_568)
    assert float(sightings.state_kept_at(lab)) == 6 * 784 and float(sightings.found_third(lab)) == 5 * 784
    # Where the beginning ends in the last whole page of the first prompt, the second finds it.
    assert sightings.found(lab.system, 2_000, 300) == (0, 1_568, 1_568)
    # Shorter than a page: never (the direction of vLLM issue 47430, pull request 54608).
    assert sightings.found(lab.system, 512, 2_500) == (0, 0, 0)
    plain = load_lab("llama-3.1-8b-a100-80gb")
    assert sightings.found(plain.system, 2_005, 1_000) == (0, 2_000, 2_000)


@each_lab
def test_an_eight_bit_cache_has_larger_pages(lab):
    assert sightings.fewer_bits_find_less(lab) and sightings.third_is_the_first_hit(lab)
    assert (float(sightings.found_in_16(lab)), float(sightings.found_in_8(lab))) == (3 * 784, 1_568)


def test_an_identical_prompt_is_found_the_second_time():
    """Without drafts, as the matched control of vLLM issue 53504 finds: 20,000 tokens hold 25 pages of 784."""
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    assert float(sightings.found_same_again(lab)) == 25 * 784


def test_a_changed_first_token_leaves_nothing():
    lab = load_lab("qwen3-32b-h200")
    keys = (("rules",), ("rules",), ("clock",))
    work = [Request(60.0 * turn, 1_000, 8, prefix=((key, 800),)) for turn, key in enumerate(keys)]
    assert simulate(lab.system, Trace(tuple(work), "x"), Scheduler()).requests["cached"].tolist() == [0, 800, 0]


@each_lab
def test_the_gain_is_the_hits_share_of_reading(lab):
    assert services.gain_follows_reading(lab)
    hits = float(services.service_hits(lab)) / 100
    assert hits == pytest.approx(services.SHARED / services.PROMPT, abs=0.01)
    reading = float(services.essay_reading(lab)) / 100
    assert float(services.essay_gain(lab)) == pytest.approx(1 / (1 - hits * reading), rel=0.08)
    assert float(services.essay_gain(lab)) < 1 / (1 - reading)


def test_hits_wanted_by_hand():
    """A third more requests: a quarter of the time must go, here of 41 % that is reading."""
    lab = load_lab("qwen3-32b-h200")
    reading = float(services.essay_reading(lab))
    assert float(services.time_that_must_go(lab)) == pytest.approx(25)
    assert float(services.hits_wanted(lab)) == pytest.approx(100 * 25 / reading, rel=0.01)
    assert float(services.hits_if_a_third_goes(lab)) == pytest.approx(float(services.hits_wanted(lab)) * 4 / 3)


@each_lab
def test_a_first_token_lies_within_its_band(lab):
    for kind in ("uncached", "cached"):
        low, said, high, ceiling = (
            float(getattr(alone, f"first_{kind}{end}")(lab)) for end in ("_low", "", "_high", "_ceiling")
        )
        assert ceiling <= low < said < high


@some_labs
def test_nothing_shared_gains_nothing(lab):
    off, on = (services.served(lab, 0, 2_000, 100, 8, caching) for caching in (False, True))
    assert on.hits == 0 and on.requests_per_s == pytest.approx(off.requests_per_s, rel=0.02)


def test_the_bound_on_reading_by_hand():
    """1.062 times the throughput with 94.59 % of the prompts found: (1 - 1/1.062) / 0.9459."""
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    assert float(published.short_agent_reading(lab)) == pytest.approx(6.17, abs=0.01)
    assert published.more_hits_gained_less(lab)


@each_lab
def test_ten_requests_are_drawn_twice(lab):
    without, found = read_once.with_and_without_hits(lab)
    assert len(without.lanes) == len(found.lanes) == read_once.REQUESTS
    assert read_once.hits_shorten_the_first_token(lab)


@some_labs
def test_longer_answers_make_the_explorer_gain_less(lab):
    shown = [explorer.explore_reuse(lab, shared=2_352, own=208, answer=many, users=16) for many in (16, 450)]
    gains = [float(one.value("gain")) for one in shown]
    assert gains[0] > 1.5 * gains[1] > 1.5


@each_lab
def test_alone_the_cache_gains_less(lab):
    """The explorer's guess, at its start."""
    shown = [explorer.explore_reuse(lab, shared=2_352, own=208, answer=200, users=users) for users in (1, 16)]
    alone_, together = (float(one.value("gain")) for one in shown)
    assert alone_ < 0.97 * together
