"""The explorer's round trip in Python: knobs of the YAML, events with places, what is kept, what goes wrong in one line."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from lessonlib.base.errors import LessonlibError
from lessonlib.base.quantity import Quantity
from lessonlib.draw.explored import Axis, Explored, Line, Value
from lessonlib.lesson.guess import GuessError
from lessonlib.lesson.lesson import Lesson
from lessonlib.roofline import load_lab
from lessonlib.show.blocks import BLOCKS
from lessonlib.show.explorer import KEPT, Explore

LESSON = Lesson("01-prefill-vs-decode", load_lab(), blocks=BLOCKS)
RAW = {
    "id": "knobs",
    "title": "Explorer",
    "text": "Two **things** to try.",
    "compute": "turned",
    "drawing": "lines",
    "knobs": [
        {"name": "rate", "label": "Rate", "unit": "req/s", "from": 0.25, "to": 16, "steps": 7, "log": True, "start": 1},
        {"name": "seats", "label": "Seats", "unit": "requests", "stops": [4, 1, 2]},
        {"name": "kind", "label": "Kind", "choices": ["a", "b"], "start": "b"},
    ],
}
GUESS = {"ask": "How *many*?", "options": [1, 4], "right": 4, "after": "Four."}


def turned(lab, *, rate: float, seats: int, kind: str) -> Explored:
    turned.calls.append((rate, seats, kind))
    if kind == "a" and seats == 4:
        raise ValueError("no room\nfor four")
    return Explored(
        finding=f"{rate:g} a second, {seats} seats.",
        values=[Value("rate", "Rate", Quantity(rate, "req/s"))],
        x=Axis("seats"),
        y=Axis("rate", "req/s"),
        lines=[Line("rate", [1, 2], [rate, float("nan")])],
    )


@pytest.fixture
def explore(monkeypatch):
    """Makes an explorer of an entry; ``turned`` and ``lanes`` stand in for functions of the lesson's package."""
    turned.calls = []
    functions = {"turned": turned, "wrong": lambda lab, *, rate, seats, kind: 7, "two": lambda lab: 2}
    functions["wrong"].__name__ = "wrong"

    def make(guess=False, **change):
        raw = {**RAW, **({"guess": GUESS} if guess else {}), **change}
        code = SimpleNamespace(functions=functions, function=functions.__getitem__)
        words = SimpleNamespace(html=LESSON.words.html, inline=LESSON.words.inline, code=code, lab=LESSON.lab)
        return Explore(raw, SimpleNamespace(name="made-up", lab=LESSON.lab, code=code, words=words))

    return make


def at(**picks):
    return {"event": "explore", "picks": {"rate": 2, "seats": 0, "kind": 1, **picks}}


def test_knobs_have_stops_with_words_and_a_start(explore):
    rate, seats, kind = explore().knobs
    assert rate.stops == (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16) and rate.start == 2
    assert rate.words[:3] == ("0.25 req/s", "0.5 req/s", "1 req/s")
    assert seats.stops == (1, 2, 4) and seats.words == ("1 request", "2 requests", "4 requests")
    assert all(isinstance(stop, int) for stop in seats.stops), "its parameter is annotated int"
    assert kind.stops == ("a", "b") and kind.start == 1 and not kind.slides


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ({"from": 256, "to": 131072, "steps": 10, "log": True}, ("4,096 tokens", "8,192 tokens", "16,384 tokens")),
        ({"from": 1000, "to": 2000, "steps": 9}, ("1,500 tokens", "1,625 tokens", "1,750 tokens")),
        ({"from": 0.3, "to": 3, "steps": 10, "log": True}, ("0.835 tokens", "1.08 tokens", "1.39 tokens")),
    ],
)
def test_a_whole_number_between_the_ends_keeps_its_digits(explore, ends, words):
    rate = {"name": "rate", "label": "Rate", "unit": "tokens", **ends}
    knobs = explore(knobs=[rate, *RAW["knobs"][1:]]).knobs
    assert knobs[0].words[4:7] == words and len(set(knobs[0].stops)) == ends["steps"]


def test_the_start_is_drawn_and_a_move_draws_the_other_with_the_start_beside_it(explore):
    block = explore()
    first = block.draw()
    assert "<strong>things</strong>" in first["html"]
    assert first["explorer"]["explored"]["finding"] == "1 a second, 1 seats." and "started" not in first["explorer"]
    assert block.handle(at(rate=4, seats=1))
    view = block.draw()["explorer"]
    assert view["picks"] == {"rate": 4, "seats": 1, "kind": 1}
    assert view["explored"]["finding"] == "4 a second, 2 seats."
    assert view["started"]["finding"] == "1 a second, 1 seats."
    json.dumps(view, allow_nan=False)


