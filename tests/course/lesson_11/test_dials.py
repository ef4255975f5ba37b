"""The explorer: what moves the dials, and what does not."""

from __future__ import annotations

import pytest

from lessonlib.course.lesson_11 import dials
from lessonlib.roofline import lab_names, load_lab

every_lab = pytest.mark.parametrize("name", lab_names())


def _at(lab, **changed):
    settings = {"rate": dials.dial_rate_start(lab), "ratio": 30.0, "speed": 1.0, "window": 10.0, "caching": "off"}
    return dials.explore_dials(lab, **(settings | changed))


def _number(shown, name):
    return float(shown.value(name))


@every_lab
def test_a_faster_machine_leaves_the_dials_and_rests(name):
    lab = load_lab(name)
    slow, fast = _at(lab), _at(lab, speed=4.0)
    for dial in ("prompts", "answers", "ratio"):
        assert _number(fast, dial) == pytest.approx(_number(slow, dial), rel=0.06)
    assert _number(fast, "busy") < _number(slow, "busy")
    assert _number(fast, "gap") < 0.5 * _number(slow, "gap")


@every_lab
def test_the_ratio_is_the_mix(name):
    lab = load_lab(name)
    for ratio in (10.0, 50.0):
        assert _number(_at(lab, ratio=ratio), "ratio") == pytest.approx(ratio, rel=0.1)
    assert _number(_at(lab, rate=dials.dial_rate_start(lab) * 2), "ratio") == pytest.approx(30, rel=0.1)


def test_a_cache_lowers_the_prompt_dial_alone():
    lab = load_lab()
    plain, cached = _at(lab), _at(lab, caching="on")
    assert _number(cached, "prompts") < 0.95 * _number(plain, "prompts")
    assert _number(cached, "answers") == pytest.approx(_number(plain, "answers"), rel=0.05)


def test_short_windows_reach_further():
    lab = load_lab()
    highest = [max(dials.dials(lab, 0.5, 30.0, 1.0, False, window).prompts) for window in (1.0, 10.0, 30.0)]
    assert highest == sorted(highest, reverse=True)


def test_all_that_it_can_take_keeps_it_busy():
    lab = load_lab()
    shown = _at(lab, rate=dials.dial_rate_high(lab))
    assert _number(shown, "busy") > 97
