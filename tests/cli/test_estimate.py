"""`lessonlib estimate`, `models`, `gpus` and `labs` as a person types them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from lessonlib.cli.main import main
from lessonlib.roofline import gpu_names, model_names

PHASE_KEYS = {
    "flops",
    "bytes",
    "intensity",
    "bound",
    "ceiling_s",
    "expected_s",
    "ceiling_tokens_per_s",
    "expected_tokens_per_s",
    "expected_low_s",
    "expected_high_s",
    "extrapolated",
}
KEYS = {
    "model",
    "gpu",
    "tp",
    "weights",
    "prefill",
    "decode",
    "weight_bytes",
    "weight_bytes_read",
    "kv_bytes_per_token",
    "state_bytes_per_sequence",
    "max_batch",
}
DEFAULT_MODEL = "--model qwen3.5-27b --gpu h100-sxm --tp 2 --batch 1"


def run(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main(line.split())
    told = capsys.readouterr()
    return status, told.out, told.err


def test_json_of_the_default_model(capsys) -> None:
    status, out, _ = run(f"estimate {DEFAULT_MODEL} --context 4096 --json", capsys)
    data = json.loads(out)
    assert status == 0
    assert set(data) >= KEYS
    assert set(data["prefill"]) >= PHASE_KEYS and set(data["decode"]) >= PHASE_KEYS
    assert '"weight_bytes_read": 51249200128' in out
    assert data["kv_bytes_per_token"] == 65_536
    assert data["state_bytes_per_sequence"] == 150_994_944
    assert data["conv_state_bytes_per_sequence"] == 2_949_120
    assert data["decode"]["ceiling_tokens_per_s"] == pytest.approx(129.3, rel=0.01)
    assert data["weights_only_tokens_per_s"] == pytest.approx(130.7, rel=0.001)


def test_defaults(capsys) -> None:
    data = json.loads(run("estimate --json", capsys)[1])
    expected = {"model": "llama-3.1-8b", "gpu": "h100-sxm", "tp": 1, "weights": "bf16", "kv": "bf16"}
    sizes = {"batch": 32, "prompt": 2048, "context": 2048}
    assert {key: data[key] for key in expected | sizes} == expected | sizes
    assert data["decode"]["ceiling_s"] * 1e3 == pytest.approx(7.045, rel=0.01)


def test_a_lab_gives_the_settings_and_flags_override(capsys) -> None:
    lab = json.loads(run("estimate --lab qwen3.5-27b-2xh100-sxm --json", capsys)[1])
    assert (lab["model"], lab["tp"], lab["batch"], lab["context"]) == ("qwen3.5-27b", 2, 1, 4096)
    other = json.loads(run("estimate --lab qwen3.5-27b-2xh100-sxm --gpu h200-sxm --batch 8 --json", capsys)[1])
    assert (other["gpu"], other["tp"], other["batch"]) == ("h200-sxm", 2, 8)


def test_text_for_people_is_aligned(capsys) -> None:
    status, out, _ = run(f"estimate {DEFAULT_MODEL} --context 4096", capsys)
    assert status == 0
    assert "129 tok/s" in out and "51.2 GB" in out and "at least" in out
    assert max(map(len, out.splitlines())) <= 100


def test_table_of_a_large_mixture(capsys) -> None:
    line = "estimate --model deepseek-v3 --gpu h200-sxm --tp 8 --weights fp8 --batch 64 --context 4096 --table"
    status, out, _ = run(line, capsys)
    assert status == 0
    for word in ("experts: gate, up", "shared expert", "attention: kv up", "router", "links", "whole step"):
        assert word in out


def test_sweep_as_csv(capsys) -> None:
    status, out, _ = run(f"estimate {DEFAULT_MODEL} --context 4096 --sweep batch=1:512", capsys)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0 and len(rows) == 512
    assert rows[0]["batch"] == "1" and rows[-1]["batch"] == "512"
    assert float(rows[0]["ceiling_tokens_per_s"]) == pytest.approx(129.28, rel=1e-3)
    both = run("estimate --sweep batch=1,8 --sweep context=0:2048:1024", capsys)[1]
    assert len(both.splitlines()) == 1 + 6


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_plot_to_a_file(tmp_path: Path, capsys, suffix: str) -> None:
    file = tmp_path / f"roofline.{suffix}"
    status, _, err = run(f"estimate {DEFAULT_MODEL} --plot {file}", capsys)
    assert status == 0 and str(file) in err
    assert file.stat().st_size > 2000


def test_model_by_path(tmp_path: Path, capsys) -> None:
    config = {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 128256,
    }
    path = tmp_path / "mine" / "config.json"
    path.parent.mkdir()
    path.write_text(json.dumps(config))
    data = json.loads(run(f"estimate --model {path} --json", capsys)[1])
    assert data["model"] == "mine"
    assert data["parameters"] == 8_030_261_248


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--model llama3", ["unknown model", "llama-", "lessonlib models"]),
        ("--gpu h100", ["unknown GPU", "h100-sxm", "lessonlib gpus"]),
        ("--lab nowhere", ["unknown lab", "lessonlib labs"]),
        ("--model absent/config.json", ["no file"]),
        ("--weights int3", ["int3", "int4", "bf16"]),
        ("--kv int3", ["int3", "fp8"]),
        ("--tp 3", ["tp", "allowed: 1, 2, 4"]),
        ("--tp -1", ["tp", "-1"]),
        ("--batch 0", ["batch", "0"]),
        ("--prompt 0", ["prompt"]),
        ("--context -5", ["context", "-5"]),
        ("--sweep batch", ["--sweep", "batch=1:512"]),
        ("--sweep heads=1:2", ["batch=1:512"]),
        ("--sweep batch=9:1", ["9:1", "FIRST:LAST"]),
        ("--sweep batch=a:b", ["batch", "not 'a'"]),
        ("--sweep batch=0:5", ["batch", "from 1"]),
        ("--sweep batch=1:1000000000", ["from 1 to 100,000,000"]),
        ("--sweep batch=1:5000 --sweep context=1:5000", ["1,000,000"]),
        ("--plot out.gif", [".svg", ".png"]),
        ("--plot absent-folder/out.svg", ["cannot be written"]),
        ("--launches lazy", ["graphs or eager"]),
        ("--ep 4", ["no experts"]),
    ],
)
def test_wrong_use_is_one_line_and_status_two(line: str, words: list[str], capsys) -> None:
    status, out, err = run(f"estimate {line}", capsys)
    assert status == 2 and out == ""
    assert err.startswith("lessonlib estimate: ") and err.count("\n") == 1
    for word in words:
        assert word in err


def test_lists(capsys) -> None:
    for command, names in (("models", model_names()), ("gpus", gpu_names())):
        status, out, _ = run(command, capsys)
        assert status == 0
        assert all(name in out for name in names)
        items = json.loads(run(f"{command} --json", capsys)[1])
        assert [item["name"] for item in items] == list(names)
        assert all(item["source"] for item in items)
    assert "secondary" in run("gpus", capsys)[1]
    assert "qwen3-32b-h200" in run("labs", capsys)[1]
