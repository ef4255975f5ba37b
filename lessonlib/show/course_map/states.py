"""How each state of an idea is shown: a word, a sign and what it means. Colours are in course_map.css."""

from __future__ import annotations

from typing import NamedTuple

from lessonlib.review.progress import MET, MISSED, RECALLED, SKIPPED, UNMET


class Look(NamedTuple):
    """``word`` stands in a cell, ``meaning`` in the legend; ``sign`` is drawn around (0, 0), 7 units to each side."""

    word: str
    meaning: str
    sign: str


_DISC = '<circle class="ll-map-solid" r="7"/>'

LOOKS = {
    UNMET: Look("not met yet", "no question about it answered yet", '<circle class="ll-map-hollow" r="5.5"/>'),
    MET: Look("met", "you answered a question about it", f'{_DISC}<circle class="ll-map-on" r="2.4"/>'),
    RECALLED: Look(
        "recalled",
        "you had it when it was asked again",
        f'{_DISC}<path class="ll-map-stroke" d="M-3.3 .3-.9 2.7 3.5-2.6"/>',
    ),
    MISSED: Look(
        "look again",
        "you were certain, and it came out otherwise",
        '<path class="ll-map-solid" d="M0-8 8 0 0 8-8 0Z"/><path class="ll-map-stroke" d="M0-4V.8M0 3.6V3.7"/>',
    ),
    SKIPPED: Look(
        "skipped",
        "you went straight to the answer",
        '<rect class="ll-map-solid" x="-7" y="-6" width="14" height="12" rx="3"/><path class="ll-map-stroke" d="M-3.6-2.8-.8 0-3.6 2.8M.6-2.8 3.4 0 .6 2.8"/>',
    ),
}


def sign(state: str, size_px: int = 16) -> str:
    """The sign of a state on its own, for the legend and the lists."""
    return f'<svg class="ll-map-sign ll-map-{state}" viewBox="-9 -9 18 18" width="{size_px}" height="{size_px}" aria-hidden="true">{LOOKS[state].sign}</svg>'
