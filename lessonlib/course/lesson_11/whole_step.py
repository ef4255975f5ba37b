"""A decode step against its batch: what each further request adds in bytes and in arithmetic, and whether they ever meet."""

from __future__ import annotations

from lessonlib.base.quantity import Quantity
from lessonlib.course.shared.seats import requests_with_room
from lessonlib.roofline import Estimate, Lab, System, decode, kv_bytes_per_token, load_lab

#: tokens of context of each request, and the batches that are drawn, whether they fit in memory or not
CONTEXT, BATCHES = 2048, (1, 8, 32, 128, 512)
#: a batch from which, as one hears, decode is compute-bound
FOLKLORE = 32
#: the set-up whose limit is asked: no state, no mixture
_SHORT = "llama-3.1-8b-a100-80gb"
#: the context of the closing quiz
_QUIZ_CONTEXT = 512


def step_of(lab: Lab, batch: int, context: int = CONTEXT) -> Estimate:
    """A decode step of so many requests."""
    return decode(lab.system, batch=batch, context=context)


def drawn_context(lab: Lab) -> Quantity:
    return Quantity(CONTEXT, "tokens", digits=4)


def _drawn(values: list[float]) -> dict[str, list[float]]:
    return {"x": [float(batch) for batch in BATCHES], "y": values}


def step_time_curve(lab: Lab) -> dict[str, list[float]]:
    """Expected seconds of a step, for each batch."""
    return _drawn([step_of(lab, batch).expected_s for batch in BATCHES])


def step_time_in_proportion(lab: Lab) -> dict[str, list[float]]:
    """As if each request took what one alone takes."""
    return _drawn([batch * step_of(lab, 1).expected_s for batch in BATCHES])


def _flat_to(lab: Lab, corner: float) -> dict[str, list[float]]:
    return _drawn([step_of(lab, 1).expected_s * max(1.0, batch / corner) for batch in BATCHES])


def matrix_corner(lab: Lab) -> float:
    """Tokens in a step from which weight matrices wait for arithmetic."""
    return _crossing(lab.system)


def _crossing(system: System) -> float:
    """The batch at which the arithmetic of all matmuls takes as long as one token's weights take to cross."""
    one = decode(system, batch=1, context=0)
    parts = [part for part in one.operations if part.kind == "matmul"]
    return sum(part.memory_s for part in parts) / sum(part.compute_s for part in parts)


def step_time_flat_to_corner(lab: Lab) -> dict[str, list[float]]:
    """As if the whole step were one weight matrix: flat up to its corner, then in proportion."""
    return _flat_to(lab, matrix_corner(lab))


def step_time_flat_to_folklore(lab: Lab) -> dict[str, list[float]]:
    """As if arithmetic took over at a batch of 32."""
    return _flat_to(lab, FOLKLORE)


def _step(lab: Lab, batch: int) -> Quantity:
    return Quantity(step_of(lab, batch).expected_s, "s")


def drawn_first(lab: Lab) -> Quantity:
    """Expected time of a step of one request."""
    return _step(lab, BATCHES[0])


def drawn_middle(lab: Lab) -> Quantity:
    return _step(lab, BATCHES[2])


def drawn_fourth(lab: Lab) -> Quantity:
    return _step(lab, BATCHES[3])


def drawn_last(lab: Lab) -> Quantity:
    return _step(lab, BATCHES[4])


def drawn_growth(lab: Lab) -> Quantity:
    """By which factor the step grows from one request to the largest batch drawn."""
    return Quantity(float(drawn_last(lab)) / float(drawn_first(lab)), "x", digits=2)


def growth_to_folklore(lab: Lab) -> Quantity:
    """By which factor it has grown at a batch of 32."""
    return Quantity(float(drawn_middle(lab)) / float(drawn_first(lab)), "x", digits=3)


def bytes_of_last(lab: Lab) -> Quantity:
    """Time that the bytes of the largest batch take at the full bandwidth, experts of unrelated requests included."""
    return Quantity(step_of(lab, BATCHES[-1]).fetch_s, "s")


def arithmetic_of_last(lab: Lab) -> Quantity:
    """Time that its arithmetic takes at the peak."""
    return Quantity(step_of(lab, BATCHES[-1]).compute_s, "s")


