"""What is a restart, what only fell, and which counts belong to several servers: one row of numbers a scrape."""

from __future__ import annotations

import re

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.probe.timeline import Scrape, Timeline, key_of, parse

TOKENS, PROMPTS = "vllm:generation_tokens_total", "vllm:prompt_tokens_total"
RUNNING, SPENT, TIMED = (
    "vllm:num_requests_running",
    "vllm:request_decode_time_seconds_sum",
    "vllm:e2e_request_latency_seconds_count",
)
START = "vllm:generation_tokens_created"


def timeline(*scrapes: dict[str, float]) -> Timeline:
    """Of one engine."""
    labels = {"model_name": "m", "engine": "0"}
    return Timeline(
        "a",
        [
            Scrape(100.0 + at, {key_of(name, labels): value for name, value in values.items()})
            for at, values in enumerate(scrapes)
        ],
    )


def test_a_timeline_lasts_from_its_first_scrape_to_its_last() -> None:
    assert timeline({TOKENS: 1}, {TOKENS: 1}, {TOKENS: 1}).seconds == 2
    assert timeline({TOKENS: 1}).seconds == 0


# --- restarts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [TOKENS, TIMED])
def test_counters_and_counts_that_fall_are_a_restart(name: str) -> None:
    line = timeline({name: 50, PROMPTS: 1}, {name: 20, PROMPTS: 7})
    assert line.restarts() == 1 and line.increase(name) == 20 and line.increase(PROMPTS) == 7


@pytest.mark.parametrize(
    "later",
    [
        {TOKENS: 50, RUNNING: 2, SPENT: 9.0},  # a gauge that fell
        {TOKENS: 50, RUNNING: 9, SPENT: 1.0},  # a sum that fell
        {TOKENS: 50, RUNNING: 9, SPENT: 9.0, PROMPTS: 4},  # a series that was not there before
    ],
)
def test_nothing_else_is_a_restart(later: dict[str, float]) -> None:
    line = timeline({TOKENS: 50, RUNNING: 9, SPENT: 9.0}, later)
    assert line.restarts() == 0 and line.increase(TOKENS) == 0


def test_a_series_of_a_known_engine_that_was_not_there_before_began_at_nothing() -> None:
    assert timeline({TOKENS: 50}, {TOKENS: 60, PROMPTS: 4}).increase(PROMPTS) == 4


def test_a_series_of_an_engine_that_came_in_the_window_began_at_nothing_from_its_second_scrape_on() -> None:
    old, new = ({"model_name": "m", "engine": engine} for engine in "01")
    tokens, prompts = key_of(TOKENS, new), key_of(PROMPTS, new)
    pages = [{}, {tokens: 900.0}, {tokens: 930.0, prompts: 5.0}]
    line = Timeline("a", [Scrape(float(at), {key_of(TOKENS, old): 1.0, **more}) for at, more in enumerate(pages)])
    assert line.increase(TOKENS) == 30 and line.increase(PROMPTS) == 5


def test_a_start_that_is_told_once_more_is_one_restart() -> None:
    line = timeline({TOKENS: 10, START: 1e9}, {TOKENS: 30, START: 1e9 + 60}, {TOKENS: 40, START: 1e9 + 60})
    assert line.restarts() == 1 and line.increase(TOKENS) == 30 + 10


@pytest.mark.parametrize(("later", "restarts"), [(0.0, 0), (0.001, 0), (0.5, 1), (1.0, 1)])
def test_starts_within_some_milliseconds_are_one(later: float, restarts: int) -> None:
    assert timeline({TOKENS: 10, START: 1e9}, {TOKENS: 30, START: 1e9 + later}).restarts() == restarts


@pytest.mark.parametrize(
    "pages", [({TOKENS: 10}, {TOKENS: 4, START: 1e9}), ({TOKENS: 10, START: 1e9}, {TOKENS: 4})], ids=["later", "first"]
)
def test_a_start_that_only_one_of_two_scrapes_tells_leaves_it_to_the_counters(
    pages: tuple[dict[str, float], ...],
) -> None:
    line = timeline(*pages)
    assert line.restarts() == 1 and line.increase(TOKENS) == 4


