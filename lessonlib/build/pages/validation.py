"""The cells of the validation notebook: the engine beside measurements and other calculators, one guess first."""

from __future__ import annotations

_OPENING = """# How far to trust these numbers

Every lesson takes its numbers from one small engine, `lessonlib.roofline`. It says two things about a step:

- the **ceiling**, the least time that the peaks of the datasheet allow, with no fitted constant in it. No measurement may beat it;
- the **expectation**, what a well-run engine is likely to need, with a **band** that holds nine in ten measurements. It rests on a few constants,
  fitted on published measurements and kept with their provenance in `data/efficiency.json`.

This page holds both against what others measured and computed. One guess comes first. Your own measurements: `lessonlib validate ROWS.csv`."""

_QUESTION = """## Before you look

Four numbers that people plan by. The expectation misses all of them; one it misses most."""

_PEERS = """## The ceiling beside other calculators

Milliseconds at full efficiency. *By hand* is the closed form: weights and cache over bandwidth, or FLOPs over the peak.
*Its way* is this engine counting what aiconfigurator counts on top: activations, SwiGLU and all-reduces, one operation after the other."""

_CEILING = """## The ceiling is never beaten

Over every step and kernel that the course keeps, these come nearest. For a mixture the ceiling counts the experts of one token, however many
requests there are: all of them may route alike, and some batches nearly do."""

_KERNELS = "A single matrix product, timed by others, follows the roof from below; other GPUs' roofs for comparison:"

_EXPECTED = """## What to expect, and how wrong that is

The fairest number first: errors on rows whose whole source the fit had not seen, and the bands that follow from them. A case that no
measurement resembles (its GPU, its precision, its kind of attention) is called extrapolated, and its band is wider."""

_FITTED = "On the rows that the constants were fitted on the errors flatter them. What served engines were measured at:"

_STEPS = "Steps and kernels:"

_LAB = """## From the ceiling to your lab

Where the tokens per second of the default lab go. Its report lies above the expectation and above what the kernels add up to when each is
timed alone, and still below the ceiling: more than most engines reach on this hardware in 16 bits. The report does not say its precision."""

_BATCH = """The same step for more requests at a time: what the fetch needs, what the arithmetic needs, and what to expect."""

_NOT_FOR = "## What it is not for"

CELLS = (
    ("markdown", _OPENING),
    (
        "code",
        (
            "from lessonlib import load_lab\n"
            "from lessonlib.roofline.calibrate import validation\n"
            "from lessonlib.course.engine import roofline_gpus, roofline_step_time, roofline_waterfall\n"
            "from lessonlib.show.validation_page import open_validation\n\n"
            "page = open_validation()"
        ),
    ),
    ("markdown", _QUESTION),
    ("code", "# What is hardest to predict? · predict, then reveal\npage.predict()"),
    ("markdown", _PEERS),
    ("code", "validation.check_table()"),
    ("code", "validation.reasons_table()"),
    ("markdown", _CEILING),
    ("code", "validation.ceiling_table()"),
    ("markdown", _KERNELS),
    ("code", "roofline_gpus.draw()"),
    ("markdown", _EXPECTED),
    ("code", '# Errors on sources left out\npage.show("left out")'),
    ("markdown", _FITTED),
    ("code", '# Served engines\npage.show("served")'),
    ("markdown", _STEPS),
    ("code", '# Steps and kernels\npage.show("steps")'),
    ("code", '# By GPU, engine, precision and batch\npage.show("cuts")'),
    ("markdown", _LAB),
    ("code", "validation.lab_table(load_lab())"),
    ("code", "roofline_waterfall.draw(load_lab())"),
    ("markdown", _BATCH),
    ("code", "roofline_step_time.draw(load_lab())"),
    ("markdown", _NOT_FOR),
    ("code", "validation.NOT_FOR"),
)
