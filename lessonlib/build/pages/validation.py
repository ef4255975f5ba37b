"""The cells of the validation notebook: the engine beside measurements and other calculators, no predictions."""

from __future__ import annotations

_OPENING = """# How far to trust these numbers

Every lesson takes its numbers from one small engine, `lessonlib.roofline`. It says two things about a step:

- the **ceiling**, the least time that the peaks of the datasheet allow, with no fitted constant in it. No measurement may beat it;
- the **expectation**, what a well-run engine is likely to need. It multiplies by a few constants, fitted on published measurements and kept
  with their provenance in `data/efficiency.json`.

This page holds both against what others measured and computed. There is nothing to predict here: run it, read it, quote it."""

_PEERS = """## The ceiling beside other calculators

Milliseconds at full efficiency. *By hand* is the closed form: weights and cache over bandwidth, or FLOPs over the peak.
*Its way* is this engine counting what aiconfigurator counts on top: activations, SwiGLU and all-reduces, one operation after the other."""

_CEILING = """## The ceiling is never beaten

Over every measurement that the course keeps, these come nearest."""

_KERNELS = "A single matrix product, timed by others, follows the roof from below; other GPUs' roofs for comparison:"

_EXPECTED = """## What to expect, and how wrong that is

The constants were fitted on these rows, so the errors here flatter them."""

_HELD_OUT = """The fairer number: the median error on rows that the fit had not seen. Once with one model of one source left out, once with a whole
source left out. A source that alone knows some constants (the only engine without CUDA graphs, the only kernels timed one by one) takes them
along when it goes; the last column shows what that costs."""

_CUTS = "The errors by GPU, engine, precision and batch (on the rows fitted):"

_LAB = """## From the ceiling to your lab

Where the tokens per second of the default lab go. The reported 108 tok/s lies above the expectation: more than most engines reach on this
hardware in 16 bits, and still below the ceiling."""

_BATCH = """The same step for more requests at a time: what the fetch needs, what the arithmetic needs, and what to expect."""

_NOT_FOR = "## What it is not for"

CELLS = (
    ("markdown", _OPENING),
    (
        "code",
        (
            "from lessonlib.roofline import load_lab\n"
            "from lessonlib.roofline.calibrate import validation\n"
            "from lessonlib.course.engine import roofline_gpus, roofline_step_time, roofline_validation, roofline_waterfall"
        ),
    ),
    ("markdown", _PEERS),
    ("code", "validation.check_table()"),
    ("code", "validation.reasons_table()"),
    ("markdown", _CEILING),
    ("code", "validation.ceiling_table()"),
    ("markdown", _KERNELS),
    ("code", "roofline_gpus.draw()"),
    ("markdown", _EXPECTED),
    ("code", "roofline_validation.draw()"),
    ("code", 'validation.error_table("class")'),
    ("markdown", _HELD_OUT),
    ("code", "validation.cross_validated_table()"),
    ("markdown", _CUTS),
    ("code", "validation.error_tables()"),
    ("markdown", _LAB),
    ("code", "roofline_waterfall.draw(load_lab())"),
    ("markdown", _BATCH),
    ("code", "roofline_step_time.draw(load_lab())"),
    ("markdown", _NOT_FOR),
    ("code", "validation.NOT_FOR"),
)
