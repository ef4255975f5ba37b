"""The cells of the validation notebook: the engine beside measurements and other calculators, one guess first."""

from __future__ import annotations

_OPENING = """# How far to trust these numbers

**What they are not for.** A step here is one request, or one steady batch, on idle hardware. The time to the first token on a busy server comes
from the simulator and is the least certain number of the course: queues decide there, and an independent comparison found rooflines alone off
by 279 to 652 % in the median. Nothing here knows of prefix hits that it is not told of, of a slow host, or of a GPU that runs below its clock.

What they are for: every lesson takes its numbers from one small engine, `lessonlib.roofline`, which says two things about a step:

- the **ceiling**, the least time that the peaks of the data sheet allow, with no fitted constant in it. No measurement may beat it;
- the **expectation**, what a well-run engine is likely to need, with a **band** that holds nine in ten measurements. It rests on a few constants,
  fitted on published measurements and kept with their provenance in `data/efficiency.json`.

This page holds both against what others measured and computed. One guess opens all of it. Your own measurements: `lessonlib validate ROWS.csv`."""

_QUESTION = """## Before you look

Four numbers that people plan by. The expectation misses all of them; one it misses most."""

_PEERS = """## Ceilings

Milliseconds if everything ran at its peak. *By hand* is a formula of one line: weights and cache over bandwidth, or FLOPs over the peak. *Its way* is this
engine counting what aiconfigurator counts on top: activations, SwiGLU and all-reduces, one operation after the other."""

_CEILING = """Over every step and kernel that the course keeps, the nearest to their ceiling; below, a single matrix product that others timed, and the roofs of
other GPUs. For a mixture the ceiling counts the experts of one token, however many requests there are: all of them may route alike."""

_EXPECTED = """## What to expect, and how wrong that is

The fairest number first: errors on rows whose whole source the fit had not seen, and the bands that follow from them. A case that no
measurement resembles (its GPU, its precision, its kind of attention) is called extrapolated, and its band is wider."""

_FITTED = "What served engines were measured at, then steps and kernels: on rows that the constants were fitted on, errors flatter them."

_LAB = """## From the ceiling to your lab

Where the tokens per second of the default lab go, and the same step for more requests at a time. Its report lies above the expectation and above what
the kernels add up to when each is timed alone, and still below the ceiling. The report does not say its precision."""

CELLS = (
    ("markdown", _OPENING),
    (
        "code",
        "from lessonlib.show.validation_page import open_validation\n\npage = open_validation()",
    ),
    ("markdown", _QUESTION),
    ("code", "# What is hardest to predict? · predict, then reveal\npage.predict()"),
    ("markdown", _PEERS),
    ("code", '# The ceiling beside other calculators\npage.show("peers")'),
    ("markdown", _CEILING),
    ("code", '# The ceiling is never beaten\npage.show("ceiling")'),
    ("markdown", _EXPECTED),
    ("code", '# Errors on sources left out\npage.show("left out")'),
    ("markdown", _FITTED),
    ("code", '# Served engines\npage.show("served")'),
    ("code", '# Steps and kernels\npage.show("steps")'),
    ("code", '# By GPU, engine, precision and batch\npage.show("cuts")'),
    ("markdown", _LAB),
    ("code", '# From the ceiling to the default lab\npage.show("lab")'),
)
