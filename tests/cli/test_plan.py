"""The command `plan`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from lessonlib.cli import plan as plan_cli
from lessonlib.cli.main import main
from tests.hostile import ALL, HARMLESS, HOSTILE, assert_printable, assert_same_page, lab_file
from tests.inputs.tried import within

QUICK = "--slo 1,0.05 --rate 6 --requests 60 --output 20 --gpu l40s --weights fp8 --tp 1 --max-num-seqs 32 --max-num-batched-tokens 2048 --pools one --jobs 1"


def run(line: str, capsys) -> tuple[int, str, str]:
    status = main(["plan", *line.split()])
    out = capsys.readouterr()
    return status, out.out, out.err


def test_json_says_what_holds_and_why_the_others_lose(capsys) -> None:
    line = QUICK.replace("--gpu l40s", "--gpu l40s,h100-sxm --price l40s=1 --price h100-sxm=3").replace(
        "--weights fp8", "--weights fp8,bf16"
    )
    status, out, err = run(f"{line} --json", capsys)
    data = json.loads(out)
    assert (status, err) == (0, "") and data["tried"] == 4
    cheapest = data["set_ups"][0]
    assert cheapest["gpu"] == "l40s" and cheapest["usd_per_hour"] == 1.0 == cheapest["gpus"]
    assert cheapest["pools"][0]["max_num_seqs"] == 32 and cheapest["limits_given"]["max_num_seqs"]
    assert data["question"]["prices"]["l40s"]["usd"] == 1.0
    assert sum(entry["set_ups"] for entry in data["losers"]) + data["holding"] == 4
    assert {entry["why"] for entry in data["losers"]} == {"cost"}


def test_the_same_line_gives_the_same_text(capsys) -> None:
    first = run(QUICK, capsys)
    assert first == run(QUICK, capsys) and first[0] == 0
    for words in (
        "60 requests",
        "first token within 1 s",
        "llama-3.1-8b fp8 on l40s: 1 x TP1",
        "slow end",
        "nine in ten",
        "2026-",
    ):
        assert words in first[1]


@pytest.mark.parametrize(
    "line",
    [
        "--preset rag --rate 1 --requests 30 --slo 3,0.1 --lab qwen3.5-27b-2xh100-sxm --tp 2 --max-num-seqs 64 --max-num-batched-tokens 8192 --pools one --jobs 1",
        "--rate 2 --requests 40 --slo 2,0.1 --model gpt-oss-20b --model llama-3.1-8b --gpu h100-sxm --tp 1 --max-num-seqs 64 --max-num-batched-tokens 8192 --pools both --jobs 1",
        "--rate 6 --burst 3 --spread 1 --prompt 500 --shared 100 --output 20 --requests 60 --slo 1,0.05 --share 0.9 --budget 20 --most-gpus 4 --within 1.5 --router prefix-aware --seed 5 --kv fp8 --weights int4 --tp 1 --max-num-seqs 32 --max-num-batched-tokens 2048 --pools two --jobs 1",
        "--model deepseek-v3 --weights fp8 --gpu h200-sxm --tp 8 --rate 0.5 --requests 20 --prompt 500 --output 20 --slo 3,0.1 --max-num-seqs 64 --max-num-batched-tokens 8192 --pools one --jobs 1",
    ],
)  # fmt: skip
def test_lines_that_plan(line, capsys) -> None:
    status, out, err = run(f"{line} --json", capsys)
    assert status == 0 and json.loads(out)["set_ups"]
    assert all("gpt-oss-20b: " in told for told in err.splitlines())  # what its checkpoint says of its precision


def test_a_trace_is_its_own_traffic(capsys, tmp_path) -> None:
    trace = tmp_path / "log.csv"
    trace.write_text("arrival_s,prompt,output\n" + "".join(f"{n / 4},{300 + n},{5 + n % 7}\n" for n in range(40)))
    line = QUICK.replace("--rate 6 --requests 60 --output 20", f"--trace {trace}")
    status, out, err = run(f"{line} --json", capsys)
    assert (status, err) == (0, "") and json.loads(out)["question"]["requests"] == 40


def test_nothing_holds_is_status_one(capsys, tmp_path) -> None:
    status, out, err = run(f"{QUICK.replace('1,0.05', '1,0.001')} --html {tmp_path / 'x.html'}", capsys)
    assert status == 1 and "none of them holds" in out and "nothing was drawn" in err and "time" not in err
    assert not (tmp_path / "x.html").exists()
    assert "at the ceiling a token takes" in out


def test_page_and_plot(capsys, tmp_path) -> None:
    page, plot = tmp_path / "plan.html", tmp_path / "plan.svg"
    status, _, err = run(f"{QUICK} --html {page} --plot {plot}", capsys)
    assert status == 0 and err.count("wrote") == 2
    html = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in html and "<script" not in html and not re.search(r"(src|href)=", html)
    assert html.count("<svg") == 3 and "prefers-color-scheme: dark" in html and " style=" not in html
    assert plot.read_text(encoding="utf-8").startswith("<?xml")


def test_names_from_outside_are_text(capsys, tmp_path) -> None:
    pages, printed = [], []
    for text in (ALL, *HOSTILE.values(), HARMLESS):
        lab = lab_file(tmp_path, text, hostile_names=True)
        page = tmp_path / "page.html"
        line = f"--slo 30,5 --rate 1 --requests 5 --prompt 10 --output 2 --tp 1 --max-num-seqs 8 --max-num-batched-tokens 2048 --pools one --jobs 1 --html {page}"
        price = f"{json_gpu(lab)}=1"
        status = main(["plan", *line.split(), "--lab", str(lab), "--price", price])
        out = capsys.readouterr()
        assert status == 0, out.err
        assert_printable(out.out + out.err, text[:60])
        pages.append(page.read_text(encoding="utf-8"))
        printed.append(len(out.out.splitlines()))
    assert len(set(printed)) == 1
    for html in pages:
        assert_same_page(html, pages[-1], "plan")


def json_gpu(lab: Path) -> str:
    from lessonlib.roofline import load_lab

    return load_lab(lab).system.gpu.called


def test_ctrl_c_prints_what_is_known(capsys, monkeypatch) -> None:
    from lessonlib.plan import sweep

    judged, calls = sweep._judged, []

    def interrupted(*task):
        calls.append(task)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return judged(*task)

    monkeypatch.setattr(sweep, "_judged", interrupted)
    line = QUICK.replace("--weights fp8", "--weights fp8,bf16,int8,int4").replace("--tp 1", "--tp 1,2")
    status, out, err = run(line, capsys)
    assert status == plan_cli.INTERRUPTED == 130
    assert "broken off: " in out and "llama-3.1-8b" in out and err == "lessonlib plan: stopped\n"
    calls.clear()
    status, out, _ = run(f"{line} --json", capsys)
    data = json.loads(out)
    assert status == 130 and data["interrupted"] and data["not_judged"] > 0 and data["holding"] > 0


def test_the_bar_tells_the_cheapest_so_far(capsys, monkeypatch) -> None:
    told = []

    class Bar:
        n = 0

        def __init__(self, **settings):
            told.append(settings["total"])

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def set_postfix_str(self, text, **_):
            told.append(text)

        def update(self, count):
            self.n += count

    monkeypatch.setattr("tqdm.tqdm", Bar)
    assert run(QUICK, capsys)[0] == 0
    assert told[0] == 1 and told[-1].startswith("cheapest so far $1.40")


def test_every_flag_stands_in_the_docs() -> None:
    from lessonlib.cli.main import build_parser

    commands = next(action for action in build_parser()._actions if isinstance(action.choices, dict))
    page = (Path(__file__).parents[2] / "docs" / "PLAN.md").read_text(encoding="utf-8")
    flags = {flag for action in commands.choices["plan"]._actions for flag in action.option_strings}
    missing = [flag for flag in flags - {"-h", "--help"} if not re.search(rf"`[^`]*{flag}(?![a-z-])[^`]*`", page)]
    assert not missing


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", ["--slo"]),
        ("--rate 1", ["--slo", "TTFT,TPOT"]),
        ("--slo 1,0.05", ["--rate", "--trace", "--preset"]),
        ("--slo 1 --rate 1", ["--slo", "2 numbers"]),
        ("--slo 1,nan --rate 1", ["--slo", "nan"]),
        ("--slo 0,0.05 --rate 1", ["--slo", "from"]),
        ("--slo -1,0.05 --rate 1", ["--slo"]),
        ("--slo 1,0.05 --rate nan", ["--rate", "nan"]),
        ("--slo 1,0.05 --rate -3", ["--rate", "-3"]),
        ("--slo 1,0.05 --rate 1 --trace x.csv", ["--rate", "trace"]),
        ("--slo 1,0.05 --trace absent.csv", ["absent.csv", "cannot be read"]),
        ("--slo 1,0.05 --trace absent.csv --shared 5", ["--shared", "--trace"]),
        ("--slo 1,0.05 --trace README.md", ["README.md"]),
        ("--slo 1,0.05 --preset chat", ["unknown preset"]),
        ("--slo 1,0.05 --preset rag --shared 5", ["--shared", "preset"]),
        ("--slo 1,0.05 --rate 1 --prompt 10 --shared 10", ["--shared", "not fewer"]),
        ("--slo 1,0.05 --rate 1 --share 0", ["--share"]),
        ("--slo 1,0.05 --rate 1 --share 1.1", ["--share"]),
        ("--slo 1,0.05 --rate 1 --budget -5", ["--budget"]),
        ("--slo 1,0.05 --rate 1 --budget inf", ["--budget"]),
        ("--slo 1,0.05 --rate 1 --within 0.5", ["--within"]),
        ("--slo 1,0.05 --rate 1 --most-gpus 0", ["--most-gpus"]),
        ("--slo 1,0.05 --rate 1 --price 3", ["--price", "GPU=USD"]),
        ("--slo 1,0.05 --rate 1 --price h100-sxm=free", ["--price", "free"]),
        ("--slo 1,0.05 --rate 1 --price l40s=2", ["--price", "l40s", "h100-sxm"]),
        ("--slo 1,0.05 --rate 1 --gpu m1-max", ["--price m1-max=USD"]),
        ("--slo 1,0.05 --rate 1 --gpu h900", ["unknown GPU"]),
        ("--slo 1,0.05 --rate 1 --gpu h100-sxm,,l40s", ["--gpu", "empty"]),
        ("--slo 1,0.05 --rate 1 --model llama3", ["unknown model"]),
        ("--slo 1,0.05 --rate 1 --weights fp9", ["--weights", "fp9"]),
        ("--slo 1,0.05 --rate 1 --kv fp9", ["--kv", "fp9"]),
        ("--slo 1,0.05 --rate 1 --tp 3", ["no set-up"]),
        ("--slo 1,0.05 --rate 1 --tp 1,x", ["--tp"]),
        ("--slo 1,0.05 --rate 1 --max-num-seqs 0", ["--max-num-seqs"]),
        ("--slo 1,0.05 --rate 1 --pools three", ["pools", "both"]),
        ("--slo 1,0.05 --rate 1 --router sticky", ["router"]),
        ("--slo 1,0.05 --rate 1 --jobs 0", ["--jobs"]),
        ("--slo 1,0.05 --rate 1 --html x.pdf", ["--html", ".html"]),
        ("--slo 1,0.05 --rate 1 --plot x.gif", ["--plot", ".svg"]),
        ("--slo 1,0.05 --rate 1 --html absent/x.html", ["--html"]),
        ("--slo 1,0.05 --rate 1 --html x.html --plot x.html", ["--plot"]),
        ("--slo 1,0.05 --rate 1 --dask here", ["--dask", "tcp://"]),
        ("--slo 1,0.05 --rate 1 --dask http://127.0.0.1:1", ["--dask", "tcp://"]),
        ("--slo 1,0.05 --rate 1 --dask tcp://127.0.0.1:1 --jobs 2", ["--jobs", "--dask"]),
        ("--slo 1,0.05 --rate 1 --concurrency 3", ["--concurrency"]),
    ],
)
def test_wrong_use_is_one_line_and_status_two(line, words, capsys, monkeypatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    with within(20):
        status, out, err = run(line, capsys)
    assert status == 2 and out == "" and err.count("\n") == 1, err
    for word in words:
        assert word in err
