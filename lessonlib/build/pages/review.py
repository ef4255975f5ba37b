"""The cells of the review notebook."""

from __future__ import annotations

_OPENING = """# Review

Five to ten minutes, as often as you like. Here come back the cards and transfer questions of the lessons you have done, each when it is
about to be forgotten, and first of all what you were **certain** of and missed. One tap says how it went.

Run all cells (menu *Run → Run All Cells*)."""

_AFTER = """A question whose numbers or words have changed since you answered is asked anew. Nothing here is a grade: a missed card only comes back sooner."""

_HAND_IN = """To hand this in, in a terminal: `python -m lessonlib report` shows what your journal holds, then writes one page and a JSON file. Nothing is sent
anywhere. `python -m lessonlib erase` forgets all of it."""

CELLS = (
    ("markdown", _OPENING),
    ("parameters", ""),
    ("code", "from lessonlib import open_review\n\nreview = open_review(lab, auto)\nreview"),
    ("code", "# What is due\nreview.sitting()"),
    ("markdown", _AFTER),
    ("code", "# All lessons so far\nreview.overall()"),
    ("markdown", _HAND_IN),
)