def bytes_of_first(lab: Lab) -> Quantity:
    return Quantity(step_of(lab, 1).fetch_s, "s")


def arithmetic_of_first(lab: Lab) -> Quantity:
    return Quantity(step_of(lab, 1).compute_s, "s")


def bytes_by_batch(lab: Lab) -> list[Quantity]:
    """Time of the bytes at the full bandwidth, one for each batch that is drawn."""
    return [Quantity(step_of(lab, batch).fetch_s, "s") for batch in BATCHES]


def arithmetic_by_batch(lab: Lab) -> list[Quantity]:
    """Time of the arithmetic at the peak."""
    return [Quantity(step_of(lab, batch).compute_s, "s") for batch in BATCHES]


def last_one_by_one(lab: Lab) -> Quantity:
    """The same step at the roofs, kernel by kernel: each waits for the slower of its bytes and its arithmetic."""
    parts = step_of(lab, BATCHES[-1]).operations
    return Quantity(sum(max(part.compute_s, part.memory_s + part.spread_s) for part in parts), "s")


def last_does_not_fit(lab: Lab) -> bool:
    """Whether the largest batch that is drawn is more than the memory holds."""
    return requests_with_room(lab.system, CONTEXT) < BATCHES[-1]


# --- what one further request adds


def _added(system: System, context: int) -> tuple[float, float]:
    """Seconds of arithmetic at the peak and of bytes at the full bandwidth that each further request adds to a step."""
    one, two = (decode(system, batch=batch, context=context) for batch in (1, 2))
    return two.compute_s - one.compute_s, two.memory_s - one.memory_s


def added_arithmetic(lab: Lab) -> Quantity:
    """Seconds of arithmetic that each further request adds."""
    return Quantity(_added(lab.system, CONTEXT)[0], "s")


def added_bytes(lab: Lab) -> Quantity:
    """Seconds of its own cache and state."""
    return Quantity(_added(lab.system, CONTEXT)[1], "s")


def _limit(system: System) -> float:
    """Tokens of context at which a request's own bytes take as long as its arithmetic; below 0 where there is none.

    Both are a constant and a part that grows with the context: f0 + f1 c = b0 + b1 c.
    """
    (f0, b0), (f1, b1) = _added(system, 0), _added(system, 1_000)
    return (f0 - b0) / ((b1 - b0) - (f1 - f0)) * 1_000


def limit_here(lab: Lab) -> Quantity:
    """Tokens of context up to which some batch makes this lab's whole step wait for arithmetic."""
    return Quantity(max(0.0, _limit(lab.system)), "tokens", digits=2)


def none_here(lab: Lab) -> bool:
    """Whether no batch does, at any context."""
    return _limit(lab.system) <= 1


def added_bytes_without_context(lab: Lab) -> Quantity:
    """Seconds that a request's own bytes take with nothing before it: its state."""
    return Quantity(_added(lab.system, 0)[1], "s")


def added_arithmetic_without_context(lab: Lab) -> Quantity:
    return Quantity(_added(lab.system, 0)[0], "s")


def _short() -> System:
    return load_lab(_SHORT).system


def short_model(lab: Lab) -> str:
    """The model whose limit is asked."""
    return _short().model.title


def short_card(lab: Lab) -> str:
    return _short().gpu.title


def ridge_of_the_card(lab: Lab) -> Quantity:
    """FLOPs for each byte at the corner of its card's roof."""
    return Quantity(_short().flops / _short().bandwidth, "FLOP/byte")


def arithmetic_of_a_request(lab: Lab) -> Quantity:
    """Arithmetic of one request in a step, without its context."""
    return Quantity(decode(_short(), batch=1, context=0).flops, "FLOP")


def cache_of_a_token(lab: Lab) -> Quantity:
    """Bytes that a token of context keeps."""
    return Quantity(kv_bytes_per_token(_short()), "B", digits=3)


def short_limit(lab: Lab) -> Quantity:
    """Tokens of context from which no batch makes its whole step wait for arithmetic."""
    return Quantity(_limit(_short()), "tokens", digits=3)


def short_limit_by_hand(lab: Lab) -> Quantity:
    """The same from what a request does with nothing behind it: over the ridge and the bytes of a token."""
    flops = float(arithmetic_of_a_request(lab)) / float(ridge_of_the_card(lab))
    return Quantity(flops / float(cache_of_a_token(lab)), "tokens", digits=3)