def test_a_setting_is_computed_once_and_the_oldest_is_forgotten(explore):
    block = explore()
    for places in (at(), at(rate=4), at(), at(rate=4)):
        block.handle(places)
        block.draw()
    assert len(turned.calls) == 2
    block._kept.update({(-place, 0, 0): block.explored(block.start) for place in range(1, KEPT)})
    block.handle(at(rate=5))
    block.draw()
    assert len(block._kept) == KEPT and (4, 0, 1) not in block._kept


def test_an_error_of_the_function_is_one_line_and_the_knobs_still_turn(explore):
    block = explore()
    block.handle(at(seats=2, kind=0))
    view = block.draw()["explorer"]
    assert view["explored"] is None
    assert (
        view["fault"]
        == "This cannot be computed at Rate 1 req/s, Seats 4 requests, Kind a: ValueError: no room for four"
    )
    block.handle(at(seats=1, kind=0))
    assert "fault" not in block.draw()["explorer"]


def test_what_is_no_explored_is_said(explore):
    assert "wrong returns int; it returns an Explored" in explore(compute="wrong").draw()["explorer"]["fault"]


@pytest.mark.parametrize(
    "picks",
    [
        None,
        {},
        {"rate": 2, "seats": 0},
        {"rate": 7, "seats": 0, "kind": 0},
        {"rate": -1, "seats": 0, "kind": 0},
        {"rate": True, "seats": 0, "kind": 0},
        {"rate": "2", "seats": 0, "kind": 0},
        {"rate": 1.0, "seats": 0, "kind": 0},
        [2, 0, 0],
    ],
)
def test_places_that_no_knob_has_are_refused_in_one_line(explore, picks):
    block = explore()
    with pytest.raises(GuessError, match="No knob stands at"):
        block.handle({"event": "explore", "picks": picks})
    assert block.picks == block.start


def test_other_events_are_nothing(explore):
    block = explore()
    assert not block.handle({"event": "reveal"}) and not block.handle({"event": "pick", "choice": "0"})


def test_the_guess_comes_first_and_its_answer_with_the_first_move(explore):
    block = explore(guess=True)
    assert not block.handle(at(rate=4)) and block.picks == block.start
    told = block.draw()["explorer"]["guess"]
    assert told["chosen"] is None and "right" not in told and "Four" not in json.dumps(block.draw())
    assert not block.handle({"event": "pick", "choice": "2"}) and not block.handle({"event": "pick", "choice": 1})
    assert block.handle({"event": "pick", "choice": "0"}) and not block.handle({"event": "pick", "choice": "1"})
    told = block.draw()["explorer"]["guess"]
    assert told["chosen"] == "0" and "right" not in told
    assert block.handle(at(rate=4))
    told = block.draw()["explorer"]["guess"]
    assert told["right"] == "1" and told["after"] == "<p>Four.</p>"


def test_the_seal_holds_the_start_and_the_answer_whatever_was_turned(explore):
    block = explore(guess=True)
    before = json.dumps(block.parts())
    block.handle({"event": "pick", "choice": "0"})
    block.handle(at(rate=4))
    assert json.dumps(block.parts()) == before and "Four." in before


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"knobs": RAW["knobs"][:2]}, r"turned\(lab, \*, rate, seats, kind\) and the knobs rate, seats do not fit"),
        ({"knobs": [*RAW["knobs"], {"name": "more", "label": "More", "choices": [1, 2]}]}, "do not fit"),
        ({"knobs": [*RAW["knobs"], RAW["knobs"][0]]}, "do not fit"),
        ({"knobs": [{**RAW["knobs"][0], "log": True, "from": 0}, *RAW["knobs"][1:]]}, "above 0 if log"),
        ({"knobs": [{**RAW["knobs"][0], "from": 20}, *RAW["knobs"][1:]]}, "from must be less"),
        ({"knobs": [{"name": "rate", "label": "Rate"}, *RAW["knobs"][1:]]}, "one of the three"),
        ({"knobs": [{**RAW["knobs"][0], "stops": [1, 2]}, *RAW["knobs"][1:]]}, "one of the three"),
        ({"knobs": [*RAW["knobs"][:2], {**RAW["knobs"][2], "start": "c"}]}, "none of its choices: a, b"),
    ],
)  # fmt: skip
def test_knobs_that_do_not_fit_are_refused_in_one_line(explore, change, told):
    with pytest.raises(LessonlibError, match=told) as refused:
        explore(**change).draw()
    assert "\n" not in str(refused.value)


def test_ends_and_starts_may_be_workings_and_choices_a_function():
    block = Explore({"id": "k", "title": "K", "text": "Try."}, LESSON)
    context = next(knob for knob in block.knobs if knob.name == "context")
    assert context.stops[context.start] == LESSON.lab.context and context.words[context.start] == "4,096 tokens"
    gpu = next(knob for knob in block.knobs if knob.name == "gpu")
    assert gpu.stops[gpu.start] == LESSON.lab.system.gpu.name and gpu.words[gpu.start].endswith("(your lab)")
