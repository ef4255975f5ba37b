"""Files of measurements: two tables of columns, each row as one `Measurement` or as the reason why it is none.

Of a served engine (the columns of data/measured/engines.csv; optional ones in brackets):
    id, model, gpu, tp, weights, kv, engine, load, concurrency, prompt, output, metric, value
    [source_id, source, n_gpus, pp, requests, max_num_seqs, max_num_batched_tokens, unit, flag, note]
  load: "static batch" (metric e2e_s), "closed loop" (tpot_ms, ttft_ms, output_tok_s, e2e_s), "all at once" (output_tok_s, ...),
  "decode step" (decode_tok_s) or "prefill" (prefill_tok_s; requests: tokens of context before it).
Of steps (lengths isl and osl): id, model, weight_dtype, gpu, n_gpus, engine, batch_or_concurrency, isl, osl, metric, value
  metric: decode_tokens_per_s, token_time_ms, prompt_time_ms; of a kernel timed alone (its shape stands where a model's name
  would): gemm_ms ("GEMM M=1 K=8192 N=8192"), attention_ms ("decode attention 32q/8kv heads hd128"), gdn_decode_ms
  ("Gated DeltaNet decode layer, 24 v-heads x128x128").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lessonlib.base.checks import typed_number, whole
from lessonlib.base.errors import LessonlibError, listed, shown
from lessonlib.base.files import read_csv
from lessonlib.roofline import Attention, DeltaNet, System, gpu_names, load_gpu_or_file, load_model, model_names
from lessonlib.roofline.blocks import Matrix
from lessonlib.roofline.load import decode_load
from lessonlib.roofline.operations import Operation, linear_attention, matmul, softmax_attention

#: The metrics, in the names under which errors are shown, and the loads that have them.
METRICS = ("decode step", "prefill", "time per token", "time to first token", "throughput", "whole answer", "kernel")
LOADS = ("static batch", "closed loop", "all at once", "decode step", "prefill")
_SERVED = ("model", "gpu", "weights", "engine", "load", "metric", "value")
_STEPS = ("model", "weight_dtype", "gpu", "engine", "batch_or_concurrency", "isl", "metric", "value")
_METRIC = {
    "tpot_ms": ("time per token", 1e-3),
    "itl_ms": ("time per token", 1e-3),
    "ttft_ms": ("time to first token", 1e-3),
    "e2e_s": ("whole answer", 1.0),
    "output_tok_s": ("throughput", 0.0),
    "decode_tok_s": ("decode step", 0.0),
    "prefill_tok_s": ("prefill", 0.0),
    "decode_tokens_per_s": ("decode step", 0.0),
    "token_time_ms": ("decode step", 1e-3),
    "prompt_time_ms": ("prefill", 1e-3),
    "gemm_ms": ("kernel", 1e-3),
    "attention_ms": ("kernel", 1e-3),
    "gdn_decode_ms": ("kernel", 1e-3),
}
_MOST_REQUESTS, _MOST_TOKENS = 20_000, 10_000_000
#: Tokens of all answers of a row: what is simulated in some ten seconds.
_MOST_ANSWERED = 100_000_000


@dataclass(frozen=True)
class Measurement:
    """One measured number and the situation it belongs to.

    seconds: as measured; a rate is turned into seconds for one token (of all requests together). depth: tokens of context
    before a prefill. group: where the number comes from; rows of one group share what is wrong with it.
    """

    id: str
    group: str
    system: System
    engine: str
    load: str
    metric: str
    seconds: float
    concurrency: int
    prompt: int
    output: int
    requests: int
    depth: int
    seats: int
    budget: int
    flag: str
    source: str
    kernel: Operation | None = None

    @property
    def mixture(self) -> bool:
        """Whether the model is a mixture of experts."""
        return self.kernel is None and self.system.model.is_mixture


@dataclass(frozen=True)
class Refused:
    """A row that cannot be computed, and why."""

    id: str
    reason: str


def read_measurements(path: str | Path) -> tuple[list[Measurement], list[Refused]]:
    """All rows of a file, those that cannot be computed with the reason. Raises LessonlibError for a file that is no table
    of measurements.
    """
    where = str(path)
    rows = list(read_csv(path))
    if not rows:
        raise LessonlibError(f"{where}: holds no row of measurements")
    columns = set(rows[0])
    lacking = [sorted(set(wanted) - columns) for wanted in (_SERVED, _STEPS)]
    if all(lacking):
        fewest = lacking[0] if len(lacking[0]) <= len(lacking[1]) else lacking[1]
        if len(columns) == 1 and ";" in next(iter(columns)):
            raise LessonlibError(f"{where}: its columns are kept apart by semicolons; write it with commas between")
        raise LessonlibError(f"{where}: not a table of measurements: it lacks the columns {', '.join(fewest)}")
    read = _step if lacking[0] else _served
    found: list[Measurement] = []
    refused: list[Refused] = []
    for number, row in enumerate(rows, 1):
        name = row.get("id", "").strip() or f"row {number}"
        try:
            found.append(read(name, row))
        except LessonlibError as error:
            refused.append(Refused(name, str(error)))
    return found, refused


def _cell(row: Mapping[str, str], name: str, usual: int, least: int = 0, most: int = _MOST_TOKENS) -> int:
    text = (row.get(name) or "").strip()
    if not text:
        return usual
    try:
        return whole(name, typed_number(text), least, most)
    except ValueError as error:
        raise LessonlibError(f"{name}: {error}") from None


def _value(row: Mapping[str, str]) -> tuple[str, float]:
    """Metric and seconds; a rate becomes its inverse."""
    metric = row["metric"].strip()
    if metric not in _METRIC:
        raise LessonlibError(f"metric: cannot compute {shown(metric)}; allowed: {listed(_METRIC)}")
    name, scale = _METRIC[metric]
    try:
        value = typed_number(row["value"])
    except ValueError as error:
        raise LessonlibError(f"value: {error}") from None
    if not 1e-12 < value < 1e12:
        raise LessonlibError(f"value: expected a positive number of an ordinary size, not {shown(row['value'])}")
    return name, value * scale if scale else 1.0 / value


def _as_engine_keeps(engine: str, weights: str) -> tuple[str, str]:
    """Formats of weights and output head as an engine's files keep them under that name: those of llama.cpp quantise the head
    too, and with mxfp4 experts they keep all other matrices in 8 bits.
    """
    if not engine.strip().lower().startswith("llama.cpp") or "=" in weights:
        return weights, "bf16"
    if weights == "mxfp4":
        return "attention=int8, mlp=int8, experts=mxfp4, head=int8, embedding=int8", "int8"
    return weights, weights


def _served(name: str, row: Mapping[str, str]) -> Measurement:
    metric, seconds = _value(row)
    load = row["load"].strip()
    if load not in LOADS:
        raise LessonlibError(f"load: cannot compute {shown(load)}; allowed: {listed(LOADS)}")
    if (load in ("decode step", "prefill")) != (metric in ("decode step", "prefill")) or (
        load != metric and metric in ("decode step", "prefill")
    ):
        raise LessonlibError(f"metric: {shown(row['metric'])} does not belong to the load {load!r}")
    weights, head = _as_engine_keeps(row["engine"], row["weights"].strip() or "bf16")
    system = System(
        load_model(row["model"].strip()),
        load_gpu_or_file(row["gpu"].strip()),
        tp=_cell(row, "tp", 1, 1, 4096),
        pp=_cell(row, "pp", 1, 1, 4096),
        weights=weights,
        kv=(row.get("kv") or "").strip() or "bf16",
        head=head,
    )
    step = metric in ("decode step", "prefill")
    concurrency = _cell(row, "concurrency", 1 if step else 0, 0 if load == "all at once" else 1, _MOST_REQUESTS)
    if not concurrency and load != "all at once":
        raise LessonlibError(f"concurrency: missing; a {load} needs it")
    requests = _cell(row, "requests", 0, 0, _MOST_TOKENS)
    depth = requests if load == "prefill" else 0
    if load == "all at once" and not requests:
        raise LessonlibError("requests: missing; the load 'all at once' needs it")
    if load == "static batch":
        requests = concurrency
    if not step and requests > _MOST_REQUESTS:
        raise LessonlibError(f"requests: at most {_MOST_REQUESTS:,} are computed, not {requests:,}")
    output = _cell(row, "output", 0 if step else 1, 0 if step else 1)
    answered = (requests or 10 * concurrency) * output
    if not step and answered > _MOST_ANSWERED:
        raise LessonlibError(f"requests x output: at most {_MOST_ANSWERED:,} tokens are computed, not {answered:,}")
    return Measurement(
        id=name,
        group=(row.get("source_id") or row.get("source") or "").strip() or "own",
        system=system,
        engine=row["engine"].strip(),
        load=load,
        metric=metric,
        seconds=seconds,
        concurrency=concurrency,
        prompt=_cell(row, "prompt", 0, 0 if load == "decode step" else 1),
        output=output,
        requests=requests or 10 * concurrency,
        depth=depth,
        seats=_cell(row, "max_num_seqs", 0, 0, 1_000_000),
        budget=_cell(row, "max_num_batched_tokens", 0, 0),
        flag=(row.get("flag") or "").strip(),
        source=(row.get("source") or "").strip(),
    )


_DTYPES = {"bfloat16": "bf16", "int8-wo": "int8", "int4-g32-wo": "int4-g32", "float16": "fp16"}
_CARDS = {
    "a100-80gb": "a100-80gb-sxm",
    "a100-80gb (dgx)": "a100-80gb-sxm",
    "h100 sxm 80gb": "h100-sxm",
    "a100 (llmcompass paper: 4xa100 sxm4)": "a100-80gb-sxm",
    "mi250x (one gcd)": "mi250x-gcd",
}


def _known(text: str, names: Sequence[str], others: Mapping[str, str] | None = None) -> str:
    """A name as the tables of this course spell it: their own, another known one, or the same letters and digits."""
    plain = text.strip().lower()
    if others and plain in others:
        return others[plain]
    letters = "".join(filter(str.isalnum, plain))
    return next((name for name in names if "".join(filter(str.isalnum, name)) == letters), text.strip())


_GEMM = re.compile(r"GEMM M=(\d+) K=(\d+) N=(\d+)")
_ATTENTION = re.compile(r"decode attention (\d+)q/(\d+)kv heads hd(\d+)")
_DELTA_NET = re.compile(r"Gated DeltaNet decode layer, (\d+) v-heads x(\d+)x(\d+)")
#: A system that holds the GPU and the precisions of a kernel; its model has no say.
_ANY_MODEL = "llama-3.1-8b"


def _kernel(name: str, row: Mapping[str, str]) -> Measurement:
    """A kernel timed alone."""
    _, seconds = _value(row)
    text, weights = row["model"].strip(), row["weight_dtype"].strip()
    system = System(
        load_model(_ANY_MODEL),
        load_gpu_or_file(_known(row["gpu"], gpu_names(), _CARDS)),
        weights=_DTYPES.get(weights, weights) if row["metric"] == "gemm_ms" else "bf16",
    )
    batch, context = _cell(row, "batch_or_concurrency", 1, 1, _MOST_TOKENS), _cell(row, "isl", 1, 1)
    if found := _GEMM.match(text):
        rows, inner, outer = (whole("shape", int(size), 1, _MOST_TOKENS) for size in found.groups())
        part = matmul(system, Matrix("GEMM", "mlp", inner, outer), 1, rows)
    elif found := _ATTENTION.match(text):
        heads, kv_heads, width = map(int, found.groups())
        part = softmax_attention(system, Attention(heads, kv_heads, width), 1, decode_load(batch, context))
    elif found := _DELTA_NET.match(text):
        heads, key, value = map(int, found.groups())
        # A third as many key heads as value heads, a convolution of four: what the published model has.
        part = linear_attention(system, DeltaNet(max(1, heads // 3), key, heads, value, 4), 1, decode_load(batch, 1))
    else:
        raise LessonlibError(f"model: no kernel of a known kind: {shown(text)}")
    source = row.get("source", "").strip()
    return Measurement(
        name,
        source or "own",
        system,
        row["engine"].strip(),
        "kernel",
        "kernel",
        seconds,
        batch,
        0,
        0,
        1,
        0,
        0,
        0,
        "",
        source,
        part,
    )


def _step(name: str, row: Mapping[str, str]) -> Measurement:
    metric, seconds = _value(row)
    if metric == "kernel":
        return _kernel(name, row)
    if row.get("direct_test", "yes").startswith("no"):
        raise LessonlibError("marked as invalid by its source")
    batch = _cell(row, "batch_or_concurrency", 1, 1, _MOST_REQUESTS)
    prompt, output = _cell(row, "isl", 0, 0), _cell(row, "osl", 0, 0)
    weights = _DTYPES.get(row["weight_dtype"].strip(), row["weight_dtype"].strip())
    engine = row["engine"].strip()
    system = System(
        load_model(_known(row["model"], model_names())),
        load_gpu_or_file(_known(row["gpu"], gpu_names(), _CARDS)),
        tp=_cell(row, "n_gpus", 1, 1, 4096),
        weights=weights,
        # gpt-fast quantises the output head with the rest.
        head=weights if engine.startswith("gpt-fast") else "bf16",
        # vLLM of 2023, which Splitwise forked, started kernels one by one.
        launches="eager" if "2023" in engine else "graphs",
    )
    if metric == "prefill" and not prompt:
        raise LessonlibError("isl: missing; a prefill needs it")
    return Measurement(
        id=name,
        group=(row.get("source") or "own").strip(),
        system=system,
        engine=engine,
        load=metric,
        metric=metric,
        # A step's own time, as for rates over all requests: seconds for one token of all together.
        seconds=seconds
        / (1 if row["metric"] == "decode_tokens_per_s" else batch * (prompt if metric == "prefill" else 1)),
        concurrency=batch,
        prompt=prompt,
        output=output,
        requests=batch,
        depth=0,
        seats=0,
        budget=0,
        flag="",
        source=(row.get("source") or "").strip(),
    )
