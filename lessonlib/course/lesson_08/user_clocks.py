"""What one user's clock shows: two services and a reader, and one request alone.

Seconds of a lab are the engine's expected ones: computed, not measured.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab, decode, prefill

# --- two services and a reader

#: (seconds to the first token, tokens a second from then on)
EARLY, QUICK = (0.5, 6.0), (4.0, 300.0)
READ_ALONG = 300
#: 238 words a minute, and a rule of thumb of three words for four tokens
READING = 238 / 60 / 0.75


def early_first(lab: Lab) -> Quantity:
    return Quantity(EARLY[0], "s")


def early_rate(lab: Lab) -> Quantity:
    return Quantity(EARLY[1], "tok/s")


def quick_first(lab: Lab) -> Quantity:
    return Quantity(QUICK[0], "s")


def quick_rate(lab: Lab) -> Quantity:
    return Quantity(QUICK[1], "tok/s")


def read_along_tokens(lab: Lab) -> Quantity:
    return Quantity(READ_ALONG, "tokens")


def reading_speed(lab: Lab) -> Quantity:
    """Silent reading of English, in tokens."""
    return Quantity(READING, "tok/s", digits=2)


def _written(service: tuple[float, float]) -> float:
    return service[0] + (READ_ALONG - 1) / service[1]


def _read(service: tuple[float, float]) -> float:
    """Both write faster than anyone reads, so the reader starts at the first token and never waits again."""
    return service[0] + READ_ALONG / READING


def quick_written(lab: Lab) -> Quantity:
    """End to end: when the last token is there."""
    return Quantity(_written(QUICK), "s")


def early_read(lab: Lab) -> Quantity:
    """When the reader has read the last token."""
    return Quantity(_read(EARLY), "s")


def quick_read(lab: Lab) -> Quantity:
    return Quantity(_read(QUICK), "s")


def read_lead(lab: Lab) -> Quantity:
    return Quantity(_read(QUICK) - _read(EARLY), "s")


def words_early_writes(lab: Lab) -> int:
    """Words a minute that the first service writes: a faster reader waits for it."""
    return round(EARLY[1] * 60 * 0.75)


def words_of_a_tie(lab: Lab) -> int:
    """Words a minute, in tens, from which a reader is through sooner with the second service: the first one has written all too late."""
    fastest = (READ_ALONG - 1) / (_written(EARLY) - QUICK[0])
    return 10 * round(fastest * 60 * 0.75 / 10)


def written_lead(lab: Lab) -> Quantity:
    return Quantity(_written(EARLY) - _written(QUICK), "s", digits=2)


# --- one request alone

SHORT = 5


def short_answer_tokens(lab: Lab) -> Quantity:
    return Quantity(SHORT, "tokens")


def first_alone(lab: Lab) -> Quantity:
    """Expected time to first token of the usual prompt on an idle server."""
    return Quantity(prefill(lab.system, prompt=lab.prompt).expected_s, "s")


def gap_alone(lab: Lab) -> Quantity:
    """Expected time between two tokens of one answer alone on the server, with the usual prompt behind it."""
    return Quantity(decode(lab.system, batch=1, context=lab.prompt).expected_s, "s")


def short_end(lab: Lab) -> Quantity:
    """End to end of a short answer: the first token, then a gap before each of the others."""
    return Quantity(float(first_alone(lab)) + (SHORT - 1) * float(gap_alone(lab)), "s")


def short_first_share(lab: Lab) -> Quantity:
    """How much of the short answer's end to end is time to first token."""
    return Quantity(100 * float(first_alone(lab)) / float(short_end(lab)), "%", digits=2)


def short_gain(lab: Lab) -> Quantity:
    """What halving every gap takes off the short answer's end to end."""
    return Quantity(50 * (SHORT - 1) * float(gap_alone(lab)) / float(short_end(lab)), "%")


def short_gain_of_both(lab: Lab) -> Quantity:
    """As if the first token came in half the time as well."""
    return Quantity(50.0, "%")


def faster_than_reading(lab: Lab) -> Quantity:
    """How much faster one request alone is written than it is read."""
    return Quantity(1 / float(gap_alone(lab)) / READING, "x", digits=2)
