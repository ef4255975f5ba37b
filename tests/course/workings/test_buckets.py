"""What buckets leave of the gaps of lesson 8."""

from __future__ import annotations

import pytest

from lessonlib.base.versions import vllm
from lessonlib.course.lesson_08.buckets import bucket_p50, run_bucket_p50
from lessonlib.course.lesson_08.service_run import service_run
from lessonlib.roofline import lab_names, load_lab

BETWEEN_BOUNDS = vllm().bounds["inter_token_latency"]
every_lab = pytest.mark.parametrize("name", lab_names())


@every_lab
def test_a_server_like_clockwork_is_drawn_at_half_the_lowest_bound(name):
    assert float(bucket_p50(load_lab(name))) == pytest.approx(0.005)
    gaps = service_run(load_lab(name)).gaps
    place = next(place for place, bound in enumerate(BETWEEN_BOUNDS) if (gaps <= bound).mean() >= 0.5)
    low = BETWEEN_BOUNDS[place - 1] if place else 0.0
    assert low <= float(run_bucket_p50(load_lab(name))) <= BETWEEN_BOUNDS[place]
