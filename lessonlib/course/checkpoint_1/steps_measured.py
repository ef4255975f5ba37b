"""Published decode steps of today's engines, each with what a forecast by hand starts from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from lessonlib.base.files import is_file, read_csv, read_json
from lessonlib.base.paths import data_dir
from lessonlib.roofline import Model, System, decode, load_gpu, load_model
from lessonlib.roofline.calibrate.rows import fitted_rows
from lessonlib.roofline.config import read_config
from lessonlib.serving.calibrate.rows import sweep_measurements
from lessonlib.serving.measured.rows import Measurement, read_measurements

#: A larger batch computes as long as it reads, and its prompts stand in the way of its tokens: no step to forecast by bytes.
MOST_REQUESTS = 32
#: Kernels that were measured one by one and added up: no step that anybody timed.
_ADDED_UP = "aiconfigurator-step"
#: Prompts and caches of such a length say something of the step itself: a whole answer after a short prompt is its steps.
_SHORT_PROMPT = 128


@dataclass(frozen=True)
class Step:
    """One measured decode step. seconds: as measured; fetch_s: its bytes over the full bandwidth of all its GPUs, the experts
    of unrelated requests included; bits: of a weight, where parts differ of most of them; source: rows of one source share
    what is wrong with it; engine: as its source names it.
    """

    id: str
    source: str
    title: str
    seconds: float
    fetch_s: float
    layers: int
    bits: float
    gpus: int
    mixture: bool
    requests: int
    graphs: bool
    #: parameters, GPU, number of GPUs, bits: what makes it the same system as another
    system: tuple[float, str, int, float]
    engine: str = ""

    @property
    def share(self) -> float:
        """Share of the ceiling's speed that was measured."""
        return self.fetch_s / self.seconds


@cache
def measured_steps(most: int = MOST_REQUESTS) -> tuple[Step, ...]:
    """Every published decode step with at most so many requests whose source raises no doubt, in the order of the files."""
    return (*_timed_alone(most), *_served(most), *_single_requests())


def step_of(
    name: str, source: str, system: System, requests: int, context: int, seconds: float, engine: str = ""
) -> Step:
    """A step of a system with so many requests of so many tokens each."""
    parts = decode(system, requests, context)
    return Step(
        id=name,
        source=source,
        title=f"{system.model.title} on {system.gpus} x {system.gpu.title}",
        seconds=seconds,
        fetch_s=parts.fetch_s,
        layers=system.model.layer_count,
        bits=system.weight_format.bits,
        gpus=system.gpus,
        mixture=system.model.is_mixture,
        requests=requests,
        graphs=system.launches == "graphs",
        system=(system.model.parameters, system.gpu.name, system.gpus, system.weight_format.bits),
        engine=engine,
    )


def _timed_alone(most: int) -> Iterator[Step]:
    for row in fitted_rows():
        if row.kind == "decode" and row.load is not None and row.group != _ADDED_UP and row.batch <= most:
            context = round(float(row.load.requests[0].context))
            yield step_of(row.id, row.group, row.system, row.batch, context, row.seconds, row.engine)


def _served(most: int) -> Iterator[Step]:
    rows, _ = read_measurements(data_dir() / "measured" / "engines.csv")
    for row in [*rows, *sweep_measurements()]:
        seconds = _step_seconds(row)
        if seconds and not row.flag and row.concurrency <= most:
            context = row.prompt + (0 if row.metric == "decode step" else row.output // 2)
            yield step_of(row.id, row.group, row.system, row.concurrency, context, seconds, row.engine)


def _step_seconds(row: Measurement) -> float:
    """Seconds of a decode step in a row of a served engine; 0 where it tells none."""
    if row.metric == "time per token":
        return row.seconds
    if row.metric == "decode step":
        return row.seconds * row.concurrency
    if row.metric == "whole answer" and row.prompt <= _SHORT_PROMPT:
        return row.seconds / row.output
    return 0.0


def _single_requests() -> Iterator[Step]:
    """One request alone, as makers of models and engines print it (data/measured/single_requests.csv)."""
    for row in read_csv(data_dir() / "measured" / "single_requests.csv"):
        if not row["flag"]:
            system = System(
                model_of(row["model"]), load_gpu(row["gpu"]), int(row["tp"]), row["weights"], head=row["head"]
            )
            seconds = 1.0 / float(row["tokens_per_s"])
            requests, context = int(row["requests"]), int(row["context"])
            yield step_of(row["id"], row["group"], system, requests, context, seconds, row["engine"])


def bits_class(bits: float) -> int:
    """The bits of a weight, its scales left aside: 16, 8 or 4."""
    return 16 if bits > 8 else 8 if bits > 6 else 4


#: Models whose model_type is unknown, and the family that they are one of in all but its name.
_READ_AS = {"internlm-20b": "llama"}


def model_of(name: str) -> Model:
    """A model by the name of its raw config in data/exams/configs, else a shipped one."""
    raw = data_dir() / "exams" / "configs" / f"{name}.json"
    if not is_file(raw):
        return load_model(name)
    config = read_json(raw)
    if name in _READ_AS:
        config = {**config, "model_type": _READ_AS[name], "architectures": []}
    return read_config(config, name, str(raw))


def same_system(step: Step, system: System) -> bool:
    """Whether a step is one of that system, whatever its load."""
    return step.system == (system.model.parameters, system.gpu.name, system.gpus, system.weight_format.bits)
