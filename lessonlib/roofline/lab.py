"""Labs: a learner's own set-up in a TOML file, with what is assumed and what was measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lessonlib.base.checks import positive, whole
from lessonlib.base.errors import LessonlibError, close_matches, listed, shown, unknown_name
from lessonlib.base.files import read_toml
from lessonlib.base.paths import data_dir
from lessonlib.roofline.config import load_model
from lessonlib.roofline.gpu import GPU
from lessonlib.roofline.own_gpu import load_gpu_or_file, own_gpu
from lessonlib.roofline.precision import kv_format, part_formats, weight_format
from lessonlib.roofline.system import System

_MOST_BYTES = 1_000_000
DEFAULT_LAB = "qwen3.5-27b-2xh100-sxm"
MEASURABLE = ("decode_tokens_per_s", "prefill_tokens_per_s")
#: how the source of a number begins that was read from a live server (`lessonlib probe --write`, the notebook your-lab)
READ_LIVE = "read from the metrics of this server on "
_REQUIRED = ("title", "model", "gpu", "tp", "weights", "kv", "prompt", "context", "gpus_in_lab")
_OPTIONAL = ("head", "flags", "traffic", "assumed", "measured")
_MEASURED_KEYS = ("value", "unit", "how", "source")


@dataclass(frozen=True)
class Measured:
    """A number that somebody measured: value in `unit`, how it came about, where it was read."""

    value: float
    unit: str
    how: str
    source: str


@dataclass(frozen=True)
class Lab:
    """One set-up. prompt, context: tokens of its usual request. traffic: (low, high) prompt tokens
    for each generated one, or None. measured: under the names of MEASURABLE, each may be absent.
    """

    name: str
    title: str
    system: System
    prompt: int
    context: int
    gpus_in_lab: int
    assumed: Mapping[str, str] = field(default_factory=dict)
    measured: Mapping[str, Measured] = field(default_factory=dict)
    traffic: tuple[float, float] | None = None
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "assumed", MappingProxyType(dict(self.assumed)))
        object.__setattr__(self, "measured", MappingProxyType(dict(self.measured)))

    def __hash__(self) -> int:
        return hash((self.name, self.system, self.prompt, self.context))

    @property
    def read_live(self) -> bool:
        """Whether its numbers were read from a live server's metrics."""
        return bool(self.measured) and all(entry.source.startswith(READ_LIVE) for entry in self.measured.values())


