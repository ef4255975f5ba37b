"""Traffic: laws, seeds, shared beginnings, presets, and files."""

from __future__ import annotations

import json
import math
from itertools import islice

import numpy as np
import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.serving import (
    Constant,
    Diurnal,
    Empirical,
    Fixed,
    GammaBurst,
    Geometric,
    LogNormal,
    OnOff,
    Poisson,
    Ramp,
    Request,
    ShareOfPrompt,
    Sharing,
    Trace,
    Workload,
    fixed,
    preset,
    preset_names,
    read_trace,
    simulate,
    write_trace,
)  # fmt: skip
from lessonlib.serving.traffic.presets import PRESETS
from tests.serving.systems import small


def times(law, count=20_000, seed=0):
    random = np.random.Generator(np.random.PCG64(seed))
    found = np.fromiter(islice((t for block in law.blocks(random) for t in block), count), float, count)
    assert np.all(np.diff(found) >= 0) and found[0] >= 0
    return found


@pytest.mark.parametrize(
    ("law", "cv"), [(Constant(5.0), 0.0), (Poisson(5.0), 1.0), (GammaBurst(5.0, 0.3), 0.3), (GammaBurst(5.0, 3.0), 3.0)]
)
def test_gaps_have_their_mean_and_spread(law, cv) -> None:
    gaps = np.diff(times(law, 60_000))
    assert gaps.mean() == pytest.approx(0.2, rel=0.04)
    assert gaps.std() / gaps.mean() == pytest.approx(cv, rel=0.06, abs=1e-6)


def test_on_and_off_come_in_turns() -> None:
    found = times(OnOff(20.0, on_s=2.0, off_s=8.0))
    assert np.all(found % 10.0 < 2.0) and len(found) / found[-1] == pytest.approx(4.0, rel=0.05)


def test_a_ramp_ends_at_its_last_rate() -> None:
    found = times(Ramp(2.0, 10.0, over_s=1000.0))
    early, late = ((found >= a) & (found < a + 200.0) for a in (0.0, 1000.0))
    assert early.sum() / 200 == pytest.approx(2.8, rel=0.1) and late.sum() / 200 == pytest.approx(10.0, rel=0.06)


def test_a_day_is_quietest_at_its_start() -> None:
    found = times(Diurnal(10.0, swing=0.9, day_s=1000.0)) % 1000.0
    night, noon = ((found >= a) & (found < a + 100.0) for a in (0.0, 450.0))
    assert noon.sum() > 8 * night.sum()


@pytest.mark.parametrize(
    "law",
    [
        Fixed(300),
        LogNormal(300, 0.5),
        LogNormal(300, 1.5),
        Geometric(300),
        Empirical((100, 500)),
        Empirical((100, 500), (3, 1)),
    ],
)
def test_lengths_have_their_mean(law) -> None:
    drawn = law.draw(np.random.Generator(np.random.PCG64(1)), 200_000)
    assert drawn.dtype == np.int64 and drawn.min() >= 1
    assert drawn.mean() == pytest.approx(law.mean, rel=0.02)


def test_a_lognormal_law_has_its_spread() -> None:
    drawn = LogNormal(1000, 0.7).draw(np.random.Generator(np.random.PCG64(1)), 200_000)
    assert drawn.std() / drawn.mean() == pytest.approx(0.7, rel=0.03)


def test_answers_may_be_a_share_of_their_prompts() -> None:
    rows = list(Workload(5000, LogNormal(8000, 0.5), ShareOfPrompt(19, 47)))
    ratios = np.array([row.prompt / row.output for row in rows])
    assert ratios.min() > 18.5 and ratios.max() < 48.5
    assert np.mean([row.output / row.prompt for row in rows]) == pytest.approx(ShareOfPrompt(19, 47).mean, rel=0.01)


