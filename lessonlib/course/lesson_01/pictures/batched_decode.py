"""Batching: one trip of the pantry plates many guests, but each guest's recipe binder is hauled for that guest alone."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import circle, group, line, path, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "batch": "requests decoded together, a whole number",
    "weights": "bytes of weights read once a step, such as '51.2 GB'",
    "haul": "what those weights are, such as 'the pantry' or 'all shelves that they need'",
    "kept": "what a request keeps for itself, such as 'KV cache' or 'KV cache and recurrent state'",
    "kept_per_request": "bytes that a step moves for one request alone, such as '436 MB'",
    "total_tok_s": "decode ceiling of the whole batch, such as '980 tok/s'",
    "request_tok_s": "decode ceiling of each request in it, such as '122 tok/s'",
}
DURATION_S = 5.0
_SEATS = 8  # a larger batch is drawn as seven guests and three dots
_ROUTE, _SCALE, _GROUND, _TABLE = 146, 0.78, 196, 322


def _dots(x: float, y: float, step: float, look: str) -> str:
    return "".join(circle(x + step * i, y, 3, look) for i in (-1, 0, 1))


def _trailer(drawn: int, more: bool, turning: str) -> str:
    """Binders on a trailer that hangs behind the van: one for each guest drawn."""
    bed = line(0, -26, 158, -26) + line(0, -26, 0, -38) + line(138, -26, 138, -38)
    spines = "".join(place(parts.binder(38, 13), 6 + 16.2 * i, -28) for i in range(drawn))
    rest = _dots(6 + 16.2 * drawn + 5, -34, 6, "cache-fill") if more else ""
    return bed + spines + rest + parts.wheel(69, 15, turning)


def _guest(sheet: Sheet, x: float, at_s: float) -> str:
    """A guest at the table with a binder of his own, and a plate that is filled at ``at_s`` (seconds)."""
    smile = path(f"M-4 {_TABLE - 35} q4 4 8 0", "thin")
    served = group(place(parts.token(size=22), 0, _TABLE + 17), smile, look=sheet.appear(at_s, 0.2))
    seat = place(parts.guest(), 0, _TABLE) + rect(-42, _TABLE, 84, 34, "paper", 0)
    table = place(parts.plate(48), 0, _TABLE + 22) + served + place(parts.binder(34, 13), 27, _TABLE + 25)
    return place(seat + table, x, 0)


def _table(sheet: Sheet, drawn: int, more: bool) -> list[str]:
    """The long table with its guests, served within a second from one trip."""
    places = drawn + (1 if more else 0)
    left = 360 - 42.5 * places
    seats = [_guest(sheet, left + 85 * i + 36, 2.4 + 0.14 * i) for i in range(drawn)]
    rest = _dots(left + 85 * drawn + 42, _TABLE - 18, 14, "solid") if more else ""
    return [*seats, rest, rect(left - 4, _TABLE, 85 * places + 8, 34, "ink", 8)]


def _trip(sheet: Sheet, drawn: int, more: bool) -> str:
    """Van and trailer on their single haul."""
    away, turned = f"transform:translate(-{_ROUTE}px,0)", "transform:rotate(-540deg)"
    rolling = sheet.motion((0, away), (0.5, away), (2.1, "transform:none"))
    wheels = sheet.motion((0, turned), (0.5, turned), (2.1, "transform:none"))
    load = sheet.appear(0.15)
    team = _trailer(drawn, more, wheels) + place(parts.van(load, wheels), 158, 0)
    return group(place(team, 286, _GROUND, _SCALE), look=rolling)


def _binder_label(sheet: Sheet, words: str) -> str:
    leader = path("M352 86 V138", "cache-line")
    return group(text(352, 78, words, "strong cache"), leader, look=sheet.appear(4.0))


def draw(given: Given, prefix: str) -> dict[str, object]:
    batch, weights, haul = given.count("batch"), given.text("weights"), given.text("haul")
    kept, binder = given.text("kept"), given.text("kept_per_request")
    total, each = given.text("total_tok_s"), given.text("request_tok_s")
    more = batch > _SEATS
    drawn = _SEATS - 1 if more else batch
    requests = f"{batch} requests" if batch > 1 else f"{batch} request"
    up = "transform:rotate(28deg)"
    sheet = Sheet("one-trip", prefix, DURATION_S)
    cut = sheet.motion((0, up), (2.2, up), (2.4, "transform:none"))
    whole = "transform:translate(-15px,0)"
    slice_ = sheet.motion((0, whole), (2.2, whole), (2.4, "transform:none"))
    sheet.add(
        parts.road(134, _GROUND, 440),
        place(parts.pantry(), 10, _GROUND, _SCALE),
        place(parts.cook(cut, slice_), 640, _GROUND, _SCALE),
        _trip(sheet, drawn, more),
        text(356, 36, f"one trip: {weights} for all", "strong memory"),
        _binder_label(sheet, f"{batch} binders, {binder} each" if batch > 1 else f"{batch} binder, {binder}"),
        *_table(sheet, drawn, more),
        text(360, 248, f"{requests}, one token each", "strong"),
        text(360, 388, f"at most {total} together, {each} each", "strong"),
    )
    alt = (
        f"One van trip hauls {haul}, {weights}, once for {requests}, so together they reach at most {total}, each {each}. "
        f"Not shared: every guest's own recipe binder, the {kept}, {binder} apiece."
    )
    steps = [
        (0.4, f"{requests[0].upper()}{requests[1:]} at the table, one van, one pantry."),
        (2.1, f"One trip hauls {haul}, {weights}, once for all."),
        (3.8, f"That one trip gives every guest a token: together {total}, each {each}."),
        (5.0, f"What nobody shares: each guest's own binder, the {kept}, {binder} apiece, rides along."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
