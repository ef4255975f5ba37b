"""Why one decoded token is dear: for every token the van hauls the pantry, all that the token needs, and the cook makes one knife-cut."""

from __future__ import annotations

from lessonlib.draw import parts
from lessonlib.draw.given import Given
from lessonlib.draw.marks import arrow, group, place, rect, text
from lessonlib.draw.sheet import Sheet

NEEDS = {
    "weights": "bytes of weights read for one decoded token, such as '51.2 GB'",
    "flops_per_token": "math done for one decoded token, such as '51.2 GFLOP'",
    "bandwidth": "memory bandwidth of the GPUs together, such as '6.7 TB/s'",
    "decode_tok_s": "decode ceiling of one request, such as '131 tok/s'",
    "haul": "what those weights are, such as 'the whole pantry' or 'the shelves it needs'",
    "pantry": "bytes of weights to choose from, such as '51.2 GB'",
}
DURATION_S = 5.0
_ROUTE = 180  # units from the pantry's door to the kitchen


def _hauls(sheet: Sheet) -> tuple[str, str, str]:
    """Motion of van, load and wheels: loaded there, empty back, loaded there again."""
    away = f"transform:translate(-{_ROUTE}px,0)"
    van = sheet.motion(
        (0, away),
        (0.5, away),
        (1.9, "transform:none"),
        (2.6, "transform:none"),
        (3.05, away),
        (3.15, away),
        (4.3, "transform:none"),
    )
    load = sheet.motion(
        (0, "opacity:0"),
        (0.15, "opacity:0"),
        (0.35, "opacity:1"),
        (2.5, "opacity:1"),
        (2.6, "opacity:0"),
        (3.05, "opacity:0"),
        (3.15, "opacity:1"),
    )
    turned = "transform:rotate(-630deg)"
    wheels = sheet.motion(
        (0, turned),
        (0.5, turned),
        (1.9, "transform:none"),
        (2.6, "transform:none"),
        (3.05, turned),
        (3.15, turned),
        (4.3, "transform:none"),
    )
    return van, load, wheels


def _cut(sheet: Sheet) -> tuple[str, str]:
    """Motion of the knife and of the slice it cuts off: once after each haul."""

    def after_each_haul(before: str) -> str:
        done = "transform:none"
        return sheet.motion(
            (0, before), (2.0, before), (2.2, done), (2.6, done), (3.0, before), (4.4, before), (4.6, done)
        )

    return after_each_haul("transform:rotate(28deg)"), after_each_haul("transform:translate(-15px,0)")


def _haul_line(sheet: Sheet, y: float, words: str, at_s: float) -> str:
    """One finished haul, kept on the tally: a heavy arrow and the token it paid for."""
    shaft = arrow(186, y, 520, y, "memory-line heavy", head=11)
    return group(text(353, y - 12, words), shaft, place(parts.token(), 548, y + 12), look=sheet.appear(at_s))


def _of(pantry: str, weights: str) -> str:
    """Says what the haul is a part of, where it is one."""
    return "" if pantry == weights else f" out of {pantry}"


def draw(given: Given, prefix: str) -> dict[str, object]:
    weights, flops = given.text("weights"), given.text("flops_per_token")
    bandwidth, ceiling = given.text("bandwidth"), given.text("decode_tok_s")
    haul, pantry = given.text("haul"), given.text("pantry")
    sheet = Sheet("van", prefix, DURATION_S)
    rolling, load, wheels = _hauls(sheet)
    ground = 306
    sheet.add(
        parts.road(164, ground, 386),
        place(parts.pantry(), 12, ground),
        place(parts.cook(*_cut(sheet)), 632, ground),
        group(place(parts.van(load, wheels), 350, ground), look=rolling),
        rect(536, 52, 24, 24, "thin", 5),
        rect(536, 112, 24, 24, "thin", 5),
        _haul_line(sheet, 64, f"{weights} for one token", 2.15),
        _haul_line(sheet, 124, f"{weights} for the next", 4.6),
        text(87, 346, "the pantry", "strong"),
        text(87, 374, pantry, "memory strong"),
        text(357, 346, f"one road: {bandwidth}"),
        text(357, 374, f"at most {ceiling}", "memory strong"),
        text(632, 346, "one knife-cut", "strong"),
        text(632, 374, flops, "compute strong"),
    )
    alt = (
        f"A van hauls {haul}, {weights} of weights{_of(pantry, weights)}, over one road of {bandwidth} for every token; the cook "
        f"then makes one knife-cut, {flops}. The road allows at most {ceiling}."
    )
    steps = [
        (0.4, f"An order comes in: one token. The weights, {pantry}, lie in the pantry across town."),
        (1.9, f"The van hauls {haul}, {weights}, over the one road."),
        (2.45, f"The cook makes one knife-cut, {flops}. One token is written."),
        (4.3, f"The next token: the van hauls {haul} again, all {weights}."),
        (5.0, f"Every token is one full haul, so the road of {bandwidth} allows at most {ceiling}."),
    ]
    return {"svg": sheet.svg(alt), "duration_s": DURATION_S, "steps": steps, "alt": alt}