def test_a_seed_decides_a_workload_and_more_of_it_starts_the_same() -> None:
    short, long = (preset("agent", count, seed=7) for count in (500, 900))
    assert list(short) == list(short) == list(long)[:500]
    assert list(short) != list(preset("agent", 500, seed=8))


def test_another_law_of_arrival_leaves_the_lengths_alone() -> None:
    one, two = (preset("code", 300, law) for law in (Poisson(1.0), GammaBurst(9.0, 2.0)))
    assert [row[1:] for row in one] == [row[1:] for row in two]


@pytest.mark.parametrize("name", preset_names())
def test_presets_have_their_published_means(name) -> None:
    recipe = PRESETS[name]
    rows = list(preset(name, 20_000, seed=2))
    prompt, output = (np.mean([getattr(row, key) for row in rows]) for key in ("prompt", "output"))
    if recipe.prompt_mean:
        assert prompt == pytest.approx(recipe.prompt_mean, rel=0.04) and output == pytest.approx(
            recipe.output_mean, rel=0.04
        )
    else:
        assert 19 < prompt / output < 47
    first = [row.arrival_s for row in rows if row.follows < 0]
    assert len(rows) / first[-1] == pytest.approx(recipe.rate, rel=0.05)


def test_presets_share_what_they_say() -> None:
    hits = {
        name: simulate(small(), preset(name, 300, rate=2.0)).prefix_hit_rate
        for name in ("conversation", "agent", "rag")
    }
    assert all(0.05 < rate < 0.95 for rate in hits.values())
    assert simulate(small(), fixed(1000, 50, 50, Poisson(2.0))).prefix_hit_rate == 0.0


def test_sessions_grow_by_their_answers() -> None:
    rows = list(Workload(30, Fixed(100), Fixed(40), Poisson(1.0), Sharing(turns=3, turn_tokens=Fixed(10))))
    for number, row in enumerate(rows):
        turn = number % 3
        assert row.prompt == 100 + turn * 50 and row.follows == (number - 1 if turn else -1)
        assert sum(tokens for _, tokens in row.prefix) == (row.prompt - 10 if turn else 0)
        assert not turn or row.prefix[-1][0] == rows[number - 1].own


def test_popular_documents_are_asked_for_most() -> None:
    rows = list(Workload(4000, Fixed(900), Fixed(1), None, Sharing(0, 1, 800, 50, zipf=1.0)))
    counts = np.bincount([row.prefix[0][0][-1] for row in rows], minlength=50)
    assert counts[0] > counts[9] > counts[49] > 0 and counts[0] / counts[9] == pytest.approx(10, rel=0.35)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_trace_comes_back_from_its_file(tmp_path, suffix) -> None:
    rows = list(preset("conversation", 200, seed=3))
    path = tmp_path / f"mine{suffix}"
    assert write_trace(rows, path) == 200
    back = list(read_trace(path))
    assert [row[:4] + row[6:] for row in back] == [row[:4] + row[6:] for row in rows]
    assert [len(row.prefix) for row in back] == [len(row.prefix) for row in rows]
    # Keys have become words, but mean the same: the simulation cannot tell.
    played, replayed = (simulate(small(), Trace(tuple(found))).metrics() for found in (rows, back))
    assert played == replayed


