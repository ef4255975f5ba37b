"""What a typed line sets on a service, and the lines that a service cannot run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.course.checkpoint_2.services import Drafts, all_services, worked_service
from lessonlib.course.checkpoint_2.settings import Settings, line_of, read_settings

DESK = worked_service()
START = "vllm serve /models/qwen3-30b"
SPLIT = next(each for each in all_services() if each.name == "reports")


def test_a_line_without_flags_is_what_the_server_takes_by_itself() -> None:
    assert read_settings(DESK, START) == Settings("bf16")


def test_each_flag_sets_its_own() -> None:
    line = (
        "vllm serve /models/qwen3-30b-fp8 --max-num-seqs 48 --max-num-batched-tokens 1,024 --no-enable-prefix-caching --kv-cache-dtype fp8_e4m3 "
        "--spec-method ngram --spec-tokens 2 --long-prefill-token-threshold 256 --watermark 0.02 --gpu-memory-utilization .9"
    )
    assert read_settings(DESK, line) == Settings("fp8", "fp8", 48, 1024, False, 2, 256, 0.02, 0.9)


def test_drafts_may_be_a_json_text() -> None:
    line = f"""{START} --speculative-config '{{"method": "ngram", "num_speculative_tokens": 3}}'"""
    assert read_settings(DESK, line).drafts == 3


@pytest.mark.parametrize("service", all_services(), ids=lambda each: each.name)
def test_a_line_made_of_settings_sets_them(service: object) -> None:
    for each in all_services():
        today = read_settings(each, each.line)
        assert read_settings(each, line_of(each, today)) == today


@pytest.mark.parametrize(
    ("rest", "told"),
    [
        ("--max-num-seqs 0", "from 1 to 4,096"),
        ("--max-num-seqs -3", "from 1 to 4,096"),
        ("--max-num-seqs 1e2", "from 1 to 4,096"),
        ("--max-num-seqs 64.5", "from 1 to 4,096"),
        ("--max-num-seqs auto", "from 1 to 4,096"),
        ("--max-num-seqs ٦٤", "from 1 to 4,096"),
        ("--max-num-seqs 99999999999999999999", "from 1 to 4,096"),
        ("--max-num-seqs nan", "from 1 to 4,096"),
        ("--max-num-batched-tokens 70000", "from 1 to 65,536"),
        ("--max-num-seqs 64 --max-num-batched-tokens 32", "the server would not start"),
        ("--spec-method ngram --spec-tokens 4 --max-num-batched-tokens 3", "no room for one request"),
        ("--gpu-memory-utilization 1.2", "from 0.5 to 0.95"),
        ("--gpu-memory-utilization inf", "from 0.5 to 0.95"),
        ("--watermark 0.9", "from 0 to 0.5"),
        ("--kv-cache-dtype int3", "auto or fp8"),
        ("--tensor-parallel-size 2", "has 1 GPU: --tensor-parallel-size 1"),
        ("--spec-tokens 2", "The method of drafts is ngram"),
        ("--spec-method mtp --spec-tokens 2", "The method of drafts is ngram"),
        ("--spec-method ngram", "from 1 to 8"),
        ("--spec-method ngram --spec-tokens 0", "from 1 to 8"),
        ("--spec-method ngram --spec-tokens 9", "from 1 to 8"),
        ("--speculative-config '{}' --spec-tokens 2", "keep one of them"),
        ("--speculative-config nonsense", "takes a JSON object"),
        ("--speculative-config '[1]'", "takes a JSON object"),
        ("""--speculative-config '{"metod": "ngram"}'""", "takes a JSON object"),
        ("""--speculative-config '{"method": "ngram", "num_speculative_tokens": true}'""", "from 1 to 8"),
        (
            """--speculative-config '{"method": ["ngram"], "num_speculative_tokens": 2}'""",
            "The method of drafts is ngram",
        ),
        ("--speculative-config '" + "[" * 400 + "'", "takes a JSON object"),
        ("--enforce-eager", "changes nothing that is judged here"),
        ("--quantization fp8", "changes nothing that is judged here"),
        ("--no-enable-chunked-prefill", "not judged here"),
    ],
)
def test_what_a_service_cannot_run_is_told_in_one_line(rest: str, told: str) -> None:
    with pytest.raises(LessonlibError) as caught:
        read_settings(DESK, f"{START} {rest}")
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_a_model_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(LessonlibError, match="there is /models/qwen3-30b or /models/qwen3-30b-fp8"):
        read_settings(DESK, "vllm serve /models/qwen3-30b-int4")


def test_what_failed_the_services_own_test_is_no_choice() -> None:
    assert SPLIT.cache == ("auto",) and SPLIT.drafts is None
    line = "vllm serve /models/qwen3-32b -tp 4"
    for rest, told in (
        ("--kv-cache-dtype fp8", "failed its own test"),
        ("--spec-method ngram --spec-tokens 2", "Nobody has drafts"),
    ):
        with pytest.raises(LessonlibError, match=told):
            read_settings(SPLIT, f"{line} {rest}")
    with pytest.raises(LessonlibError, match="has 4 GPUs: --tensor-parallel-size 4"):
        read_settings(SPLIT, "vllm serve /models/qwen3-32b")


def test_the_simulators_scheduler_has_what_the_line_says() -> None:
    service = replace(DESK, drafts=Drafts("ngram", 0.5, 1e-4))
    settings = Settings("fp8", "fp8", 48, 1024, False, 2, 256, 0.02, 0.9)
    scheduler = settings.scheduler(service)
    assert (scheduler.max_num_seqs, scheduler.max_num_batched_tokens, scheduler.prefix_caching) == (48, 1024, False)
    assert (scheduler.long_prefill_tokens, scheduler.watermark, scheduler.memory_share) == (256, 0.02, 0.9)
    assert scheduler.speculation is not None and scheduler.speculation.tokens_per_step == pytest.approx(1.75)
    assert (settings.system(service).weights, settings.system(service).kv) == ("fp8", "fp8")
