"""The engine beside published measurements and public calculators.

    python -m lessonlib.roofline.calibrate.validation

prints the check values with the peers' numbers, the errors of the expectation by class, GPU, engine,
precision and batch, and how near any measurement comes to the ceiling.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

from lessonlib.base.files import read_csv
from lessonlib.base.paths import data_dir
from lessonlib.base.tables import aligned
from lessonlib.roofline.band import band
from lessonlib.roofline.calibrate.peers import as_aiconfigurator_counts_s
from lessonlib.roofline.calibrate.rows import STEPS, Row, calibration_rows, fitted_rows
from lessonlib.roofline.config import load_model
from lessonlib.roofline.cost import decode, prefill
from lessonlib.roofline.efficiency import constants_document
from lessonlib.roofline.gpu import load_gpu
from lessonlib.roofline.lab import Lab, load_lab
from lessonlib.roofline.system import System


class Text(str):
    """Text that shows itself as it is when it ends a notebook cell. rows: the cells, heads first, where it is a table; note: a
    line below them; left: columns of words.
    """

    __slots__ = ("left", "note", "rows")

    rows: tuple[tuple[str, ...], ...]
    note: str
    left: frozenset[int]

    def __new__(
        cls, text: str, rows: Sequence[tuple[str, ...]] = (), note: str = "", left: frozenset[int] = frozenset({0})
    ) -> Self:
        """The text, and what it is made of."""
        made = super().__new__(cls, text)
        made.rows, made.note, made.left = tuple(rows), note, left
        return made

    def __repr__(self) -> str:
        return str(self)


def _table(rows: Sequence[tuple[str, ...]], note: str = "", left: frozenset[int] = frozenset({0})) -> Text:
    """Rows as a text with aligned columns that remembers them."""
    return Text(aligned(rows, left) + (f"\n\n{note}" if note else ""), rows, note, left)


#: The median error with its sign: which way the expectation leans.
LEANS = "leans by (+ too slow)"

PEERS = {
    "aiconfigurator_sol_ms": "aiconfigurator",
    "llm_viewer_ms": "LLM-Viewer",
    "genz_ms": "GenZ",
    "llm_analysis_ms": "llm-analysis",
}

#: Why a peer differs: known faults, and otherwise what the numbers suggest.
REASONS = {
    "aiconfigurator": "counts activations, SwiGLU and all-reduces as well, one operation after the other, "
    "and timed kernels for linear attention; counted its way, this engine is within 2 %",
    "LLM-Viewer": "takes 3,072 GB/s for the H100; its flash option loads the cache once for every "
    "query head; the gap in prefill suggests activations",
    "GenZ": "reads GB/s as GiB/s, so its memory is 7 % too fast",
    "llm-analysis": "charges the KV cache twice in decode",
}

NOT_FOR = Text(
    "A step is one request or one steady batch on idle hardware. The time to first token under load is the "
    "simulator's, and the least certain of its numbers: there queueing decides, and an independent comparison found "
    "rooflines alone off by 279 to 652 % in the median. Neither knows the prefix hits that it is not told of, a slow "
    "host, or a GPU that runs below its clock."
)


@dataclass(frozen=True)
class Check:
    """One check value: our ceiling beside a formula worked out by hand (closed form) and the peers, milliseconds.

    peer_way_ms: this engine counting what aiconfigurator counts (see peers.py).
    """

    case: str
    ours_ms: float
    peer_way_ms: float
    closed_form_ms: float | None
    peers_ms: dict[str, float]


def _maybe(text: str) -> float | None:
    return float(text) if text else None


def checks() -> list[Check]:
    """All check values of data/measured/check_values.csv with our own ceilings."""
    result = []
    for row in read_csv(data_dir() / "measured" / "check_values.csv"):
        system = System(load_model(row["model"]), load_gpu(row["gpu"]), int(row["tp"]))
        batch, tokens = int(row["batch"]), int(row["tokens"])
        step = row["phase"] == "decode"
        ours = decode(system, batch, tokens) if step else prefill(system, tokens, batch)
        peers = {title: _maybe(row[key]) for key, title in PEERS.items()}
        gpus = f"{row['tp']} x " if system.tp > 1 else ""
        result.append(
            Check(
                case=f"{row['model']}, {gpus}{row['gpu']}, {row['phase']} B{batch}, {tokens}",
                ours_ms=ours.ceiling_s * 1e3,
                peer_way_ms=as_aiconfigurator_counts_s(system, ours) * 1e3,
                closed_form_ms=_maybe(row["closed_form_ms"]),
                peers_ms={title: value for title, value in peers.items() if value},
            )
        )
    return result


def check_table() -> Text:
    """The check values as text, milliseconds."""

    def show(value: float | None) -> str:
        return f"{value:.3f}" if value else "-"

    rows: list[tuple[str, ...]] = [("least time, ms", "ceiling", "by hand", "its way", *PEERS.values())]
    for item in checks():
        peers = (show(item.peers_ms.get(title)) for title in PEERS.values())
        way = show(item.peer_way_ms) if "aiconfigurator" in item.peers_ms else "-"
        rows.append((item.case, show(item.ours_ms), show(item.closed_form_ms), way, *peers))
    return _table(rows)


def reasons_table() -> Text:
    """Why each peer differs, as text."""
    return _table([("calculator", "why it differs"), *REASONS.items()], left=frozenset({0, 1}))


def _size(row: Row) -> str:
    edges = ((1, "batch 1"), (8, "batch 2-8"), (64, "batch 9-64"))
    return next((label for edge, label in edges if row.batch <= edge), "batch over 64")


#: How errors are cut: title -> the group of a row.
CUTS: dict[str, Callable[[Row], str]] = {
    "class": lambda row: row.category,
    "GPU": lambda row: row.system.gpu.title,
    "engine": lambda row: row.engine,
    "precision": lambda row: row.system.weights,
    "batch": lambda row: _size(row) if row.kind in STEPS else "kernels",
}


def error_table(title: str) -> Text:
    """Errors of the expectation on the fitted rows, cut by one of CUTS: median size, median with its sign, nine in ten."""
    groups: dict[str, list[float]] = {}
    for row in fitted_rows():
        groups.setdefault(CUTS[title](row), []).append(row.expected_s() / row.seconds - 1)
    rows: list[tuple[str, ...]] = [(title, "rows", "half are off by at most", LEANS, "nine in ten by at most")]
    for name, errors in sorted(groups.items()):
        size = sorted(map(abs, errors))
        within = size[min(len(size) - 1, int(0.9 * len(size)))]
        rows.append((name, str(len(errors)), f"{median(size):.1%}", f"{median(errors):+.1%}", f"{within:.1%}"))
    return _table(rows)


def error_tables() -> Text:
    """Errors cut in every way but by class, one table below the other."""
    return Text("\n\n".join(error_table(title) for title in CUTS if title != "class"))


def left_out_table() -> Text:
    """Errors on rows whose whole source the fit had not seen, as kept in data/efficiency.json."""
    rows: list[tuple[str, ...]] = [("what is expected", "rows", "half are off by at most", LEANS)]
    for name, entry in constants_document()["left_out"].items():
        rows.append((name, str(entry["rows"]), f"{entry['median_absolute_error']:.1%}", f"{entry['bias']:+.1%}"))
    return _table(rows)


def band_table() -> Text:
    """The factors of the bands, and what they hold of rows that neither fit nor band had seen."""
    bands = constants_document()["bands"]
    rows: list[tuple[str, ...]] = [
        ("nine in ten lie within a factor of", "dense", "dense, extrapolated", "mixture", "mixture, extrapolated")
    ]
    for metric, kinds in bands["factors"].items():
        cells = (kinds[kind][place] for kind in ("dense", "mixture") for place in ("inside", "outside"))
        rows.append((metric, *(f"{value:.2f}" for value in cells)))
    covered = bands["covered"]
    held = f"bands made without a source hold {covered['share']:.0%} of its rows ({covered['rows']} rows in all)"
    return _table(rows, held)


#: One request of the default lab's model at this context, kernels timed one by one and added up, row of calibration.csv.
_KERNELS_ROW = "k1"


def lab_table(lab: Lab) -> Text:
    """One decode step of the default lab from four sides, as text."""
    step = decode(lab.system, 1, lab.context)
    low, high = band(lab.system, "decode step").around(step.expected_s, step.ceiling_s)
    kernels = next(row for row in calibration_rows() if row.id == _KERNELS_ROW)
    reported = lab.measured.get("decode_tokens_per_s")
    rows: list[tuple[str, ...]] = [
        ("one decode step", "milliseconds"),
        ("ceiling", f"{step.ceiling_s * 1e3:.2f}"),
        ("expected", f"{step.expected_s * 1e3:.1f}"),
        ("nine in ten lie between", f"{low * 1e3:.1f} and {high * 1e3:.1f}"),
    ]
    if kernels.system.model.name == lab.system.model.name:
        rows.append(
            (
                f"kernels timed alone, added up ({kernels.system.gpu.title}, 2,048 tokens)",
                f"{kernels.seconds * 1e3:.1f}",
            )
        )
    if reported:
        rows.append(("reported", f"{1e3 / reported.value:.2f}"))
    return _table(rows)


def nearest_to_ceiling(count: int = 5) -> Sequence[tuple[str, float]]:
    """The measurements nearest to their ceiling: (what, ceiling / measured); 1 would be at it."""
    rows = sorted(calibration_rows(), key=lambda row: row.seconds / row.ceiling_s)
    return [
        (f"{row.kind} {row.name}, {row.system.weights}, {row.system.gpu.title}", row.ceiling_s / row.seconds)
        for row in rows[:count]
    ]


def ceiling_table() -> Text:
    """The measurements nearest to their ceiling, as text."""
    rows: list[tuple[str, ...]] = [("nearest to the ceiling", "share reached")]
    rows += [(what, f"{share:.1%}") for what, share in nearest_to_ceiling()]
    every = list(calibration_rows())
    over = sum(row.seconds < row.ceiling_s for row in every)
    rows.append((f"measurements above their ceiling, of {len(every)}", str(over)))
    return _table(rows)


def main() -> None:
    """Print everything."""
    parts = [check_table(), reasons_table(), left_out_table(), band_table(), lab_table(load_lab())]
    parts += [error_table(title) for title in CUTS]
    parts += [ceiling_table(), NOT_FOR]
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
