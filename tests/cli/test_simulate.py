"""The command `simulate`."""

from __future__ import annotations

import csv
import json

import pytest

from lessonlib.cli import simulate as simulate_cli
from lessonlib.cli.main import main

KEYS = {
    "throughput_tokens_per_s",
    "requests_per_s",
    "ttft_s",
    "itl_s",
    "e2e_s",
    "queue_s",
    "preemptions",
    "prefix_hit_rate",
    "kv_peak",
    "simulated_s",
}


def run(line: str, capsys) -> tuple[int, str, str]:
    status = main(["simulate", *line.split()])
    out = capsys.readouterr()
    return status, out.out, out.err


@pytest.mark.parametrize(
    "line",
    [
        "--rate 10 --requests 40",
        "--concurrency 8 --requests 40 --prompt 300 --output 20",
        "--preset rag --requests 30 --model qwen3.5-27b --tp 2",
        "--preset conversation --rate 3 --requests 30 --replicas 2 --router prefix-aware",
        "--model llama-3.1-70b --gpu h100-sxm --tp 2 --weights fp8 --rate 1 --prompt 5000 --output 50 --requests 10",
        "--rate 10 --requests 40 --burst 4 --spread 0.8 --speculate 3,0.7 --priority",
        "--rate 10 --requests 40 --disaggregate 1,2 --cost ceiling --no-prefix-caching --batching prefill-first",
        "--lab qwen3-32b-h200 --rate 2 --requests 10 --summary --limit 100",
    ],
)
def test_json_has_its_keys(line, capsys) -> None:
    status, out, err = run(f"{line} --json", capsys)
    assert status == 0 and err == ""
    data = json.loads(out)
    assert data.keys() >= KEYS and data["finished"] > 0
    for name in ("ttft_s", "itl_s", "e2e_s", "queue_s"):
        assert set(data[name]) == {"mean", "p50", "p90", "p99"}
        assert 0 <= data[name]["p50"] <= data[name]["p90"] <= data[name]["p99"]


def test_the_same_line_gives_the_same_numbers(capsys) -> None:
    line = "--rate 10 --requests 60 --spread 1 --seed 5 --json"
    assert run(line, capsys) == run(line, capsys) != run(line.replace("5", "6"), capsys)


def test_text_for_people(capsys) -> None:
    status, out, _ = run("--rate 10 --requests 60 --slo 1,0.05 --price 2", capsys)
    assert status == 0
    for words in ("llama-3.1-8b on 1 x h100-sxm", "60 requests", "time to first token", "goodput", "cost"):
        assert words in out


def test_files(capsys, tmp_path) -> None:
    log, rows, plot = tmp_path / "log.csv", tmp_path / "rows.csv", tmp_path / "timeline.svg"
    log.write_text("arrival_s,prompt,output\n0,900,5\n0.5,200,6\n")
    status, out, err = run(f"--trace {log} --save {rows} --plot {plot} --json", capsys)
    assert status == 0 and json.loads(out)["finished"] == 2 and "wrote" in err
    assert [row["prompt"] for row in csv.DictReader(rows.read_text(encoding="utf-8").splitlines())] == ["900", "200"]
    assert plot.read_text().startswith("<?xml")


def test_overload_is_a_warning_not_an_error(capsys) -> None:
    status, out, err = run("--rate 200 --requests 1500 --json", capsys)
    assert status == 0 and err.count("\n") == 1 and "grows without bound" in err
    assert json.loads(out)["warnings"]


def test_ctrl_c_prints_what_there_is(capsys, monkeypatch) -> None:
    class Bar:
        def __init__(self, **_):
            self.n = 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def set_postfix_str(self, *_, **__):
            raise KeyboardInterrupt

        def update(self, _):
            return None

    monkeypatch.setattr("tqdm.tqdm", Bar)
    status, out, err = run("--rate 10 --requests 2000 --json", capsys)
    assert status == simulate_cli.INTERRUPTED and "interrupted" in err
    data = json.loads(out)
    assert data["stopped"] == "interrupted" and 0 < data["finished"] < 2000


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", ["--rate", "--concurrency", "--trace", "--preset"]),
        ("--rate 0", ["rate", "from 0.000001 to"]),
        ("--rate -3", ["rate", "-3"]),
        ("--rate nan", ["rate", "nan"]),
        ("--concurrency 0", ["concurrency", "from 1"]),
        ("--rate 1 --requests 0", ["requests", "0"]),
        ("--rate 1 --prompt 0", ["--prompt", "from 1"]),
        ("--rate 1 --output -5", ["--output", "-5"]),
        ("--rate 1 --prompt 900000", ["request 0", "KV cache", "shorten"]),
        ("--rate 1 --model llama-3.1-70b", ["no room", "raise tp"]),
        ("--rate 1 --model llama3", ["unknown model", "lessonlib models"]),
        ("--rate 1 --gpu h900", ["unknown GPU"]),
        ("--rate 1 --router sticky", ["sticky", "round-robin"]),
        ("--rate 1 --replicas 0", ["replicas"]),
        ("--rate 1 --batching dynamic", ["continuous"]),
        ("--rate 1 --cost guess", ["expected or ceiling"]),
        ("--rate 1 --speculate 3", ["--speculate", "2 numbers"]),
        ("--rate 1 --disaggregate 1,0", ["--disaggregate", "from 1 to 4,096"]),
        ("--rate 1 --slo fast", ["--slo"]),
        ("--rate 1 --summary --save rows.csv", ["--summary", "--save"]),
        ("--preset chat", ["unknown preset", "conversation"]),
        ("--preset rag --prompt 5", ["--prompt", "preset"]),
        ("--concurrency 2 --burst 3", ["--burst", "--rate"]),
        ("--trace absent.csv", ["absent.csv", "cannot be read"]),
        ("--trace absent.csv --prompt 5", ["--prompt", "--trace"]),
        ("--rate 1 --requests 3 --plot x.gif", ["--plot", ".svg"]),
        ("--rate 1 --limit 0", ["limit"]),
    ],
)
def test_wrong_use_is_one_line_and_status_two(line, words, capsys) -> None:
    status, _, err = run(line, capsys)
    assert status == 2 and err.count("\n") == 1
    for word in words:
        assert word in err


def test_only_one_way_to_come(capsys) -> None:
    assert main(["simulate", "--rate", "1", "--concurrency", "2"]) == 2


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--rate 1 --disaggregate 1,1 --replicas 3", ["--disaggregate", "--replicas"]),
        ("--rate 1 --slo nan,1", ["--slo", "nan"]),
        ("--rate 1 --slo 1,-1", ["--slo", "-1"]),
        ("--rate 1 --price -2", ["--price", "-2"]),
        ("--rate 1 --save rows.txt", ["--save", ".csv"]),
        ("--rate 1 --save no/such/rows.csv", ["--save", "no folder"]),
        ("--rate 1 --plot no/such/line.svg", ["--plot", "no folder"]),
        ("--rate 1 --memory-share 0.1", ["memory_share"]),
        ("--preset chat", ["conversation", "agent"]),
    ],
)
def test_what_would_fail_after_a_long_run_is_said_before_it(line, words, capsys) -> None:
    status, out, err = run(f"{line} --requests 3", capsys)
    assert status == 2 and err.count("\n") == 1 and not out
    for word in words:
        assert word in err


def test_all_gpus_of_a_replica_are_counted(capsys) -> None:
    assert "on 4 x h100-sxm" in run("--rate 1 --requests 1 --tp 2 --pp 2", capsys)[1]
    assert "1 request in" in run("--rate 1 --requests 1", capsys)[1]
