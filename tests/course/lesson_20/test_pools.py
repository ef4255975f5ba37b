"""Two pools and a whole fleet with one traffic: against sums by hand, published numbers and limits."""

from __future__ import annotations

import numpy as np
import pytest

from lessonlib.course.lesson_20 import fleets, other_card, workings
from lessonlib.roofline import kv_bytes, lab_names, load_lab, state_bytes
from lessonlib.serving import Disaggregation, Fleet, Request, Scheduler, Trace, simulate

every_lab = pytest.mark.parametrize("name", lab_names())
CLAIMS = (
    workings.divisions_rank,
    workings.no_throughput_gained,
    workings.one_reader_is_late,
    workings.tokens_rank,
    workings.gaps_shrink,
    workings.ethernet_is_enough,
    workings.flag_does_it,
    workings.flag_ruins_mixtures,
    other_card.other_card_writes_sooner,
)


@every_lab
@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.__name__)
def test_the_words_are_true(name, claim):
    assert claim(load_lab(name))


@every_lab
def test_replicas_that_read_carry_what_the_sum_says(name):
    """All requests at once: so many prompts a second as replicas over seconds a prompt, when writing is not what is short."""
    lab = load_lab(name)
    for readers in (1, 2):
        by_hand = readers / fleets.reading_s(lab)
        run = fleets.flat_out(lab, (readers, 4 - readers)).requests_per_s
        assert run == pytest.approx(by_hand, rel=0.17)
    assert 2 < float(workings.reading_work(lab)) < 3


def test_a_prompt_crosses_by_hand():
    """One request through two pools: read, across, then a token each step."""
    lab = load_lab()
    one = Trace((Request(0.0, 4096, 3),), "one")
    scheduler = Scheduler(prefix_caching=False, server_s=0.0, busy_server_s=0.0)
    pools = Disaggregation(1, 1, link_bytes_per_second=1e9, latency_s=0.0)
    times = simulate(lab.system, one, scheduler, Fleet(1, disaggregation=pools)).token_times(0)
    crossing = (kv_bytes(lab.system, 4096) + sum(state_bytes(lab.system).values())) / 1e9
    step = fleets.cost(lab).mixed([(1, 4096)])
    assert times[0] == pytest.approx(fleets.cost(lab).mixed([(4096, 0)]))
    assert times[1] - times[0] == pytest.approx(crossing + step, rel=1e-3)
    assert times[2] - times[1] == pytest.approx(step, rel=1e-2)


def test_in_two_pools_the_user_sees_the_pool_that_writes():
    lab = load_lab()
    run = fleets.peak(lab, (3, 1))
    told = fleets.felt(run)
    assert (told.first_s >= run.requests["ttft_s"]).all()
    whole = fleets.peak(lab, None)
    assert np.allclose(fleets.felt(whole).first_s, whole.requests["ttft_s"])


def test_bytes_of_a_prompt_as_published():
    """llama-3.1-8b: 128 KiB a token; DeepSeek-V3: 576 numbers of two bytes in 61 layers; the hybrid's state on top."""
    assert float(workings.bytes_of_prompt(load_lab("llama-3.1-8b-a100-80gb"))) == 4096 * 131072
    assert float(workings.bytes_of_prompt(load_lab("deepseek-v3-8xh200-fp8"))) == 4096 * 576 * 2 * 61
    hybrid = load_lab()
    assert float(workings.state_of_prompt(hybrid)) == pytest.approx(154e6, rel=0.01)
    assert float(workings.bytes_of_prompt(hybrid)) == pytest.approx(422e6, rel=0.01)


@every_lab
def test_the_wire_is_bytes_of_a_prompt_in_the_time_of_a_prompt(name):
    """A link a tenth below what crosses makes a queue, one a third above it does not (the peak is not all the time)."""
    lab = load_lab(name)
    crosses = fleets.rate_at_peak(lab) / 3 * float(workings.bytes_of_prompt(lab))
    waits = []
    for share in (0.8, 2.0):
        run = simulate(
            lab.system,
            fleets.drawn(fleets.rate_at_peak(lab), 300),
            fleets.scheduler(),
            fleets.fleet(fleets.BEST, link=share * crosses),
        )
        told = fleets.felt(run)
        crossing = told.first_s - run.requests["ttft_s"]
        waits.append(float(crossing[-60:].mean() / (float(workings.bytes_of_prompt(lab)) / (share * crosses))))
    assert waits[0] > 2 * waits[1] and waits[1] < 3.5


def test_a_mixture_reads_slowly_in_pieces_and_a_dense_model_does_not():
    for name, least, most in (("gpt-oss-120b-h100-mxfp4", 1.8, 9), (None, 1.0, 1.3)):
        lab = load_lab(name) if name else load_lab()
        cost = fleets.cost(lab)
        whole = cost.mixed([(4096, 0)])
        pieces = sum(cost.mixed([(512, done)]) for done in range(0, 4096, 512))
        assert least < pieces / whole < most


def test_the_other_card_as_measured():
    """Published: Llama-2-13B at batch 16 ran at 1.1 times an H100's speed on an H20, and read later."""
    lab = load_lab("qwen3.5-27b-2xh100-sxm")
    gain = float(other_card.token_on_own(lab)) / float(other_card.token_on_other(lab))
    assert 1.05 < gain < 1.3
    assert float(other_card.reading_on_other(lab)) > 4 * float(other_card.reading_on_own(lab))


@every_lab
def test_workings_do_not_meet(name):
    lab = load_lab(name)
    for truth, slips in (
        (workings.done_even, (workings.done_undivided, workings.done_with_gain, workings.done_with_goodput_gain)),
        (
            workings.first_with_one_reader,
            (workings.first_undivided, workings.first_in_proportion, workings.first_by_the_clock),
        ),
        (workings.gap99_divided, (workings.gap99_undivided, workings.gap_of_one_for_four)),
        (
            workings.link_into_the_writer,
            (workings.link_that_keeps_up, workings.link_in_bytes, workings.link_within_a_token),
        ),
    ):
        right = float(truth(lab))
        for slip in slips:
            assert max(right, float(slip(lab))) > 1.3 * min(right, float(slip(lab))), (truth.__name__, slip.__name__)


@every_lab
def test_what_the_stems_give_leads_to_the_truth(name):
    """The sums by hand, from what is printed, end within the band of the answer: the readers of two and two, and the queue of one reader."""
    lab = load_lab(name)
    assert float(workings.two_read_all(lab)) == pytest.approx(float(workings.done_even(lab)), rel=0.12)
    late = float(workings.middle_turn(lab)) - float(workings.middle_comes(lab))
    assert late == pytest.approx(float(workings.first_with_one_reader(lab)), rel=0.2)
    # A prompt's bytes from three readers, each in the time of reading one.
    by_hand = 3 * 8e-9 * float(workings.bytes_of_prompt(lab)) / float(workings.prompt_reading(lab))
    assert by_hand == pytest.approx(float(workings.link_into_the_writer(lab)), rel=0.01)


def test_pieces_of_a_prompt_are_too_much_for_a_mixture():
    for name in ("gpt-oss-120b-h100-mxfp4", "deepseek-v3-8xh200-fp8"):
        lab = load_lab(name)
        assert float(workings.piece_step(lab)) > fleets.token_limit_s(lab)
        assert float(workings.work_in_pieces(lab)) > fleets.REPLICAS
