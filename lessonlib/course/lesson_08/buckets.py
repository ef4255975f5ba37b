"""What is left of gaps between tokens once they are counts up to each bound of a histogram."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.base.versions import vllm
from lessonlib.course.lesson_08.service_run import service_run
from lessonlib.roofline import Lab
from lessonlib.serving.results.quantiles import bucket_counts, histogram_quantile, percentile

#: seconds between the tokens of a server that writes like clockwork, and of the same after an upgrade
EVEN_GAP = 0.007
SLOWER_GAP = 0.012


def _bounds() -> tuple[float, ...]:
    """Upper bounds of vLLM's buckets for gaps between tokens, seconds."""
    return vllm().bounds["inter_token_latency"]


def even_gap(lab: Lab) -> Quantity:
    """Between any two tokens of a server that writes like clockwork."""
    return Quantity(EVEN_GAP, "s")


def first_bound(lab: Lab) -> Quantity:
    """The upper end of vLLM's lowest bucket for gaps between tokens."""
    return Quantity(_bounds()[0], "s")


def second_bound(lab: Lab) -> Quantity:
    return Quantity(_bounds()[1], "s")


def bucket_p50(lab: Lab) -> Quantity:
    """histogram_quantile(0.5, ...) of a thousand even gaps: half way through the bucket, which starts at 0."""
    counts = bucket_counts([EVEN_GAP] * 1000, _bounds())
    return Quantity(histogram_quantile(0.5, counts, _bounds()), "s", digits=1)


def slower_gap(lab: Lab) -> Quantity:
    """Between any two tokens of that server once it is slower."""
    return Quantity(SLOWER_GAP, "s")


def slower_panel(lab: Lab) -> Quantity:
    """histogram_quantile(0.5, ...) of a thousand such gaps: half way through the second bucket."""
    counts = bucket_counts([SLOWER_GAP] * 1000, _bounds())
    return Quantity(histogram_quantile(0.5, counts, _bounds()), "s")


def run_gap_p50(lab: Lab) -> Quantity:
    """The median gap between two tokens of the run."""
    return Quantity(percentile(service_run(lab).gaps, 50), "s")


def run_bucket_p50(lab: Lab) -> Quantity:
    """What Prometheus makes of the same gaps."""
    counts = bucket_counts(service_run(lab).gaps, _bounds())
    return Quantity(histogram_quantile(0.5, counts, _bounds()), "s")
