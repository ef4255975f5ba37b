"""GPUs: what a datasheet promises, as dense peaks in SI units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from lessonlib.base.errors import LessonlibError, listed, shown, unknown_name
from lessonlib.base.files import read_csv
from lessonlib.base.paths import data_dir

PEAKS = ("bf16", "fp8", "int8", "fp4")
LIST_GPUS = "`python -m lessonlib gpus`"
#: Formats that an architecture multiplies in beside 16 bits.
NARROW_FORMATS: Mapping[str, tuple[str, ...]] = {
    "turing": ("int8",),
    "ampere": ("int8",),
    "ada": ("fp8", "int8"),
    "hopper": ("fp8", "int8"),
    "blackwell": ("fp8", "int8", "fp4"),
    "blackwell-consumer": ("fp8", "int8", "fp4"),
    "blackwell-integrated": ("fp8", "int8", "fp4"),
    "cdna2": ("int8",),
    "cdna3": ("fp8", "int8"),
    "cdna4": ("fp8", "int8", "fp4"),
    "apple": (),
    "cpu": ("int8",),
    "tpu": ("int8",),
}
#: What joins the GPUs of one node.
LINK_KINDS = ("nvlink", "infinity-fabric", "ici", "pcie", "network")
#: Between nodes, where nothing better is known: 100 Gbit/s for each GPU, in one direction.
NETWORK_BYTES_PER_SECOND = 12.5e9
#: Shortest message between two nodes (aiconfigurator's value for InfiniBand between racks).
NETWORK_LATENCY_S = 5e-6
_MIB = 2.0**20


@dataclass(frozen=True)
class NodeLink:
    """What joins GPUs, in one direction: kind (of LINK_KINDS), bytes/s for each GPU, and the seconds that the
    shortest message takes (None: the engine's own constant for that kind).
    """

    kind: str
    bytes_per_second: float
    latency_s: float | None


#: the name of every GPU that somebody describes
OWN = "own"


@dataclass(frozen=True)
class GPU:
    """One accelerator, or a CPU that multiplies in its place.

    flops: dense peak in FLOP/s (or operations/s for int8) by precision; "bf16" stands for any 16 bits. bandwidth: of
    the memory, bytes/s. memory_bytes: capacity as the maker writes it; driver_bytes: as the driver shows it, where
    that is known. link_bytes_per_second: to its peers in the node, in one direction.
    secondary: the numbers come from someone other than the maker. note: what to know about them.

    link_kind: of LINK_KINDS. gpus_per_node: GPUs that reach each other over that link; any further one is a network
    away. network_bytes_per_second: between nodes, for each GPU in one direction. latencies: of the shortest message,
    None: the engine's own constant.
    """

    name: str
    title: str
    architecture: str
    flops: Mapping[str, float]
    bandwidth: float
    memory_bytes: float
    link_bytes_per_second: float
    link: str
    source: str
    note: str
    secondary: bool
    link_kind: str = "pcie"
    gpus_per_node: int = 8
    network_bytes_per_second: float = NETWORK_BYTES_PER_SECOND
    link_latency_s: float | None = None
    network_latency_s: float = NETWORK_LATENCY_S
    driver_bytes: float | None = None

    @property
    def called(self) -> str:
        """What a report calls it: its name, or the title that somebody gave to a GPU of their own."""
        return self.title if self.name == OWN else self.name

    def __post_init__(self) -> None:
        if "bf16" not in self.flops:
            raise LessonlibError(f"GPU {self.name}: flops: a bf16 peak is missing")
        numbers = {
            "bandwidth": self.bandwidth,
            "memory_bytes": self.memory_bytes,
            "link_bytes_per_second": self.link_bytes_per_second,
            "gpus_per_node": self.gpus_per_node,
            "network_bytes_per_second": self.network_bytes_per_second,
            "network_latency_s": self.network_latency_s,
            **({} if self.link_latency_s is None else {"link_latency_s": self.link_latency_s}),
            **({} if self.driver_bytes is None else {"driver_bytes": self.driver_bytes}),
            **{f"flops[{key}]": value for key, value in self.flops.items()},
        }
        for key, value in numbers.items():
            if not 0 < value < float("inf"):
                raise LessonlibError(f"GPU {self.name}: {key} must be positive, not {value!r}")
        if self.link_kind not in LINK_KINDS:
            raise LessonlibError(
                f"GPU {self.name}: link_kind: expected {listed(LINK_KINDS)}, not {shown(self.link_kind)}"
            )
        object.__setattr__(self, "flops", MappingProxyType(dict(self.flops)))

    def __hash__(self) -> int:
        return hash((self.name, self.bandwidth, self.memory_bytes, tuple(self.flops.items())))

    def peak(self, precisions: tuple[str, ...]) -> float:
        """FLOP/s of the first precision in the list that this GPU has."""
        return self.flops[self.rate_name(precisions)]

    def rate_name(self, precisions: tuple[str, ...]) -> str:
        """The first precision in the list that this GPU multiplies in."""
        return next((name for name in precisions if name in self.flops), "bf16")

    @property
    def inside(self) -> NodeLink:
        """The link among the GPUs of one node."""
        return NodeLink(self.link_kind, self.link_bytes_per_second, self.link_latency_s)

    @property
    def between(self) -> NodeLink:
        """The network from one node to another."""
        return NodeLink("network", self.network_bytes_per_second, self.network_latency_s)

    def nodes(self, gpus: int) -> int:
        """Nodes that `gpus` GPUs fill; more than one: they are no longer all joined by `inside`."""
        return -(-gpus // self.gpus_per_node)

    @property
    def capacity_bytes(self) -> float:
        """Memory that software finds, bytes: as the driver shows it, else as the maker writes it."""
        return self.memory_bytes if self.driver_bytes is None else self.driver_bytes

    def ridge(self, precision: str = "bf16") -> float:
        """FLOP/byte where the two roofs meet (Williams, Waterman, Patterson 2009)."""
        return self.peak((precision,)) / self.bandwidth


def _number(row: Mapping[str, str], column: str, scale: float) -> float:
    try:
        return float(row[column]) * scale
    except (KeyError, TypeError, ValueError):
        raise LessonlibError(
            f"data/gpus.csv: {row.get('name', '?')}: {column}: expected a number, not {row.get(column)!r}"
        ) from None


def _gpu(row: Mapping[str, str]) -> GPU:
    peaks = {name: _number(row, f"{name}_dense_tflops", 1e12) for name in PEAKS if row.get(f"{name}_dense_tflops")}
    known = {
        field: _number(row, column, scale)
        for field, column, scale in (
            ("network_bytes_per_second", "network_gb_per_s_each_way", 1e9),
            ("network_latency_s", "network_latency_us", 1e-6),
            ("driver_bytes", "driver_mib", _MIB),
        )
        if row.get(column)
    }
    return GPU(
        name=row["name"],
        title=row["title"],
        architecture=row["architecture"],
        flops=peaks,
        bandwidth=_number(row, "memory_gb_per_s", 1e9),
        memory_bytes=_number(row, "memory_gb", 1e9),
        link_bytes_per_second=_number(row, "link_gb_per_s_each_way", 1e9),
        link=row["link"],
        source=row["source"],
        note=row["note"],
        secondary=row["secondary"] == "yes",
        link_kind=row["link_kind"],
        gpus_per_node=int(_number(row, "gpus_per_node", 1)),
        **known,
    )


_COLUMNS = (
    *("name", "title", "architecture", "memory_gb", "memory_gb_per_s", "link", "source", "note", "secondary"),
    *("link_kind", "gpus_per_node", "network_gb_per_s_each_way", "network_latency_us", "driver_mib", "also"),
)


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    return tuple(read_csv(data_dir() / "gpus.csv", needed=_COLUMNS))


@cache
def _table() -> Mapping[str, GPU]:
    return {row["name"]: _gpu(row) for row in _rows()}


@cache
def _other_names() -> Mapping[str, str]:
    """Second names of GPUs, as other people's tables write them."""
    return {row["also"]: row["name"] for row in _rows() if row["also"]}


def gpu_names() -> tuple[str, ...]:
    """Names of all known GPUs, in the order of data/gpus.csv."""
    return tuple(_table())


def load_gpu(name: str) -> GPU:
    """The GPU of that name, however its words are joined; LessonlibError with close matches when there is none."""
    table = _table()
    plain = "-".join(name.lower().replace("_", " ").split())
    plain = _other_names().get(plain, plain)
    if plain not in table:
        raise unknown_name("GPU", name, table, LIST_GPUS)
    return table[plain]
