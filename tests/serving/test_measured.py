"""Against measurements and published results: a sweep of concurrency, decode steps under batch, and the headlines."""

from __future__ import annotations

from itertools import pairwise
from statistics import median

import pytest

from lessonlib.roofline import System, load_gpu, load_model
from lessonlib.roofline.calibrate.rows import calibration_rows
from lessonlib.serving import (
    Disaggregation,
    Fleet,
    LogNormal,
    Poisson,
    Scheduler,
    Speculation,
    Workload,
    fixed,
    simulate,
)
from lessonlib.serving.validation import published, simulated
from tests.serving.systems import small


@pytest.fixture(scope="module")
def sweep():
    return [(point, simulated(point.concurrency)) for point in published()]


def test_the_plateau_is_within_a_fifth(sweep) -> None:
    for measured, ours in sweep[4:]:
        assert ours.tokens_per_s == pytest.approx(measured.tokens_per_s, rel=0.2)


def test_the_knee_lies_between_fifty_and_a_hundred(sweep) -> None:
    """More requests than fit in the cache: no more tokens, and a first token that takes many times longer."""
    at = {measured.concurrency: ours for measured, ours in sweep}
    assert at[100].tokens_per_s > 1.1 * at[50].tokens_per_s
    assert at[250].tokens_per_s == pytest.approx(at[100].tokens_per_s, rel=0.08)
    assert at[50].ttft_s < 3 * at[1].ttft_s and at[100].ttft_s > 8 * at[50].ttft_s


def test_the_first_token_takes_two_hundred_times_longer(sweep) -> None:
    (_, first), (_, last) = sweep[0], sweep[-1]
    assert 150 < last.ttft_s / first.ttft_s < 300
    # Beyond the knee the wait grows by one service time a request, as it was measured.
    steps = [
        (later[1].ttft_s - earlier[1].ttft_s) / (later[0].ttft_s - earlier[0].ttft_s)
        for earlier, later in pairwise(sweep[4:])
    ]
    assert all(0.8 < step < 1.35 for step in steps)


def test_what_is_off_is_the_length_of_a_step_not_the_queue(sweep) -> None:
    """With the steps scaled to one measured number, everything else of the sweep follows."""
    factor = sweep[0][0].itl_s / sweep[0][1].itl_s
    for measured, _ in sweep[2:]:
        ours = simulated(measured.concurrency, factor)
        assert ours.tokens_per_s == pytest.approx(measured.tokens_per_s, rel=0.1)
        assert ours.itl_s == pytest.approx(measured.itl_s, rel=0.12)


def decode_rows():
    return [row for row in calibration_rows() if row.kind == "decode" and row.batch > 1 and row.system.dp == 1]


def looped(row) -> float:
    """The median gap between tokens when the measured batch goes through the whole loop."""
    context = int(row.load.requests[0].context)
    workload = fixed(max(1, context - 8), 17, row.batch)
    scheduler = Scheduler(max_num_batched_tokens=10_000_000, memory_share=1.0, kv_blocks=10**7)
    return simulate(row.system, workload, scheduler, concurrency=row.batch).percentile("itl_s", 50)


def test_measured_decode_steps_come_out_of_the_whole_loop() -> None:
    """The loop adds no error to the engine's own, and that is small enough for what it is used for."""
    rows = decode_rows()
    assert len(rows) >= 20
    loop = [looped(row) for row in rows]
    assert all(ours == pytest.approx(row.expected_s(), rel=0.02) for ours, row in zip(loop, rows, strict=True))
    assert median(abs(ours / row.seconds - 1.0) for ours, row in zip(loop, rows, strict=True)) < 0.1


def highest_rate(system, good, make, scheduler=None, fleet=None, low=0.5, high=64.0, rounds=6) -> float:
    """The highest rate (requests/s, by bisection) at which a run is good."""
    for _ in range(rounds):
        rate = (low * high) ** 0.5
        if good(simulate(system, make(rate), scheduler, fleet)):
            low = rate
        else:
            high = rate
    return low


def test_continuous_batching_makes_several_times_the_tokens_of_static() -> None:
    """Orca: up to 36.9 times at equal latency (GPT-3 175B). Here answers of very different lengths, 64 seats: a static
    batch waits for its longest answer, so the ratio is that of the longest to the mean, less what the larger step costs.
    """
    make = Workload(600, LogNormal(500, 0.5), LogNormal(200, 1.2), seed=1)
    static, continuous = (
        simulate(small(), make, Scheduler(name, max_num_seqs=64), concurrency=128) for name in ("static", "continuous")
    )
    assert 2.0 < continuous.throughput_tokens_per_s / static.throughput_tokens_per_s < 36.9
    assert continuous.mean("ttft_s") < 0.5 * static.mean("ttft_s")


def test_chunked_prefill_serves_more_within_a_limit_on_the_tail() -> None:
    """Sarathi-Serve: 2.6 times the requests of vLLM without chunks, Mistral-7B on one A100, limit on the 99th percentile
    between tokens. Modelled: steps that stall for whole prompts. Not modelled: kernels that slow down beside chunks.
    """
    system = System(load_model("mistral-7b"), load_gpu("a100-80gb-sxm"))

    def good(result) -> bool:
        return result.percentile("itl_s", 99) < 0.2 and result.percentile("queue_s", 50) < 2.0

    def make(rate):
        return Workload(250, LogNormal(1730, 0.8, most=8000), LogNormal(415, 0.8, most=3000), Poisson(rate), seed=1)

    apart = highest_rate(system, good, make, Scheduler("prefill-first"))
    chunked = highest_rate(system, good, make, Scheduler(max_num_batched_tokens=512))
    assert 1.5 < chunked / apart < 4.5


def test_disaggregation_pays_for_long_prompts_and_tight_limits_only() -> None:
    """DistServe: up to 7.4 times the goodput, by traffic and limits. Four GPUs each: three for prompts and one for answers
    beats four that do both when prompts are long, and loses when answers are. The link is modelled, its sharing is not.
    """

    def goodput(prompt, output, limits, fleet) -> float:
        def make(rate):
            return Workload(300, LogNormal(prompt, 0.3), LogNormal(output, 0.5), Poisson(rate), seed=1)

        return highest_rate(small(), lambda result: result.goodput(*limits)[1] >= 0.9, make, fleet=fleet, high=128.0)

    together, apart = Fleet(4), Fleet(disaggregation=Disaggregation(3, 1))
    assert 1.3 < goodput(4000, 100, (0.5, 0.012), apart) / goodput(4000, 100, (0.5, 0.012), together) < 7.4
    assert goodput(300, 600, (0.2, 0.012), apart) < 0.7 * goodput(300, 600, (0.2, 0.012), together)


def test_speculation_helps_most_where_the_batch_is_small() -> None:
    """SGLang, Qwen3.8-27B: 2.58 times at one request with 3.22 tokens a step, 1.69 times at 64."""
    gains = []
    for concurrency in (1, 64, 256):
        plain, drafted = (
            simulate(small(), fixed(512, 256, 4 * concurrency), Scheduler(speculation=s), concurrency=concurrency).mean(
                "tpot_s"
            )
            for s in (None, Speculation(drafts=4, acceptance=0.8))
        )
        gains.append(plain / drafted)
    assert Speculation(4, 0.8).tokens_per_step >= gains[0] > gains[1] > gains[2]
    assert gains[0] > 2.0