def _only(keys: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in keys:
        if key not in allowed:
            near = close_matches(key, allowed, limit=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise LessonlibError(f"{where}: unknown key {shown(key)}{hint} (allowed: {listed(allowed)})")


def _need(keys: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    for name in names:
        if name not in keys:
            raise LessonlibError(f"{where}: {name}: missing (needed: {listed(names)})")


def _text(keys: Mapping[str, Any], name: str, where: str) -> str:
    value = keys[name]
    if not isinstance(value, str) or not value.strip():
        raise LessonlibError(f"{where}: {name}: expected a text, not {shown(value)}")
    return value


def _table(keys: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    value = keys.get(name, {})
    if not isinstance(value, dict):
        raise LessonlibError(f"{where}: {name}: expected a table [{name}], not {shown(value)}")
    return value


def _measured(keys: Mapping[str, Any], where: str) -> dict[str, Measured]:
    table = _table(keys, "measured", where)
    _only(table, MEASURABLE, f"{where}: measured")
    result = {}
    for name, entry in table.items():
        place = f"{where}: measured.{name}"
        if not isinstance(entry, dict):
            raise LessonlibError(f"{place}: expected a table with {listed(_MEASURED_KEYS)}")
        _only(entry, _MEASURED_KEYS, place)
        _need(entry, _MEASURED_KEYS, place)
        texts = {key: _text(entry, key, place) for key in _MEASURED_KEYS[1:]}
        result[name] = Measured(positive(f"{place}: value", entry["value"]), **texts)
    return result


def _traffic(keys: Mapping[str, Any], where: str) -> tuple[float, float] | None:
    table = _table(keys, "traffic", where)
    if not table:
        return None
    names = ("prompt_to_generation_low", "prompt_to_generation_high")
    _only(table, names, f"{where}: traffic")
    _need(table, names, f"{where}: traffic")
    low, high = (positive(f"{where}: traffic.{name}", table[name]) for name in names)
    if low > high:
        raise LessonlibError(f"{where}: traffic: {names[0]} {low:g} is more than {names[1]} {high:g}")
    return low, high


def _gpu(keys: Mapping[str, Any], where: str) -> GPU:
    """A known GPU by name, or one described in a file of its own or in a table [gpu]."""
    if isinstance(keys["gpu"], dict):
        return own_gpu(keys["gpu"], where)
    return load_gpu_or_file(_text(keys, "gpu", where))


def _weights(value: Any) -> Any:
    """A format, or formats by part; checked here, so that the message has its place in the file."""
    part_formats(value)
    return value


def _system(keys: Mapping[str, Any], where: str) -> System:
    steps: dict[str, Callable[[], Any]] = {
        "model": lambda: load_model(_text(keys, "model", where)),
        "gpu": lambda: _gpu(keys, where),
        "tp": lambda: whole("tp", keys["tp"], 1, None),
        "weights": lambda: _weights(keys["weights"]),
        "kv": lambda: kv_format(keys["kv"]).name,
        "head": lambda: weight_format(keys.get("head", "bf16")).name,
    }
    values: dict[str, Any] = {}
    for name, step in steps.items():
        try:
            values[name] = step()
        except LessonlibError as error:
            message = str(error).removeprefix(f"{where}: ").removeprefix(f"{name}: ")
            raise LessonlibError(f"{where}: {name}: {message}") from None
    try:
        return System(**values)
    except LessonlibError as error:
        raise LessonlibError(f"{where}: {error}") from None


def _tokens(keys: Mapping[str, Any], name: str, where: str) -> int:
    try:
        return whole(name, keys[name], 1, None)
    except LessonlibError as error:
        raise LessonlibError(f"{where}: {error}") from None


def _strings(keys: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = keys.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise LessonlibError(f"{where}: {name}: expected a list of texts, not {shown(value)}")
    return tuple(value)


def read_lab(keys: Mapping[str, Any], name: str, where: str) -> Lab:
    """The lab of one parsed TOML file. `where` names the file in errors."""
    _only(keys, _REQUIRED + _OPTIONAL, where)
    _need(keys, _REQUIRED, where)
    system = _system(keys, where)
    in_lab = _tokens(keys, "gpus_in_lab", where)
    if in_lab < system.gpus:
        raise LessonlibError(f"{where}: gpus_in_lab: {in_lab} is fewer than the {system.gpus} in use")
    assumed = _table(keys, "assumed", where)
    return Lab(
        name=name,
        title=_text(keys, "title", where),
        system=system,
        prompt=_tokens(keys, "prompt", where),
        context=_tokens(keys, "context", where),
        gpus_in_lab=in_lab,
        assumed={key: _text(assumed, key, f"{where}: assumed") for key in assumed},
        measured=_measured(keys, where),
        traffic=_traffic(keys, where),
        flags=_strings(keys, "flags", where),
    )


def lab_names() -> tuple[str, ...]:
    """Names of the shipped labs, the default one first."""
    names = sorted(path.stem for path in (data_dir() / "labs").glob("*.toml"))
    return tuple(sorted(names, key=lambda name: name != DEFAULT_LAB))


def load_lab(name_or_path: str | Path = DEFAULT_LAB) -> Lab:
    """A shipped lab by name, or any lab file by path. Raises LessonlibError with file and key."""
    text = str(name_or_path)
    shipped = text in lab_names()
    path = data_dir() / "labs" / f"{text}.toml" if shipped else Path(text)
    if not shipped and path.suffix != ".toml":
        raise unknown_name("lab", text, lab_names(), "`python -m lessonlib labs`")
    where = f"data/labs/{path.name}" if shipped else str(path)
    return read_lab(read_toml(path, where, _MOST_BYTES), path.stem, where)
