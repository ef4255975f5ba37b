"""Made-up fleets that have something of everything: one that scales, one of two pools, and one of the most that can be drawn."""

from __future__ import annotations

from lessonlib.draw.fleet_view import Crossing, FleetLane, FleetView, Link, Spell
from lessonlib.draw.timeline import Waits

WAITS = Waits((0.0, 0.04, 0.04), (0.05, 0.14, 0.14), (0.02, 0.07, 0.1), 46.7, 12)
EDGES = [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 55.0]


def lane(number: int, *spells: tuple[float, float, str], **change: object) -> FleetLane:
    """A replica with numbers of its own in six windows."""
    columns = {
        "running": [2.0, 4.0, 6.0, 8.0, 4.0, 0.0],
        "waiting": [0.0, 0.0, 1.5, 3.0, 0.0, 0.0],
        "cache": [0.1, 0.2, 0.4, 0.8, 0.4, 0.0],
        "prompt": [100, 100, 200, 400, 0, 0],
        "cached": [0, 50, 50, 300, 0, 0],
        "came": [1, 1, 2, 2, 0, 0],
    }
    return FleetLane(number, [Spell(*spell) for spell in spells], **{**columns, **change})  # type: ignore[arg-type]


NOTHING = [0] * 6
#: replica 0 is always there, 1 starts, drains and goes, 2 is slow, fails and stalls; 5 stays off
SCALED = FleetView(
    finding="12 requests on 2 to 3 of 4 replicas.",
    edges=EDGES,
    lanes=[
        lane(0, (0.0, 55.0, "ready")),
        lane(1, (0.0, 10.0, "off"), (10.0, 20.0, "starting"), (20.0, 40.0, "ready"), (40.0, 45.0, "draining"), (45.0, 55.0, "off")),
        lane(2, (0.0, 25.0, "ready"), (25.0, 35.0, "failed"), (35.0, 45.0, "ready"), (45.0, 55.0, "stalled"), slow=2.0),
        lane(5, (0.0, 55.0, "off"), running=NOTHING, waiting=NOTHING, cache=NOTHING, prompt=NOTHING, cached=NOTHING, came=NOTHING),
    ],
    arrivals=[3, 3, 3, 2, 1, 0],
    ttft_p99_s=[0.05, 0.06, 0.5, 4.0, 0.05, None],
    held=[0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
    ready=[(0.0, 2), (20.0, 3), (25.0, 2), (35.0, 3), (40.0, 2)],
    desired=[(0.0, 2), (10.0, 3), (40.0, 2)],
    routed=[(1.0, 0), (4.0, 2), (9.0, 0), (11.0, 0), (14.0, 2), (19.0, 0), (21.0, 1), (24.0, 2), (29.0, 1), (31.0, 0), (39.0, 1), (41.0, 0)],
    waits=WAITS,
    label="Scaled <b>",
    router="least-requests",
    note="Made up.",
)  # fmt: skip


def pools(label: str = "Two pools") -> FleetView:
    """One replica reads, two write."""
    always = (0.0, 55.0, "ready")
    lanes = [
        lane(0, always, pool="prefill"),
        lane(1, always, pool="decode", prompt=NOTHING, cached=NOTHING, running=[20.0] * 6),
        lane(2, always, pool="decode", prompt=NOTHING, cached=NOTHING, running=[10.0] * 6),
    ]
    link = Link(
        [1e9, 2e9, 2.5e9, 2e9, 0.0, 0.0], [0.5, 1.0, 3.0, 0.0, 0.0, 0.0], 2.5e9,
        [Crossing(2.0, 6.0, 0, 1), Crossing(12.0, 14.0, 0, 2), Crossing(22.0, 29.0, 0, 1)],
    )  # fmt: skip
    return FleetView(
        "3 caches cross the link.", EDGES, lanes, [3, 0, 0, 0, 0, 0], [0.1, None, None, None, None, None], [0.0] * 6,
        [(0.0, 3)], [(1.0, 0), (11.0, 0), (21.0, 0)], WAITS, link=link, label=label, router="round-robin",
    )  # fmt: skip


def full(label: str = "Full", lanes: int = 16, windows: int = 120) -> FleetView:
    """As many lanes as can be drawn, no two windows alike, and more requests than dots."""
    end = 2.0 * windows
    each = [
        FleetLane(
            n, [Spell(0.0, end, "ready")],
            [10 + (7 * n + 3 * w) % 29 + 0.3 for w in range(windows)],
            [(5 * n + w) % 17 + 0.1 for w in range(windows)],
            [((n + w) % 97) / 100 for w in range(windows)],
            [1000] * windows,
            [(31 * n + 17 * w) % 1000 for w in range(windows)],
            [(n + w) % 9 for w in range(windows)],
        )
        for n in range(lanes)
    ]  # fmt: skip
    edges = [2.0 * w for w in range(windows + 1)]
    routed = [(end * k / 5000, k % lanes) for k in range(5000)]
    return FleetView(
        f"5,000 requests on {lanes} replicas.", edges, each, [40 + w % 11 for w in range(windows)],
        [0.2 + (w % 50) / 10 for w in range(windows)], [0.0] * windows, [(0.0, lanes)], routed, WAITS, label=label,
    )  # fmt: skip
