"""What a stranger types wrong: one line that names it, and nothing lost in silence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.serving import (
    Autoscaler,
    Disaggregation,
    Failure,
    Fleet,
    Poisson,
    Request,
    Scheduler,
    ShareOfPrompt,
    Sharing,
    Speculation,
    Stall,
    Trace,
    Workload,
    fixed,
    preset,
    read_trace,
    simulate,
)  # fmt: skip
from tests.serving.systems import small, whole_run


def refused(make) -> str:
    with pytest.raises(LessonlibError) as raised:
        make()
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("wrap", [list, tuple, iter], ids=["list", "tuple", "iterator"])
@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([Request(5.0, 100, 10), Request(1.0, 100, 10)], ["request 1", "sort"]),
        ([Request(0.0, math.nan, 10)], ["request 0", "prompt", "nan"]),
        ([Request(0.0, -5, 10)], ["request 0", "prompt", "-5"]),
        ([Request(0.0, 5, 0)], ["request 0", "output", "from 1 up"]),
        ([Request(0.0, 5.5, 1)], ["request 0", "prompt", "5.5"]),
        ([Request(math.nan, 5, 1)], ["request 0", "arrival_s"]),
        ([Request(-3.0, 5, 1)], ["request 0", "arrival_s"]),
        ([Request("0", 5, 1)], ["request 0", "arrival_s"]),
        ([Request(0.0, 5, 1, priority=math.nan)], ["request 0", "priority"]),
        ([Request(0.0, 5, 1, prefix=(("a", 100),))], ["request 0", "prefix"]),
        ([Request(0.0, 5, 1, prefix=((["a"], 4),))], ["request 0", "prefix"]),
        ([Request(0.0, 5, 1, own=["a"])], ["request 0", "own"]),
        ([(0.0, 5, 1)], ["request 0", "Request(arrival_s"]),
        ([Request(0.0, 5, 1, follows=0)], ["request 0", "follows"]),
        ([Request(0.0, 5, 1), Request(0.0, 5, 1, follows=7)], ["request 1", "follows"]),
    ],
)
def test_requests_from_a_cell_are_checked_like_those_of_a_file(wrap, rows, words) -> None:
    message = refused(lambda: simulate(small(), wrap(rows)))
    for word in words:
        assert word in message


def test_a_list_may_hold_sessions_and_an_iterator_says_that_it_may_not() -> None:
    rows = [Request(0.0, 5, 3), Request(9.0, 5, 3), Request(0.0, 5, 3, follows=0, think_s=1.0)]
    assert simulate(small(), rows).finished == 3
    assert "Trace" in refused(lambda: simulate(small(), iter(rows)))


def test_whole_numbers_of_numpy_are_whole_numbers() -> None:
    rows = [Request(float(n), np.int64(100), np.int32(5)) for n in range(3)]
    assert simulate(small(), rows).output_tokens == simulate(small(), Trace(tuple(rows))).output_tokens == 15


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: simulate(small(), 5), ["requests", "Workload"]),
        (lambda: simulate("llama-3.1-8b", fixed(10, 5, 5)), ["system", "System"]),
        (lambda: simulate(small(), fixed(10, 5, 5), "continuous"), ["scheduler", "Scheduler"]),
        (lambda: simulate(small(), fixed(10, 5, 5), Fleet(2)), ["scheduler", "Scheduler"]),
        (lambda: simulate(small(), fixed(10, 5, 5), fleet=3), ["fleet", "Fleet"]),
        (lambda: Workload(5, 10, 5, 5.0), ["arrivals", "Poisson"]),
        (lambda: Workload(5, 10, 5, priorities="ab"), ["priorities"]),
        (lambda: Workload(5, 10, 5, sharing=3), ["sharing", "Sharing"]),
        (lambda: Scheduler(speculation=3), ["speculation", "Speculation"]),
        (lambda: Fleet(2, failures=Failure(0, 1)), ["failures", "Failure"]),
        (lambda: Fleet(2, stalls=Stall(0, 1)), ["stalls", "Stall"]),
        (lambda: Fleet(2, stalls=(Failure(0, 1),)), ["stalls", "Stall"]),
        (lambda: Fleet(2, stalls=(Stall(2, 1.0),)), ["stall", "no replica 2"]),
        (lambda: Stall(0, 1.0, 0.0), ["stall", "for_s"]),
        (lambda: Stall(0, -1.0), ["stall", "at_s"]),
        (lambda: Fleet(2, slow=2.0), ["slow", "{0: 2.0}"]),
        (lambda: Fleet(1, autoscaler=8), ["autoscaler", "Autoscaler"]),
        (lambda: Fleet(disaggregation=(1, 1)), ["disaggregation", "Disaggregation"]),
        (lambda: preset("chat"), ["chat", "conversation", "rag"]),
        (lambda: simulate(small(), fixed(10, 5, 5), cost="guess"), ["cost", "guess", "expected or ceiling"]),
        (lambda: simulate(small(), fixed(10, 5, 5), Scheduler(memory_share=0.1)), ["no room", "memory_share"]),
    ],
)
def test_the_wrong_kind_of_thing_is_named(make, words) -> None:
    message = refused(make)
    for word in words:
        assert word in message
    assert "expected expected" not in message


def test_what_is_asked_of_a_result_is_checked() -> None:
    result = simulate(small(), fixed(10, 5, 5, Poisson(1.0)))
    assert "ttft_s" in refused(lambda: result.goodput(ttft_s=math.nan))
    assert "tpot_s" in refused(lambda: result.goodput(tpot_s=-1.0))
    assert "e2e_s" in refused(lambda: result.goodput(e2e_s="1"))
    assert "queue_s" in refused(lambda: result.window_percentiles("latency", np.array([0.0, 1.0]), 50.0))
    assert "level" in refused(lambda: result.window_percentiles("ttft_s", np.array([0.0, 1.0]), 500.0))
    assert "replica 7" in refused(lambda: result.step_columns(7))
    assert result.goodput()[1] == 1.0


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.csv", "arrival_s,prompt,output\n0,abc,5\n", ["request 0", "prompt", "'abc'"]),
        ("a.csv", "arrival_s,prompt,output\n2026-01-01T00:00:00,5,5\n", ["request 0", "arrival_s", "seconds"]),
        ("a.csv", "arrival_s,prompt,output,priority\n0,5,5,high\n", ["request 0", "priority", "'high'"]),
        ("a.csv", "arrival_s,prompt,output,prefix\n0,5,5,abc\n", ["request 0", "prefix", "key:tokens"]),
        ("a.csv", "arrival_s,prompt,output,prefix\n0,5,5,a:x\n", ["request 0", "prefix", "key:tokens"]),
        ("a.csv", "arrival_s;prompt;output\n0;10;5\n", ["commas"]),
        ("a.csv", "arrival_s,prompt,output\n,10,5\n", ["request 0", "no value for arrival_s"]),
        ("a.csv", "arrival_s,prompt,output\n0,1e12,1\n", ["request 0", "prompt", "up to 10,000,000"]),
        ("a.jsonl", '{"arrival_s": 0, "prompt": 5, "output": 3}\n{"prompt": 5, "output": 3}\n', ["request 1", "no value for arrival_s"]),
        ("a.jsonl", '{"arrival_s": 0, "prompt": null, "output": 3}\n', ["request 0", "prompt", "whole number"]),
        ("a.jsonl", '{"arrival_s": 0, "prompt": true, "output": 3}\n', ["request 0", "prompt", "whole number"]),
        ("a.jsonl", '{"arrival_s": 0, "prompt": 40, "output": 3, "prefix": [["a"]]}\n', ["request 0", "prefix"]),
        ("a.jsonl", '{"arrival_s": 0, "prompt": 40, "output": 3, "prefix": [[["a"], 30]]}\n', ["request 0", "prefix"]),
        ("a.jsonl", '{"arrival_s": 0, "prompt": 40, "output": 3, "prefix": 7}\n', ["request 0", "prefix"]),
        ("a.jsonl", '{"arrival_s": 0, "prompt": 40, "output": 3, "own": {"a": 1}}\n', ["request 0", "own"]),
        ("a.jsonl", '{"timestamp": 0, "input_length": 40, "output_length": 3, "hash_ids": 7}\n', ["request 0", "hash_ids"]),
    ],
)  # fmt: skip
def test_a_wrong_file_names_its_column(tmp_path, name, text, words) -> None:
    path = tmp_path / name
    path.write_text(text)
    message = refused(lambda: read_trace(path))
    for word in [*words, str(path)]:
        assert word in message


def test_blanks_after_commas_are_no_fault(tmp_path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("arrival_s, prompt, output\n0, 100, 5\n1, 200, 6\n")
    assert list(read_trace(path)) == [Request(0.0, 100, 5), Request(1.0, 200, 6)]


def test_a_cache_that_just_holds_one_request_serves_separate_pools_too() -> None:
    """14 + 2 tokens fill one block of 16; the answer's first token needs no second one."""
    for tokens in (14, 15, 16):
        blocks = -(-(tokens + 2) // 16)
        _, result = whole_run(
            small(),
            fixed(tokens, 2, 5, Poisson(5.0)),
            Scheduler(kv_blocks=blocks),
            Fleet(disaggregation=Disaggregation()),
        )
        assert result.finished == 5


def test_a_scaler_and_drafts_are_still_taken() -> None:
    fleet = Fleet(1, autoscaler=Autoscaler(), failures=[Failure(0, 1.0)])
    assert simulate(small(), fixed(10, 5, 5, Poisson(1.0)), Scheduler(speculation=Speculation()), fleet).finished == 5


def test_requests_beyond_the_context_of_the_model_are_a_warning() -> None:
    """They fit in the cache, so they can be simulated; the engine behind them would say no."""
    most = small().model.max_context
    result = simulate(small(), [Request(0.0, most, 1), Request(0.0, most - 1, 1)])
    assert (
        len(result.warnings) == 1
        and "1 requests are longer" in result.warnings[0]
        and f"{most:,}" in result.warnings[0]
    )


def test_a_log_may_count_its_seconds_from_1970() -> None:
    rows = [Request(1.0 * n, 100, 50) for n in range(20)]
    now, then = (
        simulate(small(), [row._replace(arrival_s=row.arrival_s + start) for row in rows])
        for start in (0.0, 1_764_000_000.0)
    )
    assert then.simulated_s == pytest.approx(now.simulated_s, rel=1e-6) and then.mean("ttft_s") == pytest.approx(
        now.mean("ttft_s"), rel=1e-4
    )
    assert simulate(small(), fixed(10, 2, 3, Poisson(1e-300))).finished == 3


def test_a_later_turn_cannot_be_a_share_of_its_prompt() -> None:
    said = refused(lambda: Sharing(turns=3, turn_tokens=ShareOfPrompt(2.0, 4.0)))  # type: ignore[arg-type]
    assert said.startswith("turn_tokens: ") and "LogNormal" in said
    assert refused(lambda: Workload(3, ShareOfPrompt(2.0, 4.0), 10)).startswith("prompt: ")  # type: ignore[arg-type]
