"""The pantry's cast, drawn once for all pictures: van, shelves, cook, guest, binder, token, road.

Each part stands on the ground line y = 0 with x = 0 at its left edge (van, shelves, binder) or its middle (cook,
guest, token); ``marks.place`` puts it where it belongs. Sizes are user units.
"""

from __future__ import annotations

from lessonlib.draw.marks import circle, ellipse, group, line, path, points, rect

VAN_WIDTH, VAN_HEIGHT = 196, 122
PANTRY_WIDTH, PANTRY_HEIGHT = 150, 196
GOODS = ("jar", "box", "bottle", "sack", "box", "jar", "sack", "bottle", "jar", "box")
_GOODS_WIDTH = {"jar": 16, "box": 22, "bottle": 11, "sack": 20}


def _good(kind: str, x: float, y: float) -> str:
    """One thing on a shelf whose board is at ``y``; ``x`` is its left edge."""
    look = "memory-line memory-soft"
    if kind == "jar":
        return rect(x, y - 18, 16, 18, look, 4) + line(x + 3, y - 23, x + 13, y - 23, "memory-line")
    if kind == "bottle":
        return path(f"M{points(x, y)} v-15 l3 -5 v-6 h5 v6 l3 5 v15 z", look)
    if kind == "sack":
        return path(f"M{points(x + 2, y)} q-5 -14 5 -19 l-3 -5 h12 l-3 5 q10 5 5 19 z", look)
    return rect(x, y - 17, 22, 17, look, 2) + line(x + 8, y - 17, x + 8, y - 10, "memory-line")


def goods(x: float, y: float, width: float, first: int = 0, gap: float = 6) -> str:
    """A row of goods on the board at ``y``, centred between ``x`` and ``x + width``; ``first`` varies the order."""
    row: list[str] = []
    used = -gap
    for kind in GOODS[first:] + GOODS[:first]:
        if used + gap + _GOODS_WIDTH[kind] > width:
            break
        row.append(kind)
        used += gap + _GOODS_WIDTH[kind]
    marks, at = [], x + (width - used) / 2
    for kind in row:
        marks.append(_good(kind, at, y))
        at += gap + _GOODS_WIDTH[kind]
    return "".join(marks)


def pantry() -> str:
    """The storehouse with its three shelves: the GPU's memory."""
    house = path("M12 -138 L75 -190 L138 -138 V0 H12 Z", "paper") + path("M12 -138 V0 H138 V-138", "ink")
    roof = path("M1 -129 L75 -190 L149 -129", "ink")
    boards = "".join(line(24, y, 126, y, "thin") for y in (-12, -54, -96))
    rows = goods(26, -14, 98, 0) + goods(26, -56, 98, 3) + goods(26, -98, 98, 6)
    return house + roof + boards + rows + circle(75, -156, 8, "thin")


def wheel(x: float, radius: float = 17, turning: str = "") -> str:
    """A wheel on the ground at ``x``; ``turning`` is the motion class of its spokes."""
    y = -radius
    spokes = circle(x, y, radius - 6, "thin") + line(x - radius + 6, y, x + radius - 6, y, "thin")
    spokes += line(x, y - radius + 6, x, y + radius - 6, "thin")
    return circle(x, y, radius) + group(spokes, look=f"turns {turning}".strip())


def van(load: str = "", turning: str = "") -> str:
    """The van, facing right, its box open to view with the whole pantry in it.

    ``load`` is the motion class of what it carries, ``turning`` that of its wheels.
    """
    box = rect(0, -122, 132, 98, "ink paper", 8)
    boards = line(9, -38, 123, -38, "thin") + line(9, -80, 123, -80, "thin")
    cab = path("M132 -90 H156 Q165 -90 169 -82 L179 -62 L189 -57 Q196 -53 196 -45 V-24 H132 Z", "ink paper")
    window = path("M141 -80 H155 Q160 -80 162 -75 L168 -61 H141 Z", "thin")
    details = line(141, -48, 150, -48, "thin") + line(189, -40, 195, -40, "compute-line") + line(-6, -26, 0, -26)
    carried = group(goods(9, -40, 114, 0), goods(9, -82, 114, 3), look=load)
    return box + boards + carried + cab + window + details + wheel(36, turning=turning) + wheel(158, turning=turning)


