"""A typed line `vllm serve …`: taken apart by the flags that are known, never run, and refused in one line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lessonlib.base import serve_line
from lessonlib.base.command_line import MOST_CHARACTERS
from lessonlib.base.errors import LessonlibError
from lessonlib.base.serve_line import read_serve_line
from lessonlib.base.versions import vllm

GOOD = "vllm serve /models/m --max-num-seqs 64"


def test_a_line_is_its_model_and_its_flags() -> None:
    found = read_serve_line(
        "vllm serve /models/m --max-num-seqs 64 --max-num-batched-tokens=2048 --no-enable-prefix-caching -tp 2 --kv_cache_dtype fp8"
    )
    assert found.model == "/models/m"
    assert found.flags == {
        "max-num-seqs": "64",
        "max-num-batched-tokens": "2048",
        "enable-prefix-caching": False,
        "tensor-parallel-size": "2",
        "kv-cache-dtype": "fp8",
    }


@pytest.mark.parametrize(
    "line",
    [
        "vllm serve --max-num-seqs 64 /models/m",
        "  vllm   serve\t/models/m  --max-num-seqs=64 ",
        "vllm serve /models/m \\\n  --max-num-seqs 64\n",
        "vllm serve /models/m \\\r\n  --max-num-seqs 64",
        "vllm serve '/models/m' --max-num-seqs \"64\"",
        "vllm serve /models/m --max_num_seqs 64",
    ],
)
def test_it_may_be_written_in_several_ways(line: str) -> None:
    assert read_serve_line(line) == read_serve_line(GOOD)


def test_a_json_text_stands_in_quotation_marks() -> None:
    found = read_serve_line("""vllm serve /m -sc '{"method": "mtp", "num_speculative_tokens": 2}'""")
    assert found.flags == {"speculative-config": '{"method": "mtp", "num_speculative_tokens": 2}'}


def test_every_known_flag_of_the_server_is_read() -> None:
    for flag in vllm().flags.values():
        value = "" if isinstance(flag.default, bool) else " 1"
        line = f"vllm serve /m --{flag.name}{value}"
        if "/benchmarks/" in flag.source:
            with pytest.raises(LessonlibError, match="vllm bench serve"):
                read_serve_line(line)
        else:
            assert read_serve_line(line).flags == {flag.name: "1" if value else True}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (None, "Type the line first"),
        (7, "Type the line first"),
        ("", "Type the line first"),
        (" \n\t ", "Type the line first"),
        ("serve /m", "begins with “vllm serve”"),
        ("vllm", "begins with “vllm serve”"),
        ("vllm serve", "The model is missing"),
        ("vllm serve --max-num-seqs 8", "The model is missing"),
        ("vllm serve /m /n", "“/n” stands alone"),
        ("vllm serve /m --max-num-seqs 8 9", "“9” stands alone"),
        ("vllm serve /m --max-num-seqs", "--max-num-seqs needs a value"),
        ("vllm serve /m --max-num-seqs --max-num-batched-tokens 512", "--max-num-seqs needs a value"),
        ("vllm serve /m --max-num-seqs=", "--max-num-seqs needs a value"),
        ("vllm serve /m --max-num-seqs ''", "--max-num-seqs needs a value"),
        ("vllm serve /m --max-num-seqs 8 --max_num_seqs 16", "--max-num-seqs is there twice"),
        ("vllm serve /m --enable-prefix-caching --no-enable-prefix-caching", "--enable-prefix-caching is there twice"),
        ("vllm serve /m --enable-prefix-caching=false", "--no-enable-prefix-caching is off"),
        ("vllm serve /m --enable-prefix-caching false", "“false” stands alone"),
        ("vllm serve /m --max-num-seq 8", "did you mean --max-num-seqs?"),
        ("vllm serve /m --max-batched-tokens 8", "did you mean --max-num-batched-tokens?"),
        ("vllm serve /m --no-max-num-seqs", "has no --no-max-num-seqs"),
        ("vllm serve /m --zzz", "has no --zzz that this course knows."),
        ("vllm serve /m -q 3", "“-q” is no flag here"),
        ("vllm serve /m ---", "has no --"),
        ("vllm serve /m --request-rate 3", "vllm bench serve"),
        ("vllm serve '/m", "A quotation mark is open"),
        ('vllm serve /m --max-num-seqs "8', "A quotation mark is open"),
    ],
)
def test_what_is_no_line_is_told_in_one(line: object, told: str) -> None:
    with pytest.raises(LessonlibError) as caught:
        read_serve_line(line)
    assert told in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("sign", [";", "|", "&", "<", ">", "`", "$", "\\"])
@pytest.mark.parametrize(
    "shape", ["vllm serve /m {} rm -rf x", "vllm serve /m --max-num-seqs 8{}x", "vllm serve '/m{}'"]
)
def test_what_is_for_a_shell_is_refused(sign: str, shape: str) -> None:
    with pytest.raises(LessonlibError, match="never run"):
        read_serve_line(shape.format(sign))


@pytest.mark.parametrize("sign", ["\0", "\x1b", "\x07", "\u202e", "\u2028", "\x85"])
def test_what_cannot_be_seen_is_refused(sign: str) -> None:
    with pytest.raises(LessonlibError, match="cannot be seen"):
        read_serve_line(f"vllm serve /m{sign} --max-num-seqs 8")


def test_what_is_very_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(LessonlibError, match="at most 1,000 are read"):
        read_serve_line(GOOD + " " * MOST_CHARACTERS)
    with pytest.raises(LessonlibError) as caught:
        read_serve_line(f"vllm serve /m --{'x' * 900}")
    assert len(str(caught.value)) < 200


def test_nothing_here_could_run_a_line() -> None:
    source = Path(serve_line.__file__).read_text(encoding="utf-8")
    assert not re.search(r"subprocess|os\.system|popen|eval\(|exec\(", source)
