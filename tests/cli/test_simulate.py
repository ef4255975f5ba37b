"""The command `simulate`."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from lessonlib.cli import simulate as simulate_cli
from lessonlib.cli.main import main
from tests.inputs.tried import within

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
        "--rate 10 --requests 60 --long-prefill-token-threshold 500 --reserve-output --server-time 0.05 --block-size 32 --watermark 0.02",
        "--rate 10 --requests 60 --kv-blocks 3000 --memory-share 0.8 --speculate 3,0.9,0.6,0.3 --draft-time 0.0002",
        "--lab qwen3.5-27b-2xh100-sxm --rate 1 --requests 20 --link 64 --no-hybrid-pages",
        "--rate 10 --requests 80 --replicas 3 --router service --connections 5 --slow 1,2 --failure 0,2,3 --router-fails-at 5 --scrape 1",
        "--rate 10 --requests 80 --kind 2,gpu=a100-80gb-sxm,max-num-seqs=64 --kind 1,gpu=l40s,kv=fp8 --router session --load-bound 2",
        "--rate 10 --requests 80 --disaggregate 1,1 --transfer 10 --decode-kind gpu=h200-sxm --prefill-kind max-num-batched-tokens=2048",
        "--rate 10 --requests 300 --autoscale tokens,4000,1,4 --look 5 --start node=3,image=2 --cool-down 9 --signal-age 1 --most-up 1 --most-down 1",
        "--preset conversation --rate 3 --requests 60 --steady-sessions",
        "--model deepseek-v3 --gpu h200-sxm --dp 8 --ep 8 --weights fp8 --rate 3 --requests 20",
        "--preset conversation --rate 3 --requests 60 --kv-blocks 2000 --host-memory 60 --host-link 25",
        "--rate 10 --requests 300 --replicas 2 --rollout 5,1,0,4,0 --log",
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


def test_a_run_as_its_monitoring_sees_it(capsys, tmp_path) -> None:
    page, table = tmp_path / "page.prom", tmp_path / "panel.csv"
    line = (
        f"--rate 10 --requests 300 --replicas 2 --log --metrics {page} --at 20 --replica 1 --panel {table} --window 10"
    )
    status, out, _ = run(line, capsys)
    assert status == 0 and "Engine 001: Avg prompt throughput:" in out and "300 requests" in out
    assert "vllm:num_requests_running{" in page.read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
    assert sum(float(row["vllm:request_success_total"]) for row in rows) == 300
    status, out, _ = run(f"{line} --json", capsys)
    assert status == 0 and len(json.loads(out)["log"]) > 2


def test_help_is_in_groups(capsys) -> None:
    assert main(["simulate", "--help"]) == 0
    text = capsys.readouterr().out
    groups = [
        "model and GPUs:",
        "requests:",
        "scheduler",
        "KV cache:",
        "speculative decoding:",
        "fleet:",
        "a fleet that changes:",
    ]
    places = [text.index(f"\n{group}") for group in groups]
    assert places == sorted(places)


def test_every_flag_stands_in_the_docs() -> None:
    from lessonlib.cli.main import build_parser

    commands = next(action for action in build_parser()._actions if isinstance(action.choices, dict))
    page = (Path(__file__).parents[2] / "docs" / "SIMULATOR.md").read_text(encoding="utf-8")
    flags = {flag for action in commands.choices["simulate"]._actions for flag in action.option_strings}
    missing = [flag for flag in flags - {"-h", "--help"} if not re.search(rf"`[^`]*{flag}(?![a-z-])[^`]*`", page)]
    assert not missing


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
        ("--rate 0", ["rate", "from 0.001 to"]),
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
        ("--rate 1 --speculate 3", ["--speculate", "2 or more numbers"]),
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
        ("--rate 1 --steady-sessions", ["--steady-sessions", "--preset"]),
        ("--preset rag --steady-sessions", ["steady_sessions", "several turns"]),
        ("--rate 1 --draft-time 0.1", ["--draft-time", "--speculate"]),
        ("--rate 1 --speculate 3,0.5,0.6,0.1", ["acceptance", "cannot rise"]),
        ("--rate 1 --speculate 2.5,0.5", ["--speculate", "whole number"]),
        ("--rate 1 --slow 7,2", ["slow", "no replica 7"]),
        ("--rate 1 --slow x", ["--slow", "2 numbers"]),
        ("--rate 1 --failure 0,nan,3", ["--failure", "nan"]),
        ("--rate 1 --stall 0,10", ["--stall", "3"]),
        ("--rate 1 --stall 5000,1,1", ["--stall", "4,095"]),
        ("--rate 1 --stall 7,1,1", ["stall", "no replica 7"]),
        ("--rate 1 --kind 2", ["--kind", "KEY=VALUE"]),
        ("--rate 1 --kind 1,colour=red", ["--kind", "colour", "gpu"]),
        ("--rate 1 --kind 1,link=-3", ["--kind", "above 0"]),
        ("--rate 1 --kind inf,gpu=l40s", ["--kind", "no number"]),
        ("--rate 1 --transfer 5", ["--transfer", "--disaggregate"]),
        ("--rate 1 --look 5", ["--look", "--autoscale"]),
        ("--rate 1 --autoscale cpu,5,1,3", ["signal", "rate"]),
        ("--rate 1 --autoscale rate,5", ["--autoscale", "3 numbers"]),
        ("--rate 1 --rollout 5", ["--rollout", "5 numbers"]),
        ("--rate 1 --watermark 2", ["watermark"]),
        ("--rate 1 --scrape 1e-9", ["scrape_s", "0.001"]),
        ("--rate 1 --link 0", ["--link", "from 0.001"]),
        ("--rate 1 --metrics page.json", ["--metrics", ".prom"]),
        ("--rate 1 --panel panel.xls", ["--panel", ".csv"]),
        ("--rate 1 --window 5", ["--window", "--panel"]),
        ("--rate 1 --summary --log", ["--summary", "--log"]),
    ],
)
def test_wrong_use_is_one_line_and_status_two(line, words, capsys) -> None:
    status, _, err = run(line, capsys)
    assert status == 2 and err.count("\n") == 1
    for word in words:
        assert word in err


def test_a_trace_without_times_says_so_in_one_line_with_the_columns_it_has_no_use_for(tmp_path, capsys) -> None:
    path = tmp_path / "log.csv"
    path.write_text("when,prompt,output\n0,100,10\n", encoding="utf-8")
    status, _, err = run(f"--trace {path}", capsys)
    assert status == 2 and err.count("\n") == 1
    assert "arrival_s" in err and "columns not used: when" in err
    status, _, err = run(f"--trace {path} --concurrency 1", capsys)
    assert (status, err) == (0, f"lessonlib simulate: {path}: columns not used: when\n")


def test_a_replica_may_stand_still(capsys) -> None:
    late = []
    for flags in ("", " --stall 0,10,8"):
        status, out, _ = run(
            f"--model llama-3.1-8b --gpu h100-sxm --rate 2 --requests 60 --prompt 500 --output 40 --json{flags}", capsys
        )
        assert status == 0
        late.append(json.loads(out)["ttft_s"]["p99"])
    assert late[0] < 1 < 7 < late[1] < 8.5


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


@pytest.mark.parametrize(
    ("more", "unseen"),
    [
        ("--replicas 1 --kind 3,gpu=l40s", "the GPU l40s"),
        ("--disaggregate 1,1 --decode-kind gpu=l40s", "the GPU l40s"),
        ("--disaggregate 1,1", "pools for prompts and for answers"),
        ("--speculate 3,0.7", "drafts"),
    ],
)
def test_a_band_is_that_of_everything_that_runs(capsys, more: str, unseen: str) -> None:
    line = "--gpu h100-sxm --model llama-3.1-8b --rate 5 --requests 20 --json"
    one = json.loads(run(line, capsys)[1])["bands"]["throughput"]
    all_of_it = json.loads(run(f"{line} {more}", capsys)[1])["bands"]["throughput"]
    assert not one["extrapolated"] and all_of_it["extrapolated"]
    assert all_of_it["factor"] > one["factor"] and any(unseen in each for each in all_of_it["unseen"])


@pytest.mark.parametrize(
    ("more", "said"),
    [("--connections 8", "balanced by --router service alone"), ("--host-link 50", "--host-link: needs --host-memory")],
)
def test_a_flag_that_would_do_nothing_is_refused(capsys, more: str, said: str) -> None:
    status, _, err = run(f"--rate 5 --requests 20 {more}", capsys)
    assert status == 2 and said in err and err.count("\n") == 1


def test_expected_step_times_come_with_bands_and_ceilings_with_none(capsys) -> None:
    line = "--model gpt-oss-20b --gpu b200 --weights mxfp4 --rate 2 --prompt 100 --output 20 --requests 5"
    status, out, _ = run(f"{line} --json", capsys)
    bands = json.loads(out)["bands"]
    assert status == 0 and set(bands) == {"throughput", "time per token", "time to first token"}
    assert all(entry["extrapolated"] and entry["factor"] > 1.2 for entry in bands.values())
    assert any("blackwell GPUs" in item for item in bands["throughput"]["unseen"])
    text = run(line, capsys)[1]
    assert "nine in ten measurements" in text and "extrapolated: no measurement of" in text
    assert "bands" not in json.loads(run(f"{line} --cost ceiling --json", capsys)[1])


TRACE = "arrival_s,prompt,output\n0,100,10\n1,200,20\n"


@pytest.mark.parametrize(
    "flags",
    [
        "--trace log.csv --save log.csv",
        "--trace log.csv --panel ./log.csv",
        "--trace log.csv --save link.csv",
        "--rate 5 --save same.csv --panel same.csv",
        "--rate 5 --save new.csv --panel to-new.csv",
    ],
)
def test_what_is_written_is_no_file_that_is_read_or_written_too(flags, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text(TRACE)
    (tmp_path / "link.csv").symlink_to("log.csv")
    (tmp_path / "to-new.csv").symlink_to("new.csv")
    assert main(["simulate", *flags.split()]) == 2
    assert "name another" in capsys.readouterr().err
    assert (tmp_path / "log.csv").read_text() == TRACE
    assert not (tmp_path / "same.csv").exists() and not (tmp_path / "new.csv").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("--rate 0.001 --requests 20 --panel p.csv --window 0.001", ["panel", "windows"]),
        ("--rate 5 --requests 1000000000", ["--requests", "--summary"]),
        ("--rate 5 --autoscale rate,5,1,8 --start node=1e300", ["--start"]),
        ("--rate 5 --autoscale rate,5,1,8 --start a=1,a=1", ["--start", "given twice"]),
        ("--rate 5 --kind 1,gpu=l40s,gpu=a100-80gb-sxm", ["--kind", "given twice"]),
    ],
)
def test_what_would_take_all_memory_or_is_said_twice_is_refused(flags, words, capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["simulate", *flags.split()]) == 2
    told = capsys.readouterr().err
    assert all(word in told for word in words) and told.strip().count("\n") == 0, told


def test_a_pool_for_answers_that_is_away_for_a_year_is_waited_for_at_once(capsys) -> None:
    with within(20):
        flags = "--rate 5 --requests 20 --disaggregate 1,1 --failure 1,1,3e7 --json"
        assert main(["simulate", *flags.split()]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["finished"] == 20 and data["simulated_s"] > 3e7


def test_a_fleet_that_scales_is_counted_as_it_came_to_be(capsys) -> None:
    few = run("--rate 1 --requests 20 --autoscale rate,0.5,1,8", capsys)[1]
    assert "up to 1 replica," in few
    data = json.loads(run("--rate 20 --requests 400 --autoscale rate,5,1,3 --look 2 --start 1 --json", capsys)[1])
    assert data["replicas"] == 3 and data["scales"] is True


def test_limits_on_the_command_line_are_those_of_a_rank(capsys, monkeypatch) -> None:
    seen = []
    from lessonlib.serving import Scheduler

    kept = Scheduler.__post_init__
    monkeypatch.setattr(Scheduler, "__post_init__", lambda self: (kept(self), seen.append(self))[0])
    line = "--model deepseek-v3 --gpu h200-sxm --dp 8 --ep 8 --weights fp8 --rate 1 --requests 2"
    assert run(f"{line} --max-num-seqs 16 --max-num-batched-tokens 512", capsys)[0] == 0
    assert (seen[0].max_num_seqs, seen[0].max_num_batched_tokens) == (128, 4096)
