"""Traces as others publish them: what each row becomes, what is assumed, and what is refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.serving import Trace, read_trace
from lessonlib.serving.traffic.formats import FORMATS


def csv_file(folder: Path, text: str) -> Path:
    path = folder / "trace.csv"
    path.write_text(text, encoding="utf-8")
    return path


def lines(folder: Path, *rows: dict[str, Any]) -> Path:
    path = folder / "trace.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def arrivals(trace: Trace) -> list[float]:
    return [round(request.arrival_s, 6) for request in trace]


def test_azure_of_2023_and_2024_begins_at_its_first_invocation(tmp_path: Path) -> None:
    old = read_trace(
        csv_file(
            tmp_path,
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n",
        )
    )
    assert arrivals(old) == [0.0, 4.314579]
    assert [(r.prompt, r.output) for r in old] == [(374, 44), (396, 109)]
    new = read_trace(
        csv_file(
            tmp_path,
            "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5\n2024-05-10 00:00:01.017335+00:00,2399,6\n",
        )
    )
    assert arrivals(new) == [0.0, 1.007405]
    assert any("Azure" in note for note in new.notes)


def test_rows_out_of_order_are_sorted_and_that_is_said(tmp_path: Path) -> None:
    text = "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:09,20,5\n2024-05-10 00:00:01,10,5\n2024-05-10 00:00:10,30,5\n"
    trace = read_trace(csv_file(tmp_path, text))
    assert arrivals(trace) == [0.0, 8.0, 9.0] and [r.prompt for r in trace] == [10, 20, 30]
    assert any("1 of its rows" in note for note in trace.notes)


def test_burstgpt_in_seconds_with_its_failures_told(tmp_path: Path) -> None:
    head = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
    rows = "7,,1,ChatGPT,300,20,320,API log\n9,,1,ChatGPT,0,0,0,Conversation log\n11.5,,1,GPT-4,80,0,80,API log\n"
    trace = read_trace(csv_file(tmp_path, head + rows))
    assert arrivals(trace) == [7.0, 11.5] and [r.output for r in trace] == [20, 1]
    told = " ".join(trace.notes)
    assert "1 failed calls" in told and "1 rows without request tokens" in told


def test_mooncake_counts_milliseconds_and_blocks_of_512(tmp_path: Path) -> None:
    trace = read_trace(
        lines(tmp_path, {"timestamp": 1500, "input_length": 1100, "output_length": 20, "hash_ids": [5, 6, 7]})
    )
    assert arrivals(trace) == [1.5]
    assert trace.requests[0].prefix == ((5, 512), (6, 512), (7, 76))


def test_bailian_counts_seconds_and_blocks_of_16(tmp_path: Path) -> None:
    rows = [
        {
            "chat_id": n,
            "parent_chat_id": -1,
            "timestamp": 2.5 * n,
            "input_length": 40,
            "output_length": 9,
            "type": "text",
            "turn": 1,
            "hash_ids": [1, 2, n + 9],
        }
        for n in range(3)
    ]
    trace = read_trace(lines(tmp_path, *rows))
    assert arrivals(trace) == [0.0, 2.5, 5.0]
    assert trace.requests[1].prefix == ((1, 16), (2, 16), (10, 8))
    assert trace.notes[0].startswith("read as Qwen-Bailian")


def test_a_later_turn_comes_after_the_answer_and_finds_what_was_said(tmp_path: Path) -> None:
    trace = read_trace(
        lines(
            tmp_path,
            {"session_id": "a", "timestamp": 4000, "input_length": 100, "output_length": 10},
            {"session_id": "a", "delay": 2500, "input_length": 150, "output_length": 10},
            {"session_id": "a", "delay": 500, "input_length": 200, "output_length": 10},
            {"session_id": "b", "timestamp": 1000, "input_length": 100, "output_length": 10},
            {"session_id": "b", "delay": 1000, "input_length": 90, "output_length": 10},
        )
    )
    # Session b starts first.
    assert [(r.arrival_s, r.follows, r.think_s) for r in trace] == [
        (1.0, -1, 0.0), (0.0, 0, 1.0), (4.0, -1, 0.0), (0.0, 2, 2.5), (0.0, 3, 0.5),
    ]  # fmt: skip
    turns = trace.requests[2:]
    assert turns[1].prefix == ((turns[0].own, 110),)
    assert turns[2].prefix == ((turns[0].own, 110), (turns[1].own, 50))
    assert trace.requests[1].prefix == (), "shorter than what was said before: nothing is taken as shared"


def test_a_turn_with_a_time_and_a_delay_comes_at_its_time_and_that_is_said(tmp_path: Path) -> None:
    turn = {"session_id": "a", "input_length": 100, "output_length": 10}
    trace = read_trace(lines(tmp_path, turn | {"timestamp": 0}, turn | {"timestamp": 3000, "delay": 500}))
    assert arrivals(trace) == [0.0, 3.0]
    assert any("1 rows have a timestamp and a delay" in note for note in trace.notes)


def test_sessions_last_as_long_as_their_answers_and_pauses(tmp_path: Path) -> None:
    from lessonlib.roofline import System, load_gpu, load_model
    from lessonlib.serving import simulate

    turn = {"session_id": "s", "input_length": 1000, "output_length": 50}
    path = lines(tmp_path, turn | {"timestamp": 0}, turn | {"delay": 5000}, turn | {"delay": 5000})
    result = simulate(System(load_model("llama-3.1-8b"), load_gpu("h100-sxm")), read_trace(path))
    assert result.simulated_s > 10.0


def test_texts_are_estimated_and_need_a_closed_loop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lessonlib.cli.main import main

    path = lines(tmp_path, {"prompt": "x" * 400, "output_tokens": 20}, {"prompt": "y" * 40, "output_tokens": 5})
    trace = read_trace(path)
    assert [(r.prompt, r.output) for r in trace] == [(100, 20), (10, 5)] and not trace.timed
    assert any("estimated" in note for note in trace.notes)
    assert main(["simulate", "--trace", str(path)]) == 2
    assert "--concurrency" in capsys.readouterr().err
    assert main(["simulate", "--trace", str(path), "--concurrency", "2"]) == 0
    told = capsys.readouterr()
    assert "vLLM custom" in told.err and "2 requests" in told.out


def test_sharegpt_takes_the_first_question_and_answer(tmp_path: Path) -> None:
    talk = [
        {
            "id": "a",
            "conversations": [
                {"from": "human", "value": "q" * 80},
                {"from": "gpt", "value": "a" * 40},
                {"from": "human", "value": "more"},
            ],
        },
        {"id": "b", "conversations": [{"from": "human", "value": "no answer"}]},
    ]
    path = tmp_path / "sharegpt.json"
    path.write_text(json.dumps(talk), encoding="utf-8")
    trace = read_trace(path)
    assert [(r.prompt, r.output) for r in trace] == [(20, 10)]
    assert any("1 conversations without an answer" in note for note in trace.notes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n0,2,0,0.5,1,374,44\n",
            0.5,
        ),
        ("arrived_at,num_prefill_tokens,num_decode_tokens,num_total_tokens,pd_ratio\n0.5,374,44,418,8.5\n", 0.5),
    ],
    ids=["splitwise-sim", "Vidur"],
)
def test_traces_of_other_simulators(tmp_path: Path, text: str, expected: float) -> None:
    trace = read_trace(csv_file(tmp_path, text))
    assert [(r.arrival_s, r.prompt, r.output) for r in trace] == [(expected, 374, 44)]


def test_nanoseconds_are_nanoseconds(tmp_path: Path) -> None:
    trace = read_trace(lines(tmp_path, {"input_toks": 10, "output_toks": 7, "arrival_time_ns": 250_000_000}))
    assert arrivals(trace) == [0.25]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        # Bailian without its chat_id: seconds or milliseconds? Never decided by a guess.
        ([{"timestamp": 1.0, "input_length": 40, "output_length": 4, "type": "text", "turn": 1}], ["two formats", "Qwen-Bailian", "chat_id"]),
        ([{"timestamp": 1.0, "input_length": 40, "output_length": 4, "chat_id": 7}], ["two formats", "Qwen-Bailian", "chat_id"]),
        ([{"timestamp": 0, "input_length": 640, "output_length": 4, "hash_ids": list(range(40))}], ["blocks of about 16 tokens", "512"]),
        ([{"timestamp": 0, "input_length": 640}], ["Mooncake", "output_length"]),
        ([{"timestamp": "soon", "input_length": 64, "output_length": 4}], ["request 0", "timestamp", "soon"]),
        ([{"session_id": "a", "timestamp": 0, "input_length": 6, "output_length": 4}, {"session_id": "a", "delay": [], "input_length": 6, "output_length": 4}], ["request 1", "delay"]),
        ([{"timestamp": 0, "input_length": 64, "output_length": 4, "hash_ids": {"a": 1}}], ["hash_ids", "list"]),
        ([{"prompt": 3, "output_tokens": 4}], ["request 0", "prompt", "text"]),
        ([{"conversations": [1]}], ["conversations", "list of turns"]),
        ([{"colour": "red", "size": 4}], ["no trace that is known here", "colour", "arrival_s"]),
        ([{"timestamp": 0, "input_length": 64, "output_length": "many"}], ["output_length", "many"]),
    ],
)  # fmt: skip
def test_what_no_format_says_is_refused_by_name(tmp_path: Path, rows: list[dict[str, Any]], words: list[str]) -> None:
    with pytest.raises(LessonlibError) as refused:
        read_trace(lines(tmp_path, *rows))
    told = str(refused.value)
    assert "\n" not in told and all(word in told for word in words), told


def test_a_date_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(LessonlibError, match="TIMESTAMP"):
        read_trace(csv_file(tmp_path, "TIMESTAMP,ContextTokens,GeneratedTokens\nyesterday,1,1\n"))


def test_columns_that_are_not_used_are_named(tmp_path: Path) -> None:
    trace = read_trace(csv_file(tmp_path, "arrival_s,prompt,output,user,colour\n0,10,5,me,red\n"))
    assert any("not used: user, colour" in note for note in trace.notes)


def test_the_columns_of_this_course_need_no_word(tmp_path: Path) -> None:
    assert read_trace(csv_file(tmp_path, "arrival_s,prompt,output\n0,10,5\n")).notes == ()


def test_the_guide_names_every_format_and_its_columns(repo: Path) -> None:
    guide = (repo / "docs/TRACES.md").read_text(encoding="utf-8")
    for item in FORMATS:
        assert all(f"`{name}`" in guide for name in item.needed), item.title