def small_van(width: float = 46) -> str:
    """The same van as a sign: box, cab, two wheels."""
    box, floor = width * 0.66, -7
    body = rect(0, -31, box, 24, "thin memory-soft", 4)
    cab = path(
        f"M{points(box, -24)} h{points(width * 0.15)} q4 0 6 5 l3 5 V{points(floor)} H{points(box)} Z", "thin paper"
    )
    return body + cab + circle(width * 0.24, -6, 6, "thin paper") + circle(width * 0.78, -6, 6, "thin paper")


def _sleeve(d: str) -> str:
    return path(d, "sleeve") + path(d, "sleeve-inside")


def cook(cutting: str = "", slice_: str = "") -> str:
    """The cook behind the board, knife at the end of its one cut.

    ``cutting`` is the motion class of arm and knife, ``slice_`` that of the cut slice.
    """
    table = rect(-72, -66, 144, 9, "ink paper", 4) + line(-60, -57, -60, 0) + line(60, -57, 60, 0)
    body = path("M-34 -66 V-88 Q-34 -112 -10 -114 H10 Q34 -112 34 -88 V-66", "ink paper")
    apron = path("M-12 -113 V-96 H12 V-113", "thin") + path(
        "M-20 -66 V-90 Q-20 -96 -12 -96 H12 Q20 -96 20 -90 V-66", "thin"
    )
    head = circle(0, -134, 18) + circle(-6, -134, 1.6, "solid") + circle(6, -134, 1.6, "solid")
    smile = path("M-6 -126 Q0 -121 6 -126", "thin")
    hat = path(
        "M-17 -146 V-160 Q-30 -164 -25 -176 Q-19 -186 -8 -181 Q0 -190 9 -181 Q21 -185 25 -175 Q29 -164 17 -160 V-146 Z",
        "ink paper",
    )
    carrot = path("M-50 -67.5 Q-58 -77 -48 -84 L-4 -79 V-67.5 Z", "compute-line compute-soft")
    leaf = path("M-53 -78 q-7 -8 -14 -5 M-54 -75 q-8 -1 -13 4", "thin")
    piece = group(path("M15 -67.5 V-76 Q27 -75 26 -67.5 Z", "compute-line compute-soft"), look=slice_)
    arm_left = _sleeve("M-25 -101 Q-44 -100 -38 -86") + circle(-37, -83, 6)
    knife = path("M43 -83 L3 -68 Q2 -79 12 -83 L39 -94 Z", "thin paper") + path("M41 -88.5 L60 -96", "ink heavy")
    arm = group(knife, _sleeve("M25 -101 Q46 -108 52 -97"), circle(52, -93, 6), look=f"cuts {cutting}".strip())
    return table + body + apron + head + smile + hat + carrot + leaf + arm_left + piece + arm


def token(role: str = "memory", size: float = 24) -> str:
    """A token: a filled tile with two strokes of writing, standing on the ground."""
    half = size / 2
    marks = rect(-half, -size, size, size, f"{role}-line {role}-fill", 5)
    return marks + path(
        f"M{points(-half * 0.5, -size * 0.62)} h{points(half)} M{points(-half * 0.5, -size * 0.36)} h{points(half * 0.6)}",
        "writing",
    )


def plate(width: float = 44) -> str:
    """A plate on the ground line."""
    return ellipse(0, -3, width / 2, 5, "ink paper")


def binder(height: float = 36, width: float = 15) -> str:
    """A recipe binder, spine to the front: the KV cache of one guest."""
    spine = rect(0, -height, width, height, "cache-line cache-soft", 3)
    return (
        spine
        + line(width * 0.35, -height + 9, width * 0.65, -height + 9, "cache-line")
        + circle(width / 2, -9, 1.8, "cache-fill")
    )


def guest() -> str:
    """A guest behind the table top at y = 0."""
    body = path("M-19 0 V-10 Q-19 -25 -5 -26 H5 Q19 -25 19 -10 V0", "ink paper")
    return body + circle(0, -39, 12) + circle(-4, -40, 1.2, "solid") + circle(4, -40, 1.2, "solid")


def road(x: float, y: float, length: float) -> str:
    """The one road: ``y`` is where wheels touch."""
    edges = line(x, y - 10, x + length, y - 10, "thin") + line(x, y + 14, x + length, y + 14, "thin")
    return edges + line(x + 8, y + 2, x + length - 8, y + 2, "thin dashed")