def short_limit_of_all_heads(lab: Lab) -> Quantity:
    """As if every query head kept a key and a value: four times the bytes."""
    return Quantity(float(short_limit(lab)) / 4, "tokens")


def short_limit_of_keys(lab: Lab) -> Quantity:
    """As if only keys were kept: half of the bytes."""
    return Quantity(float(short_limit(lab)) * 2, "tokens")


def short_limit_as_ridge(lab: Lab) -> Quantity:
    """The ridge, read as a number of tokens."""
    return Quantity(float(ridge_of_the_card(lab)), "tokens")


def _crossing_of_step(system: System, context: int) -> float:
    """The batch at which a dense model's whole step waits for arithmetic: weights, over what arithmetic gains on bytes with each request."""
    arithmetic, own = _added(system, context)
    return decode(system, batch=1, context=0).memory_s / (arithmetic - own)


def short_batch(lab: Lab) -> Quantity:
    """The batch from which its step waits for arithmetic with 512 tokens of context each."""
    return Quantity(_crossing_of_step(_short(), _QUIZ_CONTEXT), "requests")


def short_batch_context(lab: Lab) -> Quantity:
    return Quantity(_QUIZ_CONTEXT, "tokens")


# --- the closing quiz: the same sum on another set-up


def quiz_context(lab: Lab) -> Quantity:
    return Quantity(_QUIZ_CONTEXT, "tokens")


def weights_cross_in(lab: Lab) -> Quantity:
    """Seconds in which the weights cross."""
    return Quantity(decode(lab.system, batch=1, context=0).memory_s, "s")


def quiz_added_arithmetic(lab: Lab) -> Quantity:
    return Quantity(_added(lab.system, _QUIZ_CONTEXT)[0], "s")


def quiz_added_bytes(lab: Lab) -> Quantity:
    return Quantity(_added(lab.system, _QUIZ_CONTEXT)[1], "s")


def gained_by_each(lab: Lab) -> Quantity:
    """What arithmetic gains on the bytes with each further request; 0 where it gains nothing."""
    return Quantity(max(0.0, float(quiz_added_arithmetic(lab)) - float(quiz_added_bytes(lab))), "s")


def quiz_whole_batch(lab: Lab) -> Quantity:
    """The batch at which arithmetic has caught up with the bytes of the whole step; 0 where it never does."""
    gained = float(gained_by_each(lab))
    return Quantity(float(weights_cross_in(lab)) / gained if gained else 0.0, "requests")


def quiz_matrix_batch(lab: Lab) -> Quantity:
    """The same for the weights alone."""
    return Quantity(float(weights_cross_in(lab)) / float(quiz_added_arithmetic(lab)), "requests")


def quiz_cache_batch(lab: Lab) -> Quantity:
    """The batch at which the caches take as long as the weights."""
    return Quantity(float(weights_cross_in(lab)) / float(quiz_added_bytes(lab)), "requests")


# --- claims


def bytes_outrun_arithmetic(lab: Lab) -> bool:
    """Each further request brings more seconds of bytes than of arithmetic, so no batch is large enough."""
    arithmetic, own = _added(lab.system, CONTEXT)
    return own > arithmetic and all(step_of(lab, batch).bound == "memory" for batch in (*BATCHES, 100_000))


def short_context_has_a_batch(lab: Lab) -> bool:
    """On the card that is asked: below the limit some batch is compute-bound, above it none; and 512 tokens lie below."""
    limit = float(short_limit(lab))
    found = [decode(_short(), batch=1_000_000, context=round(limit * part)).bound for part in (0.95, 1.05)]
    batch = round(float(short_batch(lab)))
    near = [decode(_short(), batch=batch + more, context=_QUIZ_CONTEXT).bound for more in (-3, 3)]
    return found == ["compute", "memory"] == list(reversed(near))


def step_grows_all_the_way(lab: Lab) -> bool:
    """Nowhere flat and nowhere in proportion: from 1 to 32 requests it grows, far less than 32-fold, and it still grows at the end."""
    first, _, middle, fourth, last = step_time_curve(lab)["y"]
    return 1.15 * first < middle < 8 * first and last > 1.4 * fourth
