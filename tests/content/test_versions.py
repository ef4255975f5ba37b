"""Facts that hold for one version of vLLM: one home, named where it is said, and nothing named that is not there."""

from __future__ import annotations

import re

import pytest
import yaml

from lessonlib.base.errors import LessonlibError
from lessonlib.base.files import read_toml
from lessonlib.base.paths import data_dir
from lessonlib.base.versions import FILE, Flag, Metric, vllm
from lessonlib.course.shared import versions
from lessonlib.course.shared.run_monitor import READY
from lessonlib.lesson.lesson import Lesson
from lessonlib.lesson.source import is_checkpoint, is_form, lesson_names
from lessonlib.roofline import BLOCK_TOKENS, USABLE, load_gpu, load_lab
from lessonlib.serving.replica.defaults import batch_defaults
from tests.content import version_uses as scan

SHIPPED = {int(name[:2]) for name in lesson_names() if not is_checkpoint(name) and not is_form(name)}


@pytest.mark.parametrize("key", sorted(scan.facts()))
def test_each_fact_is_named_somewhere_or_waits_for_its_lesson(key: str) -> None:
    fact = scan.facts()[key]
    waits = [number for number in fact.lessons if number not in SHIPPED]
    assert scan.uses()[key] or waits, (
        f'{key}: lessons {fact.lessons} are there and none names it: name it by {{{{ vllm("…") }}}}, or take it out of data/versions.toml'
    )


def test_the_code_names_no_metric_that_is_none() -> None:
    assert scan.unknown_in_code() == []


def test_probe_and_simulator_name_no_flag_that_is_none() -> None:
    texts = [(place, text) for place, text, _ in scan.texts_of_code()]
    own = {text for place, text in texts if place.startswith("lessonlib/cli/") and scan.FLAG.fullmatch(text)}
    wrong = [
        f"{place}: --{name}"
        for place, text in texts
        if place.startswith(("lessonlib/probe/", "lessonlib/serving/", "lessonlib/course/"))
        for name in scan.FLAG.findall(text)
        if not scan._flag_key(name) and f"--{name}" not in own
    ]
    # The fit is a command of its own, with options of its own.
    assert [line for line in wrong if not line.startswith("lessonlib/serving/calibrate/")] == []


@pytest.mark.parametrize("file", scan.lesson_files(), ids=lambda file: file.stem)
def test_a_lesson_names_no_flag_and_no_metric_that_is_none(file) -> None:
    for line in file.read_text(encoding="utf-8").splitlines():
        for name in scan.METRIC.findall(line):
            vllm().name(f"vllm:{name}")
        if not scan.OTHER_COMMANDS.search(line):
            for name in scan.FLAG.findall(line):
                assert scan._flag_key(name), f"{file.name}: --{name} is no flag in data/versions.toml: {line.strip()}"


def test_a_lab_is_started_with_flags_that_there_are() -> None:
    for place, flags in scan.labs().items():
        for flag in flags:
            vllm().name(flag.partition("=")[0].partition(" ")[0])
            assert flag.startswith("--"), place


@pytest.mark.parametrize("file", scan.lesson_files(), ids=lambda file: file.stem)
def test_the_files_that_a_lesson_cites_are_of_this_version(file) -> None:
    """A source that names a release of vLLM names the one that data/versions.toml is about; older ones stand in words only."""
    sources = yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]
    for key, source in sources.items():
        cited = re.match(r"vLLM (\d+\.\d+\.\d+), ", source["title"])
        assert not cited or cited[1] == vllm().version, key


# --- the file -------------------------------------------------------------------------------------------------------


def test_every_fact_has_a_source_below_the_same_version() -> None:
    known = vllm()
    assert known.source == f"https://github.com/vllm-project/vllm/blob/v{known.version}/vllm/"
    for fact in scan.facts().values():
        assert fact.source.startswith(known.source) and fact.source.endswith(".py")
        assert fact.says.endswith(".") and fact.lessons


def test_names_are_written_as_a_server_writes_them() -> None:
    for name, metric in vllm().metrics.items():
        assert (metric.kind == "counter") == (name.endswith("_total") and metric.kind != "histogram"), name
        assert not name.startswith("vllm:") and re.fullmatch(r"[a-z][a-z0-9_]*", name)
        if metric.kind == "histogram":
            assert metric.buckets == "request_tokens" or metric.buckets in vllm().bounds, name
        else:
            assert not metric.buckets
    families = {metric.buckets for metric in vllm().metrics.values()} - {"", "request_tokens"}
    assert families == set(vllm().bounds)
    for bounds in vllm().bounds.values():
        assert list(bounds) == sorted(set(bounds)) and bounds[0] > 0
    assert all(re.fullmatch(r"[a-z][a-z0-9-]*", name) for name in vllm().flags)


def test_the_engines_own_numbers_are_those_of_the_file() -> None:
    """Read at import by everything that computes, so they stand in the code; they follow the file."""
    assert USABLE == vllm().defaults["memory_share"] == vllm().flag("gpu-memory-utilization").default
    assert vllm().defaults["block_tokens"] == BLOCK_TOKENS
    assert vllm().flag("block-size").default == f"{BLOCK_TOKENS} tokens"