def test_a_learners_own_log_needs_three_columns(tmp_path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("arrival_s,prompt,output\n0,100,5\n0.5,200,6\n")
    assert list(read_trace(path)) == [Request(0.0, 100, 5), Request(0.5, 200, 6)]


def test_mooncake_names_are_understood(tmp_path) -> None:
    path = tmp_path / "trace.jsonl"
    rows = [
        {"timestamp": 1500 * n, "input_length": 1100, "output_length": 20, "hash_ids": [1, 2, 3 + n]} for n in range(4)
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    trace = read_trace(path)
    assert trace.requests[1] == Request(1.5, 1100, 20, prefix=((1, 512), (2, 512), (4, 76)))
    result = simulate(small(), trace)
    assert list(result.requests["cached"]) == [0, 1024, 1024, 1024]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["no column arrival_s", "arrival_s, prompt, output"]),
        ("arrival_s,prompt,output\n", ["holds no request"]),
        ("arrival_s,prompt,output\n1,10,5\n0.5,10,5\n", ["request 1", "0.5 s", "sort the trace"]),
        ("arrival_s,prompt,output\n0,nan,5\n", ["request 0", "nan"]),
        ("arrival_s,prompt,output\n0,inf,5\n", ["request 0"]),
        ("arrival_s,prompt,output\n0,10.5,5\n", ["request 0", "10.5"]),
        ("arrival_s,prompt,output\n0,ten,5\n", ["request 0", "ten"]),
        ("arrival_s,prompt,output\n0,0,5\n", ["request 0", "prompt", "from 1 up"]),
        ("arrival_s,prompt,output\n0,10\n", ["request 0", "no value for output"]),
        ("arrival_s,prompt,output\nnan,10,5\n", ["request 0", "seconds as a number from 0 to"]),
        ("arrival_s,prompt,output\n-1,10,5\n", ["request 0", "seconds as a number from 0 to"]),
        ("arrival_s,prompt,output,follows\n0,10,5,3\n", ["request 0", "earlier request"]),
        ("arrival_s,prompt,output,prefix\n0,10,5,a:11\n", ["request 0", "prefix"]),
        ("arrival_s,prompt,output,prefix\n0,10,5,a\n", ["request 0"]),
    ],
)
def test_wrong_traces_say_what_to_change(tmp_path, text, words) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(LessonlibError) as raised:
        read_trace(path)
    message = str(raised.value)
    assert "\n" not in message and str(path) in message
    for word in words:
        assert word in message


def test_wrong_lines_and_files_say_where(tmp_path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"arrival_s": 0, "prompt": 5, "output": 5}\n{oops\n')
    with pytest.raises(LessonlibError, match="line 2: not valid JSON"):
        read_trace(path)
    path.write_text("[1]\n")
    with pytest.raises(LessonlibError, match="line 1: expected an object"):
        read_trace(path)
    with pytest.raises(LessonlibError, match="cannot be read: No such file"):
        read_trace(tmp_path / "absent.csv")
    with pytest.raises(LessonlibError, match=r"\.csv, \.jsonl or \.json"):
        read_trace(tmp_path / "log.txt")
    with pytest.raises(LessonlibError, match="cannot be written"):
        write_trace([], tmp_path / "no" / "log.csv")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Poisson(0), lambda: Poisson(-2), lambda: Poisson(math.nan), lambda: Poisson("5"), lambda: Poisson(True), lambda: GammaBurst(1, 0),
        lambda: Ramp(1, 0, 5), lambda: OnOff(1, 0, 1), lambda: Diurnal(1, 1.5), lambda: Constant(math.inf), lambda: Fixed(0), lambda: Fixed(1.5),
        lambda: LogNormal(math.nan), lambda: LogNormal(100, -1), lambda: Geometric(0.5), lambda: Empirical(()), lambda: Empirical((1, 2), (1,)),
        lambda: Empirical((1,), (0,)), lambda: Empirical((0,)), lambda: ShareOfPrompt(5, 2), lambda: Workload(0, 5, 5), lambda: Workload(5, math.nan, 5),
        lambda: Workload(5, ShareOfPrompt(1, 2), 5), lambda: Workload(5, 5, 5, priorities=()), lambda: Workload(5, 5, 5, seed=-1),
        lambda: Sharing(turns=0), lambda: Sharing(system_tokens=-1), lambda: Trace(()), lambda: preset("chat"), lambda: fixed(0, 1, 1),
    ],
)  # fmt: skip
def test_wrong_laws_are_refused_in_one_line(make) -> None:
    with pytest.raises(LessonlibError) as raised:
        make()
    assert "\n" not in str(raised.value)