def test_only_counters_that_fell_are_said_to_have_fallen() -> None:
    """The server says that it did not start anew."""
    first = {START: 1e9, TOKENS: 50, TIMED: 20, "vllm:same_total": 3, RUNNING: 9, SPENT: 9.0}
    later = {START: 1e9, TOKENS: 40, TIMED: 10, "vllm:same_total": 3, RUNNING: 2, SPENT: 1.0, PROMPTS: 4}
    line = timeline(first, later)
    assert line.fell() == [TIMED, TOKENS]
    assert line.increase(TOKENS) == 0 and line.increase(SPENT) == -8


# --- servers in turn ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tokens", "in_turn"),
    [
        ([5, 5, 9, 9], False),  # an idle server
        ([90, 5, 91, 6], True),  # two in turn: each goes on twice
        ([90, 5, 91], False),  # one return may be a restart that soon had counted more
        ([5, 9, 6, 10], False),  # what a server had counted long before its last scrape is no other server's
        ([90, 50, 5, 91, 51, 6], True),
        ([90, 50, 5, 51, 52, 53], False),
        ([0, 0, 0, 0], False),
    ],
)
def test_servers_answer_in_turn_where_counts_go_on_from_before_another_came_in_between(
    tokens: list[int], in_turn: bool
) -> None:
    line = timeline(*({TOKENS: float(count)} for count in tokens))
    assert line.in_turn() == in_turn


def test_what_goes_up_and_down_makes_no_servers_in_turn() -> None:
    line = timeline(*({TOKENS: 50.0 + at, RUNNING: 9.0 - 7 * (at % 2)} for at in range(8)))
    assert not line.in_turn()


def test_a_series_that_came_later_makes_no_servers_in_turn() -> None:
    assert not timeline({TOKENS: 50}, {TOKENS: 51, PROMPTS: 0.5}, {TOKENS: 52, PROMPTS: 0.5}).in_turn()


@pytest.mark.parametrize(("back", "in_turn"), [(0.0, False), (0.001, False), (0.5, True)])
def test_servers_answer_in_turn_where_a_start_is_before_one_that_was_told(back: float, in_turn: bool) -> None:
    assert timeline({TOKENS: 10, START: 1e9}, {TOKENS: 30, START: 1e9 - back}).in_turn() == in_turn


# --- pages --------------------------------------------------------------------------------------------------------------


def test_a_line_has_so_many_characters_at_most() -> None:
    def line(length: int) -> str:
        bare = 'vllm:num_requests_running{model_name=""} 3'
        return bare.replace('""', f'"{"m" * (length - len(bare))}"') + "\n"

    assert list(parse(line(4000), 0.0, "here").values.values()) == [3.0]
    with pytest.raises(LessonlibError, match="a line of more than 4,000 characters"):
        parse(line(4001), 0.0, "here")


@pytest.mark.parametrize(
    "line",
    [
        "vllm:num_requests_running three",
        f"vllm:num_requests_running 3 {'9' * 400}",  # a moment beyond all numbers
        'vllm:num_requests_running{a="b", ="c"} 3',  # a label without a name
    ],
)
def test_a_line_that_is_broken_is_told_in_a_sentence(line: str) -> None:
    with pytest.raises(LessonlibError, match="this page is not Prometheus metrics"):
        parse(f"{line}\n", 0.0, "here")


def test_a_page_of_others_is_told_by_the_beginnings_of_its_names_five_at_most() -> None:
    names = ["f_x", "b_x", "a_x", "c_x", "e_x", "d_x"]
    with pytest.raises(LessonlibError, match=re.escape("(it has metrics of: a, b, c, d, e)")):
        parse("".join(f"{name} 1\n" for name in names), 0.0, "here")


def test_prometheus_about_itself_is_told_what_to_do() -> None:
    with pytest.raises(LessonlibError, match="give its address without /metrics"):
        parse("go_threads 5\nprometheus_tsdb_head_series 5\n", 0.0, "here")