@pytest.mark.parametrize(
    ("gpu", "limits"),
    [("h100-sxm", (1024, 8192)), ("b200", (1024, 16384)), ("a100-80gb-sxm", (256, 2048)), ("rtx-4090", (256, 2048))],
)
def test_defaults_by_the_card(gpu: str, limits: tuple[int, int]) -> None:
    assert batch_defaults(load_gpu(gpu)) == limits


def test_the_chart_of_a_busy_gpu_names_what_its_exporter_has() -> None:
    exported = read_toml(data_dir() / FILE)["dcgm"]["metrics"]
    assert READY["gpu_busy"].query in exported


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "written", "bare"),
    [
        ("max-num-seqs", "--max-num-seqs", "max-num-seqs"),
        ("--max-num-seqs", "--max-num-seqs", "max-num-seqs"),
        ("no-enable-prefix-caching", "--no-enable-prefix-caching", "no-enable-prefix-caching"),
        ("num_preemptions_total", "vllm:num_preemptions_total", "num_preemptions_total"),
        ("vllm:num_requests_running", "vllm:num_requests_running", "num_requests_running"),
        ("iteration_tokens_total_sum", "vllm:iteration_tokens_total_sum", "iteration_tokens_total_sum"),
        ("generation_tokens_created", "vllm:generation_tokens_created", "generation_tokens_created"),
    ],
)
def test_a_name_is_written_as_one_types_it(asked: str, written: str, bare: str) -> None:
    name = vllm().name(asked)
    assert (str(name), name.bare) == (written, bare)
    assert isinstance(name.fact, Flag if written.startswith("--") else Metric)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("max-num-seq", "did you mean max-num-seqs"),
        ("num_preemptions", "did you mean num_preemptions_total"),
        ("no-max-num-seqs", "has no flag or metric “no-max-num-seqs”"),
        ("gpu_cache_usage_perc", "did you mean kv_cache_usage_perc"),
        ("", "has no flag or metric “”"),
    ],
)
def test_a_name_that_is_none_says_what_was_meant(asked: str, said: str) -> None:
    with pytest.raises(LessonlibError, match=said):
        vllm().name(asked)


def test_a_default_in_words() -> None:
    defaults = {
        "enable-prefix-caching": "on",
        "enable-mfu-metrics": "off",
        "watermark": "0.0",
        "long-prefill-token-threshold": "0",
        "max-num-seqs": "by the GPU",
    }
    assert {name: vllm().name(name).default for name in defaults} == defaults
    with pytest.raises(LessonlibError, match="only a flag has a default"):
        _ = vllm().name("num_requests_running").default


def test_code_may_leave_the_total_of_a_counter_and_the_ends_of_a_histogram() -> None:
    metric = vllm().metric
    assert metric("vllm:num_preemptions") is metric("num_preemptions_total")
    assert metric("vllm:time_to_first_token_seconds_bucket") is metric("time_to_first_token_seconds")
    assert metric("kv_cache_usage_perc").every_name == ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc")


# --- words ----------------------------------------------------------------------------------------------------------


def test_words_print_names_and_their_defaults() -> None:
    words = Lesson("00-start-here", load_lab()).words
    text = '`{{ vllm("max-num-seqs") }}`, `{{ vllm("max-num-seqs") | bare }}`, {{ vllm("watermark").default }}, {{ vllm_version }}'
    assert words.html(text, "x") == "<p><code>--max-num-seqs</code>, <code>max-num-seqs</code>, 0.0, 0.33.0</p>"
    query = '```promql\nrate({{ vllm("generation_tokens_total") }}[30s])\n```'
    assert "rate(vllm:generation_tokens_total[30s])" in words.html(query, "x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{{ vllm("max-num-seq") }}', "did you mean max-num-seqs"),
        ('{{ vllm("num_requests_running").default }}', "only a flag has a default"),
        ('{{ vllm("watermark").defualt }}', "no attribute 'defualt'"),
        ("{{ vllm }}", "this is a function"),
        ("{{ vllm() }}", "cannot be filled"),
        ('{{ vllm("watermark").__class__ }}', "unsafe"),
        ('{{ vllm_("watermark") }}', "calls nothing but cite"),
    ],
)
def test_a_misspelt_name_is_one_line(text: str, said: str) -> None:
    with pytest.raises(LessonlibError, match=re.escape(said)) as caught:
        Lesson("00-start-here", load_lab()).words.html(text, "lesson 9, note")
    assert "\n" not in str(caught.value) and str(caught.value).startswith("lesson 9, note: ")


def test_workings_for_any_lesson() -> None:
    lab = load_lab()
    assert (
        str(versions.default_seats(lab)) == "1,024 requests"
        and str(versions.default_step_tokens(lab)) == "8,192 tokens"
    )
    assert versions.engine_share(lab) == "0.92"
    small = load_lab("llama-3.1-8b-a100-80gb")
    assert (
        str(versions.default_seats(small)) == "256 requests"
        and str(versions.default_step_tokens(small)) == "2,048 tokens"
    )
