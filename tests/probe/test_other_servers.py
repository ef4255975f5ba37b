"""Servers that look like one vLLM and are not: several in turn, routers, other engines; and restarts as they are told."""

from __future__ import annotations

import itertools
from http.server import BaseHTTPRequestHandler

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.probe.probe import probe
from lessonlib.probe.reading import findings
from lessonlib.probe.targets import timelines_of
from lessonlib.probe.timeline import Timeline, parse
from lessonlib.probe.window import Window
from tests.probe.standin import Traffic, page, reply, serve

OWN = '{engine="0",model_name="made/up-27b"}'


#: Where a server says when it began to count. A collector in between adds labels of its own.
SAID = {
    "created": f"vllm:generation_tokens_created{OWN}",
    "created, with a label more": 'vllm:generation_tokens_created{engine="0",model_name="made/up-27b",pod="vllm-0"}',
    "process": "process_start_time_seconds",
}


def started(text: str, at: float, how: str = "created") -> str:
    """The page of a server that says when it started."""
    return f"{text}{SAID[how]} {at}\n"


def timeline(*pages: str) -> Timeline:
    return Timeline("here", [parse(text, float(second), "here") for second, text in enumerate(pages)])


# --- restarts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", SAID)
def test_a_restart_is_when_the_server_says_so(how: str) -> None:
    """Also where no counter stands below what it was."""
    line = timeline(started(page(Traffic(), 10), 1e9, how), started(page(Traffic(), 30), 1e9 + 60, how))
    assert line.restarts() == 1 and line.increase("vllm:generation_tokens_total") == 30 * 101


@pytest.mark.parametrize("how", SAID)
def test_a_counter_that_falls_without_a_restart_is_said_and_counts_nothing(how: str) -> None:
    pages = [started(page(Traffic(), count), 1e9, how) for count in (100, 110, 5, 15)]
    line = timeline(*pages)
    assert line.restarts() == 0 and "vllm:generation_tokens_total" in line.fell()
    assert line.increase("vllm:generation_tokens_total") == (10 + 10) * 101


def test_one_engine_that_starts_anew_leaves_the_others_their_counts() -> None:
    def both(first: int, second: int, at: float) -> str:
        text = page(Traffic(), first) + page(Traffic(), second, engine="1")
        return started(text, 1e9) + f'vllm:generation_tokens_created{{engine="1",model_name="made/up-27b"}} {at}\n'

    line = timeline(both(10, 10, 1e9), both(20, 30, 1e9 + 5))
    assert line.restarts() == 1 and line.increase("vllm:generation_tokens_total") == (10 + 30) * 101


def test_the_start_of_a_process_is_no_engine() -> None:
    line = timeline(started(page(Traffic(), 10), 1e9, "process"))
    assert len(line.engines) == 1 and line.scrapes[0].process_start == 1e9


@pytest.mark.parametrize("written", ["NaN", "many", "1e9999999", "1.2.3", ""])
def test_a_start_that_is_none_is_none(written: str) -> None:
    scrape = parse(page(Traffic(), 10) + f"process_start_time_seconds {written}\n", 0.0, "here")
    assert scrape.process_start is None or scrape.process_start == float("inf")
    assert timeline(page(Traffic(), 10)).restarts() == 0


# --- several servers behind one address ------------------------------------------------------------------------------------


def in_turn(*pages: str):
    following = itertools.cycle(pages)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply(handler, *((200, next(following)) if handler.path == "/metrics" else (404, "")))

    return answer


PAIRS = {
    "that say when they started": (started(page(Traffic(), 50), 1e9), started(page(Traffic(), 20), 1e9 + 3)),
    "whose process says it": (
        started(page(Traffic(), 50), 1e9, "process"),
        started(page(Traffic(), 50), 1e9 + 3, "process"),
    ),
    "that say nothing": (page(Traffic(), 50), page(Traffic(), 20)),
    "of three": (page(Traffic(), 50), page(Traffic(), 20), page(Traffic(), 700)),
}


@pytest.mark.parametrize("which", PAIRS)
def test_several_servers_that_answer_in_turn_are_refused(which: str) -> None:
    with (
        serve(in_turn(*PAIRS[which])) as url,
        pytest.raises(LessonlibError, match="several API servers answer there in turn"),
    ):
        probe(f"{url}/metrics", 0.3)


@pytest.mark.parametrize("counts", [[100, 90, 80, 70], [500, 1, 9, 20, 2, 40], [10, 20, 30], [1000, 4, 9, 1200]])
def test_restarts_are_no_servers_in_turn(counts: list[int]) -> None:
    assert not timeline(*(page(Traffic(), count) for count in counts)).in_turn()
    starts = itertools.accumulate(b < a for a, b in zip([0, *counts], counts, strict=False))
    assert not timeline(
        *(started(page(Traffic(), n), 1e9 + 9 * at) for n, at in zip(counts, starts, strict=True))
    ).in_turn()


def test_servers_in_turn_behind_a_target_of_prometheus() -> None:
    values = [(float(at), 5000.0 if at % 2 else 300.0) for at in range(8)]
    lines, _ = timelines_of(
        [({"__name__": "vllm:generation_tokens_total", "instance": "a", "model_name": "m"}, values)]
    )
    assert lines[0].in_turn()


def test_engines_of_one_server_add_up() -> None:
    """Data parallelism: every engine on one page."""
    pages = [page(Traffic(), n) + page(Traffic(running=4), 2 * n, engine="1") for n in (10, 20, 30)]
    line = timeline(*pages)
    assert not line.in_turn() and line.increase("vllm:generation_tokens_total") == (20 + 40) * 101


# --- other pages ----------------------------------------------------------------------------------------------------------

OTHERS = {
    "sglang:num_running_reqs 3": "SGLang",
    'ray_vllm_generation_tokens_total{ReplicaId="a"} 5': "Ray Serve",
    "ray_vllm:generation_tokens_total 5": "Ray Serve",
    "tgi_request_count 4": "Text Generation Inference",
    "llamacpp:prompt_tokens_total 5": "llama.cpp",
    "trtllm_request_success_total 5": "TensorRT-LLM",
    "nv_inference_request_success 5": "Triton",
    "lmdeploy:num_requests_running 5": "LMDeploy",
    'vllm:num_requests_running{server="http://a:8000"} 3': "a router",
    "vllm_router:cpu_usage_percent 5": "a router in front of vLLM servers",
}


@pytest.mark.parametrize("line", OTHERS)
def test_the_page_of_another_is_called_by_its_name(line: str) -> None:
    with pytest.raises(LessonlibError, match=OTHERS[line]):
        parse(f"# TYPE x gauge\npython_info 1\n{line}\n", 0.0, "here")


# --- what cannot be --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "traffic"),
    [
        ("ttft_s", Traffic(queue_s=0.0, prefill_s=7.3e-5)),
        ("itl_s", Traffic(itl_s=1e-6)),
        ("decode_tokens_per_s", Traffic(itl_s=1e-6)),
        ("prefill_tokens_per_s", Traffic(prefill_s=1e-6)),
    ],
)
def test_a_time_that_no_server_needs_so_little_of_is_not_told(key: str, traffic: Traffic) -> None:
    found = findings(Window([timeline(page(traffic, 50))]))[key]
    assert found.value is None and "which is impossible" in found.reason


def test_fast_is_possible() -> None:
    traffic = Traffic(queue_s=0.0, prefill_s=0.004, prompt=100, itl_s=0.0004)
    found = findings(Window([timeline(page(traffic, 50))]))
    assert found["ttft_s"].value == pytest.approx(0.004) and found["decode_tokens_per_s"].value == pytest.approx(2500)
