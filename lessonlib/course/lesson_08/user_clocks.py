"""What one user's clock shows: two services and a reader, one request alone, a session, and a log line about one request.

Seconds of a lab are the engine's expected ones: computed, not measured.
"""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.roofline import Lab, decode, prefill

# --- two services and a reader

#: (seconds to the first token, tokens a second from then on)
EARLY, QUICK = (0.5, 30.0), (4.0, 300.0)
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


def early_written(lab: Lab) -> Quantity:
    """End to end: when the last token is there."""
    return Quantity(_written(EARLY), "s")


def quick_written(lab: Lab) -> Quantity:
    return Quantity(_written(QUICK), "s")


def early_read(lab: Lab) -> Quantity:
    """When the reader has read the last token."""
    return Quantity(_read(EARLY), "s")


def quick_read(lab: Lab) -> Quantity:
    return Quantity(_read(QUICK), "s")


def read_lead(lab: Lab) -> Quantity:
    return Quantity(_read(QUICK) - _read(EARLY), "s")


def written_lead(lab: Lab) -> Quantity:
    return Quantity(_written(EARLY) - _written(QUICK), "s", digits=2)


# --- one request alone

SHORT = 5


def short_answer_tokens(lab: Lab) -> Quantity:
    return Quantity(SHORT, "tokens")


def first_alone(lab: Lab) -> Quantity:
    """Expected time to first token of the usual prompt on an idle server."""
    return Quantity(prefill(lab.system, prompt=lab.prompt).expected_s, "s", digits=4)


def short_end(lab: Lab) -> Quantity:
    """End to end of a short answer: the first token, then a gap before each of the others."""
    return Quantity(
        float(first_alone(lab)) + (SHORT - 1) * decode(lab.system, batch=1, context=lab.prompt).expected_s,
        "s",
        digits=4,
    )


def gap_alone(lab: Lab) -> Quantity:
    """What lies between two tokens: the time after the first token, over the gaps, one fewer than the tokens."""
    return Quantity((float(short_end(lab)) - float(first_alone(lab))) / (SHORT - 1), "s")


def gap_per_token(lab: Lab) -> Quantity:
    return Quantity((float(short_end(lab)) - float(first_alone(lab))) / SHORT, "s")


def gap_from_the_start(lab: Lab) -> Quantity:
    return Quantity(float(short_end(lab)) / SHORT, "s")


def speed_alone(lab: Lab) -> Quantity:
    """What one user sees, once the answer runs."""
    return Quantity(1 / float(gap_alone(lab)), "tok/s")


def faster_than_reading(lab: Lab) -> Quantity:
    return Quantity(float(speed_alone(lab)) / READING, "x", digits=2)


def short_first_share(lab: Lab) -> Quantity:
    """How much of the short answer's end to end is time to first token."""
    return Quantity(100 * float(first_alone(lab)) / float(short_end(lab)), "%", digits=2)


def short_gain(lab: Lab) -> Quantity:
    """What halving every gap takes off the short answer's end to end."""
    return Quantity((100 - float(short_first_share(lab))) / 2, "%", digits=2)


# --- a session of many calls

SESSION = 50


def session_calls(lab: Lab) -> int:
    return SESSION


def session_meets(lab: Lab) -> Quantity:
    """Sessions with at least one call beyond the p99: all but those whose every call is within it."""
    return Quantity(100 * (1 - 0.99**SESSION), "%")


def session_one(lab: Lab) -> Quantity:
    return Quantity(1.0, "%")


def session_sum(lab: Lab) -> Quantity:
    return Quantity(float(SESSION), "%")


def session_spared(lab: Lab) -> Quantity:
    return Quantity(100 * 0.99**SESSION, "%")


def short_session_meets(lab: Lab) -> Quantity:
    """The same for 20 calls."""
    return Quantity(100 * (1 - 0.99**20), "%", digits=2)


# --- what a log line says of one request alone on the server

WINDOW, LOGGED = 10, 100


def log_window(lab: Lab) -> Quantity:
    return Quantity(WINDOW, "s")


def logged_tokens(lab: Lab) -> Quantity:
    return Quantity(LOGGED, "tokens")


def logged_end(lab: Lab) -> Quantity:
    """End to end of that request, alone."""
    return Quantity(float(first_alone(lab)) + (LOGGED - 1) * float(gap_alone(lab)), "s")


def window_rate(lab: Lab) -> Quantity:
    """The tokens of the window over the seconds of the window."""
    return Quantity(LOGGED / WINDOW, "tok/s", digits=2)


def rate_end_to_end(lab: Lab) -> Quantity:
    return Quantity(LOGGED / float(logged_end(lab)), "tok/s")


# --- a server whose gaps are all the same

EVEN_GAP = 0.009


def even_gap(lab: Lab) -> Quantity:
    return Quantity(EVEN_GAP, "s")


#: answers written at once at noon, and the share of a window in which one is written at night
NOON, NIGHT = 8, 1 / 3


def noon_quotient(lab: Lab) -> Quantity:
    """One over the rate of a window in which eight answers are written without a pause."""
    return Quantity(EVEN_GAP / NOON, "s")


def night_quotient(lab: Lab) -> Quantity:
    """The same where one answer is written for a third of the window."""
    return Quantity(EVEN_GAP / NIGHT, "s")
